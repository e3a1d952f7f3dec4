//! One gpbuild at a time in a project. Knows nothing of what it does there.

use std::path::Path;

use crate::diagnostic::Failure;
use crate::fs::{FsError, create_folder, op};
use crate::pipeline::store_failure;
use crate::report::{Event, Reporter};
use crate::store::STATE_FOLDER;

/// Keeps other gpbuilds out of a project until it is dropped.
pub struct Alone {
    _file: std::fs::File,
    /// Another gpbuild was there first.
    pub waited: bool,
}

pub fn alone(root: &Path, reporter: &Reporter) -> Result<Alone, Failure> {
    let folder = root.join(STATE_FOLDER);
    create_folder(&folder).map_err(|e| store_failure(&e))?;
    let path = folder.join("running");
    let file =
        op::open_to_append(&path).map_err(|e| store_failure(&FsError::io("open", &path)(e)))?;
    let mut waited = false;
    if file.try_lock().is_err() {
        waited = true;
        reporter.event(Event::Note(
            "another gpbuild works in this project: waiting for it",
        ));
        file.lock()
            .map_err(|e| store_failure(&FsError::io("lock", &path)(e)))?;
    }
    Ok(Alone {
        _file: file,
        waited,
    })
}
