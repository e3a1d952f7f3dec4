//! Folders and files below an open folder, as Unix has them: no part of the way to one may be a link. On Linux
//! the system sees to that (`openat2`); elsewhere, and where a sandbox does not know that call, each part is
//! opened from the one before it. Knows nothing of projects.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::folder::Kind;

/// A folder that is open.
pub(super) type Handle = Arc<OwnedFd>;

/// A folder that is only looked up from.
const LOOKUP: OFlags = SEARCH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(target_os = "linux")]
const SEARCH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const SEARCH: OFlags = OFlags::RDONLY;
/// A pipe or a device is not waited for: what it is, is looked at once it is open.
const FILE: OFlags = OFlags::CLOEXEC
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);
/// The umask applies, as to any file: a picture is for everybody who may see the project.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// A folder by its name; links on the way are followed.
pub(super) fn top(path: &Path) -> io::Result<Handle> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    Ok(Arc::new(rustix::fs::open(path, LOOKUP, Mode::empty())?))
}

/// A folder below another one.
pub(super) fn folder(at: &Handle, path: &Path) -> io::Result<Handle> {
    Ok(Arc::new(open(at, path, LOOKUP, Mode::empty())?))
}

/// A file for reading, whatever kind of file it is.
pub(super) fn read(at: &Handle, path: &Path) -> io::Result<File> {
    open(at, path, FILE.union(OFlags::RDONLY), Mode::empty()).map(File::from)
}

/// A file at whose end is written; made if it is not there.
pub(super) fn append(at: &Handle, path: &Path) -> io::Result<File> {
    let how = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE;
    open(at, path, FILE.union(how), MODE).map(File::from)
}

/// A file that is not there yet.
pub(super) fn create_new(at: &Handle, name: &OsStr) -> io::Result<File> {
    let how = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    open(at, Path::new(name), FILE.union(how), MODE).map(File::from)
}

/// What is there; a link is a link.
pub(super) fn kind(at: &Handle, name: &OsStr) -> io::Result<Kind> {
    let stat = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(kind_of(FileType::from_raw_mode(stat.st_mode)))
}

pub(super) fn make_folder(at: &Handle, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(at, name, Mode::from_raw_mode(0o777))?)
}

/// Over what is there.
pub(super) fn rename(from: &Handle, name: &OsStr, to: &Handle, new: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::renameat(from, name, to, new)?)
}

pub(super) fn remove(at: &Handle, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(at, name, AtFlags::empty())?)
}

/// Only an empty one.
pub(super) fn remove_folder(at: &Handle, name: &OsStr) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(at, name, AtFlags::REMOVEDIR)?)
}

/// The names in a folder, as they come.
pub(super) fn list(at: &Handle) -> io::Result<Vec<(OsString, Kind)>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::new(readable(at)?)? {
        let entry = entry?;
        let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
        if name == "." || name == ".." {
            continue;
        }
        let found = match entry.file_type() {
            // Some file systems do not say it here.
            FileType::Unknown => kind(at, &name),
            known => Ok(kind_of(known)),
        };
        // One that went meanwhile is not there.
        if let Ok(found) = found {
            names.push((name, found));
        }
    }
    Ok(names)
}

/// Returns when the names in a folder are on the disk.
pub(super) fn sync(at: &Handle) -> io::Result<()> {
    Ok(rustix::fs::fsync(readable(at)?)?)
}

/// The same folder, not only to be looked up from.
fn readable(at: &Handle) -> io::Result<OwnedFd> {
    let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, ".", how, Mode::empty())?)
}

/// Opens a file by its name, links and all, without waiting for what may be at the other end of a pipe.
pub(super) fn read_at_once(path: &Path) -> io::Result<File> {
    let opened = rustix::fs::open(path, FILE.union(OFlags::RDONLY), Mode::empty());
    Ok(opened.map(File::from)?)
}

fn kind_of(file: FileType) -> Kind {
    match file {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// Opens what is at `path`, a way without links.
#[cfg(target_os = "linux")]
fn open(at: &Handle, path: &Path, how: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    use std::sync::atomic::{AtomicBool, Ordering};
    static MISSING: AtomicBool = AtomicBool::new(false);
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    if !MISSING.load(Ordering::Relaxed) {
        let whole = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        match rustix::fs::openat2(at, whole, how | OFlags::NOFOLLOW, mode, resolve) {
            // An old system, or a sandbox that does not know the call: `EPERM` may be about the file as well.
            Err(Errno::NOSYS | Errno::PERM) => {
                let missing = rustix::fs::openat2(at, ".", LOOKUP, Mode::empty(), resolve);
                MISSING.store(missing.is_err(), Ordering::Relaxed);
            }
            Err(Errno::AGAIN) => {}
            other => return Ok(other?),
        }
    }
    walk(at, path, how, mode)
}

#[cfg(not(target_os = "linux"))]
fn open(at: &Handle, path: &Path, how: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    walk(at, path, how, mode)
}

/// The same, part by part.
fn walk(at: &Handle, path: &Path, how: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            _ => return Err(io::Error::from(Errno::XDEV)),
        }
    }
    let last = parts.pop().unwrap_or(OsStr::new("."));
    let mut folder: Option<OwnedFd> = None;
    for part in parts {
        let from = folder.as_ref().map_or(at.as_fd(), AsFd::as_fd);
        let next = rustix::fs::openat(from, part, LOOKUP | OFlags::NOFOLLOW, Mode::empty())?;
        folder = Some(next);
    }
    let from = folder.as_ref().map_or(at.as_fd(), AsFd::as_fd);
    Ok(rustix::fs::openat(
        from,
        last,
        how | OFlags::NOFOLLOW,
        mode,
    )?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use rustix::fs::{Mode, OFlags};

    use super::{FILE, LOOKUP, open, top, walk};
    use crate::fs::{Durability, write_atomic};

    #[test]
    fn both_ways_open_the_same_and_follow_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        write_atomic(&root.join("a/b/file"), b"it", Durability::Free).unwrap();
        symlink("b", root.join("a/link")).unwrap();
        symlink("b/file", root.join("a/to-file")).unwrap();
        symlink("/", root.join("a/b/up")).unwrap();
        let at = top(root).unwrap();
        for opens in [open, walk] {
            let opens = |path: &str, how| opens(&at, Path::new(path), how, Mode::empty());
            let mut text = String::new();
            let file = opens("a/b/file", FILE | OFlags::RDONLY).unwrap();
            std::fs::File::from(file).read_to_string(&mut text).unwrap();
            assert_eq!(text, "it");
            assert!(opens("", LOOKUP).is_ok() && opens("./a/b", LOOKUP).is_ok());
            for bad in [
                "a/link",
                "a/b/up",
                "..",
                "a/../..",
                "/",
                "a/b/up/etc",
                "a/b/file",
            ] {
                assert!(opens(bad, LOOKUP).is_err(), "{bad}");
            }
            for bad in ["a/to-file", "a/link/file", "a/b/../../../x", "a/none"] {
                assert!(opens(bad, FILE | OFlags::RDONLY).is_err(), "{bad}");
            }
        }
    }
}
