//! What gpbuild does to a disk, one operation at a time. Everything that writes goes through here, so that
//! each operation can be made to fail, and the process be ended before or after it, under the feature
//! `faults`; without that feature nothing of it is compiled.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

#[cfg(feature = "faults")]
use super::fault::{done, point};

/// Before an operation.
#[cfg(not(feature = "faults"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail under the feature `faults`"
)]
fn point(_verb: &'static str, _path: &Path) -> io::Result<()> {
    Ok(())
}

/// After it; `_with` is what was written, or where it was renamed to.
#[cfg(not(feature = "faults"))]
fn done(_verb: &'static str, _path: &Path, _with: &[u8]) {}

/// One operation, done by `act`; `with` is what was written.
pub(super) fn step<T>(
    verb: &'static str,
    path: &Path,
    with: &[u8],
    act: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    point(verb, path)?;
    let result = act()?;
    done(verb, path, with);
    Ok(result)
}

/// An operation begins whose path is only known when it has ended.
pub(super) fn begins(verb: &'static str, path: &Path) -> io::Result<()> {
    point(verb, path)
}

/// It has ended.
pub(super) fn ended(verb: &'static str, path: &Path, with: &[u8]) {
    done(verb, path, with);
}

/// A file gets another name, by `act`.
pub(super) fn renames(
    from: &Path,
    to: &Path,
    act: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    point("rename", to)?;
    act()?;
    done("rename", from, to.as_os_str().as_encoded_bytes());
    Ok(())
}

/// Reading of a file begins.
pub(super) fn reads(path: &Path) -> io::Result<()> {
    point("read", path)
}

/// A new temporary file in a folder, as `make` makes it.
pub(super) fn temporary(
    folder: &Path,
    make: impl FnOnce() -> io::Result<tempfile::NamedTempFile>,
) -> io::Result<tempfile::NamedTempFile> {
    point("create", folder)?;
    let file = make()?;
    done("create", file.path(), &[]);
    Ok(file)
}

/// Makes a file for reading and writing; it must not be there.
pub fn create(path: &Path) -> io::Result<File> {
    point("create", path)?;
    let mut options = OpenOptions::new();
    let file = options.create_new(true).read(true).write(true);
    let file = file.open(path)?;
    done("create", path, &[]);
    Ok(file)
}

/// Opens a file at whose end lines are written; made if it is not there.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    point("append", path)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).read(true).append(true).open(path)?;
    done("append", path, &[]);
    Ok(file)
}

/// Writes all of `bytes` to the file that is open at `path`.
pub fn write(file: &mut dyn Write, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Two operations under faults: what comes between them is a write that fell short.
    let half = if cfg!(feature = "faults") {
        bytes.len() / 2
    } else {
        0
    };
    for bytes in [&bytes[..half], &bytes[half..]] {
        if !bytes.is_empty() {
            point("write", path)?;
            file.write_all(bytes)?;
            done("write", path, bytes);
        }
    }
    Ok(())
}

/// Returns when the contents of the file that is open at `path` are on the disk.
pub fn sync(file: &File, path: &Path) -> io::Result<()> {
    point("sync", path)?;
    file.sync_all()?;
    done("sync", path, &[]);
    Ok(())
}

/// Returns when the names in a folder are on the disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        point("sync-folder", folder)?;
        File::open(folder)?.sync_all()?;
        done("sync-folder", folder, &[]);
    }
    Ok(())
}

/// Makes a folder, and those that it lies in.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    point("create-folder", folder)?;
    fs::create_dir_all(folder)?;
    done("create-folder", folder, &[]);
    Ok(())
}

/// Gives a file another name, over what is there.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    point("rename", to)?;
    fs::rename(from, to)?;
    done("rename", from, to.as_os_str().as_encoded_bytes());
    Ok(())
}

/// Puts a temporary file to its place, over what is there.
pub(super) fn persist(file: tempfile::NamedTempFile, to: &Path) -> io::Result<()> {
    let from = file.path().to_path_buf();
    point("rename", to)?;
    file.persist(to).map_err(|e| e.error)?;
    done("rename", &from, to.as_os_str().as_encoded_bytes());
    Ok(())
}

/// Removes a file.
pub fn remove(path: &Path) -> io::Result<()> {
    point("remove", path)?;
    fs::remove_file(path)?;
    done("remove", path, &[]);
    Ok(())
}
