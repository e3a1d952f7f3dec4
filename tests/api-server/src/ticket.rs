//! A made-up provider of tickets: a request is answered with a ticket, the ticket is asked for until its pictures are
//! ready, each picture is fetched from a URL that dies. It is stricter than the real ones: a ticket is polled at no other
//! place than it was told, a picture is fetched with no key.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::listen::{listen, lock};
use crate::png::{Format, Picture};

/// The key that is accepted.
const KEY: &str = "key-of-the-made-up-0123456789";

/// How a provider of tickets behaves; it can be changed while it runs.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// A ticket is not ready before it was polled so often.
    pub polls: u32,
    /// `Retry-After` of an answer that says so, in seconds.
    pub retry_after: Option<u64>,
    /// The answer to a request is lost: it is accepted, and the connection closed.
    pub lose_answer: bool,
    /// No ticket is known any more.
    pub forget: bool,
    /// Every picture's URL is dead; a poll gives new ones.
    pub expire: bool,
    /// A poll says this word in place of `Ready`.
    pub word: Option<String>,
    /// A poll is answered with this status and nothing else.
    pub poll_status: Option<u16>,
    /// A request is answered with this status and an error.
    pub refuse: Option<u16>,
    /// A picture comes so late.
    pub slow: Duration,
}

/// What is known of one task.
#[derive(Clone, Debug)]
pub struct Ticketed {
    /// Its ticket.
    pub id: String,
    /// The request.
    pub body: Value,
    /// How often it was polled.
    pub polls: u32,
    /// How often a picture of it was fetched.
    pub fetches: u32,
    /// The blake3 of its pictures.
    pub pictures: Vec<String>,
}

/// The provider, until it is dropped.
#[derive(Debug)]
pub struct TicketServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Shared {
    manner: Mutex<Manner>,
    tasks: Mutex<Vec<Ticketed>>,
    /// What should not have come.
    wrong: Mutex<Vec<String>>,
}

impl TicketServer {
    /// Starts one on 127.0.0.1.
    pub fn start(manner: Manner) -> Self {
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            ..Shared::default()
        });
        let of_server = Arc::clone(&shared);
        let (address, runtime) = listen(move |address, request| {
            let shared = Arc::clone(&of_server);
            async move { answer(&shared, address, request).await }
        });
        Self {
            shared,
            address,
            runtime: Some(runtime),
        }
    }

    /// Where its API is.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The key that is accepted.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut lock(&self.shared.manner));
    }

    /// The tasks that were accepted, in order.
    pub fn tasks(&self) -> Vec<Ticketed> {
        lock(&self.shared.tasks).clone()
    }

    /// What came that should not have come.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.shared.wrong).clone()
    }

    /// The table of a project that declares it.
    pub fn declaration(&self) -> String {
        format!(
            r#"[provider.made-up]
shape = "task"
base_url = "{}"
auth = {{ header = "x-key" }}
paths = {{ generate = "/{{model}}" }}
unpaid = [[500, 503]]

[provider.made-up.body]
prompt = "/input/prompt"
n = "/input/n"
size = {{ at = "/input/size", form = "{{width}}*{{height}}" }}
references = "/input/images"
own_id = "/name"
params = "/parameters"
set = {{ watermark = false }}

[provider.made-up.task]
ticket = "/id"
poll_at = "/polling_url"
status = "/status"
ready = ["Ready"]
gone = ["Task not found"]
failed = {{ "Content Moderated" = "moderation", "Error" = "failed" }}
results = "/result/*/url"
cost = "/cost"
cost_unit = 10_000
error = "/error/message"
find = "/find/{{own_id}}"
"#,
            self.base_url()
        )
    }
}

impl Drop for TicketServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    shared: &Shared,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Answer, std::io::Error> {
    let (head, body) = request.into_parts();
    let manner = lock(&shared.manner).clone();
    let path = head.uri.path().to_owned();
    let has_key = head.headers.get("x-key").is_some_and(|key| key == KEY);
    if let Some(rest) = path.strip_prefix("/files/") {
        if head.headers.contains_key("x-key") {
            lock(&shared.wrong).push(format!("the key went to {path}"));
        }
        tokio::time::sleep(manner.slow).await;
        return Ok(file(shared, rest, &manner));
    }
    if !has_key {
        return Ok(json(401, &error("no such key")));
    }
    let text = BodyExt::collect(body).await;
    let text = text.map(|text| text.to_bytes()).unwrap_or_default();
    match (&head.method, path.strip_prefix("/v1/")) {
        (&Method::POST, Some(model)) => {
            if let Some(status) = manner.refuse {
                return Ok(json(status, &error("not now")));
            }
            let id = accept(shared, model, &text);
            if manner.lose_answer {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            Ok(json(200, &ticket(address, &id)))
        }
        (&Method::GET, Some(rest)) if rest.starts_with("find/") => {
            let name = &rest["find/".len()..];
            let tasks = lock(&shared.tasks);
            let found = tasks.iter().find(|task| task.body["name"] == name);
            Ok(match found {
                Some(task) => json(200, &ticket(address, &task.id)),
                None => json(404, &error("no such name")),
            })
        }
        (&Method::GET, Some(rest)) if rest.starts_with("tasks/") => {
            Ok(poll(shared, address, &rest["tasks/".len()..], &manner))
        }
        _ => {
            lock(&shared.wrong).push(format!("{} {path}", head.method));
            Ok(json(404, &error("no such place")))
        }
    }
}

fn ticket(address: SocketAddr, id: &str) -> Value {
    json!({
        "id": id,
        "polling_url": format!("http://{address}/v1/tasks/{id}"),
        "cost": 4.1,
    })
}

fn accept(shared: &Shared, model: &str, text: &[u8]) -> String {
    let mut body: Value = serde_json::from_slice(text).unwrap_or_default();
    body["model"] = model.into();
    let mut tasks = lock(&shared.tasks);
    let id = format!("task-{}", tasks.len() + 1);
    if body["watermark"] != false || !body["input"]["prompt"].is_string() {
        lock(&shared.wrong).push(format!("{body}"));
    }
    let n = body["input"]["n"].as_u64().unwrap_or(1);
    let pictures = (0..n).map(|nth| {
        let picture = picture(&id, nth, &body);
        blake3::hash(&picture).to_hex().to_string()
    });
    tasks.push(Ticketed {
        id: id.clone(),
        pictures: pictures.collect(),
        body,
        polls: 0,
        fetches: 0,
    });
    id
}

fn poll(shared: &Shared, address: SocketAddr, id: &str, manner: &Manner) -> Answer {
    let mut tasks = lock(&shared.tasks);
    let task = tasks.iter_mut().find(|task| task.id == id);
    let Some(task) = task.filter(|_| !manner.forget) else {
        return json(200, &json!({"status": "Task not found"}));
    };
    task.polls += 1;
    if let Some(status) = manner.poll_status {
        return json(status, &json!({}));
    }
    if task.polls <= manner.polls {
        let mut answer = json(200, &json!({"id": id, "status": "Pending"}));
        if let Some(seconds) = manner.retry_after {
            answer.headers_mut().insert("retry-after", seconds.into());
        }
        return answer;
    }
    if let Some(word) = &manner.word {
        return json(
            200,
            &json!({"status": word, "error": {"message": "it failed"}}),
        );
    }
    let n = task.pictures.len();
    let life = task.polls;
    let urls: Vec<Value> = (0..n)
        .map(|nth| json!({"url": format!("http://{address}/files/{id}/{nth}/{life}.png")}))
        .collect();
    json(200, &json!({"id": id, "status": "Ready", "result": urls}))
}

/// `ID/NTH/LIFE.png`.
fn file(shared: &Shared, rest: &str, manner: &Manner) -> Answer {
    let parts: Vec<&str> = rest.split('/').collect();
    let mut tasks = lock(&shared.tasks);
    let (Some(id), Some(nth)) = (parts.first(), parts.get(1).and_then(|n| n.parse().ok())) else {
        return json(404, &error("no such file"));
    };
    let Some(task) = tasks.iter_mut().find(|task| task.id == *id) else {
        return json(404, &error("no such file"));
    };
    task.fetches += 1;
    if manner.expire {
        return json(403, &error("the signature is too old"));
    }
    Response::new(Full::new(picture(id, nth, &task.body).into()))
}

fn picture(id: &str, nth: u64, body: &Value) -> Vec<u8> {
    let size = body["input"]["size"].as_str().unwrap_or_default();
    let size = size.split_once('*');
    let size = size.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    Picture {
        size: size.unwrap_or((64, 64)),
        format: Format::Png,
        quality: 100,
        transparent: false,
        seed: *blake3::hash(format!("{id} {nth}").as_bytes()).as_bytes(),
    }
    .encode()
}

fn error(message: &str) -> Value {
    json!({"error": {"message": message}})
}

fn json(status: u16, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(body.to_string().into()));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    answer
}
