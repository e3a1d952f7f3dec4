//! The literal words of a picture, by role, in the order of their rank. Knows the roles; does not
//! know where the words come from or how they are drawn.

use serde::Serialize;

/// The roles that every built-in template knows, the most important first. A project adds its own
/// with `[project] roles = ["price"]`; they rank after these.
pub const ROLES: [&str; 19] = [
    "headline", "subhead", "kicker", "badge", "quote", "author", "body", "items", "captions",
    "before", "after", "label", "date", "place", "price", "cta", "note", "footer", "brand",
];

/// What stands in one role: one text, or a list of them (`captions`, `items`, …).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Words {
    /// One text; it may have several lines.
    One(String),
    /// Several texts of the same role.
    Many(Vec<String>),
}

impl Words {
    /// Every single text.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Self::One(text) => (Some(text.as_str()), &[][..]),
            Self::Many(texts) => (None, texts.as_slice()),
        };
        one.into_iter().chain(many.iter().map(String::as_str))
    }

    /// The same with each text as `change` makes it.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::One(text) => Self::One(change(text)),
            Self::Many(texts) => Self::Many(texts.iter().map(|text| change(text)).collect()),
        }
    }

    /// Whether there is nothing to read in it.
    pub fn is_empty(&self) -> bool {
        self.each().all(|text| text.trim().is_empty())
    }
}

/// The words of one picture: (role, words), sorted by rank; no role stands twice, none is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<(String, Words)>);

impl Text {
    /// Sorts by rank (`roles` gives the ranks) and drops empty roles. A later entry of the same
    /// role replaces the earlier one.
    pub fn new(entries: impl IntoIterator<Item = (String, Words)>, roles: &[String]) -> Self {
        let rank = |role: &str| roles.iter().position(|r| r == role).unwrap_or(usize::MAX);
        let mut kept: Vec<(String, Words)> = Vec::new();
        for (role, words) in entries {
            kept.retain(|(r, _)| *r != role);
            if !words.is_empty() {
                kept.push((role, words));
            }
        }
        kept.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
        Self(kept)
    }

    /// The same words with each text as `change` makes it.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let words = self.0.iter();
        Self(
            words
                .map(|(role, words)| (role.clone(), words.map(&change)))
                .collect(),
        )
    }

    /// The words of a role.
    pub fn get(&self, role: &str) -> Option<&Words> {
        self.0.iter().find(|(r, _)| r == role).map(|(_, w)| w)
    }

    /// Every (role, words), the most important first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Words)> {
        self.0.iter().map(|(role, words)| (role.as_str(), words))
    }

    /// Every (role, single text), the most important first.
    pub fn literals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .flat_map(|(role, words)| words.each().map(move |text| (role, text)))
    }

    /// One line that says what is written in the picture, for `alt` attributes.
    pub fn alt(&self) -> String {
        let parts: Vec<String> = self
            .literals()
            .map(|(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|text| !text.is_empty())
            .collect();
        parts.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::{ROLES, Text, Words};

    #[test]
    fn words_are_sorted_by_rank_and_empty_roles_are_dropped() {
        let roles: Vec<String> = ROLES.iter().map(|r| (*r).to_owned()).collect();
        let one = |t: &str| Words::One(t.to_owned());
        let text = Text::new(
            [
                ("footer".to_owned(), one("班期 04-30 启动")),
                ("badge".to_owned(), one("  ")),
                ("headline".to_owned(), one("30 天\n上手")),
                (
                    "captions".to_owned(),
                    Words::Many(vec!["a".into(), "b".into()]),
                ),
            ],
            &roles,
        );
        assert_eq!(text.alt(), "30 天 上手 · a · b · 班期 04-30 启动");
        assert_eq!(text.get("badge"), None);
    }
}
