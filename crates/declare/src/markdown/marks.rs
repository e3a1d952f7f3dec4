//! The marks that a single line may have: bold type and code, which are drawn, and those that are dropped for the words in
//! them: emphasis, strikethrough, highlights, links, icons. Knows nothing of blocks, nor of how type is drawn.

mod drop;

pub use drop::dropped;
use drop::{icon, link};

/// A mark and its fellow stand at most so many characters apart: each is looked for once for every mark.
const MAX_RUN: usize = 1_000;

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

/// What a backslash before makes a character like any other.
const ESCAPABLE: &str = "*`~=[]:!";

/// The runs of a line: `**bold**` and `` `code` `` are marked, `***both***` is bold, and `\*` is a star. Of `*emphasis*`,
/// `~~strikethrough~~`, `==highlight==`, `[link](url)` and `![picture](url)` the words are left, of `:material-home:` and
/// `:rocket:` nothing. A mark without its fellow is a character like any other, and so is `_`, which names are full of.
pub fn runs(line: &str) -> Vec<Run> {
    let chars: Vec<char> = line.chars().collect();
    let mut scan = Scan::default();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        match c {
            '\\' if chars.get(at + 1).is_some_and(|c| ESCAPABLE.contains(*c)) => {
                scan.push(chars[at + 1]);
                at += 2;
            }
            '`' => at = scan.code(&chars, at),
            '*' => at = scan.star(&chars, at),
            '~' | '=' => at = scan.pair(&chars, at),
            '[' | '!' | ']' => at = scan.bracket(&chars, at),
            ':' if let Some(end) = icon(&chars, at) => at = scan.icon(&chars, end),
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
    /// The place of the stars that close the bold type under way, and how many they are.
    bold_ends: Option<(usize, usize)>,
    /// Where pairs of `~` or `=` stand that close others.
    pairs: Vec<usize>,
    /// Where the words of a link end, and where the link does.
    links: Vec<(usize, usize)>,
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
        let last = chars.len().min(at + MAX_RUN);
        while close < last {
            let run = same_as(chars, close, '`');
            if run == ticks {
                break;
            }
            close += run.max(1);
        }
        if close >= last {
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
        if let Some((end, stars)) = self.bold_ends
            && end == at
        {
            self.flush();
            self.bold = false;
            self.bold_ends = None;
            return at + stars;
        }
        if self.closing.last() == Some(&at) {
            self.closing.pop();
            return at + 1;
        }
        if matches!(stars, 2 | 3)
            && self.bold_ends.is_none()
            && let Some(end) = closing(chars, at, stars)
        {
            self.flush();
            self.bold = true;
            self.bold_ends = Some((end, stars));
            return at + stars;
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

    /// Two of `~` or `=`: dropped, if two follow where a text may end.
    fn pair(&mut self, chars: &[char], at: usize) -> usize {
        let found = same(chars, at);
        if self.pairs.last() == Some(&at) {
            self.pairs.pop();
            return at + 2;
        }
        if found == 2
            && let Some(end) = closing(chars, at, 2)
        {
            self.pairs.push(end);
            return at + 2;
        }
        self.text.extend(&chars[at..at + found]);
        at + found
    }

    /// A bracket: of a link and of a picture the words are left.
    fn bracket(&mut self, chars: &[char], at: usize) -> usize {
        if let Some((end, after)) = self.links.last().copied()
            && end == at
        {
            self.links.pop();
            return after;
        }
        let words = at + usize::from(chars[at] == '!');
        if let Some(found) = link(chars, words) {
            self.links.push(found);
            return words + 1;
        }
        self.push(chars[at]);
        at + 1
    }

    /// An icon and the space beside it.
    fn icon(&mut self, chars: &[char], end: usize) -> usize {
        let before = self.text.is_empty() || self.text.ends_with(char::is_whitespace);
        let space = chars.get(end).is_some_and(|c| *c == ' ');
        if space && before {
            return end + 1;
        }
        if chars.get(end).is_none() {
            // At the end of a line there is nothing to be apart from.
            self.text.truncate(self.text.trim_end().len());
        }
        end
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
    let mark = chars[at];
    let mut end = at + stars;
    let chars = &chars[..chars.len().min(at + MAX_RUN)];
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
            c if c == mark => {
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

/// Whether there may be a mark in a line.
pub fn has_marks(line: &str) -> bool {
    line.contains(['*', '`', '~', '[', ':', '\\']) || line.contains("==")
}

/// A line without its marks.
pub fn unmarked(line: &str) -> String {
    if !has_marks(line) {
        return line.to_owned();
    }
    runs(line).into_iter().map(|run| run.text).collect()
}
