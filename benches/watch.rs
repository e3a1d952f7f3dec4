//! From a save to the finished draft on the disk, for one cover of 1080x1440: `gpbuild watch`, against a
//! one-shot `gpbuild` that draws the same picture. The debounce is not counted: it is waited on purpose.
//!
//! `cargo bench --bench watch`

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{GPBUILD, in_turn, run};
use gpbuild::world::Signature;

const ROUNDS: usize = 41;
/// As in `src/watch/mod.rs`.
const DEBOUNCE: Duration = Duration::from_millis(30);
const DRAFT: &str = ".gpbuild/preview/dist/cover.png";
/// So often the draft is looked for.
const LOOK: Duration = Duration::from_micros(200);
/// After so long it does not come any more.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    let (watched, once) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (watched, once) = (watched.path(), once.path());
    save(watched, 0);
    save(once, 0);
    run(GPBUILD, &["build", "--draft"], once);
    let mut watch = start(watched);
    let (mut ours, mut theirs) = (1..=ROUNDS, 1..=ROUNDS);
    let pairs = in_turn(
        ROUNDS,
        || drawn_after_save(watched, ours.next().unwrap()),
        || {
            save(once, theirs.next().unwrap());
            let took = run(GPBUILD, &["build", "--draft"], once);
            // The same picture, or nothing was measured.
            let draft = |folder: &Path| fs::read(folder.join(DRAFT)).unwrap();
            assert!(draft(watched) == draft(once));
            took
        },
    );
    watch.kill().unwrap();
    watch.wait().unwrap();
    println!(
        "the debounce, not counted below: {} ms",
        DEBOUNCE.as_millis()
    );
    pairs.tell("a save to its draft, 1080x1440", "one-shot", 1.5);
}

/// Writes the project in its `version`th wording.
fn save(folder: &Path, version: usize) {
    let text = format!(
        "[cover.cover]\nsize = \"1080x1440\"\ntemplate = \"poster\"\n[cover.cover.text]\n\
         badge = \"限时报名 · 仅 24 席\"\nheadline = \"{version} 天从 0 到 1 上手 AI Engineering\"\n\
         subhead = \"四周 · 线上 · 小班\"\ncaptions = [\"每日打卡\", \"实战项目\", \"小班答疑\", \"结业作品\"]\n\
         footer = \"班期 04-30 启动\"\n"
    );
    fs::write(folder.join("gpbuild.toml"), text).unwrap();
}

/// Starts to watch; the first build is over then.
fn start(folder: &Path) -> Child {
    let mut child = Command::new(GPBUILD)
        .args(["watch", "--json"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_summary = |line: String| line.contains("\"summary\"");
    assert!(lines.any(|line| is_summary(line.unwrap())));
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// Saves, and waits for the draft; how long that took without the debounce, in milliseconds.
fn drawn_after_save(folder: &Path, version: usize) -> f64 {
    let draft = folder.join(DRAFT);
    let before = Signature::of(&draft).unwrap();
    let began = Instant::now();
    save(folder, version);
    while Signature::of(&draft).unwrap() == before {
        assert!(began.elapsed() < LONG, "no draft came");
        std::thread::sleep(LOOK);
    }
    (began.elapsed() - DEBOUNCE).as_secs_f64() * 1e3
}
