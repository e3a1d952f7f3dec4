//! What was spent: an intent before each paid request, a settlement after it, one line each, never
//! rewritten. A request without a settlement is in doubt: it may have been paid for. Knows nothing of
//! assets' pictures, plans or providers.

mod limit;
mod read;
mod record;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::key::Key;
use base::diagnostic::Diagnostic;
use base::digest::Digest;
use base::fs::{Folder, FsError, op, sync_folder};
use model::{MANUAL, Micro, Money};

pub use limit::{Ceiling, NotIntended};
use read::Reading;
pub use record::{Intent, Moment, Outcome, Settlement};
use record::{Record, line};

/// The file's name, in the person's folder.
pub const FILE: &str = "ledger";

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
    /// Whether no provider was asked: a person brought the pictures.
    pub fn is_import(&self) -> bool {
        let provider = self
            .intent
            .model
            .split_once('/')
            .map(|(provider, _)| provider);
        provider == Some(MANUAL)
    }

    /// Whether it may have been paid for without an answer.
    pub fn is_in_doubt(&self) -> bool {
        match &self.settlement {
            None => !self.is_import(),
            Some(settlement) => settlement.outcome == Outcome::Doubt,
        }
    }

    /// What it cost, or has to be taken to have cost: the bill; where there is none, the estimate;
    /// `None` where that is unknown too. What was refused or never sent cost nothing, unless it was billed.
    pub fn cost(&self) -> Option<Micro> {
        match &self.settlement {
            Some(settled) if settled.outcome.is_free() => Some(settled.cost.unwrap_or_default()),
            Some(settled) => settled.cost.or(self.intent.estimate),
            None => self.intent.estimate,
        }
    }

    /// The same as [`Entry::cost`] in the currency of its price, where that is another one.
    pub fn foreign(&self) -> Option<Money> {
        match &self.settlement {
            Some(settled) if settled.outcome.is_free() => None,
            Some(settled) if settled.cost.is_some() => settled.billed,
            _ => self.intent.quoted,
        }
    }

    /// Whether it counts for a project. What an older gpbuild wrote says no project: it counts for each.
    pub fn is_of(&self, project: &str) -> bool {
        self.intent.project.is_empty() || self.intent.project == project
    }
}

/// The ledger of a person, for all projects. Several gpbuilds may write to it: each line is written while
/// the file is held, after what the others wrote was read.
pub struct Ledger {
    home: PathBuf,
    /// For messages.
    path: PathBuf,
    inner: Mutex<Inner>,
    /// How many lines of this run are surely on the disk.
    synced: Mutex<u64>,
}

struct Inner {
    reading: Reading,
    /// Opened at the first line that is written.
    file: Option<Arc<File>>,
    /// How many lines were written in this run.
    written: u64,
    /// Why nothing more is to be asked for: the disk did not take what was written before.
    broken: Option<io::ErrorKind>,
}

impl Ledger {
    /// Reads the ledger in the folder `home`; an empty one if there is none. A line that cannot
    /// be read is left out, see [`Ledger::damage`].
    pub fn open(home: &Path) -> Result<Self, FsError> {
        let ledger = Self::unread(home);
        ledger.refresh()?;
        Ok(ledger)
    }

    /// The ledger in the folder `home` for a run that pays for nothing: it is read when something is written.
    pub fn unread(home: &Path) -> Self {
        Self {
            home: home.to_path_buf(),
            path: home.join(FILE),
            inner: Mutex::new(Inner {
                reading: Reading::default(),
                file: None,
                written: 0,
                broken: None,
            }),
            synced: Mutex::new(0),
        }
    }

    /// Reads what other gpbuilds wrote meanwhile.
    pub fn refresh(&self) -> Result<(), FsError> {
        self.lock().reading.open(&self.home)
    }

    /// Writes down that a request is about to be sent; on the disk before this returns. Gives its
    /// number. Nothing is written if it would pass one of the ceilings: whatever other gpbuilds have
    /// written down by now is counted.
    pub fn intend(&self, intent: Intent, ceilings: &[Ceiling]) -> Result<u64, NotIntended> {
        let (number, line) = self.write_intent(intent, ceilings)?;
        if let Err(error) = self.sync(line) {
            let settlement = Settlement {
                outcome: Outcome::Unsent,
                cost: None,
                billed: None,
                request_id: None,
                why: Some(error.to_string()),
            };
            // It is not sent; if that cannot be written either, it stays in doubt.
            let _ = self.settle(number, settlement);
            return Err(error.into());
        }
        Ok(number)
    }

    /// The same of a request that is sent with many others: it is surely on the disk once [`Ledger::sync_intents`] has
    /// returned, and is not sent before.
    pub fn intend_later(&self, intent: Intent, ceilings: &[Ceiling]) -> Result<u64, NotIntended> {
        self.write_intent(intent, ceilings)
            .map(|(number, _)| number)
    }

    /// Returns when all that was written down in this run is on the disk.
    pub fn sync_intents(&self) -> Result<(), FsError> {
        let written = self.lock().written;
        self.sync(written)
    }

    fn write_intent(
        &self,
        intent: Intent,
        ceilings: &[Ceiling],
    ) -> Result<(u64, u64), NotIntended> {
        let intent = intent.bounded();
        let mut inner = self.lock();
        if let Some(kind) = inner.broken {
            return Err(FsError::io("write", &self.path)(kind.into()).into());
        }
        let mut over = None;
        let at = Moment::now();
        let (number, line) = self.append(&mut inner, |reading| {
            over = limit::passed(reading.entries.values(), &intent, ceilings);
            if over.is_some() {
                return None;
            }
            let number = reading.next_number();
            let intent = intent.clone();
            Some((number, Record::Intent { number, at, intent }))
        })?;
        match over {
            Some(over) => Err(over),
            None => Ok((number, line)),
        }
    }

    /// Writes down what became of a request; on the disk before this returns. A request that is
    /// settled already stays as it is, unless it was in doubt.
    pub fn settle(&self, number: u64, settlement: Settlement) -> Result<(), FsError> {
        let settlement = settlement.bounded();
        let mut inner = self.lock();
        let (_, line) = self.append(&mut inner, |reading| {
            let in_doubt = reading.entries.get(&number).is_none_or(Entry::is_in_doubt);
            in_doubt.then_some((number, Record::Settled { number, settlement }))
        })?;
        drop(inner);
        self.sync(line)
    }

    /// Writes down that a person brought pictures for a shot; on the disk before this returns. It is a request that was
    /// answered for nothing, so that every gpbuild can read it.
    pub fn imported(&self, intent: Intent) -> Result<(), FsError> {
        let number = match self.intend(intent, &[]) {
            Ok(number) => number,
            Err(NotIntended::Disk(error)) => return Err(error),
            // There is no ceiling.
            Err(NotIntended::Over(..)) => return Ok(()),
        };
        self.settle(
            number,
            Settlement {
                outcome: Outcome::Answered,
                cost: Some(Micro::default()),
                billed: None,
                request_id: None,
                why: None,
            },
        )
    }

    /// Takes over requests of another ledger under new numbers, with their times; on the disk before this
    /// returns. `name` tells that ledger from others: what came from it before is not taken again. Gives
    /// the number here for each number there.
    pub fn adopt(
        &self,
        other: &Self,
        name: &str,
        project: &str,
    ) -> Result<BTreeMap<u64, u64>, FsError> {
        let mut inner = self.lock();
        let mut numbers = BTreeMap::new();
        for entry in other.entries() {
            let from = format!("{name} {} {} {}", entry.number, entry.at, entry.intent.key);
            let from = Digest::of(from.as_bytes()).short();
            let mut known = inner.reading.entries.values();
            let known = known.find(|e| e.intent.from.as_deref() == Some(&*from));
            let known = known.map(|e| (e.number, e.settlement.is_some()));
            let number = match known {
                Some((number, _)) => number,
                None => {
                    let mut intent = entry.intent.clone();
                    intent.from = Some(from);
                    project.clone_into(&mut intent.project);
                    let (number, _) = self.append(&mut inner, |reading| {
                        let number = reading.next_number();
                        let at = entry.at;
                        Some((number, Record::Intent { number, at, intent }))
                    })?;
                    number
                }
            };
            if let (Some(settlement), None | Some((_, false))) = (entry.settlement, known) {
                self.append(&mut inner, |_| {
                    Some((number, Record::Settled { number, settlement }))
                })?;
            }
            numbers.insert(entry.number, number);
        }
        let line = inner.written;
        drop(inner);
        self.sync(line)?;
        Ok(numbers)
    }

    /// The newest request for this key that may have been paid for without an answer.
    pub fn doubt(&self, key: &Key) -> Option<Entry> {
        let inner = self.lock();
        let mut newest = inner.reading.entries.values().rev();
        let of_key = newest.find(|entry| entry.intent.key == *key)?;
        of_key.is_in_doubt().then(|| of_key.clone())
    }

    /// The newest request of every key whose newest request is in doubt, in order of the keys.
    pub fn doubts(&self) -> Vec<Entry> {
        let inner = self.lock();
        let mut newest: BTreeMap<Key, &Entry> = BTreeMap::new();
        for entry in inner.reading.entries.values() {
            newest.insert(entry.intent.key, entry);
        }
        let doubts = newest.into_values().filter(|entry| entry.is_in_doubt());
        doubts.cloned().collect()
    }

    /// All requests, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().reading.entries.values().cloned().collect()
    }

    /// The request of this number.
    pub fn entry(&self, number: u64) -> Option<Entry> {
        self.lock().reading.entries.get(&number).cloned()
    }

    /// What this month's requests of a project cost so far (of all projects, without one), with those in
    /// doubt; a price that nobody knows is not in it.
    pub fn spent_this_month(&self, project: Option<&str>) -> Micro {
        limit::month(self.lock().reading.entries.values(), project)
    }

    /// What today's requests of a project cost so far, UTC, with those in doubt; a price that nobody knows is
    /// not in it.
    pub fn spent_today(&self, project: &str) -> Micro {
        let today = Moment::now().day();
        let inner = self.lock();
        let entries = inner.reading.entries.values();
        let of_today = entries.filter(|e| e.at.day() == today && e.is_of(project));
        of_today.filter_map(Entry::cost).sum()
    }

    /// A warning for the lines that could not be read.
    pub fn damage(&self) -> Option<Diagnostic> {
        let damaged = &self.lock().reading.damaged;
        let lines: Vec<String> = damaged.iter().take(5).map(ToString::to_string).collect();
        let more = damaged.len().saturating_sub(lines.len());
        let more = match more {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        (!damaged.is_empty()).then(|| {
            Diagnostic::warning(format!(
                "the ledger `{}` cannot be read in line {}{more}: what stood there is not counted",
                base::fs::shown(&self.path),
                lines.join(", ")
            ))
            .hint("pictures are not lost by this: they are found by their keys")
        })
    }

    /// Writes the line that `record` gives, if it gives one, while the file is held and after all that is in
    /// it was read; the number of the request, and that of the line among those of this run.
    fn append(
        &self,
        inner: &mut Inner,
        record: impl FnOnce(&Reading) -> Option<(u64, Record)>,
    ) -> Result<(u64, u64), FsError> {
        let failed = || FsError::io("write", &self.path);
        let file = match &inner.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(inner.file.insert(Arc::new(self.create()?))),
        };
        file.lock().map_err(failed())?;
        let written = inner.reading.go_on(&file).map_err(failed()).and_then(|()| {
            match record(&inner.reading) {
                Some((number, record)) => self.write(inner, &file, number, record),
                None => Ok(0),
            }
        });
        // What failed before is what is told.
        let _ = file.unlock();
        if written.is_err() {
            // A part of the line may be there: it is ended before the next one.
            inner.file = None;
        }
        Ok((written?, inner.written))
    }

    fn write(
        &self,
        inner: &mut Inner,
        file: &File,
        number: u64,
        record: Record,
    ) -> Result<u64, FsError> {
        let mut text = line(&record);
        if inner.reading.is_torn() {
            // What a crash left of a last line is ended first, so that it takes no other line with it.
            text.insert(0, '\n');
        }
        let mut to = file;
        op::write(&mut to, &self.path, text.as_bytes())
            .map_err(FsError::io("write", &self.path))?;
        inner.reading.wrote(text.len() as u64, record);
        inner.written += 1;
        Ok(number)
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

    /// Opens the file for appending.
    fn create(&self) -> Result<File, FsError> {
        let home = Folder::create(&self.home)?;
        let file = home.append(FILE)?;
        // The file may be new, and the folder too.
        home.sync()?;
        let above = self.home.parent().unwrap_or(Path::new("."));
        match sync_folder(above) {
            // Not everybody may look into the folder that theirs is in.
            Err(FsError::Io { error, .. }) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
        Ok(file)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Intent, Ledger, Outcome, Settlement};
    use crate::key::Key;
    use base::digest::Digest;
    use model::Micro;

    fn intent(name: &str) -> Intent {
        Intent {
            asset: name.to_owned(),
            key: Key(Digest::of(name.as_bytes())),
            model: "openai/gpt-image-2".to_owned(),
            pictures: 1,
            estimate: Some(Micro(41_000)),
            quoted: None,
            project: "p".to_owned(),
            from: None,
            batch: None,
        }
    }

    fn answered(cost: u64) -> Settlement {
        Settlement {
            outcome: Outcome::Answered,
            cost: Some(Micro(cost)),
            billed: None,
            request_id: Some("req_1".to_owned()),
            why: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let first = ledger.intend(intent("a"), &[]).unwrap();
        let second = ledger.intend(intent("b"), &[]).unwrap();
        assert_eq!((first, second), (1, 2));
        ledger.settle(first, answered(40_000)).unwrap();
        // Settled once is settled.
        ledger.settle(first, answered(99)).unwrap();
        assert!(ledger.doubt(&intent("a").key).is_none());
        assert!(ledger.doubt(&intent("b").key).is_some());
        let again = Ledger::open(dir.path()).unwrap();
        assert_eq!(again.entries(), ledger.entries());
        assert_eq!(again.spent_this_month(None), Micro(81_000));
        assert_eq!(again.intend(intent("b"), &[]).unwrap(), 3);
        again.settle(3, answered(1)).unwrap();
        // The newest request for a key speaks for it; what the older one may have cost still counts.
        assert!(again.doubt(&intent("b").key).is_none());
        assert_eq!(again.spent_this_month(None), Micro(81_001));
    }

    #[test]
    fn a_doubt_can_be_cleared_and_what_was_refused_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let settle = |outcome| Settlement {
            outcome,
            cost: None,
            billed: None,
            request_id: None,
            why: Some("cut off".to_owned()),
        };
        let number = ledger.intend(intent("a"), &[]).unwrap();
        ledger.settle(number, settle(Outcome::Doubt)).unwrap();
        assert_eq!(ledger.spent_this_month(None), Micro(41_000));
        ledger.settle(number, answered(5)).unwrap();
        assert_eq!(ledger.spent_this_month(None), Micro(5));
        let number = ledger.intend(intent("b"), &[]).unwrap();
        ledger.settle(number, settle(Outcome::Refused)).unwrap();
        assert_eq!(ledger.spent_this_month(None), Micro(5));
        assert!(ledger.doubt(&intent("b").key).is_none());
    }

    #[test]
    fn a_torn_or_bent_line_takes_no_other_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        ledger.intend(intent("a"), &[]).unwrap();
        ledger.settle(1, answered(7)).unwrap();
        ledger.intend(intent("b"), &[]).unwrap();
        let path = dir.path().join("ledger");
        let good = base::fs::read_bounded(&path, 1 << 20).unwrap();
        let write = |bytes: &[u8]| {
            base::fs::write_atomic(&path, bytes, base::fs::Durability::Free).unwrap();
        };
        for at in 0..good.len() {
            write(&good[..at]);
            let cut = Ledger::open(dir.path()).unwrap();
            let before = cut.entries();
            cut.intend(intent("c"), &[]).unwrap();
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
