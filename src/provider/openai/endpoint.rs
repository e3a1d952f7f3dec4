//! Where requests go, and how they say who sends them: api.openai.com, a gateway that speaks the same
//! API, or Azure in its two shapes.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::provider::veil::Veil;

/// Where the API is, if nothing else is said.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The hosts that a key may go to without anybody's word. Not Azure's: a name under `openai.azure.com`
/// belongs to whoever registered it.
const HOSTS: [&str; 1] = ["api.openai.com"];

/// Whether a key may go there without anybody's word.
pub fn is_known(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && HOSTS.contains(&host) && url.port().is_none()
}

/// The host that a key goes to, with its port if it is no usual one: what looks like another in some script
/// is shown in its ASCII form.
pub fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Whether it is on this machine. What goes there goes nowhere else on its way.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().map(|address| address.to_canonical());
    let name = host.trim_end_matches('.');
    address.is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API is; for Azure, the resource: `https://NAME.openai.azure.com`.
    pub base_url: Url,
    /// The key; shown as `[REDACTED]` wherever it is printed.
    pub key: SecretString,
    /// `OPENAI_ORG_ID`.
    pub organization: Option<String>,
    /// `OPENAI_PROJECT_ID`.
    pub project: Option<String>,
    /// Azure's shape of the same API.
    pub azure: Option<Azure>,
    /// How long one request may take, from its first byte to the answer's last.
    pub timeout: Duration,
}

/// What is different on Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Azure {
    /// `preview` or `v1`: the URLs of v1; a date: the classic ones.
    pub api_version: String,
    /// The deployment of a model; the model's own name where there is none.
    pub deployments: BTreeMap<String, String>,
}

impl Azure {
    fn is_classic(&self) -> bool {
        self.api_version.starts_with(|c: char| c.is_ascii_digit())
    }

    fn deployment<'a>(&'a self, model: &'a str) -> &'a str {
        self.deployments.get(model).map_or(model, String::as_str)
    }
}

/// Why a base URL cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It is no URL.
    NoUrl,
    /// It is not `https:`, and not on this machine: the key could be read on its way.
    NotSafe,
    /// It has a user, a query or a fragment.
    Extra,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUrl => "is not a URL",
            Self::NotSafe => "is not `https:`: the key could be read on its way",
            Self::Extra => {
                "has a user, a query or a fragment: only scheme, host and path belong in it"
            }
        })
    }
}

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Endpoint {
    config: Config,
}

impl Endpoint {
    /// Reads a base URL: `https`, or `http` on this machine.
    pub fn parse_url(text: &str) -> Result<Url, UrlError> {
        let url = Url::parse(text.trim()).map_err(|_| UrlError::NoUrl)?;
        let host = url.host_str().ok_or(UrlError::NoUrl)?;
        let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(UrlError::NotSafe),
            _ => return Err(UrlError::NoUrl),
        }
        let extra = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extra { Err(UrlError::Extra) } else { Ok(url) }
    }

    /// An endpoint.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// How long one request may take.
    pub fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new(Some(&self.config.key))
    }

    /// Whether requests stay on this machine.
    pub fn is_here(&self) -> bool {
        is_here(&self.config.base_url)
    }

    /// Where to send a request; `operation` is `generations` or `edits`.
    pub fn url(&self, model: &str, operation: &str) -> Url {
        let mut url = self.config.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        match &self.config.azure {
            None => url.set_path(&format!("{base}/images/{operation}")),
            Some(azure) => {
                // A resource may be written with the path that Azure shows it with.
                let base = base.trim_end_matches("/v1").trim_end_matches("/openai");
                if azure.is_classic() {
                    let name = azure.deployment(model);
                    url.set_path(&format!(
                        "{base}/openai/deployments/{name}/images/{operation}"
                    ));
                } else {
                    url.set_path(&format!("{base}/openai/v1/images/{operation}"));
                }
                url.query_pairs_mut()
                    .append_pair("api-version", &azure.api_version);
            }
        }
        url
    }

    /// The model as this endpoint calls it.
    pub fn model<'a>(&'a self, model: &'a str) -> &'a str {
        match &self.config.azure {
            None => model,
            Some(azure) => azure.deployment(model),
        }
    }

    /// Who sends the request. An error names the variable that cannot be sent.
    pub fn headers(&self) -> Result<HeaderMap, &'static str> {
        let mut headers = HeaderMap::new();
        let key = self.config.key.expose_secret().trim();
        let (name, value) = match &self.config.azure {
            None => ("authorization", format!("Bearer {key}")),
            Some(_) => ("api-key", key.to_owned()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| super::KEY_VARIABLE)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        for (name, value, variable) in [
            (
                "openai-organization",
                &self.config.organization,
                "OPENAI_ORG_ID",
            ),
            ("openai-project", &self.config.project, "OPENAI_PROJECT_ID"),
        ] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).map_err(|_| variable)?);
            }
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Azure, Config, Endpoint, UrlError, is_here, is_known};

    fn endpoint(base: &str, azure: Option<Azure>) -> Endpoint {
        Endpoint::new(Config {
            base_url: Endpoint::parse_url(base).unwrap(),
            key: "sk-secret".into(),
            organization: None,
            project: None,
            azure,
            timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn the_three_shapes() {
        let azure = |version: &str| {
            Some(Azure {
                api_version: version.to_owned(),
                deployments: [("gpt-image-2".to_owned(), "ours".to_owned())].into(),
            })
        };
        let url = |e: &Endpoint| e.url("gpt-image-2", "edits").to_string();
        let plain = endpoint("https://api.openai.com/v1/", None);
        assert_eq!(url(&plain), "https://api.openai.com/v1/images/edits");
        assert_eq!(plain.model("gpt-image-2"), "gpt-image-2");
        let v1 = endpoint("https://x.openai.azure.com", azure("preview"));
        assert_eq!(
            url(&v1),
            "https://x.openai.azure.com/openai/v1/images/edits?api-version=preview"
        );
        assert_eq!(v1.model("gpt-image-2"), "ours");
        assert_eq!(v1.model("other"), "other");
        let classic = endpoint(
            "https://x.openai.azure.com/openai/v1",
            azure("2025-04-01-preview"),
        );
        assert_eq!(
            url(&classic),
            "https://x.openai.azure.com/openai/deployments/ours/images/edits?api-version=2025-04-01-preview"
        );
        assert!(classic.headers().unwrap().contains_key("api-key"));
        assert!(!classic.headers().unwrap().contains_key("authorization"));
    }

    #[test]
    fn only_the_apis_own_host_needs_nobodys_word() {
        for (text, known, host) in [
            ("https://api.openai.com/v1", true, "api.openai.com"),
            ("https://API.OpenAI.com:443", true, "api.openai.com"),
            ("https://api.openai.com./v1", false, "api.openai.com."),
            ("https://api.openai.com:8443", false, "api.openai.com:8443"),
            (
                "https://api.openai.com.evil.com",
                false,
                "api.openai.com.evil.com",
            ),
            ("https://xapi.openai.com", false, "xapi.openai.com"),
            ("https://openai.com/api.openai.com", false, "openai.com"),
            (
                "https://ours.openai.azure.com",
                false,
                "ours.openai.azure.com",
            ),
            // A Cyrillic letter.
            (
                "https://\u{430}pi.openai.com",
                false,
                "xn--pi-6kc.openai.com",
            ),
            ("https://evil.com\\@api.openai.com", false, "evil.com"),
            ("http://127.0.0.1:9", false, "127.0.0.1:9"),
        ] {
            let url = Endpoint::parse_url(text);
            let url = url.unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(
                (is_known(&url), super::host(&url).as_str()),
                (known, host),
                "{text}"
            );
        }
        for text in [
            "https://api.openai.com@evil.com",
            "https://x:y@api.openai.com",
        ] {
            assert_eq!(Endpoint::parse_url(text), Err(UrlError::Extra), "{text}");
        }
    }

    #[test]
    fn what_is_on_this_machine_is_known_by_any_of_its_names() {
        for (text, here) in [
            ("http://127.0.0.1:1/v1", true),
            ("http://localhost/v1", true),
            ("http://[::1]:8080", true),
            ("https://127.8.9.1", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://a.localhost.", true),
            ("https://api.openai.com", false),
            ("https://localhost.example.com", false),
            ("https://127.0.0.1.example.com", false),
        ] {
            let url = Endpoint::parse_url(text).unwrap();
            assert_eq!(is_here(&url), here, "{text}");
        }
    }

    #[test]
    fn the_key_goes_nowhere_in_the_clear() {
        for (text, expected) in [
            ("http://127.0.0.1:80/v1", Ok(())),
            ("http://[::1]/v1", Ok(())),
            ("http://localhost/v1", Ok(())),
            ("http://example.com/v1", Err(UrlError::NotSafe)),
            ("http://127.0.0.1.example.com/v1", Err(UrlError::NotSafe)),
            ("ftp://example.com", Err(UrlError::NoUrl)),
            ("example.com/v1", Err(UrlError::NoUrl)),
            ("https://a:b@example.com", Err(UrlError::Extra)),
            ("https://example.com/v1?x=1", Err(UrlError::Extra)),
        ] {
            assert_eq!(Endpoint::parse_url(text).map(|_| ()), expected, "{text}");
        }
        let endpoint = endpoint("https://api.openai.com/v1", None);
        let headers = endpoint.headers().unwrap();
        assert_eq!(headers["authorization"], "Bearer sk-secret");
        let shown = format!("{endpoint:?} {headers:?}");
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
}
