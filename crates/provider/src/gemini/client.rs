//! Sends one request and writes what comes back as it comes. Says what is known of what became of it; sends nothing
//! twice.

use std::io::Write;
use std::path::Path;

use reqwest::{RequestBuilder, Url};

use super::{body, refusal};
use crate::address::{is_here, is_known};
use crate::auth;
use crate::http::{Http, NoAnswer, beginning};
use crate::reply::{Refusal, RefusalKind, Reply};
use crate::setup::Setup;
use crate::submission::Submission;
use crate::{Config, Veil};

/// The most that is read of an answer, in bytes. A picture of 4K and its signature, which is as large, are some 40 MB;
/// drafts may come before it.
const MAX_ANSWER_BYTES: u64 = 192 << 20;
/// The largest request, in bytes: Google's documents say 20 MB, of which some copies say 100.
const MAX_REQUEST_BYTES: usize = 20_000_000;

/// Sends requests. Nothing of it is set up before the first one.
pub struct Client {
    config: Config,
    http: Http,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(config: Config) -> Self {
        Self {
            http: Http::new(config.timeout, is_here(&config.base_url)),
            config,
        }
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new([&self.config.key])
    }

    /// Sends a request once. The body of an answer goes to `into` as it comes.
    pub async fn send(
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
        let status = response.status().as_u16();
        if !response.status().is_success() {
            let headers = response.headers().clone();
            let body = beginning(&mut response).await;
            let is_unpaid = self.is_own_host() && self.config.row.is_unpaid(status);
            return match refusal::read(is_unpaid, status, &headers, &body, &self.veil()) {
                Some(refusal) => Reply::Refused(refusal),
                None => Reply::Doubt {
                    why: format!("the provider, or something on the way to it, answered {status}"),
                    request_id: None,
                },
            };
        }
        let written = self
            .http
            .write_body(response, MAX_ANSWER_BYTES, into, path)
            .await;
        match written {
            // Its name stands in the answer.
            Ok(()) => Reply::Answered { request_id: None },
            Err(why) => reply(why),
        }
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
        refusal::hint(refusal).map(str::to_owned).or_else(|| {
            let is_key = refusal.kind == RefusalKind::Credentials && refusal.status != 403;
            is_key.then(|| format!("look at `{}`", self.config.key_variable))
        })
    }

    /// Whether the provider itself is asked: of its own 500 it is known that no picture came, of a relay's it is not.
    fn is_own_host(&self) -> bool {
        is_known(&self.config.base_url, &self.config.row.hosts)
    }

    /// The request, put together.
    fn post(&self, submission: Submission<'_>) -> Result<RequestBuilder, Reply> {
        let Submission {
            request,
            prompt,
            references,
            // The plan has refused it.
            mask: _,
            // Nobody here takes one.
            own_id: _,
        } = submission;
        let client = self.http.client().map_err(Reply::Unsent)?;
        let headers = auth::headers(&self.config).map_err(Reply::Unsent)?;
        let url = self.url(&request.model.name).map_err(Reply::Unsent)?;
        let json = body::json(request, prompt, references);
        let json = json
            .map_err(|e| Reply::Unreadable(e.to_string()))?
            .to_string();
        if json.len() > MAX_REQUEST_BYTES {
            return Err(Reply::TooLarge {
                bytes: json.len() as u64,
                most: MAX_REQUEST_BYTES as u64,
            });
        }
        Ok(client
            .post(url)
            .headers(headers)
            .header("content-type", "application/json")
            .body(json))
    }

    /// Where a model is asked.
    fn url(&self, model: &str) -> Result<Url, String> {
        let path = &self.config.row.paths.generate;
        url(&without_version(&self.config.base_url, path), path, model)
    }
}

/// What stands before the version of a path. The official library has no version in its base URL, people write it there.
pub(crate) fn without_version(base: &Url, path: &str) -> Url {
    let version = path.trim_start_matches('/').split('/').next();
    let own = base.path().trim_end_matches('/').to_owned();
    let twice = version.and_then(|version| own.strip_suffix(&format!("/{version}")));
    let mut url = base.clone();
    url.set_path(twice.unwrap_or(&own));
    url
}

/// Where a model is asked, at this path below the base URL.
pub(crate) fn url(base: &Url, path: &str, model: &str) -> Result<Url, String> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| "the base URL has no path".to_owned())?
        .pop_if_empty()
        // A slash in a name is no step in a path.
        .extend(
            path.trim_start_matches('/')
                .split('/')
                .map(|part| part.replace("{model}", model)),
        );
    Ok(url)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Client;
    use crate::{Config, address, table};

    fn client(base: &str) -> Client {
        Client::new(Config::new(
            &table::builtin()["gemini"],
            address::parse(base).unwrap(),
            "a-key-of-gemini".into(),
            Duration::from_secs(1),
        ))
    }

    #[test]
    fn a_model_is_asked_below_the_base_with_or_without_its_version() {
        for (base, url) in [
            (
                "https://generativelanguage.googleapis.com",
                "https://generativelanguage.googleapis.com/v1beta/models/a:generateContent",
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/",
                "https://generativelanguage.googleapis.com/v1beta/models/a:generateContent",
            ),
            (
                "http://127.0.0.1:9/gemini",
                "http://127.0.0.1:9/gemini/v1beta/models/a:generateContent",
            ),
        ] {
            assert_eq!(client(base).url("a").unwrap().as_str(), url);
        }
        let odd = client("https://example.com").url("../../x/y?z#").unwrap();
        assert_eq!(
            odd.path(),
            "/v1beta/models/..%2F..%2Fx%2Fy%3Fz%23:generateContent"
        );
    }

    #[test]
    fn only_at_its_own_host_is_an_error_known_to_be_unpaid() {
        assert!(client("https://generativelanguage.googleapis.com").is_own_host());
        for relay in [
            "https://relay.example.com",
            "http://127.0.0.1:9",
            "https://generativelanguage.googleapis.com:8443",
        ] {
            assert!(!client(relay).is_own_host(), "{relay}");
        }
    }
}
