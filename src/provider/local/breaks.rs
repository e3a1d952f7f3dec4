//! Where a line may end, and what an end there costs: no break inside a word, a number or between a
//! number and what it counts. Pure; knows no widths and chooses no lines.

use std::ops::Range;

use icu_segmenter::WordSegmenter;

use super::words::{closes, counts, is_han, known, leads, opens, single, trails};

/// A part of the text that stays on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its bytes in the text, without spaces around it.
    pub range: Range<usize>,
    /// Whether a space stands after it; it vanishes where a line ends.
    pub space: bool,
    /// What it costs to end the line after it.
    pub end: End,
}

/// Whether a line may end somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// It may, for so much; less is better.
    Cost(f32),
    /// It must: the author wrote a line break.
    Must,
}

/// How finely a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Between words.
    Words,
    /// Between any two hanzi, at a high price: for a box that is narrower than a word.
    Characters,
}

/// One word, number, space or sign of the text.
struct Token<'t> {
    text: &'t str,
    start: usize,
}

/// The price of ending a line inside a word.
const INSIDE: f32 = 6.0;
/// English words that lean on the next one.
const SMALL_WORDS: [&str; 18] = [
    "a", "an", "the", "of", "to", "in", "on", "for", "and", "or", "with", "by", "at", "your", "A",
    "The", "To", "For",
];
/// Cuts a text into the parts that stay together. Spaces are single; `\n` is a line break.
pub fn pieces(text: &str, grain: Grain) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let at = start + (line.len() - line.trim_start().len());
        let before = pieces.len();
        cut(line.trim(), at, grain, &mut pieces);
        if pieces.len() > before
            && let Some(last) = pieces.last_mut()
        {
            last.end = End::Must;
        }
        start += line.len() + 1;
    }
    pieces
}

/// Cuts one line of the author.
fn cut(line: &str, offset: usize, grain: Grain, pieces: &mut Vec<Piece>) {
    let tokens = tokens(line);
    let mut start = 0;
    for (i, token) in tokens.iter().enumerate() {
        if token.text == " " {
            continue;
        }
        let space = tokens.get(i + 1).is_some_and(|next| next.text == " ");
        let next = i + 1 + usize::from(space);
        let end = token.start + token.text.len();
        if grain == Grain::Characters && token.text.chars().all(is_han) {
            for (at, _) in token.text.char_indices().skip(1) {
                let at = token.start + at;
                pieces.push(Piece {
                    range: offset + start..offset + at,
                    space: false,
                    end: End::Cost(INSIDE),
                });
                start = at;
            }
        }
        let price = match tokens.get(next) {
            None => Some(0.0),
            Some(_) => price(&tokens, i, next, space),
        };
        let price = match (price, grain) {
            (None, Grain::Characters) => {
                splittable(token.text, tokens[next].text).then_some(INSIDE)
            }
            (price, _) => price,
        };
        if let Some(price) = price {
            pieces.push(Piece {
                range: offset + start..offset + end,
                space,
                end: End::Cost(price),
            });
            start = tokens.get(next).map_or(end, |t| t.start);
        }
    }
}

/// Whether a line may end between two words in need.
fn splittable(left: &str, right: &str) -> bool {
    let (l, r) = (left.chars().last(), right.chars().next());
    matches!((l, r), (Some(l), Some(r)) if !opens(l) && !closes(r) && (is_han(l) || is_han(r)))
}

/// The words, numbers, signs and spaces of a line.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let segmenter = WordSegmenter::new_auto(Default::default());
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut start = 0;
    for end in segmenter.segment_str(line).skip(1) {
        if end <= start {
            continue; // swallowed by a known word
        }
        if let Some(known) = known(&line[start..]).filter(|known| start + known > end) {
            tokens.push(Token {
                text: &line[start..start + known],
                start,
            });
            start += known;
            continue;
        }
        tokens.push(Token {
            text: &line[start..end],
            start,
        });
        start = end;
    }
    tokens
}

/// What it costs to end a line between the tokens `a` and `b`; `None` when that may not be.
fn price(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let (left, right) = (tokens[a].text, tokens[b].text);
    let (l, r) = (left.chars().last()?, right.chars().next()?);
    if closes(r) || opens(l) {
        return None;
    }
    if closes(l) && !l.is_ascii() {
        return Some(if "，。！？：；".contains(l) {
            -1.0
        } else {
            0.0
        });
    }
    if opens(r) && !r.is_ascii() {
        return Some(0.5);
    }
    let number = is_number(tokens, a);
    if l == '的' && !trails(right) {
        // 最快的|路: what is left would be too little.
        return (!is_han(r) || single(right).is_none() || leads(right) || !alone(tokens, b))
            .then_some(-0.3);
    }
    match (is_han(l), is_han(r)) {
        (false, false) if !space => None,
        (false, false) if single(right).is_some_and(|c| !c.is_alphanumeric()) => None,
        (false, false) if single(left).is_some_and(|c| !c.is_alphanumeric()) => Some(0.5),
        (false, false) if number && r.is_alphabetic() => None,
        (false, false) if SMALL_WORDS.contains(&left) => Some(3.0),
        (false, false) => Some(1.5),
        (false, true) if number && (counts(right) || single(right).is_some()) => None,
        (false, true) if trails(right) => None,
        (false, true) if single(right).is_some() && !leads(right) && alone(tokens, b) => None,
        (false, true) => Some(if leads(right) { 0.6 } else { 1.0 }),
        (true, false) if leads(left) && r.is_ascii_digit() => None,
        (true, false) if leads(left) => Some(4.0),
        (true, false) if r.is_ascii_digit() => Some(0.8),
        (true, false) => Some(1.0),
        (true, true) => between_words(tokens, a, b, space),
    }
}

/// The same between two words of Chinese.
fn between_words(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let (left, right) = (tokens[a].text, tokens[b].text);
    if space {
        return Some(0.0); // the author set them apart
    }
    if trails(right) || leads(left) {
        return None;
    }
    if trails(left) {
        return Some(0.0);
    }
    if leads(right) {
        return Some(0.8);
    }
    let counted = a > 0 && is_number(tokens, before(tokens, a)) && counts(left);
    if single(right).is_some() {
        return None; // 训练|营, 设计|课, 12 个|坑
    }
    if counted {
        return Some(0.6);
    }
    let first = a == 0 || !tokens[a - 1].text.chars().all(is_han);
    if single(left).is_some() && first {
        return None; // 零|基础
    }
    Some(2.0)
}

/// The token before `a`, leaving out a space.
fn before(tokens: &[Token<'_>], a: usize) -> usize {
    let back = a.saturating_sub(1);
    if tokens[back].text == " " {
        back.saturating_sub(1)
    } else {
        back
    }
}

/// Whether the word after which nothing Chinese follows stands alone: 课 in `Figma 课`.
fn alone(tokens: &[Token<'_>], b: usize) -> bool {
    !tokens
        .get(b + 1)
        .is_some_and(|next| next.text.chars().all(is_han))
}

/// Whether the token ends a number: `30`, and the `30` of `04-30`, but not that of `GPT-30`.
fn is_number(tokens: &[Token<'_>], at: usize) -> bool {
    let signs = |t: &str| {
        t.chars()
            .all(|c| c.is_ascii_digit() || ".,:/+-~～%–".contains(c))
    };
    let mut at = at;
    if !tokens[at].text.chars().any(|c| c.is_ascii_digit()) || !signs(tokens[at].text) {
        return false;
    }
    while at > 0 && signs(tokens[at - 1].text) {
        at -= 1;
    }
    at == 0
        || tokens[at - 1].text == " "
        || tokens[at - 1]
            .text
            .chars()
            .all(|c| !c.is_alphanumeric() || is_han(c))
}
