//! Every provider of the built-in table that is asked by columns, against a server that speaks as it does: what is asked
//! for, what is collected after a kill, what its refusals mean, and that its key goes nowhere else.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api_server::{Behaviour, PROTOCOLS, Protocol, ProviderServer};
use serde_json::{Value, json};

use crate::project::{Project, Run};

/// A provider as it is asked here.
struct Case {
    name: &'static str,
    model: &'static str,
    size: &'static str,
    /// The variables with its key.
    variables: &'static [&'static str],
    /// It draws from pictures.
    edits: bool,
    /// Its requests are answered with tickets.
    has_tickets: bool,
}

const fn case(
    name: &'static str,
    model: &'static str,
    size: &'static str,
    variables: &'static [&'static str],
    (edits, has_tickets): (bool, bool),
) -> Case {
    Case {
        name,
        model,
        size,
        variables,
        edits,
        has_tickets,
    }
}

const CASES: [Case; 9] = [
    case(
        "ark",
        "doubao-seedream-5-0-pro-260628",
        "1024x1024",
        &["ARK_API_KEY"],
        (true, false),
    ),
    case(
        "bfl",
        "flux-2-pro",
        "128x96",
        &["BFL_API_KEY"],
        (true, true),
    ),
    case(
        "dashscope",
        "qwen-image-3.0",
        "512x512",
        &["DASHSCOPE_API_KEY"],
        (true, true),
    ),
    case(
        "fal",
        "fal-ai/flux-2-pro",
        "128x96",
        &["FAL_KEY"],
        (true, true),
    ),
    case(
        "kling",
        "kling-v3",
        "1024x1024",
        &["KLING_ACCESS_KEY", "KLING_SECRET_KEY"],
        (true, true),
    ),
    case(
        "openrouter",
        "qwen/qwen-image-3",
        "512x512",
        &["OPENROUTER_API_KEY"],
        (true, false),
    ),
    case(
        "replicate",
        "black-forest-labs/flux-2-pro",
        "128x96",
        &["REPLICATE_API_TOKEN"],
        (true, true),
    ),
    case(
        "together",
        "black-forest-labs/FLUX.2-pro",
        "128x96",
        &["TOGETHER_API_KEY"],
        (true, false),
    ),
    case(
        "zhipu",
        "glm-image",
        "1024x1024",
        &["ZAI_API_KEY"],
        (false, true),
    ),
];

/// A project, the provider that it asks, and the person's own folder.
struct Asked {
    case: &'static Case,
    protocol: &'static Protocol,
    project: Project,
    home: tempfile::TempDir,
    server: ProviderServer,
}

impl Asked {
    fn new(case: &'static Case, more: &str, behaviour: Behaviour) -> Self {
        let mut protocols = PROTOCOLS.iter();
        let protocol = protocols
            .find(|protocol| protocol.name == case.name)
            .unwrap();
        let project = Project::new(&format!(
            "[defaults]\nmodel = \"{}/{}\"\nsize = \"{}\"\n[cover.a]\ntext = {{ headline = \"one\" }}\n{more}",
            case.name, case.model, case.size
        ));
        Self {
            case,
            protocol,
            project,
            home: tempfile::tempdir().unwrap(),
            server: ProviderServer::start(protocol, behaviour),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.project, self.home.path(), arguments)
    }

    /// Of another project, or person.
    fn command_of(&self, project: &Project, home: &Path, arguments: &[&str]) -> Command {
        let mut command = project.command(arguments);
        let place = format!("{}_BASE_URL", self.case.name.to_uppercase());
        command
            .env("GPBUILD_HOME", home)
            .env(place, self.server.base_url());
        for (variable, part) in self.case.variables.iter().zip(self.protocol.key.split(':')) {
            command.env(variable, part);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::of(self.command(arguments).output().unwrap());
        for secret in self.protocol.key.split(':') {
            assert!(
                !run.out.contains(secret) && !run.err.contains(secret),
                "{}",
                run.out
            );
        }
        run
    }

    /// Builds with `--yes` and JSON; it must end with this code.
    fn build(&self, code: i32) -> Run {
        let run = self.run(&["build", "--json", "--yes"]);
        let seen = self.server.seen();
        assert_eq!(
            run.code, code,
            "{}: {}{} {:?}",
            self.case.name, run.out, run.err, seen.wrong
        );
        run
    }

    fn outcomes(&self) -> Vec<String> {
        let log = self.run(&["log", "--json"]).json();
        let outcome = |e: &Value| e["outcome"].as_str().unwrap().to_owned();
        log.iter().map(outcome).collect()
    }

    fn accepted(&self) -> usize {
        let seen = self.server.seen();
        assert_eq!(seen.wrong, [""; 0], "{}", self.case.name);
        seen.accepted.len()
    }

    /// Kills a build as soon as this is so of what the provider has seen.
    fn killed_when(&self, is_so: impl Fn(u32, u32) -> bool) {
        let mut child = self
            .command(&["build", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let seen = self.server.seen();
            if is_so(seen.polls, seen.fetches) {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{}: it is never so",
                self.case.name
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn with_tickets() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.has_tickets)
}

#[test]
fn each_is_asked_as_it_wants_to_be_once() {
    for case in &CASES {
        let more = match case.edits {
            true => "[cover.b]\nreferences = [{ asset = \"a\" }]\ntext = { headline = \"two\" }\n",
            false => "[cover.b]\ntext = { headline = \"two\" }\n",
        };
        let asked = Asked::new(case, more, Behaviour::default());
        let run = asked.build(0);
        assert_eq!(asked.accepted(), 2, "{}: {}", case.name, run.out);
        assert_eq!(asked.outcomes(), ["answered", "answered"], "{}", case.name);
        let again = asked.build(0);
        assert_eq!(again.json().last().unwrap()["fresh"], 2, "{}", case.name);
        assert_eq!(asked.accepted(), 2);
    }
}

#[test]
fn a_kill_between_two_polls_loses_nothing_and_pays_nothing_again() {
    for case in with_tickets() {
        let behaviour = Behaviour {
            polls: u32::MAX,
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        asked.killed_when(|polls, _| polls > 0);
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
        asked.killed_when(|_, fetches| fetches > 0);
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

/// By name: the answer to a request, and what is made of it.
fn refusals() -> Vec<(&'static str, u16, Value, &'static str)> {
    let ark = |code: &str| json!({"error": {"code": code, "message": "no. Request id: 1", "param": "", "type": ""}});
    let code = |code: Value| json!({"code": code, "message": "no", "request_id": "r"});
    vec![
        (
            "ark",
            400,
            ark("InputTextSensitiveContentDetected"),
            "the provider's moderation refused it: ",
        ),
        (
            "ark",
            403,
            ark("AccountOverdueError"),
            "403 AccountOverdueError: no",
        ),
        (
            "bfl",
            402,
            json!({"detail": "Insufficient credits"}),
            "402: Insufficient credits",
        ),
        (
            "dashscope",
            400,
            code("DataInspectionFailed".into()),
            "the provider's moderation refused it: ",
        ),
        (
            "dashscope",
            400,
            code("Arrearage".into()),
            "400 Arrearage: no",
        ),
        (
            "kling",
            200,
            code(1301.into()),
            "the provider's moderation refused it: 200 1301: no",
        ),
        ("kling", 429, code(1102.into()), "429 1102: no"),
        (
            "fal",
            422,
            json!({"detail": [{"loc": ["body"], "msg": "no", "type": "content_policy_violation"}]}),
            "the provider's moderation refused it: 422 content_policy_violation: no",
        ),
        (
            "replicate",
            402,
            json!({"title": "Insufficient credit", "detail": "no credit", "status": 402}),
            "402: no credit",
        ),
        (
            "zhipu",
            400,
            json!({"error": {"code": "1301", "message": "no"}}),
            "the provider's moderation refused it: ",
        ),
    ]
}

#[test]
fn a_refusal_is_told_in_the_providers_words_and_nothing_is_paid() {
    for (name, status, answer, expected) in refusals() {
        let case = CASES.iter().find(|case| case.name == name).unwrap();
        let behaviour = Behaviour {
            refuses: Some((status, answer.clone())),
            ..Behaviour::default()
        };
        let asked = Asked::new(case, "", behaviour);
        let run = asked.run(&["build", "--json", "--yes"]);
        let reason = run.asset("a")["reason"].to_string();
        assert!(reason.contains(expected), "{name} {answer}: {reason}");
        assert_eq!(asked.outcomes(), ["refused"], "{name} {answer}");
        assert_eq!(asked.accepted(), 0);
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

#[test]
fn a_ticket_that_nobody_knows_any_more_is_in_doubt() {
    let case = &CASES[1];
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
    let case = CASES.iter().find(|case| case.name == name).unwrap();
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
    let case = CASES.iter().find(|case| case.name == "replicate").unwrap();
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
