//! Everything that can be wrong, told to a person: the whole text, at its place, all at once, and nothing is
//! written. Each case of `tests/wording/*.md` is a test of its own: `cargo test --test wording NAME`.
//!
//! `BLESS=1` writes what is said now into the files, to be read in the diff of the commit. Where `CI` is set it
//! does nothing: other words are a failure there.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

mod case;
mod difference;
mod form;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use support::project::Project;

use case::Case;

/// The words to write: for each file and first line of an answer, how many lines they replace, and them.
type Blessed = Arc<Mutex<BTreeMap<(PathBuf, usize), (usize, String)>>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let blessed = (set("BLESS") && !set("CI")).then(Blessed::default);
    let mut tests = form::tests();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let cases = match case::parse(&text) {
            Ok(cases) => cases,
            Err((line, why)) => {
                eprintln!("error: {}:{line}: {why}", told(&path));
                return ExitCode::FAILURE;
            }
        };
        let stem = path.file_stem().unwrap().to_str().unwrap();
        for case in cases {
            let name = format!("{stem}::{}", case.name);
            let (path, blessed) = (path.clone(), blessed.clone());
            tests.push(Trial::test(name, move || {
                holds(&path, &case, blessed.as_ref())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, tests);
    if let Some(blessed) = blessed {
        write(&blessed.lock().unwrap());
    }
    conclusion.exit_code()
}

/// The files of cases, in order.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wording");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    assert!(!files.is_empty(), "there are no cases");
    files
}

/// The path from the project's root, as an editor opens it.
fn told(path: &Path) -> String {
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
    path.display().to_string()
}

/// Runs a case: it ends as it says, prints nothing else, and writes nothing.
fn holds(path: &Path, case: &Case, blessed: Option<&Blessed>) -> Result<(), Failed> {
    let project = Project::empty();
    for (name, contents) in &case.files {
        project.write(name, contents);
    }
    let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    let before = project.snapshot("");
    let run = project.run(&arguments);
    let at = format!("{}:{}: `{}`", told(path), case.line, case.name);
    if !run.out.is_empty() {
        return Err(format!("{at} prints to standard output:\n{}", run.out).into());
    }
    let is_written =
        |name: &&str| project.has(name) && !case.files.iter().any(|(file, _)| file == name);
    if project.snapshot("") != before || ["dist", ".gpbuild", "gpbuild.lock"].iter().any(is_written)
    {
        return Err(format!("{at} writes: {:?}", project.files("")).into());
    }
    if (run.code, &run.err) == (case.code, &case.words) {
        return Ok(());
    }
    if let Some(blessed) = blessed {
        let answer = case::answer(run.code, &run.err).map_err(|why| format!("{at}: {why}"))?;
        let place = (path.to_owned(), case.answer.start);
        blessed
            .lock()
            .unwrap()
            .insert(place, (case.answer.len(), answer));
        return Ok(());
    }
    let mut why = at;
    if run.code != case.code {
        why += &format!(": exit code {}, not {}", run.code, case.code);
    }
    why += ":\n";
    if run.err != case.words {
        why += &difference::between(&case.words, &run.err);
    }
    why += "\nif that is right: `BLESS=1 cargo test --test wording`";
    Err(why.into())
}

/// Writes the words that are said now, from the last of a file to its first, so that no line moves before its turn.
fn write(blessed: &BTreeMap<(PathBuf, usize), (usize, String)>) {
    for ((path, begin), (length, answer)) in blessed.iter().rev() {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.splice(begin..&(begin + length), answer.lines());
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
        eprintln!("blessed {}:{}", told(path), begin + 1);
    }
}
