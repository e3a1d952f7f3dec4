//! What is wrong with a base URL whose answers are no API's, in words, with the line to write. Judges by the path that the
//! provider's own API has; sends nothing.

use reqwest::Url;

use crate::Config;
use crate::reply::Refusal;

/// What is said of an answer that is a page for a browser.
pub const WEB_PAGE: &str = "it is a web page, and no answer of an API";

/// Whether an answer that begins so is a page for a browser.
pub(crate) fn is_page(first: &[u8]) -> bool {
    first.trim_ascii_start().starts_with(b"<")
}

/// Where a provider is asked, and where its own API is.
#[derive(Debug)]
pub(crate) struct Setup {
    variable: String,
    base: Url,
    /// The path that its own base URL has, without a `/` at its end.
    own: String,
    /// It is asked at its own place, or in a form of its own.
    is_own: bool,
}

impl Setup {
    pub(crate) fn new(config: &Config) -> Self {
        let own = Url::parse(&config.row.base_url);
        Self {
            variable: config.row.base_url_variable(),
            base: config.base_url.clone(),
            own: own.map(|url| path(&url).to_owned()).unwrap_or_default(),
            is_own: config.azure.is_some() || config.row.is_at(&config.base_url),
        }
    }

    /// What to do where nothing is at the place that was asked, and nobody says more of it.
    pub(crate) fn nothing_there(&self, refusal: &Refusal) -> Option<String> {
        let is_nothing = matches!(refusal.status, 404 | 405) && refusal.code.is_none();
        let (place, meant) = is_nothing.then(|| self.meant())??;
        Some(format!(
            "there is no such API at `{}`: where {place}, write `{}={meant}`",
            self.base, self.variable
        ))
    }

    /// What to do where a page for a browser is at the place that was asked.
    pub(crate) fn page_there(&self) -> String {
        let variable = &self.variable;
        match self.meant() {
            Some((place, meant)) => {
                format!("where {place}, write `{variable}={meant}`")
            }
            None => format!("look at `{variable}`: what is at `{}` is no API", self.base),
        }
    }

    /// What the base URL may be meant to be, and what has to be so for that.
    fn meant(&self) -> Option<(String, String)> {
        let now = path(&self.base);
        if self.is_own || (!self.own.is_empty() && now.ends_with(&self.own)) {
            return None;
        }
        let with = |path: &str| {
            let mut url = self.base.clone();
            url.set_path(path);
            url.as_str().trim_end_matches('/').to_owned()
        };
        if self.own.is_empty() {
            return (!now.is_empty()).then(|| ("its API has no path".to_owned(), with("")));
        }
        let place = format!("its path is `{}`", self.own);
        let inside = format!("{}/", self.own);
        Some(match now.find(&inside) {
            // More than what all requests begin with.
            Some(at) => (place, with(&now[..at + self.own.len()])),
            None => (place, with(&format!("{now}{}", self.own))),
        })
    }
}

fn path(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Setup, is_page};
    use crate::{Config, address, table};

    #[test]
    fn each_provider_says_the_line_to_write() {
        for (provider, base, line) in [
            (
                "openai",
                "http://127.0.0.1:1",
                Some("OPENAI_BASE_URL=http://127.0.0.1:1/v1"),
            ),
            (
                "openai",
                "https://a.example/openai/",
                Some("OPENAI_BASE_URL=https://a.example/openai/v1"),
            ),
            ("openai", "https://a.example/proxy/v1/", None),
            ("openai", "https://api.openai.com", None),
            (
                "bfl",
                "https://a.example/v1/flux-2-pro",
                Some("BFL_BASE_URL=https://a.example/v1"),
            ),
            (
                "ark",
                "https://a.example/v1",
                Some("ARK_BASE_URL=https://a.example/v1/api/v3"),
            ),
            (
                "ark",
                "https://a.example",
                Some("ARK_BASE_URL=https://a.example/api/v3"),
            ),
            (
                "dashscope",
                "https://a.example/api/v1/services/aigc/image-generation/generation",
                Some("DASHSCOPE_BASE_URL=https://a.example/api/v1"),
            ),
            (
                "gemini",
                "https://a.example/v1",
                Some("GEMINI_BASE_URL=https://a.example"),
            ),
            ("gemini", "https://a.example", None),
            (
                "kling",
                "https://a.example/v1/images",
                Some("KLING_BASE_URL=https://a.example"),
            ),
            (
                "zhipu",
                "https://a.example/v4",
                Some("ZHIPU_BASE_URL=https://a.example/v4/api/paas/v4"),
            ),
        ] {
            let row = &table::builtin()[provider];
            let url = address::parse(base).unwrap();
            let config = Config::new(row, url, "key-0123456789".into(), Duration::from_secs(1));
            let setup = Setup::new(&config);
            let said = setup
                .meant()
                .map(|(_, meant)| format!("{}={meant}", setup.variable));
            assert_eq!(said.as_deref(), line, "{provider} {base}");
            let page = setup.page_there();
            assert!(page.contains(line.unwrap_or(base)), "{page}");
        }
        assert!(is_page(b" \n<!doctype html>") && !is_page(b"{}") && !is_page(b""));
    }
}
