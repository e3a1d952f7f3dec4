//! Answers of providers, as they come over the wire: a line that says what they answer, then the raw
//! body. Written before anything in them is looked at, removed when all that is in them is in its
//! place: what was paid for survives a kill at any instant.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{FsError, sync_folder};
use crate::key::{Ingredients, Key};
use crate::model::Price;
use crate::store::Store;

/// The first line is at most as long as an entry.
const MAX_HEAD_BYTES: u64 = 8 << 20;

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
    /// Pixels asked for.
    pub size: (u32, u32),
    /// Pictures asked for.
    pub pictures: u32,
}

/// An answer that is being written.
pub struct Incoming {
    part: PathBuf,
    whole: PathBuf,
    file: File,
    /// Bytes of the body so far.
    size: u64,
}

/// An answer that is there from its first byte to its last.
pub struct Arrived {
    /// What it answers.
    pub head: Head,
    /// The body.
    pub body: BufReader<File>,
    path: PathBuf,
}

impl Store {
    fn incoming_folder(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// A file for the answer to a request that is about to be sent.
    pub fn expect(&self, head: &Head) -> Result<Incoming, FsError> {
        let folder = self.incoming_folder();
        std::fs::create_dir_all(&folder).map_err(FsError::io("create", &folder))?;
        let name = format!("{}-{}", head.number, head.key.0.short());
        let part = folder.join(format!("{name}.part"));
        let failed = || FsError::io("write", &part);
        let mut file = File::create(&part).map_err(failed())?;
        let mut line = serde_json::to_vec(head)
            .map_err(std::io::Error::other)
            .map_err(failed())?;
        line.push(b'\n');
        file.write_all(&line).map_err(failed())?;
        Ok(Incoming {
            whole: folder.join(format!("{name}.answer")),
            part,
            file,
            size: 0,
        })
    }

    /// The answers that are whole, in the order in which they were asked for. One that cannot be read
    /// is left where it is.
    pub fn arrived(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.incoming_folder());
        let mut found: Vec<(u64, PathBuf)> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_name()?.to_str()?.strip_suffix(".answer")?;
                let number = name.split('-').next()?.parse().ok()?;
                Some((number, path))
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, path)| path).collect()
    }
}

impl Incoming {
    /// Says that the answer is whole; it is on the disk before this returns.
    pub fn arrived(self) -> Result<PathBuf, FsError> {
        let Self {
            part, whole, file, ..
        } = self;
        file.sync_all().map_err(FsError::io("write", &part))?;
        std::fs::rename(&part, &whole).map_err(FsError::io("write", &whole))?;
        sync_folder(whole.parent().unwrap_or(Path::new(".")))?;
        Ok(whole)
    }

    /// Forgets an answer that will not come.
    pub fn forget(self) {
        // One that stays behind is never taken for an answer.
        let _ = std::fs::remove_file(&self.part);
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
        Some(self.part)
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Arrived {
    /// Opens an answer.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let failed = || FsError::io("read", path);
        let file = File::open(path).map_err(failed())?;
        let mut body = BufReader::with_capacity(64 << 10, file);
        let mut line = Vec::new();
        body.by_ref()
            .take(MAX_HEAD_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(failed())?;
        let head = serde_json::from_slice(&line)
            .map_err(std::io::Error::other)
            .map_err(failed())?;
        Ok(Self {
            head,
            body,
            path: path.to_path_buf(),
        })
    }

    /// Removes it: all that was in it is in its place.
    pub fn done(self) -> Result<(), FsError> {
        std::fs::remove_file(&self.path).map_err(FsError::io("remove", &self.path))
    }

    /// Puts it aside: there is no picture in it, and a person may want to see what is.
    pub fn set_aside(self) -> PathBuf {
        let aside = self.path.with_extension("odd");
        match std::fs::rename(&self.path, &aside) {
            Ok(()) => aside,
            Err(_) => self.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{Arrived, Head};
    use crate::digest::Digest;
    use crate::fs::{Durability, write_atomic};
    use crate::key::{Ingredients, Key};
    use crate::store::Store;

    fn head(number: u64) -> Head {
        Head {
            number,
            asset: "a".to_owned(),
            key: Key(Digest::of(b"key")),
            ingredients: Ingredients(vec![("prompt".to_owned(), "one\ntwo".to_owned())]),
            model: "openai/gpt-image-2".to_owned(),
            price: None,
            size: (1, 2),
            pictures: 1,
        }
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
        let mut arrived = Arrived::open(&store.arrived()[0]).unwrap();
        assert_eq!(arrived.head, head(9));
        let mut body = String::new();
        arrived.body.read_to_string(&mut body).unwrap();
        assert_eq!(body, "{\"data\":\n[]}");
        arrived.done().unwrap();
        let aside = Arrived::open(&store.arrived()[0]).unwrap().set_aside();
        assert!(aside.is_file());
        assert!(store.arrived().is_empty());
    }

    #[test]
    fn what_is_no_answer_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1-x.answer");
        write_atomic(&path, b"no head", Durability::Free).unwrap();
        let error = Arrived::open(&path).err().unwrap().to_string();
        assert!(error.contains("1-x.answer"), "{error}");
    }
}
