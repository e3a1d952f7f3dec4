//! CSV files: a header row, then an item for each row, all values strings as they stand; the separator is a comma
//! unless the manifest or the first line says otherwise. Strict where a lenient reader would lose rows without a
//! word (a quote that is never closed); that is why it does not use one. Does not know what the columns are for.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use super::{Input, Item, Lines, MAX_ITEMS, MAX_VALUES};
use base::diagnostic::{Diagnostic, count};

pub(super) fn items(input: &Input<'_>, separator: Option<u8>) -> Result<Vec<Item>, Diagnostic> {
    let (said, at) = said(input.text);
    let mut rows = Rows {
        input,
        at,
        separator: separator.or(said).unwrap_or(b','),
    };
    let mut row = Vec::new();
    if !rows.next(&mut row)? {
        let message = format!("`{}` is empty", input.file);
        return Err(input
            .wrong(at..at, message, "a header row is needed here")
            .hint("write the names of the columns in the first line: `slug,title`"));
    }
    let columns = columns(input, &row)?;
    let mut lines = Lines::new(input.text);
    let mut items = Vec::new();
    while rows.next(&mut row)? {
        // Spreadsheets leave rows of nothing but commas at the end.
        if row.iter().all(|cell| cell.text.trim().is_empty()) {
            continue;
        }
        let start = row[0].span.start;
        if row.len() != columns.len() {
            return Err(uneven(input, &columns, &row));
        }
        if items.len() == MAX_ITEMS {
            return Err(input.too_many(start));
        }
        if items.len() * columns.len() > MAX_VALUES {
            return Err(input.too_large(start));
        }
        let mut table = Map::with_capacity(columns.len());
        for (name, cell) in columns.iter().zip(&mut row) {
            let text = std::mem::take(&mut cell.text).into_owned();
            table.insert((*name).to_owned(), Value::String(text));
        }
        items.push(input.item(lines.of(start), table));
    }
    Ok(items)
}

/// The separator that the first line says, as Excel writes it (`sep=;`), and where the table begins.
fn said(text: &str) -> (Option<u8>, usize) {
    let line = text.lines().next().unwrap_or_default();
    match line.strip_prefix("sep=").map(str::as_bytes) {
        Some([separator]) if separator.is_ascii_punctuation() || *separator == b'\t' => {
            (Some(*separator), line.len())
        }
        _ => (None, 0),
    }
}

/// The names of the columns.
fn columns(input: &Input<'_>, row: &[Cell<'_>]) -> Result<Vec<String>, Diagnostic> {
    let mut names: Vec<String> = Vec::with_capacity(row.len());
    for (n, cell) in row.iter().enumerate() {
        let name = cell.text.trim();
        let separator = name.chars().find(|c| matches!(c, ';' | '\t' | '，'));
        if let (Some(c), 1) = (separator, row.len()) {
            let message = format!("`{}` is not separated by commas", input.file);
            return Err(input
                .wrong(
                    cell.span.clone(),
                    message,
                    format!("{} does not separate columns", shown(c)),
                )
                .hint(match c {
                    ';' | '\t' => format!(
                        "say so beside its name, `{{ csv = \"…\", separator = \"{}\" }}`, or save it with commas",
                        c.escape_default()
                    ),
                    _ => "save it with commas (`,`) between the columns".to_owned(),
                }));
        }
        if name.is_empty() {
            let message = format!("column {} of `{}` has no name", n + 1, input.file);
            return Err(input
                .wrong(cell.span.clone(), message, "a name is needed here")
                .hint("name the column, or remove it"));
        }
        if let Some(first) = names.iter().position(|known| known == name) {
            let message = format!("column `{name}` of `{}` stands twice", input.file);
            return Err(input
                .wrong(
                    cell.span.clone(),
                    message,
                    format!("the same as column {}", first + 1),
                )
                .hint("rename or remove one of the two"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn shown(c: char) -> String {
    match c {
        ',' => "a comma".to_owned(),
        '\t' => "a tab".to_owned(),
        c => format!("`{c}`"),
    }
}

/// An error for a row with more or fewer cells than columns.
fn uneven(input: &Input<'_>, columns: &[String], row: &[Cell<'_>]) -> Diagnostic {
    let message = format!(
        "a row of `{}` has {}, but there are {}",
        input.file,
        count(row.len(), "cell"),
        count(columns.len(), "column")
    );
    let (span, label, hint) = match (row.get(columns.len()), columns.get(row.len())) {
        (Some(extra), _) => (
            extra.span.clone(),
            "one too many".to_owned(),
            "put a cell that has commas into double quotes: `\"one, two\"`".to_owned(),
        ),
        (None, missing) => {
            let end = row.last().map_or(0, |cell| cell.span.end);
            let missing = missing.map_or("", String::as_str);
            let hint = "write a comma for each empty cell".to_owned();
            (end..end, format!("`{missing}` is missing"), hint)
        }
    };
    input.wrong(span, message, label).hint(hint)
}

/// One cell, without its quotes, and where it stands, with them.
struct Cell<'a> {
    text: Cow<'a, str>,
    span: Range<usize>,
}

/// The rows of a file, from the top.
struct Rows<'a> {
    input: &'a Input<'a>,
    at: usize,
    separator: u8,
}

impl<'a> Rows<'a> {
    /// Reads the next row that is not blank into `row`; false at the end.
    fn next(&mut self, row: &mut Vec<Cell<'a>>) -> Result<bool, Diagnostic> {
        row.clear();
        let bytes = self.input.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at == bytes.len() {
            return Ok(false);
        }
        loop {
            let cell = match bytes.get(self.at) {
                Some(b'"') => self.quoted()?,
                _ => self.plain(),
            };
            row.push(cell);
            // After a cell there is a separator, a line end, or nothing.
            match bytes.get(self.at) {
                Some(byte) if *byte == self.separator => self.at += 1,
                _ => return Ok(true),
            }
        }
    }

    /// A cell without quotes around it; inside of it they are just characters.
    fn plain(&mut self) -> Cell<'a> {
        let start = self.at;
        let rest = &self.input.text.as_bytes()[start..];
        let ends = |b: &u8| *b == self.separator || matches!(b, b'\n' | b'\r');
        let len = rest.iter().position(ends);
        self.at = start + len.unwrap_or(rest.len());
        Cell {
            text: Cow::Borrowed(&self.input.text[start..self.at]),
            span: start..self.at,
        }
    }

    /// A cell in quotes; `""` inside of it is one quote.
    fn quoted(&mut self) -> Result<Cell<'a>, Diagnostic> {
        let Input { file, text } = self.input;
        let start = self.at;
        let mut doubled = false;
        let mut at = start + 1;
        loop {
            let Some(len) = text.as_bytes()[at..].iter().position(|b| *b == b'"') else {
                let message = format!("a quoted cell of `{file}` never ends");
                return Err(self
                    .input
                    .wrong(start..start + 1, message, "this quote is never closed")
                    .hint("close it with `\"`; write a quote inside of a cell twice: `\"\"`"));
            };
            at += len + 1;
            if text.as_bytes().get(at) != Some(&b'"') {
                break;
            }
            doubled = true;
            at += 1;
        }
        self.at = at;
        let next = text.as_bytes().get(at).copied();
        if !matches!(next, None | Some(b'\n' | b'\r')) && next != Some(self.separator) {
            let message = format!("a quoted cell of `{file}` goes on after its quote");
            let separator = shown(char::from(self.separator));
            let wanted = format!("{separator} or a new line is needed here");
            return Err(self
                .input
                .wrong(at..at + 1, message, wanted)
                .hint("write a quote inside of a cell twice: `\"\"`"));
        }
        let inner = &text[start + 1..at - 1];
        Ok(Cell {
            text: match doubled {
                true => Cow::Owned(inner.replace("\"\"", "\"")),
                false => Cow::Borrowed(inner),
            },
            span: start..at,
        })
    }
}
