//! SiliconFlow: half of OpenAI's API. The size and the number of pictures have other names, each model takes other
//! fields, a picture is fetched.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Task, has_key, no_poll, no_stand, only, size};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "siliconflow",
    base: "/v1",
    key: "sk-siliconflow-0123456789abcdef",
    is_keyed: |headers| {
        has_key(
            headers,
            "authorization",
            "Bearer sk-siliconflow-0123456789abcdef",
        )
    },
    asked: |path, _, body| (path == "/images/generations").then(|| asked(body)),
    invalid: |why| (400, json!({"code": 20015, "message": why, "data": null})),
    accepted,
    polled: no_poll,
    stands: no_stand,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
};

/// The sizes that Qwen-Image draws in, as its documents list them.
const SIZES: [&str; 5] = [
    "1328x1328",
    "1664x928",
    "928x1664",
    "1472x1140",
    "1140x1472",
];

fn asked(body: &Value) -> Result<Asked, String> {
    let mut fields = vec![
        ("!model", Kind::Text),
        ("!prompt", Kind::Text),
        ("!image_size", Kind::Text),
        ("negative_prompt", Kind::Text),
        ("seed", Kind::Number),
    ];
    let is_kolors = match body["model"].as_str() {
        Some("Qwen/Qwen-Image") => false,
        Some("Qwen/Qwen-Image-Edit") => {
            fields.extend([
                ("!image", Kind::Url),
                ("image2", Kind::Url),
                ("image3", Kind::Url),
            ]);
            false
        }
        Some("Kwai-Kolors/Kolors") => {
            fields.extend([("batch_size", Kind::Number), ("image", Kind::Url)]);
            true
        }
        _ => return Err("Model does not exist. Please check it carefully.".to_owned()),
    };
    only(body, &fields)?;
    if !is_kolors && !SIZES.iter().any(|size| body["image_size"] == *size) {
        return Err(format!("`image_size` is wrong: {}", body["image_size"]));
    }
    Ok(Asked {
        size: size(&body["image_size"], 'x')?,
        n: body["batch_size"].as_u64().unwrap_or(1),
    })
}

fn accepted(task: &Task<'_>) -> Value {
    let url = |url: String| json!({"url": url});
    let images: Vec<Value> = task.urls().into_iter().map(url).collect();
    // It says the same twice.
    json!({"images": images, "timings": {"inference": 1.5}, "seed": 7, "data": images})
}

/// Of its moderation no words are published.
fn refusal(why: Refused) -> Option<(u16, Value)> {
    match why {
        Refused::Moderation => None,
        Refused::Credit => Some((
            403,
            json!({"code": 30001, "message": "Sorry, your account balance is insufficient", "data": null}),
        )),
        Refused::Rate => Some((
            429,
            json!({"message": "Request was rejected due to rate limiting. Details:IPM limit reached.", "data": null}),
        )),
    }
}
