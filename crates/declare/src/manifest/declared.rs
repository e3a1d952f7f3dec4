//! Reads a `[provider.NAME]` that the built-in table does not have: the project declares it, in the same columns. Where
//! it is and how the key is sent there are the person's to grant.

use std::sync::Arc;

use reqwest::header::HeaderName;
use serde_json::{Map, Value};

use crate::manifest::Provider;
use crate::manifest::claims::{Claim, Stake};
use crate::manifest::reader::{Element, Table};
use base::diagnostic::{Diagnostic, Place, list};
use provider::address;
use provider::table::{self, Row, Shape, builtin};

/// Providers that are none to be asked.
const TAKEN: [&str; 3] = ["local", "command", "manual"];
/// Columns that say how a provider is used, and nothing of it.
const OF_USE: [&str; 1] = ["images_per_minute"];

/// The names of the providers that a project declares.
pub fn names(root: &Table<'_>) -> Vec<String> {
    let tables = root.tables("provider").into_iter();
    let declared = tables.filter(|(_, table)| is_one(table));
    declared.map(|(name, _)| name.value).collect()
}

/// Whether a table declares a provider.
pub fn is_one(table: &Table<'_>) -> bool {
    table.has("shape") || table.has("like")
}

/// A provider that a project declares, and what of it only a person can grant.
pub fn provider(
    name: &str,
    place: &Place,
    element: &Element<'_>,
    secrets: &[&str],
) -> Result<(Provider, Claim), Diagnostic> {
    let wrong = |why: String| {
        Diagnostic::error(format!("`[provider.{name}]` {why}"))
            .at(place.clone())
            .hint("docs/models.md shows such a table")
    };
    let is_sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if TAKEN.contains(&name) || name.is_empty() || !name.chars().all(is_sign) {
        return Err(wrong(
            "cannot be called so: a name is of small letters, digits and `-`".to_owned(),
        ));
    }
    let Some(Value::Object(mut columns)) = element.as_json() else {
        return Err(wrong("is no table".to_owned()));
    };
    columns.retain(|column, _| !OF_USE.contains(&&**column) && !secrets.contains(&&**column));
    let value = plain(&Value::Object(columns.clone()).to_string());
    let columns = whole(name, columns).map_err(wrong)?;
    let row: Row = serde_json::from_value(Value::Object(columns))
        .map_err(|e| wrong(format!("is wrong: {e}")))?;
    check(&row).map_err(wrong)?;
    let url = address::parse(&row.base_url)
        .map_err(|why| wrong(format!("is wrong: its `base_url` {why}")))?;
    let claim = Claim {
        name: format!("provider.{name}"),
        value,
        place: place.clone(),
        stake: Stake::Provider {
            variable: row.key_variables().next().unwrap_or_default(),
            host: address::host(&url),
        },
    };
    let provider = Provider {
        row: Arc::new(row),
        base_url: None,
        images_per_minute: None,
        azure: None,
    };
    Ok((provider, claim))
}

/// All columns of a row: where it is like one of the built-in table, that one's are under its own.
fn whole(name: &str, mut own: Map<String, Value>) -> Result<Map<String, Value>, String> {
    if own.contains_key("headers") || own.contains_key("set_headers") {
        return Err("is wrong: `headers` and `set_headers` are for the built-in table".to_owned());
    }
    let mut columns = match own
        .get("like")
        .map(|like| like.as_str().unwrap_or_default())
    {
        None => Map::new(),
        Some(_) if own.contains_key("shape") => {
            return Err("is wrong: what it is `like` says its `shape`".to_owned());
        }
        Some(like) => table::columns(like).ok_or_else(|| {
            let names: Vec<&String> = builtin().keys().collect();
            format!(
                "is wrong: it is like none that gpbuild knows: {}",
                list(&names)
            )
        })?,
    };
    columns.append(&mut own);
    columns.insert("name".to_owned(), name.into());
    Ok(columns)
}

/// What the types of the columns do not say.
fn check(row: &Row) -> Result<(), String> {
    let header = &row.auth.header;
    if header.parse::<HeaderName>().is_err() {
        return Err(format!("is wrong: `{header}` is no header"));
    }
    // No other variable of the environment is ever taken for a key.
    let mut variables = row.key_variable.iter().chain(&row.auth.secret_variable);
    if variables.any(|variable| !variable.ends_with("_API_KEY")) {
        return Err("is wrong: `key_variable` has to end in `_API_KEY`".to_owned());
    }
    match (row.shape, &row.batch) {
        (Shape::Task, Some(_)) => {
            return Err("is wrong: no `batch` goes with `shape = \"task\"`".to_owned());
        }
        (Shape::Gemini, Some(batch)) if batch.create.is_none() => {
            return Err("lacks `batch.create`: where a model's batch is created".to_owned());
        }
        _ => {}
    }
    match (row.shape, &row.task) {
        (Shape::Images | Shape::Gemini, None) => Ok(()),
        (Shape::Images | Shape::Gemini, Some(_)) => {
            Err("is wrong: `task` is for `shape = \"task\"`".to_owned())
        }
        (Shape::Task, None) => Err("lacks `task`: where things stand in the answers".to_owned()),
        (Shape::Task, Some(task)) if task.poll.is_none() && task.poll_at.is_none() => {
            Err("lacks `task.poll` or `task.poll_at`: where a ticket is asked for".to_owned())
        }
        (Shape::Task, Some(_)) => Ok(()),
    }
}

/// JSON in which every character is what it looks like.
fn plain(json: &str) -> String {
    let signs = json.chars().map(|c| match c {
        ' '..='~' => c.to_string(),
        c => c.escape_unicode().to_string(),
    });
    signs.collect()
}
