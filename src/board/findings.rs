//! What checks find of an asset, for its row: the size of what a model drew, contrast, the formula of its prompt. Looked
//! for one by one, of what somebody sees, while nothing else is to be done; kept as long as the asset stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::check::{self, Facts};
use crate::execute;
use crate::pipeline::{Planned, Project};
use crate::review::Reviews;
use base::diagnostic::{Diagnostic, Severity};
use base::digest::Digest;
use declare::spec::Spec;
use page::Finding;
use plan::Step;
use store::Store;

/// What was found so far.
#[derive(Default)]
pub struct Found(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// What was found of an asset as it was then.
    found: BTreeMap<String, (Digest, Vec<Finding>)>,
    /// What there is to look at: the project as it was planned last.
    project: Option<(Arc<Project>, Store)>,
    /// The picked picture of each asset then, by asset: of every shot that was answered.
    pictures: BTreeMap<String, Vec<Digest>>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Found")
    }
}

impl Found {
    /// From here on this is what is looked at.
    pub fn of(&self, planned: &Planned) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let project = Arc::clone(&planned.project);
        inner.project = Some((project, planned.store.clone()));
        let steps = planned.plan.steps.iter();
        inner.pictures = steps
            .map(|step| (step.spec.id.clone(), pictures(step)))
            .collect();
        let ids: BTreeSet<&String> = inner.pictures.keys().collect();
        let gone: Vec<String> = inner
            .found
            .keys()
            .filter(|id| !ids.contains(id))
            .cloned()
            .collect();
        for id in gone {
            inner.found.remove(&id);
        }
    }

    /// What was found of an asset, if it is still as it was then; what a person accepted is told as that.
    pub fn told(&self, step: &Step, reviews: &Reviews) -> Vec<Finding> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((of, found)) = inner.found.get(&step.spec.id) else {
            return Vec::new();
        };
        if *of != as_it_is(&step.spec, &pictures(step)) {
            return Vec::new();
        }
        let found = found.iter().cloned();
        found
            .map(|finding| Finding {
                accepted: Digest::parse(&finding.key).is_some_and(|key| reviews.accepts(&key)),
                ..finding
            })
            .collect()
    }

    /// Looks at one of these assets that was not looked at as it is now. Whether there is more to tell.
    pub fn look_on(&self, seen: &BTreeSet<String>) -> bool {
        let Some((spec, pictures, project, store)) = self.next(seen) else {
            return false;
        };
        let found = look(&spec, &pictures, &project, &store);
        let as_it_is = as_it_is(&spec, &pictures);
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inner.found.insert(spec.id.clone(), (as_it_is, found));
        let now = inner.found.get(&spec.id).map(|(_, found)| found);
        now != before.as_ref().map(|(_, found)| found)
            && now.is_some_and(|now| !now.is_empty() || before.is_some())
    }

    #[expect(clippy::type_complexity, reason = "what one look takes")]
    fn next(
        &self,
        seen: &BTreeSet<String>,
    ) -> Option<(Arc<Spec>, Vec<Digest>, Arc<Project>, Store)> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (project, store) = inner.project.as_ref()?;
        let specs = project.specs.iter().filter(|spec| seen.contains(&spec.id));
        let next = specs.filter_map(|spec| {
            let pictures = inner.pictures.get(&spec.id)?;
            let known = inner.found.get(&spec.id).map(|(of, _)| *of);
            (known != Some(as_it_is(spec, pictures))).then(|| (Arc::clone(spec), pictures.clone()))
        });
        let (spec, pictures) = { next }.next()?;
        Some((spec, pictures, Arc::clone(project), store.clone()))
    }
}

/// The picked pictures of the shots of a step that were answered.
fn pictures(step: &Step) -> Vec<Digest> {
    let shots = step.trace.shots.iter();
    shots
        .map_while(|shot| shot.answer.as_ref()?.picked())
        .collect()
}

/// All that a look at an asset goes by.
fn as_it_is(spec: &Spec, pictures: &[Digest]) -> Digest {
    Digest::of(format!("{:?} {pictures:?}", spec.recipe).as_bytes())
}

fn look(spec: &Spec, pictures: &[Digest], project: &Project, store: &Store) -> Vec<Finding> {
    let mut found = sizes(spec, pictures, store);
    for diagnostic in check::prompt(spec) {
        found.push(of(&diagnostic, "formula", spec));
    }
    let facts = Facts {
        fonts: &project.fonts,
        images: &|page| execute::page_images(project.world.root(), page),
    };
    let picture = || store.get(pictures.last()?).ok().flatten();
    let seen = check::look(&facts, spec, &picture);
    let faint = seen.faint.into_iter().map(|faint| (spec, faint));
    for diagnostic in check::faintest(faint.collect()) {
        found.push(of(&diagnostic, "contrast", spec));
    }
    found
}

fn of(diagnostic: &Diagnostic, kind: &str, spec: &Spec) -> Finding {
    let mut text = diagnostic.message.clone();
    for hint in &diagnostic.hints {
        text += "\n";
        text += hint;
    }
    Finding {
        key: key(kind, &spec.id, &diagnostic.message),
        kind: kind.to_owned(),
        level: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        text,
        from: "check",
        digest: None,
        accepted: false,
        mark: None,
    }
}

/// What a model drew in another size than it was asked for.
fn sizes(spec: &Spec, pictures: &[Digest], store: &Store) -> Vec<Finding> {
    let shots = spec.requests().iter().zip(pictures);
    let paid = shots.filter(|(request, _)| request.is_paid());
    let found = paid.filter_map(|(request, digest)| {
        let bytes = store.get(digest).ok().flatten()?;
        let (width, height) = export::dimensions(&bytes).ok()?;
        let asked = (request.width, request.height);
        ((width, height) != asked).then(|| {
            let text = format!(
                "the picture came as {width}x{height}, not {}x{} as asked: it is cropped to fit",
                asked.0, asked.1
            );
            Finding {
                key: key("size", &digest.hex(), &text),
                kind: "size".to_owned(),
                level: "warning",
                text,
                from: "answer",
                digest: Some(*digest),
                accepted: false,
                mark: None,
            }
        })
    });
    found.collect()
}

/// What a finding is accepted by.
fn key(kind: &str, of: &str, text: &str) -> String {
    Digest::of(format!("{kind}\n{of}\n{text}").as_bytes()).hex()
}
