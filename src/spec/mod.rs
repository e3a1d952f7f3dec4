//! What the manifests mean: [`Spec`], one asset with nothing left to decide. Knows nothing of what
//! was made before.

mod ask;
mod context;
mod deliver;
mod draw;
mod layers;
mod overlay;
mod preflight;
mod ready;
mod resolve;
mod target;
mod together;

use crate::diagnostic::Place;
use crate::export::Export;
use crate::path::ProjectPath;
use crate::preset::Preset;
use crate::provider::request::{Overlay, Picture, Request};
use crate::text::Text;

pub use resolve::{DRAFT, Options, Resolved, resolve};

/// One asset, resolved.
#[derive(Clone, Debug)]
pub struct Spec {
    /// `a/b`-shaped, unique.
    pub id: String,
    /// Where the picture goes, from the project's root.
    pub output: ProjectPath,
    /// Where it is declared.
    pub place: Place,
    /// The item of `for_each` that it is made for: `posts/a.md`, `items.csv:3`.
    pub item: Option<String>,
    /// The words in the finished picture.
    pub text: Text,
    /// The words that the first prompt must say: those before any edit; none under an overlay, which
    /// draws them itself.
    pub first_text: Text,
    /// The target.
    pub preset: Preset,
    /// The template's name, without extension.
    pub template: String,
    /// The group that `[quota]` counts; none for a further target, which is the same picture.
    pub group: Option<String>,
    /// Keep the locked picture whatever its inputs become.
    pub pin: bool,
    /// The shots in order: the first, then one for each edit step. Never empty.
    pub shots: Vec<Request>,
    /// What makes the output out of the last shot's picked picture.
    pub export: Export,
    /// What is drawn over that picture then, with all the words.
    pub overlay: Option<Overlay>,
    /// The prompt that a model is told, whichever provider draws; only if asked for.
    pub prompt: Option<String>,
    /// Where each value came from, for `show`; only if asked for.
    pub origins: Vec<Origin>,
}

impl Spec {
    /// The ids of the assets whose pictures this one takes.
    pub fn takes(&self) -> impl Iterator<Item = &str> {
        self.shots
            .iter()
            .flat_map(move |shot| shot.references.iter().chain(shot.mask.iter()))
            .filter_map(|picture| match picture {
                Picture::Asset(id) => Some(id.as_str()),
                _ => None,
            })
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The field: `quality`, `text.headline`.
    pub field: String,
    /// The value, as text.
    pub value: String,
    /// `default`, `gpbuild.toml:4`, `--model`, `profile final, gpbuild.toml:9`.
    pub from: String,
}
