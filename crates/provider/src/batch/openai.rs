//! OpenAI's Batch API: a file of requests with `custom_id`, a batch with metadata of ours, an output file and an error
//! file. As published; edits go as JSON with their pictures as `data:` URLs, since a line holds no form.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use super::calls::{Calls, Failed, below, id};
use super::lines::{Lines, ReadError};
use super::{Capacity, Created, Ended, Group, NotDone, Standing};
use crate::openai::{self, Endpoint};
use crate::reply::{Refusal, RefusalKind};
use crate::submission::Submission;
use crate::table::{Batch, Row};
use crate::{Config, Veil};
use model::request::Operation;

/// Under which name of ours a batch is found by its metadata.
const METADATA: &str = "gpbuild";
/// The API's own names for its endpoints begin so, wherever it is reached.
const ENDPOINTS: &str = "/v1";
/// So many batches are looked through, a hundred a page.
const MAX_PAGES: usize = 50;
/// What it says of a line that it did not come to: it is not billed.
const NOT_BEGUN: [&str; 2] = ["batch_expired", "batch_cancelled"];
/// So many errors of a batch are told.
const MAX_TOLD: usize = 3;

/// Sends batches.
pub struct Client {
    row: Arc<Row>,
    batch: Batch,
    base_url: Url,
    endpoint: Endpoint,
    calls: Calls,
    /// It is reached at another place than its own.
    is_relayed: bool,
}

impl Client {
    pub(super) fn new(config: &Config, batch: Batch) -> Self {
        Self {
            calls: Calls::new(config),
            is_relayed: !config.row.is_at(&config.base_url),
            base_url: config.base_url.clone(),
            row: Arc::clone(&config.row),
            endpoint: Endpoint::new(config.clone()),
            batch,
        }
    }

    pub(super) fn place(&self) -> &Url {
        &self.base_url
    }

    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            requests: self.batch.max_requests,
            bytes: self.batch.max_bytes,
        }
    }

    pub(super) fn group(&self, submission: Submission<'_>) -> Group {
        let model = &submission.request.model.name;
        let paths = self.row.paths_of(model);
        let path = match submission.prompt.operation() {
            Operation::Edit => paths.edit(),
            Operation::Generate | Operation::Draw => &paths.generate,
        };
        Group {
            endpoint: format!("{ENDPOINTS}{path}"),
            model: model.clone(),
        }
    }

    pub(super) fn line(&self, name: &str, submission: Submission<'_>) -> io::Result<Value> {
        let body = self.row.body_of(&submission.request.model.name);
        let body = match body.is_empty() {
            true => openai::json(submission)?,
            false => body.json(submission)?,
        };
        let url = self.group(submission).endpoint;
        Ok(json!({"custom_id": name, "method": "POST", "url": url, "body": body}))
    }

    pub(super) async fn upload(
        &self,
        lines: tokio::fs::File,
        size: u64,
        name: &str,
    ) -> Result<String, NotDone> {
        let part = Part::stream_with_length(reqwest::Body::from(lines), size)
            .file_name(format!("{name}.jsonl"))
            .mime_str("application/jsonl")
            .map_err(|e| NotDone::Unknown(e.to_string()))?;
        let form = Form::new().text("purpose", "batch").part("file", part);
        let post = || -> Result<RequestBuilder, Failed> {
            let url = below(&self.base_url, &self.batch.files, &[]);
            let post = self.calls.for_files()?.post(url);
            Ok(post.headers(self.headers()?).multipart(form))
        };
        let answer = match post() {
            Ok(post) => self.calls.json(post).await,
            Err(failed) => Err(failed),
        };
        let answer = answer.map_err(|failed| self.not_done(failed))?;
        id(&answer["id"], "").ok_or_else(|| no_id("the file"))
    }

    pub(super) async fn create(&self, group: &Group, file: &str, name: &str) -> Created {
        let body = json!({
            "input_file_id": file,
            "endpoint": group.endpoint,
            "completion_window": "24h",
            "metadata": {METADATA: name},
        });
        let post = || -> Result<RequestBuilder, Failed> {
            let url = below(&self.base_url, &self.batch.batches, &[]);
            let post = self.calls.client()?.post(url).headers(self.headers()?);
            let post = post.header("content-type", "application/json");
            Ok(post.body(body.to_string()))
        };
        let answer = match post() {
            Ok(post) => self.calls.json(post).await,
            Err(failed) => Err(failed),
        };
        match answer {
            Ok(answer) => match id(&answer["id"], "") {
                Some(id) => Created::Batch {
                    id,
                    until: moment(&answer["expires_at"]),
                },
                None => Created::Doubt("answered without the name of a batch".to_owned()),
            },
            Err(Failed::Unsent(why)) => Created::Unsent(why),
            Err(Failed::Cut(why)) => Created::Doubt(why),
            Err(Failed::Status(status, headers, body)) => {
                let is_unpaid = |status| !self.is_relayed && self.row.is_unpaid(status);
                let read = openai::refusal(is_unpaid, status, &headers, &body, self.calls.veil());
                match read {
                    Ok(refusal) => Created::Refused(refusal),
                    Err(said) => Created::Doubt(format!(
                        "something between here and the provider answered {said}"
                    )),
                }
            }
        }
    }

    pub(super) async fn find(&self, name: &str) -> Result<Option<String>, NotDone> {
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut url = below(&self.base_url, &self.batch.batches, &[]);
            url.query_pairs_mut().append_pair("limit", "100");
            if let Some(after) = &after {
                url.query_pairs_mut().append_pair("after", after);
            }
            let page = self.get(url).await?;
            let batches = page["data"].as_array().map_or(&[][..], Vec::as_slice);
            let own = batches.iter().find(|b| b["metadata"][METADATA] == name);
            if let Some(own) = own {
                return id(&own["id"], "")
                    .map(Some)
                    .ok_or_else(|| no_id("the batch"));
            }
            let last = batches.last().and_then(|last| id(&last["id"], ""));
            if page["has_more"] != true || last.is_none() || last == after {
                return Ok(None);
            }
            after = last;
        }
        Err(NotDone::Unknown(
            "there are more batches than are looked through".to_owned(),
        ))
    }

    pub(super) async fn standing(&self, id: &str) -> Result<Standing, NotDone> {
        let batch = self
            .get(below(&self.base_url, &self.batch.batches, &[id]))
            .await?;
        let state = self
            .calls
            .sentence(batch["status"].as_str().unwrap_or("without a status"));
        let counts = &batch["request_counts"];
        match state.as_str() {
            "completed" | "expired" | "cancelled" | "failed" => Ok(Standing::Ended(Ended {
                is_complete: state == "completed",
                files: [&batch["output_file_id"], &batch["error_file_id"]]
                    .into_iter()
                    .filter_map(|file| self::id(file, ""))
                    .collect(),
                answered: counts["completed"].as_u64(),
                said: self.errors(&batch),
                state,
            })),
            _ => {
                let done = counts["completed"].as_u64().zip(counts["total"].as_u64());
                Ok(Standing::Pending(match done {
                    Some((done, total)) if total > 0 => format!("{state}, {done} of {total} done"),
                    _ => state,
                }))
            }
        }
    }

    pub(super) async fn open(&self, file: &str) -> Result<Lines, NotDone> {
        let get = || -> Result<RequestBuilder, Failed> {
            let url = below(&self.base_url, &self.batch.files, &[file, "content"]);
            Ok(self.calls.for_files()?.get(url).headers(self.headers()?))
        };
        let response = match get() {
            Ok(get) => self.calls.open(get).await,
            Err(failed) => Err(failed),
        };
        let response = response.map_err(|failed| self.not_done(failed))?;
        let veil = self.calls.veil().clone();
        let read_error = error_of_line(Arc::clone(&self.row), self.is_relayed, veil.clone());
        Ok(Lines::new(response, veil, read_error))
    }

    fn headers(&self) -> Result<HeaderMap, Failed> {
        self.endpoint.headers().map_err(Failed::Unsent)
    }

    async fn get(&self, url: Url) -> Result<Value, NotDone> {
        let get = || -> Result<RequestBuilder, Failed> {
            Ok(self.calls.client()?.get(url).headers(self.headers()?))
        };
        let answer = match get() {
            Ok(get) => self.calls.json(get).await,
            Err(failed) => Err(failed),
        };
        answer.map_err(|failed| self.not_done(failed))
    }

    /// What is free and brought nothing.
    fn not_done(&self, failed: Failed) -> NotDone {
        failed.not_done(|status, headers, body| {
            openai::refusal(|_| true, status, headers, body, self.calls.veil()).ok()
        })
    }

    /// What a batch says of itself that was not begun at all.
    fn errors(&self, batch: &Value) -> Option<String> {
        let errors = batch["errors"]["data"].as_array()?.iter();
        let said = errors.filter_map(|error| error["message"].as_str());
        let said: Vec<&str> = said.take(MAX_TOLD).collect();
        (!said.is_empty()).then(|| self.calls.sentence(&said.join("; ")))
    }
}

/// What the error of a line means: that of a request which was answered so, or of one that had no turn.
fn error_of_line(row: Arc<Row>, is_relayed: bool, veil: Veil) -> ReadError {
    Box::new(move |status, body| {
        if let Some(status) = status {
            let is_unpaid = |status| !is_relayed && row.is_unpaid(status);
            return openai::refusal(is_unpaid, status, &HeaderMap::new(), body, &veil);
        }
        let error = format!("{{\"error\":{}}}", String::from_utf8_lossy(body));
        let none = HeaderMap::new();
        let refusal = openai::refusal(|_| true, 400, &none, error.as_bytes(), &veil)?;
        let code = refusal.code.as_deref().unwrap_or_default();
        if NOT_BEGUN.contains(&code) {
            return Ok(Refusal {
                kind: RefusalKind::Overloaded,
                status: 0,
                message: format!("{code}: {}", refusal.message),
                ..refusal
            });
        }
        let said = refusal.said();
        Err(said.trim_start_matches("400 ").to_owned())
    })
}

/// A moment in seconds since 1970, as people read it.
fn moment(seconds: &Value) -> Option<String> {
    let moment = Timestamp::from_second(seconds.as_i64()?).ok()?;
    Some(moment.to_string())
}

fn no_id(what: &str) -> NotDone {
    NotDone::Unknown(format!("the provider does not say how it calls {what}"))
}
