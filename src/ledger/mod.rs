//! What was spent: an intent before each paid request, a settlement after it, one line each, never
//! rewritten. A request without a settlement is in doubt: it may have been paid for. Knows nothing of
//! assets' pictures, plans or providers.

mod record;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::fs::{FsError, create_folder, op, read_bounded, sync_folders};
use crate::key::Key;
use crate::model::Micro;

pub use record::{Intent, Moment, Outcome, Settlement};
use record::{Record, line, parse};

/// The file's name, in the person's folder.
pub const FILE: &str = "ledger";
/// The largest ledger, in bytes: half a million requests.
const MAX_BYTES: u64 = 256 << 20;

/// One request, from its intent to what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in this ledger, from 1.
    pub number: u64,
    /// When it was sent.
    pub at: Moment,
    /// What was asked for.
    pub intent: Intent,
    /// What became of it; `None` if nobody knows.
    pub settlement: Option<Settlement>,
}

impl Entry {
    /// Whether it may have been paid for without an answer.
    pub fn is_in_doubt(&self) -> bool {
        match &self.settlement {
            None => true,
            Some(settlement) => settlement.outcome == Outcome::Doubt,
        }
    }

    /// What it cost, or has to be taken to have cost: the bill; where there is none, the estimate;
    /// `None` where that is unknown too. What was refused or never sent cost nothing.
    pub fn cost(&self) -> Option<Micro> {
        match &self.settlement {
            Some(settled) if settled.outcome.is_free() => Some(Micro(0)),
            Some(settled) => settled.cost.or(self.intent.estimate),
            None => self.intent.estimate,
        }
    }
}

/// The ledger of a person, for all projects.
pub struct Ledger {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// How many lines of this run are surely on the disk.
    synced: Mutex<u64>,
}

struct Inner {
    entries: BTreeMap<u64, Entry>,
    /// Opened at the first line that is written.
    file: Option<Arc<File>>,
    /// How many lines were written in this run.
    written: u64,
    damaged: Vec<usize>,
    /// Why nothing more is to be asked for: the disk did not take what was written before.
    broken: Option<io::ErrorKind>,
}

impl Ledger {
    /// Reads the ledger in the folder `home`; an empty one if there is none. A line that cannot
    /// be read is left out, see [`Ledger::damage`].
    pub fn open(home: &Path) -> Result<Self, FsError> {
        let path = home.join(FILE);
        let bytes = match read_bounded(&path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(e) if e.is_not_found() => Vec::new(),
            Err(e) => return Err(e),
        };
        let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
        let mut damaged = Vec::new();
        for (n, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if text.is_empty() {
                continue;
            }
            match parse(text) {
                Some(Record::Intent { number, at, intent }) => {
                    let entry = Entry {
                        number,
                        at,
                        intent,
                        settlement: None,
                    };
                    entries.insert(number, entry);
                }
                Some(Record::Settled { number, settlement }) => {
                    // The intent may be the damaged line: nothing is in doubt then.
                    if let Some(entry) = entries.get_mut(&number) {
                        entry.settlement = Some(settlement);
                    }
                }
                None => damaged.push(n + 1),
            }
        }
        Ok(Self {
            path,
            inner: Mutex::new(Inner {
                entries,
                file: None,
                written: 0,
                damaged,
                broken: None,
            }),
            synced: Mutex::new(0),
        })
    }

    /// Writes down that a request is about to be sent; on the disk before this returns. Gives its
    /// number.
    pub fn intend(&self, intent: Intent) -> Result<u64, FsError> {
        let mut inner = self.lock();
        if let Some(kind) = inner.broken {
            return Err(FsError::io("write", &self.path)(kind.into()));
        }
        let number = inner.entries.last_key_value().map_or(1, |(n, _)| n + 1);
        let at = Moment::now();
        let record = Record::Intent {
            number,
            at,
            intent: intent.clone(),
        };
        let line = self.append(&mut inner, &record)?;
        let entry = Entry {
            number,
            at,
            intent,
            settlement: None,
        };
        inner.entries.insert(number, entry);
        drop(inner);
        if let Err(error) = self.sync(line) {
            let settlement = Settlement {
                outcome: Outcome::Unsent,
                cost: None,
                request_id: None,
                why: Some(error.to_string()),
            };
            // It is not sent; if that cannot be written either, it stays in doubt.
            let _ = self.settle(number, settlement);
            return Err(error);
        }
        Ok(number)
    }

    /// Writes down what became of a request; on the disk before this returns. A request that is
    /// settled already stays as it is, unless it was in doubt.
    pub fn settle(&self, number: u64, settlement: Settlement) -> Result<(), FsError> {
        let mut inner = self.lock();
        let in_doubt = inner.entries.get(&number).is_none_or(Entry::is_in_doubt);
        if !in_doubt {
            return Ok(());
        }
        let record = Record::Settled {
            number,
            settlement: settlement.clone(),
        };
        let line = self.append(&mut inner, &record)?;
        if let Some(entry) = inner.entries.get_mut(&number) {
            entry.settlement = Some(settlement);
        }
        drop(inner);
        self.sync(line)
    }

    /// The newest request for this key that may have been paid for without an answer.
    pub fn doubt(&self, key: &Key) -> Option<Entry> {
        let inner = self.lock();
        let mut newest = inner.entries.values().rev();
        let of_key = newest.find(|entry| entry.intent.key == *key)?;
        of_key.is_in_doubt().then(|| of_key.clone())
    }

    /// The newest request of every key whose newest request is in doubt, in order of the keys.
    pub fn doubts(&self) -> Vec<Entry> {
        let inner = self.lock();
        let mut newest: BTreeMap<Key, &Entry> = BTreeMap::new();
        for entry in inner.entries.values() {
            newest.insert(entry.intent.key, entry);
        }
        let doubts = newest.into_values().filter(|entry| entry.is_in_doubt());
        doubts.cloned().collect()
    }

    /// All requests, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.values().cloned().collect()
    }

    /// What this month's requests cost so far, with those in doubt; a price that nobody knows is not
    /// in it.
    pub fn spent_this_month(&self) -> Micro {
        let month = Moment::now().month();
        let inner = self.lock();
        let of_month = inner.entries.values().filter(|e| e.at.month() == month);
        of_month.filter_map(Entry::cost).sum()
    }

    /// What today's requests cost so far, UTC, with those in doubt; a price that nobody knows is not in it.
    pub fn spent_today(&self) -> Micro {
        let today = Moment::now().day();
        let inner = self.lock();
        let of_today = inner.entries.values().filter(|e| e.at.day() == today);
        of_today.filter_map(Entry::cost).sum()
    }

    /// A warning for the lines that could not be read.
    pub fn damage(&self) -> Option<Diagnostic> {
        let damaged = &self.lock().damaged;
        let lines: Vec<String> = damaged.iter().take(5).map(ToString::to_string).collect();
        let more = damaged.len().saturating_sub(lines.len());
        let more = match more {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        (!damaged.is_empty()).then(|| {
            Diagnostic::warning(format!(
                "the ledger `{}` cannot be read in line {}{more}: what stood there is not counted",
                crate::fs::shown(&self.path),
                lines.join(", ")
            ))
            .hint("pictures are not lost by this: they are found by their keys")
        })
    }

    /// Writes a line; its number among those of this run.
    fn append(&self, inner: &mut Inner, record: &Record) -> Result<u64, FsError> {
        let mut file = match &inner.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(inner.file.insert(Arc::new(self.create()?))),
        };
        if let Err(error) = op::write(&mut file, &self.path, line(record).as_bytes()) {
            // A part of the line may be there: it is ended before the next one.
            inner.file = None;
            return Err(FsError::io("write", &self.path)(error));
        }
        inner.written += 1;
        Ok(inner.written)
    }

    /// Returns when a line is on the disk. Requests begin eight at once: whoever comes while another one
    /// waits for the disk finds its own line written with the next.
    fn sync(&self, line: u64) -> Result<(), FsError> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= line {
            return Ok(());
        }
        let (file, written) = {
            let inner = self.lock();
            (inner.file.clone(), inner.written)
        };
        if let Some(file) = file
            && let Err(error) = op::sync(&file, &self.path)
        {
            // A system tells this once: the next sync would say that all is well, and it would not be.
            self.lock().broken = Some(error.kind());
            return Err(FsError::io("write", &self.path)(error));
        }
        *synced = written;
        Ok(())
    }

    /// Opens the file for appending. What a crash left of a last line is ended first, so that it
    /// takes no other line with it.
    fn create(&self) -> Result<File, FsError> {
        let failed = || FsError::io("write", &self.path);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        create_folder(folder)?;
        let mut file = op::open_to_append(&self.path).map_err(failed())?;
        // The file may be new, and the folder too.
        sync_folders(folder, folder.parent().unwrap_or(folder))?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last).map_err(failed())?;
        }
        if last != [b'\n'] {
            op::write(&mut file, &self.path, b"\n").map_err(failed())?;
        }
        Ok(file)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Intent, Ledger, Outcome, Settlement};
    use crate::digest::Digest;
    use crate::key::Key;
    use crate::model::Micro;

    fn intent(name: &str) -> Intent {
        Intent {
            asset: name.to_owned(),
            key: Key(Digest::of(name.as_bytes())),
            model: "openai/gpt-image-2".to_owned(),
            pictures: 1,
            estimate: Some(Micro(41_000)),
        }
    }

    fn answered(cost: u64) -> Settlement {
        Settlement {
            outcome: Outcome::Answered,
            cost: Some(Micro(cost)),
            request_id: Some("req_1".to_owned()),
            why: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let first = ledger.intend(intent("a")).unwrap();
        let second = ledger.intend(intent("b")).unwrap();
        assert_eq!((first, second), (1, 2));
        ledger.settle(first, answered(40_000)).unwrap();
        // Settled once is settled.
        ledger.settle(first, answered(99)).unwrap();
        assert!(ledger.doubt(&intent("a").key).is_none());
        assert!(ledger.doubt(&intent("b").key).is_some());
        let again = Ledger::open(dir.path()).unwrap();
        assert_eq!(again.entries(), ledger.entries());
        assert_eq!(again.spent_this_month(), Micro(81_000));
        assert_eq!(again.intend(intent("b")).unwrap(), 3);
        again.settle(3, answered(1)).unwrap();
        // The newest request for a key speaks for it; what the older one may have cost still counts.
        assert!(again.doubt(&intent("b").key).is_none());
        assert_eq!(again.spent_this_month(), Micro(81_001));
    }

    #[test]
    fn a_doubt_can_be_cleared_and_what_was_refused_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let settle = |outcome| Settlement {
            outcome,
            cost: None,
            request_id: None,
            why: Some("cut off".to_owned()),
        };
        let number = ledger.intend(intent("a")).unwrap();
        ledger.settle(number, settle(Outcome::Doubt)).unwrap();
        assert_eq!(ledger.spent_this_month(), Micro(41_000));
        ledger.settle(number, answered(5)).unwrap();
        assert_eq!(ledger.spent_this_month(), Micro(5));
        let number = ledger.intend(intent("b")).unwrap();
        ledger.settle(number, settle(Outcome::Refused)).unwrap();
        assert_eq!(ledger.spent_this_month(), Micro(5));
        assert!(ledger.doubt(&intent("b").key).is_none());
    }

    #[test]
    fn a_torn_or_bent_line_takes_no_other_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        ledger.intend(intent("a")).unwrap();
        ledger.settle(1, answered(7)).unwrap();
        ledger.intend(intent("b")).unwrap();
        let path = dir.path().join("ledger");
        let good = crate::fs::read_bounded(&path, 1 << 20).unwrap();
        let write = |bytes: &[u8]| {
            crate::fs::write_atomic(&path, bytes, crate::fs::Durability::Free).unwrap();
        };
        for at in 0..good.len() {
            write(&good[..at]);
            let cut = Ledger::open(dir.path()).unwrap();
            let before = cut.entries();
            cut.intend(intent("c")).unwrap();
            let after = Ledger::open(dir.path()).unwrap().entries();
            assert_eq!(after[..before.len()], before, "cut at {at}");
            assert_eq!(after.len(), before.len() + 1, "cut at {at}");
        }
        for at in 0..good.len() {
            let mut bent = good.clone();
            bent[at] ^= 4;
            write(&bent);
            let read = Ledger::open(dir.path()).unwrap();
            let whole = ledger.entries();
            let same = |e: &Entry| {
                whole.iter().any(|w| {
                    w.intent == e.intent && (e.settlement.is_none() || w.settlement == e.settlement)
                })
            };
            assert!(read.entries().iter().all(same), "bent at {at}");
            assert!(read.damage().is_some(), "bent at {at}");
        }
    }
}
