//! Together: pixels as two numbers, and its own word for base64.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Task, has_key, no_poll, no_stand, only, sides};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "together",
    base: "/v1",
    key: "together-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer together-0123456789abcdef"),
    asked: |path, _, body| (path == "/images/generations").then(|| asked(body)),
    invalid: |why| {
        (
            400,
            json!({"error": {"message": why, "type": "invalid_request_error", "param": null, "code": null}}),
        )
    },
    accepted,
    polled: no_poll,
    stands: no_stand,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
};

fn asked(body: &Value) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!model", Kind::Word("black-forest-labs/FLUX.2-pro")),
            ("!prompt", Kind::Text),
            ("n", Kind::Number),
            ("!width", Kind::Number),
            ("!height", Kind::Number),
            ("!response_format", Kind::Word("base64")),
            ("output_format", Kind::Text),
            ("seed", Kind::Number),
            ("reference_images", Kind::Url),
        ],
    )?;
    Ok(Asked {
        size: sides(&body["width"], &body["height"])?,
        n: body["n"].as_u64().unwrap_or(1),
    })
}

fn accepted(task: &Task<'_>) -> Value {
    let pictures = task.base64().into_iter();
    let data: Vec<Value> = pictures
        .map(|picture| json!({"b64_json": picture}))
        .collect();
    json!({"id": task.id, "model": "black-forest-labs/FLUX.2-pro", "object": "list", "data": data})
}

/// Of its moderation no words are published.
fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, kind, message) = match why {
        Refused::Moderation => return None,
        Refused::Credit => (
            402,
            "credit_limit",
            "Credit limit exceeded, please add credits to your account.",
        ),
        Refused::Rate => (
            429,
            "rate_limit",
            "You have reached the rate limit specific to this model.",
        ),
    };
    let error = json!({"message": message, "type": kind, "param": null, "code": null});
    Some((status, json!({"error": error})))
}
