//! `gpbuild check`: all that can be wrong without making anything: manifests, templates, prompts,
//! sizes, fonts, contrast.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use image::RgbaImage;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Exit, Failure, Place, Severity, Source, count, merge};
use crate::digest::Digest;
use crate::execute;
use crate::export;
use crate::lint::{lint, lint_overlaid};
use crate::pipeline::{self, Project, Settings};
use crate::plan::Reason;
use crate::provider::local::{self, Faint};
use crate::provider::request::{Overlay, Page};
use crate::report::{Event, Reporter};
use crate::spec::Spec;
use crate::store::Store;

/// So many characters of a text tell which one is meant.
const FIRST_WORDS: usize = 12;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = pipeline::load(settings)?;
    let mut findings = project.warnings.clone();
    findings.extend(project.specs.iter().flat_map(|spec| lint_prompt(spec)));
    findings.extend(pipeline::unasked(settings, &project));
    let retired = check_retired(settings, &project)?.into_iter();
    let (gone, kept): (Vec<_>, Vec<_>) = retired.partition(|d| d.severity == Severity::Error);
    findings.extend(kept);
    let mut wrong: Vec<Diagnostic> = project
        .specs
        .par_iter()
        .flat_map_iter(|spec| [check_page(&project, spec), check_overlay(&project, spec)])
        .flatten()
        .collect();
    wrong.extend(gone);
    if !wrong.is_empty() {
        wrong.extend(findings);
        return Err(Failure::manifest(wrong));
    }
    let pictures = Pictures::find(settings, &project);
    let faint: Vec<(&Spec, Faint)> = project
        .specs
        .par_iter()
        .flat_map_iter(|spec| {
            let found = check_contrast(&project, spec, &pictures);
            found.into_iter().map(|faint| (spec.as_ref(), faint))
        })
        .collect();
    findings.extend(faint_diagnostics(faint));
    for finding in &findings {
        reporter.event(Event::Diagnostic(finding));
    }
    let warnings = match findings.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "warning")),
    };
    reporter.event(Event::Note(&format!(
        "{} in {}: nothing wrong{warnings}",
        count(project.specs.len(), "asset"),
        count(project.manifest.read.len(), "manifest"),
    )));
    Ok(Exit::Done)
}

/// The assets of models that answer no more: wrong, where something would have to be asked of one;
/// worth a word, where the lock or the store still has the picture.
fn check_retired(settings: &Settings, project: &Project) -> Result<Vec<Diagnostic>, Failure> {
    let models = &project.manifest.models;
    let what = |spec: &Spec| spec.paid().find_map(|shot| models.retired(&shot.model));
    if !project.specs.iter().any(|spec| what(spec).is_some()) {
        return Ok(Vec::new());
    }
    let planned = pipeline::plan(settings)?;
    let found = planned.plan.steps.iter().filter_map(|step| {
        let what = what(&step.spec)?;
        let diagnostic = match step.reason {
            Reason::Retired(_) | Reason::Behind(_) => Diagnostic::error(what),
            _ => Diagnostic::warning(what)
                .hint("its picture is kept; only another one could not be asked for"),
        };
        let place = step.spec.place.clone();
        Some(diagnostic.at(place).for_asset(&step.spec.id))
    });
    Ok(merge(found.collect()))
}

/// All that drawing an asset would complain about, without drawing it.
fn check_page(project: &Project, spec: &Spec) -> Option<Diagnostic> {
    let (page, width, height) = drawn(spec)?;
    let error = execute::page_images(project.world.root(), page)
        .and_then(|images| {
            local::check(&page.html, width, height, &project.fonts, &images)
                .map_err(execute::draw_diagnostic)
        })
        .err()?;
    Some(error.at(spec.place.clone()).for_asset(&spec.id))
}

/// The same of what is drawn over its picture.
fn check_overlay(project: &Project, spec: &Spec) -> Option<Diagnostic> {
    let overlay = overlay(spec)?;
    let page = &overlay.page;
    let error = execute::page_images(project.world.root(), page)
        .and_then(|images| {
            let (width, height) = spec.size();
            local::check(&page.html, width, height, &project.fonts, &images)
                .map_err(|e| execute::overlay_diagnostic(e, overlay))
        })
        .err()?;
    Some(error.at(spec.place.clone()).for_asset(&spec.id))
}

/// The picked pictures that overlays are drawn over, by asset; read one by one.
#[derive(Default)]
struct Pictures {
    store: Option<Store>,
    digests: BTreeMap<String, Digest>,
}

impl Pictures {
    /// What the lock and the store know. One that cannot be read is for `build` to tell.
    fn find(settings: &Settings, project: &Project) -> Self {
        let wanted = |spec: &Spec| overlay(spec).is_some() && drawn(spec).is_none();
        if !project.specs.iter().any(|spec| wanted(spec)) {
            return Self::default();
        }
        let Ok(planned) = pipeline::plan(settings) else {
            return Self::default();
        };
        let steps = planned.plan.steps.iter().filter(|step| wanted(&step.spec));
        Self {
            digests: steps
                .filter_map(|step| Some((step.spec.id.clone(), step.trace.picture(&step.spec)?)))
                .collect(),
            store: Some(planned.store),
        }
    }

    /// The picture of an asset, if the store has it.
    fn get(&self, id: &str) -> Option<Vec<u8>> {
        self.store.as_ref()?.get(self.digests.get(id)?).ok()?
    }
}

/// The page that an asset's picture is drawn from, and its size.
fn drawn(spec: &Spec) -> Option<(&Page, u32, u32)> {
    let shot = spec.requests().first()?;
    Some((shot.page()?, shot.width, shot.height))
}

/// What is drawn over an asset's picture.
fn overlay(spec: &Spec) -> Option<&Overlay> {
    spec.shots()?.overlay.as_ref()
}

/// The texts of an asset that stand out too little: those of its page, and those of its overlay on the
/// picture under it, as far as that is known. What cannot be drawn at all was told before.
fn check_contrast(project: &Project, spec: &Spec, pictures: &Pictures) -> Vec<Faint> {
    let images = |page: &Page| execute::page_images(project.world.root(), page).ok();
    let measured = |(page, width, height): (&Page, u32, u32), under: Option<&RgbaImage>| {
        let (html, fonts) = (&page.html, &project.fonts);
        local::contrast(html, width, height, fonts, &images(page)?, under).ok()
    };
    let base = drawn(spec);
    let mut faint: Vec<Faint> = base
        .and_then(|base| measured(base, None))
        .unwrap_or_default();
    if let Some(shots) = spec.shots()
        && let Some(overlay) = &shots.overlay
    {
        let under = match base {
            Some((page, width, height)) => images(page).and_then(|images| {
                local::draw(&page.html, width, height, &project.fonts, &images).ok()
            }),
            None => pictures
                .get(&spec.id)
                .and_then(|bytes| export::pixels(&shots.export, &bytes).ok()),
        };
        let page = (&overlay.page, shots.export.width, shots.export.height);
        faint.extend(measured(page, under.as_ref()).unwrap_or_default());
    }
    faint
}

/// One warning for each role of a cover or carousel: for the asset where it is the faintest.
fn faint_diagnostics(found: Vec<(&Spec, Faint)>) -> Vec<Diagnostic> {
    let mut worst: BTreeMap<(String, usize, String), (&Spec, Faint, usize)> = BTreeMap::new();
    for (spec, faint) in found {
        let place = &spec.place;
        let declared = (
            place.source.name.clone(),
            place.span.start,
            faint.role.clone(),
        );
        match worst.entry(declared) {
            Entry::Vacant(entry) => {
                entry.insert((spec, faint, 0));
            }
            Entry::Occupied(mut entry) => {
                let (first, most, others) = entry.get_mut();
                *others += 1;
                if faint.ratio / faint.needed < most.ratio / most.needed {
                    (*first, *most) = (spec, faint);
                }
            }
        }
    }
    worst
        .into_values()
        .map(|(spec, faint, others)| faint_diagnostic(spec, &faint, others))
        .collect()
}

fn faint_diagnostic(spec: &Spec, faint: &Faint, others: usize) -> Diagnostic {
    let words = match faint.line.char_indices().nth(FIRST_WORDS) {
        Some((end, _)) => format!("{}…", &faint.line[..end]),
        None => faint.line.clone(),
    };
    // Rounded down, so that what fails does not look as if it passed.
    let ratio = (faint.ratio * 10.0).floor() / 10.0;
    let mut diagnostic = Diagnostic::warning(format!(
        "the `{}` “{words}” has a contrast of {ratio:.1}:1 to what is behind it; type of this size needs {}:1",
        faint.role, faint.needed
    ))
    .at(spec.place.clone())
    .hint("take a lighter or darker colour, larger type, or a calmer ground; sizes are judged on a phone, 390 px wide");
    diagnostic.asset = Some((spec.id.clone(), others));
    diagnostic
}

/// What the formula of prompts has to say of an asset's prompt.
fn lint_prompt(spec: &Spec) -> Vec<Diagnostic> {
    let Some(shots) = spec.shots() else {
        return Vec::new();
    };
    let Some(prompt) = &shots.prompt else {
        return Vec::new();
    };
    let source = Source::new(format!("the prompt of {}", spec.id), prompt.as_str());
    // What is written in the picture before any edit is what the first prompt must say.
    let mut findings = lint(
        prompt,
        &shots.first_text,
        spec.preset.width,
        spec.preset.height,
    );
    if shots.overlay.is_some() {
        findings.extend(lint_overlaid(prompt, &spec.text));
    }
    findings
        .into_iter()
        .map(|finding| {
            let mut diagnostic = Diagnostic::warning(finding.message).for_asset(&spec.id);
            if let Some(span) = finding.span {
                diagnostic = diagnostic.at(Place::new(&source, span));
            }
            diagnostic.hints.extend(finding.hint);
            diagnostic
        })
        .collect()
}
