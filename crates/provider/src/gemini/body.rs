//! The body of a request: words, the pictures that go with them, and the ratio and tier of what is to come. Both
//! modalities are always asked for: with pictures alone a refusal says nothing, with none the model may answer in words.
//! What is sent is the [`Request`] that was hashed, and nothing else.

use std::io;

use serde_json::{Map, Value, json};

use crate::media::encoded;
use crate::reply::{Attachment, ParamProblem};
use model::Cell;
use model::request::{Prompt, Request};

/// What gpbuild itself puts into `generationConfig`, or never does: it would be paid for, and in no estimate.
const SET_HERE: [&str; 6] = [
    "candidateCount",
    "imageConfig",
    "responseModalities",
    "aspectRatio",
    "imageSize",
    "thinkingConfig",
];

/// What a request has that no model of this API can be asked for.
pub fn lacks(request: &Request, prompt: &Prompt) -> Vec<&'static str> {
    let is_opaque = |background: &String| background == "opaque";
    let wants = [
        ("size", request.cell.is_none()),
        ("candidates", prompt.candidates > 1),
        ("quality", prompt.quality.is_some()),
        (
            "background",
            !prompt.background.as_ref().is_none_or(is_opaque),
        ),
        ("mask", prompt.mask.is_some()),
    ];
    let lacking = wants.into_iter().filter(|(_, wanted)| *wanted);
    lacking.map(|(name, _)| name).collect()
}

/// What is wrong with parameters, whatever a project says that its model takes.
pub fn params(params: &Map<String, Value>) -> Vec<ParamProblem> {
    let set_here = SET_HERE.into_iter();
    let problem = |name| ParamProblem {
        name,
        message: "gpbuild sets it itself, or never does",
        hint: "leave it out: `size` says ratio and tier, and one request is for one picture",
    };
    let named = set_here.filter(|name| params.contains_key(*name));
    named.map(problem).collect()
}

/// The JSON of a request. An error is a picture that cannot be read.
pub(crate) fn json(
    request: &Request,
    prompt: &Prompt,
    references: &[Attachment],
) -> io::Result<Value> {
    // Without `..`: a field that is new is sent, or said here why it is not.
    let Request {
        // It stands in the URL.
        model: _,
        // The cell says it.
        width: _,
        height: _,
        cell,
        // These count in the key alone.
        adapter: _,
        variant: _,
        work: _,
    } = request;
    let Prompt {
        text,
        params,
        // There is one picture, of the model's own format and quality; no mask. The plan has refused all else.
        candidates: _,
        format: _,
        quality: _,
        background: _,
        mask: _,
        // They come as files.
        references: _,
    } = prompt;
    let mut parts = vec![json!({"text": text})];
    for reference in references {
        let (media, data) = encoded(reference)?;
        parts.push(json!({"inlineData": {"mimeType": media, "data": data}}));
    }
    let mut config = Map::new();
    config.insert("responseModalities".to_owned(), json!(["TEXT", "IMAGE"]));
    if let Some(cell) = cell {
        config.insert("imageConfig".to_owned(), image_config(cell));
    }
    if let Value::Object(params) = params {
        for (name, value) in params {
            match name.as_str() {
                "thinkingLevel" => {
                    config.insert("thinkingConfig".to_owned(), json!({name.as_str(): value}));
                }
                _ => {
                    config.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Ok(json!({
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": config,
    }))
}

fn image_config(Cell { ratio, tier }: &Cell) -> Value {
    let mut image = Map::new();
    image.insert("aspectRatio".to_owned(), ratio.as_str().into());
    if !tier.is_empty() {
        image.insert("imageSize".to_owned(), tier.as_str().into());
    }
    Value::Object(image)
}
