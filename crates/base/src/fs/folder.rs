//! [`Folder`]: a folder that is open, and all that gpbuild does to the disk below it. Its own name may be a link,
//! that is the word of whoever gave it; below it no link is followed, at no level, and only plain files are
//! opened. What was once opened stays what it was, whatever becomes of its name. Knows nothing of projects.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Durability, FsError, TEMPORARY, op, plain_size, read_all, sys};

/// What has a name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A pipe, a device, a socket.
    Other,
}

/// A folder that is open.
#[derive(Clone, Debug)]
pub struct Folder {
    /// What people call it.
    path: PathBuf,
    handle: sys::Handle,
}

impl Folder {
    /// Opens a folder by its name.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let handle = sys::top(path).map_err(FsError::io("open", path))?;
        Ok(Self {
            path: path.to_path_buf(),
            handle,
        })
    }

    /// The same; it is made if it is not there, and those that it lies in.
    pub fn create(path: &Path) -> Result<Self, FsError> {
        match Self::open(path) {
            Err(e) if e.is_not_found() => {
                op::create_folder(path).map_err(FsError::io("create", path))?;
                Self::open(path)
            }
            other => other,
        }
    }

    /// What people call it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call something in it.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            return self.path.clone();
        }
        self.path.join(path)
    }

    /// Opens a folder below it.
    pub fn below(&self, path: impl AsRef<Path>) -> Result<Self, FsError> {
        let path = path.as_ref();
        let opened = sys::folder(&self.handle, path);
        let handle = opened.map_err(|e| self.explain("open", path, Kind::Folder, e))?;
        Ok(Self {
            path: self.at(path),
            handle,
        })
    }

    /// The same; it is made if it is not there, and those that it lies in.
    pub fn make(&self, path: impl AsRef<Path>) -> Result<Self, FsError> {
        let path = path.as_ref();
        match self.below(path) {
            Err(e) if e.is_not_found() => {}
            other => return other,
        }
        let full = self.at(path);
        let failed = |e| self.explain("create", path, Kind::Folder, e);
        op::step("create-folder", &full, &[], || {
            let mut folder = self.handle.clone();
            for part in path.iter() {
                folder = match sys::folder(&folder, Path::new(part)) {
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {
                        match sys::make_folder(&folder, part) {
                            // Another one was faster.
                            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                            made => made?,
                        }
                        sys::folder(&folder, Path::new(part))?
                    }
                    other => other?,
                };
            }
            Ok(folder)
        })
        .map(|handle| Self { path: full, handle })
        .map_err(failed)
    }

    /// What is at a path below it; `None` if there is nothing.
    pub fn kind(&self, path: impl AsRef<Path>) -> Result<Option<Kind>, FsError> {
        let (folder, name) = match self.parent(path.as_ref()) {
            Err(e) if e.is_not_found() => return Ok(None),
            found => found?,
        };
        match sys::kind(&folder.handle, &name) {
            Ok(kind) => Ok(Some(kind)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(FsError::io("open", &folder.at(&name))(e)),
        }
    }

    /// Opens a plain file.
    pub fn file(&self, path: impl AsRef<Path>) -> Result<File, FsError> {
        let path = path.as_ref();
        self.plain(self.any_file(path)?, path)
    }

    /// Reads a plain file of at most `limit` bytes.
    pub fn read(&self, path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, FsError> {
        let path = path.as_ref();
        read_all(self.any_file(path)?, &self.at(path), limit)
    }

    /// Opens a plain file at whose end lines are written; made if it is not there, in a folder that is.
    pub fn append(&self, path: impl AsRef<Path>) -> Result<File, FsError> {
        let path = path.as_ref();
        let file = op::step("append", &self.at(path), &[], || {
            sys::append(&self.handle, path)
        });
        let file = file.map_err(|e| self.explain("open", path, Kind::File, e))?;
        self.plain(file, path)
    }

    /// Makes a plain file that is not there yet, for reading and writing.
    pub fn create_new(&self, path: impl AsRef<Path>) -> Result<File, FsError> {
        let (folder, name) = self.parent(path.as_ref())?;
        let full = folder.at(&name);
        op::step("create", &full, &[], || {
            sys::create_new(&folder.handle, &name)
        })
        .map_err(FsError::io("create", &full))
    }

    /// Writes `bytes` by way of a temporary file beside the place, so that nobody ever sees half a file; over
    /// what is there, unless that is a folder. Makes the folder if there is none.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), FsError> {
        let path = path.as_ref();
        let (parent, name) = split(path, &self.path)?;
        let made;
        let folder = if parent.as_os_str().is_empty() {
            self
        } else {
            made = self.make(parent)?;
            &made
        };
        let full = folder.at(name);
        let mut file = folder.temporary_for(&full)?;
        file.write(bytes).map_err(FsError::io("write", &full))?;
        file.persist(folder, name, durability)
    }

    /// A file in this folder that nobody sees before it gets its name.
    pub fn temporary(&self) -> Result<Temporary, FsError> {
        self.temporary_for(&self.path)
    }

    fn temporary_for(&self, path: &Path) -> Result<Temporary, FsError> {
        let failed = || FsError::io("write", path);
        op::begins("create", &self.path).map_err(failed())?;
        let mut tries = 0;
        loop {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|e| failed()(io::Error::other(e.to_string())))?;
            let name = format!("{TEMPORARY}{:016x}", u64::from_le_bytes(random));
            let name = OsString::from(name);
            match sys::create_new(&self.handle, &name) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < 100 => tries += 1,
                Err(e) => return Err(failed()(e)),
                Ok(file) => {
                    op::ended("create", &self.at(&name), &[]);
                    return Ok(Temporary {
                        folder: self.clone(),
                        name,
                        file,
                        is_placed: false,
                    });
                }
            }
        }
    }

    /// Gives what is at a path another name in a folder of the same disk, over what is there.
    pub fn rename(
        &self,
        path: impl AsRef<Path>,
        to: &Self,
        name: impl AsRef<OsStr>,
    ) -> Result<(), FsError> {
        let (folder, old) = self.parent(path.as_ref())?;
        let (from, full) = (folder.at(&old), to.at(name.as_ref()));
        op::renames(&from, &full, || {
            sys::rename(&folder.handle, &old, &to.handle, name.as_ref())
        })
        .map_err(FsError::io("write", &full))
    }

    /// Removes a file, or a link; never what it leads to.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<(), FsError> {
        let (folder, name) = self.parent(path.as_ref())?;
        let full = folder.at(&name);
        op::step("remove", &full, &[], || sys::remove(&folder.handle, &name))
            .map_err(FsError::io("remove", &full))
    }

    /// Removes a folder, if it is empty.
    pub fn remove_folder(&self, path: impl AsRef<Path>) -> Result<(), FsError> {
        let (folder, name) = self.parent(path.as_ref())?;
        let removed = sys::remove_folder(&folder.handle, &name);
        removed.map_err(FsError::io("remove", &folder.at(&name)))
    }

    /// The names in it, sorted.
    pub fn list(&self) -> Result<Vec<(OsString, Kind)>, FsError> {
        let names = sys::list(&self.handle);
        let mut names = names.map_err(FsError::io("read", &self.path))?;
        names.sort();
        Ok(names)
    }

    /// The temporary files in it, and their sizes, in order. Nobody may be writing there.
    pub fn temporaries(&self) -> Vec<(OsString, u64)> {
        let names = self.list().unwrap_or_default().into_iter();
        names
            .filter(|(name, kind)| {
                *kind == Kind::File && name.to_string_lossy().starts_with(TEMPORARY)
            })
            .filter_map(|(name, _)| {
                let meta = self.file(&name).ok()?.metadata().ok()?;
                Some((name, meta.len()))
            })
            .collect()
    }

    /// Makes sure that the names in it are on the disk.
    pub fn sync(&self) -> Result<(), FsError> {
        if cfg!(unix) {
            op::step("sync-folder", &self.path, &[], || sys::sync(&self.handle))
                .map_err(FsError::io("write", &self.path))?;
        }
        Ok(())
    }

    /// The same for a folder below it, for those that it lies in, and for this one: each of them may be new, and
    /// a file is only there if the way to it is.
    pub fn sync_way(&self, path: impl AsRef<Path>) -> Result<(), FsError> {
        for path in path.as_ref().ancestors() {
            if path.as_os_str().is_empty() {
                return self.sync();
            }
            self.below(path)?.sync()?;
        }
        Ok(())
    }

    /// The folder that a path is in, and its name there.
    fn parent(&self, path: &Path) -> Result<(Self, OsString), FsError> {
        let (parent, name) = split(path, &self.path)?;
        let folder = if parent.as_os_str().is_empty() {
            self.clone()
        } else {
            self.below(parent)?
        };
        Ok((folder, name.to_owned()))
    }

    /// What is there, be it a file or not; it is not waited for.
    fn any_file(&self, path: &Path) -> Result<File, FsError> {
        let opened = sys::read(&self.handle, path);
        opened.map_err(|e| self.explain("read", path, Kind::File, e))
    }

    fn plain(&self, file: File, path: &Path) -> Result<File, FsError> {
        plain_size(&file, &self.at(path))?;
        Ok(file)
    }

    /// Why something is not opened: the first part of the way that is not what it must be, or what the
    /// system said.
    fn explain(&self, verb: &'static str, path: &Path, wanted: Kind, error: io::Error) -> FsError {
        if error.kind() == io::ErrorKind::NotFound {
            return FsError::io(verb, &self.at(path))(error);
        }
        let mut at = self.handle.clone();
        let mut way = PathBuf::new();
        let mut parts = path.iter().peekable();
        while let Some(part) = parts.next() {
            way.push(part);
            let here = || self.at(&way);
            let is_last = parts.peek().is_none();
            match sys::kind(&at, part) {
                Ok(Kind::Link) => return FsError::Link { path: here() },
                Ok(kind) if is_last && kind != wanted => {
                    return match wanted {
                        Kind::Folder => FsError::NotAFolder { path: here() },
                        _ => FsError::NotAFile { path: here() },
                    };
                }
                Ok(kind) if !is_last && kind != Kind::Folder => {
                    return FsError::NotAFolder { path: here() };
                }
                Ok(_) if !is_last => match sys::folder(&at, Path::new(part)) {
                    Ok(folder) => at = folder,
                    Err(e) => return FsError::io(verb, &here())(e),
                },
                _ => {}
            }
        }
        FsError::io(verb, &self.at(path))(error)
    }
}

/// The folder of a path, and its name there.
fn split<'p>(path: &'p Path, root: &Path) -> Result<(&'p Path, &'p OsStr), FsError> {
    let name = path.file_name();
    name.map(|name| (path.parent().unwrap_or(Path::new("")), name))
        .ok_or_else(|| FsError::NotAFile {
            path: root.join(path),
        })
}

/// A file that nobody sees before it is whole: written under another name, then renamed. Dropped before that, it
/// is gone.
#[derive(Debug)]
pub struct Temporary {
    folder: Folder,
    name: OsString,
    file: File,
    is_placed: bool,
}

impl Temporary {
    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        op::write(&mut self.file, &self.folder.at(&self.name), bytes)
    }

    /// Puts the file to its place in a folder of the same disk, over what is there.
    pub fn persist(
        mut self,
        folder: &Folder,
        name: impl AsRef<OsStr>,
        durability: Durability,
    ) -> Result<(), FsError> {
        let (from, to) = (self.folder.at(&self.name), folder.at(name.as_ref()));
        if durability == Durability::Paid {
            op::sync(&self.file, &from).map_err(FsError::io("write", &to))?;
        }
        op::renames(&from, &to, || {
            sys::rename(
                &self.folder.handle,
                &self.name,
                &folder.handle,
                name.as_ref(),
            )
        })
        .map_err(FsError::io("write", &to))?;
        self.is_placed = true;
        match durability {
            Durability::Paid => folder.sync(),
            Durability::Free => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_placed {
            // One that stays behind is swept by `cache gc`.
            let _ = sys::remove(&self.folder.handle, &self.name);
        }
    }
}
