//! Looks at lock, store and outputs, and makes the [`Plan`]: a step for each selected asset, with the
//! verdict that [`decide`] gives on what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::count;
use crate::digest::Digest;
use crate::export;
use crate::fs::Root;
use crate::key::{self, Key, SHOT};
use crate::lock::{Lock, LockedAsset};
use crate::model::{self, Micro, ModelId, Models};
use crate::path::ProjectPath;
use crate::plan::explain::changes;
use crate::plan::order::order;
use crate::plan::trace::trace;
use crate::plan::{
    Answer, Disk, Known, Lost, Observed, Plan, Reason, Recall, Step, Trace, Verdict, Waiting,
    decide,
};
use crate::provider::request::{Picture, Request};
use crate::spec::Spec;
use crate::store::{MAX_OBJECT_BYTES, Payer, Store};
use crate::world::Signature;

/// If more slides of a bundle changed than this, they are counted and not named.
const SLIDES_NAMED: usize = 3;

/// Says why a model cannot be asked.
pub type Reach<'a> = Box<dyn Fn(&ModelId) -> Option<Reason> + Sync + 'a>;

/// Where to look, and how to judge.
pub struct Observer<'a> {
    /// The project.
    pub root: &'a Root,
    /// What was made.
    pub store: &'a Store,
    /// What models can do and cost.
    pub models: &'a Models,
    /// What was agreed on.
    pub lock: &'a Lock,
    /// The lock by key.
    pub recall: &'a Recall,
    /// Digests of outputs that are known by their signatures.
    pub known: &'a BTreeMap<String, (Signature, Digest)>,
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

/// The plan for the specs that are selected, and for those whose pictures they take.
pub fn plan(
    specs: Vec<Arc<Spec>>,
    observer: &Observer<'_>,
    is_selected: &(dyn Fn(&str) -> bool + Sync),
) -> Plan {
    let specs = order(specs);
    let wanted = with_what_they_take(&specs, is_selected);
    let (alone, bound): (Vec<Arc<Spec>>, Vec<Arc<Spec>>) = specs
        .into_iter()
        .filter(|spec| wanted.contains(&spec.id))
        .partition(|spec| spec.takes().next().is_none());
    let nothing = Known::default();
    let mut steps: Vec<Step> = alone
        .into_par_iter()
        .map(|spec| observer.step(spec, &nothing, None))
        .collect();
    let mut waiting = Waiting::default();
    if !bound.is_empty() {
        for step in &steps {
            waiting.note(step, observer);
        }
        steps.extend(bound.iter().map(|spec| waiting.decide(spec, observer)));
    }
    share(&mut steps);
    Plan { steps, waiting }
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
            Some(other) if other.shots == step.spec.shots => {
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

impl Observer<'_> {
    /// What is to happen to one asset; `behind` is what it takes and will not come, and why.
    pub(super) fn step(
        &self,
        spec: Arc<Spec>,
        known: &Known,
        behind: Option<(&str, Lost)>,
    ) -> Step {
        let locked = self.lock.assets.get(&spec.id);
        let mut trace = trace(&spec, locked, self.store, self.recall, known);
        let seen = Observed {
            behind: behind.map(|(id, why)| match why {
                Lost::Blocked | Lost::Withheld => Reason::Behind(id.to_owned()),
                Lost::Failed => Reason::BehindFailed(id.to_owned()),
            }),
            ..self.observe(&spec, &trace, locked)
        };
        let (verdict, mut reason) = decide(&seen);
        let digest = match seen.disk {
            Disk::Is(digest) => Some(digest),
            _ => None,
        };
        if let (Reason::Changed(names), Some(locked)) = (&mut reason, locked) {
            *names = self.changed(&spec, locked, &known.pictures);
            if names.is_empty() && trace.picture(&spec).is_some() {
                reason = Reason::PictureLost;
            }
        }
        // Work that would begin, if there were somebody to ask.
        let held = verdict == Verdict::Blocked && reason.is_unreachable();
        let begins = match held && trace.waits_on.is_none() {
            true => Verdict::Make,
            false => verdict.clone(),
        };
        if begins == Verdict::Make {
            // An answer whose picture is nowhere is none: the shot is asked for again, and paid for.
            for shot in &mut trace.shots {
                let kept = |answer: &Answer| answer.picked().is_some_and(|d| self.is_kept(&d));
                shot.answer = shot.answer.take().filter(kept);
            }
        }
        let begins_with = self.begins_with(&begins, &trace);
        let payer = begins_with.and_then(|key| self.payers.get(&key));
        let pending = begins_with.is_some_and(|key| self.pending.contains(&key));
        let doubt = begins_with.and_then(|key| self.doubts.get(&key));
        let (verdict, reason) = match (payer, doubt) {
            (Some(payer), _) if !held => (verdict, Reason::BeingMade(payer.to_string())),
            (None, _) if pending && !held => (verdict, Reason::Pending),
            (None, Some(what)) => (Verdict::Blocked, Reason::InDoubt(what.clone())),
            _ => (verdict, reason),
        };
        let (verdict, reason) = match self.unusable(&spec, &begins, &trace) {
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
        let mut step = Step {
            takes: takes.collect(),
            spec,
            trace,
            verdict,
            reason,
            digest,
            estimate: Some(Micro(0)),
            up_to: false,
            withheld,
            pending,
            shares: None,
            only_compare: false,
        };
        if let (Reason::ExportChanged(_), Some(locked)) = (&step.reason, locked) {
            step.reason = Reason::ExportChanged(self.export_changed(&step, locked));
        }
        if step.requests() + step.withheld_requests() > 0 {
            step.estimate = estimate(&step, self.models);
            // Whoever makes it pays; if that comes to nothing, it is asked for here.
            step.up_to = matches!(step.verdict, Verdict::Wait(_))
                || step.trace.waits_on.is_some()
                || matches!(step.reason, Reason::BeingMade(_));
        }
        step
    }

    /// Turns a step that is blocked by a file of which nothing is known into one that finds out, for nothing,
    /// whether that file is its own: a power cut may spare an output and take what told of it.
    pub fn compare(&self, step: &mut Step) {
        let unknown = step.verdict == Verdict::Blocked && step.reason == Reason::Foreign("a file");
        let stored = step.trace.export.and_then(|key| {
            let recalled = self.recall.export(&key);
            recalled.or_else(|| self.store.export(&key).map(|entry| entry.output))
        });
        if !unknown || stored.is_some() || self.locked_only {
            return;
        }
        let picture = match step.spec.bundle {
            Some(_) => step.trace.export.is_some(),
            None => step
                .trace
                .picture(&step.spec)
                .is_some_and(|d| self.is_kept(&d)),
        };
        let mut shots = step.spec.shots.iter();
        if let Some(picture) = step.trace.picture(&step.spec)
            && self.store.flaw(&picture).is_some()
        {
            // Nothing comes of it: the file is what a person put in its place.
            return;
        }
        step.verdict = match picture {
            true => Verdict::Export,
            false if step.spec.bundle.is_none() && shots.all(|shot| shot.page.is_some()) => {
                Verdict::Make
            }
            false => return,
        };
        step.only_compare = true;
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

    fn observe(&self, spec: &Spec, trace: &Trace, locked: Option<&LockedAsset>) -> Observed {
        let stored = trace.export.and_then(|key| {
            let recalled = self.recall.export(&key);
            recalled.or_else(|| self.store.export(&key).map(|entry| entry.output))
        });
        let lock_holds = locked.is_some_and(|locked| trace.holds(spec, locked));
        let disk = self.disk(&spec.output);
        let locked_digest = locked.map(|locked| locked.digest);
        // The store is only looked into where the answer matters: a fresh asset costs one stat.
        let settled = lock_holds && matches!(disk, Disk::Is(d) if Some(d) == locked_digest);
        let whole =
            |digest: Option<Digest>| !settled && digest.is_some_and(|digest| self.is_kept(&digest));
        Observed {
            pinned: spec.pin,
            locked: locked_digest,
            lock_holds,
            accepted: locked.is_some_and(|locked| locked.accepted),
            stored,
            disk,
            disk_in_store: match disk {
                Disk::Is(digest) if Some(digest) != locked_digest => self.store.is_whole(&digest),
                _ => false,
            },
            locked_in_store: whole(locked_digest),
            stored_in_store: whole(stored),
            picture_in_store: match spec.bundle {
                // Its slides are in place, or can be put there.
                Some(_) => !settled && trace.export.is_some(),
                None => whole(trace.picture(spec)),
            },
            waits_on: trace.waits_on.clone(),
            behind: None,
            retired: retired(spec, self.models),
            unreachable: asked(spec).and_then(|request| (self.reach)(&request.model)),
            force: self.force,
            locked_only: self.locked_only,
        }
    }

    /// Whether these bytes are in the store, or in an output that the lock names.
    fn is_kept(&self, digest: &Digest) -> bool {
        self.store.is_whole(digest)
            || self.recall.file(digest).is_some_and(|path| {
                ProjectPath::new(path)
                    .ok()
                    .and_then(|path| self.root.read(&path, MAX_OBJECT_BYTES).ok())
                    .is_some_and(|bytes| Digest::of(&bytes) == *digest)
            })
    }

    /// What is at an output's path.
    fn disk(&self, output: &ProjectPath) -> Disk {
        let path = self.root.at(output);
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            return Disk::Missing;
        };
        if meta.is_symlink() {
            return Disk::Odd("a symbolic link");
        }
        if meta.is_dir() {
            return Disk::Odd("a folder");
        }
        if !meta.is_file() {
            return Disk::Odd("a device or pipe");
        }
        if let Some((signature, digest)) = self.known.get(output.as_str())
            && Some(*signature) == Signature::of(&path)
        {
            return Disk::Is(*digest);
        }
        match self.root.read_output(output, MAX_OBJECT_BYTES) {
            Ok(bytes) if export::is_cut(&bytes) => Disk::Cut,
            Ok(bytes) => Disk::Is(Digest::of(&bytes)),
            Err(_) => Disk::Odd("a file that cannot be read"),
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

    /// The names of what changed since the locked picture was made, if the store still knows.
    fn changed(
        &self,
        spec: &Spec,
        locked: &LockedAsset,
        pictures: &BTreeMap<String, Digest>,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (n, request) in spec.shots.iter().enumerate() {
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
            let Some(entry) = self.store.shot(&before.key) else {
                continue;
            };
            for change in changes(&entry.ingredients, &now) {
                if !names.contains(&change.name) {
                    names.push(change.name);
                }
            }
            // Another model asks for everything otherwise: that it is another one says it all.
            if names.iter().any(|name| name == "model") {
                return vec!["model".to_owned()];
            }
        }
        names
    }

    fn export_changed(&self, step: &Step, locked: &LockedAsset) -> Vec<String> {
        let spec = &step.spec;
        let old = self.store.export(&locked.export);
        let new = step.bundled().or_else(|| {
            let picture = step.trace.picture(spec)?;
            Some(key::export(&spec.export, spec.overlay.as_ref(), picture))
        });
        let (Some(old), Some(new)) = (old, new) else {
            return Vec::new();
        };
        let names = changes(&old.ingredients, &new)
            .into_iter()
            .map(|change| change.name);
        let (slides, mut names): (Vec<String>, Vec<String>) =
            names.partition(|name| name.starts_with("slide "));
        if slides.len() > SLIDES_NAMED {
            names.push(count(slides.len(), "slide"));
        } else {
            names.extend(slides);
        }
        names
    }
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
    spec.shots.iter().find(|shot| shot.page.is_none())
}

/// What the shots that are not answered cost, by the price table.
fn estimate(step: &Step, models: &Models) -> Option<Micro> {
    let mut sum = Micro(0);
    let mut pending = step.pending;
    for (n, request) in step.spec.shots.iter().enumerate() {
        let answered = step
            .trace
            .shots
            .get(n)
            .is_some_and(|shot| shot.answer.is_some());
        if answered || request.page.is_some() {
            continue;
        }
        if std::mem::take(&mut pending) {
            // It is in the bill already.
            continue;
        }
        sum += price(models, request)?;
    }
    Some(sum)
}

/// What one request costs, by the price table; nothing for a model that answers no more, since it is
/// not sent. Pictures of the same project are as large as what is asked for here.
pub fn price(models: &Models, request: &Request) -> Option<Micro> {
    let known = models.get(&request.model)?;
    if known.retired_on.is_some() {
        return Some(Micro(0));
    }
    let pictures = request.references.len() + usize::from(request.mask.is_some());
    let sizes = vec![(request.width, request.height); pictures];
    model::estimate(
        known,
        request.quality.as_deref().unwrap_or_default(),
        (request.width, request.height),
        request.candidates,
        request.prompt.chars().count(),
        &sizes,
    )
}
