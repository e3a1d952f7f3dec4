//! Speaks with a provider of tickets: one call for each arrow of the seam. Sends nothing twice, and no key to where a
//! picture is.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};
use secrecy::ExposeSecret;

use super::body::Body;
use super::form::{Standing, TaskForm, encoded};
use super::refusal;
use crate::address::is_here;
use crate::fetch::Fetcher;
use crate::http::{Http, NoAnswer, beginning};
use crate::reply::{Fetched, Found, Polled, Refusal, RefusalKind, Reply, Ticket};
use crate::submission::Submission;
use crate::{Config, Veil, wait};
use model::request::Operation;

/// The most that is read of an answer that holds no picture, in bytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// A poll takes no longer: it brings a few words.
const POLL: Duration = Duration::from_secs(60);

/// Speaks with one provider.
pub struct Client {
    config: Config,
    form: TaskForm,
    /// For requests.
    http: Http,
    /// For pictures.
    fetcher: Fetcher,
    /// For a few words.
    short: Http,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(config: Config, form: TaskForm) -> Self {
        let is_here = is_here(&config.base_url);
        Self {
            http: Http::new(config.timeout, is_here).behind(config.proxy.as_ref()),
            fetcher: Fetcher::new(config.base_url.clone(), config.timeout),
            short: Http::new(config.timeout.min(POLL), is_here),
            config,
            form,
        }
    }

    /// How its answers are read.
    pub fn form(&self) -> &TaskForm {
        &self.form
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new([&self.config.key])
    }

    /// What a person can do about a refusal, where there is a way of its own.
    pub fn hint(&self, refusal: &Refusal) -> Option<String> {
        match refusal.kind {
            RefusalKind::Credentials if refusal.status != 403 => {
                Some(format!("look at `{}`", self.config.key_variable))
            }
            _ => None,
        }
    }

    /// Sends a request once. The answer goes to `into` as it comes.
    pub async fn submit(
        &self,
        submission: Submission<'_>,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        let post = match self.post(submission) {
            Ok(post) => post,
            Err(reply) => return reply,
        };
        let mut response = match self.http.send(post).await {
            Ok(response) => response,
            Err(why) => return reply(why),
        };
        if !response.status().is_success() {
            return match self.refused(&mut response).await {
                Ok(refusal) => Reply::Refused(refusal),
                Err(why) => Reply::Doubt {
                    why,
                    request_id: None,
                },
            };
        }
        let mut both = Both {
            into,
            copy: Vec::new(),
        };
        let written = self
            .http
            .write_body(response, MAX_ANSWER_BYTES, &mut both, path);
        if let Err(why) = written.await {
            return reply(why);
        }
        match self.form.ticket(&both.copy, &self.veil()) {
            Ok(ticket) => Reply::Ticket(ticket),
            Err(why) => Reply::Doubt {
                why: format!("answered without a ticket: {why}"),
                request_id: None,
            },
        }
    }

    /// Asks how a ticket stands. Free, and may be repeated.
    pub async fn poll(&self, form: &TaskForm, ticket: &Ticket) -> Polled {
        let (mut response, after) = match self.get(ticket.poll.clone()).await {
            Ok(response) => {
                let after = wait::asked(response.headers());
                (response, after)
            }
            Err(why) => return Polled::Unknown(why),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match status.is_success() {
            true => self.body(response, MAX_ANSWER_BYTES).await,
            // It may say how it stands all the same.
            false => Ok(beginning(&mut response).await),
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => return Polled::Unknown(why),
        };
        match form.standing(&body, &self.veil()) {
            Some(Standing::Pending) => Polled::Pending(after),
            Some(Standing::Ready) => Polled::Ready(body),
            Some(Standing::Gone) => Polled::Gone,
            Some(Standing::Failed(refusal)) => Polled::Failed {
                refusal,
                is_unpaid: form.task.failed_is_unpaid,
            },
            None if status.is_success() => {
                Polled::Unknown("the answer does not say how it stands".to_owned())
            }
            None if matches!(status.as_u16(), 404 | 410) => Polled::Gone,
            None => {
                let status = status.as_u16();
                let is_unpaid = |status| self.config.row.is_unpaid(status);
                match refusal::read(is_unpaid, form, status, &headers, &body, &self.veil()) {
                    Some(refusal) => Polled::Refused(refusal),
                    None => Polled::Unknown(format!("the provider answered {status}")),
                }
            }
        }
    }

    /// Fetches a picture, without any key. Free, and may be repeated.
    pub async fn fetch(&self, source: &Url) -> Fetched {
        self.fetcher.fetch(source).await
    }

    /// Looks for a request whose answer was lost by the name that it was given. Free, and may be repeated.
    pub async fn find(&self, own_id: &str) -> Found {
        let Some(path) = &self.form.task.find else {
            return Found::Nothing;
        };
        let url = match self.form.below(&path.replace("{own_id}", &encoded(own_id))) {
            Ok(url) => url,
            Err(why) => return Found::Unknown(why),
        };
        let response = match self.get(url).await {
            Ok(response) => response,
            Err(why) => return Found::Unknown(why),
        };
        let status = response.status();
        if status.as_u16() == 404 {
            return Found::Nothing;
        }
        if !status.is_success() {
            return Found::Unknown(format!("the provider answered {}", status.as_u16()));
        }
        match self.body(response, MAX_ANSWER_BYTES).await {
            Ok(body) if self.form.ticket(&body, &self.veil()).is_ok() => Found::Ticket(body),
            Ok(_) => Found::Nothing,
            Err(why) => Found::Unknown(why),
        }
    }

    fn post(&self, submission: Submission<'_>) -> Result<RequestBuilder, Reply> {
        let client = self.http.client().map_err(Reply::Unsent)?;
        let headers = self.headers().map_err(Reply::Unsent)?;
        let paths = &self.config.row.paths;
        let path = match submission.prompt.operation() {
            Operation::Edit => paths.edit(),
            Operation::Generate | Operation::Draw => &paths.generate,
        };
        let path = path.replace("{model}", &encoded(&submission.request.model.name));
        let url = self.form.below(&path).map_err(Reply::Unsent)?;
        let body: &Body = &self.config.row.body;
        let json = body.json(submission);
        let json = json.map_err(|e| Reply::Unreadable(e.to_string()))?;
        Ok(client
            .post(url)
            .headers(headers)
            .header("content-type", "application/json")
            .body(json.to_string()))
    }

    async fn get(&self, url: Url) -> Result<Response, String> {
        let client = self.short.client()?;
        let request = client.get(url).headers(self.headers()?);
        self.short.send(request).await.map_err(NoAnswer::said)
    }

    /// A body, in memory.
    async fn body(&self, response: Response, limit: u64) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        let nowhere = Path::new("memory");
        let written = self.http.write_body(response, limit, &mut body, nowhere);
        written.await.map_err(NoAnswer::said)?;
        Ok(body)
    }

    async fn refused(&self, response: &mut Response) -> Result<Refusal, String> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = beginning(response).await;
        let is_unpaid = |status| self.config.row.is_unpaid(status);
        let refusal = refusal::read(is_unpaid, &self.form, status, &headers, &body, &self.veil());
        refusal.ok_or_else(|| format!("something between here and the provider answered {status}"))
    }

    fn headers(&self) -> Result<HeaderMap, String> {
        let config = &self.config;
        let auth = &config.row.auth;
        let wrong = || format!("`{}` holds what no header can carry", config.key_variable);
        let value = auth.value(config.key.expose_secret().trim());
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        let name: HeaderName = auth.header.parse().map_err(|_| wrong())?;
        Ok([(name, value)].into_iter().collect())
    }
}

/// Writes what comes to two places.
struct Both<'w> {
    into: &'w mut (dyn Write + Send),
    copy: Vec<u8>,
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.copy.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

fn reply(why: NoAnswer) -> Reply {
    match why {
        NoAnswer::Unsent(why) => Reply::Unsent(why),
        NoAnswer::Cut(why) => Reply::Doubt {
            why,
            request_id: None,
        },
        NoAnswer::Disk(error) => Reply::Disk(error),
    }
}
