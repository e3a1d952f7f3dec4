//! Where texts stand in a page that was laid out. Knows the measured tree; chooses nothing.

use takumi::prelude::MeasuredNode;

use super::text_block::tags;

/// The box of a line's ink in the picture.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl Ink {
    pub fn new(transform: &[f32; 6], [left, top, right, bottom]: [f32; 4]) -> Self {
        let [a, b, c, d, x, y] = *transform;
        let mut ink = Self {
            left: f32::INFINITY,
            top: f32::INFINITY,
            right: f32::NEG_INFINITY,
            bottom: f32::NEG_INFINITY,
        };
        for (px, py) in [(left, top), (right, top), (left, bottom), (right, bottom)] {
            let (px, py) = (a * px + c * py + x, b * px + d * py + y);
            ink.left = ink.left.min(px);
            ink.right = ink.right.max(px);
            ink.top = ink.top.min(py);
            ink.bottom = ink.bottom.max(py);
        }
        ink
    }

    /// How deep two boxes stand in each other.
    pub fn overlap(&self, other: &Self) -> f32 {
        let wide = self.right.min(other.right) - self.left.max(other.left);
        let high = self.bottom.min(other.bottom) - self.top.max(other.top);
        wide.min(high)
    }
}

/// The measured node at a path.
pub(super) fn at<'m>(root: &'m MeasuredNode, path: &[usize]) -> Option<&'m MeasuredNode> {
    path.iter()
        .try_fold(root, |node, index| node.children.get(*index))
}

/// Finds the tagged texts.
pub(super) fn places(node: &MeasuredNode, path: &mut Vec<usize>, found: &mut [Vec<Vec<usize>>]) {
    for run in &node.runs {
        for index in tags(&run.text) {
            if let Some(places) = found.get_mut(index)
                && places.last() != Some(path)
            {
                places.push(path.clone());
            }
        }
    }
    for (index, child) in node.children.iter().enumerate() {
        path.push(index);
        places(child, path, found);
        path.pop();
    }
}
