//! Reads the body of an answer as a stream: each picture goes from base64 to its reader's end without
//! the whole of it ever being in memory.

use std::io::{self, Read};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

use crate::bounded::{self, Meter, Metered};
use crate::reply::{Contents, KeepError, Usage};
use crate::veil::Veil;
use base::digest::Digest;
use base::fs::FsError;

/// The longest text that is looked at, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// Why reading ends early.
enum Stop {
    Trouble(String),
    Disk(FsError),
}

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        Self::Trouble(bounded::sentence(&match error {
            ReaderError::IoError { error, .. } => error.to_string(),
            ReaderError::SyntaxError(error) => format!("it is not JSON: {error}"),
            other => format!("it is not what the API answers: {other}"),
        }))
    }
}

/// Reads the answer to a request for `asked` pictures; each picture's bytes go to `keep`, but none of
/// more than were asked for. Only the disk is an error: whatever else is wrong is told in the answer, with
/// the pictures that came before it.
pub fn read(
    body: impl Read,
    asked: u32,
    veil: &Veil,
    keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
) -> Result<Contents, FsError> {
    let (meter, body) = Meter::new(body);
    let settings = ReaderSettings {
        // Names may be long, and numbers too: they are counted, and what they say is looked at here.
        track_path: false,
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let mut reading = Reading {
        json: JsonStreamReader::new_custom(body, settings),
        meter,
        asked: asked as usize,
        veil,
        contents: Contents::default(),
    };
    match reading.all(keep) {
        Ok(()) => {}
        Err(Stop::Trouble(why)) => reading.trouble(why),
        Err(Stop::Disk(error)) => return Err(error),
    }
    Ok(reading.contents)
}

/// An answer that is being read.
struct Reading<'a, R: Read> {
    json: JsonStreamReader<Metered<R>>,
    meter: Meter,
    asked: usize,
    veil: &'a Veil,
    contents: Contents,
}

impl<R: Read> Reading<'_, R> {
    fn all(
        &mut self,
        keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
    ) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("data", ValueType::Array) => {
                    self.json.begin_array()?;
                    while self.json.has_next()? {
                        self.picture(keep)?;
                    }
                    self.json.end_array()?;
                }
                ("usage", ValueType::Object) => {
                    self.contents.usage = self.usage()?;
                    self.contents.odd_usage = self.contents.usage.is_none();
                }
                ("model", ValueType::String) => {
                    let model =
                        bounded::name(&self.text()?).filter(|name| self.veil.lets_pass(name));
                    self.contents.odd_model = model.is_none();
                    self.contents.model = model;
                }
                ("error", ValueType::Object) => self.contents.error = Some(self.error()?),
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(())
    }

    /// Notes what is wrong; what was wrong first says most.
    fn trouble(&mut self, why: String) {
        self.contents.trouble.get_or_insert(why);
    }

    fn picture(
        &mut self,
        keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
    ) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_picture = self.json.next_name_owned()? == "b64_json";
            if !is_picture || self.json.peek()? != ValueType::String {
                self.skip()?;
                continue;
            }
            let wanted = self.contents.pictures.len() < self.asked;
            self.meter.switch_off(true);
            let (kept, rest) = keep_text(self.json.next_string_reader()?, wanted, keep);
            self.meter.switch_off(false);
            match kept {
                Ok(Kept::Nothing) => {}
                Ok(Kept::Surplus) => self.contents.came += 1,
                Ok(Kept::Picture(digest)) => {
                    self.contents.came += 1;
                    self.contents.pictures.push(digest);
                }
                Err(KeepError::Disk(error)) => return Err(Stop::Disk(error)),
                Err(KeepError::Picture(error)) => {
                    self.contents.came += 1;
                    let n = self.contents.came;
                    let why = format!("picture {n} cannot be read: {error}");
                    self.trouble(bounded::sentence(&why));
                }
            }
            // What is wrong with a picture is not wrong with the next one, but a text without its end is
            // the end of everything.
            rest.map_err(|e| Stop::Trouble(bounded::sentence(&e.to_string())))?;
        }
        self.json.end_object()?;
        Ok(())
    }

    /// `usage`. Output tokens are counted whole where they are not told apart: text output of these models
    /// is billed at no other price that is published. `None` if a number in it is none of tokens.
    fn usage(&mut self) -> Result<Option<Usage>, Stop> {
        let mut usage = Usage::default();
        let mut input = 0;
        let mut output_image = None;
        let mut is_odd = false;
        let mut number = |text: &str| {
            let tokens = tokens(text);
            is_odd |= tokens.is_none();
            tokens.unwrap_or_default()
        };
        let json = &mut self.json;
        json.begin_object()?;
        while json.has_next()? {
            match (json.next_name_owned()?.as_str(), json.peek()?) {
                ("input_tokens", ValueType::Number) => input = number(json.next_number_as_str()?),
                ("output_tokens", ValueType::Number) => {
                    usage.image_out = number(json.next_number_as_str()?);
                }
                (name @ ("input_tokens_details" | "output_tokens_details"), ValueType::Object) => {
                    let is_input = name.starts_with("input");
                    json.begin_object()?;
                    while json.has_next()? {
                        match (json.next_name_owned()?.as_str(), json.peek()?) {
                            ("text_tokens", ValueType::Number) if is_input => {
                                usage.text_in = number(json.next_number_as_str()?);
                            }
                            ("image_tokens", ValueType::Number) if is_input => {
                                usage.image_in = number(json.next_number_as_str()?);
                            }
                            ("image_tokens", ValueType::Number) => {
                                output_image = Some(number(json.next_number_as_str()?));
                            }
                            _ => json.skip_value()?,
                        }
                    }
                    json.end_object()?;
                }
                _ => json.skip_value()?,
            }
        }
        json.end_object()?;
        if let Some(image) = output_image {
            usage.image_out = usage.image_out.max(image);
        }
        if usage.text_in == 0 && usage.image_in == 0 {
            // Not told apart: counted at the dearer price.
            usage.image_in = input;
        }
        Ok((!is_odd).then_some(usage))
    }

    fn error(&mut self) -> Result<String, Stop> {
        let mut said = String::new();
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_message = self.json.next_name_owned()? == "message";
            if is_message && self.json.peek()? == ValueType::String {
                let text = bounded::sentence(&self.veil.over(&self.text()?));
                said = self.veil.over(&text).into_owned();
            } else {
                self.skip()?;
            }
        }
        self.json.end_object()?;
        Ok(said)
    }

    /// A text, or the beginning of one that is too long to be looked at.
    fn text(&mut self) -> Result<String, Stop> {
        let mut text = self.json.next_string_reader()?;
        let mut bytes = Vec::new();
        let read = (&mut text).take(MAX_TEXT).read_to_end(&mut bytes);
        self.meter.switch_off(true);
        let read = read.and_then(|_| io::copy(&mut text, &mut io::sink()));
        self.meter.switch_off(false);
        read.map_err(|e| Stop::Trouble(bounded::sentence(&e.to_string())))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Passes by whatever it is, without holding any of it.
    fn skip(&mut self) -> Result<(), Stop> {
        self.meter.switch_off(true);
        let skipped = self.json.skip_value();
        self.meter.switch_off(false);
        Ok(skipped?)
    }
}

/// What became of a text that should be a picture.
enum Kept {
    /// It was empty.
    Nothing,
    /// Nobody asked for it.
    Surplus,
    /// It is kept.
    Picture(Digest),
}

/// Keeps the picture that a text holds, and reads that to its end, whatever is wrong with the picture.
fn keep_text(
    mut text: impl Read,
    wanted: bool,
    keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
) -> (Result<Kept, KeepError>, io::Result<u64>) {
    let mut first = Vec::new();
    let began = (&mut text).take(1).read_to_end(&mut first);
    let kept = match (began, wanted) {
        (Err(e), _) => return (Ok(Kept::Nothing), Err(e)),
        (Ok(0), _) => Ok(Kept::Nothing),
        (Ok(_), false) => Ok(Kept::Surplus),
        (Ok(_), true) => {
            let whole = first.as_slice().chain(&mut text);
            keep(&mut DecoderReader::new(whole, &STANDARD)).map(Kept::Picture)
        }
    };
    (kept, io::copy(&mut text, &mut io::sink()))
}

/// A whole number of tokens, also as `1756.0`.
fn tokens(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = decimals.bytes().all(|b| b == b'0');
    is_whole.then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Contents, KeepError, Usage, Veil, read};
    use base::digest::Digest;
    use model::{Micro, Price};

    fn of(body: &str) -> Contents {
        read(
            body.as_bytes(),
            2,
            &Veil::default(),
            &mut |bytes: &mut dyn Read| {
                let mut all = Vec::new();
                bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
                Ok(Digest::of(&all))
            },
        )
        .unwrap()
    }

    #[test]
    fn an_answer_as_documented() {
        let answer = of(
            r#"{"created":1713833628,"background":"opaque","output_format":"png",
            "data":[{"b64_json":"b25l"},{"b64_json":"dHdv","revised_prompt":null}],
            "usage":{"input_tokens":60,"input_tokens_details":{"text_tokens":50,"image_tokens":10},
            "output_tokens":1756,"output_tokens_details":{"image_tokens":1756,"text_tokens":0}},
            "svg_usage":null,"quality":"high","size":"1536x864"}"#,
        );
        let expected = Contents {
            pictures: vec![Digest::of(b"one"), Digest::of(b"two")],
            came: 2,
            usage: Some(Usage {
                text_in: 50,
                image_in: 10,
                image_out: 1756,
                text_out: 0,
            }),
            ..Contents::default()
        };
        assert_eq!(answer, expected);
        let price = Price {
            text_in: 5_000_000,
            image_in: 8_000_000,
            image_out: 30_000_000,
            text_out: 0,
        };
        assert_eq!(answer.usage.unwrap().cost(&price), Micro(250 + 80 + 52_680));
    }

    #[test]
    fn what_came_before_the_trouble_is_kept() {
        let one = vec![Digest::of(b"one")];
        for (body, pictures, trouble) in [
            (
                r#"{"data":[{"b64_json":"b25l"},{"b64_json":"!!"}]}"#,
                one.clone(),
                true,
            ),
            (r#"{"data":[{"b64_json":"b25l"},{"b64"#, one.clone(), true),
            (r#"{"data":[{"b64_json":"b25l"}],"#, one.clone(), true),
            (r#"{"data":[{"b64_json":"b25l"}]}"#, one, false),
            (r#"{"data":[]}"#, vec![], false),
            (r#"{"data":[{"url":"https://example.com"}]}"#, vec![], false),
            (r#"{"data":[{"b64_json":null}]}"#, vec![], false),
            (r#"{"data":null,"usage":[1]}"#, vec![], false),
            (r#"{"data":[[]]}"#, vec![], true),
            ("<html>", vec![], true),
            ("[]", vec![], true),
            ("", vec![], true),
        ] {
            let answer = of(body);
            assert_eq!(answer.pictures, pictures, "{body}");
            assert_eq!(answer.trouble.is_some(), trouble, "{body}: {answer:?}");
        }
        let answer = of(r#"{"error":{"code":1,"message":"no"},"model":"gpt-image-2-2026-04-21"}"#);
        assert_eq!(answer.error.as_deref(), Some("no"));
        assert_eq!(answer.model.as_deref(), Some("gpt-image-2-2026-04-21"));
    }
}
