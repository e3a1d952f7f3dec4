//! The marks that a single line may have: bold type, code, emphasis. Knows nothing of blocks, nor of how type is drawn.

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
