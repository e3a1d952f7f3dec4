//! Which project a command means. Knows folders, and no flags.

use std::path::{Path, PathBuf};

use declare::manifest::PROJECT_FILE;

/// The nearest folder at or above `here` that is a project; `here` if there is none.
pub fn project_folder(here: &Path) -> PathBuf {
    let mut folder = here.to_path_buf();
    let depth = std::fs::canonicalize(here).map_or(0, |real| real.components().count());
    for _ in 0..depth {
        if folder.join(PROJECT_FILE).is_file() {
            return folder;
        }
        folder = if folder == Path::new(".") {
            PathBuf::from("..")
        } else {
            folder.join("..")
        };
    }
    here.to_path_buf()
}
