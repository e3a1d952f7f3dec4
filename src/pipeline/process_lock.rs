//! One gpbuild at a time in a project, and one more for its drafts: a draft does not wait for a picture
//! that is being paid for. Knows nothing of what is done there.

use crate::own;
use crate::pipeline::{Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::{Folder, FsError};
use report::{Event, Reporter};
use store::{InUse, Store};

/// Held by who makes the real pictures, or writes the lock.
const REAL: &str = "running";
/// Held by who makes drafts.
const DRAFTS: &str = "drafting";

/// Keeps other gpbuilds out until it is dropped.
pub struct ProcessLock {
    _file: std::fs::File,
    _in_use: InUse,
    /// The store of which it keeps sweepers out.
    pub store: Store,
    /// Another gpbuild was there first.
    pub waited: bool,
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
    let name = if settings.resolve.is_draft() {
        DRAFTS
    } else {
        REAL
    };
    let folder = own::ready(&settings.root)?;
    let in_use = store
        .in_use(|| {
            reporter.event(Event::Note("`gpbuild cache gc` is at work: waiting for it"));
        })
        .map_err(|e| home_failure(&e))?;
    if name == REAL {
        let root = std::fs::canonicalize(&settings.root);
        let noted = root
            .map_err(FsError::io("open", &settings.root))
            .and_then(|root| store.note_root(&root));
        noted.map_err(|e| home_failure(&e))?;
    }
    let (file, waited) = hold(&folder, name, reporter)?;
    Ok(ProcessLock {
        _file: file,
        _in_use: in_use,
        store: store.clone(),
        waited,
    })
}

/// What is wrong with the person's folder.
fn home_failure(error: &FsError) -> Failure {
    let diagnostic = Diagnostic::error(error.to_string()).hint(
        "what is paid for is kept there: `GPBUILD_HOME` names another folder that can be written to",
    );
    Failure::new(Exit::Damaged, diagnostic)
}

/// Holds a file of gpbuild's own folder; whether another one held it first.
fn hold(
    folder: &Folder,
    name: &str,
    reporter: &Reporter,
) -> Result<(std::fs::File, bool), Failure> {
    let file = folder.append(name).map_err(|e| store_failure(&e))?;
    if file.try_lock().is_ok() {
        return Ok((file, false));
    }
    reporter.event(Event::Note(
        "another gpbuild works in this project: waiting for it",
    ));
    file.lock()
        .map_err(|e| store_failure(&FsError::io("lock", &folder.at(name))(e)))?;
    Ok((file, true))
}
