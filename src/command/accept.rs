//! `gpbuild accept`: the picture at an asset's output path becomes its locked picture: one that a
//! person edited, or the old one under a prompt that was only reworded.

use crate::execute::locked_asset;
use crate::output;
use crate::pipeline::{self, Planned, Settings};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::digest::Digest;
use base::fs::{Durability, FsError};
use declare::spec::Spec;
use model::request::Picture;
use plan::key;
use plan::lock::{Lock, LockedAsset};
use plan::{Answer, Step};
use report::{Event, Reporter};
use store::MAX_OBJECT_BYTES;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    if settings.resolve.is_draft() {
        return Err(Failure::usage(
            "a draft has nothing to accept: it is not in the lock",
        ));
    }
    // Only a project that can be built is written to, be it to keep others out.
    pipeline::plan(settings)?;
    let _alone = pipeline::lock_process(settings, reporter)?;
    let _writing = pipeline::writing();
    let planned = pipeline::plan(settings)?;
    let mut problems = Vec::new();
    let mut accepted = Vec::new();
    for step in planned.asked_for() {
        match accept(&planned, step) {
            Ok(Some(locked)) => accepted.push((step, locked)),
            Ok(None) => reporter.event(Event::Note(&format!(
                "{} is what gpbuild made: there is nothing to accept",
                step.spec.id
            ))),
            Err(problem) => problems.push(problem.for_asset(&step.spec.id)),
        }
    }
    if !problems.is_empty() {
        return Err(Failure {
            exit: Exit::SomeFailed,
            diagnostics: problems,
        });
    }
    let mut lock = Lock::clone(&planned.lock);
    for (step, (locked, size)) in accepted {
        let wanted = step.spec.size();
        if size != wanted {
            reporter.event(Event::Diagnostic(
                &Diagnostic::warning(format!(
                    "`{}` is {}x{}, its target {}x{}",
                    step.spec.output, size.0, size.1, wanted.0, wanted.1
                ))
                .at(step.spec.place.clone()),
            ));
        }
        lock.assets.insert(step.spec.id.clone(), locked);
        reporter.event(Event::Note(&format!(
            "accepted  {}  {}",
            step.spec.id, step.spec.output
        )));
    }
    lock.write(&settings.root)
        .map_err(|e| Failure::new(Exit::Damaged, Diagnostic::error(e.to_string())))?;
    pipeline::write_index_of(settings, &planned, &lock)
        .map_err(|e| Failure::new(Exit::Damaged, Diagnostic::error(e.to_string())))?;
    Ok(Exit::Done)
}

/// The size of the picture in a file, which must be in the asset's format. Into a PDF nobody looks.
fn size_of(spec: &Spec, bytes: &[u8]) -> Result<(u32, u32), Diagnostic> {
    let wrong = |what: &str| {
        Diagnostic::error(format!("`{}` is not a {what}", spec.output))
            .hint("save it in the format that its name says")
    };
    let Some(format) = spec.picture() else {
        let is_pdf = bytes.starts_with(b"%PDF-");
        return is_pdf.then_some(spec.size()).ok_or_else(|| wrong("PDF"));
    };
    let size = export::dimensions(bytes)
        .map_err(|e| Diagnostic::error(format!("`{}`: {e}", spec.output)))?;
    if export::Format::of(bytes) != Some(format) {
        return Err(wrong(&format!("{} picture", format.title())));
    }
    Ok(size)
}

type Accepted = (LockedAsset, (u32, u32));

/// What the lock says of the asset from now on, and the picture's size; nothing if it says so already.
fn accept(planned: &Planned, step: &Step) -> Result<Option<Accepted>, Diagnostic> {
    let spec = &step.spec;
    let root = planned.project.world.root();
    let known = planned.lock.assets.get(&spec.id);
    let mut keys = step.trace.shots.iter().map(|shot| &shot.key);
    if keys.any(|key| planned.pending.contains(key)) {
        return Err(
            Diagnostic::error("it is paid for, and its picture is on its way").hint(format!(
                "`gpbuild build {}` collects it at no new cost; then say which one it is to be",
                spec.id
            )),
        );
    }
    // A person says what is there: it may be a link, as long as it stays in the project.
    let bytes = match root.read(&spec.output, MAX_OBJECT_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.is_not_found() => match accepted_before(planned, known) {
            Some(bytes) => {
                output::write(root, &spec.output, &bytes)
                    .map_err(|e| Diagnostic::error(e.to_string()))?;
                bytes
            }
            None => {
                return Err(Diagnostic::error(e.to_string())
                    .hint("`accept` takes the picture that is at the asset's output path"));
            }
        },
        Err(e) => return Err(Diagnostic::error(e.to_string())),
    };
    let size = size_of(spec, &bytes)?;
    let digest = Digest::of(&bytes);
    if known
        .is_some_and(|locked| locked.digest == digest && Some(locked.export) == step.trace.export)
    {
        return Ok(None);
    }
    let kept = known.filter(|locked| locked.digest == digest);
    let answers = answers(step, kept, digest)?;
    let Some(mut locked) = locked_asset(step, answers, digest) else {
        return Err(Diagnostic::error(
            "it takes a picture that is not there yet",
        ));
    };
    let failed = |e: FsError| Diagnostic::error(e.to_string());
    let store = &planned.store;
    store.put(&bytes, Durability::Paid).map_err(failed)?;
    store.put_accepted(&digest).map_err(failed)?;
    locked.accepted = true;
    Ok(Some((locked, size)))
}

/// The picture that was accepted earlier and is not in its place, if the store has it: saying so again is enough to
/// keep it.
fn accepted_before(planned: &Planned, known: Option<&LockedAsset>) -> Option<Vec<u8>> {
    let accepted = known.filter(|locked| locked.accepted)?;
    planned.store.get(&accepted.digest).ok().flatten()
}

/// What answers each shot: what is known of it, else the accepted picture itself. `kept` is what the lock says of
/// that very picture.
fn answers(
    step: &Step,
    kept: Option<&LockedAsset>,
    accepted: Digest,
) -> Result<Vec<Answer>, Diagnostic> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut previous: Option<Digest> = None;
    for (n, request) in step.spec.requests().iter().enumerate() {
        let traced = step.trace.shots.get(n);
        let key = key::shot(request, |picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Previous => previous,
            Picture::Asset(_) => traced.map(|shot| shot.key.0),
        });
        if key.is_err() {
            return Err(Diagnostic::error(
                "it takes the picture of another asset, which is not made yet",
            )
            .hint("make that one first"));
        }
        let locked = kept.and_then(|locked| {
            let shot = locked.shots.get(n)?;
            Some(Answer {
                candidates: shot.candidates.clone(),
                pick: shot.pick,
                model: locked.model.clone(),
            })
        });
        let known = traced.and_then(|shot| shot.answer.clone()).or(locked);
        let answer = known.unwrap_or_else(|| Answer {
            candidates: vec![accepted],
            pick: 1,
            model: request.model.to_string(),
        });
        previous = answer.picked();
        answers.push(answer);
    }
    Ok(answers)
}
