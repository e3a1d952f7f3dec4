//! The one page: load -> resolve -> plan -> execute -> lock -> index -> state. It reads like that sentence; how
//! each of them is done stands in the files beside it, and in the rooms below.

mod access;
mod adopt;
mod agree;
mod batches;
mod drawn;
mod process_lock;
mod finish;
mod fonts;
mod gate;
mod limits;
mod money;
mod outcome;
mod partial;
mod planned;
mod project;
mod right;
mod save;
mod run;
mod settings;
mod lock_update;
mod why;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::detach::Word;
use crate::execute::{self, Concurrency, Executed, Worker};
use crate::pipeline::finish::{Scope, finish};
use crate::pipeline::outcome::{Outcome, empty_summary};
use crate::pipeline::planned::{Before, ledger};
use crate::pipeline::process_lock::{ProcessLock, lock_process_with};
use crate::pipeline::project::{PREVIEW, load_from, load_part, open};
use crate::pipeline::run::{Prior, Run};
use crate::pipeline::save::remembered;
use crate::runs::{Kind, Recorder};
use base::diagnostic::{Exit, Failure};
use base::world::{Snapshot, World};
use declare::manifest;
use plan::lock::Lock;
use plan::state::{self, KnownOutputs};
use report::{Event, Reporter, State as Shown, Summary};
use store::Store;

pub use access::Access;
pub use adopt::{
    adopt_by_word, is_there as has_old_store, nothing_there, plan_note as old_store_note,
};
pub use agree::{Agreed, Foreground, Handover, agree, build_agreed, changed};
pub use batches::{PendingBatch, pending_batches};
pub use drawn::{Saved, drafts_of, drawn, is_free, save};
pub use finish::{is_written, write_index_of};
pub use gate::{Wishes, wishes};
pub use money::{Money, UnderWay, recover, requests_at_once, route_to, unasked, under_way};
pub use outcome::{asset_report, fresh_report, lost};
pub use planned::{Planned, plan, plan_for};
pub use process_lock::{lock_process, writing};
pub use project::{Project, load, load_with, project_name, store_failure};
pub use right::{What, what_of};
pub use save::{Unchanged, nothing_changed};
pub use settings::{Beside, BuildOptions, Settings};
pub use why::Why;

/// Makes what is not fresh.
pub fn build(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    if settings.beside.together {
        // What the last run left may be older than what another one is about to leave.
        let known = settings.known_outputs();
        return build_all(settings, reporter, &mut open(settings)?, known, &|_| ());
    }
    let file = settings.state_file();
    let mut remembered = remembered(settings, &file)?;
    if let Some(unchanged) = remembered.unchanged(settings, true) {
        tell_unchanged(&unchanged, reporter);
        return Ok(Exit::Done);
    }
    if let Some(mut part) = partial::find(settings, reporter, &mut remembered)? {
        let prior = std::mem::take(&mut part.prior);
        return carry_out(
            settings,
            reporter,
            part.planned,
            prior,
            Scope::Part(part.left),
            None,
        );
    }
    let known = remembered.state.known(|_| true);
    // Some hundred bytes for each asset.
    drop(remembered);
    drop(file);
    build_all(settings, reporter, &mut open(settings)?, known, &|_| ())
}

/// Says of a project in which nothing changed that all is in place.
fn tell_unchanged(unchanged: &Unchanged<'_>, reporter: &Reporter) {
    unchanged.tell_left_out(reporter);
    let outputs = &unchanged.outputs;
    if reporter.tells(Shown::Fresh) {
        for output in outputs {
            reporter.event(Event::Done(&fresh_report(output)));
        }
    }
    reporter.event(Event::Unclaimed(&unchanged.unclaimed));
    let summary = Summary {
        fresh: outputs.len(),
        ..empty_summary(reporter)
    };
    reporter.event(Event::Summary(&summary));
}

/// Makes what is not fresh, and says what was read for it, even where that was wrong: what a watch has
/// to watch. Looks at everything anew. `read` is told what is read by the time that work begins: what a watch can look at
/// meanwhile.
pub fn build_and_snapshot(
    settings: &Settings,
    reporter: &Reporter,
    read: &dyn Fn(Snapshot),
) -> (Snapshot, Result<Exit, Failure>) {
    let at = state::now();
    let mut world = match open(settings) {
        Ok(world) => world,
        // It may come, or come back.
        Err(failure) => return (Snapshot::nothing(manifest::PROJECT_FILE), Err(failure)),
    };
    let known = settings.known_outputs();
    let read = |world: &Arc<World>| {
        read(Snapshot {
            at,
            ..world.snapshot()
        });
    };
    let result = build_all(settings, reporter, &mut world, known, &read);
    let snapshot = Snapshot {
        at,
        ..world.snapshot()
    };
    (snapshot, result)
}

/// Looks at every asset, and makes what is not fresh. `known` is what the last run knew of outputs.
fn build_all(
    settings: &Settings,
    reporter: &Reporter,
    world: &mut Arc<World>,
    known: KnownOutputs,
    read: &dyn Fn(&Arc<World>),
) -> Result<Exit, Failure> {
    let wait = |store: &Store| lock_process_with(settings, store, reporter);
    let (planned, _alone) = prepare(settings, reporter, world, known, None, wait)?;
    read(world);
    let prior = Prior::default();
    let project = Arc::clone(&planned.project);
    let exit = carry_out(settings, reporter, planned, prior, Scope::All, None)?;
    match project.wrong.is_empty() || settings.beside.is_cancelled() {
        true => Ok(exit),
        false => Err(Failure::manifest(project.wrong.clone())),
    }
}

/// Decides what is to be done, with the process lock that `lock` gets. `project` is what was read of `world`, if it was.
fn prepare(
    settings: &Settings,
    reporter: &Reporter,
    world: &mut Arc<World>,
    mut known: KnownOutputs,
    project: Option<Project>,
    lock: impl FnOnce(&Store) -> Result<ProcessLock, Failure>,
) -> Result<(Planned, ProcessLock), Failure> {
    // Only a project that can be built is written to, be it to keep others out.
    let mut project = match project {
        Some(project) => project,
        None => load_from(settings, world)?,
    };
    let mut before = Before::look(settings, &project)?;
    let process_lock = lock(&before.store)?;
    // Another gpbuild may have worked meanwhile: what it made is looked at from here on.
    if process_lock.waited {
        *world = open(settings)?;
        project = load_from(settings, world)?;
        before = Before::look(settings, &project)?;
        known = settings.known_outputs();
    } else {
        before = before.again(settings)?;
    }
    let ledger = if settings.resolve.is_draft() {
        // An answer that comes just now is none of a draft's business.
        // What is declared by what is wrong keeps the picture that it had.
        if project.wrong.is_empty() {
            lock_update::sweep(project.world.root(), &project.specs)?;
        }
        ledger(settings)?
    } else {
        adopt::adopt(settings, &project, reporter)?;
        let ledger = ledger(settings)?;
        recover(settings, &before.store, &ledger, reporter);
        ledger
    };
    let mut planned = Planned::new(settings, Arc::new(project), before, known, ledger)?;
    planned.joined = process_lock.joined;
    Ok((planned, process_lock))
}

/// Does what was planned, for every asset or for some; `prior` is what is known of those that are not in the plan.
fn carry_out(
    settings: &Settings,
    reporter: &Reporter,
    mut planned: Planned,
    prior: Prior,
    scope: Scope<'_>,
    handover: Option<Handover>,
) -> Result<Exit, Failure> {
    planned.project.tell(reporter);
    if let Scope::Part(left) = &scope {
        save::tell_left_out(&save::left_out(&left.state), reporter);
    }
    planned.tell_of_merge(reporter);
    let mut recorder = Recorder::default();
    let result = run(
        settings,
        reporter,
        &mut planned,
        prior,
        handover,
        &mut recorder,
    )
    .and_then(|(lock, outcome)| finish(settings, reporter, &planned, lock, &outcome, scope));
    recorder.end(result.as_ref().map(|exit| *exit));
    result
}

/// Carries out the plan: the lock as it is then, and what became of the assets. `prior` is what is known
/// of assets that are not in the plan.
fn run(
    settings: &Settings,
    reporter: &Reporter,
    planned: &mut Planned,
    prior: Prior,
    handover: Option<Handover>,
    recorder: &mut Recorder,
) -> Result<(Lock, Outcome), Failure> {
    gate::open_for(settings, planned, reporter)?;
    let handover = handover
        .map(|handover| agree::is_agreed(planned, handover))
        .transpose()?;
    let plan = std::mem::take(&mut planned.plan);
    let planned = &*planned;
    let paid_client = money::paid_client(settings, planned, &plan, reporter)?;
    let (project, store) = (&planned.project, &planned.store);
    let mut run = Run::new(settings, planned, plan.waiting, reporter, prior, recorder);
    let steps = run.decide(plan.steps);
    // Of the runs that work together one is told of.
    if !steps.is_empty() && !planned.joined {
        let total = run.total(&steps);
        let begun = agree::begun(planned, total, handover.is_some());
        let kind = Kind::of(settings.resolve.is_draft());
        let id = handover.as_ref().map(|handover| handover.run.clone());
        // Nobody has a picture less because it cannot be told of.
        run.record(|counted| {
            let recorder = Recorder::begin(&settings.root, kind, id, begun, counted);
            recorder.map(|(_, recorder)| recorder).unwrap_or_default()
        });
    }
    if let Some(handover) = handover {
        handover.ready.say(Word::Ready);
    }
    run.begin(&steps);
    let worker = Arc::new(Worker {
        root: project.world.root().clone(),
        store: store.clone(),
        models: Arc::clone(&planned.models),
        fonts: Arc::clone(&project.fonts),
        locked: Arc::clone(&planned.lock),
        lock_index: Arc::clone(&planned.lock_index),
        room: Semaphore::new(draws(settings.build.jobs)),
        paid_client,
    });
    let concurrency = Concurrency {
        draws: draws(settings.build.jobs),
        requests: money::requests_at_once(settings.build.jobs),
        fail_fast: settings.build.fail_fast,
        waits: settings.build.batching.waits,
    };
    let stop_early = settings.build.fail_fast && run.outcome.blocked > 0;
    let executed = if stop_early {
        Executed {
            left: steps.len(),
            ..Executed::default()
        }
    } else {
        execute::execute(steps, worker, concurrency, &mut run)
            .map_err(|d| Failure::new(Exit::Bug, d))?
    };
    Ok(run.end(executed))
}

fn draws(asked: usize) -> usize {
    if asked > 0 {
        return asked;
    }
    std::thread::available_parallelism().map_or(2, usize::from)
}
