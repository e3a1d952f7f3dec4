//! Batches: many requests that are sent as one. Each has a file in `batches/` with a head and a line for each request,
//! which is on the disk before any of it is sent; `.sent` beside it says that it may have been, `.id` what the provider
//! calls it. All three go when every line has its end. Knows nothing of what is asked for, and of no provider.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::ledger::Moment;
use crate::{Form, Head, Store};
use base::digest::Digest;
use base::fs::{Durability, FsError, op};

/// The folder.
const FOLDER: &str = "batches";
/// The ending of the file with its lines.
const LINES: &str = "lines";
/// The ending of the one that says that it may have been sent.
const SENT: &str = "sent";
/// The ending of the one with the provider's name for it.
const ID: &str = "id";
/// No line is longer, in bytes: it is the head of an answer.
const MAX_LINE: u64 = 4 << 20;
/// Nor is what stands in the two small files.
const MAX_WORD: u64 = 4 << 10;

/// What all lines of a batch have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// Ours for it: the name of its files, and in the ledger.
    pub mark: Mark,
    /// Who is asked.
    pub provider: String,
    /// The project that asks.
    pub project: String,
    /// How it is gone on with, in the words of whoever can.
    pub form: Form,
}

/// Tells a batch from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(Digest);

impl Mark {
    /// The one of these bytes, which nobody else has.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Digest::from_bytes(random))
    }

    /// The one of a file's name.
    fn parse(name: &str) -> Option<Self> {
        Digest::parse(name).map(Self)
    }

    /// As it stands in the ledger, and in the name that the provider is told.
    pub fn hex(self) -> String {
        self.0.hex()[..32].to_owned()
    }

    /// What is held by who works at it; no shot has such a key.
    pub fn lock(self) -> Key {
        Key(self.0)
    }
}

/// A batch, as far as it is known here.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What its lines have in common.
    pub head: BatchHead,
    /// Its lines by their shots: the number of each in the ledger, and where it is in the file.
    pub lines: BTreeMap<Key, BatchLine>,
    path: PathBuf,
}

/// Where a line of a batch is.
#[derive(Clone, Copy, Debug)]
pub struct BatchLine {
    /// Its number in the ledger.
    pub number: u64,
    at: u64,
}

/// A batch to which lines are added.
#[derive(Debug)]
pub struct OpenBatch {
    /// What they have in common.
    pub head: BatchHead,
    path: PathBuf,
    file: File,
}

/// The file of a batch, and how long it is: what is not longer has no more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFile {
    /// The batch's.
    pub mark: Mark,
    path: PathBuf,
    size: u64,
}

/// What is said before a batch is created.
#[derive(Serialize, Deserialize)]
struct Sent {
    at: Moment,
    file: String,
}

/// What of a head tells lines apart.
#[derive(Deserialize)]
struct Told {
    number: u64,
    key: Key,
}

impl Store {
    fn batch_folder(&self) -> PathBuf {
        self.folder.join(FOLDER)
    }

    /// Begins a batch: its file is on the disk before this returns, so that no line of it is ever without one.
    pub fn begin_batch(&self, head: BatchHead) -> Result<OpenBatch, FsError> {
        let folder = self.make(&self.batch_folder())?;
        let path = self.of_batch(head.mark, LINES);
        let mut file = folder.create_new(path.file_name().unwrap_or_default())?;
        write_line(&mut file, &path, &head)?;
        op::sync(&file, &path).map_err(FsError::io("write", &path))?;
        self.sync_way(&self.batch_folder())?;
        Ok(OpenBatch { head, path, file })
    }

    /// The files of all batches that have no end yet.
    pub fn batch_files(&self) -> Result<Vec<BatchFile>, FsError> {
        let mut found = Vec::new();
        for path in self.files(&self.batch_folder())? {
            let stem = path
                .file_stem()
                .and_then(|stem| Mark::parse(stem.to_str()?));
            let is_lines = path.extension().is_some_and(|ending| ending == LINES);
            let Some(mark) = stem.filter(|_| is_lines) else {
                continue;
            };
            match self.file(&path).and_then(|file| size(&file, &path)) {
                Ok(size) => found.push(BatchFile { mark, path, size }),
                // It had its end just now.
                Err(e) if e.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// All batches that have no end yet.
    pub fn batches(&self) -> Result<Vec<Batch>, FsError> {
        let files = self.batch_files()?.into_iter();
        let read = files.filter_map(|file| self.batch(&file).transpose());
        read.collect()
    }

    /// Reads the file of a batch; none if it had its end just now, or no beginning. A last line that was not written whole is none: nothing
    /// was sent then.
    pub fn batch(&self, file: &BatchFile) -> Result<Option<Batch>, FsError> {
        let path = &file.path;
        let opened = match self.file(path) {
            Err(e) if e.is_not_found() => return Ok(None),
            opened => opened?,
        };
        let failed = || FsError::io("read", path);
        let mut lines = BufReader::with_capacity(64 << 10, opened);
        let mut text = Vec::new();
        let mut at = next_line(&mut lines, &mut text).map_err(failed())?;
        if text.last() != Some(&b'\n') {
            return Ok(None);
        }
        let head = serde_json::from_slice(&text).map_err(io::Error::other);
        let head: BatchHead = head.map_err(failed())?;
        if head.mark != file.mark {
            let why = "it is the file of another batch";
            return Err(failed()(io::Error::other(why)));
        }
        let mut batch = Batch {
            head,
            lines: BTreeMap::new(),
            path: path.clone(),
        };
        loop {
            let read = next_line(&mut lines, &mut text).map_err(failed())?;
            if read == 0 || text.last() != Some(&b'\n') {
                return Ok(Some(batch));
            }
            let told: Told = serde_json::from_slice(&text)
                .map_err(io::Error::other)
                .map_err(failed())?;
            let number = told.number;
            batch.lines.insert(told.key, BatchLine { number, at });
            at += read;
        }
    }

    /// What a line of a batch asks for.
    pub fn batch_line(&self, batch: &Batch, line: BatchLine) -> Result<Head, FsError> {
        let failed = || FsError::io("read", &batch.path);
        let mut file = self.file(&batch.path)?;
        file.seek(SeekFrom::Start(line.at)).map_err(failed())?;
        let mut text = Vec::new();
        next_line(&mut BufReader::new(file), &mut text).map_err(failed())?;
        let head = serde_json::from_slice(&text).map_err(io::Error::other);
        head.map_err(failed())
    }

    /// Says that a batch may be created from now on, of the file that the provider calls so; on the disk before this
    /// returns.
    pub fn batch_is_sent(&self, mark: Mark, file: &str) -> Result<(), FsError> {
        let sent = Sent {
            at: Moment::now(),
            file: file.to_owned(),
        };
        let path = self.of_batch(mark, SENT);
        let sent = serde_json::to_vec(&sent).map_err(io::Error::other);
        let sent = sent.map_err(FsError::io("write", &path))?;
        self.write(&path, &sent, Durability::Paid)
    }

    /// Whether a batch may have been created.
    pub fn is_batch_sent(&self, mark: Mark) -> bool {
        self.is_file(&self.of_batch(mark, SENT))
    }

    /// Writes down what the provider calls a batch; on the disk before this returns.
    pub fn put_batch_id(&self, mark: Mark, id: &str) -> Result<(), FsError> {
        self.write(&self.of_batch(mark, ID), id.as_bytes(), Durability::Paid)
    }

    /// What the provider calls a batch, if that is known.
    pub fn batch_id(&self, mark: Mark) -> Result<Option<String>, FsError> {
        match self.read(&self.of_batch(mark, ID), MAX_WORD) {
            Ok(id) => Ok(String::from_utf8(id).ok()),
            Err(e) if e.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a batch has no end yet.
    pub fn has_batch(&self, mark: Mark) -> bool {
        self.is_file(&self.of_batch(mark, LINES))
    }

    /// Forgets a batch: each of its lines has its end. Its lines go last, so that none of it is left behind unseen.
    pub fn remove_batch(&self, mark: Mark) -> Result<(), FsError> {
        for ending in [ID, SENT, LINES] {
            let path = self.of_batch(mark, ending);
            if self.is_file(&path) {
                self.remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn of_batch(&self, mark: Mark, ending: &str) -> PathBuf {
        self.batch_folder()
            .join(format!("{}.{ending}", mark.0.hex()))
    }
}

impl OpenBatch {
    /// Adds a line; it is surely on the disk once [`OpenBatch::sync`] has returned.
    pub fn add(&mut self, head: &Head) -> Result<(), FsError> {
        write_line(&mut self.file, &self.path, head)
    }

    /// Returns when all lines are on the disk.
    pub fn sync(&self) -> Result<(), FsError> {
        op::sync(&self.file, &self.path).map_err(FsError::io("write", &self.path))
    }
}

fn size(file: &File, path: &Path) -> Result<u64, FsError> {
    let metadata = file.metadata().map_err(FsError::io("read", path))?;
    Ok(metadata.len())
}

fn write_line(file: &mut File, path: &Path, what: &impl Serialize) -> Result<(), FsError> {
    let failed = || FsError::io("write", path);
    let mut line = serde_json::to_vec(what)
        .map_err(io::Error::other)
        .map_err(failed())?;
    line.push(b'\n');
    if line.len() as u64 > MAX_LINE {
        let why = format!("what is asked for is larger than {MAX_LINE} bytes");
        return Err(failed()(io::Error::other(why)));
    }
    op::write(file, path, &line).map_err(failed())
}

/// Reads a line with its end; how many bytes it has.
fn next_line(lines: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<u64> {
    text.clear();
    lines.by_ref().take(MAX_LINE).read_until(b'\n', text)?;
    Ok(text.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{BatchHead, Mark};
    use crate::key::{Ingredients, Key};
    use crate::{Form, Head, Store};
    use base::digest::Digest;

    fn head(number: u64) -> Head {
        Head {
            number,
            asset: format!("a{number}"),
            key: Key(Digest::of(&number.to_le_bytes())),
            ingredients: Ingredients(vec![("prompt".to_owned(), "one\ntwo".to_owned())]),
            model: "p/m".to_owned(),
            price: None,
            estimate: None,
            quoted: None,
            size: (1, 2),
            pictures: 1,
            form: Form::default(),
            roll: None,
        }
    }

    #[test]
    fn a_batch_is_read_as_it_was_written_up_to_what_was_cut() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(store.batches().unwrap().is_empty());
        let mark = Mark::new([7; 32]);
        let common = BatchHead {
            mark,
            provider: "p".to_owned(),
            project: "x".to_owned(),
            form: Form::default(),
        };
        let mut open = store.begin_batch(common.clone()).unwrap();
        let before = store.batch_files().unwrap();
        for number in [3, 4] {
            open.add(&head(number)).unwrap();
        }
        open.file.write_all(b"{\"number\": 5").unwrap();
        open.sync().unwrap();
        assert_ne!(store.batch_files().unwrap(), before);
        let [batch] = store.batches().unwrap().try_into().unwrap();
        assert_eq!((batch.head.clone(), batch.lines.len()), (common, 2));
        for number in [3, 4] {
            let line = batch.lines[&head(number).key];
            assert_eq!(line.number, number);
            assert_eq!(store.batch_line(&batch, line).unwrap(), head(number));
        }
        assert!(!store.is_batch_sent(mark));
        store.batch_is_sent(mark, "file-1").unwrap();
        assert_eq!(store.batch_id(mark).unwrap(), None);
        store.put_batch_id(mark, "batch_1").unwrap();
        assert!(store.is_batch_sent(mark));
        assert_eq!(store.batch_id(mark).unwrap().as_deref(), Some("batch_1"));
        store.remove_batch(mark).unwrap();
        assert!(!store.has_batch(mark) && !store.is_batch_sent(mark));
        store.remove_batch(mark).unwrap();
    }
}
