//! What is remembered of a run, and how it is written. Whoever reads it believes none of it: it is shown.

use serde::{Deserialize, Serialize};

use crate::runs::{MAX_BYTES, RunId};
use base::diagnostic::Exit;
use base::fs::{Durability, Folder, FsError};
use report::{Cost, Summary};

/// At most so many assets are told to be in work.
const MAX_DOING: usize = 64;

/// What is remembered of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Since when, as in `2026-11-28T08:00:00Z`.
    pub began: String,
    /// The number of its process: for people, and for nothing else.
    pub process: u32,
    /// Nobody watches it: what it says is in its log.
    pub detached: bool,
    /// The project whose money it spends.
    pub project: String,
    /// How many assets were to be worked on.
    pub total: usize,
    /// In place already, or seen to be.
    pub fresh: usize,
    /// Made, drafts too.
    pub made: usize,
    /// Put back in place.
    pub restored: usize,
    /// Not made.
    pub failed: usize,
    /// Not tried.
    pub blocked: usize,
    /// Not ended yet, or not begun at the end.
    pub left: usize,
    /// Requests that were accepted, or may have been, of the assets that ended.
    pub requests: usize,
    /// What they cost in micro-dollars; `None` if nobody knows.
    pub cost: Option<u64>,
    /// What is being done.
    pub doing: Vec<Doing>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// What is being done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// The asset.
    pub id: String,
    /// In a word.
    pub what: String,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: String,
    /// The exit code.
    pub exit: u8,
    /// Why it did not come to its end.
    pub why: Option<String>,
}

impl Ended {
    /// What the process answered; what no gpbuild answers is damage.
    pub fn exit(&self) -> Exit {
        Exit::of(self.exit).unwrap_or(Exit::Damaged)
    }
}

impl Record {
    /// Reads that of a run.
    pub fn read(own: &Folder, id: &RunId) -> Result<Self, FsError> {
        let bytes = own.read(id.file("json"), MAX_BYTES)?;
        // What a power cut left of it says nothing any more.
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Writes that of a run.
    pub(super) fn write(&self, own: &Folder, id: &RunId) -> Result<(), FsError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        own.write(id.file("json"), &bytes, Durability::Free)
    }

    /// Takes what was counted by now, of which `before` was before it began.
    pub(super) fn count(&mut self, now: &Summary, fresh_before: usize) {
        self.fresh = now.fresh;
        self.made = now.made + now.draft;
        self.restored = now.restored;
        self.failed = now.failed;
        self.blocked = now.blocked;
        self.requests = now.requests;
        self.cost = match now.cost {
            Cost::Known(micros) => Some(micros),
            Cost::Counted(_) | Cost::Unknown => None,
        };
        let ended = self.made + self.restored + self.failed + self.blocked;
        let ended = ended + self.fresh.saturating_sub(fresh_before);
        self.left = self.total.saturating_sub(ended);
    }

    /// Notes what is done with an asset.
    pub(super) fn doing(&mut self, id: &str, what: &str) {
        if let Some(doing) = self.doing.iter_mut().find(|doing| doing.id == id) {
            what.clone_into(&mut doing.what);
        } else if self.doing.len() < MAX_DOING {
            self.doing.push(Doing {
                id: id.to_owned(),
                what: what.to_owned(),
            });
        }
    }
}
