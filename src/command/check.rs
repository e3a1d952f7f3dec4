//! `gpbuild check`: all that can be wrong without making anything: manifests, templates, prompts,
//! sizes, fonts.

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Exit, Failure, Place, Source, count};
use crate::execute;
use crate::lint::{lint, lint_overlaid};
use crate::pipeline::{self, Project, Settings};
use crate::provider::local;
use crate::report::{Event, Reporter};
use crate::spec::Spec;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = pipeline::load(settings)?;
    let mut findings = project.warnings.clone();
    for spec in &project.specs {
        findings.extend(lint_prompt(spec));
    }
    let mut wrong: Vec<Diagnostic> = project
        .specs
        .par_iter()
        .flat_map_iter(|spec| [check_page(&project, spec), check_overlay(&project, spec)])
        .flatten()
        .collect();
    if !wrong.is_empty() {
        wrong.extend(findings);
        return Err(Failure::manifest(wrong));
    }
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

/// All that drawing an asset would complain about, without drawing it.
fn check_page(project: &Project, spec: &Spec) -> Option<Diagnostic> {
    let shot = spec.shots.first()?;
    let page = shot.page.as_ref()?;
    let error = execute::page_images(project.world.root(), page)
        .and_then(|images| {
            local::check(&page.html, shot.width, shot.height, &project.fonts, &images)
                .map_err(execute::draw_diagnostic)
        })
        .err()?;
    Some(error.at(spec.place.clone()).for_asset(&spec.id))
}

/// The same of what is drawn over its picture.
fn check_overlay(project: &Project, spec: &Spec) -> Option<Diagnostic> {
    let overlay = spec.overlay.as_ref()?;
    let (page, export) = (&overlay.page, &spec.export);
    let error = execute::page_images(project.world.root(), page)
        .and_then(|images| {
            let (width, height) = (export.width, export.height);
            local::check(&page.html, width, height, &project.fonts, &images)
                .map_err(|e| execute::overlay_diagnostic(e, overlay))
        })
        .err()?;
    Some(error.at(spec.place.clone()).for_asset(&spec.id))
}

/// What the formula of prompts has to say of an asset's prompt.
fn lint_prompt(spec: &Spec) -> Vec<Diagnostic> {
    let Some(prompt) = &spec.prompt else {
        return Vec::new();
    };
    let source = Source::new(format!("the prompt of {}", spec.id), prompt.as_str());
    // What is written in the picture before any edit is what the first prompt must say.
    let mut findings = lint(
        prompt,
        &spec.first_text,
        spec.preset.width,
        spec.preset.height,
    );
    if spec.overlay.is_some() {
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
