//! What the cases of `tests/wording` print, taken apart: messages, labels, notes and hints. Knows how a diagnostic is
//! drawn.

use std::path::Path;

/// Every text that a case prints, with the file and the line it is in.
pub fn texts(root: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(root.join("tests/wording"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "chinese"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_answer = false;
        for (n, line) in text.lines().enumerate() {
            match line {
                line if line.starts_with("$ gpbuild") => is_answer = true,
                "```" => is_answer = false,
                line if is_answer => {
                    let said =
                        said(line).map(|said| (format!("{name}:{}", n + 1), said.to_owned()));
                    found.extend(said);
                }
                _ => {}
            }
        }
    }
    assert!(found.len() > 500, "{}", found.len());
    found
}

/// What a line of a drawn diagnostic says, if it says anything.
fn said(line: &str) -> Option<&str> {
    let starts = ["error: ", "warning: ", "= help: ", "= note: "];
    let words = line.trim_start();
    if let Some(text) = starts.iter().find_map(|start| words.strip_prefix(start)) {
        return Some(text);
    }
    let marks = words.find(|c| !matches!(c, ' ' | '|' | '^' | '-' | '_'))?;
    let is_label = words.starts_with('|') && words[..marks].ends_with("^ ");
    is_label.then(|| &words[marks..])
}
