//! An answer's JSON as it is read, in a stream, of which all but pictures is counted. Knows no answer.

use std::io::{self, Read};

use struson::reader::{JsonReader, JsonStreamReader, ReaderSettings};

use crate::bounded::{Meter, Metered};
use crate::picture::{self, Keep, Kept};
use crate::reply::KeepError;
use crate::stop::Stop;

/// The longest text that is looked at, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// JSON that is read.
pub(crate) struct Json<R: Read> {
    /// Its reader.
    pub(crate) reader: JsonStreamReader<Metered<R>>,
    meter: Meter,
}

impl<R: Read> Json<R> {
    pub(crate) fn new(body: R) -> Self {
        let (meter, body) = Meter::new(body);
        let settings = ReaderSettings {
            // Names may be long, and numbers too: they are counted, and what they say is looked at here.
            track_path: false,
            restrict_number_values: false,
            ..ReaderSettings::default()
        };
        Self {
            reader: JsonStreamReader::new_custom(body, settings),
            meter,
        }
    }

    /// A text, or the beginning of one that is too long to be looked at.
    pub(crate) fn text(&mut self) -> Result<String, Stop> {
        let mut text = self.reader.next_string_reader()?;
        let mut bytes = Vec::new();
        let read = (&mut text).take(MAX_TEXT).read_to_end(&mut bytes);
        self.meter.switch_off(true);
        let read = read.and_then(|_| io::copy(&mut text, &mut io::sink()));
        self.meter.switch_off(false);
        read?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A text that should be a picture, or say where one is; why it is none, or how it cannot be read. What is wrong with a
    /// picture is not wrong with the next one, but a text without its end is the end of everything.
    pub(crate) fn picture(
        &mut self,
        is_wanted: bool,
        keep: Keep<'_>,
    ) -> Result<Result<Kept, io::Error>, Stop> {
        self.meter.switch_off(true);
        let (kept, rest) = picture::keep_text(self.reader.next_string_reader()?, is_wanted, keep);
        self.meter.switch_off(false);
        let kept = match kept {
            Ok(kept) => Ok(kept),
            Err(KeepError::Picture(error)) => Err(error),
            Err(KeepError::Disk(error)) => return Err(Stop::Disk(error)),
        };
        rest?;
        Ok(kept)
    }

    /// Passes by whatever it is, without holding any of it.
    pub(crate) fn skip(&mut self) -> Result<(), Stop> {
        self.meter.switch_off(true);
        let skipped = self.reader.skip_value();
        self.meter.switch_off(false);
        Ok(skipped?)
    }
}
