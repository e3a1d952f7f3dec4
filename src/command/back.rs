//! Goes back to a picture that was paid for, whatever is asked for now: it is exported to its output's place, and counts
//! as accepted from there on. Free; what is in its place goes into the store first. Only pages ask for it: on the command
//! line there are `pick`, and older words in the manifest.

use crate::check;
use crate::command::{accept, pick};
use crate::execute;
use crate::output;
use crate::pipeline::{self, Planned, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::digest::Digest;
use base::fs::Durability;
use declare::spec::Spec;
use plan::Step;
use plan::key::Key;
use report::Reporter;
use store::MAX_OBJECT_BYTES;

/// Takes candidate `number` of the shot with this key for the one asset that `settings` selects.
pub fn run(
    settings: &Settings,
    key: Key,
    number: usize,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    let mut steps = planned.plan.steps.iter();
    let found = steps.find(|step| settings.select.contains(&step.spec.id));
    let step = found.ok_or_else(|| failed("there is no such asset"))?;
    // What is asked for now is picked, not accepted: it follows its manifest as before.
    if let Some(shot) = step.trace.shots.iter().position(|shot| shot.key == key) {
        let choice = pick::Choice {
            number: Some(number),
            shot: Some(shot + 1),
            force: true,
        };
        return pick::run(settings, choice, false, reporter);
    }
    let project = planned.project.name();
    let entries = planned.ledger.entries();
    let is_its_own = entries.iter().any(|entry| {
        entry.intent.key == key && entry.intent.asset == step.spec.id && entry.is_of(&project)
    });
    if !is_its_own {
        return Err(failed("there is no such picture in the store"));
    }
    let bytes = exported(&planned, step, key, number)?;
    let root = planned.project.world.root();
    if let Ok(before) = root.read_output(&step.spec.output, MAX_OBJECT_BYTES) {
        let kept = planned.store.put(&before, Durability::Paid);
        kept.map_err(|e| store_failure(&e))?;
    }
    output::write(root, &step.spec.output, &bytes).map_err(|e| store_failure(&e))?;
    accept::run(settings, reporter)
}

/// The output that is made of a picture that was paid for.
fn exported(planned: &Planned, step: &Step, key: Key, number: usize) -> Result<Vec<u8>, Failure> {
    let spec = &step.spec;
    let shots = spec
        .shots()
        .ok_or_else(|| failed("it is made of other pictures: go back to one of these"))?;
    let digest = picture(planned, key, number)?;
    let picture = planned.store.get(&digest).map_err(|e| store_failure(&e))?;
    let picture = picture.ok_or_else(|| failed("its picture is not in the store any more"))?;
    let wrong = |e: export::ExportError| failed(&e.to_string());
    match &shots.overlay {
        None => export::export(&shots.export, &picture).map_err(wrong),
        Some(_) => {
            let over = overlay(planned, spec)?;
            export::export_under(&shots.export, &picture, &over).map_err(wrong)
        }
    }
}

/// The candidate of a shot, of the answer that counts.
fn picture(planned: &Planned, key: Key, number: usize) -> Result<Digest, Failure> {
    let entry = planned.store.shot(&key).map_err(|e| store_failure(&e))?;
    let answer = entry.as_ref().and_then(|entry| entry.answer());
    let candidates = answer.map_or(&[][..], |roll| &roll.candidates);
    let picked = number.checked_sub(1).and_then(|n| candidates.get(n));
    picked
        .copied()
        .ok_or_else(|| failed("there is no such picture in the store"))
}

fn overlay(planned: &Planned, spec: &Spec) -> Result<image::RgbaImage, Failure> {
    let overlay = check::overlay(spec).ok_or_else(|| failed("it has no overlay"))?;
    let told = |d: Diagnostic| Failure::new(Exit::SomeFailed, d);
    let root = planned.project.world.root();
    let images = execute::page_images(root, &overlay.page).map_err(told)?;
    let (width, height) = spec.size();
    let fonts = &planned.project.fonts;
    render::draw(&overlay.page.html, width, height, fonts, &images)
        .map_err(|e| told(check::overlay_diagnostic(e, overlay)))
}

fn failed(why: &str) -> Failure {
    Failure::new(Exit::SomeFailed, Diagnostic::error(why))
}
