//! What a picture is by its first bytes: its media type and the ending of its name. Knows no provider.

use std::io;

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

/// A picture is not what it was when the plan was made.
pub(crate) fn changed() -> io::Error {
    io::Error::other("it changed since the plan was made")
}
