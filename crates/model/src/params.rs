//! What a model takes in `params`, one rule a parameter. Knows no parameter by name.

use serde::Deserialize;
use serde_json::Value;

use base::diagnostic::list;

/// The values that a parameter may have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ParamRule {
    /// One of these words.
    Words(Vec<String>),
    /// A whole number from the first to the second.
    Range(i64, i64),
    /// The word `text`: any text.
    Text(Text),
}

/// The word `text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Text {
    /// `text`.
    #[serde(rename = "text")]
    Text,
}

impl ParamRule {
    /// Any text.
    pub const TEXT: Self = Self::Text(Text::Text);

    /// Whether it takes a value.
    pub fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Words(words) => value
                .as_str()
                .is_some_and(|word| words.iter().any(|w| w == word)),
            Self::Range(least, most) => value
                .as_i64()
                .is_some_and(|number| (*least..=*most).contains(&number)),
            Self::Text(_) => value.is_string(),
        }
    }

    /// The end of "it must be …".
    pub fn words(&self) -> String {
        match self {
            Self::Words(words) if words.len() == 1 => list(words),
            Self::Words(words) => format!("one of {}", list(words)),
            Self::Range(least, most) => format!("a whole number from {least} to {most}"),
            Self::Text(_) => "a text".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ParamRule;

    #[test]
    fn each_rule_takes_what_it_says() {
        let read = |value: Value| serde_json::from_value::<ParamRule>(value).unwrap();
        for (rule, words, takes, refuses) in [
            (
                json!(["auto", "low"]),
                "one of `auto` and `low`",
                json!(["auto", "low"]),
                json!(["high", 1, true, null]),
            ),
            (
                json!([0, 100]),
                "a whole number from 0 to 100",
                json!([0, 7, 100]),
                json!([-1, 101, 1.5, "7"]),
            ),
            (json!("text"), "a text", json!(["", "x"]), json!([1, ["x"]])),
        ] {
            let rule = read(rule);
            assert_eq!(rule.words(), words);
            for value in takes.as_array().unwrap() {
                assert!(rule.takes(value), "{words}: {value}");
            }
            for value in refuses.as_array().unwrap() {
                assert!(!rule.takes(value), "{words}: {value}");
            }
        }
        assert_eq!(read(json!("text")), ParamRule::TEXT);
        assert!(serde_json::from_value::<ParamRule>(json!("any")).is_err());
    }
}
