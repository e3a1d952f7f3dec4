//! One asset as the page shows it, and the whole of them: taken from a plan for the real pictures and one
//! for the drafts. Knows nothing of how it is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::Planned;
use base::digest::Digest;
use page::{Row, Standing};
use plan::{Bill, Needs, Reason, Step, Verdict};

/// Every asset that was asked for, in the order of the manifests' names and the ids. Those of `drawn` have no drafts: each
/// save makes their pictures.
pub fn rows(real: &Planned, drafts: Option<&Planned>, drawn: &BTreeSet<&str>) -> Vec<Row> {
    let carousels: BTreeSet<&str> = real
        .project
        .manifest
        .carousels
        .iter()
        .map(|carousel| carousel.name.value.as_str())
        .collect();
    let drafts: BTreeMap<&str, Digest> = drafts
        .into_iter()
        .flat_map(|planned| &planned.plan.steps)
        .filter(|step| !drawn.contains(step.spec.id.as_str()))
        .filter_map(|step| Some((step.spec.id.as_str(), step.digest?)))
        .collect();
    let needs = Needs::new(&real.plan.steps);
    let mut rows: Vec<Row> = real
        .asked_for()
        .into_iter()
        .map(|step| row(step, &needs, real, &carousels, &drafts))
        .collect();
    rows.sort_by(|a, b| (&a.manifest, &a.id).cmp(&(&b.manifest, &b.id)));
    rows
}

fn row(
    step: &Step,
    needs: &Needs<'_>,
    planned: &Planned,
    carousels: &BTreeSet<&str>,
    drafts: &BTreeMap<&str, Digest>,
) -> Row {
    let spec = &step.spec;
    let locked = planned.lock.assets.get(&spec.id);
    let above = spec.id.rsplit_once('/').map(|(above, _)| above);
    let shot = step
        .trace
        .shots
        .last()
        .and_then(|shot| shot.answer.as_ref());
    let bill = Bill::of(needs.of(&spec.id));
    Row {
        id: spec.id.clone(),
        manifest: spec.place.source.name.clone(),
        carousel: above
            .filter(|above| carousels.contains(above))
            .map(str::to_owned),
        bundle: spec.bundle().is_some(),
        output: spec.output.as_str().to_owned(),
        width: spec.preset.width,
        height: spec.preset.height,
        format: spec.format(),
        target: spec.preset.name.clone(),
        published: plan::foreign(needs.of(&spec.id), &planned.project.manifest.models)
            .map(|sum| sum.to_string()),
        model: spec.requests().last().map(|shot| shot.model.to_string()),
        state: match &step.verdict {
            Verdict::Fresh => Standing::Fresh,
            Verdict::Blocked if step.reason.is_by_hand() => Standing::Manual,
            Verdict::Blocked => Standing::Blocked,
            _ if locked.is_some() => Standing::Stale,
            _ => Standing::Draft,
        },
        making: matches!(step.reason, Reason::BeingMade(_)),
        reason: match &step.reason {
            Reason::None => None,
            reason => Some(reason.to_string()),
        },
        to_do: !matches!(step.verdict, Verdict::Fresh | Verdict::Blocked),
        requests: bill.requests,
        price: bill.price().map(|micro| micro.0),
        up_to: bill.up_to,
        draft: drafts.get(spec.id.as_str()).copied(),
        real: step.digest.or_else(|| locked.map(|locked| locked.digest)),
        candidates: shot.map_or(0, |answer| answer.candidates.len()),
        pick: shot.map_or(0, |answer| answer.pick),
    }
}
