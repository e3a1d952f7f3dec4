//! `gpbuild cache`: what is in the store, what can go, what is damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;
use walkdir::WalkDir;

use crate::diagnostic::{Diagnostic, Exit, Failure, count};
use crate::digest::Digest;
use crate::fs::{FsError, temporaries};
use crate::home::STATE_FOLDER;
use crate::key::Key;
use crate::lock::Lock;
use crate::model::Micro;
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
    for (path, bytes) in left_behind(&settings.root, &lock) {
        swept.files += 1;
        swept.bytes += bytes;
        if !dry_run {
            crate::fs::remove(&path).map_err(damaged)?;
        }
    }
    Ok(swept)
}

/// Temporary files that a kill left outside of the store: where outputs are, at the root, and in the
/// folder that is not committed.
fn left_behind(root: &Path, lock: &Lock) -> Vec<(PathBuf, u64)> {
    let state = root.join(STATE_FOLDER);
    let outputs = lock
        .assets
        .values()
        .map(|asset| &asset.output)
        .chain(lock.unclaimed.keys());
    let mut folders: BTreeSet<PathBuf> = outputs
        .filter_map(|path| ProjectPath::new(path).ok())
        .map(|path| root.join(path.parent()))
        .collect();
    folders.extend([root.to_path_buf(), state.join("store"), state.clone()]);
    let previews = WalkDir::new(state.join("preview"))
        .into_iter()
        .filter_map(Result::ok);
    folders.extend(
        previews
            .filter(|entry| entry.file_type().is_dir())
            .map(walkdir::DirEntry::into_path),
    );
    folders
        .iter()
        .flat_map(|folder| temporaries(folder))
        .collect()
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
