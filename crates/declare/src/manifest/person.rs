//! Reads a person's own `config.toml`: limits that hold in every project, and their programs that make pictures. As
//! strict as a manifest, and in the same words. Knows nothing of where it lies.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::manifest::load::with_table;
use crate::manifest::reader::{Problems, Table};
use base::diagnostic::{Diagnostic, Source};
use model::{Micro, ModelId};
use provider::Program;

/// How long a program may take for one request, unless it is said otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The longest that can be said, in seconds.
const MAX_TIMEOUT: u64 = 86_400;

/// What a person allows, whatever a project says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What a run may cost without a question.
    pub confirm: Option<Micro>,
    /// The most that one run may cost.
    pub run: Option<Micro>,
    /// The most that one month may cost, in all projects together.
    pub month: Option<Micro>,
    /// Their programs that make pictures, by the name that `command/NAME` has.
    pub commands: BTreeMap<String, Program>,
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
        for (name, inner) in table.tables("command") {
            if let Err(why) = ModelId::parse(&format!("command/{}", name.value)) {
                inner.report(why.at(name.place));
            }
            let program = program(&inner);
            inner.finish();
            found.commands.extend(program.map(|p| (name.value, p)));
        }
        table.finish();
    });
    let problems = problems.into_inner();
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

/// A program; nothing if it is not said where it is.
fn program(table: &Table<'_>) -> Option<Program> {
    let strings = |key| {
        let found = table.strings(key).unwrap_or_default().into_iter();
        found.map(|at| at.value).collect::<Vec<String>>()
    };
    let args = strings("args");
    let environment = strings("environment");
    let cost = table.dollars("cost");
    let timeout = table.integer("timeout_seconds", 1..=MAX_TIMEOUT);
    let Some(at) = table.string("program") else {
        if !table.has("program") {
            let error = Diagnostic::error("it is not said which program is meant");
            let error = error.at(table.place().clone());
            table.report(error.hint("add `program = \"/path/to/program\"`"));
        }
        return None;
    };
    let path = PathBuf::from(&at.value);
    if !path.is_absolute() {
        let error = Diagnostic::error(format!("`{}` is no whole path", at.value)).at(at.place);
        table.report(error.hint("write where it is from the root on, so that no folder and no `PATH` decides what is run"));
        return None;
    }
    Some(Program {
        path,
        args,
        timeout: timeout.map_or(TIMEOUT, |at| Duration::from_secs(at.value)),
        cost,
        environment,
    })
}
