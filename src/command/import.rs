//! `gpbuild import`: pictures that were made elsewhere become an asset's shot. They are kept as what was paid for is, the
//! lock carries them, and what is exported of them is made at once. Asks nobody, and pays for nothing.

use std::path::{Path, PathBuf};

use crate::command::follow::follow;
use crate::execute;
use crate::pipeline::{self, Planned, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::Digest;
use base::fs::hold::Held;
use base::fs::{Durability, read_bounded, shown};
use export::Export;
use model::{MANUAL, Micro};
use plan::key::{self, Ingredients, Key, SHOT};
use plan::lock::Lock;
use plan::{Answer, Step};
use report::{Event, Reporter};
use store::ledger::{Intent, Ledger, Moment};
use store::{Payer, Roll, ShotEntry, Store};

/// The largest picture, in bytes; the same as of one that comes from a provider.
const MAX_IMPORTED_BYTES: u64 = 64 << 20;
/// At most so many candidates at once.
const MAX_FILES: usize = 64;
/// It is told how a picture is cut if it loses more than one part in so many.
const TOLD_FROM: u64 = 50;

/// What is to be taken.
#[derive(Clone, Debug)]
pub struct Import {
    /// The asset, by its whole id.
    pub asset: String,
    /// The candidates, the picked one first.
    pub files: Vec<PathBuf>,
    /// As this shot, from 1; the next one that is missing if it is not given.
    pub shot: Option<usize>,
    /// Also pictures that have to be scaled up.
    pub upscale: bool,
    /// Also in place of what is there.
    pub force: bool,
}

/// The shot that is answered.
struct Target<'a> {
    step: &'a Step,
    export: &'a Export,
    key: Key,
    ingredients: Ingredients,
    /// The model that is noted.
    model: String,
    /// What there is already.
    before: Vec<Digest>,
}

/// Runs the command.
pub fn run(settings: &Settings, import: &Import, reporter: &Reporter) -> Result<Exit, Failure> {
    if settings.resolve.is_draft() {
        return Err(Failure::usage("a draft is drawn: it takes no picture"));
    }
    if import.files.len() > MAX_FILES {
        let files = import.files.len();
        let most = format!("{files} files are too many: at most {MAX_FILES} at once");
        return Err(Failure::usage(most));
    }
    // What is refused leaves nothing behind: all that can be wrong is looked for before anything is written.
    let planned = pipeline::plan(settings)?;
    let looked = look(&target(&planned, import)?, import)?;
    let alone = pipeline::lock_process(settings, reporter)?;
    let planned = pipeline::plan(settings)?;
    let target = target(&planned, import)?;
    let _held = hold(&planned.store, &planned.ledger, &target)?;
    let pictures = keep(&planned.store, &looked)?;
    let entry = enter(&planned.store, &target, pictures).map_err(|e| store_failure(&e))?;
    let changed = agree(settings, &planned, &target, &entry)?;
    note(&planned, &target, looked.len()).map_err(|e| store_failure(&e))?;
    for diagnostic in looked.iter().filter_map(|picture| picture.warning.as_ref()) {
        reporter.event(Event::Diagnostic(diagnostic));
    }
    for note in looked.iter().filter_map(|picture| picture.note.as_deref()) {
        reporter.event(Event::Note(note));
    }
    reporter.event(Event::Note(&told(&target, import)));
    drop(alone);
    follow(settings, &changed, reporter)
}

/// Writes it into the ledger, last of all: it is to be told of, and nothing follows from it.
fn note(planned: &Planned, target: &Target<'_>, pictures: usize) -> Result<(), base::fs::FsError> {
    planned.ledger.imported(Intent {
        asset: target.step.spec.id.clone(),
        key: target.key,
        model: target.model.clone(),
        pictures: u32::try_from(pictures).unwrap_or(u32::MAX),
        estimate: Some(Micro::default()),
        quoted: None,
        project: planned.project.name(),
        from: None,
        batch: None,
    })
}

fn told(target: &Target<'_>, import: &Import) -> String {
    let id = &target.step.spec.id;
    let candidates = count(import.files.len(), "candidate");
    let more = match target.before.len() {
        0 => String::new(),
        n => format!(", before {n} that stay: `gpbuild pick {id}` shows all"),
    };
    format!("imported  {id}  {candidates}{more}")
}

fn failure(diagnostic: Diagnostic) -> Failure {
    Failure::new(Exit::SomeFailed, diagnostic)
}

/// The step of the asset that is meant.
fn step<'a>(planned: &'a Planned, import: &Import) -> Result<&'a Step, Failure> {
    let mut steps = planned.plan.steps.iter();
    steps
        .find(|step| step.spec.id == import.asset)
        .ok_or_else(|| {
            let ids = planned.plan.steps.iter().map(|step| step.spec.id.as_str());
            let error = Diagnostic::error(format!("there is no asset `{}`", import.asset));
            Failure::new(Exit::Manifest, error.did_you_mean(&import.asset, ids))
        })
}

/// The shot that the pictures are for.
fn target<'a>(planned: &'a Planned, import: &Import) -> Result<Target<'a>, Failure> {
    let step = step(planned, import)?;
    let spec = &step.spec;
    let id = &spec.id;
    let refused = |message: String| Diagnostic::error(message).at(spec.place.clone());
    let Some(shots) = spec.shots().filter(|_| spec.is_paid()) else {
        return Err(failure(
            refused(format!(
                "`{id}` is made here: it takes no picture from elsewhere"
            ))
            .hint(format!(
                "`model = \"{MANUAL}/NAME\"` in its table says that it is made by hand"
            )),
        ));
    };
    if spec.pin {
        return Err(failure(refused(format!("`{id}` is pinned")).hint(
            "take `pin = true` out first: a pinned picture stays what it is",
        )));
    }
    let n = number(step, import)?;
    let Some(traced) = step.trace.shots.get(n) else {
        let (why, hint) = too_early(step, n);
        return Err(failure(refused(why).hint(hint)));
    };
    let before = candidates(planned, &traced.key, traced.answer.as_ref())?;
    if traced.answer.is_some() && !import.force {
        let error = refused(format!("`{id}` has its picture already"));
        return Err(failure(
            error
                .hint("`--force` takes this one in its place; what is there stays as a candidate")
                .hint("`variant = 2` in its table asks for another one, beside it"),
        ));
    }
    let request = &shots.requests[n];
    let previous = n
        .checked_sub(1)
        .and_then(|n| step.trace.shots.get(n)?.answer.as_ref()?.picked());
    let ingredients =
        key::shot(request, |picture| step.digest_of(picture, previous)).map_err(|_| {
            failure(refused(format!(
                "`{id}` takes a picture that is not there yet"
            )))
        })?;
    debug_assert_eq!(ingredients.key(SHOT), traced.key);
    Ok(Target {
        step,
        export: &shots.export,
        key: traced.key,
        ingredients,
        model: match request.model.is_by_hand() {
            true => request.model.to_string(),
            false => format!("{MANUAL}/import"),
        },
        before,
    })
}

/// Why nothing can be taken as shot `n` yet, and what to do first.
fn too_early(step: &Step, n: usize) -> (String, String) {
    let id = &step.spec.id;
    match &step.trace.waits_on {
        Some(other) => (
            format!("`{id}` takes the picture of `{other}`, which is not made yet"),
            format!("make that one first: `gpbuild build {other}`"),
        ),
        None => (
            format!(
                "shot {} of `{id}` goes by a shot that is not there yet",
                n + 1
            ),
            format!("`gpbuild import {id} FILE` takes the next one that is missing"),
        ),
    }
}

/// The number of the shot that is meant, from 0.
fn number(step: &Step, import: &Import) -> Result<usize, Failure> {
    let shots = step.spec.requests().len();
    let Some(number) = import.shot else {
        let answered = step.trace.shots.iter();
        let missing = answered.take_while(|shot| shot.answer.is_some()).count();
        return Ok(missing.min(shots.saturating_sub(1)));
    };
    if !(1..=shots).contains(&number) {
        return Err(failure(Diagnostic::error(format!(
            "`{}` has {}, there is no number {number}",
            step.spec.id,
            count(shots, "shot")
        ))));
    }
    Ok(number - 1)
}

/// What a shot has led to so far, as far as it is still there.
fn candidates(
    planned: &Planned,
    key: &Key,
    answer: Option<&Answer>,
) -> Result<Vec<Digest>, Failure> {
    let stored = planned.store.shot(key).map_err(|e| store_failure(&e))?;
    let stored = stored.iter().flat_map(ShotEntry::pictures);
    let known = answer.map(|answer| answer.candidates.clone());
    let all = known.into_iter().flatten().chain(stored);
    let mut found: Vec<Digest> = Vec::new();
    for digest in all.filter(|digest| planned.store.has(digest)) {
        if !found.contains(&digest) {
            found.push(digest);
        }
    }
    Ok(found)
}

/// Keeps everybody else from the shot. One that is being asked for, or whose answer is paid for and on its way, is
/// not answered twice: what was paid for would be thrown away.
fn hold(store: &Store, ledger: &Ledger, target: &Target<'_>) -> Result<Held, Failure> {
    let id = &target.step.spec.id;
    let payer = Payer {
        process: std::process::id(),
        since: Moment::now().to_string(),
        asset: id.clone(),
        project: String::new(),
    };
    let held = store.try_make(&target.key, &payer);
    let Some(held) = held.map_err(|e| store_failure(&e))? else {
        let who = store.payer(&target.key).unwrap_or_default();
        let error = Diagnostic::error(format!("`{id}` is {who}"));
        return Err(failure(
            error.hint("import it once that has ended, if it still has to be"),
        ));
    };
    let now = store.shot(&target.key).map_err(|e| store_failure(&e))?;
    let mut now = now.iter().flat_map(ShotEntry::pictures);
    if now.any(|d| store.has(&d) && !target.before.contains(&d)) {
        let error = Diagnostic::error(format!("the picture of `{id}` was made meanwhile"));
        return Err(failure(error.hint(
            "look at it, and run this again with `--force` if it is not the one",
        )));
    }
    let arrived = store.arrived().map_err(|e| store_failure(&e))?;
    let came = arrived
        .iter()
        .any(|path| store.key_of(path) == Some(target.key));
    let tickets = store.tickets().map_err(|e| store_failure(&e))?;
    let batches = execute::in_batches(store, ledger).map_err(|e| store_failure(&e))?;
    let on_way = tickets.contains_key(&target.key) || batches.pending.contains(&target.key);
    if came || on_way {
        let error = Diagnostic::error(format!("`{id}` is paid for, and its picture is on its way"));
        return Err(failure(
            error.hint(format!("`gpbuild build {id}` collects it at no new cost")),
        ));
    }
    Ok(held)
}

/// A picture that will do.
struct Looked<'a> {
    file: &'a Path,
    digest: Digest,
    /// It is scaled up.
    warning: Option<Diagnostic>,
    /// How it is cut.
    note: Option<String>,
}

/// Looks at all pictures; everything wrong with any of them is told at once.
fn look<'a>(target: &Target<'_>, import: &'a Import) -> Result<Vec<Looked<'a>>, Failure> {
    let mut found: Vec<Looked<'_>> = Vec::new();
    let mut problems = Vec::new();
    for file in &import.files {
        match look_at(target, import.upscale, file) {
            Ok(looked) if found.iter().any(|other| other.digest == looked.digest) => {}
            Ok(looked) => found.push(looked),
            Err(problem) => problems.push(problem),
        }
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Failure {
            exit: Exit::SomeFailed,
            diagnostics: problems,
        }),
    }
}

/// One picture: a whole one, which the output can be cut from.
fn look_at<'a>(
    target: &Target<'_>,
    upscale: bool,
    file: &'a Path,
) -> Result<Looked<'a>, Diagnostic> {
    let name = shown(file);
    let bytes = read(file)?;
    let size = export::check(&bytes).and_then(|()| export::dimensions(&bytes));
    let (width, height) = size.map_err(|e| Diagnostic::error(format!("`{name}`: {e}")))?;
    let (to_width, to_height) = (target.export.width, target.export.height);
    let (part_width, part_height) = export::shown_part(target.export, (width, height));
    let mut looked = Looked {
        file,
        digest: Digest::of(&bytes),
        warning: None,
        note: None,
    };
    if part_width < to_width || part_height < to_height {
        let what = format!(
            "`{name}` is {width}x{height}, of which {part_width}x{part_height} would be seen at {to_width}x{to_height}"
        );
        if !upscale {
            let error = Diagnostic::error(format!("{what}: it is too small"));
            return Err(error.hint("`--upscale` takes it all the same, and scales it up"));
        }
        looked.warning = Some(Diagnostic::warning(format!("{what}: it is scaled up")));
    }
    let area = |width, height| u64::from(width) * u64::from(height);
    let lost = area(width, height).saturating_sub(area(part_width, part_height));
    if lost * TOLD_FROM > area(width, height) {
        looked.note = Some(format!(
            "`{name}` is {width}x{height}: {part_width}x{part_height} of it become {to_width}x{to_height}"
        ));
    }
    Ok(looked)
}

/// A file that a person named, wherever it is.
fn read(file: &Path) -> Result<Vec<u8>, Diagnostic> {
    read_bounded(file, MAX_IMPORTED_BYTES).map_err(|e| Diagnostic::error(e.to_string()))
}

/// Puts the pictures into the store, as they were looked at.
fn keep(store: &Store, looked: &[Looked<'_>]) -> Result<Vec<Digest>, Failure> {
    let mut kept = Vec::new();
    for Looked { file, digest, .. } in looked {
        let bytes = read(file).map_err(failure)?;
        if Digest::of(&bytes) != *digest {
            let error = Diagnostic::error(format!("`{}` changed meanwhile", shown(file)));
            return Err(failure(error.hint("run it again")));
        }
        let put = store.put(&bytes, Durability::Paid);
        kept.push(put.map_err(|e| store_failure(&e))?);
    }
    Ok(kept)
}

/// Enters the pictures as what the shot led to, in front of what there was.
fn enter(
    store: &Store,
    target: &Target<'_>,
    pictures: Vec<Digest>,
) -> Result<Roll, base::fs::FsError> {
    let picked = pictures[0];
    let before = target
        .before
        .iter()
        .filter(|digest| !pictures.contains(digest));
    let before: Vec<Digest> = before.copied().collect();
    // What those before cost was paid. All of them are candidates of the one roll that counts.
    let cost = store.shot(&target.key)?.map_or(0, |entry| entry.cost());
    let roll = Roll::new([pictures, before].concat(), target.model.clone(), cost);
    let entry = ShotEntry::accepted(roll.clone(), target.ingredients.clone());
    store.put_shot(&target.key, &entry, Durability::Paid)?;
    store.put_pick(&target.key, picked)?;
    Ok(roll)
}

/// Has the lock say so, where it says something of the shot. The assets whose shot it is.
fn agree(
    settings: &Settings,
    planned: &Planned,
    target: &Target<'_>,
    roll: &Roll,
) -> Result<Vec<String>, Failure> {
    let mut lock = Lock::read(&settings.root)?;
    let before = lock.clone();
    let key = target.key;
    let has_it = |step: &&Step| step.trace.shots.iter().any(|shot| shot.key == key);
    let steps = planned.plan.steps.iter().filter(has_it);
    let mut changed: Vec<String> = steps.map(|step| step.spec.id.clone()).collect();
    for (id, asset) in &mut lock.assets {
        let last = asset.shots.len().saturating_sub(1);
        for (n, shot) in asset.shots.iter_mut().enumerate() {
            if shot.key == key {
                shot.candidates.clone_from(&roll.candidates);
                shot.pick = 1;
                if n == last {
                    asset.model.clone_from(&roll.model);
                }
                if !changed.contains(id) {
                    changed.push(id.clone());
                }
            }
        }
    }
    // What the lock says of an accepted picture is not what the shot gave: the store says that.
    lock.assets
        .retain(|id, asset| !(asset.accepted && changed.contains(id)));
    if lock != before {
        lock.write(&settings.root).map_err(|e| store_failure(&e))?;
    }
    Ok(changed)
}
