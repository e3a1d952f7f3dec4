//! A file that one process holds for as long as it works on something: others see that, wait for it or look
//! elsewhere. The system lets go of it when the process ends, however it ends. Knows nothing of what is done.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::op;

/// No holder writes more about itself, in bytes.
const MAX_WORD: u64 = 4 << 10;

/// A file that this process holds, until this is dropped.
#[derive(Debug)]
pub struct Held {
    file: File,
    path: PathBuf,
    removes: bool,
}

/// Holds the file at `path`, which is made if it is not there; `None` if another one holds it. `word` is what
/// others may read of the holder.
pub fn try_hold(path: &Path, word: &[u8]) -> io::Result<Option<Held>> {
    loop {
        let mut file = op::open_to_hold(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it before may have removed it: then it is another file that others see.
        if !is_at(&file, path) {
            continue;
        }
        if !word.is_empty() {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(word)?;
        }
        return Ok(Some(Held {
            file,
            path: path.to_path_buf(),
            removes: false,
        }));
    }
}

/// What the holder of the file at `path` wrote of itself; `None` if nobody holds it.
pub fn word(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
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
        if self.removes && is_at(&self.file, &self.path) {
            let _ = op::remove(&self.path);
        }
    }
}

/// Whether this very file is at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(ours), Ok(there)) = (file.metadata(), std::fs::symlink_metadata(path)) else {
        return false;
    };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}

/// Whether this very file is at `path`: elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::{try_hold, word};

    #[test]
    fn one_holds_and_others_see_who() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        assert_eq!(word(&path), None);
        let held = try_hold(&path, b"me").unwrap().unwrap();
        assert!(try_hold(&path, b"you").unwrap().is_none());
        assert_eq!(word(&path).as_deref(), Some(&b"me"[..]));
        drop(held);
        assert_eq!(word(&path), None);
        assert!(path.exists());
        drop(try_hold(&path, b"you").unwrap().unwrap().for_once());
        assert!(!path.exists());
    }

    #[test]
    fn of_many_at_once_one_at_a_time_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut left = 50;
                    while left > 0 {
                        let Some(held) = try_hold(&path, b"").unwrap() else {
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
