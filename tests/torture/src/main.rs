//! Kills gpbuild at random instants while it asks a local server for pictures, runs it again to the end,
//! and counts: what was paid, what was lost, what was paid twice. Longer than a test may take; every round
//! is told by its seed.
//!
//! `cargo run --release -p torture -- target/release/gpbuild --kills 200`

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code: it has a clock and prints, and a panic is how it fails"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use api_server::{Options, Server};
use clap::Parser;
use serde_json::Value;

/// Kills gpbuild at random instants and counts what was lost and what was paid twice.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary
    binary: PathBuf,
    /// How many kills
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Slides in the carousel
    #[arg(long, default_value_t = 30)]
    slides: u32,
    /// The first seed: each project of the run has one of its own
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long the server takes to answer, in milliseconds
    #[arg(long, default_value_t = 40)]
    latency: u64,
}

/// What was counted.
#[derive(Debug, Default)]
struct Count {
    projects: u64,
    kills: u32,
    paid: u64,
    doubts: u64,
    lost: u64,
    twice: u64,
}

/// Numbers that look random and are the same for the same seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Less than `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

struct Round<'a> {
    arguments: &'a Arguments,
    folder: tempfile::TempDir,
    server: Server,
}

impl Round<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.arguments.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OPENAI_API_KEY", self.server.key())
            .env("OPENAI_BASE_URL", self.server.base_url());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.output(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until the server has nothing in its hands: what it was asked for by a process that is gone
    /// goes nowhere.
    fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.server.stats().in_flight > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Every object of the store by its name.
    fn objects(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let folder = self.folder.path().join(".gpbuild/store/objects");
        for first in read(&folder) {
            for second in read(&first) {
                let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
                found.insert(name(&first) + &name(&second));
            }
        }
        found
    }
}

fn read(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn manifest(slides: u32) -> String {
    let mut text = "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n[carousel.c]\nseries = \"first\"\n".to_owned();
    for n in 1..=slides {
        text += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    }
    text
}

/// One project: kills until it is done, then the count.
fn round(arguments: &Arguments, seed: u64, count: &mut Count) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let round = Round {
        arguments,
        folder: tempfile::tempdir().unwrap(),
        server: Server::start(Options {
            latency: Duration::from_millis(arguments.latency),
            ..Options::default()
        }),
    };
    std::fs::write(
        round.folder.path().join("gpbuild.toml"),
        manifest(arguments.slides),
    )
    .unwrap();
    // Long enough for a few slides each time, short enough for several kills in one carousel.
    let longest = arguments.latency * 8;
    while count.kills < arguments.kills {
        let mut child = round
            .command(&["build", "--yes", "-q", "--retry-in-doubt"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(random.below(longest * 1000)));
        let ended = child.try_wait().unwrap().is_some();
        if !ended {
            child.kill().unwrap();
            count.kills += 1;
        }
        child.wait().unwrap();
        round.settle();
        if ended {
            break;
        }
    }
    let last = round.output(&["build", "--yes", "--retry-in-doubt"]);
    assert!(
        last.status.success(),
        "seed {seed}: {}",
        String::from_utf8_lossy(&last.stderr)
    );
    let summary = round.json(&["build", "--json"]).pop().unwrap();
    assert_eq!(summary["requests"], 0, "seed {seed}");
    assert_eq!(summary["fresh"], arguments.slides, "seed {seed}");
    let verified = round.output(&["cache", "verify"]);
    assert!(
        verified.status.success(),
        "seed {seed}: the store is damaged"
    );
    let log = round.json(&["log", "--json"]);
    let of = |outcome: &str| log.iter().filter(|e| e["outcome"] == outcome).count() as u64;
    let (answered, doubts) = (of("answered"), of("doubt"));
    let objects = round.objects();
    // A request that is answered in the ledger has its picture in the store.
    let ids: BTreeSet<&str> = log
        .iter()
        .filter(|e| e["outcome"] == "answered")
        .filter_map(|e| e["request_id"].as_str())
        .collect();
    for request in round.server.requests() {
        let kept = request.pictures.iter().all(|d| objects.contains(d));
        count.lost += u64::from(ids.contains(request.id.as_str()) && !kept);
    }
    let accepted = round.server.stats().accepted;
    let shots = u64::from(arguments.slides);
    count.lost += shots.saturating_sub(answered);
    // What was accepted beyond the shots has to be in doubt, every one of it.
    count.twice += accepted.saturating_sub(shots + doubts) + answered.saturating_sub(shots);
    count.paid += accepted;
    count.doubts += doubts;
    count.projects += 1;
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    arguments.binary = std::fs::canonicalize(&arguments.binary).expect("the binary");
    let began = Instant::now();
    let mut count = Count::default();
    let mut seed = arguments.seed;
    while count.kills < arguments.kills {
        round(&arguments, seed, &mut count);
        seed += 1;
    }
    println!(
        "{} kills in {} projects ({:.0} s): {} pictures paid, {} requests in doubt, {} lost, {} paid twice",
        count.kills,
        count.projects,
        began.elapsed().as_secs_f64(),
        count.paid,
        count.doubts,
        count.lost,
        count.twice
    );
    ExitCode::from(u8::from(count.lost + count.twice > 0))
}
