//! Zhipu's task route for GLM-Image: sides in multiples of 32, words alone.

use serde_json::{Value, json};

use super::{Asked, Kind, Protocol, Stands, Task, has_key, only, size};

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "zhipu",
    base: "/api/paas/v4",
    key: "zhipu-0123456789abcdef",
    is_keyed: |headers| has_key(headers, "authorization", "Bearer zhipu-0123456789abcdef"),
    asked: |path, _, body| (path == "/async/images/generations").then(|| asked(body)),
    invalid: |why| (400, json!({"error": {"code": "1210", "message": why}})),
    accepted: |task| json!({"model": "glm-image", "id": task.id, "request_id": "r", "task_status": "PROCESSING"}),
    polled: |path| path.strip_prefix("/async-result/"),
    stands,
    listed: |_| None,
};

fn asked(body: &Value) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!model", Kind::Word("glm-image")),
            ("!prompt", Kind::Text),
            ("!size", Kind::Text),
            ("!watermark_enabled", Kind::Is(false)),
        ],
    )?;
    let size = size(&body["size"], 'x')?;
    if !size.0.is_multiple_of(32) || !size.1.is_multiple_of(32) {
        return Err("a side is no multiple of 32".to_owned());
    }
    Ok(Asked { size, n: 1 })
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
