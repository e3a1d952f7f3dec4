//! An answer that is being read: JSON, or the data of an event, and what is found in it, in the order in which it came.

use std::io::Read;

use struson::reader::{JsonReader, ValueType};

use super::raw::Raw;
use super::usage::{self, Billed};
use super::words::Words;
use crate::bounded;
use crate::json::Json;
use crate::picture::{Keep, Kept};
use crate::reply::{Contents, KeepError, Source};
use crate::stop::Stop;
use crate::veil::Veil;
use base::digest::Digest;

/// Words are looked for so deep.
const MAX_DEPTH: u32 = 3;

/// One picture of an answer, in whatever field it is.
#[derive(Default)]
struct Entry {
    picture: Option<Digest>,
    url: Option<String>,
    is_surplus: bool,
    trouble: Option<String>,
}

/// An answer that is being read.
pub(super) struct Reading<'a> {
    asked: usize,
    veil: &'a Veil,
    words: Words,
    contents: Contents,
}

impl<'a> Reading<'a> {
    pub(super) fn new(asked: u32, veil: &'a Veil) -> Self {
        Self {
            asked: asked as usize,
            veil,
            words: Words::default(),
            contents: Contents::default(),
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Contents {
        let mut contents = self.contents;
        if contents.came == 0 {
            contents.error = contents.error.or_else(|| self.words.said());
        }
        contents
    }

    /// Notes what is wrong; what was wrong first says most.
    pub(super) fn trouble(&mut self, why: String) {
        self.contents.trouble.get_or_insert(why);
    }

    /// Notes words that stand alone.
    pub(super) fn say(&mut self, words: &str) {
        self.words.note("message", words, self.veil);
    }

    /// The whole answer is a picture.
    pub(super) fn raw(&mut self, mut picture: Raw<impl Read>, keep: Keep<'_>) -> Result<(), Stop> {
        self.contents.came += 1;
        if self.asked == 0 {
            return Ok(());
        }
        match keep(&mut picture) {
            Ok(digest) => self.contents.pictures.push(digest),
            Err(KeepError::Disk(error)) => return Err(Stop::Disk(error)),
            Err(KeepError::Picture(error)) => return Err(error.into()),
        }
        match picture.is_whole() {
            true => Ok(()),
            false => Err(Stop::Trouble("the picture ends early".to_owned())),
        }
    }

    /// The whole answer is JSON.
    pub(super) fn json(&mut self, body: impl Read, keep: Keep<'_>) -> Result<(), Stop> {
        self.object(&mut Json::new(body), None, keep)
    }

    /// The answer goes on with an event of this name.
    pub(super) fn event(
        &mut self,
        name: &str,
        mut data: impl Read,
        keep: Keep<'_>,
    ) -> Result<(), Stop> {
        let mut first = [b' '];
        while first[0].is_ascii_whitespace() {
            if data.read(&mut first)? == 0 {
                return Ok(());
            }
        }
        // Such as the `[DONE]` at the end.
        if first != *b"{" {
            return Ok(());
        }
        let mut json = Json::new(first.as_slice().chain(data));
        self.object(&mut json, Some(name), keep)
    }

    fn object<R: Read>(
        &mut self,
        json: &mut Json<R>,
        event: Option<&str>,
        keep: Keep<'_>,
    ) -> Result<(), Stop> {
        // A picture of a stream stands in the event itself.
        let mut entry = Entry::default();
        let mut is_preview = event.is_some_and(is_preview_name);
        json.reader.begin_object()?;
        while json.reader.has_next()? {
            let name = json.reader.next_name_owned()?;
            match (name.as_str(), json.reader.peek()?) {
                ("data" | "images", ValueType::Array) => {
                    json.reader.begin_array()?;
                    while json.reader.has_next()? {
                        self.entry(json, keep)?;
                    }
                    json.reader.end_array()?;
                }
                ("data", ValueType::Object) => self.entry(json, keep)?,
                ("b64_json" | "url", ValueType::String) if event.is_some() => {
                    self.picture(json, &mut entry, keep)?;
                }
                ("type", ValueType::String) if event.is_some() => {
                    is_preview |= is_preview_name(&json.text()?);
                }
                ("usage", ValueType::Object) => self.usage(json)?,
                ("model", ValueType::String) => {
                    let model =
                        bounded::name(&json.text()?).filter(|name| self.veil.lets_pass(name));
                    self.contents.odd_model = model.is_none();
                    self.contents.model = model;
                }
                ("revised_prompt", ValueType::String) => self.prompt(json)?,
                ("error", ValueType::Object | ValueType::String) => self.error(json)?,
                (name, _) => {
                    let name = name.to_owned();
                    json.words(&name, &mut self.words, self.veil, 0)?;
                }
            }
        }
        json.reader.end_object()?;
        if !is_preview {
            self.take(entry);
        }
        Ok(())
    }

    /// One element of `data`: an object, or the text of a picture alone.
    fn entry<R: Read>(&mut self, json: &mut Json<R>, keep: Keep<'_>) -> Result<(), Stop> {
        if json.reader.peek()? == ValueType::String {
            return self.text_entry(json, keep);
        }
        let mut entry = Entry::default();
        json.reader.begin_object()?;
        while json.reader.has_next()? {
            let name = json.reader.next_name_owned()?;
            match (name.as_str(), json.reader.peek()?) {
                ("b64_json" | "url", ValueType::String) => {
                    self.picture(json, &mut entry, keep)?;
                }
                // Of those that put a list of pictures in place of a list of objects.
                ("image_base64" | "image_urls", ValueType::Array) => {
                    json.reader.begin_array()?;
                    while json.reader.has_next()? {
                        self.text_entry(json, keep)?;
                    }
                    json.reader.end_array()?;
                }
                ("revised_prompt" | "actual_prompt", ValueType::String) => self.prompt(json)?,
                ("error", ValueType::Object | ValueType::String) => self.error(json)?,
                _ => json.words(&name, &mut self.words, self.veil, 0)?,
            }
        }
        json.reader.end_object()?;
        self.take(entry);
        Ok(())
    }

    /// A picture that is a text alone; what is none is passed by.
    fn text_entry<R: Read>(&mut self, json: &mut Json<R>, keep: Keep<'_>) -> Result<(), Stop> {
        let mut entry = Entry::default();
        match json.reader.peek()? {
            ValueType::String => self.picture(json, &mut entry, keep)?,
            _ => json.skip()?,
        }
        self.take(entry);
        Ok(())
    }

    /// A text that should be a picture, or say where one is.
    fn picture<R: Read>(
        &mut self,
        json: &mut Json<R>,
        entry: &mut Entry,
        keep: Keep<'_>,
    ) -> Result<(), Stop> {
        let is_wanted = self.kept() < self.asked && entry.picture.is_none();
        match json.picture(is_wanted, keep)? {
            Ok(Kept::Nothing) => {}
            Ok(Kept::Surplus) => entry.is_surplus = true,
            Ok(Kept::Picture(digest)) => entry.picture = Some(digest),
            Ok(Kept::At(url)) => entry.url = Some(url),
            Err(error) => entry.trouble = Some(error.to_string()),
        }
        Ok(())
    }

    /// Takes the picture that was found, the one that is there before the one that has to be fetched.
    fn take(&mut self, entry: Entry) {
        let place = self.kept();
        let is_wanted = place < self.asked;
        match (entry.picture, entry.url) {
            (Some(digest), _) => self.contents.pictures.push(digest),
            // Some say the same in two lists.
            (None, Some(url)) if self.contents.sources.iter().any(|s| s.url == url) => return,
            (None, Some(url)) if is_wanted => {
                self.contents.sources.push(Source { place, url });
            }
            (None, Some(_)) => {}
            (None, None) => {
                if let Some(why) = entry.trouble {
                    let n = self.contents.came + 1;
                    let why = format!("picture {n} cannot be read: {why}");
                    self.trouble(bounded::sentence(&why));
                } else if !entry.is_surplus {
                    return;
                }
            }
        }
        self.contents.came += 1;
    }

    fn kept(&self) -> usize {
        self.contents.pictures.len() + self.contents.sources.len()
    }

    fn error<R: Read>(&mut self, json: &mut Json<R>) -> Result<(), Stop> {
        let mut words = Words::default();
        json.words("error", &mut words, self.veil, 0)?;
        let said = words.error().unwrap_or_default();
        self.contents.error.get_or_insert(said);
        Ok(())
    }

    /// Notes the prompt that was drawn: the first, if each picture has its own.
    fn prompt<R: Read>(&mut self, json: &mut Json<R>) -> Result<(), Stop> {
        let told = bounded::prompt(&self.veil.over(&json.text()?));
        self.contents.prompt.get_or_insert(told);
        Ok(())
    }

    fn usage<R: Read>(&mut self, json: &mut Json<R>) -> Result<(), Stop> {
        let (billed, cost) = usage::read(&mut json.reader)?;
        self.contents.usage_cost = cost;
        let (usage, is_odd) = match billed {
            Billed::Tokens(usage) => (Some(usage), false),
            Billed::Nothing => (None, false),
            Billed::Odd => (None, true),
        };
        self.contents.usage = usage;
        self.contents.odd_usage = is_odd;
        Ok(())
    }
}

/// Whether an event of this name brings a picture that is not finished.
fn is_preview_name(name: &str) -> bool {
    name.ends_with("partial_image")
}

impl<R: Read> Json<R> {
    /// Reads the value of a field for words, and passes by whatever else it is.
    fn words(
        &mut self,
        name: &str,
        words: &mut Words,
        veil: &Veil,
        depth: u32,
    ) -> Result<(), Stop> {
        let may_nest = depth < MAX_DEPTH && (depth > 0 || Words::nested(name));
        match self.reader.peek()? {
            ValueType::String if Words::are(name) => {
                let text = self.text()?;
                words.note(name, &text, veil);
            }
            ValueType::Number if Words::are(name) => {
                let number = self.reader.next_number_as_str()?;
                let number: String = number.chars().take(40).collect();
                words.note(name, &number, veil);
            }
            ValueType::Object if may_nest => {
                self.reader.begin_object()?;
                while self.reader.has_next()? {
                    let name = self.reader.next_name_owned()?;
                    self.words(&name, words, veil, depth + 1)?;
                }
                self.reader.end_object()?;
            }
            ValueType::Array if may_nest => {
                self.reader.begin_array()?;
                while self.reader.has_next()? {
                    self.words(name, words, veil, depth + 1)?;
                }
                self.reader.end_array()?;
            }
            _ => self.skip()?,
        }
        Ok(())
    }
}
