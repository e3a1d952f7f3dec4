//! The calls of a batch that are no upload and no line: a few words of JSON each way, within bounds, with the key to the
//! provider's own place and nowhere else. Knows no protocol.

use std::path::Path;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;

use super::NotDone;
use crate::address::is_here;
use crate::bounded;
use crate::http::{Http, NoAnswer, beginning};
use crate::reply::Refusal;
use crate::{Config, Veil};

/// The most that is read of an answer that is no line, in bytes: a page of a hundred batches.
const MAX_ANSWER_BYTES: u64 = 16 << 20;
/// Such a call takes no longer.
const SHORT: Duration = Duration::from_secs(60);
/// A file of lines takes no longer, there or back.
const LONG: Duration = Duration::from_secs(6 * 3600);

/// A connection for batches.
pub(super) struct Calls {
    short: Http,
    long: Http,
    veil: Veil,
}

/// What came in place of a success.
pub(super) enum Failed {
    /// Nothing was sent.
    Unsent(String),
    /// It may have been.
    Cut(String),
    /// This status, with the beginning of its body.
    Status(u16, HeaderMap, Vec<u8>),
}

impl Failed {
    /// The same where nothing is lost by it; `refusal` reads what the provider said.
    pub(super) fn not_done(
        self,
        refusal: impl FnOnce(u16, &HeaderMap, &[u8]) -> Option<Refusal>,
    ) -> NotDone {
        match self {
            Self::Unsent(why) | Self::Cut(why) => NotDone::Unknown(why),
            Self::Status(status @ (404 | 410), headers, body) => {
                let said = refusal(status, &headers, &body).map(|refusal| refusal.said());
                NotDone::Gone(said.unwrap_or_else(|| status.to_string()))
            }
            Self::Status(status, headers, body) => match refusal(status, &headers, &body) {
                Some(refusal) => NotDone::Refused(refusal),
                None => NotDone::Unknown(format!("the provider answered {status}")),
            },
        }
    }
}

impl Calls {
    pub(super) fn new(config: &Config) -> Self {
        let http =
            |timeout| Http::new(timeout, is_here(&config.base_url)).behind(config.proxy.as_ref());
        Self {
            short: http(config.timeout.min(SHORT)),
            long: http(LONG),
            veil: Veil::new([&config.key]),
        }
    }

    pub(super) fn veil(&self) -> &Veil {
        &self.veil
    }

    /// What a call is put together with.
    pub(super) fn client(&self) -> Result<&Client, Failed> {
        self.short.client().map_err(Failed::Unsent)
    }

    /// The same for a file of lines.
    pub(super) fn for_files(&self) -> Result<&Client, Failed> {
        self.long.client().map_err(Failed::Unsent)
    }

    /// A whole answer of JSON.
    pub(super) async fn json(&self, request: RequestBuilder) -> Result<Value, Failed> {
        let response = self.open(request).await?;
        let mut body = Vec::new();
        let nowhere = Path::new("memory");
        let written = self
            .short
            .write_body(response, MAX_ANSWER_BYTES, &mut body, nowhere)
            .await;
        written.map_err(cut)?;
        serde_json::from_slice(&body)
            .map_err(|_| Failed::Cut("what the provider answered is not JSON".to_owned()))
    }

    /// An answer whose body is still to come.
    pub(super) async fn open(&self, request: RequestBuilder) -> Result<Response, Failed> {
        let mut response = self.short.send(request).await.map_err(cut)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = beginning(&mut response).await;
        Err(Failed::Status(status, headers, body))
    }

    /// What a stranger says, as a sentence without the key in it.
    pub(super) fn sentence(&self, text: &str) -> String {
        let text = bounded::sentence(&self.veil.over(text));
        self.veil.over(&text).into_owned()
    }
}

fn cut(why: NoAnswer) -> Failed {
    match why {
        NoAnswer::Unsent(why) => Failed::Unsent(why),
        NoAnswer::Cut(why) => Failed::Cut(why),
        NoAnswer::Disk(error) => Failed::Cut(error.to_string()),
    }
}

/// The name of a batch or of a file, if it is one: it becomes a part of a URL's path, and one part of it.
pub(super) fn id(value: &Value, beginning: &str) -> Option<String> {
    let text = bounded::name(value.as_str()?)?;
    let own = text.strip_prefix(beginning)?;
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_id = own.starts_with(|c: char| c.is_ascii_alphanumeric()) && own.chars().all(is_sign);
    is_id.then_some(text)
}

/// What stands below a base URL; `parts` are parts of a path, each of which stays one.
pub(super) fn below(base: &Url, path: &str, parts: &[&str]) -> Url {
    let mut url = base.clone();
    let whole = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&whole);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(parts);
    }
    url
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{below, id};

    #[test]
    fn a_name_is_one_part_of_a_path() {
        for (text, beginning, is) in [
            ("batch_abc123", "", true),
            ("batches/a-1", "batches/", true),
            ("files/a.b", "files/", true),
            ("files/a", "", false),
            ("batches/../files/a", "batches/", false),
            ("..", "", false),
            (".hidden", "", false),
            ("a?b", "", false),
            ("a b", "", false),
            ("", "", false),
            ("file", "files/", false),
        ] {
            assert_eq!(id(&json!(text), beginning).is_some(), is, "{text}");
        }
        assert_eq!(id(&json!(7), ""), None);
        let base = reqwest::Url::parse("https://a.example/v1/").unwrap();
        let url = below(&base, "/files", &["a/b", "content"]);
        assert_eq!(url.as_str(), "https://a.example/v1/files/a%2Fb/content");
    }
}
