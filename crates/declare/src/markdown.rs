//! Markdown: what a post says. Headings, plain text and words of a file, and the marks that a single line may have.
//! Knows no files, and nothing of how type is drawn.

mod marks;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use marks::dropped;
pub use marks::{Run, has_marks, runs, unmarked};

/// A heading, and what stands below it up to the next one of its level or above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// From 1.
    pub level: usize,
    /// Its text; the marks of bold type and of code are kept, all others are not.
    pub title: String,
    /// The plain text below it, deeper headings and theirs included.
    pub body: String,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The headings, in order.
    pub headings: Vec<Heading>,
    /// The plain text of all of it, headings left out.
    pub body: String,
    /// What stands before the first heading of each level, as plain text: `intro[level]`.
    intro: [String; LEVELS + 1],
}

/// How many levels there are.
pub const LEVELS: usize = 6;

impl Document {
    /// The title of a document: the first heading of the highest level that it has.
    pub fn title(&self) -> Option<&str> {
        let highest = self.headings.iter().map(|heading| heading.level).min()?;
        let mut headings = self.headings.iter();
        let first = headings.find(|heading| heading.level == highest)?;
        Some(&first.title)
    }

    /// The plain text before the first heading of a level, those above it left out.
    pub fn intro(&self, level: usize) -> &str {
        self.intro.get(level).map_or("", String::as_str)
    }
}

/// So many words are in a text; each Chinese character counts as one.
pub fn words(text: &str) -> usize {
    let mut count = 0;
    let mut within = false;
    for c in text.chars() {
        let alone = matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
            && c.is_alphanumeric();
        let part = c.is_alphanumeric() && !alone || within && matches!(c, '\'' | '’' | '-' | '_');
        count += usize::from(alone || part && !within);
        within = part;
    }
    count
}

/// The plain text of a Markdown text.
pub fn plain(text: &str) -> String {
    let mut blocks = Blocks::default();
    let mut title = String::new();
    read(text, |event| match event {
        Piece::Heading(_) => {}
        Piece::Title(words) => title.push_str(&words),
        Piece::TitleEnd => {
            blocks.text(&unmarked(&std::mem::take(&mut title)));
            blocks.end(2);
        }
        Piece::Text(words) => blocks.text(&words),
        Piece::End(lines) => blocks.end(lines),
    });
    blocks.done()
}

/// What a Markdown text says.
pub fn document(text: &str) -> Document {
    let mut sections = Sections::default();
    read(text, |piece| match piece {
        Piece::Heading(level) => sections.heading(level),
        Piece::Title(words) => {
            if let Some(heading) = sections.headings.last_mut() {
                heading.title.push_str(&words);
            }
        }
        Piece::TitleEnd => sections.title_ends(),
        Piece::Text(words) => sections.reading().for_each(|blocks| blocks.text(&words)),
        Piece::End(lines) => sections.reading().for_each(|blocks| blocks.end(lines)),
    });
    sections.done()
}

/// The headings of a document, and the text below each of them.
#[derive(Default)]
struct Sections {
    headings: Vec<Heading>,
    /// Those that the text is below now, by number, and what stands below each.
    open: Vec<(usize, Blocks)>,
    /// Everything.
    all: Blocks,
    /// What stands before the first section of each level.
    intro: [Blocks; LEVELS + 1],
    /// Whether such a section has begun.
    begun: [bool; LEVELS + 1],
}

impl Sections {
    fn heading(&mut self, level: usize) {
        // The title of a document begins none of its sections, unless these are of its level.
        let is_title = level == 1 && self.headings.is_empty();
        let last = if is_title { level } else { LEVELS };
        self.begun[level..=last].fill(true);
        self.close(level);
        self.open.push((self.headings.len(), Blocks::default()));
        self.headings.push(Heading {
            level,
            title: String::new(),
            body: String::new(),
        });
    }

    /// Ends the sections of a level and of those below it.
    fn close(&mut self, level: usize) {
        while let Some((n, blocks)) = self.open.pop_if(|(n, _)| self.headings[*n].level >= level) {
            self.headings[n].body = blocks.done();
        }
    }

    fn title_ends(&mut self) {
        let Some(heading) = self.headings.last_mut() else {
            return;
        };
        heading.title.truncate(heading.title.trim_end().len());
        // To the sections that it is in, it is a line of text.
        let title = unmarked(&heading.title);
        let above = self.open.len().saturating_sub(1);
        for (_, blocks) in &mut self.open[..above] {
            blocks.text(&title);
            blocks.end(2);
        }
    }

    /// All that a piece of text is a part of.
    fn reading(&mut self) -> impl Iterator<Item = &mut Blocks> {
        let begun = self.begun;
        let intro = self.intro.iter_mut().zip(begun);
        let intro = intro.filter_map(|(blocks, begun)| (!begun).then_some(blocks));
        let within = self.open.iter_mut().map(|(_, blocks)| blocks);
        intro.chain(within).chain([&mut self.all])
    }

    fn done(mut self) -> Document {
        self.close(0);
        Document {
            headings: self.headings,
            body: self.all.done(),
            intro: self.intro.map(Blocks::done),
        }
    }
}

/// A part of a text, in the order of reading.
enum Piece {
    /// A heading of a level begins.
    Heading(usize),
    /// Words of it, with the marks that are kept.
    Title(String),
    TitleEnd,
    /// Words of anything else.
    Text(String),
    /// A block ends; so many line breaks follow.
    End(usize),
}

/// Reads a text piece by piece: code blocks, tables' rules, pictures, HTML and what site generators put between
/// (shortcodes, containers, imports) are left out.
fn read(text: &str, mut hear: impl FnMut(Piece)) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_WIKILINKS;
    let text = without_directives(text);
    let mut heading = false;
    let mut left_out = 0_usize;
    let mut lists = 0_usize;
    for event in Parser::new_ext(&text, options) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                heading = true;
                hear(Piece::Heading(level_of(level)));
            }
            Event::End(TagEnd::Heading(_)) => {
                heading = false;
                hear(Piece::TitleEnd);
            }
            Event::Start(
                Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Image { .. } | Tag::FootnoteDefinition(_),
            ) => left_out += 1,
            Event::End(
                TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Image | TagEnd::FootnoteDefinition,
            ) => left_out = left_out.saturating_sub(1),
            _ if left_out > 0 => {}
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) if heading => {
                hear(Piece::Title("**".to_owned()));
            }
            Event::Code(code) if heading => hear(Piece::Title(code_span(&code))),
            Event::Text(words) if heading => hear(Piece::Title(escaped(&words))),
            Event::SoftBreak | Event::HardBreak if heading => hear(Piece::Title(" ".to_owned())),
            Event::Text(words) => hear(Piece::Text(dropped(&words))),
            Event::Code(words) => hear(Piece::Text(words.into_string())),
            Event::SoftBreak => hear(Piece::Text(" ".to_owned())),
            Event::HardBreak => hear(Piece::Text("\n".to_owned())),
            Event::End(TagEnd::TableCell) => hear(Piece::Text(" ".to_owned())),
            Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => hear(Piece::End(1)),
            // What is in an item begins a line of its own.
            Event::Start(Tag::List(_)) => {
                lists += 1;
                hear(Piece::End(1));
            }
            Event::End(TagEnd::List(_)) => {
                lists = lists.saturating_sub(1);
                hear(Piece::End(if lists > 0 { 1 } else { 2 }));
            }
            Event::End(TagEnd::Paragraph | TagEnd::Table | TagEnd::BlockQuote(_)) => {
                hear(Piece::End(2));
            }
            _ => {}
        }
    }
}

fn level_of(level: HeadingLevel) -> usize {
    level as usize
}

/// Code in its marks, with more of them if it has some itself.
fn code_span(code: &str) -> String {
    match code.contains('`') {
        true => format!("`` {code} ``"),
        false => format!("`{code}`"),
    }
}

/// A text in which nothing is a mark that Markdown would have read as one.
fn escaped(text: &str) -> String {
    let mut escaped = text.replace('`', "\\`").replace('*', "\\*");
    for (mark, one) in [("~~", "\\~~"), ("](", "\\](")] {
        escaped = escaped.replace(mark, one);
    }
    escaped
}

/// Without the lines and tags that are for a site generator: `{{< … >}}`, `{% … %}`, `::: tip`, `!!! note`, and the
/// imports of MDX. Code blocks stay as they are: they are left out as a whole.
fn without_directives(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let directive = trimmed.starts_with(":::")
            || trimmed.starts_with("!!! ")
            || trimmed.starts_with("??? ")
            || is_import(trimmed);
        if directive {
            kept.push('\n');
        } else if let Some(words) = callout(trimmed) {
            kept.push_str("> ");
            kept.push_str(&without_tags(words));
            kept.push('\n');
        } else {
            kept.push_str(&without_tags(line));
        }
    }
    kept
}

/// The words beside the kind of a callout: `> [!tip] Mind this`.
fn callout(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?.trim_start().strip_prefix("[!")?;
    let (kind, words) = rest.split_once(']')?;
    let is_word = kind
        .chars()
        .all(|c| c.is_alphanumeric() || "-_|".contains(c));
    is_word.then(|| words.trim_start_matches(['+', '-']).trim_start())
}

fn is_import(line: &str) -> bool {
    let quoted = line.contains('\'') || line.contains('"');
    line.starts_with("import ") && quoted && (line.contains(" from ") || line.len() < 100)
        || line.starts_with("export ") && line.contains('=')
}

fn without_tags(line: &str) -> String {
    let mut tags = vec![("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")];
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let tag = tags.iter().position(|(open, _)| rest.starts_with(open));
        let end = tag.map(|n| (n, rest.find(tags[n].1)));
        match end {
            Some((n, Some(end))) => rest = &rest[end + tags[n].1.len()..],
            other => {
                if let Some((n, None)) = other {
                    // None is closed from here on: each is looked for once.
                    tags.remove(n);
                }
                kept.push('{');
                rest = &rest[1..];
            }
        }
    }
    kept.push_str(rest);
    kept
}

/// Text in blocks, with no more between them than is needed.
#[derive(Default)]
struct Blocks {
    text: String,
    /// Line breaks before what comes next.
    breaks: usize,
}

impl Blocks {
    fn text(&mut self, words: &str) {
        let words = match self.breaks > 0 || self.text.is_empty() {
            true => words.trim_start(),
            false => words,
        };
        if words.is_empty() {
            return;
        }
        if self.breaks > 0 && !self.text.is_empty() {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str(&"\n".repeat(self.breaks));
        }
        self.breaks = 0;
        self.text.push_str(words);
    }

    fn end(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    fn done(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

#[cfg(test)]
mod tests;
