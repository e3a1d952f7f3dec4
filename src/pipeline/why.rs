//! Which ingredients of an asset's keys are not what they were when it was made. Knows nothing of how that
//! is shown.

use crate::pipeline::Planned;
use model::request::Picture;
use plan::key::{self, Ingredients};
use plan::{Change, Step, changes};

/// What is known of the change.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// Every ingredient that differs, in the order of the shots.
    pub changes: Vec<Change>,
    /// Something changed, and what it was is not known any more.
    pub forgotten: bool,
}

impl Planned {
    /// What of the asset of a step is not what it was made from.
    pub fn why(&self, step: &Step) -> Why {
        explain(self, step)
    }
}

fn explain(planned: &Planned, step: &Step) -> Why {
    let mut found = Why::default();
    let Some(locked) = planned.lock.assets.get(&step.spec.id) else {
        return found;
    };
    let mut previous = None;
    for (n, request) in step.spec.requests().iter().enumerate() {
        let now = key::shot(request, |picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Previous => previous,
            Picture::Asset(id) => planned
                .plan
                .steps
                .iter()
                .find(|other| other.spec.id == *id)
                .and_then(|other| other.trace.picture(&other.spec)),
        });
        let Some(before) = locked.shots.get(n) else {
            let new = request.prompt().map(|prompt| prompt.text.clone());
            found.changes.push(Change {
                name: format!("edit step {n}"),
                old: None,
                new: Some(new.unwrap_or_default()),
            });
            continue;
        };
        previous = before.picked();
        let Ok(now) = now else {
            continue;
        };
        if now.key(key::SHOT) == before.key {
            continue;
        }
        let old = planned.store.shot(&before.key).ok().flatten();
        found.add(old.map(|entry| entry.ingredients), &now);
    }
    let shots = step.spec.requests().len();
    if locked.shots.len() > shots {
        found.changes.push(Change {
            name: "edit steps".to_owned(),
            old: Some(locked.shots.len().saturating_sub(1).to_string()),
            new: Some(shots.saturating_sub(1).to_string()),
        });
    }
    if let Some(now) = step.bundled()
        && now.key(key::EXPORT) != locked.export
    {
        let old = planned.store.export(&locked.export);
        found.add(old.map(|entry| entry.ingredients), &now);
    }
    let picture = step.trace.picture(&step.spec);
    if let Some((shots, picture)) = step.spec.shots().zip(picture) {
        let now = key::export(&shots.export, shots.overlay.as_ref(), picture);
        let same_picture = locked.shots.last().and_then(|s| s.picked()) == Some(picture);
        if now.key(key::EXPORT) != locked.export && same_picture {
            let old = planned
                .store
                .export(&locked.export)
                .map(|entry| entry.ingredients);
            found.add(old, &now);
        }
    }
    found
}

impl Why {
    fn add(&mut self, old: Option<Ingredients>, now: &Ingredients) {
        match old {
            Some(old) if !old.0.is_empty() => self.changes.extend(changes(&old, now)),
            _ => self.forgotten = true,
        }
    }
}
