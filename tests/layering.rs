//! The order of modules in `src/lib.rs` is the order of imports: a module imports only what stands
//! below it. Besides: every file says what it is for, none is too long, nothing is left undone.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

use std::path::{Path, PathBuf};

/// The most lines of a file, the tests in it included.
const MAX_LINES: usize = 560;

/// Every `.rs` file below `src`, sorted, with its text.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let name = |path: &Path| {
        path.strip_prefix(&root)
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

/// The modules that `src/lib.rs` declares, the uppermost first.
fn order() -> Vec<String> {
    let (_, text) = sources()
        .into_iter()
        .find(|(name, _)| name == "lib.rs")
        .unwrap();
    let declared = text.lines().filter_map(|line| {
        let line = line.trim_start_matches("pub ");
        line.strip_prefix("mod ")?
            .strip_suffix(';')
            .map(str::to_owned)
    });
    declared.collect()
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

/// The modules that a file names as `crate::NAME`, with the lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (n, line) in code(text) {
        for (at, prefix) in line.match_indices("crate::") {
            let rest = &line[at + prefix.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            found.push((n, rest[..end].to_owned()));
        }
    }
    found
}

#[test]
fn a_module_for_tests_hides_nothing_below_it() {
    let text = "mod a;\n#[cfg(test)]\nmod headlines;\nuse crate::page::b;\n#[cfg(test)]\nmod tests {\nuse crate::cli;\n}\n";
    assert_eq!(imports(text), [(4, "page".to_owned())]);
}

/// Who asks knows adapters and rows: the names of providers stand in the table, in what reads it, and in tests.
#[test]
fn who_asks_names_no_provider() {
    let table = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/providers.toml"),
    );
    let table = table.unwrap();
    let names = table.lines().filter_map(|line| {
        let name = line.strip_prefix("name = \"")?;
        name.strip_suffix('"')
    });
    let mut names: Vec<&str> = names.collect();
    assert!(names.contains(&"openai"), "{names:?}");
    names.extend(["azure", "dall-e", "gpt-image", "chatgpt", "gemini", "flux"]);
    let rooms = ["execute", "store", "ledger", "key", "plan", "pipeline"];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let room = name.split('/').next().unwrap().trim_end_matches(".rs");
        if !rooms.contains(&room) || is_test(&name) {
            continue;
        }
        let tests = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        for (n, line) in text[..tests].lines().enumerate() {
            let line = line.to_lowercase();
            if names.iter().any(|word| line.contains(word)) {
                wrong.push(format!("src/{name}:{}: {line}", n + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "they name a provider:\n{}",
        wrong.join("\n")
    );
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

#[test]
fn a_module_imports_only_what_stands_below_it() {
    let order = order();
    assert!(order.len() > 20, "{order:?}");
    let rank = |module: &str| order.iter().position(|m| m == module);
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let module = name.split('/').next().unwrap().trim_end_matches(".rs");
        if is_test(&name) || matches!(module, "lib" | "main") {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("src/{name} is not declared in lib.rs"));
        for (line, imported) in imports(&text) {
            let Some(other) = rank(&imported) else {
                wrong.push(format!(
                    "src/{name}:{line}: `crate::{imported}`: name the module in front of it, \
                     `use crate::{{…}}` cannot be checked"
                ));
                continue;
            };
            if other < own {
                wrong.push(format!(
                    "src/{name}:{line}: `{module}` imports `{imported}`, which stands above it"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the order in src/lib.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_says_what_it_is_for_and_is_not_too_long() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("src/{name} does not begin with `//!`"));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("src/{name} has {lines} lines, at most {MAX_LINES}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (n, line) in text.lines().enumerate() {
            for word in ["todo!", "unimplemented!", "dbg!"] {
                if line.contains(word) {
                    wrong.push(format!("src/{name}:{}: `{word}`", n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_plan_is_judged_without_a_look_at_anything() {
    // What is where, and what the store knows of a picture that cannot be used.
    let looks = ["plan/facts.rs", "plan/unusable.rs"];
    let words = ["&Store", "&Root", "std::fs", "Signature", "World"];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if !name.starts_with("plan/") || looks.contains(&name.as_str()) || is_test(&name) {
            continue;
        }
        for (n, line) in code(&text) {
            let named = words.iter().filter(|word| line.contains(*word));
            wrong.extend(named.map(|word| format!("src/{name}:{n}: `{word}`")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The two-file circles that are there: each is to be mended by a small move, and none may come.
const CIRCLES: [(&str, &str); 4] = [
    ("page::board", "page::feed"),
    ("provider::local::draw", "provider::local::fit"),
    ("spec::items", "spec::resolve"),
    ("spec::preflight", "spec::target"),
];

/// The files that a file names, of those that there are, but for the rooms that they stand in: what a room
/// declares for its files is no arrow between two files.
fn named(module: &str, text: &str, files: &[String]) -> Vec<String> {
    let room = module.rsplit_once("::").map_or("", |(room, _)| room);
    let mut found = Vec::new();
    for (_, line) in code(text) {
        for (prefix, below) in [("crate::", String::new()), ("super::", format!("{room}::"))] {
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

#[test]
fn no_two_files_of_a_room_import_each_other() {
    let files: Vec<(String, String)> = sources()
        .into_iter()
        .filter(|(name, _)| !is_test(name))
        .map(|(name, text)| {
            let module = name.trim_end_matches(".rs").trim_end_matches("/mod");
            (module.replace('/', "::"), text)
        })
        .collect();
    let names: Vec<String> = files.iter().map(|(module, _)| module.clone()).collect();
    let arrows: Vec<(&String, Vec<String>)> = files
        .iter()
        .map(|(module, text)| (module, named(module, text, &names)))
        .collect();
    let names_it = |from: &str, to: &String| {
        let mut of = arrows.iter().filter(|(module, _)| *module == from);
        of.any(|(_, named)| named.contains(to))
    };
    let mut circles: Vec<(&str, &str)> = Vec::new();
    for (module, named) in &arrows {
        for other in named {
            let is_room = module.starts_with(&format!("{other}::"))
                || other.starts_with(&format!("{module}::"));
            let pair = (module.as_str(), other.as_str());
            if !is_room && pair.0 < pair.1 && names_it(other, module) && !circles.contains(&pair) {
                circles.push(pair);
            }
        }
    }
    circles.sort_unstable();
    assert_eq!(circles, CIRCLES, "files that import each other");
}
