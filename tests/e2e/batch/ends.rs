//! What a batch may end with, and what follows for each of its lines.

use api_server::{BatchManner, BatchProtocol};

use super::{Batches, covers, states};
use crate::paid::summary;

/// A batch of three that was sent, and ends so.
fn sent(manner: BatchManner) -> Batches {
    let batches = Batches::three(manner);
    batches.build(&["--batch"], 0);
    batches
}

#[test]
fn an_expired_batch_keeps_what_was_made_and_the_rest_is_asked_for_again() {
    for (protocol, end) in [
        (BatchProtocol::OpenAi, "expired"),
        (BatchProtocol::OpenAi, "cancelled"),
        (BatchProtocol::Gemini, "expired"),
    ] {
        let manner = BatchManner {
            end: end.to_owned(),
            answers: Some(1),
            ..BatchManner::default()
        };
        let batches = Batches::new(protocol, &covers(&["one", "two", "three"]), manner);
        batches.build(&["--batch"], 0);
        let run = batches.build(&[], 1);
        let mut found = states(&run);
        found.sort();
        assert_eq!(found, ["failed", "failed", "made"], "{}", run.out);
        assert!(run.out.contains("it was not made: "), "{}", run.out);
        let mut outcomes = batches.outcomes();
        outcomes.sort();
        assert_eq!(outcomes, ["answered", "refused", "refused"]);
        assert_eq!(batches.left(), 0);
        // What surely was not made is to be made, and only that.
        let plan = batches.run(&["plan", "--json"]);
        assert_eq!(plan.counts_of_plan("requests"), 2);
        batches
            .server
            .behave(|manner| *manner = BatchManner::default());
        batches.build(&["--batch", "--wait"], 0);
        let sizes: Vec<usize> = batches
            .server
            .batches()
            .iter()
            .map(|b| b.lines.len())
            .collect();
        assert_eq!(sizes, [3, 2]);
    }
}

#[test]
fn a_batch_that_was_not_begun_says_why_and_nothing_is_paid() {
    let batches = sent(BatchManner {
        end: "failed".to_owned(),
        ..BatchManner::default()
    });
    let run = batches.build(&[], 1);
    assert_eq!(states(&run), ["failed"; 3]);
    assert_eq!(
        run.asset("c1")["reason"],
        "it was not made: its batch ended as `failed` before its turn came: Enqueued token limit reached"
    );
    assert_eq!(batches.outcomes(), ["refused"; 3]);
    assert_eq!(
        batches.run(&["plan", "--json"]).counts_of_plan("requests"),
        3
    );
}

#[test]
fn a_line_that_is_refused_says_why_and_the_others_are_made() {
    for protocol in [BatchProtocol::OpenAi, BatchProtocol::Gemini] {
        let manner = BatchManner {
            refuse_word: "zebra".to_owned(),
            ..BatchManner::default()
        };
        let batches = Batches::new(protocol, &covers(&["one", "zebra", "three"]), manner);
        batches.build(&["--batch"], 0);
        let run = batches.build(&[], 1);
        assert_eq!(states(&run), ["made", "failed", "made"]);
        let reason = run.asset("c2")["reason"].as_str().unwrap().to_owned();
        let said = match protocol {
            BatchProtocol::OpenAi => {
                "the provider's moderation refused it: 400 moderation_blocked: Your request was rejected"
            }
            BatchProtocol::Gemini => "the provider refused it: 400: not allowed",
        };
        assert_eq!(reason, said);
        let mut outcomes = batches.outcomes();
        outcomes.sort();
        assert_eq!(outcomes, ["answered", "answered", "refused"]);
    }
}

#[test]
fn a_line_of_which_nothing_is_said_is_pending_until_a_person_gives_it_up() {
    let batches = sent(BatchManner {
        lose_line: true,
        ..BatchManner::default()
    });
    let run = batches.build(&[], 3);
    let mut found = states(&run);
    found.sort();
    assert_eq!(found, ["made", "made", "pending"]);
    let said = "its batch ended as `completed`, and says nothing of it; the next `gpbuild build` reads it again, and `--retry-in-doubt` gives it up";
    assert!(run.out.contains(said), "{}", run.out);
    // Nothing is sent for it, and it is read again.
    let run = batches.build(&["--batch"], 3);
    assert!(states(&run).contains(&"pending".to_owned()), "{}", run.out);
    assert_eq!(batches.server.batches().len(), 1);
    let run = batches.build(&["--retry-in-doubt"], 1);
    assert!(
        run.out
            .contains("it is in doubt: its batch ended as `completed`, and says nothing of it\""),
        "{}",
        run.out
    );
    batches
        .server
        .behave(|manner| *manner = BatchManner::default());
    let run = batches.build(&["--batch"], 1);
    assert!(states(&run).contains(&"blocked".to_owned()), "{}", run.out);
    assert_eq!(batches.server.batches().len(), 1);
    batches.build(&["--batch", "--wait", "--retry-in-doubt"], 0);
    assert_eq!(batches.server.batches().len(), 2);
    assert_eq!(batches.server.batches()[1].lines.len(), 1);
}

#[test]
fn what_a_batch_says_twice_or_of_another_is_not_taken() {
    let batches = sent(BatchManner {
        double: true,
        strange: true,
        torn: true,
        ..BatchManner::default()
    });
    let run = batches.build(&[], 0);
    assert_eq!(states(&run), ["made"; 3]);
    for said in [
        "answers 1 request that it was not sent: that is not taken",
        "has 3 lines about requests that it has answered before: what came first counts",
        "has 1 line that cannot be read",
    ] {
        assert!(run.err.contains(said), "{}", run.err);
    }
    assert_eq!(batches.outcomes(), ["answered"; 3]);
    // Not one object more than what was asked for.
    let stats = batches.run(&["cache", "stats", "--json"]).json();
    assert_eq!(stats[0]["shots"], 3);
}

#[test]
fn a_file_that_breaks_off_is_read_again_and_what_came_is_kept() {
    let batches = sent(BatchManner {
        cut: true,
        ..BatchManner::default()
    });
    let run = batches.build(&[], 1);
    assert_eq!(states(&run), ["pending"; 3]);
    assert!(
        run.asset("c1")["reason"]
            .as_str()
            .unwrap()
            .ends_with(": its file was cut off on its way"),
        "{}",
        run.out
    );
    batches.server.behave(|manner| manner.cut = false);
    assert_eq!(states(&batches.build(&[], 0)), ["made"; 3]);
}

#[test]
fn what_is_not_there_yet_is_read_again_and_given_up_by_a_person_alone() {
    type Change = fn(&mut BatchManner, bool);
    let kinds: [(Change, bool); 3] = [
        (|manner, is| manner.short = is, true),
        (|manner, is| manner.no_file = is, false),
        (|manner, is| manner.gone = is, false),
    ];
    for protocol in [BatchProtocol::OpenAi, BatchProtocol::Gemini] {
        for (change, has_first) in kinds {
            let mut manner = BatchManner::default();
            change(&mut manner, true);
            let headlines = covers(&["one", "two", "three"]);
            let batches = Batches::new(protocol, &headlines, manner);
            batches.build(&["--batch"], 0);
            let run = batches.build(&[], 3);
            let mut found = states(&run);
            found.sort();
            let first = if has_first { "made" } else { "pending" };
            assert_eq!(found, [first, "pending", "pending"], "{}", run.out);
            // What a person gives up is in doubt, and still taken in once it comes: nothing is sent for it.
            batches.build(&["--retry-in-doubt"], 1);
            assert!(batches.outcomes().contains(&"doubt".to_owned()));
            batches.server.behave(|manner| change(manner, false));
            let run = batches.build(&["--retry-in-doubt", "--batch"], 0);
            assert!(!states(&run).contains(&"failed".to_owned()), "{}", run.out);
            assert_eq!(batches.outcomes(), ["answered"; 3]);
            assert_eq!((batches.server.batches().len(), batches.left()), (1, 0));
        }
    }
}

#[test]
fn a_batch_that_is_not_known_stays_pending_until_a_person_gives_it_up() {
    let batches = sent(BatchManner {
        forget: true,
        ..BatchManner::default()
    });
    let run = batches.build(&[], 3);
    assert_eq!(states(&run), ["pending"; 3]);
    let run = batches.build(&["--retry-in-doubt"], 1);
    assert_eq!(states(&run), ["failed"; 3], "{}", run.out);
    assert_eq!(batches.outcomes(), ["doubt"; 3]);
    assert_eq!(batches.server.batches().len(), 1);
    // Said once more, it is asked for again: it is nowhere.
    batches.build(&["--batch", "--retry-in-doubt"], 0);
    assert_eq!(batches.server.batches().len(), 2);
    batches.server.behave(|manner| manner.forget = false);
    batches.build(&["--wait"], 0);
    assert_eq!(batches.server.batches().len(), 2);
    let found = batches.outcomes();
    assert_eq!(found[..3], ["doubt"; 3]);
    assert_eq!(found[3..], ["answered"; 3]);
}

#[test]
fn what_was_given_up_and_appears_later_is_taken_in() {
    for command in [
        &["build", "--yes", "--retry-in-doubt"][..],
        &["cache", "collect"],
    ] {
        for protocol in [BatchProtocol::OpenAi, BatchProtocol::Gemini] {
            let manner = BatchManner {
                lose_answer: true,
                hide: true,
                ..BatchManner::default()
            };
            let batches = Batches::new(protocol, &covers(&["one", "two"]), manner);
            batches.build(&["--batch"], 0);
            batches.build(&["--retry-in-doubt"], 1);
            assert_eq!(batches.outcomes(), ["doubt"; 2]);
            batches
                .server
                .behave(|manner| *manner = BatchManner::default());
            let run = batches.run(command);
            assert_eq!(run.code, 0, "{}{}", run.out, run.err);
            assert_eq!(batches.outcomes(), ["answered"; 2]);
            assert_eq!((batches.server.batches().len(), batches.left()), (1, 0));
            batches.build(&[], 0);
        }
    }
}

#[test]
fn a_batch_that_no_asset_wants_is_collected_and_its_reserve_ends() {
    let manner = BatchManner {
        polls: 1,
        refuse_word: "zebra".to_owned(),
        ..BatchManner::default()
    };
    let headlines = covers(&["one", "two", "zebra"]);
    let batches = Batches::new(BatchProtocol::OpenAi, &headlines, manner);
    batches.build(&["--batch"], 0);
    batches.project.write("gpbuild.toml", super::OPENAI);
    let run = batches.run(&["cache", "collect", "--json"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(
        run.out.contains("it is in batch `batch_1`: in_progress"),
        "{}",
        run.out
    );
    let run = batches.run(&["cache", "collect", "--json"]);
    assert_eq!(run.code, 1, "{}", run.out);
    let told = run.json();
    let of = |id: &str| told.iter().find(|e| e["id"] == id).unwrap().clone();
    assert_eq!(of("c1")["state"], "collected");
    assert_eq!(of("c3")["state"], "failed");
    let mut outcomes = batches.outcomes();
    // In which order they were asked for depends on threads.
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["answered", "answered", "refused"]);
    assert_eq!(batches.left(), 0);
    let run = batches.run(&["cache", "collect"]);
    assert_eq!((run.code, run.out.as_str()), (0, "nothing is on its way\n"));
    // Whoever wants it again has it.
    let headlines = covers(&["one", "two"]);
    batches
        .project
        .write("gpbuild.toml", format!("{}{headlines}", super::OPENAI));
    let run = batches.build(&[], 0);
    assert_eq!(summary(&run)["requests"], 0);
}

#[test]
fn a_batch_whose_creation_had_no_answer_is_found_by_its_name() {
    for protocol in [BatchProtocol::OpenAi, BatchProtocol::Gemini] {
        let manner = BatchManner {
            lose_answer: true,
            ..BatchManner::default()
        };
        let batches = Batches::new(protocol, &covers(&["one", "two"]), manner);
        let run = batches.build(&["--batch"], 0);
        assert_eq!(states(&run), ["pending"; 2]);
        assert!(
            run.asset("c1")["reason"]
                .as_str()
                .unwrap()
                .starts_with("its batch may have been created: "),
            "{}",
            run.out
        );
        assert_eq!(batches.outcomes(), ["pending"; 2]);
        batches.server.behave(|manner| manner.lose_answer = false);
        assert_eq!(states(&batches.build(&["--batch"], 0)), ["made"; 2]);
        assert_eq!(batches.server.batches().len(), 1);
    }
}

#[test]
fn a_batch_that_is_in_no_list_is_looked_for_and_given_up_only_by_a_person() {
    let batches = Batches::three(BatchManner {
        lose_answer: true,
        hide: true,
        ..BatchManner::default()
    });
    batches.build(&["--batch"], 0);
    let run = batches.build(&["--batch"], 0);
    assert_eq!(states(&run), ["pending"; 3]);
    assert!(
        run.out.contains("whether it was created is not known"),
        "{}",
        run.out
    );
    assert_eq!(batches.server.batches().len(), 1);
    let run = batches.build(&["--retry-in-doubt"], 1);
    assert_eq!(
        run.asset("c1")["reason"],
        "it is in doubt: the provider lists no such batch, and whether it was created is not known"
    );
    assert_eq!(batches.outcomes(), ["doubt"; 3]);
    // A person says it once more, and knows what for.
    batches.build(&[], 1);
    assert_eq!(batches.server.batches().len(), 1);
}

#[test]
fn a_refusal_of_the_file_or_of_the_batch_sends_nothing() {
    for protocol in [BatchProtocol::OpenAi, BatchProtocol::Gemini] {
        for (upload, create, outcome) in [
            (Some(403), None, "refused"),
            (Some(404), None, "unsent"),
            (None, Some(400), "refused"),
        ] {
            let manner = BatchManner {
                refuse_upload: upload,
                refuse_create: create,
                ..BatchManner::default()
            };
            let batches = Batches::new(protocol, &covers(&["one", "two"]), manner);
            let run = batches.run(&["build", "--json", "--yes", "--batch"]);
            assert_ne!(run.code, 0, "{}", run.out);
            assert_eq!(states(&run), ["failed"; 2]);
            assert_eq!(batches.outcomes(), [outcome; 2], "{upload:?} {create:?}");
            assert_eq!((batches.server.batches().len(), batches.left()), (0, 0));
        }
    }
}

#[test]
fn nothing_is_taken_from_another_place_than_the_one_it_was_sent_to() {
    let batches = sent(BatchManner::default());
    let other = api_server::BatchServer::start(BatchProtocol::OpenAi, BatchManner::default());
    let mut command = batches.command(&["build", "--json", "--yes"]);
    command.env("OPENAI_BASE_URL", other.base_url());
    let run = crate::project::Run::of(command.output().unwrap());
    assert_eq!(run.code, 3, "{}", run.out);
    assert_eq!(states(&run), ["pending"; 3]);
    assert!(
        run.out.contains("it was sent to `http://127.0.0.1:"),
        "{}",
        run.out
    );
    assert_eq!(other.batches().len(), 0);
    assert_eq!(summary(&batches.build(&[], 0))["made"], 3);
}

#[test]
fn what_is_in_a_batch_is_answered_by_nobody_else() {
    let batches = Batches::three(BatchManner {
        polls: u32::MAX,
        ..BatchManner::default()
    });
    batches.build(&["--batch"], 0);
    batches
        .project
        .write("mine.png", crate::project::another_picture());
    let run = batches.run(&["import", "c1", "mine.png", "--upscale"]);
    let told = "error: `c1` is paid for, and its picture is on its way\n";
    assert!(run.code == 1 && run.err.starts_with(told), "{}", run.err);
    batches
        .project
        .write("dist/c1.png", crate::project::another_picture());
    let is_told = |run: &crate::project::Run| {
        let said = "it is paid for, and its picture is on its way";
        run.code == 1 && run.err.contains(said)
    };
    let run = batches.run(&["accept", "c1"]);
    assert!(is_told(&run), "{}", run.err);
    std::fs::remove_file(batches.project.path("dist/c1.png")).unwrap();
    let run = batches.run(&["accept", "c1"]);
    assert!(is_told(&run), "{}", run.err);
    assert_eq!(batches.outcomes(), ["pending"; 3]);
}

#[test]
fn accept_puts_nothing_back_while_a_picture_is_on_its_way() {
    let batches = Batches::three(BatchManner {
        polls: u32::MAX,
        ..BatchManner::default()
    });
    batches
        .project
        .write("dist/c1.png", crate::project::another_picture());
    let run = batches.run(&["accept", "c1"]);
    assert_eq!(run.code, 0, "{}", run.err);
    batches
        .project
        .edit("gpbuild.toml", "headline = \"one\"", "headline = \"uno\"");
    batches.build(&["--batch", "--force"], 0);
    assert_eq!(batches.outcomes(), ["pending"; 3]);
    let _ = std::fs::remove_file(batches.project.path("dist/c1.png"));
    let run = batches.run(&["accept", "c1"]);
    let said = "it is paid for, and its picture is on its way";
    assert!(run.code == 1 && run.err.contains(said), "{}", run.err);
    assert!(!batches.project.has("dist/c1.png"));
}
