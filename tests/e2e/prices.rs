//! Prices as they are published, in dollars or in yuan, and what is known of models.

use api_server::{Fault, Options, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::project::{Counts, Project, Run, another_picture};

/// One cover of a model whose picture costs a quarter of a yuan, and the server that makes it.
fn yuan(more: &str) -> (Project, Server) {
    let project = Project::new(&format!(
        r#"
[defaults]
size = "1024x1024"
model = "openai/gpt-image-2"
[cover.a]
text = {{ headline = "one" }}
[model."openai/gpt-image-2"]
picture_price = {{ currency = "CNY", each = 250_000 }}
{more}"#
    ));
    (project, Server::start(Options::default()))
}

fn run(project: &Project, server: &Server, arguments: &[&str]) -> Run {
    let mut command = project.command(arguments);
    command
        .env("OPENAI_API_KEY", server.key())
        .env("OPENAI_BASE_URL", server.base_url());
    let run = Run::of(command.output().unwrap());
    assert!(!run.out.contains(server.key()) && !run.err.contains(server.key()));
    run
}

#[test]
fn a_rate_makes_dollars_of_yuan_and_is_in_no_key() {
    let (project, _server) = yuan("[budget]\nrate = { CNY = 5 }\n");
    let plan = || project.ok(&["plan", "--json"]).asset("a");
    let first = plan();
    assert_eq!(first["estimate_usd"], json!(0.05));
    let text = project.text("gpbuild.toml");
    project.write("gpbuild.toml", text.replace("CNY = 5", "CNY = 2.5"));
    let second = plan();
    assert_eq!(second["estimate_usd"], json!(0.1));
    assert_eq!(first["key"], second["key"]);
}

#[test]
fn both_amounts_are_in_the_ledger() {
    let (project, server) = yuan("[budget]\nrate = { CNY = 5 }\n");
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("OPENAI_API_KEY", server.key())
            .env("OPENAI_BASE_URL", server.base_url())
            .env("GPBUILD_HOME", home);
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        run
    };
    run(&["trust", "--yes"]);
    run(&["build", "--yes"]);
    let [entry] = run(&["log", "--json"]).json().try_into().unwrap();
    assert_eq!(entry["estimate_usd"], json!(0.05));
    // The provider's own bill, by tokens, is in dollars.
    assert_eq!(entry["published"], Value::Null);
    assert_ne!(entry["cost_usd"], json!(0.05));
    let ledger = std::fs::read_to_string(home.join("ledger")).unwrap();
    assert!(
        ledger.contains(r#""quoted":{"amount":250000,"currency":"CNY"}"#),
        "{ledger}"
    );
}

#[test]
fn a_price_in_yuan_is_told_in_both_and_billed_in_both() {
    let (project, server) =
        yuan("[budget]\nrate = { CNY = 5 }\n[cover.b]\ntext = { headline = \"two\" }\n");
    // What says nothing of tokens is billed by the price of its picture.
    let data = format!(
        "{{\"data\":[{{\"b64_json\":\"{}\"}}]}}",
        STANDARD.encode(another_picture())
    );
    let answer = || Fault::raw(200, "application/json", data.as_bytes()).accepted();
    server.script([answer(), answer()]);
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let told = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("OPENAI_API_KEY", server.key())
            .env("OPENAI_BASE_URL", server.base_url())
            .env("GPBUILD_HOME", home);
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        run
    };
    let plan = told(&["plan"]).out;
    let total = "\nnothing to make (2 blocked: about $0.10 (¥0.500) · 2 requests)\n";
    assert!(plan.ends_with(total), "{plan}");
    told(&["trust", "--yes"]);
    let plan = told(&["plan"]).out;
    let total = "\nwould make 2 pictures: about $0.10 (¥0.500) · 2 requests\n";
    assert!(plan.ends_with(total), "{plan}");
    told(&["build", "--yes"]);
    for entry in told(&["log", "--json"]).json() {
        assert_eq!(entry["cost_usd"], json!(0.05));
        assert_eq!(
            entry["published"],
            json!({"amount": 250_000, "currency": "CNY"})
        );
    }
    let log = told(&["log"]).out;
    assert!(
        log.contains("2 requests for 2 pictures: $0.100 (¥0.500 in it)\n"),
        "{log}"
    );
    assert!(told(&["plan"]).out.ends_with("nothing to make (2 fresh)\n"));
}

#[test]
fn a_rate_is_a_rate_and_a_price_is_one() {
    for (rate, told) in [
        ("0.5", "from 1 to 100"),
        ("1000", "from 1 to 100"),
        ("\"7\"", "from 1 to 100"),
        ("-7", "from 1 to 100"),
    ] {
        let (project, _server) = yuan(&format!("[budget]\nrate = {{ CNY = {rate} }}\n"));
        let run = project.run(&["plan"]);
        assert_eq!(run.code, 2, "{rate}: {}", run.err);
        let wanted = format!(
            "error: `budget.rate.CNY` must be the yuan for a dollar, such as `7.10`, {told}"
        );
        assert!(run.err.starts_with(&wanted), "{rate}: {}", run.err);
        assert!(run.err.contains("gpbuild.toml:"), "{}", run.err);
    }
    let (project, _server) = yuan("[budget]\nrate = { EUR = 1 }\n");
    let run = project.run(&["plan"]);
    assert!(
        run.err
            .starts_with("error: unknown key `EUR` in `[budget.rate]`"),
        "{}",
        run.err
    );
    let text = project.text("gpbuild.toml");
    for wrong in ["each = 1, steps = [[1, 1]]", "each = -1", "pixel = 1"] {
        let text = text.replace("EUR = 1", "CNY = 7");
        project.write("gpbuild.toml", text.replace("each = 250_000", wrong));
        let run = project.run(&["plan"]);
        assert_eq!(run.code, 2, "{wrong}");
        let wanted = "error: `model.\"openai/gpt-image-2\".picture_price` must be a table with `each`, `steps` or `megapixel`, in millionths of its `currency`, `USD` or `CNY`: docs/models.md shows one";
        assert!(run.err.starts_with(wanted), "{wrong}: {}", run.err);
    }
}

#[test]
fn a_project_alone_makes_nothing_cheaper() {
    let (project, server) = yuan("[budget]\nrate = { CNY = 90 }\n");
    let run = run(&project, &server, &["build", "--yes"]);
    assert_eq!(run.code, 3, "{}", run.err);
    for name in [
        "budget.rate.CNY",
        "model.\"openai/gpt-image-2\".picture_price",
    ] {
        assert!(
            run.err.contains(&format!("`{name}` needs your trust")),
            "{}",
            run.err
        );
    }
    assert_eq!(server.stats().arrived, 0);
}

#[test]
fn the_models_that_are_known() {
    let empty = tempfile::tempdir().unwrap();
    let bare = Project::new("");
    let mut command = bare.command(&["models"]);
    command.current_dir(empty.path());
    let out = Run::of(command.output().unwrap());
    assert_eq!(out.code, 0, "{}", out.err);
    let lines: Vec<&str> = out.out.lines().collect();
    assert!(
        lines.iter().all(|line| line.chars().count() <= 100),
        "{}",
        out.out
    );
    let line = |name: &str| lines.iter().find(|line| line.starts_with(name)).unwrap();
    let words = |name: &str| line(name).split_whitespace().collect::<Vec<_>>();
    assert_eq!(
        words("openai/gpt-image-2 "),
        ["openai/gpt-image-2", "$0.053", "1024x1024"]
    );
    assert_eq!(words("openai/gpt-image-2.6-flare")[1], "unknown");
    assert!(
        line("openai/gpt-image-1-mini")
            .ends_with("off from 2026-12-01: openai/gpt-image-2.6-flare")
    );
    // Whom nobody can ask is not told of.
    assert_eq!(words("kling/kling-v3 ")[1], "unknown");
    let mut names: Vec<&str> = lines
        .iter()
        .take_while(|line| !line.is_empty())
        .copied()
        .collect();
    let told = names.clone();
    names.sort_unstable();
    assert_eq!(names, told);
}

#[test]
fn a_projects_own_models_are_among_them() {
    let (project, _server) =
        yuan("chinese = { score = \"0.987\", source = \"ours\" }\n[budget]\nrate = { CNY = 5 }\n");
    let out = project.ok(&["models"]).out;
    assert!(
        out.contains("$0.050 (¥0.250)    1024x1024  Chinese 0.987 [3]"),
        "{out}"
    );
    assert!(
        out.contains("\n¥5 is a dollar, `[budget]`\n[1] ") && out.contains("\n[3] ours\n"),
        "{out}"
    );
    let models = project.ok(&["models", "--json"]).json();
    let found = models
        .iter()
        .find(|m| m["id"] == "openai/gpt-image-2")
        .unwrap();
    assert_eq!(found["price_usd"], json!(0.05));
    assert_eq!(
        found["published"],
        json!({ "amount": 250_000, "currency": "CNY" })
    );
}

#[test]
fn what_a_provider_lists_is_news() {
    let (project, server) = yuan("");
    let text = project.text("gpbuild.toml");
    let without = "openai was not asked: `OPENAI_API_KEY` is not set";
    let run_without = project.run(&["models", "--check"]);
    assert_eq!(run_without.code, 0);
    assert!(run_without.err.contains(without), "{}", run_without.err);
    let more = "[model.\"openai/ours\"]\nformats = [\"png\"]\nmax_n = 1\nmax_references = 0\nsizes = [[1024, 1024]]\n";
    project.write(
        "gpbuild.toml",
        format!(
            "{}{more}",
            text.replace("model = \"openai/gpt-image-2\"", "model = \"openai/ours\"")
        ),
    );
    let listed = run(&project, &server, &["models", "--check"]);
    // The price is the project's own: nothing of that decides where the key goes.
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(
        listed.err.contains("warning: `openai/ours` is not in the list of openai: it is unknown there, or going away\n  = help: it makes `a`\n"),
        "{}",
        listed.err
    );
    assert!(listed.out.starts_with("openai: "), "{}", listed.out);
    assert_eq!(server.stats().arrived, 0);
    let lines = run(&project, &server, &["models", "--check", "--json"]).json();
    let ours = lines
        .iter()
        .find(|line| line["id"] == "openai/ours")
        .unwrap();
    assert_eq!(
        (&ours["listed"], &ours["assets"]),
        (&json!(false), &json!(["a"]))
    );
}

#[test]
fn a_list_that_does_not_come_is_told_and_no_key_goes_astray() {
    let (project, server) = yuan("");
    let mut command = project.command(&["models", "--check"]);
    command
        .env("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")
        .env("OPENAI_BASE_URL", server.base_url());
    let refused = Run::of(command.output().unwrap());
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains(
            "error: openai told no list of its models: it answered 401: Incorrect API key provided"
        ),
        "{}",
        refused.err
    );
    // A host of the project's choice.
    let text = project.text("gpbuild.toml");
    project.write(
        "gpbuild.toml",
        format!(
            "{text}[provider.openai]\nbase_url = \"{}\"\n",
            server.base_url()
        ),
    );
    let mut command = project.command(&["models", "--check"]);
    command.env("OPENAI_API_KEY", server.key());
    let shut = Run::of(command.output().unwrap());
    assert_eq!(shut.code, 0, "{}", shut.err);
    assert!(
        shut.err.contains("openai was not asked: what this project sets needs your trust first: `gpbuild trust` shows it"),
        "{}",
        shut.err
    );
}

#[test]
fn what_is_made_fresh_stays_so_when_a_rate_changes() {
    let project = Project::new(
        "[defaults]\nmodel = \"local\"\nsize = \"64x64\"\n[cover.a]\ntext = { headline = \"one\" }\n",
    );
    project.build();
    let text = project.text("gpbuild.toml");
    project.write(
        "gpbuild.toml",
        format!("{text}[budget]\nrate = {{ CNY = 3 }}\n"),
    );
    assert_eq!(project.build(), Counts::fresh(1));
}
