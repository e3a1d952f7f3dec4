//! Killed at any instant: nothing that was answered is lost, nothing is asked for twice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use api_server::Options;

use crate::paid::{Paid, summary};

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

#[test]
fn a_kill_at_any_instant_loses_nothing_and_pays_for_nothing_twice() {
    let whole = slides();
    let began = Instant::now();
    whole.build(0);
    let takes = began.elapsed();
    let mut cut = 0;
    for n in 0..10 {
        let paid = slides();
        let mut child = paid
            .command(&["build", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(takes * n / 9);
        child.kill().unwrap();
        child.wait().unwrap();
        // What the server still has in its hands goes nowhere now.
        let deadline = Instant::now() + Duration::from_secs(20);
        while paid.server.stats().in_flight > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
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
    paid.project.write(".gpbuild/store/shots", "in the way");
    let run = paid.build(1);
    assert!(run.out.contains("the answer is safe in"), "{}", run.out);
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
    paid.project.write(".gpbuild/store/shots", "in the way");
    paid.build(1);
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
