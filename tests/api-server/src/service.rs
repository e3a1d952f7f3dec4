//! What happens with one request, from its head to its answer:
//! route -> key -> body -> form -> model -> limit -> script -> bill -> answer.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::http::response::Builder;
use hyper::{Response, StatusCode};
use serde_json::{Map, json};
use tokio::sync::watch;

use crate::answer::{Answer, Made, carried, dripping};
use crate::error::ApiError;
use crate::fault::{Action, Content, Script, Transport};
use crate::intake::{Valid, collect, read};
use crate::limit::Limit;
use crate::route::{Route, authorize};
use crate::server::Options;
use crate::stats::{Auth, Log, Request};
use crate::usage::Usage;
use crate::validate::Host;
use crate::wire::{Step, Steps};

/// Headers whose values are secrets.
const SECRET: [&str; 2] = ["authorization", "api-key"];

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) log: Mutex<Log>,
    pub(crate) script: Mutex<Script>,
    pub(crate) limit: Option<Mutex<Limit>>,
    /// Whether answers are held back.
    pub(crate) held: watch::Sender<bool>,
    /// Makes the pictures of two servers different.
    pub(crate) seed: [u8; 32],
}

/// The lock, also after a panic: the counts are whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request on its way: it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    shared: Arc<Shared>,
    number: u64,
}

impl Visit {
    /// How the server behaves.
    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Notes something about this request.
    pub(crate) fn log<T>(&self, note: impl FnOnce(&mut Log, u64) -> T) -> T {
        note(&mut lock(&self.shared.log), self.number)
    }

    /// The answer was handed over whole.
    pub(crate) fn finish(self) {
        self.log(|log, number| log.finish(number, Instant::now()));
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.log(|log, number| log.end(number, Instant::now()));
    }
}

/// Answers one request. An error closes the connection without an answer.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Steps>, io::Error> {
    let (head, body) = request.into_parts();
    let route = Route::of(
        &head.method,
        head.uri.path(),
        head.uri.query().unwrap_or_default(),
    );
    if matches!(route, Ok(Route::Stats)) {
        return Ok(stats(&shared));
    }
    if let Ok(Route::Models(host)) = &route {
        return Ok(models(&shared, &head.headers, host));
    }
    let number = lock(&shared.log).arrive(|number| note(&shared, number, &head));
    let started = Instant::now();
    let visit = Visit { shared, number };
    let valid = match route {
        Ok(route) => read(&visit, &route, &head.headers, body).await,
        Err(error) => {
            // Whoever is cut off while it writes may never hear why.
            let _ = collect(body).await;
            Err(error)
        }
    };
    match valid {
        Err(error) => refuse(visit, started, &error),
        Ok(valid) => answer(visit, started, valid).await,
    }
}

/// The names of the models, for whoever has the key: free, and in no count.
fn models(shared: &Shared, headers: &hyper::HeaderMap, host: &Host) -> Response<Steps> {
    let (status, body) = match authorize(headers, host, &shared.options.key) {
        Ok(()) => {
            let model = |name| json!({ "id": name, "object": "model", "owned_by": "system" });
            let models: Vec<_> = crate::model::names().map(model).collect();
            (200, json!({ "object": "list", "data": models }))
        }
        Err(error) => (error.status, error.json()),
    };
    let mut response = Response::new(Steps::whole(body.to_string().into_bytes(), None));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The counts and the requests, for who looks by hand.
fn stats(shared: &Shared) -> Response<Steps> {
    let log = lock(&shared.log);
    let body = json!({ "stats": log.stats, "requests": log.requests });
    let mut response = Response::new(Steps::whole(body.to_string().into_bytes(), None));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// What the head of a request tells.
fn note(shared: &Shared, number: u64, head: &hyper::http::request::Parts) -> Request {
    let headers: BTreeMap<_, _> = head
        .headers
        .iter()
        .filter(|(name, _)| !SECRET.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let auth = if head.headers.contains_key("api-key") {
        Auth::ApiKey
    } else if head.headers.contains_key("authorization") {
        Auth::Bearer
    } else {
        Auth::None
    };
    Request {
        number,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        id: request_id(&shared.seed, number),
        auth,
        headers,
        params: Map::new(),
        prompt: String::new(),
        model: String::new(),
        n: 0,
        size: String::new(),
        quality: String::new(),
        images: Vec::new(),
        mask: None,
        problems: Vec::new(),
        status: None,
        code: None,
        accepted: false,
        answered: false,
        bill_micros: 0,
        pictures: Vec::new(),
        arrived: Instant::now(),
        ended: None,
    }
}

fn request_id(seed: &[u8; 32], number: u64) -> String {
    let hash = blake3::keyed_hash(seed, &number.to_be_bytes());
    format!("req_{}", &hash.to_hex().as_str()[..32])
}

/// Answers a valid request: the limit, then what is scripted, then the good answer.
async fn answer(
    visit: Visit,
    started: Instant,
    valid: Valid,
) -> Result<Response<Steps>, io::Error> {
    let shared = visit.shared.clone();
    if let Err(error) = within_limit(&shared, &valid) {
        return refuse(visit, started, &error);
    }
    let request = visit.log(|log, number| log.request(number).clone());
    let fault = lock(&shared.script).next(&request);
    let usage = Usage::of(
        valid.order.model,
        valid.order.quality,
        valid.order.size,
        valid.params.n,
        valid.params.partial_images.unwrap_or_default(),
        &valid.params.prompt,
        &valid.references,
    );
    if fault.accepted {
        let bill = usage.micros(valid.order.model);
        visit.log(|log, number| log.accept(number, bill));
        // The sender is there as long as the server is.
        let _ = shared.held.subscribe().wait_for(|held| !held).await;
    }
    let latency = if fault.accepted {
        shared.options.latency
    } else {
        Duration::ZERO
    };
    // Pictures are made within the latency, so that a test can foretell how long it takes.
    let due = tokio::time::Instant::now() + latency + fault.delay;
    let (content, transport) = match fault.action {
        Action::Good => (None, None),
        Action::Content(content) => (Some(content), None),
        Action::Transport(transport) => (None, Some(transport)),
        Action::Error(error) => {
            tokio::time::sleep_until(due).await;
            return refuse(visit, started, &error);
        }
        Action::Close => {
            tokio::time::sleep_until(due).await;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Action::Hang => return std::future::pending().await,
        Action::Raw {
            status,
            headers,
            body,
            drip,
        } => {
            tokio::time::sleep_until(due).await;
            let head = raw(&visit, started, status, headers);
            let body = match drip {
                None => Steps::whole(body, Some(visit)),
                Some(pause) => Steps::new(dripping(&body, pause), None, Some(visit)),
            };
            return respond(head, body);
        }
    };
    let made = tokio::task::block_in_place(|| good(&visit, &valid, usage, content));
    tokio::time::sleep_until(due).await;
    send(visit, started, valid.params.stream, made, transport)
}

/// The head of an answer as it is scripted.
fn raw(
    visit: &Visit,
    started: Instant,
    status: u16,
    headers: Vec<(&'static str, String)>,
) -> Builder {
    let mut head = head(visit, started, status, None);
    for (name, value) in headers {
        // In place of the one that every answer has.
        if name == "x-request-id"
            && let Some(headers) = head.headers_mut()
        {
            headers.remove(name);
        }
        head = head.header(name, value);
    }
    head
}

/// Makes the good answer, or one that looks good.
fn good(visit: &Visit, valid: &Valid, usage: Usage, content: Option<Content>) -> Made {
    let seed = blake3::keyed_hash(&visit.shared.seed, &visit.number.to_be_bytes());
    let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let made = Answer {
        edit: valid.edit,
        params: &valid.params,
        order: &valid.order,
        usage,
        seed: *seed.as_bytes(),
        created: created.unwrap_or_default().as_secs(),
        content,
    }
    .make();
    visit.log(|log, number| log.request(number).pictures.clone_from(&made.digests));
    made
}

/// Sends what was made.
fn send(
    visit: Visit,
    started: Instant,
    stream: bool,
    made: Made,
    transport: Option<Transport>,
) -> Result<Response<Steps>, io::Error> {
    let mut head = head(&visit, started, 200, None).header(CONTENT_TYPE, made.content_type);
    let body = match transport {
        None if stream => {
            let steps = vec![Step::Data(made.body.into())];
            Steps::new(steps, None, Some(visit))
        }
        None => Steps::whole(made.body, Some(visit)),
        Some(transport) => {
            let (steps, length, encoding) = carried(made.body, transport);
            if let Some(encoding) = encoding {
                head = head.header(CONTENT_ENCODING, encoding);
            }
            Steps::new(steps, length, Some(visit))
        }
    };
    respond(head, body)
}

fn within_limit(shared: &Shared, valid: &Valid) -> Result<(), ApiError> {
    let (Some(limit), Some(per_minute)) = (&shared.limit, shared.options.images_per_minute) else {
        return Ok(());
    };
    let taken = lock(limit).take(valid.params.n, Instant::now());
    taken.map_err(|over| {
        let (used, n, model) = (over.used, valid.params.n, &valid.order.model_name);
        let seconds = over.wait.as_millis().div_ceil(1000).max(1);
        ApiError::new(
            429,
            "input-images",
            Some("rate_limit_exceeded"),
            format!(
                "Rate limit reached for {model} in organization org-test on input-images per min: Limit \
                 {per_minute}, Used {used}, Requested {n}. Please try again in {}s. Visit \
                 https://platform.openai.com/account/rate-limits to learn more.",
                over.wait.as_millis().div_ceil(10).max(1) as f64 / 100.0
            ),
        )
        .with_header("retry-after", seconds.to_string())
    })
}

/// The head of an answer, with what all of them have.
fn head(visit: &Visit, started: Instant, status: u16, code: Option<String>) -> Builder {
    let id = visit.log(|log, number| {
        log.head(number, status, code);
        log.request(number).id.clone()
    });
    let per_minute = visit.shared.options.images_per_minute.unwrap_or(5000);
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("x-request-id", id)
        .header("openai-version", "2020-10-01")
        .header("openai-organization", "org-test")
        .header(
            "openai-processing-ms",
            started.elapsed().as_millis().to_string(),
        )
        .header("x-ratelimit-limit-requests", per_minute)
        .header(
            "x-ratelimit-remaining-requests",
            per_minute.saturating_sub(1),
        )
        .header(
            "x-ratelimit-reset-requests",
            format!("{}ms", 60_000 / per_minute.max(1)),
        )
        .header("x-ratelimit-limit-tokens", 8_000_000)
        .header("x-ratelimit-remaining-tokens", 7_990_000)
        .header("x-ratelimit-reset-tokens", "75ms")
}

fn refuse(visit: Visit, started: Instant, error: &ApiError) -> Result<Response<Steps>, io::Error> {
    let mut head = head(&visit, started, error.status, error.code.clone());
    for (name, value) in &error.headers {
        head = head.header(*name, value);
    }
    let body = error.json().to_string().into_bytes();
    respond(
        head.header(CONTENT_TYPE, "application/json"),
        Steps::whole(body, Some(visit)),
    )
}

fn respond(head: Builder, body: Steps) -> Result<Response<Steps>, io::Error> {
    head.body(body).map_err(io::Error::other)
}
