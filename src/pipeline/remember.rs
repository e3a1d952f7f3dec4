//! What a run leaves for the next: `assets.json` for site generators, and the state that lets a run
//! with nothing to do end at once.

use std::collections::BTreeMap;

use crate::diagnostic::Failure;
use crate::digest::Digest;
use crate::fs::{Durability, read_bounded, write_atomic};
use crate::index;
use crate::lock::{self, Lock, LockedAsset};
use crate::pipeline::outcome::Outcome;
use crate::pipeline::{Project, Settings, store_failure};
use crate::select::Selection;
use crate::state::{self, Look, Output, State};
use crate::world::{Seen, Signature};

/// If nothing at all changed since a run that left nothing to do: the outputs of that run.
/// With `renew`, the state may be written again, to make the next run cheaper.
pub fn nothing_changed(settings: &Settings, renew: bool) -> Option<Unchanged> {
    let mut state = State::read(&settings.root, settings.state_name());
    let same = state.nothing_changed(&settings.root, &state::program(), &settings.state_options());
    if !same || (settings.prune && !state.unclaimed.is_empty()) {
        return None;
    }
    let selection = Selection::of_ids(
        &settings.select,
        state.outputs.iter().map(|output| output.id.as_str()),
    )
    .ok()?;
    if renew && state.renew(&settings.root, state::now()) {
        // As with any state: one that cannot be written only makes the next run slower.
        let _ = state.write(&settings.root, settings.state_name());
    }
    let mut outputs = state.outputs;
    outputs.retain(|output| selection.has(&output.id));
    let mut unclaimed = state.unclaimed;
    unclaimed.retain(|path| settings.root.join(path).exists());
    Some(Unchanged { outputs, unclaimed })
}

/// A project in which nothing changed.
pub struct Unchanged {
    /// The outputs of the selected assets, all in place.
    pub outputs: Vec<Output>,
    /// Outputs that no asset declares any more.
    pub unclaimed: Vec<String>,
}

/// `assets.json` in the folder of the outputs.
pub fn write_index(project: &Project, lock: &Lock, outcome: &Outcome) -> Result<(), Failure> {
    let root = project.world.root();
    let path = root.at(&project.manifest.project.out).join("assets.json");
    // A picture that was not brought up to date still says what it said.
    let before = read_bounded(&path, lock::MAX_BYTES)
        .map_or_else(|_| BTreeMap::new(), |bytes| index::alts(&bytes));
    let mut rows = Vec::new();
    for spec in &project.specs {
        let Some(locked) = lock.assets.get(&spec.id) else {
            continue;
        };
        let size = Signature::of(&root.path().join(&locked.output)).map(|s| s.size);
        let Some(bytes) = size else {
            continue;
        };
        rows.push(index::Row {
            id: spec.id.clone(),
            path: locked.output.clone(),
            width: spec.export.width,
            height: spec.export.height,
            format: spec.format(),
            bytes,
            digest: locked.digest,
            alt: match before.get(&(spec.id.clone(), locked.digest)) {
                Some(alt) if !outcome.current.contains(&spec.id) => alt.clone(),
                _ => spec.text.alt(),
            },
        });
    }
    if rows.is_empty() && !path.exists() {
        return Ok(());
    }
    let text = index::to_json(&rows);
    let same = read_bounded(&path, lock::MAX_BYTES).is_ok_and(|bytes| bytes == text.as_bytes());
    if !same {
        write_atomic(&path, text.as_bytes(), Durability::Free).map_err(|e| store_failure(&e))?;
    }
    Ok(())
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
    let root = &settings.root;
    let earlier = State::read(root, settings.state_name());
    let known = earlier.output_digests();
    let mut seen = project.world.seen();
    let mut see = |path: String| {
        let full = root.join(&path);
        let signature = Signature::of(&full);
        let bytes = read_bounded(&full, lock::MAX_BYTES).ok();
        let now = match (signature, bytes) {
            (Some(signature), Some(bytes)) => Seen::File(signature, Digest::of(&bytes)),
            _ => Seen::Absent,
        };
        seen.insert(path, now);
    };
    if !settings.resolve.is_draft() {
        see(lock::FILE.to_owned());
        see(format!("{}/assets.json", project.manifest.project.out));
    }
    // Signatures are taken before the clock is read: what is old now was old then.
    let mut outputs = Vec::new();
    for spec in &project.specs {
        let path = spec.output.as_str();
        let Some(signature) = Signature::of(&root.join(path)) else {
            continue;
        };
        // Only what was seen on disk: in this run, or in an earlier one and untouched since. What the
        // lock says of a file is no proof of what is in it.
        let untouched = known.get(path).filter(|(before, _)| *before == signature);
        let seen = outcome.seen.get(&spec.id).copied();
        let Some(digest) = seen.or(untouched.map(|(_, digest)| *digest)) else {
            continue;
        };
        let locked = lock.assets.get(&spec.id);
        let key = locked.map(LockedAsset::key);
        outputs.push((spec, signature, digest, key));
    }
    let now = state::now();
    let complete = settings.select.is_empty() && outputs.len() == project.specs.len();
    let state = State {
        program: state::program(),
        options: settings.state_options(),
        out: project.manifest.project.out.as_str().to_owned(),
        seen: seen
            .into_iter()
            .map(|(path, seen)| Look::new(path, seen, now))
            .collect(),
        outputs: outputs
            .into_iter()
            .map(|(spec, signature, digest, key)| Output {
                id: spec.id.clone(),
                path: spec.output.as_str().to_owned(),
                sure: state::is_sure(&signature, now),
                signature,
                digest,
                key,
            })
            .collect(),
        unclaimed: lock.unclaimed.keys().cloned().collect(),
        settled: settled && complete,
    };
    let _ = state.write(root, settings.state_name());
}
