//! One asset as the page shows it, and the whole of them: taken from a plan for the real pictures and one
//! for the drafts. Knows nothing of how it is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::findings::Found;
use crate::execute::time_of;
use crate::pipeline::Planned;
use crate::review::Reviews;
use base::digest::Digest;
use declare::spec::Spec;
use model::request::Request;
use page::{Doubt, Making, Phase, Row, Standing};
use plan::key::Key;
use plan::{Bill, Needs, Reason, Step, Verdict};
use store::ledger::{Entry, Moment};

/// So much of the words of a picture stands in its row, in characters.
const MAX_WORDS: usize = 400;
/// So many assets that wait for one are named.
const MAX_WAITING: usize = 20;

/// Every asset that was asked for, in the order of the manifests' names and the ids. Those of `drawn` show no draft beside
/// their real picture: each save makes that.
pub fn rows(
    real: &Planned,
    drafts: Option<&Planned>,
    drawn: &BTreeSet<&str>,
    found: &Found,
    reviews: &Reviews,
) -> Vec<Row> {
    let manifest = &real.project.manifest;
    let carousels = manifest.carousels.iter();
    let drafts = drafts.into_iter().flat_map(|planned| &planned.plan.steps);
    let mut waited_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for step in &real.plan.steps {
        for taken in step.spec.takes().filter(|_| step.verdict != Verdict::Fresh) {
            waited_by.entry(taken).or_default().push(&step.spec.id);
        }
    }
    let fresh = real.plan.steps.iter();
    let fresh = fresh.filter(|step| step.verdict == Verdict::Fresh);
    let in_place: BTreeSet<&str> = fresh
        .map(|step| step.spec.id.as_str())
        .filter(|id| drawn.contains(id))
        .collect();
    let around = Around {
        planned: real,
        needs: Needs::new(&real.plan.steps),
        carousels: carousels.map(|c| c.name.value.as_str()).collect(),
        drafts: drafts
            .filter(|step| !in_place.contains(step.spec.id.as_str()))
            .filter_map(|step| Some((step.spec.id.as_str(), step.digest?)))
            .collect(),
        waited_by,
        doubts: real
            .doubts
            .iter()
            .map(|entry| (entry.intent.key, entry))
            .collect(),
        found,
        reviews,
    };
    let asked_for = real.asked_for().into_iter();
    let mut rows: Vec<Row> = asked_for.map(|step| around.row(step)).collect();
    rows.sort_by(|a, b| (&a.manifest, &a.id).cmp(&(&b.manifest, &b.id)));
    rows
}

/// What a row is made of besides its own step.
struct Around<'a> {
    planned: &'a Planned,
    needs: Needs<'a>,
    carousels: BTreeSet<&'a str>,
    drafts: BTreeMap<&'a str, Digest>,
    waited_by: BTreeMap<&'a str, Vec<&'a str>>,
    doubts: BTreeMap<Key, &'a Entry>,
    found: &'a Found,
    reviews: &'a Reviews,
}

impl Around<'_> {
    fn row(&self, step: &Step) -> Row {
        let (planned, spec) = (self.planned, &step.spec);
        let locked = planned.lock.assets.get(&spec.id);
        let above = spec.id.rsplit_once('/').map(|(above, _)| above);
        let last = step.trace.shots.last();
        let shot = last.and_then(|shot| shot.answer.as_ref());
        let needed = self.needs.of(&spec.id);
        let bill = Bill::of(needed.iter().copied());
        let making = self.making(step);
        let doubt = self.doubt(step);
        let waiting = self.waited_by.get(spec.id.as_str());
        Row {
            id: spec.id.clone(),
            manifest: spec.place.source.name.clone(),
            line: spec.place.line_column().0,
            carousel: above
                .filter(|above| self.carousels.contains(above))
                .map(str::to_owned),
            slide: spec.slide.as_ref().map(|(_, number)| *number),
            bundle: spec.bundle().is_some(),
            group: spec.group.clone(),
            template: spec.shots().map(|shots| shots.template.clone()),
            words: words(spec),
            output: spec.output.as_str().to_owned(),
            width: spec.preset.width,
            height: spec.preset.height,
            format: spec.format(),
            target: spec.preset.name.clone(),
            published: plan::foreign(needed, &planned.project.manifest.models, Step::requests)
                .map(|sum| sum.to_string()),
            model: spec.requests().last().map(|shot| shot.model.to_string()),
            state: standing(step, making.is_some(), doubt.is_some(), locked.is_some()),
            reason: Some(step.reason.to_string()).filter(|_| step.reason != Reason::None),
            to_do: !matches!(step.verdict, Verdict::Fresh | Verdict::Blocked),
            requests: bill.requests,
            price: bill.price().map(|micro| micro.0),
            up_to: bill.up_to,
            draft: self.drafts.get(spec.id.as_str()).copied(),
            real: step.digest.or_else(|| locked.map(|locked| locked.digest)),
            candidates: shot.map_or(0, |answer| answer.candidates.len()),
            pick: shot.map_or(0, |answer| answer.pick),
            making,
            waits_on: waits_on(step),
            waited_by: waiting
                .into_iter()
                .flatten()
                .take(MAX_WAITING)
                .map(|id| (*id).to_owned())
                .collect(),
            waited_by_count: waiting.map_or(0, Vec::len),
            doubt,
            findings: self.found.told(step, self.reviews),
            error: None,
            is_gone: matches!(step.reason, Reason::OutputMissing | Reason::Lost)
                && locked.is_some(),
        }
    }

    /// The shot with which work on a step begins.
    fn first(step: &Step) -> Option<(Key, &Request)> {
        let n = step
            .trace
            .shots
            .iter()
            .position(|shot| shot.answer.is_none())?;
        Some((step.trace.shots[n].key, step.spec.requests().get(n)?))
    }

    /// Who asks for it just now.
    fn making(&self, step: &Step) -> Option<Making> {
        let (key, request) = Self::first(step)?;
        let payer = self.planned.payers.get(&key)?;
        let prompt = request.prompt();
        let typical = prompt.and_then(|prompt| {
            let (quality, n) = (prompt.quality.as_deref(), prompt.candidates);
            let what = time_of(&request.model, quality, n);
            self.planned.store.typical_time(&what)
        });
        let own = self.planned.project.name();
        Some(Making {
            phase: Phase::Asking,
            what: request.model.to_string(),
            since: Moment::parse(&payer.since).map_or(0, Moment::millis),
            expected_ms: typical.and_then(|time| u64::try_from(time.as_millis()).ok()),
            cost: step.estimate.map(|micro| micro.0),
            by: match payer.process {
                0 => "another gpbuild".to_owned(),
                process if process == std::process::id() => "page".to_owned(),
                process => format!("process {process}"),
            },
            project: (payer.project != own && !payer.project.is_empty())
                .then(|| payer.project.clone()),
            order: None,
            resume_at: None,
            why: None,
        })
    }

    fn doubt(&self, step: &Step) -> Option<Doubt> {
        if !matches!(step.reason, Reason::InDoubt(_)) {
            return None;
        }
        let entry = self.doubts.get(&Self::first(step)?.0)?;
        let settled = entry.settlement.as_ref();
        Some(Doubt {
            number: entry.number,
            at: entry.at.millis(),
            request_id: settled.and_then(|settled| settled.request_id.clone()),
            model: entry.intent.model.clone(),
            cost: entry.intent.estimate.map(|micro| micro.0),
            why: match settled {
                Some(settled) => settled.why.clone(),
                None => Some("gpbuild ended before the answer came".to_owned()),
            },
        })
    }
}

/// The beginning of all words of a picture.
fn words(spec: &Spec) -> String {
    let words = spec.text.iter().flat_map(|(_, words)| words.each());
    let words: Vec<&str> = words.collect();
    words.join("\n").chars().take(MAX_WORDS).collect()
}

fn standing(step: &Step, making: bool, doubt: bool, locked: bool) -> Standing {
    match &step.verdict {
        _ if making => Standing::Making,
        _ if doubt => Standing::Doubt,
        Verdict::Fresh => Standing::Fresh,
        _ if step.reason == Reason::Pending => Standing::Pending,
        Verdict::Blocked if step.reason.is_by_hand() => Standing::Manual,
        Verdict::Blocked => Standing::Blocked,
        _ if locked => Standing::Stale,
        _ => Standing::Draft,
    }
}

/// The asset whose picture is made first.
fn waits_on(step: &Step) -> Option<String> {
    match &step.verdict {
        Verdict::Wait(id) => Some(id.clone()),
        _ => step.trace.waits_on.clone(),
    }
}
