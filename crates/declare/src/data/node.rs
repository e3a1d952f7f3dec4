//! A value as JSON and YAML hold it. Refuses what would be changed without a word: a key that stands
//! twice, a number that has no exact form. Knows nothing of files or places.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How the message of a key that stands twice begins; the key follows in backticks.
pub(super) const TWICE: &str = "duplicate key ";
/// How the message of a number without exact form begins; the number follows in backticks.
pub(super) const INEXACT: &str = "inexact number ";

/// Beyond this, whole numbers lose digits on the way through a float.
const EXACT: f64 = 18_446_744_073_709_551_616.0;

/// A value, to be deserialized.
pub(super) struct Node(pub(super) Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Node)
    }
}

/// Takes any value that a file can hold.
pub(super) struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        exact(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format!("{INEXACT}`{value}`")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut table = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            // Before the value, so that the error stands at the key.
            if table.contains_key(&key) {
                return Err(A::Error::custom(format!("{TWICE}`{key}`")));
            }
            let Node(value) = map.next_value()?;
            table.insert(key, value);
        }
        Ok(Value::Object(table))
    }
}

/// A float that says what was written: finite, and not a whole number with digits lost.
pub(super) fn exact(value: f64) -> Option<Number> {
    if value.abs() >= EXACT {
        return None;
    }
    Number::from_f64(value)
}
