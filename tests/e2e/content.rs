//! Repositories as site generators have them, each in `tests/content/NAME` with what is to be made of it in
//! `expected.txt`: ids, outputs, words, and what makes no picture. `BLESS=1` writes what is made now.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::project::{Project, Run};

const EXPECTED: &str = "expected.txt";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/content")
}

/// The names of the repositories.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A copy of one of them; each text as `change` makes it.
fn copy(name: &str, change: impl Fn(&str) -> String) -> Project {
    let project = Project::empty();
    put(&project, name, change);
    project
}

fn put(project: &Project, name: &str, change: impl Fn(&str) -> String) {
    let from = folder().join(name);
    for entry in WalkDir::new(&from) {
        let path = entry.unwrap().into_path();
        let inside = path.strip_prefix(&from).unwrap().to_str().unwrap();
        if path.is_file() && inside != EXPECTED {
            let text = std::fs::read_to_string(&path).unwrap();
            project.write(inside, change(&text));
        }
    }
}

/// What `show` says of each asset, and what `check` says is left out.
fn told(project: &Project) -> String {
    let mut told = String::new();
    for spec in project.ok(&["show", "**", "--json"]).json() {
        let text = |key: &str| spec[key].as_str().unwrap().to_owned();
        writeln!(told, "{}  {}", text("id"), text("output")).unwrap();
        for (role, words) in spec["text"].as_object().unwrap() {
            writeln!(told, "  {role}: {words}").unwrap();
        }
    }
    for event in events(&project.ok(&["check", "--json"]), "left_out") {
        writeln!(told, "left out of {}: {}", event["of"], event["files"]).unwrap();
    }
    told
}

fn events(run: &Run, name: &str) -> Vec<serde_json::Value> {
    let events = run.json().into_iter();
    events.filter(|event| event["event"] == name).collect()
}

#[test]
fn ten_repositories_give_what_their_authors_wrote() {
    let names = names();
    assert_eq!(names.len(), 10, "{names:?}");
    let mut other = Vec::new();
    for name in &names {
        let told = told(&copy(name, str::to_owned));
        let path = folder().join(name).join(EXPECTED);
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if told != expected {
            other.push(format!("{name}:\n{told}"));
            if std::env::var_os("BLESS").is_some() && std::env::var_os("CI").is_none() {
                std::fs::write(&path, told).unwrap();
            }
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}

/// Built, and then checked out on another system: nothing is to be made, and the lock is the same.
#[test]
fn what_differs_only_by_checkout_makes_no_picture() {
    for name in names() {
        let project = copy(&name, str::to_owned);
        let built = project.ok(&["--json"]);
        let summary = &events(&built, "summary")[0];
        assert_eq!(summary["failed"], 0, "{name}");
        assert_ne!(summary["made"], 0, "{name}");
        let lock = project.text("gpbuild.lock");
        put(&project, &name, |text| {
            format!(
                "\u{feff}{}",
                text.trim_start_matches('\u{feff}').replace('\n', "\r\n")
            )
        });
        let planned = project.ok(&["plan", "--json"]);
        let summary = &events(&planned, "summary")[0];
        assert_eq!(summary["make"], 0, "{name}: {}", planned.out);
        assert_eq!(summary["restore"], 0, "{name}: {}", planned.out);
        project.ok(&[]);
        assert_eq!(project.text("gpbuild.lock"), lock, "{name}");
    }
}
