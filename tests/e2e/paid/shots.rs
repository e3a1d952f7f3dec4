//! What is asked for, and what is not asked for again.

use crate::paid::{DEFAULTS, Paid, micros, summary};
use crate::process::until;

#[test]
fn a_second_run_asks_for_nothing() {
    let paid = Paid::one();
    let run = paid.build(0);
    let made = run.asset("a");
    assert_eq!(made["state"], "made");
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(micros(&made["cost_usd"]), paid.server.stats().bill_micros);
    let sent = paid.server.requests().remove(0);
    assert_eq!(sent.path, "/v1/images/generations");
    assert_eq!((sent.n, sent.size.as_str()), (1, "816x816"));
    assert_eq!(sent.quality, "low");
    assert!(sent.prompt.contains("\"one\""), "{}", sent.prompt);
    assert_eq!(sent.params["output_format"], "png");
    assert_eq!(summary(&paid.build(0))["requests"], 0);
    // Nor does anything that can be lost without losing the picture.
    for lost in [&["dist"][..], &["gpbuild.lock"], &["dist", "gpbuild.lock"]] {
        let picture = paid.project.read("dist/a.png");
        for name in lost {
            paid.project.remove(name);
        }
        assert_eq!(summary(&paid.build(0))["requests"], 0, "{lost:?}");
        assert!(paid.project.read("dist/a.png") == picture, "{lost:?}");
    }
    paid.project.remove(".gpbuild");
    assert_eq!(summary(&paid.build(0))["requests"], 0);
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn what_was_paid_for_once_is_not_paid_for_again() {
    let paid = Paid::one();
    paid.build(0);
    let first = paid.project.read("dist/a.png");
    paid.project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    paid.build(0);
    assert_eq!(paid.accepted(), 2);
    // Last week's words, another name, another format: all free.
    paid.project.edit("gpbuild.toml", "\"two\"", "\"one\"");
    assert_eq!(paid.build(0).asset("a")["state"], "restored");
    assert!(paid.project.read("dist/a.png") == first);
    paid.project.edit("gpbuild.toml", "[cover.a]", "[cover.b]");
    assert_eq!(paid.build(0).asset("b")["state"], "restored");
    paid.project.edit(
        "gpbuild.toml",
        "[cover.b]\n",
        "[cover.b]\nformat = \"jpeg\"\n",
    );
    let run = paid.build(0);
    assert_eq!(micros(&run.asset("b")["cost_usd"]), 0);
    assert_eq!(paid.accepted(), 2);
    // Another roll is asked for; the first is still there.
    paid.project
        .edit("gpbuild.toml", "[cover.b]\n", "[cover.b]\nvariant = 2\n");
    paid.build(0);
    assert_eq!(paid.accepted(), 3);
    paid.project.edit("gpbuild.toml", "variant = 2\n", "");
    paid.build(0);
    assert_eq!(paid.accepted(), 3);
}

#[test]
fn thirty_slides_in_a_series() {
    let paid = Paid::series(30);
    let planned = paid.run(&["plan", "--json"]);
    assert_eq!(summary(&planned)["requests"], 30);
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 30);
    let sent = paid.server.requests();
    assert_eq!(sent.len(), 30);
    assert!(sent[0].images.is_empty());
    // Every other one goes by the first picture, as it came.
    for request in &sent[1..] {
        assert_eq!(request.path, "/v1/images/edits");
        let references: Vec<&str> = request.images.iter().map(|i| i.digest.as_str()).collect();
        assert_eq!(references, [sent[0].pictures[0].as_str()]);
    }
    assert!(paid.server.stats().max_in_flight <= 8);
    assert_eq!(summary(&paid.build(0))["requests"], 0);
    // One slide reworded is one request.
    paid.project
        .edit("gpbuild.toml", "\"page 7\"", "\"page seven\"");
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(run.asset("c/07")["state"], "made");
    // The first one reworded is told before it happens, with what hangs on it.
    paid.project
        .edit("gpbuild.toml", "\"page 1\"", "\"page one\"");
    let plan = paid.run(&["plan"]);
    assert!(
        plan.out.contains("29 assets take it as reference: up to $"),
        "{}",
        plan.out
    );
    assert_eq!(summary(&paid.run(&["plan", "--json"]))["requests"], 30);
    let run = paid.build(0);
    assert!(
        run.err
            .contains("c/01: 29 assets take it as reference: up to $"),
        "{}",
        run.err
    );
    assert_eq!(summary(&run)["requests"], 30);
    assert_eq!(paid.accepted(), 61);
}

#[test]
fn a_series_goes_on_from_slide_to_slide() {
    let paid = Paid::series(4);
    paid.project
        .edit("gpbuild.toml", "\"first\"", "\"previous\"");
    paid.build(0);
    let sent = paid.server.requests();
    for pair in sent.windows(2) {
        assert_eq!(pair[1].images[0].digest, pair[0].pictures[0]);
    }
    // A reworded third one takes the fourth with it, and not the second.
    paid.project
        .edit("gpbuild.toml", "\"page 3\"", "\"page three\"");
    assert_eq!(summary(&paid.build(0))["requests"], 2);
}

#[test]
fn a_slide_that_comes_out_the_same_is_fresh_after_all() {
    // The store has what the first slide is to become: nothing hangs on it any more.
    let paid = Paid::series(3);
    paid.build(0);
    paid.project
        .edit("gpbuild.toml", "\"page 1\"", "\"page one\"");
    paid.build(0);
    assert_eq!(paid.accepted(), 6);
    paid.project
        .edit("gpbuild.toml", "\"page one\"", "\"page 1\"");
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 0);
    assert_eq!(summary(&run)["restored"], 3);
}

#[test]
fn candidates_are_one_request_and_an_edit_is_one_more() {
    let paid = Paid::new(&format!(
        "{DEFAULTS}[cover.a]\ncandidates = 4\ntext = {{ headline = \"one\" }}\n"
    ));
    paid.build(0);
    assert_eq!(paid.server.requests()[0].n, 4);
    assert_eq!(paid.server.stats().pictures, 4);
    let edit = |change: &str| {
        let text = paid.project.text("gpbuild.toml");
        let step = format!("[[cover.a.edit]]\nchange = \"{change}\"\n");
        paid.project.write("gpbuild.toml", text + &step);
    };
    for (n, change) in ["redder", "bluer", "larger", "smaller"].iter().enumerate() {
        edit(change);
        let run = paid.build(0);
        assert_eq!(summary(&run)["requests"], 1, "{change}");
        let sent = paid.server.requests().pop().unwrap();
        assert_eq!((sent.n, sent.path.as_str()), (1, "/v1/images/edits"));
        assert!(sent.prompt.contains(change), "{}", sent.prompt);
        // On the picture of the step before.
        let before = &paid.server.requests()[n].pictures[0];
        assert_eq!(&sent.images[0].digest, before);
    }
    assert_eq!(paid.accepted(), 5);
}

#[test]
fn two_assets_with_the_same_shot_pay_for_it_once() {
    let mut manifest = DEFAULTS.to_owned();
    for name in ["a", "b", "c"] {
        manifest += &format!("[cover.{name}]\ntext = {{ headline = \"one\" }}\n");
    }
    let paid = Paid::new(&manifest);
    assert_eq!(summary(&paid.run(&["plan", "--json"]))["requests"], 1);
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(summary(&run)["made"], 3);
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn two_at_once_in_one_project_ask_once() {
    let paid = Paid::series(4);
    let runs: Vec<_> = (0..3)
        .map(|_| paid.command(&["build", "--yes"]).spawn().unwrap())
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(paid.accepted(), 4);
}

#[test]
fn a_draft_of_a_paid_project_asks_nobody() {
    let paid = Paid::series(3);
    let run = paid.run(&["--draft", "--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(summary(&run)["requests"], 0);
    assert_eq!(paid.server.stats().arrived, 0);
}

#[test]
fn a_draft_does_not_wait_for_a_picture_that_is_being_paid_for() {
    let paid = Paid::one();
    paid.server.hold();
    let mut build = paid.command(&["build", "--yes"]).spawn().unwrap();
    until("it is asked for", || paid.accepted() > 0);
    let draft = paid.run(&["--draft", "--json"]);
    assert_eq!(summary(&draft)["made"], 1, "{}", draft.err);
    assert!(!draft.err.contains("waiting"), "{}", draft.err);
    assert_eq!(build.try_wait().unwrap(), None, "the paid one had ended");
    paid.server.release();
    assert!(build.wait().unwrap().success());
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn locked_asks_nobody() {
    let paid = Paid::one();
    let run = paid.run(&["build", "--locked", "--yes"]);
    assert_eq!(run.code, 1);
    paid.build(0);
    paid.project.remove("dist");
    assert_eq!(paid.run(&["build", "--locked"]).code, 0);
    assert_eq!(paid.accepted(), 1);
}
