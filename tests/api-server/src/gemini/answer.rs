//! Answers in the shapes of recorded ones: what is said, drawn and counted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Turn;
use crate::png::{Format, Picture};

/// An answer, and the blake3 of the picture in it that was asked for.
pub struct Made {
    /// Its body.
    pub json: Value,
    /// The picture.
    pub picture: Option<String>,
}

/// What a picture counts for beside its own tokens: the words around it, and what was thought.
const WORDS: u64 = 398;
const THOUGHTS: u64 = 163;
/// What each reference counts for.
const REFERENCE: u64 = 1120;

/// The answer to a request for a picture of this size.
pub fn answer(
    turn: &Turn,
    model: &str,
    body: &Value,
    size: (u32, u32),
    id: &str,
    seed: &str,
) -> Made {
    let format = match model {
        "gemini-2.5-flash-image" => Format::Png,
        _ => Format::Jpeg,
    };
    let draw = |nth: u8| {
        Picture {
            size,
            format,
            quality: 80,
            transparent: false,
            seed: *blake3::hash(format!("{seed} {nth}").as_bytes()).as_bytes(),
        }
        .encode()
    };
    let (parts, reason, picture) = parts(turn, format, draw);
    let content = match parts.is_empty() {
        true => json!({}),
        false => json!({"role": "model", "parts": parts}),
    };
    let mut json = json!({
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": usage(turn, model, body, size),
        "modelVersion": model,
        "responseId": id,
    });
    if *turn == Turn::Blocked {
        json["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        drop_field(&mut json, "candidates");
    }
    if *turn == Turn::Unbilled {
        drop_field(&mut json, "usageMetadata");
    }
    Made { json, picture }
}

/// The parts of an answer, why it ends, and the blake3 of the picture in it that was asked for.
fn parts(
    turn: &Turn,
    format: Format,
    draw: impl Fn(u8) -> Vec<u8>,
) -> (Vec<Value>, &'static str, Option<String>) {
    let inline = |bytes: &[u8], signature: usize| {
        json!({
            "inlineData": {"mimeType": format!("image/{}", format.name()), "data": STANDARD.encode(bytes)},
            "thoughtSignature": "E".repeat(signature.next_multiple_of(4)),
        })
    };
    let digest = |bytes: &[u8]| Some(blake3::hash(bytes).to_hex().to_string());
    match turn {
        Turn::Picture | Turn::Unbilled | Turn::Cut => {
            let bytes = draw(0);
            (vec![inline(&bytes, bytes.len())], "STOP", digest(&bytes))
        }
        Turn::Drafts(signature) => {
            let bytes = draw(0);
            let mut draft = inline(&draw(1), *signature);
            // After what it is about, as it may be.
            draft["thought"] = true.into();
            let thought = json!({"text": "A plan.", "thought": true});
            let words = json!({"text": "Here it is.", "thoughtSignature": "E".repeat(signature.next_multiple_of(4))});
            let parts = vec![
                thought,
                draft,
                words,
                inline(&draw(2), *signature),
                inline(&bytes, *signature),
            ];
            (parts, "STOP", digest(&bytes))
        }
        Turn::Words(words) => (vec![json!({"text": words})], "STOP", None),
        Turn::Nothing => (
            vec![json!({"inlineData": {"mimeType": "image/png", "data": ""}})],
            "STOP",
            None,
        ),
        Turn::HeldBack => (Vec::new(), "IMAGE_SAFETY", None),
        _ => (Vec::new(), "NO_IMAGE", None),
    }
}

fn drop_field(json: &mut Value, name: &str) {
    if let Some(map) = json.as_object_mut() {
        map.remove(name);
    }
}

fn usage(turn: &Turn, model: &str, body: &Value, size: (u32, u32)) -> Value {
    let parts = body["contents"][0]["parts"].as_array();
    let references = parts.map_or(0, |parts| parts.len() as u64 - 1) * REFERENCE;
    let text = body["contents"][0]["parts"][0]["text"]
        .as_str()
        .unwrap_or_default();
    let text = text.len().div_ceil(4) as u64;
    let prompt = text + references;
    let mut usage = json!({
        "promptTokenCount": prompt,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": text},
            {"modality": "IMAGE", "tokenCount": references},
        ],
        "serviceTier": "standard",
    });
    let (candidates, image, thoughts) = match turn {
        Turn::NoImage | Turn::Blocked => (0, 0, 0),
        Turn::HeldBack => (0, 0, THOUGHTS),
        Turn::Words(words) => (words.len().div_ceil(4) as u64, 0, 0),
        _ => {
            let image = tokens(model, size);
            (image + WORDS, image, THOUGHTS)
        }
    };
    if candidates > 0 {
        usage["candidatesTokenCount"] = candidates.into();
    }
    if image > 0 {
        usage["candidatesTokensDetails"] = json!([{"modality": "IMAGE", "tokenCount": image}]);
    }
    if thoughts > 0 {
        usage["thoughtsTokenCount"] = thoughts.into();
    }
    usage["totalTokenCount"] = (prompt + candidates + thoughts).into();
    usage
}

/// What a picture counts for, as published.
fn tokens(model: &str, (w, h): (u32, u32)) -> u64 {
    let tier = match u64::from(w) * u64::from(h) {
        ..1_200_000 => 0,
        1_200_000..5_000_000 => 1,
        _ => 2,
    };
    match model {
        "gemini-2.5-flash-image" => 1290,
        "gemini-3-pro-image" => [1120, 1120, 2000][tier],
        "gemini-3.1-flash-image" => [1120, 1680, 2520][tier],
        _ => [1120, 2067, 3780][tier],
    }
}
