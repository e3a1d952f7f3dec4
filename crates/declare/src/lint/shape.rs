//! Sizes, ratios and orientations in the words of a prompt. Reads words only: what stands between
//! quotes was masked before.

use std::ops::Range;

use super::{find_all, is_han};

/// How far a ratio may be off before it contradicts the preset.
const TOLERANCE: f64 = 0.03;

/// Which way a picture lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    Wide,
    Upright,
    Square,
}

impl Lies {
    fn of(width: u32, height: u32) -> Self {
        match f64::from(width) / f64::from(height) {
            ratio if ratio > 1.05 => Self::Wide,
            ratio if ratio < 0.95 => Self::Upright,
            _ => Self::Square,
        }
    }
}

/// The places where the words name a size, a ratio or an orientation that the picture has not.
pub(super) fn contradictions(masked: &str, width: u32, height: u32) -> Vec<Range<usize>> {
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let lies = Lies::of(width, height);
    let mut wrong = numbers(masked, width, height);
    for (at, meant) in english(masked).into_iter().chain(han(masked)) {
        if meant != lies {
            wrong.push(at);
        }
    }
    wrong.sort_by_key(|at| (at.start, at.end));
    wrong
}

/// `16:9`, `2.35:1`, `1024x1024` where they contradict. A clock (`9:30`) or a grid (`3x3`) does not.
fn numbers(masked: &str, width: u32, height: u32) -> Vec<Range<usize>> {
    const RATIOS: [(f64, f64); 14] = [
        (1.0, 1.0),
        (3.0, 2.0),
        (2.0, 3.0),
        (4.0, 3.0),
        (3.0, 4.0),
        (5.0, 4.0),
        (4.0, 5.0),
        (16.0, 9.0),
        (9.0, 16.0),
        (16.0, 10.0),
        (10.0, 16.0),
        (21.0, 9.0),
        (9.0, 21.0),
        (7.0, 5.0),
    ];
    let mut wrong = Vec::new();
    let mut from = 0;
    while let Some(start) = masked[from..].find(|c: char| c.is_ascii_digit()) {
        let start = from + start;
        let first = number(&masked[start..]);
        from = start + first.len();
        if masked[..start].ends_with(|c: char| c.is_ascii_alphanumeric() || ".:：".contains(c)) {
            continue;
        }
        let rest = &masked[from..];
        let tight = rest.strip_prefix([':', '：']);
        let loose = rest
            .trim_start_matches(' ')
            .strip_prefix(['x', 'X', '×', '*']);
        let (rest, is_size) = match (tight, loose) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest.trim_start_matches(' '), true),
            (None, None) => continue,
        };
        let second = number(rest);
        let after = &rest[second.len()..];
        let goes_on = after
            .trim_start_matches("px")
            .starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':');
        if second.is_empty() || goes_on {
            continue;
        }
        let (Ok(a), Ok(b)) = (first.parse::<f64>(), second.parse::<f64>()) else {
            continue;
        };
        let contradicts = if is_size {
            a >= 200.0 && b >= 200.0 && (a, b) != (f64::from(width), f64::from(height))
        } else {
            let to_one = (a == 1.0 || b == 1.0) && a.max(b) <= 4.0;
            let off = (a / b) / (f64::from(width) / f64::from(height)) - 1.0;
            (to_one || RATIOS.contains(&(a, b))) && off.abs() > TOLERANCE
        };
        from = masked.len() - after.len();
        if contradicts {
            wrong.push(start..from);
        }
    }
    wrong
}

/// The digits that `text` starts with, with a decimal part if there is one.
fn number(text: &str) -> &str {
    let digits = |t: &str| t.len() - t.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    let decimals = text[whole..].strip_prefix('.').map_or(0, digits);
    let len = if decimals > 0 {
        whole + 1 + decimals
    } else {
        whole
    };
    &text[..len]
}

/// Words that speak of the picture's shape, whatever they name.
const FORMAT: [&str; 8] = [
    "format",
    "orientation",
    "aspect",
    "ratio",
    "mode",
    "canvas",
    "layout",
    "composition",
];
/// Words that name the picture itself.
const PICTURE: [&str; 8] = [
    "image",
    "picture",
    "poster",
    "cover",
    "banner",
    "thumbnail",
    "post",
    "slide",
];
/// Words after which something else is meant: `a square in the image`.
const BETWEEN: [&str; 8] = ["in", "on", "of", "the", "and", "with", "for", "a"];

/// An English word for a shape.
struct ShapeWord {
    word: &'static str,
    means: Lies,
    /// It is a thing as well: before the word `poster` it may be what is shown there.
    is_thing: bool,
    /// It says the picture's shape even alone between commas.
    stands_alone: bool,
}

const fn shape(word: &'static str, means: Lies, is_thing: bool, stands_alone: bool) -> ShapeWord {
    ShapeWord {
        word,
        means,
        is_thing,
        stands_alone,
    }
}

const SHAPE_WORDS: [ShapeWord; 8] = [
    shape("square", Lies::Square, false, true),
    shape("vertical", Lies::Upright, false, true),
    shape("portrait", Lies::Upright, true, false),
    shape("tall", Lies::Upright, false, false),
    shape("horizontal", Lies::Wide, false, true),
    shape("landscape", Lies::Wide, true, false),
    shape("wide", Lies::Wide, false, false),
    shape("widescreen", Lies::Wide, false, true),
];

/// `square format`, `vertical cover`, `orientation: portrait`, or such a word alone between commas.
/// A square table, a vertical line, a portrait and a landscape are things in the picture.
fn english(masked: &str) -> Vec<(Range<usize>, Lies)> {
    let tokens = tokens(masked);
    let mut found = Vec::new();
    for (n, (at, word)) in tokens.iter().enumerate() {
        let Some(shape) = SHAPE_WORDS.iter().find(|shape| shape.word == word) else {
            continue;
        };
        if let Some(end) = named_after(masked, &tokens, n, shape) {
            found.push((at.start..end, shape.means));
        } else if named_before(masked, &tokens, n) || shape.stands_alone && is_alone(masked, at) {
            found.push((at.clone(), shape.means));
        }
    }
    found
}

/// Where the name of the picture ends that the shape at token `n` is said of: `square cover`.
fn named_after(
    masked: &str,
    tokens: &[(Range<usize>, String)],
    n: usize,
    shape: &ShapeWord,
) -> Option<usize> {
    let names = |w: &str| FORMAT.contains(&w) || !shape.is_thing && PICTURE.contains(&w);
    let joined = |a: usize, b: usize| {
        masked[tokens[a].0.end..tokens[b].0.start]
            .chars()
            .all(|c| c.is_whitespace() || c == '-')
    };
    (n + 1..tokens.len().min(n + 4))
        .take_while(|&m| joined(m - 1, m) && !BETWEEN.contains(&tokens[m].1.as_str()))
        .find(|&m| names(&tokens[m].1))
        .map(|m| tokens[m].0.end)
}

/// Whether the word before token `n` asks for its shape: `orientation: portrait`.
fn named_before(masked: &str, tokens: &[(Range<usize>, String)], n: usize) -> bool {
    n > 0
        && FORMAT.contains(&tokens[n - 1].1.as_str())
        && masked[tokens[n - 1].0.end..tokens[n].0.start]
            .trim()
            .starts_with([':', '=', '：'])
}

/// Whether nothing but the ends of clauses is around it.
fn is_alone(masked: &str, at: &Range<usize>) -> bool {
    let ends = |c: char| ",.;，。；、\n".contains(c);
    let (before, after) = (&masked[..at.start], &masked[at.end..]);
    let (before, after) = (before.trim_end_matches(' '), after.trim_start_matches(' '));
    before.chars().next_back().is_none_or(ends) && after.chars().next().is_none_or(ends)
}

/// 横版, 竖构图, 方形封面 and their like.
fn han(masked: &str) -> Vec<(Range<usize>, Lies)> {
    const STEMS: [(&str, Lies); 6] = [
        ("横向", Lies::Wide),
        ("横", Lies::Wide),
        ("竖向", Lies::Upright),
        ("竖", Lies::Upright),
        ("方形", Lies::Square),
        ("方", Lies::Square),
    ];
    const NOUNS: [&str; 9] = [
        "版", "图", "构图", "画面", "画幅", "封面", "海报", "尺寸", "比例",
    ];
    let mut found: Vec<(Range<usize>, Lies)> = Vec::new();
    for (stem, meant) in STEMS {
        for at in find_all(masked, stem) {
            let rest = &masked[at.end..];
            let noun = rest.strip_prefix('的').unwrap_or(rest);
            let end = NOUNS
                .iter()
                .filter(|n| noun.starts_with(**n))
                .map(|n| masked.len() - noun.len() + n.len())
                .max();
            let before = masked[..at.start].trim_end_matches('正');
            let alone =
                stem.chars().count() > 1 && !before.ends_with(is_han) && !rest.starts_with(is_han);
            let end = end.or(alone.then_some(at.end));
            // 地方图, 长方形画面: a stem inside another word says nothing.
            let inside = before.ends_with('长') || stem == "方" && before.ends_with(is_han);
            if let Some(end) = end.filter(|_| !inside) {
                found.push((at.start..end, meant));
            }
        }
    }
    found
}

/// Runs of Latin letters, in lower case, with their places.
fn tokens(text: &str) -> Vec<(Range<usize>, String)> {
    let mut tokens = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_alphanumeric()) {
        let start = from + start;
        let end = text[start..]
            .find(|c: char| !c.is_ascii_alphanumeric())
            .map_or(text.len(), |n| start + n);
        tokens.push((start..end, text[start..end].to_ascii_lowercase()));
        from = end;
    }
    tokens
}
