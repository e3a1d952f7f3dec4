//! Manifests to specs: one spec for each cover, each of its further targets, and each slide; then
//! what only shows when all of them are known: two ids or outputs alike, quotas, cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use crate::data::Item;
use crate::manifest::{At, Carousel, Cover, Fields, Manifest, Slides, Tree, is_id};
use crate::spec::context::{self, Context};
use crate::spec::cross_check::cross_check;
use crate::spec::items::{Taken, for_item, new_items, of_item, read_items};
use crate::spec::layers::Layers;
use crate::spec::{ForItem, Spec};
use crate::template::{Templates, Undefined};
use base::diagnostic::{Diagnostic, Place, count, merge};
use base::digest::Digest;
use base::path::ProjectPath;
use base::world::World;
use export::{ExportError, ImageInfo};
use model::ModelId;

/// The profile that draws everything locally, for free.
pub const DRAFT: &str = "draft";

/// What the command line says about all assets.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--profile NAME`; `draft` for `--draft`.
    pub profile: Option<String>,
    /// `--model P/M`.
    pub model: Option<ModelId>,
    /// Also render prompts that nobody will be sent, and note where each value came from.
    pub explain: bool,
}

impl Options {
    /// Whether everything is drawn locally, into the preview folder.
    pub fn is_draft(&self) -> bool {
        self.profile.as_deref() == Some(DRAFT)
    }
}

/// What came of the manifests.
pub struct Resolved {
    /// The specs, sorted by id.
    pub specs: Vec<Spec>,
    /// What is wrong, and what is only worth a word.
    pub diagnostics: Vec<Diagnostic>,
    /// The items that were passed over, being known.
    pub kept: Vec<Digest>,
}

/// Resolves every asset of the project. With `known`, only those that are made for items, and of them only
/// those whose items are not among the known ones: what is wrong between them and all others is not found.
pub fn resolve(
    manifest: &Manifest,
    tree: &Tree,
    world: &World,
    templates: &Templates,
    fonts: &Arc<[Digest]>,
    options: &Options,
    known: Option<&BTreeSet<Digest>>,
) -> Resolved {
    let mut diagnostics = Vec::new();
    let profile = match &options.profile {
        None => None,
        Some(name) => {
            let found = manifest.profiles.get(name);
            if found.is_none() && name != DRAFT {
                let known = manifest.profiles.keys().map(String::as_str);
                diagnostics.push(
                    Diagnostic::error(format!("there is no profile `{name}`"))
                        .did_you_mean(name, known.chain([DRAFT]))
                        .hint(format!(
                            "a profile is declared in gpbuild.toml: `[profile.{name}.defaults]`"
                        )),
                );
            }
            found
        }
    };
    let resolver = Resolver {
        manifest,
        tree,
        world,
        templates,
        fonts,
        options,
        profile,
        known,
        glances: Mutex::default(),
    };
    let mut base = Layers::new().with("defaults", "", &manifest.defaults);
    if let Some(profile) = profile {
        base = base.with("profile", "", profile);
    }
    let mut all = Outcome {
        problems: diagnostics,
        ..Outcome::default()
    };
    for cover in &manifest.covers {
        // Where items are known, only those that are not are asked for.
        if known.is_none() || cover.for_each.is_some() {
            all.append(resolver.cover(cover, &base));
        }
    }
    for carousel in manifest.carousels.iter().filter(|_| known.is_none()) {
        all.append(resolver.carousel(carousel, &base));
    }
    let Outcome {
        mut specs,
        mut problems,
        kept,
    } = all;
    specs.sort_by(|a, b| a.id.cmp(&b.id));
    cross_check(manifest, world, &specs, &mut problems);
    Resolved {
        specs,
        diagnostics: merge(problems),
        kept,
    }
}

/// A slide before it has a number.
struct SlideBefore<'a> {
    layers: Layers<'a>,
    context: Context,
    /// The columns of its row that are named like a role.
    columns: Vec<(String, String)>,
    place: Place,
}

/// The slides of a carousel with their numbers and ids, and each with the one before it.
fn numbered<'a>(carousel: &Carousel, slides: Vec<SlideBefore<'a>>) -> Vec<Unit<'a>> {
    let total = slides.len();
    let width = total.to_string().len().max(2);
    let id = |number: usize| format!("{}/{number:0width$}", carousel.name.value);
    let unit = |(n, slide): (usize, SlideBefore<'a>)| Unit {
        id: id(n + 1),
        place: slide.place,
        layers: slide.layers,
        context: slide.context.with("slide", context::slide(n + 1, total)),
        columns: slide.columns,
        slide: Some(SlideOf {
            carousel: carousel.name.value.clone(),
            number: n + 1,
            first: id(1),
            previous: (n > 0).then(|| id(n)),
        }),
        item: None,
    };
    slides.into_iter().enumerate().map(unit).collect()
}

/// Specs and what is wrong with the others.
#[derive(Default)]
pub struct Outcome {
    /// What could be resolved.
    pub specs: Vec<Spec>,
    /// What could not.
    pub problems: Vec<Diagnostic>,
    /// Items that were passed over, being known.
    pub kept: Vec<Digest>,
}

impl Outcome {
    fn wrong(problem: Diagnostic) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }

    fn append(&mut self, other: Self) {
        self.specs.extend(other.specs);
        self.problems.extend(other.problems);
        self.kept.extend(other.kept);
    }

    fn concat(outcomes: Vec<Self>) -> Self {
        let mut all = Self::default();
        for outcome in outcomes {
            all.append(outcome);
        }
        all
    }
}

/// What every asset is resolved with.
pub struct Resolver<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) tree: &'a Tree,
    pub(super) world: &'a World,
    pub(super) templates: &'a Templates,
    pub(super) fonts: &'a Arc<[Digest]>,
    pub(super) options: &'a Options,
    pub(super) profile: Option<&'a Fields>,
    pub(super) known: Option<&'a BTreeSet<Digest>>,
    /// What the pictures that go to models are, as far as they were looked at.
    pub(super) glances: Mutex<BTreeMap<ProjectPath, Result<ImageInfo, ExportError>>>,
}

/// One asset before its targets are told apart.
pub struct Unit<'a> {
    /// Its id.
    pub id: String,
    /// Where it is declared.
    pub place: Place,
    /// What it inherits and sets.
    pub layers: Layers<'a>,
    /// What templates see.
    pub context: Context,
    /// The words of a data row whose columns are named like roles.
    pub columns: Vec<(String, String)>,
    /// Where it is in its carousel.
    pub slide: Option<SlideOf>,
    /// The item of `for_each` that it is made for.
    pub item: Option<ForItem>,
}

/// Where a slide is in its carousel.
pub struct SlideOf {
    /// The carousel's name.
    pub carousel: String,
    /// From 1.
    pub number: usize,
    /// The id of the first slide.
    pub first: String,
    /// The id of the slide before; the first has none.
    pub previous: Option<String>,
}

impl<'a> Resolver<'a> {
    fn cover(&self, cover: &'a Cover, base: &Layers<'a>) -> Outcome {
        let layers = base.with("", &cover.folder, &cover.fields);
        let Some(items) = &cover.for_each else {
            return self.unit(Unit {
                id: cover.name.value.clone(),
                place: cover.name.place.clone(),
                layers,
                context: Context::default(),
                columns: Vec::new(),
                slide: None,
                item: None,
            });
        };
        let mut problems = Vec::new();
        let items = read_items(
            self.world,
            self.tree,
            items,
            &cover.folder,
            Taken::ByItem,
            &mut problems,
        );
        let (items, kept) = match self.known {
            Some(known) => new_items(items, known),
            None => (items, Vec::new()),
        };
        let mut outcomes: Vec<Outcome> = items
            .par_iter()
            .map(|item| self.cover_of(cover, layers.clone(), item))
            .collect();
        outcomes.push(Outcome {
            problems,
            kept,
            ..Outcome::default()
        });
        Outcome::concat(outcomes)
    }

    fn cover_of(&self, cover: &'a Cover, layers: Layers<'a>, item: &Item) -> Outcome {
        let context = of_item(item);
        let Some(id) = &cover.id else {
            return Outcome::wrong(
                Diagnostic::error(format!(
                    "cover `{}` has `for_each` but no `id`",
                    cover.name.value
                ))
                .at(cover.name.place.clone())
                .hint("add `id = \"post/{{ item.slug }}\"`: each item needs an id of its own"),
            );
        };
        let here = |d: Diagnostic| {
            d.for_asset(&cover.name.value)
                .of_item(&for_item(item).shown)
        };
        match self.when(&layers, &context) {
            Ok(true) => {}
            Ok(false) => return Outcome::default(),
            Err(problem) => return Outcome::wrong(here(problem)),
        }
        let rendered = self.string(id, &context);
        let rendered = match rendered {
            Ok(text) => text,
            Err(problem) => return Outcome::wrong(here(problem)),
        };
        if !is_id(&rendered) {
            return Outcome::wrong(here(
                Diagnostic::error(format!("`{rendered}` cannot be the id of an asset"))
                    .at(id.place.clone())
                    .hint("an id has letters, digits, `-` and `_`, with `/` between its parts"),
            ));
        }
        self.unit(Unit {
            id: rendered,
            place: cover.name.place.clone(),
            layers,
            context,
            columns: Vec::new(),
            slide: None,
            item: Some(for_item(item)),
        })
    }

    fn carousel(&self, carousel: &'a Carousel, base: &Layers<'a>) -> Outcome {
        let layers = base.with("", &carousel.folder, &carousel.fields);
        let (slides, problems) = self.slides(carousel, &layers);
        let total = slides.len();
        let units = numbered(carousel, slides);
        let ids: Vec<String> = units.iter().map(|unit| unit.id.clone()).collect();
        let mut all = Outcome::concat(units.into_par_iter().map(|unit| self.unit(unit)).collect());
        all.problems.extend(problems);
        all.problems.extend(self.too_many(carousel, &all.specs));
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
            let bundles = self.bundles(carousel, &layers, &of_slides);
            all.append(bundles);
        }
        all
    }

    /// The slides of a carousel, without those that `when` leaves out, and what is wrong with them.
    fn slides(
        &self,
        carousel: &'a Carousel,
        layers: &Layers<'a>,
    ) -> (Vec<SlideBefore<'a>>, Vec<Diagnostic>) {
        let mut of_data = Vec::new();
        let declared: Vec<SlideBefore<'a>> = match &carousel.slides {
            Slides::Items(items) => read_items(
                self.world,
                self.tree,
                items,
                &carousel.folder,
                Taken::Together,
                &mut of_data,
            )
            .iter()
            .map(|item| SlideBefore {
                layers: layers.clone(),
                context: of_item(item),
                columns: self.columns(item),
                place: carousel.name.place.clone(),
            })
            .collect(),
            Slides::Tables(tables) => tables
                .iter()
                .map(|table| SlideBefore {
                    layers: layers.with("", &carousel.folder, &table.fields),
                    context: Context::default(),
                    columns: Vec::new(),
                    place: table.place.clone(),
                })
                .collect(),
        };
        let mut problems = Vec::new();
        let mut slides = Vec::new();
        for slide in declared {
            match self.when(&slide.layers, &slide.context) {
                Ok(true) => slides.push(slide),
                Ok(false) => {}
                Err(problem) => problems.push(problem.for_asset(&carousel.name.value)),
            }
        }
        problems.extend(of_data);
        (slides, problems)
    }

    /// A carousel longer than its platform takes, and no `split`: worth a word, since the rest of
    /// the slides cannot be posted.
    fn too_many(&self, carousel: &Carousel, specs: &[Spec]) -> Option<Diagnostic> {
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
                "carousel `{}` has {} in one part; `{}` takes {most}",
                carousel.name.value,
                count(parts.min(specs.len()), "slide"),
                preset.name,
            ))
            .at(place.clone())
            .hint(format!("`split = {most}` delivers it in parts")),
        )
    }

    /// The columns of a row that are named like a role.
    fn columns(&self, item: &Item) -> Vec<(String, String)> {
        let Some(row) = item.value.as_object() else {
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

    fn when(&self, layers: &Layers<'a>, context: &Context) -> Result<bool, Diagnostic> {
        let Some(found) = layers.get(|f| f.when.as_ref()) else {
            return Ok(true);
        };
        let text = self
            .templates
            .render_string(found.value, context, Undefined::False)?;
        match text.trim() {
            "true" | "True" => Ok(true),
            "false" | "False" | "" | "none" | "None" => Ok(false),
            other => Err(Diagnostic::error(format!(
                "`when` must come out as `true` or `false`, not `{other}`"
            ))
            .at(found.value.place.clone())),
        }
    }

    pub(super) fn string(&self, raw: &At<String>, context: &Context) -> Result<String, Diagnostic> {
        self.templates
            .render_string(raw, context, Undefined::Refused)
    }

    /// Style, vars and words; then a spec for each target.
    fn unit(&self, unit: Unit<'a>) -> Outcome {
        if unit.slide.is_none() {
            // Covers of an item were asked before they had an id.
            match self.when(&unit.layers, &unit.context) {
                Ok(true) => {}
                Ok(false) => return Outcome::default(),
                Err(problem) => return Outcome::wrong(problem.for_asset(&unit.id)),
            }
        }
        let id = unit.id.clone();
        let place = unit.place.clone();
        let item = unit.item.as_ref().map(|item| item.shown.clone());
        let result = self.ready(unit).and_then(|ready| self.targets(&ready));
        match result {
            Ok(specs) => Outcome {
                specs,
                ..Outcome::default()
            },
            Err(problems) => Outcome {
                problems: problems
                    .into_iter()
                    .map(|mut problem| {
                        problem.place.get_or_insert_with(|| place.clone());
                        match &item {
                            Some(item) => problem.for_asset(&id).of_item(item),
                            None => problem.for_asset(&id),
                        }
                    })
                    .collect(),
                ..Outcome::default()
            },
        }
    }
}
