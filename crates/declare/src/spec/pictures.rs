//! What can be wrong with a picture of the project before anybody decodes it: a pointer in its place. Looks at each file
//! once; knows nothing of who shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base::diagnostic::Diagnostic;
use base::fs::Root;
use base::lfs;
use base::path::ProjectPath;

/// A pointer of Git LFS is smaller than this, in bytes.
const MAX_POINTER_BYTES: u64 = 1024;

/// Whether each picture that was looked at is a pointer, however many assets show it.
#[derive(Default)]
pub struct Pictures(Mutex<BTreeMap<ProjectPath, bool>>);

impl Pictures {
    /// An error if a pointer lies in a picture's place.
    pub fn is_there(&self, root: &Root, path: &ProjectPath) -> Result<(), Diagnostic> {
        if !self.is_pointer(root, path) {
            return Ok(());
        }
        let message = format!("`{path}` is {}, not the picture itself", lfs::WHAT);
        Err(Diagnostic::error(message).hint(lfs::HINT))
    }

    fn is_pointer(&self, root: &Root, path: &ProjectPath) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path) {
            return *known;
        }
        // One that is larger is no pointer, and one that is not there is told by who needs it.
        let bytes = root.read(path, MAX_POINTER_BYTES).unwrap_or_default();
        let found = lfs::is_pointer(&bytes);
        known.insert(path.clone(), found);
        found
    }
}
