//! The fields that a provider takes, with their types; any other is refused. Knows no provider.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What a field may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`, and this one of them.
    Is(bool),
    /// This word.
    Word(&'static str),
    /// A picture as a `data:` URL, or a list of them.
    Url,
    /// The same in base64.
    Base64,
    Any,
}

/// The fields of a request that have a value: some of the official packages send null for the rest.
pub(super) fn with_values(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(map) = body.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    body
}

/// Whether an object has these fields, those with `!` in any case, and no other.
pub(super) fn only(body: &Value, fields: &[(&str, Kind)]) -> Result<(), String> {
    let map = body.as_object().ok_or("no object")?;
    for (name, kind) in fields {
        let (bare, is_needed) = match name.strip_prefix('!') {
            Some(bare) => (bare, true),
            None => (*name, false),
        };
        match map.get(bare) {
            None if is_needed => return Err(format!("`{bare}` is missing")),
            Some(value) if !kind.fits(value) => return Err(format!("`{bare}` is wrong: {value}")),
            _ => {}
        }
    }
    let is_known = |name: &str| {
        fields
            .iter()
            .any(|(known, _)| known.trim_start_matches('!') == name)
    };
    match map.keys().find(|name| !is_known(name)) {
        Some(name) => Err(format!("`{name}` is not known")),
        None => Ok(()),
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        let is_base64 = |text: &str| STANDARD.decode(text).is_ok_and(|bytes| bytes.len() > 60);
        let each = |fits: &dyn Fn(&str) -> bool| match value {
            Value::String(text) => fits(text),
            Value::Array(list) => list.iter().all(|one| one.as_str().is_some_and(fits)),
            _ => false,
        };
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_u64(),
            Self::Is(expected) => *value == expected,
            Self::Word(word) => *value == word,
            Self::Url => each(&|text| {
                text.strip_prefix("data:image/png;base64,")
                    .is_some_and(is_base64)
            }),
            Self::Base64 => each(&is_base64),
            Self::Any => true,
        }
    }
}

/// `1536x864`, with any sign between.
pub(super) fn size(text: &Value, between: char) -> Result<(u32, u32), String> {
    let wrong = || format!("`size` is wrong: {text}");
    let (width, height) = text
        .as_str()
        .and_then(|text| text.split_once(between))
        .ok_or_else(wrong)?;
    Ok((
        width.parse().map_err(|_| wrong())?,
        height.parse().map_err(|_| wrong())?,
    ))
}

/// Two numbers.
pub(super) fn sides(width: &Value, height: &Value) -> Result<(u32, u32), String> {
    let side = |value: &Value| {
        let side = value.as_u64().and_then(|side| u32::try_from(side).ok());
        side.ok_or_else(|| format!("a side is wrong: {value}"))
    };
    Ok((side(width)?, side(height)?))
}
