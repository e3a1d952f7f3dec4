//! Writes down how a run stands, while it works. It ends no run that this cannot be written: nobody would have a
//! picture less for it.

use std::path::Path;

use crate::own;
use crate::runs::{FOLDER, Kind, MAX_KEPT, Record, RunId, ids};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::{Folder, FsError};
use plan::state;
use report::Summary;
use store::ledger::Moment;

/// What a run that is begun says of itself.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// The project whose money it spends.
    pub project: String,
    /// How many assets are to be worked on.
    pub total: usize,
    /// Nobody watches it.
    pub detached: bool,
}

/// Writes down how a run stands; nothing before it is begun.
#[derive(Default)]
pub struct Recorder(Option<Active>);

struct Active {
    own: Folder,
    id: RunId,
    record: Record,
    fresh_before: usize,
    /// There is more to tell than what was written.
    is_behind: bool,
}

impl Recorder {
    /// Begins with a run, or goes on with one that another process began. Whoever calls it holds the process lock.
    pub fn begin(
        root: &Path,
        kind: Kind,
        id: Option<RunId>,
        begun: Begun,
        so_far: &Summary,
    ) -> Result<(RunId, Self), Failure> {
        let own = own::ready(root)?;
        let made = || -> Result<(RunId, Record), FsError> {
            let id = match id.or_else(|| RunId::new(state::now(), kind)) {
                Some(id) => id,
                None => {
                    let error = std::io::Error::other("the system gives no random numbers");
                    return Err(FsError::io("write", &own.at(FOLDER))(error));
                }
            };
            let mut record = Record {
                began: Moment::now().to_string(),
                process: std::process::id(),
                detached: begun.detached,
                project: begun.project,
                total: begun.total,
                ..Record::default()
            };
            record.count(so_far, so_far.fresh);
            record.write(&own, &id)?;
            // From here on it is this run that holds the lock.
            let lock = own.append(kind.lock())?;
            let named = lock.set_len(0);
            let named = named.and_then(|()| std::io::Write::write_all(&mut &lock, id.0.as_bytes()));
            // Some systems let nobody write to what is held, not even through another handle.
            named.or_else(|e| match cfg!(unix) {
                true => Err(FsError::io("write", &own.at(kind.lock()))(e)),
                false => Ok(()),
            })?;
            Ok((id, record))
        };
        let (id, record) =
            made().map_err(|e| Failure::new(Exit::Damaged, Diagnostic::error(e.to_string())))?;
        sweep(&own, kind);
        let active = Active {
            own,
            id: id.clone(),
            record,
            fresh_before: so_far.fresh,
            is_behind: false,
        };
        Ok((id, Self(Some(active))))
    }

    /// Work on an asset began, or goes on otherwise.
    pub fn doing(&mut self, id: &str, what: &str) {
        if let Some(active) = &mut self.0 {
            active.record.doing(id, what);
            active.is_behind = true;
        }
    }

    /// Work on an asset ended. Where that cost something, it is written at once.
    pub fn ended(&mut self, id: &str, cost: bool, so_far: &Summary) {
        let Some(active) = &mut self.0 else {
            return;
        };
        active.record.doing.retain(|doing| doing.id != id);
        active.record.count(so_far, active.fresh_before);
        active.is_behind = true;
        if cost {
            active.catch_up();
        }
    }

    /// Writes what there is to tell; whether somebody asked the run to end.
    pub fn glance(&mut self) -> bool {
        let Some(active) = &mut self.0 else {
            return false;
        };
        active.catch_up();
        let stop = active.own.kind(active.id.file("stop"));
        stop.is_ok_and(|kind| kind.is_some())
    }

    /// The run ended, with an exit code or in words.
    pub fn end(&mut self, result: Result<Exit, &Failure>) {
        let Some(active) = &mut self.0 else {
            return;
        };
        let why = result.err().and_then(|failure| failure.diagnostics.first());
        active.record.doing.clear();
        active.record.ended = Some(crate::runs::Ended {
            at: Moment::now().to_string(),
            exit: result.unwrap_or_else(|failure| failure.exit) as u8,
            why: why.map(|first| first.message.clone()),
        });
        let _ = active.record.write(&active.own, &active.id);
        let _ = active.own.remove(active.id.file("stop"));
    }
}

impl Active {
    fn catch_up(&mut self) {
        if self.is_behind {
            // What could not be written now is tried again with what comes.
            self.is_behind = self.record.write(&self.own, &self.id).is_err();
        }
    }
}

/// Forgets old runs of a kind. Nobody else works with this one.
fn sweep(own: &Folder, kind: Kind) {
    let mut ids = ids(own).unwrap_or_default();
    ids.retain(|id| id.kind() == kind);
    ids.truncate(ids.len().saturating_sub(MAX_KEPT));
    for id in ids {
        for ending in ["log", "stop", "json"] {
            let _ = own.remove(id.file(ending));
        }
    }
    if kind == Kind::Real
        && let Ok(folder) = own.below(FOLDER)
    {
        // What a kill left in the middle of a write. A draft that writes just now does so again.
        for (name, _) in folder.temporaries() {
            let _ = folder.remove(name);
        }
    }
}
