//! Sends one request and writes what comes back as it comes. Says what is known of what became of it;
//! sends nothing twice.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use reqwest::{RequestBuilder, Url};

use super::answer;
use super::body;
use super::endpoint::Endpoint;
use super::refusal;
use crate::address::is_here;
use crate::bounded;
use crate::fetch::Fetcher;
use crate::http::{Http, NoAnswer, beginning};
use crate::reply::{Fetched, Refusal, RefusalKind, Reply};
use crate::setup::Setup;
use crate::submission::Submission;
use crate::table::Row;
use crate::task::by_code;
use crate::{Config, Veil};
use model::request::Operation;

/// Sends requests. Nothing of it is set up before the first one.
pub struct Client {
    row: Arc<Row>,
    key_variable: String,
    endpoint: Endpoint,
    http: Http,
    fetcher: Fetcher,
    setup: Setup,
    /// It is reached at another place than its own: whoever is there passes requests on.
    is_relayed: bool,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(config: Config) -> Self {
        let http =
            Http::new(config.timeout, is_here(&config.base_url)).behind(config.proxy.as_ref());
        Self {
            fetcher: Fetcher::new(&config),
            is_relayed: config.azure.is_none() && !config.row.is_at(&config.base_url),
            setup: Setup::new(&config),
            row: Arc::clone(&config.row),
            key_variable: config.key_variable.clone(),
            endpoint: Endpoint::new(config),
            http,
        }
    }

    /// Whom it asks.
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        self.endpoint.veil()
    }

    /// Sends a request once. The body of an answer goes to `into` as it comes.
    pub async fn send(
        &self,
        submission: Submission<'_>,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        let post = match self.post(submission).await {
            Ok(post) => post,
            Err(reply) => return reply,
        };
        let mut response = match self.http.send(post).await {
            Ok(response) => response,
            Err(why) => return reply(why, None),
        };
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let veil = self.endpoint.veil();
        let request_id = header("x-request-id").as_deref().and_then(bounded::name);
        let request_id = request_id.filter(|id| veil.lets_pass(id));
        let status = response.status().as_u16();
        if !response.status().is_success() {
            let headers = response.headers().clone();
            let body = beginning(&mut response).await;
            let is_unpaid = |status| !self.is_relayed && self.row.is_unpaid(status);
            return match refusal::read(is_unpaid, status, &headers, &body, &veil) {
                Ok(refusal) => Reply::Refused(self.coded(refusal)),
                Err(said) => Reply::Doubt {
                    why: format!("something between here and the provider answered {said}"),
                    request_id,
                },
            };
        }
        let limit = answer::limit(submission.prompt.candidates);
        match self.http.write_body(response, limit, into, path).await {
            Ok(()) => Reply::Answered { request_id },
            Err(why) => reply(why, request_id),
        }
    }

    /// What its own code says is more than its status does.
    fn coded(&self, refusal: Refusal) -> Refusal {
        let code = refusal.code.as_deref().unwrap_or_default();
        match by_code(&self.row.codes, code) {
            Some(failure) => Refusal {
                kind: failure.into(),
                ..refusal
            },
            None => refusal,
        }
    }

    /// Fetches a picture, without any key. Free, and may be repeated.
    pub async fn fetch(&self, source: &Url) -> Fetched {
        self.fetcher.fetch(source).await
    }

    /// What a person can do about a page for a browser in place of an answer.
    pub fn page_hint(&self) -> String {
        self.setup.page_there()
    }

    /// What a person can do about a refusal, where there is a way of its own.
    pub fn hint(&self, refusal: &Refusal) -> Option<String> {
        if let Some(hint) = self.setup.nothing_there(refusal) {
            return Some(hint);
        }
        let verify = refusal.message.contains("must be verified");
        Some(match &refusal.kind {
            RefusalKind::Moderation { .. } => {
                let lower = self.row.lower_moderation.as_ref()?;
                format!("reword the prompt; {lower}")
            }
            RefusalKind::Credentials if verify => {
                "the organization has to be verified once, in the provider's settings; it takes some 30 minutes to be known".to_owned()
            }
            RefusalKind::Credentials if refusal.status != 403 => {
                format!("look at `{}`", self.key_variable)
            }
            _ => return None,
        })
    }

    /// The request, put together.
    async fn post(&self, submission: Submission<'_>) -> Result<RequestBuilder, Reply> {
        let Submission {
            request,
            prompt,
            references,
            mask,
            // Nobody here takes one.
            own_id: _,
        } = submission;
        let model = self.endpoint.model(&request.model.name);
        let client = self.http.client().map_err(Reply::Unsent)?;
        let headers = self.endpoint.headers().map_err(Reply::Unsent)?;
        let path = match prompt.operation() {
            Operation::Edit => self.row.paths_of(model).edit(),
            Operation::Generate | Operation::Draw => &self.row.paths_of(model).generate,
        };
        let post = client
            .post(self.endpoint.url(&request.model.name, path))
            .headers(headers);
        let body = self.row.body_of(&request.model.name);
        if !body.is_empty() {
            let json = body.json(submission);
            let json = json.map_err(|e| Reply::Unreadable(e.to_string()))?;
            return Ok(post
                .header("content-type", "application/json")
                .body(json.to_string()));
        }
        if prompt.operation() == Operation::Edit {
            let form = body::form(request, prompt, model, references, mask).await;
            let form = form.map_err(|e| Reply::Unreadable(e.to_string()))?;
            return Ok(post.multipart(form));
        }
        let json = serde_json::Value::Object(body::parameters(request, prompt, model));
        Ok(post
            .header("content-type", "application/json")
            .body(json.to_string()))
    }
}

fn reply(why: NoAnswer, request_id: Option<String>) -> Reply {
    match why {
        NoAnswer::Unsent(why) => Reply::Unsent(why),
        NoAnswer::Cut(why) => Reply::Doubt { why, request_id },
        NoAnswer::Disk(error) => Reply::Disk(error),
    }
}
