//! Follows an asset's shots: each key needs the picture of the shot before, so the chain is known as
//! far as the lock, or somebody who is asked, answers. Looks at nothing itself.

use crate::key::{self, EXPORT, Key, SHOT};
use crate::lock::LockedAsset;
use crate::{Known, LockIndex};
use base::digest::Digest;
use declare::spec::Spec;
use model::request::Picture;

/// The keys of an asset, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The shots whose keys are known, in order.
    pub shots: Vec<Traced>,
    /// The asset whose picture the next key needs.
    pub waits_on: Option<String>,
    /// The key of the export, once the last shot is answered.
    pub export: Option<Key>,
    /// What to tell of an answer to the last of these shots that may be there, and cannot be read.
    pub unread: Option<String>,
}

/// A shot whose key is known.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Its key.
    pub key: Key,
    /// What it led to, if it was made.
    pub answer: Option<Answer>,
}

/// What a shot led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The candidates.
    pub candidates: Vec<Digest>,
    /// The chosen one, from 1.
    pub pick: usize,
    /// The model that made it.
    pub model: String,
}

impl Answer {
    /// The chosen candidate.
    pub fn picked(&self) -> Option<Digest> {
        self.candidates.get(self.pick.checked_sub(1)?).copied()
    }
}

impl Trace {
    /// Whether the lock's keys are the keys of now.
    pub fn holds(&self, spec: &Spec, locked: &LockedAsset) -> bool {
        self.shots.len() == spec.requests().len()
            && self.export == Some(locked.export)
            && locked
                .shots
                .iter()
                .map(|shot| shot.key)
                .eq(self.shots.iter().map(|shot| shot.key))
    }

    /// The picked picture of the last shot, if every shot is answered.
    pub fn picture(&self, spec: &Spec) -> Option<Digest> {
        if self.shots.len() < spec.requests().len() {
            return None;
        }
        self.shots.last()?.answer.as_ref()?.picked()
    }
}

/// A trace that goes on as answers come. The lock answers first, so that a clone without a store knows what it
/// has; then whoever is asked, by key and not by name.
pub(super) struct Tracing<'a> {
    spec: &'a Spec,
    locked: Option<&'a LockedAsset>,
    known: &'a Known,
    trace: Trace,
    /// The picture of the last shot.
    previous: Option<Digest>,
    ended: bool,
}

impl<'a> Tracing<'a> {
    /// Before the first shot of `spec`.
    pub fn new(spec: &'a Spec, locked: Option<&'a LockedAsset>, known: &'a Known) -> Self {
        let mut trace = Trace::default();
        if let Some(bundle) = spec.bundle() {
            match bundle.outputs(|id| known.taken(spec, id)) {
                Ok(outputs) => trace.export = Some(key::bundle(&bundle.form, &outputs).key(EXPORT)),
                Err(id) => trace.waits_on = Some(id.to_owned()),
            }
        }
        Self {
            spec,
            locked,
            known,
            trace,
            previous: None,
            ended: spec.bundle().is_some(),
        }
    }

    /// Goes on as far as the lock answers: the key whose answer is needed then; `None` at the end.
    pub fn next(&mut self, lock_index: &LockIndex) -> Option<Key> {
        while !self.ended {
            let Some(key) = self.key() else {
                self.ended = true;
                break;
            };
            let n = self.trace.shots.len();
            let from_lock = self
                .locked
                .and_then(|asset| Some((asset, asset.shots.get(n)?)))
                .filter(|(_, shot)| shot.key == key)
                .map(|(asset, shot)| Answer {
                    candidates: shot.candidates.clone(),
                    pick: shot.pick,
                    model: asset.model.clone(),
                })
                // One that a person or a merge left without its picture answers nothing: the store may.
                .filter(|answer| answer.picked().is_some());
            let recalled = || {
                lock_index
                    .shot(&key)
                    .filter(|answer| answer.picked().is_some())
            };
            let answer = from_lock.or_else(|| recalled().cloned());
            self.trace.shots.push(Traced { key, answer: None });
            if answer.is_none() {
                return Some(key);
            }
            self.answered(answer);
        }
        None
    }

    /// The key of the next shot, if there is one and all that it takes is known.
    fn key(&mut self) -> Option<Key> {
        let (known, spec, previous) = (self.known, self.spec, self.previous);
        let request = spec.requests().get(self.trace.shots.len())?;
        let answer_of = |picture: &Picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Asset(id) => known.taken(spec, id),
            Picture::Previous => previous,
        };
        match key::shot(request, answer_of) {
            Ok(ingredients) => Some(ingredients.key(SHOT)),
            Err(Picture::Asset(id)) => {
                self.trace.waits_on = Some(id.clone());
                None
            }
            // The shot before is not made: its key is known, and that is where work begins.
            Err(_) => None,
        }
    }

    /// Takes the answer to the key that was needed.
    pub fn answered(&mut self, answer: Option<Answer>) {
        self.previous = answer.as_ref().and_then(Answer::picked);
        self.ended = self.previous.is_none();
        if let Some(shot) = self.trace.shots.last_mut() {
            shot.answer = answer;
        }
    }

    /// Takes, in place of the answer to the key that was needed, that there may be one that cannot be read.
    pub fn unread(&mut self, what: String) {
        self.trace.unread = Some(what);
        self.answered(None);
    }

    /// What is known at the end.
    pub fn end(self) -> Trace {
        let Self {
            spec, mut trace, ..
        } = self;
        let is_whole = trace.shots.len() == spec.requests().len();
        if let Some(picture) = self.previous.filter(|_| is_whole) {
            trace.export = spec.shots().map(|shots| {
                key::export(&shots.export, shots.overlay.as_ref(), picture).key(EXPORT)
            });
        }
        trace
    }
}
