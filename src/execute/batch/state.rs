//! What a run knows of its batches: those that are being gathered, those that it has looked at, and what came of their
//! lines. Knows no provider, and does nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::execute::Failed;
use crate::execute::budget::Reserved;
use crate::execute::retry::halts;
use crate::execute::route::Route;
use base::fs::hold::Held;
use model::Micro;
use plan::Answer;
use plan::key::Key;
use provider::batch::{Capacity, Group};
use provider::reply::Refusal;
use store::{Batch, BatchFile, Mark, OpenBatch};

/// What the command line says of batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batching {
    /// `--batch`: requests are sent in batches where the provider has them.
    pub sends: bool,
    /// `--wait`: a batch is waited for until it ends.
    pub waits: bool,
}

/// What a run knows of its batches.
#[derive(Debug, Default)]
pub struct Batches {
    pub(super) batching: Batching,
    pub(super) gathered: Mutex<Gathered>,
    /// Batches of the store as they were read last.
    known: Mutex<Vec<(BatchFile, Arc<Batch>)>>,
    turns: Mutex<BTreeMap<Mark, Turn>>,
    ends: Mutex<BTreeMap<Key, End>>,
    /// The shots whose payer this run is, and for which it waits until their batch is taken in.
    waiting: Mutex<BTreeSet<Key>>,
    /// The shots that are on their way and that this run asks for.
    wanted: BTreeSet<Key>,
}

/// Whoever has it looks at the batch; what was found holds for this run.
pub(super) type Turn = Arc<tokio::sync::Mutex<Option<Seen>>>;

/// The requests that are to be sent in batches.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By provider and by what goes together; the last one of each is being filled.
    pub batches: BTreeMap<(String, Group), Vec<Gathering>>,
    /// Their shots.
    pub keys: BTreeSet<Key>,
    /// The marks of this run's own: nobody else adds to them.
    pub marks: BTreeSet<Mark>,
}

/// A batch that is being filled.
#[derive(Debug)]
pub(super) struct Gathering {
    pub open: OpenBatch,
    /// Nobody else takes it for a leftover.
    pub held: Held,
    /// Its lines as they are sent.
    pub body: File,
    pub size: u64,
    pub lines: Vec<QueuedLine>,
    /// What is in `body` is not what it should be: why.
    pub broken: Option<String>,
}

/// A line of a batch that is being filled.
#[derive(Debug)]
pub(super) struct QueuedLine {
    pub key: Key,
    pub asset: String,
    pub number: u64,
    pub estimate: Option<Micro>,
    pub reserved: Reserved,
}

impl Gathering {
    /// Whether a line of so many bytes has room.
    pub fn has_room(&self, bytes: u64, most: Capacity) -> bool {
        self.broken.is_none()
            && self.lines.len() < most.requests
            && self.size.saturating_add(bytes) <= most.bytes
    }
}

/// What a batch was found to be.
#[derive(Clone, Debug)]
pub(in crate::execute) enum Seen {
    /// It has not ended, or that cannot be told: why. A person has to mend something if `is_refused`.
    Pending { why: String, is_refused: bool },
    /// Every line that could be taken in was.
    Done,
}

impl Seen {
    /// It has not ended, or that cannot be told: why.
    pub fn pending(why: &str) -> Self {
        Self::Pending {
            why: why.to_owned(),
            is_refused: false,
        }
    }

    /// It is pending, and stays so until a person mends something.
    pub fn refused(why: &str) -> Self {
        Self::Pending {
            why: why.to_owned(),
            is_refused: true,
        }
    }

    /// The provider said no to a question, whatever became of the batch.
    pub fn said_no(route: &Route, refusal: &Refusal) -> Self {
        route.halt(refusal);
        let why = format!("the provider said {}", refusal.said());
        match halts(refusal) {
            true => Self::refused(&why),
            false => Self::pending(&why),
        }
    }
}

/// What came of a line in this run.
#[derive(Clone, Debug)]
pub(in crate::execute) enum End {
    /// Its pictures are in the store, for so much if that is known.
    Made(Answer, Option<Micro>),
    /// Nothing came of it.
    Failed(Failed),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Batches {
    /// Nothing is gathered yet; `wanted` are the shots on their way that the run asks for.
    pub fn new(batching: Batching, wanted: BTreeSet<Key>) -> Self {
        Self {
            batching,
            wanted,
            ..Self::default()
        }
    }

    /// What is gathered.
    pub(super) fn gathered(&self) -> MutexGuard<'_, Gathered> {
        lock(&self.gathered)
    }

    /// Whether requests are sent in batches where there are any.
    pub fn sends(&self) -> bool {
        self.batching.sends
    }

    /// Whether a shot is gathered already.
    pub fn has(&self, key: &Key) -> bool {
        self.gathered().keys.contains(key)
    }

    /// The batches in these files but for this run's own; `read` reads one that is not known, or has grown.
    pub(super) fn known<E>(
        &self,
        files: Vec<BatchFile>,
        read: impl Fn(&BatchFile) -> Result<Option<Batch>, E>,
    ) -> Result<Vec<Arc<Batch>>, E> {
        let mut known = lock(&self.known);
        let mut now = Vec::new();
        for file in files {
            let before = known.iter().find(|(seen, _)| *seen == file);
            let batch = match before {
                Some((_, batch)) => Some(Arc::clone(batch)),
                None => read(&file)?.map(Arc::new),
            };
            now.extend(batch.map(|batch| (file, batch)));
        }
        known.clone_from(&now);
        drop(known);
        let gathered = self.gathered();
        let all = now.into_iter().map(|(_, batch)| batch);
        let others = all.filter(|batch| !gathered.marks.contains(&batch.head.mark));
        Ok(others.collect())
    }

    pub(super) fn turn(&self, mark: Mark) -> Turn {
        Arc::clone(lock(&self.turns).entry(mark).or_default())
    }

    /// Notes what came of a line.
    pub(super) fn ended(&self, key: Key, end: End) {
        lock(&self.ends).insert(key, end);
    }

    /// What came of a line in this run.
    pub(in crate::execute) fn end(&self, key: &Key) -> Option<End> {
        lock(&self.ends).get(key).cloned()
    }

    /// Why nothing came of a shot in this run: nothing more is asked for it then.
    pub fn failed(&self, key: &Key) -> Option<Failed> {
        match self.end(key) {
            Some(End::Failed(failed)) => Some(failed),
            Some(End::Made(..)) | None => None,
        }
    }

    /// Notes that the payer of a shot waits for its batch, or does no more.
    pub(super) fn waits(&self, key: Key, is_waiting: bool) {
        let mut waiting = lock(&self.waiting);
        match is_waiting {
            true => waiting.insert(key),
            false => waiting.remove(&key),
        };
    }

    /// Whether somebody in this run is told what came of a shot.
    pub(super) fn is_wanted(&self, key: &Key) -> bool {
        self.wanted.contains(key) || self.is_waiting(key)
    }

    /// Whether the payer of a shot waits for its batch: then whoever takes that in may touch all that belongs to it.
    pub(super) fn is_waiting(&self, key: &Key) -> bool {
        lock(&self.waiting).contains(key)
    }
}
