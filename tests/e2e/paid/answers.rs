//! Answers of a stranger: more than was asked for, larger than anybody says, dearer or cheaper than can be, and
//! pictures that are none. What came right is used, all the rest is bounded and told, and nothing is paid for
//! twice.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use api_server::Fault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Micro;

use crate::corpus::{corpus, is_red_blue};
use crate::paid::{DEFAULTS, Paid, summary};
use crate::process::all_at_once;
use crate::project::Run;

/// A picture that is what it should be.
fn picture() -> Vec<u8> {
    corpus().remove(0).bytes
}

fn base64() -> String {
    STANDARD.encode(picture())
}

/// A good answer with this picture, these fields before it and these after it.
fn answer(before: &str, data: &str, after: &str) -> Fault {
    let body = format!("{{{before}\"data\":[{data}]{after}}}");
    Fault::raw(200, "application/json", body.as_bytes()).accepted()
}

fn one() -> String {
    format!("{{\"b64_json\":\"{}\"}}", base64())
}

/// What one picture of the tests is billed at.
const USAGE: &str = ",\"usage\":{\"input_tokens\":10,\"output_tokens\":200}";

/// Runs it against one answer: the run, and the project.
fn against(fault: Fault) -> (Run, Paid) {
    let paid = Paid::one();
    paid.server.script([fault]);
    let run = paid.run(&["build", "--yes"]);
    (run, paid)
}

/// The next runs pay for nothing again, and end like this.
fn ends(paid: &Paid, code: i32) {
    for _ in 0..2 {
        let again = paid.run(&["build", "--yes", "--json"]);
        assert_eq!(again.code, code, "{}{}", again.out, again.err);
        assert_eq!(summary(&again)["requests"], 0);
    }
    assert_eq!(paid.server.stats().arrived, 1);
}

#[test]
fn a_prompt_that_the_provider_rewrote_is_kept_and_shown_and_is_in_no_key() {
    let key = |paid: &Paid| paid.run(&["show", "a", "--json"]).json()[0]["shots"][0].clone();
    let (_, plain) = against(answer("", &one(), USAGE));
    assert_eq!(key(&plain).get("rewritten"), None);
    let long = "x".repeat(5_000);
    for (told, expected) in [
        (r"a cat\n\u001b[2Jof gold", "a cat [2Jof gold".to_owned()),
        (&*long, format!("{}…", &long[..4_000])),
        ("with KEY", "with (your key)".to_owned()),
    ] {
        let told = told.replace("KEY", plain.server.key());
        let data = format!(
            "{{\"revised_prompt\":\"{told}\",\"b64_json\":\"{}\"}}",
            base64()
        );
        let (run, paid) = against(answer("", &data, USAGE));
        assert_eq!(run.code, 0, "{}", run.err);
        assert_eq!(key(&paid)["rewritten"], expected);
        assert_eq!(key(&paid)["key"], key(&plain)["key"]);
        let shown = paid.run(&["show", "a"]).out;
        let row = format!("drawn from a prompt of the provider's own: {expected}\n");
        assert!(shown.contains(&row), "{shown}");
        let why = paid.run(&["why", "a"]).out;
        let line = format!("  the provider drew from a prompt of its own: {expected}\n");
        assert!(why.contains(&line), "{why}");
        ends(&paid, 0);
    }
    // One that is the same is none.
    let prompt = key(&plain)["prompt"].to_string();
    let data = format!(
        "{{\"revised_prompt\":{prompt},\"b64_json\":\"{}\"}}",
        base64()
    );
    let (_, paid) = against(answer("", &data, USAGE));
    assert_eq!(key(&paid).get("rewritten"), None);
}

/// Where the answer was put aside.
fn odd(paid: &Paid) -> String {
    let files = paid.project.files(".gpbuild/store/incoming");
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].ends_with(".odd"), "{files:?}");
    files[0].clone()
}

#[test]
fn no_more_pictures_are_taken_than_were_asked_for() {
    let empty = ",{\"b64_json\":\"\"}".repeat(300_000);
    let many = format!(",{}", one()).repeat(99);
    for (more, told) in [(empty, None), (many, Some(100))] {
        let (run, paid) = against(answer("", &format!("{}{more}", one()), USAGE));
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(is_red_blue(&paid.project.read("dist/a.png")));
        let lock = paid.project.text("gpbuild.lock");
        assert!(lock.len() < 1000, "{}", lock.len());
        match told {
            // What is empty is no picture.
            None => assert_eq!(paid.project.files(".gpbuild/store/incoming"), [""; 0]),
            Some(n) => {
                let told = format!(
                    "a: {n} pictures came, 1 asked for: the first is taken, and the whole answer is kept in `{}`\n",
                    odd(&paid)
                );
                assert!(run.err.contains(&told), "{}", run.err);
            }
        }
        ends(&paid, 0);
        assert_eq!(paid.outcomes(), ["answered"]);
    }
}

#[test]
fn pictures_without_bytes_are_none() {
    let empty = vec!["{\"b64_json\":\"\"}"; 300_000].join(",");
    let (run, paid) = against(answer("", &empty, USAGE));
    assert_eq!(run.code, 1);
    assert!(
        run.err
            .contains("error: it is in doubt: answered without a picture\n"),
        "{}",
        run.err
    );
    odd(&paid);
    assert_eq!(paid.project.files(".gpbuild/store/objects"), [""; 0]);
    ends(&paid, 1);
}

#[test]
fn a_picture_that_cannot_be_read_takes_no_other_with_it() {
    let manifest =
        format!("{DEFAULTS}[cover.a]\ncandidates = 3\ntext = {{ headline = \"one\" }}\n");
    let paid = Paid::new(&manifest);
    let data = format!("{},{{\"b64_json\":\"!!\"}},{}", one(), one());
    paid.server.script([answer("", &data, USAGE)]);
    let run = paid.run(&["build", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let told = format!(
        "a: 2 of 3 pictures came: picture 2 cannot be read: Invalid symbol 33, offset 0.: the whole answer is kept in `{}`\n",
        odd(&paid)
    );
    assert!(run.err.contains(&told), "{}\n{told}", run.err);
    assert!(run.err.contains("· 1 request · $0.00608"), "{}", run.err);
    ends(&paid, 0);
}

#[test]
fn a_model_is_a_name() {
    let long = "m".repeat(9 << 20);
    for odd in [long.as_str(), "two\\nlines", "\\u001b[2J", "\\u202e", ""] {
        let (run, paid) = against(answer(&format!("\"model\":\"{odd}\","), &one(), USAGE));
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(
            run.err.contains(
                "a: the answer names its model by what is no name: it counts as `openai/gpt-image-2`\n"
            ),
            "{}",
            run.err
        );
        let lock = paid.project.text("gpbuild.lock");
        assert!(
            lock.contains("\nmodel = \"openai/gpt-image-2\"\n"),
            "{lock}"
        );
        ends(&paid, 0);
        // Not only the lock knows it.
        paid.project.remove("gpbuild.lock");
        ends(&paid, 0);
    }
}

#[test]
fn whatever_else_it_says_is_bounded_and_does_not_count() {
    let long = "x".repeat(2 << 20);
    let deep = "[".repeat(100) + &"]".repeat(100);
    let digits = "9".repeat(1 << 20);
    for before in [
        format!("\"{long}\":\"{long}\","),
        format!("\"revised_prompt\":\"{long}\",\"created\":{digits},"),
        format!("\"x\":{deep},\"error\":null,"),
        format!("\"error\":{{\"message\":\"{long}\",\"code\":\"{long}\"}},"),
    ] {
        let (run, paid) = against(answer(&before, &one(), USAGE));
        assert_eq!(run.code, 0, "{}", run.err);
        ends(&paid, 0);
        let ledger = paid.project.read(".gpbuild/ledger");
        assert!(ledger.len() < 4000, "{}", ledger.len());
    }
    // A name without an end: told, and the picture that came before it is used.
    let name = "x".repeat(20 << 20);
    let (run, paid) = against(answer("", &one(), &format!("{USAGE},\"{name}\":1")));
    assert_eq!(run.code, 0, "{}", run.err);
    ends(&paid, 0);
}

#[test]
fn a_bill_can_be_neither_absurd_nor_nothing() {
    // The estimate is $0.00456: 142 tokens for the picture, and what the prompt is long.
    let paid = Paid::one();
    let estimate = paid.run(&["plan", "--json"]).asset("a")["estimate_usd"].clone();
    let estimate = estimate.as_f64().unwrap();
    let usage =
        |tokens: &str| format!(",\"usage\":{{\"input_tokens\":0,\"output_tokens\":{tokens}}}");
    let most = estimate * 100.0;
    let dollars = |amount: f64| Micro((amount * 1e6).round() as u64).to_string();
    for (tokens, cost, told) in [
        ("200", Some(0.006), None),
        ("200.0", Some(0.006), None),
        (
            "1000000000",
            Some(most),
            Some(format!(
                "a: the answer bills $30000.000, more than a hundred times the estimate: it counts as {}; look at the provider's bill\n",
                dollars(most)
            )),
        ),
        ("18446744073709551615", Some(most), None),
        // Says nothing.
        ("0", None, None),
        (
            "1",
            None,
            Some(format!(
                "a: the answer bills $0.00003, less than a hundredth of the estimate: it counts as {}; look at the provider's bill\n",
                dollars(estimate)
            )),
        ),
        ("-1", None, Some(ODD.to_owned())),
        ("0.5", None, Some(ODD.to_owned())),
        ("1e300", None, Some(ODD.to_owned())),
        ("99999999999999999999", None, Some(ODD.to_owned())),
    ] {
        let (run, paid) = against(answer("", &one(), &usage(tokens)));
        assert_eq!(run.code, 0, "{tokens}: {}", run.err);
        if let Some(told) = told {
            assert!(run.err.contains(&told), "{tokens}: {}\n{told}", run.err);
        }
        let entry = paid.run(&["log", "--json"]).json().remove(0);
        let counted = entry["cost_usd"].as_f64().unwrap();
        assert!(
            (counted - cost.unwrap_or(estimate)).abs() < 1e-9,
            "{tokens}: {counted}"
        );
        ends(&paid, 0);
    }
}

const ODD: &str = "a: the answer bills what is no number of tokens: its cost is not known\n";

#[test]
fn what_stands_in_headers_and_refusals_is_bounded() {
    let long = "r".repeat(100_000);
    let categories = vec!["\"violence\""; 1_000_000].join(",");
    let body = |code: &str, categories: &str| {
        format!(
            "{{\"error\":{{\"message\":\"no\\u001b[2J\",\"code\":\"{code}\",\"param\":\"{}\",\"moderation_details\":{{\"moderation_stage\":\"{}\",\"categories\":[{categories}]}}}}}}",
            "p".repeat(1000),
            "s".repeat(1000)
        )
    };
    for (status, body) in [
        (400, body("moderation_blocked", &categories)),
        (
            400,
            body("moderation_blocked", &vec!["\"violence\""; 3000].join(",")),
        ),
        (401, body(&"c".repeat(10_000), "")),
        (403, "x".repeat(8 << 20)),
    ] {
        let fault = Fault::raw(status, "application/json", body.as_bytes())
            .with_header("x-request-id", &long)
            .with_header("location", &long);
        let (run, paid) = against(fault);
        assert!([1, 3].contains(&run.code), "{}", run.err);
        assert!(run.err.len() < 2000, "{}", run.err.len());
        assert!(
            run.err.contains("refused it: ") && run.err.contains(&status.to_string()),
            "{}",
            run.err
        );
        assert!(!run.err.contains('\u{1b}'), "{}", run.err);
        assert_eq!(paid.outcomes(), ["refused"]);
        let ledger = paid.project.read(".gpbuild/ledger");
        assert!(ledger.len() < 3000, "{}", ledger.len());
    }
    // On a good answer as well.
    let (run, paid) = against(answer("", &one(), USAGE).with_header("x-request-id", &long));
    assert_eq!(run.code, 0, "{}", run.err);
    let entry = paid.run(&["log", "--json"]).json().remove(0);
    assert!(entry["request_id"].is_null(), "{entry}");
    ends(&paid, 0);
}

#[test]
fn a_head_without_measure_is_in_doubt() {
    let mut fault = answer("", &one(), USAGE);
    for _ in 0..10_000 {
        fault = fault.with_header("x-many", "1");
    }
    let (run, paid) = against(fault);
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("error: it is in doubt: no answer: "),
        "{}",
        run.err
    );
    ends(&paid, 1);
}

#[test]
fn a_refusal_is_told_by_its_status_however_slow_it_is() {
    let body =
        b"{\"error\":{\"message\":\"Incorrect API key provided\",\"code\":\"invalid_api_key\"}}";
    let drip = |status: u16| {
        Fault::raw(status, "application/json", body).dripping(Duration::from_millis(500))
    };
    let cases = [
        (401, "error: the provider refused it: 401\n", 3, "refused"),
        (400, "error: the provider refused it: 400\n", 1, "refused"),
        (
            500,
            "error: it is in doubt: something between here and the provider answered 500\n",
            1,
            "doubt",
        ),
    ];
    all_at_once(&cases, |(status, told, code, outcome)| {
        let began = Instant::now();
        let (run, paid) = against(drip(*status));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(20), "{status}: {took:?}");
        assert_eq!(run.code, *code, "{}", run.err);
        assert!(run.err.contains(told), "{}", run.err);
        assert_eq!(paid.outcomes(), [*outcome]);
    });
    // Nobody waits for it either: of many, the first ends the asking.
    let mut manifest = DEFAULTS.to_owned();
    for n in 10..30 {
        let _ = write!(manifest, "[cover.a{n}]\ntext = {{ headline = \"{n}\" }}\n");
    }
    let paid = Paid::new(&manifest);
    paid.server.rule(move |_| Some(drip(401)));
    let began = Instant::now();
    let run = paid.run(&["build", "--yes"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(paid.server.stats().arrived <= 8);
}

#[test]
fn nothing_is_settled_before_its_entry_can_be_read() {
    let paid = Paid::one();
    // Where entries go is no folder any more.
    let run = paid.build_in_the_way(".gpbuild/store/shots");
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(
        run.err
            .contains("  = help: the answer is safe in `.gpbuild/store/incoming/"),
        "{}",
        run.err
    );
    assert_eq!(paid.outcomes(), ["doubt"]);
    for _ in 0..2 {
        let again = paid.run(&["build", "--yes"]);
        assert_eq!(again.code, 1, "{}", again.err);
        assert!(
            again
                .err
                .contains("warning: an answer of an earlier run could not be taken in: "),
            "{}",
            again.err
        );
    }
    assert_eq!(paid.accepted(), 1);
    paid.project.remove(".gpbuild/store/shots");
    let run = paid.build(0);
    assert_eq!(summary(&run)["requests"], 0);
    assert_eq!(paid.outcomes(), ["answered"]);
    ends(&paid, 0);
}

/// Whatever may hold the key, in the project and in the person's folder, and not as the answer itself.
fn holds(paid: &Paid, key: &str) -> Vec<String> {
    let mut files = paid.project.files("");
    files.retain(|name| String::from_utf8_lossy(&paid.project.read(name)).contains(key));
    files
}

#[test]
fn a_key_that_comes_back_is_told_nowhere() {
    let error = |message: &str, key: &str| {
        let body = serde_json::json!({ "error": {
            "message": message, "type": key, "code": key, "param": key,
        }});
        body.to_string()
    };
    for status in [400, 401, 403, 404, 503] {
        let paid = Paid::one();
        let key = paid.server.key();
        // At the end, so that it would be cut in the middle; and with what is no sign in it.
        let (first, second) = key.split_at(9);
        let message = format!(
            "you sent Bearer {key} {first}\u{1}{second} {}{key}",
            ".".repeat(415)
        );
        let fault = Fault::raw(status, "application/json", error(&message, key).as_bytes());
        paid.server.script(vec![fault; 3]);
        // It asserts that neither output has the key.
        let run = paid.run(&["build", "--yes", "--json"]);
        assert_ne!(run.code, 0);
        let said = format!("{}{}", run.out, run.err);
        assert!(
            said.contains("you sent Bearer (your key) (your key)"),
            "{said}"
        );
        assert!(!said.contains(&key[..12]), "{said}");
        assert_eq!(holds(&paid, &key[..12]), [""; 0], "{status}");
    }
    let paid = Paid::one();
    let key = paid.server.key();
    let model = format!("\"model\":\"{key}\",");
    paid.server.script([answer(&model, &one(), USAGE)]);
    let run = paid.run(&["build", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let told =
        "a: the answer names its model by what is no name: it counts as `openai/gpt-image-2`\n";
    assert!(run.err.contains(told), "{}", run.err);
    assert_eq!(holds(&paid, key), [""; 0]);
    ends(&paid, 0);
}
