//! Hears that something changed in the folders of what was read. Only a reason to look: what is really
//! otherwise is found by looking, so that gpbuild's own files wake nobody for long.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use base::diagnostic::{Diagnostic, Exit, Failure};
use base::world::Snapshot;

/// So often folders are looked for again that went while they were asked for.
const MAX_ROUNDS: usize = 8;

/// Watches folders.
pub struct FolderWatcher {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changed: UnboundedReceiver<()>,
}

impl FolderWatcher {
    /// Watches nothing yet.
    pub fn new() -> Result<Self, Failure> {
        let (tell, changed) = unbounded_channel();
        let hear = move |event: notify::Result<notify::Event>| {
            let is_only_read = event
                .as_ref()
                .is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
            if !is_only_read {
                // After the end nobody listens.
                let _ = tell.send(());
            }
        };
        let watcher = notify::recommended_watcher(hear).map_err(|e| failed(&e))?;
        Ok(Self {
            watcher,
            folders: BTreeSet::new(),
            changed,
        })
    }

    /// Watches the folders of what was seen, and of what was looked for and not there; and no others. False if
    /// they come and go so fast that this has to be asked for again.
    pub fn look_at(&mut self, root: &Path, snapshot: &Snapshot) -> Result<bool, Failure> {
        for _ in 0..MAX_ROUNDS {
            let wanted = wanted(root, snapshot);
            for gone in self.folders.difference(&wanted) {
                // It may be gone from the disk as well.
                let _ = self.watcher.unwatch(gone);
            }
            // All of them, each time: a folder that was deleted or moved away and made again is another one.
            let mut heard = true;
            for folder in &wanted {
                match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                    Ok(()) => {}
                    // It went since it was looked at, and may be back already.
                    Err(e) if is_gone(&e) => heard = false,
                    // What nobody may look into is heard of from the folder above.
                    Err(e) if is_closed(&e) => {}
                    Err(e) => return Err(failed(&e)),
                }
            }
            self.folders = wanted;
            // Nor was one heard that came before the folder that it is in was watched.
            if heard && self::wanted(root, snapshot) == self.folders {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits until something stirs.
    pub async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

fn wanted(root: &Path, snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    let folders = snapshot.folders().into_iter();
    folders
        .filter_map(|folder| nearest(&root.join(folder)))
        .collect()
}

/// The folder itself, or the nearest one above it that is there.
fn nearest(folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .map(|at| {
            if at.as_os_str().is_empty() {
                Path::new(".")
            } else {
                at
            }
        })
        .find(|at| at.is_dir())
        .map(Path::to_path_buf)
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn is_closed(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        _ => false,
    }
}

fn failed(error: &notify::Error) -> Failure {
    let full = matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
    let diagnostic = Diagnostic::error(format!("cannot watch: {error}"));
    Failure::new(
        Exit::SomeFailed,
        if full {
            diagnostic.hint(
                "the system watches only so many folders: raise `fs.inotify.max_user_watches`",
            )
        } else {
            diagnostic
        },
    )
}
