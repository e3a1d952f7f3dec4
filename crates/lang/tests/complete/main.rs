//! Everything that is said to people is in the catalogue, and the catalogue says nothing that nobody says.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

mod not_said;
mod sources;
mod wording;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gpbuild_lang::Lang;
use sources::Literal;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn literals() -> Vec<Literal> {
    let files = sources::files(&root());
    files
        .iter()
        .flat_map(|(name, text)| sources::literals(name, text))
        .collect()
}

/// The text of a literal as the catalogue has it.
fn id(literal: &Literal) -> String {
    match literal.is_noun {
        true => format!("{{}} {}", literal.text),
        false => literal.text.clone(),
    }
}

/// Words of a text that stand in no quotes and in no hole, with spaces between or around them. A single word is none:
/// most of those are names.
fn is_prose(text: &str) -> bool {
    let mut plain = String::new();
    let (mut is_quoted, mut is_hole) = (false, false);
    for c in text.chars() {
        match c {
            '`' => is_quoted = !is_quoted,
            '{' => is_hole = true,
            '}' => is_hole = false,
            _ if is_quoted || is_hole => continue,
            c => plain.push(c),
        }
        if matches!(c, '`' | '}') {
            plain.push('X');
        }
    }
    let is_word = |word: &&str| {
        word.bytes().filter(u8::is_ascii_lowercase).count() > 1
            && word
                .bytes()
                .all(|b| b.is_ascii_alphabetic() || b",;:.()'-".contains(&b))
    };
    let words: Vec<&str> = plain.split(' ').collect();
    words.len() > 1 && words.iter().any(is_word)
}

#[test]
fn everything_that_is_said_is_in_the_catalogue() {
    let missing: Vec<String> = literals()
        .iter()
        .filter(|literal| literal.is_noun || is_prose(&literal.text))
        .filter(|literal| !gpbuild_lang::has(&id(literal)) && !not_said::is_listed(literal))
        .map(|literal| format!("{}:{}: {:?}", literal.file, literal.line, id(literal)))
        .collect();
    assert!(
        missing.is_empty(),
        "{} texts are not in crates/lang/src/zh.po:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

/// What a provider's row says of a parameter that it does not take.
#[test]
fn what_the_table_of_providers_says_is_in_the_catalogue() {
    let table = std::fs::read_to_string(root().join("crates/provider/src/providers.toml")).unwrap();
    let values = table.lines().filter_map(|line| {
        let (_, value) = line.split_once(" = \"")?;
        let value = value.strip_suffix('"')?;
        Some(value.replace("\\\"", "\"")).filter(|value| is_prose(value))
    });
    let values: Vec<String> = values.collect();
    let missing: Vec<&String> = values
        .iter()
        .filter(|value| !gpbuild_lang::has(value))
        .collect();
    assert!(values.len() > 4 && missing.is_empty(), "{missing:#?}");
}

#[test]
fn what_is_not_said_is_in_the_sources() {
    let all = literals();
    let gone = not_said::unused(&all);
    assert!(
        gone.is_empty(),
        "no such literal any more:\n{}",
        gone.join("\n")
    );
}

#[test]
fn nothing_is_in_the_catalogue_that_nobody_says() {
    let said: BTreeSet<String> = literals()
        .iter()
        .map(|literal| holes(&id(literal)))
        .collect();
    let own = "Put together in more than one place";
    let catalogue = std::fs::read_to_string(root().join("crates/lang/src/zh.po")).unwrap();
    assert!(catalogue.contains(own));
    let gone: Vec<&str> = from_sources(&catalogue)
        .filter(|text| !said.contains(&holes(text)))
        .collect();
    assert!(
        gone.is_empty(),
        "no source says any more:\n{}",
        gone.join("\n")
    );
}

/// The texts under the names of files; those of other headings are put together, or said by a library.
fn from_sources(catalogue: &str) -> impl Iterator<Item = &'static str> {
    let mut is_file = false;
    let mut wanted = BTreeSet::new();
    for line in catalogue.lines() {
        match line.strip_prefix("# ") {
            Some(heading) => is_file = heading.ends_with(".rs"),
            None if is_file && line.starts_with("msgid ") => {
                wanted.insert(line.to_owned());
            }
            None => {}
        }
    }
    gpbuild_lang::entries()
        .map(|(id, _)| id)
        .filter(move |id| wanted.contains(&format!("msgid {}", quoted(id))))
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\t', "\\t"))
}

/// A text whose holes have no names.
fn holes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|n| open + n);
        let is_hole = close.is_some_and(|close| {
            rest[open + 1..close]
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        match (is_hole, close) {
            (true, Some(close)) => {
                out += &format!("{}{{}}", &rest[..open]);
                rest = &rest[close + 1..];
            }
            _ => {
                out += &rest[..=open];
                rest = &rest[open + 1..];
            }
        }
    }
    out + rest
}

#[test]
fn the_catalogue_is_right() {
    let faults = gpbuild_lang::faults();
    assert_eq!(faults, []);
}

/// A sentence that a person is told is Chinese, or has no words but names and code.
#[test]
fn what_the_cases_of_wording_print_is_said_in_chinese() {
    let english: Vec<String> = wording::texts(&root())
        .into_iter()
        .filter(|(_, text)| is_prose(text) && gpbuild_lang::say(Lang::Chinese, text) == *text)
        .map(|(place, text)| format!("{place}: {text}"))
        .collect();
    assert!(
        english.is_empty(),
        "they stay English:\n{}",
        english.join("\n")
    );
}
