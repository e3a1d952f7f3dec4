//! Reads where the items of a `for_each` or the slides of a carousel come from: one kind of data, and which files.

use crate::data;
use crate::manifest::Items;
use crate::manifest::reader::Table;
use base::diagnostic::{Diagnostic, list};

/// `{ csv = "…" }` and its like under a key, if it is there and right.
pub(super) fn items(table: &Table<'_>, key: &'static str) -> Option<Items> {
    let inner = table.table(key)?;
    let kinds = [
        ("front_matter", data::Format::FrontMatter),
        ("csv", data::Format::Csv),
        ("toml", data::Format::Toml),
        ("json", data::Format::Json),
        ("yaml", data::Format::Yaml),
    ];
    let mut found: Vec<Items> = Vec::new();
    for (name, format) in kinds {
        if let Some(files) = inner.string(name) {
            found.push(Items { format, files });
        }
    }
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let place = inner.place().clone();
    let named = names.iter().any(|name| inner.has(name));
    if found.len() > 1 || !named {
        inner.report(
            Diagnostic::error(format!("`{key}` takes exactly one of {}", list(&names))).at(place),
        );
        found.clear();
    }
    inner.finish();
    found.pop()
}
