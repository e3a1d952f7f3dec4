//! One gpbuild at a time in a project, and one more for its drafts: a draft does not wait for a picture
//! that is being paid for. Knows nothing of what is done there.

use std::path::Path;

use crate::diagnostic::Failure;
use crate::fs::FsError;
use crate::own;
use crate::pipeline::{Settings, store_failure};
use crate::report::{Event, Reporter};

/// Held by who makes the real pictures, or writes the lock.
const REAL: &str = "running";
/// Held by who makes drafts.
const DRAFTS: &str = "drafting";

/// Keeps other gpbuilds out until it is dropped.
pub struct Alone {
    _file: std::fs::File,
    /// Another gpbuild was there first.
    pub waited: bool,
}

/// Keeps out who makes pictures of the same kind, real ones or drafts.
pub fn alone(settings: &Settings, reporter: &Reporter) -> Result<Alone, Failure> {
    let name = if settings.resolve.is_draft() {
        DRAFTS
    } else {
        REAL
    };
    hold(&settings.root, name, reporter)
}

/// Keeps everybody out: what is in the store may go.
pub fn quite_alone(settings: &Settings, reporter: &Reporter) -> Result<[Alone; 2], Failure> {
    Ok([
        hold(&settings.root, REAL, reporter)?,
        hold(&settings.root, DRAFTS, reporter)?,
    ])
}

fn hold(root: &Path, name: &str, reporter: &Reporter) -> Result<Alone, Failure> {
    let folder = own::ready(root)?;
    let file = folder.append(name).map_err(|e| store_failure(&e))?;
    let mut waited = false;
    if file.try_lock().is_err() {
        waited = true;
        reporter.event(Event::Note(
            "another gpbuild works in this project: waiting for it",
        ));
        file.lock()
            .map_err(|e| store_failure(&FsError::io("lock", &folder.at(name))(e)))?;
    }
    Ok(Alone {
        _file: file,
        waited,
    })
}
