//! What happens in a run, as the report hears it. Knows nothing of how it is shown.

use std::time::Duration;

use base::diagnostic::Diagnostic;
use base::digest::Digest;

/// What became of an asset, or what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// `plan`: it would be made.
    Make,
    /// `plan`: it would come from the store.
    Restore,
    /// It is paid for and on its way: the next run collects it.
    Pending,
    /// It was made.
    Made,
    /// It was made by the draft profile.
    Draft,
    /// It came from the store, for nothing.
    Restored,
    /// It could not be made.
    Failed,
    /// Something it needs is missing, so it was not tried.
    Blocked,
    /// A person makes it, and has not yet.
    Manual,
    /// There was nothing to do.
    Fresh,
}

impl State {
    /// The word that people and machines read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Restore => "restore",
            Self::Pending => "pending",
            Self::Made => "made",
            Self::Draft => "draft",
            Self::Restored => "restored",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Manual => "manual",
            Self::Fresh => "fresh",
        }
    }
}

/// Money, in whole micro-dollars. An unknown price is never shown as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// So many millionths of a US dollar.
    Known(u64),
    /// Nobody knows the price yet: it counts at so many, by what was estimated.
    Counted(u64),
    /// Nobody knows the price.
    Unknown,
}

impl Default for Cost {
    fn default() -> Self {
        Self::FREE
    }
}

impl Cost {
    /// Nothing to pay.
    pub const FREE: Self = Self::Known(0);

    /// Both together; known only if both are.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Known(a), Self::Known(b)) => Self::Known(a.saturating_add(b)),
            (Self::Known(a) | Self::Counted(a), Self::Known(b) | Self::Counted(b)) => {
                Self::Counted(a.saturating_add(b))
            }
        }
    }
}

/// One asset, done or planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetReport {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub state: State,
    /// Why: `never made`, `text.headline changed`, what the provider said.
    pub reason: Option<String>,
    /// The key of its export, if it got so far.
    pub key: Option<Digest>,
    /// The output path, from the project's root.
    pub output: String,
    /// The file that is there, if it is known.
    pub picture: Option<Digest>,
    /// What was paid in this run.
    pub cost: Cost,
    /// `plan`: what it would cost.
    pub estimate: Option<Cost>,
    /// More to say about it, a line each.
    pub notes: Vec<String>,
    /// The reason is told to people once for many assets, and not beside this one.
    pub reason_told: bool,
}

/// What `plan` found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan<'a> {
    /// All selected assets, fresh ones too, in the order of the manifests.
    pub assets: &'a [AssetReport],
    /// Files in the output folder that belong to no asset.
    pub unclaimed: &'a [String],
    /// How many paid requests would be sent.
    pub requests: usize,
    /// The part of what they cost that is published in another currency, in that.
    pub foreign: Option<&'a str>,
    /// How many more, if no key and no trust were missing: those of assets that are blocked.
    pub withheld: usize,
    /// The part of what those cost that is published in another currency, in that.
    pub foreign_withheld: Option<&'a str>,
    /// What is true of many assets, told once.
    pub remark: Option<&'a str>,
    /// Whether the estimate may shrink, because some assets wait for another's picture.
    pub up_to: bool,
    /// What the same would cost if each request were sent alone, where that is another price.
    pub at_once: Option<Cost>,
}

/// Files that are named and make no item, having no front matter.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<'a> {
    /// What names them: `posts/**/*.md`.
    pub named: &'a str,
    /// How many are named.
    pub of: usize,
    /// Their paths, from the project's root.
    pub files: &'a [String],
}

/// The end of a run; the default is one that did nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Nothing to do.
    pub fresh: usize,
    /// From the store.
    pub restored: usize,
    /// Made.
    pub made: usize,
    /// Not made.
    pub failed: usize,
    /// Not tried.
    pub blocked: usize,
    /// To be made by a person.
    pub manual: usize,
    /// On their way in batches.
    pub pending: usize,
    /// Made as drafts.
    pub draft: usize,
    /// Paid requests that were sent.
    pub requests: usize,
    /// What they cost.
    pub cost: Cost,
    /// Whether the cost is a bound, not a bill.
    pub up_to: bool,
    /// How long it took.
    pub elapsed: Duration,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// It may be sent after this time at the earliest: why.
    Waits(Duration, &'a str),
    /// It is on its way.
    Sent,
    /// Its answer is there, and is made a picture of.
    Arrived,
}

/// A request for an asset, from its turn to its picture.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The asset.
    pub id: &'a str,
    /// Who is asked.
    pub model: &'a str,
    /// How far it is.
    pub asked: Asked<'a>,
    /// What is held back of the budget for it, in micro-dollars; none is unknown.
    pub reserved: Option<u64>,
    /// How long such an answer took before; none if none came yet.
    pub expected: Option<Duration>,
}

/// Something that happened. Events may come from any thread.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// So many assets are about to be worked on (the fresh ones not counted).
    Begin {
        /// How many [`Event::Done`] are to be expected that are not fresh.
        total: usize,
    },
    /// Work on an asset begins; to be followed by its [`Event::Done`]. A second one with the same
    /// id says what is being done now.
    Running {
        /// The asset.
        id: &'a str,
        /// What is being done: `openai/gpt-image-2`, `drawing`.
        what: &'a str,
    },
    /// A request is further than before: for who shows it while it lasts.
    Asking(&'a Asking<'a>),
    /// An asset is done.
    Done(&'a AssetReport),
    /// Something is wrong, and the run goes on.
    Diagnostic(&'a Diagnostic),
    /// The same is wrong with another asset: told only where each is to be found.
    Repeated(&'a Diagnostic),
    /// All that went wrong in a run of which its first lines are out of sight.
    Recap(&'a [Diagnostic]),
    /// Something worth a line.
    Note(&'a str),
    /// Outputs that no asset declares, at the end of a build.
    Unclaimed(&'a [String]),
    /// Files that nothing is made for; told once by a reporter.
    LeftOut(&'a LeftOut<'a>),
    /// What would be done.
    Plan(&'a Plan<'a>),
    /// The end.
    Summary(&'a Summary),
}
