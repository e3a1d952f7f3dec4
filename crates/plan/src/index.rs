//! The `assets.json` that site generators read: which pictures there are, where, how large, with
//! which alternative text. Knows nothing of how they were made, and never touches the disk.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;
use serde_json::{Map, Value, json};

use base::digest::Digest;

/// The version of the file's shape; a reader of another one should stop.
const VERSION: u32 = 2;

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The asset's id.
    pub id: String,
    /// From the project's root, with `/`.
    pub path: String,
    /// The same below the folder of outputs, which is what a site serves; none for an output that lies elsewhere.
    pub public: Option<String>,
    /// The file of the item that it was made for, from the project's root.
    pub source: Option<String>,
    /// The name of its target, or a size of its own.
    pub preset: String,
    /// Its group.
    pub group: Option<String>,
    /// The carousel that it is a slide of, and its number there, from 1.
    pub slide: Option<(String, usize)>,
    /// `made`, `accepted` from a person, or a `draft`.
    pub state: &'static str,
    /// Who made it.
    pub model: String,
    /// Pixels across; of a PDF those of its first page.
    pub width: u32,
    /// Pixels down; of a PDF those of its first page.
    pub height: u32,
    /// `png`, `jpeg`, `webp` or `pdf`.
    pub format: &'static str,
    /// The file's size.
    pub bytes: u64,
    /// The file's digest: a reader can make a URL of it that never goes stale.
    pub digest: Digest,
    /// What the picture says, for those who do not see it.
    pub alt: String,
}

/// The whole file: by id, sorted whatever the order of the rows, so that it changes only where a picture did.
pub fn to_json(rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| &row.id);
    let assets = rows
        .into_iter()
        .map(|row| (row.id.clone(), row_to_json(row)));
    let assets: Map<String, Value> = assets.collect();
    format!("{:#}\n", json!({ "version": VERSION, "assets": assets }))
}

/// What stands before the id of the first row, between a row and the next one's id, and behind the last one.
const HEAD: &str = "{\n  \"version\": 2,\n  \"assets\": {\n    \"";
const BETWEEN: &str = "\n    },\n    \"";
const TAIL: &str = "\n    }\n  }\n}\n";

/// Whether a file is an index that gpbuild wrote.
pub fn is_index(bytes: &[u8]) -> bool {
    bytes.starts_with(HEAD.as_bytes())
}

/// The rows of an index that are about these assets, as an index of their own; `None` if it is not
/// written as [`to_json`] writes it.
pub fn part(index: &str, ids: &BTreeSet<&str>) -> Option<String> {
    let wanted = first_lines(ids);
    let mut rows = split(index)?;
    rows.retain(|row| wanted.contains(first_line(row)));
    Some(format!("{HEAD}{}{TAIL}", rows.join(BETWEEN)))
}

/// Whether an index has a row for each of these assets, and is written as [`to_json`] writes it.
pub fn has(index: &str, ids: &BTreeSet<&str>) -> bool {
    let Some(rows) = split(index) else {
        return false;
    };
    let wanted = first_lines(ids);
    let there = rows
        .into_iter()
        .filter(|row| wanted.contains(first_line(row)));
    there.count() == wanted.len()
}

/// An index in which the rows of these assets are as they are here. There is one for each already:
/// `None` if not, or if it is not written as [`to_json`] writes it.
pub fn with(index: &str, new: &[Row]) -> Option<String> {
    let mut rows = split(index)?;
    let texts: Vec<String> = new
        .iter()
        .map(|row| to_json(std::slice::from_ref(row)))
        .collect();
    let mut new: BTreeMap<&str, &str> = BTreeMap::new();
    for text in &texts {
        let row = text.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
        new.insert(first_line(row), row);
    }
    for row in &mut rows {
        if let Some(text) = new.remove(first_line(row)) {
            *row = text;
        }
    }
    new.is_empty()
        .then(|| format!("{HEAD}{}{TAIL}", rows.join(BETWEEN)))
}

/// The rows of an index, as text.
fn split(index: &str) -> Option<Vec<&str>> {
    let index = index.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let ends = memmem::find_iter(index.as_bytes(), BETWEEN);
    let mut rows = Vec::new();
    let mut start = 0;
    for end in ends.chain([index.len()]) {
        rows.push(index.get(start..end)?);
        start = end + BETWEEN.len();
    }
    Some(rows)
}

/// The line with the id.
fn first_line(row: &str) -> &str {
    row.split('\n').next().unwrap_or(row)
}

fn first_lines(ids: &BTreeSet<&str>) -> BTreeSet<String> {
    let line = |id: &&str| format!("{}: {{", &Value::from(*id).to_string()[1..]);
    ids.iter().map(line).collect()
}

/// What the pictures of an index say, by id and digest; nothing from a file that is not an index. An index of version 1
/// was a list.
pub fn alts(index: &[u8]) -> BTreeMap<(String, Digest), String> {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let of_list = index["assets"].as_array().into_iter().flatten();
    let of_list = of_list.filter_map(|row| Some((row["id"].as_str()?, row)));
    let by_id = index["assets"].as_object().into_iter().flatten();
    let by_id = by_id.map(|(id, row)| (id.as_str(), row));
    of_list
        .chain(by_id)
        .filter_map(|(id, row)| {
            let digest = Digest::parse(row["digest"].as_str()?)?;
            Some(((id.to_owned(), digest), row["alt"].as_str()?.to_owned()))
        })
        .collect()
}

/// What does not apply to an asset is left out.
fn row_to_json(row: &Row) -> Value {
    let slide = row.slide.as_ref();
    let all = json!({
        "path": row.path,
        "public": row.public,
        "source": row.source,
        "preset": row.preset,
        "group": row.group,
        "carousel": slide.map(|(carousel, _)| carousel),
        "slide": slide.map(|(_, number)| number),
        "state": row.state,
        "model": row.model,
        "width": row.width,
        "height": row.height,
        "format": row.format,
        "bytes": row.bytes,
        "digest": row.digest.hex(),
        "alt": row.alt,
    });
    match all {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Row, alts, has, part, to_json, with};
    use base::digest::Digest;

    fn row(id: &str, alt: &str) -> Row {
        Row {
            id: id.to_owned(),
            path: format!("dist/{id}.png"),
            public: Some(format!("{id}.png")),
            source: None,
            preset: "300x400".to_owned(),
            group: None,
            slide: None,
            state: "made",
            model: "local".to_owned(),
            width: 1080,
            height: 1440,
            format: "png",
            bytes: 99_000,
            digest: Digest::from_bytes([7; 32]),
            alt: alt.to_owned(),
        }
    }

    #[test]
    fn rows_are_sorted_and_the_text_is_whole() {
        let of_post = Row {
            source: Some("posts/b.md".to_owned()),
            preset: "open-graph".to_owned(),
            group: Some("hero".to_owned()),
            slide: Some(("post".to_owned(), 2)),
            ..row("post/b", "say \"hi\"\n")
        };
        let rows = [of_post, row("bootcamp", "30 天上手 AI")];
        let digest = "07".repeat(32);
        let expected = format!(
            r#"{{
  "version": 2,
  "assets": {{
    "bootcamp": {{
      "path": "dist/bootcamp.png",
      "public": "bootcamp.png",
      "preset": "300x400",
      "state": "made",
      "model": "local",
      "width": 1080,
      "height": 1440,
      "format": "png",
      "bytes": 99000,
      "digest": "{digest}",
      "alt": "30 天上手 AI"
    }},
    "post/b": {{
      "path": "dist/post/b.png",
      "public": "post/b.png",
      "source": "posts/b.md",
      "preset": "open-graph",
      "group": "hero",
      "carousel": "post",
      "slide": 2,
      "state": "made",
      "model": "local",
      "width": 1080,
      "height": 1440,
      "format": "png",
      "bytes": 99000,
      "digest": "{digest}",
      "alt": "say \"hi\"\n"
    }}
  }}
}}
"#
        );
        assert_eq!(to_json(&rows), expected);
        let [b, a] = rows;
        assert_eq!(to_json(&[a, b]), expected);
    }

    #[test]
    fn no_rows() {
        assert_eq!(to_json(&[]), "{\n  \"version\": 2,\n  \"assets\": {}\n}\n");
    }

    #[test]
    fn a_part_goes_back_into_the_whole() {
        let rows = [
            row("a", "one"),
            row("b", "\n    },\n    \""),
            row("ü\"", "x"),
        ];
        let whole = to_json(&rows);
        for n in 0..rows.len() {
            let ids = BTreeSet::from([rows[n].id.as_str()]);
            let alone = to_json(&rows[n..=n]);
            assert_eq!(part(&whole, &ids).as_deref(), Some(alone.as_str()));
            assert!(has(&whole, &ids) && !has(&whole, &BTreeSet::from(["c"])));
            assert!(!has(&whole.replace("  ", " "), &ids) && !has("", &ids));
            assert_eq!(alts(alone.as_bytes()).len(), 1);
            assert_eq!(with(&whole, &rows[n..=n]).as_deref(), Some(whole.as_str()));
            let mut changed = rows.clone();
            changed[n].bytes += 1;
            let expected = to_json(&changed);
            assert_eq!(with(&whole, &changed[n..=n]), Some(expected));
        }
        assert_eq!(with(&whole, &[row("c", "")]), None);
        assert_eq!(with("{}", &rows), None);
    }
}
