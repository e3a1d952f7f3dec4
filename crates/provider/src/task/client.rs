//! Speaks with a provider of tickets: one call for each arrow of the seam. Sends nothing twice, and no key to where a
//! picture is.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use reqwest::{RequestBuilder, Response, Url};

use super::form::{Standing, Task, TaskForm, encoded};
use super::refusal;
use crate::address::is_here;
use crate::auth;
use crate::fetch::Fetcher;
use crate::http::{Http, NoAnswer, beginning};
use crate::reply::{Fetched, Found, Lost, Polled, Refusal, RefusalKind, Reply, Ticket};
use crate::setup::Setup;
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
    /// For requests.
    http: Http,
    /// For pictures.
    fetcher: Fetcher,
    /// For a few words.
    short: Http,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(config: Config) -> Self {
        let is_here = is_here(&config.base_url);
        Self {
            http: Http::new(config.timeout, is_here).behind(config.proxy.as_ref()),
            fetcher: Fetcher::new(&config),
            short: Http::new(config.timeout.min(POLL), is_here),
            config,
        }
    }

    /// How the answers about a model are read, if it is asked for with tickets.
    pub fn form(&self, model: &str) -> Option<TaskForm> {
        let task = self.config.row.task_of(model)?;
        Some(TaskForm {
            base_url: self.config.base_url.to_string(),
            hosts: self.config.row.hosts.clone(),
            task: Task {
                // Nothing of a ticket: what is kept with one says what it takes to go on.
                list: None,
                ..task.clone()
            },
        })
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new([&self.config.key])
    }

    /// What a person can do about a page for a browser in place of an answer.
    pub fn page_hint(&self) -> String {
        Setup::new(&self.config).page_there()
    }

    /// What a person can do about a refusal, where there is a way of its own.
    pub fn hint(&self, refusal: &Refusal) -> Option<String> {
        if let Some(hint) = Setup::new(&self.config).nothing_there(refusal) {
            return Some(hint);
        }
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
        let model = &submission.request.model.name;
        let Some(form) = self.form(model) else {
            return Reply::Unsent(format!("`{model}` is asked for in no way that is known"));
        };
        let post = match self.post(submission, &form) {
            Ok(post) => post,
            Err(reply) => return reply,
        };
        let mut response = match self.http.send(post).await {
            Ok(response) => response,
            Err(why) => return reply(why),
        };
        if !response.status().is_success() {
            return match self.refused(&mut response, &form).await {
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
        let why = match form.ticket(&both.copy, &self.veil()) {
            Ok(ticket) => return Reply::Ticket(ticket),
            Err(why) => why,
        };
        match form.not_taken(&both.copy, &self.veil()) {
            Some(refusal) => Reply::Refused(refusal),
            None => Reply::Doubt {
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
            true => self.body(response).await,
            // It may say how it stands all the same.
            false => Ok(beginning(&mut response).await),
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => return Polled::Unknown(why),
        };
        match form.standing(&body, &self.veil()) {
            Some(Standing::Pending) => Polled::Pending(after),
            Some(Standing::Ready) => self.ready(form, body).await,
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

    /// Why a ticket is not asked for here: it was given at another place than the one that this key belongs to.
    pub fn is_elsewhere(&self, form: &TaskForm) -> Option<String> {
        let own = &self.config.base_url;
        let is_own = Url::parse(&form.base_url).is_ok_and(|given| given.origin() == own.origin());
        (!is_own).then(|| {
            let sent = &form.base_url;
            format!("it was asked for at `{sent}`, and that is not where the provider is asked now")
        })
    }

    /// What is ready: the answer itself, or the one that it points to.
    async fn ready(&self, form: &TaskForm, body: Vec<u8>) -> Polled {
        let url = match form.result(&body) {
            None => return Polled::Ready(body),
            Some(Ok(url)) => url,
            Some(Err(why)) => return Polled::Unknown(why),
        };
        let mut response = match self.get(url).await {
            Ok(response) => response,
            Err(why) => return Polled::Unknown(why),
        };
        if response.status().is_success() {
            return match self.body(response).await {
                Ok(body) => Polled::Ready(body),
                Err(why) => Polled::Unknown(why),
            };
        }
        // It ended, and this is what came of it.
        match self.refused(&mut response, form).await {
            Ok(refusal) if is_final(&refusal.kind) => Polled::Failed {
                refusal,
                is_unpaid: form.task.failed_is_unpaid,
            },
            Ok(refusal) => Polled::Refused(refusal),
            Err(why) => Polled::Unknown(why),
        }
    }

    /// Fetches a picture, without any key. Free, and may be repeated.
    pub async fn fetch(&self, source: &Url) -> Fetched {
        self.fetcher.fetch(source).await
    }

    /// Looks for a request whose answer was lost, by the name that it was given or in the list of all tasks. Free, and may
    /// be repeated.
    pub async fn find(&self, lost: &Lost<'_>) -> Found {
        let Some(task) = self.config.row.task_of(lost.model) else {
            return Found::Nothing;
        };
        let Some(form) = self.form(lost.model) else {
            return Found::Nothing;
        };
        let found = match (&task.find, &task.list) {
            (Some(path), _) => self.named(lost.own_id, path, &form).await,
            (None, Some(list)) => self.listed(lost, &form, list).await.map(Found::Listed),
            (None, None) => Ok(Found::Nothing),
        };
        found.unwrap_or_else(Found::Unknown)
    }

    /// Looks for a request by the name of ours.
    async fn named(&self, own_id: &str, path: &str, form: &TaskForm) -> Result<Found, String> {
        let url = form.below(&path.replace("{own_id}", &encoded(own_id)))?;
        let response = self.get(url).await?;
        let status = response.status();
        if status.as_u16() == 404 {
            return Ok(Found::Nothing);
        }
        if !status.is_success() {
            return Err(format!("the provider answered {}", status.as_u16()));
        }
        let body = self.body(response).await?;
        Ok(match form.ticket(&body, &self.veil()).is_ok() {
            true => Found::Ticket(body),
            false => Found::Nothing,
        })
    }

    /// How long one request may take.
    pub(super) fn timeout(&self) -> Duration {
        self.config.timeout
    }

    fn post(&self, submission: Submission<'_>, form: &TaskForm) -> Result<RequestBuilder, Reply> {
        let client = self.http.client().map_err(Reply::Unsent)?;
        let headers = auth::headers(&self.config).map_err(Reply::Unsent)?;
        let model = &submission.request.model.name;
        let paths = self.config.row.paths_of(model);
        let path = match submission.prompt.operation() {
            Operation::Edit => paths.edit(),
            Operation::Generate | Operation::Draw => &paths.generate,
        };
        let url = form.below(&path_of(path, model)).map_err(Reply::Unsent)?;
        let json = self.config.row.body_of(model).json(submission);
        let json = json.map_err(|e| Reply::Unreadable(e.to_string()))?;
        Ok(client
            .post(url)
            .headers(headers)
            .header("content-type", "application/json")
            .body(json.to_string()))
    }

    pub(super) async fn get(&self, url: Url) -> Result<Response, String> {
        let client = self.short.client()?;
        let request = client.get(url).headers(auth::headers(&self.config)?);
        self.short.send(request).await.map_err(NoAnswer::said)
    }

    /// A body, in memory.
    pub(super) async fn body(&self, response: Response) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        let nowhere = Path::new("memory");
        let written = self
            .http
            .write_body(response, MAX_ANSWER_BYTES, &mut body, nowhere);
        written.await.map_err(NoAnswer::said)?;
        Ok(body)
    }

    async fn refused(&self, response: &mut Response, form: &TaskForm) -> Result<Refusal, String> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = beginning(response).await;
        let is_unpaid = |status| self.config.row.is_unpaid(status);
        let refusal = refusal::read(is_unpaid, form, status, &headers, &body, &self.veil());
        refusal.ok_or_else(|| format!("something between here and the provider answered {status}"))
    }
}

/// The path for a model: `{model}` is its name, each part of which stays one.
fn path_of(path: &str, model: &str) -> String {
    let parts: Vec<String> = model.split('/').map(encoded).collect();
    path.replace("{model}", &parts.join("/"))
}

/// Whether what a task ended with stays so.
fn is_final(kind: &RefusalKind) -> bool {
    matches!(
        kind,
        RefusalKind::Moderation { .. } | RefusalKind::Invalid | RefusalKind::NoModel
    )
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
