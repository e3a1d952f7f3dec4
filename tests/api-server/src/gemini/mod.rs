//! A local server that speaks Gemini's `generateContent` for pictures. It refuses what the API refuses in the API's words,
//! answers in the shapes of recorded answers with real pictures of the cell that was asked for, and counts as they do.

pub(crate) mod answer;
pub(crate) mod check;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::listen::{listen, lock};
use crate::wire::{Step, Steps};

/// The key that is accepted.
const KEY: &str = "AIza-test-local-0123456789abcdef";

/// What becomes of one request that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A picture, with its signature.
    Picture,
    /// Words, a draft, another picture, the picture; each with a signature of so many bytes.
    Drafts(usize),
    /// Nothing is drawn: `NO_IMAGE`.
    NoImage,
    /// The prompt is blocked.
    Blocked,
    /// The picture that was drawn is held back, and billed what was thought.
    HeldBack,
    /// Words alone.
    Words(String),
    /// A picture is billed, and none is there.
    Nothing,
    /// A picture, and no usage.
    Unbilled,
    /// This status and body.
    Status(u16, Value),
    /// The connection is closed without an answer.
    HangUp,
    /// The answer breaks off in the middle.
    Cut,
}

/// One request that was right.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model.
    pub model: String,
    /// Its body.
    pub body: Value,
    /// The name of its answer.
    pub id: String,
    /// The blake3 of the picture that was asked for, if one came.
    pub picture: Option<String>,
}

impl Asked {
    /// The words of its prompt.
    pub fn prompt(&self) -> &str {
        let text = &self.body["contents"][0]["parts"][0]["text"];
        text.as_str().unwrap_or_default()
    }
}

/// The server, until it is dropped.
#[derive(Debug)]
pub struct GeminiServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<VecDeque<Turn>>,
    asked: Mutex<Vec<Asked>>,
    /// What should not have come.
    wrong: Mutex<Vec<String>>,
    latency: Duration,
}

impl GeminiServer {
    /// Starts one on 127.0.0.1 that takes so long for each answer.
    pub fn start(latency: Duration) -> Self {
        let shared = Arc::new(Shared {
            latency,
            ..Shared::default()
        });
        let of_server = Arc::clone(&shared);
        let (address, runtime) = listen(move |address, request| {
            let shared = Arc::clone(&of_server);
            async move { serve(&shared, address, request).await }
        });
        Self {
            shared,
            address,
            runtime: Some(runtime),
        }
    }

    /// Where its API is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that is accepted.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// What becomes of the next requests; pictures come after that.
    pub fn script(&self, turns: impl IntoIterator<Item = Turn>) {
        lock(&self.shared.script).extend(turns);
    }

    /// The requests that were right, in order, whatever became of them.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// What came that should not have come.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.shared.wrong).clone()
    }
}

impl Drop for GeminiServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(
    shared: &Shared,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Steps>, std::io::Error> {
    let (head, body) = request.into_parts();
    if head.uri.path() == "/_seen" {
        let asked = lock(&shared.asked);
        let accepted: Vec<&Value> = asked.iter().map(|asked| &asked.body).collect();
        let wrong = lock(&shared.wrong).clone();
        return Ok(json(
            200,
            &serde_json::json!({"accepted": accepted, "wrong": wrong}),
        ));
    }
    let text = BodyExt::collect(body).await;
    let text = text.map(|text| text.to_bytes()).unwrap_or_default();
    let (model, body, size) = match check::request(&head, &text, KEY) {
        Ok(right) => right,
        Err(problem) => {
            lock(&shared.wrong).push(problem.message.clone());
            return Ok(json(problem.status, &problem.json()));
        }
    };
    let turn = lock(&shared.script).pop_front().unwrap_or(Turn::Picture);
    let answer = {
        let mut asked = lock(&shared.asked);
        let id = format!("answer-{}", asked.len() + 1);
        // No two servers draw the same.
        let seed = format!("{address} {id}");
        let made = answer::answer(&turn, &model, &body, size, &id, &seed);
        asked.push(Asked {
            model,
            body,
            id,
            picture: made.picture,
        });
        made.json
    };
    tokio::time::sleep(shared.latency).await;
    match turn {
        Turn::HangUp => Err(std::io::ErrorKind::ConnectionReset.into()),
        Turn::Status(status, body) => Ok(json(status, &body)),
        Turn::Cut => {
            let text = answer.to_string();
            let half = Bytes::from(text[..text.len() / 2].to_owned());
            let steps = vec![Step::Data(half), Step::Flush, Step::Break];
            Ok(Response::new(Steps::new(steps, None, None)))
        }
        _ => Ok(json(200, &answer)),
    }
}

fn json(status: u16, body: &Value) -> Response<Steps> {
    let mut response = Response::new(Steps::whole(body.to_string().into_bytes(), None));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response
}
