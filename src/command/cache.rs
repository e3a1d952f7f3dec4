//! `gpbuild cache`: what is in the store, what can go, what is damaged.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use crate::own;
use crate::pipeline::{self, Settings};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::Digest;
use base::fs::hold::Held;
use base::fs::{Folder, FsError, Kind, Root, shown};
use base::home::STATE_FOLDER;
use base::path::ProjectPath;
use model::Micro;
use plan::lock::Lock;
use plan::state;
use report::{Event, Reporter};
use store::{Keep, Store, Swept};

/// `cache stats`.
pub fn stats(settings: &Settings, json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let stats = Store::open(settings.home.data())?.stats();
    let stats = stats.map_err(damaged)?;
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
        reporter.tell(&format!(
            "{} in {}\n{}, {}\npaid for: {cost}\n",
            size(stats.bytes),
            count(stats.objects, "object"),
            count(stats.shots, "shot"),
            count(stats.exports, "export"),
        ));
    }
    if stats.unread > 0 {
        reporter.event(Event::Diagnostic(
            &Diagnostic::warning(format!(
                "what {} cost cannot be read",
                count(stats.unread, "shot")
            ))
            .hint("`gpbuild cache verify` says which"),
        ));
    }
    Ok(Exit::Done)
}

/// What was drawn for nothing and no project uses is kept for so many days, unless something else is said.
const DAYS: u32 = 30;
/// How often it is looked whether others are done with the store.
const GLANCE: Duration = Duration::from_millis(50);

/// What `cache gc` may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep {
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Keep what was written in the last so many days.
    pub days: Option<u32>,
}

/// `cache gc`.
pub fn gc(
    settings: &Settings,
    sweep: Sweep,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    let Sweep { dry_run, days } = sweep;
    let days = i64::from(days.unwrap_or(DAYS));
    let since = match days {
        0 => i64::MAX,
        days => state::now().saturating_sub(days * 86_400_000_000_000),
    };
    own::check(&settings.root)?;
    // Where there is nothing to look after nothing is written, be it to keep others out.
    let swept = if store.folder().is_dir() {
        let _alone = lock_process(&store, reporter)?;
        carry_out(settings, &store, since, dry_run)?
    } else {
        Swept::default()
    };
    for path in &swept.unread {
        reporter.event(Event::Diagnostic(
            &Diagnostic::warning(format!("`{}` cannot be read", shown(path))).hint(
                "it may be paid for, and lead to any picture, so no picture was removed: put it right, or move it away",
            ),
        ));
    }
    if json {
        let line = json!({
            "event": "gc", "dry_run": dry_run, "files": swept.files, "bytes": swept.bytes,
        });
        reporter.out(&format!("{line}\n"));
    } else {
        let verb = if dry_run { "would remove" } else { "removed" };
        reporter.tell(&format!(
            "{verb} {}, {}\n",
            count(swept.files, "file"),
            size(swept.bytes)
        ));
    }
    Ok(Exit::Done)
}

/// `cache adopt`: a person says that what is in `.gpbuild` is theirs.
pub fn adopt(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = pipeline::load(settings)?;
    if !pipeline::has_old_store(settings) {
        return Err(pipeline::nothing_there());
    }
    let _alone = pipeline::lock_process(settings, reporter)?;
    pipeline::adopt_by_word(settings, &project.name(), reporter)?;
    Ok(Exit::Done)
}

/// `cache remove`: by name, whatever it cost.
pub fn remove(settings: &Settings, names: &[String], reporter: &Reporter) -> Result<Exit, Failure> {
    for name in names {
        let is_name = (8..=64).contains(&name.len())
            && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_name {
            return Err(Failure::usage(format!(
                "`{name}` is no beginning of a key or of an object's name: at least 8 of its digits"
            ))
            .with_hint("`gpbuild log --json` and `gpbuild show ASSET` say keys"));
        }
    }
    let store = Store::open(settings.home.data())?;
    let _alone = lock_process(&store, reporter)?;
    let (keep, _) = kept(settings, &store, i64::MAX)?;
    for name in names {
        let removed = store.remove(name, &keep).map_err(damaged)?;
        if removed.is_empty() {
            return Err(Failure::new(
                Exit::SomeFailed,
                Diagnostic::error(format!(
                    "the store has no shot and no object whose name begins with `{name}`"
                ))
                .hint("`gpbuild log --json` and `gpbuild show ASSET` say keys"),
            ));
        }
        let bytes = removed.iter().map(|one| one.bytes).sum();
        let cost = Micro(removed.iter().map(|one| one.cost).sum());
        reporter.tell(&format!(
            "removed {}, {}, which cost {cost}: {name}\n",
            count(removed.len(), "file"),
            size(bytes)
        ));
    }
    Ok(Exit::Done)
}

/// Waits until nobody else is at work with the store, and keeps them out.
fn lock_process(store: &Store, reporter: &Reporter) -> Result<Held, Failure> {
    let mut told = false;
    loop {
        if let Some(held) = store.lock_exclusive().map_err(damaged)? {
            return Ok(held);
        }
        if !told {
            told = true;
            reporter.event(Event::Note(
                "another gpbuild works with the store: waiting for it",
            ));
        }
        std::thread::sleep(GLANCE);
    }
}

fn damaged(error: FsError) -> Failure {
    Failure::new(Exit::Damaged, Diagnostic::error(error.to_string()))
}

/// What the locks of all projects that use the store lead to; and this project's lock.
fn kept(settings: &Settings, store: &Store, since: i64) -> Result<(Keep, Lock), Failure> {
    let mut keep = Keep {
        since,
        ..Keep::default()
    };
    let own = Lock::read(&settings.root)?;
    keep_all(&mut keep, &own);
    let here = std::fs::canonicalize(&settings.root).ok();
    let roots = store.roots().map_err(|e| {
        damaged(e)
            .with_hint("what the project that it names uses cannot be told, so nothing was removed")
    })?;
    for root in roots {
        if Some(&root) == here.as_ref() {
            continue;
        }
        let lock = Lock::read(&root).map_err(|mut failure| {
            for diagnostic in &mut failure.diagnostics {
                *diagnostic = diagnostic.clone().hint(format!(
                    "it is the lock of the project in `{}`: what that one uses cannot be told, so nothing was removed",
                    root.display()
                ));
            }
            failure
        })?;
        keep_all(&mut keep, &lock);
    }
    Ok((keep, own))
}

fn keep_all(keep: &mut Keep, lock: &Lock) {
    for asset in lock.assets.values() {
        keep.keys.insert(asset.export);
        keep.objects.insert(asset.digest);
        for shot in &asset.shots {
            keep.keys.insert(shot.key);
            keep.objects.extend(&shot.candidates);
        }
    }
}

/// Nobody else may be at work with the store.
fn carry_out(
    settings: &Settings,
    store: &Store,
    since: i64,
    dry_run: bool,
) -> Result<Swept, Failure> {
    // Others may have worked meanwhile: what they made is in the locks of now.
    let (keep, lock) = kept(settings, store, since)?;
    let mut swept = store.gc(&keep, dry_run).map_err(damaged)?;
    let root = Root::open(&settings.root).map_err(damaged)?;
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let own = settings.root.join(STATE_FOLDER);
    let is_home = real(&own).is_some() && real(&own) == real(settings.home.data());
    left_behind(&root, &lock, is_home, |folder, name, bytes| {
        swept.files += 1;
        swept.bytes += bytes;
        if dry_run { Ok(()) } else { folder.remove(name) }
    })
    .map_err(damaged)?;
    Ok(swept)
}

/// Temporary files that a kill left outside of the store: where outputs are, at the root, and in the
/// folder that is not committed.
/// One after another: there may be as many folders as outputs. `is_home`: that folder is the person's as well, and
/// was swept with the store.
fn left_behind(
    root: &Root,
    lock: &Lock,
    is_home: bool,
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
    if !is_home {
        each(root.folder().below(STATE_FOLDER))?;
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
    let found = store.verify().map_err(damaged)?;
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
            reporter.tell(&format!("damaged   {}\n", path.display()));
        }
        for digest in &found.missing {
            reporter.tell(&format!("missing   {digest}\n"));
        }
        reporter.tell(&format!("{} whole\n", count(found.whole, "file")));
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
            "nothing wrong is delivered: what is needed is restored from an output or drawn anew, and what may be paid for is asked for again only once it was moved away; `gpbuild cache gc` clears what is left over",
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
