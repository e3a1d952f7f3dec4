//! Where two texts differ, word for word, in the notation of `git diff --word-diff`.

use similar::{ChangeTag, TextDiff};

/// How many lines without a change are shown around one with.
const AROUND: usize = 2;

/// The lines that differ: `[-what was expected-]`, `{+what is said+}`.
pub fn between(expected: &str, said: &str) -> String {
    let lines = marked(expected, said);
    let is_near = |at: usize| {
        let near = at.saturating_sub(AROUND)..lines.len().min(at + AROUND + 1);
        lines[near].iter().any(|(_, changed)| *changed)
    };
    let mut out = String::new();
    let mut left_out = false;
    for (at, (line, _)) in lines.iter().enumerate() {
        if is_near(at) {
            out += line;
            out.push('\n');
        } else if !left_out {
            out += "…\n";
        }
        left_out = !is_near(at);
    }
    out
}

/// All lines with their marks, and whether there is one.
fn marked(expected: &str, said: &str) -> Vec<(String, bool)> {
    let diff = TextDiff::from_unicode_words(expected, said);
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some((tag, text)) if *tag == change.tag() => *text += change.value(),
            _ => runs.push((change.tag(), change.value().to_owned())),
        }
    }
    let mut lines = vec![(String::new(), false)];
    for (tag, text) in runs {
        let (open, close) = match tag {
            ChangeTag::Equal => ("", ""),
            ChangeTag::Delete => ("[-", "-]"),
            ChangeTag::Insert => ("{+", "+}"),
        };
        for (n, part) in text.split('\n').enumerate() {
            if n > 0 {
                lines.push((String::new(), tag != ChangeTag::Equal));
            }
            let Some((line, changed)) = lines.last_mut() else {
                continue;
            };
            if !part.is_empty() {
                *line += &format!("{open}{part}{close}");
            }
            *changed |= tag != ChangeTag::Equal;
        }
    }
    lines
}
