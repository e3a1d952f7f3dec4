//! What one line of a batch's answer says: whose it is, and where in it the answer or the error stands. Reads through it
//! without holding any of it. Knows no field of an answer.

use std::io::{self, Read};
use std::ops::Range;

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

use crate::bounded::{Meter, Metered};

/// The longest name that is looked at, in bytes.
const MAX_NAME_BYTES: u64 = 4 << 10;

/// What a line says, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The name that we gave it.
    pub name: Option<String>,
    /// The status with which its request was answered.
    pub status: Option<u16>,
    /// The provider's name for its request.
    pub request_id: Option<String>,
    /// Where its answer stands, in bytes from the beginning.
    pub answer: Option<Range<u64>>,
    /// Where its error stands.
    pub error: Option<Range<u64>>,
}

/// Reads a line in which the answer stands in `response/body` of OpenAI, or is `response` itself.
pub(super) fn read(line: impl Read) -> Result<Told, String> {
    let (meter, line) = Meter::new(line);
    let settings = ReaderSettings {
        track_path: false,
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let mut reading = Reading {
        json: JsonStreamReader::new_custom(line, settings),
        meter,
        told: Told::default(),
    };
    match reading.all() {
        Ok(()) => Ok(reading.told),
        Err(error) => Err(format!("it is no line of a batch: {error}")),
    }
}

struct Reading<R: Read> {
    json: JsonStreamReader<Metered<R>>,
    meter: Meter,
    told: Told,
}

impl<R: Read> Reading<R> {
    fn all(&mut self) -> Result<(), ReaderError> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("custom_id" | "key", ValueType::String) => self.told.name = self.text()?,
                ("metadata", ValueType::Object) => self.metadata()?,
                ("response", ValueType::Object) => self.response()?,
                ("error", ValueType::Object) => self.told.error = Some(self.span()?),
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(())
    }

    /// `{"key": …}`, of lines that say their names so.
    fn metadata(&mut self) -> Result<(), ReaderError> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_key = self.json.next_name_owned()? == "key";
            match self.json.peek()? {
                ValueType::String if is_key => self.told.name = self.text()?,
                _ => self.skip()?,
            }
        }
        self.json.end_object()
    }

    /// `{"status_code", "request_id", "body"}`, or else the answer itself.
    fn response(&mut self) -> Result<(), ReaderError> {
        let begin = self.at();
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("status_code", ValueType::Number) => {
                    self.told.status = Some(self.json.next_number_as_str()?.parse().unwrap_or(0));
                }
                ("request_id", ValueType::String) => self.told.request_id = self.text()?,
                ("body", ValueType::Object) => self.told.answer = Some(self.span()?),
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        if self.told.status.is_none() && self.told.answer.is_none() {
            self.told.answer = Some(begin..self.at());
        }
        Ok(())
    }

    fn span(&mut self) -> Result<Range<u64>, ReaderError> {
        let begin = self.at();
        self.skip()?;
        Ok(begin..self.at())
    }

    fn at(&self) -> u64 {
        let position = self.json.current_position(false);
        position.data_pos.unwrap_or_default()
    }

    /// A text; none of one that is longer than any name.
    fn text(&mut self) -> Result<Option<String>, ReaderError> {
        let mut bytes = Vec::new();
        let mut text = self.json.next_string_reader()?;
        let read = (&mut text).take(MAX_NAME_BYTES + 1).read_to_end(&mut bytes);
        self.meter.switch_off(true);
        let read = read.and_then(|_| io::copy(&mut text, &mut io::sink()));
        self.meter.switch_off(false);
        drop(text);
        if let Err(error) = read {
            let location = self.json.current_position(false);
            return Err(ReaderError::IoError { error, location });
        }
        let is_name = bytes.len() as u64 <= MAX_NAME_BYTES;
        Ok(is_name.then(|| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Passes by whatever it is, without holding any of it.
    fn skip(&mut self) -> Result<(), ReaderError> {
        self.meter.switch_off(true);
        let skipped = self.json.skip_value();
        self.meter.switch_off(false);
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn part(line: &str, range: Option<std::ops::Range<u64>>) -> Option<&str> {
        let range = range?;
        let at = |n: u64| usize::try_from(n).unwrap();
        Some(&line[at(range.start)..at(range.end)])
    }

    #[test]
    fn both_forms_in_any_order() {
        for (line, name, status, answer, error) in [
            (
                r#"{"id": "r", "custom_id": "k", "response": {"status_code": 200, "request_id": "q", "body": {"data": [{"b": "图\""}]} }, "error": null}"#,
                "k",
                Some(200),
                Some(r#"{"data": [{"b": "图\""}]}"#),
                None,
            ),
            (
                r#"{"response":{"body":{"error":{"m":1}},"status_code":400},"error":null,"custom_id":"k"}"#,
                "k",
                Some(400),
                Some(r#"{"error":{"m":1}}"#),
                None,
            ),
            (
                r#"{"custom_id":"k","response":null,"error":{"code":"batch_expired"}}"#,
                "k",
                None,
                None,
                Some(r#"{"code":"batch_expired"}"#),
            ),
            (
                r#"{"response":  {"candidates": []} , "key": "k"}"#,
                "k",
                None,
                Some(r#"{"candidates": []}"#),
                None,
            ),
            (
                r#"{"error":{"code":3},"metadata":{"x":[1],"key":"k"}}"#,
                "k",
                None,
                None,
                Some(r#"{"code":3}"#),
            ),
        ] {
            let told = read(line.as_bytes()).unwrap();
            assert_eq!(told.name.as_deref(), Some(name), "{line}");
            assert_eq!(told.status, status, "{line}");
            assert_eq!(part(line, told.answer), answer, "{line}");
            assert_eq!(part(line, told.error), error, "{line}");
        }
        for line in ["", "[]", "{\"custom_id\":", "x"] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
        let deep = format!("{{\"custom_id\":{}", "[".repeat(100_000));
        assert!(read(deep.as_bytes()).is_err());
    }
}
