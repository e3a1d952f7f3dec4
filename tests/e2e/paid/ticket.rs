//! A provider of tickets, declared by the project: what is asked for is collected once, whatever comes between.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api_server::{Manner, Options, Server, TicketServer};

use crate::paid::{micros, summary};
use crate::project::{Project, Run};

/// A project that declares a provider of tickets, and that provider.
struct Tickets {
    project: Project,
    home: tempfile::TempDir,
    server: TicketServer,
}

impl Tickets {
    /// One cover, `a`, with these further lines; the person agreed to the provider.
    fn new(more: &str, manner: Manner) -> Self {
        let server = TicketServer::start(manner);
        let project = Project::new(&format!(
            "{}[defaults]\nmodel = \"made-up/flux/7\"\nsize = \"64x48\"\n[cover.a]\ntext = {{ headline = \"one\" }}\n{more}",
            server.declaration()
        ));
        let home = tempfile::tempdir().unwrap();
        let tickets = Self {
            project,
            home,
            server,
        };
        let trusted = tickets.run(&["trust", "--yes"]);
        assert_eq!(trusted.code, 0, "{}{}", trusted.out, trusted.err);
        tickets
    }

    fn one(manner: Manner) -> Self {
        Self::new("", manner)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command
            .env("MADE_UP_API_KEY", self.server.key())
            .env("GPBUILD_HOME", self.home.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        let key = self.server.key();
        assert!(!run.out.contains(key) && !run.err.contains(key));
        run
    }

    /// Builds with `--yes` and JSON; it must end with this code.
    fn build(&self, code: i32) -> Run {
        let run = self.run(&["build", "--json", "--yes"]);
        assert_eq!(run.code, code, "{}{}", run.out, run.err);
        run
    }

    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &serde_json::Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }

    /// What of the provider's answers is still there.
    fn incoming(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.home.path().join("store/incoming"));
        let paths = files.unwrap().map(|entry| entry.unwrap().path());
        let ending =
            |path: std::path::PathBuf| path.extension().unwrap().to_str().unwrap().to_owned();
        paths.map(ending).collect()
    }
}

/// Waits until something is so.
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it is never so");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Tickets {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.server.wrong(), [""; 0]);
        }
    }
}

#[test]
fn a_ticket_is_polled_fetched_and_billed_as_the_provider_says() {
    let tickets = Tickets::one(Manner {
        polls: 2,
        ..Manner::default()
    });
    let run = tickets.build(0);
    assert_eq!(micros(&summary(&run)["cost_usd"]), 41_000);
    assert_eq!(summary(&run)["requests"], 1);
    let [task] = tickets.server.tasks().try_into().unwrap();
    assert_eq!((task.polls, task.fetches), (3, 1));
    assert_eq!(task.body["model"], "flux/7");
    assert_eq!(task.body["input"]["size"], "64*48");
    assert_eq!(tickets.outcomes(), ["answered"]);
    let log = tickets.run(&["log", "--json"]).json();
    assert_eq!(log[0]["request_id"], "task-1");
    assert_eq!(tickets.incoming(), [""; 0]);
    assert_eq!(summary(&tickets.build(0))["fresh"], 1);
    assert_eq!(tickets.server.tasks().len(), 1);
}

#[test]
fn several_candidates_and_parameters_go_where_the_table_says() {
    let tickets = Tickets::new("candidates = 3\nparams = { seed = 7 }\n", Manner::default());
    tickets.build(0);
    let [task] = tickets.server.tasks().try_into().unwrap();
    assert_eq!((task.fetches, &task.body["input"]["n"]), (3, &3.into()));
    assert_eq!(task.body["parameters"]["seed"], 7);
}

#[test]
fn what_has_no_place_in_the_request_is_refused_at_its_place() {
    let tickets = Tickets::new("quality = \"high\"\n", Manner::default());
    let run = tickets.run(&["plan"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("error: `made-up/flux/7` cannot be asked for `quality`\n"),
        "{}",
        run.err
    );
}

#[test]
fn a_ticket_that_is_not_ready_when_a_run_ends_is_pending_and_collected_for_nothing() {
    let tickets = Tickets::one(Manner {
        poll_status: Some(401),
        ..Manner::default()
    });
    let run = tickets.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "it is on its way: the provider said 401"
    );
    assert_eq!(run.asset("a")["state"], "pending");
    assert!(
        run.out
            .contains("it is paid for: the next `gpbuild build` collects `a` at no new cost"),
        "{}",
        run.out
    );
    assert_eq!(tickets.outcomes(), ["pending"]);
    let plan = tickets.run(&["plan"]);
    assert_eq!(plan.code, 0);
    assert!(
        plan.out.contains(
            "pending   a  it is paid for and on its way: the next build collects it at no new cost"
        ),
        "{}",
        plan.out
    );
    assert!(
        plan.out.contains("would collect 1 picture\n"),
        "{}",
        plan.out
    );
    let json = tickets.run(&["plan", "--json"]).json();
    let total = json.last().unwrap();
    assert_eq!(
        (&total["pending"], &total["requests"]),
        (&1.into(), &0.into())
    );
    assert_eq!(total["estimate_usd"], 0);
    let log = tickets.run(&["log"]);
    assert!(
        log.out.contains("1 request on the way, counted at its estimate: the next build collects what is ready, at no new cost; `gpbuild cache collect` what no asset asks for any more\n"),
        "{}",
        log.out
    );
    tickets.server.behave(|manner| manner.poll_status = None);
    // Nobody has to agree to anything: nothing is paid.
    let run = tickets.run(&["build", "--json"]);
    assert_eq!(
        (run.code, run.asset("a")["state"].as_str()),
        (0, Some("made")),
        "{}",
        run.err
    );
    assert_eq!(summary(&run)["requests"], 0);
    assert_eq!(tickets.server.tasks().len(), 1);
    assert_eq!(tickets.outcomes(), ["answered"]);
    assert_eq!(tickets.incoming(), [""; 0]);
}

#[test]
fn what_no_asset_asks_for_any_more_is_collected_for_nothing() {
    let tickets = Tickets::one(Manner {
        poll_status: Some(401),
        ..Manner::default()
    });
    tickets.build(1);
    let left = tickets.run(&["cache", "collect"]);
    assert_eq!(left.code, 1, "{}", left.err);
    assert!(
        left.out.starts_with("pending   a  made-up/flux/7  "),
        "{}",
        left.out
    );
    tickets.server.behave(|manner| manner.poll_status = None);
    tickets
        .project
        .edit("gpbuild.toml", "\"one\"", "\"another\"");
    // Where nobody says who it is, nobody is asked.
    let elsewhere = Project::empty();
    let mut command = elsewhere.command(&["cache", "collect"]);
    command.env("GPBUILD_HOME", tickets.home.path());
    let run = Run::of(command.output().unwrap());
    let said = "left      a  made-up/flux/7  the project that asked for it declares its provider: collect it there\n";
    assert_eq!((run.code, &*run.out), (1, said), "{}", run.err);
    let run = tickets.run(&["cache", "collect", "--json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let line = &run.json()[0];
    assert_eq!(
        (&line["state"], &line["id"]),
        (&"collected".into(), &"a".into())
    );
    assert_eq!(
        tickets.run(&["cache", "collect"]).out,
        "nothing is on its way\n"
    );
    assert_eq!(
        (tickets.server.tasks().len(), tickets.outcomes()),
        (1, vec!["answered".to_owned()])
    );
    assert_eq!(tickets.incoming(), [""; 0]);
    tickets
        .project
        .edit("gpbuild.toml", "\"another\"", "\"one\"");
    tickets.build(0);
    assert_eq!(tickets.server.tasks().len(), 1);
}

/// A model with a price, and an edit after the first picture.
const PRICED_EDIT: &str = r#"[[cover.a.edit]]
change = "a warmer sky"
[model."made-up/flux/7"]
formats = ["png"]
max_n = 4
max_references = 4
sizes = [[64, 48]]
tokens = { "" = 16 }
price = { text_in = 5_000_000, image_in = 8_000_000, image_out = 30_000_000 }
"#;

#[test]
fn what_is_on_its_way_is_in_no_estimate_again() {
    let estimate = |tickets: &Tickets| {
        let plan = tickets.run(&["plan", "--json"]).json();
        let total = plan.last().unwrap();
        let requests = total["requests"].as_u64().unwrap();
        (requests, micros(&total["estimate_usd"]))
    };
    let manner = || Manner {
        poll_status: Some(401),
        ..Manner::default()
    };
    let first = Tickets::new(
        &PRICED_EDIT[PRICED_EDIT.find("[model").unwrap()..],
        manner(),
    );
    let (requests, one) = estimate(&first);
    assert!(requests == 1 && one > 0, "{requests} {one}");
    let tickets = Tickets::new(PRICED_EDIT, manner());
    let (requests, both) = estimate(&tickets);
    assert!(requests == 2 && both > one, "{requests} {both}");
    tickets.build(1);
    assert_eq!(tickets.outcomes(), ["pending"]);
    // Only the edit is left to pay for.
    assert_eq!(estimate(&tickets), (1, both - one));
    tickets.server.behave(|manner| manner.poll_status = None);
    assert_eq!(summary(&tickets.build(0))["requests"], 1);
    assert_eq!(tickets.server.tasks().len(), 2);
}

#[test]
fn a_url_that_is_dead_is_asked_for_anew_and_a_picture_that_is_lost_is_in_doubt() {
    let tickets = Tickets::one(Manner {
        expire: true,
        ..Manner::default()
    });
    let run = tickets.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "it is in doubt: answered without a picture: they are not where the provider says: where its picture is, 403 was answered"
    );
    assert_eq!(tickets.incoming(), ["odd"]);
    assert_eq!(tickets.outcomes(), ["doubt"]);
    // Not asked for again by itself.
    tickets.server.behave(|manner| manner.expire = false);
    tickets.build(1);
    assert_eq!(tickets.server.tasks().len(), 1);
    let again = tickets.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(tickets.server.tasks().len(), 2);
}

#[test]
fn a_ticket_that_is_not_known_is_in_doubt_and_never_made_again_by_itself() {
    let tickets = Tickets::one(Manner {
        forget: true,
        ..Manner::default()
    });
    let run = tickets.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "it is in doubt: the provider does not know its ticket `task-1`"
    );
    tickets.server.behave(|manner| manner.forget = false);
    let plan = tickets.run(&["plan", "--json"]).json();
    assert_eq!(plan[0]["state"], "blocked");
    tickets.build(1);
    assert_eq!(tickets.server.tasks().len(), 1);
    let again = tickets.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(tickets.server.tasks().len(), 2);
}

#[test]
fn a_request_whose_answer_was_lost_is_found_by_its_name() {
    let tickets = Tickets::one(Manner {
        lose_answer: true,
        ..Manner::default()
    });
    tickets.build(1);
    assert_eq!(tickets.outcomes(), ["doubt"]);
    tickets.server.behave(|manner| manner.lose_answer = false);
    let again = tickets.run(&["build", "--yes", "--retry-in-doubt"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert_eq!(tickets.server.tasks().len(), 1);
    assert_eq!(tickets.outcomes(), ["answered"]);
}

#[test]
fn what_failed_at_the_provider_may_be_paid_for_unless_its_table_says_not() {
    let manner = Manner {
        word: Some("Content Moderated".to_owned()),
        ..Manner::default()
    };
    let tickets = Tickets::one(manner.clone());
    let run = tickets.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "it is in doubt: the provider failed at it: 200 Content-Moderated: it failed"
    );
    assert_eq!(tickets.outcomes(), ["doubt"]);
    let free = Tickets::one(manner);
    free.project.edit(
        "gpbuild.toml",
        "error = \"/error/message\"",
        "error = \"/error/message\"\nfailed_is_unpaid = true",
    );
    assert_eq!(free.run(&["trust", "--yes"]).code, 0);
    let run = free.build(1);
    assert_eq!(
        run.asset("a")["reason"],
        "the provider's moderation refused it: 200 Content-Moderated: it failed"
    );
    assert_eq!(free.outcomes(), ["refused"]);
    assert_eq!(free.incoming(), [""; 0]);
}

#[test]
fn a_refusal_is_told_and_nothing_is_paid() {
    let tickets = Tickets::one(Manner {
        refuse: Some(402),
        ..Manner::default()
    });
    let run = tickets.build(3);
    assert_eq!(
        run.asset("a")["reason"],
        "the provider refused it: 402: not now"
    );
    assert_eq!(tickets.outcomes(), ["refused"]);
}

#[test]
fn a_provider_that_refuses_the_key_closes_no_others_way() {
    let other = Server::start(Options::default());
    let images = "model = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";
    let more = format!(
        "[cover.b]\n{images}text = {{ headline = \"two\" }}\n[cover.c]\ntext = {{ headline = \"three\" }}\n[cover.d]\n{images}text = {{ headline = \"four\" }}\n"
    );
    let tickets = Tickets::new(&more, Manner::default());
    let mut command = tickets.command(&["build", "--yes", "--json", "--jobs", "1"]);
    command
        .env("OPENAI_API_KEY", "sk-wrong-0123456789")
        .env("OPENAI_BASE_URL", other.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    let states: Vec<String> = run.states().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["made", "failed", "made", "blocked"], "{}", run.out);
    assert_eq!(
        (other.stats().arrived, tickets.server.tasks().len()),
        (1, 2)
    );
}

#[test]
fn a_provider_that_a_project_declares_needs_the_persons_trust() {
    let server = TicketServer::start(Manner::default());
    let project = Project::new(&format!(
        "{}[cover.a]\nmodel = \"made-up/m\"\nsize = \"64x48\"\ntext = {{ headline = \"one\" }}\n",
        server.declaration()
    ));
    let mut command = project.command(&["build", "--yes"]);
    let run = Run::of(
        command
            .env("MADE_UP_API_KEY", server.key())
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 3, "{}", run.err);
    let host = server.base_url().replace("http://", "").replace("/v1", "");
    assert!(
        run.err.contains(&format!(
            "`provider.made-up` needs your trust: it says what is asked and how, and your key in `MADE_UP_API_KEY` goes to {host}"
        )),
        "{}",
        run.err
    );
    assert!(server.tasks().is_empty());
}

#[test]
fn what_a_declared_provider_is_asked_counts_in_the_key() {
    let tickets = Tickets::one(Manner::default());
    tickets.build(0);
    let agreed = |from: &str, to: &str| {
        tickets.project.edit("gpbuild.toml", from, to);
        assert_eq!(tickets.run(&["trust", "--yes"]).code, 0);
    };
    agreed("watermark = false", "watermark = false, other = 1");
    let plan = tickets.run(&["plan", "--json"]).json();
    assert_eq!(plan[0]["state"], "make");
    assert_eq!(plan[0]["reason"], "adapter changed");
    // How it is reached does not.
    agreed("watermark = false, other = 1", "watermark = false");
    agreed("unpaid = [[500, 503]]\n", "");
    assert_eq!(summary(&tickets.build(0))["fresh"], 1);
}

#[test]
fn a_ticket_is_being_made_while_it_is_polled_and_pending_after_a_kill() {
    let tickets = Tickets::one(Manner {
        polls: u32::MAX,
        retry_after: Some(1),
        ..Manner::default()
    });
    for signal in ["-KILL", "-INT"] {
        let before = tickets.server.tasks().first().map_or(0, |task| task.polls);
        let mut child = tickets
            .command(&["build", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(|| {
            tickets
                .server
                .tasks()
                .iter()
                .any(|task| task.polls > before)
        });
        let plan = tickets.run(&["plan", "--json"]).json();
        let reason = plan[0]["reason"].as_str().unwrap().to_owned();
        assert!(reason.starts_with("being made by process "), "{reason}");
        assert_eq!(tickets.outcomes(), ["running"]);
        let id = child.id().to_string();
        let killed = Command::new("kill").args([signal, &id]).status();
        assert!(killed.unwrap().success());
        child.wait().unwrap();
        assert_eq!(tickets.outcomes(), ["pending"], "{signal}");
        let plan = tickets.run(&["plan", "--json"]).json();
        assert_eq!(plan[0]["state"], "pending");
    }
    tickets.server.behave(|manner| manner.polls = 0);
    tickets.build(0);
    assert_eq!(tickets.server.tasks().len(), 1);
    assert_eq!(tickets.outcomes(), ["answered"]);
}

#[test]
fn a_table_that_is_wrong_says_what_is() {
    for (from, to, said) in [
        (
            "auth = {",
            "key_variable = \"AWS_SECRET\"\nauth = {",
            "error: `[provider.made-up]` is wrong: `key_variable` has to end in `_API_KEY`\n",
        ),
        (
            "auth = {",
            "headers = { x = \"HOME\" }\nauth = {",
            "error: `[provider.made-up]` is wrong: `headers` and `set_headers` are for the built-in table\n",
        ),
        (
            "ticket = \"/id\"",
            "tikket = \"/id\"",
            "error: `[provider.made-up]` is wrong: unknown field `tikket`",
        ),
        (
            "poll_at = \"/polling_url\"\n",
            "",
            "error: `[provider.made-up]` lacks `task.poll` or `task.poll_at`: where a ticket is asked for\n",
        ),
        (
            "x-key",
            "x key",
            "error: `[provider.made-up]` is wrong: `x key` is no header\n",
        ),
        (
            "http://127.0.0.1",
            "http://example.com",
            "error: `[provider.made-up]` is wrong: its `base_url` is not `https:`: the key could be read on its way\n",
        ),
    ] {
        let tickets = Tickets::one(Manner::default());
        tickets.project.edit("gpbuild.toml", from, to);
        let run = tickets.run(&["plan"]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains(said), "{}", run.err);
    }
}

#[test]
fn a_key_goes_to_no_other_place_than_the_one_it_belongs_to() {
    let tickets = Tickets::one(Manner {
        polls: u32::MAX,
        retry_after: Some(60),
        ..Manner::default()
    });
    let mut run = tickets.command(&["build", "--yes"]).spawn().unwrap();
    until(|| tickets.server.tasks().iter().any(|task| task.polls > 0));
    run.kill().unwrap();
    run.wait().unwrap();
    let polls = tickets.server.tasks()[0].polls;
    tickets.server.behave(|manner| manner.polls = 0);
    // Another place, and a key that is that place's.
    let other = TicketServer::start(Manner::default());
    let mut command = tickets.command(&["build", "--json", "--yes"]);
    command
        .env("MADE_UP_BASE_URL", other.base_url())
        .env("MADE_UP_API_KEY", "key-of-another-place-0123");
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert_eq!(run.asset("a")["state"], "pending", "{}", run.out);
    assert!(
        run.out
            .contains("that is not where the provider is asked now"),
        "{}",
        run.out
    );
    assert_eq!(tickets.server.tasks()[0].polls, polls);
    assert_eq!(other.tasks().len(), 0);
    assert_eq!(tickets.server.wrong(), [""; 0]);
    // Back where it was, it is collected.
    tickets.build(0);
    assert_eq!(tickets.outcomes(), ["answered"]);
}
