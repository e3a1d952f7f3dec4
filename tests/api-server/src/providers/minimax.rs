//! MiniMax, image-01: pictures stand in one list without names, and what is refused is a 200 with a code.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Task, has_key, no_poll, no_stand, only, sides};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "minimax",
    base: "/v1",
    key: "minimax-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer minimax-0123456789abcdef"),
    asked: |path, _, body| (path == "/image_generation").then(|| asked(body)),
    invalid: |why| (200, refused(2013, why)),
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
            ("!model", Kind::Word("image-01")),
            ("!prompt", Kind::Text),
            ("!n", Kind::Number),
            ("!width", Kind::Number),
            ("!height", Kind::Number),
            ("!response_format", Kind::Word("base64")),
            ("!prompt_optimizer", Kind::Is(false)),
            ("!aigc_watermark", Kind::Is(false)),
            ("seed", Kind::Number),
            ("subject_reference", Kind::Any),
        ],
    )?;
    if let Some(subjects) = body.get("subject_reference") {
        let [subject] = subjects.as_array().ok_or("no list")?.as_slice() else {
            return Err("one subject, and no more".to_owned());
        };
        only(
            subject,
            &[
                ("!type", Kind::Word("character")),
                ("!image_file", Kind::Url),
            ],
        )?;
    }
    let size = sides(&body["width"], &body["height"])?;
    let fits = |side: u32| (512..=2048).contains(&side) && side.is_multiple_of(8);
    if !fits(size.0) || !fits(size.1) {
        return Err("invalid params, width and height".to_owned());
    }
    let n = body["n"].as_u64().unwrap_or_default();
    match n {
        1..=9 => Ok(Asked { size, n }),
        _ => Err("invalid params, n".to_owned()),
    }
}

fn accepted(task: &Task<'_>) -> Value {
    json!({"id": task.id, "data": {"image_base64": task.base64()},
        "metadata": {"success_count": task.asked.n, "failed_count": 0},
        "base_resp": {"status_code": 0, "status_msg": "success"}})
}

/// The codes are those of its documents from memory.
fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (code, message) = match why {
        Refused::Moderation => (1026, "input new_sensitive"),
        Refused::Credit => (1008, "insufficient balance"),
        Refused::Rate => (1002, "rate limit exceeded(RPM)"),
    };
    Some((200, refused(code, message)))
}

fn refused(code: u32, message: &str) -> Value {
    json!({"id": "r", "base_resp": {"status_code": code, "status_msg": message}})
}
