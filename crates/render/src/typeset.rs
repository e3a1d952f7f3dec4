//! Which lines a headline has: few, balanced, and each with a good end. Pure: the widths are given;
//! knows no fonts and no HTML.

use std::ops::Range;

use super::breaks::{End, Piece};

/// How much an uneven line weighs against a bad line end.
const BALANCE: f32 = 14.0;
/// How much of that a short last line costs.
const LAST: f32 = 0.85;
/// The price of a line with a single character on it.
const LONELY: f32 = 20.0;
/// From so many lines on, a text is a paragraph: its lines are filled, not balanced.
const PARAGRAPH: usize = 5;

/// Chosen lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// The pieces on each.
    pub lines: Vec<Range<usize>>,
    /// How uneven they are and how badly they end; less is better, below 0 is very good.
    pub cost: f32,
}

/// How much of a line a piece takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Advance {
    /// Its width inside a line.
    pub width: f32,
    /// The width of the space after it, where the line goes on.
    pub gap: f32,
    /// How much narrower it is at the start of a line.
    pub head: f32,
    /// How much narrower it is at the end of a line.
    pub tail: f32,
}

impl Advance {
    /// Its width on a line of its own.
    pub fn alone(&self) -> f32 {
        self.width - self.head - self.tail
    }
}

/// The lines to set: as few as the box allows and `more`. `None` when a piece is wider than the box, or
/// there are not so many pieces.
pub fn lines(pieces: &[Piece], advances: &[Advance], room: f32, more: usize) -> Option<Lines> {
    let mut chosen = Lines::default();
    let mut start = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if piece.end == End::Must || index + 1 == pieces.len() {
            let paragraph = paragraph(pieces, advances, start..index + 1, room, more)?;
            chosen.lines.extend(paragraph.lines);
            chosen.cost += paragraph.cost;
            start = index + 1;
        }
    }
    Some(chosen)
}

/// The widths of all lines that a paragraph can have, each in one step: a word that is parted has many pieces.
struct Widths<'a> {
    advances: &'a [Advance],
    /// How far each piece stands from the beginning, where all are on one line.
    starts: Vec<f32>,
}

impl<'a> Widths<'a> {
    fn of(advances: &'a [Advance]) -> Self {
        let mut starts = vec![0.0];
        for advance in advances {
            let start = starts.last().copied().unwrap_or_default();
            starts.push(start + advance.width + advance.gap);
        }
        Self { advances, starts }
    }

    /// The width of the pieces from `begin` to before `end` on a line of their own.
    fn line(&self, begin: usize, end: usize) -> f32 {
        if begin == end {
            return 0.0;
        }
        let (first, last) = (&self.advances[begin], &self.advances[end - 1]);
        self.starts[end] - self.starts[begin] - first.head - last.gap - last.tail
    }
}

/// The cheapest lines of one paragraph.
fn paragraph(
    pieces: &[Piece],
    advances: &[Advance],
    all: Range<usize>,
    room: f32,
    more: usize,
) -> Option<Lines> {
    let count = fewest(&advances[all.clone()], room)? + more;
    if count > all.len() {
        return None;
    }
    let own = Widths::of(&advances[all.clone()]);
    let total = own.line(0, all.len());
    let even = total / count as f32;
    let n = all.len();
    // best[k][i]: the first i pieces in k lines, and where the last of these lines begins.
    let mut best = vec![vec![(f32::INFINITY, 0); n + 1]; count + 1];
    best[0][0] = (0.0, 0);
    for k in 1..=count {
        for end in k..=n {
            for begin in (k - 1..end).rev() {
                let line = all.start + begin..all.start + end;
                let wide = own.line(begin, end);
                if wide > room && end - begin > 1 {
                    break;
                }
                let (before, _) = best[k - 1][begin];
                if wide > room || before.is_infinite() {
                    continue;
                }
                let off = match count < PARAGRAPH {
                    // Lines that run out are an end; one that is short between longer ones, a hole.
                    true if end == n && wide < even => LAST * (wide - even) / room,
                    true => (wide - even) / room,
                    false if end == n => 0.0,
                    false => (room - wide) / room,
                };
                let mut cost = before + BALANCE * off * off;
                if end < n
                    && let End::Cost(price) = pieces[line.end - 1].end
                {
                    cost += price;
                }
                if count > 1 && lonely(pieces, &line) {
                    cost += LONELY;
                }
                if cost < best[k][end].0 {
                    best[k][end] = (cost, begin);
                }
            }
        }
    }
    let mut chosen = Vec::with_capacity(count);
    let mut end = n;
    for k in (1..=count).rev() {
        let (_, begin) = best[k][end];
        chosen.push(all.start + begin..all.start + end);
        end = begin;
    }
    chosen.reverse();
    Some(Lines {
        lines: chosen,
        cost: best[count][n].0,
    })
}

/// Whether a line holds one single character, as a reader counts.
fn lonely(pieces: &[Piece], line: &Range<usize>) -> bool {
    pieces[line.clone()]
        .iter()
        .map(|p| p.letters)
        .sum::<usize>()
        < 2
}

/// The smallest number of lines: each is filled before the next begins.
fn fewest(advances: &[Advance], room: f32) -> Option<usize> {
    let widths = Widths::of(advances);
    let mut count = 1;
    let mut start = 0;
    for end in 1..=advances.len() {
        if advances[end - 1].alone() > room {
            return None;
        }
        if widths.line(start, end) > room {
            count += 1;
            start = end - 1;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::super::breaks::{Grain, pieces};
    use super::super::words::is_han;
    use super::{Advance, lines};

    /// The headlines whose lines are in `headlines.txt`.
    fn headlines() -> impl Iterator<Item = String> {
        let rows = include_str!("headlines.txt").lines();
        rows.filter(|row| !row.starts_with('#'))
            .map(|row| row.replace('|', ""))
    }

    /// The lines of `text` in a box of `room` em; hanzi are 1 em wide, the rest about as in Noto Sans.
    fn set(text: &str, room: f32) -> Vec<String> {
        let em = |c: char| match c {
            ' ' => 0.22,
            c if is_han(c) || !c.is_ascii() => 1.0,
            c if c.is_uppercase() => 0.65,
            c if c.is_ascii_digit() => 0.58,
            'i' | 'l' | 'j' | 't' | 'f' | '.' | ',' | '-' => 0.32,
            'm' | 'w' => 0.88,
            _ => 0.59,
        };
        let wide = |t: &str| t.chars().map(em).sum::<f32>();
        [Grain::Words, Grain::Names, Grain::Characters]
            .iter()
            .find_map(|grain| {
                let pieces = pieces(text, *grain);
                let advances: Vec<Advance> = pieces
                    .iter()
                    .map(|p| Advance {
                        width: wide(&text[p.range.clone()]),
                        gap: p.space.map_or(0.0, |_| 0.22),
                        ..Advance::default()
                    })
                    .collect();
                let lines = lines(&pieces, &advances, room, 0)?.lines;
                let text = |l: &std::ops::Range<usize>| {
                    text[pieces[l.start].range.start..pieces[l.end - 1].range.end].to_owned()
                };
                Some(lines.iter().map(text).collect())
            })
            .unwrap_or_default()
    }

    #[test]
    fn no_box_makes_a_lonely_character_or_a_torn_number() {
        for text in headlines() {
            let text = text.as_str();
            for room in 60..140 {
                let room = room as f32 / 10.0;
                let lines = set(text, room);
                for line in &lines {
                    assert!(
                        lines.len() == 1 || line.chars().count() > 1,
                        "{room}: {lines:?}"
                    );
                    assert!(!line.ends_with(['（', '“', '《', '¥']), "{room}: {lines:?}");
                    assert!(
                        !line.starts_with(['）', '”', '》', '，', '！', '？', '：', '天', '席']),
                        "{room}: {lines:?}"
                    );
                }
                let joined: String = lines.concat().split_whitespace().collect();
                let whole: String = text.split_whitespace().collect();
                assert!(joined == whole || lines.is_empty(), "{room}: {lines:?}");
            }
        }
    }

    #[test]
    fn a_word_is_cut_only_where_the_box_is_narrower_and_latin_by_none_of_these() {
        assert_eq!(
            set("性能优化实战训练营", 2.5),
            ["性能", "优化", "实战", "训练", "营"]
        );
        assert_eq!(set("Kubernetes", 3.0), Vec::<String>::new());
        assert_eq!(set("", 3.0), Vec::<String>::new());
        assert_eq!(set("\n \n", 3.0), Vec::<String>::new());
    }
}
