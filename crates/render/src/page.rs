//! Reads an HTML page: splits its style sheets off, finds the marked text elements and the pictures
//! it names. Knows HTML as text and as a node tree; measures and draws nothing.

use std::collections::BTreeSet;

use takumi::prelude::{FromHtmlOptions, Node, NodeKind};

use super::scan::{self, Scan};
use super::{DrawError, MAX_DEPTH, MAX_HTML_BYTES, MAX_NODES};

/// A page that is ready to be measured.
pub(super) struct Page {
    /// The elements, texts and images; every mark's element has the class that [`class`] names.
    pub root: Node,
    /// All style sheets, in order.
    pub css: String,
    /// The marked elements, in the order of the page.
    pub marks: Vec<Mark>,
    /// Every character that may be drawn.
    pub text: String,
    /// The pictures that the page names.
    pub images: BTreeSet<String>,
}

/// An element with `data-role`, `data-fit` or `data-break`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// Its `data-role`, for messages; empty if it has none.
    pub role: String,
    /// The smallest and the largest font size in px, if it is to fit.
    pub fit: Option<(f32, f32)>,
    /// Whether its lines are chosen by words.
    pub words: bool,
    /// Its `style` attribute, to which a size can be added.
    pub style: String,
    /// Where it is in the tree: the child to take at each level.
    pub path: Vec<usize>,
    /// The nearest element around it that is to fit: this one's size goes with that one's.
    pub group: Option<usize>,
    /// Whether it is such an element around others.
    pub is_group: bool,
    /// Its own texts, not those of a marked element inside it: a path each.
    pub leaves: Vec<Vec<usize>>,
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Result<Self, DrawError> {
        if html.len() > MAX_HTML_BYTES {
            let mib = MAX_HTML_BYTES >> 20;
            return Err(DrawError::Html(format!(
                "the page is larger than {mib} MiB"
            )));
        }
        let Scan {
            html,
            css,
            found,
            mut text,
            mut images,
        } = scan::scan(html)?;
        let (html, css) = document(html, css);
        let options = FromHtmlOptions::builder().max_depth(MAX_DEPTH).build();
        let root = takumi::from_html(&html, options)
            .map_err(|_| DrawError::Html(format!("elements nest deeper than {MAX_DEPTH}")))?;
        let mut marks: Vec<Mark> = found
            .into_iter()
            .map(|found| Mark {
                role: found.role,
                fit: found.fit,
                words: found.words,
                style: found.style,
                path: Vec::new(),
                group: None,
                is_group: false,
                leaves: Vec::new(),
            })
            .collect();
        let mut walk = Walk {
            marks: &mut marks,
            text: &mut text,
            nodes: 0,
        };
        walk.node(&root, &mut Vec::new(), None);
        if walk.nodes > MAX_NODES {
            return Err(DrawError::Html(format!(
                "the page has more than {MAX_NODES} elements and texts"
            )));
        }
        images.extend(root.image_urls().map(str::to_owned));
        images.retain(|name| {
            !name.is_empty() && !name.starts_with("data:") && !name.starts_with('#')
        });
        Ok(Self {
            root,
            css,
            marks,
            text,
            images,
        })
    }
}

/// A page of its own `html` and `body`: rules for them find them, whether they were written or not. What has neither was
/// written for the whole picture, and has a `body` of that size without a margin.
fn document(html: String, css: String) -> (String, String) {
    let begins = |name: &str| {
        let start = html.trim_start_matches('\u{feff}').trim_start();
        start
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if begins("<!doctype") || begins("<html") {
        return (html, css);
    }
    let lower = html.to_ascii_lowercase();
    let css = match lower.contains("<body") {
        true => css,
        false => format!("{WHOLE}\n{css}"),
    };
    (format!("<!DOCTYPE html>{html}"), css)
}

/// The first rules of a page without `html` and `body`; its own come after, and win.
const WHOLE: &str = "html, body { height: 100%; } body { margin: 0; box-sizing: border-box; }";

/// The node at a path.
pub(super) fn node_at<'n>(root: &'n mut Node, path: &[usize]) -> Option<&'n mut Node> {
    let mut node = root;
    for index in path {
        let NodeKind::Container { children } = &mut node.kind else {
            return None;
        };
        node = children.get_mut(*index)?;
    }
    Some(node)
}

/// The text of a node; `None` when it is not a text.
pub(super) fn text_at<'n>(root: &'n mut Node, path: &[usize]) -> Option<&'n mut String> {
    match &mut node_at(root, path)?.kind {
        NodeKind::Text(data) => Some(&mut data.text),
        _ => None,
    }
}

/// Goes through the tree once.
struct Walk<'a> {
    marks: &'a mut Vec<Mark>,
    text: &'a mut String,
    nodes: usize,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, path: &mut Vec<usize>, inside: Option<usize>) {
        self.nodes += 1;
        let own = node
            .classes()
            .find_map(|class| class.strip_prefix("gpbuild-mark-")?.parse::<usize>().ok())
            .filter(|index| *index < self.marks.len());
        if let Some(index) = own {
            self.marks[index].path = path.clone();
            let around = inside.and_then(|i| match self.marks[i].fit {
                Some(_) => Some(i),
                None => self.marks[i].group,
            });
            self.marks[index].group = around;
            if let Some(around) = around {
                self.marks[around].is_group = true;
            }
        }
        let inside = own.or(inside);
        match &node.kind {
            NodeKind::Container { children } => {
                for (index, child) in children.iter().enumerate() {
                    path.push(index);
                    self.node(child, path, inside);
                    path.pop();
                }
            }
            NodeKind::Text(data) => {
                self.text.push_str(&data.text);
                if let Some(index) = inside {
                    self.marks[index].leaves.push(path.clone());
                }
            }
            _ => {}
        }
    }
}
