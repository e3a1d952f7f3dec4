//! The end before and after every operation on the disk while programs of the person's own make pictures: nothing is lost,
//! nothing that costs something is made twice, and in doubt is only what has begun and not ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use api_server::{Format, Picture};
use serde_json::Value;

use crate::count::Count;
use crate::project::read;
use crate::spread::spread;

/// Pictures of each project; each comes in two candidates.
const PICTURES: usize = 2;

/// Notes the request in one piece, since one that outlives a kill may be at work beside it, and copies two pictures.
const SCRIPT: &str = "{ cat; echo; } > line; cat line >> \"$1\"\n\
                      cp \"$2\" output/1.png; cp \"$3\" output/2.png\n";

fn picture(n: u8) -> Vec<u8> {
    let picture = Picture {
        size: (64, 48),
        format: Format::Png,
        quality: 100,
        transparent: false,
        seed: [n; 32],
    };
    picture.encode()
}

/// Ends gpbuild before and after every operation, with a program that costs something and with one that does not.
pub fn kills(binary: &Path) -> Count {
    let cases = ["kill-before", "kill-after"]
        .into_iter()
        .flat_map(|kind| [false, true].map(|free| (kind, free)))
        .flat_map(|(kind, free)| ["1", "8"].map(|jobs| (kind, free, jobs)));
    spread(cases, |(kind, free, jobs)| {
        let mut count = Count::default();
        for n in 1.. {
            let project = Programs::new(binary, free);
            let fault = format!("{kind}:::{n}");
            let mut command = project.command(&["build", "--yes", "-q", "--jobs", jobs]);
            let output = command.env("GPBUILD_FAULT", &fault).output().unwrap();
            count += project.hold(&format!("{fault}, free {free}, {jobs} jobs"), free);
            if output.status.success() {
                // There are no more operations.
                return count;
            }
        }
        count
    })
}

struct Programs {
    folder: tempfile::TempDir,
    binary: PathBuf,
}

impl Programs {
    fn new(binary: &Path, free: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["p", "home"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        let mut manifest =
            "[defaults]\nmodel = \"command/it\"\nsize = \"64x48\"\ncandidates = 2\n".to_owned();
        for n in 1..=PICTURES {
            manifest += &format!("[cover.c{n}]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        std::fs::write(at("p/gpbuild.toml"), manifest).unwrap();
        std::fs::write(at("program.sh"), SCRIPT).unwrap();
        for n in [1, 2] {
            std::fs::write(at(&format!("{n}.png")), picture(n)).unwrap();
        }
        let args = ["program.sh", "notes", "1.png", "2.png"].map(at);
        let cost = if free { "0" } else { "0.02" };
        let config =
            format!("[command.it]\nprogram = \"/bin/sh\"\nargs = {args:?}\ncost = {cost}\n");
        std::fs::write(at("home/config.toml"), config).unwrap();
        Self {
            folder,
            binary: binary.to_owned(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path().join("p"))
            .env("GPBUILD_HOME", self.folder.path().join("home"))
            // What a kill leaves of exchanges goes with the project.
            .env("TMPDIR", self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// How often the program ran for each prompt.
    fn runs(&self) -> BTreeMap<String, u64> {
        let notes = std::fs::read_to_string(self.folder.path().join("notes")).unwrap_or_default();
        let mut runs = BTreeMap::new();
        for line in notes.lines().filter(|line| !line.is_empty()) {
            let request: Value = serde_json::from_str(line).unwrap();
            let prompt = request["prompt"].as_str().unwrap().to_owned();
            *runs.entry(prompt).or_default() += 1;
        }
        runs
    }

    /// The keys whose answers are on the disk, whole: what stands behind the first line of their files.
    fn answered(&self) -> Vec<String> {
        let files = read(&self.folder.path().join("home/store/incoming"));
        let answered = files.iter().filter(|path| {
            let bytes = std::fs::read(path).unwrap();
            let head = bytes.iter().position(|byte| *byte == b'\n');
            head.is_some_and(|end| serde_json::from_slice::<Value>(&bytes[end + 1..]).is_ok())
        });
        let key = |path: &PathBuf| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            name.split('-').nth(1).unwrap_or_default().to_owned()
        };
        answered.map(key).collect()
    }

    fn log(&self) -> Vec<Value> {
        let output = self.run(&["log", "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let line = |line| serde_json::from_str(line).unwrap();
        text.lines().map(line).collect()
    }

    /// What has to hold whatever happened before.
    fn hold(&self, case: &str, free: bool) -> Count {
        let mut count = Count {
            cases: 1,
            ..Count::default()
        };
        let mut wrong = |what: &str, output: &Output| {
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("{case}: {what}: {:?}\n{err}", output.status.code());
            count.wrong = 1;
        };
        let answered = self.answered();
        let plain = self.run(&["build", "--yes"]);
        if !matches!(plain.status.code(), Some(0 | 1)) || (free && !plain.status.success()) {
            wrong("a plain run ends badly", &plain);
        }
        let log = self.log();
        let doubts = log.iter().filter(|entry| entry["outcome"] == "doubt");
        let doubts: Vec<&Value> = doubts.collect();
        let has_answer = |entry: &&Value| answered.iter().any(|key| entry["key"] == key.as_str());
        if doubts.iter().any(has_answer) {
            wrong("what has an answer is in doubt", &plain);
        }
        // Nobody has said that anything may be made again.
        let twice: u64 = self.runs().values().map(|n| n - 1).sum();
        let again = self.run(&["build", "--yes", "--retry-in-doubt"]);
        if !again.status.success() {
            wrong("it does not get done", &again);
        }
        self.run(&["build", "--yes"]);
        self.run(&["cache", "gc"]);
        let last = self.run(&["plan", "--json"]);
        let text = String::from_utf8_lossy(&last.stdout).into_owned();
        let total = text.lines().last().map(serde_json::from_str::<Value>);
        let total = total.and_then(Result::ok).unwrap_or_default();
        if total["requests"] != 0 || total["fresh"] != PICTURES {
            wrong("not all is fresh in the end", &last);
        }
        let mut left = read(&self.folder.path().join("home/store/incoming"));
        left.retain(|path| path.extension().is_none_or(|ending| ending != "part"));
        if !left.is_empty() {
            wrong(&format!("{left:?} is left"), &last);
        }
        let verified = self.run(&["cache", "verify"]);
        if !verified.status.success() {
            wrong("the store is damaged", &verified);
        }
        let log = self.log();
        let done = log.iter().filter(|e| e["outcome"] == "answered").count();
        count.lost += PICTURES.saturating_sub(done) as u64;
        count.paid = self.runs().values().sum();
        if !free {
            count.doubts = doubts.len() as u64;
            let surplus = count.paid.saturating_sub((PICTURES + doubts.len()) as u64);
            count.twice += twice + surplus;
        }
        if !count.is_good() {
            println!("{case}: {count}");
        }
        count
    }
}
