//! Data files: what `for_each` and `slides` read. Turns the bytes of one file into [`Item`]s, each a
//! table of plain JSON values, and says where a file is wrong. Knows nothing of globs, templates or
//! assets, and reads nothing from disk.

mod csv;
mod front_matter;
mod json;
mod node;
mod toml;
mod yaml;

use std::ops::Range;

use serde_json::{Map, Value};

use base::diagnostic::{Diagnostic, Place, Source, floor_char};
use base::path::ProjectPath;

/// The largest data file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// Front matter ends within so many bytes; what follows in the file is never looked at.
pub const MAX_HEAD_BYTES: usize = 1 << 20;
/// At most so many items in one file.
const MAX_ITEMS: usize = 200_000;
/// At most so many values in one file; each takes some 100 bytes of memory, whatever it is on disk.
const MAX_VALUES: usize = 4_000_000;
/// At most so many lists and tables inside each other.
const MAX_DEPTH: usize = 64;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A text file that begins with YAML, TOML or JSON.
    FrontMatter,
    /// Comma-separated values with a header row.
    Csv,
    /// TOML.
    Toml,
    /// JSON.
    Json,
    /// YAML 1.2: `yes`, `no`, `on` and `off` are words, not booleans.
    Yaml,
}

/// One entry of a data file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The file it stands in.
    pub file: ProjectPath,
    /// The line where it begins, from 1.
    pub line: usize,
    /// What it holds: always an object.
    pub value: Value,
}

/// The items of a file: one for each entry of a list, one for a table, none for a text file without
/// front matter.
pub fn read(format: Format, file: &ProjectPath, bytes: &[u8]) -> Result<Vec<Item>, Diagnostic> {
    if format == Format::FrontMatter {
        return front_matter::read(file, bytes);
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(
            Diagnostic::error(format!("`{file}` has more than {MAX_BYTES} bytes"))
                .hint("split the file; `for_each` and `slides` take a glob"),
        );
    }
    let input = Input::new(file, bytes)?;
    match format {
        Format::Csv => csv::items(&input),
        Format::Toml => toml::items(&input),
        Format::Json => json::items(&input),
        Format::Yaml | Format::FrontMatter => yaml::items(&input),
    }
}

/// The text of one file.
struct Input<'a> {
    file: &'a ProjectPath,
    text: &'a str,
}

impl<'a> Input<'a> {
    /// Checks that the bytes are text, and takes the byte order mark off.
    fn new(file: &'a ProjectPath, bytes: &'a [u8]) -> Result<Self, Diagnostic> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => Err(not_utf8(file, bytes, error.valid_up_to())),
        }
    }

    /// An error at a place of the text. Only here the text is copied: a file without errors is not.
    fn wrong(&self, span: Range<usize>, message: String, label: impl Into<String>) -> Diagnostic {
        let source = Source::new(self.file.as_str(), self.text);
        // Parsers count bytes, and may stop inside of a character.
        let start = floor_char(self.text, span.start);
        let end = floor_char(self.text, span.end).max(start);
        Diagnostic::error(message)
            .at(Place::new(&source, start..end))
            .label(label)
    }

    /// The item of a table that begins at a byte of the text.
    fn item(&self, line: usize, value: Map<String, Value>) -> Item {
        Item {
            file: self.file.clone(),
            line,
            value: Value::Object(value),
        }
    }

    /// An error for a list that is too long.
    fn too_many(&self, at: usize) -> Diagnostic {
        let message = format!("`{}` has more than {MAX_ITEMS} items", self.file);
        self.wrong(at..at, message, "one too many")
            .hint("split the file; `for_each` and `slides` take a glob")
    }

    /// An error for a file that would take too much memory.
    fn too_large(&self, at: usize) -> Diagnostic {
        let message = format!("`{}` has more than {MAX_VALUES} values", self.file);
        self.wrong(at..at, message, "one too many")
            .hint("split the file; `for_each` and `slides` take a glob")
    }

    /// An error for lists and tables too deep inside each other.
    fn too_deep(&self, at: usize) -> Diagnostic {
        let message = format!(
            "`{}` nests more than {MAX_DEPTH} lists and tables",
            self.file
        );
        self.wrong(at..at, message, "too deep")
            .hint("flatten the data; templates have no use for this depth")
    }

    /// An error for something else where a table is needed.
    fn not_a_table(&self, span: Range<usize>, what: &str, found: &str, hint: &str) -> Diagnostic {
        let message = format!("{what} of `{}` is {found}, not a table", self.file);
        self.wrong(span, message, "a table is needed here")
            .hint(hint)
    }
}

/// Counts lines on the way through a text: from start to end, each byte once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line of a byte, from 1; not before the last one asked for.
    fn of(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let between = bytes.get(self.at..at).unwrap_or_default();
        self.line += between.iter().filter(|b| **b == b'\n').count();
        self.at = self.at.max(at);
        self.line
    }
}

/// `a string`, `a list`, …, as a person calls it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn not_utf8(file: &ProjectPath, bytes: &[u8], at: usize) -> Diagnostic {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Diagnostic::error(format!("`{file}` is UTF-16, not UTF-8"))
            .hint("save it as UTF-8; in Excel: `CSV UTF-8 (Comma delimited)`");
    }
    // The wrong byte becomes U+FFFD, three bytes long; what is before it keeps its place.
    let end = bytes.len().min(at + 1000);
    let text = String::from_utf8_lossy(&bytes[..end]);
    let source = Source::new(file.as_str(), text);
    Diagnostic::error(format!("`{file}` is not UTF-8: byte {at} is wrong"))
        .at(Place::new(&source, at..at + 3))
        .label(format!(
            "0x{:02X}",
            bytes.get(at).copied().unwrap_or_default()
        ))
        .hint("save it as UTF-8; in Excel: `CSV UTF-8 (Comma delimited)`")
}

#[cfg(test)]
mod tests;
