//! Front matter: the YAML, TOML or JSON that a text file begins with. Finds where it ends and gives it
//! to the reader of its language; of what follows it only says where that begins.

use std::ops::Range;

use memchr::memchr;
use serde_json::{Map, Value};

use super::written::Table;
use super::{Input, Item, MAX_HEAD_BYTES, clean, kind};
use super::{json, toml, yaml};
use base::diagnostic::Diagnostic;
use base::digest::Digest;
use base::path::ProjectPath;

/// What the front matter is written in.
#[derive(Clone, Copy)]
enum Language {
    Yaml,
    Toml,
    Json,
}

/// The first line of front matter, the line that ends it, and what is between them.
const FENCES: [(&str, &[&str], Language); 6] = [
    ("---", &["---", "..."], Language::Yaml),
    ("---yaml", &["---"], Language::Yaml),
    ("---toml", &["---"], Language::Toml),
    ("---json", &["---"], Language::Json),
    ("+++", &["+++"], Language::Toml),
    (";;;", &[";;;"], Language::Json),
];

/// Front matter that was found: its language and its place in the clean bytes of the file.
struct Found {
    language: Language,
    span: Range<usize>,
    /// Where it ends, the line that closes it included.
    end: usize,
}

/// The front matter of a file as its one item; nothing for a file that has none, unless it is `optional`.
pub(super) fn read(
    file: &ProjectPath,
    bytes: &[u8],
    optional: bool,
) -> Result<Vec<Item>, Diagnostic> {
    let bytes = clean(bytes);
    let head = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
    let Some(found) = find(file, head)? else {
        return match optional {
            true => {
                // A picture is no text.
                let text = Input::new(file, head_of_text(&bytes, head))?;
                Ok(vec![Item {
                    body: Some(Digest::of(&bytes)),
                    ..text.item(1, Map::new())
                }])
            }
            false => {
                // A text that cannot be read is not one without front matter; what holds such bytes is no text.
                if memchr(0, head).is_none() {
                    Input::new(file, head_of_text(&bytes, head))?;
                }
                Ok(Vec::new())
            }
        };
    };
    let input = Input::new(file, &head[..found.end])?;
    let (table, written) = match found.language {
        Language::Yaml => yaml::table(&input, found.span)?,
        Language::Toml => toml::table(&input, found.span)?,
        Language::Json => json_table(&input, found.span)?,
    };
    Ok(vec![Item {
        body: Some(Digest::of(&bytes[found.end..])),
        written: written.map(Value::Object),
        ..input.item(1, table)
    }])
}

/// The head without a character that it cuts in two.
fn head_of_text<'b>(bytes: &[u8], head: &'b [u8]) -> &'b [u8] {
    match std::str::from_utf8(head) {
        Err(cut) if cut.error_len().is_none() && head.len() < bytes.len() => {
            &head[..cut.valid_up_to()]
        }
        _ => head,
    }
}

/// Where the text begins that follows front matter, in the [`clean`] bytes of a file.
pub fn body(file: &ProjectPath, bytes: &[u8]) -> usize {
    let head = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
    find(file, head).ok().flatten().map_or(0, |found| found.end)
}

/// Finds the front matter of a file, which begins in its first line that is not blank.
fn find(file: &ProjectPath, head: &[u8]) -> Result<Option<Found>, Diagnostic> {
    let blank = head.iter().position(|byte| !byte.is_ascii_whitespace());
    let first = blank.unwrap_or(head.len());
    if head[first..].starts_with(b"{") {
        return bare_json(file, head, first);
    }
    // The line itself, with what it is indented by.
    let start = head[..first].iter().rposition(|byte| *byte == b'\n');
    let mut lines = Fences {
        head,
        at: start.map_or(0, |n| n + 1),
    };
    let Some((opening, first_line)) = lines.next() else {
        return Ok(None);
    };
    let known = FENCES
        .iter()
        .find(|(fence, ..)| fence.as_bytes() == first_line);
    let Some((fence, closings, language)) = known else {
        return Ok(None);
    };
    let begin = lines.at;
    let Some((closing, _)) = lines.find(|(_, line)| closings.iter().any(|c| c.as_bytes() == *line))
    else {
        if opening.start > 0 {
            // A rule between blank lines.
            return Ok(None);
        }
        return Err(never_ends(file, head, opening, fence, closings[0]));
    };
    Ok(Some(Found {
        language: *language,
        span: begin..closing.start,
        end: lines.at,
    }))
}

fn never_ends(
    file: &ProjectPath,
    head: &[u8],
    opening: Range<usize>,
    fence: &str,
    closing: &str,
) -> Diagnostic {
    // As much as is needed to show the line.
    let input = match Input::new(file, &head[..opening.end]) {
        Ok(input) => input,
        Err(wrong) => return wrong,
    };
    if head.len() >= MAX_HEAD_BYTES {
        let message =
            format!("the front matter of `{file}` does not end within {MAX_HEAD_BYTES} bytes");
        return input
            .wrong(
                opening,
                message,
                format!("opened here, and no line `{closing}` follows so soon"),
            )
            .hint("what is so long belongs below it, or into a data file");
    }
    let message = format!("the front matter of `{file}` never ends");
    let label = format!("opened here, but no line `{closing}` follows");
    input
        .wrong(opening, message, label)
        .hint(format!("close it with a line `{closing}`"))
        .hint(format!(
            "if `{fence}` is only a rule, put an empty line before it"
        ))
}

/// A JSON object without lines around it, as Hugo takes it.
fn bare_json(file: &ProjectPath, head: &[u8], start: usize) -> Result<Option<Found>, Diagnostic> {
    // `{{< shortcode >}}` and `{% tag %}` begin a text, not an object.
    let second = head[start + 1..].iter().find(|b| !b.is_ascii_whitespace());
    if !matches!(second, Some(b'"' | b'}')) {
        return Ok(None);
    }
    // The body may be in any encoding: only what is before its first wrong byte is looked at.
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    let input = Input::new(file, &head[..valid])?;
    let Some(end) = json::object_end(input.text, start) else {
        let message = format!("the front matter of `{file}` never ends");
        return Err(input
            .wrong(start..start + 1, message, "this brace is never closed")
            .hint("close it with `}`"));
    };
    Ok(Some(Found {
        language: Language::Json,
        span: start..end,
        end,
    }))
}

fn json_table(input: &Input<'_>, span: Range<usize>) -> Result<Table, Diagnostic> {
    if input.text[span.clone()].trim().is_empty() {
        return Ok((Map::new(), None));
    }
    let start = span.start;
    let parsed = json::parse(input, span)?;
    let written = match parsed.written {
        Some(Value::Object(table)) => Some(table),
        _ => None,
    };
    match parsed.value {
        Value::Object(table) => Ok((table, written)),
        other => {
            let hint = "write an object: `{ \"title\": \"…\" }`";
            Err(input.not_a_table(start..start, "the front matter", kind(&other), hint))
        }
    }
}

/// The lines of the head without the spaces after them, and where each stands.
struct Fences<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fences<'a> {
    type Item = (Range<usize>, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.head.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let line = rest[..len].trim_ascii_end();
        let start = self.at;
        self.at = (start + len + 1).min(self.head.len());
        Some((start..start + line.len(), line))
    }
}
