//! What a refusal means by its status alone: providers of tickets have no words in common.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::form::TaskForm;
use crate::reply::{Refusal, RefusalKind};
use crate::veil::Veil;
use crate::wait;

/// Reads an answer that is not a success; `is_unpaid` says which statuses are surely not paid for. `None` if nobody knows whether the request was accepted.
pub(super) fn read(
    is_unpaid: impl Fn(u16) -> bool,
    form: &TaskForm,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    veil: &Veil,
) -> Option<Refusal> {
    let told: Option<Value> = serde_json::from_slice(body).ok();
    let said = told.and_then(|told| form.error(&told, veil));
    let kind = match status {
        300..=399 => RefusalKind::Redirect(String::new()),
        408 | 409 | 500..=599 if said.is_none() || !is_unpaid(status) => return None,
        408 | 409 | 500..=599 => RefusalKind::Overloaded,
        401 | 403 => RefusalKind::Credentials,
        402 => RefusalKind::Quota,
        404 => RefusalKind::NoModel,
        429 => RefusalKind::RateLimit,
        _ => RefusalKind::Invalid,
    };
    Some(Refusal {
        kind,
        status,
        code: None,
        message: said.unwrap_or_default(),
        retry_after: wait::asked(headers),
        request_id: None,
    })
}
