//! The verdict on each asset, with its reason and its price: a pure function of the facts that were looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::explain::{Change, changes};
use crate::facts::{Facts, Sources};
use crate::key::{self, Ingredients, Key, SHOT};
use crate::lock::{Lock, LockedAsset};
use crate::order::order;
use crate::{
    Answer, Disk, Flaw, Known, Lost, Observed, Plan, Reason, Step, Trace, Unusable, Verdict,
    Waiting, decide, unusable,
};
use base::diagnostic::count;
use base::digest::Digest;
use declare::spec::{Recipe, Spec};
use model::request::{Picture, Request};
use model::{Micro, ModelId, Models, Money};
use store::Payer;

/// If more slides of a bundle changed than this, they are counted and not named.
const SLIDES_NAMED: usize = 3;

/// Says why a model cannot be asked.
pub type Reach<'a> = Box<dyn Fn(&ModelId) -> Option<Reason> + Sync + 'a>;

/// What verdicts go by besides the facts. They look at nothing.
pub struct Rules<'a> {
    /// What models can do and cost.
    pub models: &'a Models,
    /// What was agreed on.
    pub lock: &'a Lock,
    /// Why a model cannot be asked; none if it can.
    pub reach: Reach<'a>,
    /// `--force`.
    pub force: bool,
    /// `--locked`.
    pub locked_only: bool,
    /// The shots whose requests may have been paid for without an answer, and what to tell of them;
    /// none with `--retry-in-doubt`.
    pub doubts: BTreeMap<Key, String>,
    /// Who asks for which shot just now.
    pub payers: &'a BTreeMap<Key, Payer>,
    /// The shots that are paid for and on their way.
    pub pending: &'a BTreeSet<Key>,
}

/// Where to look, and how to judge what is found.
pub struct Observer<'a> {
    /// Where to look.
    pub sources: Sources<'a>,
    /// How to judge.
    pub rules: Rules<'a>,
}

/// The plan for the specs that are selected, and for those whose pictures they take. Looks for the facts of all that
/// take nothing at once, then of all that take only of these, and so on: what they take decides about their keys.
pub fn plan(
    specs: Vec<Arc<Spec>>,
    observer: &Observer<'_>,
    is_selected: &(dyn Fn(&str) -> bool + Sync),
) -> Plan {
    let Observer { sources, rules } = observer;
    let specs = order(specs);
    let wanted = with_what_they_take(&specs, is_selected);
    let (alone, bound): (Vec<Arc<Spec>>, Vec<Arc<Spec>>) = specs
        .into_iter()
        .filter(|spec| wanted.contains(&spec.id))
        .partition(|spec| spec.takes().next().is_none());
    let nothing = Known::default();
    let facts = sources.look(&alone, &nothing);
    let mut steps: Vec<Step> = alone
        .into_par_iter()
        .zip(facts)
        .map(|(spec, facts)| rules.judge(spec, facts, &nothing, None))
        .collect();
    let mut waiting = Waiting::default();
    if !bound.is_empty() {
        for step in &steps {
            waiting.note(step, rules);
        }
        let mut decided: BTreeMap<String, Step> = BTreeMap::new();
        for level in levels(&bound) {
            let here = waiting.decide(&level, observer).into_iter();
            decided.extend(here.map(|step| (step.spec.id.clone(), step)));
        }
        steps.extend(bound.iter().filter_map(|spec| decided.remove(&spec.id)));
    }
    share(&mut steps);
    Plan { steps, waiting }
}

/// Specs that take something, in order, as lists each of which takes only of those before it.
fn levels(bound: &[Arc<Spec>]) -> Vec<Vec<Arc<Spec>>> {
    let mut level_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<Arc<Spec>>> = Vec::new();
    for spec in bound {
        let above = spec.takes().filter_map(|id| level_of.get(id));
        let level = above.max().map_or(0, |level| level + 1);
        level_of.insert(&spec.id, level);
        if levels.len() == level {
            levels.push(Vec::new());
        }
        levels[level].push(Arc::clone(spec));
    }
    levels
}

/// Shots that several assets have in common are paid for once: by the first of them.
fn share(steps: &mut [Step]) {
    let mut first: BTreeMap<Key, Arc<Spec>> = BTreeMap::new();
    let paid = |step: &&mut Step| step.requests() + step.withheld_requests() > 0;
    for step in steps.iter_mut().filter(paid) {
        // Where work begins; what waits for another picture has no key yet, and is not told apart.
        let Some(key) = step.trace.shots.last().map(|shot| shot.key) else {
            continue;
        };
        match first.get(&key) {
            Some(other) if other.requests() == step.spec.requests() => {
                step.shares = Some(other.id.clone());
                step.estimate = Some(Micro(0));
            }
            Some(_) => {}
            None => {
                first.insert(key, Arc::clone(&step.spec));
            }
        }
    }
}

fn with_what_they_take(
    specs: &[Arc<Spec>],
    is_selected: &(dyn Fn(&str) -> bool + Sync),
) -> BTreeSet<String> {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    // Takers come after what they take: backwards, each is known to be wanted when it is met.
    for spec in specs.iter().rev() {
        if is_selected(&spec.id) || wanted.contains(&spec.id) {
            wanted.insert(spec.id.clone());
            wanted.extend(spec.takes().map(str::to_owned));
        }
    }
    wanted
}

impl Rules<'_> {
    /// What is to happen to one asset: a pure function of the facts, and of what is `known` of those that it takes;
    /// `behind` is what it takes and will not come, and why.
    pub(super) fn judge(
        &self,
        spec: Arc<Spec>,
        mut facts: Facts,
        known: &Known,
        behind: Option<(&str, Lost)>,
    ) -> Step {
        let locked = self.lock.assets.get(&spec.id);
        let seen = Observed {
            behind: behind.map(|(id, why)| match why {
                Lost::Blocked | Lost::Withheld => Reason::Behind(id.to_owned()),
                Lost::ByHand => Reason::BehindHand(id.to_owned()),
                Lost::Failed => Reason::BehindFailed(id.to_owned()),
                Lost::Pending => Reason::BehindPending(id.to_owned()),
            }),
            ..self.observed(&spec, &facts, locked)
        };
        let (verdict, mut reason) = decide(&seen);
        let compares = self.compares(&spec, &facts, &verdict, &reason);
        if let (Reason::Changed(_), Some(locked)) = (&reason, locked) {
            reason = why_changed(&spec, locked, &facts, &known.pictures);
        }
        let mut trace = std::mem::take(&mut facts.trace);
        // Work that would begin, if there were somebody to ask.
        let held = verdict == Verdict::Blocked && reason.is_unreachable();
        let begins = match held && trace.waits_on.is_none() {
            true => Verdict::Make,
            false => verdict.clone(),
        };
        let unread = self.unread(&spec, &begins, &trace, &facts);
        if begins == Verdict::Make {
            drop_lost(&mut trace, &facts);
        }
        let first = self.begins_with(&begins, &trace);
        let pending = first.is_some_and(|key| self.pending.contains(&key));
        let begun = self.begun(first, unread, &verdict, held);
        let (verdict, reason) = begun.unwrap_or((verdict, reason));
        let (verdict, reason) = match self.unusable(&spec, &begins, &trace, &facts.flaws) {
            Some(told) => (Verdict::Blocked, Reason::Unusable(told.line())),
            None => (verdict, reason),
        };
        let takes = spec
            .takes()
            .filter_map(|id| Some((id.to_owned(), known.taken(&spec, id)?)));
        let withheld = match (&reason, behind) {
            (Reason::Behind(_), Some((_, why))) => why == Lost::Withheld,
            _ => verdict == Verdict::Blocked && reason.is_withheld(),
        };
        let step = Step {
            takes: takes.collect(),
            spec,
            trace,
            verdict,
            reason,
            digest: match seen.disk {
                Disk::Is(digest) => Some(digest),
                _ => None,
            },
            estimate: Some(Micro(0)),
            up_to: false,
            withheld,
            pending,
            shares: None,
            compares,
            only_compare: false,
        };
        self.priced(explained(step, facts.export_before))
    }

    /// The verdict where the request with which work begins was sent before, or something that it led to is `unread`;
    /// `held`: it could not be sent now.
    fn begun(
        &self,
        first: Option<Key>,
        unread: Option<String>,
        verdict: &Verdict,
        held: bool,
    ) -> Option<(Verdict, Reason)> {
        let payer = first.and_then(|key| self.payers.get(&key));
        let doubt = first.and_then(|key| self.doubts.get(&key));
        let pending = first.is_some_and(|key| self.pending.contains(&key));
        match (payer, doubt) {
            (Some(payer), _) if !held => {
                Some((verdict.clone(), Reason::BeingMade(payer.to_string())))
            }
            (None, _) if pending && !held => Some((verdict.clone(), Reason::Pending)),
            (None, Some(what)) => Some((Verdict::Blocked, Reason::InDoubt(what.clone()))),
            // What is on its way is taken in over it.
            (None, None) if !pending => Some((Verdict::Blocked, Reason::Unread(unread?))),
            _ => None,
        }
    }

    /// A step with what its requests cost, if it has any.
    fn priced(&self, mut step: Step) -> Step {
        if step.requests() + step.withheld_requests() > 0 {
            step.estimate = estimate(&step, self.models);
            // Whoever makes it pays; if that comes to nothing, it is asked for here.
            step.up_to = matches!(step.verdict, Verdict::Wait(_))
                || step.trace.waits_on.is_some()
                || matches!(step.reason, Reason::BeingMade(_));
        }
        step
    }

    /// The verdict on an asset that is blocked by a file of which nothing is known, if it can be found out, for
    /// nothing, whether that file is its own: a power cut may spare an output and take what told of it.
    fn compares(
        &self,
        spec: &Spec,
        facts: &Facts,
        verdict: &Verdict,
        reason: &Reason,
    ) -> Option<Verdict> {
        let unknown = *verdict == Verdict::Blocked && *reason == Reason::Foreign("a file");
        if !unknown || facts.stored.is_some() || self.locked_only {
            return None;
        }
        let picture = facts.trace.picture(spec);
        if picture.is_some() && facts.flaws.contains_key(&(spec.requests().len() - 1)) {
            // Nothing comes of it: the file is what a person put in its place.
            return None;
        }
        match spec.recipe {
            Recipe::Bundle(_) => facts.trace.export.map(|_| Verdict::Export),
            Recipe::Shots(_) if facts.is_kept(picture) => Some(Verdict::Export),
            Recipe::Shots(_) => (!spec.is_paid()).then_some(Verdict::Make),
        }
    }

    /// What would have to be used and cannot be: the last picture, or before a further shot that goes by it
    /// any other.
    fn unusable(
        &self,
        spec: &Spec,
        verdict: &Verdict,
        trace: &Trace,
        flaws: &BTreeMap<usize, Flaw>,
    ) -> Option<Unusable> {
        let used = match verdict {
            Verdict::Export => trace.shots.len().saturating_sub(1)..trace.shots.len(),
            Verdict::Make => 0..trace.shots.len(),
            _ => return None,
        };
        used.into_iter().find_map(|n| {
            trace.shots.get(n)?.answer.as_ref()?;
            unusable(self.models, spec, n, flaws.get(&n)?)
        })
    }

    /// What to tell where a shot would be asked for of which the store has something that cannot be read: it is paid for
    /// already. What is drawn here is drawn again over it.
    fn unread(
        &self,
        spec: &Spec,
        verdict: &Verdict,
        trace: &Trace,
        facts: &Facts,
    ) -> Option<String> {
        if *verdict != Verdict::Make || !spec.is_paid() {
            return None;
        }
        let pictures = trace.shots.iter().filter_map(|shot| shot.answer.as_ref());
        let mut pictures = pictures.filter_map(Answer::picked);
        let unread = pictures.find_map(|picture| facts.unread.get(&picture));
        unread.or(trace.unread.as_ref()).cloned()
    }

    /// The key of the shot with which work would begin.
    fn begins_with(&self, verdict: &Verdict, trace: &Trace) -> Option<Key> {
        let nothing = self.doubts.is_empty() && self.payers.is_empty() && self.pending.is_empty();
        if *verdict != Verdict::Make || nothing {
            return None;
        }
        let first = trace.shots.iter().find(|shot| shot.answer.is_none())?;
        Some(first.key)
    }

    fn observed(&self, spec: &Spec, facts: &Facts, locked: Option<&LockedAsset>) -> Observed {
        let locked_digest = locked.map(|locked| locked.digest);
        let settled =
            matches!(facts.disk, Disk::Is(d) if facts.lock_holds && Some(d) == locked_digest);
        Observed {
            pinned: spec.pin,
            locked: locked_digest,
            lock_holds: facts.lock_holds,
            accepted: locked.is_some_and(|locked| locked.accepted),
            stored: facts.stored,
            disk: facts.disk,
            disk_in_store: facts.disk_in_store,
            locked_in_store: facts.is_kept(locked_digest),
            stored_in_store: facts.is_kept(facts.stored),
            picture_in_store: match spec.recipe {
                // Its slides are in place, or can be put there.
                Recipe::Bundle(_) => !settled && facts.trace.export.is_some(),
                Recipe::Shots(_) => facts.is_kept(facts.trace.picture(spec)),
            },
            waits_on: facts.trace.waits_on.clone(),
            behind: None,
            retired: retired(spec, self.models),
            unreachable: match spec.is_by_hand() {
                true => Some(Reason::ByHand(spec.id.clone())),
                false => asked(spec).and_then(|request| (self.reach)(&request.model)),
            },
            force: self.force,
            locked_only: self.locked_only,
        }
    }

    /// The picture that other assets take of this one; none if it is still to be made.
    pub(super) fn picture(&self, step: &Step) -> Option<Digest> {
        let locked = self.lock.assets.get(&step.spec.id);
        match (&step.verdict, locked) {
            (Verdict::Make | Verdict::Wait(_), _) => None,
            (_, Some(locked)) if locked.accepted && step.spec.pin => Some(locked.digest),
            (_, Some(locked)) if step.spec.pin => locked.shots.last()?.picked(),
            (Verdict::Fresh, Some(locked)) if locked.accepted => Some(locked.digest),
            _ => step.trace.picture(&step.spec),
        }
    }
}

/// Why an asset is not as the lock says: what changed, or that its picture is nowhere.
fn why_changed(
    spec: &Spec,
    locked: &LockedAsset,
    facts: &Facts,
    pictures: &BTreeMap<String, Digest>,
) -> Reason {
    let names = changed(spec, locked, facts, pictures);
    let picture = facts.trace.picture(spec);
    match names.is_empty() && picture.is_some() {
        false => Reason::Changed(names),
        // Another candidate, whose export is in the store.
        true if facts.is_kept(picture) => Reason::ExportChanged(Vec::new()),
        true => Reason::PictureLost,
    }
}

/// The names of what changed since the locked picture was made, if the store still knows.
fn changed(
    spec: &Spec,
    locked: &LockedAsset,
    facts: &Facts,
    pictures: &BTreeMap<String, Digest>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (n, request) in spec.requests().iter().enumerate() {
        let Some(before) = locked.shots.get(n) else {
            names.push("edit steps".to_owned());
            break;
        };
        let previous = n.checked_sub(1).and_then(|n| locked.shots.get(n)?.picked());
        let Ok(now) = key::shot(request, |picture| answer(picture, pictures, previous)) else {
            break;
        };
        if now.key(SHOT) == before.key {
            continue;
        }
        let Some(ingredients) = facts.shots_before.get(&before.key) else {
            continue;
        };
        add_new(&mut names, &changes(ingredients, &now));
        // Another model asks for everything otherwise: that it is another one says it all.
        if names.iter().any(|name| name == "model") {
            return vec!["model".to_owned()];
        }
    }
    names
}

/// Adds the names of changes, each once.
fn add_new(names: &mut Vec<String>, changes: &[Change]) {
    for name in changes.iter().flat_map(Change::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// A step that names what changed of its export, if that is why.
fn explained(mut step: Step, before: Option<Ingredients>) -> Step {
    if let Reason::ExportChanged(_) = &step.reason {
        step.reason = Reason::ExportChanged(export_changed(&step, before));
    }
    step
}

/// The names of what changed since the locked output was exported, if the store still knows.
fn export_changed(step: &Step, before: Option<Ingredients>) -> Vec<String> {
    let spec = &step.spec;
    let now = step.bundled().or_else(|| {
        let (shots, picture) = (spec.shots()?, step.trace.picture(spec)?);
        Some(key::export(&shots.export, shots.overlay.as_ref(), picture))
    });
    let (Some(before), Some(now)) = (before, now) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    add_new(&mut names, &changes(&before, &now));
    let (slides, mut names): (Vec<String>, Vec<String>) = names
        .into_iter()
        .partition(|name| name.starts_with("slide "));
    if slides.len() > SLIDES_NAMED {
        names.push(count(slides.len(), "slide"));
    } else {
        names.extend(slides);
    }
    names
}

/// What is known of a picture.
fn answer(
    picture: &Picture,
    pictures: &BTreeMap<String, Digest>,
    previous: Option<Digest>,
) -> Option<Digest> {
    match picture {
        Picture::File(_, digest) => Some(*digest),
        Picture::Asset(id) => pictures.get(id).copied(),
        Picture::Previous => previous,
    }
}

/// What to say of the model of an asset, if it answers no more. All shots of an asset are of one model.
fn retired(spec: &Spec, models: &Models) -> Option<String> {
    asked(spec).and_then(|shot| models.retired(&shot.model))
}

/// The first shot of an asset that a provider is asked for.
fn asked(spec: &Spec) -> Option<&Request> {
    spec.requests().iter().find(|shot| shot.is_paid())
}

/// What the shots that are not answered cost, by the price table.
pub fn estimate(step: &Step, models: &Models) -> Option<Micro> {
    let estimates = unanswered(step).map(|request| request_estimate(models, request));
    estimates.sum()
}

/// The part of it whose price is published in another currency, in that: of the steps with `requests`, be it those that are
/// asked for now, or those that would be if nothing but a key or the person's trust were not missing.
pub fn foreign<'a>(
    steps: impl IntoIterator<Item = &'a Step>,
    models: &Models,
    requests: fn(&Step) -> usize,
) -> Option<Money> {
    let asking = steps.into_iter().filter(|step| requests(step) > 0);
    let quotes = asking
        .flat_map(unanswered)
        .filter_map(|request| quote(models, request)?.foreign());
    quotes.reduce(|sum, quote| sum.plus(quote).unwrap_or(sum))
}

/// The shots of a step that are to be asked for, or drawn.
fn unanswered(step: &Step) -> impl Iterator<Item = &Request> {
    let mut pending = step.pending;
    let shots = step.spec.requests().iter().enumerate();
    shots.filter_map(move |(n, request)| {
        let shot = step.trace.shots.get(n);
        let answered = shot.is_some_and(|shot| shot.answer.is_some());
        // The first one without an answer is on its way: it is in the bill already.
        (!answered && !std::mem::take(&mut pending)).then_some(request)
    })
}

/// An answer whose picture is nowhere is none: the shot is asked for again, and paid for.
fn drop_lost(trace: &mut Trace, facts: &Facts) {
    for shot in &mut trace.shots {
        let kept = |answer: &Answer| facts.is_kept(answer.picked());
        shot.answer = shot.answer.take().filter(kept);
    }
}

/// What one request costs, by the price table, in dollars; see [`quote`].
pub fn request_estimate(models: &Models, request: &Request) -> Option<Micro> {
    let quoted = quote(models, request)?;
    Some(models.rates().in_dollars(quoted))
}

/// What one request costs, as it is published; nothing for a drawing, or for a model that answers no more, since
/// it is not sent. Pictures of the same project are as large as what is asked for here.
pub fn quote(models: &Models, request: &Request) -> Option<Money> {
    let Some(prompt) = request.prompt() else {
        return Some(Money::default());
    };
    let known = models.get(&request.model)?;
    if known.retired_on.is_some() {
        return Some(Money::default());
    }
    let sizes = vec![(request.width, request.height); prompt.pictures().count()];
    model::quote(
        known,
        prompt.quality.as_deref().unwrap_or_default(),
        (request.width, request.height),
        prompt.candidates,
        prompt.text.chars().count(),
        &sizes,
    )
}
