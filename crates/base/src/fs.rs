//! The disk: bounded reads, atomic writes, and folders below which no link is followed ([`Folder`], [`Root`]).
//! Every error carries the verb and the path. Knows nothing of manifests or stores.

#[cfg(feature = "faults")]
mod fault;
mod folder;
pub mod hold;
pub mod op;
#[cfg(not(unix))]
mod other;
mod root;
#[cfg(unix)]
mod unix;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[cfg(not(unix))]
use other as sys;
#[cfg(unix)]
use unix as sys;

pub use folder::{Folder, Kind, Temporary};
pub use root::{Root, read_from};

/// Why a file could not be used.
#[derive(Debug)]
pub enum FsError {
    /// The system said no.
    Io {
        /// What was being done: `read`, `write`, …
        verb: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is larger than gpbuild reads.
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A symbolic link leads out of the project.
    Outside {
        /// The path inside the project.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A symbolic link, where none is followed.
    Link {
        /// Which path.
        path: PathBuf,
    },
    /// A place inside the project that is git's, or gpbuild's own.
    Kept {
        /// The path inside the project.
        path: PathBuf,
        /// Where it leads, from the project's folder.
        place: PathBuf,
    },
    /// Its bytes are not those that were written.
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// A folder, a pipe, a device.
    NotAFile {
        /// Which path.
        path: PathBuf,
    },
    /// A file, a pipe, a device.
    NotAFolder {
        /// Which path.
        path: PathBuf,
    },
    /// The text is not UTF-8.
    NotUtf8 {
        /// Which file.
        path: PathBuf,
        /// The first wrong byte, from 0.
        offset: usize,
    },
}

impl FsError {
    /// Whether there simply is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }

    /// For `map_err`: `File::open(p).map_err(FsError::io("open", p))`.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            verb,
            path: path.to_path_buf(),
            error,
        }
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error, .. } if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "no such file: `{}`", shown(path))
            }
            Self::Io { verb, path, error } => {
                write!(
                    f,
                    "cannot {verb} `{}`: {}",
                    shown(path),
                    system_words(error)
                )
            }
            Self::TooLarge { path, size, limit } => write!(
                f,
                "`{}` is {size} bytes; gpbuild reads at most {limit} of such a file",
                shown(path)
            ),
            Self::Outside { path, target } => write!(
                f,
                "`{}` is a symbolic link out of the project, to `{}`",
                shown(path),
                shown(target)
            ),
            Self::Link { path } => write!(
                f,
                "`{}` is a symbolic link, and gpbuild follows none here",
                shown(path)
            ),
            Self::Kept { path, place } if shown(path).to_string() == place.to_string_lossy() => {
                write!(
                    f,
                    "`{}` is git's or gpbuild's own, and none of the project's files",
                    shown(path)
                )
            }
            Self::Kept { path, place } => write!(
                f,
                "`{}` leads to `{}`, which is git's or gpbuild's own, and none of the project's files",
                shown(path),
                shown(place)
            ),
            Self::Damaged { path } => write!(f, "`{}` is damaged", shown(path)),
            Self::NotAFile { path } => write!(f, "`{}` is not a regular file", shown(path)),
            Self::NotAFolder { path } => write!(f, "`{}` is not a folder", shown(path)),
            Self::NotUtf8 { path, offset } => {
                write!(f, "`{}` is not UTF-8: byte {offset} is wrong", shown(path))
            }
        }
    }
}

impl std::error::Error for FsError {}

/// A path as people write it: without the `./` of a project that is the current folder.
pub fn shown(path: &Path) -> std::path::Display<'_> {
    let below = path.strip_prefix(".").ok();
    below
        .filter(|below| !below.as_os_str().is_empty())
        .unwrap_or(path)
        .display()
}

/// `Permission denied (os error 13)` without the number.
pub fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

/// Reads a regular file of at most `limit` bytes; links are followed, so the name is one that a person gave.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    read_all(open_any(path)?, path, limit)
}

/// Opens a regular file for reading; links are followed. A pipe or a device is refused, never waited for.
pub fn open_file(path: &Path) -> Result<File, FsError> {
    let file = open_any(path)?;
    plain_size(&file, path)?;
    Ok(file)
}

/// Opens what is there, without waiting for anything.
fn open_any(path: &Path) -> Result<File, FsError> {
    sys::read_at_once(path).map_err(|error| match fs::metadata(path) {
        // What is no file may not even be opened: a socket.
        Ok(meta) if !meta.is_file() => FsError::NotAFile {
            path: path.to_path_buf(),
        },
        _ => FsError::io("read", path)(error),
    })
}

/// The size of the file that is open at `path`, which must be a regular one.
fn plain_size(file: &File, path: &Path) -> Result<u64, FsError> {
    let meta = file.metadata().map_err(FsError::io("read", path))?;
    if !meta.is_file() {
        return Err(FsError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    Ok(meta.len())
}

/// Reads the file that is open at `path`: a regular one of at most `limit` bytes.
pub fn read_all(mut file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    let too_large = |size| FsError::TooLarge {
        path: path.to_path_buf(),
        size,
        limit,
    };
    let size = plain_size(&file, path)?;
    if size > limit {
        return Err(too_large(size));
    }
    op::reads(path).map_err(FsError::io("read", path))?;
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    // As large as it was said to be, in one go; then whatever came or went meanwhile.
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(FsError::io("read", path)(e)),
        }
    }
    bytes.truncate(filled);
    let rest = (limit + 1).saturating_sub(filled as u64);
    file.take(rest)
        .read_to_end(&mut bytes)
        .map_err(FsError::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// How sure a write must be before it counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It can be made again for free: the rename is enough.
    Free,
    /// It was paid for: bytes and name are on the disk before this returns.
    Paid,
}

/// Writes `bytes` to `path` by way of a temporary file beside it, so that nobody ever sees half a
/// file. Makes the folder if there is none.
pub fn write_atomic(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    let mut file = AtomicFile::beside(path)?;
    file.write(bytes).map_err(FsError::io("write", path))?;
    file.persist(path, durability)
}

/// A file that nobody sees before it is whole: written under another name, then renamed. Dropped
/// before that, it is gone.
pub struct AtomicFile(tempfile::NamedTempFile);

impl AtomicFile {
    /// A file beside `path`, so that a rename can put it there. Makes the folder if there is none.
    pub fn beside(path: &Path) -> Result<Self, FsError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = match temporary(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                op::create_folder(folder).map_err(FsError::io("create", folder))?;
                temporary(folder)
            }
            other => other,
        };
        file.map(Self).map_err(FsError::io("write", path))
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let path = self.0.path().to_path_buf();
        op::write(self.0.as_file_mut(), &path, bytes)
    }

    /// Puts the file to its place, over what is there; `path` lies in the folder that it is in.
    pub fn persist(self, path: &Path, durability: Durability) -> Result<(), FsError> {
        if durability == Durability::Paid {
            op::sync(self.0.as_file(), self.0.path()).map_err(FsError::io("write", path))?;
        }
        op::persist(self.0, path).map_err(FsError::io("write", path))?;
        if durability == Durability::Paid {
            sync_folder(path.parent().unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }
}

/// Prefix of temporary files; what a kill leaves behind is swept by `cache gc`.
pub const TEMPORARY: &str = ".gpbuild-tmp-";

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask applies; tempfile's own default would hide the picture from everybody else.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    op::temporary(folder, || builder.tempfile_in(folder))
}

/// Makes sure that the names in a folder are on the disk.
pub fn sync_folder(folder: &Path) -> Result<(), FsError> {
    op::sync_folder(folder).map_err(FsError::io("write", folder))
}

/// The same for a folder, and for those that it lies in up to `top`: each of them may be new, and a file
/// is only there if the way to it is.
pub fn sync_folders(folder: &Path, top: &Path) -> Result<(), FsError> {
    for folder in folder.ancestors() {
        sync_folder(folder)?;
        if folder == top {
            break;
        }
    }
    Ok(())
}

/// Makes a folder, and those that it lies in.
pub fn create_folder(folder: &Path) -> Result<(), FsError> {
    op::create_folder(folder).map_err(FsError::io("create", folder))
}

/// Removes a file.
pub fn remove(path: &Path) -> Result<(), FsError> {
    op::remove(path).map_err(FsError::io("remove", path))
}

#[cfg(test)]
mod tests {
    use super::{Durability, FsError, read_bounded, write_atomic};

    #[test]
    fn a_write_makes_its_folder_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.txt");
        write_atomic(&path, b"one", Durability::Free).unwrap();
        write_atomic(&path, b"two", Durability::Paid).unwrap();
        assert_eq!(read_bounded(&path, 10).unwrap(), b"two");
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn reads_are_bounded_and_only_of_files() {
        let dir = tempfile::tempdir().unwrap();
        write_atomic(&dir.path().join("big"), &[0; 11], Durability::Free).unwrap();
        assert!(matches!(
            read_bounded(&dir.path().join("big"), 10),
            Err(FsError::TooLarge { size: 11, .. })
        ));
        assert!(matches!(
            read_bounded(dir.path(), 10),
            Err(FsError::NotAFile { .. })
        ));
        assert!(
            read_bounded(&dir.path().join("none"), 10)
                .unwrap_err()
                .is_not_found()
        );
    }
}
