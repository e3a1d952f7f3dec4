//! The addresses of APIs: what may be a base URL, which host a key goes to, and whether that is this machine. Knows no
//! provider.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// Whether a key may go there without anybody's word.
pub fn is_known(url: &Url, hosts: &[String]) -> bool {
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && hosts.iter().any(|known| known == host) && url.port().is_none()
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

/// The host in a text that should be a URL, as proxies are named; nothing of a password in it.
pub fn host_of(text: &str) -> Option<String> {
    let with_scheme = format!("http://{text}");
    let text = if text.contains("://") {
        text
    } else {
        &with_scheme
    };
    Some(host(&Url::parse(text).ok()?)).filter(|host| !host.is_empty())
}

/// Whether it is on this machine. What goes there goes nowhere else on its way.
pub fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().map(|address| address.to_canonical());
    let name = host.trim_end_matches('.');
    address.is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

/// Why a base URL cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It is no URL.
    NoUrl,
    /// It begins with its host.
    NoScheme,
    /// It is the URL of a request, and not what all of them begin with.
    Whole,
    /// It is not `https:`, and not on this machine: the key could be read on its way.
    NotSafe,
    /// It has a user, a query or a fragment.
    Extra,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUrl => "is not a URL",
            Self::NoScheme => "lacks its `https://`",
            Self::Whole => "is the URL of one request: what all of them begin with is asked for",
            Self::NotSafe => "is not `https:`: the key could be read on its way",
            Self::Extra => {
                "has a user, a query or a fragment: only scheme, host and path belong in it"
            }
        })
    }
}

/// What the URLs of requests end in, below a base URL.
const REQUESTS: [&str; 6] = [
    "/images/generations",
    "/images/edits",
    "/chat/completions",
    "/completions",
    "/responses",
    "/models",
];

impl UrlError {
    /// The base URL that was meant by `text`, where that can be told.
    pub fn meant(self, text: &str) -> Option<String> {
        let text = text.trim();
        match self {
            Self::NoScheme => {
                let https = format!("https://{text}");
                let is_here = Url::parse(&https).is_ok_and(|url| is_here(&url));
                Some(if is_here {
                    format!("http://{text}")
                } else {
                    https
                })
            }
            Self::Whole => {
                let text = text.trim_end_matches('/');
                let base = REQUESTS.iter().find_map(|end| text.strip_suffix(end));
                base.map(str::to_owned)
            }
            Self::NoUrl | Self::NotSafe | Self::Extra => None,
        }
    }
}

/// Whether a text is a URL but for its scheme.
fn lacks_scheme(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let is_host = host.contains('.') || host == "localhost";
    is_host
        && !text.contains("://")
        && !text.contains('@')
        && Url::parse(&format!("https://{text}")).is_ok()
}

/// Reads a base URL: `https`, or `http` on this machine.
pub fn parse(text: &str) -> Result<Url, UrlError> {
    let text = text.trim();
    if lacks_scheme(text) {
        return Err(UrlError::NoScheme);
    }
    let url = Url::parse(text).map_err(|_| UrlError::NoUrl)?;
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
    if extra {
        return Err(UrlError::Extra);
    }
    let path = url.path().trim_end_matches('/');
    match REQUESTS.iter().any(|end| path.ends_with(end)) {
        true => Err(UrlError::Whole),
        false => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::{UrlError, host, is_here, is_known, parse};

    #[test]
    fn only_the_apis_own_host_needs_nobodys_word() {
        let hosts = ["api.openai.com".to_owned()];
        for (text, known, named) in [
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
            let url = parse(text);
            let url = url.unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(
                (is_known(&url, &hosts), host(&url).as_str()),
                (known, named),
                "{text}"
            );
        }
        for text in [
            "https://api.openai.com@evil.com",
            "https://x:y@api.openai.com",
        ] {
            assert_eq!(parse(text), Err(UrlError::Extra), "{text}");
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
            let url = parse(text).unwrap();
            assert_eq!(is_here(&url), here, "{text}");
        }
    }

    #[test]
    fn what_was_meant_can_be_used() {
        for (text, meant) in [
            ("example.com/v1", "https://example.com/v1"),
            (" localhost:8080/v1", "http://localhost:8080/v1"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            (
                "https://example.com/v1/images/edits/",
                "https://example.com/v1",
            ),
            (
                "https://example.com/v1/chat/completions",
                "https://example.com/v1",
            ),
        ] {
            let why = parse(text).unwrap_err();
            assert_eq!(why.meant(text).as_deref(), Some(meant));
            assert!(parse(meant).is_ok());
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
            ("example.com/v1", Err(UrlError::NoScheme)),
            ("localhost:8080/v1", Err(UrlError::NoScheme)),
            ("me:secret@example.com/v1", Err(UrlError::NoUrl)),
            ("sk-0123", Err(UrlError::NoUrl)),
            (
                "https://example.com/v1/images/generations",
                Err(UrlError::Whole),
            ),
            ("https://a:b@example.com", Err(UrlError::Extra)),
            ("https://example.com/v1?x=1", Err(UrlError::Extra)),
        ] {
            assert_eq!(parse(text).map(|_| ()), expected, "{text}");
        }
    }
}
