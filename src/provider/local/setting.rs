//! The text of one marked element: taken out of the tree as one line of characters, put back as
//! chosen lines. Knows where each character came from; measures nothing.

use std::ops::Range;

use takumi::prelude::{Node, NodeKind, Style, StyleDeclarationBlock};

use super::breaks::{self, Grain, Piece};
use super::page::{Mark, node_at, text_at};
use super::typeset::{self, Lines};

/// A marked element's text and what was chosen for it.
pub(super) struct Setting {
    /// The text; single spaces, `\n` where the author broke the line.
    text: String,
    /// For each byte of `text`, which of the element's leaves it stands in.
    leaf: Vec<usize>,
    /// Where lines may end.
    pub pieces: Vec<Piece>,
    /// The width of each piece at the size it was measured with.
    pub widths: Vec<f32>,
    /// The width of a space at that size.
    pub space: f32,
    /// The chosen font size, if the element is to fit.
    pub size: Option<f32>,
    /// The chosen lines, if they are chosen here.
    pub lines: Option<Lines>,
}

/// How the text is put back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the style sheet breaks it, with a mark in it to find it by.
    Found(usize),
    /// Each piece on a line of its own, after a line with a space.
    Pieces,
    /// In the chosen lines.
    Chosen,
}

impl Setting {
    /// Takes the text of `mark` out of the tree.
    pub fn new(root: &mut Node, mark: &Mark) -> Self {
        let mut text = String::new();
        let mut leaf = Vec::new();
        for (index, path) in mark.leaves.iter().enumerate() {
            let broken = node_at(root, path).is_some_and(|node| is_br(node));
            let Some(own) = text_at(root, path) else {
                continue;
            };
            let own = if broken { "\n" } else { own.as_str() };
            for c in own.chars() {
                match c {
                    '\n' => {
                        text.truncate(text.trim_end_matches(' ').len());
                        text.push('\n');
                    }
                    ' ' | '\t' | '\r' if text.is_empty() || text.ends_with([' ', '\n']) => {}
                    '\t' | '\r' => text.push(' '),
                    c => text.push(c),
                }
                leaf.resize(text.len(), index);
            }
        }
        let end = text.trim_end().len();
        text.truncate(end);
        let start = text.len() - text.trim_start().len();
        text.drain(..start);
        leaf.truncate(end);
        leaf.drain(..start);
        let pieces = match mark.words {
            true => breaks::pieces(&text, Grain::Words),
            false => Vec::new(),
        };
        Self {
            text,
            leaf,
            pieces,
            widths: Vec::new(),
            space: 0.0,
            size: mark.fit.map(|(low, _)| low),
            lines: None,
        }
    }

    /// How many characters it has.
    pub fn len(&self) -> usize {
        self.text.chars().count()
    }

    /// The texts of the pieces, in order.
    pub fn piece_texts(&self) -> impl Iterator<Item = &str> {
        self.pieces
            .iter()
            .map(|piece| &self.text[piece.range.clone()])
    }

    /// Cuts the text more finely.
    pub fn cut_finely(&mut self) {
        self.pieces = breaks::pieces(&self.text, Grain::Characters);
    }

    /// Chooses the lines for a box of `room` px at `scale` times the measured size; false when the
    /// box is narrower than a piece.
    pub fn choose(&mut self, room: f32, scale: f32) -> bool {
        // Pieces are measured one by one: together they may be a hair wider than their own box.
        let room = (room * 1.002 + 0.75) / scale.max(f32::EPSILON);
        self.lines = typeset::lines(&self.pieces, &self.widths, self.space, room);
        self.lines.is_some()
    }

    /// Puts the text back.
    pub fn put(&self, root: &mut Node, mark: &Mark, form: Form) {
        let own_lines =
            mark.words && (form == Form::Pieces || (form == Form::Chosen && self.lines.is_some()));
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
            *node = taken.with_style(Style::from(StyleDeclarationBlock::parse_loosy(&css)));
        }
        if mark.words {
            self.put_lines(root, mark, form, own_lines);
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

    fn put_lines(&self, root: &mut Node, mark: &Mark, form: Form, own_lines: bool) {
        let mut leaves = vec![String::new(); mark.leaves.len()];
        if form == Form::Pieces
            && let Some(first) = self.leaf.first()
        {
            leaves[*first].push_str("\u{a0}\n");
        }
        let lines: Vec<Range<usize>> = match (&self.lines, form) {
            (Some(chosen), Form::Chosen) => chosen.lines.clone(),
            (_, Form::Pieces) => (0..self.pieces.len()).map(|i| i..i + 1).collect(),
            _ => Vec::new(),
        };
        let ranges: Vec<Range<usize>> = if own_lines {
            lines
                .iter()
                .filter(|line| !line.is_empty())
                .map(|line| {
                    self.pieces[line.start].range.start..self.pieces[line.end - 1].range.end
                })
                .collect()
        } else {
            std::iter::once(0..self.text.len()).collect()
        };
        for (n, range) in ranges.iter().enumerate() {
            for (at, c) in self.text[range.clone()].char_indices() {
                leaves[self.leaf[range.start + at]].push(c);
            }
            if n + 1 < ranges.len()
                && let Some(last) = range.end.checked_sub(1)
            {
                leaves[self.leaf[last]].push('\n');
            }
        }
        for (path, text) in mark.leaves.iter().zip(leaves) {
            let Some(node) = node_at(root, path) else {
                continue;
            };
            // A `<br>` holds its line feed as text; the chosen lines have it already.
            if is_br(node) {
                *node = Node::text(text);
            } else if let NodeKind::Text(data) = &mut node.kind {
                data.text = text;
            }
        }
    }
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
