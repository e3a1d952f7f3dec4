//! Black Forest Labs, FLUX.2: width and height in multiples of 16, references in places of their own, a ticket with its
//! cost; an unknown field is 422.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Stands, Task, has_key, only, sides};

const KEY: &str = "bfl-0123456789abcdef";

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "bfl",
    base: "/v1",
    key: KEY,
    is_keyed: |headers| has_key(headers, "x-key", KEY),
    asked: |path, _, body| (path == "/flux-2-pro").then(|| asked(body)),
    invalid: |why| {
        let detail = json!([{"loc": ["body"], "msg": why, "type": "extra_forbidden"}]);
        (422, json!({"detail": detail}))
    },
    accepted: |task| {
        let url = task.at(&format!("/get_result/{}", task.id));
        json!({"id": task.id, "polling_url": url, "cost": 4.5, "input_mp": 0.0, "output_mp": 1.0})
    },
    polled: |path| path.strip_prefix("/get_result/"),
    stands,
    listed: |_| None,
};

fn asked(body: &Value) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!prompt", Kind::Text),
            ("!width", Kind::Number),
            ("!height", Kind::Number),
            ("output_format", Kind::Text),
            ("seed", Kind::Number),
            ("safety_tolerance", Kind::Number),
            ("input_image", Kind::Base64),
            ("input_image_2", Kind::Base64),
        ],
    )?;
    let size = sides(&body["width"], &body["height"])?;
    if !size.0.is_multiple_of(16) || !size.1.is_multiple_of(16) {
        return Err("a side is no multiple of 16".to_owned());
    }
    Ok(Asked { size, n: 1 })
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    let (word, result) = match stands {
        Stands::Pending => ("Pending", Value::Null),
        Stands::Ready | Stands::Result => {
            let sample = task.urls().remove(0);
            (
                "Ready",
                json!({"sample": sample, "seed": 7, "prompt": "a cat, rewritten"}),
            )
        }
        Stands::Moderated => ("Content Moderated", Value::Null),
        Stands::Gone => ("Task not found", Value::Null),
    };
    (
        200,
        json!({"id": task.id, "status": word, "result": result, "progress": null}),
    )
}
