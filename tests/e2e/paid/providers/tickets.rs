//! A ticket of each provider that gives one: what a kill leaves is collected, and nothing is asked for again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use api_server::Behaviour;

use super::{Asked, case_of, with_tickets};
use crate::project::{Project, Run};

/// Kills a build as soon as this is so of what the provider has seen.
fn killed_when(asked: &Asked, is_so: impl Fn(u32, u32) -> bool) {
    let mut child = asked
        .command(&["build", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = asked.server.seen();
        if is_so(seen.polls, seen.fetches) {
            break;
        }
        assert!(Instant::now() < deadline, "{}", asked.case.name);
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_between_two_polls_loses_nothing_and_pays_nothing_again() {
    for case in with_tickets() {
        let behaviour = Behaviour {
            polls: u32::MAX,
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        killed_when(&asked, |polls, _| polls > 0);
        assert_eq!(asked.outcomes(), ["pending"], "{}", case.name);
        asked.server.behave(|behaviour| behaviour.polls = 0);
        asked.build(0);
        assert_eq!(
            (asked.accepted(), asked.outcomes()),
            (1, vec!["answered".to_owned()]),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_kill_between_the_answer_and_its_first_poll_loses_nothing_and_pays_nothing_again() {
    for case in with_tickets() {
        let behaviour = Behaviour {
            polls: u32::MAX,
            retry_after: Some(60),
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        let incoming = asked.home.path().join("store/incoming");
        let has_ticket = || {
            let files = std::fs::read_dir(&incoming).into_iter().flatten().flatten();
            let mut paths = files.map(|entry| entry.path());
            paths.any(|path| path.extension().is_some_and(|ending| ending == "ticket"))
        };
        killed_when(&asked, |_, _| has_ticket());
        assert_eq!(asked.outcomes(), ["pending"], "{}", case.name);
        asked.server.behave(|behaviour| {
            behaviour.polls = 0;
            behaviour.retry_after = None;
        });
        asked.build(0);
        assert_eq!(
            (asked.accepted(), asked.outcomes()),
            (1, vec!["answered".to_owned()]),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_kill_while_a_picture_is_fetched_fetches_it_again() {
    for case in with_tickets() {
        let behaviour = Behaviour {
            slow: Duration::from_secs(30),
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        killed_when(&asked, |_, fetches| fetches > 0);
        asked
            .server
            .behave(|behaviour| behaviour.slow = Duration::ZERO);
        asked.build(0);
        assert_eq!(
            (asked.accepted(), asked.outcomes()),
            (1, vec!["answered".to_owned()]),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_ticket_that_nobody_knows_any_more_is_in_doubt() {
    let case = case_of("bfl");
    let asked = Asked::new(
        case,
        "",
        Behaviour {
            forgets: true,
            ..Behaviour::default()
        },
    );
    asked.build(1);
    assert_eq!(asked.outcomes(), ["doubt"]);
    asked.server.behave(|behaviour| behaviour.forgets = false);
    asked.build(1);
    assert_eq!(asked.accepted(), 1);
}

/// A project of a provider that loses the answer to its only request.
fn lost(name: &str) -> Asked {
    let case = case_of(name);
    let behaviour = Behaviour {
        loses: true,
        ..Behaviour::default()
    };
    let asked = Asked::new(case, "", behaviour);
    asked.build(1);
    assert_eq!(asked.outcomes(), ["doubt"]);
    asked.server.behave(|behaviour| behaviour.loses = false);
    asked
}

#[test]
fn a_task_whose_answer_was_lost_is_found_by_its_name_or_in_the_list() {
    for name in ["kling", "dashscope", "replicate"] {
        let asked = lost(name);
        let run = asked.run(&["build", "--yes", "--retry-in-doubt"]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        assert_eq!(
            (asked.accepted(), asked.outcomes()),
            (1, vec!["answered".to_owned()]),
            "{name}"
        );
    }
}

#[test]
fn a_list_that_does_not_say_whose_a_task_is_has_nothing_sent() {
    let asked = lost("dashscope");
    // Others ask with the same account, for the same model: their tasks are no request of this person.
    let other = tempfile::tempdir().unwrap();
    for variant in ["3", "4"] {
        let text = asked.project.text("gpbuild.toml");
        let project = Project::new(&format!("{text}variant = {variant}\n"));
        let mut build = asked.command_of(&project, other.path(), &["build", "--yes"]);
        let run = Run::of(build.output().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    }
    assert_eq!(asked.accepted(), 3);
    let run = asked.run(&["build", "--json", "--yes", "--retry-in-doubt"]);
    let reason = run.asset("a")["reason"].as_str().unwrap().to_owned();
    assert_eq!(
        reason,
        "it is in doubt, and may be among what the provider lists of that time: `task-3`, `task-2`, `task-1`"
    );
    assert_eq!(
        (asked.accepted(), asked.outcomes()),
        (3, vec!["doubt".to_owned()])
    );
}

#[test]
fn of_several_that_a_list_has_the_one_with_its_words_is_found() {
    let case = case_of("replicate");
    let more =
        "[cover.b]\ntext = { headline = \"two\" }\n[cover.c]\ntext = { headline = \"three\" }\n";
    let behaviour = Behaviour {
        loses: true,
        ..Behaviour::default()
    };
    let asked = Asked::new(case, more, behaviour);
    asked.build(1);
    assert_eq!(asked.outcomes(), ["doubt", "doubt", "doubt"]);
    asked.server.behave(|behaviour| behaviour.loses = false);
    let run = asked.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!((asked.accepted(), asked.outcomes().len()), (3, 3));
    assert!(asked.outcomes().iter().all(|outcome| outcome == "answered"));
}
