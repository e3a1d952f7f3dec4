//! The key, where it comes back: a gateway or a provider may repeat what it was sent. What is told, and what is
//! kept in ledger, entries and lock, has none of it. Knows no field.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// What shorter keys are is a word of many texts, and no secret.
const LEAST: usize = 8;
/// What is told in its place.
const INSTEAD: &str = "(your key)";

/// Hides a key in what somebody else says. The default hides nothing.
#[derive(Clone, Debug, Default)]
pub struct Veil {
    key: Option<SecretString>,
}

impl Veil {
    /// Hides this key.
    pub fn new(key: Option<&SecretString>) -> Self {
        Self { key: key.cloned() }
    }

    /// The text without the key.
    pub(in crate::provider) fn over<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.hidden() {
            Some(key) if text.contains(key) => Cow::Owned(text.replace(key, INSTEAD)),
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether there is nothing of the key in it.
    pub(in crate::provider) fn lets_pass(&self, name: &str) -> bool {
        self.hidden().is_none_or(|key| !name.contains(key))
    }

    fn hidden(&self) -> Option<&str> {
        let key = self.key.as_ref()?.expose_secret().trim();
        (key.len() >= LEAST).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::Veil;

    #[test]
    fn a_key_is_hidden_and_a_word_is_not() {
        let veil = Veil::new(Some(&" sk-0123456789\n".into()));
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
            let veil = Veil::new(Some(&key.into()));
            assert_eq!(veil.over(text), text);
            assert!(veil.lets_pass(text));
        }
        assert!(!format!("{veil:?}").contains("0123"));
    }
}
