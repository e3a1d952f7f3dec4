//! Entries: what a key led to. A line of JSON and a line with its digest, so that a torn or bent
//! entry is a miss and never a wrong answer.

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

    /// What a shot gave, if it was ever made.
    pub fn shot(&self, key: &Key) -> Option<ShotEntry> {
        self.entry("shots", key)
    }

    /// What an export gave, if it was ever made.
    pub fn export(&self, key: &Key) -> Option<ExportEntry> {
        self.entry("exports", key)
    }

    /// What shots gave, each at the place of its key.
    pub fn shots(&self, keys: &[Key]) -> Vec<Option<ShotEntry>> {
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

    /// The number of the candidate that was chosen last, from 1; the first if none of these ever was.
    pub fn pick(&self, key: &Key, candidates: &[Digest]) -> usize {
        if candidates.len() < 2 {
            return 1;
        }
        let pick: Option<Digest> = self.entry("picks", key);
        let found = pick.and_then(|pick| candidates.iter().position(|c| *c == pick));
        found.unwrap_or(0) + 1
    }

    pub(super) fn entry<T: DeserializeOwned>(&self, kind: &str, key: &Key) -> Option<T> {
        let bytes = self
            .read(&self.entry_path(kind, key), MAX_ENTRY_BYTES)
            .ok()?;
        read_entry(&bytes)
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
    use base::fs::Durability;

    #[test]
    fn a_bent_entry_is_a_miss_at_every_byte() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"key"));
        let roll = Roll::new(vec![Digest::of(b"picture")], "local".to_owned(), 0);
        let ingredients = Ingredients(vec![("size".to_owned(), "1x1".to_owned())]);
        let entry = ShotEntry::accepted(roll, ingredients);
        store.put_shot(&key, &entry, Durability::Free).unwrap();
        assert_eq!(store.shot(&key), Some(entry));
        let path = store.entry_path("shots", &key);
        let good = base::fs::read_bounded(&path, 1 << 20).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            base::fs::write_atomic(&path, &bad, Durability::Free).unwrap();
            assert_eq!(store.shot(&key), None, "byte {at}");
            base::fs::write_atomic(&path, &good[..at], Durability::Free).unwrap();
            assert_eq!(store.shot(&key), None, "cut at {at}");
        }
    }

    #[test]
    fn a_damaged_object_is_not_there_and_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let digest = store.put(b"picture", Durability::Paid).unwrap();
        base::fs::write_atomic(&store.object_path(&digest), b"pictur3", Durability::Free).unwrap();
        assert!(store.has(&digest));
        assert!(!store.is_whole(&digest));
        assert_eq!(store.get(&digest).unwrap(), None);
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
