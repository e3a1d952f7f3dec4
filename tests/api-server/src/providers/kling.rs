//! Kling: a token that is signed with the key, a ratio and a tier in place of pixels, a name of ours for each task.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Stands, Task, only};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "kling",
    base: "",
    key: "access-0123456789:secret-0123456789abcdef",
    is_keyed,
    asked: |path, _, body| (path == "/v1/images/generations").then(|| asked(body)),
    invalid: |why| {
        (
            400,
            json!({"code": 1201, "message": why, "request_id": "r"}),
        )
    },
    accepted: |task| {
        let data = json!({"task_id": task.id, "task_status": "submitted"});
        json!({"code": 0, "message": "SUCCEED", "request_id": "r", "data": data})
    },
    polled: |path| {
        let id = path.strip_prefix("/v1/images/generations/")?;
        id.starts_with("task-").then_some(id)
    },
    stands,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
};

/// The signature is checked where the token is made; here its claims are.
fn is_keyed(headers: &HeaderMap) -> bool {
    let told = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let claims = told.and_then(|told| told.strip_prefix("Bearer ")?.split('.').nth(1));
    let claims = claims.and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Value = serde_json::from_slice(&claims.unwrap_or_default()).unwrap_or_default();
    let time = |name: &str| claims[name].as_u64().unwrap_or_default();
    claims["iss"] == "access-0123456789" && time("exp") > time("nbf")
}

fn asked(body: &Value) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!model_name", Kind::Word("kling-v3")),
            ("!prompt", Kind::Text),
            ("!n", Kind::Number),
            ("!aspect_ratio", Kind::Word("1:1")),
            ("!resolution", Kind::Word("1k")),
            ("!external_task_id", Kind::Text),
            ("negative_prompt", Kind::Text),
            ("image", Kind::Base64),
        ],
    )?;
    Ok(Asked {
        size: (1024, 1024),
        n: body["n"].as_u64().unwrap_or_default(),
    })
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    let of = |word: &str, more: Value| {
        json!({"code": 0, "message": "SUCCEED", "data":
            {"task_id": task.id, "task_status": word, "task_status_msg": "why", "task_result": more}})
    };
    match stands {
        Stands::Pending => (200, of("processing", json!({}))),
        Stands::Ready | Stands::Result => {
            let urls = task.urls().into_iter().enumerate();
            let images: Vec<Value> = urls
                .map(|(n, url)| json!({"index": n, "url": url}))
                .collect();
            (200, of("succeed", json!({"images": images})))
        }
        Stands::Moderated => (200, of("failed", json!({}))),
        Stands::Gone => (404, json!({"code": 1203, "message": "task not found"})),
    }
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, code, message) = match why {
        Refused::Moderation => (400, 1301, "Failure to pass the risk control system"),
        Refused::Credit => (429, 1102, "Account balance not enough"),
        Refused::Rate => (429, 1302, "Request too frequent"),
    };
    Some((
        status,
        json!({"code": code, "message": message, "request_id": "r"}),
    ))
}
