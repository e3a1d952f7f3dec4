//! Every bound of the program in one table: `docs/limits.md` is written from the constants of the sources and held
//! against them. A bound is a constant `MAX_…`, `MIN_…` or a `Duration`; `BLESS=1` writes the table anew.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

use std::fmt::Write as _;
use std::path::Path;

use walkdir::WalkDir;

const TABLE: &str = "docs/limits.md";
const HEAD: &str = "# Limits

Every bound of gpbuild: what is read, held, waited for or nested no further. Written from the constants in the sources
by `tests/limits.rs` (`BLESS=1 cargo test --test limits`), which fails where this page says otherwise.
";

/// A bound, as its constant says it.
struct Limit {
    name: String,
    value: String,
    /// What is above it.
    what: String,
}

#[test]
fn the_table_of_limits_is_what_the_sources_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut table = HEAD.to_owned();
    for file in sources(root) {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        let limits = limits(&file, &text);
        if limits.is_empty() {
            continue;
        }
        write!(
            table,
            "\n## `{file}`\n\n| name | limit | what |\n|---|---|---|\n"
        )
        .unwrap();
        for Limit { name, value, what } in limits {
            writeln!(table, "| `{name}` | {value} | {what} |").unwrap();
        }
    }
    let path = root.join(TABLE);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let told = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\r\n", "\n");
    assert!(
        told == table,
        "{TABLE} is not what the sources say: `BLESS=1 cargo test --test limits` writes it anew"
    );
}

#[test]
fn values_are_read_as_a_person_would_write_them() {
    for (source, told) in [
        ("16 << 20", "16 Mi"),
        ("64 << 10", "64 Ki"),
        ("200_000_000", "200,000,000"),
        ("Duration::from_secs(900)", "900 s"),
        ("Micro(100_000_000)", "$100"),
        ("Duration::from_millis(50)", "50 ms"),
    ] {
        assert_eq!(value(source).as_deref(), Some(told), "{source}");
    }
    assert_eq!(value("OTHER + 1"), None);
}

/// The files of the program, by their paths from the root of the project, sorted; none that holds tests alone.
fn sources(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for top in ["crates", "src"] {
        for entry in WalkDir::new(root.join(top)) {
            let path = entry.unwrap().into_path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let name = name.replace('\\', "/");
            let is_test = name.contains("/tests/") || name.ends_with("/tests.rs");
            if name.ends_with(".rs") && name.contains("src/") && !is_test {
                files.push(name);
            }
        }
    }
    files.sort();
    files
}

/// The bounds of a file, before the tests in it.
fn limits(file: &str, text: &str) -> Vec<Limit> {
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some((name, kind, source)) = constant(line) else {
            continue;
        };
        let is_bound = name.starts_with("MAX_") || name.starts_with("MIN_");
        if !is_bound && kind != "Duration" {
            continue;
        }
        let above = lines[..n].iter().rev();
        let mut words: Vec<&str> = above
            .skip_while(|line| line.ends_with(']'))
            .map_while(|line| line.strip_prefix("///"))
            .map(str::trim)
            .collect();
        words.reverse();
        assert!(
            !words.is_empty(),
            "{file}: what `{name}` is for is not said"
        );
        let value = value(source);
        found.push(Limit {
            value: value.unwrap_or_else(|| panic!("{file}: `{name}` is no plain number: {source}")),
            name: name.to_owned(),
            what: words.join(" "),
        });
    }
    found
}

/// The name, type and value of a constant that stands in one line.
fn constant(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once("const ")?;
    if !before.is_empty() && !before.starts_with("pub") {
        return None;
    }
    let (name, rest) = rest.split_once(": ")?;
    let (kind, source) = rest.split_once(" = ")?;
    Some((name, kind, source.strip_suffix(';')?))
}

/// A number in words: digits in threes, powers of two and times with their unit.
fn value(source: &str) -> Option<String> {
    for (call, unit) in [("from_secs", "s"), ("from_millis", "ms")] {
        let start = format!("Duration::{call}(");
        if let Some(number) = source.strip_prefix(&start) {
            return Some(format!("{} {unit}", number.strip_suffix(')')?));
        }
    }
    if let Some(millionths) = source.strip_prefix("Micro(") {
        let millionths: u64 = millionths
            .strip_suffix(')')?
            .replace('_', "")
            .parse()
            .ok()?;
        return millionths
            .is_multiple_of(1_000_000)
            .then(|| format!("${}", millionths / 1_000_000));
    }
    if let Some((number, shift)) = source.split_once(" << ") {
        let unit = match shift {
            "10" => "Ki",
            "20" => "Mi",
            "30" => "Gi",
            _ => return None,
        };
        return Some(format!("{number} {unit}"));
    }
    let number: u64 = source.replace('_', "").parse().ok()?;
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    Some(text)
}
