//! Keys, where they come back: a gateway or a provider may repeat what it was sent. What is told, and what is
//! kept in ledger, entries and lock, has none of it. Knows no field.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// What shorter keys are is a word of many texts, and no secret.
const MIN_KEY: usize = 8;
/// What is told in its place.
const INSTEAD: &str = "(your key)";

/// Hides keys in what somebody else says. The default hides nothing.
#[derive(Clone, Debug, Default)]
pub struct Veil {
    keys: Vec<SecretString>,
}

impl Veil {
    /// Hides these keys.
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k SecretString>) -> Self {
        Self {
            keys: keys.into_iter().cloned().collect(),
        }
    }

    /// The text without the keys.
    pub fn over<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for key in self.hidden() {
            if text.contains(key) {
                text = Cow::Owned(text.replace(key, INSTEAD));
            }
        }
        text
    }

    /// Whether there is nothing of a key in it.
    pub(crate) fn lets_pass(&self, name: &str) -> bool {
        self.hidden().all(|key| !name.contains(key))
    }

    fn hidden(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().map(|key| key.expose_secret().trim());
        keys.filter(|key| key.len() >= MIN_KEY)
    }
}

#[cfg(test)]
mod tests {
    use super::Veil;

    #[test]
    fn a_key_is_hidden_and_a_word_is_not() {
        let veil = Veil::new([&" sk-0123456789\n".into()]);
        assert_eq!(
            veil.over("got Bearer sk-0123456789, sk-0123456789"),
            "got Bearer (your key), (your key)"
        );
        assert!(veil.lets_pass("gpt-image-2") && !veil.lets_pass("x/sk-0123456789"));
        for (key, text) in [
            ("test", "a test"),
            ("", "no key"),
            ("sk-0123456789", "sk-01"),
        ] {
            let veil = Veil::new([&key.into()]);
            assert_eq!(veil.over(text), text);
            assert!(veil.lets_pass(text));
        }
        assert!(!format!("{veil:?}").contains("0123"));
    }
}
