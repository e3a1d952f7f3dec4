//! Carousels to specs: the slides of one, with their numbers, and one carousel for each item where that is asked for.
//! Knows nothing of what a slide shows.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::data::Item;
use crate::manifest::{At, Carousel, Slides};
use crate::spec::Spec;
use crate::spec::context::{self, Context};
use crate::spec::file::{self, Section};
use crate::spec::items::{LeftOut, Taken, for_item, of_item, read_items};
use crate::spec::layers::Layers;
use crate::spec::resolve::{Outcome, Resolver, SlideOf, Unit};
use base::diagnostic::{Diagnostic, Place, count};

/// The item that a carousel is made for, and what templates see of it.
struct Of<'i> {
    item: &'i Item,
    context: Context,
}

/// A slide before it has a number.
struct Slide<'a> {
    layers: Layers<'a>,
    context: Context,
    /// What its data says for roles.
    columns: Vec<(String, String)>,
    /// The section that it is made of.
    section: Option<Section>,
    place: Place,
}

/// The slides of a carousel.
#[derive(Default)]
struct Found<'a> {
    slides: Vec<Slide<'a>>,
    problems: Vec<Diagnostic>,
    left_out: Option<LeftOut>,
}

/// Slides with their numbers and ids, and each with the one before it.
fn numbered<'a>(name: &str, slides: Vec<Slide<'a>>) -> Vec<Unit<'a>> {
    let total = slides.len();
    let width = total.to_string().len().max(2);
    let id = |number: usize| format!("{name}/{number:0width$}");
    let unit = |(n, slide): (usize, Slide<'a>)| {
        let numbers = context::slide(n + 1, total, slide.section.as_ref());
        Unit {
            id: id(n + 1),
            place: slide.place,
            layers: slide.layers,
            context: slide.context.with("slide", numbers),
            columns: slide.columns,
            slide: Some(SlideOf {
                carousel: name.to_owned(),
                number: n + 1,
                first: id(1),
                previous: (n > 0).then(|| id(n)),
            }),
            item: None,
        }
    };
    slides.into_iter().enumerate().map(unit).collect()
}

impl<'a> Resolver<'a> {
    /// A carousel, or one for each item.
    pub(super) fn carousel(&self, carousel: &'a Carousel, base: &Layers<'a>) -> Outcome {
        let layers = base.with("", &carousel.folder, &carousel.fields);
        let Some(items) = &carousel.for_each else {
            return self.slides_of(carousel, &layers, &carousel.name, None);
        };
        let folder = &carousel.folder;
        let read = read_items(self.world, self.tree, items, folder, Taken::Together);
        let outcomes = read.items.par_iter();
        let mut outcomes: Vec<Outcome> = outcomes
            .map(|item| self.carousel_of(carousel, &layers, item))
            .collect();
        outcomes.push(Outcome {
            problems: read.problems,
            left_out: read.left_out.into_iter().collect(),
            ..Outcome::default()
        });
        Outcome::concat(outcomes)
    }

    /// The carousel of one item.
    fn carousel_of(&self, carousel: &'a Carousel, layers: &Layers<'a>, item: &Item) -> Outcome {
        let of = Of {
            item,
            context: of_item(self.templates.world(), item),
        };
        let shown = for_item(item).shown;
        let here = |d: Diagnostic| d.for_asset(&carousel.name.value).of_item(&shown);
        let name = match self.when(layers, &of.context) {
            Ok(true) => match &carousel.id {
                Some(id) => self.id(id, &of.context),
                // Told of the manifest.
                None => return Outcome::default(),
            },
            Ok(false) => return Outcome::default(),
            Err(problem) => Err(problem),
        };
        match name {
            Ok(value) => {
                let place = carousel.name.place.clone();
                let name = At { value, place };
                let mut all = self.slides_of(carousel, layers, &name, Some(&of));
                let problems = all.problems.into_iter();
                all.problems = problems.map(|problem| problem.of_item(&shown)).collect();
                all
            }
            Err(problem) => Outcome::wrong(here(problem)),
        }
    }

    /// The slides of the carousel of this name, and what is made of all of them.
    fn slides_of(
        &self,
        carousel: &'a Carousel,
        layers: &Layers<'a>,
        name: &At<String>,
        of: Option<&Of<'_>>,
    ) -> Outcome {
        let Found {
            slides,
            problems,
            left_out,
        } = self.slides(carousel, layers, &name.value, of);
        let total = slides.len();
        let units = numbered(&name.value, slides);
        let ids: Vec<String> = units.iter().map(|unit| unit.id.clone()).collect();
        let mut all = Outcome::concat(units.into_par_iter().map(|unit| self.unit(unit)).collect());
        all.problems.extend(problems);
        all.left_out.extend(left_out);
        all.problems
            .extend(self.too_many(carousel, &name.value, &all.specs));
        // Without the further targets of slides; with all of them only if nothing was wrong.
        let by_id: BTreeMap<&str, &Spec> = all
            .specs
            .iter()
            .map(|spec| (spec.id.as_str(), spec))
            .collect();
        let of_slides: Vec<&Spec> = ids
            .iter()
            .filter_map(|id| by_id.get(id.as_str()).copied())
            .collect();
        if of_slides.len() == total && total > 0 {
            let bundles = self.bundles(name, layers, &of_slides);
            all.append(bundles);
        }
        all
    }

    /// The slides of a carousel, without those that `when` leaves out, and what is wrong with them.
    fn slides(
        &self,
        carousel: &'a Carousel,
        layers: &Layers<'a>,
        name: &str,
        of: Option<&Of<'_>>,
    ) -> Found<'a> {
        let mut found = Found::default();
        let declared = match &carousel.slides {
            Slides::Items(items) => {
                let folder = &carousel.folder;
                let read = read_items(self.world, self.tree, items, folder, Taken::Together);
                found.problems = read.problems;
                found.left_out = read.left_out;
                self.of_rows(carousel, layers, &read.items)
            }
            Slides::Headings(level) => match self.of_sections(carousel, layers, level, of) {
                Ok(slides) => slides,
                Err(problem) => {
                    found.problems.push(problem.for_asset(name));
                    Vec::new()
                }
            },
            Slides::Tables(tables) => tables
                .iter()
                .map(|table| Slide {
                    layers: layers.with("", &carousel.folder, &table.fields),
                    context: of.map(|of| of.context.clone()).unwrap_or_default(),
                    columns: Vec::new(),
                    section: None,
                    place: table.place.clone(),
                })
                .collect(),
        };
        let mut wrong = Vec::new();
        for slide in declared {
            match self.when(&slide.layers, &slide.context) {
                Ok(true) => found.slides.push(slide),
                Ok(false) => {}
                Err(problem) => wrong.push(problem.for_asset(name)),
            }
        }
        found.problems.splice(..0, wrong);
        found
    }

    /// A slide for each row of data.
    fn of_rows(
        &self,
        carousel: &'a Carousel,
        layers: &Layers<'a>,
        rows: &[Item],
    ) -> Vec<Slide<'a>> {
        let slide = |item: &Item| Slide {
            layers: layers.clone(),
            context: of_item(self.templates.world(), item),
            columns: self.columns(item),
            section: None,
            place: carousel.name.place.clone(),
        };
        rows.iter().map(slide).collect()
    }

    /// A slide for each section of the text of an item: its heading is the headline and its text the body, unless the
    /// carousel says what these are.
    fn of_sections(
        &self,
        carousel: &'a Carousel,
        layers: &Layers<'a>,
        level: &At<u32>,
        of: Option<&Of<'_>>,
    ) -> Result<Vec<Slide<'a>>, Diagnostic> {
        let Some(of) = of else {
            return Ok(Vec::new());
        };
        let world = self.templates.world();
        let sections = file::sections(world, of.item, level.value as usize)
            .map_err(|why| Diagnostic::error(why).at(level.place.clone()))?;
        let said = layers.text();
        let slide = |section: Section| {
            let words = [("headline", &section.title), ("body", &section.body)];
            let columns = words
                .into_iter()
                .filter(|(role, _)| !said.contains_key(role));
            Slide {
                layers: layers.clone(),
                context: of.context.clone(),
                columns: columns
                    .map(|(role, words)| (role.to_owned(), words.clone()))
                    .collect(),
                section: Some(section),
                place: carousel.name.place.clone(),
            }
        };
        Ok(sections.into_iter().map(slide).collect())
    }

    /// A carousel longer than its platform takes, and no `split`: worth a word, since the rest of
    /// the slides cannot be posted.
    fn too_many(&self, carousel: &Carousel, name: &str, specs: &[Spec]) -> Option<Diagnostic> {
        let preset = &specs.first()?.preset;
        let most = preset.max_count?;
        let split = carousel.fields.split.as_ref();
        let parts = split.map_or(specs.len(), |at| at.value as usize);
        if parts.min(specs.len()) <= most as usize {
            return None;
        }
        let place = split.map_or(&carousel.name.place, |at| &at.place);
        Some(
            Diagnostic::warning(format!(
                "carousel `{name}` has {} in one part; `{}` takes {most}",
                count(parts.min(specs.len()), "slide"),
                preset.name,
            ))
            .at(place.clone())
            .hint(format!("`split = {most}` delivers it in parts")),
        )
    }

    /// The columns of a row that are named like a role.
    fn columns(&self, item: &Item) -> Vec<(String, String)> {
        let Some(row) = item.as_written().as_object() else {
            return Vec::new();
        };
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        row.iter()
            .filter(|(name, _)| self.manifest.project.roles.contains(name))
            .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
            .collect()
    }
}
