//! What the user wrote: the types one to one with the TOML, every value with its place. Nothing is
//! filled in here, no template is rendered, no preset looked up.

mod append;
mod carousel;
mod claims;
mod cover;
mod declared;
mod fields;
mod find;
mod items;
mod load;
mod models;
mod names;
mod person;
mod project;
mod providers;
mod reader;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;

use crate::data;
use crate::preset::Preset;
use base::diagnostic::Place;
use base::path::ProjectPath;
use model::{Micro, Models};
use provider::table::{self, Row};
use provider::{Azure, Config};

pub use append::{AppendError, EditStep, Owner, append};
pub use claims::{CONFIRM, Claim, Stake};
pub use find::{Tree, glob, is_glob, set};
pub use load::load;
pub use names::{ID_HINT, is_id, why_no_id};
pub use person::{Person, person};

/// The name of the project's own manifest.
pub const PROJECT_FILE: &str = "gpbuild.toml";
/// The name of the lock beside it.
pub const LOCK_FILE: &str = "gpbuild.lock";
/// How every other manifest's name ends.
pub const MANIFEST_SUFFIX: &str = ".gp.toml";
/// The index of what was made, in the folder of the outputs.
pub const INDEX_FILE: &str = "assets.json";
/// Where a project's own templates are, if it does not say.
pub const TEMPLATES_FOLDER: &str = "templates";
/// The largest manifest that is read, in bytes.
pub const MAX_BYTES: u64 = 16 << 20;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place in the manifest.
    pub place: Place,
}

/// All manifests of a project together.
#[derive(Debug, Default)]
pub struct Manifest {
    /// `[project]`.
    pub project: Project,
    /// `[defaults]`.
    pub defaults: Fields,
    /// `[profile.NAME.defaults]`.
    pub profiles: BTreeMap<String, Fields>,
    /// `[style.NAME]`, from any manifest, and the built-in ones that no manifest replaces.
    pub styles: BTreeMap<String, Style>,
    /// `[preset.NAME]`, from any manifest.
    pub presets: BTreeMap<String, Preset>,
    /// The built-in table of models, with the project's `[model."…"]` laid over it.
    pub models: Arc<Models>,
    /// `[provider.NAME]`.
    pub providers: Providers,
    /// `[budget]`.
    pub budget: Budget,
    /// What of all this only a person can grant; where the key goes comes first.
    pub claims: Vec<Claim>,
    /// `[quota]`: at most so many assets of a group.
    pub quota: BTreeMap<String, At<u32>>,
    /// `[fonts] files`: paths and globs.
    pub fonts: Vec<At<String>>,
    /// `[cover.NAME]`.
    pub covers: Vec<Cover>,
    /// `[carousel.NAME]`.
    pub carousels: Vec<Carousel>,
    /// Every manifest that was read.
    pub read: BTreeSet<ProjectPath>,
}

/// `[project]`.
#[derive(Debug)]
pub struct Project {
    /// The project's name, for people.
    pub name: Option<String>,
    /// The folder that outputs go to.
    pub out: ProjectPath,
    /// The folder of its own templates.
    pub templates: ProjectPath,
    /// Where the index of all outputs goes; the folder of the outputs if it is not said.
    pub index: Option<At<ProjectPath>>,
    /// Text roles beyond the built-in ones.
    pub roles: Vec<String>,
}

/// Every provider that can be asked, by name: those of the built-in table with what `[provider.NAME]` says of them.
#[derive(Clone, Debug)]
pub struct Providers(BTreeMap<String, Provider>);

/// How a provider is reached. Nothing of it counts in a key.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its row in the table.
    pub row: Arc<Row>,
    /// Where the API is, in place of the row's: `https`, or `http` on this machine.
    pub base_url: Option<At<String>>,
    /// At most so many pictures a minute of each model, if it is known beforehand.
    pub images_per_minute: Option<u32>,
    /// What is different on Azure, if it is there that requests go.
    pub azure: Option<Azure>,
}

impl Provider {
    /// Whether many requests can be sent to it as one.
    pub fn has_batches(&self) -> bool {
        self.lacks_batches().is_none()
    }

    /// Why many requests cannot be sent to it as one. Azure wants deployments of its own for that.
    pub fn lacks_batches(&self) -> Option<String> {
        match (&self.azure, &self.row.batch) {
            (Some(_), _) => {
                Some("Azure takes batches in a way that gpbuild does not know".to_owned())
            }
            (None, None) => Some(format!("`{}` takes no batches", self.row.name)),
            (None, Some(_)) => None,
        }
    }

    /// How it is asked there, with that key.
    pub fn config(&self, base_url: Url, key: SecretString, timeout: Duration) -> Config {
        Config {
            azure: self.azure.clone(),
            ..Config::new(&self.row, base_url, key, timeout)
        }
    }
}

impl Providers {
    /// The provider of this name, if it can be asked.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl Default for Providers {
    /// The built-in table, as it is.
    fn default() -> Self {
        let rows = table::builtin().iter();
        let of = |row: &Arc<Row>| Provider {
            row: Arc::clone(row),
            base_url: None,
            images_per_minute: None,
            azure: None,
        };
        Self(rows.map(|(name, row)| (name.clone(), of(row))).collect())
    }
}

/// `[budget]`, in whole micro-dollars.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    /// The most that one run may cost.
    pub run: Option<Micro>,
    /// The most that one month may cost.
    pub month: Option<Micro>,
    /// What a run may cost without somebody being asked.
    pub confirm: Option<Micro>,
}

/// `[style.NAME]`.
#[derive(Clone, Debug)]
pub struct Style {
    /// What a model is told of it.
    pub prompt: String,
    /// Vars of every asset in this style.
    pub vars: BTreeMap<String, At<Value>>,
    /// Where it is declared.
    pub place: Place,
}

/// What an asset can set and `[defaults]` can set for all of them.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `provider/model`.
    pub model: Option<At<String>>,
    /// The model's quality tier.
    pub quality: Option<At<String>>,
    /// The name of a preset.
    pub preset: Option<At<String>>,
    /// A size of its own in place of a preset.
    pub size: Option<At<(u32, u32)>>,
    /// The template's name, without extension.
    pub template: Option<At<String>>,
    /// The layout that is drawn over the picture; `none` for no layout.
    pub overlay: Option<At<String>>,
    /// What becomes of emoji in its texts: `draw`, or `drop`.
    pub emoji: Option<At<String>>,
    /// The style's name.
    pub style: Option<At<String>>,
    /// `auto`, `opaque`, `transparent`: as the model takes it.
    pub background: Option<At<String>>,
    /// `png`, `jpeg` or `webp`.
    pub format: Option<At<String>>,
    /// The largest output, in bytes.
    pub max_bytes: Option<At<u64>>,
    /// How many pictures to choose from.
    pub candidates: Option<At<u32>>,
    /// Another roll of the same spec.
    pub variant: Option<At<u32>>,
    /// Keep the locked picture whatever its inputs become.
    pub pin: Option<At<bool>>,
    /// The group that `[quota]` counts.
    pub group: Option<At<String>>,
    /// A template that must come out true for the asset to exist.
    pub when: Option<At<String>>,
    /// A template of the output's path, from the project's root.
    pub output: Option<At<String>>,
    /// Pictures to go by.
    pub references: Option<Vec<Reference>>,
    /// Where an edit may change the picture.
    pub mask: Option<At<String>>,
    /// `first`, `previous`, `none` or a file.
    pub series: Option<At<String>>,
    /// Slides in one part.
    pub split: Option<At<u32>>,
    /// Whether all slides also go into one PDF.
    pub pdf: Option<At<Bundling>>,
    /// Whether all slides also go on one contact sheet.
    pub sheet: Option<At<Bundling>>,
    /// More targets for the same picture.
    pub also: Option<Vec<Also>>,
    /// Provider-specific parameters.
    pub params: Option<BTreeMap<String, At<Value>>>,
    /// The literal words, by role.
    pub text: BTreeMap<String, At<RawWords>>,
    /// Free values for the template.
    pub vars: BTreeMap<String, At<Value>>,
    /// Edit steps, in order.
    pub edits: Vec<Edit>,
}

/// Whether all slides of a carousel are also made into one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bundling {
    /// `false`.
    None,
    /// `true`: it goes where such files go.
    Default,
    /// A template of its path, from the project's root.
    To(String),
}

/// Words as written: still templates.
#[derive(Clone, Debug)]
pub enum RawWords {
    /// A string.
    One(String),
    /// A list of strings.
    Many(Vec<String>),
}

/// One of `references`.
#[derive(Clone, Debug)]
pub enum Reference {
    /// A path or a glob, from the manifest's folder.
    Files(At<String>),
    /// `{ asset = "id" }`: the picture of another asset.
    Asset(At<String>),
}

/// One of `also`.
#[derive(Clone, Debug)]
pub struct Also {
    /// The other target.
    pub preset: At<String>,
    /// `[left, top, right, bottom]` in 0..1: a crop of the same picture will do.
    pub crop: Option<At<[f64; 4]>>,
}

/// One `[[….edit]]`.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What to change.
    pub change: At<String>,
    /// What to keep.
    pub keep: Option<At<String>>,
    /// The words that are in the picture from this step on.
    pub text: BTreeMap<String, At<RawWords>>,
    /// Where the picture may change.
    pub mask: Option<At<String>>,
}

/// Where items come from: `{ csv = "slides.csv" }`.
#[derive(Clone, Debug)]
pub struct Items {
    /// How the files are read.
    pub form: data::Form,
    /// Paths and globs, from the manifest's folder; one that begins with `!` leaves files out. Never empty.
    pub files: Vec<At<String>>,
}

/// `[cover.NAME]`.
#[derive(Debug)]
pub struct Cover {
    /// NAME.
    pub name: At<String>,
    /// The folder of its manifest; `""` is the root.
    pub folder: String,
    /// One cover for each item.
    pub for_each: Option<Items>,
    /// A template of the id, with `for_each`.
    pub id: Option<At<String>>,
    /// What it sets.
    pub fields: Fields,
}

/// `[carousel.NAME]`.
#[derive(Debug)]
pub struct Carousel {
    /// NAME.
    pub name: At<String>,
    /// The folder of its manifest; `""` is the root.
    pub folder: String,
    /// What it sets for all slides.
    pub fields: Fields,
    /// One carousel for each item.
    pub for_each: Option<Items>,
    /// A template of the id, with `for_each`.
    pub id: Option<At<String>>,
    /// Its slides.
    pub slides: Slides,
}

/// The slides of a carousel.
#[derive(Debug)]
pub enum Slides {
    /// `slides = { csv = … }`: one for each item.
    Items(Items),
    /// `slides = { headings = 2 }`: one for the title, and one for each heading of that level of the item's text.
    Headings(At<u32>),
    /// `[[carousel.NAME.slide]]`: each sets its own fields.
    Tables(Vec<SlideTable>),
}

/// One `[[carousel.NAME.slide]]`.
#[derive(Debug)]
pub struct SlideTable {
    /// What it sets; keys named like a role are its text.
    pub fields: Fields,
    /// Where it is declared.
    pub place: Place,
}
