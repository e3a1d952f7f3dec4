//! What batches cost: before, meanwhile and in the end; and who has none.

use api_server::{BatchManner, BatchProtocol, Options, Server};

use super::{Batches, OPENAI, covers, states};
use crate::paid::{micros, summary};
use crate::project::{Project, Run};

#[test]
fn the_plan_shows_both_prices_and_the_bill_is_the_one_of_batches() {
    let batches = Batches::three(BatchManner::default());
    let plain = batches.run(&["plan", "--json"]).json();
    let plan = batches.run(&["plan", "--json", "--batch"]).json();
    let (plain, total) = (plain.last().unwrap(), plan.last().unwrap());
    let estimate = micros(&total["estimate_usd"]);
    assert_eq!(
        micros(&total["at_once_usd"]),
        micros(&plain["estimate_usd"])
    );
    assert!(plain.get("at_once_usd").is_none());
    let whole = micros(&plain["estimate_usd"]);
    assert!(
        estimate * 2 >= whole && estimate * 2 <= whole + 6,
        "{estimate} {whole}"
    );
    let words = batches.run(&["plan", "--batch"]);
    assert!(
        words.out.contains(
            "would make 3 pictures: about $0.014 · 3 requests; each sent alone, about $0.028"
        ),
        "{}",
        words.out
    );
    let run = batches.build(&["--batch", "--wait"], 0);
    assert_eq!(micros(&summary(&run)["cost_usd"]), estimate);
}

#[test]
fn what_is_in_a_batch_counts_until_its_bill_is_known() {
    let batches = Batches::three(BatchManner {
        polls: 1,
        ..BatchManner::default()
    });
    batches.build(&["--batch"], 0);
    let log = batches.run(&["log"]);
    assert!(
        log.out
            .contains("3 requests on the way, counted at their estimates"),
        "{}",
        log.out
    );
    assert!(
        log.out
            .contains("batch `batch_1` of openai: 3 requests, $0.014 reserved, since "),
        "{}",
        log.out
    );
    let status = batches.run(&["status", "--json"]).json();
    let batch = &status[0]["batches"][0];
    assert_eq!(
        (&batch["id"], &batch["requests"]),
        (&"batch_1".into(), &3.into())
    );
    assert!(micros(&batch["reserved_usd"]) > 0);
    let words = batches.run(&["status"]);
    assert!(
        words
            .out
            .contains("batch `batch_1` of openai: 3 requests, $0.014 reserved"),
        "{}",
        words.out
    );
}

#[test]
fn a_budget_takes_what_fits_and_tells_the_rest() {
    let headlines: Vec<String> = (0..6).map(|n| format!("page {n}")).collect();
    let headlines: Vec<&str> = headlines.iter().map(String::as_str).collect();
    let batches = Batches::new(
        BatchProtocol::OpenAi,
        &covers(&headlines),
        BatchManner::default(),
    );
    let plan = batches.run(&["plan", "--json", "--batch"]).json();
    let one = micros(&plan.last().unwrap()["estimate_usd"]) / 6;
    let most = format!("{:.6}", (one * 4 + 100) as f64 / 1e6);
    let run = batches.run(&["build", "--json", "--batch", "--max-cost", &most]);
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
    let found = states(&run);
    let of = |state: &str| found.iter().filter(|s| *s == state).count();
    assert_eq!((of("pending"), of("blocked")), (4, 2), "{}", run.out);
    let [batch] = batches.server.batches().try_into().unwrap();
    assert_eq!(batch.lines.len(), 4);
    assert!(
        run.out
            .contains("it was not asked for: it would pass `--max-cost`"),
        "{}",
        run.out
    );
    batches.build(&["--batch", "--wait"], 0);
    assert_eq!(batches.server.batches().len(), 2);
}

#[test]
fn nobody_is_asked_without_a_word_about_the_money() {
    let batches = Batches::three(BatchManner::default());
    batches.project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[budget]\nconfirm = 0.001\n[defaults]",
    );
    let run = batches.run(&["build", "--json", "--batch"]);
    assert_eq!(run.code, 4, "{}", run.out);
    assert_eq!(batches.server.uploads(), 0);
}

#[test]
fn who_has_no_batches_is_told_with_who_has() {
    let manifest = format!(
        "[defaults]\nmodel = \"openai/gpt-image-2\"\nsize = \"800x800\"\n{}[cover.b]\nmodel = \"bfl/flux-2-pro\"\nsize = \"1024x1024\"\ntext = {{ headline = \"b\" }}\n[cover.d]\nmodel = \"local\"\ntext = {{ headline = \"d\" }}\n",
        covers(&["one"])
    );
    let batches = Batches::three(BatchManner::default());
    batches.project.write("gpbuild.toml", manifest);
    let mut command = batches.command(&["build", "--json", "--yes", "--batch"]);
    let run = Run::of(command.env("BFL_API_KEY", "x").output().unwrap());
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert_eq!(states(&run), ["blocked", "pending", "made"], "{}", run.out);
    assert_eq!(
        run.asset("b")["reason"],
        "`bfl` takes no batches, unlike `gemini` and `openai`: leave `--batch` out"
    );
}

#[test]
fn a_place_without_batches_sends_nothing_and_says_so() {
    let server = Server::start(Options::default());
    let project = Project::new(&format!("{OPENAI}{}", covers(&["one"])));
    let mut command = project.command(&["build", "--json", "--yes", "--batch"]);
    command
        .env("OPENAI_API_KEY", server.key())
        .env("OPENAI_BASE_URL", server.base_url());
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 3, "{}", run.out);
    let reason = run.asset("c1")["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.starts_with("there are no batches where the provider is asked: it said 404"),
        "{reason}"
    );
    assert_eq!(server.stats().accepted, 0);
}

#[test]
fn an_unknown_price_of_batches_is_unknown_and_not_half_of_something() {
    let more = "[model.\"openai/gpt-image-2\"]\nprice = { text_in = 5_000_000, image_in = 8_000_000, image_out = 30_000_000 }\n";
    let batches = Batches::three(BatchManner::default());
    let manifest = batches.project.text("gpbuild.toml");
    batches
        .project
        .write("gpbuild.toml", format!("{manifest}{more}"));
    let plan = batches.run(&["plan", "--json", "--batch"]).json();
    assert!(plan.last().unwrap()["estimate_usd"].is_null());
}

#[test]
fn what_is_in_a_batch_counts_for_the_month() {
    let batches = Batches::three(BatchManner {
        polls: u32::MAX,
        ..BatchManner::default()
    });
    batches.build(&["--batch"], 0);
    let before = batches.project.text("gpbuild.toml");
    let more = "[budget]\nmonth = 0.015\n[cover.c4]\ntext = { headline = \"four\" }\n";
    batches
        .project
        .write("gpbuild.toml", format!("{before}{more}"));
    let run = batches.build(&["--batch"], 4);
    assert_eq!(states(&run), ["pending", "pending", "pending", "blocked"]);
    assert!(
        run.out.contains("it would pass the budget of this month"),
        "{}",
        run.out
    );
    assert_eq!(batches.server.batches().len(), 1);
}

#[test]
fn a_declared_provider_with_the_column_takes_batches_once_it_is_trusted() {
    let batches = Batches::three(BatchManner::default());
    let manifest = format!(
        r#"[provider.own]
shape = "images"
base_url = "{}"
auth = {{ header = "authorization", scheme = "Bearer" }}
paths = {{ generate = "/images/generations", edit = "/images/edits" }}
batch = {{ files = "/files", batches = "/batches", max_requests = 2, max_bytes = 100_000 }}
[model."own/gpt-image-2"]
formats = ["png"]
max_n = 1
max_references = 4
sizes = [[1024, 1024]]
[defaults]
model = "own/gpt-image-2"
size = "1024x1024"
{}"#,
        batches.server.base_url(),
        covers(&["one", "two", "three"])
    );
    batches.project.write("gpbuild.toml", manifest);
    let run = |arguments: &[&str]| {
        let mut command = batches.command(arguments);
        command.env("OWN_API_KEY", batches.server.key());
        Run::of(command.output().unwrap())
    };
    // A repository that declares a place for the key gets nothing before somebody agreed to that.
    assert_eq!(run(&["build", "--yes", "--batch"]).code, 3);
    assert_eq!(batches.server.uploads(), 0);
    assert_eq!(run(&["trust", "--yes"]).code, 0);
    let built = run(&["build", "--json", "--yes", "--batch", "--wait"]);
    assert_eq!(built.code, 0, "{}{}", built.out, built.err);
    assert!(summary(&built)["cost_usd"].is_null());
    // No more in one than it takes.
    let sizes: Vec<usize> = batches
        .server
        .batches()
        .iter()
        .map(|b| b.lines.len())
        .collect();
    assert_eq!(sizes, [2, 1]);
}
