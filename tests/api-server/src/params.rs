//! The parameters of a request and their form: names, types, ranges. What a model makes of them is
//! `validate`'s.

use serde_json::{Map, Value};

use crate::error::{ApiError, INVALID_REQUEST};

/// Longest prompt, in characters.
const MAX_PROMPT: usize = 32_000;

/// Which of the three bodies a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// JSON to `images/generations`.
    Generation,
    /// A form to `images/edits`.
    EditForm,
    /// JSON to `images/edits`.
    EditJson,
}

/// What a value must be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer(i64, i64),
    Flag,
    /// One of a list; the lists that depend on the model are `Text` here.
    OneOf(&'static [&'static str]),
}

/// Every scalar parameter: its name, its form, whether generations, edits as a form and edits as JSON
/// have it. `response_format` and `style` are not here: the GPT image models do not know them.
const PARAMS: [(&str, Kind, [bool; 3]); 15] = [
    ("prompt", Kind::Text, [true; 3]),
    ("model", Kind::Text, [true; 3]),
    ("n", Kind::Integer(1, 10), [true; 3]),
    ("size", Kind::Text, [true; 3]),
    ("quality", Kind::Text, [true; 3]),
    (
        "background",
        Kind::OneOf(&["transparent", "opaque", "auto"]),
        [true; 3],
    ),
    ("output_format", Kind::Text, [true; 3]),
    ("output_compression", Kind::Integer(0, 100), [true; 3]),
    (
        "moderation",
        Kind::OneOf(&["low", "auto"]),
        [true, false, true],
    ),
    ("stream", Kind::Flag, [true; 3]),
    ("partial_images", Kind::Integer(0, 3), [true; 3]),
    (
        "complexity",
        Kind::OneOf(&["low", "medium", "high"]),
        [true; 3],
    ),
    (
        "input_fidelity",
        Kind::OneOf(&["high", "low"]),
        [false, true, true],
    ),
    ("user", Kind::Text, [true; 3]),
    ("safety_identifier", Kind::Text, [true; 3]),
];

impl Body {
    fn index(self) -> usize {
        match self {
            Self::Generation => 0,
            Self::EditForm => 1,
            Self::EditJson => 2,
        }
    }

    /// The parameter of that name, if this body has it.
    fn kind(self, name: &str) -> Option<Kind> {
        PARAMS
            .iter()
            .find(|(known, _, on)| *known == name && on[self.index()])
            .map(|(_, kind, _)| *kind)
    }
}

/// The parameters of a request, well formed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// What is asked for.
    pub prompt: String,
    /// The model, if one was named.
    pub model: Option<String>,
    /// How many pictures, 1..=10.
    pub n: u32,
    /// `size` as it was written.
    pub size: Option<String>,
    /// `quality` as it was written.
    pub quality: Option<String>,
    /// `background` as it was written.
    pub background: Option<String>,
    /// `output_format` as it was written.
    pub output_format: Option<String>,
    /// 0..=100.
    pub output_compression: Option<u8>,
    /// Whether the answer is a stream of events.
    pub stream: bool,
    /// Partial pictures of a stream, 0..=3.
    pub partial_images: Option<u32>,
    /// `complexity` as it was written.
    pub complexity: Option<String>,
    /// `input_fidelity` as it was written.
    pub input_fidelity: Option<String>,
}

impl Params {
    /// Reads the scalars of a body. `null` is the same as nothing.
    ///
    /// # Errors
    /// The API's own, about the first value that is not well formed.
    pub fn read(body: Body, values: &Map<String, Value>) -> Result<Self, ApiError> {
        for (name, value) in values {
            let Some(kind) = body.kind(name) else {
                return Err(unknown(name));
            };
            if !value.is_null() {
                check(name, kind, value)?;
            }
        }
        let text = |name: &str| values.get(name)?.as_str().map(str::to_owned);
        let whole = |name: &str| values.get(name)?.as_u64();
        let Some(prompt) = text("prompt") else {
            return Err(missing("prompt"));
        };
        Ok(Self {
            prompt: check_prompt(prompt)?,
            model: text("model"),
            n: whole("n").and_then(|n| n.try_into().ok()).unwrap_or(1),
            size: text("size"),
            quality: text("quality"),
            background: text("background"),
            output_format: text("output_format"),
            output_compression: whole("output_compression").and_then(|n| n.try_into().ok()),
            stream: values.get("stream").and_then(Value::as_bool) == Some(true),
            partial_images: whole("partial_images").and_then(|n| n.try_into().ok()),
            complexity: text("complexity"),
            input_fidelity: text("input_fidelity"),
        })
    }
}

/// A field of a form as the JSON value that it stands for.
///
/// # Errors
/// If it should be a whole number or a truth value and is not.
pub fn from_field(body: Body, name: &str, text: String) -> Result<Value, ApiError> {
    match body.kind(name) {
        Some(Kind::Integer(..)) => {
            let number = text.parse::<i64>();
            number
                .map(Value::from)
                .map_err(|_| wrong_type(name, "an integer", "a string"))
        }
        Some(Kind::Flag) => match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong_type(name, "a boolean", "a string")),
        },
        _ => Ok(Value::String(text)),
    }
}

/// "Unknown parameter".
pub fn unknown(name: &str) -> ApiError {
    ApiError::invalid(
        name,
        "unknown_parameter",
        format!("Unknown parameter: '{name}'."),
    )
}

/// "Missing required parameter".
pub fn missing(name: &str) -> ApiError {
    ApiError::invalid(
        name,
        "missing_required_parameter",
        format!("Missing required parameter: '{name}'."),
    )
}

/// "Invalid type".
pub fn wrong_type(name: &str, expected: &str, got: &str) -> ApiError {
    ApiError::invalid(
        name,
        "invalid_type",
        format!("Invalid type for '{name}': expected {expected}, but got {got} instead."),
    )
}

/// "Invalid value", with the list of good ones.
pub fn not_one_of(name: &str, value: &str, known: &[&str]) -> ApiError {
    let quoted: Vec<_> = known.iter().map(|v| format!("'{v}'")).collect();
    let list = match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [head @ .., last] => format!("{}, and {last}", head.join(", ")),
    };
    ApiError::new(
        400,
        INVALID_REQUEST,
        Some("invalid_value"),
        format!("Invalid value: '{value}'. Supported values are: {list}."),
    )
    .about(name)
}

fn check(name: &str, kind: Kind, value: &Value) -> Result<(), ApiError> {
    let wrong = |expected| Err(wrong_type(name, expected, type_of(value)));
    match kind {
        Kind::Text if !value.is_string() => wrong("a string"),
        Kind::Flag if !value.is_boolean() => wrong("a boolean"),
        Kind::Integer(low, high) => match value.as_i64() {
            None => wrong("an integer"),
            Some(n) if n < low => Err(out_of_range(name, "below minimum", "min", ">=", low, n)),
            Some(n) if n > high => Err(out_of_range(name, "above maximum", "max", "<=", high, n)),
            Some(_) => Ok(()),
        },
        Kind::OneOf(known) => match value.as_str() {
            None => wrong("a string"),
            Some(text) if !known.contains(&text) => Err(not_one_of(name, text, known)),
            Some(_) => Ok(()),
        },
        Kind::Text | Kind::Flag => Ok(()),
    }
}

fn check_prompt(prompt: String) -> Result<String, ApiError> {
    let length = prompt.chars().count();
    if length == 0 {
        return Err(ApiError::invalid(
            "prompt",
            "empty_string",
            "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty \
             string instead.",
        ));
    }
    if length > MAX_PROMPT {
        return Err(ApiError::invalid(
            "prompt",
            "string_above_max_length",
            format!(
                "Invalid 'prompt': string too long. Expected a string with maximum length {MAX_PROMPT}, but \
                 got a string with length {length} instead."
            ),
        ));
    }
    Ok(prompt)
}

fn out_of_range(
    name: &str,
    where_: &str,
    bound: &str,
    sign: &str,
    limit: i64,
    got: i64,
) -> ApiError {
    let code = format!(
        "integer_{}_{bound}_value",
        if bound == "min" { "below" } else { "above" }
    );
    ApiError::invalid(
        name,
        &code,
        format!(
            "Invalid '{name}': integer {where_} value. Expected a value {sign} {limit}, but got {got} instead."
        ),
    )
}

/// How the API names the type of a value.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "an integer",
        Value::Number(_) => "a decimal number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Body, Params, from_field};

    fn read(body: Body, values: &Value) -> Result<Params, (String, Option<String>, String)> {
        Params::read(body, values.as_object().unwrap())
            .map_err(|e| (e.param.unwrap(), e.code, e.message))
    }

    #[test]
    fn what_is_not_well_formed_is_told_as_the_api_tells_it() {
        let long = "x".repeat(32_001);
        for (values, param, code, message) in [
            (
                json!({}),
                "prompt",
                "missing_required_parameter",
                "Missing required parameter: 'prompt'.",
            ),
            (
                json!({"prompt": ""}),
                "prompt",
                "empty_string",
                "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead.",
            ),
            (
                json!({"prompt": long}),
                "prompt",
                "string_above_max_length",
                "Invalid 'prompt': string too long. Expected a string with maximum length 32000, but got a string with length 32001 instead.",
            ),
            (
                json!({"prompt": 4}),
                "prompt",
                "invalid_type",
                "Invalid type for 'prompt': expected a string, but got an integer instead.",
            ),
            (
                json!({"prompt": "x", "n": "4"}),
                "n",
                "invalid_type",
                "Invalid type for 'n': expected an integer, but got a string instead.",
            ),
            (
                json!({"prompt": "x", "n": 11}),
                "n",
                "integer_above_max_value",
                "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead.",
            ),
            (
                json!({"prompt": "x", "n": 0}),
                "n",
                "integer_below_min_value",
                "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            ),
            (
                json!({"prompt": "x", "stream": "yes"}),
                "stream",
                "invalid_type",
                "Invalid type for 'stream': expected a boolean, but got a string instead.",
            ),
            (
                json!({"prompt": "x", "moderation": "none"}),
                "moderation",
                "invalid_value",
                "Invalid value: 'none'. Supported values are: 'low' and 'auto'.",
            ),
            (
                json!({"prompt": "x", "background": "red"}),
                "background",
                "invalid_value",
                "Invalid value: 'red'. Supported values are: 'transparent', 'opaque', and 'auto'.",
            ),
            (
                json!({"prompt": "x", "response_format": "b64_json"}),
                "response_format",
                "unknown_parameter",
                "Unknown parameter: 'response_format'.",
            ),
            (
                json!({"prompt": "x", "style": "vivid"}),
                "style",
                "unknown_parameter",
                "Unknown parameter: 'style'.",
            ),
            (
                json!({"prompt": "x", "seed": 1}),
                "seed",
                "unknown_parameter",
                "Unknown parameter: 'seed'.",
            ),
            (
                json!({"prompt": "x", "input_fidelity": "high"}),
                "input_fidelity",
                "unknown_parameter",
                "Unknown parameter: 'input_fidelity'.",
            ),
        ] {
            let expected = (param.to_owned(), Some(code.to_owned()), message.to_owned());
            assert_eq!(read(Body::Generation, &values), Err(expected));
        }
    }

    #[test]
    fn moderation_is_in_both_json_bodies_and_not_in_the_form() {
        let values = json!({"prompt": "x", "moderation": "low"});
        assert!(read(Body::Generation, &values).is_ok());
        assert!(read(Body::EditJson, &values).is_ok());
        assert!(read(Body::EditForm, &values).is_err());
    }

    #[test]
    fn null_is_nothing_and_fields_of_a_form_become_numbers() {
        let params = read(Body::Generation, &json!({"prompt": "x", "n": null})).unwrap();
        assert_eq!(params.n, 1);
        let field = |name, text: &str| from_field(Body::EditForm, name, text.to_owned());
        assert_eq!(field("n", "4"), Ok(json!(4)));
        assert_eq!(field("stream", "true"), Ok(json!(true)));
        assert_eq!(field("size", "16"), Ok(json!("16")));
        assert!(field("n", "four").is_err());
    }
}
