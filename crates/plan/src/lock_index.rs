//! What the lock knows by key and not by name: so that a renamed asset costs nothing, even in a fresh
//! clone whose store is empty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Answer;
use crate::key::Key;
use crate::lock::Lock;
use base::digest::Digest;
use declare::spec::Spec;

/// The lock, turned around.
#[derive(Clone, Debug, Default)]
pub struct LockIndex {
    shots: BTreeMap<Key, Answer>,
    exports: BTreeMap<Key, Digest>,
    files: BTreeMap<Digest, String>,
}

impl LockIndex {
    /// Turns a lock around, for a project with these assets.
    pub fn new(lock: &Lock, specs: &[Arc<Spec>]) -> Self {
        let ids: BTreeSet<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
        let mut lock_index = Self::default();
        let assets = lock.assets.iter().map(|(id, asset)| (Some(id), asset));
        for (id, asset) in assets.chain(lock.others.iter().map(|asset| (None, asset))) {
            lock_index.files.insert(asset.digest, asset.output.clone());
            if asset.accepted && id.is_some_and(|id| ids.contains(id.as_str())) {
                // A picture that a person put there belongs to that asset, not to its key; only if the
                // asset is gone is it the one that was renamed.
                continue;
            }
            lock_index.exports.insert(asset.export, asset.digest);
            for shot in &asset.shots {
                let answer = Answer {
                    candidates: shot.candidates.clone(),
                    pick: shot.pick,
                    model: asset.model.clone(),
                };
                lock_index.shots.insert(shot.key, answer);
            }
        }
        for (path, digest) in &lock.unclaimed {
            lock_index.files.insert(*digest, path.clone());
        }
        lock_index
    }

    /// What a shot led to.
    pub fn shot(&self, key: &Key) -> Option<&Answer> {
        self.shots.get(key)
    }

    /// What an export led to.
    pub fn export(&self, key: &Key) -> Option<Digest> {
        self.exports.get(key).copied()
    }

    /// An output that should have these bytes: they are to be checked.
    pub fn file(&self, digest: &Digest) -> Option<&str> {
        self.files.get(digest).map(String::as_str)
    }
}
