//! Gemini, by a server that speaks `generateContent`: what is asked, what is kept, what a 200 without a picture means.

use std::time::Duration;

use api_server::{GeminiServer, Turn};
use serde_json::json;

use crate::paid::{micros, summary};
use crate::project::{Project, Run, another_picture};

/// A project and the server that it asks.
struct Gemini {
    project: Project,
    server: GeminiServer,
}

const DEFAULTS: &str =
    "[defaults]\nmodel = \"gemini/gemini-nano-banana-2.1\"\nsize = \"800x800\"\n";

impl Gemini {
    fn new(more: &str) -> Self {
        Self {
            project: Project::new(&format!("{DEFAULTS}{more}")),
            server: GeminiServer::start(Duration::ZERO),
        }
    }

    /// One cover, `a`.
    fn one() -> Self {
        Self::new("[cover.a]\ntext = { headline = \"one\" }\n")
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.project.command(arguments);
        command
            .env("GEMINI_API_KEY", self.server.key())
            .env("GEMINI_BASE_URL", self.server.base_url());
        let run = Run::of(command.output().unwrap());
        let key = self.server.key();
        assert!(!run.out.contains(key) && !run.err.contains(key));
        run
    }

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
}

impl Drop for Gemini {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.server.wrong(), [""; 0]);
        }
    }
}

#[test]
fn a_series_is_asked_for_by_ratio_and_tier_and_billed_in_full() {
    let slide = |n: u32| format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
    let slides: String = (1..=3).map(slide).collect();
    let gemini = Gemini::new(&format!("[carousel.c]\nseries = \"first\"\n{slides}"));
    let run = gemini.build(0);
    assert_eq!(summary(&run)["requests"], 3);
    let asked = gemini.server.asked();
    let config = json!({
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "1:1", "imageSize": "1K"},
    });
    for (n, asked) in asked.iter().enumerate() {
        assert_eq!(asked.body["generationConfig"], config);
        let parts = asked.body["contents"][0]["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 1 + usize::from(n > 0));
    }
    // 1120 for each picture, 398 words and 163 thoughts, 1120 for each reference, and the prompts.
    let text: u64 = asked
        .iter()
        .map(|asked| (asked.prompt().len() as u64).div_ceil(4) * 3)
        .map(|halves| halves.div_ceil(2))
        .sum();
    let rest = 3 * (33_600 + 561 * 15 / 2) + 2 * 1_680;
    let billed = micros(&summary(&run)["cost_usd"]);
    assert!((rest + text..rest + text + 6).contains(&billed), "{billed}");
    let log = gemini.run(&["log", "--json"]).json();
    assert_eq!(log[0]["request_id"], "answer-1");
    assert_eq!(summary(&gemini.build(0))["fresh"], 3);
    assert_eq!(gemini.server.asked().len(), 3);
}

#[test]
fn drafts_and_signatures_of_megabytes_are_passed_by() {
    let gemini = Gemini::one();
    gemini.server.script([Turn::Drafts(3 << 20)]);
    let run = gemini.build(0);
    assert!(
        run.err
            .contains("2 pictures came, 1 asked for: the last is taken"),
        "{}",
        run.err
    );
    let picture = gemini.server.asked()[0].picture.clone().unwrap();
    let (first, rest) = picture.split_at(2);
    assert!(
        gemini
            .project
            .has(&format!(".gpbuild/store/objects/{first}/{rest}"))
    );
}

#[test]
fn an_answer_that_says_why_there_is_no_picture_is_no_doubt() {
    for (turn, said, most) in [
        (
            Turn::NoImage,
            "the provider refused it: 200 NO_IMAGE",
            3_000,
        ),
        (
            Turn::Blocked,
            "the provider's moderation refused the prompt: 200 PROHIBITED_CONTENT",
            3_000,
        ),
        (
            Turn::HeldBack,
            "the provider's moderation refused the picture that was made: 200 IMAGE_SAFETY",
            4_000,
        ),
        (
            Turn::Words("I cannot draw a logo.".to_owned()),
            "the provider refused it: 200 STOP: I cannot draw a logo",
            3_000,
        ),
    ] {
        let gemini = Gemini::one();
        gemini.server.script([turn]);
        let run = gemini.build(1);
        assert!(run.out.contains(said), "{said}\n{}", run.out);
        assert_eq!(gemini.outcomes(), ["refused"]);
        let billed = micros(&summary(&run)["cost_usd"]);
        assert!((1..most).contains(&billed), "{billed}");
        // Another run is another try.
        gemini.build(0);
        assert_eq!(gemini.outcomes(), ["refused", "answered"]);
    }
}

#[test]
fn what_nobody_knows_is_in_doubt_and_not_sent_again() {
    let error = json!({"error": {"code": 500, "message": "An internal error has occurred.", "status": "INTERNAL"}});
    for turn in [
        Turn::HangUp,
        Turn::Cut,
        Turn::Nothing,
        Turn::Status(500, error.clone()),
        Turn::Status(504, error),
    ] {
        let gemini = Gemini::one();
        gemini.server.script([turn.clone()]);
        gemini.build(1);
        gemini.build(1);
        assert_eq!(gemini.outcomes(), ["doubt"], "{turn:?}");
        assert_eq!(gemini.server.asked().len(), 1, "{turn:?}");
    }
}

#[test]
fn a_minute_is_waited_for_and_a_day_is_not() {
    let quota = |id: &str| {
        let body = json!({"error": {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"},
        ]}});
        Turn::Status(429, body)
    };
    let gemini = Gemini::one();
    gemini
        .server
        .script([quota("GenerateRequestsPerMinutePerProjectPerModel")]);
    gemini.build(0);
    assert_eq!(gemini.outcomes(), ["refused", "answered"]);
    let gemini = Gemini::one();
    gemini
        .server
        .script([quota("GenerateRequestsPerDayPerProjectPerModel")]);
    gemini.build(3);
    assert_eq!(gemini.outcomes(), ["refused"]);
}

#[test]
fn what_it_cannot_do_is_refused_at_its_place_with_who_can() {
    for (line, said, who) in [
        (
            "candidates = 3",
            "error: `gemini/gemini-nano-banana-2.1` gives at most one candidate, not 3\n --> gpbuild.toml:5:14",
            "`openai/gpt-image-2`",
        ),
        (
            "quality = \"high\"",
            "error: `gemini/gemini-nano-banana-2.1` cannot be asked for `quality`\n --> gpbuild.toml:5:11",
            "`openai/gpt-image-2`",
        ),
        (
            "background = \"transparent\"",
            "error: `gemini/gemini-nano-banana-2.1` has no background `transparent`\n --> gpbuild.toml:5:14",
            "`openai/gpt-image-2.5-flare`",
        ),
        (
            "params = { thinkingLevel = \"most\" }",
            "error: `thinkingLevel` of `gemini/gemini-nano-banana-2.1` must be one of `minimal`, `medium` and `high`",
            "",
        ),
    ] {
        let gemini = Gemini::new(&format!(
            "[cover.a]\n{line}\ntext = {{ headline = \"one\" }}\n"
        ));
        let run = gemini.run(&["plan"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(said), "{said}\n{}", run.err);
        assert!(run.err.contains(who), "{who}\n{}", run.err);
    }
}

#[test]
fn an_edit_and_a_level_of_thinking_are_sent_as_the_api_takes_them() {
    let gemini = Gemini::new(
        "[cover.a]\nparams = { thinkingLevel = \"high\", seed = 7 }\ntext = { headline = \"one\" }\n[[cover.a.edit]]\nchange = \"make it night\"\n",
    );
    gemini.build(0);
    let asked = gemini.server.asked();
    assert_eq!(asked.len(), 2);
    for asked in &asked {
        let config = &asked.body["generationConfig"];
        assert_eq!(config["thinkingConfig"], json!({"thinkingLevel": "high"}));
        assert_eq!(config["seed"], 7);
    }
    assert!(asked[1].prompt().contains("make it night"));
    assert_eq!(summary(&gemini.build(0))["fresh"], 1);
}

#[test]
fn a_request_that_is_larger_than_it_takes_is_not_sent() {
    let gemini = Gemini::new(
        "[cover.a]\nreferences = [\"1.png\", \"2.png\"]\ntext = { headline = \"one\" }\n",
    );
    for name in ["1.png", "2.png"] {
        let mut picture = another_picture();
        picture.resize(9_000_000, 0);
        gemini.project.write(name, picture);
    }
    let run = gemini.run(&["build", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let said = "error: it was not sent: with its pictures it is 24.0 MB, and the provider takes at most 20.0 MB\n --> gpbuild.toml:4:8\n";
    assert!(run.err.contains(said), "{}", run.err);
    assert_eq!(gemini.server.asked().len(), 0);
    assert_eq!(gemini.outcomes(), ["unsent"]);
}
