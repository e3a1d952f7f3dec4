//! Replicate: what a model takes is its `input`, and its output may be a text or a list.

use serde_json::{Value, json};

use super::{Asked, Kind, Lists, Protocol, Refused, Stands, Task, has_key, only, sides};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "replicate",
    base: "/v1",
    key: "r8_0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer r8_0123456789abcdef"),
    asked: |path, _, body| {
        (path == "/models/black-forest-labs/flux-2-pro/predictions").then(|| asked(body))
    },
    invalid: |why| {
        (
            422,
            json!({"title": "Input validation failed", "detail": why, "status": 422}),
        )
    },
    accepted: |task| prediction(task, "starting", Value::Null, Value::Null),
    polled: |path| path.strip_prefix("/predictions/"),
    stands,
    listed,
    refusal,
    prompt: "/input/prompt",
};

fn asked(body: &Value) -> Result<Asked, String> {
    only(body, &[("!input", Kind::Any)])?;
    let input = &body["input"];
    only(
        input,
        &[
            ("!prompt", Kind::Text),
            ("!aspect_ratio", Kind::Word("custom")),
            ("!width", Kind::Number),
            ("!height", Kind::Number),
            ("output_format", Kind::Text),
            ("seed", Kind::Number),
            ("input_images", Kind::Url),
        ],
    )?;
    if input["output_format"] == "jpeg" {
        return Err("`output_format` must be one of webp, jpg, png".to_owned());
    }
    Ok(Asked {
        size: sides(&input["width"], &input["height"])?,
        n: 1,
    })
}

fn prediction(task: &Task<'_>, status: &str, output: Value, error: Value) -> Value {
    json!({"id": task.id, "status": status, "output": output, "error": error, "data_removed": false,
        "model": "black-forest-labs/flux-2-pro", "version": "hidden",
        "urls": {"get": task.at(&format!("/predictions/{}", task.id))}})
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    let none = || Value::Null;
    match stands {
        Stands::Pending => (200, prediction(task, "processing", none(), none())),
        Stands::Ready | Stands::Result => {
            let output = task.urls().remove(0).into();
            (200, prediction(task, "succeeded", output, none()))
        }
        Stands::Moderated => {
            let error = "The input or output was flagged as sensitive.".into();
            (200, prediction(task, "failed", none(), error))
        }
        Stands::Gone => (
            404,
            json!({"title": "Not found", "detail": "no such prediction", "status": 404}),
        ),
    }
}

fn listed(lists: &Lists<'_>) -> Option<Value> {
    let page: usize = match lists.parameter("cursor") {
        Some(page) => page.parse().ok()?,
        None => 1,
    };
    let at = |path: String| format!("http://{}{}{path}", lists.address, lists.base);
    let task = |task: &super::Accepted<'_>| {
        json!({"id": task.id, "model": "black-forest-labs/flux-2-pro", "version": "hidden", "source": "api",
            "created_at": task.at, "status": "processing", "input": task.body["input"], "data_removed": false,
            "urls": {"get": at(format!("/predictions/{}", task.id))}})
    };
    let results: Vec<Value> = lists.page(page).map(task).collect();
    let next = (page < lists.pages()).then(|| at(format!("/predictions?cursor={}", page + 1)));
    (lists.below == "/predictions")
        .then(|| json!({"previous": null, "next": next, "results": results}))
}

/// What is moderated says the prediction, and no request.
fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, title, detail) = match why {
        Refused::Moderation => return None,
        Refused::Credit => (
            402,
            "Insufficient credit",
            "You have insufficient credit to run this model.",
        ),
        Refused::Rate => (
            429,
            "Too many requests",
            "Request was throttled. Expected available in 1 second.",
        ),
    };
    Some((
        status,
        json!({"title": title, "detail": detail, "status": status}),
    ))
}
