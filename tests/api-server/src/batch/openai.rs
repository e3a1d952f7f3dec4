//! OpenAI's Batch API: `/v1/files`, `/v1/batches`, lines with `custom_id`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::{Answer, BatchManner, Batched, KEY, Shared, header, json_answer, lines, query, turns};
use crate::model;
use crate::openapi;
use crate::png::{Format, Picture};
use crate::usage::Usage;

/// So many batches are on a page of the list, whatever is asked for.
const PAGE: usize = 2;

pub(super) async fn answer(shared: &Shared, head: &Parts, body: Bytes) -> Answer {
    if header(head, "authorization") != format!("Bearer {KEY}") {
        return Ok(json_answer(401, &error("invalid_api_key", "no such key")));
    }
    let manner = shared.manner();
    let path = head.uri.path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Ok(match (&head.method, parts.as_slice()) {
        (&Method::POST, ["v1", "files"]) => {
            tokio::time::sleep(manner.slow).await;
            match manner.refuse_upload {
                Some(status) => json_answer(status, &echoed()),
                None => upload(shared, head, &body),
            }
        }
        (&Method::POST, ["v1", "batches"]) => {
            if let Some(status) = manner.refuse_create {
                return Ok(json_answer(status, &echoed()));
            }
            let created = create(shared, &body);
            if manner.lose_answer {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            created
        }
        (&Method::GET, ["v1", "batches"]) => list(shared, head, &manner),
        (&Method::GET, ["v1", "batches", id]) => match shared.poll(id, end) {
            Some(batch) => {
                let mut told = told(&batch);
                if manner.no_file {
                    told["output_file_id"] = Value::Null;
                }
                json_answer(200, &told)
            }
            None => json_answer(404, &error("not_found", "No batch found with that id")),
        },
        (&Method::GET, ["v1", "files", id, "content"]) => {
            let id = (*id).to_owned();
            shared.output(move |batch| {
                let own = id.strip_suffix(&batch.id)?;
                match own {
                    "output-" => Some(batch.output.clone()),
                    "errors-" => Some(batch.errors.clone()),
                    _ => None,
                }
            })
        }
        _ => {
            shared.is_wrong(format!("{} {path}", head.method));
            json_answer(404, &error("not_found", "no such place"))
        }
    })
}

fn upload(shared: &Shared, head: &Parts, body: &[u8]) -> hyper::Response<crate::wire::Steps> {
    let boundary = header(head, "content-type").split("boundary=").nth(1);
    let boundary = format!("--{}", boundary.unwrap_or_default().trim_matches('"'));
    let text = String::from_utf8_lossy(body);
    let mut purpose = None;
    let mut file = None;
    for part in text.split(&boundary) {
        let Some((name, content)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let content = content.strip_suffix("\r\n").unwrap_or(content);
        if name.contains("name=\"purpose\"") {
            purpose = Some(content.to_owned());
        } else if name.contains("name=\"file\"") {
            if !name.contains("filename=") || !name.contains("application/jsonl") {
                shared.is_wrong(format!("a file without name or type: {name}"));
            }
            file = Some(Bytes::from(content.to_owned()));
        }
    }
    match (purpose.as_deref(), file) {
        (Some("batch"), Some(file)) => {
            let number = shared.keep(file);
            json_answer(
                200,
                &json!({"id": format!("file-{number}"), "object": "file", "purpose": "batch"}),
            )
        }
        _ => {
            shared.is_wrong("an upload is no file for a batch");
            json_answer(400, &error("invalid_request", "no file for a batch"))
        }
    }
}

fn create(shared: &Shared, body: &[u8]) -> hyper::Response<crate::wire::Steps> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let file = asked["input_file_id"].as_str().unwrap_or_default();
    let number = file.strip_prefix("file-").and_then(|n| n.parse().ok());
    let Some(file) = number.and_then(|number| shared.file(number)) else {
        return json_answer(400, &error("invalid_request", "no such file"));
    };
    let endpoint = asked["endpoint"].as_str().unwrap_or_default().to_owned();
    if asked["completion_window"] != "24h" {
        shared.is_wrong("a batch without its window");
    }
    let mut found = Vec::new();
    for line in lines(shared, &file) {
        if let Err(why) = check(&line, &endpoint) {
            shared.is_wrong(why);
        }
        let name = line["custom_id"].as_str().unwrap_or_default().to_owned();
        found.push((name, line["body"].clone()));
    }
    let models = found.iter().map(|(_, body)| body["model"].to_string());
    let models: std::collections::BTreeSet<String> = models.collect();
    if models.len() != 1 {
        shared.is_wrong("a batch is for one model");
    }
    let batch = Batched {
        id: format!("batch_{}", shared.batch_number()),
        name: asked["metadata"]["gpbuild"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        endpoint,
        lines: found,
        ..Batched::default()
    };
    let answer = told(&batch);
    shared.create(batch);
    json_answer(200, &answer)
}

impl Shared {
    fn batch_number(&self) -> usize {
        crate::listen::lock(&self.batches).len() + 1
    }
}

/// What is wrong with a line.
fn check(line: &Value, endpoint: &str) -> Result<(), String> {
    if line["method"] != "POST" || line["url"] != endpoint {
        return Err(format!(
            "a line goes elsewhere than its batch: {}",
            line["url"]
        ));
    }
    let body = &line["body"];
    let checked = match endpoint {
        "/v1/images/generations" => openapi::check_generation(body),
        "/v1/images/edits" => {
            for image in body["images"].as_array().into_iter().flatten() {
                let url = image["image_url"].as_str().unwrap_or_default();
                let data = url.split_once(";base64,").map(|(_, data)| data);
                if data.is_none_or(|data| STANDARD.decode(data).is_err()) {
                    return Err("a picture of a line is none".to_owned());
                }
            }
            openapi::check_edit_json(body)
        }
        other => return Err(format!("no endpoint `{other}`")),
    };
    checked.map_err(|problems| problems.join("; "))
}

fn list(
    shared: &Shared,
    head: &Parts,
    manner: &BatchManner,
) -> hyper::Response<crate::wire::Steps> {
    let batches = crate::listen::lock(&shared.batches).clone();
    let mut newest: Vec<&Batched> = batches.iter().rev().collect();
    if manner.hide {
        newest.clear();
    }
    let after = query(head, "after");
    let begin = after.and_then(|after| newest.iter().position(|b| b.id == after));
    let begin = begin.map_or(0, |at| at + 1);
    let page = newest.iter().skip(begin).take(PAGE);
    let page: Vec<Value> = page.map(|batch| told(batch)).collect();
    let has_more = begin + page.len() < newest.len();
    json_answer(
        200,
        &json!({"object": "list", "data": page, "has_more": has_more}),
    )
}

fn told(batch: &Batched) -> Value {
    let ended = batch.end.is_some();
    let status = match (&batch.end, batch.polls) {
        (Some(end), _) => end.as_str(),
        (None, 0) => "validating",
        (None, 1) => "in_progress",
        (None, _) => "finalizing",
    };
    let file = |kind: &str, text: &String| match text.is_empty() {
        true => Value::Null,
        false => format!("{kind}-{}", batch.id).into(),
    };
    let completed = if ended { batch.pictures.len() } else { 0 };
    let errors = match status {
        "failed" => json!({"object": "list", "data": [
            {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": null},
        ]}),
        _ => Value::Null,
    };
    json!({
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "status": status,
        "errors": errors,
        "completion_window": "24h",
        "created_at": 1_795_900_000_u64,
        "expires_at": 1_795_986_400_u64,
        "output_file_id": file("output", &batch.output),
        "error_file_id": file("errors", &batch.errors),
        "request_counts": {"total": batch.lines.len(), "completed": completed, "failed": 0},
        "metadata": {"gpbuild": batch.name},
    })
}

/// Ends a batch.
fn end(manner: &BatchManner, batch: &mut Batched) {
    let end = match manner.end.as_str() {
        "" => "completed",
        end => end,
    };
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut pictures = Vec::new();
    let done: Vec<(String, Value, bool)> = turns(manner, batch)
        .map(|(name, body, is_answered)| (name.clone(), body.clone(), is_answered))
        .collect();
    for (name, body, is_answered) in done {
        let prompt = body["prompt"].as_str().unwrap_or_default();
        let is_refused = !manner.refuse_word.is_empty() && prompt.contains(&manner.refuse_word);
        if end == "failed" {
            continue;
        }
        if !is_answered {
            errors.push(json!({"id": "batch_req_0", "custom_id": name, "response": null, "error": {
                "code": format!("batch_{end}"),
                "message": "This request could not be executed before the completion window expired.",
            }}));
            continue;
        }
        if is_refused {
            let body = error("moderation_blocked", "Your request was rejected");
            errors.push(json!({"id": "batch_req_0", "custom_id": name, "response":
                {"status_code": 400, "request_id": "req_0", "body": body}, "error": null}));
            continue;
        }
        let (body, digests) = made(&batch.id, &name, &body);
        pictures.extend(digests.into_iter().map(|digest| (name.clone(), digest)));
        output.push(json!({"id": "batch_req_1", "custom_id": name, "response":
            {"status_code": 200, "request_id": format!("req_{}", &name[..8]), "body": body}, "error": null}));
    }
    if manner.lose_line {
        output.pop();
    }
    if manner.double {
        output.extend(output.clone());
    }
    if manner.strange {
        let (body, _) = made("another", "another", &batch.lines[0].1);
        let name = "ab".repeat(32);
        output.insert(
            0,
            json!({"custom_id": name, "response": {"status_code": 200, "body": body}}),
        );
    }
    let text = |lines: Vec<Value>| lines.iter().map(|line| format!("{line}\n")).collect();
    batch.output = text(output);
    if manner.torn {
        batch.output.insert_str(0, "{\"id\": \"batch_re\n");
    }
    batch.errors = text(errors);
    batch.pictures = pictures;
    batch.end = Some(end.to_owned());
}

/// The answer to a request, and the digests of its pictures.
fn made(id: &str, name: &str, body: &Value) -> (Value, Vec<String>) {
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let n = u32::try_from(body["n"].as_u64().unwrap_or(1)).unwrap_or(1);
    let size = text("size").split_once('x');
    let size = size.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let size = size.unwrap_or((64, 64));
    let (mut data, mut digests) = (Vec::new(), Vec::new());
    for nth in 0..n {
        let picture = Picture {
            size,
            format: Format::Png,
            quality: 100,
            transparent: false,
            seed: *blake3::hash(format!("{id} {name} {nth}").as_bytes()).as_bytes(),
        };
        let bytes = picture.encode();
        digests.push(blake3::hash(&bytes).to_hex().to_string());
        data.push(json!({"b64_json": STANDARD.encode(&bytes)}));
    }
    let references = vec![size; body["images"].as_array().map_or(0, Vec::len)];
    let usage = model::find(text("model")).map(|model| {
        Usage::of(
            model,
            text("quality"),
            size,
            n,
            0,
            text("prompt"),
            &references,
        )
        .json()
    });
    (json!({"created": 1, "data": data, "usage": usage}), digests)
}

/// A refusal that repeats what it was sent.
fn echoed() -> Value {
    error("not_now", &format!("not now, Bearer {KEY}"))
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}})
}
