//! One asset as the page shows it, and the whole of them: taken from a plan for the real pictures and one
//! for the drafts. Knows nothing of how it is shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::digest::Digest;
use crate::pipeline::Planned;
use crate::plan::{Bill, Needs, Reason, Step, Verdict};

/// One asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The file that declares it.
    pub manifest: String,
    /// The carousel that it is a slide of, or that it is made from.
    pub carousel: Option<String>,
    /// All slides of a carousel in one file.
    pub bundle: bool,
    /// Where the real picture goes.
    pub output: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `png`, `jpeg`, `webp`, `pdf`.
    pub format: &'static str,
    /// The preset's name.
    pub target: String,
    /// Who makes the last shot.
    pub model: Option<String>,
    /// How things stand.
    pub state: Standing,
    /// Why.
    pub reason: Option<String>,
    /// It is being asked for just now, by this process or by another one.
    pub making: bool,
    /// Whether there is anything to make, or to put back.
    pub to_do: bool,
    /// How many paid requests that takes, with those for what it is made from.
    pub requests: usize,
    /// What they cost, in micro-dollars; none is unknown.
    pub price: Option<u64>,
    /// It may turn out to cost less.
    pub up_to: bool,
    /// The draft.
    pub draft: Option<Digest>,
    /// The real picture: what is at the output's path, or what the lock says belongs there.
    pub real: Option<Digest>,
    /// How many candidates its last shot has.
    pub candidates: usize,
    /// The chosen one, from 1.
    pub pick: usize,
}

/// How things stand with an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The real picture is what the manifests say.
    Fresh,
    /// There is only a draft.
    Draft,
    /// There is a real picture, and it is not what the manifests say now, or not in its place.
    Stale,
    /// Nothing will be done before a person did something.
    Blocked,
}

/// Every asset that was asked for, in the order of the manifests' names and the ids.
pub fn rows(real: &Planned, drafts: Option<&Planned>) -> Vec<Row> {
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
        model: spec.requests().last().map(|shot| shot.model.to_string()),
        state: match &step.verdict {
            Verdict::Fresh => Standing::Fresh,
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
