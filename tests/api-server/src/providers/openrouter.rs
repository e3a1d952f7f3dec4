//! OpenRouter: references are elements with a type, and the answer says what it cost.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Task, has_key, no_poll, no_stand, only, size};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "openrouter",
    base: "/api/v1",
    key: "sk-or-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer sk-or-0123456789abcdef"),
    asked: |path, _, body| (path == "/images").then(|| asked(body)),
    invalid: |why| (400, json!({"error": {"code": 400, "message": why}})),
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
            ("!model", Kind::Word("qwen/qwen-image-3")),
            ("!prompt", Kind::Text),
            ("!n", Kind::Number),
            ("!size", Kind::Text),
            ("output_format", Kind::Text),
            ("seed", Kind::Number),
            ("input_references", Kind::Any),
        ],
    )?;
    Ok(Asked {
        size: size(&body["size"], 'x')?,
        n: body["n"].as_u64().unwrap_or_default(),
    })
}

fn accepted(task: &Task<'_>) -> Value {
    let pictures = task.base64().into_iter();
    let data: Vec<Value> = pictures
        .map(|picture| json!({"b64_json": picture}))
        .collect();
    let usage =
        json!({"prompt_tokens": 5, "completion_tokens": 1120, "total_tokens": 1125, "cost": 0.03});
    json!({"created": 0, "data": data, "usage": usage})
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, message) = match why {
        Refused::Moderation => (403, "The request was flagged by moderation"),
        Refused::Credit => (402, "Insufficient credits"),
        Refused::Rate => (429, "Rate limit exceeded"),
    };
    let mut error = json!({"code": status, "message": message});
    if why == Refused::Moderation {
        error["metadata"] = json!({"reasons": ["violence"], "flagged_input": "a cat"});
    }
    Some((status, json!({"error": error})))
}
