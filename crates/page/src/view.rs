//! What a page shows, as data: the board with its rows, and one asset looked at closely. Says nothing of where it
//! comes from.

use std::path::PathBuf;

use serde::Serialize;

use base::digest::Digest;
use model::Micro;

/// Everything that a plan says.
#[derive(Debug, Default)]
pub struct Board {
    /// The assets; none if the manifests are wrong.
    pub rows: Option<Vec<Row>>,
    /// What is wrong, as a terminal would show it.
    pub problems: Vec<String>,
    /// What was spent, and what may be.
    pub money: Option<Money>,
    /// The pictures that a page may see of it, and the file that each was seen at, if it is in one.
    pub pictures: Vec<(Digest, Option<PathBuf>)>,
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
    /// More than this has to be confirmed.
    pub confirm: u64,
}

/// One asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The file that declares it.
    pub manifest: String,
    /// The carousel that it is a slide of, or that it is made from.
    pub carousel: Option<String>,
    /// All slides of a carousel in one file.
    pub bundle: bool,
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
    /// It is being asked for just now, by this process or by another one.
    pub making: bool,
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
    /// A person makes it.
    Manual,
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
    /// Who made it.
    pub model: String,
    /// All of it.
    pub pictures: Vec<Digest>,
}

/// What making one asset costs.
#[derive(Clone, Copy, Debug)]
pub struct Price {
    /// None is unknown.
    pub known: Option<Micro>,
    /// More than this has to be confirmed.
    pub asks_above: Micro,
}
