//! YAML files: a list gives an item for each entry, a mapping gives one. YAML 1.2, one document; what
//! aliases may unfold is bounded. Does not know what the values are for.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Location, Options, Spanned, UserMessageFormatter};

use super::node::{INEXACT, Node, NodeVisitor};
use super::written::{Table, may_be_odd, odd};
use super::{Input, Item, Lines, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_VALUES, kind};
use base::diagnostic::{Diagnostic, floor_char};

const TABLE: &str = "write names and values, as in `headline: …`";

pub(super) fn items(input: &Input<'_>) -> Result<Vec<Item>, Diagnostic> {
    let (start, top) = parse(input, 0..input.text.len(), "the content")?;
    let mut lines = Lines::new(input.text);
    let written = as_written(input.text);
    let list = match top {
        Top::Table(table) => {
            return Ok(vec![Item {
                written,
                ..input.item(lines.of(start), table)
            }]);
        }
        Top::Nothing => return Err(input.not_a_table(0..0, "the content", "empty", TABLE)),
        Top::List(list) => list,
    };
    let mut written = match written {
        Some(Value::Array(list)) => list.into_iter(),
        _ => Vec::new().into_iter(),
    };
    let mut items = Vec::with_capacity(list.len());
    for (n, entry) in list.into_iter().enumerate() {
        // Of an alias, the place where it is used: it is there that the item stands.
        let start = byte(&entry.referenced).unwrap_or(0);
        if n == MAX_ITEMS {
            return Err(input.too_many(start));
        }
        let Value::Object(table) = entry.value.0 else {
            let what = format!("entry {}", n + 1);
            return Err(input.not_a_table(start..start, &what, kind(&entry.value.0), TABLE));
        };
        items.push(Item {
            written: written.next(),
            ..input.item(lines.of(start), table)
        });
    }
    Ok(items)
}

/// The table in a part of the text; nothing at all is an empty one.
pub(super) fn table(input: &Input<'_>, span: Range<usize>) -> Result<Table, Diagnostic> {
    let what = "the front matter";
    match parse(input, span.clone(), what)? {
        (_, Top::Table(table)) => match as_written(&input.text[span]) {
            Some(Value::Object(written)) => Ok((table, Some(written))),
            _ => Ok((table, None)),
        },
        (_, Top::Nothing) => Ok((Map::new(), None)),
        (start, Top::List(_)) => Err(input.not_a_table(start..start, what, "a list", TABLE)),
    }
}

/// What a document holds; of a list we know where each entry begins.
enum Top {
    Nothing,
    List(Vec<Spanned<Node>>),
    Table(Map<String, Value>),
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a table")
    }

    fn visit_unit<E>(self) -> Result<Top, E> {
        Ok(Top::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Top, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element()? {
            list.push(entry);
        }
        Ok(Top::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Top, A::Error> {
        match NodeVisitor.visit_map(map)? {
            Value::Object(table) => Ok(Top::Table(table)),
            _ => Ok(Top::Nothing),
        }
    }
}

/// The document in a part of the text, and where it begins.
fn parse(input: &Input<'_>, span: Range<usize>, what: &str) -> Result<(usize, Top), Diagnostic> {
    let base = span.start;
    let text = &input.text[span];
    serde_saphyr::from_str_with_options::<Spanned<Top>>(text, options())
        .map(|top| (base + byte(&top.referenced).unwrap_or(0), top.value))
        .map_err(|error| explain(input, base, text, what, &error))
}

/// A value of which each part knows where it is written.
struct Placed(Spanned<Part>);

enum Part {
    Scalar(Value),
    List(Vec<Placed>),
    Table(Vec<(String, Placed)>),
}

impl<'de> Deserialize<'de> for Placed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Part, E> {
        Ok(Part::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Part, E> {
        Ok(Part::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Part, E> {
        Ok(Part::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Part, E> {
        Ok(Part::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Part, E> {
        Ok(Part::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Part, E> {
        Ok(Part::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Part, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element()? {
            list.push(entry);
        }
        Ok(Part::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = map.next_entry()? {
            table.push(entry);
        }
        Ok(Part::Table(table))
    }
}

/// The value of a document with its numbers as they are written, if that makes a difference. What is wrong with
/// it was told before.
fn as_written(text: &str) -> Option<Value> {
    if !may_be_odd(text, &[',', '[', ']', '{', '}']) {
        return None;
    }
    let placed: Placed = serde_saphyr::from_str_with_options(text, options()).ok()?;
    let mut found = false;
    let written = placed.written(text, &mut found);
    found.then_some(written)
}

impl Placed {
    fn written(self, text: &str, found: &mut bool) -> Value {
        // Of an alias, the place where it is defined: it is there that it is written.
        let start = byte(&self.0.defined);
        match self.0.value {
            Part::Scalar(value) => {
                let rest = start.and_then(|start| text.get(start..)).unwrap_or("");
                let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
                let word = rest.split(ends).next().unwrap_or("");
                let odd = odd(&value, word).filter(|_| !word.is_empty());
                *found |= odd.is_some();
                odd.unwrap_or(value)
            }
            Part::List(list) => {
                let written = list.into_iter().map(|entry| entry.written(text, found));
                Value::Array(written.collect())
            }
            Part::Table(table) => {
                let written = table
                    .into_iter()
                    .map(|(key, held)| (key, held.written(text, found)));
                Value::Object(written.collect())
            }
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
            max_nodes: MAX_VALUES,
            max_events: 3 * MAX_VALUES,
            max_total_scalar_bytes: MAX_BYTES as usize,
            max_aliases: MAX_ITEMS,
            max_merge_keys: MAX_ITEMS,
            // One anchor with the words of a series, used by each of its slides, is no attack; the
            // limits on what aliases unfold stand.
            enforce_alias_anchor_ratio: false,
        },
        // `country: no` and `id: 007` are words.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// What serde-saphyr says, at its place and with what to do.
fn explain(input: &Input<'_>, base: usize, text: &str, what: &str, error: &Error) -> Diagnostic {
    let at = error.location().map_or(text.len(), |location| {
        byte(&location).unwrap_or_else(|| line_column(text, &location))
    });
    let at = floor_char(input.text, base + at);
    let file = input.file;
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            let message = format!("`{key}` stands twice in one table of `{file}`");
            input
                .wrong(at..at + key.len(), message, "again here")
                .hint("keep one of the two")
        }
        Error::MultipleDocuments { .. }
        | Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => input
            .wrong(
                at..at,
                format!("`{file}` has several documents"),
                "a second one begins here",
            )
            .hint("write the items as one list: `- headline: …`"),
        Error::NonFiniteFloat { value, .. } => inexact(input, at, value),
        Error::Message { msg, .. } if msg.starts_with(INEXACT) => {
            let end = text[at - base..].find([' ', ',', ']', '}', '\r', '\n']);
            let end = end.unwrap_or(text.len() + base - at);
            inexact(input, at, &input.text[at..at + end])
        }
        Error::SerdeInvalidType { unexpected, .. } => {
            let start = base + text.len() - text.trim_start().len();
            let found = match unexpected.split(' ').next() {
                Some("string") => "a string",
                Some("boolean") => "a boolean",
                _ => "a number",
            };
            input.not_a_table(start..start, what, found, TABLE)
        }
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => input.too_deep(at),
        _ => {
            let words = error.render_with_formatter(&UserMessageFormatter);
            match tab(input.text, at) {
                // The parser stops before it, at the end of another line.
                Some(tab) if is_of_tabs(&words) => said(input, tab, &words),
                _ => said(input, at, &words),
            }
        }
    }
}

fn is_of_tabs(said: &str) -> bool {
    said.starts_with("tabs ") || said.contains(" tab")
}

/// The first tab that a line is indented with, from the line of `at` on.
fn tab(text: &str, at: usize) -> Option<usize> {
    let mut start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    for line in text[start..].split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t') {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}

/// The rest, by what it says: mistakes of syntax, and limits that are met inside of an alias.
fn said(input: &Input<'_>, at: usize, said: &str) -> Diagnostic {
    let said = said
        .split(" at line ")
        .next()
        .unwrap_or(said)
        .replace('\'', "`");
    let has = |word: &str| said.contains(word);
    if has("recursion limit") {
        return input.too_deep(at);
    }
    let file = input.file;
    if has("too large or too complex") || has("limit exceeded") || has("depth exceeded") {
        return input
            .wrong(
                at..at,
                format!("`{file}` unfolds to too much data"),
                "stopped here",
            )
            .hint("split the file, or use fewer aliases (`*name`)");
    }
    let hint = if is_of_tabs(&said) {
        "indent with spaces"
    } else if has("mapping values are not allowed") {
        "put a text that has `: ` in it into quotes, and begin each name in the same column"
    } else if has("unclosed") {
        "close it, or put the whole text into quotes"
    } else if let Some(value) = bracketed(input.text, at).filter(|_| has("did not find expected")) {
        return input
            .wrong(at..at, format!("`{file}` is not valid YAML"), said)
            .hint(format!(
                "a text that begins with a bracket stands in quotes: `\"{value}\"`"
            ));
    } else if has("did not find expected") {
        "begin all names of a table, and all `-` of a list, in the same column"
    } else if has("null is not allowed") {
        "write a name before the colon"
    } else if has("unknown value") || has("unexpected character") {
        "put a text that begins with this character into quotes"
    } else {
        "names and values are `name: value`; put a text with special characters into quotes"
    };
    input
        .wrong(at..at, format!("`{file}` is not valid YAML"), said)
        .hint(hint)
}

/// The value of the line of `at`, if text follows the bracket that it begins with: `[WIP] title`.
fn bracketed(text: &str, at: usize) -> Option<&str> {
    const SHOWN: usize = 80;
    let start = text[..floor_char(text, at)]
        .rfind('\n')
        .map_or(0, |n| n + 1);
    let line = text[start..].lines().next()?;
    let (_, value) = line.split_once(": ")?;
    let value = value.trim();
    let closing = match value.chars().next()? {
        '[' => ']',
        '{' => '}',
        _ => return None,
    };
    let (_, rest) = value.split_once(closing)?;
    let goes_on = rest.trim_start().starts_with(char::is_alphanumeric);
    (goes_on && value.len() <= SHOWN && !value.contains('"')).then_some(value)
}

fn inexact(input: &Input<'_>, at: usize, number: &str) -> Diagnostic {
    let message = format!(
        "`{}` has a number without an exact value: `{number}`",
        input.file
    );
    input
        .wrong(at..at + number.len(), message, "not exact")
        .hint("write it as a string, in quotes")
}

/// Where a location is, in bytes of the parsed text.
fn byte(location: &Location) -> Option<usize> {
    usize::try_from(location.span().byte_offset()?).ok()
}

/// The same from line and column, both from 1, the column in characters.
fn line_column(text: &str, location: &Location) -> usize {
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest: usize = text[start..]
        .chars()
        .take(column - 1)
        .map(char::len_utf8)
        .sum();
    start + rest
}
