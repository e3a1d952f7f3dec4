//! A project whose pictures are made elsewhere, and what has to hold of it after the end at any operation on the disk:
//! nothing is lost, nothing that costs something is asked for twice, in doubt is only what has no answer yet. Knows nobody
//! who makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::count::Count;
use crate::journal;
use crate::power::{self, Disk};
use crate::project::{files, objects, read};
use crate::random::Random;
use crate::spread::spread;

/// Pictures of each project.
const PICTURES: usize = 2;

/// Who makes the pictures of a project.
pub trait Maker {
    /// What the project says of it, down to its `[defaults]`.
    fn manifest(&self) -> String;
    /// Writes what the person has of it into the folder of project and person.
    fn prepare(&self, _folder: &Path) {}
    /// What the person sets for it.
    fn set(&self, command: &mut Command);
    /// The words of all that it was asked for and took, in order.
    fn asked(&self) -> Vec<String>;
    /// The pictures of each that it took, by the name that the ledger has for it; none if it gives no names.
    fn made(&self) -> Vec<(String, Vec<String>)>;
    /// What should not have come.
    fn wrong(&self) -> Vec<String>;
    /// Behaves oddly from now on, in one way or another.
    fn be_odd(&self, _way: u64) {}
    /// Behaves as it should again.
    fn be_right(&self) {}
    /// Whether a request whose answer was lost is found by our name.
    fn finds(&self) -> bool {
        false
    }
    /// Whether it costs nothing: then it may be asked again.
    fn is_free(&self) -> bool {
        false
    }
}

/// Ends the process before and after every operation, in each case with one job and with several; `judge` is what is found
/// in the rolls of each shot, if they are judged.
pub fn kills<C: Copy + Debug + Send>(
    binary: &Path,
    judge: &'static str,
    cases: impl IntoIterator<Item = C>,
    maker: impl Fn(C) -> Box<dyn Maker> + Sync,
) -> Count {
    let cases = cases.into_iter().flat_map(|case| {
        let kinds = ["kill-before", "kill-after"].into_iter();
        kinds.flat_map(move |kind| ["1", "8"].map(|jobs| (case, kind, jobs)))
    });
    let cases: Vec<(C, &str, &str)> = cases.collect();
    spread(cases, |(case, kind, jobs)| {
        let mut count = Count::default();
        for n in 1.. {
            let shots = Shots::new(binary, judge, maker(case));
            let fault = format!("{kind}:::{n}");
            let mut command = shots.command(&["build", "--yes", "-q", "--jobs", jobs]);
            let output = command.env("GPBUILD_FAULT", &fault).output().unwrap();
            count += shots.hold(&format!("{fault}, {case:?}, {jobs} jobs"));
            if output.status.success() {
                // There are no more operations.
                return count;
            }
        }
        count
    })
}

/// Ends the process at random instants, up to three times in a project, so many projects for each case; every second time
/// the maker is odd meanwhile.
pub fn at_random<C: Copy + Debug + Send>(
    binary: &Path,
    projects: u64,
    cases: impl IntoIterator<Item = C>,
    maker: impl Fn(C) -> Box<dyn Maker> + Sync,
) -> Count {
    let cases = cases.into_iter();
    let cases: Vec<(C, u64)> = cases
        .flat_map(|case| (1..=projects).map(move |seed| (case, seed)))
        .collect();
    spread(cases, |(case, seed)| {
        let shots = Shots::new(binary, "", maker(case));
        let mut random = Random::new(seed);
        if seed.is_multiple_of(2) {
            shots.maker.be_odd(random.below(u64::from(u32::MAX)));
        }
        for _ in 0..=random.below(3) {
            let mut child = shots
                .command(&["build", "--yes", "-q"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_micros(random.below(300_000)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        shots.maker.be_right();
        shots.hold(&format!("seed {seed}, {case:?}"))
    })
}

/// Cuts the power after every operation, in every way: the process ends there, and what was not synced is lost.
pub fn cuts<C: Copy + Debug + Send>(
    binary: &Path,
    cases: impl IntoIterator<Item = C>,
    maker: impl Fn(C) -> Box<dyn Maker> + Sync,
) -> Count {
    let cases: Vec<C> = cases.into_iter().collect();
    spread(cases, |case| {
        let mut count = Count::default();
        for n in 1.. {
            for kept in power::ways(n) {
                let shots = Shots::new(binary, "", maker(case));
                let root = shots.folder.path();
                let mut disk = Disk::new(&files(root));
                let log = tempfile::NamedTempFile::new().unwrap();
                let mut command = shots.command(&["build", "--yes", "-q", "--jobs", "1"]);
                command
                    .env("GPBUILD_FAULT", format!("kill-after:::{n}"))
                    .env("GPBUILD_FAULT_LOG", log.path());
                if command.output().unwrap().status.success() {
                    // There are no more operations.
                    return count;
                }
                let told = std::fs::read(log.path()).unwrap();
                for op in journal::parse(&told, root) {
                    disk.replay(&op);
                }
                for name in ["p", "home"] {
                    std::fs::remove_dir_all(root.join(name)).unwrap();
                    std::fs::create_dir(root.join(name)).unwrap();
                }
                for (name, bytes) in disk.after(kept) {
                    let path = root.join(name);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, bytes).unwrap();
                }
                count += shots.hold(&format!("power cut after {n}, {kept:?} kept, {case:?}"));
            }
        }
        count
    })
}

/// A project and its person's folder, both in a temporary one.
struct Shots {
    folder: tempfile::TempDir,
    binary: PathBuf,
    judge: &'static str,
    maker: Box<dyn Maker>,
}

impl Shots {
    fn new(binary: &Path, judge: &'static str, maker: Box<dyn Maker>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["p", "home"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mut manifest = maker.manifest();
        for n in 1..=PICTURES {
            manifest += &format!("[cover.c{n}]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        std::fs::write(folder.path().join("p/gpbuild.toml"), manifest).unwrap();
        maker.prepare(folder.path());
        let shots = Self {
            folder,
            binary: binary.to_owned(),
            judge,
            maker,
        };
        let trusted = shots.run(&["trust", "--yes"]);
        assert!(trusted.status.success(), "{trusted:?}");
        shots
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path().join("p"))
            .env("GPBUILD_HOME", self.folder.path().join("home"))
            // What a kill leaves of exchanges with programs goes with the project.
            .env("TMPDIR", self.folder.path());
        self.maker.set(&mut command);
        if !self.judge.is_empty() {
            command.env("GPBUILD_JUDGE", self.judge);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn incoming(&self) -> Vec<PathBuf> {
        read(&self.folder.path().join("home/store/incoming"))
    }

    /// The keys whose answers are on the disk, whole: what stands behind the first line of their files.
    fn answered(&self) -> Vec<String> {
        let files = self.incoming();
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

    /// How often anything was asked for more often than it has rolls.
    fn twice(&self, rolls: usize) -> u64 {
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        for prompt in self.maker.asked() {
            *asked.entry(prompt).or_default() += 1;
        }
        let surplus = asked.values().map(|n| n.saturating_sub(rolls) as u64);
        surplus.sum()
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
        let is_free = self.maker.is_free();
        let rolls = self.judge.split(',').count();
        let answered = self.answered();
        let plain = self.run(&["build", "--yes"]);
        if !matches!(plain.status.code(), Some(0 | 1)) || (is_free && !plain.status.success()) {
            wrong("a plain run ends badly", &plain);
        }
        let mut doubts = self.log();
        doubts.retain(|entry| entry["outcome"] == "doubt");
        let has_answer = |entry: &Value| answered.iter().any(|key| entry["key"] == key.as_str());
        if doubts.iter().any(has_answer) {
            wrong("what has an answer is in doubt", &plain);
        }
        // Nobody has said that anything may be asked for again.
        let twice = self.twice(rolls);
        self.get_done(&mut wrong);
        let log = self.log();
        let done = log.iter().filter(|e| e["outcome"] == "answered").count();
        let wanted = PICTURES * rolls;
        count.lost += wanted.saturating_sub(done) as u64 + self.lost(&log);
        let asked = self.maker.asked().len();
        count.paid = asked as u64;
        if !is_free {
            count.doubts = doubts.len() as u64;
            // With a name of ours, what was made is never made again, and only what was never sent stays in doubt.
            let allowed = if self.maker.finds() { 0 } else { doubts.len() };
            count.twice += twice + asked.saturating_sub(wanted + allowed) as u64;
        }
        if !count.is_good() {
            println!("{case}: {count}");
        }
        count
    }

    /// Says that what is in doubt may be asked for again: then all is done, and nothing is left of it.
    fn get_done(&self, wrong: &mut impl FnMut(&str, &Output)) {
        let again = self.run(&["build", "--yes", "--retry-in-doubt"]);
        if !again.status.success() {
            wrong("it does not get done", &again);
        }
        // What is settled by now is cleared away by the next run, and what a kill left half written by gc.
        self.run(&["build", "--yes"]);
        self.run(&["cache", "gc"]);
        let last = self.run(&["plan", "--json"]);
        let text = String::from_utf8_lossy(&last.stdout).into_owned();
        let total = text.lines().last().map(serde_json::from_str::<Value>);
        let total = total.and_then(Result::ok).unwrap_or_default();
        if total["requests"] != 0 || total["fresh"] != PICTURES {
            wrong("not all is fresh in the end", &last);
        }
        let mut left = self.incoming();
        // The beginning of an answer goes with the next run that has something to do.
        left.retain(|path| path.extension().is_none_or(|ending| ending != "part"));
        if !left.is_empty() {
            wrong(&format!("{left:?} is left"), &last);
        }
        let verified = self.run(&["cache", "verify"]);
        if !verified.status.success() {
            wrong("the store is damaged", &verified);
        }
        let odd = self.maker.wrong();
        if !odd.is_empty() {
            wrong(&format!("{odd:?}"), &last);
        }
    }

    /// Of how many that the ledger names a picture is not in the store.
    fn lost(&self, log: &[Value]) -> u64 {
        let ids: BTreeSet<&str> = log
            .iter()
            .filter_map(|e| e["request_id"].as_str())
            .collect();
        let objects = objects(&self.folder.path().join("home/store/objects"));
        let made = self.maker.made().into_iter();
        let named = made.filter(|(id, _)| ids.contains(id.as_str()));
        let lost = named.filter(|(_, pictures)| !pictures.iter().all(|d| objects.contains(d)));
        lost.count() as u64
    }
}
