//! What the compiler does not hold. Crates cannot import each other in a circle; modules of one crate can, and may
//! not. Besides: every file says what it is for, none is too long, nothing is left undone.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The most lines of a file, the tests in it included.
const MAX_LINES: usize = 560;

/// The folders that hold the sources of a crate of the program, sorted.
fn crates() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        folders.push(entry.unwrap().path().join("src"));
    }
    folders.sort();
    folders
}

/// Every `.rs` file below a folder, sorted, with its text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let entries = WalkDir::new(folder).into_iter();
    let paths = entries.map(|entry| entry.unwrap().into_path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect();
    files.sort();
    let name = |path: &Path| {
        path.strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    files
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// Every file of every crate, by its path from the root of the project, with its text.
fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in crates() {
        let from_root = folder.strip_prefix(root).unwrap().display().to_string();
        for (name, text) in sources(&folder) {
            all.push((format!("{from_root}/{name}"), text));
        }
    }
    assert!(all.len() > 150, "{}", all.len());
    all
}

/// The lines that are neither comments nor tests: `#[cfg(test)] mod tests { … }` ends a file here. Anything
/// else that is only there for tests, such as another module, does not: code may follow.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |next: Option<&str>| next.is_some_and(|line| line.starts_with("mod tests"));
    let is_last =
        move |(line, next): &(&str, Option<&str>)| line.starts_with("#[cfg(test)]") && ends(*next);
    let following = text.lines().skip(1).map(Some).chain([None]);
    text.lines()
        .zip(following)
        .take_while(move |pair| !is_last(pair))
        .map(|(line, _)| line)
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(n, line)| (n + 1, line))
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/") || name == "tests.rs"
}

/// The files that a file names, of those that there are, but for the rooms that they stand in: what a room
/// declares for its files is no arrow between two files.
fn named(module: &str, text: &str, files: &[String]) -> Vec<String> {
    let room = module
        .rsplit_once("::")
        .map_or(String::new(), |(room, _)| format!("{room}::"));
    let mut found = Vec::new();
    for (_, line) in code(text) {
        for (prefix, below) in [("crate::", String::new()), ("super::", room.clone())] {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                    .unwrap_or(rest.len());
                let path = format!("{below}{}", &rest[..end]);
                let is_in = |file: &&String| {
                    let rest = path.strip_prefix(file.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
                };
                // The innermost file that holds what is named.
                let file = files.iter().filter(is_in).max_by_key(|file| file.len());
                found.extend(file.filter(|file| *file != module).cloned());
            }
        }
    }
    found
}

/// Everything that a package of the program stands on, by `Cargo.lock`.
fn stands_on(package: &str) -> BTreeSet<String> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    let lock: toml::Table = std::fs::read_to_string(lock).unwrap().parse().unwrap();
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let names = package.get("dependencies").and_then(toml::Value::as_array);
        let names = names.into_iter().flatten().filter_map(toml::Value::as_str);
        // Of several versions each is named with its own.
        let names = names.filter_map(|name| name.split(' ').next());
        let package = package["name"].as_str().unwrap();
        below.entry(package).or_default().extend(names);
    }
    let mut found = BTreeSet::new();
    let mut open = vec![package];
    while let Some(name) = open.pop() {
        if found.insert(name.to_owned()) {
            open.extend(&below[name]);
        }
    }
    found
}

#[test]
fn what_others_may_take_brings_neither_http_nor_what_it_does_not_need() {
    let http = ["reqwest", "hyper", "tokio", "rustls"];
    assert!(stands_on("gpbuild").is_superset(&http.map(str::to_owned).into()));
    for (package, more) in [
        (
            "gpbuild-store",
            &["gpbuild-provider", "minijinja", "takumi", "image"][..],
        ),
        (
            "gpbuild-render",
            &[
                "gpbuild-store",
                "gpbuild-declare",
                "minijinja",
                "serde-saphyr",
            ],
        ),
    ] {
        let below = stands_on(package);
        for name in http.iter().chain(more) {
            assert!(!below.contains(*name), "{package} stands on {name}");
        }
    }
}

/// Who asks knows adapters and rows: the names of providers stand in the table, in what reads it, and in tests.
#[test]
fn who_asks_names_no_provider() {
    let table = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/provider/src/providers.toml"),
    );
    let table = table.unwrap();
    let names = table.lines().filter_map(|line| {
        let name = line.strip_prefix("name = \"")?;
        name.strip_suffix('"')
    });
    let mut names: Vec<&str> = names.collect();
    assert!(names.contains(&"openai"), "{names:?}");
    names.extend(["azure", "dall-e", "gpt-image", "chatgpt", "gemini", "flux"]);
    // Parts of other words, or words: only what a text begins with counts.
    let is_common = |word: &str| ["ark", "fal", "together"].contains(&word);
    let rooms = [
        "src/execute/",
        "src/pipeline/",
        "crates/store/",
        "crates/plan/",
    ];
    let mut wrong = Vec::new();
    for (name, text) in all_sources() {
        if !rooms.iter().any(|room| name.starts_with(room)) || is_test(&name) {
            continue;
        }
        let tests = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        for (n, line) in text[..tests].lines().enumerate() {
            let line = line.to_lowercase();
            let is_named = |word: &&str| match is_common(word) {
                true => line.contains(&format!("\"{word}")),
                false => line.contains(*word),
            };
            if names.iter().any(is_named) {
                wrong.push(format!("{name}:{}: {line}", n + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "they name a provider:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_plan_is_judged_without_a_look_at_anything() {
    // What is where, and what the store knows of a picture that cannot be used.
    let looks = ["facts.rs", "unusable.rs", "state.rs", "lock.rs", "index.rs"];
    let words = ["&Store", "&Root", "std::fs", "Signature", "World"];
    let mut wrong = Vec::new();
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/plan/src");
    for (name, text) in sources(&plan) {
        // What a run remembers is beside the plan, and no part of it.
        let is_memory = name.starts_with("state/") || name.starts_with("lock/");
        if is_memory || looks.contains(&name.as_str()) || is_test(&name) {
            continue;
        }
        for (n, line) in code(&text) {
            let named = words.iter().filter(|word| line.contains(*word));
            wrong.extend(named.map(|word| format!("{name}:{n}: `{word}`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules of a crate by their path, and those of them that each imports.
fn imports(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<(String, String)> = sources(folder)
        .into_iter()
        .filter(|(name, _)| !is_test(name) && name != "lib.rs" && name != "main.rs")
        .map(|(name, text)| {
            let module = name.trim_end_matches(".rs").trim_end_matches("/mod");
            (module.replace('/', "::"), text)
        })
        .collect();
    let names: Vec<String> = files.iter().map(|(module, _)| module.clone()).collect();
    files
        .iter()
        .map(|(module, text)| {
            let found = named(module, text, &names);
            (module.clone(), found.into_iter().collect())
        })
        .collect()
}

/// The first circle of imports, if there is one.
fn circle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        at: &str,
        imports: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|module| module == at) {
            let mut circle = path[start..].to_vec();
            circle.push(at.to_owned());
            return Some(circle);
        }
        if done.contains(at) {
            return None;
        }
        path.push(at.to_owned());
        for next in imports.get(at).into_iter().flatten() {
            if let Some(found) = walk(next, imports, path, done) {
                return Some(found);
            }
        }
        path.pop();
        done.insert(at.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    imports
        .keys()
        .find_map(|module| walk(module, imports, &mut Vec::new(), &mut done))
}

/// What each room imports of the others: a room is a module of the crate's root, with all that is in it.
fn rooms(imports: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let room = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, others) in imports {
        let own = room(module);
        let others = others.iter().map(|other| room(other));
        let others: Vec<String> = others.filter(|other| *other != own).collect();
        rooms.entry(own).or_default().extend(others);
    }
    rooms
}

/// What two files of one room import of each other; a file and those below it are one thing here.
fn pairs(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (module, others) in imports {
        for other in others {
            let is_room = module.starts_with(&format!("{other}::"))
                || other.starts_with(&format!("{module}::"));
            if !is_room && module < other && imports[other].contains(module) {
                pairs.push((module.clone(), other.clone()));
            }
        }
    }
    pairs
}

#[test]
fn no_room_of_a_crate_imports_another_in_a_circle() {
    for folder in crates() {
        let found = circle(&rooms(&imports(&folder)));
        assert_eq!(found, None, "{}", folder.display());
    }
}

#[test]
fn no_two_files_of_a_crate_import_each_other() {
    let mut found = Vec::new();
    for folder in crates() {
        found.extend(pairs(&imports(&folder)));
    }
    assert_eq!(found, [], "files that import each other");
}

#[test]
fn a_circle_is_found_and_a_module_for_tests_hides_nothing_below_it() {
    let graph = |of: &[(&str, &[&str])]| -> BTreeMap<String, BTreeSet<String>> {
        of.iter()
            .map(|(from, to)| {
                let to = to.iter().map(|to| (*to).to_owned()).collect();
                ((*from).to_owned(), to)
            })
            .collect()
    };
    let round = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
    assert_eq!(circle(&round).unwrap().join(" "), "a b c a");
    assert_eq!(circle(&graph(&[("a", &["b", "c"]), ("b", &["c"])])), None);
    let files = ["page::b".to_owned(), "cli".to_owned()];
    let text = "mod a;\n#[cfg(test)]\nmod headlines;\nuse crate::page::b;\n#[cfg(test)]\nmod tests {\nuse crate::cli;\n}\n";
    assert_eq!(named("x", text, &files), ["page::b"]);
}

#[test]
fn every_file_says_what_it_is_for_and_is_not_too_long() {
    let mut wrong = Vec::new();
    for (name, text) in all_sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not begin with `//!`"));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{name} has {lines} lines, at most {MAX_LINES}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    let mut wrong = Vec::new();
    for (name, text) in all_sources() {
        for (n, line) in text.lines().enumerate() {
            for word in ["todo!", "unimplemented!", "dbg!"] {
                if line.contains(word) {
                    wrong.push(format!("{name}:{}: `{word}`", n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
