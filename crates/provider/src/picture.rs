//! The text that should be a picture: base64 as others write it, a `data:` URL, or the URL of a picture. The whole of it
//! is never in memory. Knows no answer.

use std::io::{self, Cursor, Read};

use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::read::DecoderReader;

use crate::reply::KeepError;
use crate::source::MAX_URL;
use base::digest::Digest;

/// Base64 without its padding, which [`Plain`] takes away.
const PLAIN: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// So many bytes tell whether it is a URL.
const FIRST: u64 = 8;
/// What stands before the comma of a `data:` URL is no longer.
const MAX_MEDIA: u64 = 256;

/// Where a picture's bytes go.
pub(crate) type Keep<'k> = &'k mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>;

/// What became of a text that should be a picture.
pub(crate) enum Kept {
    /// It was empty.
    Nothing,
    /// Nobody asked for it.
    Surplus,
    /// It is kept.
    Picture(Digest),
    /// It is the URL of a picture.
    At(String),
}

/// Keeps the picture that a text holds, and reads that to its end, whatever is wrong with the picture.
pub(crate) fn keep_text(
    mut text: impl Read,
    wanted: bool,
    keep: Keep<'_>,
) -> (Result<Kept, KeepError>, io::Result<u64>) {
    let kept = kept(&mut text, wanted, keep);
    (kept, io::copy(&mut text, &mut io::sink()))
}

fn kept(mut text: &mut dyn Read, wanted: bool, keep: Keep<'_>) -> Result<Kept, KeepError> {
    let mut first = Vec::new();
    if (&mut text).take(FIRST).read_to_end(&mut first).is_err() {
        // What is wrong is told by who reads the text to its end.
        return Ok(Kept::Nothing);
    }
    if first.is_empty() {
        return Ok(Kept::Nothing);
    }
    if first.starts_with(b"http://") || first.starts_with(b"https://") {
        return url(first, text);
    }
    let is_data = first.starts_with(b"data:");
    let mut whole = Cursor::new(first).chain(text);
    if is_data {
        let mut sign = [0];
        let mut head = (&mut whole).take(MAX_MEDIA);
        while head.read(&mut sign).map_err(KeepError::Picture)? > 0 && sign != *b"," {}
    }
    let mut bytes = DecoderReader::new(Plain { inner: whole }, &PLAIN);
    let mut one = Vec::new();
    let began = (&mut bytes).take(1).read_to_end(&mut one);
    match began.map_err(KeepError::Picture)? {
        0 => Ok(Kept::Nothing),
        _ if !wanted => Ok(Kept::Surplus),
        _ => keep(&mut one.as_slice().chain(bytes)).map(Kept::Picture),
    }
}

fn url(mut first: Vec<u8>, text: &mut dyn Read) -> Result<Kept, KeepError> {
    let rest = text.take(MAX_URL as u64).read_to_end(&mut first);
    rest.map_err(KeepError::Picture)?;
    let long = || KeepError::Picture(io::Error::other("its URL is too long, or is none"));
    let url = String::from_utf8(first).map_err(|_| long())?;
    match url.len() <= MAX_URL {
        true => Ok(Kept::At(url)),
        false => Err(long()),
    }
}

/// Base64 in the one alphabet, without blanks, line breaks and padding.
struct Plain<R> {
    inner: R,
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            let mut kept = 0;
            for n in 0..read {
                let sign = match buffer[n] {
                    b' ' | b'\t' | b'\r' | b'\n' | b'=' => continue,
                    b'-' => b'+',
                    b'_' => b'/',
                    sign => sign,
                };
                buffer[kept] = sign;
                kept += 1;
            }
            if read == 0 || kept > 0 {
                return Ok(kept);
            }
        }
    }
}
