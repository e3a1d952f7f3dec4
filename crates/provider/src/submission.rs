//! One request as it is handed to an adapter: what is asked for, with the files that go along. Knows no provider.

use crate::reply::Attachment;
use model::request::{Prompt, Request};

/// All that is sent.
#[derive(Clone, Copy)]
pub struct Submission<'a> {
    /// The whole request, as it was hashed.
    pub request: &'a Request,
    /// What it asks.
    pub prompt: &'a Prompt,
    /// A name of ours for it, for a provider that takes one.
    pub own_id: &'a str,
    /// The pictures that go with it, in order.
    pub references: &'a [Attachment],
    /// Where an edit may change the first of them.
    pub mask: Option<&'a Attachment>,
}
