//! Reads the body of an answer as a stream: each picture goes from base64 to its reader's end without
//! the whole of it ever being in memory.

use std::io::{self, Read};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ValueType};

use crate::digest::Digest;
use crate::fs::FsError;
use crate::model::{Micro, Price};

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The pictures, in the order they came.
    pub pictures: Vec<Digest>,
    /// The model that answered, if it says which.
    pub model: Option<String>,
    /// What is billed.
    pub usage: Option<Usage>,
    /// What an `error` in it says.
    pub error: Option<String>,
    /// Why it could not be read to its end.
    pub trouble: Option<String>,
}

/// Tokens, as billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub text_in: u64,
    /// Of references and mask.
    pub image_in: u64,
    /// Of the pictures.
    pub image_out: u64,
}

impl Usage {
    /// What it costs, to the micro-dollar, rounded up.
    pub fn cost(&self, price: &Price) -> Micro {
        let parts = [
            (self.text_in, price.text_in),
            (self.image_in, price.image_in),
            (self.image_out, price.image_out),
        ];
        let sum = parts
            .iter()
            .map(|(tokens, price)| u128::from(*tokens) * u128::from(*price))
            .fold(0_u128, u128::saturating_add)
            .div_ceil(1_000_000);
        Micro(u64::try_from(sum).unwrap_or(u64::MAX))
    }
}

/// Why a picture could not be kept.
#[derive(Debug)]
pub enum KeepError {
    /// What came is not what it should be.
    Picture(io::Error),
    /// The disk said no.
    Disk(FsError),
}

/// Why reading ends early.
enum Stop {
    Trouble(String),
    Disk(FsError),
}

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::IoError { error, .. } => Self::Trouble(error.to_string()),
            ReaderError::SyntaxError(error) => Self::Trouble(format!("it is not JSON: {error}")),
            other => Self::Trouble(format!("it is not what the API answers: {other}")),
        }
    }
}

/// Reads an answer; each picture's bytes go to `keep`. Only the disk is an error: whatever else is
/// wrong is told in the answer, with the pictures that came before it.
pub fn read(
    body: impl Read,
    keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
) -> Result<Answer, FsError> {
    let mut answer = Answer::default();
    match read_into(&mut answer, body, keep) {
        Ok(()) => Ok(answer),
        Err(Stop::Trouble(why)) => {
            answer.trouble = Some(why);
            Ok(answer)
        }
        Err(Stop::Disk(error)) => Err(error),
    }
}

fn read_into(
    answer: &mut Answer,
    body: impl Read,
    keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
) -> Result<(), Stop> {
    let mut json = JsonStreamReader::new(body);
    json.begin_object()?;
    while json.has_next()? {
        match json.next_name_owned()?.as_str() {
            "data" if json.peek()? == ValueType::Array => {
                json.begin_array()?;
                while json.has_next()? {
                    read_picture(answer, &mut json, keep)?;
                }
                json.end_array()?;
            }
            "usage" if json.peek()? == ValueType::Object => {
                answer.usage = Some(read_usage(&mut json)?);
            }
            "model" if json.peek()? == ValueType::String => {
                answer.model = Some(json.next_string()?);
            }
            "error" if json.peek()? == ValueType::Object => {
                answer.error = Some(read_error(&mut json)?);
            }
            _ => json.skip_value()?,
        }
    }
    json.end_object()?;
    Ok(())
}

fn read_picture<R: Read>(
    answer: &mut Answer,
    json: &mut JsonStreamReader<R>,
    keep: &mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>,
) -> Result<(), Stop> {
    json.begin_object()?;
    while json.has_next()? {
        let is_picture = json.next_name_owned()? == "b64_json";
        if !is_picture || json.peek()? != ValueType::String {
            json.skip_value()?;
            continue;
        }
        let kept = {
            let text = json.next_string_reader()?;
            let mut bytes = DecoderReader::new(text, &STANDARD);
            keep(&mut bytes)
        };
        match kept {
            Ok(digest) => answer.pictures.push(digest),
            Err(KeepError::Disk(error)) => return Err(Stop::Disk(error)),
            Err(KeepError::Picture(error)) => {
                let n = answer.pictures.len() + 1;
                return Err(Stop::Trouble(format!(
                    "picture {n} cannot be read: {error}"
                )));
            }
        }
    }
    json.end_object()?;
    Ok(())
}

/// `usage`. Output tokens are counted whole where they are not told apart: text output of these models
/// is billed at no other price that is published.
fn read_usage<R: Read>(json: &mut JsonStreamReader<R>) -> Result<Usage, Stop> {
    let mut usage = Usage::default();
    let mut input = 0;
    let mut output_image = None;
    json.begin_object()?;
    while json.has_next()? {
        match (json.next_name_owned()?.as_str(), json.peek()?) {
            ("input_tokens", ValueType::Number) => input = number(json)?,
            ("output_tokens", ValueType::Number) => usage.image_out = number(json)?,
            (name @ ("input_tokens_details" | "output_tokens_details"), ValueType::Object) => {
                let is_input = name.starts_with("input");
                json.begin_object()?;
                while json.has_next()? {
                    match (json.next_name_owned()?.as_str(), json.peek()?) {
                        ("text_tokens", ValueType::Number) if is_input => {
                            usage.text_in = number(json)?;
                        }
                        ("image_tokens", ValueType::Number) if is_input => {
                            usage.image_in = number(json)?;
                        }
                        ("image_tokens", ValueType::Number) => output_image = Some(number(json)?),
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
    if usage.text_in + usage.image_in == 0 {
        // Not told apart: counted at the dearer price.
        usage.image_in = input;
    }
    Ok(usage)
}

fn number<R: Read>(json: &mut JsonStreamReader<R>) -> Result<u64, Stop> {
    Ok(json.next_number_as_string()?.parse().unwrap_or(0))
}

fn read_error<R: Read>(json: &mut JsonStreamReader<R>) -> Result<String, Stop> {
    let mut said = String::new();
    json.begin_object()?;
    while json.has_next()? {
        if json.next_name_owned()? == "message" && json.peek()? == ValueType::String {
            said = json.next_string()?.chars().take(500).collect();
        } else {
            json.skip_value()?;
        }
    }
    json.end_object()?;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Answer, KeepError, Usage, read};
    use crate::digest::Digest;
    use crate::model::{Micro, Price};

    fn of(body: &str) -> Answer {
        read(body.as_bytes(), &mut |bytes: &mut dyn Read| {
            let mut all = Vec::new();
            bytes.read_to_end(&mut all).map_err(KeepError::Picture)?;
            Ok(Digest::of(&all))
        })
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
        let expected = Answer {
            pictures: vec![Digest::of(b"one"), Digest::of(b"two")],
            usage: Some(Usage {
                text_in: 50,
                image_in: 10,
                image_out: 1756,
            }),
            ..Answer::default()
        };
        assert_eq!(answer, expected);
        let price = Price {
            text_in: 5_000_000,
            image_in: 8_000_000,
            image_out: 30_000_000,
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
