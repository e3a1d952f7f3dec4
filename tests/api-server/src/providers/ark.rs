//! Ark, Seedream 5.0 pro: whatever names a stream or a series is refused, a visible mark is there unless it is switched off.

use serde_json::{Value, json};

use super::{
    Asked, Kind, Protocol, Refused, Task, has_key, no_poll, no_stand, only, size, with_values,
};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ark",
    base: "/api/v3",
    key: "ark-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer ark-0123456789abcdef"),
    asked: |path, _, body| (path == "/images/generations").then(|| asked(body)),
    invalid: |why| {
        (
            400,
            json!({"error": {"code": "InvalidParameter", "message": why, "param": "", "type": "BadRequest"}}),
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
    let body = with_values(body);
    only(
        &body,
        &[
            ("!model", Kind::Word("doubao-seedream-5-0-pro-260628")),
            ("!prompt", Kind::Text),
            ("!size", Kind::Text),
            ("!response_format", Kind::Word("b64_json")),
            ("!watermark", Kind::Is(false)),
            ("output_format", Kind::Text),
            ("image", Kind::Url),
        ],
    )?;
    Ok(Asked {
        size: size(&body["size"], 'x')?,
        n: 1,
    })
}

fn accepted(task: &Task<'_>) -> Value {
    let pictures = task.base64().into_iter();
    let data: Vec<Value> = pictures
        .map(|picture| json!({"b64_json": picture}))
        .collect();
    let usage = json!({"generated_images": 1, "output_tokens": 4096, "total_tokens": 4096});
    json!({"model": "doubao-seedream-5-0-pro-260628", "created": 1, "data": data, "usage": usage})
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, code, message) = match why {
        Refused::Moderation => (
            400,
            "InputTextSensitiveContentDetected",
            "The request failed because the input text may contain sensitive information. Request id: r",
        ),
        Refused::Credit => (
            403,
            "AccountOverdueError",
            "The request failed because your account has an overdue balance. Request id: r",
        ),
        Refused::Rate => (
            429,
            "ModelAccountIpmRateLimitExceeded",
            "The request failed because the account has exceeded the limit of images per minute. Request id: r",
        ),
    };
    let error = json!({"code": code, "message": message, "param": "", "type": "Refused"});
    Some((status, json!({"error": error})))
}
