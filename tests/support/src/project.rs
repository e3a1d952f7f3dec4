//! A project in a temporary folder, and the real binary run in it. The second run is the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use crate::process::gpbuild;

/// A project that is deleted when the test ends.
pub struct Project {
    folder: tempfile::TempDir,
}

/// What one run printed, and how it ended.
pub struct Run {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error; times are replaced by `TIME`.
    pub err: String,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A project with this `gpbuild.toml`.
    pub fn new(manifest: &str) -> Self {
        let project = Self::empty();
        project.write("gpbuild.toml", manifest);
        project
    }

    /// A project with one small cover named `a`, whose headline is `headline`.
    pub fn one(headline: &str) -> Self {
        Self::new(&Self::one_manifest(headline))
    }

    /// The manifest of [`Project::one`].
    pub fn one_manifest(headline: &str) -> String {
        format!("[cover.a]\nsize = \"300x400\"\n[cover.a.text]\nheadline = \"{headline}\"\n")
    }

    /// A project of `n` small covers, `a00` and so on, with a layout that is quickly drawn.
    pub fn many(n: usize) -> Self {
        let project = Self::empty();
        let mut manifest = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n".to_owned();
        for i in 0..n {
            manifest += &format!("[cover.a{i:02}.text]\nheadline = \"{i}\"\n");
        }
        project.write("gpbuild.toml", manifest);
        project.write("templates/plain.html", PLAIN);
        project
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, and the folders it needs.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The text of a file.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Replaces `from` by `to` in a file; it must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let before = self.text(name);
        assert!(before.contains(from), "`{from}` is not in {name}");
        self.write(name, before.replace(from, to));
    }

    /// Whether there is something at the path.
    pub fn has(&self, name: &str) -> bool {
        std::fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Removes a file or a folder.
    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Every file below a folder (or the file itself), sorted, from the project's root.
    pub fn files(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.path(below).is_file() {
            return vec![below.to_owned()];
        }
        let mut folders = vec![self.path(below)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.root()).unwrap();
                    found.push(name.to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Every file below a folder, hidden ones too, with its bytes and the time of its last change.
    pub fn snapshot(&self, below: &str) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
        let files = self.files(below).into_iter();
        files
            .map(|name| {
                let changed = std::fs::metadata(self.path(&name))
                    .unwrap()
                    .modified()
                    .unwrap();
                let bytes = self.read(&name);
                (name, (bytes, changed))
            })
            .collect()
    }

    /// What git gives somebody else: everything but `.gpbuild`.
    pub fn fresh_clone(&self) -> Self {
        let copy = Self::empty();
        for name in self.files("") {
            if !name.starts_with(".gpbuild/") {
                copy.write(&name, self.read(&name));
            }
        }
        copy
    }

    /// The digest of what the project sets that only a person can grant, as its owner would set it in
    /// `GPBUILD_TRUST`.
    pub fn trust(&self) -> String {
        let run = self.run(&["trust", "--json"]);
        let digest = run.json()[0]["digest"].as_str().unwrap().to_owned();
        assert_eq!(digest.len(), 64, "{}", run.out);
        digest
    }

    /// How many shots the store holds.
    pub fn shots(&self) -> u64 {
        let run = self.ok(&["cache", "stats", "--json"]);
        run.json()[0]["shots"].as_u64().unwrap()
    }

    /// The binary, to be run in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(gpbuild());
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            // As for a person without a folder of their own: so that no test sees another's pictures.
            .env("GPBUILD_HOME", ".gpbuild");
        command
    }

    /// Runs the binary.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs the binary; it must end well.
    pub fn ok(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "gpbuild {arguments:?}\n{}{}", run.out, run.err);
        run
    }

    /// The same with a key, so that providers can be asked; nothing but a plan may be run so.
    pub fn ok_with_key(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        let run = Run::of(command.env("OPENAI_API_KEY", "sk-x").output().unwrap());
        assert_eq!(run.code, 0, "gpbuild {arguments:?}\n{}{}", run.out, run.err);
        run
    }

    /// Builds; it must end well. What the summary counts comes back.
    pub fn build(&self) -> Counts {
        self.ok(&["build", "--json"]).counts()
    }
}

impl Run {
    /// What a process printed.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: without_times(&String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// Each line of standard output as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(line).collect()
    }

    /// (id, state) of every asset event, sorted.
    pub fn states(&self) -> Vec<(String, String)> {
        let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
        let mut states: Vec<(String, String)> = self
            .json()
            .iter()
            .filter(|event| event["event"] == "asset")
            .map(|event| (text(&event["id"]), text(&event["state"])))
            .collect();
        states.sort();
        states
    }

    /// The asset event of an id.
    pub fn asset(&self, id: &str) -> serde_json::Value {
        let found = self
            .json()
            .into_iter()
            .find(|e| e["event"] == "asset" && e["id"] == id);
        found.unwrap_or_else(|| panic!("no asset {id} in\n{}", self.out))
    }

    /// One number of a plan's summary.
    pub fn counts_of_plan(&self, name: &str) -> u64 {
        self.json().last().unwrap()[name].as_u64().unwrap()
    }

    /// What the summary counts.
    pub fn counts(&self) -> Counts {
        let events = self.json();
        let summary = events
            .iter()
            .find(|event| event["event"] == "summary")
            .unwrap();
        let count = |name: &str| usize::try_from(summary[name].as_u64().unwrap()).unwrap();
        Counts {
            fresh: count("fresh"),
            restored: count("restored"),
            made: count("made"),
            failed: count("failed"),
            blocked: count("blocked"),
        }
    }
}

/// A layout of one line, to be written to `templates/`.
pub const PLAIN: &str = "<div data-role=\"headline\" style=\"width: 100%; height: 100%; font-size: 12px\">{{ text.headline }}</div>\n";

/// A one-asset picture of other words, as a person's editor might have saved it.
pub fn another_picture() -> Vec<u8> {
    let other = Project::one("edited by hand");
    other.build();
    other.read("dist/a.png")
}

/// What a summary counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nothing was to be done.
    pub fresh: usize,
    /// Taken from the store.
    pub restored: usize,
    /// Made.
    pub made: usize,
    /// Could not be made.
    pub failed: usize,
    /// Were not made, for a reason that a person has to mend.
    pub blocked: usize,
}

impl Counts {
    /// So many fresh ones and nothing else.
    pub fn fresh(fresh: usize) -> Self {
        Self {
            fresh,
            ..Self::default()
        }
    }

    /// So many made and nothing else.
    pub fn made(made: usize) -> Self {
        Self {
            made,
            ..Self::default()
        }
    }

    /// So many blocked and nothing else.
    pub fn blocked(blocked: usize) -> Self {
        Self {
            blocked,
            ..Self::default()
        }
    }

    /// So many restored and nothing else.
    pub fn restored(restored: usize) -> Self {
        Self {
            restored,
            ..Self::default()
        }
    }
}

/// `in 1.8s` and `in 4ms` become `in TIME`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let next = |rest: &str| {
        let ends = [" in ", "用时 "].map(|word| rest.find(word).map(|at| at + word.len()));
        ends.into_iter().flatten().min()
    };
    while let Some(end) = next(rest) {
        let (before, after) = rest.split_at(end);
        out.push_str(before);
        let number = after
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(after.len());
        let unit = ["ms", "s", "µs"]
            .into_iter()
            .find(|u| after[number..].starts_with(u));
        match unit {
            Some(unit) if number > 0 => {
                out.push_str("TIME");
                rest = &after[number + unit.len()..];
            }
            _ => rest = after,
        }
    }
    out.push_str(rest);
    out
}
