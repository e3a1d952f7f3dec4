//! Takes over all that another store has: what an older gpbuild kept in a project. May be ended at any instant
//! and begun again: a file is here before it is gone there. Knows nothing of ledgers but their numbers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::entry::read_entry;
use crate::{MAX_OBJECT_BYTES, ShotEntry, Store};
use base::digest::Digest;
use base::fs::{Durability, FsError, Kind, TEMPORARY};

/// The folders of a store, objects before the entries that lead to them.
const FOLDERS: [&str; 5] = ["objects", "accepted", "exports", "picks", "shots"];

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Shots.
    pub shots: usize,
    /// What they cost, in micro-dollars.
    pub cost: u64,
    /// Answers that nobody had looked at yet, or that are kept for a person.
    pub answers: usize,
}

impl Store {
    /// Takes over what `other` has. `numbers` says, for each number of a request there, its number here.
    pub fn adopt(&self, other: &Self, numbers: &BTreeMap<u64, u64>) -> Result<Adopted, FsError> {
        let mut adopted = Adopted::default();
        self.prepare()?;
        // What an older gpbuild cannot read there, it cannot read here.
        self.raise(other.version())?;
        for folder in FOLDERS {
            for path in other.files(&other.folder.join(folder)) {
                let Some(to) = self.place_of(other, folder, &path) else {
                    continue;
                };
                let bytes = match other.read(&path, MAX_OBJECT_BYTES) {
                    // No store has such a one.
                    Err(FsError::TooLarge { .. }) => continue,
                    read => read?,
                };
                if !is_right(folder, &to, &bytes) {
                    continue;
                }
                if folder == "shots"
                    && let Some(shot) = read_entry::<ShotEntry>(&bytes)
                    && shot.is_paid()
                {
                    adopted.shots += 1;
                    adopted.cost += shot.cost();
                }
                self.take(other, &path, &to, &bytes)?;
            }
        }
        for path in other.files(&other.incoming_folder()) {
            adopted.answers += usize::from(self.adopt_answer(other, &path, numbers)?);
        }
        Ok(adopted)
    }

    /// Where a file of the folder `folder` of another store belongs here; `None` if it is none of a store.
    fn place_of(&self, other: &Self, folder: &str, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(other.folder.join(folder)).ok()?;
        let hex: String = below.iter().filter_map(|part| part.to_str()).collect();
        Digest::parse(&hex)?;
        Some(self.folder.join(folder).join(&hex[..2]).join(&hex[2..]))
    }

    /// Moves a file to its place here, unless something whole is there.
    fn take(&self, other: &Self, from: &Path, to: &Path, bytes: &[u8]) -> Result<(), FsError> {
        let is_here = self.read(to, MAX_OBJECT_BYTES).is_ok_and(|here| {
            let folder = to.strip_prefix(&self.folder).ok();
            let folder = folder.and_then(|path| path.iter().next()?.to_str());
            folder.is_some_and(|folder| is_right(folder, to, &here))
        });
        if is_here {
            return other.remove_file(from);
        }
        let parent = to.parent().unwrap_or(&self.folder);
        let folder = self.make(parent)?;
        let name = to.file_name().unwrap_or_default();
        match other.home()?.rename(other.below_home(from), &folder, name) {
            Err(FsError::Io { error, .. }) if error.kind() == io::ErrorKind::CrossesDevices => {
                self.write(to, bytes, Durability::Paid)?;
                other.remove_file(from)
            }
            renamed => renamed.and_then(|()| self.sync_way(parent)),
        }
    }

    /// Removes what is left of a store that was taken over, if that is nothing of worth; else how many files are.
    pub fn discard_empty(&self) -> Option<usize> {
        let mut left = 0;
        for path in self.files(&self.folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_ours = name == "VERSION" || name.starts_with(TEMPORARY);
            let gone = is_ours && self.remove_file(&path).is_ok();
            left += usize::from(!gone);
        }
        self.remove_empty(&self.folder, 4);
        (left > 0).then_some(left)
    }

    /// Removes folders that have nothing in them, and this one if it has nothing then.
    fn remove_empty(&self, folder: &Path, depth: usize) {
        let Ok(home) = self.home() else {
            return;
        };
        let below = self.below_home(folder);
        let names = home.below(below).and_then(|opened| opened.list());
        for (name, kind) in names.unwrap_or_default() {
            if kind == Kind::Folder && depth > 0 {
                self.remove_empty(&folder.join(name), depth - 1);
            }
        }
        // Only if it is empty.
        let _ = home.remove_folder(below);
    }

    /// Puts what is left of a store beside it, under another name.
    pub fn put_aside(&self, name: &str) -> Result<PathBuf, FsError> {
        let aside = self.home.join(name);
        self.rename(&self.folder, &aside)?;
        Ok(aside)
    }

    /// Takes over an answer under the number that its request has here. What is no answer is left.
    fn adopt_answer(
        &self,
        other: &Self,
        path: &Path,
        numbers: &BTreeMap<u64, u64>,
    ) -> Result<bool, FsError> {
        let (Ok(mut arrived), Some(ending)) = (other.answer(path), path.extension()) else {
            return Ok(false);
        };
        let mut head = arrived.head.clone();
        // No request has the number 0: what nobody wrote down settles nobody's.
        head.number = numbers.get(&head.number).copied().unwrap_or(0);
        let name = |more: &str| format!("{}-{}{more}", head.number, head.key.0.hex());
        let at = |name: String| self.incoming_folder().join(name).with_extension(ending);
        let mut place = at(name(""));
        // Of those with a number only one can be for this key: it is the same one, after a kill.
        for n in (2..).take_while(|_| head.number == 0) {
            if !self.is_file(&place) {
                break;
            }
            place = at(name(&format!("-{n}")));
        }
        let failed = || FsError::io("write", &place);
        let mut line = serde_json::to_vec(&head)
            .map_err(io::Error::other)
            .map_err(failed())?;
        line.push(b'\n');
        let folder = self.make(&self.incoming_folder())?;
        let mut file = folder.temporary()?;
        file.write(&line).map_err(failed())?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = io::Read::read(&mut arrived.body, &mut buffer)
                .map_err(FsError::io("read", path))?;
            if read == 0 {
                break;
            }
            file.write(&buffer[..read]).map_err(failed())?;
        }
        file.persist(
            &folder,
            place.file_name().unwrap_or_default(),
            Durability::Paid,
        )?;
        self.sync_way(&self.incoming_folder())?;
        other.remove_file(path)?;
        Ok(true)
    }
}

/// Whether the bytes are what their name in the folder `folder` says.
fn is_right(folder: &str, place: &Path, bytes: &[u8]) -> bool {
    match folder {
        "objects" => {
            let parts: Vec<&str> = place
                .iter()
                .rev()
                .take(2)
                .filter_map(|p| p.to_str())
                .collect();
            let [rest, first] = parts.as_slice() else {
                return false;
            };
            Digest::parse(&format!("{first}{rest}")) == Some(Digest::of(bytes))
        }
        "accepted" => bytes.is_empty(),
        _ => read_entry::<serde_json::Value>(bytes).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Adopted;
    use crate::key::{Ingredients, Key};
    use crate::{Head, Roll, ShotEntry, Store};
    use base::digest::Digest;
    use base::fs::Durability;
    use provider::Form;

    fn key(text: &str) -> Key {
        Key(Digest::of(text.as_bytes()))
    }

    #[test]
    fn all_that_is_right_is_taken_over_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let old = Store::open(&dir.path().join("old")).unwrap();
        let new = Store::open(&dir.path().join("new")).unwrap();
        let object = old.put(b"picture", Durability::Paid).unwrap();
        let bent = old.put(b"other", Durability::Paid).unwrap();
        let path = old.path_of(&bent).unwrap();
        base::fs::write_atomic(&path, b"bent", Durability::Free).unwrap();
        let roll = Roll::new(vec![object], "openai/x".to_owned(), 7);
        let entry = ShotEntry::accepted(roll, Ingredients::default());
        old.put_shot(&key("a"), &entry, Durability::Paid).unwrap();
        old.put_pick(&key("a"), object).unwrap();
        for (number, asked) in [(3, "b"), (4, "c")] {
            let head = Head {
                number,
                asset: "a".to_owned(),
                key: key(asked),
                ingredients: Ingredients::default(),
                model: "openai/x".to_owned(),
                price: None,
                estimate: None,
                quoted: None,
                size: (1, 1),
                pictures: 1,
                form: Form::default(),
                roll: None,
            };
            let mut incoming = old.expect(&head).unwrap();
            incoming.write_all(b"{}").unwrap();
            incoming.arrived().unwrap();
        }
        let adopted = new.adopt(&old, &[(3, 30)].into()).unwrap();
        let expected = Adopted {
            shots: 1,
            cost: 7,
            answers: 2,
        };
        assert_eq!(adopted, expected);
        assert_eq!(new.shot(&key("a")), Some(entry));
        assert_eq!(new.get(&object).unwrap().as_deref(), Some(&b"picture"[..]));
        assert!(!new.has(&bent) && path.exists());
        let numbers: Vec<u64> = new
            .arrived()
            .iter()
            .map(|path| new.answer(path).unwrap().head.number)
            .collect();
        assert_eq!(numbers, [0, 30]);
        assert!(old.arrived().is_empty() && old.shot(&key("a")).is_none());
        assert_eq!(new.adopt(&old, &[].into()).unwrap(), Adopted::default());
    }
}
