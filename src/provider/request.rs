//! What a provider is asked: the whole of it. The key hashes this same [`Request`], so what is sent
//! is what is hashed. Knows no key, plan or store.

use std::sync::Arc;

use serde_json::Value;

use crate::digest::Digest;
use crate::model::ModelId;
use crate::path::ProjectPath;

/// One shot: everything that may change its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who is asked.
    pub model: ModelId,
    /// The version of the code that asks.
    pub adapter: u32,
    /// What is asked for.
    pub operation: Operation,
    /// Pixels asked for.
    pub width: u32,
    /// Pixels asked for.
    pub height: u32,
    /// The final prompt; empty for the local renderer, which draws a page.
    pub prompt: String,
    /// The page that the local renderer draws.
    pub page: Option<Page>,
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
    /// Which roll of the same spec, from 1.
    pub variant: u32,
    /// Pictures to go by, in order.
    pub references: Vec<Picture>,
    /// Where an edit may change the picture.
    pub mask: Option<Picture>,
}

/// What is asked for.
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
