//! How a run goes on: what can be begun beside what is under way, what is gathered for batches until nothing else is left to
//! begin, and what follows from each step that ends. Judges nothing, and knows no request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::execute::{Concurrency, Finished, RunHandle, Scheduler, Spent, Worker};
use plan::{Step, Verdict};

/// What a step does most of its time. Requests take minutes and no processor, drawing the other way round, and a batch
/// takes hours: none waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Draw,
    Ask,
    /// What is on its way is collected.
    Collect,
}

impl Kind {
    fn of(step: &Step) -> Self {
        match (step.asks(), step.pending) {
            (false, _) => Self::Draw,
            (true, false) => Self::Ask,
            (true, true) => Self::Collect,
        }
    }
}

/// What is still to be begun, and how much of each is under way.
#[derive(Default)]
pub(super) struct Queue {
    draws: VecDeque<Step>,
    asks: VecDeque<Step>,
    collects: VecDeque<Step>,
    drawing: usize,
    asking: usize,
    collecting: usize,
}

impl Queue {
    pub(super) fn extend(&mut self, steps: Vec<Step>) {
        for step in steps {
            if matches!(
                step.verdict,
                Verdict::Make | Verdict::Export | Verdict::Restore(_)
            ) {
                self.of(Kind::of(&step)).0.push_back(step);
            }
        }
    }

    fn of(&mut self, kind: Kind) -> (&mut VecDeque<Step>, &mut usize) {
        match kind {
            Kind::Draw => (&mut self.draws, &mut self.drawing),
            Kind::Ask => (&mut self.asks, &mut self.asking),
            Kind::Collect => (&mut self.collects, &mut self.collecting),
        }
    }

    /// The next step that has a place beside those that are under way, which it is among from now on.
    fn next(&mut self, concurrency: Concurrency) -> Option<(Kind, Step)> {
        for kind in [Kind::Draw, Kind::Ask, Kind::Collect] {
            let most = match kind {
                Kind::Draw => concurrency.draws.max(1),
                Kind::Ask | Kind::Collect => concurrency.at_once(),
            };
            let (waiting, under_way) = self.of(kind);
            if *under_way < most
                && let Some(step) = waiting.pop_front()
            {
                *under_way += 1;
                return Some((kind, step));
            }
        }
        None
    }

    /// Whether nothing more comes to what is gathered for batches, but what is waited for, if it is.
    fn is_gathered(&self, waits: bool) -> bool {
        let left = self.draws.len() + self.asks.len() + self.drawing + self.asking;
        left == 0 && (waits || self.collects.len() + self.collecting == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.draws.len() + self.asks.len() + self.collects.len()
    }
}

/// What ended.
pub(super) enum Ended {
    Step(Kind, Box<Finished>),
    /// Batches were sent, or not: the steps whose requests are in them.
    Batches(Vec<Finished>),
}

/// A run under way.
pub(super) struct Progress<'r> {
    pub(super) queue: Queue,
    pub(super) running: JoinSet<Ended>,
    /// Steps whose requests are gathered.
    gathered: Vec<Finished>,
    /// Batches are being sent.
    sending: bool,
    /// What steps asked for that wait for their batches, by asset.
    spent: BTreeMap<String, Spent>,
    worker: Arc<Worker>,
    concurrency: Concurrency,
    pub(super) stop: watch::Sender<bool>,
    handle: RunHandle,
    pub(super) scheduler: &'r mut dyn Scheduler,
}

impl<'r> Progress<'r> {
    /// Nothing is begun yet.
    pub(super) fn new(
        queue: Queue,
        worker: Arc<Worker>,
        concurrency: Concurrency,
        stop: watch::Sender<bool>,
        handle: RunHandle,
        scheduler: &'r mut dyn Scheduler,
    ) -> Self {
        Self {
            queue,
            running: JoinSet::new(),
            gathered: Vec::new(),
            sending: false,
            spent: BTreeMap::new(),
            worker,
            concurrency,
            stop,
            handle,
            scheduler,
        }
    }

    /// Begins all that has a place; false if nothing is under way then.
    pub(super) fn begin(&mut self) -> bool {
        while !*self.stop.borrow() {
            let Some((kind, step)) = self.queue.next(self.concurrency) else {
                break;
            };
            self.scheduler.started(&step);
            let (worker, handle) = (Arc::clone(&self.worker), self.handle.clone());
            self.running
                .spawn_blocking(move || Ended::Step(kind, Box::new(worker.finish(step, &handle))));
        }
        let is_gathered = match *self.stop.borrow() {
            // What was gathered is told that it was not sent.
            true => self.running.is_empty(),
            false => self.queue.is_gathered(self.concurrency.waits),
        };
        if is_gathered && !self.gathered.is_empty() && !self.sending {
            self.sending = true;
            let gathered = std::mem::take(&mut self.gathered);
            let (worker, handle) = (Arc::clone(&self.worker), self.handle.clone());
            self.running
                .spawn_blocking(move || Ended::Batches(worker.send_batches(gathered, &handle)));
        }
        !self.running.is_empty()
    }

    pub(super) fn ended(&mut self, ended: Ended) {
        match ended {
            Ended::Step(kind, finished) => {
                *self.queue.of(kind).1 -= 1;
                let queued = finished.result.as_ref().err().and_then(|f| f.queued);
                match queued {
                    Some(_) => self.gathered.push(*finished),
                    None if finished.result.as_ref().is_err_and(|f| f.again) => {
                        self.batched(*finished);
                    }
                    None => self.told(*finished),
                }
            }
            Ended::Batches(finished) => {
                self.sending = false;
                for finished in finished {
                    self.batched(finished);
                }
            }
        }
    }

    /// What is in a batch now is waited for, if that is wanted; else it has ended for this run.
    fn batched(&mut self, finished: Finished) {
        let is_in_batch = finished.result.as_ref().is_err_and(|f| f.in_batch);
        if is_in_batch && self.concurrency.waits && !*self.stop.borrow() {
            let mut step = finished.step;
            let spent = self.spent.entry(step.spec.id.clone()).or_default();
            spent.add(finished.spent);
            step.pending = true;
            self.queue.extend(vec![step]);
        } else {
            self.told(finished);
        }
    }

    fn told(&mut self, mut finished: Finished) {
        if let Some(spent) = self.spent.remove(&finished.step.spec.id) {
            finished.spent.add(spent);
        }
        let is_failed = finished.result.as_ref().is_err_and(|f| !f.in_batch);
        if self.concurrency.fail_fast && is_failed {
            self.stop.send_replace(true);
        }
        let next = self.scheduler.ended(finished);
        self.queue.extend(next);
    }
}
