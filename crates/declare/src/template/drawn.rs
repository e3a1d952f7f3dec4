//! What becomes of a value where a template draws it: text, numbers and truth values are drawn as they are written;
//! whatever is no text is refused, since nobody wrote `None` or `['a', 'b']`. Knows no templates.

use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, State, Value, escape_formatter};

/// A value that is no text where one is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoText {
    /// Nothing at all.
    Null,
    /// Several values.
    List,
    /// Values by name.
    Table,
    /// Several values, of which one is several itself.
    ListOfLists,
    /// Several values, of which one is values by name.
    ListOfTables,
}

impl NoText {
    /// What it is, as a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "empty (null)",
            Self::List => "a list",
            Self::Table => "a table",
            Self::ListOfLists => "a list that holds a list",
            Self::ListOfTables => "a list that holds a table",
        }
    }

    /// What to do about it; `expression` is how the template names it.
    pub fn hint(self, expression: &str) -> String {
        match self {
            Self::Null => format!("`{expression} | default(\"…\")` gives another value"),
            Self::List => format!("`{expression} | join(\", \")` makes one text of it"),
            Self::Table => format!("name one of its values: `{expression}.NAME`"),
            Self::ListOfLists => {
                "only texts and numbers are joined: write them as one list".to_owned()
            }
            Self::ListOfTables => {
                format!(
                    "`{expression} | map(attribute=\"NAME\") | join(\", \")` takes one value of each"
                )
            }
        }
    }

    /// What a value is, if it is no text.
    pub fn of(value: &Value) -> Option<Self> {
        match value.kind() {
            ValueKind::None => Some(Self::Null),
            ValueKind::Seq | ValueKind::Iterable => Some(Self::List),
            ValueKind::Map => Some(Self::Table),
            _ => None,
        }
    }
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::error::Error for NoText {}

impl From<NoText> for Error {
    fn from(what: NoText) -> Self {
        Self::new(ErrorKind::InvalidOperation, format!("{what} is no text")).with_source(what)
    }
}

/// A truth value as YAML, TOML and JSON write it.
pub fn truth_word(value: &Value) -> &'static str {
    match value.is_true() {
        true => "true",
        false => "false",
    }
}

/// Draws a value.
pub fn draw(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if let Some(what) = NoText::of(value) {
        return Err(what.into());
    }
    match value.kind() {
        ValueKind::Bool => out.write_str(truth_word(value))?,
        _ => escape_formatter(out, state, value)?,
    }
    Ok(())
}
