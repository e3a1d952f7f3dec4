//! The end before and after every operation on the disk while a provider of tickets is asked: nothing is lost, nothing is
//! asked for twice, and in doubt is only what has no answer yet.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use api_server::{Manner, TicketServer, by_prompt};
use serde_json::Value;

use crate::count::Count;
use crate::project::read;
use crate::spread::spread;

/// Pictures of each project; each comes in two candidates.
const PICTURES: usize = 2;

/// Ends the process before and after every operation, with and without a provider that finds requests by our name; `judge` is
/// what is found in the rolls of each shot, if they are judged.
pub fn kills(binary: &Path, judge: &'static str) -> Count {
    let cases = ["kill-before", "kill-after"]
        .into_iter()
        .flat_map(|kind| [true, false].map(|finds| (kind, finds)))
        .flat_map(|(kind, finds)| ["1", "8"].map(|jobs| (kind, finds, jobs)));
    spread(cases, |(kind, finds, jobs)| {
        let mut count = Count::default();
        for n in 1.. {
            let project = Tickets::new(binary, finds, judge);
            let fault = format!("{kind}:::{n}");
            let mut command = project.command(&["build", "--yes", "-q", "--jobs", jobs]);
            let output = command.env("GPBUILD_FAULT", &fault).output().unwrap();
            count += project.hold(&format!("{fault}, finds {finds}, {jobs} jobs"), finds);
            if output.status.success() {
                // There are no more operations.
                return count;
            }
        }
        count
    })
}

struct Tickets {
    folder: tempfile::TempDir,
    binary: PathBuf,
    judge: &'static str,
    server: TicketServer,
}

impl Tickets {
    fn new(binary: &Path, finds: bool, judge: &'static str) -> Self {
        let server = TicketServer::start(Manner {
            polls: 1,
            retry_after: Some(0),
            ..Manner::default()
        });
        let mut manifest = server.declaration();
        if !finds {
            manifest = manifest.replace("find = \"/find/{own_id}\"\n", "");
        }
        manifest += "[defaults]\nmodel = \"made-up/m\"\nsize = \"64x48\"\ncandidates = 2\n";
        for n in 1..=PICTURES {
            manifest += &format!("[cover.c{n}]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("p")).unwrap();
        std::fs::write(folder.path().join("p/gpbuild.toml"), manifest).unwrap();
        let project = Self {
            folder,
            binary: binary.to_owned(),
            judge,
            server,
        };
        let trusted = project.run(&["trust", "--yes"]);
        assert!(trusted.status.success(), "{trusted:?}");
        project
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path().join("p"))
            .env("GPBUILD_HOME", "../home")
            .env("MADE_UP_API_KEY", self.server.key());
        if !self.judge.is_empty() {
            command.env("GPBUILD_JUDGE", self.judge);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
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
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What has to hold whatever happened before.
    fn hold(&self, case: &str, finds: bool) -> Count {
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
        if !matches!(plain.status.code(), Some(0 | 1)) {
            wrong("a plain run ends badly", &plain);
        }
        let doubts: Vec<Value> = self
            .log()
            .into_iter()
            .filter(|entry| entry["outcome"] == "doubt")
            .collect();
        let has_answer = |entry: &Value| answered.iter().any(|key| entry["key"] == key.as_str());
        if doubts.iter().any(has_answer) {
            wrong("what has an answer is in doubt", &plain);
        }
        let asked = by_prompt(&self.server.tasks());
        // Nobody has said that anything may be asked for again.
        let rolls = self.judge.split(',').count();
        let twice: u64 = asked.values().map(|n| n.saturating_sub(rolls as u64)).sum();
        let again = self.run(&["build", "--yes", "--retry-in-doubt"]);
        if !again.status.success() {
            wrong("it does not get done", &again);
        }
        // What is settled by now is cleared away by the next run, and what a kill left half written by gc.
        self.run(&["build", "--yes"]);
        self.run(&["cache", "gc"]);
        let last = self.run(&["plan", "--json"]);
        let text = String::from_utf8_lossy(&last.stdout).into_owned();
        let total: Value = text
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok())
            .unwrap_or_default();
        if total["requests"] != 0 || total["fresh"] != PICTURES {
            wrong("not all is fresh in the end", &last);
        }
        let mut left = read(&self.folder.path().join("home/store/incoming"));
        // The beginning of an answer goes with the next run that has something to do.
        left.retain(|path| path.extension().is_none_or(|ending| ending != "part"));
        if !left.is_empty() {
            wrong(&format!("{left:?} is left"), &last);
        }
        if !self.server.wrong().is_empty() {
            wrong(&format!("{:?}", self.server.wrong()), &last);
        }
        let tasks = self.server.tasks();
        let log = self.log();
        let of = |outcome: &str| log.iter().filter(|e| e["outcome"] == outcome).count();
        count.twice += twice;
        count.doubts = doubts.len() as u64;
        count.paid = tasks.len() as u64;
        let wanted = PICTURES * rolls;
        count.lost += wanted.saturating_sub(of("answered")) as u64;
        // Every picture of an answered task is in the store.
        let ids: Vec<&str> = log
            .iter()
            .filter_map(|e| e["request_id"].as_str())
            .collect();
        let objects = self.objects();
        for task in tasks.iter().filter(|task| ids.contains(&task.id.as_str())) {
            let kept = task.pictures.iter().all(|digest| objects.contains(digest));
            count.lost += u64::from(!kept);
        }
        // With a name of ours, a task that was made is never made again, and only what was never sent stays in doubt.
        let allowed = if finds { 0 } else { doubts.len() };
        let surplus = tasks.len().saturating_sub(wanted + allowed);
        count.twice += surplus as u64;
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
