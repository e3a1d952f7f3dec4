//! Gemini's Batch API: resumable uploads, `batchGenerateContent`, lines with `key`.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use serde_json::{Value, json};

use super::{Answer, BatchManner, Batched, KEY, Shared, header, json_answer, lines, query, turns};
use crate::gemini::{Turn, answer, check};
use crate::listen::lock;
use crate::wire::Steps;

/// So many batches are on a page of the list, whatever is asked for.
const PAGE: usize = 2;

pub(super) async fn answer(
    shared: &Shared,
    address: SocketAddr,
    head: &Parts,
    body: Bytes,
) -> Answer {
    let manner = shared.manner();
    let path = head.uri.path().to_owned();
    if let Some(number) = path.strip_prefix("/put/") {
        if head.headers.contains_key("x-goog-api-key") {
            shared.is_wrong("the key went to the place of an upload");
        }
        tokio::time::sleep(manner.slow).await;
        return Ok(put(shared, head, number, body));
    }
    if header(head, "x-goog-api-key") != KEY {
        return Ok(json_answer(401, &error(401, "no such key")));
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Ok(match (&head.method, parts.as_slice()) {
        (&Method::POST, ["upload", "v1beta", "files"]) => {
            if let Some(status) = manner.refuse_upload {
                return Ok(not_now(status));
            }
            begin(shared, address, head)
        }
        (&Method::POST, ["v1beta", "models", model]) => {
            if let Some(status) = manner.refuse_create {
                return Ok(not_now(status));
            }
            let created = create(shared, model, &body);
            if manner.lose_answer {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            created
        }
        (&Method::GET, ["v1beta", "batches"]) => list(shared, head, &manner),
        (&Method::GET, ["v1beta", "batches", id]) => {
            match shared.poll(&format!("batches/{id}"), end) {
                Some(batch) => {
                    let mut told = told(&batch);
                    if manner.no_file {
                        told["metadata"]["output"] = Value::Null;
                    }
                    json_answer(200, &told)
                }
                None => json_answer(404, &error(404, "no such batch")),
            }
        }
        (&Method::GET, ["v1beta", "files", file]) if file.ends_with(":download") => {
            if query(head, "alt").as_deref() != Some("media") {
                shared.is_wrong("a file is asked for without its bytes");
            }
            let file = file.trim_end_matches(":download").to_owned();
            shared.output(move |batch| (file == output_of(batch)).then(|| batch.output.clone()))
        }
        _ => {
            shared.is_wrong(format!("{} {path}", head.method));
            json_answer(404, &error(404, "no such place"))
        }
    })
}

/// A refusal that tells the key, as some gateways do.
fn not_now(status: u16) -> Response<Steps> {
    json_answer(status, &error(status, &format!("not now, {KEY}")))
}

fn output_of(batch: &Batched) -> String {
    batch.id.replace("batches/", "out-")
}

/// Where the bytes of a file are to go.
fn begin(shared: &Shared, address: SocketAddr, head: &Parts) -> Response<Steps> {
    let is_right = header(head, "x-goog-upload-protocol") == "resumable"
        && header(head, "x-goog-upload-command") == "start"
        && header(head, "x-goog-upload-header-content-type") == "application/jsonl";
    if !is_right {
        shared.is_wrong("an upload does not begin as it should");
    }
    let size = header(head, "x-goog-upload-header-content-length");
    let place = format!("http://{address}/put/{size}");
    let mut answer = json_answer(200, &json!({}));
    if let Ok(place) = place.parse() {
        answer.headers_mut().insert("x-goog-upload-url", place);
    }
    answer
}

fn put(shared: &Shared, head: &Parts, size: &str, body: Bytes) -> Response<Steps> {
    if size != body.len().to_string() || header(head, "x-goog-upload-command") != "upload, finalize"
    {
        shared.is_wrong("an upload is not what it was said to be");
    }
    let number = shared.keep(body);
    json_answer(
        200,
        &json!({"file": {"name": format!("files/in-{number}"), "state": "ACTIVE"}}),
    )
}

fn create(shared: &Shared, path: &str, body: &[u8]) -> Response<Steps> {
    let Some(model) = path.strip_suffix(":batchGenerateContent") else {
        shared.is_wrong(format!("{path} is no batch"));
        return json_answer(404, &error(404, "no such method"));
    };
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let file = asked["batch"]["inputConfig"]["fileName"].as_str();
    let number = file.and_then(|file| file.strip_prefix("files/in-")?.parse().ok());
    let Some(file) = number.and_then(|number| shared.file(number)) else {
        return json_answer(400, &error(400, "no such file"));
    };
    let mut found = Vec::new();
    for line in lines(shared, &file) {
        if let Err(why) = size_of(model, &line["request"]) {
            shared.is_wrong(why);
        }
        let name = line["key"].as_str().unwrap_or_default().to_owned();
        found.push((name, line["request"].clone()));
    }
    let number = lock(&shared.batches).len() + 1;
    let batch = Batched {
        id: format!("batches/b{number}"),
        name: asked["batch"]["displayName"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        endpoint: model.to_owned(),
        lines: found,
        ..Batched::default()
    };
    let answer = told(&batch);
    shared.create(batch);
    json_answer(200, &answer)
}

/// The size of what a request asks for; an error is what is wrong with it.
fn size_of(model: &str, request: &Value) -> Result<(u32, u32), String> {
    let head = hyper::Request::builder()
        .method(Method::POST)
        .uri(format!("/v1beta/models/{model}:generateContent"))
        .header("x-goog-api-key", KEY)
        .header("content-type", "application/json")
        .body(())
        .map_err(|e| e.to_string())?;
    let (head, ()) = head.into_parts();
    let checked = check::request(&head, request.to_string().as_bytes(), KEY);
    checked
        .map(|(_, _, size)| size)
        .map_err(|problem| problem.message)
}

fn list(shared: &Shared, head: &Parts, manner: &BatchManner) -> Response<Steps> {
    let batches = lock(&shared.batches).clone();
    let begin = query(head, "pageToken")
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let known = batches.iter().rev().filter(|_| !manner.hide);
    let page: Vec<Value> = known.clone().skip(begin).take(PAGE).map(told).collect();
    let mut answer = json!({"operations": page});
    if known.count() > begin + PAGE {
        answer["nextPageToken"] = (begin + PAGE).to_string().into();
    }
    json_answer(200, &answer)
}

fn told(batch: &Batched) -> Value {
    let state = match (&batch.end, batch.polls) {
        (Some(end), _) => match end.as_str() {
            "completed" => "BATCH_STATE_SUCCEEDED".to_owned(),
            other => format!("BATCH_STATE_{}", other.to_uppercase()),
        },
        (None, 0) => "BATCH_STATE_PENDING".to_owned(),
        (None, _) => "BATCH_STATE_RUNNING".to_owned(),
    };
    let count = |n: usize| n.to_string();
    let total = batch.lines.len();
    let done = if batch.end.is_some() {
        batch.pictures.len()
    } else {
        0
    };
    let mut told = json!({"name": batch.id, "metadata": {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": format!("models/{}", batch.endpoint),
        "displayName": batch.name,
        "state": state,
        "batchStats": {
            "requestCount": count(total),
            "successfulRequestCount": count(done),
            "pendingRequestCount": count(if batch.end.is_some() { 0 } else { total }),
        },
    }});
    if !batch.output.is_empty() {
        told["metadata"]["output"] =
            json!({"responsesFile": format!("files/{}", output_of(batch))});
    }
    if batch.end.as_deref() == Some("failed") {
        told["error"] = json!({"code": 3, "message": "the file cannot be read"});
    }
    told
}

/// Ends a batch.
fn end(manner: &BatchManner, batch: &mut Batched) {
    let end = match manner.end.as_str() {
        "" => "completed",
        end => end,
    };
    let mut output = Vec::new();
    let mut pictures = Vec::new();
    for (name, body, is_answered) in turns(manner, batch) {
        if end == "failed" || !is_answered {
            continue;
        }
        let prompt = body["contents"][0]["parts"][0]["text"]
            .as_str()
            .unwrap_or_default();
        let is_refused = !manner.refuse_word.is_empty() && prompt.contains(&manner.refuse_word);
        if is_refused {
            output.push(json!({"key": name, "error": {"code": 3, "message": "not allowed"}}));
            continue;
        }
        let size = size_of(&batch.endpoint, body).unwrap_or((64, 64));
        let seed = format!("{} {name}", batch.id);
        let made = answer::answer(&Turn::Picture, &batch.endpoint, body, size, &seed, &seed);
        pictures.extend(made.picture.map(|digest| (name.clone(), digest)));
        // Its name may stand behind it.
        output.push(json!({"response": made.json, "key": name}));
    }
    if manner.lose_line {
        output.pop();
    }
    if manner.double {
        output.extend(output.clone());
    }
    if manner.strange {
        output.insert(
            0,
            json!({"key": "ab".repeat(32), "response": {"candidates": []}}),
        );
    }
    batch.output = output.iter().map(|line| format!("{line}\n")).collect();
    batch.pictures = pictures;
    batch.end = Some(end.to_owned());
}

fn error(status: u16, message: &str) -> Value {
    json!({"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}})
}
