//! `gpbuild check`: all that can be wrong without making anything: manifests, templates, prompts,
//! sizes, fonts, contrast. Finds the facts and tells; what is wrong is judged in `check`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::check::{self, Facts};
use crate::execute;
use crate::pipeline::{self, Planned, Project, Settings};
use base::diagnostic::{Diagnostic, Exit, Failure, Severity, count, merge};
use base::digest::Digest;
use declare::spec::Spec;
use report::{Event, Reporter};
use store::Store;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let project = Arc::new(pipeline::load(settings)?);
    // Only where something depends on what was made before.
    let mut planned = None;
    let specs = &project.specs;
    let mut findings = project.warnings.clone();
    findings.extend(specs.iter().flat_map(|spec| check::prompt(spec)));
    findings.extend(pipeline::unasked(settings, &project));
    let retired = retired(settings, &project, &mut planned)?.into_iter();
    let (gone, kept): (Vec<_>, Vec<_>) = retired.partition(|d| d.severity == Severity::Error);
    findings.extend(kept);
    let facts = Facts {
        fonts: &project.fonts,
        images: &|page| execute::page_images(project.world.root(), page),
    };
    let pages = specs.par_iter();
    let mut wrong: Vec<Diagnostic> = pages
        .flat_map_iter(|spec| check::page(&facts, spec))
        .collect();
    wrong.extend(gone);
    if !wrong.is_empty() {
        wrong.extend(findings);
        return Err(Failure::manifest(wrong));
    }
    let pictures = Pictures::find(settings, &project, planned);
    let seen = specs
        .par_iter()
        .map(|spec| (spec, check::look(&facts, spec, &|| pictures.get(&spec.id))));
    let seen: Vec<_> = seen.collect();
    let through = seen.iter();
    let through = through.filter_map(|(spec, seen)| check::transparent(spec, seen.transparent));
    findings.extend(merge(through.collect()));
    let faint = seen.into_iter().flat_map(|(spec, seen)| {
        let faint = seen.faint.into_iter();
        faint.map(|faint| (spec.as_ref(), faint))
    });
    findings.extend(check::faintest(faint.collect()));
    for finding in &findings {
        reporter.event(Event::Diagnostic(finding));
    }
    project.tell_left_out(reporter);
    let warnings = match findings.len() {
        0 => String::new(),
        n => format!(", {}", count(n, "warning")),
    };
    reporter.event(Event::Note(&format!(
        "{} in {}: nothing wrong{warnings}",
        count(specs.len(), "asset"),
        count(project.manifest.read.len(), "manifest"),
    )));
    Ok(Exit::Done)
}

/// What is to be told of models that answer no more; nothing is planned where there is no such model.
fn retired(
    settings: &Settings,
    project: &Arc<Project>,
    planned: &mut Option<Planned>,
) -> Result<Vec<Diagnostic>, Failure> {
    let models = &project.manifest.models;
    let is_of_one = |spec: &Spec| {
        spec.paid()
            .any(|shot| models.retired(&shot.model).is_some())
    };
    if !project.specs.iter().any(|spec| is_of_one(spec)) {
        return Ok(Vec::new());
    }
    let planned = planned.insert(pipeline::plan_for(settings, Arc::clone(project))?);
    let steps = planned.plan.steps.iter();
    let found = steps.filter_map(|step| check::retired(models, step));
    Ok(merge(found.collect()))
}

/// The picked pictures that overlays are drawn over, by asset; read one by one.
#[derive(Default)]
struct Pictures {
    store: Option<Store>,
    digests: BTreeMap<String, Digest>,
}

impl Pictures {
    /// What the lock and the store know. One that cannot be read is for `build` to tell.
    fn find(settings: &Settings, project: &Arc<Project>, planned: Option<Planned>) -> Self {
        let wanted = |spec: &Spec| check::overlay(spec).is_some() && check::drawn(spec).is_none();
        if !project.specs.iter().any(|spec| wanted(spec)) {
            return Self::default();
        }
        let plan = || pipeline::plan_for(settings, Arc::clone(project)).ok();
        let Some(planned) = planned.or_else(plan) else {
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
