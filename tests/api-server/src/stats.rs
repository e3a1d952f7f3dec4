//! What was counted and noted of every request.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::reference::Reference;

/// The counts of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests whose head arrived.
    pub arrived: u64,
    /// Requests that were taken, that is: billed.
    pub accepted: u64,
    /// Accepted requests whose good answer was written whole. Counted just before its last byte is, so that
    /// who has an answer finds it counted.
    pub answered: u64,
    /// Error answers by status, scripted ones too.
    pub refused: BTreeMap<u16, u64>,
    /// Pictures of the accepted requests.
    pub pictures: u64,
    /// Requests that have arrived and not ended.
    pub in_flight: u64,
    /// Most requests that were in flight together.
    pub max_in_flight: u64,
    /// The bill in micro-dollars.
    pub bill_micros: u64,
    /// Requests that broke the official specification in its amended form.
    pub nonconforming: u64,
}

/// How a request showed its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// `api-key`, as Azure has it.
    ApiKey,
}

/// What is known of one request.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// 1 for the first that arrived.
    pub number: u64,
    /// `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// The `x-request-id` of the answer.
    pub id: String,
    /// How the key was shown. Its value is not kept.
    pub auth: Auth,
    /// All headers but those with the key, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// The scalar parameters as they were sent, numbers of a form as numbers.
    pub params: Map<String, Value>,
    /// `prompt`.
    pub prompt: String,
    /// The model or deployment asked for.
    pub model: String,
    /// How many pictures.
    pub n: u32,
    /// `size` as it was sent.
    pub size: String,
    /// `quality` as it was sent.
    pub quality: String,
    /// The references in their order.
    pub images: Vec<Reference>,
    /// The mask.
    pub mask: Option<Reference>,
    /// What breaks the official specification.
    pub problems: Vec<String>,
    /// The status of the answer, if one was begun.
    pub status: Option<u16>,
    /// `error.code` of the answer.
    pub code: Option<String>,
    /// Whether it was billed.
    pub accepted: bool,
    /// Whether the good answer was written whole.
    pub answered: bool,
    /// What it was billed, in micro-dollars.
    pub bill_micros: u64,
    /// The blake3 of the pictures of the answer, in hexadecimal.
    pub pictures: Vec<String>,
    /// When its head arrived.
    #[serde(skip)]
    pub arrived: Instant,
    /// When it ended: the answer written, or the connection gone.
    #[serde(skip)]
    pub ended: Option<Instant>,
}

/// Counts and requests, kept in step.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) stats: Stats,
    pub(crate) requests: Vec<Request>,
}

impl Log {
    /// Notes the head of a request, and gives it its number.
    pub(crate) fn arrive(&mut self, make: impl FnOnce(u64) -> Request) -> u64 {
        self.stats.arrived += 1;
        self.stats.in_flight += 1;
        self.stats.max_in_flight = self.stats.max_in_flight.max(self.stats.in_flight);
        let number = self.stats.arrived;
        self.requests.push(make(number));
        number
    }

    /// The request of that number.
    pub(crate) fn request(&mut self, number: u64) -> &mut Request {
        // Numbers are given by `arrive`, from 1 without a gap.
        let index = usize::try_from(number)
            .unwrap_or_default()
            .saturating_sub(1);
        &mut self.requests[index]
    }

    /// Notes what breaks the specification.
    pub(crate) fn problems(&mut self, number: u64, problems: Vec<String>) {
        self.stats.nonconforming += u64::from(!problems.is_empty());
        self.request(number).problems = problems;
    }

    /// Notes that a request was billed.
    pub(crate) fn accept(&mut self, number: u64, bill_micros: u64) {
        let request = self.request(number);
        request.accepted = true;
        request.bill_micros = bill_micros;
        let n = u64::from(request.n);
        self.stats.accepted += 1;
        self.stats.pictures += n;
        self.stats.bill_micros += bill_micros;
    }

    /// Notes the head of an answer.
    pub(crate) fn head(&mut self, number: u64, status: u16, code: Option<String>) {
        let request = self.request(number);
        request.status = Some(status);
        request.code = code;
        if status >= 300 {
            *self.stats.refused.entry(status).or_default() += 1;
        }
    }

    /// Notes that all of an answer was handed over.
    pub(crate) fn finish(&mut self, number: u64, now: Instant) {
        let request = self.request(number);
        if request.ended.is_none() && request.accepted && request.status == Some(200) {
            request.answered = true;
            self.stats.answered += 1;
        }
        self.end(number, now);
    }

    /// Notes that a request ended, however.
    pub(crate) fn end(&mut self, number: u64, now: Instant) {
        let request = self.request(number);
        if request.ended.is_none() {
            request.ended = Some(now);
            self.stats.in_flight -= 1;
        }
    }
}

impl Request {
    /// From the head's arrival to the end, if it has ended.
    pub fn took(&self) -> Option<Duration> {
        self.ended.map(|end| end.duration_since(self.arrived))
    }
}
