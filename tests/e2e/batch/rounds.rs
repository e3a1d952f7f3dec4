//! From the first request to the last picture, over several runs.

use std::process::Stdio;

use api_server::{BatchManner, BatchProtocol};
use support::process::{ended, send, until};

use super::{Batches, covers, states};
use crate::paid::{micros, summary};

const BOTH: [BatchProtocol; 2] = [BatchProtocol::OpenAi, BatchProtocol::Gemini];

#[test]
fn what_is_sent_in_a_batch_is_pending_and_collected_by_any_later_run() {
    for protocol in BOTH {
        let manner = BatchManner {
            polls: 2,
            ..BatchManner::default()
        };
        let batches = Batches::new(protocol, &covers(&["one", "two", "three"]), manner);
        let run = batches.build(&["--batch"], 0);
        assert_eq!(states(&run), ["pending"; 3]);
        assert_eq!(summary(&run)["requests"], 3);
        assert_eq!(summary(&run)["pending"], 3);
        assert_eq!(micros(&summary(&run)["cost_usd"]), 0);
        let [batch] = batches.server.batches().try_into().unwrap();
        assert_eq!(batch.lines.len(), 3);
        assert!(batch.name.starts_with("gpbuild-"), "{}", batch.name);
        assert!(
            run.err
                .contains(&format!("batch `{}` was sent: 3 requests for $", batch.id)),
            "{}",
            run.err
        );
        assert_eq!(batches.outcomes(), ["pending"; 3]);
        let plan = batches.run(&["plan", "--json"]);
        assert_eq!(states(&plan), ["pending"; 3]);
        assert_eq!(plan.counts_of_plan("requests"), 0);
        // Not ready: nobody asks for anything twice, with or without `--batch`.
        assert_eq!(states(&batches.build(&[], 1)), ["pending"; 3]);
        assert_eq!(states(&batches.build(&["--batch"], 0)), ["pending"; 3]);
        let run = batches.build(&[], 0);
        assert_eq!(states(&run), ["made"; 3]);
        assert_eq!(summary(&run)["requests"], 0);
        assert!(micros(&summary(&run)["cost_usd"]) > 0);
        assert_eq!(batches.outcomes(), ["answered"; 3]);
        assert_eq!((batches.server.batches().len(), batches.left()), (1, 0));
        assert_eq!(summary(&batches.build(&["--batch"], 0))["fresh"], 3);
        assert_eq!(batches.server.batches().len(), 1);
    }
}

#[test]
fn a_series_goes_in_rounds_and_its_slides_take_the_first_one_along() {
    let slide = |n: u32| format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    let slides: String = (1..=3).map(slide).collect();
    for protocol in BOTH {
        let more = format!("[carousel.c]\nseries = \"first\"\n{slides}");
        let batches = Batches::new(protocol, &more, BatchManner::default());
        let run = batches.build(&["--batch"], 0);
        assert_eq!(states(&run), ["pending"; 3], "{}", run.out);
        assert_eq!(summary(&run)["requests"], 1);
        assert_eq!(
            run.asset("c/02")["reason"],
            "takes the picture of `c/01`, which is on its way"
        );
        let run = batches.build(&["--batch"], 0);
        assert_eq!(states(&run), ["made", "pending", "pending"], "{}", run.out);
        assert_eq!(
            states(&batches.build(&["--batch"], 0)),
            ["fresh", "made", "made"]
        );
        let sent = batches.server.batches();
        let sizes: Vec<usize> = sent.iter().map(|batch| batch.lines.len()).collect();
        assert_eq!(sizes, [1, 2]);
        if protocol == BatchProtocol::OpenAi {
            assert_eq!(sent[0].endpoint, "/v1/images/generations");
            assert_eq!(sent[1].endpoint, "/v1/images/edits");
        }
        assert_eq!(batches.left(), 0);
    }
}

#[test]
fn wait_goes_on_until_all_is_there() {
    let slide = |n: u32| format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    let slides: String = (1..=2).map(slide).collect();
    let manner = BatchManner {
        polls: 1,
        ..BatchManner::default()
    };
    let more = format!("[carousel.c]\nseries = \"first\"\n{slides}");
    let batches = Batches::new(BatchProtocol::OpenAi, &more, manner);
    let run = batches.build(&["--batch", "--wait"], 0);
    assert_eq!(states(&run), ["made"; 2]);
    assert_eq!(summary(&run)["requests"], 2);
    assert_eq!(batches.server.batches().len(), 2);
    assert_eq!(
        (batches.outcomes(), batches.left()),
        (vec!["answered".to_owned(); 2], 0)
    );
}

#[test]
fn ctrl_c_ends_the_wait_and_loses_nothing() {
    let batches = Batches::three(BatchManner {
        polls: u32::MAX,
        ..BatchManner::default()
    });
    let mut child = batches
        .command(&["build", "--yes", "--batch", "--wait"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it waits", || {
        batches.server.batches().iter().any(|batch| batch.polls > 0)
    });
    send(&child, "-INT");
    assert_eq!(ended(&mut child).code(), Some(130));
    assert_eq!(batches.outcomes(), ["pending"; 3]);
    batches.server.behave(|manner| manner.polls = 0);
    assert_eq!(states(&batches.build(&["--wait"], 0)), ["made"; 3]);
    assert_eq!(batches.server.batches().len(), 1);
}

#[test]
fn an_upload_that_is_interrupted_sends_nothing() {
    let batches = Batches::three(BatchManner {
        slow: std::time::Duration::from_secs(60),
        ..BatchManner::default()
    });
    let mut child = batches
        .command(&["build", "--yes", "--batch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("its lines are there", || batches.left() > 0);
    support::process::until_it_hears(&child);
    std::thread::sleep(std::time::Duration::from_millis(300));
    send(&child, "-INT");
    assert_eq!(ended(&mut child).code(), Some(130));
    assert_eq!(batches.outcomes(), ["unsent"; 3]);
    assert_eq!((batches.server.batches().len(), batches.left()), (0, 0));
    batches
        .server
        .behave(|manner| manner.slow = std::time::Duration::ZERO);
    assert_eq!(
        states(&batches.build(&["--batch", "--wait"], 0)),
        ["made"; 3]
    );
}

#[test]
fn edits_and_candidates_go_through_batches_too() {
    let more = "[cover.a]\ncandidates = 3\ntext = { headline = \"one\" }\n[[cover.a.edit]]\nchange = \"a warmer sky\"\n";
    let batches = Batches::new(BatchProtocol::OpenAi, more, BatchManner::default());
    let run = batches.build(&["--batch", "--wait"], 0);
    assert_eq!(states(&run), ["made"]);
    let sent = batches.server.batches();
    let counts: Vec<&serde_json::Value> = sent.iter().map(|b| &b.lines[0].1["n"]).collect();
    assert_eq!(counts, [3, 1]);
    assert_eq!(sent[0].pictures.len(), 3);
    assert_eq!(sent[1].lines[0].1["images"].as_array().unwrap().len(), 1);
}

#[cfg(feature = "faults")]
#[test]
fn each_roll_of_a_shot_that_is_judged_is_a_line_of_its_own() {
    let batches = Batches::new(
        BatchProtocol::OpenAi,
        &covers(&["one"]),
        BatchManner::default(),
    );
    let mut command = batches.command(&["build", "--json", "--yes", "--batch", "--wait"]);
    let run = crate::project::Run::of(command.env("GPBUILD_JUDGE", "1,0").output().unwrap());
    assert_eq!(
        (run.code, states(&run)),
        (0, vec!["made".to_owned()]),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(batches.server.batches().len(), 2);
    assert_eq!(batches.outcomes(), ["answered"; 2]);
}

#[test]
fn two_projects_with_the_same_shots_send_them_once() {
    let batches = Batches::three(BatchManner {
        slow: std::time::Duration::from_millis(300),
        polls: 1,
        ..BatchManner::default()
    });
    let other = crate::project::Project::new(&batches.project.text("gpbuild.toml"));
    let spawn = |root: &std::path::Path| {
        let mut command = batches.command(&["build", "--yes", "--batch", "--wait"]);
        command
            .current_dir(root)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [spawn(batches.project.root()), spawn(other.root())];
    for child in both {
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{err}");
    }
    let lines: usize = batches.server.batches().iter().map(|b| b.lines.len()).sum();
    assert_eq!((lines, batches.left()), (3, 0));
    assert!(other.has("dist/c1.png") && batches.project.has("dist/c1.png"));
}

#[test]
fn a_lost_ledger_sends_nothing_again() {
    let batches = Batches::three(BatchManner::default());
    batches.build(&["--batch"], 0);
    std::fs::remove_file(batches.home.path().join("ledger")).unwrap();
    assert_eq!(states(&batches.run(&["plan", "--json"])), ["pending"; 3]);
    assert_eq!(states(&batches.build(&["--batch"], 0)), ["made"; 3]);
    assert_eq!((batches.server.batches().len(), batches.left()), (1, 0));
}
