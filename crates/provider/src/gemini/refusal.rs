//! What a refusal means: by the status and the words of `google.rpc` that come with it, or, of a 200 without a picture, by
//! the reason that the answer ends with.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::bounded;
use crate::reply::{Refusal, RefusalKind};
use crate::veil::Veil;

/// `{"error": {…}}`, or a list of one such.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    // First: a struct is read from a list as well.
    List(Vec<Envelope>),
    One(Envelope),
}

#[derive(Deserialize)]
struct Envelope {
    error: Status,
}

/// A `google.rpc.Status`; every field may be missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    status: String,
    details: Vec<Detail>,
}

/// What of its details is looked at: `ErrorInfo`, `QuotaFailure`, `RetryInfo`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    reason: String,
    violations: Vec<Violation>,
    #[serde(rename = "retryDelay")]
    retry_delay: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    #[serde(rename = "quotaId")]
    quota_id: String,
}

/// Reads an answer that is no success; `is_unpaid` says whether its status is surely not paid for where the API's own
/// words come with it. `None` if nobody knows whether the request was accepted.
pub(crate) fn read(
    is_unpaid: bool,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    veil: &Veil,
) -> Option<Refusal> {
    let told = match serde_json::from_slice(body) {
        Ok(Told::One(told)) => Some(told.error),
        Ok(Told::List(told)) => told.into_iter().next().map(|told| told.error),
        Err(_) => None,
    };
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim().to_owned());
    let kind = match status {
        300..=399 => {
            let to = header("location").unwrap_or_default();
            RefusalKind::Redirect(sentence(&to, veil))
        }
        // Generation may go on behind whoever says that.
        408 | 409 | 499 | 500..=599 if told.is_none() || !is_unpaid => return None,
        408 | 409 | 499 | 500..=599 => RefusalKind::Overloaded,
        _ => kind(status, told.as_ref()),
    };
    let told = told.unwrap_or_default();
    let delays = told.details.iter().map(|detail| &detail.retry_delay);
    let retry_after = delays
        .filter_map(|delay| seconds(delay))
        .max()
        .or_else(|| header("retry-after")?.parse().ok().map(Duration::from_secs));
    Some(Refusal {
        kind,
        status,
        code: bounded::name(&told.status).filter(|code| veil.lets_pass(code)),
        message: sentence(&told.message, veil),
        retry_after,
        request_id: None,
    })
}

fn kind(status: u16, told: Option<&Status>) -> RefusalKind {
    let details = || told.into_iter().flat_map(|told| &told.details);
    let is_key = details().any(|detail| detail.reason == "API_KEY_INVALID");
    let is_of_the_day = details()
        .flat_map(|detail| &detail.violations)
        .any(|violation| violation.quota_id.contains("PerDay"));
    let word = told.map_or("", |told| told.status.as_str());
    match (status, word) {
        (400, _) if is_key => RefusalKind::Credentials,
        // The country, or no billing.
        (400, "FAILED_PRECONDITION") => RefusalKind::Quota,
        (401 | 403, _) => RefusalKind::Credentials,
        (402, _) => RefusalKind::Quota,
        (404, _) => RefusalKind::NoModel,
        (429, _) if is_of_the_day => RefusalKind::Quota,
        (429, _) => RefusalKind::RateLimit,
        _ => RefusalKind::Invalid,
    }
}

/// What a 200 without a picture means: the reason for which its prompt was blocked, or the one that it ends with, and
/// what was said.
pub(super) fn of_answer(
    blocked: Option<&str>,
    finished: Option<&str>,
    said: &str,
) -> Option<Refusal> {
    let code = blocked.or(finished)?;
    let moderation = |stage: &str| RefusalKind::Moderation {
        stage: Some(stage.to_owned()),
        categories: Vec::new(),
    };
    let kind = match (blocked, code) {
        (Some(_), _) => moderation("input"),
        (
            None,
            "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "SAFETY"
            | "RECITATION"
            | "PROHIBITED_CONTENT"
            | "BLOCKLIST"
            | "SPII"
            | "LANGUAGE"
            | "MODEL_ARMOR",
        ) => moderation("output"),
        _ => RefusalKind::Invalid,
    };
    Some(Refusal {
        kind,
        status: 200,
        code: Some(code.to_owned()),
        message: said.to_owned(),
        retry_after: None,
        request_id: None,
    })
}

/// What a person can do, where the API has a way of its own.
pub(super) fn hint(refusal: &Refusal) -> Option<&'static str> {
    Some(match (refusal.status, refusal.code.as_deref()?) {
        (200, "NO_IMAGE") => {
            "no picture was drawn: another run is another try, and is billed as one; a prompt that says what is to be seen helps"
        }
        (200, "STOP") => {
            "it answered in words: say in the prompt what picture is to be drawn; another run is billed anew"
        }
        (200, "MAX_TOKENS") => "it ended before its picture: a shorter prompt helps",
        (200, _) if refusal.kind == RefusalKind::Invalid => {
            "no picture came, and this reason is none that another try mends for sure; another run is billed anew"
        }
        (400, "FAILED_PRECONDITION") => {
            "the API cannot be used from this country, or billing is not enabled for the project of the key"
        }
        _ => return None,
    })
}

/// Before it is cut, so that no half of a key is left, and after it was cleaned, so that nothing was between.
pub(super) fn sentence(text: &str, veil: &Veil) -> String {
    let text = bounded::sentence(&veil.over(text));
    veil.over(&text).into_owned()
}

/// `34.4s`, as protocol buffers write a duration.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::{Refusal, RefusalKind, Veil, of_answer, seconds};

    fn read(is_unpaid: bool, status: u16, body: &str) -> Option<Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("7"));
        super::read(
            is_unpaid,
            status,
            &headers,
            body.as_bytes(),
            &Veil::default(),
        )
    }

    fn body(word: &str, details: &serde_json::Value) -> String {
        json!({"error": {"code": 1, "message": "No.", "status": word, "details": details}})
            .to_string()
    }

    #[test]
    fn the_table_of_errors() {
        let quota = |id: &str| {
            json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id}]},
                   {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}])
        };
        let key = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
        for (status, word, details, kind) in [
            (400, "INVALID_ARGUMENT", json!([]), RefusalKind::Invalid),
            (400, "INVALID_ARGUMENT", key, RefusalKind::Credentials),
            (400, "FAILED_PRECONDITION", json!([]), RefusalKind::Quota),
            (401, "UNAUTHENTICATED", json!([]), RefusalKind::Credentials),
            (
                403,
                "PERMISSION_DENIED",
                json!([]),
                RefusalKind::Credentials,
            ),
            (404, "NOT_FOUND", json!([]), RefusalKind::NoModel),
            (
                429,
                "RESOURCE_EXHAUSTED",
                quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
                RefusalKind::RateLimit,
            ),
            (
                429,
                "RESOURCE_EXHAUSTED",
                quota("GenerateRequestsPerDayPerProjectPerModel"),
                RefusalKind::Quota,
            ),
            (500, "INTERNAL", json!([]), RefusalKind::Overloaded),
            (503, "UNAVAILABLE", json!([]), RefusalKind::Overloaded),
        ] {
            let refusal = read(true, status, &body(word, &details)).unwrap();
            assert_eq!(refusal.kind, kind, "{status} {word}");
            assert_eq!(refusal.said(), format!("{status} {word}: No"));
            let listed = format!("[{}]", body(word, &details));
            assert_eq!(read(true, status, &listed), Some(refusal));
        }
        let told = read(true, 429, &body("RESOURCE_EXHAUSTED", &quota("x"))).unwrap();
        assert_eq!(told.retry_after, Some(Duration::from_millis(34_400)));
        let told = read(true, 429, "busy").unwrap();
        assert_eq!(told.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(told.kind, RefusalKind::RateLimit);
    }

    #[test]
    fn nobody_knows_what_became_of_it() {
        for status in [408, 499, 500, 502, 503, 504] {
            assert_eq!(read(false, status, &body("INTERNAL", &json!([]))), None);
            assert_eq!(read(true, status, "<html>"), None);
            assert_eq!(read(true, status, "[]"), None);
        }
    }

    #[test]
    fn the_reasons_of_an_answer_without_a_picture() {
        let kind = |blocked, finished| of_answer(blocked, finished, "").map(|told| told.kind);
        let moderation = |stage: &str| {
            Some(RefusalKind::Moderation {
                stage: Some(stage.to_owned()),
                categories: Vec::new(),
            })
        };
        assert_eq!(kind(Some("OTHER"), None), moderation("input"));
        assert_eq!(kind(Some("SAFETY"), Some("STOP")), moderation("input"));
        assert_eq!(kind(None, Some("IMAGE_SAFETY")), moderation("output"));
        for reason in ["NO_IMAGE", "STOP", "MAX_TOKENS", "IMAGE_OTHER", "NEW_ONE"] {
            assert_eq!(kind(None, Some(reason)), Some(RefusalKind::Invalid));
            let refusal = of_answer(None, Some(reason), "").unwrap();
            assert!(super::hint(&refusal).is_some(), "{reason}");
        }
        assert_eq!(kind(None, None), None);
    }

    #[test]
    fn a_delay_is_a_number_of_seconds() {
        for (text, delay) in [
            ("34.4s", Some(Duration::from_millis(34_400))),
            ("0s", Some(Duration::ZERO)),
            ("-1s", None),
            ("1e300s", None),
            ("NaNs", None),
            ("34", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), delay, "{text}");
        }
    }
}
