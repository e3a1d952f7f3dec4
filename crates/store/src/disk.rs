//! What a store does to the disk: every path lies below the person's folder, which is opened once, and no link
//! below it is followed. Knows nothing of what is kept there.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::Store;
use base::fs::{Durability, Folder, FsError, Kind, create_folder, sync_folder};

/// Folders of a store nest no deeper below `objects`, `shots` and so on.
const DEPTH: usize = 2;

impl Store {
    /// The person's folder, if it is there.
    pub(super) fn home(&self) -> Result<Folder, FsError> {
        if let Some(folder) = self.opened.get() {
            return Ok(folder.clone());
        }
        let folder = Folder::open(&self.home)?;
        Ok(self.opened.get_or_init(|| folder).clone())
    }

    /// The person's folder, made if it is not there, surely on the disk with the way to it.
    pub(super) fn made_home(&self) -> Result<Folder, FsError> {
        match self.home() {
            Err(e) if e.is_not_found() => {}
            found => return found,
        }
        let home = std::path::absolute(&self.home).map_err(FsError::io("open", &self.home))?;
        let missing: Vec<&Path> = home.ancestors().take_while(|at| !at.is_dir()).collect();
        create_folder(&self.home)?;
        for folder in missing.into_iter().filter_map(Path::parent) {
            sync_folder(folder)?;
        }
        self.home()
    }

    /// A path as it is from the person's folder.
    pub(super) fn below_home<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.home).unwrap_or(path)
    }

    pub(super) fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
        self.home()?.read(self.below_home(path), limit)
    }

    pub(super) fn file(&self, path: &Path) -> Result<File, FsError> {
        self.home()?.file(self.below_home(path))
    }

    /// Whether a plain file is there.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        let kind = self
            .home()
            .and_then(|home| home.kind(self.below_home(path)));
        matches!(kind, Ok(Some(Kind::File)))
    }

    /// Writes a file, whole or not at all; one that is paid for is on the disk with the way to it.
    pub(super) fn write(
        &self,
        path: &Path,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), FsError> {
        let below = self.below_home(path);
        self.made_home()?.write(below, bytes, durability)?;
        self.make_sure(path, durability)
    }

    /// Makes sure of the way to a file that was paid for: the folders that it lies in may be new.
    pub(super) fn make_sure(&self, path: &Path, durability: Durability) -> Result<(), FsError> {
        // The file's own folder is on the disk already.
        match (durability, path.parent().and_then(Path::parent)) {
            (Durability::Paid, Some(folder)) => self.sync_way(folder),
            _ => Ok(()),
        }
    }

    /// Makes sure of a folder, and of those that it lies in.
    pub(super) fn sync_way(&self, folder: &Path) -> Result<(), FsError> {
        self.home()?.sync_way(self.below_home(folder))
    }

    /// A folder, made if it is not there.
    pub(super) fn make(&self, folder: &Path) -> Result<Folder, FsError> {
        self.made_home()?.make(self.below_home(folder))
    }

    pub(super) fn remove_file(&self, path: &Path) -> Result<(), FsError> {
        self.home()?.remove(self.below_home(path))
    }

    /// Gives a file another name in a folder that is there, over what is there.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), FsError> {
        let home = self.home()?;
        let folder = to.parent().unwrap_or(&self.folder);
        let folder = home.below(self.below_home(folder))?;
        home.rename(
            self.below_home(from),
            &folder,
            to.file_name().unwrap_or_default(),
        )
    }

    /// What is in a folder and in the folders in it, in order of path; nothing if it is not there. These are names:
    /// whatever is read or removed by one is opened as a [`Folder`] opens it, without following a link.
    pub(super) fn walk(&self, folder: &Path) -> Result<Vec<DirEntry>, FsError> {
        let below = self.below_home(folder);
        match self.home().and_then(|home| home.below(below)) {
            Err(e) if e.is_not_found() => return Ok(Vec::new()),
            found => drop(found?),
        }
        let walk = WalkDir::new(folder)
            .follow_root_links(false)
            .min_depth(1)
            .max_depth(DEPTH + 1)
            .sort_by_file_name();
        walk.into_iter()
            .map(|entry| entry.map_err(|e| walk_error(folder, e)))
            // What others removed meanwhile is not there.
            .filter(|entry| !entry.as_ref().is_err_and(FsError::is_not_found))
            .collect()
    }

    /// The plain files among these.
    pub(super) fn files(&self, folder: &Path) -> Result<Vec<PathBuf>, FsError> {
        let entries = self.walk(folder)?.into_iter();
        let files = entries.filter(|entry| entry.file_type().is_file());
        Ok(files.map(DirEntry::into_path).collect())
    }
}

/// What a walk below `folder` could not read.
pub(super) fn walk_error(folder: &Path, error: walkdir::Error) -> FsError {
    let path = error.path().unwrap_or(folder).to_path_buf();
    let said = error.to_string();
    let error = error.into_io_error();
    FsError::io("read", &path)(error.unwrap_or_else(|| io::Error::other(said)))
}
