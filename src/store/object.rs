//! Objects: bytes named by their blake3. Written by rename, checked by digest whenever they are read.

use std::path::PathBuf;

use crate::digest::Digest;
use crate::fs::{Durability, FsError, read_bounded, write_atomic};
use crate::store::Store;

/// The largest object: more than any image API answers with.
pub const MAX_OBJECT_BYTES: u64 = 256 << 20;

impl Store {
    pub(super) fn object_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join("objects").join(&hex[..2]).join(&hex[2..])
    }

    /// Keeps bytes; returns their name. What is there already is not written again, unless it is
    /// damaged.
    pub fn put(&self, bytes: &[u8], durability: Durability) -> Result<Digest, FsError> {
        let digest = Digest::of(bytes);
        if !self.is_whole(&digest) {
            self.prepare()?;
            write_atomic(&self.object_path(&digest), bytes, durability)?;
        }
        Ok(digest)
    }

    /// Whether there is an object of this name; its bytes are not looked at.
    pub fn has(&self, digest: &Digest) -> bool {
        self.object_path(digest).is_file()
    }

    /// Whether there is an object of this name and its bytes are right.
    pub fn is_whole(&self, digest: &Digest) -> bool {
        matches!(self.get(digest), Ok(Some(_)))
    }

    /// The bytes of an object; `None` if there is none or it is damaged: the digest is checked.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, FsError> {
        match read_bounded(&self.object_path(digest), MAX_OBJECT_BYTES) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Ok(None),
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }
}
