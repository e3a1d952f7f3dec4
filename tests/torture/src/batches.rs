//! The end before and after every operation on the disk, and at random instants, while batches are gathered, sent and
//! taken in, a series in two rounds: nothing is lost, nothing is asked for twice, and nothing is in doubt, since a batch
//! whose name was lost is found by ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use api_server::{BatchManner, BatchProtocol, BatchServer};
use serde_json::Value;

use crate::count::Count;
use crate::project::read;
use crate::random::Random;
use crate::spread::spread;

/// Slides of each project.
const SLIDES: usize = 3;
/// A run with batches takes about so long, in milliseconds.
const RUN: u64 = 400;
/// More operations than any run has.
const MAX_OPERATIONS: u64 = 2000;

const BUILD: [&str; 5] = ["build", "--yes", "-q", "--batch", "--wait"];

/// Ends the process before and after every operation, and so often at random instants.
pub fn kills(binary: &Path, random: u64) -> Count {
    let protocols = [BatchProtocol::OpenAi, BatchProtocol::Gemini];
    let points = protocols
        .into_iter()
        .flat_map(|protocol| ["kill-before", "kill-after"].map(|kind| (protocol, kind)));
    let mut count = spread(points, |(protocol, kind)| {
        let mut count = Count::default();
        for n in 1..MAX_OPERATIONS {
            let project = Batches::new(binary, protocol);
            let fault = format!("{kind}:::{n}");
            let mut command = project.command(&BUILD);
            let output = command.env("GPBUILD_FAULT", &fault).output().unwrap();
            count += project.hold(&format!("{fault}, {protocol:?}"));
            if output.status.success() {
                // There are no more operations.
                println!("{protocol:?}, {kind}: {n} operations");
                return count;
            }
        }
        count
    });
    count += spread(1..=random, |seed| {
        let protocol = protocols[usize::from(seed % 2 == 0)];
        let project = Batches::new(binary, protocol);
        let mut random = Random::new(seed);
        for _ in 0..=random.below(4) {
            let mut child = project
                .command(&BUILD)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_micros(random.below(RUN * 1000)));
            // It may have ended by itself.
            let _ = child.kill();
            child.wait().unwrap();
        }
        project.hold(&format!("seed {seed}, {protocol:?}"))
    });
    count
}

struct Batches {
    folder: tempfile::TempDir,
    binary: PathBuf,
    server: BatchServer,
}

impl Batches {
    fn new(binary: &Path, protocol: BatchProtocol) -> Self {
        let model = match protocol {
            BatchProtocol::OpenAi => "openai/gpt-image-2\"\nquality = \"low",
            BatchProtocol::Gemini => "gemini/gemini-nano-banana-2.1",
        };
        let mut manifest = format!(
            "[defaults]\nmodel = \"{model}\"\nsize = \"800x800\"\n[carousel.c]\nseries = \"first\"\n"
        );
        for n in 1..=SLIDES {
            manifest += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("p")).unwrap();
        std::fs::write(folder.path().join("p/gpbuild.toml"), manifest).unwrap();
        Self {
            folder,
            binary: binary.to_owned(),
            server: BatchServer::start(protocol, BatchManner::default()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path().join("p"))
            .env("GPBUILD_HOME", "../home")
            .envs(self.server.variables());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let text = String::from_utf8(self.run(arguments).stdout).unwrap();
        let line = |line| serde_json::from_str(line).unwrap();
        text.lines().map(line).collect()
    }

    /// What has to hold whatever happened before.
    fn hold(&self, case: &str) -> Count {
        let mut count = Count {
            cases: 1,
            ..Count::default()
        };
        let mut wrong = |what: &str, output: &Output| {
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("{case}: {what}: {:?}\n{err}", output.status.code());
            count.wrong = 1;
        };
        // Nobody has said that anything may be asked for again: three runs are enough for both rounds.
        for _ in 0..3 {
            let plain = self.run(&["build", "--yes", "--batch"]);
            if !plain.status.success() {
                wrong("a plain run ends badly", &plain);
            }
        }
        let of = |outcome: &str| {
            let log = self.json(&["log", "--json"]).into_iter();
            log.filter(|entry| entry["outcome"] == outcome).count()
        };
        count.doubts = of("doubt") as u64;
        // A batch that was about to be created and is in no list is given up only by a person, and sent again by the next word.
        for _ in 0..6 {
            self.run(&["build", "--yes", "--batch", "--retry-in-doubt"]);
        }
        self.run(&["cache", "gc"]);
        let last = self.run(&["plan", "--json"]);
        let text = String::from_utf8_lossy(&last.stdout).into_owned();
        let total = text.lines().last().map(serde_json::from_str::<Value>);
        let total = total.and_then(Result::ok).unwrap_or_default();
        if total["requests"] != 0 || total["fresh"] != SLIDES {
            wrong("not all is fresh in the end", &last);
        }
        let mut left = read(&self.folder.path().join("home/store/incoming"));
        left.retain(|path| path.extension().is_none_or(|ending| ending != "part"));
        left.extend(read(&self.folder.path().join("home/store/batches")));
        if !left.is_empty() {
            wrong(&format!("{left:?} is left"), &last);
        }
        if !self.server.wrong().is_empty() {
            wrong(&format!("{:?}", self.server.wrong()), &last);
        }
        let verified = self.run(&["cache", "verify"]);
        if !verified.status.success() {
            wrong("the store is damaged", &verified);
        }
        let batches = self.server.batches();
        let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
        for (name, _) in batches.iter().flat_map(|batch| &batch.lines) {
            *asked.entry(name).or_default() += 1;
        }
        count.paid = asked.values().sum();
        count.twice = asked.values().map(|n| n - 1).sum::<u64>();
        count.twice += count.paid.saturating_sub(SLIDES as u64 + count.twice);
        count.lost = SLIDES.saturating_sub(of("answered")) as u64;
        let objects = self.objects();
        let pictures = batches.iter().flat_map(|batch| &batch.pictures);
        count.lost += pictures
            .filter(|(_, digest)| !objects.contains(digest))
            .count() as u64;
        if !count.is_good() {
            println!("{case}: {count}");
        }
        count
    }

    fn objects(&self) -> Vec<String> {
        let mut found = Vec::new();
        for first in read(&self.folder.path().join("home/store/objects")) {
            for second in read(&first) {
                let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
                found.push(name(&first) + &name(&second));
            }
        }
        found
    }
}
