//! The official OpenAPI description of the Images API, amended, as a check of requests and answers.
//! `openapi/images.yaml` is the description word for word, `openapi/amendments.yaml` what is changed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::params::Body;

const DESCRIPTION: &str = include_str!("../openapi/images.yaml");
const AMENDMENTS: &str = include_str!("../openapi/amendments.yaml");

/// One entry of `amendments.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amendment {
    /// For people.
    #[serde(rename = "why")]
    _why: String,
    /// A JSON pointer below the schemas.
    at: String,
    /// What stands there now; nothing: the place is removed.
    value: Option<Value>,
}

/// A validator for each schema that is checked, by its name.
static VALIDATORS: LazyLock<Result<BTreeMap<&str, Validator>, String>> = LazyLock::new(|| {
    let schemas = amended()?;
    let names = [
        "CreateImageRequest",
        "CreateImageEditRequest",
        "EditImageBodyJsonParam",
        "ImagesResponse",
        "ErrorResponse",
        "ImageGenPartialImageEvent",
        "ImageGenCompletedEvent",
        "ImageEditPartialImageEvent",
        "ImageEditCompletedEvent",
    ];
    let compile = |name| {
        let document = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": { "schemas": schemas },
        });
        let validator = jsonschema::draft202012::new(&document);
        validator
            .map(|validator| (name, validator))
            .map_err(|e| format!("{name}: {e}"))
    };
    names.into_iter().map(compile).collect()
});

/// Checks the JSON body of a request to `images/generations`.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_generation(body: &Value) -> Result<(), Vec<String>> {
    check_against("CreateImageRequest", body)
}

/// Checks the fields of a form to `images/edits`: numbers and truth values as such, files as any text,
/// `image` a text or, for `image[]`, an array.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_edit(fields: &Value) -> Result<(), Vec<String>> {
    check_against("CreateImageEditRequest", fields)
}

/// Checks the JSON body of a request to `images/edits`.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_edit_json(body: &Value) -> Result<(), Vec<String>> {
    check_against("EditImageBodyJsonParam", body)
}

/// Checks a good answer.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_response(body: &Value) -> Result<(), Vec<String>> {
    check_against("ImagesResponse", body)
}

/// Checks the answer of an error.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_error(body: &Value) -> Result<(), Vec<String>> {
    check_against("ErrorResponse", body)
}

/// Checks the data of an event of a stream, by its `type`.
///
/// # Errors
/// Everything that breaks the description, each with its place.
pub fn check_event(data: &Value) -> Result<(), Vec<String>> {
    let kind = data.get("type").and_then(Value::as_str).unwrap_or_default();
    let schema = match kind {
        "image_generation.partial_image" => "ImageGenPartialImageEvent",
        "image_generation.completed" => "ImageGenCompletedEvent",
        "image_edit.partial_image" => "ImageEditPartialImageEvent",
        "image_edit.completed" => "ImageEditCompletedEvent",
        other => return Err(vec![format!("/type: '{other}' is no event of images")]),
    };
    check_against(schema, data)
}

/// Checks what a request says, by the kind of its body.
pub(crate) fn check(body: Body, document: &Value) -> Result<(), Vec<String>> {
    match body {
        Body::Generation => check_generation(document),
        Body::EditForm => check_edit(document),
        Body::EditJson => check_edit_json(document),
    }
}

fn check_against(schema: &str, value: &Value) -> Result<(), Vec<String>> {
    let validators = VALIDATORS.as_ref().map_err(|e| vec![e.clone()])?;
    let Some(validator) = validators.get(schema) else {
        return Err(vec![format!("there is no schema {schema}")]);
    };
    // A value may be megabytes of base64: it is not repeated.
    let problems: Vec<_> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {}", error.instance_path(), error.masked()))
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems)
}

/// The schemas with the amendments.
fn amended() -> Result<Value, String> {
    let mut description: Value =
        serde_saphyr::from_str(DESCRIPTION).map_err(|e| format!("images.yaml: {e}"))?;
    let mut schemas = description["components"]["schemas"].take();
    let amendments: Vec<Amendment> =
        serde_saphyr::from_str(AMENDMENTS).map_err(|e| format!("amendments.yaml: {e}"))?;
    for amendment in amendments {
        let lost = || format!("amendments.yaml: there is no {}", amendment.at);
        let (parent, name) = amendment.at.rsplit_once('/').ok_or_else(lost)?;
        let place = schemas.pointer_mut(parent).ok_or_else(lost)?;
        match (place, amendment.value) {
            (Value::Object(object), Some(value)) => {
                object.insert(name.to_owned(), value);
            }
            (Value::Object(object), None) => {
                object.shift_remove(name).ok_or_else(lost)?;
            }
            (Value::Array(array), Some(value)) => {
                let index: usize = name.parse().map_err(|_| lost())?;
                *array.get_mut(index).ok_or_else(lost)? = value;
            }
            _ => return Err(lost()),
        }
    }
    read_nullable(&mut schemas);
    Ok(schemas)
}

/// Reads `nullable: true` as "or null", wherever it stands.
fn read_nullable(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(read_nullable),
        Value::Object(object) => {
            object.values_mut().for_each(read_nullable);
            if object.shift_remove("nullable") == Some(Value::Bool(true)) {
                let inner = Value::Object(std::mem::take(object));
                *object =
                    Map::from_iter([("anyOf".to_owned(), json!([inner, { "type": "null" }]))]);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        check_edit, check_edit_json, check_error, check_generation, check_response, read_nullable,
    };

    /// The place of the only problem.
    fn place(checked: Result<(), Vec<String>>) -> String {
        let problems = checked.unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].split(": ").next().unwrap().to_owned()
    }

    #[test]
    fn generations() {
        let good = json!({
            "model": "gpt-image-2.6-flare", "prompt": "x", "n": 2, "size": "1088x1440",
            "quality": "xhigh", "background": null, "complexity": "low", "moderation": "low",
        });
        assert_eq!(check_generation(&good), Ok(()));
        let with = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            check_generation(&body)
        };
        for (name, value) in [
            ("n", json!(11)),
            ("n", json!("1")),
            ("size", json!("big")),
            ("quality", json!("hd")),
            ("output_compression", json!(101)),
            ("prompt", json!("")),
        ] {
            assert_eq!(place(with(name, value)), format!("/{name}"));
        }
        assert_eq!(place(with("response_format", json!("url"))), "");
        assert_eq!(place(with("seed", json!(1))), "");
    }

    #[test]
    fn edits_in_both_encodings() {
        assert_eq!(
            check_edit(&json!({"prompt": "x", "image": "f", "mask": "f"})),
            Ok(())
        );
        assert_eq!(
            check_edit(&json!({"prompt": "x", "image": ["f", "f"]})),
            Ok(())
        );
        assert!(check_edit(&json!({"prompt": "x"})).is_err());
        assert!(check_edit(&json!({"prompt": "x", "image": "f", "moderation": "low"})).is_err());
        let url = "data:image/png;base64,AAAA";
        let good = json!({"prompt": "x", "images": [{"image_url": url}], "size": "1088x1440"});
        assert_eq!(check_edit_json(&good), Ok(()));
        let both = json!({"prompt": "x", "images": [{"image_url": url, "file_id": "f"}]});
        assert!(check_edit_json(&both).is_err());
        assert!(check_edit_json(&json!({"prompt": "x", "images": []})).is_err());
    }

    #[test]
    fn answers() {
        assert_eq!(
            check_response(&json!({"created": 1, "data": [{"b64_json": "A"}]})),
            Ok(())
        );
        assert!(check_response(&json!({"data": []})).is_err());
        let error = json!({"error": {"type": "x", "message": "x", "param": null, "code": null}});
        assert_eq!(check_error(&error), Ok(()));
        assert!(check_error(&json!({"error": {"message": "x"}})).is_err());
    }

    #[test]
    fn nullable_is_or_null() {
        let mut schema = json!({"type": "string", "enum": ["a"], "nullable": true});
        read_nullable(&mut schema);
        let expected = json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]});
        assert_eq!(schema, expected);
    }
}
