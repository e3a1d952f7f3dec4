//! What of a project is right although something else in it is wrong: who writes sees the other drafts go on. Knows no
//! plan.

use std::collections::BTreeSet;

use base::diagnostic::{Diagnostic, Severity};
use declare::manifest::PROJECT_FILE;
use declare::spec::Spec;

/// How manifests beside the project's own are called.
const MANIFEST: &str = ".gp.toml";

/// Takes out of `specs` what is declared by what is wrong, and what takes a picture of that: what is wrong, and the other
/// `problems`. Where it cannot be told what that is, nothing is taken out, and all that is wrong stays a problem.
pub fn keep(
    problems: Vec<Diagnostic>,
    specs: &mut Vec<Spec>,
) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let (wrong, others): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|problem| problem.severity == Severity::Error);
    let mut files = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for problem in &wrong {
        match what_of(problem) {
            Some(What::Asset(id)) => {
                ids.insert(id.to_owned());
            }
            Some(What::File(name)) => {
                files.insert(name.to_owned());
            }
            None => {
                let all = wrong.into_iter().chain(others).collect();
                return (Vec::new(), all);
            }
        }
    }
    if wrong.is_empty() {
        return (wrong, others);
    }
    // A cover or a carousel that is wrong before its assets are known: all of them are below its name.
    let is_wrong = |spec: &Spec, ids: &BTreeSet<String>| {
        let is_named = |id: &str| {
            let mut names = std::iter::successors(Some(id), |id| Some(id.rsplit_once('/')?.0));
            names.any(|name| ids.contains(name))
        };
        let takes_wrong = spec.takes().any(|taken| ids.contains(taken));
        is_named(&spec.id) || takes_wrong || files.contains(&spec.place.source.name)
    };
    loop {
        let before = specs.len();
        specs.retain(|spec| {
            let gone = is_wrong(spec, &ids);
            if gone {
                ids.insert(spec.id.clone());
            }
            !gone
        });
        if specs.len() == before {
            return (wrong, others);
        }
    }
}

/// What something wrong is about.
pub enum What<'d> {
    /// One asset, or a cover or carousel.
    Asset(&'d str),
    /// All that a manifest declares.
    File(&'d str),
}

/// What something wrong is about; none if that may be anything.
pub fn what_of(problem: &Diagnostic) -> Option<What<'_>> {
    let file = problem.place.as_ref().map(|place| &*place.source.name);
    match (&problem.asset, file) {
        (Some((id, 0)), _) => Some(What::Asset(id)),
        (_, Some(name)) if name != PROJECT_FILE && name.ends_with(MANIFEST) => {
            Some(What::File(name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{What, what_of};
    use base::diagnostic::{Diagnostic, Place, Source};

    #[test]
    fn what_may_be_about_anything_is_about_everything() {
        let at = |name: &str| Place::new(&Source::new(name, "x"), 0..1);
        let wrong = Diagnostic::error("no");
        assert!(what_of(&wrong).is_none());
        assert!(what_of(&wrong.clone().at(at("gpbuild.toml"))).is_none());
        assert!(what_of(&wrong.clone().at(at("templates/a.html"))).is_none());
        let file = wrong.clone().at(at("posts/a.gp.toml"));
        assert!(matches!(
            what_of(&file),
            Some(What::File("posts/a.gp.toml"))
        ));
        let asset = wrong.at(at("gpbuild.toml")).for_asset("a/b");
        assert!(matches!(what_of(&asset), Some(What::Asset("a/b"))));
    }
}
