//! The lines of a file that a batch ended with, one by one as they come: each is set down first, in memory or in a
//! temporary file, so that no more of it is held than one picture's worth, and is then read for what it says.

use std::io::{self, Read, Seek, SeekFrom, Take, Write};
use std::ops::Range;
use std::time::Duration;

use reqwest::Response;
use tempfile::SpooledTempFile;

use super::line::{self, Told};
use crate::bounded;
use crate::reply::Refusal;
use crate::veil::Veil;

/// No line is longer, in bytes: ten pictures of the largest size.
const MAX_LINE_BYTES: u64 = 1 << 30;
/// So much of a line is in memory; what is longer is in a temporary file.
const MAX_HELD_BYTES: usize = 1 << 20;
/// The most that is read of an error, in bytes.
const MAX_ERROR_BYTES: u64 = 64 << 10;
/// The next bytes come within this time.
const STALL: Duration = Duration::from_secs(120);

/// Reads what an error of a line means: the status of its request, if one is told, and the error. None if nobody knows
/// what became of it.
pub(super) type ReadError =
    Box<dyn Fn(Option<u16>, &[u8]) -> Result<Refusal, String> + Send + Sync>;

/// The lines of a file.
pub struct Lines {
    response: Response,
    /// What came of the next line.
    rest: Vec<u8>,
    veil: Veil,
    read_error: ReadError,
}

/// What came of one request of a batch.
pub struct Line {
    /// The name that it was given, if it has one.
    pub name: Option<String>,
    /// What came of it.
    pub came: Came,
}

/// What came of a request.
pub enum Came {
    /// Its answer, as it would have come alone.
    Answer {
        /// Its body.
        body: Take<SpooledTempFile>,
        /// The provider's name for the request.
        request_id: Option<String>,
    },
    /// The provider said no, or did not come to it: nothing was made, nothing was paid.
    Refused(Refusal),
    /// Nobody knows: why.
    Unknown(String),
}

impl Lines {
    pub(super) fn new(response: Response, veil: Veil, read_error: ReadError) -> Self {
        Self {
            response,
            rest: Vec::new(),
            veil,
            read_error,
        }
    }

    /// The next line; none at the end. An error is the end too, though there may be more.
    pub async fn next(&mut self) -> Result<Option<Line>, String> {
        loop {
            let Some((size, file)) = self.spooled().await? else {
                return Ok(None);
            };
            // What ends a file is no line.
            if size > 0 {
                return self.read(size, file).map(Some);
            }
        }
    }

    /// The next line without its end, set down; how many bytes it has.
    async fn spooled(&mut self) -> Result<Option<(u64, SpooledTempFile)>, String> {
        let kept = |error: io::Error| format!("a line of it cannot be kept: {error}");
        let mut file = SpooledTempFile::new(MAX_HELD_BYTES);
        let mut size = 0;
        let mut has_begun = false;
        loop {
            let end = memchr::memchr(b'\n', &self.rest);
            let (part, is_whole) = match end {
                Some(at) => {
                    let rest = self.rest.split_off(at + 1);
                    (std::mem::replace(&mut self.rest, rest), true)
                }
                None => (std::mem::take(&mut self.rest), false),
            };
            has_begun |= !part.is_empty();
            let part = part.strip_suffix(b"\n").unwrap_or(&part);
            let part = part.strip_suffix(b"\r").unwrap_or(part);
            size += part.len() as u64;
            if size > MAX_LINE_BYTES {
                return Err(format!(
                    "a line of it is longer than {MAX_LINE_BYTES} bytes"
                ));
            }
            file.write_all(part).map_err(kept)?;
            if is_whole {
                return Ok(Some((size, file)));
            }
            match tokio::time::timeout(STALL, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.rest.extend_from_slice(&chunk),
                Ok(Ok(None)) if has_begun => return Ok(Some((size, file))),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(_)) => return Err("its file was cut off on its way".to_owned()),
                Err(_) => {
                    return Err(format!(
                        "nothing more of its file came in {} s",
                        STALL.as_secs()
                    ));
                }
            }
        }
    }

    fn read(&self, size: u64, mut file: SpooledTempFile) -> Result<Line, String> {
        let kept = |error: io::Error| format!("a line of it cannot be read: {error}");
        file.seek(SeekFrom::Start(0)).map_err(kept)?;
        let told = line::read(io::BufReader::with_capacity(
            64 << 10,
            (&mut file).take(size),
        ));
        let told = match told {
            Ok(told) => told,
            Err(why) => {
                return Ok(Line {
                    name: None,
                    came: Came::Unknown(self.said(&why)),
                });
            }
        };
        let name = told.name.clone();
        let came = self.came(told, file).map_err(kept)?;
        Ok(Line { name, came })
    }

    fn came(&self, told: Told, mut file: SpooledTempFile) -> io::Result<Came> {
        let is_success = told
            .status
            .is_none_or(|status| (200..300).contains(&status));
        match (told.answer, told.error) {
            (Some(answer), None) if is_success => {
                let id = told.request_id.as_deref().and_then(bounded::name);
                Ok(Came::Answer {
                    body: part(file, &answer)?,
                    request_id: id.filter(|id| self.veil.lets_pass(id)),
                })
            }
            (answer, error) => {
                let Some(at) = error.or(answer) else {
                    let why = "its line says neither an answer nor an error";
                    return Ok(Came::Unknown(why.to_owned()));
                };
                let mut said = Vec::new();
                let at = at.start..at.end.min(at.start + MAX_ERROR_BYTES);
                part(&mut file, &at)?.read_to_end(&mut said)?;
                Ok(match (self.read_error)(told.status, &said) {
                    Ok(refusal) => Came::Refused(refusal),
                    Err(why) => Came::Unknown(self.said(&why)),
                })
            }
        }
    }

    fn said(&self, text: &str) -> String {
        let text = bounded::sentence(&self.veil.over(text));
        self.veil.over(&text).into_owned()
    }
}

/// A part of a file.
fn part<F: Read + Seek>(mut file: F, at: &Range<u64>) -> io::Result<Take<F>> {
    file.seek(SeekFrom::Start(at.start))?;
    Ok(file.take(at.end - at.start))
}
