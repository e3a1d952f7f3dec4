//! Puts finished bytes at an output's path, and takes away what no asset declares any more. What is
//! overwritten is in the store first, so that nothing that was paid for is lost.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::fs::{Durability, FsError, Root, read_bounded, write_atomic};
use crate::path::ProjectPath;
use crate::store::{MAX_OBJECT_BYTES, Store};

/// Writes `bytes` to `output`; what is there is kept first, by [`keep`].
pub fn write(root: &Root, output: &ProjectPath, bytes: &[u8]) -> Result<(), FsError> {
    root.check_folder(output)?;
    write_atomic(&root.at(output), bytes, Durability::Free)
}

/// Writes many outputs where nothing is: as [`write`] does, with fewer questions to the system for each.
pub struct Writer {
    /// The root's full path: from another one, a temporary file asks where that is, each time.
    root: PathBuf,
}

impl Writer {
    /// For these outputs: whether their folders lie inside the project is asked once for each folder.
    pub fn new<'p>(
        root: &Root,
        outputs: impl Iterator<Item = &'p ProjectPath>,
    ) -> Result<Self, FsError> {
        let folders: BTreeMap<&str, &ProjectPath> =
            outputs.map(|output| (output.parent(), output)).collect();
        for output in folders.into_values() {
            root.check_folder(output)?;
        }
        let root = std::path::absolute(root.path()).map_err(FsError::io("open", root.path()))?;
        Ok(Self { root })
    }

    /// Writes `bytes` to an output that it was made for.
    pub fn write(&self, output: &ProjectPath, bytes: &[u8]) -> Result<(), FsError> {
        write_atomic(&output.under(&self.root), bytes, Durability::Free)
    }
}

/// Puts the file that is about to be overwritten into the store.
pub fn keep(root: &Root, store: &Store, output: &ProjectPath) -> Result<(), FsError> {
    let path = root.at(output);
    let is_file = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file());
    if is_file {
        let bytes = read_bounded(&path, MAX_OBJECT_BYTES)?;
        store.put(&bytes, Durability::Paid)?;
    }
    Ok(())
}

/// What became of an output that nobody declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruned {
    /// Removed; its bytes are in the store.
    Removed,
    /// It was gone already.
    Gone,
    /// A person changed it: left where it is.
    Edited,
}

/// Removes an output that no asset declares, if it still is what gpbuild wrote.
pub fn prune(
    root: &Root,
    store: &Store,
    output: &ProjectPath,
    digest: &Digest,
) -> Result<Pruned, FsError> {
    let path = root.at(output);
    let bytes = match read_bounded(&path, MAX_OBJECT_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.is_not_found() => return Ok(Pruned::Gone),
        Err(FsError::NotAFile { .. }) => return Ok(Pruned::Edited),
        Err(e) => return Err(e),
    };
    if Digest::of(&bytes) != *digest {
        return Ok(Pruned::Edited);
    }
    root.check_folder(output)?;
    store.put(&bytes, Durability::Paid)?;
    crate::fs::remove(&path)?;
    // Folders that are empty now go too, as far as they are the project's.
    let mut folder = path.parent();
    while let Some(at) = folder {
        if at == root.path() || std::fs::remove_dir(at).is_err() {
            break;
        }
        folder = at.parent();
    }
    Ok(Pruned::Removed)
}
