//! JSON pointers (RFC 6901), with `*` for every element of a list, and to set as well as to get. Knows no field.

use serde_json::{Map, Value};

/// All values at a pointer: one, or many where it has a `*`, or none.
pub fn all<'v>(value: &'v Value, pointer: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in parts(pointer) {
        found = found
            .into_iter()
            .flat_map(|value| match (value, part.as_str()) {
                (Value::Array(items), "*") => items.iter().collect(),
                // One that stands alone is a list of one.
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

/// Puts a value at a pointer; what is on the way there becomes an object.
pub fn set(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for part in parts(pointer) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = value;
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
    }
}
