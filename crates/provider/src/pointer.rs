//! JSON pointers (RFC 6901), with `*` for every element of a list where values are read, and `-` for one more element
//! where one is set. Knows no field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A pointer, or several: whatever is at the first one that leads anywhere counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pointers {
    /// One.
    One(String),
    /// Several, in this order.
    Several(Vec<String>),
}

impl Pointers {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        };
        all.iter().map(String::as_str)
    }

    /// All values at the first pointer that has any.
    pub fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = self.iter().map(|pointer| all(value, pointer));
        found.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The first value that is a text or a number, as text.
    pub fn text(&self, value: &Value) -> Option<String> {
        self.iter().find_map(|pointer| text(value, pointer))
    }
}

/// All values at a pointer: one, or many where it has a `*`, or none.
pub fn all<'v>(value: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in parts(pointer) {
        found = found
            .into_iter()
            .flat_map(|value| match (value, part.as_str()) {
                (Value::Array(items), "*") => items.iter().collect(),
                // One that stands alone is a list of one.
                (Value::Null, "*") => Vec::new(),
                (other, "*") => vec![other],
                (Value::Array(items), index) => {
                    let item = index.parse().ok().and_then(|n: usize| items.get(n));
                    item.into_iter().collect()
                }
                (Value::Object(map), name) => map.get(name).into_iter().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    found
}

/// The first value at a pointer that is a text or a number, as text.
pub fn text(value: &Value, pointer: &str) -> Option<String> {
    all(value, pointer)
        .into_iter()
        .find_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
}

/// Puts a value at a pointer; what is on the way there becomes an object, but an element of a list that is there, or one
/// more where the pointer says `-`.
pub fn set(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for part in parts(pointer) {
        place = step(place, part);
    }
    *place = value;
}

fn step(place: &mut Value, part: String) -> &mut Value {
    if part == "-" && !place.is_object() && !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    let index = match place {
        Value::Array(items) if part == "-" => {
            items.push(Value::Null);
            Some(items.len() - 1)
        }
        Value::Array(items) => part.parse().ok().filter(|n: &usize| *n < items.len()),
        _ => None,
    };
    if let Some(index) = index {
        return &mut place[index];
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    &mut place[part]
}

fn parts(pointer: &str) -> impl Iterator<Item = String> {
    let parts = pointer.split('/').skip(1);
    parts.map(|part| part.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{all, set, text};

    #[test]
    fn gets_and_sets() {
        let value = json!({"a/b": [{"url": "1"}, {"url": "2"}, {}], "one": "3", "n": 4});
        let urls = |pointer: &str| -> Vec<String> {
            let found = all(&value, pointer).into_iter();
            found.map(ToString::to_string).collect()
        };
        assert_eq!(urls("/a~1b/*/url"), ["\"1\"", "\"2\""]);
        assert_eq!(urls("/a~1b/1/url"), ["\"2\""]);
        assert_eq!(urls("/one/*"), ["\"3\""]);
        assert_eq!(urls("/none/*/url"), [""; 0]);
        assert_eq!(text(&value, "/n").as_deref(), Some("4"));
        assert_eq!(text(&value, "/a~1b"), None);
        let mut made = Value::Null;
        set(&mut made, "/input/prompt", json!("p"));
        set(&mut made, "/input/n", json!(2));
        set(&mut made, "/set", json!(false));
        assert_eq!(
            made,
            json!({"input": {"prompt": "p", "n": 2}, "set": false})
        );
        let mut made = json!({"messages": [{"content": []}]});
        set(&mut made, "/messages/0/content/-/text", json!("p"));
        set(&mut made, "/messages/0/content/-", json!(1));
        set(&mut made, "/list/-", json!(2));
        let content = json!([{"text": "p"}, 1]);
        assert_eq!(
            made,
            json!({"messages": [{"content": content}], "list": [2]})
        );
        assert!(all(&json!({"output": null}), "/output/*").is_empty());
    }
}
