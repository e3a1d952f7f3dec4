//! What the manifests mean: [`Spec`], one asset with nothing left to decide. Knows nothing of what
//! was made before.

mod ask;
mod bundle;
mod carousel;
mod context;
mod cross_check;
mod output;
mod draw;
mod file;
mod items;
mod layers;
mod overlay;
mod pictures;
mod preflight;
mod ready;
mod references;
mod resolve;
mod target;

use crate::preset::Preset;
use base::diagnostic::{Diagnostic, Place};
use base::digest::Digest;
use base::path::ProjectPath;
use base::text::Text;
use export::sheet::Sheet;
use export::{Export, Format};
use model::request::{Overlay, Page, Picture, Prompt, Request};

pub use items::LeftOut;
pub use resolve::{DRAFT, Options, Resolved, resolve};

/// What is wrong with a unit.
type Problems = Vec<Diagnostic>;

/// One asset, resolved.
#[derive(Clone, Debug)]
pub struct Spec {
    /// `a/b`-shaped, unique.
    pub id: String,
    /// Where the picture goes, from the project's root.
    pub output: ProjectPath,
    /// Where it is declared.
    pub place: Place,
    /// The item of `for_each` that it is made for.
    pub item: Option<ForItem>,
    /// The words in the finished picture.
    pub text: Text,
    /// The target; of a bundle only its size is known: that of the sheet, or of the first page.
    pub preset: Preset,
    /// The carousel that it is a slide of, and its number there, from 1.
    pub slide: Option<(String, usize)>,
    /// The group that `[quota]` counts; none for a further target, which is the same picture.
    pub group: Option<String>,
    /// Keep the locked picture whatever its inputs become.
    pub pin: bool,
    /// How the output is made.
    pub recipe: Recipe,
    /// Where each value came from, for `show`; only if asked for.
    pub origins: Vec<Origin>,
}

/// How an output is made.
#[derive(Clone, Debug)]
pub enum Recipe {
    /// Out of a picture of its own.
    Shots(Shots),
    /// Out of other assets' outputs.
    Bundle(Bundle),
}

/// A picture that is drawn or asked for, and what makes an output of it.
#[derive(Clone, Debug)]
pub struct Shots {
    /// The template's name, without extension.
    pub template: String,
    /// The words that the first prompt must say: those before any edit; none under an overlay, which
    /// draws them itself.
    pub first_text: Text,
    /// The prompt that a model is told, whichever provider draws; only if asked for.
    pub prompt: Option<String>,
    /// The first request, then one for each edit step; never empty, and all of one model.
    pub requests: Vec<Request>,
    /// What makes the output out of the last one's picked picture.
    pub export: Export,
    /// What is drawn over that picture then, with all the words.
    pub overlay: Option<Overlay>,
}

impl Spec {
    /// The picture of its own; none for a bundle.
    pub fn shots(&self) -> Option<&Shots> {
        match &self.recipe {
            Recipe::Shots(shots) => Some(shots),
            Recipe::Bundle(_) => None,
        }
    }

    /// What is made of other assets' outputs; none for what has a picture of its own.
    pub fn bundle(&self) -> Option<&Bundle> {
        match &self.recipe {
            Recipe::Bundle(bundle) => Some(bundle),
            Recipe::Shots(_) => None,
        }
    }

    /// The requests in order: the first, then one for each edit step; none for a bundle.
    pub fn requests(&self) -> &[Request] {
        self.shots().map_or(&[], |shots| &shots.requests)
    }

    /// Those that a provider is asked, and paid for: all of them or none.
    pub fn paid(&self) -> impl Iterator<Item = &Request> {
        self.requests().iter().filter(|request| request.is_paid())
    }

    /// Whether it costs anything to make.
    pub fn is_paid(&self) -> bool {
        self.paid().next().is_some()
    }

    /// Whether a person makes its shots by hand.
    pub fn is_by_hand(&self) -> bool {
        self.requests()
            .first()
            .is_some_and(|request| request.model.is_by_hand())
    }

    /// The ids of the assets whose pictures this one takes; of a bundle, those whose outputs.
    pub fn takes(&self) -> impl Iterator<Item = &str> {
        let slides = self.bundle().into_iter().flat_map(|bundle| &bundle.slides);
        let prompts = self.requests().iter().filter_map(Request::prompt);
        prompts
            .flat_map(Prompt::pictures)
            .filter_map(|picture| match picture {
                Picture::Asset(id) => Some(id.as_str()),
                _ => None,
            })
            .chain(slides.map(String::as_str))
    }

    /// The output's size, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.preset.width, self.preset.height)
    }

    /// The format of the output, if that is a picture; none for a PDF.
    pub fn picture(&self) -> Option<Format> {
        match &self.recipe {
            Recipe::Shots(shots) => Some(shots.export.format),
            Recipe::Bundle(bundle) => match bundle.form {
                Form::Pdf { .. } => None,
                Form::Sheet { .. } => Some(Format::Png),
            },
        }
    }

    /// The name of the output's format: `png`, `jpeg`, `webp` or `pdf`.
    pub fn format(&self) -> &'static str {
        self.picture().map_or("pdf", Format::name)
    }
}

/// The item of `for_each` that an asset is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForItem {
    /// As it is told: `posts/a.md`, `items.csv:3`.
    pub shown: String,
    /// The file it stands in.
    pub file: ProjectPath,
    /// All that templates see of it, its file's name included.
    pub digest: Digest,
}

/// All slides of a carousel in one file.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The slides, in order.
    pub slides: Vec<String>,
    /// What is made of them.
    pub form: Form,
}

/// What is made of many slides.
#[derive(Clone, Debug)]
pub enum Form {
    /// A page for each.
    Pdf {
        /// What the document is called.
        title: String,
    },
    /// All of them on one picture.
    Sheet {
        /// Where they stand.
        sheet: Sheet,
        /// The numerals, as the local renderer draws them.
        numerals: Page,
        /// The version of the renderer.
        renderer: u32,
    },
}

impl Bundle {
    /// The outputs of the slides, in order; the first slide without one comes back as the error.
    pub fn outputs(&self, output_of: impl Fn(&str) -> Option<Digest>) -> Result<Vec<Digest>, &str> {
        self.slides
            .iter()
            .map(|slide| output_of(slide).ok_or(slide.as_str()))
            .collect()
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
