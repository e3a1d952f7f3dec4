//! TOML files: a file that holds one array of tables and nothing else gives an item for each of them,
//! any other gives one. Dates stay as written. Does not know what the values are for.

use std::cell::Cell;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::exact;
use super::written::{Table, odd};
use super::{Input, Item, Lines, MAX_DEPTH, MAX_ITEMS, MAX_VALUES};
use crate::quotes;
use base::diagnostic::Diagnostic;

pub(super) fn items(input: &Input<'_>) -> Result<Vec<Item>, Diagnostic> {
    let reader = Reader::new(input, 0..input.text.len())?;
    let top = reader.parse()?;
    let mut lines = Lines::new(input.text);
    let item = |line: usize, table: &DeTable<'_>| {
        let (table, written) = reader.both(table)?;
        Ok(Item {
            written: written.map(Value::Object),
            ..input.item(line, table)
        })
    };
    let Some(list) = only_list(&top) else {
        return Ok(vec![item(first_line(input.text), &top)?]);
    };
    let mut items = Vec::with_capacity(list.len());
    for entry in list {
        let start = entry.span().start;
        if items.len() == MAX_ITEMS {
            return Err(input.too_many(start));
        }
        if let DeValue::Table(table) = entry.get_ref() {
            items.push(item(lines.of(start), table)?);
        }
    }
    Ok(items)
}

/// The table in a part of the text.
pub(super) fn table(input: &Input<'_>, span: Range<usize>) -> Result<Table, Diagnostic> {
    let reader = Reader::new(input, span)?;
    let top = reader.parse()?;
    reader.both(&top)
}

/// The list, if the file is nothing but one list of tables.
fn only_list<'t, 'i>(top: &'t DeTable<'i>) -> Option<&'t [Spanned<DeValue<'i>>]> {
    let mut values = top.iter().map(|(_, value)| value.get_ref());
    match (values.next(), values.next()) {
        (Some(DeValue::Array(list)), None)
            if list.iter().all(|entry| entry.get_ref().is_table()) =>
        {
            Some(list)
        }
        _ => None,
    }
}

/// The first line that says something.
fn first_line(text: &str) -> usize {
    let comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    text.lines().position(|line| !comment(line)).unwrap_or(0) + 1
}

/// Reads a part of a text.
struct Reader<'a> {
    input: &'a Input<'a>,
    base: usize,
    text: &'a str,
    /// Whether numbers that would be drawn otherwise than they are written are read as text.
    as_written: Cell<bool>,
    /// Whether there was one.
    odd: Cell<bool>,
}

impl<'a> Reader<'a> {
    /// Bounds the number of values before anything is built.
    fn new(input: &'a Input<'a>, span: Range<usize>) -> Result<Self, Diagnostic> {
        let text = &input.text[span.clone()];
        // Each value has one of these before it; those inside of strings hardly count.
        let values = text
            .bytes()
            .filter(|b| matches!(b, b'=' | b',' | b'[' | b'{'));
        if values.count() > MAX_VALUES {
            return Err(input.too_large(span.start));
        }
        Ok(Self {
            input,
            base: span.start,
            text,
            as_written: Cell::new(false),
            odd: Cell::new(false),
        })
    }

    /// A table, and the same with its numbers as they are written, if that makes a difference.
    fn both(&self, table: &DeTable<'_>) -> Result<Table, Diagnostic> {
        self.odd.set(false);
        let read = self.table(table, 1)?;
        if !self.odd.get() {
            return Ok((read, None));
        }
        self.as_written.set(true);
        let written = self.table(table, 1);
        self.as_written.set(false);
        Ok((read, Some(written?)))
    }

    fn parse(&self) -> Result<DeTable<'a>, Diagnostic> {
        let (top, errors) = DeTable::parse_recoverable(self.text);
        // The first in the text: what the parser finds first may be its consequence.
        let start = |error: &toml::de::Error| error.span().map_or(usize::MAX, |span| span.start);
        match errors.iter().min_by_key(|error| start(error)) {
            Some(error) => Err(self.explain(error)),
            None => Ok(top.into_inner()),
        }
    }

    fn table(&self, table: &DeTable<'_>, depth: usize) -> Result<Map<String, Value>, Diagnostic> {
        // The parser sorts by name; templates that list a table want it as written.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut map = Map::with_capacity(entries.len());
        for (key, value) in entries {
            map.insert(key.get_ref().to_string(), self.value(value, depth + 1)?);
        }
        Ok(map)
    }

    fn value(&self, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Value, Diagnostic> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(text) => Ok(Value::String(text.to_string())),
            DeValue::Boolean(value) => Ok(Value::Bool(*value)),
            DeValue::Datetime(_) => Ok(Value::String(self.text[span].to_owned())),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(|number| self.number(number.into(), span.clone()))
                .map_err(|_| self.inexact(span)),
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .ok()
                .and_then(exact)
                .map(|number| self.number(number, span.clone()))
                .ok_or_else(|| self.inexact(span)),
            DeValue::Array(_) | DeValue::Table(_) if depth > MAX_DEPTH => {
                Err(self.input.too_deep(self.base + span.start))
            }
            DeValue::Array(list) => list
                .iter()
                .map(|entry| self.value(entry, depth + 1))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            DeValue::Table(table) => self.table(table, depth).map(Value::Object),
        }
    }

    fn number(&self, number: Number, span: Range<usize>) -> Value {
        let number = Value::Number(number);
        let Some(written) = odd(&number, &self.text[span]) else {
            return number;
        };
        self.odd.set(true);
        match self.as_written.get() {
            true => written,
            false => number,
        }
    }

    fn inexact(&self, span: Range<usize>) -> Diagnostic {
        let message = format!(
            "`{}` has a number without an exact value: `{}`",
            self.input.file,
            &self.text[span.clone()]
        );
        let span = self.base + span.start..self.base + span.end;
        self.input
            .wrong(span, message, "not exact")
            .hint("write it as a string, in quotes")
    }

    fn explain(&self, error: &toml::de::Error) -> Diagnostic {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let span = self.base + span.start..self.base + span.end;
        let said = error.message();
        if said.contains("recursion depth") {
            return self.input.too_deep(span.start);
        }
        let curly = quotes::curly(self.input.text, span.start);
        let hint = if curly.is_some() {
            quotes::HINT
        } else if said.starts_with("duplicate key") {
            "keep one of the two"
        } else if said.starts_with("invalid unquoted key") {
            "put a name with other characters into quotes"
        } else {
            "TOML is `name = \"text\"`, one to a line; text is always in quotes"
        };
        let message = format!("`{}` is not valid TOML", self.input.file);
        self.input
            .wrong(
                curly.unwrap_or(span),
                message,
                said.lines().next().unwrap_or_default(),
            )
            .hint(hint)
    }
}
