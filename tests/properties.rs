//! What holds of all manifests, locks, ledgers, data files and paths: over generated ones, the same at every
//! run.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and each tells its case from beginning to end"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use base::digest::Digest;
use base::path::ProjectPath;
use base::world::{Signature, World};
use declare::data::{self, Format};
use declare::manifest;
use declare::spec::{self, Options};
use declare::template::Templates;
use model::{Area, Finding, Micro, Severity};
use plan::key::{self, EXPORT, Ingredients, Key, SHOT};
use plan::lock::{Lock, LockedAsset, LockedShot};
use plan::state;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::ledger::{Intent, Ledger, Outcome, Settlement};
use store::{Roll, ShotEntry};

/// Tries a property on so many values, which are the same at every run.
fn holds<S: Strategy>(cases: u32, of: &S, property: impl Fn(S::Value)) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let tried = runner.run(of, |value| {
        property(value);
        Ok(())
    });
    if let Err(e) = tried {
        panic!("{e}");
    }
}

/// A line of a table: a key and its value, as TOML.
type Line = (String, String);
/// What is written of a manifest: its tables by name.
type Written = BTreeMap<String, Vec<Line>>;

/// Words, never blank, that a template does not see as such.
fn words() -> impl Strategy<Value = String> {
    "[a-z0-9标题é][a-z0-9 标题é\"\\\\'#\\[\\]=.,]{0,19}"
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = |key: &'static str, value: BoxedStrategy<String>| {
        proptest::option::of(value).prop_map(move |v| v.map(|v| (key.to_owned(), v)))
    };
    let word =
        |words: &'static [&'static str]| proptest::sample::select(words).prop_map(quoted).boxed();
    (
        words(),
        line(
            "size",
            word(&["800x800", "1024x1024", "900x383", "1600x900"]),
        ),
        line("quality", word(&["low", "medium", "high"])),
        line("model", word(&["local", "openai/gpt-image-2"])),
        line("format", word(&["png", "jpeg", "webp"])),
        line("variant", (1..9_u32).prop_map(|n| n.to_string()).boxed()),
        line(
            "max_bytes",
            (100_000..9_000_000_u32).prop_map(|n| n.to_string()).boxed(),
        ),
    )
        .prop_map(|(headline, a, b, c, d, e, f)| {
            let text = (
                "text".to_owned(),
                format!("{{ headline = {} }}", quoted(&headline)),
            );
            [Some(text), a, b, c, d, e, f]
                .into_iter()
                .flatten()
                .collect()
        })
}

fn written() -> impl Strategy<Value = Written> {
    btree_map("[a-z]{1,6}", lines(), 1..6).prop_map(|covers| {
        let mut tables: Written = covers
            .into_iter()
            .map(|(name, lines)| (format!("cover.{name}"), lines))
            .collect();
        let defaults = [("size", "800x800"), ("quality", "low")];
        let defaults = defaults.map(|(key, value)| (key.to_owned(), quoted(value)));
        tables.insert("defaults".to_owned(), defaults.to_vec());
        tables
    })
}

/// The keys of all assets of a manifest: their shots' and their exports'.
fn keys(text: &str) -> Vec<(String, Vec<Key>)> {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).unwrap();
    let path = ProjectPath::new("gpbuild.toml").unwrap();
    let world = Arc::new(world.with(&path, text.as_bytes().to_vec()));
    let (manifest, tree, problems) = manifest::load(&world, None).unwrap();
    let templates = Templates::new(&world, &ProjectPath::new("templates").unwrap());
    let fonts = Arc::from([]);
    let options = Options::default();
    let resolved = spec::resolve(&manifest, &tree, &world, &templates, &fonts, &options, None);
    let told: Vec<String> = problems
        .iter()
        .chain(&resolved.diagnostics)
        .map(|problem| problem.render(false))
        .collect();
    assert_eq!(told, [""; 0], "{text}");
    let of = |spec: &spec::Spec| {
        let shots = spec.shots().unwrap();
        let requests = shots.requests.iter();
        let mut keys: Vec<Key> = requests
            .map(|request| key::shot(request, |_| None).unwrap().key(SHOT))
            .collect();
        let picture = Digest::of(b"a picture");
        keys.push(key::export(&shots.export, shots.overlay.as_ref(), picture).key(EXPORT));
        (spec.id.clone(), keys)
    };
    resolved.specs.iter().map(of).collect()
}

#[test]
fn order_comments_and_space_change_no_key() {
    let all = (written(), any::<u64>());
    holds(96, &all, |(tables, seed)| {
        let plain: String = tables
            .iter()
            .map(|(name, lines)| {
                let lines: String = lines.iter().map(|(k, v)| format!("{k} = {v}\n")).collect();
                format!("[{name}]\n{lines}")
            })
            .collect();
        // The same in another order, with comments and space, and one table as dotted keys.
        let mut order: Vec<_> = tables.into_iter().collect();
        let turn = usize::try_from(seed % 7).unwrap() % order.len();
        order.rotate_left(turn);
        if seed % 2 == 0 {
            order.reverse();
        }
        let mut other = "# A comment = [not a table]\n\n".to_owned();
        for (name, mut lines) in order {
            let turn = usize::try_from(seed % 5).unwrap() % lines.len().max(1);
            lines.rotate_left(turn);
            other += &format!("  [ {} ]   # [cover.x]\r\n", name.replace('.', " . "));
            for (key, value) in lines {
                other += &format!("\t\"{key}\"\t=   {value} # {key} = 1\n\n");
            }
        }
        let known = keys(&plain);
        assert_eq!(known, keys(&plain), "the same text");
        assert_eq!(known, keys(&other), "{plain}\n---\n{other}");
    });
}

#[test]
fn another_word_is_another_key() {
    holds(64, &(words(), words()), |(one, other)| {
        let manifest = |word: &str| {
            format!(
                "[cover.a]\nsize = \"800x800\"\nmodel = \"openai/gpt-image-2\"\ntext = {{ headline = {} }}\n",
                quoted(word)
            )
        };
        // Space around words is not part of them.
        if one.trim() != other.trim() && !one.trim().is_empty() && !other.trim().is_empty() {
            assert_ne!(
                keys(&manifest(&one)),
                keys(&manifest(&other)),
                "{one:?} {other:?}"
            );
        }
    });
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn locked() -> impl Strategy<Value = LockedAsset> {
    let shot =
        (digest(), vec(digest(), 1..4), any::<usize>()).prop_map(|(key, candidates, pick)| {
            let pick = pick % candidates.len() + 1;
            LockedShot {
                key: Key(key),
                candidates,
                pick,
            }
        });
    let rest = (any::<String>(), any::<bool>(), vec(shot, 0..4));
    (digest(), digest(), any::<String>(), rest).prop_map(
        |(digest, export, output, (model, accepted, shots))| LockedAsset {
            output,
            digest,
            model,
            export: Key(export),
            accepted,
            shots,
        },
    )
}

#[test]
fn a_lock_that_is_written_is_read_as_it_was() {
    let lock = (
        btree_map(any::<String>(), locked(), 0..8),
        btree_map(any::<String>(), digest(), 0..4),
    );
    holds(200, &lock, |(assets, unclaimed)| {
        let lock = Lock {
            assets,
            unclaimed,
            ..Lock::default()
        };
        let text = lock.text();
        let read = Lock::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (&read.assets, &read.unclaimed),
            (&lock.assets, &lock.unclaimed),
            "{text}"
        );
        assert_eq!(read.text(), text);
        // What git merges: tables in another order, with a comment.
        let (head, tables) = text.split_at(text.find("\n[").map_or(text.len(), |at| at + 1));
        let mut tables: Vec<&str> = tables.split("\n\n").collect();
        if !text.contains("\\n") && !lock.assets.is_empty() && lock.unclaimed.is_empty() {
            tables.reverse();
            let other = format!("{head}# merged\n\n{}\n", tables.join("\n\n"));
            assert_eq!(
                Lock::parse(other.as_bytes()).map(|lock| lock.text()),
                Ok(text)
            );
        }
    });
}

fn finding() -> impl Strategy<Value = Finding> {
    let area = any::<Option<[u32; 4]>>().prop_map(|area| {
        area.map(|[left, top, width, height]| Area {
            left,
            top,
            width,
            height,
        })
    });
    let severity = proptest::sample::select(&[Severity::Unsure, Severity::Wrong][..]);
    (any::<String>(), severity, any::<usize>(), area).prop_map(|(words, severity, n, area)| {
        let found = Finding::new("words", severity, n, &words);
        match area {
            Some(area) => found.at(area),
            None => found,
        }
    })
}

fn roll() -> impl Strategy<Value = Roll> {
    let candidates = vec(digest(), 0..3);
    (
        candidates,
        any::<String>(),
        any::<u64>(),
        vec(finding(), 0..3),
    )
        .prop_map(|(candidates, model, cost, findings)| {
            let mut roll = Roll::new(candidates, model, cost);
            roll.judged(findings);
            roll
        })
}

#[test]
fn a_shot_that_is_written_is_read_as_it_was_and_a_plain_one_is_in_the_form_of_before() {
    let ingredients = vec((any::<String>(), any::<String>()), 0..3);
    let accepted = any::<Option<usize>>();
    let entry = (vec(roll(), 1..4), accepted, ingredients);
    holds(500, &entry, |(rolls, accepted, ingredients)| {
        let entry = ShotEntry {
            accepted: accepted.map(|n| n % rolls.len()),
            rolls,
            ingredients: Ingredients(ingredients),
        };
        let text = serde_json::to_string(&entry).unwrap();
        let read: ShotEntry = serde_json::from_str(&text).unwrap();
        assert_eq!(read, entry, "{text}");
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let is_found = !entry.rolls[0].findings().is_empty();
        let is_plain = entry.rolls.len() == 1 && entry.accepted == Some(0) && !is_found;
        assert_eq!(text.starts_with("{\"candidates\":["), is_plain, "{text}");
    });
}

#[test]
fn a_ledger_that_is_written_is_read_as_it_was_and_damage_spares_the_other_lines() {
    let outcome = proptest::sample::select(&[
        Outcome::Answered,
        Outcome::Refused,
        Outcome::Unsent,
        Outcome::Doubt,
    ]);
    let settlement = (
        outcome,
        proptest::option::of(any::<u32>()),
        proptest::option::of(any::<String>()),
        proptest::option::of(any::<String>()),
    );
    let request = (
        any::<String>(),
        digest(),
        any::<String>(),
        1..11_u32,
        proptest::option::of(settlement),
    );
    let all = (vec(request, 1..8), any::<u64>());
    holds(64, &all, |(requests, seed)| {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        for (asset, key, model, pictures, settlement) in requests {
            let number = ledger
                .intend(
                    Intent {
                        asset,
                        key: Key(key),
                        model,
                        pictures,
                        estimate: Some(Micro(7)),
                        quoted: None,
                        project: "p".to_owned(),
                        from: None,
                        batch: None,
                    },
                    &[],
                )
                .unwrap();
            if let Some((outcome, cost, request_id, why)) = settlement {
                let cost = cost.map(|cost| Micro(u64::from(cost)));
                let settlement = Settlement {
                    outcome,
                    cost,
                    billed: None,
                    request_id,
                    why,
                };
                ledger.settle(number, settlement).unwrap();
            }
        }
        let told = |ledger: &Ledger| format!("{:#?}", ledger.entries());
        let read = Ledger::open(folder.path()).unwrap();
        assert_eq!(told(&read), told(&ledger));
        assert!(read.damage().is_none());
        // One bit anywhere harms the line that it is in, or the two that it joins, and no other.
        let file = folder.path().join("ledger");
        let mut bytes = std::fs::read(&file).unwrap();
        let at = usize::try_from(seed % bytes.len() as u64).unwrap();
        bytes[at] ^= 1 << (seed % 8);
        std::fs::write(&file, bytes).unwrap();
        let bent = Ledger::open(folder.path()).unwrap();
        assert!(bent.damage().is_some());
        let left = bent.entries().len() + 2;
        assert!(left >= ledger.entries().len());
    });
}

#[test]
fn data_says_the_same_in_every_format() {
    let name = "[a-z][a-z0-9_]{0,6}";
    let value = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        "[ -~标题é\u{1F469}]{0,12}".prop_map(serde_json::Value::from),
        vec("[a-z]{0,4}", 0..3).prop_map(serde_json::Value::from),
    ];
    let rows = vec(btree_map(name, value, 1..5), 1..5);
    holds(128, &rows, |rows| {
        let json = serde_json::to_string(&rows).unwrap();
        let values = |format, name: &str, text: &str| {
            let path = ProjectPath::new(name).unwrap();
            let items = data::read(format, &path, text.as_bytes());
            let items = items.unwrap_or_else(|e| panic!("{}\n{text}", e.render(false)));
            items.into_iter().map(|item| item.value).collect::<Vec<_>>()
        };
        let known = values(Format::Json, "a.json", &json);
        assert_eq!(
            serde_json::to_value(&rows).unwrap(),
            serde_json::Value::from(known.clone())
        );
        // JSON is YAML, and a line of it is a front matter's.
        assert_eq!(values(Format::Yaml, "a.yaml", &json), known, "{json}");
        let first = serde_json::to_string_pretty(&rows[0]).unwrap();
        let head = format!("---\n{first}\n---\nBody\n");
        assert_eq!(
            values(Format::FrontMatter, "a.md", &head),
            known[..1],
            "{head}"
        );
        let table = toml::to_string(&BTreeMap::from([("row", &rows)])).unwrap();
        assert_eq!(values(Format::Toml, "a.toml", &table), known, "{table}");
    });
}

#[test]
fn a_table_of_csv_is_read_cell_by_cell() {
    let cell = "[ -~标题é\n]{0,8}";
    let rows = (1..5_usize).prop_flat_map(move |width| vec(vec(cell, width), 1..5));
    holds(128, &rows, |rows| {
        let cells = |cells: Vec<String>| {
            let cells: Vec<String> = cells
                .iter()
                .map(|c| format!("\"{}\"", c.replace('"', "\"\"")))
                .collect();
            cells.join(",")
        };
        let names: Vec<String> = (0..rows[0].len()).map(|n| format!("c{n}")).collect();
        let lines = std::iter::once(names.clone())
            .chain(rows.clone())
            .map(cells);
        let text = lines.collect::<Vec<_>>().join("\r\n");
        let path = ProjectPath::new("a.csv").unwrap();
        let items = data::read(Format::Csv, &path, text.as_bytes()).unwrap();
        // A line of nothing but space is no row.
        let is_row = |row: &&Vec<String>| row.iter().any(|cell| !cell.trim().is_empty());
        let rows: Vec<_> = rows.iter().filter(is_row).collect();
        assert_eq!(items.len(), rows.len(), "{text}");
        for (item, row) in items.iter().zip(rows) {
            for (name, cell) in names.iter().zip(row) {
                assert_eq!(
                    item.value[name].as_str().map(str::trim),
                    Some(cell.trim()),
                    "{text}"
                );
            }
        }
    });
}

#[test]
fn a_file_that_is_sure_is_never_changed_under_the_same_time() {
    let second = 1_000_000_000_i64;
    let times = (
        proptest::sample::select(vec![1, second / 1000, second, 2 * second]),
        0..10 * second,
        0..10 * second,
        1..10 * second,
    );
    holds(5000, &times, |(tick, written, later, after)| {
        // As a file system of that resolution keeps it.
        let kept = |time: i64| Signature {
            size: 7,
            modified: time - time % tick,
            changed: time - time % tick,
            inode: 1,
        };
        let began = written + later;
        if state::is_sure(&kept(written), began) {
            assert_ne!(
                kept(began + after),
                kept(written),
                "{tick} {written} {began} {after}"
            );
        }
        // A clock that went backwards, or a time to come, makes nothing sure.
        assert!(!state::is_sure(&kept(began + after), began));
    });
}

#[test]
fn a_path_never_leaves_the_project() {
    let part = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        "[a-zA-Z.é ]{0,4}",
        any::<String>()
    ];
    let path = vec(part, 0..5).prop_map(|parts| parts.join("/"));
    holds(2000, &(path.clone(), path), |(folder, path)| {
        let inside = |path: &ProjectPath| {
            let odd = |part: &str| part.is_empty() || part == "." || part == "..";
            assert!(
                !path.as_str().starts_with('/') && !path.as_str().split('/').any(odd),
                "{path:?}"
            );
            assert_eq!(ProjectPath::new(path.as_str()).as_ref(), Ok(path));
        };
        let folder = ProjectPath::new(&folder);
        if let Ok(folder) = &folder {
            inside(folder);
        }
        let folder = folder.as_ref().map_or("", ProjectPath::as_str);
        if let Ok(joined) = ProjectPath::join(folder, &path) {
            inside(&joined);
        }
        if let Ok(output) = ProjectPath::for_output(&path) {
            inside(&output);
            assert_eq!(
                ProjectPath::for_output(output.as_str()).as_ref(),
                Ok(&output)
            );
            let folded = base::path::folded(output.as_str());
            assert_eq!(base::path::folded(&folded), folded);
        }
    });
}
