//! Where requests go, and how they say who sends them: the API of a row, a gateway that speaks the same API, or
//! Azure in its two shapes.

use std::collections::BTreeMap;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use crate::auth;
use crate::{Config, Veil};

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

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Endpoint {
    config: Config,
}

impl Endpoint {
    /// An endpoint.
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    /// Hides the key in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new([&self.config.key])
    }

    /// Where to send a request; `path` is one of the row's.
    pub fn url(&self, model: &str, path: &str) -> Url {
        let mut url = self.config.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        match &self.config.azure {
            None => url.set_path(&format!("{base}{path}")),
            Some(azure) => {
                // A resource may be written with the path that Azure shows it with.
                let base = base.trim_end_matches("/v1").trim_end_matches("/openai");
                if azure.is_classic() {
                    let name = azure.deployment(model);
                    url.set_path(&format!("{base}/openai/deployments/{name}{path}"));
                } else {
                    url.set_path(&format!("{base}/openai/v1{path}"));
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

    /// Who sends the request. An error says what is wrong with which variable.
    pub fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = auth::headers(&self.config)?;
        // Azure's key is in a header of its own, alone.
        if self.config.azure.is_some() {
            let key = self.config.key.expose_secret().trim();
            let key = HeaderValue::from_str(key);
            let mut key = key.map_err(|_| {
                let variable = &self.config.key_variable;
                format!("`{variable}` holds what no header can carry")
            })?;
            key.set_sensitive(true);
            headers.remove(self.config.row.auth.header.as_str());
            headers.insert("api-key", key);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Azure, Endpoint};
    use crate::{Config, address, table};

    fn endpoint(base: &str, azure: Option<Azure>) -> Endpoint {
        Endpoint::new(Config {
            azure,
            ..Config::new(
                &table::builtin()["openai"],
                address::parse(base).unwrap(),
                "sk-secret".into(),
                Duration::from_secs(1),
            )
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
        let url = |e: &Endpoint| e.url("gpt-image-2", "/images/edits").to_string();
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
    fn the_key_is_shown_nowhere() {
        let endpoint = endpoint("https://api.openai.com/v1", None);
        let headers = endpoint.headers().unwrap();
        assert_eq!(headers["authorization"], "Bearer sk-secret");
        let shown = format!("{endpoint:?} {headers:?}");
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
}
