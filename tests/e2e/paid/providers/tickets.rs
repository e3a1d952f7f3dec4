//! A ticket of each provider that gives one: what a kill leaves is collected, and nothing is asked for again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use api_server::Behaviour;

use super::{Asked, case_of, with_tickets};

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
        std::thread::sleep(Duration::from_millis(5));
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

#[test]
fn a_task_of_kling_whose_answer_was_lost_is_found_by_its_name() {
    let case = case_of("kling");
    let asked = Asked::new(
        case,
        "",
        Behaviour {
            loses: true,
            ..Behaviour::default()
        },
    );
    asked.build(1);
    assert_eq!(asked.outcomes(), ["doubt"]);
    asked.server.behave(|behaviour| behaviour.loses = false);
    let run = asked.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!(
        (asked.accepted(), asked.outcomes()),
        (1, vec!["answered".to_owned()])
    );
}
