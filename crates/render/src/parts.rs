//! Where a word is parted that no line can hold: after a sign, at a hump, and anywhere as the last resort. Adds no
//! hyphen, and parts no number and no sign from what it stands for. Pure; knows no widths and chooses no lines.

use icu_segmenter::GraphemeClusterSegmenter;

use super::breaks::{End, Piece, letters};
use super::words::{closes, is_han, is_hangul, opens};

/// How deep a word is parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// After a sign that joins words: `CLIENT_|ERRORS`, `--next-|solver=|coherence`.
    Signs,
    /// Where a capital begins the next word too: `Concurrent|Modification|Exception`, `HTTP|Server`.
    Humps,
    /// Between any two letters too.
    Anywhere,
}

/// The price of a line that ends after a sign in a word.
const AFTER_SIGN: f32 = 3.0;
/// The price of a line that ends at a hump.
const AT_HUMP: f32 = 5.0;
/// The price of a line that ends between two letters.
const IN_WORD: f32 = 12.0;
/// No part of a word has fewer letters at its beginning or its end, but beside a sign.
const LEAST: usize = 2;
/// What joins words without a space.
const SIGNS: &str = "_-/.:=\\?&;,|+~";

/// The parts of a piece of `text`; the piece itself when there is no place to part it.
pub fn parts(text: &str, piece: &Piece, parting: Parting) -> Vec<Piece> {
    let word = &text[piece.range.clone()];
    let mut places = joints(word, parting);
    if parting == Parting::Anywhere {
        let starts = [0].into_iter().chain(places.iter().map(|place| place.next));
        let ends = places.iter().map(|place| place.at).chain([word.len()]);
        let whole: Vec<(usize, usize)> = starts.zip(ends).collect();
        for (start, end) in whole {
            let inside = between_letters(&word[start..end]);
            places.extend(inside.map(|at| Place::new(start + at, IN_WORD)));
        }
        places.sort_by_key(|place| place.at);
    }
    let mut parts = Vec::with_capacity(places.len() + 1);
    let mut start = 0;
    for Place { at, next, price } in places {
        parts.push(Piece {
            range: piece.range.start + start..piece.range.start + at,
            space: (next > at).then_some(' '),
            letters: letters(&word[start..at]),
            end: End::Cost(price),
        });
        start = next;
    }
    parts.push(Piece {
        range: piece.range.start + start..piece.range.end,
        letters: letters(&word[start..]),
        ..piece.clone()
    });
    parts
}

/// Where a word may be parted.
struct Place {
    /// Where a line may end, in bytes.
    at: usize,
    /// Where the next one begins: behind the space that vanishes there.
    next: usize,
    /// What it costs.
    price: f32,
}

impl Place {
    fn new(at: usize, price: f32) -> Self {
        Self {
            at,
            next: at,
            price,
        }
    }
}

/// Where the words meet that `word` is made of, and what it costs to end a line there.
fn joints(word: &str, parting: Parting) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (at, r) in word.char_indices().skip(1) {
        let (before, after) = word.split_at(at);
        let Some(l) = before.chars().next_back() else {
            continue;
        };
        if r == ' ' {
            continue;
        }
        if l == ' ' {
            // No line begins with a space, whatever keeps the two together.
            places.push(Place {
                at: at - 1,
                next: at,
                price: AFTER_SIGN,
            });
            continue;
        }
        if closes(r) || opens(l) {
            continue;
        }
        if SIGNS.contains(l) {
            if after_sign(before, l, r, after) {
                places.push(Place::new(at, AFTER_SIGN));
            }
            continue;
        }
        let start = places.last().map_or(0, |place| place.next);
        let next = after
            .split(|c| SIGNS.contains(c))
            .next()
            .unwrap_or_default();
        let whole = count(&before[start..]) < LEAST || count(next) < LEAST;
        if parting != Parting::Signs && !whole && is_hump(l, after) {
            places.push(Place::new(at, AT_HUMP));
        }
    }
    places
}

/// The places in a word that is made of no others, but those beside its ends.
fn between_letters(word: &str) -> impl Iterator<Item = usize> {
    let ends = GraphemeClusterSegmenter::new().segment_str(word);
    ends.filter(|at| {
        let (before, after) = word.split_at(*at);
        let (l, r) = (before.chars().next_back(), after.chars().next());
        let free = |c: Option<char>| c.is_some_and(is_free);
        let number = |c: Option<char>| c.is_some_and(char::is_numeric);
        let edge = count(before) < LEAST || count(after) < LEAST;
        free(l) && free(r) && !(number(l) && number(r)) && !edge
    })
}

/// How many letters and digits a part of a word has.
fn count(part: &str) -> usize {
    part.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Whether a line may end after the sign `l`: it joins two words, and is neither the sign of a number nor in one.
fn after_sign(before: &str, l: char, r: char, after: &str) -> bool {
    let joined = before.trim_end_matches(|c| SIGNS.contains(c));
    let number = r.is_numeric() && (joined.ends_with(char::is_numeric) || "-.+~".contains(l));
    !SIGNS.contains(r)
        && joined.ends_with(|c: char| c.is_alphanumeric() || closes(c))
        && joined.contains(char::is_alphanumeric)
        && after.contains(char::is_alphanumeric)
        && (!number || l == '_')
}

/// Whether a capital that begins a word follows `l`.
fn is_hump(l: char, after: &str) -> bool {
    let mut after = after.chars();
    let (Some(first), second) = (after.next(), after.next()) else {
        return false;
    };
    first.is_uppercase()
        && (l.is_lowercase() || (l.is_uppercase() && second.is_some_and(char::is_lowercase)))
}

/// Whether letters of the script keep their shape and their sense wherever a line ends: those of Arabic or Devanagari
/// do not.
fn is_free(c: char) -> bool {
    (c.is_alphanumeric() && c < '\u{590}')
        || matches!(c, '\u{1e00}'..='\u{1fff}')
        || is_hangul(c)
        || is_han(c)
}

#[cfg(test)]
mod tests {
    use super::super::breaks::{Grain, pieces};
    use super::{Parting, parts};

    /// A word with a bar wherever it is parted.
    fn parted(word: &str, parting: Parting) -> String {
        let pieces = pieces(word, Grain::Characters);
        let all = pieces.iter().flat_map(|piece| parts(word, piece, parting));
        let all: Vec<&str> = all.map(|piece| &word[piece.range]).collect();
        all.join("|")
    }

    #[test]
    fn a_word_is_parted_after_the_signs_that_join_it() {
        for (word, bars) in [
            (
                "CLIENT_ERRORS_SUMMARY_BY_HOST",
                "CLIENT_|ERRORS_|SUMMARY_|BY_|HOST",
            ),
            ("-Znext-solver=coherence", "-Znext-|solver=|coherence"),
            (
                "https://example.com/a/b.html?c=d&e",
                "https://|example.|com/|a/|b.|html?|c=|d&|e",
            ),
            ("std::collections::HashMap", "std::|collections::|HashMap"),
            ("__init__", "__init__"),
            ("x=-5", "x=-5"),
            ("--flag", "--flag"),
            ("3.14159", "3.14159"),
            ("2026-05-17", "2026-05-17"),
            ("10:30/11:45", "10:30/11:45"),
            ("v1.2.3-beta", "v1.2.3-|beta"),
            ("table_2026_05", "table_|2026_|05"),
            ("GPT-5", "GPT-5"),
            ("foo(bar)-baz", "foo(bar)-|baz"),
            ("等待_very_long", "等|待|_very_|long"),
        ] {
            assert_eq!(parted(word, Parting::Signs), bars);
        }
    }

    #[test]
    fn then_at_humps_and_then_anywhere_but_in_numbers() {
        for (word, humps, anywhere) in [
            (
                "getHTTPResponse",
                "get|HTTP|Response",
                "get|HT|TP|Re|s|p|o|n|se",
            ),
            ("iPhone", "iPhone", "iP|h|o|ne"),
            ("Straßenbahn", "Straßenbahn", "St|r|a|ß|e|n|b|a|hn"),
            ("a1234567b", "a1234567b", "a1234567b"),
            ("abc1234567xyz", "abc1234567xyz", "ab|c|1234567|x|yz"),
            ("لمهندسين", "لمهندسين", "لمهندسين"),
        ] {
            assert_eq!(parted(word, Parting::Humps), humps);
            assert_eq!(parted(word, Parting::Anywhere), anywhere);
        }
    }
}
