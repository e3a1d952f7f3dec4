//! `gpbuild cache`: what is in the store, what can go, what is damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::json;

use crate::diagnostic::{Diagnostic, Exit, Failure, count};
use crate::digest::Digest;
use crate::fs::{Folder, FsError, Kind, Root};
use crate::home::STATE_FOLDER;
use crate::key::Key;
use crate::lock::Lock;
use crate::model::Micro;
use crate::own;
use crate::path::ProjectPath;
use crate::pipeline::{self, Settings};
use crate::report::Reporter;
use crate::store::{Store, Swept};

/// `cache stats`.
pub fn stats(settings: &Settings, json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let stats = Store::open(settings.home.data())?.stats();
    let cost = Micro(stats.cost);
    if json {
        let line = json!({
            "event": "cache",
            "objects": stats.objects,
            "bytes": stats.bytes,
            "shots": stats.shots,
            "exports": stats.exports,
            "cost_usd": serde_json::from_str::<serde_json::Value>(&cost.decimal()).ok(),
        });
        reporter.out(&format!("{line}\n"));
    } else {
        reporter.out(&format!(
            "{} in {}\n{}, {}\npaid for: {cost}\n",
            size(stats.bytes),
            count(stats.objects, "object"),
            count(stats.shots, "shot"),
            count(stats.exports, "export"),
        ));
    }
    Ok(Exit::Done)
}

/// `cache gc`.
pub fn gc(
    settings: &Settings,
    dry_run: bool,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    Lock::read(&settings.root)?;
    own::check(&settings.root)?;
    // Where there is nothing to look after nothing is written, be it to keep others out.
    let swept = if settings.root.join(STATE_FOLDER).is_dir() {
        let _alone = pipeline::quite_alone(settings, reporter)?;
        sweep(settings, &store, dry_run)?
    } else {
        Swept::default()
    };
    if json {
        let line = json!({
            "event": "gc", "dry_run": dry_run, "files": swept.files, "bytes": swept.bytes,
        });
        reporter.out(&format!("{line}\n"));
    } else {
        let verb = if dry_run { "would remove" } else { "removed" };
        reporter.out(&format!(
            "{verb} {}, {}\n",
            count(swept.files, "file"),
            size(swept.bytes)
        ));
    }
    Ok(Exit::Done)
}

/// Nobody else may be at work in the project.
fn sweep(settings: &Settings, store: &Store, dry_run: bool) -> Result<Swept, Failure> {
    // Another gpbuild may have worked meanwhile: what it made is in the lock of now.
    let lock = Lock::read(&settings.root)?;
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    let mut objects: BTreeSet<Digest> = BTreeSet::new();
    for asset in lock.assets.values() {
        keys.insert(asset.export);
        objects.insert(asset.digest);
        for shot in &asset.shots {
            keys.insert(shot.key);
            objects.extend(&shot.candidates);
        }
    }
    let damaged = |e: FsError| Failure::new(Exit::Damaged, Diagnostic::error(e.to_string()));
    let mut swept = store.gc(&keys, &objects, dry_run).map_err(damaged)?;
    let root = Root::open(&settings.root).map_err(damaged)?;
    left_behind(&root, &lock, |folder, name, bytes| {
        swept.files += 1;
        swept.bytes += bytes;
        if dry_run { Ok(()) } else { folder.remove(name) }
    })
    .map_err(damaged)?;
    Ok(swept)
}

/// Temporary files that a kill left outside of the store: where outputs are, at the root, and in the
/// folder that is not committed.
/// One after another: there may be as many folders as outputs.
fn left_behind(
    root: &Root,
    lock: &Lock,
    mut sweep: impl FnMut(&Folder, &OsStr, u64) -> Result<(), FsError>,
) -> Result<(), FsError> {
    let mut each = |folder: Result<Folder, FsError>| {
        // One that leads out of the project, or is gone, has none of ours.
        if let Ok(folder) = folder {
            for (name, bytes) in folder.temporaries() {
                sweep(&folder, &name, bytes)?;
            }
        }
        Ok(())
    };
    let outputs = lock
        .assets
        .values()
        .map(|asset| &asset.output)
        .chain(lock.unclaimed.keys());
    let outputs = outputs.filter_map(|path| ProjectPath::for_output(path).ok());
    let by_folder: BTreeMap<String, ProjectPath> = outputs
        .map(|output| (output.parent().to_owned(), output))
        .collect();
    each(Ok(root.folder().clone()))?;
    for output in by_folder
        .values()
        .filter(|output| !output.parent().is_empty())
    {
        each(root.output_folder(output))?;
    }
    for own in ["", "/store"] {
        each(root.folder().below(format!("{STATE_FOLDER}{own}")))?;
    }
    let mut previews = vec![PathBuf::from(STATE_FOLDER).join("preview")];
    while let Some(path) = previews.pop() {
        let folder = root.folder().below(&path);
        let names = folder.as_ref().ok().and_then(|folder| folder.list().ok());
        for (name, kind) in names.unwrap_or_default() {
            if kind == Kind::Folder {
                previews.push(path.join(name));
            }
        }
        each(folder)?;
    }
    Ok(())
}

/// `cache verify`.
pub fn verify(settings: &Settings, json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    let found = store.verify();
    if json {
        let damaged: Vec<String> = found
            .damaged
            .iter()
            .map(|p| p.display().to_string())
            .collect();
        let missing: Vec<String> = found.missing.iter().map(Digest::hex).collect();
        let line = json!({
            "event": "verify", "whole": found.whole, "damaged": damaged, "missing": missing,
        });
        reporter.out(&format!("{line}\n"));
    } else {
        for path in &found.damaged {
            reporter.out(&format!("damaged   {}\n", path.display()));
        }
        for digest in &found.missing {
            reporter.out(&format!("missing   {digest}\n"));
        }
        reporter.out(&format!("{} whole\n", count(found.whole, "file")));
    }
    if found.damaged.is_empty() && found.missing.is_empty() {
        return Ok(Exit::Done);
    }
    let what = [
        (found.damaged.len(), "damaged file"),
        (found.missing.len(), "missing object"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, noun)| count(n, noun))
    .collect::<Vec<_>>()
    .join(" and ");
    Err(Failure::new(
        Exit::Damaged,
        Diagnostic::error(format!("the store has {what}")).hint(
            "nothing wrong is delivered: what is needed is restored from an output or made anew; `gpbuild cache gc` clears what is left over",
        ),
    ))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        1_000_000..1_000_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        _ => format!(
            "{}.{} GB",
            bytes / 1_000_000_000,
            bytes % 1_000_000_000 / 100_000_000
        ),
    }
}
