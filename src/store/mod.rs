//! What has been made: objects (bytes by their digest) and entries (key -> result), in
//! `store`, in the person's folder. A damaged object or entry is a miss that is told, never a wrong picture. Knows
//! nothing of assets, plans or providers.

mod adopt;
mod entry;
mod flaw;
mod gc;
mod incoming;
mod making;
mod object;
mod roots;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Exit, Failure};
use crate::fs::{Durability, FsError, read_bounded, shown, sync_folders, write_atomic};

pub use entry::{ExportEntry, ShotEntry};
pub use gc::{Keep, Removed, Stats, Swept, Verified};
pub use incoming::{Arrived, Astray, Head, Incoming, key_of};
pub use making::Payer;
pub use object::{MAX_OBJECT_BYTES, StreamError};
pub use roots::InUse;

/// The version of the layout below it. A newer one is refused, not guessed at.
const VERSION: u32 = 1;

/// The store of a person, for all projects.
#[derive(Clone, Debug)]
pub struct Store {
    /// The folder that it lies in, beside its ledger.
    home: PathBuf,
    folder: PathBuf,
}

impl Store {
    /// The store in the folder `home`; nothing is written yet.
    pub fn open(home: &Path) -> Result<Self, Failure> {
        let folder = home.join("store");
        let store = Self {
            home: home.to_path_buf(),
            folder,
        };
        // Answers that arrive belong to the ledger beside them: another one's would take them for its own
        // leftovers.
        if std::fs::symlink_metadata(&store.folder).is_ok_and(|meta| meta.is_symlink()) {
            return Err(Failure::new(
                Exit::Damaged,
                Diagnostic::error(format!(
                    "`{}` is a symbolic link: a store belongs to the ledger beside it",
                    shown(&store.folder)
                ))
                .hint("`GPBUILD_HOME` names the folder of both, wherever it lies"),
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
                        .hint("use a newer gpbuild: `gpbuild --version` says which one this is"),
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
            (Durability::Paid, Some(folder)) => sync_folders(folder, &self.home),
            _ => Ok(()),
        }
    }

    /// Where the store is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
