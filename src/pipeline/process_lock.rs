//! One gpbuild at a time in a project, and one more for its drafts: a draft does not wait for a picture
//! that is being paid for. Knows nothing of what is done there.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::own;
use crate::pipeline::{Settings, store_failure};
use crate::runs::Kind;
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::{Folder, FsError};
use report::{Event, Reporter};
use store::{InUse, Store};

/// Whoever looks who holds the lock holds it himself for an instant: that is no other gpbuild at work.
const INSTANTS: u32 = 5;
/// How long such an instant is waited for.
const INSTANT: Duration = Duration::from_millis(5);

/// Keeps other gpbuilds out until it is dropped.
pub struct ProcessLock {
    held: Arc<Held>,
    /// The store of which it keeps sweepers out.
    pub store: Store,
    /// Another gpbuild was there first.
    pub waited: bool,
    /// Another run of this process held it, and this one works beside that.
    pub joined: bool,
}

/// What is let go of when the last run that holds it ends.
struct Held {
    file: File,
    _in_use: InUse,
}

/// What this process holds for runs that work together, by the file.
static TOGETHER: Mutex<BTreeMap<PathBuf, Weak<Held>>> = Mutex::new(BTreeMap::new());
/// Of the runs that work together one at a time writes what is common to them.
static WRITING: Mutex<()> = Mutex::new(());

/// Held while something is read and written that is common to runs that work together: the lock, the index, a
/// manifest.
pub fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps out who makes pictures of the same kind, real ones or drafts.
pub fn lock_process(settings: &Settings, reporter: &Reporter) -> Result<ProcessLock, Failure> {
    // Before anything else: what came along with a repository is not used.
    own::ready(&settings.root)?;
    lock_process_with(settings, &Store::open(settings.home.data())?, reporter)
}

/// As [`lock_process`], with a store that is open already.
pub fn lock_process_with(
    settings: &Settings,
    store: &Store,
    reporter: &Reporter,
) -> Result<ProcessLock, Failure> {
    let held = hold_with(settings, store, reporter, |folder, name| {
        hold(folder, name, reporter).map(Some)
    })?;
    held.ok_or_else(|| Failure::usage("another gpbuild works in this project"))
}

/// The same for who cannot wait; `None` where another gpbuild works.
pub fn try_lock_process_with(
    settings: &Settings,
    store: &Store,
    reporter: &Reporter,
) -> Result<Option<ProcessLock>, Failure> {
    hold_with(settings, store, reporter, |folder, name| {
        let file = folder.append(name).map_err(|e| store_failure(&e))?;
        Ok(try_hold(&file).then_some((file, false)))
    })
}

/// Holds the lock as `hold` does, which says whether it waited, or beside other runs of this process that hold it already.
fn hold_with(
    settings: &Settings,
    store: &Store,
    reporter: &Reporter,
    hold: impl FnOnce(&Folder, &str) -> Result<Option<(File, bool)>, Failure>,
) -> Result<Option<ProcessLock>, Failure> {
    let (folder, in_use) = enter(settings, store, reporter)?;
    let name = Kind::of(settings.resolve.is_draft()).lock();
    let lock = |held, waited, joined| ProcessLock {
        held,
        store: store.clone(),
        waited,
        joined,
    };
    let mut together = settings
        .beside
        .together
        .then(|| TOGETHER.lock().unwrap_or_else(PoisonError::into_inner));
    let path = folder.at(name);
    let there = together.as_ref().and_then(|t| t.get(&path)?.upgrade());
    if let Some(held) = there {
        return Ok(Some(lock(held, false, true)));
    }
    let Some((file, waited)) = hold(&folder, name)? else {
        return Ok(None);
    };
    let held = Arc::new(Held {
        file,
        _in_use: in_use,
    });
    if let Some(together) = &mut together {
        together.insert(path, Arc::downgrade(&held));
    }
    Ok(Some(lock(held, waited, false)))
}

/// The same for who got the lock from the process that began it: a file that is open stays held when it goes over.
/// `None` if `file` is not this project's lock, or another gpbuild holds it.
pub fn take_over(
    settings: &Settings,
    store: &Store,
    file: File,
    reporter: &Reporter,
) -> Result<Option<ProcessLock>, Failure> {
    let (folder, in_use) = enter(settings, store, reporter)?;
    let name = Kind::of(settings.resolve.is_draft()).lock();
    let there = folder.file(name).map_err(|e| store_failure(&e))?;
    let is_ours = is_same(&file, &there) && file.try_lock().is_ok();
    Ok(is_ours.then(|| alone(file, in_use, store)))
}

/// A lock that nobody of this process shares.
fn alone(file: File, in_use: InUse, store: &Store) -> ProcessLock {
    ProcessLock {
        held: Arc::new(Held {
            file,
            _in_use: in_use,
        }),
        store: store.clone(),
        waited: false,
        joined: false,
    }
}

impl ProcessLock {
    /// The lock itself, for the process that goes on with it.
    pub fn into_file(self) -> std::io::Result<File> {
        self.held.file.try_clone()
    }
}

/// What has to be before the lock is taken: gpbuild's own folder, and nobody who sweeps the store.
fn enter(
    settings: &Settings,
    store: &Store,
    reporter: &Reporter,
) -> Result<(Folder, InUse), Failure> {
    let folder = own::ready(&settings.root)?;
    let in_use = store
        .in_use(|| {
            reporter.event(Event::Note("`gpbuild cache gc` is at work: waiting for it"));
        })
        .map_err(|e| home_failure(&e))?;
    if !settings.resolve.is_draft() {
        let root = std::fs::canonicalize(&settings.root);
        let noted = root
            .map_err(FsError::io("open", &settings.root))
            .and_then(|root| store.note_root(&root));
        noted.map_err(|e| home_failure(&e))?;
    }
    Ok((folder, in_use))
}

/// What is wrong with the person's folder.
fn home_failure(error: &FsError) -> Failure {
    let diagnostic = Diagnostic::error(error.to_string()).hint(
        "what is paid for is kept there: `GPBUILD_HOME` names another folder that can be written to",
    );
    Failure::new(Exit::Damaged, diagnostic)
}

/// Holds a file of gpbuild's own folder; whether another one held it first.
fn hold(folder: &Folder, name: &str, reporter: &Reporter) -> Result<(File, bool), Failure> {
    let file = folder.append(name).map_err(|e| store_failure(&e))?;
    if try_hold(&file) {
        return Ok((file, false));
    }
    reporter.event(Event::Note(
        "another gpbuild works in this project: waiting for it",
    ));
    file.lock()
        .map_err(|e| store_failure(&FsError::io("lock", &folder.at(name))(e)))?;
    forget_holder(&file);
    Ok((file, true))
}

fn try_hold(file: &File) -> bool {
    for _ in 0..INSTANTS {
        match file.try_lock() {
            Ok(()) => {
                forget_holder(file);
                return true;
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(INSTANT),
            Err(TryLockError::Error(_)) => return false,
        }
    }
    false
}

/// Whoever held it before may have left which run that was: nobody is to take this one for it.
fn forget_holder(file: &File) {
    if file.metadata().is_ok_and(|meta| meta.len() > 0) {
        // What cannot be emptied names a run that ended, or died: then that is shown as running, no more.
        let _ = file.set_len(0);
    }
}

#[cfg(unix)]
fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |file: &File| file.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
    number(one).is_some_and(|one| number(other) == Some(one))
}

/// Elsewhere no file goes over to another process.
#[cfg(not(unix))]
fn is_same(_one: &File, _other: &File) -> bool {
    false
}
