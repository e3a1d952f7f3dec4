//! The one end of a run: what it changed goes into lock, index and state, whether it looked at every asset or
//! at some of them. Whatever a run leaves behind, it leaves here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::pipeline::lock_update;
use crate::pipeline::outcome::Outcome;
use crate::pipeline::planned::Planned;
use crate::pipeline::process_lock::writing;
use crate::pipeline::project::{DRAFT_INDEX, Project, store_failure};
use crate::pipeline::settings::{BuildOptions, Settings};
use base::diagnostic::{Diagnostic, Exit, Failure, count, list};
use base::digest::Digest;
use base::fs::{Durability, Folder, FsError};
use base::path::ProjectPath;
use base::world::{Fingerprint, Signature};
use declare::spec::Spec;
use plan::Verdict;
use plan::index;
use plan::lock::{self, Lock, LockedAsset, Tables};
use plan::state::{self, InPlace, LeftOut, Look, Output, State};
use report::{Event, Reporter};

/// So many outputs of nobody's are named in one line.
const NAMED: usize = 10;

/// Which assets a run looked at.
pub enum Scope<'f> {
    /// Every one.
    All,
    /// Some: what the last run left of all others stays as it is.
    Part(Box<Left<'f>>),
}

/// What the last run left, and a run of some assets goes on with.
pub struct Left<'f> {
    /// The text of the lock; empty where there is none, or no need of it.
    pub lock: String,
    /// The text of the index, likewise.
    pub index: String,
    /// The state.
    pub state: State<'f>,
    /// The outputs that were put back, by their place in the state.
    pub restored: Vec<usize>,
}

/// Ends a run: `lock` is what it says of the assets that were looked at.
pub fn finish(
    settings: &Settings,
    reporter: &Reporter,
    planned: &Planned,
    mut lock: Lock,
    outcome: &Outcome,
    scope: Scope<'_>,
) -> Result<Exit, Failure> {
    let project = &planned.project;
    // From here to the end nobody of this process writes the same.
    let _writing = settings.beside.together.then(writing);
    if settings.beside.together && !settings.resolve.is_draft() {
        lock = lock_update::rebased(lock, &planned.lock, Lock::read(&settings.root)?);
    }
    let mut seen = looks(project);
    let mut differs = Vec::new();
    let mut unclaimed = Vec::new();
    if settings.resolve.is_draft() {
        // Beside the pictures, for a site that shows drafts. Nothing is lost without it.
        let all_right = project.wrong.is_empty();
        if all_right
            && let Ok(Written::Seen(look)) = write_index(settings, project, &lock, outcome, &scope)
        {
            seen.push(look);
        }
    } else {
        lock_update::claim(&mut lock, &project.specs, planned.unclaimed.clone());
        if settings.build.prune && !outcome.interrupted {
            lock_update::prune(&project.world, &planned.store, &mut lock, reporter)?;
        }
        lock_update::keep_accepted(&planned.store, &planned.lock)?;
        // Both wait for the disk: together.
        let (lock_seen, index_seen) = rayon::join(
            || write_lock(settings, planned, &lock, &scope),
            || write_index(settings, project, &lock, outcome, &scope),
        );
        for written in [lock_seen, index_seen] {
            match written.map_err(|e| store_failure(&e))? {
                Written::Untouched => {}
                Written::Seen(look) => seen.push(look),
                Written::Differs(path) => differs.push(path),
            }
        }
        unclaimed = match &scope {
            Scope::All => lock.unclaimed.keys().cloned().collect(),
            Scope::Part(left) => left.state.unclaimed.clone(),
        };
    }
    if settings.build.locked && !outcome.interrupted {
        let drift = drift(&differs, &unclaimed);
        if !drift.is_empty() {
            outcome.tell(reporter);
            for diagnostic in &drift {
                reporter.event(Event::Diagnostic(diagnostic));
            }
            return Ok(match outcome.exit() {
                Exit::Done => Exit::SomeFailed,
                exit => exit,
            });
        }
    }
    save_state(settings, planned, &lock, outcome, seen, scope);
    reporter.event(Event::Unclaimed(&unclaimed));
    // Of a run that a newer one takes the place of nobody wants to hear.
    if !(settings.beside.of_save && settings.beside.is_cancelled()) {
        outcome.tell(reporter);
    }
    Ok(outcome.exit())
}

/// Whether lock and index say already what a build of this plan would write there, all of whose assets are fresh.
pub fn is_written(settings: &Settings, planned: &Planned) -> Result<bool, FsError> {
    let project = &planned.project;
    let locked = Settings {
        build: BuildOptions {
            locked: true,
            ..settings.build.clone()
        },
        ..settings.clone()
    };
    let mut lock = Lock::clone(&planned.lock);
    let mut outcome = Outcome::new(false, false);
    for step in &planned.plan.steps {
        outcome.in_place(step);
        lock_update::record(step, &mut lock);
    }
    lock_update::claim(&mut lock, &project.specs, planned.unclaimed.clone());
    let written = write_lock(&locked, planned, &lock, &Scope::All)?;
    let path = index_path(project, false);
    let is_there = settings.root.join(&path).exists();
    if !is_there {
        let none = rows(project, &lock, &outcome, &[]).is_empty();
        return Ok(none && !matches!(written, Written::Differs(_)));
    }
    let index = write_index(&locked, project, &lock, &outcome, &Scope::All)?;
    Ok(![written, index]
        .iter()
        .any(|file| matches!(file, Written::Differs(_))))
}

/// Brings the index up to date with a lock that was written outside of a build.
pub fn write_index_of(settings: &Settings, planned: &Planned, lock: &Lock) -> Result<(), FsError> {
    let mut outcome = Outcome::new(false, false);
    for step in &planned.plan.steps {
        if step.verdict == Verdict::Fresh {
            outcome.in_place(step);
        }
    }
    write_index(settings, &planned.project, lock, &outcome, &Scope::All).map(drop)
}

/// What became of a file of gpbuild's own.
enum Written {
    /// It is what the last run left: there was no need to look.
    Untouched,
    /// It says what it has to say.
    Seen(Look<'static>),
    /// `--locked`: it says something else, and was left so.
    Differs(String),
}

/// What is wrong with a tree that is to be what its lock says, although every picture may be in its place.
fn drift(differs: &[String], unclaimed: &[String]) -> Vec<Diagnostic> {
    let differs = differs.iter().map(|path| {
        Diagnostic::error(format!("`{path}` is not what this project makes of it"))
            .hint("`gpbuild build` without `--locked` writes it: commit what it wrote")
    });
    let mut drift: Vec<Diagnostic> = differs.collect();
    if !unclaimed.is_empty() {
        let belong = if unclaimed.len() == 1 {
            "belongs"
        } else {
            "belong"
        };
        let shown: Vec<&String> = unclaimed.iter().take(NAMED).collect();
        let more = match unclaimed.len() - shown.len() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        drift.push(
            Diagnostic::error(format!(
                "{} {belong} to no asset: {}{more}",
                count(unclaimed.len(), "output"),
                list(&shown)
            ))
            .hint("`gpbuild build --prune` removes what nobody edited: commit that"),
        );
    }
    drift
}

/// Whether a file says `now`. A checkout may end lines in another way.
fn says(before: &[u8], now: &str) -> bool {
    before == now.as_bytes() || String::from_utf8_lossy(before).replace("\r\n", "\n") == now
}

/// Writes the lock, if it is otherwise.
fn write_lock(
    settings: &Settings,
    planned: &Planned,
    lock: &Lock,
    scope: &Scope<'_>,
) -> Result<Written, FsError> {
    let project = &planned.project;
    let folder = Folder::open(&settings.root)?;
    let (before, now) = match scope {
        Scope::All => match folder.read(lock::FILE, lock::MAX_BYTES) {
            Err(e) if e.is_not_found() && *lock == Lock::default() => {
                return Ok(Written::Seen(look(project, lock::FILE, None)));
            }
            before => (before.ok(), lock.text()),
        },
        Scope::Part(_) if *lock == *planned.lock => return Ok(Written::Untouched),
        Scope::Part(left) => match Tables::new(&left.lock) {
            Some(tables) => (None, tables.with(lock)),
            None => return Ok(Written::Untouched),
        },
    };
    if settings.build.locked {
        return Ok(match before {
            Some(before) if says(&before, &now) => {
                Written::Seen(look(project, lock::FILE, Some(&before)))
            }
            _ => Written::Differs(lock::FILE.to_owned()),
        });
    }
    if before.is_none_or(|before| before != now.as_bytes()) {
        folder.write(lock::FILE, now.as_bytes(), Durability::Paid)?;
    }
    Ok(Written::Seen(look(
        project,
        lock::FILE,
        Some(now.as_bytes()),
    )))
}

/// Writes `assets.json` in the folder of the outputs, if it is otherwise.
fn write_index(
    settings: &Settings,
    project: &Project,
    lock: &Lock,
    outcome: &Outcome,
    scope: &Scope<'_>,
) -> Result<Written, FsError> {
    let root = project.world.root();
    let path = index_path(project, outcome.draft);
    let place = ProjectPath::new(&path).map_err(|_| FsError::NotAFile {
        path: path.clone().into(),
    })?;
    // A picture that was not brought up to date still says what it said.
    let (before, now) = match scope {
        Scope::All => {
            // A link is replaced, never read.
            let before = root.read_output(&place, lock::MAX_BYTES);
            let is_there = before.as_ref().err().is_none_or(|e| !e.is_not_found());
            let before = before.unwrap_or_default();
            let rows = rows(project, lock, outcome, &before);
            if rows.is_empty() && !is_there {
                return Ok(Written::Seen(look(project, &path, None)));
            }
            // One that is missing is an output like any other.
            if settings.build.locked && is_there {
                let now = index::to_json(&rows);
                return Ok(match says(&before, &now) {
                    true => Written::Seen(look(project, &path, Some(&before))),
                    false => Written::Differs(path),
                });
            }
            (before, index::to_json(&rows))
        }
        Scope::Part(left) => {
            let ids: BTreeSet<&str> = lock.assets.keys().map(String::as_str).collect();
            let before = index::part(&left.index, &ids).unwrap_or_default();
            let rows = rows(project, lock, outcome, before.as_bytes());
            match index::with(&left.index, &rows) {
                Some(now) if now != left.index => (Vec::new(), now),
                _ => return Ok(Written::Untouched),
            }
        }
    };
    if before != now.as_bytes() {
        let folder = root.make_output_folder(&place)?;
        folder.write(place.file_name(), now.as_bytes(), Durability::Free)?;
    }
    Ok(Written::Seen(look(project, &path, Some(now.as_bytes()))))
}

/// Where the index of a project is; that of its drafts lies beside them.
pub fn index_path(project: &Project, is_draft: bool) -> String {
    match is_draft {
        true => DRAFT_INDEX.to_owned(),
        false => project.manifest.project.index().as_str().to_owned(),
    }
}

/// What is seen of a file of gpbuild's own in which `text` was found or put.
fn look(project: &Project, path: &str, text: Option<&[u8]>) -> Look<'static> {
    let signature = Signature::of(&project.world.root().path().join(path));
    let seen = match (signature, text) {
        (Some(signature), Some(text)) => Fingerprint::File(signature, Digest::of(text)),
        (Some(signature), None) => Fingerprint::Unread(signature),
        (None, _) => Fingerprint::Absent,
    };
    Look::new(path.to_owned().into(), seen, project.began)
}

/// The rows of a project's index; `before` is the index as it was.
fn rows(project: &Project, lock: &Lock, outcome: &Outcome, before: &[u8]) -> Vec<index::Row> {
    let is_draft = outcome.draft;
    let root = project.world.root();
    let before = index::alts(before);
    let mut rows = Vec::new();
    for spec in &project.specs {
        let Some(locked) = lock.assets.get(&spec.id) else {
            continue;
        };
        let place = ProjectPath::new(&locked.output).ok();
        let size = place.and_then(|place| Signature::of(&root.at(&place)));
        let Some(bytes) = size.map(|s| s.size) else {
            continue;
        };
        let out = format!("{}/", project.manifest.project.out);
        rows.push(index::Row {
            id: spec.id.clone(),
            public: locked.output.strip_prefix(&out).map(str::to_owned),
            path: locked.output.clone(),
            source: spec.item.as_ref().map(|item| item.file.as_str().to_owned()),
            preset: spec.preset.name.clone(),
            group: spec.group.clone(),
            slide: spec.slide.clone(),
            state: match (is_draft, locked.accepted) {
                (true, _) => "draft",
                (false, true) => "accepted",
                (false, false) => "made",
            },
            model: locked.model.clone(),
            width: spec.preset.width,
            height: spec.preset.height,
            format: spec.format(),
            bytes,
            digest: locked.digest,
            alt: match before.get(&(spec.id.clone(), locked.digest)) {
                Some(alt) if !outcome.current.contains(&spec.id) => alt.clone(),
                _ => spec.text.alt(),
            },
        });
    }
    rows
}

/// What was read of the project, by path.
fn looks(project: &Project) -> Vec<Look<'static>> {
    let data = project.world.data();
    let seen = project.world.seen().into_iter();
    seen.map(|(path, seen)| {
        let data = data.contains(&path);
        let look = Look::new(path.into(), seen, project.began);
        Look { data, ..look }
    })
    .collect()
}

/// Saves what was seen, so that the next run has less to look at. A state that cannot be written only
/// makes the next run slower.
fn save_state(
    settings: &Settings,
    planned: &Planned,
    lock: &Lock,
    outcome: &Outcome,
    seen: Vec<Look<'static>>,
    scope: Scope<'_>,
) {
    let project = &planned.project;
    let is_all = matches!(scope, Scope::All);
    let (mut state, restored) = match scope {
        Scope::All => (
            State {
                program: state::program(),
                options: settings.state_options(),
                out: project.manifest.project.out.as_str().to_owned(),
                unclaimed: lock.unclaimed.keys().cloned().collect(),
                ..State::default()
            },
            Vec::new(),
        ),
        Scope::Part(left) => (left.state, left.restored),
    };
    let outputs = outputs(planned, lock, outcome);
    let all_there = outputs.len() == project.specs.len();
    let all_placed = state.apply(seen, outputs);
    if is_all {
        state.left_out = left_out(project, &state.seen);
    }
    for n in restored {
        let output = &mut state.outputs[n];
        if let Some(signature) = Signature::of(&settings.root.join(&*output.path)) {
            output.signature = signature;
            output.sure = state::is_sure(&signature, project.began);
        }
    }
    let quiet = project.warnings.is_empty() && project.wrong.is_empty();
    let told = quiet && outcome.is_settled();
    state.settled = told && settings.select.is_empty() && all_there && all_placed;
    let _ = state.write(&settings.root, settings.state_name());
}

/// The files that make no item, by their places among what was seen.
fn left_out(project: &Project, seen: &[Look<'_>]) -> Vec<LeftOut> {
    if project.left_out.is_empty() {
        return Vec::new();
    }
    let places: BTreeMap<&str, usize> = (seen.iter().enumerate())
        .map(|(n, look)| (&*look.path, n))
        .collect();
    let place = |file: &ProjectPath| u32::try_from(*places.get(file.as_str())?).ok();
    let lists = project.left_out.iter().map(|left_out| LeftOut {
        named: left_out.named.clone(),
        of: u32::try_from(left_out.of).unwrap_or(u32::MAX),
        files: left_out.files.iter().filter_map(place).collect(),
    });
    lists.collect()
}

/// The outputs that are in place, of the assets that were looked at.
fn outputs<'p>(planned: &'p Planned, lock: &Lock, outcome: &Outcome) -> Vec<InPlace<'p>> {
    let project = &planned.project;
    let root = project.world.root().path();
    let taken: BTreeSet<&str> = project.specs.iter().flat_map(|spec| spec.takes()).collect();
    let output = |spec: &'p Arc<Spec>| {
        let path = spec.output.as_str();
        let signature = Signature::of(&root.join(path))?;
        // Only what was seen on disk: in this run, or in an earlier one and untouched since. What the
        // lock says of a file is no proof of what is in it.
        let known = planned.known.get(path);
        let untouched = known.filter(|(before, _)| *before == signature);
        let now = outcome.seen.get(&spec.id).copied();
        let locked = lock.assets.get(&spec.id);
        let output = Output {
            id: spec.id.clone().into(),
            path: path.to_owned().into(),
            // A file that changed while the run went on may not be what the run saw or put there.
            sure: state::is_sure(&signature, project.began),
            signature,
            digest: now.or(untouched.map(|(_, digest)| *digest))?,
            key: locked.map(LockedAsset::key),
            item: None,
            bound: spec.group.is_some()
                || taken.contains(spec.id.as_str())
                || spec.takes().next().is_some(),
        };
        let item = spec.item.as_ref();
        let item = item.map(|item| (item.file.as_str(), item.digest));
        Some(InPlace { output, item })
    };
    project.specs.par_iter().filter_map(output).collect()
}
