//! The text of one marked element: taken out of the tree as one line of characters, put back as
//! chosen lines. Knows where each character came from; measures nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use takumi::prelude::{Node, NodeKind, Style, StyleDeclarationBlock};

use super::breaks::{self, Grain, Piece};
use super::page::{Mark, node_at, text_at};
use super::parts::{self, Parting};
use super::spacing::{self, Empty};
use super::typeset::{self, Advance, Lines};

/// The difference that counts as a squeezed sign, as a part of its full width.
const SQUEEZED: f32 = 0.1;

/// A marked element's text and what was chosen for it.
#[derive(Clone)]
pub(super) struct TextBlock {
    /// The text; single spaces, `\n` where the author broke the line.
    text: String,
    /// For each byte of `text`, which of the element's leaves it stands in.
    leaf: Vec<usize>,
    /// Where lines may end.
    pieces: Vec<Piece>,
    /// How much of a line each piece takes, at the size it was measured with.
    advances: Vec<Advance>,
    /// The signs of a leaf that are narrower without their empty half: the font can set them so.
    squeezes: BTreeSet<(usize, char)>,
    /// The chosen font size, if the element is to fit.
    pub size: Option<f32>,
    /// How many lines more than needed it takes, for better ends.
    pub more: usize,
    /// The chosen lines, if they are chosen here.
    pub lines: Option<Lines>,
}

/// How the text is put back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the style sheet breaks it, with a mark in it to find it by.
    Found(usize),
    /// What has to be measured, each on a line of its own: see [`TextBlock::trial`].
    Trial,
    /// In the chosen lines.
    Chosen,
}

/// A part of a line in one leaf.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    leaf: usize,
    pub text: String,
    /// Whether it is a sign without its empty half.
    half: bool,
}

impl TextBlock {
    /// Takes the text of `mark` out of the tree, with Han and Latin evenly apart.
    pub fn new(root: &mut Node, mark: &Mark) -> Self {
        let mut typed = Vec::new();
        for (index, path) in mark.leaves.iter().enumerate() {
            let broken = node_at(root, path).is_some_and(|node| is_br(node));
            if let Some(own) = text_at(root, path) {
                let own = if broken { "\n" } else { own.as_str() };
                typed.extend(own.chars().map(|c| (c, (index, broken))));
            }
        }
        if mark.words {
            typed = collapsed(&typed);
        }
        let even = spacing::evened(&typed);
        if !mark.words {
            put_even(root, mark, &even);
        }
        let mut text = String::new();
        let mut leaf = Vec::new();
        for (c, (index, _)) in even {
            text.push(c);
            leaf.resize(text.len(), index);
        }
        let pieces = match mark.words {
            true => breaks::pieces(&text, Grain::Words),
            false => Vec::new(),
        };
        Self {
            text,
            leaf,
            pieces,
            advances: Vec::new(),
            squeezes: BTreeSet::new(),
            size: mark.fit.map(|(low, _)| low),
            more: 0,
            lines: None,
        }
    }

    /// How many characters it has.
    pub fn len(&self) -> usize {
        self.text.chars().count()
    }

    /// Cuts the text more finely.
    pub fn cut(&mut self, grain: Grain) {
        self.pieces = breaks::pieces(&self.text, grain);
    }

    /// Parts the words of at least `letters` letters that are wider than a box of `room` px at `scale` times the
    /// measured size; false when there are none.
    pub fn part(&mut self, room: f32, scale: f32, letters: usize, parting: Parting) -> bool {
        let room = self.room(room, scale);
        let before = self.pieces.len();
        let widths = self.advances.iter().map(Advance::alone);
        let pieces = self.pieces.iter().zip(widths);
        self.pieces = pieces
            .flat_map(
                |(piece, width)| match width > room && piece.letters >= letters {
                    true => parts::parts(&self.text, piece, parting),
                    false => vec![piece.clone()],
                },
            )
            .collect();
        self.pieces.len() > before
    }

    /// The text, and the piece of it that is the widest.
    pub fn told(&self) -> (String, Option<String>) {
        let widest = self
            .pieces
            .iter()
            .zip(&self.advances)
            .max_by(|(_, a), (_, b)| a.alone().total_cmp(&b.alone()));
        let widest = widest.map(|(piece, _)| self.text[piece.range.clone()].to_owned());
        (self.text.trim().to_owned(), widest)
    }

    /// The lines to be measured, in the order of the text: a space, an ideographic space, and every
    /// piece as it stands inside a line. A sign that a line may begin with stands before its piece,
    /// one that a line may end with behind it: whole, then without its empty half.
    pub fn trial(&self) -> Vec<Vec<Part>> {
        let Some(first) = self.leaf.first() else {
            return Vec::new();
        };
        let alone = |leaf: usize, c: char, half: bool| {
            vec![Part {
                leaf,
                text: c.to_string(),
                half,
            }]
        };
        let mut lines: Vec<Vec<Part>> = ['\u{a0}', '\u{3000}']
            .map(|c| alone(*first, c, false))
            .into();
        for piece in &self.pieces {
            let [head, tail] = self.ends(piece).map(|end| {
                let pair = end.map(|(leaf, c)| [false, true].map(|half| alone(leaf, c, half)));
                pair.into_iter().flatten()
            });
            lines.extend(head);
            lines.push(self.parts(piece.range.clone(), |at, c| self.is_squeezed_inside(at, c)));
            lines.extend(tail);
        }
        lines
    }

    /// Takes the widths of what [`TextBlock::trial`] names.
    pub fn measured(&mut self, widths: &[f32]) {
        let mut widths = widths.iter().copied();
        let (narrow, wide) = (next(&mut widths), next(&mut widths));
        let mut squeezes = BTreeSet::new();
        let mut saved = |end: Option<(usize, char)>, widths: &mut _| {
            let Some(end) = end else { return 0.0 };
            let (whole, half) = (next(widths), next(widths));
            if whole - half < SQUEEZED * whole {
                return 0.0;
            }
            squeezes.insert(end);
            whole - half
        };
        let advances = self.pieces.iter().map(|piece| {
            let [head, tail] = self.ends(piece);
            Advance {
                head: saved(head, &mut widths),
                width: next(&mut widths),
                tail: saved(tail, &mut widths),
                gap: match piece.space {
                    Some('\u{3000}') => wide,
                    Some(_) => narrow,
                    None => 0.0,
                },
            }
        });
        self.advances = advances.collect();
        self.squeezes = squeezes;
    }

    /// The widest piece at `scale` times the measured size.
    pub fn widest(&self, scale: f32) -> f32 {
        let widths = self.advances.iter().map(Advance::alone);
        widths.fold(0.0, f32::max) * scale
    }

    /// The signs at the two ends of a piece that are squeezed only when a line ends there.
    fn ends(&self, piece: &Piece) -> [Option<(usize, char)>; 2] {
        let Range { start, end } = piece.range;
        let text = &self.text[start..end];
        let edge = |at: usize, c: char, half: Empty| {
            let only_there = spacing::empty(c) == Some(half) && !self.is_squeezed_inside(at, c);
            only_there.then(|| (self.leaf[at], c))
        };
        let (first, last) = (text.chars().next(), text.chars().next_back());
        [
            first.and_then(|c| edge(start, c, Empty::Before)),
            last.and_then(|c| edge(end - c.len_utf8(), c, Empty::After)),
        ]
    }

    /// Chooses the lines for a box of `room` px at `scale` times the measured size; false when the
    /// box is narrower than a piece.
    pub fn choose(&mut self, room: f32, scale: f32) -> bool {
        let room = self.room(room, scale);
        self.lines = typeset::lines(&self.pieces, &self.advances, room, self.more);
        self.lines.is_some()
    }

    /// A box's width at the measured size. Pieces are measured one by one: together they may be a hair wider than
    /// their own box.
    fn room(&self, room: f32, scale: f32) -> f32 {
        (room * 1.002 + 0.75) / scale.max(f32::EPSILON)
    }

    /// Puts the text back.
    pub fn put(&self, root: &mut Node, mark: &Mark, form: Form) {
        let own_lines =
            mark.words && (form == Form::Trial || (form == Form::Chosen && self.lines.is_some()));
        let mut css = mark.style.clone();
        if let Some(size) = self.size {
            css.push_str(&format!(";font-size:{size}px"));
        }
        if mark.words {
            css.push_str(if own_lines {
                ";white-space:pre"
            } else {
                ";white-space:pre-wrap"
            });
        }
        if (self.size.is_some() || mark.words)
            && let Some(node) = node_at(root, &mark.path)
        {
            let placeholder = Node::container(Vec::new());
            let taken = std::mem::replace(node, placeholder);
            *node = taken.with_style(style(&css));
        }
        if mark.words {
            let lines = match form {
                Form::Trial => self.trial(),
                Form::Chosen => self.chosen(),
                Form::Found(_) => vec![self.parts(0..self.text.len(), |_, _| false)],
            };
            put_lines(root, mark, &lines);
        }
        if let Form::Found(index) = form {
            for path in &mark.leaves {
                if let Some(text) = text_at(root, path).filter(|text| !text.trim().is_empty()) {
                    text.insert_str(text.len() - text.trim_start().len(), &tag(index));
                }
            }
            // Last, so that the places of the elements before it stay what they are.
            if mark.is_group
                && let Some(node) = node_at(root, &mark.path)
                && let NodeKind::Container { children } = &mut node.kind
            {
                children.push(Node::text(tag(index)));
            }
        }
    }

    /// The chosen lines; the whole text on one when there are none.
    fn chosen(&self) -> Vec<Vec<Part>> {
        let Some(chosen) = &self.lines else {
            return vec![self.parts(0..self.text.len(), |_, _| false)];
        };
        let lines = chosen.lines.iter().filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let start = self.pieces[line.start].range.start;
                let end = self.pieces[line.end - 1].range.end;
                self.parts(start..end, |at, c| {
                    let before = self.text[start..at].chars().next_back();
                    let after = self.text[at + c.len_utf8()..end].chars().next();
                    self.is_squeezed_inside(at, c)
                        || (self.squeezes.contains(&(self.leaf[at], c))
                            && spacing::is_squeezed(before, c, after))
                })
            })
            .collect()
    }

    /// Whether a sign is squeezed wherever lines end.
    fn is_squeezed_inside(&self, at: usize, c: char) -> bool {
        let before = self.text[..at].chars().next_back();
        let after = self.text[at + c.len_utf8()..].chars().next();
        spacing::is_squeezed(before.or(Some('\n')), c, after.or(Some('\n')))
    }

    /// The parts of a piece of the text.
    fn parts(&self, range: Range<usize>, half: impl Fn(usize, char) -> bool) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (at, c) in self.text[range.clone()].char_indices() {
            let at = range.start + at;
            let (leaf, half) = (self.leaf[at], half(at, c));
            match parts.last_mut() {
                Some(part) if part.leaf == leaf && part.half == half => part.text.push(c),
                _ => parts.push(Part {
                    leaf,
                    text: c.to_string(),
                    half,
                }),
            }
        }
        parts
    }
}

/// The next width; 0 when a text was not laid out.
fn next(widths: &mut impl Iterator<Item = f32>) -> f32 {
    widths.next().unwrap_or(0.0)
}

/// The text with its white space as HTML has it: single spaces, none beside a line feed.
fn collapsed(typed: &[(char, (usize, bool))]) -> Vec<(char, (usize, bool))> {
    let mut text: Vec<(char, (usize, bool))> = Vec::with_capacity(typed.len());
    for (c, from) in typed {
        let last = text.last().map(|(c, _)| *c);
        match c {
            '\n' => {
                let end = text.iter().rposition(|(c, _)| *c != ' ');
                text.truncate(end.map_or(0, |end| end + 1));
                text.push(('\n', *from));
            }
            ' ' | '\t' | '\r' if matches!(last, None | Some(' ' | '\n' | '\u{3000}')) => {}
            '\t' | '\r' => text.push((' ', *from)),
            '\u{3000}' if last == Some('\u{3000}') => {}
            '\u{3000}' if last == Some(' ') => {
                text.pop();
                text.push((*c, *from));
            }
            c => text.push((*c, *from)),
        }
    }
    let end = text.iter().rposition(|(c, _)| !c.is_whitespace());
    text.truncate(end.map_or(0, |end| end + 1));
    let start = text.iter().position(|(c, _)| !c.is_whitespace());
    text.drain(..start.unwrap_or(0));
    text
}

/// Puts a text that the style sheet breaks back into its leaves.
fn put_even(root: &mut Node, mark: &Mark, even: &[(char, (usize, bool))]) {
    for (index, path) in mark.leaves.iter().enumerate() {
        let own = even.iter().filter(|(_, from)| *from == (index, false));
        let own: String = own.map(|(c, _)| *c).collect();
        if let Some(text) = text_at(root, path).filter(|text| !own.is_empty() && **text != own) {
            *text = own;
        }
    }
}

/// Puts lines into the leaves of an element.
fn put_lines(root: &mut Node, mark: &Mark, lines: &[Vec<Part>]) {
    let mut leaves: Vec<Vec<(String, bool)>> = vec![Vec::new(); mark.leaves.len()];
    let mut add = |leaf: usize, text: &str, half: bool| match leaves[leaf].last_mut() {
        Some((own, was)) if *was == half => own.push_str(text),
        _ => leaves[leaf].push((text.to_owned(), half)),
    };
    for (n, line) in lines.iter().enumerate() {
        for part in line {
            add(part.leaf, &part.text, part.half);
        }
        if n + 1 < lines.len()
            && let Some(last) = line.last()
        {
            add(last.leaf, "\n", false);
        }
    }
    for (path, mut parts) in mark.leaves.iter().zip(leaves) {
        let Some(node) = node_at(root, path) else {
            continue;
        };
        if is_br(node) {
            // A `<br>` holds its line feed as text; the chosen lines have it already.
            *node = Node::text("");
        }
        node.kind = if parts.iter().any(|(_, half)| *half) {
            let children = parts.into_iter().map(|(text, half)| match half {
                true => Node::text(text).with_style(style("font-feature-settings:\"halt\"")),
                false => Node::text(text),
            });
            Node::container(children.collect::<Vec<Node>>())
                .kind
                .clone()
        } else {
            let text = parts.pop().map_or_else(String::new, |(text, _)| text);
            Node::text(text).kind.clone()
        };
    }
}

fn style(css: &str) -> Style {
    Style::from(StyleDeclarationBlock::parse_loosy(css))
}

fn is_br(node: &Node) -> bool {
    node.tag_name()
        .is_some_and(|tag| tag.eq_ignore_ascii_case("br"))
}

/// Characters without a width or a shape that stand for a number.
pub(super) fn tag(index: usize) -> String {
    let mut tag = String::from('\u{2064}');
    let mut rest = index;
    for _ in 0..6 {
        tag.push(match rest % 3 {
            0 => '\u{2061}',
            1 => '\u{2062}',
            _ => '\u{2063}',
        });
        rest /= 3;
    }
    tag
}

/// The numbers that stand in a text.
pub(super) fn tags(text: &str) -> impl Iterator<Item = usize> {
    text.split('\u{2064}').skip(1).filter_map(|part| {
        let digits: Vec<usize> = part
            .chars()
            .take(6)
            .map_while(|c| match c {
                '\u{2061}' => Some(0),
                '\u{2062}' => Some(1),
                '\u{2063}' => Some(2),
                _ => None,
            })
            .collect();
        (digits.len() == 6).then(|| digits.iter().rev().fold(0, |sum, digit| sum * 3 + digit))
    })
}
