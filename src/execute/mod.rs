//! Does what the plan says: the only place with an async runtime, and a plain blocking call for
//! everybody else. Judges nothing itself: what can be done next is told by a [`Scheduler`].

mod ask;
mod batch;
mod bill;
mod bundle;
mod collect;
mod find;
mod gather;
mod left;
mod run_handle;
mod budget;
mod not_made;
mod progress;
mod retry;
mod rolls;
mod route;
mod send;
mod shot;
mod spent;
mod step;
mod ingest;
mod recover;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::signal::Signals;
use base::diagnostic::{Diagnostic, Exit};
use plan::Step;
use plan::key::Key;

pub use ask::{PaidClient, Terms};
pub use batch::{Batching, under_way as in_batches};
pub use budget::{Limits, OwnLimits};
pub use left::{Came, Left, Waiting};
use progress::{Progress, Queue};
pub use recover::recover;
pub use route::Route;
pub use run_handle::{Asked, Message, RunHandle, paced};
pub use send::time_of;
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
    /// Whether the run is to end, asked more often: it looks at nothing.
    fn is_over(&self) -> bool;
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
#[derive(Clone, Debug)]
pub struct Failed {
    /// What to tell.
    pub diagnostic: Diagnostic,
    /// What the process answers on its account.
    pub exit: Exit,
    /// It was not tried: nothing is wrong with the asset itself.
    pub blocked: bool,
    /// It is on its way: the next run collects it.
    pub pending: bool,
    /// It is so in a batch, which takes its time.
    pub in_batch: bool,
    /// Another gpbuild is about to send that batch: it is looked at again once this run has sent its own, lest both wait.
    pub again: bool,
    /// It is gathered for a batch: what became of this shot is told when that is sent.
    pub queued: Option<Key>,
}

impl Failed {
    /// It was tried.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic,
            exit,
            blocked: false,
            pending: false,
            in_batch: false,
            again: false,
            queued: None,
        }
    }
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
    /// What is in a batch is waited for.
    pub waits: bool,
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
    let threads = concurrency.draws.max(1) + 2 * concurrency.at_once() + 1;
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

async fn run(
    queue: Queue,
    worker: Arc<Worker>,
    concurrency: Concurrency,
    scheduler: &mut dyn Scheduler,
) -> Executed {
    let mut done = Executed::default();
    let (stop, stopped) = watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let handle = RunHandle {
        stop: stopped,
        tell,
    };
    let mut progress = Progress::new(queue, worker, concurrency, stop, handle, scheduler);
    // One listener for the whole run: a signal between two looks is not lost.
    let (tell_end, mut end) = mpsc::channel(1);
    tokio::spawn(listen(tell_end));
    let mut glances = tokio::time::interval(GLANCE);
    glances.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while progress.begin() {
        tokio::select! {
            biased;
            Some(message) = told.recv() => progress.scheduler.heard(message),
            Some(joined) = progress.running.join_next() => {
                // A panic is caught in the step itself, so a step is never lost.
                if let Ok(ended) = joined {
                    progress.ended(ended);
                }
            }
            Some(()) = end.recv(), if !done.interrupted => {
                done.interrupted = true;
                progress.stop.send_replace(true);
            }
            _ = glances.tick() => {
                if progress.scheduler.glance() {
                    done.interrupted = true;
                    progress.stop.send_replace(true);
                }
            }
        }
        if !done.interrupted && progress.scheduler.is_over() {
            done.interrupted = true;
            progress.stop.send_replace(true);
        }
    }
    // What was told last.
    while let Ok(message) = told.try_recv() {
        progress.scheduler.heard(message);
    }
    done.left = progress.queue.len();
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
