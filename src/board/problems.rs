//! What is wrong, as a page shows it. Knows no plan.

use base::diagnostic::{Diagnostic, Failure, Severity};
use page::{Problem, Wrong};

use crate::pipeline::{What, what_of};

/// Adds what is wrong; what is wrong for drafts is mostly wrong for the real ones, in the same words.
pub fn tell(diagnostics: &[Diagnostic], problems: &mut Vec<Problem>) {
    for diagnostic in diagnostics {
        let text = diagnostic.render(false);
        if problems.iter().any(|problem| problem.text == text) {
            continue;
        }
        let at = diagnostic.place.as_ref();
        let line_column = at.map(base::diagnostic::Place::line_column);
        let asset = diagnostic.asset.iter();
        problems.push(Problem {
            text,
            level: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            file: at.map(|place| place.source.name.clone()),
            line: line_column.map(|(line, _)| line),
            column: line_column.map(|(_, column)| column),
            ids: asset.map(|(id, _)| id.clone()).collect(),
        });
    }
}

/// What is declared by what is wrong; none if nothing is.
pub fn wrong(diagnostics: &[Diagnostic]) -> Option<Wrong> {
    if diagnostics.is_empty() {
        return None;
    }
    let mut wrong = Wrong::default();
    for diagnostic in diagnostics {
        let text = diagnostic.render(false);
        match what_of(diagnostic) {
            Some(What::Asset(id)) => wrong.ids.entry(id.to_owned()).or_insert(text),
            Some(What::File(name)) => wrong.manifests.entry(name.to_owned()).or_insert(text),
            None => continue,
        };
    }
    Some(wrong)
}

/// What ended something, in words.
pub fn told(failure: &Failure) -> String {
    let texts: Vec<String> = failure
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(false))
        .collect();
    texts.join("\n")
}
