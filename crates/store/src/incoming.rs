//! Answers of providers, as they come over the wire: a line that says what they answer, then the raw
//! body. Written before anything in them is looked at, removed when all that is in them is in its
//! place: what was paid for survives a kill at any instant. Where the project's disk takes no more, the
//! rest of an answer goes to the folder for temporary files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Store;
use crate::key::{Ingredients, Key};
use crate::ticket::TICKET;
use base::digest::Digest;
use base::fs::{FsError, op};
use model::{Micro, Money, Price};
use provider::Form;

/// The first line is at most half as long as an entry: what is asked for stands in both.
const MAX_HEAD_BYTES: u64 = 4 << 20;
/// The ending of an answer that is whole.
const ANSWER: &str = "answer";
/// The ending of one that is not.
const PART: &str = "part";

/// What an answer is the answer to: all that is needed to go on with it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The request's number in the ledger.
    pub number: u64,
    /// The asset.
    pub asset: String,
    /// The shot's key.
    pub key: Key,
    /// What the key was made of.
    pub ingredients: Ingredients,
    /// The model that was asked, `provider/model`.
    pub model: String,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// What it is thought to cost.
    #[serde(default)]
    pub estimate: Option<Micro>,
    /// The same as it is published, where the model has a price by the picture: what comes is billed by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Money>,
    /// Pixels asked for.
    pub size: (u32, u32),
    /// Pictures asked for.
    pub pictures: u32,
    /// In which form the answer is. Heads without one are older than the second form.
    #[serde(default)]
    pub form: Form,
    /// Which roll of its shot was asked for, from 0, where rolls are judged before one counts; `None` where the answer
    /// counts as it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll: Option<usize>,
}

impl Head {
    /// The ending of the answer, once it is whole.
    fn ending(&self) -> &'static str {
        match self.form.task() {
            None => ANSWER,
            Some(_) => TICKET,
        }
    }
}

/// An answer that is being written.
pub struct Incoming {
    store: Store,
    part: PathBuf,
    whole: PathBuf,
    file: File,
    /// Bytes of the head.
    head: u64,
    /// Bytes of the body so far.
    size: u64,
    /// Where it is written since the project's disk took no more, and what that disk said.
    elsewhere: Option<(PathBuf, FsError)>,
}

/// An answer that is whole, but not where the next run finds it by itself, or not surely on the disk.
#[derive(Debug)]
pub struct Misplaced {
    /// What the disk said.
    pub error: FsError,
    /// Where the answer is.
    pub path: PathBuf,
    /// Where it has to be for the next run to find it; `None` if it is there.
    pub belongs: Option<PathBuf>,
}

/// An answer that is there from its first byte to its last.
pub struct Arrived {
    /// What it answers.
    pub head: Head,
    /// The body.
    pub body: BufReader<File>,
    head_size: u64,
    store: Store,
    path: PathBuf,
}

impl Store {
    pub(super) fn incoming_folder(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// A file for the answer to a request that is about to be sent. Whoever makes it is the one payer for
    /// the key: nobody else touches it meanwhile.
    pub fn expect(&self, head: &Head) -> Result<Incoming, FsError> {
        let (part, mut file) = self.create_part(head)?;
        let failed = || FsError::io("write", &part);
        let mut line = serde_json::to_vec(head)
            .map_err(io::Error::other)
            .map_err(failed())?;
        line.push(b'\n');
        if line.len() as u64 > MAX_HEAD_BYTES {
            // Nothing is sent yet. Its answer could not be found again.
            let _ = self.remove_file(&part);
            let why = format!("what is asked for is larger than {MAX_HEAD_BYTES} bytes");
            return Err(failed()(io::Error::other(why)));
        }
        op::write(&mut file, &part, &line).map_err(failed())?;
        Ok(Incoming {
            store: self.clone(),
            whole: part.with_extension(head.ending()),
            part,
            file,
            head: line.len() as u64,
            size: 0,
            elsewhere: None,
        })
    }

    /// The answers that are whole, in the order in which they were asked for. One that cannot be read
    /// is left where it is.
    pub fn arrived(&self) -> Vec<PathBuf> {
        self.incoming(ANSWER)
    }

    /// The answers whose end did not come before a run was ended, as far as anybody knows.
    pub fn parts(&self) -> Vec<PathBuf> {
        self.incoming(PART)
    }

    pub(super) fn incoming(&self, ending: &str) -> Vec<PathBuf> {
        let files = self.files(&self.incoming_folder());
        let mut found: Vec<(u64, PathBuf)> = files
            .into_iter()
            .filter_map(|path| {
                let is_meant = path.extension()? == ending;
                let number = path
                    .file_stem()?
                    .to_str()?
                    .split('-')
                    .next()?
                    .parse()
                    .ok()?;
                is_meant.then_some((number, path))
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// Says that a part turned out to be the whole of an answer; it is on the disk before this returns.
    pub fn is_complete(&self, part: &Path, head: &Head) -> Result<PathBuf, FsError> {
        let failed = || FsError::io("write", part);
        let file = self.file(part)?;
        op::sync(&file, part).map_err(failed())?;
        self.put_in_place(part, &part.with_extension(head.ending()))
    }

    /// A new file for an answer. Where a ledger was lost, its numbers come again: what came for them before
    /// stays.
    fn create_part(&self, head: &Head) -> Result<(PathBuf, File), FsError> {
        let folder = self.make(&self.incoming_folder())?;
        let mut more = String::new();
        for n in 2..u32::MAX {
            let name = format!("{}-{}{more}.{PART}", head.number, head.key.0.hex());
            let part = self.incoming_folder().join(&name);
            if !self.is_file(&part.with_extension(head.ending())) {
                match folder.create_new(&name) {
                    Err(FsError::Io { error, .. })
                        if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => return Ok((part, made?)),
                }
            }
            more = format!("-{n}");
        }
        Err(FsError::io("write", &self.incoming_folder())(
            io::ErrorKind::AlreadyExists.into(),
        ))
    }

    /// Renames an answer that is whole.
    fn put_in_place(&self, part: &Path, whole: &Path) -> Result<PathBuf, FsError> {
        self.rename(part, whole)?;
        self.sync_way(&self.incoming_folder())?;
        Ok(whole.to_path_buf())
    }

    /// Opens an answer.
    pub fn answer(&self, path: &Path) -> Result<Arrived, FsError> {
        let failed = || FsError::io("read", path);
        let file = self.file(path)?;
        let mut body = BufReader::with_capacity(64 << 10, file);
        let mut line = Vec::new();
        body.by_ref()
            .take(MAX_HEAD_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(failed())?;
        let head = serde_json::from_slice(&line)
            .map_err(io::Error::other)
            .map_err(failed())?;
        Ok(Arrived {
            head,
            body,
            head_size: line.len() as u64,
            store: self.clone(),
            path: path.to_path_buf(),
        })
    }

    /// The shot to which a file is the answer, as its name says; an older gpbuild says it only in its head.
    pub fn key_of(&self, path: &Path) -> Option<Key> {
        let name = path.file_stem()?.to_str()?;
        match name.split('-').nth(1).and_then(Digest::parse) {
            Some(digest) => Some(Key(digest)),
            None => Some(self.answer(path).ok()?.head.key),
        }
    }

    /// Whether a file is still there.
    pub fn has_answer(&self, path: &Path) -> bool {
        self.is_file(path)
    }

    /// Removes the file of an answer that nobody needs.
    pub fn remove_answer(&self, path: &Path) -> Result<(), FsError> {
        self.remove_file(path)
    }
}

impl Incoming {
    /// Says that the answer is whole; it is on the disk before this returns.
    pub fn arrived(mut self) -> Result<PathBuf, Misplaced> {
        if let Some((path, error)) = self.elsewhere {
            // As sure as it can be made; what is wrong with the project's disk is told anyway.
            let _ = op::sync(&self.file, &path);
            return Err(Misplaced {
                error,
                path,
                belongs: Some(self.whole),
            });
        }
        let synced = op::sync(&self.file, &self.part).map_err(FsError::io("write", &self.part));
        let placed = synced.and_then(|()| self.store.put_in_place(&self.part, &self.whole));
        let error = match placed {
            Ok(path) => return Ok(path),
            Err(error) => error,
        };
        let names = [&self.whole, &self.part];
        let found = names.into_iter().find(|path| self.store.is_file(path));
        if let Some(path) = found {
            return Err(Misplaced {
                error,
                path: path.clone(),
                belongs: None,
            });
        }
        // Somebody took the store away: what came is still open, and is kept elsewhere.
        let gone = io::Error::new(io::ErrorKind::NotFound, error.to_string());
        match self.move_elsewhere(gone) {
            Ok(()) => self.arrived(),
            Err(_) => Err(Misplaced {
                error,
                path: self.part,
                belongs: None,
            }),
        }
    }

    /// Forgets an answer that will not come.
    pub fn forget(self) {
        // One that stays behind is never taken for an answer: the ledger says that none came.
        let _ = self.store.remove_file(&self.part);
        if let Some((path, _)) = &self.elsewhere {
            let _ = op::remove(path);
        }
    }

    /// Where it is being written.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Leaves the part that came where it is, for a person to look at: where that is. Nothing is left
    /// if nothing came.
    pub fn keep_part(self) -> Option<PathBuf> {
        if self.size == 0 {
            self.forget();
            return None;
        }
        Some(match self.elsewhere {
            Some((path, _)) => path,
            None => self.part,
        })
    }

    /// Goes on in the folder for temporary files: what came so far is copied there.
    fn move_elsewhere(&mut self, error: io::Error) -> io::Result<()> {
        let told = FsError::io("write", &self.part)(error);
        let mut builder = tempfile::Builder::new();
        let mut other = builder.prefix("gpbuild-").suffix(".answer").tempfile()?;
        self.file.seek(SeekFrom::Start(0))?;
        let so_far = self.head + self.size;
        if io::copy(&mut (&self.file).take(so_far), &mut other)? != so_far {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (file, path) = other.keep().map_err(|e| e.error)?;
        self.file = file;
        self.elsewhere = Some((path, told));
        // Its room may be all that the ledger needs.
        let _ = self.store.remove_file(&self.part);
        Ok(())
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.elsewhere {
            Some((path, _)) => op::write(&mut self.file, path, bytes)?,
            None => {
                if let Err(error) = op::write(&mut self.file, &self.part, bytes) {
                    let again = io::Error::new(error.kind(), error.to_string());
                    // What is told is what was wrong first.
                    self.move_elsewhere(error).map_err(|_| again)?;
                    self.file.write_all(bytes)?;
                }
            }
        }
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Arrived {
    /// Whether nothing stands behind the head.
    pub fn body_is_empty(&self) -> bool {
        let size = self.body.get_ref().metadata().map_or(0, |meta| meta.len());
        size == self.head_size
    }

    /// Removes it: all that was in it is in its place.
    pub fn done(self) -> Result<(), FsError> {
        self.store.remove_file(&self.path)
    }

    /// Leaves it beside the tickets: it says where its pictures are to be fetched from. That is on the disk before this
    /// returns.
    pub fn leave(self) -> Result<PathBuf, FsError> {
        let ticket = self.path.with_extension(TICKET);
        self.store.put_in_place(&self.path, &ticket)
    }

    /// Puts it aside: there is no picture in it, and a person may want to see what is.
    pub fn set_aside(self) -> PathBuf {
        let aside = self.path.with_extension("odd");
        match self.store.rename(&self.path, &aside) {
            Ok(()) => aside,
            Err(_) => self.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::Head;
    use crate::Store;
    use crate::key::{Ingredients, Key};
    use base::digest::Digest;
    use base::fs::{Durability, write_atomic};
    use provider::Form;

    fn head(number: u64) -> Head {
        Head {
            number,
            asset: "a".to_owned(),
            key: Key(Digest::of(b"key")),
            ingredients: Ingredients(vec![("prompt".to_owned(), "one\ntwo".to_owned())]),
            model: "openai/gpt-image-2".to_owned(),
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
    fn nothing_is_asked_for_whose_answer_could_not_be_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let large = Head {
            ingredients: Ingredients(vec![("prompt".to_owned(), "x".repeat(5 << 20))]),
            ..head(1)
        };
        let error = store.expect(&large).err().unwrap().to_string();
        assert!(
            error.ends_with("what is asked for is larger than 4194304 bytes"),
            "{error}"
        );
        assert!(store.parts().is_empty());
    }

    #[test]
    fn only_a_whole_answer_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        for number in [10, 9] {
            let mut incoming = store.expect(&head(number)).unwrap();
            incoming.write_all(b"{\"data\":\n").unwrap();
            incoming.write_all(b"[]}").unwrap();
            assert_eq!(store.arrived().len(), 10 - usize::try_from(number).unwrap());
            incoming.arrived().unwrap();
        }
        let cut = store.expect(&head(11)).unwrap();
        assert_eq!(store.arrived().len(), 2);
        cut.forget();
        let mut arrived = store.answer(&store.arrived()[0]).unwrap();
        assert_eq!(arrived.head, head(9));
        let mut body = String::new();
        arrived.body.read_to_string(&mut body).unwrap();
        assert_eq!(body, "{\"data\":\n[]}");
        arrived.done().unwrap();
        let aside = store.answer(&store.arrived()[0]).unwrap().set_aside();
        assert!(aside.is_file());
        assert!(store.arrived().is_empty());
    }

    #[test]
    fn what_the_disk_takes_no_more_is_written_elsewhere_from_its_first_byte() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut incoming = store.expect(&head(1)).unwrap();
        incoming.write_all(b"{\"data\":").unwrap();
        // What is open for reading alone takes nothing, as a full disk.
        let part = store.parts().remove(0);
        incoming.file = std::fs::File::open(&part).unwrap();
        incoming.write_all(b"[").unwrap();
        incoming.write_all(b"]}").unwrap();
        let astray = incoming.arrived().unwrap_err();
        let error = astray.error.to_string();
        assert!(
            error.starts_with("cannot write `") && error.contains("1-"),
            "{error}"
        );
        assert!(store.parts().is_empty() && store.arrived().is_empty());
        // Where it belongs, it is found.
        std::fs::copy(&astray.path, astray.belongs.unwrap()).unwrap();
        std::fs::remove_file(&astray.path).unwrap();
        let mut arrived = store.answer(&store.arrived()[0]).unwrap();
        assert_eq!(arrived.head, head(1));
        let mut body = String::new();
        arrived.body.read_to_string(&mut body).unwrap();
        assert_eq!(body, "{\"data\":[]}");
    }

    #[test]
    fn an_answer_whose_store_was_taken_away_is_kept_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let store = Store::open(&home).unwrap();
        let mut incoming = store.expect(&head(1)).unwrap();
        incoming.write_all(b"{\"data\":[]}").unwrap();
        std::fs::remove_dir_all(home.join("store")).unwrap();
        let astray = incoming.arrived().unwrap_err();
        let belongs = astray.belongs.unwrap();
        std::fs::create_dir_all(belongs.parent().unwrap()).unwrap();
        std::fs::copy(&astray.path, &belongs).unwrap();
        std::fs::remove_file(&astray.path).unwrap();
        let mut arrived = store.answer(&store.arrived()[0]).unwrap();
        let mut body = String::new();
        arrived.body.read_to_string(&mut body).unwrap();
        assert_eq!((arrived.head, body.as_str()), (head(1), "{\"data\":[]}"));
    }

    #[test]
    fn what_is_no_answer_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let path = dir.path().join("1-x.answer");
        write_atomic(&path, b"no head", Durability::Free).unwrap();
        let error = store.answer(&path).err().unwrap().to_string();
        assert!(error.contains("1-x.answer"), "{error}");
    }
}
