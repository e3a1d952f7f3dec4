//! Recorded answers, read whole: what they hold, what they bill to the micro-dollar, what a refusal is.

use std::fmt::Write as _;
use std::io::Read;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{read, refusal};
use crate::reply::{Contents, KeepError, RefusalKind, Usage};
use crate::veil::Veil;
use base::digest::Digest;
use model::{ModelId, builtin};

/// What `read` makes of a body, and how large the picture is that it kept last.
fn of(body: &str) -> (Contents, usize) {
    let mut size = 0;
    let contents = read(
        body.as_bytes(),
        &Veil::default(),
        &mut |bytes: &mut dyn Read| {
            let mut all = Vec::new();
            bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
            size = all.len();
            Ok(Digest::of(&all))
        },
    );
    (contents.unwrap(), size)
}

fn cost(usage: Usage, model: &str) -> u64 {
    let id = ModelId::parse(&format!("gemini/{model}")).unwrap();
    usage.cost(&builtin().get(&id).unwrap().price.unwrap()).0
}

/// The answers of a sample.
fn answers(sample: &str) -> Vec<(u16, Value)> {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let interactions = sample["interactions"].as_array().unwrap().iter();
    let answer = |interaction: &Value| {
        let response = &interaction["response"];
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        (status, response["body"].clone())
    };
    interactions.map(answer).collect()
}

macro_rules! sample {
    ($name:literal) => {
        answers(include_str!(concat!("../../samples/gemini/", $name)))
    };
}

#[test]
fn recorded_pictures_are_read_and_billed_to_the_micro_dollar() {
    let mut both = sample!("gemini-2.5-flash-image-text-only-and-image.json");
    for ((status, body), model, micros) in [
        (both.remove(1), "gemini-2.5-flash-image", 38_738),
        (
            sample!("gemini-3-pro-image-grounding.json").remove(0),
            "gemini-3-pro-image",
            148_734,
        ),
        (
            sample!("gemini-3-pro-image-image-only.json").remove(0),
            "gemini-3-pro-image",
            137_744,
        ),
        (
            sample!("gemini-3-pro-image-text-then-image.json").remove(0),
            "gemini-3-pro-image",
            138_472,
        ),
        (
            sample!("gemini-3.1-flash-image.json").remove(0),
            "gemini-3.1-flash-image",
            68_021,
        ),
        (
            sample!("gemini-3.1-flash-lite-image.json").remove(0),
            "gemini-3.1-flash-lite-image",
            34_199,
        ),
        (
            sample!("vertex-2.5-flash-image-jpeg85.json").remove(0),
            "gemini-2.5-flash-image",
            38_703,
        ),
        (
            sample!("vertex-3.1-flash-lite-image.json").remove(0),
            "gemini-3.1-flash-lite-image",
            33_601,
        ),
    ] {
        assert_eq!(status, 200);
        let (contents, size) = of(&body.to_string());
        assert_eq!((contents.pictures.len(), contents.came), (1, 1), "{model}");
        assert!(size > 60, "{model}: {size}");
        assert_eq!(cost(contents.usage.unwrap(), model), micros, "{model}");
        assert_eq!(contents.request_id.as_deref(), body["responseId"].as_str());
        assert_eq!(contents.model.as_deref(), body["modelVersion"].as_str());
        assert_eq!((contents.trouble, contents.refusal), (None, None));
    }
    // What OpenRouter billed for the same model: $0.03422675.
    let usage = Usage {
        text_in: 5,
        image_in: 0,
        image_out: 1120,
        text_out: 1537 - 1120,
    };
    assert_eq!(cost(usage, "gemini-3.1-flash-lite-image"), 34_227);
}

#[test]
fn recorded_refusals_say_why_and_bill_what_was_read() {
    let moderation = RefusalKind::Moderation {
        stage: Some("input".to_owned()),
        categories: Vec::new(),
    };
    let mut both = sample!("gemini-2.5-flash-image-text-only-and-image.json");
    for ((_, body), kind, code, model, micros) in [
        (
            both.remove(0),
            RefusalKind::Invalid,
            "STOP",
            "gemini-2.5-flash-image",
            126,
        ),
        (
            sample!("gemini-no-image.json").remove(0),
            RefusalKind::Invalid,
            "NO_IMAGE",
            "gemini-3.1-flash-image",
            5,
        ),
        (
            sample!("gemini-prompt-blocked.json").remove(0),
            moderation,
            "PROHIBITED_CONTENT",
            "gemini-3.1-flash-image",
            5,
        ),
    ] {
        let (contents, _) = of(&body.to_string());
        assert_eq!((contents.pictures.len(), contents.came), (0, 0));
        assert_eq!(cost(contents.usage.unwrap(), model), micros, "{code}");
        let refusal = contents.refusal.unwrap();
        assert_eq!((refusal.kind, refusal.code.as_deref()), (kind, Some(code)));
    }
    let headers = HeaderMap::new();
    let read = |(status, body): (u16, Value)| {
        let body = body.to_string();
        refusal::read(true, status, &headers, body.as_bytes(), &Veil::default()).unwrap()
    };
    let level = read(sample!("gemini-400-invalid-argument.json").remove(0));
    assert_eq!(level.kind, RefusalKind::Invalid);
    assert_eq!(
        level.said(),
        "400 INVALID_ARGUMENT: Thinking level MINIMAL is not supported for this model. Please retry with other thinking level"
    );
    let rate = read(sample!("gemini-429-retry-info.json").remove(0));
    assert_eq!(rate.kind, RefusalKind::RateLimit);
    assert_eq!(rate.retry_after, Some(Duration::from_millis(34_400)));
    // Another API: nothing of it is taken for a picture, or for a refusal.
    let (_, body) = sample!("gemini-interactions-image.json").remove(0);
    let (contents, _) = of(&body.to_string());
    assert_eq!((contents.came, contents.refusal), (0, None));
}

#[test]
fn what_is_thought_is_no_picture_and_the_last_one_is_taken() {
    let usage = r#""usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2300,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":2240}],"thoughtsTokenCount":7}"#;
    let parts = r#"{"inlineData":{"data":"ZHJhZnQ="},"thought":true},{"text":"no","thought":true},{"inlineData":{"mimeType":"image/png","data":"b25l"},"thoughtSignature":"EEEE"},{"text":"a"},{"inlineData":{"data":"dHdv"}}"#;
    let body = format!(
        r#"{{{usage},"candidates":[{{"content":{{"parts":[{parts}]}},"finishReason":"STOP"}}]}}"#
    );
    let (contents, _) = of(&body);
    assert_eq!(contents.pictures, [Digest::of(b"two")]);
    assert_eq!(contents.came, 2);
    let expected = Usage {
        text_in: 4,
        image_in: 0,
        image_out: 2240,
        text_out: 67,
    };
    assert_eq!(contents.usage, Some(expected));
}

#[test]
fn what_is_not_sure_is_in_doubt_and_no_refusal() {
    let stop = r#""finishReason":"STOP""#;
    let billed = r#""usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1120,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120}]}"#;
    for body in [
        // A picture is billed, and none is there.
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"inlineData":{{"data":""}}}}]}},{stop}}}],{billed}}}"#
        ),
        format!(r#"{{"candidates":[{{{stop}}}],{billed}}}"#),
        // It cannot be read, or breaks off.
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"inlineData":{{"data":"!!"}}}}]}},{stop}}}]}}"#
        ),
        format!(r#"{{"candidates":[{{{stop}}}]"#),
        r#"{"error":{"code":500,"message":"no"}}"#.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        String::new(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        let (contents, _) = of(&body);
        let shown = &body[..body.len().min(200)];
        assert_eq!(contents.pictures, [], "{shown}");
        assert_eq!(contents.refusal, None, "{shown}");
    }
    // Counts that are none, or nothing, are no bill.
    for counts in [
        r#""promptTokenCount":1.5,"candidatesTokenCount":9"#,
        r#""promptTokenCount":-1,"candidatesTokenCount":9"#,
        r#""promptTokenCount":0"#,
        r#""promptTokenCount":9,"candidatesTokenCount":0"#,
        "",
    ] {
        let mut body = r#"{"candidates":[{"content":{"parts":[{"inlineData":{"data":"b25l"}}]}}],"usageMetadata":{"#.to_owned();
        let _ = write!(body, "{counts}}}}}");
        let (contents, _) = of(&body);
        assert_eq!((contents.came, contents.usage), (1, None), "{counts}");
    }
    // Not told apart, beside a picture: all of it at the dearer price.
    let (contents, _) = of(
        r#"{"candidates":[{"content":{"parts":[{"inlineData":{"data":"b25l"}}]}}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1300}}"#,
    );
    assert_eq!(contents.usage.unwrap().image_out, 1300);
}
