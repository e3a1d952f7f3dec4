//! Reads the body of an answer as a stream, in each of the forms in which gateways and relays carry it: JSON, a stream of
//! events, the bytes of a picture alone, words; compressed or not. Knows no field.

use std::io::{self, BufRead, Cursor, Read};

use super::events::Events;
use super::raw::Raw;
use super::reading::Reading;
use crate::bounded;
use crate::media::{self, media_type};
use crate::picture::Keep;
use crate::reply::{Contents, KeepError};
use crate::setup::WEB_PAGE;
use crate::stop::Stop;
use crate::unpack::unpacked;
use crate::veil::Veil;
use base::fs::FsError;

/// The most that is read of an answer, for each picture: four bytes for each of eight million pixels,
/// in base64, and as much again.
pub(super) const MAX_ENCODED_BYTES: u64 = 96 << 20;
/// And so much besides pictures.
const MAX_WORDS_BYTES: u64 = 1 << 20;
/// What Windows writes in front of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// So much is looked at of an answer that is only words, in bytes.
const MAX_WORDS: u64 = 4 << 10;

/// The largest answer to a request for so many pictures, in bytes.
pub(super) fn limit(asked: u32) -> u64 {
    MAX_WORDS_BYTES + u64::from(asked) * MAX_ENCODED_BYTES
}

/// Reads the answer to a request for `asked` pictures; each picture's bytes go to `keep`, but none of
/// more than were asked for. Only the disk is an error: whatever else is wrong is told in the answer, with
/// the pictures that came before it.
pub fn read(body: impl Read, asked: u32, veil: &Veil, keep: Keep<'_>) -> Result<Contents, FsError> {
    let mut reading = Reading::new(asked, veil);
    let read = unpacked(body, limit(asked))
        .map_err(Stop::from)
        .and_then(|body| whole(&mut reading, body, keep));
    match read {
        Ok(()) => {}
        Err(Stop::Trouble(why)) => reading.trouble(why),
        Err(Stop::Disk(error)) => return Err(error),
    }
    Ok(reading.finish())
}

/// What the words of an answer say, whatever its form; none if it says nothing.
pub(super) fn words(body: &[u8], veil: &Veil) -> Option<String> {
    let mut nobody = |_: &mut dyn Read| Err(KeepError::Picture(io::Error::other("not wanted")));
    read(body, 0, veil, &mut nobody).ok()?.error
}

fn whole(reading: &mut Reading<'_>, mut body: impl BufRead, keep: Keep<'_>) -> Result<(), Stop> {
    let mut first = Vec::new();
    let mut beginning = (&mut body).take(media::FIRST as u64);
    beginning.read_to_end(&mut first)?;
    let is_picture = media_type(&first).is_ok();
    let has_mark = first.starts_with(MARK);
    let mut body = Cursor::new(first).chain(body);
    if is_picture {
        return reading.raw(Raw::new(body), keep);
    }
    if has_mark {
        body.consume(MARK.len());
    }
    match first_sign(&mut body)? {
        Some(b'{' | b'[') | None => reading.json(body, keep),
        Some(b'<') => Err(Stop::Trouble(WEB_PAGE.to_owned())),
        Some(_) => other(reading, body, keep),
    }
}

/// The first sign that is neither a blank nor within a comment, as gateways send them to keep a connection.
fn first_sign(body: &mut impl BufRead) -> io::Result<Option<u8>> {
    let mut in_comment = false;
    loop {
        let Some(&sign) = body.fill_buf()?.first() else {
            return Ok(None);
        };
        match sign {
            b'\n' | b'\r' => in_comment = false,
            b' ' | b'\t' => {}
            b':' => in_comment = true,
            _ if in_comment => {}
            sign => return Ok(Some(sign)),
        }
        body.consume(1);
    }
}

/// Events, or else words.
fn other(reading: &mut Reading<'_>, mut body: impl BufRead, keep: Keep<'_>) -> Result<(), Stop> {
    let mut first = Vec::new();
    let mut beginning = (&mut body).take(MAX_WORDS);
    beginning.read_to_end(&mut first)?;
    let field = first.split(|b| *b == b':').next().unwrap_or_default();
    if matches!(field, b"data" | b"event" | b"id" | b"retry") {
        let mut events = Events::new(Cursor::new(first).chain(body));
        while let Some(name) = events.next()? {
            reading.event(&name, events.data(), keep)?;
            events.finish()?;
        }
        return Ok(());
    }
    let said = bounded::sentence(&String::from_utf8_lossy(&first));
    reading.say(&said);
    Ok(())
}

#[cfg(test)]
mod tests;
