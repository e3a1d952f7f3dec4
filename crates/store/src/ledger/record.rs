//! One line of the ledger: JSON and the first half of its digest, so that a torn or bent line is
//! known for what it is.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::key::Key;
use base::digest::Digest;
use model::{Micro, Money};

/// What is about to be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The asset's id.
    pub asset: String,
    /// The shot's key.
    pub key: Key,
    /// `provider/model`.
    pub model: String,
    /// How many pictures.
    pub pictures: u32,
    /// What it is thought to cost; `None` is unknown.
    pub estimate: Option<Micro>,
    /// The same as its price is published, where that is in another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Money>,
    /// The project that asks; empty where an older gpbuild wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Where it was taken over from: a ledger, and the number there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The batch that it is a line of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

/// The longest text that a line holds, in bytes: so that no line is too long to be read again.
const MAX_TEXT: usize = 2_000;

/// The beginning of a text, if it is too long for a line.
fn bounded(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

impl Intent {
    /// With no text that is too long for a line.
    pub(super) fn bounded(self) -> Self {
        Self {
            asset: bounded(self.asset),
            model: bounded(self.model),
            project: bounded(self.project),
            ..self
        }
    }
}

impl Settlement {
    /// With no text that is too long for a line.
    pub(super) fn bounded(self) -> Self {
        Self {
            request_id: self.request_id.map(bounded),
            why: self.why.map(bounded),
            ..self
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// In a word.
    pub outcome: Outcome,
    /// The bill, by the usage that the provider told; `None` if it told none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Micro>,
    /// The same in the currency of the bill, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Money>,
    /// The provider's name for the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What the provider said, or what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of a request, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Its pictures are in the store.
    Answered,
    /// The provider said no: not paid for, but for what it bills all the same.
    Refused,
    /// It did not reach the provider.
    Unsent,
    /// It may have been accepted and paid for.
    Doubt,
}

impl Outcome {
    /// Whether nothing was paid, where nothing was billed.
    pub fn is_free(self) -> bool {
        matches!(self, Self::Refused | Self::Unsent)
    }
}

/// When a request was sent. Only for the ledger and for people: no key or output sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(Timestamp);

impl Moment {
    /// Now, to the second.
    pub fn now() -> Self {
        let now = Timestamp::now().as_second();
        Self(Timestamp::from_second(now).unwrap_or_default())
    }

    /// Reads what one is shown as; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// How long lies between two of them.
    pub fn apart(self, other: Self) -> Duration {
        self.0.duration_since(other.0).unsigned_abs()
    }

    /// The day, UTC.
    pub fn day(self) -> Date {
        Offset::UTC.to_datetime(self.0).date()
    }

    /// Year and month, UTC.
    pub fn month(self) -> (i16, i8) {
        (self.day().year(), self.day().month())
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Record {
    /// Before a request is sent.
    Intent {
        number: u64,
        at: Moment,
        #[serde(flatten)]
        intent: Intent,
    },
    /// After it.
    Settled {
        number: u64,
        #[serde(flatten)]
        settlement: Settlement,
    },
}

/// How many hex digits of its digest stand behind a line.
const CHECK: usize = 16;

/// The line of a record, with its end.
pub(super) fn line(record: &Record) -> String {
    let json = serde_json::to_string(record).unwrap_or_default();
    format!("{json} {}\n", check(&json))
}

/// The record of a line without its end; `None` if it was torn or bent.
pub(super) fn parse(line: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(line).ok()?;
    let (json, digits) = text.rsplit_once(' ')?;
    if check(json) != digits {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn check(json: &str) -> String {
    Digest::of(json.as_bytes()).hex()[..CHECK].to_owned()
}
