//! A local server with a Batch API, OpenAI's or Gemini's: files are uploaded, batches are created of them, and end as it
//! is told, with their lines in another order. It keeps what it was sent, and says what should not have come.

mod gemini;
mod openai;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::listen::{listen, lock};
use crate::wire::{Step, Steps};

/// The key that is accepted.
const KEY: &str = "sk-test-of-batches-0123456789";

/// Which API is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchProtocol {
    /// OpenAI's.
    #[default]
    OpenAi,
    /// Gemini's.
    Gemini,
}

/// How batches go; it can be changed while the server runs.
#[derive(Clone, Debug, Default)]
pub struct BatchManner {
    /// A batch has not ended before it was asked for so often.
    pub polls: u32,
    /// With what it ends: `completed`, `expired`, `failed`, `cancelled`.
    pub end: String,
    /// Only so many lines are answered.
    pub answers: Option<usize>,
    /// Lines whose prompt holds this word are refused.
    pub refuse_word: String,
    /// The last line that is answered is told nowhere.
    pub lose_line: bool,
    /// Each line comes twice.
    pub double: bool,
    /// A line that is cut off comes first.
    pub torn: bool,
    /// A line of another batch comes first.
    pub strange: bool,
    /// A creation is accepted, and the connection closed.
    pub lose_answer: bool,
    /// Batches are in no list.
    pub hide: bool,
    /// No batch is known.
    pub forget: bool,
    /// The files of batches that have ended are gone.
    pub gone: bool,
    /// Files of batches break off in the middle.
    pub cut: bool,
    /// Files of batches end cleanly after their first line.
    pub short: bool,
    /// A batch that has ended names no file of answers.
    pub no_file: bool,
    /// This status comes for an upload.
    pub refuse_upload: Option<u16>,
    /// This status comes for a creation.
    pub refuse_create: Option<u16>,
    /// An upload is answered so late.
    pub slow: Duration,
}

/// One batch.
#[derive(Clone, Debug, Default)]
pub struct Batched {
    /// Its name.
    pub id: String,
    /// The name that it was given.
    pub name: String,
    /// Its endpoint, or model.
    pub endpoint: String,
    /// Its lines: the name of each, and its request.
    pub lines: Vec<(String, Value)>,
    /// How often it was asked for.
    pub polls: u32,
    /// How it ended, once it has.
    pub end: Option<String>,
    /// The blake3 of the pictures that it came to, by the names of their lines.
    pub pictures: Vec<(String, String)>,
    /// What it ended with.
    output: String,
    errors: String,
}

impl Batched {
    /// What its lines ask for.
    pub fn prompts(&self) -> Vec<String> {
        let prompt = |(_, body): &(String, Value)| {
            let openai = body["prompt"].as_str();
            let gemini = body["contents"][0]["parts"][0]["text"].as_str();
            openai.or(gemini).unwrap_or_default().to_owned()
        };
        self.lines.iter().map(prompt).collect()
    }
}

/// The server, until it is dropped.
#[derive(Debug)]
pub struct BatchServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Shared {
    protocol: BatchProtocol,
    manner: Mutex<BatchManner>,
    /// Files that were uploaded, in order.
    files: Mutex<Vec<Bytes>>,
    batches: Mutex<Vec<Batched>>,
    wrong: Mutex<Vec<String>>,
}

impl BatchServer {
    /// Starts one on 127.0.0.1.
    pub fn start(protocol: BatchProtocol, manner: BatchManner) -> Self {
        let shared = Arc::new(Shared {
            protocol,
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
        match self.shared.protocol {
            BatchProtocol::OpenAi => format!("http://{}/v1", self.address),
            BatchProtocol::Gemini => format!("http://{}", self.address),
        }
    }

    /// The variables that lead here.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        match self.shared.protocol {
            BatchProtocol::OpenAi => [
                ("OPENAI_API_KEY", KEY.to_owned()),
                ("OPENAI_BASE_URL", self.base_url()),
            ],
            BatchProtocol::Gemini => [
                ("GEMINI_API_KEY", KEY.to_owned()),
                ("GEMINI_BASE_URL", self.base_url()),
            ],
        }
    }

    /// The key that is accepted.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, change: impl FnOnce(&mut BatchManner)) {
        change(&mut lock(&self.shared.manner));
    }

    /// The batches that were created, in order.
    pub fn batches(&self) -> Vec<Batched> {
        lock(&self.shared.batches).clone()
    }

    /// How many files were uploaded.
    pub fn uploads(&self) -> usize {
        lock(&self.shared.files).len()
    }

    /// What came that should not have come.
    pub fn wrong(&self) -> Vec<String> {
        lock(&self.shared.wrong).clone()
    }
}

impl Drop for BatchServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Answer = Result<Response<Steps>, std::io::Error>;

async fn answer(shared: &Shared, address: SocketAddr, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = BodyExt::collect(body).await;
    // Whoever goes in the middle of an upload has sent nothing.
    let body = body.map_err(std::io::Error::other)?.to_bytes();
    match shared.protocol {
        BatchProtocol::OpenAi => openai::answer(shared, &head, body).await,
        BatchProtocol::Gemini => gemini::answer(shared, address, &head, body).await,
    }
}

impl Shared {
    fn manner(&self) -> BatchManner {
        lock(&self.manner).clone()
    }

    fn is_wrong(&self, what: impl Into<String>) {
        lock(&self.wrong).push(what.into());
    }

    /// Keeps a file; its number, from 1.
    fn keep(&self, file: Bytes) -> usize {
        let mut files = lock(&self.files);
        files.push(file);
        files.len()
    }

    fn file(&self, number: usize) -> Option<Bytes> {
        let files = lock(&self.files);
        files.get(number.checked_sub(1)?).cloned()
    }

    /// Notes a batch that was created.
    fn create(&self, batch: Batched) {
        let mut names = batch.lines.iter().map(|(name, _)| name).collect::<Vec<_>>();
        names.sort();
        names.dedup();
        if names.len() != batch.lines.len() {
            self.is_wrong("two lines of a batch have one name");
        }
        let mut batches = lock(&self.batches);
        let is_twice = batches.iter().any(|b| b.name == batch.name);
        batches.push(batch);
        drop(batches);
        if is_twice {
            self.is_wrong("two batches have one name");
        }
    }

    /// Asks for a batch: it ends when it was asked for often enough, with what `made` makes of it.
    fn poll(&self, id: &str, made: impl Fn(&BatchManner, &mut Batched)) -> Option<Batched> {
        let manner = self.manner();
        let mut batches = lock(&self.batches);
        let batch = batches.iter_mut().find(|batch| batch.id == id);
        let batch = batch.filter(|_| !manner.forget)?;
        batch.polls += 1;
        if batch.polls > manner.polls && batch.end.is_none() {
            made(&manner, batch);
        }
        Some(batch.clone())
    }

    /// A file that a batch ended with.
    fn output(&self, of: impl Fn(&Batched) -> Option<String>) -> Response<Steps> {
        let manner = self.manner();
        let found = lock(&self.batches).iter().find_map(of);
        match found.filter(|_| !manner.gone) {
            None => json_answer(404, &json!({"error": {"message": "no such file"}})),
            Some(text) if manner.cut => {
                let half = Bytes::from(text.into_bytes()).split_to(1000);
                let steps = vec![Step::Data(half), Step::Flush, Step::Break];
                Response::new(Steps::new(steps, None, None))
            }
            Some(text) if manner.short => {
                let first = text.split_inclusive('\n').next().unwrap_or_default();
                Response::new(Steps::whole(first.as_bytes().to_vec(), None))
            }
            Some(text) => Response::new(Steps::whole(text.into_bytes(), None)),
        }
    }
}

/// The lines of a batch in the order in which they come, backwards, and whether each is answered.
fn turns<'b>(
    manner: &BatchManner,
    batch: &'b Batched,
) -> impl Iterator<Item = (&'b String, &'b Value, bool)> {
    let most = manner.answers.unwrap_or(usize::MAX);
    let lines = batch.lines.iter().rev().enumerate();
    lines.map(move |(n, (name, body))| (name, body, n < most))
}

fn json_answer(status: u16, body: &Value) -> Response<Steps> {
    let mut response = Response::new(Steps::whole(body.to_string().into_bytes(), None));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

/// The lines of a file as JSON.
fn lines(shared: &Shared, file: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(file);
    if !text.ends_with('\n') {
        shared.is_wrong("the last line of a file has no end");
    }
    let read = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let read: Vec<Value> = read.collect();
    if read.len() != text.lines().count() {
        shared.is_wrong("a line of a file is not JSON");
    }
    read
}

fn header<'h>(head: &'h Parts, name: &str) -> &'h str {
    let value = head.headers.get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn query(head: &Parts, name: &str) -> Option<String> {
    let pairs = head.uri.query().unwrap_or_default().split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
