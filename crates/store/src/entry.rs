//! Entries: what a key led to. A line of JSON and a line with its digest, so that a torn or bent
//! entry is never a wrong answer.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::key::{Ingredients, Key};
use crate::{ShotEntry, Store, WITH_ROLLS};
use base::digest::Digest;
use base::fs::{Durability, FsError};

/// The largest entry: a prompt of 32,000 characters and a page of 1 MiB fit.
const MAX_ENTRY_BYTES: u64 = 8 << 20;

/// What an export gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportEntry {
    /// The output's digest.
    pub output: Digest,
    /// What the key was made of.
    pub ingredients: Ingredients,
}

impl Store {
    fn entry_path(&self, kind: &str, key: &Key) -> PathBuf {
        let hex = key.0.hex();
        self.folder.join(kind).join(&hex[..2]).join(&hex[2..])
    }

    /// What a shot gave, if it was ever made. An entry that is there and cannot be read is an error: the shot may have
    /// been paid for.
    pub fn shot(&self, key: &Key) -> Result<Option<ShotEntry>, FsError> {
        self.entry("shots", key)
    }

    /// What an export gave, if it was ever made. An entry that cannot be read is as good as none: an export is made
    /// again for nothing.
    pub fn export(&self, key: &Key) -> Option<ExportEntry> {
        self.entry("exports", key).ok().flatten()
    }

    /// What shots gave, each at the place of its key.
    pub fn shots(&self, keys: &[Key]) -> Vec<Result<Option<ShotEntry>, FsError>> {
        keys.par_iter().map(|key| self.shot(key)).collect()
    }

    /// What exports gave, each at the place of its key.
    pub fn exports(&self, keys: &[Key]) -> Vec<Option<ExportEntry>> {
        keys.par_iter().map(|key| self.export(key)).collect()
    }

    /// Records a shot; its objects must be in the store already. One that an older gpbuild could not read makes the store
    /// one of a newer version first: nobody is to take what was paid for as missing.
    pub fn put_shot(
        &self,
        key: &Key,
        entry: &ShotEntry,
        durability: Durability,
    ) -> Result<(), FsError> {
        if !entry.is_plain() {
            self.raise(WITH_ROLLS)?;
        }
        self.put_entry("shots", key, entry, durability)
    }

    /// Records an export; its object must be in the store already.
    pub fn put_export(&self, key: &Key, entry: &ExportEntry) -> Result<(), FsError> {
        self.put_entry("exports", key, entry, Durability::Free)
    }

    /// Remembers which candidate of a shot was chosen, for when no lock says so any more: after other
    /// words and back. By its digest: a shot that is made again has other pictures under the same numbers.
    pub fn put_pick(&self, key: &Key, pick: Digest) -> Result<(), FsError> {
        self.put_entry("picks", key, &pick, Durability::Free)
    }

    /// The number of the candidate that was chosen last, from 1; the first if none of these ever was, or
    /// nobody can say: all of them are there, and the lock says it too.
    pub fn pick(&self, key: &Key, candidates: &[Digest]) -> usize {
        if candidates.len() < 2 {
            return 1;
        }
        let pick: Option<Digest> = self.entry("picks", key).ok().flatten();
        let found = pick.and_then(|pick| candidates.iter().position(|c| *c == pick));
        found.unwrap_or(0) + 1
    }

    /// An entry; `None` if there is none.
    pub(super) fn entry<T: DeserializeOwned>(
        &self,
        kind: &str,
        key: &Key,
    ) -> Result<Option<T>, FsError> {
        let path = self.entry_path(kind, key);
        match self.read(&path, MAX_ENTRY_BYTES) {
            Ok(bytes) => match read_entry(&bytes) {
                Some(entry) => Ok(Some(entry)),
                None => Err(FsError::Damaged { path }),
            },
            Err(e) if e.is_not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }

    pub(super) fn put_entry<T: Serialize>(
        &self,
        kind: &str,
        key: &Key,
        entry: &T,
        durability: Durability,
    ) -> Result<(), FsError> {
        self.prepare()?;
        let path = self.entry_path(kind, key);
        let json = serde_json::to_string(entry)
            .map_err(|e| FsError::io("write", &path)(std::io::Error::other(e)))?;
        let text = format!("{json}\n{}\n", Digest::of(json.as_bytes()));
        self.write(&path, text.as_bytes(), durability)
    }
}

/// The entry in `bytes`, if its own digest agrees.
pub(super) fn read_entry<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (json, digest) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    if Digest::parse(digest)? != Digest::of(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::{ExportEntry, ShotEntry};
    use crate::key::{Ingredients, Key};
    use crate::{Roll, Store};
    use base::digest::Digest;
    use base::fs::{Durability, FsError};

    #[test]
    fn a_bent_entry_is_neither_there_nor_missing_at_any_byte() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"key"));
        let roll = Roll::new(vec![Digest::of(b"picture")], "local".to_owned(), 0);
        let ingredients = Ingredients(vec![("size".to_owned(), "1x1".to_owned())]);
        let entry = ShotEntry::accepted(roll, ingredients);
        store.put_shot(&key, &entry, Durability::Free).unwrap();
        assert_eq!(store.shot(&key).unwrap(), Some(entry));
        let path = store.entry_path("shots", &key);
        let good = base::fs::read_bounded(&path, 1 << 20).unwrap();
        let told = format!("`{}` is damaged", path.display());
        let look = || store.shot(&key).unwrap_err().to_string();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            base::fs::write_atomic(&path, &bad, Durability::Free).unwrap();
            assert_eq!(look(), told, "byte {at}");
            base::fs::write_atomic(&path, &good[..at], Durability::Free).unwrap();
            assert_eq!(look(), told, "cut at {at}");
        }
    }

    #[test]
    fn what_is_there_and_cannot_be_read_is_no_miss() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"key"));
        let (shot, object) = (store.entry_path("shots", &key), store.object_path(&key.0));
        assert_eq!(store.shot(&key).unwrap(), None);
        assert_eq!(store.get(&key.0).unwrap(), None);
        for path in [&shot, &object] {
            std::fs::create_dir_all(path).unwrap();
        }
        let not_a_file =
            |path: &std::path::Path| format!("`{}` is not a regular file", path.display());
        assert_eq!(store.shot(&key).unwrap_err().to_string(), not_a_file(&shot));
        assert_eq!(
            store.get(&key.0).unwrap_err().to_string(),
            not_a_file(&object)
        );
        let have = store.have(&[key.0]);
        assert!(have.whole.is_empty());
        assert_eq!(have.unread[&key.0].to_string(), not_a_file(&object));
        // An entry that no shot has.
        std::fs::remove_dir(&shot).unwrap();
        let large = std::fs::File::create(&shot).unwrap();
        large.set_len(super::MAX_ENTRY_BYTES + 1).unwrap();
        assert!(
            store
                .shot(&key)
                .unwrap_err()
                .to_string()
                .contains("8388609 bytes")
        );
    }

    #[test]
    fn a_damaged_object_is_told_and_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let digest = store.put(b"picture", Durability::Paid).unwrap();
        base::fs::write_atomic(&store.object_path(&digest), b"pictur3", Durability::Free).unwrap();
        assert!(store.has(&digest));
        assert!(!store.is_whole(&digest));
        assert!(matches!(store.get(&digest), Err(FsError::Damaged { .. })));
        store.put(b"picture", Durability::Free).unwrap();
        assert_eq!(
            store.get(&digest).unwrap().as_deref(),
            Some(&b"picture"[..])
        );
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"k"));
        let entry = ExportEntry {
            output: Digest::of(b"o"),
            ingredients: Ingredients::default(),
        };
        store.put_export(&key, &entry).unwrap();
        assert_eq!(store.export(&key), Some(entry));
        let file = store.folder().join("VERSION");
        base::fs::write_atomic(&file, b"3\n", Durability::Free).unwrap();
        let failure = Store::open(dir.path()).unwrap_err();
        assert_eq!(failure.exit, base::diagnostic::Exit::Damaged);
    }
}
