//! A run in two processes: one plans, and asks whoever has to be asked; the other one makes, if what is to be done
//! is still what was agreed to. Knows nothing of processes.

use std::fs::File;

use crate::detach::{Listener, Word};
use crate::pipeline::finish::Scope;
use crate::pipeline::outcome::{asset_report, is_providers};
use crate::pipeline::process_lock::{ProcessLock, take_over, try_lock_process_with};
use crate::pipeline::run::Prior;
use crate::pipeline::save::remembered;
use crate::pipeline::{Planned, Settings, carry_out, gate, money, open, prepare, tell_unchanged};
use crate::runs::{Begun, Kind, Recorder, RunId, Runs};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::{Digest, Hasher};
use base::world::Fingerprint;
use plan::state;
use plan::{Step, Verdict};
use report::{Event, Reporter, State as Shown, Summary};
use store::Store;

/// A run that somebody agreed to, and that is to go on in another process.
pub struct Agreed {
    /// Its name.
    pub run: RunId,
    /// What is to be done, and what it was decided by.
    pub plan: Digest,
    /// Somebody agreed to what it costs.
    pub yes: bool,
    /// The settings that somebody trusts, if they were asked just now.
    pub trust: Option<Digest>,
    /// Held until the other process has it.
    pub lock: ProcessLock,
    /// Tells how it stands until the other process does.
    pub recorder: Recorder,
}

/// What came of a run as far as it takes a person.
pub enum Foreground {
    /// There was nothing to be made.
    Ended(Exit),
    /// There is, and it may be.
    Agreed(Box<Agreed>),
}

/// What the other process gets.
#[derive(Debug)]
pub struct Handover {
    /// The run.
    pub run: RunId,
    /// What was agreed to.
    pub plan: Digest,
    /// Who waits for it to begin.
    pub ready: Listener,
}

/// Does what `build` does before it makes anything: all that can be refused, and all that a person is asked.
pub fn agree(settings: &Settings, reporter: &Reporter) -> Result<Foreground, Failure> {
    let file = settings.state_file();
    let mut remembered = remembered(settings, &file)?;
    if let Some(unchanged) = remembered.unchanged(settings, true) {
        tell_unchanged(&unchanged, reporter);
        return Ok(Foreground::Ended(Exit::Done));
    }
    drop(remembered);
    drop(file);
    let known = settings.known_outputs();
    let at_once = |store: &Store| match try_lock_process_with(settings, store, reporter)? {
        Some(lock) => Ok(lock),
        None => Err(busy(settings)),
    };
    let (mut planned, lock) = prepare(
        settings,
        reporter,
        &mut open(settings)?,
        known,
        None,
        at_once,
    )?;
    if !planned.plan.steps.iter().any(is_work) {
        let (prior, scope) = (Prior::default(), Scope::All);
        let exit = carry_out(settings, reporter, planned, prior, scope, None)?;
        return Ok(Foreground::Ended(exit));
    }
    planned.project.tell(reporter);
    let trust = gate::open_for(settings, &mut planned, reporter)?;
    refuse_unreachable(&planned, reporter)?;
    let authorized = money::authorize(settings, &planned, &planned.plan, reporter)?;
    let total = planned.plan.steps.iter().filter(|step| is_work(step));
    let begun = begun(&planned, total.count(), true);
    let kind = Kind::of(settings.resolve.is_draft());
    let (run, recorder) = Recorder::begin(&settings.root, kind, None, begun, &Summary::default())?;
    Ok(Foreground::Agreed(Box::new(Agreed {
        run,
        plan: digest(&planned),
        yes: settings.build.money.yes || authorized.is_some_and(|authorized| authorized.agreed),
        trust,
        lock,
        recorder,
    })))
}

/// Makes what was agreed to in another process, and nothing else. `lock` is the lock that it held.
pub fn build_agreed(
    settings: &Settings,
    handover: Handover,
    lock: File,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let take = |store: &Store| match take_over(settings, store, lock, reporter)? {
        Some(lock) => Ok(lock),
        None => Err(Failure::usage(
            "`--detached` is what `--detach` begins gpbuild with, and nobody else",
        )),
    };
    let known = settings.known_outputs();
    let (planned, _alone) = prepare(settings, reporter, &mut open(settings)?, known, None, take)?;
    let (prior, scope) = (Prior::default(), Scope::All);
    carry_out(settings, reporter, planned, prior, scope, Some(handover))
}

/// Refuses what is not what was agreed to, and says so to who waits.
pub(super) fn is_agreed(planned: &Planned, handover: Handover) -> Result<Handover, Failure> {
    if digest(planned) == handover.plan {
        return Ok(handover);
    }
    handover.ready.say(Word::Changed);
    Err(changed())
}

/// What is told where the project changed in between.
pub fn changed() -> Failure {
    Failure::new(
        Exit::Budget,
        Diagnostic::error(
            "the project changed while the run was begun: nothing was made, because it is not what was agreed to",
        )
        .hint("try it again: what is to be done now is shown, and asked about, anew"),
    )
}

/// What is written down of a run that begins.
pub(super) fn begun(planned: &Planned, total: usize, detached: bool) -> Begun {
    Begun {
        project: planned.project.name(),
        total,
        detached,
    }
}

/// Who works in this project already. What they make would change what is agreed to here.
fn busy(settings: &Settings) -> Failure {
    let kind = Kind::of(settings.resolve.is_draft());
    let runs = Runs::look(&settings.root);
    let run = runs.and_then(|runs| runs.working(kind)).unwrap_or_default();
    let (who, hint) = match run {
        Some(run) => (
            format!("run {run} works in this project"),
            format!("`gpbuild status {run} --wait` waits for its end"),
        ),
        None => (
            "another gpbuild works in this project".to_owned(),
            "try it again when it has ended".to_owned(),
        ),
    };
    let why = format!("{who}: what is left to do, and for how much, is known when it ends");
    Failure::new(Exit::SomeFailed, Diagnostic::error(why).hint(hint))
}

/// A provider that cannot be asked is told before anybody goes away, and not found out later.
fn refuse_unreachable(planned: &Planned, reporter: &Reporter) -> Result<(), Failure> {
    let steps = planned.plan.steps.iter();
    let blocked: Vec<&Step> = steps
        .filter(|step| step.verdict == Verdict::Blocked && is_providers(&step.reason))
        .collect();
    if blocked.is_empty() {
        return Ok(());
    }
    for step in &blocked {
        reporter.event(Event::Done(&asset_report(step, Shown::Blocked)));
    }
    let why = format!(
        "no run was begun: {} cannot be asked for",
        count(blocked.len(), "asset")
    );
    Err(Failure::new(
        Exit::Provider,
        Diagnostic::error(why)
            .hint("`gpbuild build` without `--detach` makes all others; so does `--detach` with their names"),
    ))
}

fn is_work(step: &Step) -> bool {
    match step.verdict {
        Verdict::Fresh | Verdict::Blocked => false,
        Verdict::Restore(_) | Verdict::Export | Verdict::Make | Verdict::Wait(_) => true,
    }
}

/// What is to be done, and all that it was decided by: every file that was read, and of each asset what happens to
/// it, under which keys and for how much. The same for two processes that would make, and pay for, the same.
fn digest(planned: &Planned) -> Digest {
    let mut hasher = Hasher::new("gpbuild agreed plan");
    hasher.field(state::program().as_bytes());
    // Names in folders count by what was then read of them: a folder may be new, gpbuild's own for one.
    for (path, seen) in planned.project.world.seen() {
        let content = match seen {
            Fingerprint::File(_, digest) => *digest.bytes(),
            Fingerprint::Unread(_) => [0; 32],
            Fingerprint::Absent | Fingerprint::Folder(..) => continue,
        };
        hasher.field(path.as_bytes());
        hasher.field(&content);
    }
    for step in &planned.plan.steps {
        let verdict = format!("{:?} {:?}", step.verdict, step.reason);
        let money = format!("{} {:?}", step.requests(), step.estimate);
        hasher.field(step.spec.id.as_bytes());
        hasher.field(verdict.as_bytes());
        hasher.field(money.as_bytes());
        for shot in &step.trace.shots {
            hasher.field(shot.key.0.bytes());
        }
        hasher.field(
            step.trace
                .export
                .as_ref()
                .map_or(&[], |key| &key.0.bytes()[..]),
        );
    }
    hasher.finish()
}
