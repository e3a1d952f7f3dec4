//! What all open pages are told: everything once, then what changes. Knows nothing of HTTP, and of a run
//! only what is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::view::{Board, Money, Row};
use base::digest::Digest;
use report::{Event, State};

/// So many messages may wait for a slow page; after that it is told everything anew.
const MAX_WAITING: usize = 1024;

/// Which of the runs that go on beside one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The run that every save begins.
    Save,
    /// What a page asked for.
    Page,
}

/// Something that a page asked for, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// From 1, in the order in which they were asked for.
    pub number: u64,
    /// `pick`, `edit`, `make`.
    pub action: &'static str,
    /// The asset.
    pub id: String,
    /// How far it is.
    pub stage: Stage,
    /// What was said about it.
    pub told: Vec<String>,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Another one is worked on.
    Waiting,
    /// It is worked on.
    Running,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Progress {
    total: usize,
    done: usize,
    /// What is being done, by asset.
    running: BTreeMap<String, String>,
}

impl Progress {
    /// Of many, every hundredth part is told.
    fn is_news(&self) -> bool {
        self.done.is_multiple_of((self.total / 100).max(1))
    }
}

/// A picture that could not be made.
struct Failed {
    lane: Lane,
    message: String,
    /// The asset as it was then: once it is another, this is no news of it. What it was while it was being made says
    /// nothing: then it is what it is next.
    reason: Option<Option<String>>,
}

/// Everything that a page has to know.
#[derive(Default)]
struct Now {
    rows: Vec<Row>,
    /// The pictures that were there before: draft and real one.
    before: BTreeMap<String, [Option<Digest>; 2]>,
    failed: BTreeMap<String, Failed>,
    problems: Vec<String>,
    money: Option<Money>,
    progress: BTreeMap<Lane, Progress>,
    jobs: BTreeMap<u64, Job>,
    /// The plan was looked at.
    ready: bool,
}

/// What all pages are told.
pub struct Feed {
    tell: Sender<Arc<str>>,
    now: Mutex<Now>,
    /// What does not change, and goes first.
    about: Value,
    /// Which picture the run of every save makes.
    saves_make: &'static str,
}

impl Feed {
    /// Nothing is known yet. `about` is what never changes.
    pub fn new(about: Value, drafts: bool) -> Self {
        Self {
            tell: channel(MAX_WAITING).0,
            now: Mutex::default(),
            about,
            saves_make: if drafts { "draft" } else { "real" },
        }
    }

    /// How many pages are open.
    pub fn listeners(&self) -> usize {
        self.tell.receiver_count()
    }

    /// Everything as it is now, and from then on what changes.
    pub fn join(&self) -> (Arc<str>, Receiver<Arc<str>>) {
        let now = self.lock();
        (self.everything(&now), self.tell.subscribe())
    }

    /// Everything as it is now, for a page that could not keep up: and it goes on from here.
    pub fn again(&self, receiver: &mut Receiver<Arc<str>>) -> Arc<str> {
        let now = self.lock();
        *receiver = receiver.resubscribe();
        self.everything(&now)
    }

    /// Shows what a plan says, as far as it is news.
    pub fn show(&self, board: Board) {
        let mut now = self.lock();
        if let Some(rows) = board.rows {
            now.take(rows, self);
        }
        if !now.ready || now.problems != board.problems {
            now.problems = board.problems;
            self.send(&json!({ "event": "problems", "problems": now.problems }));
        }
        if board.money.is_some() && now.money != board.money {
            now.money = board.money;
            self.send(&json!({ "event": "money", "money": now.money }));
        }
        now.ready = true;
    }

    /// Hears what a run reports.
    pub fn hear(&self, lane: Lane, event: &Event) {
        // Of thousands of them nothing is told.
        if matches!(event, Event::Done(asset) if asset.state == State::Fresh) {
            return;
        }
        let mut now = self.lock();
        match event {
            Event::Begin { total } => {
                if lane == Lane::Save {
                    now.forget(lane, self);
                }
                let progress = now.progress.entry(lane).or_default();
                *progress = Progress {
                    total: *total,
                    ..Progress::default()
                };
            }
            Event::Running { id, what } => {
                let progress = now.progress.entry(lane).or_default();
                progress
                    .running
                    .insert((*id).to_owned(), (*what).to_owned());
            }
            Event::Done(asset) => {
                let progress = now.progress.entry(lane).or_default();
                progress.running.remove(&asset.id);
                progress.done += 1;
                let message = match asset.state {
                    State::Failed => asset.reason.clone(),
                    _ => None,
                };
                now.outcome(lane, &asset.id, message.clone());
                self.send(&json!({
                    "event": "done", "id": asset.id,
                    "picture": if lane == Lane::Save { self.saves_make } else { "real" },
                    "digest": asset.picture.filter(|_| message.is_none()),
                    "failed": message,
                }));
            }
            Event::Summary(_) => {
                now.progress.remove(&lane);
            }
            Event::Diagnostic(_)
            | Event::Repeated(_)
            | Event::Recap(_)
            | Event::LeftOut(_)
            | Event::Note(_)
            | Event::Unclaimed(_)
            | Event::Plan(_) => return,
        }
        if now.progress.get(&lane).is_none_or(Progress::is_news) {
            self.send(&json!({ "event": "progress", "progress": now.progress }));
        }
    }

    /// Tells how far a job is.
    pub fn job(&self, job: Job) {
        let mut now = self.lock();
        self.send(&json!({ "event": "job", "job": job }));
        match job.stage {
            Stage::Waiting | Stage::Running => {
                now.jobs.insert(job.number, job);
            }
            Stage::Done | Stage::Failed => {
                now.jobs.remove(&job.number);
            }
        }
    }

    /// Whether an asset is being worked on, or about to be, because a page asked for it.
    pub fn is_busy(&self, action: &str, id: &str) -> bool {
        let now = self.lock();
        now.jobs
            .values()
            .any(|job| job.action == action && job.id == id)
    }

    fn everything(&self, now: &Now) -> Arc<str> {
        let rows: Vec<Value> = now.rows.iter().map(|row| now.shown(row)).collect();
        let all = json!({
            "event": "everything", "about": self.about, "ready": now.ready, "rows": rows,
            "problems": now.problems, "money": now.money, "progress": now.progress,
            "jobs": now.jobs.values().collect::<Vec<_>>(),
        });
        all.to_string().into()
    }

    fn send(&self, message: &Value) {
        // Nobody looks: nobody misses it.
        let _ = self.tell.send(message.to_string().into());
    }

    /// What is kept here is whole after every line that may panic.
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    /// Takes the rows of now for those of before, and tells what is otherwise.
    fn take(&mut self, rows: Vec<Row>, feed: &Feed) {
        let old: BTreeMap<&str, &Row> =
            self.rows.iter().map(|row| (row.id.as_str(), row)).collect();
        for row in &rows {
            let Some(old) = old.get(row.id.as_str()) else {
                continue;
            };
            for (n, (was, is)) in [(old.draft, row.draft), (old.real, row.real)]
                .into_iter()
                .enumerate()
            {
                if was.is_some() && was != is {
                    self.before.entry(row.id.clone()).or_default()[n] = was;
                }
            }
        }
        let changed: BTreeSet<&str> = rows
            .iter()
            .filter(|row| old.get(row.id.as_str()) != Some(row))
            .map(|row| row.id.as_str())
            .collect();
        let same_order = self
            .rows
            .iter()
            .map(|row| &row.id)
            .eq(rows.iter().map(|row| &row.id));
        let changed: Vec<String> = changed.into_iter().map(str::to_owned).collect();
        let order: Option<Vec<String>> =
            (!same_order).then(|| rows.iter().map(|row| row.id.clone()).collect());
        self.rows = rows;
        let ids: BTreeSet<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        self.before.retain(|id, _| ids.contains(id.as_str()));
        let known: BTreeMap<&str, &Row> =
            self.rows.iter().map(|row| (row.id.as_str(), row)).collect();
        self.failed.retain(|id, failed| {
            let row = known.get(id.as_str());
            row.is_some_and(|row| {
                let is_same = row.making
                    || *failed.reason.get_or_insert_with(|| row.reason.clone()) == row.reason;
                failed.lane == Lane::Save || is_same
            })
        });
        if changed.is_empty() && order.is_none() {
            return;
        }
        let shown: Vec<Value> = changed
            .iter()
            .filter_map(|id| known.get(id.as_str()))
            .map(|row| self.shown(row))
            .collect();
        feed.send(&json!({ "event": "rows", "rows": shown, "order": order }));
    }

    /// All of them are tried again: what failed before is no news any more.
    fn forget(&mut self, lane: Lane, feed: &Feed) {
        let failed = std::mem::take(&mut self.failed);
        let (gone, stays) = failed.into_iter().partition(|(_, f)| f.lane == lane);
        self.failed = stays;
        let gone: BTreeMap<String, Failed> = gone;
        let rows = self.rows.iter().filter(|row| gone.contains_key(&row.id));
        let shown: Vec<Value> = rows.map(|row| self.shown(row)).collect();
        if !shown.is_empty() {
            feed.send(&json!({ "event": "rows", "rows": shown, "order": null }));
        }
    }

    /// A row with what only the feed knows.
    fn shown(&self, row: &Row) -> Value {
        let mut value = json!(row);
        let [draft, real] = self.before.get(&row.id).copied().unwrap_or_default();
        value["before"] = json!({ "draft": draft, "real": real });
        value["failed"] = json!(self.failed.get(&row.id).map(|failed| &failed.message));
        value
    }

    /// Notes that an asset was made, or why it was not.
    fn outcome(&mut self, lane: Lane, id: &str, message: Option<String>) {
        let Some(message) = message else {
            self.failed.remove(id);
            return;
        };
        let row = self.rows.iter().find(|row| row.id == id);
        let reason = row.filter(|row| !row.making).map(|row| row.reason.clone());
        self.failed.insert(
            id.to_owned(),
            Failed {
                lane,
                message,
                reason,
            },
        );
    }
}
