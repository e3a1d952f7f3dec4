//! `usage`: the tokens that are billed. What is in other words, or nothing, says nothing: it is not known then.

use std::io::Read;

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ValueType};

use crate::reply::Usage;

/// What `usage` says.
pub(super) enum Billed {
    /// So many tokens.
    Tokens(Usage),
    /// Nothing that can be read.
    Nothing,
    /// What is no number of tokens.
    Odd,
}

/// Reads `usage`. Output tokens are counted whole where they are not told apart: text output of these models
/// is billed at no other price that is published.
pub(super) fn read<R: Read>(json: &mut JsonStreamReader<R>) -> Result<Billed, ReaderError> {
    let mut usage = Usage::default();
    let mut input = 0;
    let mut output_image = None;
    let mut is_odd = false;
    let mut number = |text: &str| {
        let tokens = tokens(text);
        is_odd |= tokens.is_none();
        tokens.unwrap_or_default()
    };
    json.begin_object()?;
    while json.has_next()? {
        match (json.next_name_owned()?.as_str(), json.peek()?) {
            ("input_tokens", ValueType::Number) => input = number(json.next_number_as_str()?),
            ("output_tokens", ValueType::Number) => {
                usage.image_out = number(json.next_number_as_str()?);
            }
            (name @ ("input_tokens_details" | "output_tokens_details"), ValueType::Object) => {
                let is_input = name.starts_with("input");
                json.begin_object()?;
                while json.has_next()? {
                    match (json.next_name_owned()?.as_str(), json.peek()?) {
                        ("text_tokens", ValueType::Number) if is_input => {
                            usage.text_in = number(json.next_number_as_str()?);
                        }
                        ("image_tokens", ValueType::Number) if is_input => {
                            usage.image_in = number(json.next_number_as_str()?);
                        }
                        ("image_tokens", ValueType::Number) => {
                            output_image = Some(number(json.next_number_as_str()?));
                        }
                        _ => json.skip_value()?,
                    }
                }
                json.end_object()?;
            }
            _ => json.skip_value()?,
        }
    }
    json.end_object()?;
    if let Some(image) = output_image {
        usage.image_out = usage.image_out.max(image);
    }
    if usage.text_in == 0 && usage.image_in == 0 {
        // Not told apart: counted at the dearer price.
        usage.image_in = input;
    }
    Ok(match (is_odd, usage.image_out) {
        (true, _) => Billed::Odd,
        // No picture is made of nothing.
        (false, 0) => Billed::Nothing,
        (false, _) => Billed::Tokens(usage),
    })
}

/// A whole number of tokens, also as `1756.0`.
fn tokens(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = decimals.bytes().all(|b| b == b'0');
    is_whole.then(|| whole.parse().ok()).flatten()
}
