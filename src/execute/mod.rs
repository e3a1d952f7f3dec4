//! Does what the plan says: the only place with an async runtime, and a plain blocking call for
//! everybody else. Judges nothing itself: what can be done next is told by a [`Scheduler`].

mod ask;
mod bill;
mod bundle;
mod collect;
mod find;
mod gather;
mod left;
mod run_handle;
mod budget;
mod not_made;
mod retry;
mod rolls;
mod route;
mod send;
mod shot;
mod spent;
mod step;
mod ingest;
mod recover;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::signal::Signals;
use base::diagnostic::{Diagnostic, Exit};
use plan::{Step, Verdict};

pub use ask::{PaidClient, Terms};
pub use budget::{Limits, OwnLimits};
pub use left::{Came, Left, Waiting};
pub use recover::recover;
pub use route::Route;
pub use run_handle::{Message, RunHandle, paced};
pub use spent::Spent;
pub use step::{Made, Worker, locked_asset, page_images};

/// How often it is looked in on a run.
const GLANCE: Duration = Duration::from_millis(200);

/// Hears how the work goes, and says what can be done next.
pub trait Scheduler {
    /// Work on a step began.
    fn started(&mut self, step: &Step);
    /// Something is worth a word meanwhile.
    fn heard(&mut self, message: Message);
    /// A step ended, well or not: the steps that can be done now.
    fn ended(&mut self, finished: Finished) -> Vec<Step>;
    /// Some time went by: whether the run is to end, as with ctrl-c.
    fn glance(&mut self) -> bool;
}

/// A step that was carried out.
pub struct Finished {
    /// The step.
    pub step: Step,
    /// What came of it.
    pub result: Result<Made, Failed>,
    /// What was paid, whatever came of it.
    pub spent: Spent,
}

/// Why nothing came of a step.
#[derive(Debug)]
pub struct Failed {
    /// What to tell.
    pub diagnostic: Diagnostic,
    /// What the process answers on its account.
    pub exit: Exit,
    /// It was not tried: nothing is wrong with the asset itself.
    pub blocked: bool,
    /// It is on its way: the next run collects it.
    pub pending: bool,
}

/// What came of the whole plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executed {
    /// How many were not begun, because of ctrl-c or `--fail-fast`.
    pub left: usize,
    /// Ended by ctrl-c.
    pub interrupted: bool,
}

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// At most so many pictures are drawn at once.
    pub draws: usize,
    /// At most so many requests are under way at once.
    pub requests: usize,
    /// Begin nothing more once a step failed.
    pub fail_fast: bool,
}

/// Carries out every step that is not fresh or blocked. The first ctrl-c begins nothing more and lets
/// what is running end, so that what was made stays made; the second ends the process.
pub fn execute(
    steps: Vec<Step>,
    worker: Arc<Worker>,
    concurrency: Concurrency,
    scheduler: &mut dyn Scheduler,
) -> Result<Executed, Diagnostic> {
    let mut queue = Queue::default();
    queue.extend(steps);
    if queue.len() == 0 {
        return Ok(Executed::default());
    }
    let threads = concurrency.draws.max(1) + concurrency.at_once();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads)
        .build()
        .map_err(|e| Diagnostic::error(format!("cannot start: {e}")))?;
    Ok(runtime.block_on(run(queue, worker, concurrency, scheduler)))
}

impl Concurrency {
    /// Steps with requests that are under way at once: some of them are past their request, and at
    /// work on the answer, while others use the network.
    fn at_once(self) -> usize {
        self.requests.max(1) + self.draws.max(1)
    }
}

/// What is still to be begun. Requests take minutes and no processor, drawing the other way round: the
/// two do not wait for each other.
#[derive(Default)]
struct Queue {
    draws: VecDeque<Step>,
    asks: VecDeque<Step>,
}

impl Queue {
    fn extend(&mut self, steps: Vec<Step>) {
        for step in steps {
            if !matches!(
                step.verdict,
                Verdict::Make | Verdict::Export | Verdict::Restore(_)
            ) {
                continue;
            }
            if step.asks() {
                self.asks.push_back(step);
            } else {
                self.draws.push_back(step);
            }
        }
    }

    /// The next step that has a place beside so many that draw and ask already, and whether it asks.
    fn next(
        &mut self,
        drawing: usize,
        asking: usize,
        concurrency: Concurrency,
    ) -> Option<(bool, Step)> {
        if drawing < concurrency.draws.max(1)
            && let Some(step) = self.draws.pop_front()
        {
            return Some((false, step));
        }
        if asking < concurrency.at_once() {
            return self.asks.pop_front().map(|step| (true, step));
        }
        None
    }

    fn len(&self) -> usize {
        self.draws.len() + self.asks.len()
    }
}

async fn run(
    mut queue: Queue,
    worker: Arc<Worker>,
    concurrency: Concurrency,
    scheduler: &mut dyn Scheduler,
) -> Executed {
    let mut done = Executed::default();
    let mut running: JoinSet<(bool, Finished)> = JoinSet::new();
    let (mut drawing, mut asking) = (0, 0);
    let (stop, stopped) = watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let handle = RunHandle {
        stop: stopped,
        tell,
    };
    // One listener for the whole run: a signal between two looks is not lost.
    let (tell_end, mut end) = mpsc::channel(1);
    tokio::spawn(listen(tell_end));
    let mut glances = tokio::time::interval(GLANCE);
    glances.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        while !*stop.borrow() {
            let Some((asks, step)) = queue.next(drawing, asking, concurrency) else {
                break;
            };
            *(if asks { &mut asking } else { &mut drawing }) += 1;
            scheduler.started(&step);
            let (worker, handle) = (Arc::clone(&worker), handle.clone());
            running.spawn_blocking(move || (asks, worker.finish(step, &handle)));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            Some(message) = told.recv() => scheduler.heard(message),
            Some(joined) = running.join_next() => {
                // A panic is caught in the step itself, so a step is never lost.
                if let Ok((asks, finished)) = joined {
                    *(if asks { &mut asking } else { &mut drawing }) -= 1;
                    if concurrency.fail_fast && finished.result.is_err() {
                        stop.send_replace(true);
                    }
                    queue.extend(scheduler.ended(finished));
                }
            }
            Some(()) = end.recv(), if !done.interrupted => {
                done.interrupted = true;
                stop.send_replace(true);
            }
            _ = glances.tick() => {
                if scheduler.glance() {
                    done.interrupted = true;
                    stop.send_replace(true);
                }
            }
        }
    }
    done.left = queue.len();
    done
}

/// Tells the first ctrl-c, or being asked to end in another way; at the second, ends the process. Nothing half-written
/// is visible then: files are renamed into place.
async fn listen(tell_stop: tokio::sync::mpsc::Sender<()>) {
    let Ok(mut signals) = Signals::new() else {
        return;
    };
    signals.next().await;
    let _ = tell_stop.send(()).await;
    signals.again().await;
    exit_now();
}

#[expect(clippy::exit, reason = "the second ctrl-c means now")]
fn exit_now() {
    provider::end_programs();
    std::process::exit(130);
}
