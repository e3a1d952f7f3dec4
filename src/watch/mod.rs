//! A loop around the pipeline: builds, then waits until something of what that run read is otherwise.
//! Knows what was read, and nothing of what it means.

mod watcher;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::pipeline::{self, Beside, Saved, Settings};
use crate::signal::Signals;
use crate::watch::watcher::FolderWatcher;
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::world::Snapshot;
use declare::manifest::PROJECT_FILE;
use plan::state;
use report::{Event, Reporter};

/// A change is looked at once nothing more has come for this long: editors write in several steps.
pub const DEBOUNCE: Duration = Duration::from_millis(30);
/// But not later than this after the first: a checkout may take long, and is looked at on the way.
const AT_LATEST: Duration = Duration::from_millis(500);

/// The stack of the thread that builds: that of a main thread.
const STACK: usize = 8 << 20;

/// While another gpbuild works in the project: how often it is looked whether it has ended.
const GLANCE: Duration = Duration::from_millis(300);

/// Otherwise nothing is waited for but changes; the clock is only looked at.
const LONG: Duration = Duration::from_secs(3600);

/// What is made at each save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saves {
    /// The real pictures, those that are paid for as well.
    Real,
    /// The real pictures of what is drawn here anyway, and drafts of all else.
    Drawn,
    /// Drafts of everything.
    Drafts,
}

/// Who goes along with a watch.
pub trait Companion {
    /// A build ended, however it did.
    fn built(&self);
    /// A build was broken off: a newer one begins.
    fn broken_off(&self);
    /// The assets that somebody looks at.
    fn seen(&self) -> BTreeSet<String>;
}

/// Nobody.
pub struct Alone;

impl Companion for Alone {
    fn built(&self) {}

    fn broken_off(&self) {}

    fn seen(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// Builds, and builds again whenever something changed, until ctrl-c. A change while nothing but drawing goes on breaks that
/// off: the newest save wins. What is paid for is never cut. `settings` are those of the real pictures.
pub fn watch(
    settings: &Settings,
    saves: Saves,
    reporter: &Arc<Reporter>,
    companion: &dyn Companion,
) -> Result<Exit, Failure> {
    let (runtime, mut signals) = begin()?;
    let mut watcher = FolderWatcher::new()?;
    let mut told = None;
    let mut first = true;
    loop {
        reporter.restart();
        // Hundreds of pictures at the start are one line, which counts them; a save is told picture by picture.
        reporter.count_only(first);
        let of_now = of_save(settings, saves, companion.seen());
        let seen = build(
            &runtime,
            &mut signals,
            &mut watcher,
            &of_now,
            saves,
            reporter,
        )?;
        let Some(saved) = seen else {
            return Ok(Exit::Interrupted);
        };
        if of_now.beside.is_cancelled() {
            companion.broken_off();
            first = false;
            continue;
        }
        let Saved {
            snapshot,
            result,
            later,
        } = saved;
        match result {
            Ok(Exit::Interrupted) => return Ok(Exit::Interrupted),
            Ok(_) => {}
            // There is no project: a mistake in the call, not in a file.
            Err(failure) if first && !settings.root.join(PROJECT_FILE).is_file() => {
                return Err(failure);
            }
            // Whoever writes makes mistakes: told, and mended with the next save.
            Err(failure) => reporter.failure(&failure),
        }
        companion.built();
        first = false;
        let files = snapshot.files();
        if told != Some(files) {
            told = Some(files);
            let files = count(files, "file");
            reporter.event(Event::Note(&format!("watching {files}; ctrl-c ends it")));
        }
        let later = later.then_some(&**reporter);
        if !wait(
            &runtime,
            &mut signals,
            &mut watcher,
            settings,
            &snapshot,
            later,
        )? {
            return Ok(Exit::Done);
        }
    }
}

/// What is waited with, and what a person says meanwhile.
fn begin() -> Result<(Runtime, Signals), Failure> {
    let failed = |e| Failure::new(Exit::Bug, Diagnostic::error(format!("cannot start: {e}")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let signals = runtime.block_on(async { Signals::new() }).map_err(failed)?;
    Ok((runtime, signals))
}

/// The settings of the build of one save: what somebody sees comes first.
fn of_save(settings: &Settings, saves: Saves, seen: BTreeSet<String>) -> Settings {
    Settings {
        beside: Beside {
            cancel: (saves != Saves::Real).then(Arc::default),
            of_save: true,
            first: Arc::new(seen),
            ..settings.beside.clone()
        },
        ..settings.clone()
    }
}

/// What a build saw, and what came of it; `None` if a person ended it. It is left behind where it is, if
/// nothing is being made yet: to read and to resolve may take long, and can be done again. What is being made
/// ends by itself, and loses nothing.
fn build(
    runtime: &Runtime,
    signals: &mut Signals,
    watcher: &mut FolderWatcher,
    settings: &Settings,
    saves: Saves,
    reporter: &Arc<Reporter>,
) -> Result<Option<Saved>, Failure> {
    let (tell, mut told) = tokio::sync::oneshot::channel();
    let (read, mut reads) = tokio::sync::mpsc::unbounded_channel();
    let (of_build, heard) = (settings.clone(), Arc::clone(reporter));
    let work = move || {
        // Nobody hears it where it was left behind.
        let read = |snapshot| drop(read.send(snapshot));
        let all = |settings: &Settings| {
            let (snapshot, result) = pipeline::build_and_snapshot(settings, &heard, &read);
            Saved {
                snapshot,
                result,
                later: false,
            }
        };
        let _ = tell.send(match saves {
            Saves::Real => all(&of_build),
            Saves::Drawn => pipeline::save(&of_build, &heard, &read),
            Saves::Drafts => all(&pipeline::drafts_of(&of_build)),
        });
    };
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .map_err(|e| Failure::new(Exit::Bug, Diagnostic::error(format!("cannot start: {e}"))))?;
    runtime.block_on(async {
        let mut before: Option<Snapshot> = None;
        let breaks_off = settings.beside.cancel.is_some();
        let seen = loop {
            tokio::select! {
                biased;
                seen = &mut told => break seen,
                () = signals.next() => {
                    if reporter.is_making() {
                        // Whatever came of it, it is the last one.
                        if let Ok(Saved {
                            result: Err(failure),
                            ..
                        }) = told.await
                        {
                            reporter.failure(&failure);
                        }
                    }
                    return Ok(None);
                }
                Some(read) = reads.recv(), if breaks_off => {
                    // What is not heard of now is found when the build ends.
                    let _ = watcher.look_at(&settings.root, &read);
                    before = Some(read);
                }
                () = watcher.changed(), if before.is_some() => {
                    tokio::time::sleep(DEBOUNCE).await;
                    break_off(settings, before.as_ref());
                }
            }
        };
        // It panicked, and said so.
        let gone = |_| {
            Failure::new(
                Exit::Bug,
                Diagnostic::error("the build ended in the middle"),
            )
        };
        seen.map(Some).map_err(gone)
    })
}

/// Has a build end, if what it read is otherwise by now.
fn break_off(settings: &Settings, before: Option<&Snapshot>) {
    let is_old = before.is_some_and(|before| state::changed(&settings.root, before));
    if let Some(cancel) = settings.beside.cancel.as_ref().filter(|_| is_old) {
        cancel.store(true, Ordering::Release);
    }
}

/// Waits until something is otherwise; false if a person ended it. `later` is there if another gpbuild works in the project:
/// then its end is waited for, too.
fn wait(
    runtime: &Runtime,
    signals: &mut Signals,
    watcher: &mut FolderWatcher,
    settings: &Settings,
    snapshot: &Snapshot,
    later: Option<&Reporter>,
) -> Result<bool, Failure> {
    let glance = if later.is_some() { GLANCE } else { LONG };
    runtime.block_on(async {
        loop {
            // Each time: what stirred may be that a folder was replaced by one that holds the same.
            if !watcher.look_at(&settings.root, snapshot)? {
                tokio::select! {
                    () = signals.next() => return Ok(false),
                    () = tokio::time::sleep(DEBOUNCE) => continue,
                }
            }
            // Before anything is waited for: a change during the build is not lost.
            if state::changed(&settings.root, snapshot) {
                return Ok(true);
            }
            tokio::select! {
                () = watcher.changed() => {}
                () = signals.next() => return Ok(false),
                () = tokio::time::sleep(glance) => {
                    let is_free = later.is_some_and(|reporter| pipeline::is_free(settings, reporter));
                    match is_free {
                        true => return Ok(true),
                        false => continue,
                    }
                }
            }
            let latest = tokio::time::sleep(AT_LATEST);
            tokio::pin!(latest);
            loop {
                tokio::select! {
                    biased;
                    () = signals.next() => return Ok(false),
                    () = &mut latest => break,
                    () = watcher.changed() => {}
                    () = tokio::time::sleep(DEBOUNCE) => break,
                }
            }
        }
    })
}
