//! What must be done, why, and what it costs: [`Plan`]. `plan` and `build` run this same code: `facts` looks,
//! all else judges what was seen. Nothing here does anything.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod bill;
mod decide;
mod explain;
mod facts;
pub mod index;
mod judge;
pub mod key;
pub mod lock;
mod order;
mod lock_index;
pub mod state;
mod dependents;
mod trace;
mod unusable;
mod waiting;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::key::{Ingredients, Key};
use base::digest::Digest;
use base::fs::FsError;
use base::lfs;
use declare::spec::{Recipe, Spec};
use model::Micro;
use model::request::Picture;
use store::ledger::Entry;

pub use bill::{Bill, Needs};
pub use decide::{Disk, Observed, decide};
pub use dependents::dependents;
pub use explain::{Change, changes};
pub use facts::{Facts, Sources};
pub use judge::{Observer, Rules, estimate, foreign, plan, quote, request_estimate};
pub use lock_index::LockIndex;
pub use trace::{Answer, Trace, Traced};
pub use unusable::{Flaw, Unusable, unusable};
pub use waiting::{Lost, Waiting};

/// What is told of an asset whose picture a person put there.
const ACCEPTED_LOST: &str =
    "the accepted picture is neither in place nor in the store: `--force` makes it anew";

/// What is to happen to one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In place already.
    Fresh,
    /// The store has it: write it to its place.
    Restore(Digest),
    /// The store has the picture: export it again. Free.
    Export,
    /// A shot has to be made.
    Make,
    /// It takes a picture that is not there yet; decided when it is.
    Wait(String),
    /// Nothing will be done, because of what the reason says.
    Blocked,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is nothing to say.
    None,
    /// Nothing was ever made for it.
    NeverMade,
    /// What it is made from is not what it was made from before.
    Changed(Vec<String>),
    /// Its file is not there.
    OutputMissing,
    /// Only the beginning of its file is there.
    OutputCut,
    /// Its file is there, but it is another picture of this project.
    OutputDiffers,
    /// `--force`: what a person put at its path gives way.
    Replaced,
    /// Its picture is neither in place nor in the store.
    Lost,
    /// Only the output's form changed.
    ExportChanged(Vec<String>),
    /// Only the export changed, but the picture that it is made from is not in the store.
    PictureLost,
    /// A person changed the file.
    Edited,
    /// Something is at the output's path that gpbuild did not make.
    Foreign(&'static str),
    /// It is kept, although what it is made from has changed.
    PinnedStale,
    /// It is pinned, and its picture is nowhere.
    PinnedLost,
    /// The picture that a person put there is nowhere.
    AcceptedLost,
    /// What it is made from is not what it was when a person accepted its picture.
    AcceptedStale,
    /// `--locked`: the lock does not answer for it.
    NotLocked,
    /// It takes another asset's picture.
    WaitsOn(String),
    /// The asset that it takes a picture of is blocked.
    Behind(String),
    /// The asset that it takes a picture of was tried, and failed.
    BehindFailed(String),
    /// The asset that it takes a picture of is to be made by hand.
    BehindHand(String),
    /// The asset that it takes a picture of is on its way.
    BehindPending(String),
    /// Its provider takes no batches: what to tell of it.
    NoBatch(String),
    /// A person makes it, and `gpbuild import` takes it: its own id.
    ByHand(String),
    /// The person has no such program, or one that may not be run here: what to tell of it.
    NoProgram(String),
    /// This gpbuild cannot ask the provider.
    NoProvider(String),
    /// The environment variable with the provider's key is not set.
    NoKey(String),
    /// Another gpbuild asks for it just now: who.
    BeingMade(String),
    /// It is paid for and on its way; nobody asks for its pictures just now.
    Pending,
    /// Nobody agreed to what the project sets for requests.
    NotTrusted,
    /// An older gpbuild left a store in the project that nobody took over: its picture may be in it.
    OldStore,
    /// A request for it was sent, and its answer never came: what to tell of it.
    InDoubt(String),
    /// Its model answers no more: what to tell of it.
    Retired(String),
    /// Its picture was paid for and cannot be used: what to tell of it.
    Unusable(String),
    /// It may be paid for already, and what the store has of it cannot be read: what to tell of that.
    Unread(String),
}

/// What is told of [`Reason::PinnedLost`].
const PINNED_LOST: &str = "pinned, but its output is missing, and the store does not have it";
/// What is told of [`Reason::PictureLost`].
const PICTURE_LOST: &str =
    "only its export changed, but the picture that it is made from is not in the store";

impl Reason {
    /// Whether the provider cannot be asked, whatever is asked for.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::ByHand(_)
                | Self::NoProgram(_)
                | Self::NoProvider(_)
                | Self::NoKey(_)
                | Self::NotTrusted
                | Self::NoBatch(_)
        )
    }

    /// Whether it waits for a person who makes it.
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::ByHand(_))
    }

    /// How it stands with the asset whose picture is taken.
    fn standing(&self) -> &'static str {
        match self {
            Self::Behind(_) => "is blocked",
            Self::BehindFailed(_) => "could not be made",
            Self::BehindPending(_) => "is on its way",
            Self::BehindHand(_) => "is to be made by hand",
            _ => "is made first",
        }
    }

    /// Whether it could be asked for as soon as the person says so: then its price is worth a word.
    fn is_withheld(&self) -> bool {
        matches!(self, Self::NoKey(_) | Self::NotTrusted)
    }
}

/// What is told of an output that git has not fetched.
const POINTER: &str = "a pointer of Git LFS is at its path, not the picture: `git lfs pull` fetches that, `--force` replaces it";

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::NeverMade => f.write_str("never made"),
            Self::Changed(names) if names.is_empty() => f.write_str("its inputs changed"),
            Self::OutputMissing => f.write_str("output is missing"),
            Self::OutputCut => f.write_str("output is cut off, as by a crash"),
            Self::OutputDiffers => f.write_str("output is another picture of this project"),
            Self::Replaced => f.write_str("what was put there by hand gives way to `--force`"),
            Self::Lost => f.write_str("output is missing, and the store does not have it"),
            Self::ExportChanged(names) if names.is_empty() => f.write_str("export changed"),
            Self::Changed(names) | Self::ExportChanged(names) => {
                write!(f, "{} changed", names.join(", "))
            }
            Self::PictureLost => f.write_str(PICTURE_LOST),
            Self::Edited => f.write_str(
                "the output was edited by hand: `gpbuild accept` keeps it, `--force` replaces it",
            ),
            Self::Foreign(lfs::WHAT) => f.write_str(POINTER),
            Self::Foreign(what) => write!(
                f,
                "{what} is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
            ),
            Self::PinnedStale => f.write_str("pinned and stale"),
            Self::PinnedLost => f.write_str(PINNED_LOST),
            Self::AcceptedLost => f.write_str(ACCEPTED_LOST),
            Self::AcceptedStale => f.write_str(
                "its picture was accepted from a person, and what it is made from changed since: `gpbuild accept` keeps it, `--force` replaces it",
            ),
            Self::NotLocked => f.write_str("the lock does not answer for it"),
            Self::WaitsOn(id)
            | Self::Behind(id)
            | Self::BehindFailed(id)
            | Self::BehindPending(id)
            | Self::BehindHand(id) => takes(f, id, self.standing()),
            Self::ByHand(id) => write!(
                f,
                "to be made by hand: `gpbuild show {id} --prompt` says what, `gpbuild import {id} FILE` takes it"
            ),
            Self::NoProvider(provider) => write!(
                f,
                "this version of gpbuild does not send requests to `{provider}` yet"
            ),
            Self::NoKey(variable) => write!(f, "`{variable}` is not set"),
            Self::NotTrusted => f.write_str(
                "it needs your trust in what this project sets: `gpbuild trust` shows it",
            ),
            Self::OldStore => f.write_str(
                "it may be paid for already, in the old store in `.gpbuild`: `gpbuild cache adopt` takes that over, or delete it",
            ),
            Self::Pending => {
                f.write_str("it is paid for and on its way: the next build collects it at no new cost")
            }
            Self::BeingMade(what)
            | Self::NoProgram(what)
            | Self::NoBatch(what)
            | Self::InDoubt(what)
            | Self::Retired(what)
            | Self::Unusable(what)
            | Self::Unread(what) => f.write_str(what),
        }
    }
}

/// That an asset takes the picture of another one, and how it stands with that.
fn takes(f: &mut fmt::Formatter<'_>, id: &str, standing: &str) -> fmt::Result {
    write!(f, "takes the picture of `{id}`, which {standing}")
}

/// What is told of a request that may have been paid for without an answer.
pub fn in_doubt(entry: &Entry) -> String {
    let why = entry.settlement.as_ref().and_then(|s| s.why.as_deref());
    format!(
        "a request for it, sent on {}, is in doubt: {}; it may have been paid for, `--retry-in-doubt` sends it again",
        entry.at.day(),
        why.unwrap_or("gpbuild ended before the answer came")
    )
}

/// What is told of a shot of which the store has something that cannot be read.
pub fn unread(error: &FsError) -> String {
    format!(
        "it may be paid for already, but {error}: put that right, or move it away to have it asked for again"
    )
}

/// What is known of the assets that others take something of.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Their picked pictures.
    pub pictures: BTreeMap<String, Digest>,
    /// The bytes of their outputs, which are in place or can be put there from the store.
    pub outputs: BTreeMap<String, Digest>,
}

impl Known {
    /// What `spec` takes of the asset `id`: its picture, or for a bundle its output.
    pub fn taken(&self, spec: &Spec, id: &str) -> Option<Digest> {
        let of = match spec.recipe {
            Recipe::Bundle(_) => &self.outputs,
            Recipe::Shots(_) => &self.pictures,
        };
        of.get(id).copied()
    }
}

/// One asset and what is to happen to it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The asset.
    pub spec: Arc<Spec>,
    /// The pictures of other assets that it takes, or their outputs, as far as they are known.
    pub takes: BTreeMap<String, Digest>,
    /// Its keys, as far as they are known.
    pub trace: Trace,
    /// What is to happen.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The file at the output's path, if there is one.
    pub digest: Option<Digest>,
    /// What it costs, in micro-dollars; `None` is unknown. Zero where nothing is asked for.
    pub estimate: Option<Micro>,
    /// The estimate is a most: an input may turn out the same.
    pub up_to: bool,
    /// It is blocked for want of a key or of the person's trust alone, or behind such a one: what it would
    /// cost is told all the same.
    pub withheld: bool,
    /// The shot with which work begins is paid for and on its way.
    pub pending: bool,
    /// The asset whose shots are these very shots: they are asked for once.
    pub shares: Option<String>,
    /// It is blocked by a file of which nothing is known: what would find out whether that is its own.
    compares: Option<Verdict>,
    /// Nothing is written: the file at the output's path has to be what comes of it.
    pub only_compare: bool,
}

impl Step {
    /// The digest of a picture that one of its shots takes; `previous` is that of the shot before.
    pub fn digest_of(&self, picture: &Picture, previous: Option<Digest>) -> Option<Digest> {
        match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Asset(id) => self.takes.get(id).copied(),
            Picture::Previous => previous,
        }
    }

    /// What the key of a bundle is made of, once all its slides are there; none for what is no bundle.
    pub fn bundled(&self) -> Option<Ingredients> {
        let bundle = self.spec.bundle()?;
        let outputs = bundle.outputs(|id| self.takes.get(id).copied()).ok()?;
        Some(key::bundle(&bundle.form, &outputs))
    }

    /// The key that stands for the asset on screen: its last shot's, or that of a bundle, if it is known.
    pub fn key(&self) -> Option<Key> {
        let shots = match &self.spec.recipe {
            Recipe::Bundle(_) => return self.trace.export,
            Recipe::Shots(shots) => shots,
        };
        if self.trace.shots.len() < shots.requests.len() {
            return None;
        }
        self.trace.shots.last().map(|shot| shot.key)
    }

    /// Whether a provider may be asked while it is carried out.
    pub fn asks(&self) -> bool {
        self.verdict == Verdict::Make && self.spec.is_paid()
    }

    /// Turns a step that is blocked by a file of which nothing is known into one that finds out, for nothing,
    /// whether that file is its own, if there is a way.
    pub fn compare(&mut self) {
        if let Some(verdict) = self.compares.take() {
            self.verdict = verdict;
            self.only_compare = true;
        }
    }

    /// Whether its provider is asked anything at all, be it for nothing.
    pub fn goes_out(&self) -> bool {
        self.requests() > 0 || (self.pending && self.verdict == Verdict::Make)
    }

    /// How many paid requests it takes.
    pub fn requests(&self) -> usize {
        match self.verdict {
            Verdict::Make | Verdict::Wait(_) => self.unanswered(),
            _ => 0,
        }
    }

    /// How many it would take if it were not withheld.
    pub fn withheld_requests(&self) -> usize {
        match self.withheld {
            true => self.unanswered(),
            false => 0,
        }
    }

    /// The asset that is made first, if this one takes its picture; a withheld one would.
    pub fn waits_for(&self) -> Option<&str> {
        match (&self.verdict, &self.reason) {
            (Verdict::Wait(id), _) => Some(id),
            (_, Reason::Behind(id)) if self.withheld => Some(id),
            _ => None,
        }
    }

    /// The shots that nobody has made, and nobody else makes.
    fn unanswered(&self) -> usize {
        if self.shares.is_some() || self.spec.is_by_hand() {
            return 0;
        }
        let known = self.trace.shots.iter().filter(|shot| shot.answer.is_some());
        let known = known.count() + usize::from(self.pending);
        self.spec.paid().count().saturating_sub(known)
    }
}

/// What is to happen to all assets, in the order in which it can happen.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// A step for each selected asset; what takes a picture comes after what makes it.
    pub steps: Vec<Step>,
    /// Those of them that cannot be decided before others are made.
    pub waiting: Waiting,
}
