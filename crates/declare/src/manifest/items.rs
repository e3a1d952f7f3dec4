//! Reads where the items of a `for_each` or the slides of a carousel come from: one kind of data, which files, and how
//! these are written.

use encoding_rs::Encoding;

use crate::data::{Form, Format};
use crate::manifest::reader::Table;
use crate::manifest::{At, Items};
use base::diagnostic::{Diagnostic, list};

/// The kinds of data, by the key that names their files.
const KINDS: [(&str, Format); 5] = [
    ("front_matter", Format::FrontMatter),
    ("csv", Format::Csv),
    ("toml", Format::Toml),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
];

/// `{ csv = "…" }` and its like under a key, if it is there and right.
pub(super) fn items(table: &Table<'_>, key: &'static str) -> Option<Items> {
    let inner = table.table(key)?;
    let found = items_of(&inner, key);
    inner.finish();
    found
}

/// The same in a table of which other keys may be read.
pub(super) fn items_of(inner: &Table<'_>, key: &str) -> Option<Items> {
    let mut found: Vec<Items> = Vec::new();
    for (name, format) in KINDS {
        let mut form = Form::from(format);
        let files = match format {
            Format::FrontMatter => front_matter(inner, name, &mut form),
            _ => inner.strings(name),
        };
        if let Some(files) = files.filter(|files| !files.is_empty()) {
            found.push(Items { form, files });
        }
    }
    let names = KINDS.map(|(name, _)| name);
    let named = names.iter().filter(|name| inner.has(name)).count();
    if named != 1 {
        let message = format!("`{key}` takes exactly one of {}", list(&names));
        inner.report(Diagnostic::error(message).at(inner.place().clone()));
        found.clear();
    }
    let (separator, encoding) = (separator(inner), encoding(inner));
    let mut items = found.pop()?;
    let csv_only = [
        ("separator", separator.is_some()),
        ("encoding", encoding.is_some()),
    ];
    for (key, _) in csv_only.iter().filter(|(_, said)| *said) {
        if items.form.format != Format::Csv {
            let place = inner
                .key_place(key)
                .unwrap_or_else(|| inner.place().clone());
            inner.report(Diagnostic::error(format!("`{key}` is for `csv`")).at(place));
        }
    }
    items.form.separator = separator;
    items.form.encoding = encoding;
    refuse_what_names_nothing(inner, &items);
    Some(items)
}

/// A glob, a list of them, or `{ glob = …, optional = true }`.
fn front_matter(inner: &Table<'_>, name: &'static str, form: &mut Form) -> Option<Vec<At<String>>> {
    let is_table = inner.element(name)?.as_table().is_some();
    if !is_table {
        return inner.strings(name);
    }
    let said = inner.table(name)?;
    form.optional = said.boolean("optional").is_some_and(|at| at.value);
    let files = said.strings("glob");
    if !said.has("glob") {
        let message = format!("`{name}` has no `glob`: which files are meant?");
        said.report(
            Diagnostic::error(message)
                .at(said.place().clone())
                .hint("write `front_matter = { glob = \"posts/**/*.md\", optional = true }`"),
        );
    }
    said.finish();
    files
}

/// A list of nothing but what is left out.
fn refuse_what_names_nothing(inner: &Table<'_>, items: &Items) {
    if let [first, ..] = items.files.as_slice()
        && items.files.iter().all(|at| at.value.starts_with('!'))
    {
        inner.report(
            Diagnostic::error(format!(
                "`{}` leaves files out, and none are named",
                first.value
            ))
            .at(first.place.clone())
            .hint(format!(
                "name what is taken before it: `[\"**/*.md\", \"{}\"]`",
                first.value
            )),
        );
    }
}

/// What stands between the cells of a row, an ASCII character.
fn separator(inner: &Table<'_>) -> Option<u8> {
    let said = inner.string("separator")?;
    match said.value.as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' || *byte == b'\t' => Some(*byte),
        _ => {
            inner.report(
                Diagnostic::error(format!("`{}` cannot separate columns", said.value))
                    .at(said.place)
                    .hint("it is one character: `\";\"`, `\"\\t\"` or `\"|\"`"),
            );
            None
        }
    }
}

fn encoding(inner: &Table<'_>) -> Option<&'static Encoding> {
    let said = inner.string("encoding")?;
    let known = Encoding::for_label(said.value.as_bytes());
    if known.is_none() {
        const COMMON: [&str; 6] = [
            "utf-8",
            "gbk",
            "gb18030",
            "big5",
            "shift_jis",
            "windows-1252",
        ];
        inner.report(
            Diagnostic::error(format!("there is no encoding `{}`", said.value))
                .at(said.place)
                .did_you_mean(&said.value, COMMON)
                .hint(format!("common ones are {}", list(&COMMON))),
        );
    }
    known
}
