//! What the lock says before and after a run: who owns which output, and which are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::diagnostic::Failure;
use crate::digest::Digest;
use crate::execute::locked_asset;
use crate::fs::Root;
use crate::lock::Lock;
use crate::output::{self, Pruned};
use crate::path::{ProjectPath, folded};
use crate::pipeline::{PREVIEW, store_failure};
use crate::plan::Step;
use crate::report::{Event, Reporter};
use crate::spec::Spec;
use crate::store::Store;
use crate::world::World;

/// A fresh asset that the lock does not know under its name.
pub fn enter(step: &Step, lock: &mut Lock) {
    let spec = &step.spec;
    if let Some(known) = lock.assets.get_mut(&spec.id)
        && (spec.pin || step.trace.holds(spec, known))
    {
        // The same picture; its output may have moved.
        spec.output.as_str().clone_into(&mut known.output);
        return;
    }
    let answers = step
        .trace
        .shots
        .iter()
        .filter_map(|shot| shot.answer.clone());
    if step.trace.export.is_some()
        && let Some(digest) = step.digest
        && let Some(locked) = locked_asset(step, answers.collect(), digest)
    {
        lock.assets.insert(spec.id.clone(), locked);
    }
}

/// Which outputs are whose: assets that are gone leave theirs unclaimed.
pub fn claim(lock: &mut Lock, specs: &[Arc<Spec>], unclaimed: BTreeMap<String, Digest>) {
    let ids: BTreeSet<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
    lock.assets.retain(|id, _| ids.contains(id.as_str()));
    let written: BTreeSet<&str> = lock.assets.values().map(|a| a.output.as_str()).collect();
    lock.unclaimed = unclaimed
        .into_iter()
        .filter(|(path, _)| !written.contains(path.as_str()))
        .collect();
}

/// Removes outputs that no asset declares.
pub fn prune(
    world: &World,
    store: &Store,
    lock: &mut Lock,
    reporter: &Reporter,
) -> Result<(), Failure> {
    for (path, digest) in std::mem::take(&mut lock.unclaimed) {
        let Ok(output) = ProjectPath::for_output(&path) else {
            continue;
        };
        let done =
            output::prune(world.root(), store, &output, &digest).map_err(|e| store_failure(&e))?;
        match done {
            Pruned::Removed => reporter.event(Event::Note(&format!("removed   {path}"))),
            Pruned::Gone => {}
            Pruned::Edited => {
                reporter.event(Event::Note(&format!(
                    "kept      {path}: edited by hand since gpbuild wrote it"
                )));
                lock.unclaimed.insert(path, digest);
            }
        }
    }
    Ok(())
}

/// Removes previews that no asset declares: they are gpbuild's own, and free. To be done before anything is
/// looked at: where file systems do not tell `A` from `a`, the old name may be the new file.
pub fn sweep(root: &Root, specs: &[Arc<Spec>]) -> Result<(), Failure> {
    let previews = root.real().join(PREVIEW);
    // Behind a link it is not gpbuild's own folder.
    if std::fs::canonicalize(&previews).ok().as_ref() != Some(&previews) {
        return Ok(());
    }
    let declared: BTreeSet<String> = specs.iter().map(|spec| spec.output.folded()).collect();
    let found: Vec<walkdir::DirEntry> = WalkDir::new(&previews)
        .min_depth(1)
        .contents_first(true)
        .into_iter()
        .filter_map(Result::ok)
        .collect();
    for entry in found {
        let path = entry.path();
        if entry.file_type().is_dir() {
            // Only if it is empty.
            let _ = std::fs::remove_dir(path);
            continue;
        }
        let from_root = path.strip_prefix(root.real()).ok();
        let parts = from_root.map(|path| path.iter().filter_map(|part| part.to_str()));
        let name = parts.map(|parts| folded(&parts.collect::<Vec<_>>().join("/")));
        if name.is_none_or(|name| !declared.contains(&name)) {
            crate::fs::remove(path).map_err(|e| store_failure(&e))?;
        }
    }
    Ok(())
}
