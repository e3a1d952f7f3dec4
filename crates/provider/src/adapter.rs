//! [`Adapter`]: the seam. Whoever asks for a picture knows these calls and the neutral words of `reply.rs`, and nothing
//! of who answers. A closed list: what a shape cannot do, the compiler asks for.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Veil;
use crate::command::{self, Environment, Program};
use crate::gemini;
use crate::openai::{self, Azure};
use crate::reply::{
    Contents, Cost, Fetched, Found, KeepError, Lost, ParamProblem, Polled, Refusal, Reply, Ticket,
};
use crate::submission::Submission;
use crate::table::{Row, Shape};
use crate::task::{self, Failure, TaskForm};
use base::digest::Digest;
use base::fs::FsError;
use model::{Micro, ModelId};

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// The provider.
    pub row: Arc<Row>,
    /// Where its API is.
    pub base_url: Url,
    /// The person named that place, and no project.
    pub is_persons: bool,
    /// The key; shown as `[REDACTED]` wherever it is printed.
    pub key: SecretString,
    /// The variable that holds it, for messages.
    pub key_variable: String,
    /// The values of the variables that the row's further headers name.
    pub values: BTreeMap<String, String>,
    /// Azure's shape of the same API.
    pub azure: Option<Azure>,
    /// The variable of the environment that names a proxy, and the proxy's host, for messages.
    pub proxy: Option<(String, String)>,
    /// How long one request may take, from its first byte to the answer's last.
    pub timeout: Duration,
}

impl Config {
    /// What has to be known of any provider.
    pub fn new(row: &Arc<Row>, base_url: Url, key: SecretString, timeout: Duration) -> Self {
        Self {
            row: Arc::clone(row),
            base_url,
            is_persons: false,
            key,
            key_variable: row.key_variables().next().unwrap_or_default(),
            values: BTreeMap::new(),
            azure: None,
            proxy: None,
            timeout,
        }
    }
}

/// In which form the answers of a provider are whose answers hold the pictures.
fn of_row(row: &Row) -> Form {
    match row.usage_cost_unit {
        Some(unit) => Form::Billed(unit),
        None if row.refuses_in_success => Form::Coded(row.codes.clone()),
        None => Form::Images,
    }
}

/// In which form the answer to a request is: it is on the disk with it, so that whoever finds it later can read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The pictures are in it.
    #[default]
    Images,
    /// The pictures are in it, and at `/usage/cost` its bill, in units of so many micro-dollars.
    Billed(u64),
    /// The pictures are in it, or one of these codes says why there are none: then nothing is billed.
    Coded(BTreeMap<String, Failure>),
    /// It is a ticket for them.
    Task(Box<TaskForm>),
    /// The pictures are in it, from a program that says nothing of what they cost: so much each, if that is known.
    Command(Option<Micro>),
    /// The picture is among what a model of Gemini says.
    Gemini,
}

impl Form {
    /// Reads the answer to a request for `asked` pictures; each picture's bytes go to `keep`, but none of more than
    /// were asked for. Only the disk is an error: whatever else is wrong is told in the contents, with the pictures
    /// that came before it.
    pub fn read(
        &self,
        body: impl Read,
        asked: u32,
        veil: &Veil,
        keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
    ) -> Result<Contents, FsError> {
        match self {
            Self::Images => openai::read(body, asked, veil, keep),
            Self::Billed(unit) => {
                let mut contents = openai::read(body, asked, veil, keep)?;
                let told = contents.usage_cost.as_deref();
                let cost = told.map(|told| Cost::of(told, *unit, veil));
                contents.costs(cost);
                Ok(contents)
            }
            Self::Coded(codes) => {
                let contents = openai::read(body, asked, veil, keep)?;
                Ok(openai::coded(codes, contents))
            }
            Self::Task(_) => Ok(Contents::default()),
            Self::Command(each) => {
                let contents = openai::read(body, asked, veil, keep)?;
                let cost = each.map(|each| each.times(contents.pictures.len() as u64));
                Ok(Contents { cost, ..contents })
            }
            Self::Gemini => gemini::read(body, veil, keep),
        }
    }

    /// The words for it that are kept with an answer: a table for a ticket, one word for anything else.
    pub fn words(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The form that such words name; `None` if this gpbuild knows none of that name. Without words it is the first
    /// one that there was.
    pub fn of_words(words: &Value) -> Option<Self> {
        match words {
            Value::Null => Some(Self::default()),
            words => Self::deserialize(words).ok(),
        }
    }

    /// How a ticket is gone on with; nothing if the pictures are in the answer itself.
    pub fn task(&self) -> Option<&TaskForm> {
        match self {
            Self::Images | Self::Billed(_) | Self::Coded(_) | Self::Command(_) | Self::Gemini => {
                None
            }
            Self::Task(form) => Some(form),
        }
    }

    /// Which of more pictures than were asked for are taken: a model that draws drafts says its best at the end.
    pub fn takes_last(&self) -> bool {
        matches!(self, Self::Gemini)
    }
}

/// Asks one provider.
pub enum Adapter {
    /// One request, whose answer holds the pictures.
    Images(Box<openai::Client>),
    /// A request for a ticket.
    Task(Box<task::Client>),
    /// The one for some models, the other for those whose row says so.
    Mixed(Box<openai::Client>, Box<task::Client>),
    /// Programs of the person's own.
    Command(Box<command::Client>),
    /// One request, whose answer is what a model of Gemini says and draws.
    Gemini(Box<gemini::Client>),
}

impl Adapter {
    /// Who asks as `config` says; nothing is connected yet.
    pub fn new(config: Config) -> Self {
        match config.row.shape {
            Shape::Task => Self::Task(Box::new(task::Client::new(config))),
            Shape::Gemini => Self::Gemini(Box::new(gemini::Client::new(config))),
            Shape::Images if config.row.has_tickets() => {
                let task = task::Client::new(config.clone());
                Self::Mixed(Box::new(openai::Client::new(config)), Box::new(task))
            }
            Shape::Images => Self::Images(Box::new(openai::Client::new(config))),
        }
    }

    /// Who has a person's own programs asked, by the name that models have; `veil` hides what they may repeat of keys.
    pub fn programs(
        programs: BTreeMap<String, Program>,
        environment: Environment,
        veil: Veil,
    ) -> Self {
        Self::Command(Box::new(command::Client::new(programs, environment, veil)))
    }

    /// Whether a request to this model surely costs nothing, whatever becomes of it: it is never in doubt.
    pub fn is_free(&self, model: &ModelId) -> bool {
        match self {
            Self::Images(_) | Self::Task(_) | Self::Mixed(..) | Self::Gemini(_) => false,
            Self::Command(client) => client.program(&model.name).is_some_and(Program::is_free),
        }
    }

    /// In which form the answers of a model are.
    pub fn form(&self, model: &ModelId) -> Form {
        match self {
            Self::Command(client) => {
                Form::Command(client.program(&model.name).and_then(|program| program.cost))
            }
            Self::Gemini(_) => Form::Gemini,
            Self::Images(_) | Self::Task(_) | Self::Mixed(..) => {
                let form = self.task().and_then(|client| client.form(&model.name));
                match form {
                    Some(form) => Form::Task(Box::new(form)),
                    None => self
                        .images()
                        .map_or(Form::Images, |client| of_row(client.row())),
                }
            }
        }
    }

    /// Whose answers hold the pictures.
    fn images(&self) -> Option<&openai::Client> {
        match self {
            Self::Images(client) | Self::Mixed(client, _) => Some(client),
            Self::Task(_) | Self::Command(_) | Self::Gemini(_) => None,
        }
    }

    /// Who speaks of tickets.
    fn task(&self) -> Option<&task::Client> {
        match self {
            Self::Images(_) | Self::Command(_) | Self::Gemini(_) => None,
            Self::Task(client) | Self::Mixed(_, client) => Some(client),
        }
    }

    /// Sends a request once, and nothing else. The
    /// body of an answer goes to `into` as it comes; `path` is for messages.
    pub async fn submit(
        &self,
        submission: Submission<'_>,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        let model = &submission.request.model.name;
        match self {
            Self::Mixed(_, client) if client.form(model).is_some() => {
                client.submit(submission, into, path).await
            }
            Self::Images(client) | Self::Mixed(client, _) => {
                client.send(submission, into, path).await
            }
            Self::Command(client) => client.send(submission, into, path).await,
            Self::Task(client) => client.submit(submission, into, path).await,
            Self::Gemini(client) => client.send(submission, into, path).await,
        }
    }

    /// Asks how a ticket stands, in the form that its request was sent in. Free, and may be repeated.
    pub async fn poll(&self, form: &TaskForm, ticket: &Ticket) -> Polled {
        match self.task() {
            None => Polled::Unknown("it is no provider of tickets any more".to_owned()),
            Some(client) => client.poll(form, ticket).await,
        }
    }

    /// Why a ticket is not asked for here: a key goes to where its request went, and that may not be where this one
    /// belongs.
    pub fn is_elsewhere(&self, form: &TaskForm) -> Option<String> {
        self.task().and_then(|client| client.is_elsewhere(form))
    }

    /// Fetches a picture from where an answer says that it is, without any key. Free, and may be repeated.
    pub async fn fetch(&self, source: &Url) -> Fetched {
        match self {
            Self::Command(_) | Self::Gemini(_) => {
                Fetched::Later("it is no provider of tickets any more".to_owned())
            }
            Self::Images(client) | Self::Mixed(client, _) => client.fetch(source).await,
            Self::Task(client) => client.fetch(source).await,
        }
    }

    /// Looks for a request whose answer was lost, by the name of ours that went with it or among all that the provider
    /// lists. Free, and may be repeated.
    pub async fn find(&self, lost: &Lost<'_>) -> Found {
        match self.task() {
            None => Found::Nothing,
            Some(client) => client.find(lost).await,
        }
    }

    /// What a person can do about a refusal, where the provider has a way of its own.
    pub fn hint(&self, refusal: &Refusal) -> Option<String> {
        match self {
            Self::Images(client) | Self::Mixed(client, _) => client.hint(refusal),
            Self::Command(_) => None,
            Self::Task(client) => client.hint(refusal),
            Self::Gemini(client) => client.hint(refusal),
        }
    }

    /// What a person can do about a page for a browser in place of an answer of a model.
    pub fn page_hint(&self, model: &ModelId) -> Option<String> {
        match self {
            Self::Mixed(_, client) if client.form(&model.name).is_some() => {
                Some(client.page_hint())
            }
            Self::Images(client) | Self::Mixed(client, _) => Some(client.page_hint()),
            Self::Command(_) => None,
            Self::Task(client) => Some(client.page_hint()),
            Self::Gemini(client) => Some(client.page_hint()),
        }
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        match self {
            Self::Images(client) | Self::Mixed(client, _) => client.veil(),
            Self::Command(client) => client.veil(),
            Self::Task(client) => client.veil(),
            Self::Gemini(client) => client.veil(),
        }
    }
}

impl Shape {
    /// What counts in the keys of everything that is asked for in this shape: a change is a reason to pay again.
    pub fn version(self) -> u32 {
        match self {
            Self::Images => openai::VERSION,
            Self::Task => task::VERSION,
            Self::Gemini => gemini::VERSION,
        }
    }

    /// What is wrong with parameters that do not go together, beyond what the table of models says of each.
    pub fn params(
        self,
        params: &Map<String, Value>,
        background: Option<&str>,
    ) -> Vec<ParamProblem> {
        match self {
            Self::Images => openai::params(params, background),
            Self::Task => Vec::new(),
            Self::Gemini => gemini::params(params),
        }
    }
}
