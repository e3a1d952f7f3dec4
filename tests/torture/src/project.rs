//! A project with paid and drawn pictures, the server that it asks, and what has to hold of it after
//! whatever happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use api_server::{Options, Server};
use serde_json::Value;

use crate::count::Count;

/// Pictures that are drawn here, besides the slides.
const DRAWN: u64 = 2;

/// The folder of the project, beside that of the person: `home`.
pub const PLACE: &str = "p";

/// A project and its person's folder, both in a temporary folder.
pub struct Project {
    folder: tempfile::TempDir,
    binary: PathBuf,
    slides: u64,
    /// What is found in the rolls of each shot, as `GPBUILD_JUDGE` says it; empty where nothing is judged.
    judge: &'static str,
    /// Whom it asks.
    pub server: Server,
}

impl Project {
    /// A carousel of so many paid slides that go by the first, and two covers that are drawn.
    pub fn new(binary: &Path, slides: u64, latency: Duration) -> Self {
        let project = Self::empty(binary, slides, latency);
        project.write(
            &format!("{PLACE}/gpbuild.toml"),
            manifest(slides).as_bytes(),
        );
        project
    }

    /// The same, where each shot gets as many rolls as `judge` has numbers: the last of them is 0.
    pub fn judged(binary: &Path, slides: u64, latency: Duration, judge: &'static str) -> Self {
        Self {
            judge,
            ..Self::new(binary, slides, latency)
        }
    }

    /// One more checkout of the same project, beside it: its folder's name.
    pub fn add_worktree(&self, name: &str) {
        self.write(
            &format!("{name}/gpbuild.toml"),
            manifest(self.slides).as_bytes(),
        );
    }

    /// The same, without any file.
    pub fn empty(binary: &Path, slides: u64, latency: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(PLACE)).unwrap();
        Self {
            folder,
            binary: binary.to_owned(),
            slides,
            judge: "",
            server: Server::start(Options {
                latency,
                ..Options::default()
            }),
        }
    }

    /// How many assets it has.
    pub fn assets(&self) -> u64 {
        self.slides + DRAWN
    }

    /// The folder of both.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The project's own folder.
    pub fn place(&self) -> PathBuf {
        self.root().join(PLACE)
    }

    /// Writes a file, and the folders it needs.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Every file, from the root, with its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(self.root())
    }

    /// The binary, to be run in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(PLACE, arguments)
    }

    /// The binary, to be run in one of its checkouts.
    pub fn command_in(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.root().join(name))
            .env("GPBUILD_HOME", "../home")
            .env("OPENAI_API_KEY", self.server.key())
            .env("OPENAI_BASE_URL", self.server.base_url());
        if !self.judge.is_empty() {
            command.env("GPBUILD_JUDGE", self.judge);
        }
        command
    }

    /// Runs the binary.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the binary; its lines of JSON.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        let line = |line| serde_json::from_str(line).unwrap();
        text.lines().map(line).collect()
    }

    /// Waits until the server has nothing in its hands: what it was asked for by a process that is gone
    /// goes nowhere.
    pub fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.server.stats().in_flight > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The prompts that were accepted, and how often.
    pub fn accepted(&self) -> BTreeMap<String, u64> {
        let mut accepted = BTreeMap::new();
        for request in self.server.requests() {
            if request.accepted {
                *accepted.entry(request.prompt).or_default() += 1;
            }
        }
        accepted
    }

    /// What has to hold whatever happened before: plain runs and no repair lead to a project in which all
    /// is fresh, nothing that was answered is lost, and nothing was asked for twice but what is in doubt and
    /// was told to be asked for again. `case` is for who reads of a failure.
    pub fn hold(&self, case: &str) -> Count {
        self.hold_with(case, true)
    }

    /// The same where runs before were told to ask again for what is in doubt: only the ledger says then
    /// what was.
    pub fn hold_after_doubts(&self, case: &str) -> Count {
        self.hold_with(case, false)
    }

    fn hold_with(&self, case: &str, never_again: bool) -> Count {
        let mut count = Count {
            cases: 1,
            ..Count::default()
        };
        let mut wrong = |what: &str, output: &Output| {
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            println!("{case}: {what}: {:?}\n{err}", output.status.code());
            count.wrong = 1;
        };
        self.settle();
        let plain = self.run(&["build", "--yes"]);
        if !matches!(plain.status.code(), Some(0 | 1)) {
            wrong("a plain run ends badly", &plain);
        }
        let rolls = self.judge.split(',').count() as u64;
        // Nobody has said that anything may be asked for again.
        if never_again {
            let asked = self.accepted().into_values();
            count.twice += asked.map(|n| n.saturating_sub(rolls)).sum::<u64>();
        }
        let again = self.run(&["build", "--yes", "--retry-in-doubt"]);
        if !again.status.success() {
            wrong("it does not get done", &again);
        }
        let last = self.run(&["build", "--json"]);
        let text = String::from_utf8_lossy(&last.stdout).into_owned();
        let summary: Value = text
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok())
            .unwrap_or_default();
        if summary["requests"] != 0 || summary["fresh"] != self.assets() {
            wrong("not all is fresh in the end", &last);
        }
        let verified = self.run(&["cache", "verify"]);
        if !verified.status.success() {
            wrong("the store is damaged", &verified);
        }
        let log = self.json(&["log", "--json"]);
        let of = |outcome: &str| log.iter().filter(|e| e["outcome"] == outcome).count() as u64;
        let answered = of("answered");
        count.doubts = of("doubt");
        let objects = objects(&self.root().join("home/store/objects"));
        let ids: BTreeSet<&str> = log
            .iter()
            .filter(|e| e["outcome"] == "answered")
            .filter_map(|e| e["request_id"].as_str())
            .collect();
        for request in self.server.requests() {
            let kept = request.pictures.iter().all(|d| objects.contains(d));
            count.lost += u64::from(ids.contains(request.id.as_str()) && !kept);
        }
        let wanted = self.slides * rolls;
        count.lost += wanted.saturating_sub(answered);
        count.paid = self.server.stats().accepted;
        // What was accepted beyond the shots is in doubt, every one of it.
        let known = wanted + count.doubts;
        count.twice += count.paid.saturating_sub(known) + answered.saturating_sub(wanted);
        if !count.is_good() {
            println!("{case}: {count}");
        }
        count
    }
}

/// Every object of a store by its name.
pub fn objects(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for first in read(folder) {
        for second in read(&first) {
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            found.insert(name(&first) + &name(&second));
        }
    }
    found
}

/// What is in a folder.
pub fn read(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn manifest(slides: u64) -> String {
    let mut text = "[project]\nname = \"torture\"\n[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n\
        [cover.drawn]\nmodel = \"local\"\nsize = \"120x90\"\ntext = { headline = \"1\" }\n\
        [cover.webp]\nmodel = \"local\"\nsize = \"120x90\"\nformat = \"webp\"\ntext = { headline = \"2\" }\n\
        [carousel.c]\nseries = \"first\"\n"
        .to_owned();
    for n in 1..=slides {
        text += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    }
    text
}

/// All files below a folder: their paths from there, and their bytes.
pub fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in read(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
