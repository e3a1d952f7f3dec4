//! [`Attachment`]: a picture that goes with a request. Knows not how it is sent.

use std::path::PathBuf;

use crate::digest::Digest;

/// A picture that goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes, as they are in the key.
    pub digest: Digest,
}
