//! What the answers of a provider of tickets look like: the columns `task` of its row, and what is read by them. Sends
//! nothing.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pointer;
use crate::model::Micro;
use crate::provider::address;
use crate::provider::bounded;
use crate::provider::reply::{Ready, Refusal, RefusalKind, Ticket};
use crate::provider::veil::Veil;

/// Where things stand in the answers, as JSON pointers; `*` is every element of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The ticket, in the answer to a request.
    pub ticket: String,
    /// Where it is asked for, below the base URL, with `{ticket}`.
    pub poll: Option<String>,
    /// The URL where it is asked for, in the answer to a request: in place of `poll`.
    pub poll_at: Option<String>,
    /// Where a request that we named is asked for, with `{own_id}`, if the provider takes names.
    pub find: Option<String>,
    /// The word for how it stands, in the answer to a poll.
    pub status: String,
    /// The words for ready.
    pub ready: Vec<String>,
    /// The words for a ticket that is not known.
    #[serde(default)]
    pub gone: Vec<String>,
    /// The words for failed, and what follows from each. Every other word is for not ready yet.
    pub failed: BTreeMap<String, Failure>,
    /// What failed is surely not paid for.
    #[serde(default)]
    pub failed_is_unpaid: bool,
    /// The URLs of the pictures.
    pub results: String,
    /// What was billed, in the answer to a request or to a poll.
    pub cost: Option<String>,
    /// Micro-dollars of one of its units.
    #[serde(default)]
    pub cost_unit: u64,
    /// What is said about an error.
    pub error: Option<String>,
}

/// What follows from a task that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// The prompt, or the picture, is not allowed.
    Moderation,
    /// The request is wrong as it is.
    Invalid,
    /// It failed on the provider's side.
    Failed,
}

/// All that is needed to go on with a ticket: it is on the disk beside it, so that no change of a table loses one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskForm {
    /// Where the request went.
    pub base_url: String,
    /// The hosts that a key may go to besides.
    pub hosts: Vec<String>,
    /// The columns of the row.
    pub task: Task,
}

/// How a ticket stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not ready yet.
    Pending,
    /// Ready.
    Ready,
    /// It failed.
    Failed(Refusal),
    /// It is not known.
    Gone,
}

impl TaskForm {
    /// Reads the answer to a request. An error says what is wrong with it.
    pub fn ticket(&self, answer: &[u8], veil: &Veil) -> Result<Ticket, String> {
        let answer: Value =
            serde_json::from_slice(answer).map_err(|_| "it is not JSON".to_owned())?;
        let id = pointer::text(&answer, &self.task.ticket);
        let Some(id) = id
            .and_then(|id| bounded::name(&id))
            .filter(|id| veil.lets_pass(id))
        else {
            return Err(match self.error(&answer, veil) {
                Some(said) => said,
                None => "there is no ticket in it".to_owned(),
            });
        };
        let told = self.task.poll_at.as_ref();
        let told = told.and_then(|at| pointer::text(&answer, at));
        let poll = match (told, &self.task.poll) {
            (Some(url), _) => self.own_url(&url)?,
            (None, Some(path)) => self.below(&path.replace("{ticket}", &encoded(&id)))?,
            (None, None) => return Err("it does not say where to ask for it".to_owned()),
        };
        let cost = self.cost(&answer);
        Ok(Ticket { id, poll, cost })
    }

    /// Reads the answer to a poll, whatever its status; `None` if it does not say how it stands.
    pub fn standing(&self, answer: &[u8], veil: &Veil) -> Option<Standing> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let word = pointer::text(&answer, &self.task.status)?;
        if self.task.ready.contains(&word) {
            return Some(Standing::Ready);
        }
        if self.task.gone.contains(&word) {
            return Some(Standing::Gone);
        }
        let Some(failure) = self.task.failed.get(&word) else {
            return Some(Standing::Pending);
        };
        let kind = match failure {
            Failure::Moderation => RefusalKind::Moderation {
                stage: None,
                categories: Vec::new(),
            },
            Failure::Invalid => RefusalKind::Invalid,
            Failure::Failed => RefusalKind::Overloaded,
        };
        Some(Standing::Failed(Refusal {
            kind,
            status: 200,
            code: bounded::name(&word.replace(' ', "-")),
            message: self.error(&answer, veil).unwrap_or_default(),
            retry_after: None,
            request_id: None,
        }))
    }

    /// Reads what is ready.
    pub fn ready(&self, answer: &[u8]) -> Ready {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let urls = pointer::all(&answer, &self.task.results);
        let sources = urls.iter().filter_map(|url| self.source(url.as_str()?));
        Ready {
            sources: sources.collect(),
            came: urls.len() as u64,
            cost: self.cost(&answer),
        }
    }

    /// What is said about an error.
    pub fn error(&self, answer: &Value, veil: &Veil) -> Option<String> {
        let said = pointer::text(answer, self.task.error.as_ref()?)?;
        let said = bounded::sentence(&veil.over(&said));
        Some(veil.over(&said).into_owned())
    }

    /// A URL below the base URL.
    pub fn below(&self, path: &str) -> Result<Url, String> {
        let base = self.base_url.trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).map_err(|_| "it is asked for at no URL".to_owned())
    }

    /// A URL out of an answer that the key may go to.
    fn own_url(&self, text: &str) -> Result<Url, String> {
        let refused = || "it is to be asked for where the key may not go".to_owned();
        let url = Url::parse(text).map_err(|_| refused())?;
        let base = Url::parse(&self.base_url).map_err(|_| refused())?;
        let is_same = url.origin() == base.origin();
        match is_same || address::is_known(&url, &self.hosts) {
            true => Ok(url),
            false => Err(refused()),
        }
    }

    /// A URL out of an answer that a picture may be fetched from, without any key: `https`, or on this machine where
    /// the whole provider is.
    fn source(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let base = Url::parse(&self.base_url).ok()?;
        let is_local = url.scheme() == "http" && address::is_here(&url) && address::is_here(&base);
        (url.scheme() == "https" || is_local).then_some(url)
    }

    fn cost(&self, answer: &Value) -> Option<Micro> {
        let text = pointer::text(answer, self.task.cost.as_ref()?)?;
        // As money is written: whole units and at most six decimals of them.
        let units = Micro::parse(&text)?;
        let micro = u128::from(units.0) * u128::from(self.task.cost_unit);
        Some(Micro(u64::try_from(micro.div_ceil(1_000_000)).ok()?))
    }
}

/// A ticket as a part of a URL's path.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // A dot alone would be another path.
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
