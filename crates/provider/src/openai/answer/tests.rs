//! Answers as documented, as others carry them, and what is left of those that are wrong.

use std::io::Read;

use super::{Contents, KeepError, Veil, read};
use crate::reply::Usage;
use base::digest::Digest;
use model::{Micro, Price};

fn of(body: &str) -> Contents {
    read(
        body.as_bytes(),
        2,
        &Veil::default(),
        &mut |bytes: &mut dyn Read| {
            let mut all = Vec::new();
            bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
            Ok(Digest::of(&all))
        },
    )
    .unwrap()
}

#[test]
fn an_answer_as_documented() {
    let answer = of(
        r#"{"created":1713833628,"background":"opaque","output_format":"png",
        "data":[{"b64_json":"b25l"},{"b64_json":"dHdv","revised_prompt":null}],
        "usage":{"input_tokens":60,"input_tokens_details":{"text_tokens":50,"image_tokens":10},
        "output_tokens":1756,"output_tokens_details":{"image_tokens":1756,"text_tokens":0}},
        "svg_usage":null,"quality":"high","size":"1536x864"}"#,
    );
    let expected = Contents {
        pictures: vec![Digest::of(b"one"), Digest::of(b"two")],
        came: 2,
        usage: Some(Usage {
            text_in: 50,
            image_in: 10,
            image_out: 1756,
            text_out: 0,
        }),
        ..Contents::default()
    };
    assert_eq!(answer, expected);
    let price = Price {
        text_in: 5_000_000,
        image_in: 8_000_000,
        image_out: 30_000_000,
        text_out: 0,
    };
    assert_eq!(answer.usage.unwrap().cost(&price), Micro(250 + 80 + 52_680));
}

#[test]
fn what_came_before_the_trouble_is_kept() {
    let one = vec![Digest::of(b"one")];
    for (body, pictures, trouble) in [
        (
            r#"{"data":[{"b64_json":"b25l"},{"b64_json":"!!"}]}"#,
            one.clone(),
            true,
        ),
        (r#"{"data":[{"b64_json":"b25l"},{"b64"#, one.clone(), true),
        (r#"{"data":[{"b64_json":"b25l"}],"#, one.clone(), true),
        (r#"{"data":[{"b64_json":"b25l"}]}"#, one, false),
        (r#"{"data":[]}"#, vec![], false),
        (r#"{"data":[{"url":"https://example.com"}]}"#, vec![], false),
        (r#"{"data":[{"b64_json":null}]}"#, vec![], false),
        (r#"{"data":null,"usage":[1]}"#, vec![], false),
        (r#"{"data":[[]]}"#, vec![], true),
        ("<html>", vec![], true),
        ("[]", vec![], true),
        ("", vec![], true),
    ] {
        let answer = of(body);
        assert_eq!(answer.pictures, pictures, "{body}");
        assert_eq!(answer.trouble.is_some(), trouble, "{body}: {answer:?}");
    }
    let answer = of(r#"{"error":{"code":1,"message":"no"},"model":"gpt-image-2-2026-04-21"}"#);
    assert_eq!(answer.error.as_deref(), Some("no"));
    assert_eq!(answer.model.as_deref(), Some("gpt-image-2-2026-04-21"));
}
