//! Front matter: the YAML, TOML or JSON that a text file begins with. Finds where it ends and gives it
//! to the reader of its language; does not look at what follows.

use std::ops::Range;

use serde_json::{Map, Value};

use super::{Input, Item, MAX_HEAD_BYTES, kind};
use super::{json, toml, yaml};
use base::diagnostic::Diagnostic;
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

/// The front matter of a file as its one item; nothing for a file that has none.
pub(super) fn read(file: &ProjectPath, bytes: &[u8]) -> Result<Vec<Item>, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let head = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
    if head.starts_with(b"{") {
        return bare_json(file, head);
    }
    let mut lines = Fences { head, at: 0 };
    let Some((opening, first)) = lines.next() else {
        return Ok(Vec::new());
    };
    let known = FENCES.iter().find(|(fence, ..)| fence.as_bytes() == first);
    let Some((fence, closings, language)) = known else {
        return Ok(Vec::new());
    };
    let body = lines.at;
    let Some((closing, _)) = lines.find(|(_, line)| closings.iter().any(|c| c.as_bytes() == *line))
    else {
        // As much as is needed to show the line.
        let input = Input::new(file, &head[..opening.end])?;
        let message = format!("the front matter of `{file}` never ends");
        return Err(input
            .wrong(
                opening,
                message,
                format!("opened here, but no line `{}` follows", closings[0]),
            )
            .hint(format!("close it with a line `{}`", closings[0]))
            .hint(format!(
                "if `{fence}` is only a rule, put an empty line before it"
            )));
    };
    let input = Input::new(file, &head[..closing.end])?;
    let span = body..closing.start;
    let table = match language {
        Language::Yaml => yaml::table(&input, span)?,
        Language::Toml => toml::table(&input, span)?,
        Language::Json => json_table(&input, span)?,
    };
    Ok(vec![input.item(1, table)])
}

/// A JSON object without lines around it, as Hugo takes it.
fn bare_json(file: &ProjectPath, head: &[u8]) -> Result<Vec<Item>, Diagnostic> {
    // `{{< shortcode >}}` and `{% tag %}` begin a text, not an object.
    let second = head[1..].iter().find(|b| !b.is_ascii_whitespace());
    if !matches!(second, Some(b'"' | b'}')) {
        return Ok(Vec::new());
    }
    // The body may be in any encoding: only what is before its first wrong byte is looked at.
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    let input = Input::new(file, &head[..valid])?;
    let Some(end) = json::object_end(input.text) else {
        let message = format!("the front matter of `{file}` never ends");
        return Err(input
            .wrong(0..1, message, "this brace is never closed")
            .hint("close it with `}`"));
    };
    let table = json_table(&input, 0..end)?;
    Ok(vec![input.item(1, table)])
}

fn json_table(input: &Input<'_>, span: Range<usize>) -> Result<Map<String, Value>, Diagnostic> {
    if input.text[span.clone()].trim().is_empty() {
        return Ok(Map::new());
    }
    let start = span.start;
    match json::parse(input, span)?.0 {
        Value::Object(table) => Ok(table),
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
