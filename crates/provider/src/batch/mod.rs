//! [`BatchClient`]: many requests sent as one, at another price. A file of lines is uploaded, a batch is created of it,
//! and what came of each line is read from the files that it ends with. Only `create` may be paid for; all else is free
//! and may be repeated. Knows no key but the names that lines have, and no store, ledger or budget.

mod calls;
mod gemini;
mod line;
mod lines;
mod openai;

use std::io;

use reqwest::Url;

use crate::Config;
use crate::reply::Refusal;
use crate::submission::Submission;
use crate::table::Shape;

pub use lines::{Came, Line, Lines};

/// Sends batches to one provider, in its protocol.
pub enum BatchClient {
    /// OpenAI's Batch API.
    OpenAi(Box<openai::Client>),
    /// Gemini's `batchGenerateContent`.
    Gemini(Box<gemini::Client>),
}

/// What requests have to have in common to be lines of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Where each of them would be sent alone, as far as that makes a difference.
    pub endpoint: String,
    /// The model.
    pub model: String,
}

/// How much one batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Requests.
    pub requests: usize,
    /// Bytes of all lines.
    pub bytes: u64,
}

/// Why a call brought nothing that is free and may be repeated.
#[derive(Debug)]
pub enum NotDone {
    /// The provider said no.
    Refused(Refusal),
    /// What is asked for is not there.
    Gone(String),
    /// It cannot be told now: why.
    Unknown(String),
}

/// What became of the creation of a batch.
#[derive(Debug)]
pub enum Created {
    /// It is there.
    Batch {
        /// The provider's name for it.
        id: String,
        /// Until when it ends, if the provider says so.
        until: Option<String>,
    },
    /// The provider said no: there is none.
    Refused(Refusal),
    /// It surely did not reach the provider: why.
    Unsent(String),
    /// There may be one: why nobody knows.
    Doubt(String),
}

/// How a batch stands.
#[derive(Debug)]
pub enum Standing {
    /// It has not ended: in the provider's words.
    Pending(String),
    /// It has.
    Ended(Ended),
}

/// A batch that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// With what, in the provider's word.
    pub state: String,
    /// Every request had its turn; else those that are told nowhere may have had none.
    pub is_complete: bool,
    /// The files that say what came of the lines.
    pub files: Vec<String>,
    /// How many lines were answered, by its own count.
    pub answered: Option<u64>,
    /// Why it ended so, if it says.
    pub said: Option<String>,
}

impl BatchClient {
    /// Who sends batches as `config` says; none if the provider has none there. Nothing is connected yet.
    pub fn new(config: &Config) -> Option<Self> {
        let batch = config.row.batch.clone()?;
        match config.row.shape {
            // Its deployments are made for batches one by one.
            _ if config.azure.is_some() => None,
            Shape::Images => Some(Self::OpenAi(Box::new(openai::Client::new(config, batch)))),
            Shape::Gemini => Some(Self::Gemini(Box::new(gemini::Client::new(config, batch)))),
            Shape::Task => None,
        }
    }

    /// Where it asks: a batch is known there, and nowhere else.
    pub fn place(&self) -> &Url {
        match self {
            Self::OpenAi(client) => client.place(),
            Self::Gemini(client) => client.place(),
        }
    }

    /// How much one batch may hold.
    pub fn capacity(&self) -> Capacity {
        match self {
            Self::OpenAi(client) => client.capacity(),
            Self::Gemini(client) => client.capacity(),
        }
    }

    /// With which requests one may be together.
    pub fn group(&self, submission: Submission<'_>) -> Group {
        match self {
            Self::OpenAi(client) => client.group(submission),
            Self::Gemini(client) => client.group(submission),
        }
    }

    /// The line of a request, with its end; `name` tells it from the others. An error is a picture that cannot be read, or
    /// that no line can hold.
    pub fn line(&self, name: &str, submission: Submission<'_>) -> io::Result<Vec<u8>> {
        let json = match self {
            Self::OpenAi(client) => client.line(name, submission)?,
            Self::Gemini(client) => client.line(name, submission)?,
        };
        let mut line = json.to_string().into_bytes();
        line.push(b'\n');
        Ok(line)
    }

    /// Uploads `size` bytes of lines; what the provider calls the file. It may be given up at any time.
    pub async fn upload(
        &self,
        lines: tokio::fs::File,
        size: u64,
        name: &str,
    ) -> Result<String, NotDone> {
        match self {
            Self::OpenAi(client) => client.upload(lines, size, name).await,
            Self::Gemini(client) => client.upload(lines, size, name).await,
        }
    }

    /// Creates a batch of a file, once, under a name of ours. This is what is paid for.
    pub async fn create(&self, group: &Group, file: &str, name: &str) -> Created {
        match self {
            Self::OpenAi(client) => client.create(group, file, name).await,
            Self::Gemini(client) => client.create(group, file, name).await,
        }
    }

    /// Looks for the batch of a name of ours; none if there is none by now.
    pub async fn find(&self, name: &str) -> Result<Option<String>, NotDone> {
        match self {
            Self::OpenAi(client) => client.find(name).await,
            Self::Gemini(client) => client.find(name).await,
        }
    }

    /// Asks how a batch stands.
    pub async fn standing(&self, id: &str) -> Result<Standing, NotDone> {
        match self {
            Self::OpenAi(client) => client.standing(id).await,
            Self::Gemini(client) => client.standing(id).await,
        }
    }

    /// Opens a file that a batch ended with.
    pub async fn open(&self, file: &str) -> Result<Lines, NotDone> {
        match self {
            Self::OpenAi(client) => client.open(file).await,
            Self::Gemini(client) => client.open(file).await,
        }
    }
}
