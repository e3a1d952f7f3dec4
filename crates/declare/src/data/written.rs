//! Numbers as they are written: `1.10` is one number with `1.1`, and another text. Which numbers would be drawn
//! otherwise than they are written, for all languages of data. Knows no files.

use minijinja::value::Serde;
use serde_json::{Map, Value};

/// A table, and the same with such numbers as text, if it has any.
pub(super) type Table = (Map<String, Value>, Option<Map<String, Value>>);

/// The text of a number, if it would be drawn otherwise; `text` is how it is written.
pub(super) fn odd(value: &Value, text: &str) -> Option<Value> {
    let drawn = match value {
        Value::Number(number) => minijinja::Value::from(Serde(number)).to_string(),
        _ => return None,
    };
    (drawn != text).then(|| Value::String(text.to_owned()))
}

/// Whether a text may hold such a number: what is asked before it is read a second time. `ends` says which
/// characters end a number.
pub(super) fn may_be_odd(text: &str, ends: &[char]) -> bool {
    text.split(|c: char| c.is_whitespace() || ends.contains(&c))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)))
        .any(is_odd)
}

fn is_odd(word: &str) -> bool {
    let digits = word.trim_start_matches(['+', '-']);
    if digits.starts_with("0x") || digits.starts_with("0o") || digits.starts_with("0b") {
        return true;
    }
    if word.parse::<i64>().is_ok_and(|n| n.to_string() == word) {
        return false;
    }
    word.parse::<f64>()
        .is_ok_and(|n| minijinja::Value::from(n).to_string() != word)
}

#[cfg(test)]
mod tests {
    use super::may_be_odd;

    #[test]
    fn what_is_drawn_as_it_is_written_is_not_odd() {
        for text in [
            "a: 1",
            "a: 1.5",
            "a: -0.25",
            "a: 2024-01-05",
            "a: 5.0",
            "a: x1.10",
            "a: 12:30:00",
        ] {
            assert!(!may_be_odd(text, &[]), "{text}");
        }
        for text in [
            "a: 1.10", "a: 1e3", "a: +5", "a: 0x1F", "a: .5", "a: 5.", "a: 00",
        ] {
            assert!(may_be_odd(text, &[]), "{text}");
        }
    }
}
