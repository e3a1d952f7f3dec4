//! Estimates, budgets, the question, the log.

use crate::paid::{DEFAULTS, Paid, micros, summary};

/// Forty pictures of eight cents each.
fn dear(budget: &str) -> Paid {
    let mut manifest = format!("{budget}{}", DEFAULTS.replace("low", "high"));
    for n in 10..50 {
        manifest += &format!("[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    Paid::new(&manifest)
}

#[test]
fn the_plan_and_the_bill_agree() {
    let paid = Paid::series(5);
    let estimate = micros(&summary(&paid.run(&["plan", "--json"]))["estimate_usd"]);
    let cost = micros(&summary(&paid.build(0))["cost_usd"]);
    assert_eq!(cost, paid.server.stats().bill_micros);
    // The tokens of words are a guess, and a cautious one.
    assert!(
        cost <= estimate && estimate < cost + cost / 2,
        "{cost} {estimate}"
    );
}

#[test]
fn a_budget_stops_before_the_request_that_would_pass_it() {
    for (budget, arguments) in [
        ("[budget]\nrun = 0.50\n", &["build", "--json", "--yes"][..]),
        ("[budget]\nmonth = 0.50\n", &["build", "--json", "--yes"]),
        ("", &["build", "--json", "--max-cost", "0.50"]),
    ] {
        let paid = dear(budget);
        let run = paid.run(arguments);
        assert_eq!(run.code, 4, "{budget}{}", run.err);
        let bill = paid.server.stats().bill_micros;
        assert!(bill <= 500_000, "{budget}{bill}");
        let made = summary(&run)["made"].as_u64().unwrap();
        assert_eq!(made, paid.accepted());
        assert!(made >= 1, "{budget}");
        assert_eq!(summary(&run)["blocked"].as_u64().unwrap(), 40 - made);
        // All that was paid for is in its place.
        let pictures = paid.project.files("dist").len() as u64 - 1;
        assert_eq!(pictures, made);
        let blocked = run.json().into_iter().find(|e| e["state"] == "blocked");
        let reason = blocked.unwrap()["reason"].as_str().unwrap().to_owned();
        let name = match budget {
            "" => "`--max-cost`",
            month if month.contains("month") => "the budget of this month",
            _ => "the budget of one run",
        };
        assert!(
            reason.starts_with(&format!("it was not asked for: it would pass {name}: $0.")),
            "{reason}"
        );
        assert!(reason.ends_with(" of $0.500 is left"), "{reason}");
    }
}

#[test]
fn a_month_goes_on_counting() {
    let paid = dear("[budget]\nmonth = 0.50\n");
    paid.build(4);
    let before = paid.accepted();
    let run = paid.build(4);
    assert_eq!(paid.accepted(), before, "{}", run.err);
}

#[test]
fn nobody_is_there_to_be_asked() {
    let paid = dear("");
    let run = paid.run(&["build"]);
    let host = paid.host();
    assert_eq!(run.code, 4);
    assert!(
        run.err.starts_with(&format!(
            "requests go to {host}\nerror: 40 requests for about $"
        )),
        "{}",
        run.err
    );
    assert!(
        run.err.ends_with(
            ": nobody is there to agree to that\n  = help: `--yes` agrees to it, `--max-cost USD` to so much of it\n  = help: without asking, a run spends at most $1.000: `confirm` in `[budget]` moves that\n"
        ),
        "{}",
        run.err
    );
    assert_eq!(paid.server.stats().arrived, 0);
    assert!(!paid.project.has("dist"));
    // Little is not asked about.
    let one = paid.run(&["build", "a10"]);
    assert_eq!(one.code, 0, "{}", one.err);
}

#[test]
fn an_unknown_price_is_never_nothing() {
    let paid = Paid::new(
        "[budget]\nrun = 1\n[defaults]\nmodel = \"openai/gpt-image-2.6-flare\"\nsize = \"800x800\"\n[cover.a]\ntext = { headline = \"one\" }\n",
    );
    let plan = paid.run(&["plan", "--json"]);
    assert!(plan.asset("a")["estimate_usd"].is_null());
    let run = paid.run(&["build"]);
    assert_eq!(run.code, 4);
    assert!(
        run.err.contains("1 request of unknown price"),
        "{}",
        run.err
    );
    // Agreed to, it is made, and the bill is what the usage says.
    let run = paid.build(0);
    assert_eq!(
        micros(&run.asset("a")["cost_usd"]),
        paid.server.stats().bill_micros
    );
}

#[test]
fn the_log_says_what_was_spent() {
    let paid = Paid::series(3);
    assert_eq!(paid.run(&["log"]).out, "nothing was spent\n");
    paid.build(0);
    let bill = model::Micro(paid.server.stats().bill_micros);
    let log = paid.run(&["log", "--by", "model"]).out;
    let expected = format!(
        "openai/gpt-image-2  3 requests for 3 pictures: {bill}\n\nthis month  3 requests for 3 pictures: {bill}\nin all      3 requests for 3 pictures: {bill}\n"
    );
    assert_eq!(log, expected);
    let by_asset = paid.run(&["log", "--by", "asset"]).out;
    assert!(
        by_asset.starts_with("c/01  1 request for 1 picture: $0.0"),
        "{by_asset}"
    );
    let entries = paid.run(&["log", "--json"]).json();
    assert_eq!(entries.len(), 3);
    let ids: Vec<_> = paid.server.requests().into_iter().map(|r| r.id).collect();
    for entry in entries {
        assert_eq!(entry["outcome"], "answered");
        assert!(
            ids.iter().any(|id| entry["request_id"] == id.as_str()),
            "{entry}"
        );
    }
}
