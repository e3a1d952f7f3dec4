//! Sends one request and writes what comes back as it comes. Says what is known of what became of it;
//! sends nothing twice.

use std::io::Write;
use std::path::Path;

use reqwest::RequestBuilder;

use super::body;
use super::endpoint::Endpoint;
use super::refusal;
use crate::provider::Veil;
use crate::provider::bounded;
use crate::provider::http::{Http, NoAnswer, beginning};
use crate::provider::reply::{Attachment, Reply};
use crate::provider::request::{Operation, Request};

/// The most that is read of an answer, for each picture: four bytes for each of eight million pixels,
/// in base64, and as much again.
const MAX_PICTURE_BYTES: u64 = 96 << 20;

/// Sends requests. Nothing of it is set up before the first one.
pub struct Client {
    endpoint: Endpoint,
    http: Http,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(endpoint: Endpoint) -> Self {
        let http = Http::new(endpoint.timeout(), endpoint.is_here());
        Self { endpoint, http }
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        self.endpoint.veil()
    }

    /// Sends `request` once. The body of an answer goes to `into` as it comes.
    pub async fn send(
        &self,
        request: &Request,
        references: &[Attachment],
        mask: Option<&Attachment>,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        let post = match self.post(request, references, mask).await {
            Ok(post) => post,
            Err(reply) => return reply,
        };
        let mut response = match self.http.send(post).await {
            Ok(response) => response,
            Err(why) => return reply(why, None),
        };
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let veil = self.endpoint.veil();
        let request_id = header("x-request-id").as_deref().and_then(bounded::name);
        let request_id = request_id.filter(|id| veil.lets_pass(id));
        let status = response.status().as_u16();
        if !response.status().is_success() {
            let headers = response.headers().clone();
            let body = beginning(&mut response).await;
            return match refusal::read(status, &headers, &body, &veil) {
                Some(refusal) => Reply::Refused(refusal),
                None => Reply::Doubt {
                    why: format!("something between here and the provider answered {status}"),
                    request_id,
                },
            };
        }
        let limit = (1 << 20) + u64::from(request.candidates) * MAX_PICTURE_BYTES;
        match self.http.write_body(response, limit, into, path).await {
            Ok(()) => Reply::Answered { request_id },
            Err(why) => reply(why, request_id),
        }
    }

    /// The request, put together.
    async fn post(
        &self,
        request: &Request,
        references: &[Attachment],
        mask: Option<&Attachment>,
    ) -> Result<RequestBuilder, Reply> {
        let model = self.endpoint.model(&request.model.name);
        let client = self.http.client().map_err(Reply::Unsent)?;
        let headers = self.endpoint.headers().map_err(|variable| {
            Reply::Unsent(format!("`{variable}` holds what no header can carry"))
        })?;
        let operation = match request.operation {
            Operation::Edit => "edits",
            Operation::Generate | Operation::Draw => "generations",
        };
        let post = client
            .post(self.endpoint.url(&request.model.name, operation))
            .headers(headers);
        if request.operation == Operation::Edit {
            let form = body::form(request, model, references, mask).await;
            let form = form.map_err(|e| Reply::Unreadable(e.to_string()))?;
            return Ok(post.multipart(form));
        }
        let json = serde_json::Value::Object(body::parameters(request, model));
        Ok(post
            .header("content-type", "application/json")
            .body(json.to_string()))
    }
}

fn reply(why: NoAnswer, request_id: Option<String>) -> Reply {
    match why {
        NoAnswer::Unsent(why) => Reply::Unsent(why),
        NoAnswer::Cut(why) => Reply::Doubt { why, request_id },
        NoAnswer::Disk(error) => Reply::Disk(error),
    }
}
