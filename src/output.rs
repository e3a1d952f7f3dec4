//! Puts finished bytes at an output's path, and takes away what no asset declares any more. What is
//! overwritten is in the store first, so that nothing that was paid for is lost.

use std::collections::BTreeMap;

use base::digest::Digest;
use base::fs::{Durability, Folder, FsError, Kind, Root};
use base::path::ProjectPath;
use store::{MAX_OBJECT_BYTES, Store};

/// Writes `bytes` to `output`; what is there is kept first, by [`keep`].
pub fn write(root: &Root, output: &ProjectPath, bytes: &[u8]) -> Result<(), FsError> {
    let folder = root.make_output_folder(output)?;
    folder.write(output.file_name(), bytes, Durability::Free)
}

/// So many folders are held open at most: a system gives a thousand to a process, and there may be one for each
/// output.
const MAX_OPEN: usize = 100;

/// Writes many outputs where nothing is: as [`write()`] does, with fewer questions to the system for each.
pub struct Writer<'p> {
    root: &'p Root,
    folders: BTreeMap<&'p str, Folder>,
}

impl<'p> Writer<'p> {
    /// For these outputs: all their folders lie inside the project. Those of the most outputs stay open.
    pub fn new(
        root: &'p Root,
        outputs: impl Iterator<Item = &'p ProjectPath>,
    ) -> Result<Self, FsError> {
        let mut counts: BTreeMap<&str, (usize, &ProjectPath)> = BTreeMap::new();
        for output in outputs {
            counts.entry(output.parent()).or_insert((0, output)).0 += 1;
        }
        let mut by_count: Vec<(usize, &str, &ProjectPath)> = counts
            .into_iter()
            .map(|(folder, (count, output))| (count, folder, output))
            .collect();
        by_count.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
        let mut folders = BTreeMap::new();
        for (n, (_, name, output)) in by_count.into_iter().enumerate() {
            let folder = root.make_output_folder(output)?;
            if n < MAX_OPEN {
                folders.insert(name, folder);
            }
        }
        Ok(Self { root, folders })
    }

    /// Writes `bytes` to an output that it was made for.
    pub fn write(&self, output: &ProjectPath, bytes: &[u8]) -> Result<(), FsError> {
        match self.folders.get(output.parent()) {
            Some(folder) => folder.write(output.file_name(), bytes, Durability::Free),
            None => write(self.root, output, bytes),
        }
    }

    /// Removes an output that was written.
    pub fn remove(&self, output: &ProjectPath) -> Result<(), FsError> {
        self.root.output_folder(output)?.remove(output.file_name())
    }
}

/// Puts the file that is about to be overwritten into the store.
pub fn keep(root: &Root, store: &Store, output: &ProjectPath) -> Result<(), FsError> {
    let folder = match root.output_folder(output) {
        Err(e) if e.is_not_found() => return Ok(()),
        found => found?,
    };
    if folder.kind(output.file_name())? == Some(Kind::File) {
        let bytes = folder.read(output.file_name(), MAX_OBJECT_BYTES)?;
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
    let found = root
        .output_folder(output)
        .and_then(|folder| Ok((folder.read(output.file_name(), MAX_OBJECT_BYTES)?, folder)));
    let (bytes, folder) = match found {
        Ok(found) => found,
        Err(e) if e.is_not_found() => return Ok(Pruned::Gone),
        Err(FsError::NotAFile { .. } | FsError::NotAFolder { .. } | FsError::Link { .. }) => {
            return Ok(Pruned::Edited);
        }
        Err(e) => return Err(e),
    };
    if Digest::of(&bytes) != *digest {
        return Ok(Pruned::Edited);
    }
    store.put(&bytes, Durability::Paid)?;
    folder.remove(output.file_name())?;
    // Folders that are empty now go too, as far as they are the project's, and no link.
    let mut way = output.parent();
    while !way.is_empty() && root.folder().remove_folder(way).is_ok() {
        way = way.rsplit_once('/').map_or("", |(above, _)| above);
    }
    Ok(Pruned::Removed)
}
