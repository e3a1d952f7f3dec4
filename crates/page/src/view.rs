//! What a page shows, as data: the board with its rows, and one asset looked at closely. Says nothing of where it
//! comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use base::digest::Digest;

/// Everything that a plan says.
#[derive(Debug, Default)]
pub struct Board {
    /// The assets; none if the manifests are wrong.
    pub rows: Option<Vec<Row>>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What could not be looked at, because what declares it is wrong: its rows stay as they were.
    pub wrong: Option<Wrong>,
    /// Outputs are gone, as in a clone without them.
    pub fresh_clone: Option<FreshClone>,
    /// What people say of pictures.
    pub reviews: BTreeMap<Digest, Review>,
    /// What was spent, and what may be.
    pub money: Option<Money>,
    /// The pictures that a page may see of it, and the file that each was seen at, if it is in one.
    pub pictures: Vec<(Digest, Option<PathBuf>)>,
}

/// Something wrong, or worth a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// As a terminal would show it.
    pub text: String,
    /// `error` or `warning`.
    pub level: &'static str,
    /// The file, if it is in one.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<usize>,
    /// The column there, from 1.
    pub column: Option<usize>,
    /// The assets that it is about, as far as they are named.
    pub ids: Vec<String>,
}

/// What declares some assets is wrong, and others go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Manifests of which every asset is meant, with what is wrong.
    pub manifests: BTreeMap<String, String>,
    /// Single assets, with what is wrong.
    pub ids: BTreeMap<String, String>,
}

impl Wrong {
    /// What is wrong with an asset that a manifest declared before.
    pub fn of(&self, id: &str, manifest: &str) -> Option<&String> {
        let file = || self.manifests.get(manifest);
        self.ids.get(id).or_else(file)
    }
}

/// Outputs are gone, as in a clone without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FreshClone {
    /// How many there are.
    pub stale: usize,
    /// How many of them can be put back for nothing.
    pub restore: usize,
    /// Those.
    pub ids: Vec<String>,
    /// How many have to be made.
    pub make: usize,
    /// For how much, in micro-dollars; none is unknown.
    pub price: Option<u64>,
}

/// What people say of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Whether it is approved; none if nobody said.
    pub approved: Option<bool>,
    /// A note.
    pub note: String,
    /// Who said it, if that is known.
    pub by: Option<String>,
    /// The day, UTC.
    pub day: Option<String>,
}

/// Micro-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// Today, UTC.
    pub today: u64,
    /// This month, UTC.
    pub month: u64,
    /// The budget of a run.
    pub run_budget: Option<u64>,
    /// The budget of a month.
    pub month_budget: Option<u64>,
    /// What is left of that.
    pub month_left: Option<u64>,
    /// More than this has to be confirmed.
    pub confirm: u64,
}

/// One asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The file that declares it.
    pub manifest: String,
    /// The line there, from 1.
    pub line: usize,
    /// The carousel that it is a slide of, or that it is made from.
    pub carousel: Option<String>,
    /// Its number in the carousel, from 1.
    pub slide: Option<usize>,
    /// All slides of a carousel in one file.
    pub bundle: bool,
    /// The group that a quota counts.
    pub group: Option<String>,
    /// The template's name.
    pub template: Option<String>,
    /// The beginning of all its words.
    pub words: String,
    /// Where the real picture goes.
    pub output: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `png`, `jpeg`, `webp`, `pdf`.
    pub format: &'static str,
    /// The preset's name.
    pub target: String,
    /// Who makes the last shot.
    pub model: Option<String>,
    /// How things stand.
    pub state: Standing,
    /// Why.
    pub reason: Option<String>,
    /// It is being asked for just now by another process.
    pub making: Option<Making>,
    /// The asset whose picture is made first.
    pub waits_on: Option<String>,
    /// Assets that take its picture and are not fresh; the first of them.
    pub waited_by: Vec<String>,
    /// How many there are of those.
    pub waited_by_count: usize,
    /// A request for it was sent, and its answer never came.
    pub doubt: Option<Doubt>,
    /// What was found in its picture, and of its declaration.
    pub findings: Vec<Finding>,
    /// What is wrong with what declares it: this row is an old one.
    pub error: Option<String>,
    /// Its output is not there, although it was made.
    #[serde(skip)]
    pub is_gone: bool,
    /// Whether there is anything to make, or to put back.
    pub to_do: bool,
    /// How many paid requests that takes, with those for what it is made from.
    pub requests: usize,
    /// What they cost, in micro-dollars; none is unknown.
    pub price: Option<u64>,
    /// The part of it that is published in another currency, in that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// It may turn out to cost less.
    pub up_to: bool,
    /// The draft.
    pub draft: Option<Digest>,
    /// The real picture: what is at the output's path, or what the lock says belongs there.
    pub real: Option<Digest>,
    /// How many candidates its last shot has.
    pub candidates: usize,
    /// The chosen one, from 1.
    pub pick: usize,
}

/// How things stand with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The real picture is what the manifests say.
    Fresh,
    /// There is only a draft.
    Draft,
    /// There is a real picture, and it is not what the manifests say now, or not in its place.
    Stale,
    /// Nothing will be done before a person did something.
    Blocked,
    /// It is being made just now.
    Making,
    /// It is paid for and on its way, and nobody asks for it just now.
    Pending,
    /// A request for it was sent, and its answer never came.
    Doubt,
    /// A person makes it.
    Manual,
}

/// How far a picture is that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Its order has not begun.
    Queued,
    /// It may not be asked for yet.
    Waiting,
    /// Its request is on its way.
    Asking,
    /// Its answer is there.
    Taking,
    /// It is drawn, or written, here.
    Drawing,
}

/// A picture that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Making {
    /// How far it is.
    pub phase: Phase,
    /// The model, or what is done.
    pub what: String,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// How long such an answer took before, in milliseconds.
    pub expected_ms: Option<u64>,
    /// What is held back of the budget for it, in micro-dollars.
    pub cost: Option<u64>,
    /// `page`, `save`, `process 4711`, `another gpbuild`.
    pub by: String,
    /// The project that asks, if it is another one.
    pub project: Option<String>,
    /// The order that it belongs to.
    pub order: Option<u64>,
    /// When it goes on, in milliseconds since 1970.
    pub resume_at: Option<i64>,
    /// Why it does not go on before.
    pub why: Option<String>,
}

/// A request that may have been paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Its number in the ledger.
    pub number: u64,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    /// The provider's name for it, if that is known.
    pub request_id: Option<String>,
    /// Who was asked.
    pub model: String,
    /// What it was thought to cost, in micro-dollars.
    pub cost: Option<u64>,
    /// What went wrong, if that is known.
    pub why: Option<String>,
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What accepts it.
    pub key: String,
    /// `size`, `contrast`, `formula`, `words`, …
    pub kind: String,
    /// `error` or `warning`.
    pub level: &'static str,
    /// What.
    pub text: String,
    /// `answer` or `check`.
    pub from: &'static str,
    /// The picture, if it is about one.
    pub digest: Option<Digest>,
    /// A person said that it is well.
    pub accepted: bool,
    /// Where in it.
    pub mark: Option<Mark>,
}

/// A part of a picture, as parts of its sides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// From the left edge.
    pub x: f64,
    /// From the upper edge.
    pub y: f64,
    /// Across.
    pub w: f64,
    /// Down.
    pub h: f64,
}

/// One asset, looked at closely.
#[derive(Debug, Serialize)]
pub struct Detail {
    /// Its id.
    pub id: String,
    /// The words in the finished picture, by role.
    pub words: Vec<(String, String)>,
    /// What is asked for, in order.
    pub shots: Vec<Shot>,
    /// What a model is told, where the local renderer draws.
    pub prompt: Option<String>,
    /// What is otherwise than when it was made.
    pub changes: Vec<Changed>,
    /// Something changed, and what it was is not known here.
    pub forgotten: bool,
    /// What was paid for before, the newest first.
    pub history: Vec<Paid>,
    /// The file that declares it.
    pub manifest_path: String,
    /// The line there, from 1.
    pub line: usize,
}

/// A shot.
#[derive(Debug, Serialize)]
pub struct Shot {
    /// `draw`, `generate`, `edit`.
    pub operation: &'static str,
    /// Who makes it.
    pub model: String,
    /// Pixels asked for.
    pub width: u32,
    /// Pixels asked for.
    pub height: u32,
    /// The quality tier, if the model has any.
    pub quality: Option<String>,
    /// What the model is told; none for a drawing.
    pub prompt: Option<String>,
    /// The pictures to go by: files and assets.
    pub references: Vec<String>,
    /// What there is to choose from.
    pub candidates: Vec<Digest>,
    /// The chosen one, from 1.
    pub pick: usize,
}

/// An ingredient that is another now.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// What it is called.
    pub name: String,
    /// The old text and the new one, piece by piece.
    pub parts: Vec<Part>,
}

/// A piece of text: `same`, `old` or `new`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which of these.
    pub is: &'static str,
    /// The piece.
    pub text: String,
}

/// An answer that was paid for.
#[derive(Debug, Serialize)]
pub struct Paid {
    /// When, UTC.
    pub day: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who made it.
    pub model: String,
    /// What it cost, in micro-dollars; none is unknown.
    pub cost: Option<u64>,
    /// What was asked for.
    pub prompt: Option<String>,
    /// All of it.
    pub pictures: Vec<Digest>,
    /// What goes back to it.
    pub key: String,
    /// It is what counts now.
    pub current: bool,
}

/// What an order of some assets would do, and cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// In micro-dollars; none is unknown.
    pub price: Option<u64>,
    /// How many requests are of unknown price.
    pub unknown: usize,
    /// How many requests.
    pub requests: usize,
    /// How many assets are made or put back for nothing.
    pub restores: usize,
    /// By model.
    pub models: Vec<QuotedModel>,
    /// What is not made, and why.
    pub skipped: Vec<Skipped>,
    /// What the budget of a run allows, in micro-dollars.
    pub run_left: Option<u64>,
    /// What is left of the month's budget.
    pub month_left: Option<u64>,
    /// More than this has to be confirmed.
    pub confirm_above: u64,
    /// This has to be confirmed.
    pub confirm: bool,
    /// It may turn out to cost less.
    pub up_to: bool,
}

/// What is asked of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuotedModel {
    /// Its name.
    pub model: String,
    /// How many requests.
    pub requests: usize,
    /// For how much, in micro-dollars; none is unknown.
    pub price: Option<u64>,
}

/// An asset that an order leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its id.
    pub id: String,
    /// Why.
    pub why: String,
}

/// What was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spend {
    /// By day, the newest first.
    pub days: Vec<SpentDay>,
    /// By asset, the dearest first.
    pub assets: Vec<SpentAsset>,
    /// By model, the dearest first.
    pub models: Vec<SpentModel>,
    /// Requests in doubt.
    pub doubt: usize,
    /// All of it, in micro-dollars.
    pub total: u64,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpentDay {
    /// `2026-11-28`, UTC.
    pub day: String,
    /// In micro-dollars.
    pub cost: u64,
    /// How many requests.
    pub requests: usize,
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpentAsset {
    /// Its id.
    pub id: String,
    /// In micro-dollars.
    pub cost: u64,
    /// How many requests.
    pub requests: usize,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpentModel {
    /// Its name.
    pub model: String,
    /// In micro-dollars.
    pub cost: u64,
    /// How many requests.
    pub requests: usize,
}

/// A file to take home.
#[derive(Debug)]
pub struct Download {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}
