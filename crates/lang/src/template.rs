//! A text with holes: `` `{id}` has {} ``. Knows how one is written and where a text could be cut by it; not what may
//! stand in a hole.

/// What is taken from a hole into the other language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{x}`: what is there must be said in the other language too, unless it stands in quotes or is no words at all.
    Words,
    /// `{x?}`: said in the other language if it can be; else it is somebody else's words, and stays.
    Foreign,
    /// `{x!}`: a name, or what somebody wrote: it stays.
    Name,
}

/// A piece of a translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(String),
    /// What stands in the hole of this number.
    Hole(usize, Kind),
}

/// An English text with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The texts before, between and after the holes: one more than there are holes.
    pub texts: Vec<String>,
    /// The names of the holes; those without are numbered.
    pub names: Vec<String>,
    /// Whether its first hole is a number of things, and nothing else fits there.
    pub counts: bool,
}

impl Template {
    /// Reads an English text.
    pub fn english(text: &str) -> Self {
        let (mut texts, mut names) = (vec![String::new()], Vec::new());
        let mut unnamed = 0;
        for piece in pieces(text) {
            match piece {
                Raw::Text(text) => {
                    if let Some(last) = texts.last_mut() {
                        last.push_str(text);
                    }
                }
                Raw::Hole(name, _) => {
                    names.push(numbered(name, &mut unnamed));
                    texts.push(String::new());
                }
            }
        }
        Self {
            texts,
            names,
            counts: false,
        }
    }

    /// How many bytes of it are no hole: what has more of them says more exactly what is meant.
    pub fn weight(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    /// Whether what is in a hole stands in quotes, and is nobody's to translate.
    pub fn is_quoted(&self, hole: usize) -> bool {
        let (before, after) = (&self.texts[hole], &self.texts[hole + 1]);
        let odd = self.texts[..=hole]
            .iter()
            .map(|t| t.matches('`').count())
            .sum::<usize>()
            % 2
            == 1;
        odd || (before.ends_with('“') && after.starts_with('”'))
            || (before.ends_with('"') && after.starts_with('"'))
    }

    /// Reads its translation; the error is a hole that the English text does not have.
    pub fn translation(&self, text: &str) -> Result<Vec<Piece>, String> {
        let mut found = Vec::new();
        let mut unnamed = 0;
        for piece in pieces(text) {
            found.push(match piece {
                Raw::Text(text) => Piece::Text(text.to_owned()),
                Raw::Hole(name, kind) => {
                    let name = numbered(name, &mut unnamed);
                    let hole = self.names.iter().position(|known| *known == name);
                    Piece::Hole(hole.ok_or(name)?, kind)
                }
            });
        }
        Ok(found)
    }
}

/// A hole without a name has its number among those: `{}`, or `{1}` where the order is another one.
fn numbered(name: &str, unnamed: &mut usize) -> String {
    if !name.is_empty() {
        return name.to_owned();
    }
    *unnamed += 1;
    (*unnamed - 1).to_string()
}

enum Raw<'t> {
    Text(&'t str),
    Hole(&'t str, Kind),
}

fn pieces(text: &str) -> Vec<Raw<'_>> {
    let mut found = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|n| at + n) {
        at = open + 1;
        let Some(close) = text[at..].find('}').map(|n| at + n) else {
            break;
        };
        let inside = &text[at..close];
        let (name, kind) = match (inside.strip_suffix('!'), inside.strip_suffix('?')) {
            (Some(name), _) => (name, Kind::Name),
            (_, Some(name)) => (name, Kind::Foreign),
            _ => (inside, Kind::Words),
        };
        // Any other brace is itself.
        if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            found.extend((from < open).then(|| Raw::Text(&text[from..open])));
            found.push(Raw::Hole(name, kind));
            (from, at) = (close + 1, close + 1);
        }
    }
    found.extend((from < text.len()).then(|| Raw::Text(&text[from..])));
    found
}

#[cfg(test)]
mod tests {
    use super::{Kind, Piece, Template};

    #[test]
    fn holes_are_read_and_other_braces_stay() {
        let template =
            Template::english("write `{{ text.{role} }}` or `{ asset = \"id\" }` in {}, {}");
        assert_eq!(template.names, ["role", "0", "1"]);
        assert_eq!(
            template.texts,
            [
                "write `{{ text.",
                " }}` or `{ asset = \"id\" }` in ",
                ", ",
                ""
            ]
        );
        assert!(template.is_quoted(0) && !template.is_quoted(1));
        let hole = |n, kind| Piece::Hole(n, kind);
        assert_eq!(
            template.translation("{1!} {0?}{role}").unwrap(),
            [
                hole(2, Kind::Name),
                Piece::Text(" ".into()),
                hole(1, Kind::Foreign),
                hole(0, Kind::Words)
            ]
        );
        assert_eq!(template.translation("{id}"), Err("id".to_owned()));
    }

    #[test]
    fn what_stands_in_quotes_is_known() {
        let template = Template::english("`{}` says “{}” and \"{}\" {} `x` {}");
        let quoted: Vec<bool> = (0..5).map(|hole| template.is_quoted(hole)).collect();
        assert_eq!(quoted, [true, true, true, false, false]);
    }
}
