//! Follows an asset's shots: each key needs the picture of the shot before, so the chain is known as
//! far as the lock or the store answers.

use crate::digest::Digest;
use crate::key::{self, EXPORT, Key, SHOT};
use crate::lock::LockedAsset;
use crate::plan::{Known, Recall};
use crate::provider::request::Picture;
use crate::spec::{Recipe, Spec};
use crate::store::Store;

/// The keys of an asset, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The shots whose keys are known, in order.
    pub shots: Vec<Traced>,
    /// The asset whose picture the next key needs.
    pub waits_on: Option<String>,
    /// The key of the export, once the last shot is answered.
    pub export: Option<Key>,
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

/// Follows the shots of `spec`. The lock answers first, so that a clone without a store knows what
/// it has; then the store, by key and not by name.
pub fn trace(
    spec: &Spec,
    locked: Option<&LockedAsset>,
    store: &Store,
    recall: &Recall,
    known: &Known,
) -> Trace {
    let mut trace = Trace::default();
    let shots = match &spec.recipe {
        Recipe::Shots(shots) => shots,
        Recipe::Bundle(bundle) => {
            match bundle.outputs(|id| known.taken(spec, id)) {
                Ok(outputs) => trace.export = Some(key::bundle(&bundle.form, &outputs).key(EXPORT)),
                Err(id) => trace.waits_on = Some(id.to_owned()),
            }
            return trace;
        }
    };
    let mut previous: Option<Digest> = None;
    for (n, request) in shots.requests.iter().enumerate() {
        let answer_of = |picture: &Picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Asset(id) => known.taken(spec, id),
            Picture::Previous => previous,
        };
        let key = match key::shot(request, answer_of) {
            Ok(ingredients) => ingredients.key(SHOT),
            Err(Picture::Asset(id)) => {
                trace.waits_on = Some(id.clone());
                return trace;
            }
            // The shot before is not made: its key is known, and that is where work begins.
            Err(_) => return trace,
        };
        let from_lock = locked
            .and_then(|asset| Some((asset, asset.shots.get(n)?)))
            .filter(|(_, shot)| shot.key == key)
            .map(|(asset, shot)| Answer {
                candidates: shot.candidates.clone(),
                pick: shot.pick,
                model: asset.model.clone(),
            })
            // One that a person or a merge left without its picture answers nothing: the store may.
            .filter(|answer| answer.picked().is_some());
        let recalled = || recall.shot(&key).filter(|answer| answer.picked().is_some());
        let answer = from_lock.or_else(|| recalled().cloned()).or_else(|| {
            store.shot(&key).map(|entry| Answer {
                pick: store.pick(&key, &entry.candidates),
                candidates: entry.candidates,
                model: entry.model,
            })
        });
        previous = answer.as_ref().and_then(Answer::picked);
        trace.shots.push(Traced { key, answer });
        if previous.is_none() {
            return trace;
        }
    }
    if let Some(picture) = previous {
        trace.export =
            Some(key::export(&shots.export, shots.overlay.as_ref(), picture).key(EXPORT));
    }
    trace
}
