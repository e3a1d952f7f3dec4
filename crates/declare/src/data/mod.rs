//! Data files: what `for_each` and `slides` read. Turns the bytes of one file into [`Item`]s, each a
//! table of plain JSON values, and says where a file is wrong. Knows nothing of globs, templates or
//! assets, and reads nothing from disk.

mod csv;
mod encoding;
mod front_matter;
mod json;
mod node;
mod toml;
mod written;
mod yaml;

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use base::diagnostic::{Diagnostic, Place, Source, floor_char};
use base::digest::Digest;
use base::lfs;
use base::path::ProjectPath;

pub use encoding::clean;
pub use front_matter::body;

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

/// How a file is written, and what its bytes do not say themselves.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Its language.
    pub format: Format,
    /// A text file without front matter is an item too, of which only the file is known.
    pub optional: bool,
    /// What stands between the cells of a CSV file, an ASCII character; a comma, or what `sep=` says.
    pub separator: Option<u8>,
    /// How a CSV file is encoded; UTF-8, or UTF-16 with its mark.
    pub encoding: Option<&'static Encoding>,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        Self {
            format,
            optional: false,
            separator: None,
            encoding: None,
        }
    }
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
    /// The same with numbers as text where they would be drawn otherwise than they are written (`1.10`); none
    /// if there are none.
    pub written: Option<Value>,
    /// The text that follows front matter.
    pub body: Option<Digest>,
}

impl Item {
    /// What it holds, as it is written.
    pub fn as_written(&self) -> &Value {
        self.written.as_ref().unwrap_or(&self.value)
    }
}

/// The items of a file: one for each entry of a list, one for a table, none for a text file without
/// front matter, unless that is optional.
pub fn read(
    form: impl Into<Form>,
    file: &ProjectPath,
    bytes: &[u8],
) -> Result<Vec<Item>, Diagnostic> {
    let form = form.into();
    if lfs::is_pointer(bytes) {
        let message = format!("`{file}` is a pointer of Git LFS, not the file itself");
        return Err(Diagnostic::error(message).hint(lfs::HINT));
    }
    if form.format == Format::FrontMatter {
        return front_matter::read(file, bytes, form.optional);
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(
            Diagnostic::error(format!("`{file}` has more than {MAX_BYTES} bytes"))
                .hint("split the file; `for_each` and `slides` take a glob"),
        );
    }
    let bytes = match form.format {
        Format::Csv => encoding::decode(file, bytes, form.encoding)?,
        _ => Cow::Borrowed(bytes),
    };
    let bytes = clean(&bytes);
    let input = Input::new(file, &bytes).map_err(|wrong| match form.format {
        Format::Csv => encoding::or_said(wrong),
        _ => wrong,
    })?;
    match form.format {
        Format::Csv => csv::items(&input, form.separator),
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
    /// Checks that the bytes are text; they are [`clean`].
    fn new(file: &'a ProjectPath, bytes: &'a [u8]) -> Result<Self, Diagnostic> {
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

    /// The item of a table that begins in a line.
    fn item(&self, line: usize, value: Map<String, Value>) -> Item {
        Item {
            file: self.file.clone(),
            line,
            value: Value::Object(value),
            written: None,
            body: None,
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
    let how = match file.extension().as_deref() {
        Some("csv") => "save it as UTF-8; in Excel: `CSV UTF-8 (Comma delimited)`",
        _ => "save it as UTF-8; of a text in GBK, `iconv -f GBK -t UTF-8 FILE > NEW` makes one",
    };
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Diagnostic::error(format!("`{file}` is UTF-16 with a damaged character")).hint(how);
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
        .hint(how)
}

#[cfg(test)]
mod tests;
