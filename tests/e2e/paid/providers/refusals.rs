//! What each provider says when it refuses, and what follows: nothing is paid for, and nothing is asked for again that
//! will be refused again.

use api_server::{Behaviour, Refused};

use super::{Asked, CASES, with_tickets};

/// What a refusal for this is called, by name; none where the provider does not say so of a request.
fn refused(why: Refused) -> impl Iterator<Item = Asked> {
    let refuses = move |case| {
        let behaviour = Behaviour {
            refuses: Some(why),
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        (asked.protocol.refusal)(why).is_some().then_some(asked)
    };
    CASES.iter().filter_map(refuses)
}

/// The outcome of such a request.
fn outcome(asked: &Asked, refusal: &str) -> String {
    let name = asked.case.name;
    let outcomes = asked.outcomes();
    let [outcome] = outcomes.as_slice() else {
        panic!("{name}: {outcomes:?}");
    };
    assert_eq!(outcome, "refused", "{name}: {refusal}");
    assert_eq!(asked.accepted(), 0, "{name}");
    outcome.clone()
}

#[test]
fn what_its_moderation_refuses_is_told_in_its_words_and_nothing_is_paid() {
    for asked in refused(Refused::Moderation) {
        let name = asked.case.name;
        let run = asked.build(1);
        let reason = run.asset("a")["reason"].to_string();
        assert_eq!(outcome(&asked, &reason), "refused", "{name}");
        let said = "the provider's moderation refused ";
        assert!(reason.contains(said), "{name}: {reason}");
        assert_eq!(asked.server.seen().refused, 1, "{name}");
    }
}

#[test]
fn where_there_is_no_credit_nothing_more_is_asked_for() {
    for asked in refused(Refused::Credit) {
        let name = asked.case.name;
        let more = asked.project.text("gpbuild.toml") + "[cover.b]\ntext = { headline = \"b\" }\n";
        asked.project.write("gpbuild.toml", more);
        let run = asked.run(&["build", "--json", "--yes", "--jobs", "1"]);
        assert_eq!(run.code, 3, "{name}: {}", run.out);
        if name == "minimax" {
            // It comes as an answer, and is read when the next request is on its way.
            let outcomes = asked.outcomes();
            assert!(
                outcomes.iter().all(|outcome| outcome == "refused"),
                "{outcomes:?}"
            );
            continue;
        }
        let states = ["a", "b"].map(|id| run.asset(id)["state"].as_str().unwrap().to_owned());
        assert!(
            states.iter().any(|state| state == "blocked"),
            "{name}: {states:?}"
        );
        assert_eq!(outcome(&asked, &run.out), "refused", "{name}");
        assert_eq!(asked.server.seen().refused, 1, "{name}");
    }
}

#[test]
fn where_too_many_came_it_is_waited_for() {
    for asked in refused(Refused::Rate) {
        let name = asked.case.name;
        if name == "minimax" {
            // It comes as an answer, which is read when the request is over: the next run asks.
            let run = asked.build(3);
            let said = "rate limit exceeded(RPM)";
            assert!(run.out.contains(said), "{}", run.out);
            assert_eq!(asked.outcomes(), ["refused"]);
            let log = asked.run(&["log", "--json"]).json();
            assert_eq!(log[0]["cost_usd"], 0.0, "{log:?}");
        }
        asked.build(0);
        assert_eq!(asked.outcomes(), ["refused", "answered"], "{name}");
        assert_eq!((asked.server.seen().refused, asked.accepted()), (1, 1));
    }
}

#[test]
fn what_is_moderated_after_the_ticket_is_refused_only_where_that_is_surely_unpaid() {
    for case in with_tickets() {
        let behaviour = Behaviour {
            moderates: true,
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        asked.build(1);
        let expected = match case.name {
            "dashscope" => "refused",
            _ => "doubt",
        };
        assert_eq!(asked.outcomes(), [expected], "{}", case.name);
    }
}
