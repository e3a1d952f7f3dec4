//! What is drawn over a picture: which layout, with the words that the picture itself is then not told.
//! Draws nothing.

use std::sync::Arc;

use crate::manifest::At;
use crate::spec::Origin;
use crate::spec::Problems;
use crate::spec::context::Context;
use crate::spec::ready::{Ready, origin};
use crate::spec::resolve::{Resolver, Unit};
use crate::template;
use base::diagnostic::{Diagnostic, list};
use model::request::{Overlay, Page};

/// Switches an inherited overlay off.
const NONE: &str = "none";

impl<'a> Resolver<'a> {
    /// The name of the overlay's layout, if there is one.
    pub(super) fn overlay_name(
        &self,
        unit: &Unit<'a>,
        context: &Context,
        origins: &mut Vec<Origin>,
    ) -> Result<Option<At<String>>, Diagnostic> {
        let Some(found) = unit.layers.get(|f| f.overlay.as_ref()) else {
            return Ok(None);
        };
        let value = self.string(found.value, context)?;
        let place = found.value.place.clone();
        if self.options.explain {
            origins.push(origin("overlay", &value, &place, found.layer));
        }
        Ok((value != NONE).then_some(At { value, place }))
    }

    /// The overlay of one target, composed for its size. `context` holds the final words.
    pub(super) fn overlay(
        &self,
        ready: &Ready<'a>,
        context: &Context,
    ) -> Result<Option<Overlay>, Problems> {
        let Some(name) = &ready.overlay else {
            return Ok(None);
        };
        let file = format!("{}.html", name.value);
        if !self.templates.exists(&file) {
            return Err(vec![self.no_such_overlay(name)]);
        }
        let html = self.templates.render(&file, context).map_err(|p| vec![p])?;
        let images = self.page_images(ready, &html)?;
        Ok(Some(Overlay {
            layout: name.value.clone(),
            renderer: render::VERSION,
            page: Page {
                html,
                fonts: Arc::clone(self.fonts),
                images,
            },
        }))
    }

    fn no_such_overlay(&self, name: &At<String>) -> Diagnostic {
        let folder = format!("{}/", self.templates.folder());
        let own = self
            .tree
            .files
            .iter()
            .filter_map(|path| path.as_str().strip_prefix(&folder));
        let layouts = own
            .chain(template::OVERLAYS)
            .filter_map(|file| file.strip_suffix(".html"));
        let built_in: Vec<&str> = template::OVERLAYS
            .iter()
            .filter_map(|file| file.strip_suffix(".html"))
            .collect();
        Diagnostic::error(format!("there is no layout `{}`", name.value))
            .at(name.place.clone())
            .did_you_mean(&name.value, layouts.chain([NONE]))
            .hint(format!(
                "`overlay = \"NAME\"` draws `{folder}NAME.html` over the picture; built in: {}; `none` is no overlay",
                list(&built_in)
            ))
    }
}
