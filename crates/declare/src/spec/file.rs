//! `file`: where an item came from and, of a post, what it says: title, headings, plain text, words. Its text is read
//! when a template asks for it, and at no other time.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object};
use minijinja::{Error, ErrorKind, Value};

use crate::data::{self, Item};
use crate::markdown::{self, Document};
use base::path::ProjectPath;
use base::world::World;

/// The names that are known of every item.
const PLACE: [&str; 3] = ["path", "stem", "dir"];
/// The names that are known of a post besides.
const POST: [&str; 4] = ["title", "headings", "body", "words"];

/// A part of a post: a slide is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading, as a text with marks.
    pub title: String,
    /// What stands below it, as plain text.
    pub body: String,
}

/// The file of an item.
#[derive(Debug)]
struct File {
    world: Arc<World>,
    path: ProjectPath,
    /// Whether it is a text with front matter.
    is_post: bool,
    /// The title that its front matter says.
    title: Option<String>,
    /// What it says, once somebody asked.
    document: OnceLock<Result<Document, String>>,
}

/// `file`, as a template sees it.
pub fn value(world: &Arc<World>, item: &Item) -> Value {
    Value::from_object(File::of(world, item))
}

/// The title of a post and the text before its first heading of a level, then each heading of that level with what
/// stands below it. The error says why its text cannot be read.
pub fn sections(world: &Arc<World>, item: &Item, level: usize) -> Result<Vec<Section>, String> {
    let file = File::of(world, item);
    let document = file.document()?;
    let mut sections = vec![Section {
        title: file.title(document).unwrap_or_default().to_owned(),
        body: document.intro(level).to_owned(),
    }];
    let headings = document.headings.iter().filter(|h| h.level == level);
    // The title is no section of its own.
    let of_title = |title: &str| level == 1 && title == sections[0].title;
    let below: Vec<Section> = headings
        .filter(|heading| !of_title(&heading.title))
        .map(|heading| Section {
            title: heading.title.clone(),
            body: heading.body.clone(),
        })
        .collect();
    sections.extend(below);
    Ok(sections)
}

impl File {
    fn of(world: &Arc<World>, item: &Item) -> Self {
        let title = item.as_written().get("title");
        let title = title.and_then(|title| match title {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        Self {
            world: Arc::clone(world),
            path: item.file.clone(),
            is_post: item.body.is_some(),
            title: title.filter(|title| !title.trim().is_empty()),
            document: OnceLock::new(),
        }
    }

    /// The title that the front matter says, or else the first heading.
    fn title<'t>(&'t self, document: &'t Document) -> Option<&'t str> {
        self.title.as_deref().or_else(|| document.title())
    }

    /// What it says.
    fn document(&self) -> Result<&Document, String> {
        let read = || {
            let bytes = self.world.read_data(&self.path, data::MAX_BYTES);
            let bytes = bytes.map_err(|e| e.to_string())?;
            let bytes = data::clean(&bytes);
            let body = &bytes[data::body(&self.path, &bytes)..];
            if body.len() > MAX_TEXT_BYTES {
                return Err(format!(
                    "the text of `{}` is longer than {MAX_TEXT_BYTES} bytes",
                    self.path
                ));
            }
            let text = String::from_utf8_lossy(body);
            match text {
                Cow::Borrowed(text) => Ok(markdown::document(text)),
                Cow::Owned(_) => Err(format!("the text of `{}` is not UTF-8", self.path)),
            }
        };
        self.document
            .get_or_init(read)
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The path without its extension.
    fn without_extension(&self) -> &str {
        let text = self.path.as_str();
        match self.path.extension() {
            Some(extension) => &text[..text.len() - extension.len() - 1],
            None => text,
        }
    }

    fn of_post(&self, name: &str) -> Result<Option<Value>, String> {
        if name == "title" && self.title.is_some() {
            return Ok(self.title.as_deref().map(Value::from));
        }
        let document = self.document()?;
        Ok(match name {
            "title" => document.title().map(Value::from),
            "headings" => {
                let heading = |heading: &markdown::Heading| {
                    Value::from_pairs([
                        ("level", Value::from(heading.level)),
                        ("title", Value::from(heading.title.as_str())),
                    ])
                };
                Some(document.headings.iter().map(heading).collect())
            }
            "body" => Some(Value::from(document.body.as_str())),
            _ => Some(Value::from(markdown::words(&document.body))),
        })
    }
}

/// The longest text of a post that is read, in bytes.
const MAX_TEXT_BYTES: usize = 4 << 20;

impl Object for File {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "path" => Some(Value::from(self.without_extension())),
            "stem" => Some(Value::from(self.path.stem())),
            "dir" => Some(Value::from(self.path.parent())),
            name if self.is_post && POST.contains(&name) => match self.of_post(name) {
                Ok(value) => value,
                Err(why) => Some(Value::from(Error::new(ErrorKind::InvalidOperation, why))),
            },
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.is_post {
            true => Enumerator::Str(&["path", "stem", "dir", "title", "headings", "body", "words"]),
            false => Enumerator::Str(&PLACE),
        }
    }
}
