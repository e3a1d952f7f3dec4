//! What has been made: objects (bytes by their digest) and entries (key -> result), in
//! `store`, in the person's folder. What is there and cannot be read, or is damaged, is
//! told with its place: never a wrong picture, and nothing that was paid for passes for missing. Knows
//! nothing of assets, plans or providers.
//!
//! ```
//! use base::fs::Durability;
//! use gpbuild_store::key::Ingredients;
//! use gpbuild_store::{Roll, ShotEntry, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::open(folder.path()).unwrap();
//! // What a result depends on is its name.
//! let mut ingredients = Ingredients::default();
//! ingredients.add("prompt", "a red door");
//! let key = ingredients.key("my tool's pictures");
//! assert_eq!(store.shot(&key)?, None);
//!
//! let picture = store.put(b"its bytes", Durability::Paid)?;
//! let entry = ShotEntry::accepted(Roll::new(vec![picture], "mine".to_owned(), 0), ingredients);
//! store.put_shot(&key, &entry, Durability::Paid)?;
//! assert_eq!(store.shot(&key)?, Some(entry));
//! // Bytes are checked against their digest whenever they are read: damage is an error.
//! assert_eq!(store.get(&picture)?.as_deref(), Some(&b"its bytes"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adopt;
mod batch;
mod disk;
mod entry;
mod flaw;
mod form;
mod gc;
mod incoming;
pub mod key;
pub mod ledger;
mod making;
mod object;
mod roots;
mod shot;
mod ticket;
mod times;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::{Durability, Folder, FsError};

pub use batch::{Batch, BatchFile, BatchHead, BatchLine, Mark, OpenBatch};
pub use entry::ExportEntry;
pub use form::Form;
pub use gc::{Keep, Removed, Stats, Swept, Verified};
pub use incoming::{Arrived, Head, Incoming, Misplaced};
pub use making::Payer;
pub use object::{Have, MAX_OBJECT_BYTES, StreamError};
pub use roots::InUse;
pub use shot::{Roll, ShotEntry};

/// The newest version of what lies below it. A newer one is refused, not guessed at.
const VERSION: u32 = WITH_ROLLS;
/// The version of a store that any gpbuild reads.
const FIRST: u32 = 1;
/// The version of one with a shot of several rolls, or of one that was judged.
const WITH_ROLLS: u32 = 2;

/// The store of a person, for all projects.
#[derive(Clone, Debug)]
pub struct Store {
    /// The folder that it lies in, beside its ledger.
    home: PathBuf,
    folder: PathBuf,
    /// The same folder, once it was opened: below it no link is followed.
    opened: Arc<OnceLock<Folder>>,
}

impl Store {
    /// The store in the folder `home`; nothing is written yet.
    pub fn open(home: &Path) -> Result<Self, Failure> {
        let store = Self {
            home: home.to_path_buf(),
            folder: home.join("store"),
            opened: Arc::default(),
        };
        match store.read(&store.version_file(), 100) {
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
                Diagnostic::error(e.to_string())
                    .hint("`GPBUILD_HOME` names the folder of store and ledger, wherever it lies"),
            )),
        }
    }

    fn version_file(&self) -> PathBuf {
        self.folder.join("VERSION")
    }

    /// Writes the version, once.
    fn prepare(&self) -> Result<(), FsError> {
        let file = self.version_file();
        if self.is_file(&file) {
            return Ok(());
        }
        self.write(&file, format!("{FIRST}\n").as_bytes(), Durability::Free)
    }

    /// The version that the store says; the first where it says none.
    fn version(&self) -> u32 {
        let bytes = self.read(&self.version_file(), 100).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.trim().parse().unwrap_or(FIRST)
    }

    /// Makes it a store of at least this version: an older gpbuild refuses it from now on. On the disk before this
    /// returns.
    fn raise(&self, version: u32) -> Result<(), FsError> {
        if self.version() >= version {
            return Ok(());
        }
        let text = format!("{version}\n");
        self.write(&self.version_file(), text.as_bytes(), Durability::Paid)
    }

    /// Where the store is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
