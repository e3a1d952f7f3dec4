//! The request of a local drawing: which layout, with which pictures; and what the local renderer has
//! to refuse.

use std::sync::Arc;

use crate::manifest::{At, Reference};
use crate::spec::Problems;
use crate::spec::context::Context;
use crate::spec::ready::Ready;
use crate::spec::resolve::Resolver;
use crate::spec::target::{MAX_REFERENCE_BYTES, SLIDE, Target};
use crate::template;
use base::diagnostic::{Diagnostic, Place, list};
use base::path::ProjectPath;
use model::ModelId;
use model::request::{Page, PageImage, Request, Work};

/// The layout of a cover whose template has none.
const POSTER: &str = "poster";

impl<'a> Resolver<'a> {
    pub(super) fn refuse_what_only_a_model_can(
        &self,
        ready: &Ready<'a>,
        model: &At<ModelId>,
    ) -> Result<(), Problems> {
        if self.options.is_draft() {
            return Ok(());
        }
        let layers = &ready.unit.layers;
        let mut wanted: Vec<(&str, Place, &str)> = Vec::new();
        if let Some(found) = layers.get(|f| f.candidates.as_ref())
            && found.value.value > 1
        {
            let why = "it draws the same picture each time";
            wanted.push(("candidates", found.value.place.clone(), why));
        }
        if let Some(found) = layers.get(|f| f.references.as_ref())
            && let Some(first) = found.value.first()
        {
            let place = match first {
                Reference::Files(at) | Reference::Asset(at) => at.place.clone(),
            };
            wanted.push(("references", place, "it draws a layout, not from pictures"));
        }
        if let Some(found) = layers.get(|f| f.mask.as_ref()) {
            let why = "it draws a layout, it does not edit";
            wanted.push(("mask", found.value.place.clone(), why));
        }
        if let Some(found) = layers.get(|f| f.series.as_ref())
            && ready.unit.slide.is_some()
            && found.value.value != "none"
        {
            let why = "its slides are alike without a reference";
            wanted.push(("series", found.value.place.clone(), why));
        }
        if let Some(edit) = self.edits(ready).first() {
            let why = "it draws a layout, it does not edit";
            wanted.push(("edit", edit.change.place.clone(), why));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let refuse = |(field, place, why): (&str, Place, &str)| {
            Diagnostic::error(format!("`{}` cannot do `{field}`: {why}", model.value))
                .at(place)
                .hint(format!(
                    "set `{field}` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out"
                ))
        };
        Err(wanted.into_iter().map(refuse).collect())
    }

    /// The one request of a local drawing.
    pub(super) fn draw(
        &self,
        ready: &Ready<'a>,
        target: &Target<'_>,
        model: &At<ModelId>,
        template: &str,
        context: &Context,
    ) -> Result<Request, Problems> {
        let exists = |name: &str| self.templates.exists(&format!("{name}.html"));
        let fallback = if ready.unit.slide.is_some() {
            SLIDE
        } else {
            POSTER
        };
        let name = &model.value.name;
        let layout = if name.is_empty() {
            if exists(template) { template } else { fallback }
        } else if exists(name) {
            name
        } else {
            let known: Vec<&str> = template::built_in()
                .filter(|name| !template::OVERLAYS.contains(name))
                .filter_map(|name| name.strip_suffix(".html"))
                .collect();
            return Err(vec![
                Diagnostic::error(format!("there is no layout `{name}`"))
                    .at(model.place.clone())
                    .did_you_mean(name, known.iter().copied())
                    .hint(format!(
                        "`local/NAME` draws `{}/NAME.html`; built in are {}",
                        self.templates.folder(),
                        list(&known)
                    )),
            ]);
        };
        let html = self
            .templates
            .render(&format!("{layout}.html"), context)
            .map_err(|p| vec![p])?;
        let images = self.page_images(ready, &html)?;
        Ok(Request {
            model: model.value.clone(),
            adapter: render::VERSION,
            width: target.preset.width,
            height: target.preset.height,
            cell: None,
            variant: self.variant(ready),
            work: Work::Draw(Page {
                html,
                fonts: Arc::clone(self.fonts),
                images,
            }),
        })
    }

    /// The pictures that a page names: files of the project.
    pub(super) fn page_images(
        &self,
        ready: &Ready<'a>,
        html: &str,
    ) -> Result<Vec<PageImage>, Problems> {
        let mut images = Vec::new();
        let names = render::image_names(html)
            .map_err(|e| vec![Diagnostic::error(e.to_string()).at(ready.unit.place.clone())])?;
        for name in names {
            let problem = |why: String| {
                vec![
                    Diagnostic::error(format!("the layout's picture `{name}`: {why}"))
                        .at(ready.unit.place.clone())
                        .hint("pictures of a layout are files of the project, by their path from its root"),
                ]
            };
            if name.contains("://") {
                return Err(problem("nothing is fetched from the network".to_owned()));
            }
            let path = ProjectPath::new(&name).map_err(|why| problem(format!("the path {why}")))?;
            let digest = self
                .world
                .digest(&path, MAX_REFERENCE_BYTES)
                .map_err(|e| problem(e.to_string()))?;
            self.pictures
                .is_there(self.world.root(), &path)
                .map_err(|p| vec![p.at(ready.unit.place.clone())])?;
            images.push(PageImage { name, path, digest });
        }
        Ok(images)
    }
}
