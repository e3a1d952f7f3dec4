//! The one door for text that is shown: what could rewrite a terminal, turn a line around or stand in it unseen
//! becomes an escape. Knows nothing of where a text comes from; everything else is left as it reads.

use std::borrow::Cow;

/// One line: what would break it is an escape as well.
pub fn line(text: &str) -> Cow<'_, str> {
    through(
        text,
        |c| matches!(c, '\n' | '\t'),
        |c, out| match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => escape(c, out),
        },
    )
}

/// Lines: what lays them out stays.
pub fn lines(text: &str) -> Cow<'_, str> {
    through(text, |_| false, escape)
}

/// JSON, one object a line: characters in its strings become escapes of JSON.
pub fn json(text: &str) -> Cow<'_, str> {
    through(
        text,
        |_| false,
        |c, out| {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        },
    )
}

/// Lines with colour: what sets it stays. For text of which all that came from outside went through here before.
pub fn colored(text: &str) -> Cow<'_, str> {
    if !text.contains(ESC) {
        return lines(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(ESC) {
        out.push_str(&lines(&rest[..at]));
        let set = colour(&rest[at..]);
        match set {
            0 => escape(ESC, &mut out),
            set => out.push_str(&rest[at..at + set]),
        }
        rest = &rest[at + set.max(ESC.len_utf8())..];
    }
    out.push_str(&lines(rest));
    Cow::Owned(out)
}

/// The same as [`line`], and where the bytes `from..to` of the text are in it.
pub fn placed(text: &str, from: usize, to: usize) -> (String, usize, usize) {
    let upto = |end: usize| lines(text.get(..end).unwrap_or(text)).len();
    (lines(text).into_owned(), upto(from), upto(to))
}

const ESC: char = '\u{1b}';

/// How many bytes at the beginning set a colour: `ESC [ 1 ; 31 m`.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let numbers = rest
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b';')
        .count();
    match rest.as_bytes().get(numbers) {
        Some(b'm') => 2 + numbers + 1,
        _ => 0,
    }
}

fn escape(c: char, out: &mut String) {
    match c {
        '\r' => out.push_str("\\r"),
        c => out.extend(c.escape_unicode()),
    }
}

fn through(
    text: &str,
    also: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    let is_plain = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(is_plain) && !text.contains(&also) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let joins = is_joiner(c) && joins(before, c, rest.clone().next());
        if also(c) || (is_hidden(c) && !joins) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// What a terminal obeys, what turns the direction of writing, and what nobody sees.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        ' '..='~' => false,
        _ if c.is_control() => true,
        // Soft hyphen, joiners, fillers, spaces of no width, and what encloses notes on a text.
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{61c}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{3164}' | '\u{ffa0}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => true,
        '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => true,
        // Tags, and the variations of ideographs.
        '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// What belongs to the character before it, where there is one that it can belong to.
fn is_joiner(c: char) -> bool {
    is_variation(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{180b}'..='\u{180d}' | '\u{180f}')
}

/// A variation of a character, or two characters of a script or of an emoji that are one: seen, and none of them
/// twice in a row.
fn joins(before: Option<char>, c: char, after: Option<char>) -> bool {
    let is_seen = |c: char| !c.is_ascii() && !is_hidden(c) && !c.is_whitespace();
    match before {
        None => false,
        Some(before) if is_variation(c) => {
            is_seen(before) || matches!(before, '0'..='9' | '#' | '*')
        }
        Some(before) => (is_seen(before) || is_variation(before)) && after.is_some_and(is_seen),
    }
}

#[cfg(test)]
mod tests {
    use super::{colored, json, line, lines, placed};

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in [
            "30 天从 0 到 1 上手 · AI「工程师」",
            "👩‍💻 👨‍👩‍👧‍👦 ❤️ 1️⃣ ☎︎ 葛\u{e0100}",
            "می‌خواهم क्‍ष é e\u{301} ñ ไทย עברית العربية",
            "a — b … “c” 　全角　\u{a0}x",
        ] {
            assert_eq!(line(text), text);
            assert_eq!(lines(text), text);
            assert_eq!(json(text), text);
            assert_eq!(colored(text), text);
        }
        assert_eq!(lines("a\n\tb"), "a\n\tb");
        assert_eq!(line("a\n\tb"), "a\\n\\tb");
    }

    #[test]
    fn what_nobody_sees_is_seen() {
        for (text, shown) in [
            ("a\u{9b}31mb", "a\\u{9b}31mb"),
            ("a\u{1b}]0;x\u{7}", "a\\u{1b}]0;x\\u{7}"),
            (
                "a\u{202e}b\u{2066}c\u{200f}\u{61c}",
                "a\\u{202e}b\\u{2066}c\\u{200f}\\u{61c}",
            ),
            (
                "a\u{200b}b\u{feff}\u{2060}",
                "a\\u{200b}b\\u{feff}\\u{2060}",
            ),
            ("a\u{200d}b", "a\\u{200d}b"),
            ("中\u{200d}\u{200d}文", "中\\u{200d}\\u{200d}文"),
            ("a\u{fe0f}", "a\\u{fe0f}"),
            ("中\u{fe00}\u{fe01}", "中\u{fe00}\\u{fe01}"),
            ("x\u{e0041}\u{e007f}", "x\\u{e0041}\\u{e007f}"),
            ("a\rb\u{7f}\u{2028}", "a\\rb\\u{7f}\\u{2028}"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(lines(text), shown);
            assert_eq!(line(shown), shown, "twice through the door");
        }
        assert_eq!(
            json("{\"a\":\"\u{9b}\u{202e}\u{e0041}\"}\n"),
            "{\"a\":\"\\u009b\\u202e\\udb40\\udc41\"}\n"
        );
    }

    #[test]
    fn only_colour_is_set() {
        assert_eq!(
            colored("\u{1b}[1m\u{1b}[32mmade\u{1b}[0m\n"),
            "\u{1b}[1m\u{1b}[32mmade\u{1b}[0m\n"
        );
        assert_eq!(
            colored("\u{1b}[2J\u{1b}c\u{1b}[31\u{9b}m"),
            "\\u{1b}[2J\\u{1b}c\\u{1b}[31\\u{9b}m"
        );
    }

    #[test]
    fn a_place_goes_with_its_text() {
        let (text, from, to) = placed("a\u{9b}中\u{202e}b", 3, 6);
        assert_eq!(
            (text.as_str(), &text[from..to]),
            ("a\\u{9b}中\\u{202e}b", "中")
        );
    }
}
