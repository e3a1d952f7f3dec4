//! What a picture is by its first bytes: its media type and the ending of its name; and a picture as text. Knows no
//! provider.

use std::fs::File;
use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::reply::Attachment;
use base::digest::Digest;

/// The most that is read of a picture that goes along; none that is planned with is as large.
const MAX_BYTES: u64 = 64 << 20;

/// So many bytes tell what a picture is.
pub(crate) const FIRST: usize = 12;

/// The media type and the ending of a picture that begins like this; an error for what none of them takes.
pub(crate) fn media_type(first: &[u8]) -> io::Result<(&'static str, &'static str)> {
    match first {
        [0x89, b'P', b'N', b'G', ..] => Ok(("image/png", "png")),
        [0xff, 0xd8, 0xff, ..] => Ok(("image/jpeg", "jpg")),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(("image/webp", "webp")),
        _ => Err(io::Error::other("it is no PNG, JPEG or WebP picture")),
    }
}

/// The media type of a picture that goes along, and its bytes in base64, after they were checked against what the key was
/// made with.
pub(crate) fn encoded(attachment: &Attachment) -> io::Result<(&'static str, String)> {
    let mut bytes = Vec::new();
    // What is longer was never planned with: its digest says so.
    let file = File::open(&attachment.path)?;
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    if Digest::of(&bytes) != attachment.digest {
        return Err(changed());
    }
    let (media, _) = media_type(&bytes)?;
    Ok((media, STANDARD.encode(&bytes)))
}

/// A picture is not what it was when the plan was made.
pub(crate) fn changed() -> io::Error {
    io::Error::other("it changed since the plan was made")
}
