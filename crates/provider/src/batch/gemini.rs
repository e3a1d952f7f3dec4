//! Gemini's Batch API: a file of requests with `key`, `batchGenerateContent` under a display name of ours, and a file of
//! responses. As published. Files both ways: answers with pictures in the batch itself could not be read by others.

use std::io;
use std::sync::Arc;

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use super::calls::{Calls, Failed, below, id};
use super::lines::{Lines, ReadError};
use super::{Capacity, Created, Ended, Group, NotDone, Standing};
use crate::address::is_known;
use crate::auth;
use crate::gemini;
use crate::submission::Submission;
use crate::table::Batch;
use crate::{Config, Veil};

/// So many batches are looked through, a hundred a page.
const MAX_PAGES: usize = 50;
/// How its names for batches begin.
const BATCHES: &str = "batches/";
/// And those for files.
const FILES: &str = "files/";
/// Where a file is put: before the path of files.
const UPLOAD: &str = "/upload";
/// In which place of the answer the place of an upload stands.
const UPLOAD_URL: &str = "x-goog-upload-url";

/// Sends batches.
pub struct Client {
    config: Config,
    batch: Batch,
    /// Without a version, which the paths have.
    base_url: Url,
    calls: Calls,
}

impl Client {
    pub(super) fn new(config: &Config, batch: Batch) -> Self {
        Self {
            calls: Calls::new(config),
            base_url: gemini::without_version(&config.base_url, &batch.batches),
            config: config.clone(),
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
        Group {
            endpoint: String::new(),
            model: submission.request.model.name.clone(),
        }
    }

    pub(super) fn line(&self, name: &str, submission: Submission<'_>) -> io::Result<Value> {
        let Submission {
            request,
            prompt,
            references,
            // The plan has refused it.
            mask: _,
            // The line has a name of its own.
            own_id: _,
        } = submission;
        let body = gemini::json(request, prompt, references)?;
        Ok(json!({"key": name, "request": body}))
    }

    pub(super) async fn upload(
        &self,
        lines: tokio::fs::File,
        size: u64,
        name: &str,
    ) -> Result<String, NotDone> {
        let place = self.begin_upload(size, name).await;
        let place = place.map_err(|failed| self.not_done(failed))?;
        let post = || -> Result<RequestBuilder, Failed> {
            // The place is a secret of its own: the key does not go there.
            let post = self.calls.for_files()?.post(place);
            Ok(post
                .header("x-goog-upload-command", "upload, finalize")
                .header("x-goog-upload-offset", "0")
                .header("content-length", size)
                .body(reqwest::Body::from(lines)))
        };
        let answer = match post() {
            Ok(post) => self.calls.json(post).await,
            Err(failed) => Err(failed),
        };
        let answer = answer.map_err(|failed| self.not_done(failed))?;
        id(&answer["file"]["name"], FILES).ok_or_else(|| no_id("the file"))
    }

    /// Where the bytes of a file are to go.
    async fn begin_upload(&self, size: u64, name: &str) -> Result<Url, Failed> {
        let path = format!("{UPLOAD}{}", self.batch.files);
        let body = json!({"file": {"displayName": name, "mimeType": "application/jsonl"}});
        let post = self
            .calls
            .client()?
            .post(below(&self.base_url, &path, &[]))
            .headers(self.headers()?)
            .header("x-goog-upload-protocol", "resumable")
            .header("x-goog-upload-command", "start")
            .header("x-goog-upload-header-content-length", size)
            .header("x-goog-upload-header-content-type", "application/jsonl")
            .header("content-type", "application/json")
            .body(body.to_string());
        let response = self.calls.open(post).await?;
        let place = response.headers().get(UPLOAD_URL);
        let place = place.and_then(|place| Url::parse(place.to_str().ok()?).ok());
        let place = place.filter(|place| place.origin() == self.base_url.origin());
        place.ok_or_else(|| {
            Failed::Cut(
                "the provider does not say where the file is to go, or names another host"
                    .to_owned(),
            )
        })
    }

    pub(super) async fn create(&self, group: &Group, file: &str, name: &str) -> Created {
        let body = json!({"batch": {"displayName": name, "inputConfig": {"fileName": file}}});
        let post = || -> Result<RequestBuilder, Failed> {
            let path = self.batch.create.as_deref().unwrap_or_default();
            let url = gemini::url(&self.base_url, path, &group.model).map_err(Failed::Unsent)?;
            let post = self.calls.client()?.post(url).headers(self.headers()?);
            let post = post.header("content-type", "application/json");
            Ok(post.body(body.to_string()))
        };
        let answer = match post() {
            Ok(post) => self.calls.json(post).await,
            Err(failed) => Err(failed),
        };
        match answer {
            Ok(answer) => match id(&answer["name"], BATCHES) {
                Some(id) => Created::Batch { id, until: None },
                None => Created::Doubt("answered without the name of a batch".to_owned()),
            },
            Err(Failed::Unsent(why)) => Created::Unsent(why),
            Err(Failed::Cut(why)) => Created::Doubt(why),
            Err(Failed::Status(status, headers, body)) => {
                let is_unpaid = is_unpaid(&self.config, status);
                match gemini::refusal(is_unpaid, status, &headers, &body, self.calls.veil()) {
                    Some(refusal) => Created::Refused(refusal),
                    None => Created::Doubt(format!(
                        "the provider, or something on the way to it, answered {status}"
                    )),
                }
            }
        }
    }

    pub(super) async fn find(&self, name: &str) -> Result<Option<String>, NotDone> {
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut url = below(&self.base_url, &self.batch.batches, &[]);
            url.query_pairs_mut().append_pair("pageSize", "100");
            if let Some(token) = &token {
                url.query_pairs_mut().append_pair("pageToken", token);
            }
            let page = self.get(url).await?;
            let batches = page["operations"].as_array().map_or(&[][..], Vec::as_slice);
            let own = batches
                .iter()
                .find(|b| b["metadata"]["displayName"] == name);
            if let Some(own) = own {
                let id = id(&own["name"], BATCHES);
                return id.map(Some).ok_or_else(|| no_id("the batch"));
            }
            let next = page["nextPageToken"]
                .as_str()
                .filter(|next| !next.is_empty());
            if next.is_none() || next == token.as_deref() {
                return Ok(None);
            }
            token = next.map(str::to_owned);
        }
        Err(NotDone::Unknown(
            "there are more batches than are looked through".to_owned(),
        ))
    }

    pub(super) async fn standing(&self, id: &str) -> Result<Standing, NotDone> {
        let own = id.strip_prefix(BATCHES).unwrap_or(id);
        let batch = self
            .get(below(&self.base_url, &self.batch.batches, &[own]))
            .await?;
        let told = &batch["metadata"];
        let word = told["state"].as_str().unwrap_or("without a state");
        // Both beginnings are published.
        let word = word.trim_start_matches("JOB_STATE_");
        let state = self.calls.sentence(word.trim_start_matches("BATCH_STATE_"));
        let stats = &told["batchStats"];
        match state.as_str() {
            "SUCCEEDED" | "PARTIALLY_SUCCEEDED" | "FAILED" | "CANCELLED" | "EXPIRED" => {
                let places = [
                    &told["output"]["responsesFile"],
                    &batch["response"]["responsesFile"],
                ];
                let file = places.into_iter().find_map(|file| self::id(file, FILES));
                let said = batch["error"]["message"].as_str();
                Ok(Standing::Ended(Ended {
                    is_complete: state.ends_with("SUCCEEDED"),
                    files: file.into_iter().collect(),
                    answered: whole(&stats["successfulRequestCount"]),
                    said: said.map(|said| self.calls.sentence(said)),
                    state,
                }))
            }
            _ => {
                let total = whole(&stats["requestCount"]);
                let left = whole(&stats["pendingRequestCount"]);
                Ok(Standing::Pending(match total.zip(left) {
                    Some((total, left)) if total > 0 => {
                        format!("{state}, {} of {total} done", total.saturating_sub(left))
                    }
                    _ => state,
                }))
            }
        }
    }

    pub(super) async fn open(&self, file: &str) -> Result<Lines, NotDone> {
        let get = || -> Result<RequestBuilder, Failed> {
            let own = file.strip_prefix(FILES).unwrap_or(file);
            let mut url = below(
                &self.base_url,
                &self.batch.files,
                &[&format!("{own}:download")],
            );
            url.query_pairs_mut().append_pair("alt", "media");
            Ok(self.calls.for_files()?.get(url).headers(self.headers()?))
        };
        let response = match get() {
            Ok(get) => self.calls.open(get).await,
            Err(failed) => Err(failed),
        };
        let response = response.map_err(|failed| self.not_done(failed))?;
        let veil = self.calls.veil().clone();
        let read_error = error_of_line(Arc::new(self.config.clone()), veil.clone());
        Ok(Lines::new(response, veil, read_error))
    }

    fn headers(&self) -> Result<HeaderMap, Failed> {
        auth::headers(&self.config).map_err(Failed::Unsent)
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
            gemini::refusal(true, status, headers, body, self.calls.veil())
        })
    }
}

/// Whether a status is surely not paid for: of its own it is known, of a relay's it is not.
fn is_unpaid(config: &Config, status: u16) -> bool {
    is_known(&config.base_url, &config.row.hosts) && config.row.is_unpaid(status)
}

/// What the error of a line means: a `google.rpc.Status` without a status of HTTP.
fn error_of_line(config: Arc<Config>, veil: Veil) -> ReadError {
    Box::new(move |_, body| {
        let error: Value = serde_json::from_slice(body).unwrap_or_default();
        let status = error["code"].as_u64().map_or(500, http_status);
        let envelope = format!("{{\"error\":{}}}", String::from_utf8_lossy(body));
        let none = HeaderMap::new();
        let is_unpaid = is_unpaid(&config, status);
        let refusal = gemini::refusal(is_unpaid, status, &none, envelope.as_bytes(), &veil);
        let said = error["message"]
            .as_str()
            .unwrap_or("its line says an error without words");
        refusal.ok_or_else(|| said.to_owned())
    })
}

/// The status of HTTP for a code of `google.rpc`, as its own table has it; a status is one already.
fn http_status(code: u64) -> u16 {
    match code {
        3 | 9 | 11 => 400,
        16 => 401,
        7 => 403,
        5 => 404,
        6 | 10 => 409,
        8 => 429,
        1 => 499,
        12 => 501,
        14 => 503,
        4 => 504,
        400..=599 => u16::try_from(code).unwrap_or(500),
        _ => 500,
    }
}

/// A whole number, which protocol buffers write as a text.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn no_id(what: &str) -> NotDone {
    NotDone::Unknown(format!("the provider does not say how it calls {what}"))
}
