//! Black Forest Labs, FLUX.2: width and height in multiples of 16, references in places of their own, a ticket with its
//! cost; an unknown field is 422.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Stands, Task, has_key, only, sides};

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
    accepted,
    polled: |path| path.strip_prefix("/get_result/"),
    stands,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
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

/// Credits of a cent: 3 for the first megapixel that is begun, 1.5 for each further one and for each of a reference.
fn accepted(task: &Task<'_>) -> Value {
    let (width, height) = task.asked.size;
    let drawn = (u64::from(width) * u64::from(height)).div_ceil(1 << 20);
    let names = task.body.as_object().into_iter().flatten();
    let given = names.filter(|(name, _)| name.starts_with("input_image"));
    let further = drawn - 1 + given.count() as u64;
    let cost = 3.0 + 1.5 * f64::from(u32::try_from(further).unwrap_or_default());
    let url = task.at(&format!("/get_result/{}", task.id));
    json!({"id": task.id, "polling_url": url, "cost": cost, "input_mp": 0.0, "output_mp": drawn})
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

/// What is moderated says the task, and no request.
fn refusal(why: Refused) -> Option<(u16, Value)> {
    match why {
        Refused::Moderation => None,
        Refused::Credit => Some((402, json!({"detail": "Insufficient credits"}))),
        Refused::Rate => Some((429, json!({"detail": "Too many active tasks"}))),
    }
}
