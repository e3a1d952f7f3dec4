//! Which ingredients of a key differ, old against new, in the same words that the key is made of; and of a page, which
//! of its texts.

use render::role_texts;

use crate::key::{Ingredients, LAYOUT, OVERLAY};

/// One ingredient that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// What it was; `None` if it was not there.
    pub old: Option<String>,
    /// What it is; `None` if it is gone.
    pub new: Option<String>,
}

impl Change {
    /// What a reason calls it: of a page whose texts differ, which they are, and else the ingredient's name. Fonts are
    /// told as one.
    pub fn names(&self) -> Vec<String> {
        let is_font = |name: &str| {
            let number = name
                .strip_prefix("overlay ")
                .unwrap_or(name)
                .strip_prefix("font ");
            number.is_some_and(|number| number.parse::<usize>().is_ok())
        };
        if is_font(&self.name) {
            return vec!["fonts".to_owned()];
        }
        let (Some(old), Some(new)) = (&self.old, &self.new) else {
            return vec![self.name.clone()];
        };
        let roles = match self.name.as_str() {
            LAYOUT | OVERLAY => changed_roles(old, new),
            _ => Vec::new(),
        };
        match roles.is_empty() {
            true => vec![self.name.clone()],
            false => roles.iter().map(|role| format!("`text.{role}`")).collect(),
        }
    }
}

/// The roles whose texts are not the same on both pages.
fn changed_roles(old: &str, new: &str) -> Vec<String> {
    let (old, mut new) = (role_texts(old), role_texts(new));
    let mut changed: Vec<String> = Vec::new();
    for (role, texts) in old {
        if new.remove(&role) != Some(texts) {
            changed.push(role);
        }
    }
    changed.extend(new.into_keys());
    changed.sort();
    changed
}

/// Every ingredient that differs, in the order of the key.
pub fn changes(old: &Ingredients, new: &Ingredients) -> Vec<Change> {
    let mut found = Vec::new();
    for (name, value) in &new.0 {
        let before = old.get(name);
        if before != Some(value.as_str()) {
            found.push(Change {
                name: name.clone(),
                old: before.map(str::to_owned),
                new: Some(value.clone()),
            });
        }
    }
    for (name, value) in &old.0 {
        if new.get(name).is_none() {
            found.push(Change {
                name: name.clone(),
                old: Some(value.clone()),
                new: None,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Change, changes};
    use crate::key::Ingredients;

    #[test]
    fn changed_added_and_gone() {
        let list = |entries: &[(&str, &str)]| {
            Ingredients(
                entries
                    .iter()
                    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                    .collect(),
            )
        };
        let old = list(&[("size", "1x1"), ("prompt", "a"), ("mask", "m")]);
        let new = list(&[("size", "1x1"), ("prompt", "b"), ("quality", "high")]);
        let names: Vec<String> = changes(&old, &new)
            .into_iter()
            .map(|c| format!("{}: {:?} -> {:?}", c.name, c.old, c.new))
            .collect();
        assert_eq!(
            names,
            [
                "prompt: Some(\"a\") -> Some(\"b\")",
                "quality: None -> Some(\"high\")",
                "mask: Some(\"m\") -> None"
            ]
        );
    }

    #[test]
    fn a_page_whose_texts_differ_is_told_by_their_roles() {
        let page = |title: &str, badge: &str, style: &str| {
            format!("<h1 data-role='headline' style='{style}'>{title}</h1>{badge}")
        };
        let names = |name: &str, old: String, new: String| {
            let change = Change {
                name: name.to_owned(),
                old: Some(old),
                new: Some(new),
            };
            change.names().join(", ")
        };
        let badge = "<p data-role='badge'>new</p>";
        for (old, new, told) in [
            (page("一", "", ""), page("二", "", ""), "`text.headline`"),
            (page("一", "", ""), page("一", "", "color:red"), "layout"),
            (
                page("一", "", ""),
                page("二", badge, "color:red"),
                "`text.badge`, `text.headline`",
            ),
            (page("一", badge, ""), page("一", "", ""), "`text.badge`"),
        ] {
            assert_eq!(names("layout", old, new), told);
        }
        let two = |name: &str| names(name, "1x1".to_owned(), "2x2".to_owned());
        assert_eq!(two("size"), "size");
        assert_eq!(two("font 12") + &two("overlay font 1"), "fontsfonts");
    }
}
