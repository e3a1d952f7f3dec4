//! A run under way: takes what came of each step, and decides what waited for it.

use std::collections::VecDeque;

use crate::execute::{Asked, Executed, Finished, Message, Scheduler, paced};
use crate::pipeline::lock_update::record;
use crate::pipeline::outcome::{Outcome, asset_report, doing, lost};
use crate::pipeline::{Beside, Planned, Settings};
use crate::runs::Recorder;
use plan::lock::Lock;
use plan::{Lost, Observer, Reason, Step, Verdict, Waiting};
use report::{AssetReport, Event, Reporter, State as Shown, Summary};

/// What is known of assets that are not in the plan of a run.
#[derive(Default)]
pub struct Prior {
    /// How many are in place.
    pub in_place: usize,
    /// Those of them that are told of.
    pub fresh: Vec<AssetReport>,
    /// Put back into their places already.
    pub restored: Vec<AssetReport>,
}

/// What a run knows of itself.
pub struct Run<'a> {
    /// What became of the assets so far.
    pub outcome: Outcome,
    observer: Observer<'a>,
    waiting: Waiting,
    lock: Lock,
    reporter: &'a Reporter,
    /// Writes down how it stands.
    recorder: &'a mut Recorder,
    /// What is to be told once the run has begun.
    prior: Option<Prior>,
    /// There are more assets than those of the plan.
    merged: bool,
    /// Steps with requests that have not ended.
    asks: usize,
    /// The pictures a minute that were told of.
    told_limit: Option<u32>,
    /// How it goes together with what else this process does.
    beside: &'a Beside,
}

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn new(
        settings: &'a Settings,
        planned: &'a Planned,
        waiting: Waiting,
        reporter: &'a Reporter,
        prior: Prior,
        recorder: &'a mut Recorder,
    ) -> Self {
        let mut outcome = Outcome::new(settings.resolve.is_draft(), settings.build.batching.sends);
        outcome.fresh = prior.in_place;
        outcome.restored = prior.restored.len();
        Self {
            outcome,
            observer: planned.observer(settings),
            waiting,
            lock: Lock::clone(&planned.lock),
            reporter,
            recorder,
            merged: !prior.fresh.is_empty(),
            prior: Some(prior),
            asks: 0,
            told_limit: None,
            beside: &settings.beside,
        }
    }

    /// Takes out what needs no work, what cannot be done, and what waits; what is fresh without being
    /// in the lock is put there.
    pub fn decide(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut work = Vec::new();
        let mut queue = VecDeque::from(steps);
        while let Some(mut step) = queue.pop_front() {
            step.compare();
            let state = match &step.verdict {
                // It comes again when it can be decided.
                Verdict::Wait(_) => continue,
                Verdict::Fresh => {
                    self.outcome.fresh += 1;
                    self.outcome.remarks += usize::from(step.reason != Reason::None);
                    self.outcome.in_place(&step);
                    record(&step, &mut self.lock);
                    Shown::Fresh
                }
                Verdict::Blocked => {
                    self.outcome.blocked(&step.reason);
                    let (lost, shown) = match &step.reason {
                        reason if reason.is_by_hand() => (Lost::ByHand, Shown::Manual),
                        Reason::BehindPending(_) => (Lost::Pending, Shown::Pending),
                        _ => (Lost::Blocked, Shown::Blocked),
                    };
                    queue.extend(self.waiting.lost(&step.spec.id, lost, &self.observer));
                    shown
                }
                _ => {
                    self.asks += usize::from(step.asks());
                    work.push(step);
                    continue;
                }
            };
            let report = asset_report(&step, state);
            match &mut self.prior {
                Some(prior) => prior.fresh.push(report),
                None => self.reporter.event(Event::Done(&report)),
            }
        }
        // What others wait for comes first; what shares its shots with another comes after it, and finds
        // them made.
        work.sort_by_key(|step| {
            let awaited = self.waiting.is_awaited(&step.spec.id);
            let seen = self.beside.first.contains(&step.spec.id);
            (step.shares.is_some(), !seen, !awaited)
        });
        work
    }

    /// How many assets there are that are not in place; `steps` are those to begin with.
    pub fn total(&self, steps: &[Step]) -> usize {
        steps.len()
            + self.outcome.blocked
            + self.outcome.by_hand
            + self.waiting.len()
            + self.outcome.restored
    }

    /// Writes down how it stands from here on.
    pub fn record(&mut self, begin: impl FnOnce(&Summary) -> Recorder) {
        let counted = self.outcome.counted();
        *self.recorder = begin(&counted);
    }

    /// Tells how much is to be done, and what is known already.
    pub fn begin(&mut self, steps: &[Step]) {
        let Prior {
            mut fresh,
            restored,
            ..
        } = self.prior.take().unwrap_or_default();
        self.reporter.event(Event::Begin {
            total: self.total(steps),
        });
        if let Some(note) = lost(steps) {
            self.outcome.lost_told = true;
            self.reporter.event(Event::Note(&note));
        }
        if self.merged {
            fresh.sort_by(|a, b| a.id.cmp(&b.id));
        }
        for report in fresh.iter().chain(&restored) {
            self.reporter.event(Event::Done(report));
        }
    }

    fn is_doing(&mut self, id: &str, what: &str) {
        self.reporter.event(Event::Running { id, what });
        self.recorder.doing(id, what);
    }

    /// The lock as it is now, and what became of the assets.
    pub fn end(self, executed: Executed) -> (Lock, Outcome) {
        let mut outcome = self.outcome;
        outcome.left += executed.left + self.waiting.len();
        outcome.interrupted = executed.interrupted;
        (self.lock, outcome)
    }
}

impl Scheduler for Run<'_> {
    fn started(&mut self, step: &Step) {
        self.is_doing(&step.spec.id, doing(step));
    }

    fn glance(&mut self) -> bool {
        self.recorder.glance()
    }

    fn is_over(&self) -> bool {
        self.beside.is_cancelled()
    }

    fn heard(&mut self, message: Message) {
        match message {
            Message::Asking(asking) => {
                let asked = match &asking.asked {
                    Asked::Waits(time, why) => report::Asked::Waits(*time, why),
                    Asked::Sent => report::Asked::Sent,
                    Asked::Arrived => report::Asked::Arrived,
                };
                self.reporter.event(Event::Asking(&report::Asking {
                    id: &asking.id,
                    model: &asking.model,
                    asked,
                    reserved: asking.reserved.map(|micro| micro.0),
                    expected: asking.expected,
                }));
            }
            Message::Note(note) => self.reporter.event(Event::Note(&note)),
            Message::Paced { id, limit, .. } => {
                self.is_doing(&id, "waiting for the rate limit");
                // Once, and again only if it turns out to be less.
                if let Some(limit) = limit.filter(|limit| self.told_limit != Some(*limit)) {
                    self.told_limit = Some(limit);
                    let note = paced(limit, self.asks + self.waiting.len());
                    self.reporter.event(Event::Note(&note));
                }
            }
        }
    }

    fn ended(&mut self, finished: Finished) -> Vec<Step> {
        self.asks = self.asks.saturating_sub(usize::from(finished.step.asks()));
        self.outcome.ended(&finished, self.reporter);
        let id = finished.step.spec.id.clone();
        let cost = finished.spent.requests > 0;
        self.recorder.ended(&id, cost, &self.outcome.counted());
        let decided = match &finished.result {
            Ok(made) => {
                self.lock.assets.insert(id.clone(), made.locked.clone());
                self.waiting.made(&id, &made.locked, &self.observer)
            }
            Err(failed) => {
                let why = match (failed.in_batch, failed.blocked) {
                    (true, _) => Lost::Pending,
                    (false, true) => Lost::Blocked,
                    (false, false) => Lost::Failed,
                };
                self.waiting.lost(&id, why, &self.observer)
            }
        };
        self.decide(decided)
    }
}
