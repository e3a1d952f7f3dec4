//! What has been made: objects (bytes by their digest) and entries (key -> result), in
//! `.gpbuild/store`. A damaged object or entry is a miss that is told, never a wrong picture. Knows
//! nothing of assets, plans or providers.

mod entry;
mod gc;
mod incoming;
mod object;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Exit, Failure};
use crate::fs::{Durability, FsError, read_bounded, sync_folders, write_atomic};

pub use entry::{ExportEntry, ShotEntry};
pub use gc::{Stats, Swept, Verified};
pub use incoming::{Arrived, Astray, Head, Incoming};
pub use object::{MAX_OBJECT_BYTES, StreamError};

/// The folder with everything that is not committed.
pub const STATE_FOLDER: &str = ".gpbuild";
/// The version of the layout below it. A newer one is refused, not guessed at.
const VERSION: u32 = 1;

/// The store of a project.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    folder: PathBuf,
}

impl Store {
    /// The store of the project in `root`; nothing is written yet.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        let folder = root.join(STATE_FOLDER).join("store");
        let store = Self {
            root: root.to_path_buf(),
            folder,
        };
        // Answers that arrive belong to the ledger beside them: another project's would take them for its own
        // leftovers.
        if std::fs::symlink_metadata(&store.folder).is_ok_and(|meta| meta.is_symlink()) {
            return Err(Failure::new(
                Exit::Damaged,
                Diagnostic::error(format!(
                    "`{STATE_FOLDER}/store` is a symbolic link: a store belongs to the ledger beside it"
                ))
                .hint(format!(
                    "link all of `{STATE_FOLDER}` if it is to lie elsewhere, or be shared by several projects"
                )),
            ));
        }
        let file = store.folder.join("VERSION");
        match read_bounded(&file, 100) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                match text.trim().parse::<u32>() {
                    Ok(version) if version <= VERSION => Ok(store),
                    Ok(version) => Err(Failure::new(
                        Exit::Damaged,
                        Diagnostic::error(format!(
                            "the store is of version {version}; this gpbuild knows {VERSION}"
                        ))
                        .hint("use a newer gpbuild, or delete `.gpbuild/store`: it is rebuilt"),
                    )),
                    // The file only says which layout it is: what is there is still checked by digest.
                    Err(_) => Ok(store),
                }
            }
            Err(e) if e.is_not_found() => Ok(store),
            Err(e) => Err(Failure::new(
                Exit::Damaged,
                Diagnostic::error(e.to_string()),
            )),
        }
    }

    /// Writes the version, once.
    fn prepare(&self) -> Result<(), FsError> {
        let file = self.folder.join("VERSION");
        if file.exists() {
            return Ok(());
        }
        write_atomic(&file, format!("{VERSION}\n").as_bytes(), Durability::Free)
    }

    /// Makes sure of the way to a file that was paid for: the folders that it lies in may be new.
    fn make_sure(&self, path: &Path, durability: Durability) -> Result<(), FsError> {
        match (durability, path.parent().and_then(Path::parent)) {
            // The file's own folder is on the disk already.
            (Durability::Paid, Some(folder)) => sync_folders(folder, &self.root),
            _ => Ok(()),
        }
    }

    /// Where the store is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
