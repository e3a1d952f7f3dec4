//! What waits: assets that take pictures which are not made yet, and the pictures that are known so
//! far. Each is decided as soon as all that it takes is there; nothing waits for a whole round.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::facts::Facts;
use crate::lock::{LockedAsset, LockedShot};
use crate::{Known, Observer, Reason, Rules, Step, Verdict};
use declare::spec::Spec;

/// The assets that cannot be decided yet.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// By id.
    specs: BTreeMap<String, Arc<Spec>>,
    /// Who waits for whom.
    dependents: BTreeMap<String, BTreeSet<String>>,
    /// What is known of those that are decided.
    known: Known,
    /// The assets that will not come in this run, and why.
    lost: BTreeMap<String, Lost>,
}

/// Why an asset will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It is not tried.
    Blocked,
    /// Nor this one: a person makes it.
    ByHand,
    /// Nor this one, but for want of a key or of the person's trust alone.
    Withheld,
    /// It was tried.
    Failed,
    /// It is on its way.
    Pending,
}

impl Waiting {
    /// Looks for the facts of these assets, which take nothing of each other, decides them, and keeps in mind what
    /// others may take of them.
    pub(super) fn decide(&mut self, specs: &[Arc<Spec>], observer: &Observer<'_>) -> Vec<Step> {
        let Observer { sources, rules } = observer;
        let facts = sources.look(specs, &self.known);
        let judge = |(spec, facts): (&Arc<Spec>, Facts)| {
            let behind = spec.takes().find_map(|id| self.lost.get_key_value(id));
            let behind = behind.map(|(id, why)| (id.as_str(), *why));
            rules.judge(Arc::clone(spec), facts, &self.known, behind)
        };
        let steps: Vec<Step> = specs.iter().zip(facts).map(judge).collect();
        for step in &steps {
            self.note(step, rules);
        }
        steps
    }

    /// Keeps in mind what others may take of an asset that was decided.
    pub(super) fn note(&mut self, step: &Step, rules: &Rules<'_>) {
        let id = &step.spec.id;
        if let Some(picture) = rules.picture(step) {
            self.known.pictures.insert(id.clone(), picture);
        }
        let output = match step.verdict {
            Verdict::Fresh => step.digest,
            Verdict::Restore(digest) => Some(digest),
            _ => None,
        };
        if let Some(output) = output {
            self.known.outputs.insert(id.clone(), output);
        }
        match step.verdict {
            Verdict::Blocked => {
                let why = if step.reason.is_by_hand() {
                    Lost::ByHand
                } else if matches!(step.reason, Reason::BehindPending(_)) {
                    Lost::Pending
                } else if step.withheld {
                    Lost::Withheld
                } else {
                    Lost::Blocked
                };
                self.lost.insert(id.clone(), why);
            }
            Verdict::Wait(_) => {
                for taken in step.spec.takes() {
                    let dependents = self.dependents.entry(taken.to_owned()).or_default();
                    dependents.insert(id.clone());
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

    /// The steps that can be decided now that an asset is made; in an order in which they can be done.
    pub fn made(&mut self, id: &str, locked: &LockedAsset, observer: &Observer<'_>) -> Vec<Step> {
        if let Some(picture) = locked.shots.last().and_then(LockedShot::picked) {
            self.known.pictures.insert(id.to_owned(), picture);
        }
        self.known.outputs.insert(id.to_owned(), locked.digest);
        self.go_on(id, observer)
    }

    /// The steps that can be decided now that `id` will not be made: they are blocked.
    pub fn lost(&mut self, id: &str, why: Lost, observer: &Observer<'_>) -> Vec<Step> {
        self.lost.insert(id.to_owned(), why);
        self.go_on(id, observer)
    }

    fn go_on(&mut self, id: &str, observer: &Observer<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut settled = vec![id.to_owned()];
        while let Some(id) = settled.pop() {
            let dependents = self.dependents.get(&id).into_iter().flatten();
            let open = dependents.filter_map(|taker| self.specs.get(taker));
            let ready = open.filter(|spec| self.is_ready(spec));
            let ready: Vec<Arc<Spec>> = ready.cloned().collect();
            for spec in &ready {
                self.specs.remove(&spec.id);
            }
            for step in self.decide(&ready, observer) {
                if step.verdict != Verdict::Make {
                    // Nothing is to be made, or nothing can: what takes this one need not wait for it.
                    settled.push(step.spec.id.clone());
                }
                steps.push(step);
            }
        }
        steps
    }

    /// Whether all that `spec` takes of the asset `id` is there, or will not come. Of one that is only
    /// to be exported, the picture is there before the output.
    fn is_settled(&self, spec: &Spec, id: &str) -> bool {
        self.known.taken(spec, id).is_some() || self.lost.contains_key(id)
    }

    /// Whether all that `spec` takes is settled.
    fn is_ready(&self, spec: &Spec) -> bool {
        match spec.bundle() {
            // From the end: the last slide is mostly the last that is made, so that the others need not
            // be looked at each time.
            Some(bundle) => {
                let mut slides = bundle.slides.iter().rev();
                slides.all(|slide| self.is_settled(spec, slide))
            }
            None => spec.takes().all(|taken| self.is_settled(spec, taken)),
        }
    }

    /// Whether somebody waits for this asset; bundles do not count, which follow everything anyway.
    pub fn is_awaited(&self, id: &str) -> bool {
        let mut dependents = self.dependents.get(id).into_iter().flatten();
        dependents.any(|taker| {
            let spec = self.specs.get(taker);
            spec.is_some_and(|spec| spec.bundle().is_none())
        })
    }
}
