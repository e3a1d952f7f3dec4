//! One step: draw or fetch the picture, export it, put it in its place. The store has the picture
//! before anything else is done with it. Knows no other step.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::RgbaImage;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::check::overlay_diagnostic;
use crate::execute::{Failed, Finished, PaidClient, RunHandle, Spent};
use crate::output;
use base::diagnostic::{Diagnostic, Exit};
use base::digest::Digest;
use base::fs::{Durability, FsError, Root};
use base::path::ProjectPath;
use declare::spec::{Recipe, Shots, Spec};
use export::ExportError;
use model::Models;
use model::request::{Overlay, Page};
use plan::key::{self, EXPORT, Ingredients, Key, SHOT};
use plan::lock::{Lock, LockedAsset, LockedShot};
use plan::{Answer, Flaw, LockIndex, Step, Verdict, unusable};
use render::Fonts;
use store::{ExportEntry, MAX_OBJECT_BYTES, Roll, ShotEntry, Store};

/// What steps are carried out with.
pub struct Worker {
    /// The project.
    pub root: Root,
    /// Where pictures go first.
    pub store: Store,
    /// What models can do and cost.
    pub models: Arc<Models>,
    /// What pages are drawn with.
    pub fonts: Arc<Fonts>,
    /// What the lock says of the assets: their exports are worth keeping when they are replaced.
    pub locked: Arc<Lock>,
    /// The lock by key.
    pub lock_index: Arc<LockIndex>,
    /// For one decoded picture each.
    pub room: Semaphore,
    /// Who sends paid requests, if anybody does.
    pub paid_client: Option<PaidClient>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What the lock says of the asset from now on.
    pub locked: LockedAsset,
    /// The output's size in bytes.
    pub bytes: u64,
    /// Shots that were made; 0 for what was restored or only exported.
    pub shots: usize,
}

/// Says whose diagnostic it is, and what of data that asset is made for.
fn of_asset(diagnostic: Diagnostic, spec: &Spec) -> Diagnostic {
    let diagnostic = diagnostic.for_asset(&spec.id);
    match &spec.item {
        Some(item) => diagnostic.of_item(&item.shown),
        None => diagnostic,
    }
}

impl Worker {
    /// Carries out a step; a panic in it is a failed step and a bug.
    pub fn finish(&self, step: Step, handle: &RunHandle) -> Finished {
        let mut spent = Spent::default();
        let result = catch_unwind(AssertUnwindSafe(|| self.step(&step, handle, &mut spent)));
        let result = match result {
            Ok(result) => result.map_err(|mut failed| {
                let place = || step.spec.place.clone();
                failed.diagnostic.place.get_or_insert_with(place);
                failed.diagnostic = of_asset(failed.diagnostic, &step.spec);
                failed.blocked |= step.only_compare;
                failed
            }),
            Err(panic) => {
                let what = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                    .unwrap_or_default();
                let bug = Diagnostic::error(format!(
                    "asset `{}`: a bug in gpbuild: {what}",
                    step.spec.id
                ))
                .hint("please report it, with the manifest that shows it");
                Err(Failed::new(Exit::Bug, bug))
            }
        };
        Finished {
            step,
            result,
            spent,
        }
    }

    /// Sends what was gathered for batches; what became of each of these steps, whose requests are in them.
    pub fn send_batches(&self, gathered: Vec<Finished>, handle: &RunHandle) -> Vec<Finished> {
        let Some(paid_client) = &self.paid_client else {
            return gathered;
        };
        let told = Handle::current().block_on(paid_client.send_batches(handle));
        let with_end = |mut finished: Finished| {
            let queued = finished.result.as_ref().err().and_then(|f| f.queued);
            if let Some(failed) = queued.and_then(|key| told.get(&key)) {
                let mut failed = failed.clone();
                let place = || finished.step.spec.place.clone();
                failed.diagnostic.place.get_or_insert_with(place);
                failed.diagnostic = of_asset(failed.diagnostic, &finished.step.spec);
                let sent = failed.in_batch && finished.step.shares.is_none();
                finished.spent.requests += usize::from(sent);
                finished.result = Err(failed);
            }
            finished
        };
        gathered.into_iter().map(with_end).collect()
    }

    fn step(&self, step: &Step, handle: &RunHandle, spent: &mut Spent) -> Result<Made, Failed> {
        match (&step.verdict, &step.spec.recipe) {
            (Verdict::Restore(digest), _) => Ok(self.restore(step, *digest)?),
            (_, Recipe::Bundle(bundle)) => Ok(self.bundle(step, bundle)?),
            (_, Recipe::Shots(shots)) => self.make(step, shots, handle, spent),
        }
    }

    fn restore(&self, step: &Step, digest: Digest) -> Result<Made, Diagnostic> {
        let Some(bytes) = self.kept(&digest)? else {
            return Err(Diagnostic::error(format!(
                "object {} of the store was damaged or removed during the run",
                digest.short()
            ))
            .hint("run `gpbuild` again: it will be made anew"));
        };
        self.replace(step, &bytes)?;
        // The lock already says all there is to say, but perhaps where the picture is: unless the
        // store answered.
        let locked = match self.locked.assets.get(&step.spec.id) {
            Some(locked)
                if locked.digest == digest
                    && (step.spec.pin || step.trace.holds(&step.spec, locked)) =>
            {
                LockedAsset {
                    output: step.spec.output.as_str().to_owned(),
                    ..locked.clone()
                }
            }
            _ => self.locked(step, answers(step), digest)?,
        };
        Ok(Made {
            locked,
            bytes: bytes.len() as u64,
            shots: 0,
        })
    }

    /// Bytes that are in the store, or in an output that the lock names; those go into the store.
    pub(super) fn kept(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Diagnostic> {
        let stored = self.store.get(digest);
        if let Ok(Some(bytes)) = stored {
            return Ok(Some(bytes));
        }
        let path = self
            .lock_index
            .file(digest)
            .and_then(|path| ProjectPath::new(path).ok());
        let bytes = path.and_then(|path| self.root.read(&path, MAX_OBJECT_BYTES).ok());
        let Some(bytes) = bytes.filter(|bytes| Digest::of(bytes) == *digest) else {
            return stored.map_err(told);
        };
        self.store.put(&bytes, Durability::Paid).map_err(told)?;
        Ok(Some(bytes))
    }

    fn make(
        &self,
        step: &Step,
        shots: &Shots,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Made, Failed> {
        // First of all: a text that does not fit is told before anything is paid for.
        let overlay = match &shots.overlay {
            Some(overlay) => Some(self.overlay(&step.spec, overlay)?),
            None => None,
        };
        let mut done = match step.verdict {
            // The last picture is all that is needed, whatever became of those before it.
            Verdict::Export => answers(step),
            _ => Vec::new(),
        };
        let mut made = 0;
        for (n, request) in shots.requests.iter().enumerate().skip(done.len()) {
            let traced = step.trace.shots.get(n);
            let known = traced
                .and_then(|shot| shot.answer.clone())
                .filter(|answer| {
                    answer
                        .picked()
                        .is_some_and(|picked| matches!(self.kept(&picked), Ok(Some(_))))
                });
            let answer = match known {
                Some(answer) => answer,
                None => {
                    made += 1;
                    let previous = done.last().and_then(Answer::picked);
                    self.shot(step, request, previous, handle, spent)?
                }
            };
            done.push(answer);
            if n + 1 < shots.requests.len()
                && let Some(failed) = self.unusable(step, n, &done)
            {
                // The next shot would go by it.
                return Err(failed);
            }
        }
        // Pixels take much more room than files: only so many at once, however many answers came.
        let _room = Handle::current().block_on(self.room.acquire());
        let picked = done
            .last()
            .and_then(Answer::picked)
            .ok_or_else(no_picture)?;
        let picture = self.kept(&picked)?.ok_or_else(no_picture)?;
        let bytes = match &overlay {
            Some(pixels) => export::export_under(&shots.export, &picture, pixels),
            None => export::export(&shots.export, &picture),
        }
        .map_err(|e| self.not_exported(step, &done, &picture, &e))?;
        let ingredients = key::export(&shots.export, shots.overlay.as_ref(), picked);
        let digest = self.deliver(step, &bytes, ingredients)?;
        Ok(Made {
            locked: self.locked(step, done, digest)?,
            bytes: bytes.len() as u64,
            shots: made,
        })
    }

    /// Why nothing came of a picture: its own fault, if it was made elsewhere and cannot be decoded, or not.
    fn not_exported(
        &self,
        step: &Step,
        done: &[Answer],
        picture: &[u8],
        error: &ExportError,
    ) -> Failed {
        if let Err(flaw) = export::check(picture) {
            // Only a note: without it, the next run finds out by itself.
            let _ = self.store.put_flaw(&Digest::of(picture), &flaw.to_string());
            let last = done.len().saturating_sub(1);
            if let Some(failed) = self.unusable(step, last, done) {
                return failed;
            }
        }
        Diagnostic::error(error.to_string()).into()
    }

    /// What to tell of the picture of the shot `n`, if it cannot be used.
    fn unusable(&self, step: &Step, n: usize, done: &[Answer]) -> Option<Failed> {
        let previous = n.checked_sub(1).and_then(|n| done.get(n)?.picked());
        let request = step.spec.requests().get(n)?;
        let ingredients = key::shot(request, |picture| step.digest_of(picture, previous)).ok()?;
        let key = ingredients.key(SHOT);
        let flaw = Flaw::look(&self.store, &key, done.get(n)?)?;
        let told = unusable(&self.models, &step.spec, n, &flaw)?;
        let error = Diagnostic::error(told.what);
        let diagnostic = told.ways.into_iter().fold(error, Diagnostic::hint);
        Some(diagnostic.into())
    }

    /// Keeps an output in the store, under the key of what it was made of, and puts it in its place.
    pub(super) fn deliver(
        &self,
        step: &Step,
        bytes: &[u8],
        ingredients: Ingredients,
    ) -> Result<Digest, Diagnostic> {
        let output = self.store.put(bytes, Durability::Free).map_err(told)?;
        let key = ingredients.key(EXPORT);
        let entry = ExportEntry {
            output,
            ingredients,
        };
        self.store.put_export(&key, &entry).map_err(told)?;
        self.replace(step, bytes)?;
        Ok(output)
    }

    /// The pixels of an overlay, at the size of the output.
    fn overlay(&self, spec: &Spec, overlay: &Overlay) -> Result<RgbaImage, Diagnostic> {
        let images = page_images(&self.root, &overlay.page)?;
        let (html, (width, height)) = (&overlay.page.html, spec.size());
        let pixels = render::draw(html, width, height, &self.fonts, &images)
            .map_err(|e| overlay_diagnostic(e, overlay))?;
        if pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
            return Err(covers_all(overlay));
        }
        Ok(pixels)
    }

    /// Whether the file at the output's path is this; if not, it is somebody else's.
    fn compare(&self, step: &Step, bytes: &[u8]) -> Result<(), Diagnostic> {
        let there = self.root.read_output(&step.spec.output, MAX_OBJECT_BYTES);
        match there.is_ok_and(|there| there == bytes) {
            true => Ok(()),
            false => Err(Diagnostic::error(step.reason.to_string())),
        }
    }

    /// Puts the output in its place. The one that was there before stays in the store, under the key
    /// that led to it, so that going back is free even where the store was new.
    fn replace(&self, step: &Step, bytes: &[u8]) -> Result<(), Diagnostic> {
        if step.only_compare {
            return self.compare(step, bytes);
        }
        output::keep(&self.root, &self.store, &step.spec.output).map_err(told)?;
        if let Some(before) = self.locked.assets.get(&step.spec.id) {
            self.remember(before)?;
        }
        output::write(&self.root, &step.spec.output, bytes).map_err(told)
    }

    fn remember(&self, before: &LockedAsset) -> Result<(), Diagnostic> {
        if !before.accepted
            && self.store.export(&before.export).is_none()
            && self.store.has(&before.digest)
        {
            let entry = ExportEntry {
                output: before.digest,
                ingredients: Ingredients::default(),
            };
            self.store
                .put_export(&before.export, &entry)
                .map_err(told)?;
        }
        for shot in &before.shots {
            // One that cannot be read is written anew: the lock knows what it led to.
            if !matches!(self.store.shot(&shot.key), Ok(Some(_))) {
                let roll = Roll::new(shot.candidates.clone(), before.model.clone(), 0);
                let entry = ShotEntry::accepted(roll, Ingredients::default());
                self.store
                    .put_shot(&shot.key, &entry, Durability::Free)
                    .map_err(told)?;
            }
        }
        Ok(())
    }

    pub(super) fn locked(
        &self,
        step: &Step,
        answers: Vec<Answer>,
        digest: Digest,
    ) -> Result<LockedAsset, Diagnostic> {
        locked_asset(step, answers, digest).ok_or_else(no_picture)
    }
}

/// The pictures that a page names, by name; they must be what the key was made with.
pub fn page_images(root: &Root, page: &Page) -> Result<BTreeMap<String, Vec<u8>>, Diagnostic> {
    let mut images = BTreeMap::new();
    for image in &page.images {
        let bytes = root.read(&image.path, MAX_OBJECT_BYTES).map_err(told)?;
        if Digest::of(&bytes) != image.digest {
            return Err(Diagnostic::error(format!(
                "`{}` changed while its picture was being made",
                image.path
            ))
            .hint("run `gpbuild` again"));
        }
        images.insert(image.name.clone(), bytes);
    }
    Ok(images)
}

/// What to do about an overlay under which nothing is seen of the picture.
fn covers_all(overlay: &Overlay) -> Diagnostic {
    Diagnostic::error(format!(
        "the overlay `{}` covers the whole picture",
        overlay.layout
    ))
    .hint("the ground of an overlay is transparent: give `html` and `body` no background")
}

/// What the trace knows of every shot.
fn answers(step: &Step) -> Vec<Answer> {
    let known = step.trace.shots.iter();
    known.filter_map(|shot| shot.answer.clone()).collect()
}

/// What the lock says of an asset whose shots are all answered, or whose slides are all there; `None` if
/// one is not.
pub fn locked_asset(step: &Step, answers: Vec<Answer>, digest: Digest) -> Option<LockedAsset> {
    let spec = &step.spec;
    let shots = match &spec.recipe {
        Recipe::Shots(shots) => shots,
        Recipe::Bundle(_) => {
            return Some(LockedAsset {
                output: spec.output.as_str().to_owned(),
                digest,
                model: model::LOCAL.to_owned(),
                export: step.trace.export?,
                accepted: false,
                shots: Vec::new(),
            });
        }
    };
    let picked = answers.last()?.picked()?;
    let model = answers.last()?.model.clone();
    let mut locked = Vec::new();
    let mut previous: Option<Digest> = None;
    for (n, (request, answer)) in shots.requests.iter().zip(answers).enumerate() {
        let key: Key = match step.trace.shots.get(n) {
            Some(traced) => traced.key,
            None => key::shot(request, |picture| step.digest_of(picture, previous))
                .ok()?
                .key(SHOT),
        };
        previous = answer.picked();
        locked.push(LockedShot {
            key,
            candidates: answer.candidates,
            pick: answer.pick,
        });
    }
    (locked.len() == shots.requests.len()).then(|| LockedAsset {
        output: spec.output.as_str().to_owned(),
        digest,
        model,
        export: key::export(&shots.export, shots.overlay.as_ref(), picked).key(EXPORT),
        accepted: false,
        shots: locked,
    })
}

pub(super) fn told(error: FsError) -> Diagnostic {
    Diagnostic::error(error.to_string())
}

pub(super) fn no_picture() -> Diagnostic {
    Diagnostic::error("the picture that this one is made from is not there")
}
