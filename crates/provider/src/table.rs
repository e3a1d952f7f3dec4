//! The table of providers: who can be asked, where, and what is particular about each, as data. Knows no wire format, and
//! no key but the names of the variables that hold them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::Auth;
use crate::body::Body;
use crate::gemini;
use crate::task::{Failure, Task};
use base::digest::Digest;
use model::request::{Prompt, Request};

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// As model ids name it.
    pub name: String,
    /// The row of the built-in table that a declared one has its other columns from.
    pub like: Option<String>,
    /// How it is spoken with.
    pub shape: Shape,
    /// Where its API is.
    pub base_url: String,
    /// The hosts that a key may go to without anybody's word.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Its official variable with the key.
    pub key_variable: Option<String>,
    /// Further official variables with it.
    #[serde(default)]
    pub key_aliases: Vec<String>,
    /// How the key is sent.
    pub auth: Auth,
    /// Further headers, and the variables with their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers that are always sent, as they are.
    #[serde(default)]
    pub set_headers: BTreeMap<String, String>,
    /// Where requests go, below the base URL.
    pub paths: Paths,
    /// Statuses, as ranges, that are surely not paid for where the API's own words come with them.
    #[serde(default)]
    pub unpaid: Vec<(u16, u16)>,
    /// Micro-dollars of one unit of what its answers say at `/usage/cost`, of shape `images`; what they say there is no bill
    /// where it is left out.
    pub usage_cost_unit: Option<u64>,
    /// What its rate limit counts.
    #[serde(default)]
    pub rate: Rate,
    /// The most bytes of a picture that goes with a request.
    #[serde(default = "usual_bytes")]
    pub max_reference_bytes: u64,
    /// What follows from an error's code, or from any with this beginning where a `*` ends it; of shape `images`.
    #[serde(default)]
    pub codes: BTreeMap<String, Failure>,
    /// Its errors come with the status of a success: what has no picture and one of `codes` was refused, and is not billed.
    #[serde(default)]
    pub refuses_in_success: bool,
    /// What to do in place of a parameter that is not sent.
    #[serde(default)]
    pub instead: BTreeMap<String, String>,
    /// What asks for a less strict moderation, in words.
    pub lower_moderation: Option<String>,
    /// Where each part of a request for a ticket stands.
    #[serde(default)]
    pub body: Body,
    /// Where everything stands in the answers of a provider of tickets.
    pub task: Option<Task>,
    /// Where it lists its models.
    pub models: Option<Catalogue>,
    /// Where many requests are sent as one, if they can be.
    pub batch: Option<Batch>,
    /// What is otherwise for some of its models; the first that names a model holds for it.
    #[serde(default)]
    pub dialects: Vec<Dialect>,
}

/// Where a provider lists its models.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Below the base URL.
    pub path: String,
    /// The names in the answer, as a JSON pointer; `*` is every element of a list.
    pub names: String,
    /// What stands before each of them.
    #[serde(default)]
    pub prefix: String,
    /// What the next page is asked for with, in the answer, as a JSON pointer; there is one page where it is left out.
    pub next: Option<String>,
    /// The parameter of the URL that takes it.
    #[serde(default)]
    pub next_parameter: String,
}

/// Where many requests are sent as one, in the protocol of the provider's shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Where files are, below the base URL.
    pub files: String,
    /// Where batches are.
    pub batches: String,
    /// Where one is created for a model, if not where they are.
    pub create: Option<String>,
    /// The most requests of one.
    pub max_requests: usize,
    /// The most bytes of its lines.
    pub max_bytes: u64,
}

/// What is otherwise for some models of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Their names; a `*` at the end is for any end.
    pub models: Vec<String>,
    /// Where requests go, in place of the row's.
    pub paths: Option<Paths>,
    /// The body of a request, in place of the row's.
    pub body: Option<Body>,
    /// Where everything stands in the answers, in place of the row's: of a row of shape `images` these models are asked
    /// for with tickets.
    pub task: Option<Task>,
}

impl Dialect {
    fn names(&self, model: &str) -> bool {
        self.models.iter().any(|name| match name.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => name == model,
        })
    }
}

fn usual_bytes() -> u64 {
    10_000_000
}

/// How a provider is spoken with: the adapters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// One request, whose answer holds the pictures.
    Images,
    /// A request, whose answer is a ticket for the pictures.
    Task,
    /// One request, whose answer is what a model of Gemini says and draws.
    Gemini,
}

/// Where requests go, below the base URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// For a picture from words.
    pub generate: String,
    /// For one from pictures; the same where it is left out.
    pub edit: Option<String>,
}

impl Paths {
    /// For a picture from pictures.
    pub fn edit(&self) -> &String {
        self.edit.as_ref().unwrap_or(&self.generate)
    }
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rate {
    /// Pictures.
    Images,
    /// Requests.
    #[default]
    Requests,
}

impl Row {
    /// The variables that may hold its key; the first one that is set does.
    pub fn key_variables(&self) -> impl Iterator<Item = String> {
        let own = self.variable("API_KEY");
        let official = self.key_variable.clone().filter(|name| *name != own);
        let aliases = self.key_aliases.clone();
        official.into_iter().chain(aliases).chain([own])
    }

    /// The variable with the place of its API.
    pub fn base_url_variable(&self) -> String {
        self.variable("BASE_URL")
    }

    /// What counts in the keys of all that it is asked for. Of the built-in table that is its shape's version: a row of
    /// it never comes to ask otherwise without one, and nor does one that is like it. Of any other row that a project
    /// declares, what it says of requests counts.
    pub fn version(&self) -> u32 {
        let shape = self.shape.version();
        let like = self.like.as_ref().and_then(|like| builtin().get(like));
        if builtin().contains_key(&self.name) || like.is_some_and(|like| self.asks_as(like)) {
            return shape;
        }
        let mut told = serde_json::to_vec(&(shape, &self.paths, &self.body)).unwrap_or_default();
        if !self.dialects.is_empty() {
            let asked = self.dialects.iter().map(|dialect| {
                let Dialect {
                    models,
                    paths,
                    body,
                    // How an answer is read.
                    task: _,
                } = dialect;
                (models, paths, body)
            });
            let asked: Vec<_> = asked.collect();
            told.extend(serde_json::to_vec(&asked).unwrap_or_default());
        }
        let digits = &Digest::of(&told).hex()[..8];
        // Never as small as a version.
        u32::from_str_radix(digits, 16).unwrap_or_default() | 1 << 31
    }

    /// Whether what is sent is the same.
    fn asks_as(&self, other: &Self) -> bool {
        let asked = |row: &Self| {
            (
                row.shape,
                row.paths.clone(),
                row.body.clone(),
                row.dialects.clone(),
            )
        };
        asked(self) == asked(other)
    }

    /// Where requests for a model go.
    pub fn paths_of(&self, model: &str) -> &Paths {
        let own = self.dialect(model).and_then(|own| own.paths.as_ref());
        own.unwrap_or(&self.paths)
    }

    /// The body of a request for a model.
    pub fn body_of(&self, model: &str) -> &Body {
        let own = self.dialect(model).and_then(|own| own.body.as_ref());
        own.unwrap_or(&self.body)
    }

    /// Where everything stands in the answers about a model, if it is asked for with tickets.
    pub fn task_of(&self, model: &str) -> Option<&Task> {
        let own = self.dialect(model).and_then(|own| own.task.as_ref());
        own.or(self.task.as_ref())
    }

    /// Whether any model is asked for with tickets.
    pub fn has_tickets(&self) -> bool {
        self.task.is_some() || self.dialects.iter().any(|own| own.task.is_some())
    }

    fn dialect(&self, model: &str) -> Option<&Dialect> {
        self.dialects.iter().find(|dialect| dialect.names(model))
    }

    /// What a request has that this provider cannot be asked for: fields of the manifest. What a model lacks the table of
    /// models says.
    pub fn lacks(&self, request: &Request, prompt: &Prompt) -> Vec<&'static str> {
        match self.shape {
            Shape::Gemini => gemini::lacks(request, prompt),
            Shape::Images | Shape::Task => {
                let body = self.body_of(&request.model.name);
                // OpenAI's own body has a place for everything.
                let lacks = (!body.is_empty()).then(|| body.lacks(request, prompt));
                lacks.unwrap_or_default()
            }
        }
    }

    /// `NAME_…`.
    fn variable(&self, what: &str) -> String {
        format!("{}_{what}", self.name.to_uppercase().replace('-', "_"))
    }

    /// Whether it is asked at its own place. Elsewhere is somebody who passes requests on, and knows less of them.
    pub fn is_at(&self, base_url: &Url) -> bool {
        Url::parse(&self.base_url).is_ok_and(|own| own.origin() == base_url.origin())
    }

    /// Whether a status with the API's own words is surely not paid for.
    pub fn is_unpaid(&self, status: u16) -> bool {
        let mut ranges = self.unpaid.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&status))
    }
}

/// The built-in table, by name.
pub fn builtin() -> &'static BTreeMap<String, Arc<Row>> {
    // The table is part of the program: a test reads it, so that the empty table is never seen.
    static TABLE: LazyLock<BTreeMap<String, Arc<Row>>> =
        LazyLock::new(|| parse(include_str!("providers.toml")).unwrap_or_default());
    &TABLE
}

/// What of a row is the provider's own: whoever is like it has another place, another key and other accounts, and nobody
/// knows which of its errors are unpaid.
const OWN: [&str; 7] = [
    "base_url",
    "headers",
    "hosts",
    "key_aliases",
    "key_variable",
    "name",
    "unpaid",
];

/// The columns of a row of the built-in table that another provider can have as well.
pub fn columns(name: &str) -> Option<Map<String, Value>> {
    let table: Value = toml::from_str(include_str!("providers.toml")).ok()?;
    let mut rows = table.get("provider")?.as_array()?.iter();
    let row = rows.find(|row| row["name"] == name)?;
    let mut columns = row.as_object()?.clone();
    columns.retain(|column, _| !OWN.contains(&&**column));
    // Both halves of a key stand in its one variable.
    columns
        .get_mut("auth")?
        .as_object_mut()?
        .remove("secret_variable");
    Some(columns)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    provider: Vec<Row>,
}

fn parse(text: &str) -> Result<BTreeMap<String, Arc<Row>>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let rows = file.provider.into_iter();
    Ok(rows.map(|row| (row.name.clone(), Arc::new(row))).collect())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::{Row, builtin, parse};
    use crate::address;
    use model::PROVIDERS;

    #[test]
    fn the_table_is_right() {
        let table = parse(include_str!("providers.toml")).unwrap();
        assert!(!table.is_empty());
        for (name, row) in &table {
            assert!(PROVIDERS.contains(&name.as_str()), "{name}");
            let url = address::parse(&row.base_url).unwrap();
            assert!(address::is_known(&url, &row.hosts), "{name}");
            let headers = row.headers.keys().chain([&row.auth.header]);
            for header in headers {
                header.parse::<HeaderName>().unwrap();
            }
            assert!(row.unpaid.iter().all(|(first, last)| first <= last));
        }
    }

    #[test]
    fn variables_are_named_after_the_provider() {
        let mut row = (*builtin()["openai"]).clone();
        assert_eq!(row.key_variables().collect::<Vec<_>>(), ["OPENAI_API_KEY"]);
        row.name = "made-up".to_owned();
        let names: Vec<String> = row.key_variables().collect();
        assert_eq!(names, ["OPENAI_API_KEY", "MADE_UP_API_KEY"]);
        assert_eq!(row.base_url_variable(), "MADE_UP_BASE_URL");
    }

    #[test]
    fn what_a_project_declared_keeps_its_keys() {
        let columns = r#"{"name": "made-up", "shape": "task", "base_url": "https://a.example",
            "auth": {"header": "x-key"}, "paths": {"generate": "/{model}"},
            "body": {"prompt": "/p", "size": {"at": "/s", "form": "{width}*{height}"}, "references": "/r"}}"#;
        let mut row: Row = serde_json::from_str(columns).unwrap();
        // Of version 0.1.0, before there were dialects.
        assert_eq!(row.version(), 2_736_435_413);
        let dialect = r#"{"models": ["a*"], "body": {"prompt": "/q"}}"#;
        row.dialects.push(serde_json::from_str(dialect).unwrap());
        assert_ne!(row.version(), 2_736_435_413);
        assert_eq!(row.body_of("abc").prompt.as_deref(), Some("/q"));
        assert_eq!(row.body_of("bc").prompt.as_deref(), Some("/p"));
    }

    #[test]
    fn what_is_surely_not_paid_for() {
        let row = &builtin()["openai"];
        for status in [408, 409, 500, 503, 505, 519] {
            assert!(row.is_unpaid(status), "{status}");
        }
        for status in [502, 504, 520, 529, 599] {
            assert!(!row.is_unpaid(status), "{status}");
        }
    }
}
