//! What a template is rendered with: names and their values. The item of data among them is seen as its author
//! wrote it: what is null is not there, numbers are drawn as they are written, and words such as `no` are false
//! where a template asks whether they are true. Knows no files.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::Value as Json;

use crate::data::Item;
use crate::template::reads::{Field, Purpose, Reads, reads, reads_item};

/// The names and values of one asset.
#[derive(Clone, Default)]
pub struct Context {
    entries: Vec<(&'static str, Value)>,
    item: Option<Arc<Item>>,
    /// Whether what a template sees of the item depends on how it reads it.
    depends: bool,
    /// `text` as layouts see it, where that is other than what prompts see.
    typeset: Option<Value>,
}

/// A field of the item that is used as what it is not.
#[derive(Debug)]
pub struct Misused {
    /// Its name, as in the template.
    pub field: String,
    /// What it is: `a list`.
    pub kind: &'static str,
    /// Where it stands in the template, in bytes.
    pub span: Range<usize>,
}

impl Context {
    /// With a further name.
    pub fn with(&self, name: &'static str, value: Value) -> Self {
        let mut context = self.clone();
        context.entries.retain(|(n, _)| *n != name);
        context.entries.push((name, value));
        context
    }

    /// With `text`; `typeset` is the same in HTML, for layouts, where some of it is set in another type.
    pub fn with_text(&self, text: Value, typeset: Option<Value>) -> Self {
        let mut context = self.with("text", text);
        context.typeset = typeset;
        context
    }

    /// As a layout sees it, and no prompt.
    pub fn for_layout(&self) -> Self {
        match &self.typeset {
            Some(typeset) => self.with("text", typeset.clone()),
            None => self.clone(),
        }
    }

    /// With `item`.
    pub fn with_item(&self, item: &Item) -> Self {
        let mut context = self.with("item", value_of(&item.value));
        context.depends = item.written.is_some() || depends(&item.value);
        context.item = Some(Arc::new(item.clone()));
        context
    }

    /// As minijinja takes it.
    pub fn value(&self) -> Value {
        Value::from_pairs(self.entries.iter().cloned())
    }

    /// As a template with this text sees it.
    pub fn seen_by(&self, source: &str) -> Result<Value, Misused> {
        let asked = |_: &&Arc<Item>| self.depends && reads_item(source);
        let Some(item) = self.item.as_ref().filter(asked) else {
            return Ok(self.value());
        };
        let reads = reads(source);
        for field in &reads.fields {
            let kind = match at(&item.value, &field.path) {
                Some(Json::Array(_)) => "a list",
                Some(Json::Object(_)) => "a table",
                _ => continue,
            };
            if field.purpose == Purpose::Text {
                return Err(Misused {
                    field: source[field.span.clone()].to_owned(),
                    kind,
                    span: field.span.clone(),
                });
            }
        }
        let as_written = item.written.is_some() && !reads.calculates;
        let base = match as_written {
            true => item.as_written(),
            false => &item.value,
        };
        let read = with_truths(base, &reads);
        if !as_written && matches!(read, Cow::Borrowed(_)) {
            return Ok(self.value());
        }
        Ok(self.with("item", value_of(&read)).value())
    }

    /// Whether the item holds nothing at this path, though its data names it.
    pub fn is_null(&self, path: &[String]) -> bool {
        let found = self.item.as_ref().and_then(|item| at(&item.value, path));
        found.is_some_and(Json::is_null)
    }

    /// Whether there is an item, and it names nothing of this path.
    pub fn is_absent(&self, path: &[String]) -> bool {
        let item = self.item.as_ref();
        !path.is_empty() && item.is_some_and(|item| at(&item.value, path).is_none())
    }
}

/// Whether there is a list, a table or a word for a truth value in it.
fn depends(item: &Json) -> bool {
    let table = item
        .as_object()
        .into_iter()
        .flat_map(|table| table.values());
    table.into_iter().any(|value| match value {
        Json::Array(_) | Json::Object(_) => true,
        Json::String(word) => truth(word).is_some(),
        _ => false,
    })
}

/// The item with a truth value wherever the template asks for one, and a word stands for it.
fn with_truths<'j>(item: &'j Json, reads: &Reads) -> Cow<'j, Json> {
    let mut read = Cow::Borrowed(item);
    for field in reads.fields.iter().filter(|f| f.purpose == Purpose::Truth) {
        let word = at(item, &field.path).and_then(Json::as_str);
        let Some(truth) = word.and_then(truth) else {
            continue;
        };
        let drawn_too = |other: &Field| other.purpose != Purpose::Truth && other.path == field.path;
        if truth && reads.fields.iter().any(drawn_too) {
            // The word is as true as that, and is drawn as it is written.
            continue;
        }
        if let Some(value) = at_mut(read.to_mut(), &field.path) {
            *value = Json::Bool(truth);
        }
    }
    read
}

/// What a word means where a truth value is meant, as those write it who write YAML 1.1.
pub fn truth(word: &str) -> Option<bool> {
    const LONGEST: usize = "false".len();
    let word = word.trim();
    if word.len() > LONGEST {
        return None;
    }
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "0" => Some(false),
        _ => None,
    }
}

fn at<'j>(value: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn at_mut<'j>(value: &'j mut Json, path: &[String]) -> Option<&'j mut Json> {
    path.iter()
        .try_fold(value, |value, name| value.get_mut(name))
}

/// A value of data as templates see it: without what is null.
fn value_of(value: &Json) -> Value {
    match has_null(value) {
        true => Value::from(Serde(without_null(value))),
        false => Value::from(Serde(value)),
    }
}

fn has_null(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(list) => list.iter().any(has_null),
        Json::Object(table) => table.values().any(has_null),
        _ => false,
    }
}

fn without_null(value: &Json) -> Json {
    match value {
        Json::Array(list) => {
            let kept = list.iter().filter(|entry| !entry.is_null());
            Json::Array(kept.map(without_null).collect())
        }
        Json::Object(table) => {
            let kept = table.iter().filter(|(_, held)| !held.is_null());
            Json::Object(
                kept.map(|(name, held)| (name.clone(), without_null(held)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}
