//! Takes in a lock that git left with both sides of a merge in it: between markers, or one behind the other, as
//! `merge=union` does. Knows the lines that gpbuild writes, and nothing of what they mean.

use std::collections::BTreeMap;

/// What gpbuild writes of every asset.
const ENTRIES: [&str; 5] = ["output", "digest", "model", "export", "shots"];

/// The text of our side and of theirs, each as gpbuild could have written it; `None` where it is no text of
/// gpbuild's.
pub fn sides(text: &str) -> Option<[String; 2]> {
    let [ours, theirs] = between_markers(text);
    let [ours, theirs] = [Tables::read(&ours)?, Tables::read(&theirs)?];
    Some([ours.side(Side::Ours), theirs.side(Side::Theirs)])
}

/// What each side says where git wrote both between markers; what their ancestor said is nobody's.
fn between_markers(text: &str) -> [String; 2] {
    let (mut ours, mut theirs) = (true, true);
    let mut sides = [String::new(), String::new()];
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => (ours, theirs) = (true, false),
            Some("|||||||") => (ours, theirs) = (false, false),
            Some("=======") => (ours, theirs) = (false, true),
            Some(">>>>>>>") => (ours, theirs) = (true, true),
            _ => {
                for (takes, side) in [ours, theirs].into_iter().zip(&mut sides) {
                    if takes {
                        *side += line;
                        side.push('\n');
                    }
                }
            }
        }
    }
    sides
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

/// A lock cut into tables, and those into entries, whatever stands twice.
struct Tables {
    head: Vec<String>,
    tables: BTreeMap<String, Vec<(String, Vec<String>)>>,
}

impl Tables {
    fn read(text: &str) -> Option<Self> {
        let mut all = Self {
            head: Vec::new(),
            tables: BTreeMap::new(),
        };
        let mut table: Option<&mut Vec<(String, Vec<String>)>> = None;
        let mut open = false;
        for line in text.lines() {
            // Both sides ended with the same line, which stands once, behind theirs.
            let ends = open && !line.starts_with(' ') && line != "]";
            if let (true, Some(entries)) = (ends, &mut table) {
                entries.last_mut()?.1.push("]".to_owned());
                open = false;
            }
            if line.starts_with('[') {
                table = Some(all.tables.entry(line.to_owned()).or_default());
                continue;
            }
            match &mut table {
                None if !all.head.iter().any(|known| known == line) => {
                    all.head.push(line.to_owned());
                }
                None => {}
                Some(entries) if open => {
                    entries.last_mut()?.1.push(line.to_owned());
                    open = line != "]";
                }
                Some(_) if line.is_empty() => {}
                Some(entries) => {
                    let (name, value) = line.split_once(" = ")?;
                    open = value == "[";
                    entries.push((name.to_owned(), vec![line.to_owned()]));
                }
            }
        }
        (!open).then_some(all)
    }

    /// The text in which each entry stands once: as one side says it.
    fn side(&self, side: Side) -> String {
        let mut text = self.head.join("\n") + "\n";
        for (header, entries) in &self.tables {
            let has = |name: &&str| entries.iter().any(|(known, _)| known == name);
            if header.starts_with("[asset.") && !ENTRIES.iter().all(has) {
                // What both sides say in the same words stands once, and may have stayed with theirs: it is found by key.
                continue;
            }
            text += header;
            text.push('\n');
            let mut once: BTreeMap<&str, &Vec<String>> = BTreeMap::new();
            for (name, lines) in entries {
                if side == Side::Theirs || !once.contains_key(name.as_str()) {
                    once.insert(name, lines);
                }
            }
            let twice = once.len() < entries.len();
            for lines in once.into_values() {
                for line in of_side(lines, side, twice) {
                    text += line;
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// The lines of an entry. Of a list in a table of which other entries stand twice, each side wrote one half, unless the
/// whole list stands twice as well.
fn of_side(lines: &[String], side: Side, twice: bool) -> Vec<&String> {
    let [first, inner @ .., last] = lines else {
        return lines.iter().collect();
    };
    if !twice || inner.len() < 2 || inner.len() % 2 == 1 {
        return lines.iter().collect();
    }
    let (ours, theirs) = inner.split_at(inner.len() / 2);
    let inner = match side {
        Side::Ours => ours,
        Side::Theirs => theirs,
    };
    [first].into_iter().chain(inner).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::sides;

    const A: &str = "[asset.\"a\"]\noutput = \"a.png\"\nmodel = \"local\"\nexport = \"e\"\ndigest = \"1\"\nshots = [\n  { key = \"1\" },\n]\n";

    fn whole(tables: &str) -> String {
        format!("# Written by gpbuild\nversion = 1\n\n{tables}")
    }

    #[test]
    fn both_sides_between_markers() {
        let text = whole(
            &A.replace(
                "digest = \"1\"\nshots = [\n  { key = \"1\" },\n",
                "<<<<<<< HEAD\ndigest = \"1\"\nshots = [\n  { key = \"1\" },\n||||||| 1a\ndigest = \"0\"\nshots = [\n  { key = \"0\" },\n=======\ndigest = \"2\"\nshots = [\n  { key = \"2\" },\n>>>>>>> topic\n",
            ),
        );
        let [ours, theirs] = sides(&text).unwrap();
        assert!(ours.contains("digest = \"1\"") && ours.contains("key = \"1\""));
        assert!(theirs.contains("digest = \"2\"") && theirs.contains("key = \"2\""));
        assert!(!ours.contains("\"0\"") && !theirs.contains("\"0\""));
    }

    #[test]
    fn both_sides_one_behind_the_other() {
        let text = whole(
            &A.replace("digest = \"1\"\n", "digest = \"1\"\ndigest = \"2\"\n")
                .replace(
                    "  { key = \"1\" },\n",
                    "  { key = \"1\" },\n  { key = \"2\" },\n",
                ),
        );
        let [ours, theirs] = sides(&text).unwrap();
        assert!(ours.contains("digest = \"1\"") && ours.contains("key = \"1\""));
        assert!(!ours.contains("\"2\""), "{ours}");
        assert!(theirs.contains("digest = \"2\"") && theirs.contains("key = \"2\""));
        assert!(!theirs.contains("\"1\""), "{theirs}");
    }

    #[test]
    fn a_table_that_both_added() {
        let text = whole(&format!("{A}\n{}", A.replace("\"1\"", "\"2\"")));
        let [ours, theirs] = sides(&text).unwrap();
        assert!(ours.contains("digest = \"1\"") && theirs.contains("digest = \"2\""));
        assert_eq!(ours.matches("[asset").count(), 1);
    }

    #[test]
    fn tables_that_end_with_the_same_line() {
        let added = A.replace("\"a", "\"b").replace("\"1\"", "\"2\"");
        let text = whole(&format!("{}{added}", A.strip_suffix("]\n").unwrap()));
        let [ours, theirs] = sides(&text).unwrap();
        assert_eq!(ours, theirs);
        assert_eq!(ours.matches("\n]\n").count(), 2, "{ours}");
    }

    #[test]
    fn what_is_no_merge_is_none() {
        for text in ["[x]\nrubbish\n", "[x]\na = [\n"] {
            assert_eq!(sides(text), None, "{text}");
        }
    }
}
