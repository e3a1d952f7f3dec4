//! fal's queue: a ticket with the URLs of its state and of its result; the provider is told not to send anything again.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Stands, Task, has_key, only, sides};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "fal",
    base: "",
    key: "fal-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Key fal-0123456789abcdef"),
    asked: |path, headers, body| {
        let is_edit = match path {
            "/fal-ai/flux-2-pro" => false,
            "/fal-ai/flux-2-pro/edit" => true,
            _ => return None,
        };
        Some(match has_key(headers, "x-fal-no-retry", "1") {
            true => asked(body, is_edit),
            false => Err("it would be sent again".to_owned()),
        })
    },
    invalid: |why| {
        (
            422,
            json!({"detail": [{"loc": ["body"], "msg": why, "type": "value_error"}]}),
        )
    },
    accepted: |task| {
        let at = |what: &str| task.at(&format!("/requests/{}/{what}", task.id));
        json!({"status": "IN_QUEUE", "request_id": task.id, "status_url": at("status"),
            "response_url": at("result"), "cancel_url": at("cancel"), "queue_position": 0})
    },
    polled: |path| path.strip_prefix("/requests/")?.split('/').next(),
    stands,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
};

fn asked(body: &Value, is_edit: bool) -> Result<Asked, String> {
    let urls = if is_edit { "!image_urls" } else { "" };
    only(
        body,
        &[
            ("!prompt", Kind::Text),
            ("!image_size", Kind::Any),
            ("output_format", Kind::Text),
            ("seed", Kind::Number),
            (urls, Kind::Url),
        ],
    )?;
    let size = &body["image_size"];
    Ok(Asked {
        size: sides(&size["width"], &size["height"])?,
        n: 1,
    })
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    let at = |what: &str| task.at(&format!("/requests/{}/{what}", task.id));
    let of = |word: &str| json!({"status": word, "request_id": task.id, "status_url": at("status"), "response_url": at("result"), "logs": null});
    match stands {
        Stands::Pending => (202, of("IN_PROGRESS")),
        Stands::Ready => (200, of("COMPLETED")),
        Stands::Result => {
            let image = |url: String| json!({"url": url, "content_type": "image/jpeg"});
            let images: Vec<Value> = task.urls().into_iter().map(image).collect();
            (200, json!({"images": images, "seed": 7, "prompt": "a cat"}))
        }
        Stands::Moderated => (
            422,
            json!({"detail": [{"loc": ["body", "prompt"], "msg": "The content could not be processed.",
                "type": "content_policy_violation"}]}),
        ),
        Stands::Gone => (404, json!({"detail": "Request not found"})),
    }
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    match why {
        Refused::Moderation => Some((
            422,
            json!({"detail": [{"loc": ["body", "prompt"], "msg": "The content could not be processed.",
                "type": "content_policy_violation"}]}),
        )),
        Refused::Credit => Some((
            403,
            json!({"detail": "User is locked. Reason: Exhausted balance."}),
        )),
        Refused::Rate => Some((429, json!({"detail": "Too many requests."}))),
    }
}
