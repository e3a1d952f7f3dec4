//! JSON files: an array gives an item for each entry, an object gives one. Knows the syntax's usual
//! mistakes; does not know what the values are for.

use std::ops::Range;

use serde_json::Value;
use struson::reader::{JsonReader, JsonStreamReader};

use super::node::{INEXACT, Node, TWICE};
use super::written::{may_be_odd, odd};
use super::{Input, Item, Lines, MAX_DEPTH, MAX_ITEMS, MAX_VALUES, kind};
use base::diagnostic::{Diagnostic, floor_char};

const TABLE: &str = "write an entry as `{ \"headline\": \"…\" }`";

/// A value, and what else is known of it.
pub(super) struct Parsed {
    pub(super) value: Value,
    /// The same, with numbers that would be drawn otherwise as text; none if there are none.
    pub(super) written: Option<Value>,
    /// Where its entries begin, if it is a list.
    starts: Vec<usize>,
}

pub(super) fn items(input: &Input<'_>) -> Result<Vec<Item>, Diagnostic> {
    let parsed = parse(input, 0..input.text.len())?;
    let mut lines = Lines::new(input.text);
    match parsed.value {
        Value::Object(table) => {
            let line = lines.of(first_byte(input.text, 0));
            Ok(vec![Item {
                written: parsed.written,
                ..input.item(line, table)
            }])
        }
        Value::Array(list) => {
            let mut written = match parsed.written {
                Some(Value::Array(list)) => list.into_iter(),
                _ => Vec::new().into_iter(),
            };
            let mut items = Vec::with_capacity(list.len());
            for (n, (value, start)) in list.into_iter().zip(parsed.starts).enumerate() {
                let Value::Object(table) = value else {
                    let what = format!("entry {}", n + 1);
                    return Err(input.not_a_table(start..start, &what, kind(&value), TABLE));
                };
                items.push(Item {
                    written: written.next(),
                    ..input.item(lines.of(start), table)
                });
            }
            Ok(items)
        }
        other => {
            let start = first_byte(input.text, 0);
            Err(input.not_a_table(start..start, "the content", kind(&other), TABLE))
        }
    }
}

/// The value in a part of the text, which may be followed by nothing but spaces.
pub(super) fn parse(input: &Input<'_>, span: Range<usize>) -> Result<Parsed, Diagnostic> {
    let starts = scan(input, span.clone())?;
    let text = &input.text[span.clone()];
    match serde_json::from_str::<Node>(text) {
        Ok(Node(value)) => Ok(Parsed {
            written: as_written(text, &value),
            value,
            starts,
        }),
        Err(error) => Err(explain(input, span.start, text, &error)),
    }
}

/// The value with its numbers as they are written, if that makes a difference.
fn as_written(text: &str, value: &Value) -> Option<Value> {
    if !may_be_odd(text, &[',', ':', '[', ']', '{', '}', '"']) {
        return None;
    }
    let mut reader = JsonStreamReader::new(text.as_bytes());
    let mut written = value.clone();
    let found = write(&mut reader, &mut written).ok()?;
    found.then_some(written)
}

/// Puts the numbers of a value that would be drawn otherwise in place as text; whether there are any.
fn write(
    reader: &mut JsonStreamReader<&[u8]>,
    value: &mut Value,
) -> Result<bool, struson::reader::ReaderError> {
    match value {
        Value::Number(_) => {
            let text = reader.next_number_as_str()?;
            let odd = odd(value, text);
            let found = odd.is_some();
            if let Some(odd) = odd {
                *value = odd;
            }
            Ok(found)
        }
        Value::Array(list) => {
            reader.begin_array()?;
            let mut found = false;
            for entry in list {
                found |= write(reader, entry)?;
            }
            reader.end_array()?;
            Ok(found)
        }
        Value::Object(table) => {
            reader.begin_object()?;
            let mut found = false;
            // In the order of the text: no key stands twice.
            for (_, held) in table.iter_mut() {
                reader.skip_name()?;
                found |= write(reader, held)?;
            }
            reader.end_object()?;
            Ok(found)
        }
        _ => reader.skip_value().map(|()| false),
    }
}

/// What serde_json says, at its place and with what to do.
fn explain(input: &Input<'_>, base: usize, text: &str, error: &serde_json::Error) -> Diagnostic {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let at = base + offset(text, error.line(), error.column());
    let file = input.file;
    if let Some(key) = said.strip_prefix(TWICE) {
        // The error stands at the key's closing quote.
        let quoted = key.replace('`', "\"");
        let start = (at + 1).saturating_sub(quoted.len());
        let span = match input.text.get(start..=at) {
            Some(found) if found == quoted => start..at + 1,
            _ => at..at,
        };
        return input
            .wrong(
                span,
                format!("{key} stands twice in one table of `{file}`"),
                "again here",
            )
            .hint("keep one of the two");
    }
    if said.starts_with(INEXACT) || said == "number out of range" {
        // The error stands at the number's last digit.
        let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        let end = floor_char(input.text, at + 1);
        let start = input.text[..end].trim_end_matches(digits).len();
        let number = &input.text[start..end];
        let message = format!("`{file}` has a number without an exact value: `{number}`");
        return input
            .wrong(start..end, message, "not exact")
            .hint("write it as a string, in double quotes");
    }
    if text.trim().is_empty() {
        let message = format!("`{file}` is empty");
        return input
            .wrong(base..base, message, "a value is needed here")
            .hint("write `[]` where there is nothing");
    }
    let hint = if error.is_eof() {
        "something that was opened further up is never closed"
    } else if said.contains("trailing comma") {
        "remove the comma before the closing bracket"
    } else if said.contains("control character") {
        "write a line break inside a string as `\\n`, a tab as `\\t`"
    } else if said.contains("trailing characters") {
        "a file holds one value: put several into a list, `[ …, … ]`"
    } else {
        "JSON has double quotes only, no comments, and a comma between two values"
    };
    let label = match said {
        "EOF while parsing a value" => "the file ends where a value is needed",
        "EOF while parsing an object" => "the file ends inside of an object",
        "EOF while parsing a list" => "the file ends inside of a list",
        "EOF while parsing a string" => "the file ends inside of a string",
        "expected ident" => "expected `true`, `false` or `null`",
        _ => said,
    };
    input
        .wrong(at..at, format!("`{file}` is not valid JSON"), label)
        .hint(hint)
}

/// Line and column of serde_json, in bytes and from 1, as a byte of the text.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (start + column.saturating_sub(1)).min(text.len())
}

/// Where the entries of a list begin; bounds depth and number of values before anything is built.
/// Says nothing about the syntax: that is the parser's.
fn scan(input: &Input<'_>, span: Range<usize>) -> Result<Vec<usize>, Diagnostic> {
    let bytes = &input.text.as_bytes()[..span.end];
    let is_list = bytes.get(first_byte(input.text, span.start)) == Some(&b'[');
    let mut starts = Vec::new();
    let mut values = 0;
    let mut depth = 0_usize;
    let mut at = span.start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at) - 1,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > MAX_DEPTH {
                    return Err(input.too_deep(at));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if is_list && depth == 1 && matches!(byte, b'[' | b',') {
            let start = first_byte(input.text, at + 1);
            if starts.len() == MAX_ITEMS && bytes.get(start) != Some(&b']') {
                return Err(input.too_many(start));
            }
            starts.push(start);
        }
        if values > MAX_VALUES {
            return Err(input.too_large(at));
        }
        at += 1;
    }
    Ok(starts)
}

/// The byte after the object that begins at `at`.
pub(super) fn object_end(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = after_string(bytes, at) - 1,
            b'{' => depth += 1,
            b'}' if depth <= 1 => return Some(at + 1),
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The byte after the string that opens at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The first byte from `at` on that is not a space.
fn first_byte(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
}
