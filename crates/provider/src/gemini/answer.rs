//! Reads the body of an answer as a stream: pictures and the signatures beside them, which are as large, go by without the
//! whole of any ever being in memory. The last picture that is no draft is the one that was asked for.

use std::io::{self, Cursor, Read};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use struson::reader::{JsonReader, JsonStreamReader, ReaderSettings, ValueType};

use super::refusal;
use crate::bounded::{self, Meter, Metered};
use crate::reply::{Contents, KeepError, Usage};
use crate::setup::{WEB_PAGE, is_page};
use crate::stop::Stop;
use crate::veil::Veil;
use base::digest::Digest;
use base::fs::FsError;

/// The longest text that is looked at, in bytes.
const MAX_TEXT: u64 = 64 << 10;
/// So much says what an answer is, in bytes.
const MAX_FIRST: u64 = 64;

/// Where a picture's bytes go.
type Keep<'k> = &'k mut dyn FnMut(&mut dyn Read) -> Result<Digest, KeepError>;

/// Reads the answer to a request for one picture; the bytes of each that comes go to `keep`. Only the disk is an error:
/// whatever else is wrong is told in the contents, with the picture that came before it.
pub fn read(mut body: impl Read, veil: &Veil, keep: Keep<'_>) -> Result<Contents, FsError> {
    let mut first = Vec::new();
    // What cannot be read is told when the rest is.
    let _ = (&mut body).take(MAX_FIRST).read_to_end(&mut first);
    if is_page(&first) {
        return Ok(Contents {
            trouble: Some(WEB_PAGE.to_owned()),
            ..Contents::default()
        });
    }
    let (meter, body) = Meter::new(Cursor::new(first).chain(body));
    let settings = ReaderSettings {
        // Names may be long, and numbers too: they are counted, and what they say is looked at here.
        track_path: false,
        restrict_number_values: false,
        ..ReaderSettings::default()
    };
    let mut reading = Reading {
        json: JsonStreamReader::new_custom(body, settings),
        meter,
        veil,
        contents: Contents::default(),
        counts: None,
        blocked: None,
        finished: None,
        said: String::new(),
    };
    match reading.all(keep) {
        Ok(()) => {}
        Err(Stop::Trouble(why)) => reading.trouble(why),
        Err(Stop::Disk(error)) => return Err(error),
    }
    Ok(reading.judged())
}

/// An answer that is being read.
struct Reading<'a, R: Read> {
    json: JsonStreamReader<Metered<R>>,
    meter: Meter,
    veil: &'a Veil,
    contents: Contents,
    counts: Option<Counts>,
    /// Why the prompt was blocked.
    blocked: Option<String>,
    /// With what reason it ended.
    finished: Option<String>,
    /// The words that came.
    said: String,
}

/// Tokens, as the answer counts them.
#[derive(Clone, Copy, Default)]
struct Counts {
    prompt: u64,
    prompt_image: u64,
    candidates: u64,
    /// Of the candidates, if they are told apart.
    image: Option<u64>,
    thoughts: u64,
    tools: u64,
    /// Some of it is no number of tokens.
    is_odd: bool,
}

impl Counts {
    /// What is billed: all of the candidates, not only the picture in them, and what was thought. `None` if nothing is
    /// counted: that is no bill.
    fn usage(&self, has_picture: bool) -> Option<Usage> {
        // Not told apart, beside a picture: counted at the dearer price.
        let not_told = if has_picture { self.candidates } else { 0 };
        let image_out = self.image.unwrap_or(not_told);
        let rest = self.candidates.saturating_sub(image_out);
        let usage = Usage {
            text_in: self
                .prompt
                .saturating_sub(self.prompt_image)
                .saturating_add(self.tools),
            image_in: self.prompt_image,
            image_out,
            text_out: rest.saturating_add(self.thoughts),
        };
        let is_bill = !self.is_odd && usage != Usage::default();
        // A picture that counts for nothing is none that is billed as it should be.
        (is_bill && (image_out > 0 || !has_picture)).then_some(usage)
    }
}

/// One part of what the model says.
#[derive(Default)]
struct Part {
    is_draft: bool,
    text: Option<String>,
    picture: Option<Result<Digest, io::Error>>,
}

impl<R: Read> Reading<'_, R> {
    fn all(&mut self, keep: Keep<'_>) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("candidates", ValueType::Array) => {
                    self.json.begin_array()?;
                    while self.json.has_next()? {
                        self.candidate(keep)?;
                    }
                    self.json.end_array()?;
                }
                ("promptFeedback", ValueType::Object) => self.feedback()?,
                ("usageMetadata", ValueType::Object) => self.counts = Some(self.counted()?),
                ("modelVersion", ValueType::String) => {
                    let model = self.name()?;
                    self.contents.odd_model = model.is_none();
                    self.contents.model = model;
                }
                ("responseId", ValueType::String) => self.contents.request_id = self.name()?,
                ("error", ValueType::Object) => self.contents.error = Some(self.error()?),
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(())
    }

    /// What it all means, once it is read.
    fn judged(self) -> Contents {
        let Self {
            mut contents,
            counts,
            blocked,
            finished,
            said,
            ..
        } = self;
        let has_picture = contents.came > 0;
        contents.usage = counts.and_then(|counts| counts.usage(has_picture));
        contents.odd_usage = counts.is_some_and(|counts| counts.is_odd);
        let bills_picture = contents.usage.is_some_and(|usage| usage.image_out > 0);
        // A picture that is billed and is not there: only a person can say what became of it.
        let is_whole = contents.trouble.is_none() && contents.error.is_none();
        if is_whole && !has_picture && !bills_picture {
            contents.refusal = refusal::of_answer(blocked.as_deref(), finished.as_deref(), &said);
        }
        if contents.pictures.is_empty() && contents.refusal.is_none() && !said.is_empty() {
            contents.error.get_or_insert(said);
        }
        contents
    }

    /// Notes what is wrong; what was wrong first says most.
    fn trouble(&mut self, why: String) {
        self.contents.trouble.get_or_insert(why);
    }

    fn candidate(&mut self, keep: Keep<'_>) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("content", ValueType::Object) => self.content(keep)?,
                ("finishReason", ValueType::String) => self.finished = self.name()?,
                ("finishMessage", ValueType::String) => {
                    let text = self.text()?;
                    self.say(&text);
                }
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(())
    }

    fn content(&mut self, keep: Keep<'_>) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_parts = self.json.next_name_owned()? == "parts";
            if !is_parts || self.json.peek()? != ValueType::Array {
                self.skip()?;
                continue;
            }
            self.json.begin_array()?;
            while self.json.has_next()? {
                let part = self.part(keep)?;
                self.take(part);
            }
            self.json.end_array()?;
        }
        self.json.end_object()?;
        Ok(())
    }

    fn part(&mut self, keep: Keep<'_>) -> Result<Part, Stop> {
        let mut part = Part::default();
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                // It may come after what it is about.
                ("thought", ValueType::Boolean) => part.is_draft = self.json.next_bool()?,
                ("text", ValueType::String) => part.text = Some(self.text()?),
                ("inlineData", ValueType::Object) => part.picture = self.inline(keep)?,
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(part)
    }

    fn take(&mut self, part: Part) {
        if part.is_draft {
            return;
        }
        if let Some(text) = part.text {
            self.say(&text);
        }
        match part.picture {
            None => {}
            Some(Ok(digest)) => {
                self.contents.came += 1;
                self.contents.pictures = vec![digest];
            }
            Some(Err(error)) => {
                self.contents.came += 1;
                let n = self.contents.came;
                let why = format!("picture {n} cannot be read: {error}");
                self.trouble(bounded::sentence(&why));
            }
        }
    }

    /// The bytes of a part; nothing if there are none.
    fn inline(&mut self, keep: Keep<'_>) -> Result<Option<Result<Digest, io::Error>>, Stop> {
        let mut picture = None;
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_data = self.json.next_name_owned()? == "data";
            if !is_data || self.json.peek()? != ValueType::String {
                self.skip()?;
                continue;
            }
            self.meter.switch_off(true);
            let kept = keep_text(self.json.next_string_reader()?, keep);
            self.meter.switch_off(false);
            picture = kept?;
        }
        self.json.end_object()?;
        Ok(picture)
    }

    fn feedback(&mut self) -> Result<(), Stop> {
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            match (name.as_str(), self.json.peek()?) {
                ("blockReason", ValueType::String) => self.blocked = self.name()?,
                ("blockReasonMessage", ValueType::String) => {
                    let text = self.text()?;
                    self.say(&text);
                }
                _ => self.skip()?,
            }
        }
        self.json.end_object()?;
        Ok(())
    }

    fn counted(&mut self) -> Result<Counts, Stop> {
        let mut counts = Counts::default();
        self.json.begin_object()?;
        while self.json.has_next()? {
            let name = self.json.next_name_owned()?;
            let place = match (name.as_str(), self.json.peek()?) {
                ("promptTokenCount", ValueType::Number) => &mut counts.prompt,
                ("candidatesTokenCount", ValueType::Number) => &mut counts.candidates,
                ("thoughtsTokenCount", ValueType::Number) => &mut counts.thoughts,
                ("toolUsePromptTokenCount", ValueType::Number) => &mut counts.tools,
                ("promptTokensDetails", ValueType::Array) => {
                    let image = self.of_images()?;
                    counts.is_odd |= image.is_none();
                    counts.prompt_image = image.unwrap_or_default();
                    continue;
                }
                ("candidatesTokensDetails", ValueType::Array) => {
                    let image = self.of_images()?;
                    counts.is_odd |= image.is_none();
                    counts.image = image;
                    continue;
                }
                _ => {
                    self.skip()?;
                    continue;
                }
            };
            let tokens = tokens(self.json.next_number_as_str()?);
            counts.is_odd |= tokens.is_none();
            *place = tokens.unwrap_or_default();
        }
        self.json.end_object()?;
        // The whole is told with its parts; a part that is more says more.
        counts.candidates = counts.candidates.max(counts.image.unwrap_or_default());
        counts.prompt = counts.prompt.max(counts.prompt_image);
        Ok(counts)
    }

    /// The tokens of pictures in a list by modality; `None` if one of them is no number of tokens.
    fn of_images(&mut self) -> Result<Option<u64>, Stop> {
        let mut sum = Some(0_u64);
        self.json.begin_array()?;
        while self.json.has_next()? {
            let (mut is_image, mut count) = (false, Some(0));
            self.json.begin_object()?;
            while self.json.has_next()? {
                let name = self.json.next_name_owned()?;
                match (name.as_str(), self.json.peek()?) {
                    ("modality", ValueType::String) => is_image = self.text()? == "IMAGE",
                    ("tokenCount", ValueType::Number) => {
                        count = tokens(self.json.next_number_as_str()?);
                    }
                    _ => self.skip()?,
                }
            }
            self.json.end_object()?;
            if is_image {
                sum = sum.zip(count).map(|(sum, count)| sum.saturating_add(count));
            }
        }
        self.json.end_array()?;
        Ok(sum)
    }

    fn error(&mut self) -> Result<String, Stop> {
        let mut said = String::new();
        self.json.begin_object()?;
        while self.json.has_next()? {
            let is_message = self.json.next_name_owned()? == "message";
            if is_message && self.json.peek()? == ValueType::String {
                said = refusal::sentence(&self.text()?, self.veil);
            } else {
                self.skip()?;
            }
        }
        self.json.end_object()?;
        Ok(said)
    }

    /// Adds to what was said, which stays one sentence.
    fn say(&mut self, text: &str) {
        self.said = refusal::sentence(&format!("{} {text}", self.said), self.veil);
    }

    fn name(&mut self) -> Result<Option<String>, Stop> {
        let name = bounded::name(&self.text()?);
        Ok(name.filter(|name| self.veil.lets_pass(name)))
    }

    /// A text, or the beginning of one that is too long to be looked at.
    fn text(&mut self) -> Result<String, Stop> {
        let mut text = self.json.next_string_reader()?;
        let mut bytes = Vec::new();
        let read = (&mut text).take(MAX_TEXT).read_to_end(&mut bytes);
        self.meter.switch_off(true);
        let read = read.and_then(|_| io::copy(&mut text, &mut io::sink()));
        self.meter.switch_off(false);
        read?;
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

/// Keeps the picture that a text holds, and reads that to its end, whatever is wrong with the picture; nothing of a text
/// that is empty.
fn keep_text(
    mut text: impl Read,
    keep: Keep<'_>,
) -> Result<Option<Result<Digest, io::Error>>, Stop> {
    let mut first = Vec::new();
    (&mut text).take(1).read_to_end(&mut first)?;
    if first.is_empty() {
        return Ok(None);
    }
    let whole = first.as_slice().chain(&mut text);
    let kept = match keep(&mut DecoderReader::new(whole, &STANDARD)) {
        Ok(digest) => Ok(digest),
        Err(KeepError::Picture(error)) => Err(error),
        Err(KeepError::Disk(error)) => return Err(Stop::Disk(error)),
    };
    // What is wrong with a picture is not wrong with the next one, but a text without its end is the end of everything.
    io::copy(&mut text, &mut io::sink())?;
    Ok(Some(kept))
}

/// A whole number of tokens.
fn tokens(text: &str) -> Option<u64> {
    text.parse().ok()
}
