//! From a save to the finished draft on the disk, for one cover of 1080x1440: `gpbuild watch`, against a
//! one-shot `gpbuild` that draws the same picture. The debounce is not counted: it is waited on purpose.
//! Then, from there until a page has the bytes of the new draft: told by the stream of events, and asked for.
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
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base::world::Signature;
use common::{GPBUILD, in_turn, median, run, tell_limit};

const ROUNDS: usize = 41;
/// As in `src/watch/mod.rs`.
const DEBOUNCE: Duration = Duration::from_millis(30);
const DRAFT: &str = ".gpbuild/preview/dist/cover.png";
/// So often the draft is looked for.
const LOOK: Duration = Duration::from_micros(200);
/// After so long it does not come any more.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    println!(
        "the debounce, not counted below: {} ms",
        DEBOUNCE.as_millis()
    );
    to_the_disk();
    to_the_page();
}

fn to_the_disk() {
    let (watched, once) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (watched, once) = (watched.path(), once.path());
    save(once, 0);
    run(GPBUILD, &["build", "--draft"], once);
    let watch = Watch::start(watched, &[]);
    let (mut ours, mut theirs) = (1..=ROUNDS, 1..=ROUNDS);
    let pairs = in_turn(
        ROUNDS,
        || {
            let began = Instant::now();
            let drawn = drawn_after_save(watched, ours.next().unwrap());
            milliseconds(drawn - began - DEBOUNCE)
        },
        || {
            save(once, theirs.next().unwrap());
            let took = run(GPBUILD, &["build", "--draft"], once);
            // The same picture, or nothing was measured.
            let draft = |folder: &Path| fs::read(folder.join(DRAFT)).unwrap();
            assert!(draft(watched) == draft(once));
            took
        },
    );
    drop(watch);
    pairs.tell("a save to its draft, 1080x1440", "one-shot", 1.5);
}

fn to_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = Watch::start(folder.path(), &["--port", "0"]);
    let shown = watch.page();
    let after: Vec<f64> = (1..=ROUNDS)
        .map(|version| {
            let drawn = drawn_after_save(folder.path(), version);
            let shown = shown.recv_timeout(LONG).unwrap();
            // It may be told before it is seen here.
            milliseconds(shown.saturating_duration_since(drawn))
        })
        .collect();
    let most = after.iter().copied().fold(0.0, f64::max);
    tell_limit("a draft to the page, median", median(&after), 100.0, "ms");
    tell_limit("a draft to the page, the slowest", most, 100.0, "ms");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Writes the project in its `version`th wording: beside it, then in its place, so that no build sees half of it.
fn save(folder: &Path, version: usize) {
    let text = format!(
        "[cover.cover]\nsize = \"1080x1440\"\ntemplate = \"poster\"\n[cover.cover.text]\n\
         badge = \"限时报名 · 仅 24 席\"\nheadline = \"{version} 天从 0 到 1 上手 AI Engineering\"\n\
         subhead = \"四周 · 线上 · 小班\"\ncaptions = [\"每日打卡\", \"实战项目\", \"小班答疑\", \"结业作品\"]\n\
         footer = \"班期 04-30 启动\"\n"
    );
    let beside = folder.join(".gpbuild.toml.swp");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join("gpbuild.toml")).unwrap();
}

/// Saves, and waits for the draft; when it came.
fn drawn_after_save(folder: &Path, version: usize) -> Instant {
    let draft = folder.join(DRAFT);
    let before = Signature::of(&draft).unwrap();
    let began = Instant::now();
    save(folder, version);
    while Signature::of(&draft).unwrap() == before {
        assert!(began.elapsed() < LONG, "no draft came");
        std::thread::sleep(LOOK);
    }
    Instant::now()
}

/// A `gpbuild watch`, ended with the bench.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Watch {
    /// Writes the project and starts to watch it; the first build is over then.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        save(folder, 0);
        let mut child = Command::new(GPBUILD)
            .args(["watch", "--draft", "--json"])
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("\"summary\"")));
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// Opens its page as a browser does; when each new picture was there.
    fn page(&mut self) -> Receiver<Instant> {
        let mut told = BufReader::new(self.0.stderr.take().unwrap()).lines();
        let url = told
            .find_map(|line| Some(line.unwrap().strip_prefix("page: http://")?.to_owned()))
            .unwrap();
        std::thread::spawn(move || told.for_each(drop));
        let events = BufReader::new(get(&url, "events")).lines();
        // One event is one line, and begins a piece of the answer.
        let mut events = events.filter_map(|line| {
            let line = line.unwrap();
            serde_json::from_str::<serde_json::Value>(line.strip_prefix("data: ")?).ok()
        });
        assert!(events.any(|event| event["event"] == "rows" || event["ready"] == true));
        let (tell, shown) = channel();
        std::thread::spawn(move || {
            for event in events.filter(|event| event["event"] == "done") {
                let digest = event["digest"].as_str().unwrap();
                let mut picture = Vec::new();
                get(&url, &format!("picture/{digest}"))
                    .read_to_end(&mut picture)
                    .unwrap();
                assert!(picture.starts_with(b"HTTP/1.1 200 ") && picture.len() > 10_000);
                if tell.send(Instant::now()).is_err() {
                    break;
                }
            }
        });
        shown
    }
}

/// The answer to a request for what is below the page.
fn get(url: &str, what: &str) -> TcpStream {
    let (host, token) = url.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{token}{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    stream
}
