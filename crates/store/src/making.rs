//! Who asks for which shot just now: one payer for each key, whatever project or clone it works in. What is
//! held is let go of by the system when its process ends. Knows nothing of how a shot is asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Store;
use crate::key::Key;
use base::digest::Digest;
use base::fs::FsError;
use base::fs::hold::{self, Held};

/// The folder with a file for each shot that is being asked for.
const FOLDER: &str = "making";

/// Who asks for a shot, in words for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// The number of the process; 0 if it is not known.
    pub process: u32,
    /// Since when, as in `2026-11-28T08:00:00Z`.
    pub since: String,
    /// Which asset.
    pub asset: String,
    /// In which project.
    pub project: String,
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            0 => f.write_str("being made by another gpbuild"),
            process => write!(f, "being made by process {process} since {}", self.since),
        }
    }
}

impl Store {
    /// The folder of what is being asked for, of the store in the folder `home`: it is another one whenever somebody begins
    /// or ends.
    pub fn making(home: &Path) -> PathBuf {
        home.join("store").join(FOLDER)
    }

    /// Becomes the one who asks for a shot, until what comes back is dropped; `None` while another one is.
    pub fn try_make(&self, key: &Key, payer: &Payer) -> Result<Option<Held>, FsError> {
        let folder = self.make(&self.folder.join(FOLDER))?;
        let word = serde_json::to_vec(payer).unwrap_or_default();
        let held = hold::try_hold(&folder, key.0.hex(), &word)?;
        Ok(held.map(Held::for_once))
    }

    /// Every shot that is being asked for just now.
    pub fn payers(&self) -> Result<BTreeMap<Key, Payer>, FsError> {
        let files = self.files(&self.folder.join(FOLDER))?.into_iter();
        let payers = files.filter_map(|path| {
            let key = Key(Digest::parse(path.file_name()?.to_str()?)?);
            Some((key, self.payer(&key)?))
        });
        Ok(payers.collect())
    }

    /// Who asks for a shot just now, as far as it can be told: only [`Store::try_make`] decides who may.
    pub fn payer(&self, key: &Key) -> Option<Payer> {
        let name = self.folder.join(FOLDER).join(key.0.hex());
        let word = hold::word(&self.home().ok()?, self.below_home(&name))?;
        Some(serde_json::from_slice(&word).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Payer;
    use crate::Store;
    use crate::key::Key;
    use base::digest::Digest;

    #[test]
    fn one_payer_for_each_key() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = Key(Digest::of(b"key"));
        let payer = Payer {
            process: 7,
            since: "2026-11-28T08:00:00Z".to_owned(),
            asset: "a".to_owned(),
            project: "p".to_owned(),
        };
        assert_eq!(store.payer(&key), None);
        let held = store.try_make(&key, &payer).unwrap().unwrap();
        assert!(store.try_make(&key, &Payer::default()).unwrap().is_none());
        assert_eq!(
            store.payer(&key).unwrap().to_string(),
            "being made by process 7 since 2026-11-28T08:00:00Z"
        );
        assert!(
            store
                .try_make(&Key(Digest::of(b"other")), &payer)
                .unwrap()
                .is_some()
        );
        drop(held);
        assert_eq!(store.payer(&key), None);
        assert!(store.try_make(&key, &payer).unwrap().is_some());
    }
}
