//! The pictures that a page may have: those that it was told of, by digest. No path comes from a URL.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base::digest::Digest;

use crate::project::Project;

/// Pictures by digest.
pub struct Pictures {
    project: Arc<dyn Project>,
    /// The files that they were seen at.
    allowed: Mutex<BTreeMap<Digest, Option<PathBuf>>>,
}

impl Pictures {
    /// None yet; those of `project` may be told of.
    pub fn new(project: Arc<dyn Project>) -> Self {
        Self {
            project,
            allowed: Mutex::default(),
        }
    }

    /// From now on a page may have this picture; `seen_at` is where it is, if the store does not have it.
    pub fn allow(&self, digest: Option<Digest>, seen_at: Option<PathBuf>) {
        let Some(digest) = digest else {
            return;
        };
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        let place = allowed.entry(digest).or_default();
        *place = seen_at.or_else(|| place.take());
    }

    /// Whether a page may have this picture.
    pub fn knows(&self, digest: &Digest) -> bool {
        let allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        allowed.contains_key(digest)
    }

    /// A picture at most so many pixels wide; none if it is not allowed, or nowhere any more, or no picture.
    pub fn thumbnail(&self, digest: &Digest, width: u32) -> Option<Vec<u8>> {
        let seen_at = self.place(digest)?;
        self.project.thumbnail(digest, seen_at.as_deref(), width)
    }

    /// The bytes of a picture; none if it is not allowed, or nowhere any more.
    pub fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let seen_at = self.place(digest)?;
        self.project.picture(digest, seen_at.as_deref())
    }

    /// The file that a picture was seen at; none if it is not allowed.
    fn place(&self, digest: &Digest) -> Option<Option<PathBuf>> {
        let allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        allowed.get(digest).cloned()
    }
}
