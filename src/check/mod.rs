//! What can be said of an asset without making it, and of its picture without asking anybody: a check a
//! file, each a pure function of [`Facts`] and a spec. Reads no disk, knows no command and no run: who
//! calls it finds the facts, and decides what is told.

mod contrast;
mod judge;
mod next;
mod page;
mod prompt;
mod retired;
mod transparent;

use std::collections::BTreeMap;

use base::diagnostic::Diagnostic;
use declare::spec::Spec;
use model::request::{Overlay, Page};
use render::Fonts;

pub use contrast::{faintest, look};
pub use judge::Judge;
pub use next::{Next, Remaining, next};
pub use page::{draw_diagnostic, overlay_diagnostic, page};
pub use prompt::prompt;
pub use retired::retired;
pub use transparent::transparent;

/// The pictures that a page names, by name.
pub type Images = BTreeMap<String, Vec<u8>>;

/// What is known besides the spec itself.
pub struct Facts<'a> {
    /// What pages are drawn with.
    pub fonts: &'a Fonts,
    /// The pictures that a page names; why one of them cannot be had.
    pub images: &'a (dyn Fn(&Page) -> Result<Images, Diagnostic> + Sync),
}

/// The page that an asset's picture is drawn from, and its size in pixels.
pub fn drawn(spec: &Spec) -> Option<(&Page, u32, u32)> {
    let shot = spec.requests().first()?;
    Some((shot.page()?, shot.width, shot.height))
}

/// What is drawn over an asset's picture.
pub fn overlay(spec: &Spec) -> Option<&Overlay> {
    spec.shots()?.overlay.as_ref()
}
