//! Where a line may end, and what an end there costs: no break inside a word, a number or between a
//! number and what it counts. Pure; knows no widths and chooses no lines.

use std::ops::Range;

use icu_segmenter::{GraphemeClusterSegmenter, WordSegmenter};

use super::words::{
    closes, completes, counts, dates, is_emoji, is_han, is_hangul, is_hiragana, is_noun, known,
    leads, opens, single, spans, suffixes, trails, turns,
};

/// A part of the text that stays on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its bytes in the text, without spaces around it.
    pub range: Range<usize>,
    /// The space after it, narrow or ideographic; it vanishes where a line ends.
    pub space: Option<char>,
    /// How many characters it has, as a reader counts: clusters, without punctuation.
    pub letters: usize,
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
    /// Inside a name of several Latin words too: for a box that is narrower than a name.
    Names,
    /// Between any two hanzi too, at a high price: for a box that is narrower than a word.
    Characters,
}

/// One word, number, space or sign of the text.
struct Token<'t> {
    text: &'t str,
    start: usize,
}

impl Token<'_> {
    /// Whether it is a word or a number, no sign.
    fn is_word(&self) -> bool {
        self.text.starts_with(char::is_alphanumeric)
    }

    /// Whether it is white space where a line may end.
    fn is_space(&self) -> bool {
        self.text.chars().all(|c| matches!(c, ' ' | '\u{3000}'))
    }
}

/// The price of ending a line inside a word.
const INSIDE: f32 = 6.0;
/// The price of parting a Latin word from the noun that it belongs to: AI|工程师.
const BEFORE_NOUN: f32 = 10.0;
/// The price of parting a Latin word from the Chinese word after it.
const BEFORE_HAN: f32 = 1.6;
/// The price of parting a name of several Latin words among hanzi: Stable|Diffusion.
const NAME: f32 = 3.0;
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
    let mut push = |range: Range<usize>, space: Option<char>, price: f32| {
        pieces.push(Piece {
            range: offset + range.start..offset + range.end,
            space,
            letters: letters(&line[range]),
            end: End::Cost(price),
        });
    };
    for (i, token) in tokens.iter().enumerate() {
        if token.is_space() {
            continue;
        }
        let space = tokens.get(i + 1).filter(|next| next.is_space());
        let next = i + 1 + usize::from(space.is_some());
        let end = token.start + token.text.len();
        if grain == Grain::Characters && token.text.chars().all(is_han) {
            for (at, _) in token
                .text
                .char_indices()
                .skip(1)
                .filter(|(_, c)| !closes(*c))
            {
                if token.text[..at].ends_with(opens) {
                    continue;
                }
                push(start..token.start + at, None, INSIDE);
                start = token.start + at;
            }
        }
        let price = match tokens.get(next) {
            None => Some(0.0),
            Some(_) => price(&tokens, i, next, space.is_some()),
        };
        let price = match grain {
            Grain::Words => price,
            Grain::Names | Grain::Characters => {
                price.or_else(|| in_need(&tokens, i, next, space.is_some(), grain))
            }
        };
        if let Some(price) = price {
            let space = space.and_then(|space| space.text.chars().next());
            push(start..end, space, price);
            start = tokens.get(next).map_or(end, |t| t.start);
        }
    }
}

/// How many characters a reader counts: an emoji of five code points is one, a comma none.
pub(super) fn letters(text: &str) -> usize {
    let mut count = 0;
    let mut start = 0;
    for end in GraphemeClusterSegmenter::new().segment_str(text).skip(1) {
        let c = text[start..end].chars().next();
        count += usize::from(c.is_some_and(|c| !c.is_whitespace() && !closes(c) && !opens(c)));
        start = end;
    }
    count
}

/// What it costs to end a line where it should not end.
fn in_need(tokens: &[Token<'_>], a: usize, b: usize, space: bool, grain: Grain) -> Option<f32> {
    let (l, r) = (
        tokens[a].text.chars().last()?,
        tokens[b].text.chars().next()?,
    );
    if opens(l) || closes(r) || l == '\u{a0}' || r == '\u{a0}' || l == '"' || r == '"' {
        return None;
    }
    match (is_han(l), is_han(r)) {
        (false, false) => (space && l.is_alphabetic() && r.is_alphanumeric()).then_some(NAME),
        _ => (grain == Grain::Characters).then_some(INSIDE),
    }
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
    if closes(r) || opens(l) || l == '\u{a0}' || r == '\u{a0}' {
        return None;
    }
    if l == '"' || r == '"' {
        return straight_quote(tokens, a, b, space);
    }
    if closes(l) && !l.is_ascii() && !is_han(l) {
        return Some(if "，。！？：；".contains(l) {
            -1.0
        } else {
            0.0
        });
    }
    if opens(r) && !r.is_ascii() {
        return Some(0.5);
    }
    if left.starts_with(is_emoji) || right.starts_with(is_emoji) {
        return beside_emoji(tokens, a, b, space);
    }
    let number = is_number(tokens, a);
    if l == '的' && !trails(right) {
        // 最快的|路: what is left would be too little.
        let noun = is_han(r) && single(right).is_some() && !leads(right);
        let goes_on = tokens.get(b + 1).is_some_and(|next| !leads(next.text));
        return (!noun || (goes_on && !alone(tokens, b))).then_some(-0.3);
    }
    match (is_han(l), is_han(r)) {
        (false, false) => between_latin(tokens, a, b, space),
        (false, true) if number && counts(right) => None,
        (false, true) if number && single(right).is_some() && !named(tokens, a) => None,
        (false, true) if trails(right) => None,
        (false, true) if single(right).is_some() && !leads(right) && alone(tokens, b) => None,
        // 从 0 到 1|上手, but 12|原则
        (false, true) if number && ranges(tokens, a) => Some(1.0),
        (false, true) if number && !named(tokens, a) => Some(2.5),
        (false, true) if is_noun(right) => Some(BEFORE_NOUN),
        (false, true) => Some(if leads(right) { 0.6 } else { BEFORE_HAN }),
        (true, false) if "你我他她它".contains(left) => Some(1.0),
        (true, false) if leads(left) && r.is_ascii_digit() => None,
        (true, false) if leads(left) => Some(4.0),
        (true, false) if "¥$€£".contains(r) => Some(4.0), // 原价|¥399
        // 4 月|30 日, 8 点|30 分
        (true, false) if r.is_ascii_digit() && dates(left) && counted(tokens, a) => None,
        (true, false) => Some(0.8),
        (true, true) => between_words(tokens, a, b, space),
    }
}

/// The same between two words of Latin or hangul, or a number and a word.
fn between_latin(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let (left, right) = (tokens[a].text, tokens[b].text);
    let (l, r) = (left.chars().last()?, right.chars().next()?);
    let sign = |word: &str| single(word).is_some_and(|c| !c.is_alphanumeric());
    // A sign that begins a word, as in `--amend` and `@use`, is as free as the word.
    let begins = tokens.get(b + 1).is_some_and(|next| !next.is_space());
    if !space || (sign(right) && !begins) || (is_number(tokens, a) && r.is_alphabetic()) {
        return None;
    }
    if is_hangul(l) || is_hangul(r) {
        // 할 수 있는: a syllable of its own leans on the word before it.
        let leans = single(left).is_some() || single(right).is_some();
        return Some(if leans { 2.0 } else { 0.5 });
    }
    if sign(left) {
        return Some(0.5);
    }
    if SMALL_WORDS.contains(&left) {
        return Some(3.0);
    }
    // React 18, Stable Diffusion: a name among hanzi, a few words of many in English.
    let mixed = tokens.iter().any(|token| token.text.starts_with(is_han));
    let name = left.starts_with(char::is_uppercase);
    match name && (r.is_uppercase() || r.is_ascii_digit()) {
        true if mixed || r.is_ascii_digit() => None,
        true => Some(2.0),
        false => Some(1.5),
    }
}

/// The same beside an emoji, which belongs to the words before it unless it begins them.
fn beside_emoji(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let emoji = |at: usize| tokens[at].text.starts_with(is_emoji);
    if emoji(b) {
        let ends = space || emoji(a) || tokens.get(b + 1).is_none_or(Token::is_space);
        return (space && tokens.get(b + 1).is_some_and(|next| !next.is_space()))
            .then_some(0.0)
            .or((!ends).then_some(0.5));
    }
    let begins = a == 0 || tokens[a - 1].is_space();
    (!begins || (space && a > 0)).then_some(0.0)
}

/// The same beside a straight quotation mark: every other one closes.
fn straight_quote(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let before = tokens[..a].iter().filter(|token| token.text == "\"");
    let opened = before.count() % 2 == 1;
    let beside_latin = |at: usize| !tokens[at].text.chars().all(is_han);
    match (tokens[a].text == "\"", opened) {
        (true, true) if space || !beside_latin(b) => Some(0.5),
        (false, false) if space || !beside_latin(a) => Some(0.5),
        _ => None,
    }
}

/// The same between two words of Chinese or Japanese.
fn between_words(tokens: &[Token<'_>], a: usize, b: usize, space: bool) -> Option<f32> {
    let (left, right) = (tokens[a].text, tokens[b].text);
    if space {
        return Some(0.0); // the author set them apart
    }
    if left.ends_with(is_hiragana) || right.starts_with(is_hiragana) {
        let last = single(right).is_some() && alone(tokens, b);
        return between_phrases(left, right).filter(|_| !last);
    }
    let counted = counted(tokens, a);
    if trails(right) || (leads(left) && !counted) {
        return None;
    }
    if trails(left) {
        return Some(0.0);
    }
    if single(right).is_some() {
        let last = tokens
            .get(b + 1)
            .is_none_or(|next| !next.is_space() && !next.is_word());
        if alone(tokens, b) && (!leads(right) || suffixes(right) || last) {
            return None; // 训练|营, 发布|会, 12 个|坑
        }
        if counted {
            return Some(after_count(left));
        }
        if tokens.get(b + 1).is_some_and(|next| completes(next.text)) {
            return Some(1.2); // 存款|花在, 完美主义|毁了, but not 训练|营报名
        }
        if single(left).is_some() {
            return None; // two that the dictionary does not know are a word: 源|于, 张|伟
        }
        return leads(right).then_some(if suffixes(right) { 2.5 } else { 0.4 });
    }
    if counted {
        return Some(after_count(left));
    }
    if turns(right) {
        return Some(0.4);
    }
    let first = a == 0 || !tokens[a - 1].text.chars().all(is_han);
    if single(left).is_some() && first {
        return None; // 零|基础
    }
    Some(2.0)
}

/// The price of a line that ends with a number and its unit: 7 天|学会 is a pause, 5 条|建议 is none.
fn after_count(unit: &str) -> f32 {
    if spans(unit) { 0.7 } else { 1.8 }
}

/// The same in Japanese: a phrase ends with its particles, and kanji or katakana begin the next.
fn between_phrases(left: &str, right: &str) -> Option<f32> {
    if !right.starts_with(is_hiragana) {
        return (left != "お" && left != "ご").then_some(0.0);
    }
    let long = right.chars().take_while(|c| is_hiragana(*c)).count();
    match left.ends_with(is_hiragana) {
        true if left == "の" && long > 1 => Some(1.5), // 初心者の|ための
        true => (long > 2).then_some(0.8),
        false => (long > 2).then_some(2.5),
    }
}

/// Whether the token counts: 个 in `12 个坑`.
fn counted(tokens: &[Token<'_>], at: usize) -> bool {
    at > 0 && is_number(tokens, before(tokens, at)) && counts(tokens[at].text)
}

/// The token before `a`, leaving out a space.
fn before(tokens: &[Token<'_>], a: usize) -> usize {
    let back = a.saturating_sub(1);
    if tokens[back].is_space() {
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

/// Whether the number ends a range: the 1 of `从 0 到 1`.
fn ranges(tokens: &[Token<'_>], at: usize) -> bool {
    at > 1 && tokens[before(tokens, at)].text.ends_with(['到', '至'])
}

/// Whether the number belongs to the name before it: the 17 of `iPhone 17`.
fn named(tokens: &[Token<'_>], at: usize) -> bool {
    at > 1
        && tokens[before(tokens, at)]
            .text
            .starts_with(|c: char| c.is_alphabetic() && !is_han(c))
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
        || tokens[at - 1].is_space()
        || tokens[at - 1]
            .text
            .chars()
            .all(|c| !c.is_alphanumeric() || is_han(c))
}
