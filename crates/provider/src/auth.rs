//! How a request says who sends it: the header of a row with the key in it, or a token that is signed with it. Knows no
//! provider.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Config;

/// A token holds for so long, in seconds.
const MAX_TOKEN_LIFE: u64 = 1800;
/// And from so many seconds ago: clocks differ.
const MAX_TOKEN_SKEW: u64 = 5;

/// How a key is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// In this header.
    pub header: String,
    /// After this word and a space; alone if it is empty.
    #[serde(default)]
    pub scheme: String,
    /// Not the key itself is sent, but a token that is signed with it.
    pub token: Option<Token>,
    /// The variable with the half of the key that signs, where the two are told in two.
    pub secret_variable: Option<String>,
}

/// How a token is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Token {
    /// A JSON Web Token (RFC 7519) of the key's first half, signed by HMAC-SHA-256 with its second; `:` is between them.
    Jwt,
}

impl Auth {
    /// What the header says, `now` in seconds since 1970. An error says what the key should be.
    fn value(&self, key: &str, now: u64) -> Result<String, &'static str> {
        let said = match self.token {
            None => key.to_owned(),
            Some(Token::Jwt) => jwt(key, now).ok_or("is not of the form `ACCESS:SECRET`")?,
        };
        Ok(match self.scheme.as_str() {
            "" => said,
            scheme => format!("{scheme} {said}"),
        })
    }
}

/// Who sends a request of this provider. An error says what is wrong with which variable.
pub fn headers(config: &Config) -> Result<HeaderMap, String> {
    let row = &config.row;
    let unfit = |variable: &str, why: &str| format!("`{variable}` {why}");
    let no_header = |variable: &str| unfit(variable, "holds what no header can carry");
    let key = config.key.expose_secret().trim();
    let value = row.auth.value(key, now());
    let value = value.map_err(|why| unfit(&config.key_variable, why))?;
    let mut value = HeaderValue::from_str(&value).map_err(|_| no_header(&config.key_variable))?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(name(&row.auth.header), value);
    for (header, value) in &row.set_headers {
        let value = HeaderValue::from_str(value).map_err(|_| no_header(header))?;
        headers.insert(name(header), value);
    }
    for (header, variable) in &row.headers {
        if let Some(value) = config.values.get(variable) {
            let value = HeaderValue::from_str(value).map_err(|_| no_header(variable))?;
            headers.insert(name(header), value);
        }
    }
    Ok(headers)
}

/// A name of a row, which was read before.
fn name(name: &str) -> HeaderName {
    name.parse().unwrap_or(reqwest::header::AUTHORIZATION)
}

fn jwt(key: &str, now: u64) -> Option<String> {
    let (access, secret) = key.split_once(':')?;
    if access.is_empty() || secret.is_empty() {
        return None;
    }
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let head = part(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = part(json!({
        "iss": access, "exp": now + MAX_TOKEN_LIFE, "nbf": now.saturating_sub(MAX_TOKEN_SKEW),
    }));
    let signed = format!("{head}.{claims}");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&secret, signed.as_bytes());
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a token says until when it holds: it reaches no key and no output"
)]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{Auth, Token, jwt};

    #[test]
    fn a_token_is_what_others_read() {
        // Signed by Python's hmac and hashlib.
        let claims = "eyJpc3MiOiJhayIsImV4cCI6MTgwMTgwMCwibmJmIjoxNzk5OTk1fQ";
        let token = jwt("ak:sk", 1_800_000).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        assert_eq!(parts[1], claims);
        assert_eq!(parts[2], "qmAmIQvyccR9-gAYP32ntnJZGJ3uvzxQymdO1XfQlAA");
        for key in ["", "ak", ":", "ak:", ":sk"] {
            assert_eq!(jwt(key, 0), None, "{key}");
        }
    }

    #[test]
    fn the_header_of_a_row() {
        let auth = |scheme: &str, token| Auth {
            header: "authorization".to_owned(),
            scheme: scheme.to_owned(),
            token,
            secret_variable: None,
        };
        assert_eq!(auth("", None).value("k", 0).unwrap(), "k");
        assert_eq!(auth("Key", None).value("k", 0).unwrap(), "Key k");
        let signed = auth("Bearer", Some(Token::Jwt));
        assert!(signed.value("a:s", 0).unwrap().starts_with("Bearer eyJ"));
        assert!(signed.value("k", 0).is_err());
    }
}
