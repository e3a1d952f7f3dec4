//! DashScope's task route: a header makes it one, words and pictures are elements of one message, the size has a star.

use serde_json::{Value, json};

use super::{Asked, Kind, Lists, Protocol, Refused, Stands, Task, has_key, only, size};

const KEY: &str = "sk-dashscope-0123456789abcdef";

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dashscope",
    base: "/api/v1",
    key: KEY,
    is_keyed: |headers| {
        has_key(
            headers,
            "authorization",
            "Bearer sk-dashscope-0123456789abcdef",
        )
    },
    asked: |path, headers, body| {
        (path == "/services/aigc/image-generation/generation").then(|| {
            match has_key(headers, "x-dashscope-async", "enable") {
                true => asked(body),
                false => Err("current user api does not support synchronous calls".to_owned()),
            }
        })
    },
    invalid: |why| {
        (
            400,
            json!({"code": "InvalidParameter", "message": why, "request_id": "r"}),
        )
    },
    accepted: |task| json!({"output": {"task_id": task.id, "task_status": "PENDING"}, "request_id": "r"}),
    polled: |path| path.strip_prefix("/tasks/"),
    stands,
    listed,
    refusal,
    prompt: "/input/messages/0/content/0/text",
};

fn asked(body: &Value) -> Result<Asked, String> {
    only(
        body,
        &[
            ("!model", Kind::Word("qwen-image-3.0")),
            ("!input", Kind::Any),
            ("!parameters", Kind::Any),
        ],
    )?;
    let parameters = &body["parameters"];
    only(
        parameters,
        &[
            ("!size", Kind::Text),
            ("!n", Kind::Number),
            ("!prompt_extend", Kind::Is(false)),
            ("!enable_thinking", Kind::Is(false)),
            ("!watermark", Kind::Is(false)),
            ("negative_prompt", Kind::Text),
            ("seed", Kind::Number),
            // Its own package sends it.
            ("is_async", Kind::Is(true)),
        ],
    )?;
    let message = &body["input"]["messages"][0];
    only(
        message,
        &[("!role", Kind::Word("user")), ("!content", Kind::Any)],
    )?;
    let content = message["content"].as_array().ok_or("no content")?;
    let (text, pictures) = content.split_last().ok_or("no content")?;
    only(text, &[("!text", Kind::Text)])?;
    for picture in pictures {
        only(picture, &[("!image", Kind::Url)])?;
    }
    Ok(Asked {
        size: size(&parameters["size"], '*')?,
        n: parameters["n"].as_u64().unwrap_or_default(),
    })
}

fn stands(task: &Task<'_>, stands: Stands) -> (u16, Value) {
    let output = match stands {
        Stands::Pending => json!({"task_id": task.id, "task_status": "RUNNING"}),
        Stands::Ready | Stands::Result => {
            let content: Vec<Value> = task
                .urls()
                .into_iter()
                .map(|url| json!({"image": url}))
                .collect();
            json!({"task_id": task.id, "task_status": "SUCCEEDED",
                "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": content}}]})
        }
        Stands::Moderated => {
            json!({"task_id": task.id, "task_status": "FAILED", "code": "DataInspectionFailed",
                "message": "Output data may contain inappropriate content."})
        }
        Stands::Gone => json!({"task_id": task.id, "task_status": "UNKNOWN"}),
    };
    (200, json!({"output": output, "request_id": "r"}))
}

/// As its documents show it.
fn listed(lists: &Lists<'_>) -> Option<Value> {
    let page = lists.parameter("page_no")?.parse().ok()?;
    let model = lists.parameter("model_name")?.replace("%2E", ".");
    let task = |task: &super::Accepted<'_>| {
        json!({"api_key_id": "15", "gmt_create": task.at, "model_name": model, "region": "cn-beijing",
            "request_id": "r", "start_time": task.at, "status": "RUNNING", "task_id": task.id})
    };
    let data: Vec<Value> = lists.page(page).map(task).collect();
    (lists.below == "/tasks/").then(|| {
        json!({"total": lists.tasks.len(), "data": data, "total_page": lists.pages(), "page_no": page,
            "page_size": 2, "request_id": "r"})
    })
}

fn refusal(why: Refused) -> Option<(u16, Value)> {
    let (status, code, message) = match why {
        Refused::Moderation => (
            400,
            "DataInspectionFailed",
            "Input data may contain inappropriate content.",
        ),
        Refused::Credit => (
            400,
            "Arrearage",
            "Access denied, please make sure your account is in good standing.",
        ),
        Refused::Rate => (
            429,
            "Throttling.RateQuota",
            "Requests rate limit exceeded, please try again later.",
        ),
    };
    Some((
        status,
        json!({"code": code, "message": message, "request_id": "r"}),
    ))
}
