//! What the lock says before and after a run: who owns which output, and which are nobody's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::execute::locked_asset;
use crate::output::{self, Pruned};
use crate::pipeline::project::DRAFT_INDEX;
use crate::pipeline::{PREVIEW, store_failure};
use base::diagnostic::Failure;
use base::digest::Digest;
use base::fs::{Kind, Root};
use base::path::{ProjectPath, folded};
use base::world::World;
use declare::spec::Spec;
use plan::Step;
use plan::lock::Lock;
use report::{Event, Reporter};
use store::Store;

/// A fresh asset that the lock does not know under its name.
pub fn record(step: &Step, lock: &mut Lock) {
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

/// What a run changed in the lock, `ours` where `before` was, on the lock as it is `now`: others may have written it
/// meanwhile.
pub fn rebased(ours: Lock, before: &Lock, mut now: Lock) -> Lock {
    for (id, asset) in ours.assets {
        if before.assets.get(&id) != Some(&asset) {
            now.assets.insert(id, asset);
        }
    }
    now
}

/// Which outputs are whose: assets that are gone leave theirs unclaimed.
pub fn claim(lock: &mut Lock, specs: &[Arc<Spec>], unclaimed: BTreeMap<String, Digest>) {
    let ids: BTreeSet<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
    lock.assets.retain(|id, _| ids.contains(id.as_str()));
    // What they name is found by key, and written from here on where it holds.
    lock.others.clear();
    let written: BTreeSet<&str> = lock.assets.values().map(|a| a.output.as_str()).collect();
    lock.unclaimed = unclaimed
        .into_iter()
        .filter(|(path, _)| !written.contains(path.as_str()))
        .collect();
}

/// Notes of what a person accepted that it is to be kept, whatever the lock says of it from now on: an older gpbuild
/// only said so in the lock.
pub fn keep_accepted(store: &Store, before: &Lock) -> Result<(), Failure> {
    let all = before.assets.values().chain(&before.others);
    let accepted = all.filter(|asset| asset.accepted);
    for asset in accepted.filter(|asset| store.has(&asset.digest)) {
        store
            .put_accepted(&asset.digest)
            .map_err(|e| store_failure(&e))?;
    }
    Ok(())
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
                    "kept      {path}: edited by hand since gpbuild wrote it; remove it yourself if nobody wants it"
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
    let Some(previews) = root.folder().below(PREVIEW).ok() else {
        return Ok(());
    };
    let mut declared: BTreeSet<String> = specs.iter().map(|spec| spec.output.folded()).collect();
    declared.insert(folded(DRAFT_INDEX));
    // Each folder before those that it holds.
    let mut folders = vec![String::new()];
    let mut at = 0;
    while let Some(folder) = folders.get(at).cloned() {
        at += 1;
        let Ok(names) = previews.below(&folder).and_then(|folder| folder.list()) else {
            continue;
        };
        for (name, kind) in names {
            let path = Path::new(&folder).join(&name);
            let text = path.to_str().map(|path| path.replace('\\', "/"));
            if kind == Kind::Folder {
                folders.extend(text);
                continue;
            }
            let declared =
                text.is_some_and(|path| declared.contains(&folded(&format!("{PREVIEW}/{path}"))));
            if !declared {
                previews.remove(&path).map_err(|e| store_failure(&e))?;
            }
        }
    }
    for folder in folders.iter().skip(1).rev() {
        // Only if it is empty.
        let _ = previews.remove_folder(folder);
    }
    Ok(())
}
