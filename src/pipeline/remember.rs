//! What a run leaves for the next: `assets.json` for site generators, and the state that lets a run
//! with nothing to do end at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::Failure;
use crate::digest::Digest;
use crate::fs::{FsError, Root};
use crate::index;
use crate::lock::{self, Lock, LockedAsset};
use crate::output;
use crate::own;
use crate::path::ProjectPath;
use crate::pipeline::outcome::Outcome;
use crate::pipeline::{Project, Settings, store_failure};
use crate::select::Selection;
use crate::spec::Spec;
use crate::state::{self, Drift, Item, KnownOutputs, Look, Output, State, StateFile};
use crate::world::{Seen, Signature};

/// The name of the index, in the folder of the outputs.
const INDEX: &str = "assets.json";

/// What the last run saw, held against what is there now.
pub struct Remembered<'f> {
    /// What it saw, with new signatures.
    pub state: State<'f>,
    /// What is otherwise.
    pub drift: Drift,
    /// The file that says so.
    pub file: Option<Signature>,
}

/// What changed since a run that left nothing to do and this state; `None` if that may concern any asset.
pub fn remembered<'f>(
    settings: &Settings,
    file: &'f StateFile,
) -> Result<Option<Remembered<'f>>, Failure> {
    // Before anything is looked at: a change after it is then found by the next run.
    let now = state::now();
    let mut state = file.state();
    let options = settings.state_options();
    let Some(drift) = state.survey(&settings.root, &state::program(), &options, now) else {
        return Ok(None);
    };
    if drift.compared || !drift.is_none() {
        // Only a state that was written here holds by signatures: any other may have come with the repository.
        own::check(&settings.root)?;
    }
    Ok(Some(Remembered {
        state,
        drift,
        file: file.signature,
    }))
}

impl<'f> Remembered<'f> {
    /// If nothing at all changed: the outputs of that run. With `renew`, the state may be written again, to
    /// make the next run cheaper.
    pub fn unchanged(&mut self, settings: &Settings, renew: bool) -> Option<Unchanged<'f>> {
        let state = &mut self.state;
        if !self.drift.is_none() || (settings.prune && !state.unclaimed.is_empty()) {
            return None;
        }
        let ids = state.outputs.iter().map(|output| &*output.id);
        let selection = Selection::of_ids(&settings.select, ids).ok()?;
        if renew && self.drift.renewed {
            // As with any state: one that cannot be written only makes the next run slower.
            let _ = state.write(&settings.root, settings.state_name());
        }
        let mut outputs = std::mem::take(&mut state.outputs);
        outputs.retain(|output| selection.has(&output.id));
        let mut unclaimed = std::mem::take(&mut state.unclaimed);
        unclaimed.retain(|path| settings.root.join(path).exists());
        Some(Unchanged { outputs, unclaimed })
    }
}

/// If nothing at all changed since a run that left nothing to do and this state: the outputs of that run.
pub fn nothing_changed<'f>(
    settings: &Settings,
    file: &'f StateFile,
) -> Result<Option<Unchanged<'f>>, Failure> {
    let remembered = remembered(settings, file)?;
    Ok(remembered.and_then(|mut remembered| remembered.unchanged(settings, false)))
}

/// A project in which nothing changed.
pub struct Unchanged<'f> {
    /// The outputs of the selected assets, all in place.
    pub outputs: Vec<Output<'f>>,
    /// Outputs that no asset declares any more.
    pub unclaimed: Vec<String>,
}

/// `assets.json` in the folder of the outputs.
pub fn write_index(project: &Project, lock: &Lock, outcome: &Outcome) -> Result<(), Failure> {
    let root = project.world.root();
    let path = index_path(project).map_err(|e| store_failure(&e))?;
    // A picture that was not brought up to date still says what it said. A link is replaced, never read.
    let before = root.read_output(&path, lock::MAX_BYTES);
    let is_there = before.as_ref().err().is_none_or(|e| !e.is_not_found());
    let before = before.unwrap_or_default();
    let rows = rows(project, lock, outcome, &before);
    if rows.is_empty() && !is_there {
        return Ok(());
    }
    let text = index::to_json(&rows);
    if before != text.as_bytes() {
        output::write(root, &path, text.as_bytes()).map_err(|e| store_failure(&e))?;
    }
    Ok(())
}

/// Where the index is.
fn index_path(project: &Project) -> Result<ProjectPath, FsError> {
    let [_, path] = own_files(project);
    ProjectPath::new(&path).map_err(|_| FsError::NotAFile { path: path.into() })
}

/// The rows of a project's index; `before` is the index as it was.
pub fn rows(project: &Project, lock: &Lock, outcome: &Outcome, before: &[u8]) -> Vec<index::Row> {
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
        rows.push(index::Row {
            id: spec.id.clone(),
            path: locked.output.clone(),
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

/// Saves what was seen, so that the next run has less to look at. A state that cannot be written only
/// makes the next run slower.
pub fn save_state(
    settings: &Settings,
    project: &Project,
    lock: &Lock,
    outcome: &Outcome,
    settled: bool,
) {
    let known = settings.state_file().state().known(|_| true);
    let began = project.began;
    let data = project.world.data();
    let mut seen: Vec<Look<'_>> = project
        .world
        .seen()
        .into_iter()
        .map(|(path, seen)| {
            let data = data.contains(&path);
            let look = Look::new(path.into(), seen, began);
            Look { data, ..look }
        })
        .collect();
    let outputs = outputs(project, lock, outcome, &known, &seen);
    let complete = settings.select.is_empty() && outputs.len() == project.specs.len();
    let placed = |output: &Output<'_>| output.item.is_some();
    let of_items = project.specs.iter().filter(|spec| spec.item.is_some());
    let complete = complete && outputs.iter().filter(|o| placed(o)).count() == of_items.count();
    if !settings.resolve.is_draft() {
        seen.extend(
            own_files(project)
                .into_iter()
                .map(|path| look_at(project.world.root(), path, began)),
        );
    }
    let state = State {
        program: state::program(),
        options: settings.state_options(),
        out: project.manifest.project.out.as_str().to_owned(),
        seen,
        outputs,
        unclaimed: lock.unclaimed.keys().cloned().collect(),
        settled: settled && complete,
    };
    let _ = state.write(&settings.root, settings.state_name());
}

/// What gpbuild itself writes, and has to write again if it is gone or otherwise: the lock, the index.
pub fn own_files(project: &Project) -> [String; 2] {
    let index = format!("{}/{INDEX}", project.manifest.project.out);
    [lock::FILE.to_owned(), index]
}

/// A file as it is now.
fn look_at(root: &Root, path: String, began: i64) -> Look<'static> {
    let place = ProjectPath::new(&path).ok();
    let signature = place.as_ref().and_then(|at| Signature::of(&root.at(at)));
    let bytes = place.and_then(|at| root.read_output(&at, lock::MAX_BYTES).ok());
    let now = match (signature, bytes) {
        (Some(signature), Some(bytes)) => Seen::File(signature, Digest::of(&bytes)),
        (Some(signature), None) => Seen::Unread(signature),
        (None, _) => Seen::Absent,
    };
    Look::new(path.into(), now, began)
}

/// The outputs that are in place; `seen` is sorted by path.
pub fn outputs(
    project: &Project,
    lock: &Lock,
    outcome: &Outcome,
    known: &KnownOutputs,
    seen: &[Look<'_>],
) -> Vec<Output<'static>> {
    let root = project.world.root().path();
    let taken: BTreeSet<&str> = project.specs.iter().flat_map(|spec| spec.takes()).collect();
    let output = |spec: &Arc<Spec>| {
        let path = spec.output.as_str();
        let signature = Signature::of(&root.join(path))?;
        // Only what was seen on disk: in this run, or in an earlier one and untouched since. What the
        // lock says of a file is no proof of what is in it.
        let untouched = known.get(path).filter(|(before, _)| *before == signature);
        let now = outcome.seen.get(&spec.id).copied();
        let locked = lock.assets.get(&spec.id);
        Some(Output {
            id: spec.id.clone().into(),
            path: path.to_owned().into(),
            // A file that changed while the run went on may not be what the run saw or put there.
            sure: state::is_sure(&signature, project.began),
            signature,
            digest: now.or(untouched.map(|(_, digest)| *digest))?,
            key: locked.map(LockedAsset::key),
            item: spec.item.as_ref().and_then(|item| {
                let path = item.file.as_str();
                let at = seen.binary_search_by(|look| (*look.path).cmp(path));
                Some(Item {
                    file: u32::try_from(at.ok()?).ok()?,
                    digest: item.digest,
                })
            }),
            bound: spec.group.is_some()
                || taken.contains(spec.id.as_str())
                || spec.takes().next().is_some(),
        })
    };
    project.specs.par_iter().filter_map(output).collect()
}
