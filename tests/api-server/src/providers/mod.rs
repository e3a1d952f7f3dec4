//! Servers that speak as real providers do, as far as their documents and recorded answers say: each knows its headers,
//! the fields that it takes and their types, and its own words for what it refuses. Whatever else comes is refused, and
//! noted. A picture is fetched from a URL, with no key.

mod ark;
mod bfl;
mod dashscope;
mod fal;
mod fields;
mod kling;
mod minimax;
mod openrouter;
mod replicate;
mod siliconflow;
mod together;
mod zhipu;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use fields::{Kind, only, sides, size, with_values};

use crate::listen::{listen, lock};
use crate::png::{Format, Picture};

/// How a provider speaks.
#[derive(Clone, Copy)]
pub struct Protocol {
    /// Its name in model ids.
    pub name: &'static str,
    /// Below the host, what is in front of every path.
    pub base: &'static str,
    /// The key, as the user has it.
    pub key: &'static str,
    /// Whether a request has it where it belongs.
    is_keyed: fn(&HeaderMap) -> bool,
    /// What a request below the base asks for; none if that is no place for requests, an error if it does not take it.
    asked: fn(&str, &HeaderMap, &Value) -> Option<Result<Asked, String>>,
    /// Its own 4xx for a request that it does not take.
    invalid: fn(&str) -> (u16, Value),
    /// The answer to a request: a ticket, or the pictures.
    accepted: fn(&Task<'_>) -> Value,
    /// The ticket that a path below the base polls; none where there are no tickets.
    polled: fn(&str) -> Option<&str>,
    /// How a ticket stands.
    stands: fn(&Task<'_>, Stands) -> (u16, Value),
    /// Its list of tasks, if that is asked for.
    listed: fn(&Lists<'_>) -> Option<Value>,
    /// How it refuses a request; none where it is not known to do so before there is a ticket.
    pub refusal: fn(Refused) -> Option<(u16, Value)>,
    /// Where a request without pictures has its words, as a JSON pointer.
    prompt: &'static str,
}

/// Why a request that is right is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// By its moderation.
    Moderation,
    /// There is no credit left.
    Credit,
    /// Too many requests came; the next one is no longer too many.
    Rate,
}

/// A list of tasks that may be asked for.
struct Lists<'l> {
    address: SocketAddr,
    base: &'l str,
    /// Below the base.
    below: &'l str,
    query: &'l str,
    /// The newest first.
    tasks: Vec<Accepted<'l>>,
}

/// A task in a list.
struct Accepted<'l> {
    id: String,
    /// Its request.
    body: &'l Value,
    /// Milliseconds since 1970.
    at: u64,
}

impl Lists<'_> {
    /// What a parameter of the query says.
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The tasks on a page, from 1: few, so that there are several pages.
    fn page(&self, page: usize) -> impl Iterator<Item = &Accepted<'_>> {
        let before = page.saturating_sub(1) * PAGE;
        self.tasks.iter().skip(before).take(PAGE)
    }

    fn pages(&self) -> usize {
        self.tasks.len().div_ceil(PAGE)
    }
}

/// So many tasks are on a page.
const PAGE: usize = 2;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    size: (u32, u32),
    n: u64,
}

/// How a ticket stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Pending,
    Ready,
    /// Its result, where that stands elsewhere.
    Result,
    Moderated,
    Gone,
}

/// One task, for its answers.
struct Task<'t> {
    address: SocketAddr,
    base: &'t str,
    id: &'t str,
    asked: &'t Asked,
    /// What was sent.
    body: &'t Value,
}

impl Task<'_> {
    /// A URL below the base.
    fn at(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.base)
    }

    /// The URLs of its pictures.
    fn urls(&self) -> Vec<String> {
        let of = |nth| format!("http://{}/files/{}/{nth}.png", self.address, self.id);
        (0..self.asked.n).map(of).collect()
    }

    /// Its pictures, in base64.
    fn base64(&self) -> Vec<String> {
        let of = |nth| STANDARD.encode(picture(self.id, nth, self.asked));
        (0..self.asked.n).map(of).collect()
    }
}

/// All of them.
pub const PROTOCOLS: [&Protocol; 11] = [
    &ark::PROTOCOL,
    &bfl::PROTOCOL,
    &dashscope::PROTOCOL,
    &fal::PROTOCOL,
    &kling::PROTOCOL,
    &minimax::PROTOCOL,
    &openrouter::PROTOCOL,
    &replicate::PROTOCOL,
    &siliconflow::PROTOCOL,
    &together::PROTOCOL,
    &zhipu::PROTOCOL,
];

/// How a provider behaves; it can be changed while it runs.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// A ticket is not ready before it was polled so often.
    pub polls: u32,
    /// Its moderation refuses what is drawn.
    pub moderates: bool,
    /// It knows no ticket any more.
    pub forgets: bool,
    /// Requests are refused for this.
    pub refuses: Option<Refused>,
    /// The answer to a request is lost: it is accepted, and the connection closed.
    pub loses: bool,
    /// A picture comes so late.
    pub slow: Duration,
    /// `Retry-After` of a ticket that is not ready, in seconds.
    pub retry_after: Option<u64>,
}

/// What came, in order.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The bodies that were accepted.
    pub accepted: Vec<Value>,
    /// What was asked for with each.
    asked: Vec<Asked>,
    /// When, in milliseconds since 1970.
    at: Vec<u64>,
    /// How often any ticket was polled.
    pub polls: u32,
    /// How often any picture was fetched, or began to be.
    pub fetches: u32,
    /// How many requests were refused that were right.
    pub refused: u32,
    /// What should not have come.
    pub wrong: Vec<String>,
}

/// A provider, until it is dropped.
pub struct ProviderServer {
    protocol: &'static Protocol,
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Shared {
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Seen>,
}

impl ProviderServer {
    /// Starts one on 127.0.0.1. What came is at `/_seen` as well.
    pub fn start(protocol: &'static Protocol, behaviour: Behaviour) -> Self {
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            ..Shared::default()
        });
        let of_server = Arc::clone(&shared);
        let (address, runtime) = listen(move |address, request| {
            let shared = Arc::clone(&of_server);
            async move { answer(protocol, &shared, address, request).await }
        });
        Self {
            protocol,
            shared,
            address,
            runtime: Some(runtime),
        }
    }

    /// Where its API is.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.protocol.base)
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut lock(&self.shared.behaviour));
    }

    /// What came.
    pub fn seen(&self) -> Seen {
        lock(&self.shared.seen).clone()
    }

    /// The words of each request that was accepted.
    pub fn prompts(&self) -> Vec<String> {
        let seen = self.seen();
        let words = |body: &Value| Some(body.pointer(self.protocol.prompt)?.as_str()?.to_owned());
        let prompts = seen.accepted.iter().map(words);
        prompts.map(Option::unwrap_or_default).collect()
    }

    /// The name of each task, and the blake3 of its pictures.
    pub fn tasks(&self) -> Vec<(String, Vec<String>)> {
        let seen = self.seen();
        let of = |(asked, id): (&Asked, String)| {
            let digest = |nth| blake3::hash(&picture(&id, nth, asked)).to_hex().to_string();
            let digests = (0..asked.n).map(digest).collect();
            (id, digests)
        };
        let ids = (1..).map(|n| format!("task-{n}"));
        seen.asked.iter().zip(ids).map(of).collect()
    }
}

impl Drop for ProviderServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Answer = Response<Full<Bytes>>;

/// A request below the base URL, with the key.
struct Keyed<'a> {
    protocol: &'a Protocol,
    shared: &'a Shared,
    address: SocketAddr,
    behaviour: &'a Behaviour,
    head: &'a Parts,
    /// Below the base URL.
    below: &'a str,
}

async fn answer(
    protocol: &Protocol,
    shared: &Shared,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Answer, std::io::Error> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let behaviour = lock(&shared.behaviour).clone();
    if path == "/_seen" {
        let seen = lock(&shared.seen);
        return Ok(json_of(
            200,
            &json!({"accepted": seen.accepted, "wrong": seen.wrong}),
        ));
    }
    if let Some(rest) = path.strip_prefix("/files/") {
        if carries_key(protocol, &head) {
            wrong(shared, format!("the key went to {path}"));
        }
        lock(&shared.seen).fetches += 1;
        tokio::time::sleep(behaviour.slow).await;
        return Ok(file(shared, rest));
    }
    let text = BodyExt::collect(body).await;
    let text = text.map(|text| text.to_bytes()).unwrap_or_default();
    let Some(below) = path.strip_prefix(protocol.base) else {
        wrong(shared, format!("{} {path}", head.method));
        return Ok(not_found());
    };
    if !(protocol.is_keyed)(&head.headers) {
        wrong(shared, format!("no key at {path}"));
        return Ok(json_of(401, &json!({"error": {"message": "no such key"}})));
    }
    let keyed = Keyed {
        protocol,
        shared,
        address,
        behaviour: &behaviour,
        head: &head,
        below,
    };
    match head.method {
        Method::GET => Ok(keyed.poll()),
        _ => keyed.ask(&text),
    }
}

fn wrong(shared: &Shared, what: String) {
    lock(&shared.seen).wrong.push(what);
}

fn not_found() -> Answer {
    json_of(404, &json!({"detail": "Not Found"}))
}

/// Whether anything of the key is in the headers.
fn carries_key(protocol: &Protocol, head: &Parts) -> bool {
    let secret = protocol.key.split(':').next_back().unwrap_or_default();
    let mut values = head.headers.values();
    let has_secret = values.any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        value.contains(secret)
    });
    has_secret || (protocol.is_keyed)(&head.headers)
}

impl Keyed<'_> {
    fn task(&self, id: &str, stands: Stands) -> (u16, Value) {
        let seen = lock(&self.shared.seen);
        let nth = id
            .strip_prefix("task-")
            .and_then(|n| n.parse::<usize>().ok());
        let known = nth.and_then(|nth| {
            let at = nth.checked_sub(1)?;
            Some((seen.asked.get(at)?, seen.accepted.get(at)?))
        });
        let stands = match known {
            None => Stands::Gone,
            Some(_) => stands,
        };
        let nothing = (&Asked { size: (1, 1), n: 0 }, &Value::Null);
        let (asked, body) = known.unwrap_or(nothing);
        let task = Task {
            address: self.address,
            base: self.protocol.base,
            id,
            asked,
            body,
        };
        (self.protocol.stands)(&task, stands)
    }

    /// The list of all tasks, if that is asked for.
    fn list(&self) -> Option<Value> {
        let seen = lock(&self.shared.seen);
        let tasks = seen.accepted.iter().zip(&seen.at).enumerate();
        let tasks = tasks.map(|(n, (body, at))| Accepted {
            id: format!("task-{}", n + 1),
            body,
            at: *at,
        });
        (self.protocol.listed)(&Lists {
            address: self.address,
            base: self.protocol.base,
            below: self.below,
            query: self.head.uri.query().unwrap_or_default(),
            tasks: tasks.rev().collect(),
        })
    }

    fn poll(&self) -> Answer {
        let (below, behaviour) = (self.below, self.behaviour);
        if let Some(list) = self.list() {
            return json_of(200, &list);
        }
        let polled = (self.protocol.polled)(below).map(str::to_owned);
        let Some(id) = polled.or_else(|| own(self.shared, below)) else {
            wrong(self.shared, format!("GET {}", self.head.uri.path()));
            return not_found();
        };
        let polls = {
            let mut seen = lock(&self.shared.seen);
            seen.polls += 1;
            seen.polls
        };
        let stands = match () {
            () if behaviour.forgets => Stands::Gone,
            () if polls <= behaviour.polls => Stands::Pending,
            // Where the result stands elsewhere, that says it.
            () if behaviour.moderates && !below.ends_with("/status") => Stands::Moderated,
            () if below.ends_with("/result") => Stands::Result,
            () => Stands::Ready,
        };
        let (status, answer) = self.task(&id, stands);
        let mut answer = json_of(status, &answer);
        if let (Stands::Pending, Some(seconds)) = (stands, behaviour.retry_after) {
            answer.headers_mut().insert("retry-after", seconds.into());
        }
        answer
    }

    fn ask(&self, text: &[u8]) -> Result<Answer, std::io::Error> {
        let (protocol, shared) = (self.protocol, self.shared);
        let body: Value = serde_json::from_slice(text).unwrap_or_default();
        let asked = match (protocol.asked)(self.below, &self.head.headers, &body) {
            None => {
                wrong(shared, format!("POST {}", self.head.uri.path()));
                return Ok(not_found());
            }
            Some(Err(why)) => {
                wrong(shared, why.clone());
                let (status, answer) = (protocol.invalid)(&why);
                return Ok(json_of(status, &answer));
            }
            Some(Ok(asked)) => asked,
        };
        if let Some(why) = self.behaviour.refuses
            && let Some(refusal) = (protocol.refusal)(why)
        {
            return Ok(self.refuse(why, &refusal));
        }
        let id = {
            let mut seen = lock(&shared.seen);
            seen.accepted.push(body.clone());
            seen.asked.push(asked.clone());
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let now = now.unwrap_or_default().as_millis();
            seen.at.push(u64::try_from(now).unwrap_or_default());
            format!("task-{}", seen.asked.len())
        };
        if self.behaviour.loses {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        let task = Task {
            address: self.address,
            base: protocol.base,
            id: &id,
            asked: &asked,
            body: &body,
        };
        Ok(json_of(200, &(protocol.accepted)(&task)))
    }

    fn refuse(&self, why: Refused, (status, answer): &(u16, Value)) -> Answer {
        lock(&self.shared.seen).refused += 1;
        let mut answer = json_of(*status, answer);
        if why == Refused::Rate {
            lock(&self.shared.behaviour).refuses = None;
            answer.headers_mut().insert("retry-after", 1.into());
        }
        answer
    }
}

/// The task that was given this name, where a provider takes names.
fn own(shared: &Shared, below: &str) -> Option<String> {
    let name = below.rsplit('/').next()?;
    let seen = lock(&shared.seen);
    let nth = seen
        .accepted
        .iter()
        .position(|body| body["external_task_id"] == name)?;
    Some(format!("task-{}", nth + 1))
}

/// `ID/NTH.png`.
fn file(shared: &Shared, rest: &str) -> Answer {
    let seen = lock(&shared.seen);
    let found = rest.split_once('/').and_then(|(id, nth)| {
        let n: usize = id.strip_prefix("task-")?.parse().ok()?;
        let nth: u64 = nth.strip_suffix(".png")?.parse().ok()?;
        Some(picture(id, nth, seen.asked.get(n.checked_sub(1)?)?))
    });
    match found {
        Some(picture) => Response::new(Full::new(picture.into())),
        None => json_of(404, &json!({})),
    }
}

fn picture(id: &str, nth: u64, asked: &Asked) -> Vec<u8> {
    Picture {
        size: asked.size,
        format: Format::Png,
        quality: 100,
        transparent: false,
        seed: *blake3::hash(format!("{id} {nth}").as_bytes()).as_bytes(),
    }
    .encode()
}

fn json_of(status: u16, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(body.to_string().into()));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let json = hyper::header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert("content-type", json);
    answer
}

/// Whether `authorization` is this word and the key.
fn has_key(headers: &HeaderMap, header: &str, expected: &str) -> bool {
    headers.get(header).is_some_and(|value| value == expected)
}

/// For those without tickets.
fn no_poll(_: &str) -> Option<&str> {
    None
}

fn no_stand(_: &Task<'_>, _: Stands) -> (u16, Value) {
    (404, json!({}))
}
