//! An answer with the status of a success that says by a code why there is no picture. Knows no provider's codes.

use std::collections::BTreeMap;

use crate::reply::{Contents, Refusal};
use crate::task::{Failure, by_code};
use model::Micro;

/// The same contents; where nothing came, and one of these codes says why, they are a refusal that is not billed.
pub fn coded(codes: &BTreeMap<String, Failure>, contents: Contents) -> Contents {
    let said = contents.error.as_deref().filter(|_| contents.came == 0);
    let said = said.filter(|_| contents.trouble.is_none());
    let (code, message) = said.map_or(("", ""), |said| said.split_once(": ").unwrap_or((said, "")));
    let Some(failure) = by_code(codes, code) else {
        return contents;
    };
    Contents {
        refusal: Some(Refusal {
            kind: failure.into(),
            status: 200,
            code: Some(code.to_owned()),
            message: message.to_owned(),
            retry_after: None,
            request_id: contents.request_id.clone(),
        }),
        cost: Some(Micro(0)),
        ..contents
    }
}
