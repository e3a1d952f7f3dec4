//! A file that one process holds for as long as it works on something: others see that, wait for it or look
//! elsewhere. The system lets go of it when the process ends, however it ends. Knows nothing of what is done.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::{Folder, FsError};

/// No holder writes more about itself, in bytes.
const MAX_WORD: u64 = 4 << 10;

/// A file that this process holds, until this is dropped.
#[derive(Debug)]
pub struct Held {
    file: File,
    folder: Folder,
    name: PathBuf,
    removes: bool,
}

/// Holds a file below a folder, which is made if it is not there; `None` if another one holds it. `word` is what
/// others may read of the holder.
pub fn try_hold(
    folder: &Folder,
    name: impl AsRef<Path>,
    word: &[u8],
) -> Result<Option<Held>, FsError> {
    let name = name.as_ref();
    let full = folder.at(name);
    let failed = || FsError::io("lock", &full);
    loop {
        let mut file = folder.append(name)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        // Whoever held it before may have removed it: then it is another file that others see.
        if !is_at(&file, folder, name) {
            continue;
        }
        if !word.is_empty() {
            file.set_len(0).map_err(failed())?;
            file.write_all(word).map_err(failed())?;
        }
        return Ok(Some(Held {
            file,
            folder: folder.clone(),
            name: name.to_path_buf(),
            removes: false,
        }));
    }
}

/// What the holder of a file below a folder wrote of itself; `None` if nobody holds it.
pub fn word(folder: &Folder, name: impl AsRef<Path>) -> Option<Vec<u8>> {
    let mut file = folder.file(name).ok()?;
    // To be told at once: whoever wants to hold it meanwhile tries again.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut word = Vec::new();
    // Some systems do not let others read what is held.
    let _ = (&mut file).take(MAX_WORD).read_to_end(&mut word);
    Some(word)
}

impl Held {
    /// Removes the file when this is dropped: nobody need remember who held it.
    #[must_use]
    pub fn for_once(mut self) -> Self {
        self.removes = true;
        self
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Before it is let go: nobody may hold a file then that is removed under them.
        if self.removes && is_at(&self.file, &self.folder, &self.name) {
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// Whether this very file has that name.
#[cfg(unix)]
fn is_at(file: &File, folder: &Folder, name: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let there = folder.file(name).ok().and_then(|file| file.metadata().ok());
    let (Ok(ours), Some(there)) = (file.metadata(), there) else {
        return false;
    };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Whether this very file has that name: elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_file: &File, folder: &Folder, name: &Path) -> bool {
    folder.kind(name).is_ok_and(|kind| kind.is_some())
}

#[cfg(test)]
mod tests {
    use super::{try_hold, word};
    use crate::fs::Folder;

    #[test]
    fn one_holds_and_others_see_who() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        assert_eq!(word(&folder, "x"), None);
        let held = try_hold(&folder, "x", b"me").unwrap().unwrap();
        assert!(try_hold(&folder, "x", b"you").unwrap().is_none());
        assert_eq!(word(&folder, "x").as_deref(), Some(&b"me"[..]));
        drop(held);
        assert_eq!(word(&folder, "x"), None);
        assert!(dir.path().join("x").exists());
        drop(try_hold(&folder, "x", b"you").unwrap().unwrap().for_once());
        assert!(!dir.path().join("x").exists());
    }

    #[test]
    fn of_many_at_once_one_at_a_time_holds() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut left = 50;
                    while left > 0 {
                        let Some(held) = try_hold(&folder, "x", b"").unwrap() else {
                            std::thread::yield_now();
                            continue;
                        };
                        use std::sync::atomic::Ordering::SeqCst;
                        assert_eq!(inside.fetch_add(1, SeqCst), 0);
                        inside.fetch_sub(1, SeqCst);
                        drop(held.for_once());
                        left -= 1;
                    }
                });
            }
        });
    }
}
