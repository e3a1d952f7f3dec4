//! [`Finding`]: what a check of a picture found, as it is kept beside that picture and told to a person. Knows no check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most characters of what is said of a finding: it may quote what a model drew.
const MAX_WORDS: usize = 200;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The check cannot tell: worth a look, and no reason to pay for another picture.
    Unsure,
    /// The picture is not what was asked for.
    Wrong,
}

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// From the left edge.
    pub left: u32,
    /// From the upper edge.
    pub top: u32,
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}

/// What a check found in a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check that says so, in a word: `words`.
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// In which of the answer's pictures, from 1.
    pub candidate: usize,
    /// Where in it; `None` is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    words: String,
}

impl Finding {
    /// A finding in all of a picture. Of `words` the first 200 characters are kept, and none that a terminal obeys.
    pub fn new(kind: &str, severity: Severity, candidate: usize, words: &str) -> Self {
        let plain = words.chars().filter(|c| !c.is_control());
        Self {
            kind: kind.to_owned(),
            severity,
            candidate,
            area: None,
            words: plain.take(MAX_WORDS).collect(),
        }
    }

    /// The same, in a part of the picture.
    #[must_use]
    pub fn at(self, area: Area) -> Self {
        Self {
            area: Some(area),
            ..self
        }
    }

    /// Whether the picture is not what was asked for.
    pub fn is_wrong(&self) -> bool {
        self.severity == Severity::Wrong
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "picture {}: {}", self.candidate, self.words)?;
        match self.area {
            Some(Area {
                left,
                top,
                width,
                height,
            }) => write!(f, " (at {left},{top}, {width}x{height})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, Finding, Severity};

    #[test]
    fn what_is_said_is_bounded_and_plain() {
        let drawn = format!("reads `\u{1b}[2J{}`", "字".repeat(500));
        let found = Finding::new("words", Severity::Wrong, 2, &drawn).at(Area {
            left: 1,
            top: 2,
            width: 30,
            height: 4,
        });
        let said = found.to_string();
        assert!(said.starts_with("picture 2: reads `[2J字字"), "{said}");
        assert!(said.ends_with("字 (at 1,2, 30x4)"), "{said}");
        assert_eq!(said.matches('字').count(), 190);
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), found);
    }
}
