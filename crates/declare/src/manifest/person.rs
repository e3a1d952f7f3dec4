//! Reads a person's own `config.toml`: limits that hold in every project. As strict as a manifest, and in the
//! same words. Knows nothing of where it lies.

use std::sync::Arc;

use crate::manifest::load::with_table;
use crate::manifest::reader::Problems;
use base::diagnostic::{Diagnostic, Source};
use model::Micro;

/// What a person allows, whatever a project says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What a run may cost without a question.
    pub confirm: Option<Micro>,
    /// The most that one run may cost.
    pub run: Option<Micro>,
    /// The most that one month may cost, in all projects together.
    pub month: Option<Micro>,
    /// Their file, as people find it; empty where there is none.
    pub file: Arc<str>,
}

/// Reads the text of the file `name`. Everything wrong in it comes back at once.
pub fn person(name: &str, text: String) -> Result<Person, Vec<Diagnostic>> {
    let problems = Problems::default();
    let mut found = Person {
        file: Arc::from(name),
        ..Person::default()
    };
    let source = Source::new(name, text);
    with_table(&source, &problems, |table| {
        found.confirm = table.dollars("confirm");
        found.run = table.dollars("run");
        found.month = table.dollars("month");
        table.finish();
    });
    let problems = problems.into_inner();
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}
