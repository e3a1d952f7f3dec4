//! Which ingredients of a key differ, old against new, in the same words that the key is made of.

use crate::key::Ingredients;

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
    use super::changes;
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
}
