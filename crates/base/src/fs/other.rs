//! Folders and files below a folder where the system has no handles for them that the standard library could
//! use: each part of the way to one is looked at before it is used. A link, a junction too, that comes between
//! the look and the use is not seen.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::folder::Kind;

/// A folder: its full path.
pub(super) type Handle = PathBuf;

/// A folder by its name; links on the way are followed.
pub(super) fn top(path: &Path) -> io::Result<Handle> {
    let real = fs::canonicalize(path)?;
    fs::read_dir(&real)?;
    Ok(real)
}

/// Where a path is; no part of the way may be a link.
fn way(at: &Handle, path: &Path) -> io::Result<PathBuf> {
    let mut full = at.clone();
    for part in path.components() {
        match part {
            Component::Normal(part) => full.push(part),
            Component::CurDir => continue,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        match fs::symlink_metadata(&full) {
            Ok(meta) if meta.is_symlink() => return Err(io::ErrorKind::NotADirectory.into()),
            _ => {}
        }
    }
    Ok(full)
}

/// A folder below another one.
pub(super) fn folder(at: &Handle, path: &Path) -> io::Result<Handle> {
    let full = way(at, path)?;
    if fs::symlink_metadata(&full)?.is_dir() {
        Ok(full)
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// A file for reading.
pub(super) fn read(at: &Handle, path: &Path) -> io::Result<File> {
    read_at_once(&way(at, path)?)
}

/// A file at whose end is written; made if it is not there.
pub(super) fn append(at: &Handle, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).read(true).append(true);
    options.open(way(at, path)?)
}

/// A file that is not there yet.
pub(super) fn create_new(at: &Handle, name: &OsStr) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.create_new(true).read(true).write(true);
    options.open(way(at, Path::new(name))?)
}

/// What is there; a link is a link.
pub(super) fn kind(at: &Handle, name: &OsStr) -> io::Result<Kind> {
    Ok(kind_of(fs::symlink_metadata(at.join(name))?.file_type()))
}

pub(super) fn make_folder(at: &Handle, name: &OsStr) -> io::Result<()> {
    fs::create_dir(at.join(name))
}

/// Over what is there.
pub(super) fn rename(from: &Handle, name: &OsStr, to: &Handle, new: &OsStr) -> io::Result<()> {
    fs::rename(from.join(name), to.join(new))
}

pub(super) fn remove(at: &Handle, name: &OsStr) -> io::Result<()> {
    fs::remove_file(at.join(name))
}

/// Only an empty one.
pub(super) fn remove_folder(at: &Handle, name: &OsStr) -> io::Result<()> {
    fs::remove_dir(at.join(name))
}

/// The names in a folder, as they come.
pub(super) fn list(at: &Handle) -> io::Result<Vec<(OsString, Kind)>> {
    let entries = fs::read_dir(at)?.filter_map(Result::ok);
    let named = |entry: fs::DirEntry| {
        let kind = entry.file_type().ok().map(kind_of)?;
        Some((entry.file_name(), kind))
    };
    Ok(entries.filter_map(named).collect())
}

/// Names are on the disk when the file is.
pub(super) fn sync(_at: &Handle) -> io::Result<()> {
    Ok(())
}

/// Opens a file by its name, links and all.
pub(super) fn read_at_once(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}

fn kind_of(file: fs::FileType) -> Kind {
    if file.is_symlink() {
        Kind::Link
    } else if file.is_dir() {
        Kind::Folder
    } else if file.is_file() {
        Kind::File
    } else {
        Kind::Other
    }
}
