//! How long answers took, by what was asked for: so that a person can be told how long one will take. A hint, by
//! which nothing is decided: a time that is lost, or told by two processes at once, is no loss.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Store;
use crate::key::Key;
use base::digest::Digest;
use base::fs::Durability;

const FOLDER: &str = "times";
/// So many of the last times are kept of each kind of request.
const MAX_KEPT: usize = 9;

#[derive(Default, Serialize, Deserialize)]
struct Times {
    /// The last ones, in milliseconds, the newest last.
    millis: Vec<u32>,
}

impl Store {
    /// Notes how long an answer took that was asked for as `what` says: its model, how fine, how many.
    pub fn note_time(&self, what: &str, took: Duration) {
        let key = Key(Digest::of(what.as_bytes()));
        let mut times: Times = self.entry(FOLDER, &key).ok().flatten().unwrap_or_default();
        times
            .millis
            .push(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        let old = times.millis.len().saturating_sub(MAX_KEPT);
        times.millis.drain(..old);
        // Nobody has a picture less for it.
        let _ = self.put_entry(FOLDER, &key, &times, Durability::Free);
    }

    /// How long such an answer takes: the median of the last ones; none if none came yet.
    pub fn typical_time(&self, what: &str) -> Option<Duration> {
        let key = Key(Digest::of(what.as_bytes()));
        let mut times: Times = self.entry(FOLDER, &key).ok().flatten()?;
        times.millis.sort_unstable();
        let middle = times.millis.get(times.millis.len() / 2)?;
        Some(Duration::from_millis(u64::from(*middle)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::MAX_KEPT;
    use crate::Store;

    #[test]
    fn the_median_of_the_last_ones() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.typical_time("m low"), None);
        for seconds in [100, 100, 100, 1, 2, 3, 4, 5, 6, 7, 8, 90] {
            store.note_time("m low", Duration::from_secs(seconds));
        }
        assert_eq!(store.typical_time("m low"), Some(Duration::from_secs(5)));
        assert_eq!(store.typical_time("m high"), None);
        assert_eq!(MAX_KEPT, 9);
    }
}
