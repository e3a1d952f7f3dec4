//! Quotation marks that look like those of TOML and are none: what a word processor or a chat makes of `"`. Knows no
//! syntax.

use std::ops::Range;

/// What to do about one.
pub const HINT: &str = "this is a curly quotation mark: TOML takes straight ones, `\"`";

/// The first of them in what a parser stopped at, or the one that stands before it.
pub fn curly(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let line = text[start..].lines().next()?;
    // One within a text in straight quotes is a character like any other.
    let value = line.find('=').map_or(0, |n| n + 1);
    let first = line[value..].trim_start_matches([' ', '[', '{']);
    let begins = line.len() - first.len();
    let c = first.chars().next().filter(|c| is_curly(*c));
    let stopped = text.get(at..).and_then(|rest| rest.chars().next());
    match (c, stopped.filter(|c| is_curly(*c))) {
        (_, Some(c)) => Some(at..at + c.len_utf8()),
        (Some(c), None) => Some(start + begins..start + begins + c.len_utf8()),
        (None, None) => None,
    }
}

fn is_curly(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '\u{ff02}' | '\u{ff07}')
}

#[cfg(test)]
mod tests {
    use super::curly;

    #[test]
    fn what_stands_in_place_of_a_quote_is_found() {
        for (text, at, found) in [
            ("a = “x”", 4, Some("“")),
            ("b = 1\na = [“x”]\n", 11, Some("“")),
            ("a = ＂x＂", 4, Some("＂")),
            ("a = \"“x”\" y", 11, None),
            ("a = x", 4, None),
        ] {
            let range = curly(text, at);
            assert_eq!(range.map(|range| &text[range]), found, "{text}");
        }
    }
}
