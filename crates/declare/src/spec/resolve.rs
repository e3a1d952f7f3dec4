//! Manifests to specs: one spec for each cover, each of its further targets, and each slide; then
//! what only shows when all of them are known: two ids or outputs alike, quotas, cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use crate::data::Item;
use crate::manifest::{At, Cover, Fields, ID_HINT, Manifest, Tree, why_no_id};
use crate::spec::context::Context;
use crate::spec::cross_check::cross_check;
use crate::spec::items::{LeftOut, Taken, for_item, new_items, of_item, read_items};
use crate::spec::layers::Layers;
use crate::spec::pictures::Pictures;
use crate::spec::{ForItem, Spec};
use crate::template::{Templates, Undefined, truth};
use base::diagnostic::{Diagnostic, Place, beginning, merge};
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
    /// Files that are named and make no item, a list for each declaration.
    pub left_out: Vec<LeftOut>,
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
    let profile = profile(manifest, options, &mut diagnostics);
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
        pictures: Pictures::default(),
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
        left_out,
    } = all;
    specs.sort_by(|a, b| a.id.cmp(&b.id));
    cross_check(manifest, world, &specs, &mut problems);
    Resolved {
        specs,
        diagnostics: merge(problems),
        kept,
        left_out,
    }
}

/// What the profile sets that is asked for.
fn profile<'a>(
    manifest: &'a Manifest,
    options: &Options,
    problems: &mut Vec<Diagnostic>,
) -> Option<&'a Fields> {
    let name = options.profile.as_ref()?;
    let found = manifest.profiles.get(name);
    if found.is_none() && name != DRAFT {
        let known = manifest.profiles.keys().map(String::as_str);
        problems.push(
            Diagnostic::error(format!("there is no profile `{name}`"))
                .did_you_mean(name, known.chain([DRAFT]))
                .hint(format!(
                    "a profile is declared in gpbuild.toml: `[profile.{name}.defaults]`"
                )),
        );
    }
    found
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
    /// Files that are named and make no item.
    pub left_out: Vec<LeftOut>,
}

impl Outcome {
    pub(super) fn wrong(problem: Diagnostic) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.specs.extend(other.specs);
        self.problems.extend(other.problems);
        self.kept.extend(other.kept);
        self.left_out.extend(other.left_out);
    }

    pub(super) fn concat(outcomes: Vec<Self>) -> Self {
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
    /// What is wrong with pictures that is seen without decoding them.
    pub(super) pictures: Pictures,
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
        let read = read_items(self.world, self.tree, items, &cover.folder, Taken::ByItem);
        let (items, kept) = match self.known {
            Some(known) => new_items(read.items, known),
            None => (read.items, Vec::new()),
        };
        let mut outcomes: Vec<Outcome> = items
            .par_iter()
            .map(|item| self.cover_of(cover, layers.clone(), item))
            .collect();
        outcomes.push(Outcome {
            problems: read.problems,
            kept,
            left_out: read.left_out.into_iter().collect(),
            ..Outcome::default()
        });
        Outcome::concat(outcomes)
    }

    fn cover_of(&self, cover: &'a Cover, layers: Layers<'a>, item: &Item) -> Outcome {
        let context = of_item(self.templates.world(), item);
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
        let rendered = match self.id(id, &context) {
            Ok(rendered) => rendered,
            Err(problem) => return Outcome::wrong(here(problem)),
        };
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

    /// The id of what is made for an item.
    pub(super) fn id(&self, id: &At<String>, context: &Context) -> Result<String, Diagnostic> {
        let rendered = self.string(id, context)?;
        match why_no_id(&rendered) {
            None => Ok(rendered),
            Some(why) => Err(Diagnostic::error(format!(
                "`{}` cannot be the id of an asset: it {why}",
                beginning(&rendered)
            ))
            .at(id.place.clone())
            .hint(ID_HINT)
            .hint("`| slugify` makes one of any text")),
        }
    }

    pub(super) fn when(&self, layers: &Layers<'a>, context: &Context) -> Result<bool, Diagnostic> {
        let Some(found) = layers.get(|f| f.when.as_ref()) else {
            return Ok(true);
        };
        let text = self
            .templates
            .render_string(found.value, context, Undefined::False)?;
        match (text.trim(), truth(&text)) {
            (_, Some(is_true)) => Ok(is_true),
            ("" | "none" | "None", None) => Ok(false),
            (other, None) => Err(Diagnostic::error(format!(
                "`when` must come out as `true` or `false`, not `{}`",
                beginning(other)
            ))
            .at(found.value.place.clone())),
        }
    }

    pub(super) fn string(&self, raw: &At<String>, context: &Context) -> Result<String, Diagnostic> {
        self.templates
            .render_string(raw, context, Undefined::Refused)
    }

    /// Style, vars and words; then a spec for each target.
    pub(super) fn unit(&self, unit: Unit<'a>) -> Outcome {
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
