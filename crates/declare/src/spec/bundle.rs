//! What is made of all slides of a carousel together: a PDF, a contact sheet. Knows which slides and
//! where it goes; makes nothing.

use std::sync::Arc;

use crate::manifest::{At, Bundling};
use crate::preset::Preset;
use crate::spec::context::Context;
use crate::spec::layers::{Found, Layers};
use crate::spec::ready::origin;
use crate::spec::resolve::{Outcome, Resolver};
use crate::spec::{Bundle, Form, Recipe, Spec};
use base::diagnostic::{Diagnostic, count};
use base::path::ProjectPath;
use base::text::Text;
use export::sheet::Sheet;
use model::request::Page;

/// How a kind of bundle is told from others.
struct Kind {
    /// The field that asks for it, which ends its id.
    field: &'static str,
    extension: &'static str,
    /// Where it goes if nothing is said.
    usual: String,
}

impl<'a> Resolver<'a> {
    /// The bundles that are asked for of these slides, which are all the slides of a carousel.
    pub(super) fn bundles(
        &self,
        carousel: &At<String>,
        layers: &Layers<'a>,
        slides: &[&Spec],
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let name = &carousel.value;
        let wanted = |found: &Found<'_, At<Bundling>>| found.value.value != Bundling::None;
        if let Some(found) = layers.get(|f| f.pdf.as_ref()).filter(wanted) {
            let form = Form::Pdf {
                title: name.clone(),
            };
            let first = slides.first().map_or((0, 0), |slide| slide.size());
            let built = self.bundle(carousel, slides, found, form, first);
            outcome.add(built);
        }
        if let Some(found) = layers.get(|f| f.sheet.as_ref()).filter(wanted) {
            let built = self
                .sheet(carousel, slides)
                .and_then(|(form, size)| self.bundle(carousel, slides, found, form, size));
            outcome.add(built);
        }
        outcome
    }

    fn sheet(
        &self,
        carousel: &At<String>,
        slides: &[&Spec],
    ) -> Result<(Form, (u32, u32)), Diagnostic> {
        let sizes: Vec<(u32, u32)> = slides.iter().map(|slide| slide.size()).collect();
        // As many digits as their ids have.
        let digits = slides.len().to_string().len().max(2);
        let Some(sheet) = Sheet::new(&sizes, digits) else {
            return Err(Diagnostic::error(format!(
                "the {} of carousel `{}` are too many for one contact sheet",
                count(slides.len(), "slide"),
                carousel.value
            ))
            .at(carousel.place.clone())
            .hint("`sheet = false` leaves it out; `pdf = true` holds them all"));
        };
        let size = sheet.size();
        let form = Form::Sheet {
            sheet,
            numerals: Page {
                html: render::NUMERALS.to_owned(),
                fonts: Arc::clone(self.fonts),
                images: Vec::new(),
            },
            renderer: render::VERSION,
        };
        Ok((form, size))
    }

    fn bundle(
        &self,
        carousel: &At<String>,
        slides: &[&Spec],
        found: Found<'_, At<Bundling>>,
        form: Form,
        (width, height): (u32, u32),
    ) -> Result<Spec, Diagnostic> {
        let name = carousel.value.as_str();
        let place = &found.value.place;
        let out = &self.manifest.project.out;
        let kind = match form {
            Form::Pdf { .. } => Kind {
                field: "pdf",
                extension: "pdf",
                usual: format!("{out}/{name}.pdf"),
            },
            Form::Sheet { .. } => Kind {
                field: "sheet",
                extension: "png",
                usual: format!("{out}/{name}-sheet.png"),
            },
        };
        let output = self.path_of_bundle(name, found.value, &kind)?;
        let mut origins = Vec::new();
        if self.options.explain {
            origins.push(origin(kind.field, output.as_str(), place, found.layer));
        }
        Ok(Spec {
            id: format!("{name}/{}", kind.field),
            output,
            place: carousel.place.clone(),
            item: None,
            // What its first slide says is what all of it is about.
            text: slides
                .first()
                .map_or_else(Text::default, |s| s.text.clone()),
            preset: Preset::of_size(width, height),
            slide: None,
            group: None,
            pin: false,
            recipe: Recipe::Bundle(Bundle {
                slides: slides.iter().map(|slide| slide.id.clone()).collect(),
                form,
            }),
            origins,
        })
    }

    /// Where a bundle of the carousel `name` goes: where the manifest says, else to the usual place.
    fn path_of_bundle(
        &self,
        name: &str,
        said: &At<Bundling>,
        kind: &Kind,
    ) -> Result<ProjectPath, Diagnostic> {
        let Kind {
            field,
            extension,
            usual,
        } = kind;
        let place = &said.place;
        let path = match &said.value {
            Bundling::To(path) => {
                let context = Context::default()
                    .with("id", minijinja::Value::from(name))
                    .with("ext", minijinja::Value::from(*extension));
                let value = path.clone();
                let place = place.clone();
                self.string(&At { value, place }, &context)?
            }
            _ => usual.clone(),
        };
        let output = ProjectPath::for_output(&path).map_err(|why| {
            let out = &self.manifest.project.out;
            Diagnostic::error(format!("the output `{path}` {why}"))
                .at(place.clone())
                .hint(format!(
                    "an output is a path inside the project, such as `{out}/{{{{ id }}}}.{extension}`"
                ))
        })?;
        if output.extension().as_deref() != Some(*extension) {
            return Err(Diagnostic::error(format!(
                "the output `{path}` does not end in `.{extension}`"
            ))
            .at(place.clone())
            .hint(format!("`{field} = true` writes `{usual}`")));
        }
        Ok(output)
    }
}

impl Outcome {
    fn add(&mut self, built: Result<Spec, Diagnostic>) {
        match built {
            Ok(spec) => self.specs.push(spec),
            Err(problem) => self.problems.push(problem),
        }
    }
}
