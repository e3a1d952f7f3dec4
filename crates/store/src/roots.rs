//! Which projects use a store, and that nobody sweeps it while they do. Knows their folders, and nothing of
//! what is in them.

use std::path::{Path, PathBuf};

use crate::Store;
use base::digest::Digest;
use base::fs::hold::{self, Held};
use base::fs::{Durability, FsError};

/// The folder with a file for each project.
const FOLDER: &str = "roots";
/// Held, shared, by everybody who works with the store; by one alone who sweeps it.
const IN_USE: &str = "in-use";
/// The longest path of a project, in bytes.
const MAX_PATH: u64 = 64 << 10;

/// Keeps sweepers out until it is dropped.
#[derive(Debug)]
pub struct InUse {
    _file: std::fs::File,
}

impl Store {
    /// Keeps sweepers out; `waiting` is called if one is at work, and this returns when it is done.
    pub fn in_use(&self, waiting: impl FnOnce()) -> Result<InUse, FsError> {
        let file = self.made_home()?.append(IN_USE)?;
        if file.try_lock_shared().is_err() {
            waiting();
            file.lock_shared()
                .map_err(FsError::io("lock", &self.home.join(IN_USE)))?;
        }
        Ok(InUse { _file: file })
    }

    /// Keeps everybody else out; `None` while somebody works with the store.
    pub fn lock_exclusive(&self) -> Result<Option<Held>, FsError> {
        hold::try_hold(&self.made_home()?, IN_USE, b"")
    }

    /// Notes that the project in the folder `root`, which is absolute, uses the store.
    pub fn note_root(&self, root: &Path) -> Result<(), FsError> {
        let bytes = root.as_os_str().as_encoded_bytes();
        let name = Digest::of(bytes).hex();
        let path = self.home.join(FOLDER).join(&name[..32]);
        if self.is_file(&path) {
            return Ok(());
        }
        self.write(&path, bytes, Durability::Free)
    }

    /// The projects that use the store, as far as their folders are still there, in order; those that are
    /// gone are forgotten, but for those of which it cannot be told.
    pub fn roots(&self) -> Result<Vec<PathBuf>, FsError> {
        let mut roots = Vec::new();
        for path in self.files(&self.home.join(FOLDER))? {
            let bytes = match self.read(&path, MAX_PATH) {
                Err(e) if e.is_not_found() => continue,
                read => read?,
            };
            let Some(root) = path_of(bytes) else {
                continue;
            };
            match std::fs::metadata(&root) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    // Its pictures that were paid for stay, whatever becomes of it.
                    let _ = self.remove_file(&path);
                }
                _ => roots.push(root),
            }
        }
        roots.sort();
        Ok(roots)
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "elsewhere not all bytes are a path"
)]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use crate::Store;

    #[test]
    fn projects_that_are_gone_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("x/home")).unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        for root in [&one, &two, &one] {
            store.note_root(root).unwrap();
        }
        assert_eq!(store.roots().unwrap(), std::slice::from_ref(&one));
        std::fs::create_dir(&two).unwrap();
        assert_eq!(store.roots().unwrap(), [one]);
    }

    #[test]
    fn a_sweeper_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("x/home")).unwrap();
        let never = || unreachable!("nobody sweeps");
        let (one, two) = (store.in_use(never).unwrap(), store.in_use(never).unwrap());
        assert!(store.lock_exclusive().unwrap().is_none());
        drop((one, two));
        let alone = store.lock_exclusive().unwrap().unwrap();
        assert!(store.lock_exclusive().unwrap().is_none());
        drop(alone);
        store.in_use(never).unwrap();
    }
}
