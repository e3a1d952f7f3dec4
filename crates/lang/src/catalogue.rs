//! Reads a catalogue in the form of gettext: `msgid` and `msgstr`, `msgid_plural` for what is counted, comments. Knows
//! nothing of how a text is found in it.

use std::collections::BTreeMap;

use crate::template::{Piece, Template};

/// All that is known of one language.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<(String, String)>,
    /// Texts without holes.
    exact: BTreeMap<String, String>,
    /// Texts with holes and their translations, the ones that say most first.
    templates: Vec<(Template, Vec<Piece>)>,
}

/// An entry of a catalogue that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Catalogue {
    /// The translation of a text without holes.
    pub fn exact(&self, text: &str) -> Option<&str> {
        self.exact.get(text).map(String::as_str)
    }

    /// The templates, the ones that say most first.
    pub fn templates(&self) -> &[(Template, Vec<Piece>)] {
        &self.templates
    }

    /// Whether a literal of the sources is in it, whatever its holes are called.
    pub fn has(&self, literal: &str) -> bool {
        let wanted = Template::english(literal);
        match wanted.names.is_empty() {
            true => self.exact.contains_key(literal),
            false => self
                .templates
                .iter()
                .any(|(template, _)| template.texts == wanted.texts),
        }
    }

    /// Its entries, as they stand in it.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(id, words)| (id.as_str(), words.as_str()))
    }

    fn add(&mut self, id: &str, words: &str, counts: bool) -> Result<(), String> {
        let mut template = Template::english(id);
        template.counts = counts;
        let translation = template
            .translation(words)
            .map_err(|hole| format!("`{{{hole}}}` is no hole of `{id}`"))?;
        if template.names.is_empty() {
            match self.exact.insert(id.to_owned(), words.to_owned()) {
                Some(_) => return Err(format!("`{id}` stands twice")),
                None => return Ok(()),
            }
        }
        if self
            .templates
            .iter()
            .any(|(known, _)| known.texts == template.texts)
        {
            return Err(format!("`{id}` stands twice"));
        }
        self.templates.push((template, translation));
        Ok(())
    }
}

/// Reads a catalogue; what is wrong in it is left out, and told.
pub fn read(text: &str) -> (Catalogue, Vec<Malformed>) {
    let mut catalogue = Catalogue::default();
    let mut faults = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let wrong = |why: String| Malformed { line: n + 1, why };
        let Some((keyword, quoted)) = line.split_once(' ') else {
            if !line.is_empty() && line != "#" {
                faults.push(wrong(format!("`{line}` is no entry")));
            }
            continue;
        };
        let Some(words) = unquoted(quoted).filter(|_| keyword != "#") else {
            if keyword != "#" {
                faults.push(wrong(format!("`{line}` is no entry")));
            }
            continue;
        };
        match keyword {
            "msgid" => ids = vec![words],
            "msgid_plural" => ids.push(words),
            "msgstr" | "msgstr[0]" if !ids.is_empty() => {
                let ids = std::mem::take(&mut ids);
                let counts = ids.len() > 1;
                for id in ids {
                    faults.extend(catalogue.add(&id, &words, counts).err().map(wrong));
                    catalogue.entries.push((id, words.clone()));
                }
            }
            _ => faults.push(wrong(format!("`{line}` is no entry"))),
        }
    }
    // Equal ones in their order in the catalogue: which one is meant never changes by itself.
    catalogue
        .templates
        .sort_by_key(|(template, _)| std::cmp::Reverse(template.weight()));
    (catalogue, faults)
}

/// The text in the quotes of a line.
fn unquoted(line: &str) -> Option<String> {
    let inside = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                c => c,
            }),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_catalogue_is_read() {
        let (catalogue, faults) = read(
            "# words\nmsgid \"a \\\"b\\\"\\n\"\nmsgstr \"甲\"\n\nmsgid \"{n} file\"\nmsgid_plural \"{n} files\"\nmsgstr[0] \"{n} 个文件\"\n",
        );
        assert_eq!(faults, []);
        assert_eq!(catalogue.exact("a \"b\"\n"), Some("甲"));
        assert!(
            catalogue.has("{} file") && catalogue.has("{many} files") && !catalogue.has("{} pages")
        );
        assert_eq!(catalogue.entries().count(), 3);
    }

    #[test]
    fn what_is_wrong_in_it_is_told_with_its_line() {
        let text = "msgid \"a\"\nmsgstr \"甲\"\nmsgid \"a\"\nmsgstr \"乙\"\nmsgid \"{x}\"\nmsgstr \"{y}\"\nnothing\nmsgstr \"丙\"\nmsgid a\n";
        let (_, faults) = read(text);
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [4, 6, 7, 8, 9], "{faults:?}");
    }
}
