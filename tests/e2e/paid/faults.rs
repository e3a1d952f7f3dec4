//! What the API does when it does not answer: what is told, what is sent again, and what never is.

use std::time::{Duration, Instant};

use api_server::{Fault, Options};

use crate::paid::{DEFAULTS, HEARD, Paid, summary};
use crate::process::{end, send, until};

/// Builds one asset against one fault, and gives the diagnostic and the exit code.
fn told(fault: Fault) -> (String, i32, Paid) {
    let paid = Paid::one();
    paid.server.script([fault.clone(), fault.clone(), fault]);
    let run = paid.run(&["build", "--yes"]);
    let going = format!("requests go to {}\n", paid.host());
    let err = run.err.replace(&going, "");
    // What came is kept under the number of the request and the key.
    let key = err
        .find("incoming/1-")
        .map(|at| err[at + 11..at + 75].to_owned());
    let err = match key {
        Some(key) => err.replace(&key, "KEY"),
        None => err,
    };
    let id = paid.server.requests().first().map(|r| r.id.clone());
    let err = err.replace(id.as_deref().unwrap_or("-"), "ID");
    (err, run.code, paid)
}

fn diagnostic(message: &str, helps: &[&str], paid: &str) -> String {
    let helps: String = helps.iter().map(|h| format!("  = help: {h}\n")).collect();
    format!(
        "failed    a  dist/a.png{paid}\nerror: {message}\n --> gpbuild.toml:5:8\n  |\n5 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n{helps}1 failed in TIME"
    )
}

#[test]
fn a_refusal_is_told_and_not_sent_again() {
    let quota = "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors";
    let account = "look at billing and limits of the account: no waiting mends this";
    let rejected = "Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID";
    let less = "reword the prompt; `params = { moderation = \"low\" }` is less strict";
    let support = "for its support: request `ID`";
    for (fault, message, helps, code) in [
        (
            Fault::quota("insufficient_quota"),
            format!("the provider refused it: 429 insufficient_quota: {quota}"),
            vec![account, support],
            3,
        ),
        (
            Fault::quota("project_spend_limit_exceeded"),
            format!("the provider refused it: 429 project_spend_limit_exceeded: {quota}"),
            vec![account, support],
            3,
        ),
        (
            Fault::billing_hard_limit(),
            "the provider refused it: 400 billing_hard_limit_reached: Billing hard limit has been reached".to_owned(),
            vec![account, support],
            3,
        ),
        (
            Fault::moderation("input", &[]),
            format!("the provider's moderation refused the prompt: 400 moderation_blocked: {rejected}"),
            vec![less, support],
            1,
        ),
        (
            Fault::moderation("output", &["violence", "sexual"]),
            format!("the provider's moderation refused the picture that was made: 400 moderation_blocked: {rejected}"),
            vec![less, "categories: violence, sexual", support],
            1,
        ),
        (
            Fault::invalid_key(),
            "the provider refused it: 401 invalid_api_key: Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys".to_owned(),
            vec!["look at `OPENAI_API_KEY`", support],
            3,
        ),
        (
            Fault::slow_down(),
            "the provider refused it: 503 slow_down: Slow Down".to_owned(),
            vec!["wait a quarter of an hour, then run `gpbuild --jobs 2`", support],
            3,
        ),
        (
            Fault::redirect("https://user:secret@elsewhere.example/v1/images?token=x"),
            "the provider points elsewhere, to `elsewhere.example`: 307".to_owned(),
            vec!["gpbuild follows nowhere, so that the key goes to nobody else: set `base_url` to where the API is", support],
            3,
        ),
    ] {
        let (err, exit, paid) = told(fault);
        assert!(err.starts_with(&diagnostic(&message, &helps, "")), "{err}");
        assert_eq!(exit, code, "{message}");
        let stats = paid.server.stats();
        assert_eq!((stats.arrived, stats.accepted), (1, 0), "{message}");
        assert_eq!(paid.outcomes(), ["refused"]);
        assert_eq!(paid.project.files("dist"), [""; 0]);
    }
}

#[test]
fn an_organization_that_is_not_verified_is_told_what_to_do() {
    let (err, exit, _paid) = told(Fault::not_verified());
    assert_eq!(exit, 3);
    assert!(
        err.contains("  = help: the organization has to be verified once, in the provider's settings; it takes some 30 minutes to be known\n"),
        "{err}"
    );
}

#[test]
fn what_a_person_has_to_mend_ends_the_asking() {
    let mut manifest = DEFAULTS.to_owned();
    for n in 10..40 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    let paid = Paid::new(&manifest);
    paid.server
        .rule(|_| Some(Fault::quota("insufficient_quota")));
    let run = paid.build(3);
    // Those that were under way at once; nobody after them.
    assert!(
        paid.server.stats().arrived <= 8,
        "{:?}",
        paid.server.stats()
    );
    let reason = run
        .json()
        .into_iter()
        .find(|e| e["state"] == "blocked")
        .unwrap()["reason"]
        .clone();
    assert!(
        reason
            .as_str()
            .unwrap()
            .starts_with("it was not asked for: the provider said 429 insufficient_quota: "),
        "{reason}"
    );
}

#[test]
fn what_may_have_been_accepted_is_in_doubt_and_never_sent_again_by_itself() {
    let never = "it may have been paid for, so it is not sent again by itself: `--retry-in-doubt` does that";
    let part = "what came is kept in `.gpbuild/store/incoming/1-KEY.part`";
    let odd = "what came is kept in `.gpbuild/store/incoming/1-KEY.odd`";
    for (fault, message, kept) in [
        (
            Fault::close(),
            "no answer: connection closed before message completed",
            "",
        ),
        (
            Fault::cut(50),
            "the answer was cut off: unexpected end of file",
            part,
        ),
        (
            Fault::gateway_timeout(),
            "something between here and the provider answered 504",
            "",
        ),
        (
            Fault::bad_gateway(),
            "something between here and the provider answered 502",
            "",
        ),
        (Fault::no_data(), "answered without a picture", odd),
        (Fault::no_picture(), "answered without a picture", odd),
        (
            Fault::not_json(),
            "answered without a picture: it is a web page, and no answer of an API",
            odd,
        ),
    ] {
        let (err, exit, paid) = told(fault);
        let page = match message.ends_with("no answer of an API") {
            true => format!(
                "look at `OPENAI_BASE_URL`: what is at `{}` is no API",
                paid.server.base_url()
            ),
            false => String::new(),
        };
        let helps: Vec<&str> = [&*page, never, kept]
            .into_iter()
            .filter(|h| !h.is_empty())
            .collect();
        let message_told = format!("it is in doubt: {message}");
        let expected = diagnostic(
            &message_told,
            &helps,
            " · cost unknown: counts at $0.009255",
        );
        assert!(err.starts_with(&expected), "{err}\n{expected}");
        assert_eq!(exit, 1, "{message}");
        assert_eq!(paid.server.stats().arrived, 1, "{message}");
        assert_eq!(paid.outcomes(), ["doubt"]);
        // The next run says so, and so does the plan; neither sends anything.
        for command in ["build", "plan"] {
            let run = paid.run(&[command, "--json"]);
            let asset = run.asset("a");
            assert_eq!(asset["state"], "blocked", "{message}");
            let reason = asset["reason"].as_str().unwrap();
            assert!(reason.contains(&format!(" is in doubt: {message}; it may have been paid for, `--retry-in-doubt` sends it again")), "{reason}");
        }
        assert_eq!(paid.server.stats().arrived, 1, "{message}");
        let log = paid.run(&["log"]).out;
        assert!(
            log.contains("1 request in doubt, counted at their estimates"),
            "{log}"
        );
        // A person may say so.
        paid.server.script([]);
        while paid.server.stats().arrived < 3 {
            paid.run(&["build", "--retry-in-doubt"]);
        }
        let run = paid.run(&["build", "--retry-in-doubt", "--json"]);
        assert_eq!(run.asset("a")["state"], "made", "{}", run.err);
        assert_eq!(paid.outcomes(), ["doubt", "doubt", "doubt", "answered"]);
        assert_eq!(paid.run(&["build"]).code, 0);
    }
}

#[test]
fn bad_pictures_are_told() {
    for (fault, why) in [
        (Fault::invalid_base64(), "picture 1 cannot be read: Invalid"),
        (Fault::error_in_200(), "answered without a picture: "),
    ] {
        let (err, exit, paid) = told(fault);
        assert_eq!(exit, 1);
        assert!(err.contains(why), "{err}");
        assert_eq!(paid.outcomes(), ["doubt"]);
    }
    // Kept, because it was paid for; told, because nothing can be made of it.
    for fault in [Fault::not_a_picture(), Fault::truncated_picture()] {
        let (err, exit, paid) = told(fault);
        assert_eq!(exit, 1, "{err}");
        assert_eq!(paid.outcomes(), ["answered"]);
        assert_eq!(paid.run(&["build"]).code, 1);
        assert_eq!(paid.accepted(), 1, "{err}");
    }
}

#[test]
fn an_endless_answer_ends() {
    let (err, exit, paid) = told(Fault::endless());
    assert_eq!(exit, 1);
    assert!(
        err.contains("it is in doubt: the answer is larger than 101711872 bytes"),
        "{err}"
    );
    assert_eq!(paid.outcomes(), ["doubt"]);
}

#[test]
fn another_size_is_kept_and_told() {
    let paid = Paid::one();
    paid.server.script([Fault::wrong_size(1024, 1024)]);
    let run = paid.build(0);
    assert!(
        run.err.contains(
            "a: picture 1 is 1024x1024, not 816x816 as asked: it is kept, and cropped to fit\n"
        ),
        "{}",
        run.err
    );
    assert_eq!(summary(&paid.build(0))["requests"], 0);
}

#[test]
fn what_surely_was_not_accepted_is_sent_again() {
    let paid = Paid::one();
    paid.server.script([Fault::rate_limit(Some(1))]);
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 1);
    assert_eq!(paid.server.stats().arrived, 2);
    assert_eq!(paid.outcomes(), ["refused", "answered"]);
    // What failed at the provider itself, where its table says that this is not paid for.
    for fault in [Fault::overloaded(), Fault::server_error(500)] {
        let paid = Paid::at_home();
        paid.server.script([fault]);
        let run = paid.build(0);
        assert_eq!(summary(&run)["requests"], 1);
        assert_eq!(paid.server.stats().arrived, 2);
        assert_eq!(paid.outcomes(), ["refused", "answered"]);
    }
    // But not for ever.
    let paid = Paid::at_home();
    paid.server.rule(|_| Some(Fault::overloaded()));
    paid.build(3);
    assert_eq!(paid.server.stats().arrived, 3);
}

#[test]
fn nobody_there_is_nothing_paid() {
    let paid = Paid::one();
    let mut command = paid.command(&["build"]);
    // A port on which nobody listens: bound, and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    command.env("OPENAI_BASE_URL", format!("http://127.0.0.1:{port}/v1"));
    let run = crate::project::Run::of(command.output().unwrap());
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("error: the provider was not reached: cannot connect: connection refused\n")
            && run.err.contains("  = help: nothing was sent, nothing was paid: look at the network, then run `gpbuild` again\n"),
        "{}",
        run.err
    );
    assert_eq!(paid.outcomes(), ["unsent", "unsent", "unsent"]);
    paid.build(0);
}

#[test]
fn a_slow_answer_is_waited_for() {
    let paid = Paid::one();
    paid.server
        .script([Fault::drip(20, Duration::from_millis(30))]);
    let began = Instant::now();
    paid.build(0);
    assert!(began.elapsed() >= Duration::from_millis(500));
}

#[test]
fn a_rate_limit_makes_no_storm() {
    let options = Options {
        images_per_minute: Some(5),
        ..Options::default()
    };
    let mut manifest = DEFAULTS.to_owned();
    for n in 1..=6 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    let paid = Paid::with(&manifest, options);
    // The sixth has to wait for its minute; what is looked at here is only that nobody asks in vain
    // meanwhile. The run is ended then.
    let mut child = paid.command(&["build", "--yes"]).spawn().unwrap();
    until("five are answered", || paid.server.stats().answered == 5);
    std::thread::sleep(Duration::from_millis(1500));
    let stats = paid.server.stats();
    assert_eq!(stats.answered, 5, "{stats:?}");
    assert!(stats.arrived <= 7, "{stats:?}");
    assert_eq!(end(&mut child, "-INT"), Some(130));
    assert_eq!(paid.project.files("dist").len(), 6);
}

#[test]
fn nothing_more_is_sent_once_a_run_is_to_end() {
    let mut manifest = DEFAULTS.to_owned();
    for n in 1..=6 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    let paid = Paid::new(&manifest);
    paid.server.hold();
    let mut command = paid.command(&["build", "--yes", "--jobs", "1"]);
    let command = command.stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    until("it is asked for", || paid.server.stats().in_flight > 0);
    // The next one waits for its slot by now, or does not: either way it stays unsent.
    send(&child, "-INT");
    std::thread::sleep(HEARD);
    paid.server.release();
    let run = crate::project::Run::of(child.wait_with_output().unwrap());
    assert_eq!((run.code, paid.accepted()), (130, 1), "{}", run.err);
    assert!(
        run.err
            .contains("(it was not sent: the run was ended before)\n"),
        "{}",
        run.err
    );
    // What was made stays made, and the rest is made then.
    assert_eq!(paid.build(0).counts().made, 5);
    assert_eq!(paid.accepted(), 6);
}
