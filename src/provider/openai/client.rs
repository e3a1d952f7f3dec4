//! Sends one request and writes what comes back as it comes. Says what is known of what became of it;
//! sends nothing twice.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;

use super::body;
use super::endpoint::Endpoint;
use super::refusal;
use crate::fs::FsError;
use crate::provider::Veil;
use crate::provider::bounded;
use crate::provider::certificate;
use crate::provider::reply::{Attachment, Reply};
use crate::provider::request::{Operation, Request};

/// A connection stands within this time, or nothing was sent.
const CONNECT: Duration = Duration::from_secs(5);
/// The most that is read of a refusal.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// And for so long: its status has said what it is, and others wait for their turn.
const REFUSAL: Duration = Duration::from_secs(2);
/// The most that is read of an answer, for each picture: four bytes for each of eight million pixels,
/// in base64, and as much again.
const MAX_PICTURE_BYTES: u64 = 96 << 20;

/// Sends requests. Nothing of it is set up before the first one.
pub struct Client {
    endpoint: Endpoint,
    http: OnceLock<reqwest::Client>,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            http: OnceLock::new(),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, String> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        // Set already, if this process has asked before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("gpbuild/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(self.endpoint.timeout())
            // The key goes to the host that was named, and to no other.
            .redirect(Policy::none())
            // Only gpbuild decides what is sent again.
            .retry(reqwest::retry::never());
        if self.endpoint.is_here() {
            // Whatever the environment says of proxies: only to this machine may a key go in the clear. To
            // others it goes by `https`, of which a proxy sees the host's name.
            http = http.no_proxy();
        }
        let http = http
            .build()
            .map_err(|e| format!("cannot set up a connection: {}", causes(&e)))?;
        Ok(self.http.get_or_init(|| http))
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
        path: &std::path::Path,
    ) -> Reply {
        let model = self.endpoint.model(&request.model.name);
        let http = match self.http() {
            Ok(http) => http,
            Err(why) => return Reply::Unsent(why),
        };
        let headers = match self.endpoint.headers() {
            Ok(headers) => headers,
            Err(variable) => {
                return Reply::Unsent(format!("`{variable}` holds what no header can carry"));
            }
        };
        let operation = match request.operation {
            Operation::Edit => "edits",
            Operation::Generate | Operation::Draw => "generations",
        };
        let post = http
            .post(self.endpoint.url(&request.model.name, operation))
            .headers(headers);
        let post = if request.operation == Operation::Edit {
            match body::form(request, model, references, mask).await {
                Ok(form) => post.multipart(form),
                Err(e) => return Reply::Unreadable(e.to_string()),
            }
        } else {
            let json = serde_json::Value::Object(body::parameters(request, model));
            post.header("content-type", "application/json")
                .body(json.to_string())
        };
        let mut response = match post.send().await {
            Ok(response) => response,
            Err(e) if e.is_connect() || e.is_builder() => {
                let host = e
                    .url()
                    .and_then(|url| url.host_str())
                    .unwrap_or("the provider");
                let why = certificate::problem(&e, host).unwrap_or_else(|| causes(&e));
                return Reply::Unsent(format!("cannot connect: {why}"));
            }
            Err(e) if e.is_timeout() => {
                return doubt(format!("no answer {}", self.within()), None);
            }
            Err(e) => return doubt(format!("no answer: {}", causes(&e)), None),
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
                None => doubt(
                    format!("something between here and the provider answered {status}"),
                    request_id,
                ),
            };
        }
        let limit = (1 << 20) + u64::from(request.candidates) * MAX_PICTURE_BYTES;
        let mut size = 0_u64;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(e) if e.is_timeout() => {
                    let why = format!("the answer did not end {}", self.within());
                    return doubt(why, request_id);
                }
                Err(e) => {
                    let why = format!("the answer was cut off: {}", causes(&e));
                    return doubt(why, request_id);
                }
            };
            size += chunk.len() as u64;
            if size > limit {
                let why = format!("the answer is larger than {limit} bytes");
                return doubt(why, request_id);
            }
            if let Err(e) = into.write_all(&chunk) {
                return Reply::Disk(FsError::io("write", path)(e));
            }
        }
        Reply::Answered { request_id }
    }

    fn within(&self) -> String {
        format!("within {} s", self.endpoint.timeout().as_secs())
    }
}

/// What comes of a refusal's body in time. One that is cut off, or does not end, is still a refusal: its
/// status says so.
async fn beginning(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    let until = tokio::time::Instant::now() + REFUSAL;
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(until, response.chunk()).await {
        let room = MAX_REFUSAL_BYTES.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if room == 0 {
            break;
        }
    }
    body
}

fn doubt(why: String, request_id: Option<String>) -> Reply {
    Reply::Doubt { why, request_id }
}

/// The last cause of an error, which says most, without any URL.
fn causes(error: &reqwest::Error) -> String {
    let mut last = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        last = match error.downcast_ref::<io::Error>() {
            Some(io) => io.kind().to_string(),
            None => error.to_string(),
        };
        cause = error.source();
    }
    if last.is_empty() {
        "the connection failed".clone_into(&mut last);
    }
    last
}
