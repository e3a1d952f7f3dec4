//! What a result is stored by: a [`Key`], the hash of its [`Ingredients`]. Knows neither what is asked for nor
//! what is exported: who does lists it here.

use std::fmt;

use base::digest::{Digest, Hasher};
use serde::{Deserialize, Serialize};

/// Names one shot or one export. Not a [`Digest`] of bytes, so the two cannot be swapped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub Digest);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.short())
    }
}

/// Everything that counts, as (name, value) in a fixed order; kept beside the result, so that a
/// later change can be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ingredients(pub Vec<(String, String)>);

impl Ingredients {
    /// One more that counts.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// One more that counts where there is one; nothing is said where there is none.
    pub fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The key of these ingredients, in a domain of their own: what is of two kinds never has the same.
    pub fn key(&self, domain: &str) -> Key {
        let mut hasher = Hasher::new(domain);
        for (name, value) in &self.0 {
            hasher.field(name.as_bytes());
            hasher.field(value.as_bytes());
        }
        Key(hasher.finish())
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}
