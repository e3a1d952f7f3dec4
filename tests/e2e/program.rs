//! `command/NAME`: a program of the person's own, named in their configuration and nowhere else, makes the pictures.

mod comfy;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::process::{ended, send, until, until_it_hears};
use crate::project::{Counts, Project, Run};

/// Copies the picture at `$2` as often as is asked for, and notes each time that it runs.
const COPIES: &str = "echo run >> \"$1\"; cat > request.json; out=$(sed 's/.*\"output\":\"\\([^\"]*\\)\".*/\\1/' request.json)
n=$(sed 's/.*\"n\":\\([0-9]*\\),.*/\\1/' request.json); for i in $(seq \"$n\"); do cp \"$2\" \"$out/$i.png\"; done
";

/// A project whose one cover `a` is made by `command/it`, and the person whose program that is.
pub struct Programs {
    pub project: Project,
    /// The person's own folder, outside of the project.
    home: tempfile::TempDir,
}

impl Programs {
    /// The program is `sh` with this script; `$1` is a file for notes, `$2` a picture. `more` goes into its table.
    fn new(script: &str, more: &str) -> Self {
        let programs = Self::without("[cover.a]\ntext = { headline = \"one\" }\n");
        programs.has(script, more);
        programs
    }

    /// Nothing is configured yet.
    fn without(covers: &str) -> Self {
        let defaults = "[defaults]\nmodel = \"command/it\"\nsize = \"64x48\"\n";
        let home = tempfile::tempdir().unwrap();
        let picture = Project::one("a picture");
        picture.edit("gpbuild.toml", "300x400", "64x48");
        picture.build();
        std::fs::write(home.path().join("picture.png"), picture.read("dist/a.png")).unwrap();
        Self {
            project: Project::new(&format!("{defaults}{covers}")),
            home,
        }
    }

    fn has(&self, script: &str, more: &str) {
        let path = self.home.path().join("program.sh");
        std::fs::write(&path, script).unwrap();
        let (notes, picture) = (self.notes_file(), self.home.path().join("picture.png"));
        self.configure(&format!(
            "[command.it]\nprogram = \"/bin/sh\"\nargs = [{path:?}, {notes:?}, {picture:?}]\n{more}"
        ));
    }

    /// What the person's own file says.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.home.path().join("config.toml"), text).unwrap();
    }

    fn notes_file(&self) -> PathBuf {
        self.home.path().join("notes")
    }

    /// How often the program ran.
    fn runs(&self) -> usize {
        let notes = std::fs::read_to_string(self.notes_file()).unwrap_or_default();
        notes.lines().filter(|line| *line == "run").count()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command.env("GPBUILD_HOME", self.home.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Builds with `--yes`; it must end with this code.
    fn build(&self, code: i32) -> Run {
        let run = self.run(&["build", "--yes", "--json"]);
        assert_eq!(run.code, code, "{}{}", run.out, run.err);
        run
    }

    fn reason(&self, run: &Run) -> String {
        let reason = run.asset("a")["reason"].as_str().unwrap().to_owned();
        reason.replace(&self.home.path().display().to_string(), "HOME")
    }

    /// A build whose program has noted its own number.
    fn started(&self) -> Child {
        let child = self.command(&["build", "--yes"]).spawn().unwrap();
        until("the program runs", || {
            std::fs::read_to_string(self.notes_file()).is_ok_and(|text| text.ends_with('\n'))
        });
        until_it_hears(&child);
        child
    }

    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &serde_json::Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }
}

#[test]
fn a_program_makes_pictures_once_and_they_cost_what_the_person_says() {
    let programs = Programs::new(COPIES, "cost = 0.02\n");
    programs
        .project
        .edit("gpbuild.toml", "[cover.a]", "[cover.a]\ncandidates = 2");
    let plan = programs.run(&["plan"]);
    assert_eq!(
        plan.out,
        "make      a  $0.04  never made\n\nwould make 1 picture: about $0.04 · 1 request\n"
    );
    let run = programs.build(0);
    let summary = run.json().pop().unwrap();
    assert_eq!(
        (&summary["requests"], &summary["cost_usd"]),
        (&1.into(), &0.04.into())
    );
    assert_eq!(programs.build(0).counts(), Counts::fresh(1));
    assert_eq!(
        (programs.runs(), programs.outcomes()),
        (1, vec!["answered".to_owned()])
    );
    // What it is and what it costs is no part of the key.
    programs.has("exit 1", "cost = 7\ntimeout_seconds = 3\n");
    programs.project.remove("dist");
    assert_eq!(programs.build(0).counts(), Counts::restored(1));
}

#[test]
fn it_is_told_all_of_the_request_and_nothing_of_the_environment() {
    let script = "cat > \"$1.json\"; env > \"$1.env\"; pwd > \"$1.pwd\"; ls > \"$1.ls\"\n\
                  cp \"$2\" output/1.png; ln -s \"$2\" output/0.png; echo text > output/note.txt; mkdir output/d\n";
    let programs = Programs::new(
        script,
        "cost = 0\nenvironment = [\"COMFY_TOKEN\", \"NOT_SET\"]\n",
    );
    programs.project.edit(
        "gpbuild.toml",
        "[cover.a]",
        "[cover.a]\nvariant = 3\nreferences = [\"r.png\"]\nparams = { steps = 20 }\nvars = { subject = \"a\\u001bb\" }",
    );
    programs.project.write(
        "r.png",
        std::fs::read(programs.home.path().join("picture.png")).unwrap(),
    );
    let mut command = programs.command(&["build", "--json"]);
    command
        .env("OPENAI_API_KEY", "sk-0123456789")
        .env("COMFY_TOKEN", "its own")
        .env("OTHER", "x");
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let read = |ending: &str| {
        std::fs::read_to_string(programs.home.path().join(format!("notes.{ending}"))).unwrap()
    };
    let request: serde_json::Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(request["version"], 1);
    assert!(request["id"].as_str().unwrap().starts_with("gpbuild-"));
    assert_eq!(
        (&request["width"], &request["height"], &request["n"]),
        (&64.into(), &48.into(), &1.into())
    );
    assert_eq!(
        (&request["variant"], &request["params"]["steps"]),
        (&3.into(), &20.into())
    );
    assert!(request["prompt"].as_str().unwrap().contains("\"one\""));
    let reference = Path::new(request["references"][0].as_str().unwrap());
    assert_eq!(reference.file_name().unwrap(), "reference-1.png");
    assert!(
        !reference.exists() && reference.starts_with(read("pwd").trim()),
        "it is gone afterwards"
    );
    let environment = read("env");
    assert!(environment.contains("COMFY_TOKEN=its own") && environment.contains("PATH="));
    assert!(
        !environment.contains("sk-0123456789") && !environment.contains("OTHER="),
        "{environment}"
    );
    assert_eq!(read("ls"), "output\nreference-1.png\n");
    // Only the plain picture counts: no link, no text, no folder.
    assert!(
        programs
            .project
            .text("gpbuild.lock")
            .matches("candidates")
            .count()
            == 1
    );
}

#[test]
fn only_the_person_names_a_program() {
    let programs = Programs::without(
        "[cover.a]\ntext = { headline = \"one\" }\n[cover.b]\nmodel = \"local\"\ntext = { headline = \"two\" }\n",
    );
    let run = programs.build(3);
    assert_eq!(
        programs.reason(&run),
        "`command/it` is no program of yours: `[command.it]` with `program = \"/path/to/program\"` in `HOME/config.toml` makes it one"
    );
    assert_eq!(run.asset("b")["state"], "made");
    let check = programs.run(&["check"]);
    assert!(
        check.err.contains("`command/it` is no program of yours"),
        "{}",
        check.err
    );
    // A manifest cannot.
    let manifest = programs.project.text("gpbuild.toml");
    programs.project.write(
        "gpbuild.toml",
        format!("{manifest}[command.it]\nprogram = \"/bin/sh\"\n"),
    );
    let wrong = programs.run(&["build"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.starts_with("error: unknown key `command`"),
        "{}",
        wrong.err
    );
    programs.project.write("gpbuild.toml", &manifest);
    // Nor can a file of the repository be taken for the person's own.
    programs.project.write(
        "home/config.toml",
        "[command.it]\nprogram = \"/bin/sh\"\nargs = [\"-c\", \"touch ../hit\"]\n",
    );
    let mut command = programs.project.command(&["build", "--yes", "--json"]);
    let run = Run::of(command.env("GPBUILD_HOME", "home").output().unwrap());
    assert_eq!(run.code, 3, "{}", run.out);
    assert_eq!(
        run.asset("a")["reason"],
        "`command/it` is no program of yours: there is no folder outside of the project that could name one"
    );
    assert!(!programs.project.has("hit"));
}

#[test]
fn a_program_that_lies_in_the_project_is_not_run() {
    let programs = Programs::without("[cover.a]\ntext = { headline = \"one\" }\n");
    programs.project.write("tool.sh", "touch hit\n");
    let inside = programs.project.path("tool.sh");
    let link = programs.home.path().join("link.sh");
    std::os::unix::fs::symlink(&inside, &link).unwrap();
    for table in [
        format!("program = {inside:?}"),
        format!("program = {link:?}"),
        format!("program = \"/bin/sh\"\nargs = [{inside:?}]"),
    ] {
        programs.configure(&format!("[command.it]\n{table}\n"));
        let reason = programs.reason(&programs.build(3));
        assert!(reason.ends_with(" of `command/it` lies in this project, and a project does not decide what is run: put it elsewhere"), "{reason}");
    }
    for (table, wrong) in [
        ("program = \"sh\"", "error: `sh` is no whole path\n"),
        (
            "args = []",
            "error: it is not said which program is meant\n",
        ),
        (
            "program = \"/bin/sh\"\ncosts = 1",
            "error: unknown key `costs` in `[command.it]`\n",
        ),
    ] {
        programs.configure(&format!("[command.it]\n{table}\n"));
        let run = programs.run(&["build"]);
        assert_eq!(run.code, 2);
        assert!(run.err.starts_with(wrong), "{}", run.err);
    }
    programs.configure("[command.it]\nprogram = \"/not/there\"\ncost = 0\n");
    assert_eq!(
        programs.reason(&programs.build(1)),
        "it was not made: `/not/there` cannot be started: no such file or directory"
    );
}

#[test]
fn what_fails_is_told_and_in_doubt_where_it_may_have_cost_something() {
    let noise = "printf 'one\\n\\033[2Jtwo sk-0123456789 three' >&2; exit 3\n";
    let programs = Programs::new(noise, "cost = 0\n");
    let run = |programs: &Programs| {
        let mut command = programs.command(&["build", "--yes", "--json"]);
        Run::of(
            command
                .env("OPENAI_API_KEY", "sk-0123456789")
                .output()
                .unwrap(),
        )
    };
    let said = "the program ended with 3: one [2Jtwo (your key) three";
    assert_eq!(
        programs.reason(&run(&programs)),
        format!("it was not made: {said}")
    );
    assert_eq!(programs.outcomes(), ["refused"]);
    programs.has(noise, "cost = 0.02\n");
    assert_eq!(
        programs.reason(&run(&programs)),
        format!("it is in doubt: {said}")
    );
    // It is not run again by itself; unless it is said, or the person says that it costs nothing.
    programs.has(COPIES, "cost = 0.02\n");
    let blocked = programs.build(1);
    assert_eq!(blocked.asset("a")["state"], "blocked");
    assert_eq!(programs.runs(), 0);
    programs.has(COPIES, "cost = 0\n");
    programs.build(0);
    assert_eq!(programs.runs(), 1);
    let ledger = std::fs::read_to_string(programs.home.path().join("ledger")).unwrap();
    assert!(!ledger.contains("sk-0123456789"));
}

#[test]
fn a_program_can_say_that_nothing_was_made() {
    for code in [64, 69] {
        let programs = Programs::new(&format!("echo full >&2; exit {code}\n"), "cost = 0.02\n");
        let run = programs.build(1);
        assert_eq!(
            programs.reason(&run),
            format!("it was not made: the program ended with {code}: full")
        );
        assert_eq!(programs.outcomes(), ["refused"]);
    }
}

#[test]
fn what_it_leaves_is_bounded_and_kept_where_it_may_have_cost_something() {
    let programs = Programs::new("exit 0\n", "cost = 0\n");
    assert_eq!(
        programs.reason(&programs.build(1)),
        "it was not made: it ended well, but left no PNG, JPEG or WebP picture in its folder"
    );
    programs.has("cp \"$2\" output/1.png; exit 7\n", "cost = 0.02\n");
    let reason = programs.reason(&programs.build(1));
    let (said, kept) = reason.split_once("; what it left is in `").unwrap();
    assert_eq!(said, "it is in doubt: the program ended with 7");
    let kept = PathBuf::from(kept.trim_end_matches('`'));
    // It is not lost: a person can take it.
    let picture = kept.join("output/1.png").display().to_string();
    assert_eq!(programs.run(&["import", "a", &picture]).code, 0);
    assert_eq!(programs.build(0).counts(), Counts::fresh(1));
    std::fs::remove_dir_all(kept).unwrap();
    programs.project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    programs.has(
        "cd output; i=0; while :; do i=$((i+1)); : > $i; done\n",
        "cost = 0\n",
    );
    assert_eq!(
        programs.reason(&programs.build(1)),
        "it was not made: it put more than 1000 files into its folder"
    );
    programs.has("truncate -s 10G output/1.png; sleep 60\n", "cost = 0\n");
    assert_eq!(
        programs.reason(&programs.build(1)),
        "it was not made: it put more than 2147483648 bytes into its folder"
    );
}

#[test]
fn it_ends_in_time_and_nothing_that_it_started_outlives_it() {
    let programs = Programs::new(
        "sleep 1000 & echo $! > \"$1\"; sleep 1000\n",
        "cost = 0\ntimeout_seconds = 1\n",
    );
    assert_eq!(
        programs.reason(&programs.build(1)),
        "it was not made: it did not end within 1 s"
    );
    let child = std::fs::read_to_string(programs.notes_file()).unwrap();
    until("it is gone", || is_gone(&child));
    // One that ends well, and leaves somebody behind who holds on to what it said.
    programs.has(
        "sleep 1000 & echo $! > \"$1\"; cp \"$2\" output/1.png\n",
        "cost = 0\n",
    );
    let began = Instant::now();
    programs.build(0);
    assert!(began.elapsed() < Duration::from_secs(100));
    let child = std::fs::read_to_string(programs.notes_file()).unwrap();
    until("it is gone", || is_gone(&child));
}

#[test]
fn the_first_ctrl_c_lets_it_end() {
    let script =
        "echo $$ > \"$1\"; while [ ! -e \"$1.go\" ]; do sleep 0.1; done; cp \"$2\" output/1.png\n";
    let programs = Programs::new(script, "cost = 0.02\n");
    let mut running = programs.started();
    send(&running, "-INT");
    std::fs::write(programs.home.path().join("notes.go"), "").unwrap();
    ended(&mut running);
    assert_eq!(programs.outcomes(), ["answered"]);
    assert_eq!(programs.build(0).counts(), Counts::fresh(1));
}

#[test]
fn the_second_ctrl_c_ends_it_and_it_is_in_doubt() {
    let programs = Programs::new("echo $$ > \"$1\"; sleep 1000\n", "cost = 0.02\n");
    let mut running = programs.started();
    let program = std::fs::read_to_string(programs.notes_file()).unwrap();
    let mut code = None;
    until("it ends", || {
        send(&running, "-INT");
        code = running.try_wait().unwrap().map(|status| status.code());
        code.is_some()
    });
    assert_eq!(code, Some(Some(130)));
    until("the program is gone", || is_gone(&program));
    assert_eq!(programs.outcomes(), ["doubt"]);
    assert_eq!(programs.build(1).asset("a")["state"], "blocked");
}

/// Whether a process is gone, or only waits to be noticed.
fn is_gone(process: &str) -> bool {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    state.is_empty() || state.starts_with('Z')
}
