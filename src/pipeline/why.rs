//! Which ingredients of an asset's keys are not what they were when it was made. Knows nothing of how that
//! is shown.

use crate::pipeline::Planned;
use model::request::Picture;
use plan::key::{self, Ingredients, Key};
use plan::lock::LockedAsset;
use plan::{Change, Step, changes};

/// What is known of the change.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// Every ingredient that differs, in the order of the shots.
    pub changes: Vec<Change>,
    /// Something changed, and what it was is not known any more.
    pub forgotten: bool,
    /// The prompts that were drawn in place of those that were asked for, in the order of the shots.
    pub rewritten: Vec<String>,
}

impl Planned {
    /// What of the asset of a step is not what it was made from.
    pub fn why(&self, step: &Step) -> Why {
        explain(self, step)
    }

    /// The prompt that a shot was drawn from, where the provider says that it is another one.
    pub fn rewritten(&self, shot: Key) -> Option<String> {
        let entry = self.store.shot(&shot).ok().flatten()?;
        entry.into_answer()?.rewritten
    }
}

fn explain(planned: &Planned, step: &Step) -> Why {
    let shots = step.trace.shots.iter();
    let mut found = Why {
        rewritten: shots
            .filter_map(|shot| planned.rewritten(shot.key))
            .collect(),
        ..Why::default()
    };
    if let Some(locked) = planned.lock.assets.get(&step.spec.id) {
        of_shots(planned, step, locked, &mut found);
        of_export(planned, step, locked, &mut found);
    }
    found
}

/// What of the requests is not what it was.
fn of_shots(planned: &Planned, step: &Step, locked: &LockedAsset, found: &mut Why) {
    let mut previous = None;
    let requests = step.spec.requests();
    for (n, request) in requests.iter().enumerate() {
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
        if let Ok(now) = now
            && now.key(key::SHOT) != before.key
        {
            let old = planned.store.shot(&before.key).ok().flatten();
            found.add(old.map(|entry| entry.ingredients), &now);
        }
    }
    if locked.shots.len() > requests.len() {
        found.changes.push(Change {
            name: "edit steps".to_owned(),
            old: Some(locked.shots.len().saturating_sub(1).to_string()),
            new: Some(requests.len().saturating_sub(1).to_string()),
        });
    }
}

/// What of the export is not what it was; of another picture nothing is said, since the shots say it.
fn of_export(planned: &Planned, step: &Step, locked: &LockedAsset, found: &mut Why) {
    let picture = step.trace.picture(&step.spec);
    let same_picture = locked.shots.last().and_then(|shot| shot.picked()) == picture;
    let of_picture = || {
        let (shots, picture) = step.spec.shots().zip(picture.filter(|_| same_picture))?;
        Some(key::export(&shots.export, shots.overlay.as_ref(), picture))
    };
    if let Some(now) = step.bundled().or_else(of_picture)
        && now.key(key::EXPORT) != locked.export
    {
        let old = planned.store.export(&locked.export);
        found.add(old.map(|entry| entry.ingredients), &now);
    }
}

impl Why {
    fn add(&mut self, old: Option<Ingredients>, now: &Ingredients) {
        match old {
            Some(old) if !old.0.is_empty() => self.changes.extend(changes(&old, now)),
            _ => self.forgotten = true,
        }
    }
}
