//! Rolls: where answers are judged, another one is asked for within bounds, and each is kept. The judge is one for tests
//! alone, so these want a program with faults compiled in: `cargo test --features faults --test e2e rolls`.

use api_server::Fault;

use crate::paid::{Paid, micros, summary};
use crate::project::Run;

/// Runs the program; so many things are wrong with the first roll of each shot, with the second, and so on.
fn judged(paid: &Paid, judge: &str, arguments: &[&str], code: i32) -> Run {
    let mut command = paid.command(arguments);
    let run = Run::of(command.env("GPBUILD_JUDGE", judge).output().unwrap());
    assert_eq!(run.code, code, "{}{}", run.out, run.err);
    run
}

fn build(paid: &Paid, judge: &str, code: i32) -> Run {
    judged(paid, judge, &["build", "--yes", "--json"], code)
}

/// The digests of the picture of each request that was answered.
fn pictures(paid: &Paid) -> Vec<String> {
    let requests = paid.server.requests().into_iter();
    requests
        .filter_map(|r| r.pictures.first().cloned())
        .collect()
}

/// The candidates that the lock names for `a`: one.
fn locked(paid: &Paid) -> String {
    let lock = paid.project.text("gpbuild.lock");
    let (_, rest) = lock.split_once("candidates = [\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn has_object(paid: &Paid, digest: &str) -> bool {
    let path = format!(".gpbuild/store/objects/{}/{}", &digest[..2], &digest[2..]);
    paid.project.has(&path)
}

fn version(paid: &Paid) -> String {
    paid.project.text(".gpbuild/store/VERSION")
}

/// What a run said besides what came of the assets.
fn notes(run: &Run) -> Vec<&str> {
    let lines = run.err.lines();
    let notes = lines.filter(|line| !line.starts_with("requests go to"));
    notes.collect()
}

#[test]
fn another_roll_is_paid_for_once_and_every_roll_is_kept() {
    let paid = Paid::one();
    let run = build(&paid, "2,0", 0);
    let made = pictures(&paid);
    assert_eq!(made.len(), 2);
    assert_eq!(paid.outcomes(), ["answered", "answered"]);
    assert_eq!(summary(&run)["requests"], 2);
    let bill = paid.server.stats().bill_micros;
    assert_eq!(micros(&summary(&run)["cost_usd"]), bill);
    assert_eq!(notes(&run), [""; 0]);
    assert_eq!(locked(&paid), made[1]);
    // Both were paid for: a sweep keeps them, with what they cost, and so does a store that is looked at.
    judged(&paid, "", &["cache", "gc", "--days", "0"], 0);
    assert!(made.iter().all(|digest| has_object(&paid, digest)));
    let stats = summary(&judged(&paid, "", &["cache", "stats", "--json"], 0));
    assert_eq!(micros(&stats["cost_usd"]), bill);
    judged(&paid, "", &["cache", "verify"], 0);
    // An older gpbuild is told that it cannot read this store: it does not take it for empty.
    assert_eq!(version(&paid), "2\n");
    for judge in ["2,0", "", "0,0,0"] {
        let again = build(&paid, judge, 0);
        assert_eq!(summary(&again)["fresh"], 1, "{judge}");
    }
    // The store alone knows which roll counts.
    paid.project.remove("gpbuild.lock");
    paid.project.remove("dist");
    assert_eq!(summary(&build(&paid, "2,0", 0))["requests"], 0);
    assert_eq!(locked(&paid), made[1]);
    assert_eq!(paid.accepted(), 2);
}

#[test]
fn what_is_right_at_once_is_asked_for_once_and_as_ever() {
    for judge in ["0,0,0", ""] {
        let paid = Paid::one();
        build(&paid, judge, 0);
        assert_eq!(paid.accepted(), 1, "{judge}");
        let shots = paid.project.files(".gpbuild/store/shots");
        let entry = paid.project.text(&shots[0]);
        assert!(entry.starts_with("{\"candidates\":[\""), "{entry}");
        assert_eq!(version(&paid), if judge.is_empty() { "1\n" } else { "2\n" });
    }
}

#[test]
fn of_rolls_that_are_all_wrong_the_best_is_kept_and_told() {
    let paid = Paid::one();
    let run = build(&paid, "2,1,3", 0);
    let made = pictures(&paid);
    assert_eq!(made.len(), 3);
    assert_eq!(locked(&paid), made[1]);
    assert_eq!(
        notes(&run),
        ["a: the best of 3 rolls is kept: picture 1: fault 1 is in it"]
    );
    assert_eq!(summary(&build(&paid, "2,1,3", 0))["fresh"], 1);
    assert_eq!(paid.accepted(), 3);
}

#[test]
fn a_budget_that_ends_keeps_what_is_there() {
    let paid = Paid::one();
    let estimate = summary(&paid.run(&["plan", "--json"]))["estimate_usd"].clone();
    let two = format!("{:.6}", estimate.as_f64().unwrap() * 2.0);
    let run = judged(&paid, "2,1,0", &["build", "--json", "--max-cost", &two], 0);
    let made = pictures(&paid);
    assert_eq!(made.len(), 2);
    assert_eq!(locked(&paid), made[1]);
    let bill = paid.server.stats().bill_micros;
    assert!(bill <= micros(&estimate) * 2);
    let told = notes(&run);
    let [note] = told.as_slice() else {
        panic!("{told:?}");
    };
    let kept = "a: the best of 2 rolls is kept: picture 1: fault 1 is in it; it was not asked for: it would pass `--max-cost`: $0.";
    assert!(note.starts_with(kept), "{note}");
    assert!(note.ends_with(" is left"), "{note}");
    // Without money for the first there is nothing to keep.
    let paid = Paid::one();
    judged(
        &paid,
        "2,1,0",
        &["build", "--json", "--max-cost", "0.000001"],
        4,
    );
    assert_eq!(paid.accepted(), 0);
}

#[test]
fn a_roll_in_doubt_is_not_asked_for_again_by_itself_and_loses_none_before_it() {
    let paid = Paid::one();
    paid.server
        .rule(|request| (request.number == 2).then(Fault::close));
    build(&paid, "1,0", 1);
    assert_eq!(paid.outcomes(), ["answered", "doubt"]);
    let first = pictures(&paid)[0].clone();
    assert!(has_object(&paid, &first));
    let blocked = build(&paid, "1,0", 1);
    assert_eq!(summary(&blocked)["blocked"], 1, "{}", blocked.out);
    assert_eq!(paid.server.stats().arrived, 2);
    let arguments = ["build", "--yes", "--json", "--retry-in-doubt"];
    let run = judged(&paid, "1,0", &arguments, 0);
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(paid.outcomes(), ["answered", "doubt", "answered"]);
    assert_ne!(locked(&paid), first);
    assert!(has_object(&paid, &first));
}

#[test]
fn each_slide_that_goes_by_another_takes_the_roll_that_counts() {
    let paid = Paid::series(3);
    let run = build(&paid, "1,0", 0);
    assert_eq!(summary(&run)["requests"], 6);
    assert_eq!(paid.accepted(), 6);
    assert_eq!(summary(&build(&paid, "1,0", 0))["fresh"], 3);
    assert_eq!(paid.accepted(), 6);
}
