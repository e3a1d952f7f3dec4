//! Killed at any instant: nothing that was answered is lost, nothing is asked for twice.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use api_server::{Fault, Options};

use crate::paid::{DEFAULTS, Paid, summary};
use crate::process;
use crate::process::until;

/// Slides in a series, answered after a moment.
fn slides() -> Paid {
    let latency = Duration::from_millis(30);
    Paid::series_with(
        4,
        Options {
            latency,
            ..Options::default()
        },
    )
}

/// A build that can be killed.
fn begin(paid: &Paid) -> Child {
    let mut command = paid.command(&["build", "--yes"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_kill_at_any_instant_loses_nothing_and_pays_for_nothing_twice() {
    let whole = slides();
    let began = Instant::now();
    whole.build(0);
    let takes = began.elapsed();
    let mut cut = 0;
    // Ten instants, and some more where a run took less time than the first and all came too late, or too early.
    for n in 0..50 {
        if n >= 10 && cut > 0 {
            break;
        }
        let paid = slides();
        let mut child = begin(&paid);
        std::thread::sleep(takes * (n % 10) / [9, 4, 30, 2, 90][n as usize / 10]);
        child.kill().unwrap();
        child.wait().unwrap();
        // What the server still has in its hands goes nowhere now.
        until("the server is done", || paid.server.stats().in_flight == 0);
        let before = paid.accepted();
        cut += usize::from(before > 0 && before < 4);
        // What is in doubt stays so until a person says otherwise.
        let run = paid.run(&["build", "--yes", "--json"]);
        let again = paid.run(&["build", "--yes", "--json", "--retry-in-doubt"]);
        assert_eq!(again.code, 0, "{n}: {}{}", run.err, again.err);
        assert_eq!(summary(&paid.build(0))["fresh"], 4, "{n}");
        let doubts = paid.outcomes().iter().filter(|o| *o == "doubt").count() as u64;
        let stats = paid.server.stats();
        // An intent that was never sent is in doubt as well: nobody can tell the two apart.
        assert!(
            stats.accepted >= 4 && stats.accepted <= 4 + doubts,
            "{n}: {stats:?}"
        );
        // Every picture that was answered whole, and read whole, is in the store.
        let verified = paid.run(&["cache", "verify"]);
        assert_eq!((verified.code, verified.err.as_str()), (0, ""), "{n}");
        let answered = paid.outcomes().iter().filter(|o| *o == "answered").count();
        assert_eq!(answered, 4, "{n}");
    }
    // Else nothing was tested.
    assert!(cut > 0, "no kill came while pictures were asked for");
}

#[test]
fn an_answer_that_the_store_has_no_room_for_is_told_and_taken_for_nothing_later() {
    let paid = Paid::one();
    let run = paid.build_in_the_way(".gpbuild/store/shots");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("the answer is safe in"), "{}", run.err);
    let plan = paid.run(&["plan"]);
    assert_eq!(
        plan.err,
        "1 answer of an earlier run is here: the next `gpbuild` takes what is in it, for nothing\n"
    );
    paid.project.remove(".gpbuild/store/shots");
    paid.build(0);
    assert_eq!(paid.accepted(), 1);
    assert_eq!(summary(&paid.build(0))["fresh"], 1);
}

#[test]
fn a_whole_answer_whose_end_nobody_saw_is_taken_for_nothing() {
    let paid = Paid::one();
    assert_eq!(paid.build_in_the_way(".gpbuild/store/shots").code, 1);
    paid.project.remove(".gpbuild/store/shots");
    // As a kill leaves it that comes between the last byte and the new name.
    let files = paid.project.files(".gpbuild/store/incoming");
    let [answer] = files.as_slice() else {
        panic!("{files:?}");
    };
    let part = answer.replace(".answer", ".part");
    std::fs::rename(paid.project.path(answer), paid.project.path(&part)).unwrap();
    paid.build(0);
    assert_eq!(paid.accepted(), 1);
    assert_eq!(paid.project.files(".gpbuild/store/incoming"), [""; 0]);
}

/// The files of answers that are still there, with this ending.
fn incoming(paid: &Paid, ending: &str) -> Vec<String> {
    let mut files = paid.project.files(".gpbuild/store/incoming");
    files.retain(|name| name.ends_with(ending));
    files
}

#[test]
fn a_whole_answer_whose_end_nobody_saw_is_taken_by_the_next_run() {
    let paid = Paid::one();
    // An answer that is kept because a picture is missing in it: its bytes, to make one of.
    paid.server.script([Fault::stall(99)]);
    let mut child = begin(&paid);
    let mut part = String::new();
    let mut length = 0;
    until("the answer is there as far as it goes", || {
        std::thread::sleep(Duration::from_millis(100));
        let Some(name) = incoming(&paid, ".part").pop() else {
            return false;
        };
        part = name;
        let before = length;
        length = paid.project.read(&part).len();
        length > 10_000 && length == before
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let cut = paid.project.read(&part);
    // The plain run keeps what came for a person, and asks for nothing.
    assert_eq!(paid.run(&["build", "--yes"]).code, 1);
    assert_eq!(paid.project.read(&part), cut);
    // The end that was not seen: the picture, of which some base64 is missing, and what stands behind it.
    let mut whole = cut;
    let text = String::from_utf8_lossy(&whole).into_owned();
    let picture = text.find("\"b64_json\":\"").unwrap() + 12;
    let odd = (whole.len() - picture) % 4;
    whole.truncate(whole.len() - odd);
    whole.extend_from_slice(b"\"}],\"usage\":{\"input_tokens\":10,\"output_tokens\":200}}");
    paid.project.write(&part, whole);
    let run = paid.run(&["build", "--yes"]);
    assert_eq!(paid.outcomes(), ["answered"], "{}", run.err);
    assert_eq!(paid.accepted(), 1);
    assert_eq!(incoming(&paid, ""), [""; 0]);
}

#[test]
fn a_part_that_nobody_needs_goes() {
    let paid = Paid::one();
    paid.server.script([Fault::cut(50)]);
    paid.build(1);
    assert_eq!(incoming(&paid, ".part").len(), 1);
    paid.build(1);
    assert_eq!(incoming(&paid, ".part").len(), 1, "it is in doubt");
    assert_eq!(paid.run(&["build", "--yes", "--retry-in-doubt"]).code, 0);
    paid.project.remove("dist");
    paid.project.remove(".gpbuild/state");
    paid.build(0);
    assert_eq!(incoming(&paid, ""), [""; 0]);
}

/// A terminal that is closed, or a connection that is lost, in the middle of a paid run: several signals may say
/// so, and none of them is somebody who does not want to wait.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_loses_nothing() {
    let whole: &[&[&str]] = &[
        &["-HUP"],
        &["-HUP", "-HUP"],
        &["-TERM", "-HUP"],
        &["-HUP", "-TERM"],
    ];
    let ends_well = |signals: &[&str]| {
        let paid = Paid::new(&format!(
            "{DEFAULTS}[cover.a]\n[cover.b]\ntext = {{ headline = \"b\" }}\n"
        ));
        paid.server.hold();
        // Whoever runs the tests may be deaf to it themselves, and then so would this be.
        let gpbuild = paid.command(&["build", "--yes"]);
        let mut command = process::through(&gpbuild, "/usr/bin/env", &["--default-signal=HUP"]);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        until("both are asked for", || paid.server.stats().in_flight == 2);
        signals
            .iter()
            .for_each(|signal| process::send(&child, signal));
        std::thread::sleep(crate::paid::HEARD);
        paid.server.release();
        assert_eq!(process::ended(&mut child).code(), Some(130), "{signals:?}");
        assert_eq!(paid.outcomes(), ["answered", "answered"], "{signals:?}");
        assert_eq!(summary(&paid.build(0))["fresh"], 2);
        assert_eq!(paid.accepted(), 2);
    };
    process::all_at_once(whole, |signals| ends_well(signals));
}

/// `nohup gpbuild`: what the terminal does is not its business.
#[cfg(target_os = "linux")]
#[test]
fn what_outlives_its_terminal_goes_on() {
    let paid = slides();
    paid.server.hold();
    let gpbuild = paid.command(&["build", "--yes"]);
    let mut command = process::by_shell(&gpbuild, "trap '' HUP; exec \"$@\"");
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("it is asked for", || paid.server.stats().arrived > 0);
    process::send(&child, "-HUP");
    process::send(&child, "-HUP");
    std::thread::sleep(crate::paid::HEARD);
    paid.server.release();
    assert_eq!(process::ended(&mut child).code(), Some(0));
    assert_eq!(paid.accepted(), 4);
}

/// A limit of the system on how large a file may be: an error of that write, and not the end of the others.
#[cfg(target_os = "linux")]
#[test]
fn a_file_at_its_limit_ends_no_other_request() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\n[cover.b]\ntext = {{ headline = \"b\" }}\n"
    ));
    let gpbuild = paid.command(&["build", "--yes"]);
    // Blocks of 512 bytes, or of 1024.
    let mut command = process::by_shell(&gpbuild, "ulimit -f 16; exec \"$@\"");
    let run = crate::project::Run::of(command.output().unwrap());
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("file too large"), "{}", run.err);
    assert_eq!(paid.outcomes(), ["doubt", "doubt"], "{}", run.err);
}
