//! Markdown: what a post says. Headings, plain text and words of a file, and the marks that a single line may have.
//! Knows no files, and nothing of how type is drawn.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

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
    let mut document = Document::default();
    let mut open: Vec<(usize, Blocks)> = Vec::new();
    let mut bodies: Vec<String> = Vec::new();
    let mut all = Blocks::default();
    let mut intro: [Blocks; LEVELS + 1] = Default::default();
    let mut begun = [false; LEVELS + 1];
    read(text, |piece| match piece {
        Piece::Heading(level) => {
            // The title of a document begins none of its sections, unless these are of its level.
            let is_title = level == 1 && document.headings.is_empty();
            let last = if is_title { level } else { LEVELS };
            begun[level..=last].fill(true);
            while let Some((n, blocks)) = open.pop_if(|(n, _)| document.headings[*n].level >= level)
            {
                bodies[n] = blocks.done();
            }
            document.headings.push(Heading {
                level,
                title: String::new(),
                body: String::new(),
            });
            bodies.push(String::new());
            open.push((document.headings.len() - 1, Blocks::default()));
        }
        Piece::Title(words) => {
            if let Some(heading) = document.headings.last_mut() {
                heading.title.push_str(&words);
            }
        }
        Piece::TitleEnd => {
            let deepest = open.len().saturating_sub(1);
            if let Some(heading) = document.headings.last() {
                // To those above it, it is a line of text.
                let title = unmarked(&heading.title);
                for (_, blocks) in &mut open[..deepest] {
                    blocks.text(&title);
                    blocks.end(2);
                }
            }
        }
        Piece::Text(words) => {
            let before = intro.iter_mut().enumerate();
            let before = before.filter(|(level, _)| !begun[*level]).map(|(_, b)| b);
            let within = open.iter_mut().map(|(_, blocks)| blocks);
            for blocks in before.chain(within).chain([&mut all]) {
                blocks.text(&words);
            }
        }
        Piece::End(lines) => {
            let within = open.iter_mut().map(|(_, blocks)| blocks);
            for blocks in intro.iter_mut().chain(within).chain([&mut all]) {
                blocks.end(lines);
            }
        }
    });
    for (n, blocks) in open {
        bodies[n] = blocks.done();
    }
    for (heading, body) in document.headings.iter_mut().zip(bodies) {
        heading.body = body;
        heading.title = heading.title.trim().to_owned();
    }
    document.body = all.done();
    document.intro = intro.map(Blocks::done);
    document
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
        | Options::ENABLE_TASKLISTS;
    let text = without_directives(text);
    let mut heading = false;
    let mut left_out = 0_usize;
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
            Event::Text(words) | Event::Code(words) => hear(Piece::Text(words.into_string())),
            Event::SoftBreak => hear(Piece::Text(" ".to_owned())),
            Event::HardBreak => hear(Piece::Text("\n".to_owned())),
            Event::End(TagEnd::TableCell) => hear(Piece::Text(" ".to_owned())),
            Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => hear(Piece::End(1)),
            Event::End(
                TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Table | TagEnd::BlockQuote(_),
            ) => {
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

/// A text in which nothing is a mark.
fn escaped(text: &str) -> String {
    text.replace('`', "\\`").replace('*', "\\*")
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
        } else {
            kept.push_str(&without_tags(line));
        }
    }
    kept
}

fn is_import(line: &str) -> bool {
    let quoted = line.contains('\'') || line.contains('"');
    line.starts_with("import ") && quoted && (line.contains(" from ") || line.len() < 100)
        || line.starts_with("export ") && line.contains('=')
}

fn without_tags(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    loop {
        let tags = [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")];
        let first = tags
            .iter()
            .filter_map(|(open, close)| {
                let at = rest.find(open)?;
                let end = rest[at..].find(close)?;
                Some((at, at + end + close.len()))
            })
            .min();
        let Some((at, end)) = first else {
            kept.push_str(rest);
            return kept;
        };
        kept.push_str(&rest[..at]);
        rest = &rest[end..];
    }
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

/// A run of a line that is typeset alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its characters.
    pub text: String,
    /// Bold type.
    pub bold: bool,
    /// Code.
    pub code: bool,
}

/// The runs of a line: `**bold**` and `` `code` `` are marked, the marks of `*emphasis*` are dropped, and `\*` is a
/// star. A mark without its fellow is a character like any other, and so is `_`, which names are full of.
pub fn runs(line: &str) -> Vec<Run> {
    let chars: Vec<char> = line.chars().collect();
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        match c {
            '\\' if matches!(chars.get(at + 1), Some('*' | '`')) => {
                scan.push(chars[at + 1]);
                at += 2;
            }
            '`' => at = scan.code(&chars, at),
            '*' => at = scan.star(&chars, at),
            _ => {
                scan.push(c);
                at += 1;
            }
        }
    }
    scan.end()
}

#[derive(Default)]
struct Scan {
    runs: Vec<Run>,
    /// What is under way.
    text: String,
    bold: bool,
    /// Where a star that closes an emphasis stands.
    closing: Vec<usize>,
    /// The place of the stars that close the bold type under way.
    bold_ends: Option<usize>,
}

impl Scan {
    fn push(&mut self, c: char) {
        self.text.push(c);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.runs.push(Run {
                text: std::mem::take(&mut self.text),
                bold: self.bold,
                code: false,
            });
        }
    }

    fn end(mut self) -> Vec<Run> {
        self.flush();
        self.runs
    }

    /// Backticks: code, if as many follow.
    fn code(&mut self, chars: &[char], at: usize) -> usize {
        let ticks = same(chars, at);
        let mut close = at + ticks;
        while close < chars.len() {
            let run = same_as(chars, close, '`');
            if run == ticks {
                break;
            }
            close += run.max(1);
        }
        if close >= chars.len() {
            self.text.extend(&chars[at..at + ticks]);
            return at + ticks;
        }
        let inner: String = chars[at + ticks..close].iter().collect();
        // One space on each side lets code begin with a backtick.
        let inner = match inner
            .strip_prefix(' ')
            .and_then(|rest| rest.strip_suffix(' '))
        {
            Some(inside) if !inside.trim().is_empty() => inside.to_owned(),
            _ => inner,
        };
        self.flush();
        if !inner.is_empty() {
            self.runs.push(Run {
                text: inner,
                bold: self.bold,
                code: true,
            });
        }
        close + ticks
    }

    /// Stars: two of them are bold type, one is an emphasis, if as many follow where a text may end.
    fn star(&mut self, chars: &[char], at: usize) -> usize {
        let stars = same(chars, at);
        if self.bold_ends == Some(at) && stars >= 2 {
            self.flush();
            self.bold = false;
            self.bold_ends = None;
            return at + 2;
        }
        if self.closing.last() == Some(&at) {
            self.closing.pop();
            return at + 1;
        }
        if stars == 2
            && self.bold_ends.is_none()
            && let Some(end) = closing(chars, at, 2)
        {
            self.flush();
            self.bold = true;
            self.bold_ends = Some(end);
            return at + 2;
        }
        if stars == 1
            && let Some(end) = closing(chars, at, 1)
        {
            self.closing.push(end);
            return at + 1;
        }
        self.text.extend(&chars[at..at + stars]);
        at + stars
    }
}

/// How often the character at `at` stands there.
fn same(chars: &[char], at: usize) -> usize {
    same_as(chars, at, chars[at])
}

fn same_as(chars: &[char], at: usize, c: char) -> usize {
    chars[at..].iter().take_while(|next| **next == c).count()
}

/// Where the stars stand that close those at `at`: both are next to what they enclose, and to no word outside of it.
fn closing(chars: &[char], at: usize, stars: usize) -> Option<usize> {
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_text = |c: Option<&char>| c.is_some_and(|c| !c.is_whitespace());
    let before = at.checked_sub(1).and_then(|n| chars.get(n));
    if is_word(before) || !is_text(chars.get(at + stars)) {
        return None;
    }
    let mut end = at + stars;
    while end < chars.len() {
        match chars[end] {
            '\\' => end += 2,
            '`' => {
                // Stars within code are no marks.
                let ticks = same(chars, end);
                let rest = &chars[end + ticks..];
                let close = rest
                    .windows(ticks)
                    .position(|w| w.iter().all(|c| *c == '`'));
                end += ticks + close.map_or(0, |close| close + ticks);
            }
            '*' => {
                let found = same(chars, end);
                let closes = found == stars
                    && is_text(chars.get(end - 1))
                    && !is_word(chars.get(end + stars));
                if closes {
                    return Some(end);
                }
                end += found;
            }
            _ => end += 1,
        }
    }
    None
}

/// A line without its marks.
pub fn unmarked(line: &str) -> String {
    if !line.contains(['*', '`']) {
        return line.to_owned();
    }
    runs(line).into_iter().map(|run| run.text).collect()
}

#[cfg(test)]
mod tests;
