//! Does what the plan says: the only place with an async runtime, and a plain blocking call for
//! everybody else. Judges nothing itself.

mod step;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::diagnostic::Diagnostic;
use crate::plan::{Step, Verdict};

pub use step::{Made, Maker, draw_diagnostic, locked_asset, overlay_diagnostic, page_images};

/// What the execution tells while it runs.
pub enum Progress<'a> {
    /// Work on a step began.
    Started(&'a Step),
    /// A step ended, well or not.
    Ended(&'a Finished),
}

/// A step that was carried out.
pub struct Finished {
    /// The step.
    pub step: Step,
    /// What came of it.
    pub result: Result<Made, Diagnostic>,
    /// Whether what went wrong is a bug in gpbuild.
    pub bug: bool,
}

/// What came of the whole plan.
#[derive(Default)]
pub struct Executed {
    /// The steps that were carried out, in the order in which they ended.
    pub finished: Vec<Finished>,
    /// How many were not begun, because of ctrl-c or `--fail-fast`.
    pub left: usize,
    /// Ended by ctrl-c.
    pub interrupted: bool,
}

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At most so many steps at once.
    pub jobs: usize,
    /// Begin nothing more once a step failed.
    pub fail_fast: bool,
}

/// Carries out every step that is not fresh or blocked. The first ctrl-c begins nothing more and lets
/// what is running end, so that what was made stays made; the second ends the process.
pub fn execute(
    steps: Vec<Step>,
    maker: Arc<Maker>,
    pace: Pace,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Executed, Diagnostic> {
    let queue: Vec<Step> = steps
        .into_iter()
        .filter(|step| {
            matches!(
                step.verdict,
                Verdict::Make | Verdict::Export | Verdict::Restore(_)
            )
        })
        .collect();
    if queue.is_empty() {
        return Ok(Executed::default());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(pace.jobs.max(1))
        .build()
        .map_err(|e| Diagnostic::error(format!("cannot start: {e}")))?;
    Ok(runtime.block_on(run(queue, maker, pace, tell)))
}

async fn run(
    queue: Vec<Step>,
    maker: Arc<Maker>,
    pace: Pace,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Executed {
    let mut done = Executed::default();
    let mut queue = queue.into_iter();
    let mut running: JoinSet<Finished> = JoinSet::new();
    let mut stop = false;
    // One listener for the whole run: a signal between two looks is not lost.
    let (tell_stop, mut stopped) = tokio::sync::mpsc::channel(1);
    tokio::spawn(listen(tell_stop));
    loop {
        while !stop && running.len() < pace.jobs.max(1) {
            let Some(step) = queue.next() else {
                break;
            };
            tell(Progress::Started(&step));
            let maker = Arc::clone(&maker);
            running.spawn_blocking(move || maker.finish(step));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some(joined) = running.join_next() => {
                // A panic is caught in the step itself, so a step is never lost.
                if let Ok(finished) = joined {
                    stop |= pace.fail_fast && finished.result.is_err();
                    tell(Progress::Ended(&finished));
                    done.finished.push(finished);
                }
            }
            Some(()) = stopped.recv(), if !done.interrupted => {
                done.interrupted = true;
                stop = true;
            }
        }
    }
    done.left = queue.len();
    done
}

/// Tells the first ctrl-c, or being asked to end; at the second, ends the process. Nothing half-written
/// is visible then: files are renamed into place.
async fn listen(tell_stop: tokio::sync::mpsc::Sender<()>) {
    let Ok(mut signals) = Signals::new() else {
        return;
    };
    signals.next().await;
    let _ = tell_stop.send(()).await;
    signals.next().await;
    exit_now();
}

#[expect(clippy::exit, reason = "the second ctrl-c means now")]
fn exit_now() {
    std::process::exit(130);
}

/// What asks a process to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What asks a process to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
