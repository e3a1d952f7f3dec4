//! Reads the body of an answer as a stream: pictures and the signatures beside them, which are as large, go by without the
//! whole of any ever being in memory. The last picture that is no draft is the one that was asked for.

use std::io::{self, Cursor, Read};

use struson::reader::{JsonReader, ValueType};

use super::refusal;
use crate::bounded;
use crate::json::Json;
use crate::picture::{Keep, Kept};
use crate::reply::{Contents, Usage};
use crate::setup::{WEB_PAGE, is_page};
use crate::stop::Stop;
use crate::veil::Veil;
use base::digest::Digest;
use base::fs::FsError;

/// So much says what an answer is, in bytes.
const MAX_FIRST: u64 = 64;

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
    let body = Cursor::new(first).chain(body);
    let mut reading = Reading {
        json: Json::new(body),
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
    json: Json<R>,
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
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let name = self.json.reader.next_name_owned()?;
            match (name.as_str(), self.json.reader.peek()?) {
                ("candidates", ValueType::Array) => {
                    self.json.reader.begin_array()?;
                    while self.json.reader.has_next()? {
                        self.candidate(keep)?;
                    }
                    self.json.reader.end_array()?;
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
                _ => self.json.skip()?,
            }
        }
        self.json.reader.end_object()?;
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
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let name = self.json.reader.next_name_owned()?;
            match (name.as_str(), self.json.reader.peek()?) {
                ("content", ValueType::Object) => self.content(keep)?,
                ("finishReason", ValueType::String) => self.finished = self.name()?,
                ("finishMessage", ValueType::String) => {
                    let text = self.json.text()?;
                    self.say(&text);
                }
                _ => self.json.skip()?,
            }
        }
        self.json.reader.end_object()?;
        Ok(())
    }

    fn content(&mut self, keep: Keep<'_>) -> Result<(), Stop> {
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let is_parts = self.json.reader.next_name_owned()? == "parts";
            if !is_parts || self.json.reader.peek()? != ValueType::Array {
                self.json.skip()?;
                continue;
            }
            self.json.reader.begin_array()?;
            while self.json.reader.has_next()? {
                let part = self.part(keep)?;
                self.take(part);
            }
            self.json.reader.end_array()?;
        }
        self.json.reader.end_object()?;
        Ok(())
    }

    fn part(&mut self, keep: Keep<'_>) -> Result<Part, Stop> {
        let mut part = Part::default();
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let name = self.json.reader.next_name_owned()?;
            match (name.as_str(), self.json.reader.peek()?) {
                // It may come after what it is about.
                ("thought", ValueType::Boolean) => part.is_draft = self.json.reader.next_bool()?,
                ("text", ValueType::String) => part.text = Some(self.json.text()?),
                ("inlineData", ValueType::Object) => part.picture = self.inline(keep)?,
                _ => self.json.skip()?,
            }
        }
        self.json.reader.end_object()?;
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
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let is_data = self.json.reader.next_name_owned()? == "data";
            if !is_data || self.json.reader.peek()? != ValueType::String {
                self.json.skip()?;
                continue;
            }
            picture = match self.json.picture(true, keep)? {
                Ok(Kept::Nothing | Kept::Surplus) => None,
                Ok(Kept::Picture(digest)) => Some(Ok(digest)),
                Ok(Kept::At(_)) => Some(Err(io::Error::other("it is a URL"))),
                Err(error) => Some(Err(error)),
            };
        }
        self.json.reader.end_object()?;
        Ok(picture)
    }

    fn feedback(&mut self) -> Result<(), Stop> {
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let name = self.json.reader.next_name_owned()?;
            match (name.as_str(), self.json.reader.peek()?) {
                ("blockReason", ValueType::String) => self.blocked = self.name()?,
                ("blockReasonMessage", ValueType::String) => {
                    let text = self.json.text()?;
                    self.say(&text);
                }
                _ => self.json.skip()?,
            }
        }
        self.json.reader.end_object()?;
        Ok(())
    }

    fn counted(&mut self) -> Result<Counts, Stop> {
        let mut counts = Counts::default();
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let name = self.json.reader.next_name_owned()?;
            let place = match (name.as_str(), self.json.reader.peek()?) {
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
                    self.json.skip()?;
                    continue;
                }
            };
            let tokens = tokens(self.json.reader.next_number_as_str()?);
            counts.is_odd |= tokens.is_none();
            *place = tokens.unwrap_or_default();
        }
        self.json.reader.end_object()?;
        // The whole is told with its parts; a part that is more says more.
        counts.candidates = counts.candidates.max(counts.image.unwrap_or_default());
        counts.prompt = counts.prompt.max(counts.prompt_image);
        Ok(counts)
    }

    /// The tokens of pictures in a list by modality; `None` if one of them is no number of tokens.
    fn of_images(&mut self) -> Result<Option<u64>, Stop> {
        let mut sum = Some(0_u64);
        self.json.reader.begin_array()?;
        while self.json.reader.has_next()? {
            let (mut is_image, mut count) = (false, Some(0));
            self.json.reader.begin_object()?;
            while self.json.reader.has_next()? {
                let name = self.json.reader.next_name_owned()?;
                match (name.as_str(), self.json.reader.peek()?) {
                    ("modality", ValueType::String) => is_image = self.json.text()? == "IMAGE",
                    ("tokenCount", ValueType::Number) => {
                        count = tokens(self.json.reader.next_number_as_str()?);
                    }
                    _ => self.json.skip()?,
                }
            }
            self.json.reader.end_object()?;
            if is_image {
                sum = sum.zip(count).map(|(sum, count)| sum.saturating_add(count));
            }
        }
        self.json.reader.end_array()?;
        Ok(sum)
    }

    fn error(&mut self) -> Result<String, Stop> {
        let mut said = String::new();
        self.json.reader.begin_object()?;
        while self.json.reader.has_next()? {
            let is_message = self.json.reader.next_name_owned()? == "message";
            if is_message && self.json.reader.peek()? == ValueType::String {
                said = refusal::sentence(&self.json.text()?, self.veil);
            } else {
                self.json.skip()?;
            }
        }
        self.json.reader.end_object()?;
        Ok(said)
    }

    /// Adds to what was said, which stays one sentence.
    fn say(&mut self, text: &str) {
        self.said = refusal::sentence(&format!("{} {text}", self.said), self.veil);
    }

    fn name(&mut self) -> Result<Option<String>, Stop> {
        let name = bounded::name(&self.json.text()?);
        Ok(name.filter(|name| self.veil.lets_pass(name)))
    }
}

/// A whole number of tokens.
fn tokens(text: &str) -> Option<u64> {
    text.parse().ok()
}
