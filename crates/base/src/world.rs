//! The one door through which a run reads the project. Remembers what was read, and what was looked
//! for and not there: that is what `state` compares and what `watch` watches. Knows no formats.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::fs::{FsError, Kind, Root};
use crate::path::ProjectPath;

/// What the file system says of a file without opening it. Numbers of a fixed width in the state file: they
/// are large, and there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// Bytes.
    #[serde(with = "postcard::fixint::le")]
    pub size: u64,
    /// Last change of the contents, in nanoseconds since 1970.
    #[serde(with = "postcard::fixint::le")]
    pub modified: i64,
    /// Last change of anything, in nanoseconds since 1970; 0 where there is none.
    #[serde(with = "postcard::fixint::le")]
    pub changed: i64,
    /// The file's number; 0 where there is none.
    #[serde(with = "postcard::fixint::le")]
    pub inode: u64,
}

impl Signature {
    /// The signature of what is at `path`; `None` if there is nothing (or nothing to be seen).
    pub fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path)
            .ok()
            .map(|meta| Self::of_metadata(&meta))
    }

    /// The signature of a file that is open.
    pub fn of_file(file: &std::fs::File) -> Option<Self> {
        file.metadata().ok().map(|meta| Self::of_metadata(&meta))
    }

    /// By what the system says of a file.
    pub fn of_metadata(meta: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Self {
                size: meta.len(),
                modified: nanos(meta.mtime(), meta.mtime_nsec()),
                changed: nanos(meta.ctime(), meta.ctime_nsec()),
                inode: meta.ino(),
            }
        }
        #[cfg(not(unix))]
        {
            let modified = meta
                .modified()
                .ok()
                .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
                .map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
            Self {
                size: meta.len(),
                modified,
                changed: 0,
                inode: 0,
            }
        }
    }

    /// The later of the two times.
    pub fn newest(&self) -> i64 {
        self.modified.max(self.changed)
    }
}

/// Takes the signatures of many files of a project, one after another. Those that stand in one folder
/// are looked up from there: that is a sixth cheaper than from the root. Asks for no memory, which would cost
/// a new thread more than its first fifty looks.
pub struct Signatures<'a> {
    root: &'a Path,
    #[cfg(target_os = "linux")]
    opened: Option<rustix::fd::OwnedFd>,
    #[cfg(target_os = "linux")]
    folder: Option<(&'a str, Option<rustix::fd::OwnedFd>)>,
}

impl<'a> Signatures<'a> {
    /// Of files of the project in `root`.
    pub fn new(root: &'a Path) -> Self {
        Self {
            root,
            #[cfg(target_os = "linux")]
            opened: rustix::fs::open(root, FOLDER, rustix::fs::Mode::empty()).ok(),
            #[cfg(target_os = "linux")]
            folder: None,
        }
    }

    /// The same as [`Signature::of`], for a path from the root.
    #[cfg(not(target_os = "linux"))]
    pub fn of(&mut self, path: &'a str) -> Option<Signature> {
        Signature::of(&self.root.join(path))
    }

    /// The same as [`Signature::of`], for a path from the root.
    #[cfg(target_os = "linux")]
    pub fn of(&mut self, path: &'a str) -> Option<Signature> {
        use rustix::fs::{AtFlags, Mode, openat, statat};
        if path.is_empty() {
            return Signature::of(self.root);
        }
        let root = self.opened.as_ref()?;
        let (folder, name) = match memchr::memrchr(b'/', path.as_bytes()) {
            Some(slash) => {
                let folder = &path[..slash];
                if self.folder.as_ref().is_none_or(|(name, _)| *name != folder) {
                    let opened = openat(root, folder, FOLDER, Mode::empty()).ok();
                    self.folder = Some((folder, opened));
                }
                let (_, opened) = self.folder.as_ref()?;
                (opened.as_ref()?, &path[slash + 1..])
            }
            None => (root, path),
        };
        let stat = statat(folder, name, AtFlags::empty()).ok()?;
        Some(Signature {
            size: u64::try_from(stat.st_size).ok()?,
            modified: nanos(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).ok()?),
            changed: nanos(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).ok()?),
            inode: stat.st_ino,
        })
    }
}

/// A folder that is only looked up from.
#[cfg(target_os = "linux")]
const FOLDER: rustix::fs::OFlags = rustix::fs::OFlags::PATH
    .union(rustix::fs::OFlags::DIRECTORY)
    .union(rustix::fs::OFlags::CLOEXEC);

#[cfg(unix)]
fn nanos(seconds: i64, nanos: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// What a run saw at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fingerprint {
    /// Nothing was there.
    Absent,
    /// A file with these contents.
    File(Signature, Digest),
    /// A folder with these names in it.
    Folder(Signature, Digest),
    /// Something that could not be read: a link out of the project, a pipe, what nobody may read. It is the same
    /// as long as the system says the same of it.
    Unread(Signature),
}

/// A name in a folder, and whether it is a folder itself.
pub type Name = (std::ffi::OsString, bool);

/// The names in a folder, sorted.
pub fn list(folder: &Path) -> std::io::Result<Vec<Name>> {
    let mut names: Vec<Name> = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            (entry.file_name(), is_folder)
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The digest of the names in a folder, and of which are folders. Hidden ones are left out, and those
/// that gpbuild writes itself, `own`.
pub fn digest_of(names: &[Name], own: &[&str]) -> Digest {
    let mut hasher = Hasher::new("gpbuild names");
    for (name, is_folder) in names {
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if name == ".gitignore" || !(hidden || own.iter().any(|own| name == own)) {
            hasher.field(name.as_encoded_bytes());
            hasher.field(&[u8::from(*is_folder)]);
        }
    }
    hasher.finish()
}

/// The project as one run sees it.
#[derive(Debug)]
pub struct World {
    root: Root,
    seen: Mutex<BTreeMap<String, Entry>>,
    /// Names at the root that gpbuild writes itself.
    own: Mutex<Vec<String>>,
    /// A file that is read as if it held this: what a manifest would be before it is written.
    instead: Option<(ProjectPath, Vec<u8>)>,
}

/// What was seen at a path, and what for.
#[derive(Clone, Copy, Debug)]
struct Entry {
    seen: Fingerprint,
    /// Read for items only: see [`World::read_data`].
    data: bool,
}

/// All that a run saw.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// By path from the root.
    pub seen: BTreeMap<String, Fingerprint>,
    /// Names at the root that gpbuild writes itself: they do not count in its listing.
    pub own: Vec<String>,
    /// Before anything was looked at, in nanoseconds since 1970.
    pub at: i64,
}

impl Snapshot {
    /// Of a project that is not there.
    pub fn nothing(file: &str) -> Self {
        Self {
            seen: BTreeMap::from([(file.to_owned(), Fingerprint::Absent)]),
            ..Self::default()
        }
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        let files = self
            .seen
            .values()
            .filter(|s| matches!(s, Fingerprint::File(..)));
        files.count()
    }

    /// The folders in which a change can be one of what was seen, by path from the root: those that
    /// were listed, and those of files, be they there or not.
    pub fn folders(&self) -> BTreeSet<&str> {
        fn of<'a>(path: &'a str, seen: &Fingerprint) -> &'a str {
            match (seen, path.rsplit_once('/')) {
                (Fingerprint::Folder(..), _) => path,
                (_, Some((folder, _))) => folder,
                (_, None) => "",
            }
        }
        self.seen
            .iter()
            .map(|(path, seen)| of(path, seen))
            .collect()
    }
}

impl World {
    /// Opens the project in the folder `path`.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        Ok(Self {
            root: Root::open(path)?,
            seen: Mutex::default(),
            own: Mutex::default(),
            instead: None,
        })
    }

    /// The project as it would be if the file at `path` held `bytes`.
    #[must_use]
    pub fn with(mut self, path: &ProjectPath, bytes: Vec<u8>) -> Self {
        self.instead = Some((path.clone(), bytes));
        self
    }

    /// The project's folder.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Reads a file of at most `limit` bytes.
    pub fn read(&self, path: &ProjectPath, limit: u64) -> Result<Vec<u8>, FsError> {
        self.read_for(path, limit, false)
    }

    /// The same, for a file of which nothing but its items is taken: other assets than those that are made
    /// for its items do not depend on it. It is no such file any more once it is read for anything else.
    pub fn read_data(&self, path: &ProjectPath, limit: u64) -> Result<Vec<u8>, FsError> {
        self.read_for(path, limit, true)
    }

    fn read_for(&self, path: &ProjectPath, limit: u64, data: bool) -> Result<Vec<u8>, FsError> {
        if let Some((instead, bytes)) = &self.instead
            && instead == path
        {
            return Ok(bytes.clone());
        }
        // The signature first: a change between it and the read is then seen by the next run.
        let signature = Signature::of(&self.root.at(path));
        let result = self.root.read(path, limit);
        let seen = match (&result, signature) {
            (Ok(bytes), Some(signature)) => Fingerprint::File(signature, Digest::of(bytes)),
            (Err(_), Some(signature)) => Fingerprint::Unread(signature),
            (_, None) => Fingerprint::Absent,
        };
        self.note(path.as_str().to_owned(), seen, data);
        result
    }

    /// The same, as text: without byte order marks, and each line ends in `\n`, as in any other checkout.
    pub fn read_text(&self, path: &ProjectPath, limit: u64) -> Result<String, FsError> {
        let bytes = self.read(path, limit)?;
        let mut text = String::from_utf8(bytes).map_err(|e| FsError::NotUtf8 {
            path: self.root.at(path),
            offset: e.utf8_error().valid_up_to(),
        })?;
        let marks = text.len() - text.trim_start_matches('\u{feff}').len();
        text.drain(..marks);
        if text.contains("\r\n") {
            text = text.replace("\r\n", "\n");
        }
        Ok(text)
    }

    /// The digest of a file of at most `limit` bytes; read once a run.
    pub fn digest(&self, path: &ProjectPath, limit: u64) -> Result<Digest, FsError> {
        if let Some(noted) = self.lock().get_mut(path.as_str())
            && let Fingerprint::File(_, digest) = noted.seen
        {
            noted.data = false;
            return Ok(digest);
        }
        self.read(path, limit).map(|bytes| Digest::of(&bytes))
    }

    /// The names in a folder, sorted. `""` is the root. `own` are names in it that gpbuild writes itself.
    pub fn list(&self, folder: &str, own: &[&str]) -> std::io::Result<Vec<Name>> {
        let path = self.root.path().join(folder);
        // The signature first, and the names once: one that comes later is then seen by the next run.
        let signature = Signature::of(&path);
        let found = self.root.folder().below(folder).and_then(|f| f.list());
        let names = found
            .map(|found| -> Vec<Name> {
                let is_folder = |(name, kind)| (name, kind == Kind::Folder);
                found.into_iter().map(is_folder).collect()
            })
            .map_err(|e| match e {
                FsError::Io { error, .. } => error,
                // It became another thing since its name was read.
                other => std::io::Error::other(other.to_string()),
            });
        let seen = match (&names, signature) {
            (Ok(names), Some(signature)) => Fingerprint::Folder(signature, digest_of(names, own)),
            (Err(_), Some(signature)) => Fingerprint::Unread(signature),
            (_, None) => Fingerprint::Absent,
        };
        self.note(folder.to_owned(), seen, false);
        let names = names?;
        if folder.is_empty() {
            let mut known = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            *known = own.iter().map(|name| (*name).to_owned()).collect();
        }
        Ok(names)
    }

    /// Remembers what was read, or not found, outside the project: `../.gitignore`.
    pub fn note_outside(&self, path: String, bytes: Option<&[u8]>) {
        let signature = Signature::of(&self.root.path().join(&path));
        let seen = match (signature, bytes) {
            (Some(signature), Some(bytes)) => Fingerprint::File(signature, Digest::of(bytes)),
            (Some(signature), None) => Fingerprint::Unread(signature),
            (None, _) => Fingerprint::Absent,
        };
        self.note(path, seen, false);
    }

    /// Everything seen so far, by path from the root.
    pub fn seen(&self) -> BTreeMap<String, Fingerprint> {
        let noted = self.lock();
        let seen = noted.iter().map(|(path, noted)| (path.clone(), noted.seen));
        seen.collect()
    }

    /// The paths of the files of which nothing but items was taken.
    pub fn data(&self) -> BTreeSet<String> {
        let noted = self.lock();
        let data = noted.iter().filter(|(_, noted)| noted.data);
        data.map(|(path, _)| path.clone()).collect()
    }

    /// The same, with what it takes to look again; the moment is for the caller to say.
    pub fn snapshot(&self) -> Snapshot {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            seen: self.seen(),
            own: own.clone(),
            at: 0,
        }
    }

    /// The paths of the files that were read.
    pub fn files(&self) -> BTreeSet<String> {
        let seen = self.lock();
        let files = seen
            .iter()
            .filter(|(_, noted)| matches!(noted.seen, Fingerprint::File(..)));
        files.map(|(path, _)| path.clone()).collect()
    }

    fn note(&self, path: String, seen: Fingerprint, data: bool) {
        // The first look counts: a file that changed during the run is then found stale.
        self.lock()
            .entry(path)
            .and_modify(|noted| noted.data &= data)
            .or_insert(Entry { seen, data });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
