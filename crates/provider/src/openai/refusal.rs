//! What a refusal means. The API tells apart by `error.code`, not by the status: 429 alone has five
//! meanings, and only one of them goes away by waiting.

use std::fmt::Write as _;
use std::io::Read;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::answer;
use crate::bounded;
use crate::reply::{Refusal, RefusalKind};
use crate::unpack::unpacked;
use crate::veil::Veil;
use crate::wait;

/// So many categories of moderation are told.
const MAX_CATEGORIES: usize = 20;
/// The most that a refusal unpacks to, in bytes.
const MAX_PLAIN: u64 = 256 << 10;

#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "object")]
    error: Option<Body>,
}

/// The API's own form of an error; in another form it is nobody's word of it.
fn object<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Body>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(value
        .is_object()
        .then(|| serde_json::from_value(value).ok())
        .flatten())
}

/// `{"error": {…}}`; every field may be missing or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) message: Option<String>,
    r#type: Option<String>,
    param: Option<String>,
    code: Option<serde_json::Value>,
    moderation_details: Option<Details>,
    /// What a gateway says beside it.
    metadata: serde_json::Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    moderation_stage: Option<String>,
    categories: Vec<String>,
}

/// Codes of a 429 (or 400) that no waiting mends.
const QUOTA: [&str; 6] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
];

/// Codes of a 5xx that say, whoever passes them on, that nothing was begun.
const NOT_BEGUN: [&str; 2] = ["model_not_found", "slow_down"];

/// Reads an answer that is not 200; `is_unpaid` says which statuses are surely not paid for where the API's own words
/// come with them. Where it is not known whether the request was accepted, since a proxy gave up or whoever passes
/// requests on failed, the error is what was said.
pub(crate) fn read(
    is_unpaid: impl Fn(u16) -> bool,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    veil: &Veil,
) -> Result<Refusal, String> {
    let body = plain(body);
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
    let name = |text: &str| bounded::name(text).filter(|name| veil.lets_pass(name));
    // Before it is cut, so that no half of it is left, and after it was cleaned, so that nothing was between.
    let sentence = |text: &str| {
        let text = bounded::sentence(&veil.over(text));
        veil.over(&text).into_owned()
    };
    let told = serde_json::from_slice::<Envelope>(&body).unwrap_or_default();
    let own_word = told.error.is_some();
    let error = told.error.unwrap_or_default();
    let code = match &error.code {
        Some(serde_json::Value::String(code)) => name(code),
        _ => None,
    };
    let is_begun_not = code
        .as_deref()
        .is_some_and(|code| NOT_BEGUN.contains(&code));
    let mut message = match &error.message {
        Some(message) => sentence(message),
        None => answer::words(&body, veil).unwrap_or_default(),
    };
    if let Some(param) = error.param.as_deref().and_then(name)
        && !message.contains(&param)
    {
        let _ = write!(message, " (`{param}`)");
    }
    let kind = match status {
        300..=399 => {
            RefusalKind::Redirect(header("location").map_or_else(String::new, |to| sentence(&to)))
        }
        // Generation may go on behind whoever says that.
        408 | 409 | 500..=599 if !is_begun_not && (!own_word || !is_unpaid(status)) => {
            return Err(said(status, code.as_deref(), &message));
        }
        _ => kind(status, code.as_deref(), &error, name),
    };
    Ok(Refusal {
        kind,
        status,
        code,
        message,
        retry_after: wait::asked(headers),
        request_id: header("x-request-id").as_deref().and_then(name),
    })
}

/// A refusal that came compressed, as it was before.
fn plain(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let read = unpacked(body, MAX_PLAIN).and_then(|mut body| body.read_to_end(&mut plain));
    match read {
        Ok(_) => plain,
        Err(_) => body.to_vec(),
    }
}

/// What was said, as a refusal says it.
fn said(status: u16, code: Option<&str>, message: &str) -> String {
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    match message.trim_end_matches('.') {
        "" => format!("{status}{code}"),
        message => format!("{status}{code}: {message}"),
    }
}

fn kind(
    status: u16,
    code: Option<&str>,
    error: &Body,
    name: impl Fn(&str) -> Option<String>,
) -> RefusalKind {
    let message = error.message.as_deref().unwrap_or_default();
    let quota = |word: Option<&str>| word.is_some_and(|word| QUOTA.contains(&word));
    if quota(code) || quota(error.r#type.as_deref()) {
        return RefusalKind::Quota;
    }
    match (status, code) {
        (_, Some("moderation_blocked" | "content_policy_violation" | "contentFilter")) => {
            let details = error.moderation_details.as_ref();
            RefusalKind::Moderation {
                stage: details.and_then(|d| name(d.moderation_stage.as_deref()?)),
                categories: details.map(|d| categories(d, name)).unwrap_or_default(),
            }
        }
        // OpenRouter's, whose other 403 is about the key.
        (403, None) if error.metadata["reasons"].is_array() => {
            let reasons = error.metadata["reasons"].as_array().into_iter().flatten();
            let categories = reasons.filter_map(|reason| name(reason.as_str()?));
            RefusalKind::Moderation {
                stage: Some("input".to_owned()),
                categories: categories.take(MAX_CATEGORIES).collect(),
            }
        }
        (402, _) => RefusalKind::Quota,
        (400, _) if message.contains("Billing hard limit") => RefusalKind::Quota,
        (401 | 403, _) => RefusalKind::Credentials,
        (404, _) | (_, Some("model_not_found")) => RefusalKind::NoModel,
        (429, _) => RefusalKind::RateLimit,
        (503, Some("slow_down")) => RefusalKind::SlowDown,
        (503, _) if message.contains("Slow Down") => RefusalKind::SlowDown,
        (408 | 409 | 500..=599, _) => RefusalKind::Overloaded,
        _ => RefusalKind::Invalid,
    }
}

/// The first of them, and not what is none.
fn categories(details: &Details, name: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let named = details.categories.iter().filter_map(|c| name(c));
    named.take(MAX_CATEGORIES).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::{Refusal, RefusalKind, Veil};
    use crate::table;

    fn is_unpaid(status: u16) -> bool {
        table::builtin()["openai"].is_unpaid(status)
    }

    fn told(status: u16, body: &str) -> Option<Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("12"));
        headers.insert("x-request-id", HeaderValue::from_static("req_7"));
        super::read(
            is_unpaid,
            status,
            &headers,
            body.as_bytes(),
            &Veil::default(),
        )
        .ok()
    }

    fn error(kind: &str, code: &str, message: &str) -> String {
        let code = match code {
            "" => serde_json::Value::Null,
            code => code.into(),
        };
        serde_json::json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            .to_string()
    }

    #[test]
    fn the_five_meanings_of_429_and_the_rest() {
        let quota = "insufficient_quota";
        for (status, body, expected) in [
            (
                429,
                error("requests", "rate_limit_exceeded", "Rate limit"),
                RefusalKind::RateLimit,
            ),
            (429, error(quota, quota, "You exceeded"), RefusalKind::Quota),
            (
                429,
                error(quota, "credit_balance_exhausted", ""),
                RefusalKind::Quota,
            ),
            (
                429,
                error(quota, "organization_spend_limit_exceeded", ""),
                RefusalKind::Quota,
            ),
            (
                429,
                error(quota, "project_spend_limit_exceeded", ""),
                RefusalKind::Quota,
            ),
            (
                429,
                error(quota, "organization_usage_limit_exceeded", ""),
                RefusalKind::Quota,
            ),
            (
                400,
                error("x", "billing_hard_limit_reached", ""),
                RefusalKind::Quota,
            ),
            (
                400,
                error("x", "", "Billing hard limit has been reached."),
                RefusalKind::Quota,
            ),
            (
                402,
                r#"{"error":{"code":402,"message":"Insufficient credits"}}"#.to_owned(),
                RefusalKind::Quota,
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"]}}}"#
                    .to_owned(),
                RefusalKind::Moderation {
                    stage: Some("input".to_owned()),
                    categories: vec!["violence".to_owned()],
                },
            ),
            (
                401,
                error("invalid_request_error", "invalid_api_key", "Incorrect"),
                RefusalKind::Credentials,
            ),
            (
                403,
                error("invalid_request_error", "", "must be verified"),
                RefusalKind::Credentials,
            ),
            (
                404,
                error("invalid_request_error", "model_not_found", "no"),
                RefusalKind::NoModel,
            ),
            (
                400,
                error("image_generation_user_error", "invalid_value", "bad"),
                RefusalKind::Invalid,
            ),
            (
                500,
                error("server_error", "", "The server had an error"),
                RefusalKind::Overloaded,
            ),
            (
                503,
                error("server_error", "", "Engine overloaded"),
                RefusalKind::Overloaded,
            ),
            (
                503,
                error("server_error", "", "Slow Down"),
                RefusalKind::SlowDown,
            ),
        ] {
            assert_eq!(
                told(status, &body).unwrap().kind,
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn what_a_proxy_says_is_nobodys_word() {
        for status in [408, 500, 502, 503, 504, 520, 524] {
            assert_eq!(told(status, "<html>Bad gateway</html>"), None, "{status}");
        }
        // Gateways put on the API's words; what goes on behind them they do not know.
        for status in [502, 504, 524] {
            assert_eq!(told(status, &error("upstream_error", "", "timeout")), None);
        }
        // A refusal before anything was done, whoever says it.
        assert_eq!(
            told(413, "<html>too large</html>").unwrap().kind,
            RefusalKind::Invalid
        );
        let redirect =
            super::read(is_unpaid, 302, &HeaderMap::new(), b"", &Veil::default()).unwrap();
        assert_eq!(redirect.kind, RefusalKind::Redirect(String::new()));
    }

    #[test]
    fn what_was_said_is_kept() {
        let body = serde_json::json!({"error": {
            "message": "Your request was rejected.\n", "type": "image_generation_user_error",
            "param": null, "code": "moderation_blocked",
            "moderation_details": {"moderation_stage": "output", "categories": ["violence"]},
        }});
        let refusal = told(400, &body.to_string()).unwrap();
        let kind = RefusalKind::Moderation {
            stage: Some("output".to_owned()),
            categories: vec!["violence".to_owned()],
        };
        assert_eq!(refusal.kind, kind);
        assert_eq!(
            refusal.said(),
            "400 moderation_blocked: Your request was rejected"
        );
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(12)));
        assert_eq!(refusal.request_id.as_deref(), Some("req_7"));
    }
}
