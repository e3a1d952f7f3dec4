//! Objects: bytes named by their blake3. Written by rename, checked by digest whenever they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::Store;
use base::digest::{Digest, Digester};
use base::fs::{Durability, Folder, FsError};

/// The largest object: more than any image API answers with.
pub const MAX_OBJECT_BYTES: u64 = 256 << 20;

/// What a store has of some objects.
#[derive(Debug, Default)]
pub struct Have {
    /// Those that are there and whose bytes are right.
    pub whole: BTreeSet<Digest>,
    /// Those that are there and cannot be read, or are damaged.
    pub unread: BTreeMap<Digest, FsError>,
}

impl Store {
    pub(super) fn object_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// Keeps bytes; returns their name. What is there already is not written again, unless it is
    /// damaged.
    pub fn put(&self, bytes: &[u8], durability: Durability) -> Result<Digest, FsError> {
        let digest = Digest::of(bytes);
        self.place(&digest, durability, |folder, name| {
            folder.write(name, bytes, durability)
        })?;
        Ok(digest)
    }

    /// Has `write` put an object in its folder under its name, unless it is there already and whole; one that is
    /// paid for is on the disk then, with the way to it.
    fn place(
        &self,
        digest: &Digest,
        durability: Durability,
        write: impl FnOnce(&Folder, &OsStr) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        if self.is_whole(digest) {
            return Ok(());
        }
        self.prepare()?;
        let path = self.object_path(digest);
        let folder = self.make(path.parent().unwrap_or(&self.folder))?;
        write(&folder, path.file_name().unwrap_or_default())?;
        self.make_sure(&path, durability)
    }

    /// Whether there is an object of this name; its bytes are not looked at.
    pub fn has(&self, digest: &Digest) -> bool {
        self.is_file(&self.object_path(digest))
    }

    /// Whether there is an object of this name and its bytes are right.
    pub fn is_whole(&self, digest: &Digest) -> bool {
        matches!(self.get(digest), Ok(Some(_)))
    }

    /// Which of these objects are there.
    pub fn have(&self, digests: &[Digest]) -> Have {
        let looked = digests.par_iter().map(|digest| {
            let bytes = self.get(digest)?;
            Ok(bytes.is_some())
        });
        let looked: Vec<Result<bool, FsError>> = looked.collect();
        let mut have = Have::default();
        for (digest, found) in digests.iter().zip(looked) {
            match found {
                Ok(true) => drop(have.whole.insert(*digest)),
                Ok(false) => {}
                Err(error) => drop(have.unread.insert(*digest, error)),
            }
        }
        have
    }

    /// The bytes of an object; `None` if there is none. One that is there and cannot be read is an error, and so is one
    /// that is damaged: the digest is checked.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, FsError> {
        let path = self.object_path(digest);
        match self.read(&path, MAX_OBJECT_BYTES) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(FsError::Damaged { path }),
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// Why bytes that came piece by piece were not kept.
#[derive(Debug)]
pub enum StreamError {
    /// Where they came from failed: what was wrong with it.
    Source(std::io::Error),
    /// They could not be written.
    Disk(FsError),
}

impl Store {
    /// Keeps what a reader gives, at most `limit` bytes, without ever holding it in memory. It was
    /// paid for: it is on the disk before this returns.
    pub fn put_stream(&self, from: &mut dyn Read, limit: u64) -> Result<Digest, StreamError> {
        self.prepare().map_err(StreamError::Disk)?;
        let folder = self.folder.join("objects");
        let place = self.make(&folder).map_err(StreamError::Disk)?;
        let mut file = place.temporary().map_err(StreamError::Disk)?;
        let mut digester = Digester::default();
        let mut buffer = vec![0; 64 << 10];
        let mut size = 0_u64;
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(StreamError::Source(e)),
            };
            size += read as u64;
            if size > limit {
                let why = format!("it is larger than {limit} bytes");
                return Err(StreamError::Source(std::io::Error::other(why)));
            }
            digester.update(&buffer[..read]);
            file.write(&buffer[..read])
                .map_err(FsError::io("write", &folder))
                .map_err(StreamError::Disk)?;
        }
        let digest = digester.finish();
        self.place(&digest, Durability::Paid, |folder, name| {
            file.persist(folder, name, Durability::Paid)
        })
        .map_err(StreamError::Disk)?;
        Ok(digest)
    }

    /// Where the bytes of an object are, if it is there; they are not checked.
    pub fn path_of(&self, digest: &Digest) -> Option<PathBuf> {
        let path = self.object_path(digest);
        self.is_file(&path).then_some(path)
    }
}
