//! What a provider is asked: the whole of it. The key hashes this same [`Request`], so what is sent
//! is what is hashed. Knows no key, plan or store.

use std::sync::Arc;

use serde_json::Value;

use crate::Cell;
use crate::ModelId;
use base::digest::Digest;
use base::path::ProjectPath;

/// One shot: everything that may change its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who makes it.
    pub model: ModelId,
    /// The version of the code that asks, or draws.
    pub adapter: u32,
    /// Pixels asked for.
    pub width: u32,
    /// Pixels asked for.
    pub height: u32,
    /// How the model is told them, if not in pixels.
    pub cell: Option<Cell>,
    /// Which roll of the same spec, from 1.
    pub variant: u32,
    /// What there is to do.
    pub work: Work,
}

/// What there is to do for a shot.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The local renderer draws a page, for nothing.
    Draw(Page),
    /// A provider is asked, and paid.
    Ask(Prompt),
}

/// What a provider is asked, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The final words.
    pub text: String,
    /// The quality tier, if the model has any.
    pub quality: Option<String>,
    /// `auto`, `opaque`, `transparent`.
    pub background: Option<String>,
    /// How many pictures.
    pub candidates: u32,
    /// The format asked for.
    pub format: String,
    /// Provider-specific parameters: null or an object.
    pub params: Value,
    /// Pictures to go by, in order.
    pub references: Vec<Picture>,
    /// Where an edit may change the first of them.
    pub mask: Option<Picture>,
}

impl Request {
    /// Whether a provider is asked, and paid.
    pub fn is_paid(&self) -> bool {
        self.prompt().is_some()
    }

    /// What a provider is asked; none for a drawing.
    pub fn prompt(&self) -> Option<&Prompt> {
        match &self.work {
            Work::Ask(prompt) => Some(prompt),
            Work::Draw(_) => None,
        }
    }

    /// What the local renderer draws; none for what a provider is asked.
    pub fn page(&self) -> Option<&Page> {
        match &self.work {
            Work::Draw(page) => Some(page),
            Work::Ask(_) => None,
        }
    }

    /// What is asked for, in one word.
    pub fn operation(&self) -> Operation {
        match &self.work {
            Work::Draw(_) => Operation::Draw,
            Work::Ask(prompt) => prompt.operation(),
        }
    }
}

impl Prompt {
    /// A picture from words, or one from pictures.
    pub fn operation(&self) -> Operation {
        match self.references.is_empty() {
            true => Operation::Generate,
            false => Operation::Edit,
        }
    }

    /// The pictures that go with it: its references in order, then its mask.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.references.iter().chain(&self.mask)
    }
}

/// What is asked for, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A page drawn by the local renderer.
    Draw,
    /// A picture from a prompt.
    Generate,
    /// A picture from a prompt and pictures.
    Edit,
}

impl Operation {
    /// The word in keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draw => "draw",
            Self::Generate => "generate",
            Self::Edit => "edit",
        }
    }
}

/// What the local renderer draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The layout, rendered.
    pub html: String,
    /// The digests of all fonts that it may be drawn with, in order.
    pub fonts: Arc<[Digest]>,
    /// The pictures that the page names.
    pub images: Vec<PageImage>,
}

/// A page that is drawn over the picked picture, as part of its export.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// The layout's name, for people: it does not count.
    pub layout: String,
    /// The version of the renderer.
    pub renderer: u32,
    /// The page, composed for the size of the output; its ground is transparent.
    pub page: Page,
}

/// A picture that a page names.
#[derive(Clone, Debug, PartialEq)]
pub struct PageImage {
    /// As the page writes it.
    pub name: String,
    /// Where it is.
    pub path: ProjectPath,
    /// Its bytes.
    pub digest: Digest,
}

/// A picture that goes into a shot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A file of the project.
    File(ProjectPath, Digest),
    /// The picked picture of another asset.
    Asset(String),
    /// The picked picture of the shot before, in a chain of edits.
    Previous,
}
