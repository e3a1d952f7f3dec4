//! The `assets.json` that site generators read: which pictures there are, where, how large, with
//! which alternative text. Knows nothing of how they were made, and never touches the disk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::digest::Digest;

/// The version of the file's shape; a reader of another one should stop.
const VERSION: u32 = 1;

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The asset's id.
    pub id: String,
    /// From the project's root, with `/`.
    pub path: String,
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

/// The whole file: sorted by id whatever the order of the rows, so that it changes only where a
/// picture did.
pub fn to_json(rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| (&row.id, &row.path));
    let assets: Vec<Value> = rows.into_iter().map(row_to_json).collect();
    format!("{:#}\n", json!({ "version": VERSION, "assets": assets }))
}

/// What the pictures of an index say, by id and digest; nothing from a file that is not an index.
pub fn alts(index: &[u8]) -> BTreeMap<(String, Digest), String> {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let assets = index["assets"].as_array().map_or(&[][..], Vec::as_slice);
    assets
        .iter()
        .filter_map(|row| {
            let digest = Digest::parse(row["digest"].as_str()?)?;
            let id = row["id"].as_str()?.to_owned();
            Some(((id, digest), row["alt"].as_str()?.to_owned()))
        })
        .collect()
}

fn row_to_json(row: &Row) -> Value {
    json!({
        "id": row.id,
        "path": row.path,
        "width": row.width,
        "height": row.height,
        "format": row.format,
        "bytes": row.bytes,
        "digest": row.digest.hex(),
        "alt": row.alt,
    })
}

#[cfg(test)]
mod tests {
    use super::{Row, to_json};
    use crate::digest::Digest;

    fn row(id: &str, alt: &str) -> Row {
        Row {
            id: id.to_owned(),
            path: format!("dist/{id}.png"),
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
        let rows = [
            row("post/b", "say \"hi\"\n"),
            row("bootcamp", "30 天上手 AI"),
        ];
        let digest = "07".repeat(32);
        let expected = format!(
            r#"{{
  "version": 1,
  "assets": [
    {{
      "id": "bootcamp",
      "path": "dist/bootcamp.png",
      "width": 1080,
      "height": 1440,
      "format": "png",
      "bytes": 99000,
      "digest": "{digest}",
      "alt": "30 天上手 AI"
    }},
    {{
      "id": "post/b",
      "path": "dist/post/b.png",
      "width": 1080,
      "height": 1440,
      "format": "png",
      "bytes": 99000,
      "digest": "{digest}",
      "alt": "say \"hi\"\n"
    }}
  ]
}}
"#
        );
        assert_eq!(to_json(&rows), expected);
        let [b, a] = rows;
        assert_eq!(to_json(&[a, b]), expected);
    }

    #[test]
    fn no_rows() {
        assert_eq!(to_json(&[]), "{\n  \"version\": 1,\n  \"assets\": []\n}\n");
    }
}
