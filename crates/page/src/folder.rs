//! The page as a folder that needs no server: the same files, with everything that a server would say in one of them. Knows
//! nothing of where that comes from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::feed::Feed;
use crate::ui;
use crate::view::{Board, Detail};
use base::digest::Digest;

/// What the document says where a server answers, and what it says in a folder.
const LIVE: &str = r#"<script src="page.js" type="module"></script>"#;
const IN_FOLDER: &str = r#"<script src="data.js"></script>
<script src="page.js" defer></script>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file: blob:; base-uri 'none'; form-action 'none'">"#;

/// What a folder shows.
pub struct Folder {
    /// What never changes.
    pub about: Value,
    /// How everything stands.
    pub board: Board,
    /// Every asset, looked at closely.
    pub assets: BTreeMap<String, Detail>,
    /// The pictures, by the files that they are in.
    pub pictures: BTreeMap<Digest, String>,
    /// The same of small ones.
    pub thumbs: BTreeMap<Digest, String>,
}

impl Folder {
    /// The files of the page, by name; the pictures are not among them.
    pub fn files(self) -> Vec<(String, Vec<u8>)> {
        let mut about = self.about;
        about["mode"] = json!("folder");
        about["version"] = json!(env!("CARGO_PKG_VERSION"));
        let feed = Feed::new(about, true, 1);
        feed.show(self.board);
        let (everything, _) = feed.join();
        let everything: Value = serde_json::from_str(&everything).unwrap_or_default();
        let data = json!({
            "everything": everything, "assets": self.assets,
            "files": self.pictures, "thumbs": self.thumbs,
        });
        let mut files = vec![
            (
                "data.js".to_owned(),
                format!("window.GPBUILD = {data};\n").into_bytes(),
            ),
            ("page.js".to_owned(), script().into_bytes()),
            (
                "index.html".to_owned(),
                ui::INDEX.1.replace(LIVE, IN_FOLDER).into_bytes(),
            ),
        ];
        let others = ui::FILES.iter().filter(|(name, _)| !name.ends_with(".js"));
        files.extend(others.map(|(name, file)| ((*name).to_owned(), file.1.as_bytes().to_vec())));
        files
    }
}

/// All modules as one script, each after those that it stands on: a browser loads no modules from a folder.
fn script() -> String {
    let mut script = "(() => {\n'use strict';\n".to_owned();
    for (_, (_, text)) in ui::FILES.iter().filter(|(name, _)| name.ends_with(".js")) {
        let mut in_import = false;
        for line in text.lines() {
            in_import |= line.starts_with("import ");
            if in_import {
                in_import = !line.trim_end().ends_with(';');
                continue;
            }
            script.push_str(line.strip_prefix("export ").unwrap_or(line));
            script.push('\n');
        }
    }
    script.push_str("})();\n");
    script
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{LIVE, script};
    use crate::ui;

    #[test]
    fn no_module_is_left_and_no_name_stands_twice() {
        let script = script();
        assert!(
            !script
                .lines()
                .any(|line| line.starts_with("import ") || line.starts_with("export "))
        );
        let mut names = BTreeSet::new();
        for line in script.lines() {
            let name = ["const ", "let ", "function ", "async function ", "class "]
                .iter()
                .find_map(|word| line.strip_prefix(word));
            let Some(name) = name else { continue };
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
            let name = &name[..end.unwrap_or(name.len())];
            assert!(
                name.is_empty() || names.insert(name.to_owned()),
                "{name} stands twice"
            );
        }
        assert!(ui::INDEX.1.contains(LIVE));
    }
}
