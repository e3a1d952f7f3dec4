//! Zhipu: GLM-Image by its task route, in multiples of 32, and CogView by one request, in multiples of 16; words alone.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Refused, Stands, Task, has_key, only, size};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "zhipu",
    base: "/api/paas/v4",
    key: "zhipu-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer zhipu-0123456789abcdef"),
    asked: |path, _, body| match path {
        "/async/images/generations" => Some(asked(body, GLM_IMAGE, 32)),
        "/images/generations" => Some(asked(body, "cogview-4-250304", 16)),
        _ => None,
    },
    invalid: |why| (400, json!({"error": {"code": "1210", "message": why}})),
    accepted,
    polled: |path| path.strip_prefix("/async-result/"),
    stands,
    listed: |_| None,
    refusal,
    prompt: "/prompt",
};

/// The model that is asked for tasks, and no other way here.
const GLM_IMAGE: &str = "glm-image";

/// A request by a route for this model, whose sides are multiples.
fn asked(body: &Value, model: &'static str, multiple: u32) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!model", Kind::Word(model)),
            ("!prompt", Kind::Text),
            ("!size", Kind::Text),
            ("!watermark_enabled", Kind::Is(false)),
        ],
    )?;
    let size = size(&body["size"], 'x')?;
    if !size.0.is_multiple_of(multiple) || !size.1.is_multiple_of(multiple) {
        return Err(format!("a side is no multiple of {multiple}"));
    }
    Ok(Asked { size, n: 1 })
}

fn accepted(task: &Task<'_>) -> Value {
    if task.body["model"] == GLM_IMAGE {
        return json!({"model": GLM_IMAGE, "id": task.id, "request_id": "r", "task_status": "PROCESSING"});
    }
    let url = task.urls().remove(0);
    json!({"created": 1, "data": [{"url": url}], "content_filter": [{"role": "assistant", "level": 3}]})
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    match stands {
        Stands::Pending => (200, json!({"task_status": "PROCESSING"})),
        Stands::Ready | Stands::Result => {
            let url = task.urls().remove(0);
            (
                200,
                json!({"task_status": "SUCCESS", "image_result": [{"url": url}]}),
            )
        }
        Stands::Moderated => {
            let error = json!({"code": "1301", "message": "sensitive"});
            (200, json!({"task_status": "FAIL", "error": error}))
        }
        Stands::Gone => (
            404,
            json!({"error": {"code": "1212", "message": "no such task"}}),
        ),
    }
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, code, message) = match why {
        Refused::Moderation => (
            400,
            "1301",
            "The system has detected potentially unsafe or sensitive content in the input.",
        ),
        Refused::Credit => (
            429,
            "1113",
            "Your account is in arrears. Please recharge and try again.",
        ),
        Refused::Rate => (
            429,
            "1302",
            "You have reached the rate limit for concurrent requests.",
        ),
    };
    Some((status, json!({"error": {"code": code, "message": message}})))
}
