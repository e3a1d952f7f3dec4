//! What gpbuild tells a person about something wrong: [`Diagnostic`], where it is ([`Place`]), and
//! which exit code it leads to. Knows how to draw itself as text; never prints.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::door;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

/// At most so many diagnostics are shown; the rest is counted.
pub const SHOWN: usize = 50;

/// A text that places point into: a manifest, a template, a data file.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// How a person finds it: the path from the project's root.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

impl Source {
    /// A shared source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
        })
    }
}

/// A byte range in a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// Bytes from the start of the text; clipped to it when shown.
    pub span: Range<usize>,
}

impl Place {
    /// The place of `span` in `source`.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// Line and column, both from 1, the column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        let start = floor_char(&self.source.text, self.span.start);
        let before = &self.source.text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is made until it is mended.
    Error,
    /// Told, and gone on.
    Warning,
}

/// The process's exit code; the table is in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is in place.
    Done = 0,
    /// Some assets could not be made.
    SomeFailed = 1,
    /// The manifest or the command line is wrong, or the lock is of a newer gpbuild; nothing was made.
    Manifest = 2,
    /// A provider or its credentials.
    Provider = 3,
    /// A budget would be passed, or a question could not be asked.
    Budget = 4,
    /// The store or the lock is damaged, or the store is of a newer gpbuild.
    Damaged = 5,
    /// `status --wait`: the run has not ended yet.
    Running = 6,
    /// `plan --exit-code`: a build would do something.
    ToDo = 10,
    /// Ended by ctrl-c: what was made stays made.
    Interrupted = 130,
    /// A bug in gpbuild.
    Bug = 70,
}

impl Exit {
    /// Reads an exit code; `None` for one that no gpbuild answers.
    pub fn of(code: u8) -> Option<Self> {
        let all = [
            Self::Done,
            Self::SomeFailed,
            Self::Manifest,
            Self::Provider,
            Self::Budget,
            Self::Damaged,
            Self::Running,
            Self::ToDo,
            Self::Interrupted,
            Self::Bug,
        ];
        all.into_iter().find(|exit| *exit as u8 == code)
    }
}

/// One thing wrong: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A lowercase sentence without a full stop, things in backticks.
    pub message: String,
    /// Where, if it is in a text.
    pub place: Option<Place>,
    /// What the caret says.
    pub label: Option<String>,
    /// A second place that belongs to it, with its own label.
    pub other: Option<(Place, String)>,
    /// The asset it is about, and how many more it is about as well.
    pub asset: Option<(String, usize)>,
    /// Those of the others that are known, for who wants all of them named.
    pub others: Vec<String>,
    /// What of data that asset is made for: `posts/a.md`, `items.csv:3`.
    pub item: Option<String>,
    /// What to do; each becomes a `help:` line.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: None,
            other: None,
            asset: None,
            others: Vec::new(),
            item: None,
            hints: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// Points at a place.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Points at a place if there is one.
    pub fn maybe_at(mut self, place: Option<Place>) -> Self {
        self.place = place.or(self.place);
        self
    }

    /// What the caret says.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a second place.
    pub fn also_at(mut self, place: Place, label: impl Into<String>) -> Self {
        self.other = Some((place, label.into()));
        self
    }

    /// Names the asset that it is about.
    pub fn for_asset(mut self, id: &str) -> Self {
        self.asset.get_or_insert_with(|| (id.to_owned(), 0));
        self
    }

    /// Says what of data its asset is made for.
    pub fn of_item(mut self, shown: &str) -> Self {
        self.item.get_or_insert_with(|| shown.to_owned());
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "did you mean" if one of `known` is close to `word`.
    pub fn did_you_mean<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, known) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// The diagnostic as text, with the source line under a caret.
    pub fn render(&self, color: bool) -> String {
        self.render_as(color, &|text| Cow::Borrowed(text))
    }

    /// The same, with each of its texts as `say` says it: message, labels, notes, hints, and `error`, `warning`,
    /// `note`, `help`.
    pub fn render_as(&self, color: bool, say: Say<'_>) -> String {
        let said = self.said(say);
        said.draw(color, say)
    }

    /// With its texts as `say` says them.
    fn said(&self, say: Say<'_>) -> Self {
        let said = |text: &String| say(text).into_owned();
        Self {
            message: said(&self.message),
            label: self.label.as_ref().map(said),
            other: self
                .other
                .as_ref()
                .map(|(place, label)| (place.clone(), said(label))),
            hints: self.hints.iter().map(said).collect(),
            ..self.clone()
        }
    }

    fn draw(&self, color: bool, say: Say<'_>) -> String {
        let (level, name) = match self.severity {
            Severity::Error => (Level::ERROR, "error"),
            Severity::Warning => (Level::WARNING, "warning"),
        };
        let level = level.with_name(say(name));
        let mut group = Group::with_title(level.primary_title(door::lines(&self.message)));
        let mut windows: Vec<(Window, AnnotationKind, Option<&str>)> = Vec::new();
        if let Some(place) = &self.place {
            windows.push((
                Window::around(place),
                AnnotationKind::Primary,
                self.label.as_deref(),
            ));
        }
        if let Some((place, label)) = &self.other {
            windows.push((Window::around(place), AnnotationKind::Context, Some(label)));
        }
        for (window, kind, label) in &windows {
            let mut annotation = kind.span(window.span.clone());
            if let Some(label) = label {
                annotation = annotation.label(door::lines(label));
            }
            group = group.element(
                Snippet::source(window.text.as_str())
                    .line_start(window.first_line)
                    .path(window.name.as_str())
                    .annotation(annotation),
            );
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let notes = self.notes(say);
        if windows.is_empty() {
            // Without a source line there is no margin that the notes could hang from.
            let mut text = renderer.render(&[group]).trim_end().to_owned();
            for (level, note) in notes {
                text.push_str(&format!("\n  = {}: {note}", say(level)));
            }
            return text;
        }
        for (level, note) in notes {
            let name = say(level);
            let level = if level == "note" {
                Level::NOTE
            } else {
                Level::HELP
            };
            group = group.element(level.with_name(name).message(note));
        }
        renderer.render(&[group]).trim_end().to_owned()
    }

    /// What stands below the source line: (`note` or `help`, text).
    fn notes(&self, say: Say<'_>) -> Vec<(&'static str, String)> {
        let mut notes = Vec::new();
        if let Some((id, more)) = &self.asset {
            let more = match more {
                0 => String::new(),
                more => format!(" and {}", count(*more, "other asset")),
            };
            let item = match &self.item {
                Some(item) => format!(" of `{item}`"),
                None => String::new(),
            };
            let note = format!("in asset `{id}`{item}{more}");
            notes.push(("note", door::lines(&say(&note)).into_owned()));
        }
        notes.extend(
            self.hints
                .iter()
                .map(|hint| ("help", door::lines(hint).into_owned())),
        );
        notes
    }
}

/// How a text is said to whoever reads it: in another language, or as it is.
pub type Say<'s> = &'s dyn for<'t> Fn(&'t str) -> Cow<'t, str>;

/// The errors that end a command, and the exit code they lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// Why; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// Adds a hint to the first diagnostic.
    pub fn with_hint(mut self, hint: &str) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.hints.push(hint.to_owned());
        }
        self
    }

    /// One diagnostic and its exit code.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Self {
            exit,
            diagnostics: vec![diagnostic],
        }
    }

    /// A wrong manifest: exit code 2.
    pub fn manifest(diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            exit: Exit::Manifest,
            diagnostics,
        }
    }

    /// A wrong command line: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Manifest, Diagnostic::error(message))
    }
}

/// Puts diagnostics that say the same of the same place together, and keeps the order of the rest.
pub fn merge(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let mut known: BTreeMap<(String, String, usize), usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        let Some(place) = &diagnostic.place else {
            if !merged.contains(&diagnostic) {
                merged.push(diagnostic);
            }
            continue;
        };
        let key = (
            diagnostic.message.clone(),
            place.source.name.clone(),
            place.span.start,
        );
        match known.get(&key) {
            Some(&first) => {
                let merged = &mut merged[first];
                if let (Some((id, more)), Some((other, _))) = (&mut merged.asset, diagnostic.asset)
                    && *id != other
                {
                    *more += 1;
                    merged.others.push(other);
                }
            }
            None => {
                known.insert(key, merged.len());
                merged.push(diagnostic);
            }
        }
    }
    merged
}

/// From so many assets on, what is said of all of them in the same words is said once.
const MANY: usize = 4;

/// Diagnostics for people: what is said in the same words of many assets is said once, of the first, with their number.
pub fn group<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<Diagnostic> {
    let all: Vec<&Diagnostic> = diagnostics.into_iter().collect();
    let mut assets: BTreeMap<(&str, &[String]), BTreeSet<&str>> = BTreeMap::new();
    for diagnostic in &all {
        if let Some((id, _)) = &diagnostic.asset {
            let words = (diagnostic.message.as_str(), diagnostic.hints.as_slice());
            assets.entry(words).or_default().insert(id);
        }
    }
    let mut told = BTreeSet::new();
    let mut groups = Vec::new();
    for diagnostic in all {
        let words = (diagnostic.message.as_str(), diagnostic.hints.as_slice());
        let of = assets.get(&words).map_or(0, BTreeSet::len);
        let (true, Some((id, _))) = (of >= MANY, &diagnostic.asset) else {
            groups.push(diagnostic.clone());
            continue;
        };
        if told.insert(words) {
            let others = assets.get(&words).into_iter().flatten();
            let others = others.filter(|other| *other != id);
            groups.push(Diagnostic {
                asset: Some((id.clone(), of - 1)),
                others: others.map(|other| (*other).to_owned()).collect(),
                ..diagnostic.clone()
            });
        }
    }
    groups
}

/// `1 picture`, `2 pictures`: the only place where a plural is made.
pub fn count(n: usize, noun: &str) -> String {
    let plural = match noun {
        _ if n == 1 => noun.to_owned(),
        _ if noun.ends_with('s') || noun.ends_with('x') => format!("{noun}es"),
        _ if noun.ends_with('y') && !noun.ends_with("ay") && !noun.ends_with("ey") => {
            format!("{}ies", &noun[..noun.len() - 1])
        }
        _ => format!("{noun}s"),
    };
    format!("{n} {plural}")
}

/// `` `a`, `b` and `c` ``.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    let ticked: Vec<String> = words.iter().map(|w| format!("`{}`", w.as_ref())).collect();
    match ticked.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A text that may be of any length, for a message: its beginning, if it is a long one.
pub fn beginning(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The known word that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let length = word.chars().count();
    known
        .into_iter()
        // The distance is at least the difference in length, and that is quickly known.
        .filter(|k| k.chars().count().abs_diff(length) <= limit)
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, k)| k)
}

/// The largest char boundary of `text` that is not after `at`.
pub fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The few lines around a place: a 100 MB line or file is never handed to the drawing code.
struct Window {
    name: String,
    first_line: usize,
    text: String,
    span: Range<usize>,
}

impl Window {
    const LINE: usize = 400;

    fn around(place: &Place) -> Self {
        let text = place.source.text.as_str();
        let start = floor_char(text, place.span.start);
        let end = floor_char(text, place.span.end.max(start)).min(start + Self::LINE);
        let end = floor_char(text, end);
        let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let from = floor_char(text, line_start.max(start.saturating_sub(Self::LINE)));
        let line_end = text[end..].find('\n').map_or(text.len(), |n| end + n);
        let to = floor_char(text, line_end.min(end + Self::LINE));
        let first_line = text[..start].matches('\n').count() + 1;
        // Without the ends of lines of other systems, which nobody has to see.
        let (text, from, to) = door::placed(&text[from..to], start - from, end - from);
        Self {
            name: door::line(&place.source.name).into_owned(),
            first_line,
            text,
            span: from..to,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Place, Source, count, list, nearest};

    #[test]
    fn a_caret_stands_under_the_wide_characters_it_means() {
        let source = Source::new("cover.gp.toml", "a = 1\nname = \"封面图\"\nsise = 3\n");
        let place = Place::new(&source, 25..29);
        assert_eq!(place.line_column(), (3, 1));
        let text = Diagnostic::error("unknown key `sise`")
            .at(place)
            .did_you_mean("sise", ["size", "style"])
            .render(false);
        assert_eq!(
            text,
            "error: unknown key `sise`\n --> cover.gp.toml:3:1\n  |\n3 | sise = 3\n  | ^^^^\n  |\n  = help: did you mean `size`?"
        );
    }

    #[test]
    fn words() {
        assert_eq!(count(1, "asset"), "1 asset");
        assert_eq!(count(2, "entry"), "2 entries");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(nearest("headlin", ["badge", "headline"]), Some("headline"));
        assert_eq!(nearest("zzz", ["badge", "headline"]), None);
    }
}
