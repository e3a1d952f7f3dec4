//! Runs that go on without their terminal, and what is told of them: nothing that happens to whoever began one ends
//! it, and nothing that happens to it loses a picture or pays for one twice.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::paid::{DEFAULTS, Paid, summary};
use crate::process;
use crate::process::until;

const KEYS: [&str; 25] = [
    "event",
    "run",
    "state",
    "detached",
    "draft",
    "process",
    "began",
    "ended",
    "exit",
    "why",
    "total",
    "fresh",
    "made",
    "restored",
    "failed",
    "blocked",
    "left",
    "requests",
    "cost_usd",
    "doing",
    "arrived",
    "pending",
    "in_doubt",
    "under_way",
    "batches",
];

fn two() -> Paid {
    Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ntext = {{ headline = \"a\" }}\n[cover.b]\ntext = {{ headline = \"b\" }}\n"
    ))
}

/// The one object that a command says of a run.
fn object(paid: &Paid, arguments: &[&str], code: i32) -> Value {
    let run = paid.run(arguments);
    assert_eq!(run.code, code, "{arguments:?}: {}{}", run.out, run.err);
    let objects: Vec<Value> = run.json();
    let runs: Vec<&Value> = objects.iter().filter(|o| o["event"] == "run").collect();
    assert_eq!(runs.len(), 1, "{}", run.out);
    runs[0].clone()
}

fn status(paid: &Paid) -> Value {
    object(paid, &["status", "--json"], 0)
}

fn detach(paid: &Paid) -> Value {
    object(paid, &["build", "--detach", "--yes", "--json"], 0)
}

/// The same command in a shell that leads a group of its own and waits afterwards, once it said its first line.
fn from_a_shell(command: &Command) -> (Child, Value) {
    let mut shell = process::by_shell(command, "\"$@\"; sleep 600");
    shell.process_group(0).stdin(Stdio::null());
    let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn kill(signal: &str, process: &str) {
    let sent = Command::new("kill").args([signal, "--", process]).status();
    assert!(sent.unwrap().success(), "kill {signal} {process}");
}

#[test]
fn it_goes_on_when_the_group_of_whoever_began_it_is_killed() {
    let paid = two();
    paid.server.hold();
    let command = paid.command(&["build", "--detach", "--yes", "--json"]);
    let (mut shell, begun) = from_a_shell(&command);
    assert_eq!(
        (&begun["state"], &begun["total"]),
        (&"running".into(), &2.into())
    );
    until("both are asked for", || paid.server.stats().in_flight == 2);
    for signal in ["-INT", "-HUP", "-KILL"] {
        kill(signal, &format!("-{}", shell.id()));
    }
    assert_eq!(process::ended(&mut shell).code(), None);
    // Nor does it hear of a terminal.
    kill("-HUP", &begun["process"].to_string());
    std::thread::sleep(crate::paid::HEARD);
    until("it says what it does", || {
        status(&paid)["doing"].as_array().unwrap().len() == 2
    });
    let now = status(&paid);
    assert_eq!(now["doing"][0]["what"], "asking");
    assert_eq!(now["under_way"], 2);
    let words = paid.run(&["status"]).out;
    assert!(
        words.contains("\n  2 in work\n  2 requests under way, counted at $0.019\n  in work: "),
        "{words}"
    );
    let values = ["running", "2", "0", "true"];
    let told = [&now["state"], &now["left"], &now["made"], &now["detached"]];
    assert_eq!(
        told.map(|v| v.as_str().map_or(v.to_string(), str::to_owned)),
        values
    );
    assert_eq!(
        object(&paid, &["status", "--wait", "0", "--json"], 6)["run"],
        begun["run"]
    );
    paid.server.release();
    let id = begun["run"].as_str().unwrap();
    let ended = object(&paid, &["status", id, "--wait", "--json"], 0);
    assert_eq!(
        (&ended["state"], &ended["exit"]),
        (&"ended".into(), &0.into())
    );
    assert_eq!((&ended["made"], &ended["left"]), (&2.into(), &0.into()));
    assert_eq!(ended["requests"], 2);
    let spent: u64 = paid
        .run(&["log", "--json"])
        .json()
        .iter()
        .map(|e| crate::paid::micros(&e["cost_usd"]))
        .sum();
    assert_eq!(crate::paid::micros(&ended["cost_usd"]), spent);
    let keys: Vec<&str> = ended
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, [&KEYS[..], &["log"]].concat());
    // What it said is where it says.
    let log = paid.project.text(ended["log"].as_str().unwrap());
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["made"]),
        (&"summary".into(), &2.into())
    );
    assert_eq!(summary(&paid.build(0))["fresh"], 2);
    assert_eq!(paid.accepted(), 2);
}

/// A shell at a terminal, which begins a run and is gone with its window.
#[cfg(target_os = "linux")]
#[test]
fn it_goes_on_when_its_terminal_is_closed() {
    let paid = two();
    paid.server.hold();
    let command = paid.command(&["build", "--detach", "--yes"]);
    let shell = process::by_shell(&command, "\"$@\"; sleep 600");
    let shell = process::through(&shell, "/usr/bin/setsid", &["--ctty"]);
    let mut window = crate::terminal::Window::open(shell);
    assert!(window.line().contains("requests go to"));
    until("both are asked for", || paid.server.stats().in_flight == 2);
    let mut shell = window.close();
    assert_eq!(process::ended(&mut shell).code(), None);
    std::thread::sleep(crate::paid::HEARD);
    assert_eq!(status(&paid)["state"], "running");
    paid.server.release();
    assert_eq!(object(&paid, &["status", "--wait", "--json"], 0)["made"], 2);
    assert_eq!(paid.outcomes(), ["answered", "answered"]);
}

#[test]
fn a_second_one_is_refused_with_the_name_of_the_first() {
    let paid = two();
    paid.server.hold();
    let first = detach(&paid);
    let id = first["run"].as_str().unwrap();
    let run = paid.run(&["build", "--detach", "--yes"]);
    let told = format!(
        "error: run {id} works in this project: what is left to do, and for how much, is known when it ends\n  = help: `gpbuild status {id} --wait` waits for its end\n"
    );
    assert_eq!((run.code, run.err), (1, told));
    assert_eq!(run.out, "");
    // Drafts are another matter, and are told apart.
    let draft = object(&paid, &["build", "--detach", "--draft", "--json"], 0);
    assert_eq!(
        (&draft["draft"], &draft["total"]),
        (&true.into(), &2.into())
    );
    let draft = draft["run"].as_str().unwrap();
    assert_eq!(
        object(&paid, &["status", draft, "--wait", "--json"], 0)["made"],
        2
    );
    assert_eq!(
        status(&paid)["run"],
        first["run"],
        "the one that works is meant"
    );
    paid.server.release();
    object(&paid, &["status", "--wait", "--json"], 0);
    assert_eq!(paid.accepted(), 2);
}

#[test]
fn it_ends_when_it_is_asked_to_and_waits_for_what_is_on_its_way() {
    let paid = Paid::series(3);
    paid.server.hold();
    detach(&paid);
    until("it is asked for", || paid.server.stats().in_flight == 1);
    let run = paid.run(&["status", "--stop"]);
    assert_eq!(run.code, 0);
    let id = status(&paid)["run"].as_str().unwrap().to_owned();
    assert_eq!(
        run.err,
        format!("run {id} was asked to end: what is on its way is waited for\n")
    );
    assert_eq!(
        object(&paid, &["status", "--wait", "1", "--json"], 6)["state"],
        "running"
    );
    paid.server.release();
    let ended = object(&paid, &["status", "--wait", "--json"], 130);
    assert_eq!((&ended["made"], &ended["left"]), (&1.into(), &2.into()));
    assert_eq!(paid.outcomes(), ["answered"]);
    // One that has ended is not asked.
    let run = paid.run(&["status", "--stop"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(summary(&paid.build(0))["made"], 2);
    assert_eq!(paid.accepted(), 3);
}

#[test]
fn a_run_at_another_terminal_is_told_of_and_asked_to_end_too() {
    let paid = Paid::series(2);
    paid.server.hold();
    let mut command = paid.command(&["build", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it is asked for", || paid.server.stats().in_flight == 1);
    let now = status(&paid);
    assert_eq!(
        (&now["state"], &now["detached"]),
        (&"running".into(), &false.into())
    );
    assert_eq!(
        (&now["process"], &now["log"]),
        (&child.id().into(), &Value::Null)
    );
    paid.run(&["status", "--stop"]);
    std::thread::sleep(crate::paid::HEARD);
    paid.server.release();
    assert_eq!(process::ended(&mut child).code(), Some(130));
    let ended = status(&paid);
    assert_eq!(
        (&ended["state"], &ended["exit"]),
        (&"ended".into(), &130.into())
    );
}

#[test]
fn all_that_can_be_refused_is_refused_before_anybody_goes_away() {
    let paid = two();
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let run = paid.run(arguments);
        assert_eq!(run.code, code, "{}", run.err);
        assert!(run.err.contains(words), "{}", run.err);
        assert!(!paid.project.has(".gpbuild/runs"));
    };
    paid.project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[budget]\nconfirm = 0\n[defaults]",
    );
    refused(
        &["build", "--detach"],
        4,
        "2 requests for about $0.019: nobody is there to agree to that",
    );
    paid.project.edit("gpbuild.toml", "\"b\"", "b");
    refused(&["build", "--detach", "--yes"], 2, "gpbuild.toml:");
    paid.project.edit("gpbuild.toml", "= b", "= \"b\"");
    // Where nothing is left to be made, all is said as `build` says it.
    let blocked = "blocked   a  dist/a.png  (`OPENAI_API_KEY` is not set)\nblocked   b  dist/b.png  (`OPENAI_API_KEY` is not set)\n";
    let run = paid.project.run(&["build", "--detach", "--yes"]);
    let told = format!("{blocked}0 failed, 2 blocked in TIME\n");
    assert_eq!((run.code, run.err), (3, told));
    // Where something is, nobody goes away before all can be asked for.
    let paid_alone = paid.project.text("gpbuild.toml");
    let local = "[cover.d]\nmodel = \"local\"\ntext = { headline = \"d\" }\n";
    paid.project
        .write("gpbuild.toml", format!("{paid_alone}{local}"));
    let run = paid.project.run(&["build", "--detach", "--yes"]);
    let told = format!(
        "{blocked}error: no run was begun: 2 assets cannot be asked for\n  = help: `gpbuild build` without `--detach` makes all others; so does `--detach` with their names\n"
    );
    assert_eq!((run.code, run.err), (3, told));
    assert!(!paid.project.has("dist"));
    paid.project.write("gpbuild.toml", paid_alone);
    assert_eq!(status(&paid)["state"], "none");
    let run = paid.run(&["status"]);
    assert_eq!(
        run.out,
        "no run is remembered here: `gpbuild build` begins one\n"
    );
    paid.build(0);
    let last = status(&paid);
    // With nothing to do no run is begun, and nothing is written.
    let run = paid.run(&["build", "--detach", "--json"]);
    assert_eq!((run.code, &summary(&run)["fresh"]), (0, &2.into()));
    assert_eq!(status(&paid), last);
    assert_eq!(paid.accepted(), 2);
}

#[test]
fn what_is_not_what_was_agreed_to_is_not_made() {
    let paid = two();
    // As `--detach` begins it, with a plan of another day.
    std::fs::create_dir(paid.project.path(".gpbuild")).unwrap();
    let open = || {
        let mut options = std::fs::OpenOptions::new();
        let options = options.read(true).append(true).create(true);
        options.open(paid.project.path(".gpbuild/running")).unwrap()
    };
    let lock = open();
    lock.lock().unwrap();
    let agreed = format!("--detached=019ad0c5d80-5f3a91:{}", "0".repeat(64));
    let mut command = paid.command(&["build", "--yes", &agreed]);
    let output = command.stdin(lock).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "changed");
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: the project changed while the run was begun: nothing was made, because it is not what was agreed to\n  = help: try it again: what is to be done now is shown, and asked about, anew\n"
    );
    assert_eq!(output.status.code(), Some(4));
    // It has the lock as long as it has a file for it.
    drop(command);
    // Nor does anybody else begin it so: without the lock, and with one that another one holds.
    let mut command = paid.command(&["build", "--yes", &agreed]);
    let held = open();
    held.lock().unwrap();
    for stdin in [Stdio::null(), Stdio::from(open())] {
        let output = command.stdin(stdin).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            said,
            "error: `--detached` is what `--detach` begins gpbuild with, and nobody else\n"
        );
        assert_eq!(output.status.code(), Some(2));
    }
    assert_eq!(paid.server.stats().arrived, 0);
}

#[test]
fn a_folder_that_came_along_neither_ends_a_process_nor_leads_elsewhere() {
    let paid = two();
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    let id = "019ad0c5d80-5f3a91";
    let record = format!(
        "{{\"began\":\"\\u001b[2Jnow\",\"process\":{},\"detached\":true,\"left\":1,\"log\":\"/etc/passwd\"}}",
        other.id()
    );
    paid.project
        .write(&format!(".gpbuild/runs/{id}.json"), record);
    paid.project.write(".gpbuild/running", id);
    let before = paid.project.files(".gpbuild");
    let run = paid.run(&["status", "--stop", "--wait"]);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (
            1,
            "run 019ad0c5d80-5f3a91 began at \\u{1b}[2Jnow and is gone without a word: it was killed, or the power went\n  1 left\n  what was made stays made: the next `gpbuild build` takes in what arrived, and goes on where this ended\n  log: .gpbuild/runs/019ad0c5d80-5f3a91.log\n",
            ""
        )
    );
    assert_eq!(paid.project.files(".gpbuild"), before);
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
    // A name is no path.
    let run = paid.run(&["status", "../../x"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no run has such a name"), "{}", run.err);
    let run = paid.run(&["status", "019ad0c5d80-000000"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            2,
            "error: no run `019ad0c5d80-000000` is remembered here\n  = help: `gpbuild status` tells of the one that works, or of the last one\n"
        )
    );
    // Nor is a link followed, to read or to write.
    let elsewhere = tempfile::tempdir().unwrap();
    paid.project.remove(".gpbuild/runs");
    std::os::unix::fs::symlink(elsewhere.path(), paid.project.path(".gpbuild/runs")).unwrap();
    for arguments in [&["status"][..], &["build", "--detach", "--yes"]] {
        let run = paid.run(arguments);
        assert_eq!(run.code, 5, "{}", run.err);
        let link = "error: `.gpbuild/runs` is a symbolic link, and gpbuild follows none here\n";
        assert!(run.err.ends_with(link), "{}", run.err);
    }
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    paid.project.remove(".gpbuild/runs");
    assert_eq!(paid.accepted(), 0);
}

#[test]
fn killed_at_any_instant_it_is_told_and_nothing_is_lost_or_paid_for_twice() {
    let slides = || {
        let latency = Duration::from_millis(30);
        let options = api_server::Options {
            latency,
            ..api_server::Options::default()
        };
        Paid::series_with(3, options)
    };
    let whole = slides();
    let began = Instant::now();
    detach(&whole);
    object(&whole, &["status", "--wait", "--json"], 0);
    let takes = began.elapsed();
    let mut cut = 0;
    for n in 0..40 {
        if n >= 8 && cut > 0 {
            break;
        }
        let paid = slides();
        let begun = detach(&paid);
        std::thread::sleep(takes * (n % 8) / [10, 4, 30, 60, 90][n as usize / 8]);
        // It may have ended.
        let process = begun["process"].to_string();
        let _ = Command::new("kill")
            .args(["-KILL", &process])
            .status()
            .unwrap();
        let mut now = Value::Null;
        until("it is gone", || {
            now = status(&paid);
            now["state"] != "running"
        });
        until("the server is done", || paid.server.stats().in_flight == 0);
        let died = now["state"] == "died";
        cut += u32::from(died && paid.accepted() > 0);
        let doubts = now["in_doubt"].as_array().unwrap().len() as u64;
        assert!(died || doubts == 0, "{now}");
        // What is not told to be in doubt, the next build has or makes; of the rest it may find that it came after all.
        let run = paid.run(&["build", "--yes", "--json"]);
        assert!(run.code == 0 || doubts > 0, "{now} {}", run.out);
        paid.run(&["build", "--yes", "--retry-in-doubt"]);
        assert_eq!(summary(&paid.build(0))["fresh"], 3, "{n}");
        let accepted = paid.accepted();
        assert!(
            accepted >= 3 && accepted <= 3 + doubts,
            "{n}: {accepted} {now}"
        );
    }
    assert!(cut > 0, "no kill came while pictures were asked for");
}
