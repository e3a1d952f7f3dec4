//! What the answers of a provider of tickets look like: the columns `task` of its row, and what is read by them. Sends
//! nothing.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address;
use crate::bounded;
use crate::pointer::{self, Pointers};
use crate::reply::{Cost, Ready, Refusal, RefusalKind, Ticket};
use crate::setup::{WEB_PAGE, is_page};
use crate::source::{self, Teller};
use crate::veil::Veil;

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
    /// Where its tasks are listed, for a request whose ticket was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Listing>,
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
    /// The URL of the pictures' answer, in the answer to a poll that says ready, if they are not in that itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_at: Option<String>,
    /// The URLs of the pictures.
    pub results: Pointers,
    /// What is told as `http:` is there by `https:` too, and is fetched so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub results_by_https: bool,
    /// What was billed, in the answer to a request or to a poll.
    pub cost: Option<Pointers>,
    /// Micro-dollars of one of its units.
    #[serde(default)]
    pub cost_unit: u64,
    /// The prompt that was drawn, in the answer with the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<Pointers>,
    /// What is said about an error.
    pub error: Option<Pointers>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Pointers>,
    /// What follows from a code, or from any with this beginning where a `*` ends it, whatever the status that comes with it. An answer to a request with one of these was
    /// not taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, Failure>,
}

/// Where things stand in a list of tasks; places are JSON pointers, those of a task begin at its element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Where it is asked for, below the base URL, with `{model}` and `{page}`, from 1.
    pub path: String,
    /// The tasks.
    pub tasks: String,
    /// A task's ticket.
    pub ticket: String,
    /// The model that it asks.
    pub model: String,
    /// When it was accepted: RFC 3339, or milliseconds since 1970.
    pub time: String,
    /// Its prompt, if the list shows it.
    pub prompt: Option<String>,
    /// The number of pages, or else the URL of the next one.
    pub pages: Option<String>,
    /// The URL of the next page.
    pub next: Option<String>,
}

/// What follows from a task that failed, or from a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// The prompt, or the picture, is not allowed.
    Moderation,
    /// The request is wrong as it is.
    Invalid,
    /// It failed on the provider's side.
    Failed,
    /// Too many at once.
    Rate,
    /// No credit, or a limit of the account.
    Quota,
    /// The key, or what it may do.
    Credentials,
    /// There is no such model.
    Model,
}

impl From<Failure> for RefusalKind {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Moderation => Self::Moderation {
                stage: None,
                categories: Vec::new(),
            },
            Failure::Invalid => Self::Invalid,
            Failure::Failed => Self::Overloaded,
            Failure::Rate => Self::RateLimit,
            Failure::Quota => Self::Quota,
            Failure::Credentials => Self::Credentials,
            Failure::Model => Self::NoModel,
        }
    }
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
        let answer: Value = serde_json::from_slice(answer).map_err(|_| match is_page(answer) {
            true => WEB_PAGE.to_owned(),
            false => "it is not JSON".to_owned(),
        })?;
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
        Ok(Ticket {
            id,
            poll,
            cost: self.cost(&answer, veil),
        })
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
        // What its code says is more than what its word does.
        let (code, by_code) = self.coded(&answer).unzip();
        let word = bounded::name(&word.replace(' ', "-"));
        Some(Standing::Failed(Refusal {
            kind: by_code.unwrap_or(*failure).into(),
            status: 200,
            code: code.or(word),
            message: self.error(&answer, veil).unwrap_or_default(),
            retry_after: None,
            request_id: None,
        }))
    }

    /// Reads what is ready.
    pub fn ready(&self, answer: &[u8], veil: &Veil) -> Ready {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let urls = self.task.results.all(&answer);
        let sources = urls.iter().filter_map(|url| self.source(url.as_str()?));
        let (mut sources, others): (Vec<Url>, Vec<Url>) = sources.partition(|url| self.may_be(url));
        if sources.is_empty() {
            // Who fetches them says why they are not fetched.
            sources = others;
        }
        Ready {
            sources,
            came: urls.len() as u64,
            cost: self.cost(&answer, veil),
            prompt: self
                .task
                .rewritten
                .as_ref()
                .and_then(|at| at.text(&answer))
                .map(|told| bounded::prompt(&veil.over(&told))),
        }
    }

    /// A code that is known, and what follows from it.
    pub fn coded(&self, answer: &Value) -> Option<(String, Failure)> {
        let code = self.task.code.as_ref()?.text(answer)?;
        let failure = by_code(&self.task.codes, &code)?;
        Some((bounded::name(&code)?, failure))
    }

    /// Why a request was not taken, from an answer that is a success by its status.
    pub fn not_taken(&self, answer: &[u8], veil: &Veil) -> Option<Refusal> {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let (code, failure) = self.coded(&answer)?;
        Some(Refusal {
            kind: failure.into(),
            status: 200,
            code: Some(code),
            message: self.error(&answer, veil).unwrap_or_default(),
            retry_after: None,
            request_id: None,
        })
    }

    /// Where the pictures' answer is, if it is not the answer to a poll itself: a URL that the key may go to.
    pub fn result(&self, answer: &[u8]) -> Option<Result<Url, String>> {
        let at = self.task.result_at.as_ref()?;
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        Some(match pointer::text(&answer, at) {
            Some(url) => self.own_url(&url),
            None => Err("the answer does not say where its pictures are".to_owned()),
        })
    }

    /// What is said about an error.
    pub fn error(&self, answer: &Value, veil: &Veil) -> Option<String> {
        let said = self.task.error.as_ref()?.text(answer)?;
        let said = bounded::sentence(&veil.over(&said));
        Some(veil.over(&said).into_owned())
    }

    /// A URL below the base URL.
    pub fn below(&self, path: &str) -> Result<Url, String> {
        let base = self.base_url.trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).map_err(|_| "it is asked for at no URL".to_owned())
    }

    /// A URL out of an answer that the key may go to.
    pub(super) fn own_url(&self, text: &str) -> Result<Url, String> {
        let refused = || "it is to be asked for where the key may not go".to_owned();
        let url = Url::parse(text).map_err(|_| refused())?;
        let base = Url::parse(&self.base_url).map_err(|_| refused())?;
        let is_same = url.origin() == base.origin();
        match is_same || address::is_known(&url, &self.hosts) {
            true => Ok(url),
            false => Err(refused()),
        }
    }

    /// A URL out of an answer that a picture is fetched from, without any key, if whoever fetches lets it pass.
    fn source(&self, text: &str) -> Option<Url> {
        let mut url = Url::parse(text).ok()?;
        let base = Url::parse(&self.base_url).ok()?;
        if self.task.results_by_https && !address::is_here(&base) && url.scheme() == "http" {
            url.set_scheme("https").ok()?;
        }
        Some(url)
    }

    /// Whether a picture may be there. Who fetches it knows better whose word the base is.
    fn may_be(&self, url: &Url) -> bool {
        let base = Url::parse(&self.base_url);
        let is_persons = true;
        base.is_ok_and(|base| source::check(url, &Teller { base, is_persons }).is_ok())
    }

    fn cost(&self, answer: &Value, veil: &Veil) -> Option<Cost> {
        let text = self.task.cost.as_ref()?.text(answer)?;
        Some(Cost::of(&text, self.task.cost_unit, veil))
    }
}

/// What follows from a code: the longest beginning of it that the table has says most.
pub fn by_code(codes: &BTreeMap<String, Failure>, code: &str) -> Option<Failure> {
    if let Some(failure) = codes.get(code) {
        return Some(*failure);
    }
    let fits = codes.iter().filter_map(|(name, failure)| {
        let beginning = name.strip_suffix('*')?;
        let fits = code.starts_with(beginning);
        fits.then_some((beginning.len(), *failure))
    });
    fits.max_by_key(|(length, _)| *length)
        .map(|(_, failure)| failure)
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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{Standing, TaskForm, encoded};
    use crate::reply::{Cost, RefusalKind};
    use crate::veil::Veil;
    use model::Micro;

    /// As Black Forest Labs speaks, with what else there is.
    fn form(base_url: &str, poll: &str) -> TaskForm {
        let task = format!(
            r#"{{"ticket": "/id", {poll}, "status": "/status", "ready": ["Ready"], "gone": ["Task not found"],
            "failed": {{"Content Moderated": "moderation", "Error": "failed"}}, "results": "/result/*/url",
            "cost": "/cost", "cost_unit": 10000, "error": "/message"}}"#
        );
        TaskForm {
            base_url: base_url.to_owned(),
            hosts: vec!["api.us1.example.com".to_owned()],
            task: serde_json::from_str(&task).unwrap(),
        }
    }

    fn ticket(form: &TaskForm, answer: &str) -> Result<(String, String, Option<Cost>), String> {
        let ticket = form.ticket(answer.as_bytes(), &Veil::default())?;
        Ok((ticket.id, ticket.poll.to_string(), ticket.cost))
    }

    #[test]
    fn a_key_goes_where_the_request_went_and_to_the_hosts_of_the_table() {
        let form = form("https://api.example.com/v1", r#""poll_at": "/polling_url""#);
        let at = |url: &str| {
            let answer = format!(r#"{{"id": "t", "polling_url": "{url}", "cost": 4.1}}"#);
            ticket(&form, &answer).map(|(_, url, _)| url)
        };
        for url in [
            "https://api.example.com/v1/get_result?id=t",
            "https://api.us1.example.com/v1/get_result?id=t",
        ] {
            assert_eq!(at(url).as_deref(), Ok(url));
        }
        for url in [
            "https://evil.example.com/",
            "https://api.us1.example.com.evil.com/",
            "https://api.us1.example.com:8443/",
            "http://api.us1.example.com/",
            "http://api.example.com/v1",
            "https://api.example.com@evil.com/",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "/v1/get_result",
        ] {
            let refused = "it is to be asked for where the key may not go";
            assert_eq!(at(url), Err(refused.to_owned()), "{url}");
        }
    }

    #[test]
    fn a_ticket_is_a_part_of_a_path_and_no_more() {
        let form = form(
            "https://api.example.com/v1/",
            r#""poll": "/tasks/{ticket}""#,
        );
        let odd = ticket(&form, r#"{"id": "../a?b", "cost": "4.1"}"#);
        assert_eq!(odd, Err("there is no ticket in it".to_owned()));
        let told = ticket(&form, r#"{"id": "../a/b", "cost": "4.1"}"#).unwrap();
        assert_eq!(told.1, "https://api.example.com/v1/tasks/%2E%2E%2Fa%2Fb");
        assert_eq!(told.2, Some(Cost::Is(Micro(41_000))));
        for odd in ["-5", "\"NaN\"", "1e300"] {
            let told = ticket(&form, &format!(r#"{{"id": "a", "cost": {odd}}}"#)).unwrap();
            let Some(Cost::Odd(said)) = told.2 else {
                panic!("{odd}: {:?}", told.2);
            };
            assert_eq!(
                said.trim_start_matches('+').replace("e+", "e"),
                odd.trim_matches('"')
            );
        }
        assert_eq!(encoded("a-b_c~d.e"), "a-b_c~d%2Ee");
        for (answer, said) in [
            ("", "it is not JSON"),
            ("{}", "there is no ticket in it"),
            (r#"{"message": "queue\nfull"}"#, "queue full"),
        ] {
            assert_eq!(ticket(&form, answer), Err(said.to_owned()), "{answer}");
        }
        let veil = Veil::new([&SecretString::from("sk-0123456789")]);
        let answer = br#"{"id": "sk-0123456789", "message": "got sk-0123456789"}"#;
        assert_eq!(form.ticket(answer, &veil).unwrap_err(), "got (your key)");
    }

    #[test]
    fn pictures_are_fetched_by_https_or_where_all_is_on_this_machine() {
        let answer = br#"{"result": [{"url": "https://cdn.example.com/1"}, {"url": "http://cdn.example.com/2"},
            {"url": "http://127.0.0.1:9/3"}, {"url": "file:///4"}, {"url": 5}]}"#;
        let sources = |base: &str| -> Vec<String> {
            let ready = form(base, r#""poll": "/""#).ready(answer, &Veil::default());
            assert_eq!(ready.came, 5);
            ready.sources.iter().map(ToString::to_string).collect()
        };
        let far = sources("https://api.example.com");
        assert_eq!(far, ["https://cdn.example.com/1"]);
        let here = sources("http://127.0.0.1:7/v1");
        assert_eq!(here, ["https://cdn.example.com/1", "http://127.0.0.1:9/3"]);
    }

    #[test]
    fn how_it_stands() {
        let form = form("https://api.example.com", r#""poll": "/""#);
        let standing = |answer: &str| form.standing(answer.as_bytes(), &Veil::default());
        let word = |word: &str| standing(&format!(r#"{{"status": "{word}", "message": "m"}}"#));
        assert_eq!(word("Ready"), Some(Standing::Ready));
        assert_eq!(word("Task not found"), Some(Standing::Gone));
        assert_eq!(word("Reasoning"), Some(Standing::Pending));
        for answer in ["", "{}", "[]", r#"{"status": null}"#] {
            assert_eq!(standing(answer), None, "{answer}");
        }
        let Some(Standing::Failed(refusal)) = word("Content Moderated") else {
            panic!("it failed");
        };
        assert_eq!(refusal.said(), "200 Content-Moderated: m");
        assert!(matches!(refusal.kind, RefusalKind::Moderation { .. }));
    }
}
