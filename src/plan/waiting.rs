//! What waits: assets that take pictures which are not made yet, and the pictures that are known so
//! far. Each is decided as soon as all that it takes is there; nothing waits for a whole round.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::digest::Digest;
use crate::plan::{Observer, Reason, Step, Verdict};
use crate::spec::Spec;

/// The assets that cannot be decided yet.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// By id.
    specs: BTreeMap<String, Arc<Spec>>,
    /// Who waits for whom.
    takers: BTreeMap<String, BTreeSet<String>>,
    /// The pictures that are known, by asset.
    pictures: BTreeMap<String, Digest>,
    /// The assets whose pictures will not come in this run.
    lost: BTreeSet<String>,
}

impl Waiting {
    /// Decides a spec, and keeps in mind what others may take of it.
    pub(super) fn decide(&mut self, spec: &Arc<Spec>, observer: &Observer<'_>) -> Step {
        let behind = spec.takes().find(|id| self.lost.contains(*id));
        let mut step = observer.step(Arc::clone(spec), &self.pictures);
        if let (Verdict::Wait(_), Some(id)) = (&step.verdict, behind) {
            step.verdict = Verdict::Blocked;
            step.reason = Reason::Behind(id.to_owned());
        }
        self.note(&step, observer);
        step
    }

    /// Keeps in mind what others may take of an asset that was decided.
    pub(super) fn note(&mut self, step: &Step, observer: &Observer<'_>) {
        let id = &step.spec.id;
        if let Some(picture) = observer.picture(step) {
            self.pictures.insert(id.clone(), picture);
        }
        match step.verdict {
            Verdict::Blocked => {
                self.lost.insert(id.clone());
            }
            Verdict::Wait(_) => {
                for taken in step.spec.takes() {
                    let takers = self.takers.entry(taken.to_owned()).or_default();
                    takers.insert(id.clone());
                }
                self.specs.insert(id.clone(), Arc::clone(&step.spec));
            }
            _ => {}
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// The steps that can be decided now that `id` is made, with this picture; in an order in which
    /// they can be done.
    pub fn made(&mut self, id: &str, picture: Digest, observer: &Observer<'_>) -> Vec<Step> {
        self.pictures.insert(id.to_owned(), picture);
        self.go_on(id, observer)
    }

    /// The steps that can be decided now that `id` will not be made: they are blocked.
    pub fn lost(&mut self, id: &str, observer: &Observer<'_>) -> Vec<Step> {
        self.lost.insert(id.to_owned());
        self.go_on(id, observer)
    }

    fn go_on(&mut self, id: &str, observer: &Observer<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut settled = vec![id.to_owned()];
        while let Some(id) = settled.pop() {
            for taker in self.takers.remove(&id).unwrap_or_default() {
                let Some(spec) = self.specs.get(&taker) else {
                    continue;
                };
                let is_settled = |id| self.pictures.contains_key(id) || self.lost.contains(id);
                if !spec.takes().all(is_settled) {
                    continue;
                }
                let spec = Arc::clone(spec);
                self.specs.remove(&taker);
                let step = self.decide(&spec, observer);
                if step.verdict != Verdict::Make {
                    // Nothing is to be made, or nothing can: what takes this one need not wait for it.
                    settled.push(taker);
                }
                steps.push(step);
            }
        }
        steps
    }

    /// Whether somebody waits for this asset.
    pub fn is_awaited(&self, id: &str) -> bool {
        self.takers.contains_key(id)
    }
}
