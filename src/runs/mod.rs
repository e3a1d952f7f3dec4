//! The runs of a project, for `gpbuild status`: a record of each of the last ones in `.gpbuild/runs`, written by the
//! run itself. A hint for people and programs, which nothing is decided by: what was paid for is known by the ledger.
//! Whether a run lives is told by the process lock, never by a number of a process. Knows no plans.

mod record;
mod recorder;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::own;
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::hold;
use base::fs::{Durability, Folder, FsError};
use base::home::STATE_FOLDER;

pub use record::{Ended, Record};
pub use recorder::{Begun, Recorder};

/// The folder of the records, in gpbuild's own.
const FOLDER: &str = "runs";
/// So many are kept, of real runs and of drafts.
const MAX_KEPT: usize = 16;
/// The largest record that is read, in bytes.
const MAX_BYTES: u64 = 256 << 10;

/// Real pictures or drafts: each has a process lock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Makes the real pictures, or writes the lock.
    Real,
    /// Makes drafts.
    Draft,
}

impl Kind {
    /// By whether drafts are made.
    pub fn of(draft: bool) -> Self {
        if draft { Self::Draft } else { Self::Real }
    }

    /// The file that is held while it works, in gpbuild's own folder. A run writes its id there.
    pub fn lock(self) -> &'static str {
        match self {
            Self::Real => "running",
            Self::Draft => "drafting",
        }
    }
}

/// The name of a run: when it began, in milliseconds since 1970, and what tells it from others, both in hex. Those
/// of drafts end in `-draft`. Sorted as text they are in the order of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

/// What the id of a draft ends in.
const DRAFT: &str = "-draft";

impl RunId {
    /// A new one, at this time in nanoseconds since 1970.
    fn new(now: i64, kind: Kind) -> Option<Self> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).ok()?;
        let ending = if kind == Kind::Draft { DRAFT } else { "" };
        let millis = now.max(0) / 1_000_000;
        Some(Self(format!(
            "{millis:011x}-{:06x}{ending}",
            u32::from_le_bytes(random) >> 8
        )))
    }

    /// Reads an id; `None` for anything else, so that none is a path.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.strip_suffix(DRAFT).unwrap_or(text);
        let (time, rest) = bare.split_once('-')?;
        let is_hex = |part: &str| {
            let mut bytes = part.bytes();
            bytes.all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let is_id = time.len() == 11 && rest.len() == 6 && is_hex(time) && is_hex(rest);
        is_id.then(|| Self(text.to_owned()))
    }

    /// Real pictures or drafts.
    pub fn kind(&self) -> Kind {
        Kind::of(self.0.ends_with(DRAFT))
    }

    fn file(&self, ending: &str) -> PathBuf {
        format!("{FOLDER}/{self}.{ending}").into()
    }

    /// What a run that nobody watches says, from the project's folder.
    pub fn log(&self) -> String {
        format!("{STATE_FOLDER}/{}", self.file("log").display())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a run stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It works.
    Running(Record),
    /// It ended by itself.
    Ended(Record, Ended),
    /// It is gone without a word: killed, or the power went.
    Died(Record),
}

/// The runs of a project that are remembered.
pub struct Runs {
    /// gpbuild's own folder; `None` if there is none.
    own: Option<Folder>,
}

impl Runs {
    /// Looks what there is. What came along with a repository is refused.
    pub fn look(root: &Path) -> Result<Self, Failure> {
        own::check(root)?;
        let project = Folder::open(root).map_err(|e| failed(&e))?;
        match project.below(STATE_FOLDER) {
            Ok(own) => Ok(Self { own: Some(own) }),
            Err(e) if e.is_not_found() => Ok(Self { own: None }),
            Err(e) => Err(failed(&e)),
        }
    }

    /// The run that is meant where none is named: the one that works, else the last one.
    pub fn newest(&self) -> Result<Option<RunId>, Failure> {
        let Some(own) = &self.own else {
            return Ok(None);
        };
        let ids = ids(own)?;
        let working = ids.iter().rev().find(|id| is_running(own, id, &ids));
        Ok(working.or(ids.last()).cloned())
    }

    /// The run of a kind that works just now.
    pub fn working(&self, kind: Kind) -> Result<Option<RunId>, Failure> {
        let Some(own) = &self.own else {
            return Ok(None);
        };
        let ids = ids(own)?;
        let mut of_kind = ids.iter().rev().filter(|id| id.kind() == kind);
        Ok(of_kind.find(|id| is_running(own, id, &ids)).cloned())
    }

    /// How a run stands; `None` if it is not remembered.
    pub fn standing(&self, id: &RunId) -> Result<Option<Standing>, Failure> {
        let Some(own) = &self.own else {
            return Ok(None);
        };
        let ids = ids(own)?;
        if !ids.contains(id) {
            return Ok(None);
        }
        // Before its record is read: whatever a run that is gone had to say is in there by then.
        let running = is_running(own, id, &ids);
        let record = match Record::read(own, id) {
            // Forgotten just now.
            Err(e) if e.is_not_found() => return Ok(None),
            record => record.map_err(|e| failed(&e))?,
        };
        Ok(Some(match &record.ended {
            Some(ended) => Standing::Ended(record.clone(), ended.clone()),
            None if running => Standing::Running(record),
            None => Standing::Died(record),
        }))
    }

    /// Asks a run to end, as ctrl-c does: by a file that this run alone looks for. No process is named, so none
    /// can be hit that is not meant.
    pub fn ask_to_end(&self, id: &RunId) -> Result<(), Failure> {
        let Some(own) = &self.own else {
            return Ok(());
        };
        own.write(id.file("stop"), b"", Durability::Free)
            .map_err(|e| failed(&e))
    }
}

/// Makes the file that a run writes to what nobody is there to read.
pub fn create_log(root: &Path, id: &RunId) -> Result<File, Failure> {
    let log = own::ready(root)?.append(id.file("log"));
    log.map_err(|e| failed(&e))
}

/// Whether a run works just now.
fn is_running(own: &Folder, id: &RunId, ids: &[RunId]) -> bool {
    match hold::word(own, id.kind().lock()) {
        None => false,
        // Where the system lets nobody read what is held, it is the last one of its kind.
        Some(word) if word.is_empty() && cfg!(not(unix)) => {
            let mut others = ids.iter().filter(|other| other.kind() == id.kind());
            others.next_back() == Some(id)
        }
        Some(word) => word == id.0.as_bytes(),
    }
}

/// The runs that are remembered, the oldest first.
fn ids(own: &Folder) -> Result<Vec<RunId>, Failure> {
    let names = match own.below(FOLDER).and_then(|folder| folder.list()) {
        Err(e) if e.is_not_found() => return Ok(Vec::new()),
        names => names.map_err(|e| failed(&e))?,
    };
    let ids = names.iter().filter_map(|(name, _)| {
        let name = name.to_str()?;
        RunId::parse(name.strip_suffix(".json")?)
    });
    let mut ids: Vec<RunId> = ids.collect();
    ids.sort();
    Ok(ids)
}

/// What lies on the disk cannot be used.
fn failed(error: &FsError) -> Failure {
    Failure::new(Exit::Damaged, Diagnostic::error(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Kind, RunId};

    #[test]
    fn an_id_is_no_path_and_says_when_and_what() {
        let real = RunId::new(1_764_370_000_000_000_000, Kind::Real).unwrap();
        let draft = RunId::new(1_764_370_000_001_000_000, Kind::Draft).unwrap();
        assert!(real < draft);
        assert_eq!((real.kind(), draft.kind()), (Kind::Real, Kind::Draft));
        for id in [&real, &draft] {
            assert_eq!(RunId::parse(&id.to_string()).as_ref(), Some(id));
        }
        for text in [
            "",
            "../../../x",
            "019ad0c5d80-5f3a9",
            "019AD0C5D80-5f3a91",
            "-draft",
        ] {
            assert_eq!(RunId::parse(text), None, "{text}");
        }
    }
}
