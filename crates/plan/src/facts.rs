//! What is where: the one file of the plan that looks at outputs and store, for many assets at once, so that each
//! question to the store is one for all of them. Judges nothing: [`Rules`](super::Rules) do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::key::{Ingredients, Key};
use crate::lock::{Lock, LockedAsset};
use crate::trace::{Answer, Trace, Tracing};
use crate::unusable::Flaw;
use crate::{Disk, Known, LockIndex, unread};
use base::digest::Digest;
use base::fs::Root;
use base::lfs;
use base::path::ProjectPath;
use base::world::Signature;
use declare::spec::Spec;
use store::{Have, MAX_OBJECT_BYTES, ShotEntry, Store};

/// Where to look.
pub struct Sources<'a> {
    /// The project.
    pub root: &'a Root,
    /// What was made.
    pub store: &'a Store,
    /// What was agreed on.
    pub lock: &'a Lock,
    /// The lock by key.
    pub lock_index: &'a LockIndex,
    /// Digests of outputs that are known by their signatures.
    pub known: &'a BTreeMap<String, (Signature, Digest)>,
}

/// What is true now of one asset, as far as somebody has to look for it.
pub struct Facts {
    /// Its keys, and what they led to.
    pub trace: Trace,
    /// The lock's keys are the keys of now.
    pub lock_holds: bool,
    /// The output's digest that the lock or the store has for the keys of now.
    pub stored: Option<Digest>,
    /// What is at the output's path.
    pub disk: Disk,
    /// The file's bytes are in the store: overwriting it loses nothing.
    pub disk_in_store: bool,
    /// Of the bytes that the lock, the store and the trace name, those that are in the store, or in an output that
    /// the lock names, whole. None are looked for if the output is the one of the lock.
    pub kept: BTreeSet<Digest>,
    /// What to tell of those that are in the store and cannot be read, and are in no output either.
    pub unread: BTreeMap<Digest, String>,
    /// What the shots of the lock were made of that are not those of now, if the store still knows.
    pub shots_before: BTreeMap<Key, Ingredients>,
    /// What the export of the lock was made of, likewise, where only that is otherwise.
    pub export_before: Option<Ingredients>,
    /// Why the picked picture of a shot cannot be used, by the number of the shot.
    pub flaws: BTreeMap<usize, Flaw>,
}

impl Facts {
    /// Whether these bytes are kept.
    pub fn is_kept(&self, digest: Option<Digest>) -> bool {
        digest.is_some_and(|digest| self.kept.contains(&digest))
    }

    /// The output is the one of the lock: nothing else matters.
    fn is_settled(&self, locked: Option<&LockedAsset>) -> bool {
        let is = |locked: &LockedAsset| matches!(self.disk, Disk::Is(d) if d == locked.digest);
        self.lock_holds && locked.is_some_and(is)
    }

    /// The bytes of which it matters whether they are kept.
    fn wanted(&self, locked: Option<&LockedAsset>) -> impl Iterator<Item = Digest> {
        let shots = self.trace.shots.iter();
        let pictures = shots.filter_map(|shot| shot.answer.as_ref()?.picked());
        let outputs = locked.map(|locked| locked.digest).into_iter();
        outputs.chain(self.stored).chain(pictures)
    }
}

impl Sources<'_> {
    /// Looks for what is true of these assets, of which all that they take is known that will be.
    pub fn look(&self, specs: &[Arc<Spec>], known: &Known) -> Vec<Facts> {
        let traces = self.traces(specs, known);
        let stored = self.stored(&traces);
        let looked = specs.par_iter().zip(traces).zip(stored);
        let mut facts: Vec<Facts> = looked
            .map(|((spec, trace), stored)| Facts {
                lock_holds: self.locked(spec).is_some_and(|l| trace.holds(spec, l)),
                stored,
                disk: self.disk(&spec.output),
                disk_in_store: false,
                kept: BTreeSet::new(),
                unread: BTreeMap::new(),
                shots_before: BTreeMap::new(),
                export_before: None,
                flaws: BTreeMap::new(),
                trace,
            })
            .collect();
        let open = specs.iter().zip(&mut facts);
        let mut open: Vec<(&Spec, &mut Facts)> = open
            .map(|(spec, facts)| (&**spec, facts))
            .filter(|(spec, facts)| !facts.is_settled(self.locked(spec)))
            .collect();
        self.look_for_bytes(&mut open);
        self.look_back(&mut open);
        self.look_for_flaws(&mut open);
        facts
    }

    fn locked(&self, spec: &Spec) -> Option<&LockedAsset> {
        self.lock.assets.get(&spec.id)
    }

    /// Follows the shots of all at once, as far as lock and store answer.
    fn traces(&self, specs: &[Arc<Spec>], known: &Known) -> Vec<Trace> {
        let begin = |spec| Tracing::new(spec, self.locked(spec), known);
        let mut traces: Vec<Tracing<'_>> = specs.par_iter().map(|spec| begin(spec)).collect();
        loop {
            let next = traces
                .par_iter_mut()
                .map(|trace| trace.next(self.lock_index));
            let keys: Vec<Option<Key>> = next.collect();
            let asked: Vec<Key> = keys.iter().flatten().copied().collect();
            if asked.is_empty() {
                return traces.into_iter().map(Tracing::end).collect();
            }
            let mut answers = self.store.shots(&asked).into_iter();
            let open = traces.iter_mut().zip(keys);
            for (trace, key) in open.filter_map(|(trace, key)| Some((trace, key?))) {
                let entry = match answers.next().transpose() {
                    Ok(entry) => entry.flatten(),
                    Err(error) => {
                        trace.unread(unread(&error));
                        continue;
                    }
                };
                let roll = entry.and_then(ShotEntry::into_answer);
                trace.answered(roll.map(|roll| Answer {
                    pick: self.store.pick(&key, &roll.candidates),
                    candidates: roll.candidates,
                    model: roll.model,
                }));
            }
        }
    }

    /// What lock or store name for the exports of now.
    fn stored(&self, traces: &[Trace]) -> Vec<Option<Digest>> {
        let recalled = |trace: &Trace| trace.export.map(|key| (key, self.lock_index.export(&key)));
        let recalled: Vec<Option<(Key, Option<Digest>)>> = traces.iter().map(recalled).collect();
        let unknown = recalled.iter().flatten().filter(|(_, d)| d.is_none());
        let asked: Vec<Key> = unknown.map(|(key, _)| *key).collect();
        let mut answers = self.store.exports(&asked).into_iter();
        let stored = recalled.into_iter().map(|recalled| match recalled? {
            (_, Some(digest)) => Some(digest),
            (_, None) => answers.next().flatten().map(|entry| entry.output),
        });
        stored.collect()
    }

    /// Looks for the bytes that matter, in the store and then in outputs that the lock names.
    fn look_for_bytes(&self, open: &mut [(&Spec, &mut Facts)]) {
        let mut asked: BTreeSet<Digest> = BTreeSet::new();
        for (spec, facts) in &*open {
            asked.extend(facts.wanted(self.locked(spec)));
            asked.extend(match facts.disk {
                Disk::Is(digest) => Some(digest),
                _ => None,
            });
        }
        let asked: Vec<Digest> = asked.into_iter().collect();
        let Have {
            whole: stored,
            unread: damaged,
        } = self.store.have(&asked);
        let elsewhere = asked
            .par_iter()
            .filter(|digest| !stored.contains(digest) && self.is_in_an_output(digest));
        let elsewhere: BTreeSet<Digest> = elsewhere.copied().collect();
        let is_kept = |digest: &Digest| stored.contains(digest) || elsewhere.contains(digest);
        for (spec, facts) in open {
            let locked = self.locked(spec);
            let (kept, lost) = facts.wanted(locked).partition(is_kept);
            facts.kept = kept;
            let told = |digest: Digest| Some((digest, unread(damaged.get(&digest)?)));
            facts.unread = BTreeSet::into_iter(lost).filter_map(told).collect();
            let is_locked = |digest| locked.is_some_and(|locked| locked.digest == digest);
            facts.disk_in_store =
                matches!(facts.disk, Disk::Is(d) if !is_locked(d) && stored.contains(&d));
        }
    }

    /// Whether an output that the lock names has these bytes.
    fn is_in_an_output(&self, digest: &Digest) -> bool {
        let path = self.lock_index.file(digest).map(ProjectPath::new);
        let bytes = path.and_then(|path| self.root.read(&path.ok()?, MAX_OBJECT_BYTES).ok());
        bytes.is_some_and(|bytes| Digest::of(&bytes) == *digest)
    }

    /// Looks for what the pictures of the lock were made of, where that is not what is declared now.
    fn look_back(&self, open: &mut [(&Spec, &mut Facts)]) {
        let shots = |spec: &Spec, facts: &Facts| -> Vec<Key> {
            let locked = self.locked(spec).filter(|_| !facts.lock_holds);
            let shots = locked.map_or(&[][..], |locked| &locked.shots);
            let now = |n: usize| facts.trace.shots.get(n).map(|shot| shot.key);
            let shots = shots.iter().enumerate();
            let other = shots.filter(|(n, shot)| now(*n) != Some(shot.key));
            other.map(|(_, shot)| shot.key).collect()
        };
        let asked: Vec<Vec<Key>> = open
            .iter()
            .map(|(spec, facts)| shots(spec, facts))
            .collect();
        let mut entries = self.store.shots(&asked.concat()).into_iter();
        for ((_, facts), keys) in open.iter_mut().zip(asked) {
            for (key, entry) in keys.into_iter().zip(entries.by_ref()) {
                // Only for words: what cannot be read is not told.
                let entry = entry.ok().flatten();
                facts
                    .shots_before
                    .extend(entry.map(|entry| (key, entry.ingredients)));
            }
        }
        // Only if the picture is there and its export is not, the export is what is told of.
        let export = |spec: &Spec, facts: &Facts| {
            let locked = self.locked(spec).filter(|_| !facts.lock_holds)?;
            let is_told = spec.bundle().is_some() || facts.is_kept(facts.trace.picture(spec));
            (is_told && !facts.is_kept(facts.stored)).then_some(locked.export)
        };
        let asked: Vec<Option<Key>> = open
            .iter()
            .map(|(spec, facts)| export(spec, facts))
            .collect();
        let keys: Vec<Key> = asked.iter().flatten().copied().collect();
        let mut entries = self.store.exports(&keys).into_iter();
        for ((_, facts), _) in open.iter_mut().zip(asked).filter(|(_, key)| key.is_some()) {
            facts.export_before = entries.next().flatten().map(|entry| entry.ingredients);
        }
    }

    /// Looks for pictures that cannot be used. Of one that was drawn here that only matters where a file is in its
    /// place of which nothing is known.
    fn look_for_flaws(&self, open: &mut [(&Spec, &mut Facts)]) {
        open.par_iter_mut().for_each(|(spec, facts)| {
            let is_strange = matches!(facts.disk, Disk::Is(_)) && facts.stored.is_none();
            let shots = facts.trace.shots.iter().zip(spec.requests()).enumerate();
            let asked = shots.filter(|(_, (_, request))| request.is_paid() || is_strange);
            let flaws = asked.filter_map(|(n, (shot, _))| {
                Some((n, Flaw::look(self.store, &shot.key, shot.answer.as_ref()?)?))
            });
            facts.flaws = flaws.collect();
        });
    }

    /// What is at an output's path.
    fn disk(&self, output: &ProjectPath) -> Disk {
        let path = self.root.at(output);
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            return Disk::Missing;
        };
        if meta.is_symlink() {
            return Disk::Odd("a symbolic link");
        }
        if meta.is_dir() {
            return Disk::Odd("a folder");
        }
        if !meta.is_file() {
            return Disk::Odd("a device or pipe");
        }
        if let Some((signature, digest)) = self.known.get(output.as_str())
            && Some(*signature) == Signature::of(&path)
        {
            return Disk::Is(*digest);
        }
        match self.root.read_output(output, MAX_OBJECT_BYTES) {
            Ok(bytes) if lfs::is_pointer(&bytes) => Disk::Odd(lfs::WHAT),
            Ok(bytes) if export::is_cut(&bytes) => Disk::Cut,
            Ok(bytes) => Disk::Is(Digest::of(&bytes)),
            Err(_) => Disk::Odd("a file that cannot be read"),
        }
    }
}
