//! What the API refuses of a request, in its words. Stricter where the API lets pass what a program should not send.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Debug)]
pub struct Problem {
    /// Its status.
    pub status: u16,
    /// Its words.
    pub message: String,
    word: &'static str,
    reason: Option<&'static str>,
}

impl Problem {
    fn new(status: u16, word: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            word,
            reason: None,
        }
    }

    fn argument(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    fn field(name: &str, at: &str) -> Self {
        Self::argument(format!(
            "Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."
        ))
    }

    /// Its body.
    pub fn json(&self) -> Value {
        let details = self.reason.map(|reason| {
            json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
            }])
        });
        json!({"error": {
            "code": self.status,
            "message": self.message,
            "status": self.word,
            "details": details.unwrap_or_else(|| json!([])),
        }})
    }
}

/// The models, the tiers that each takes, its references, and whether it has the long ratios; no tier is none to be sent.
const MODELS: [(&str, &[&str], usize, bool); 5] = [
    ("gemini-nano-banana-2.1", &["1K", "2K", "4K"], 14, true),
    ("gemini-3-pro-image", &["1K", "2K", "4K"], 14, false),
    ("gemini-3.1-flash-image", &["1K", "2K", "4K"], 14, true),
    ("gemini-3.1-flash-lite-image", &["1K"], 14, false),
    ("gemini-2.5-flash-image", &[], 3, false),
];

/// Width and height, in pixels.
type Size = (u32, u32);

/// Width and height at 1K, and of the old model.
const RATIOS: [(&str, Size, Size); 10] = [
    ("1:1", (1024, 1024), (1024, 1024)),
    ("2:3", (848, 1264), (832, 1248)),
    ("3:2", (1264, 848), (1248, 832)),
    ("3:4", (896, 1200), (864, 1184)),
    ("4:3", (1200, 896), (1184, 864)),
    ("4:5", (928, 1152), (896, 1152)),
    ("5:4", (1152, 928), (1152, 896)),
    ("9:16", (768, 1376), (768, 1344)),
    ("16:9", (1376, 768), (1344, 768)),
    ("21:9", (1584, 672), (1536, 672)),
];

/// The same of the long ones.
const LONG: [(&str, Size); 4] = [
    ("1:4", (512, 2064)),
    ("4:1", (2064, 512)),
    ("1:8", (352, 2928)),
    ("8:1", (2928, 352)),
];

/// The model, the body and the size of what is to be drawn.
pub fn request(head: &Parts, text: &[u8], key: &str) -> Result<(String, Value, Size), Problem> {
    let name = address(head, key)?;
    let Some((_, tiers, most, long)) = MODELS.iter().find(|(model, ..)| *model == name) else {
        return Err(Problem::new(
            404,
            "NOT_FOUND",
            format!(
                "models/{name} is not found for API version v1beta, or is not supported for generateContent."
            ),
        ));
    };
    let body: Value = serde_json::from_slice(text)
        .map_err(|e| Problem::argument(format!("Invalid JSON payload received. {e}")))?;
    let top = object(&body, "", &["contents", "generationConfig"])?;
    contents(&top["contents"], *most)?;
    let config = object(
        &top["generationConfig"],
        "generation_config",
        &[
            "responseModalities",
            "imageConfig",
            "thinkingConfig",
            "seed",
        ],
    )?;
    if config.get("responseModalities") != Some(&json!(["TEXT", "IMAGE"])) {
        return Err(Problem::argument("a refusal without words is no use"));
    }
    if config.get("seed").is_some_and(|seed| {
        seed.as_i64()
            .is_none_or(|seed| i32::try_from(seed).is_err())
    }) {
        return Err(Problem::argument(
            "Invalid value at 'generation_config.seed' (TYPE_INT32)",
        ));
    }
    thinking(config, name)?;
    let image = config.get("imageConfig").unwrap_or(&Value::Null);
    let image = object(
        image,
        "generation_config.image_config",
        &["aspectRatio", "imageSize"],
    )?;
    let size = size(image, tiers, *long)?;
    Ok((name.to_owned(), body, size))
}

/// The name of the model that is asked, by whoever has the key.
fn address<'h>(head: &'h Parts, key: &str) -> Result<&'h str, Problem> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if head.method != Method::POST || head.uri.query().is_some() {
        return Err(Problem::new(
            404,
            "NOT_FOUND",
            format!("{} {}", head.method, head.uri),
        ));
    }
    if header("authorization").is_some() || header("x-goog-api-key") != Some(key) {
        return Err(Problem {
            reason: Some("API_KEY_INVALID"),
            ..Problem::argument("API key not valid. Please pass a valid API key.")
        });
    }
    if header("content-type") != Some("application/json") {
        return Err(Problem::argument("the content is no JSON by its type"));
    }
    let path = head.uri.path();
    let name = path.strip_prefix("/v1beta/models/");
    let name = name.and_then(|name| name.strip_suffix(":generateContent"));
    name.ok_or_else(|| Problem::new(404, "NOT_FOUND", format!("no such path: {path}")))
}

/// How long the model may think: only one takes that.
fn thinking(config: &Map<String, Value>, name: &str) -> Result<(), Problem> {
    if let Some(thinking) = config.get("thinkingConfig") {
        let thinking = object(
            thinking,
            "generation_config.thinking_config",
            &["thinkingLevel"],
        )?;
        let level = thinking.get("thinkingLevel").and_then(Value::as_str);
        let is_known = matches!(level, Some("minimal" | "medium" | "high"));
        if name != "gemini-nano-banana-2.1" || !is_known {
            return Err(Problem::argument(
                "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.",
            ));
        }
    }
    Ok(())
}

fn size(image: &Map<String, Value>, tiers: &[&str], long: bool) -> Result<Size, Problem> {
    let text = |name: &str| image.get(name).and_then(Value::as_str);
    let ratio = text("aspectRatio").unwrap_or_default();
    let known = RATIOS.iter().find(|(name, ..)| *name == ratio);
    let of_long = LONG.iter().find(|(name, _)| long && *name == ratio);
    let unknown = || Problem::argument(format!("Invalid aspect ratio: {ratio}"));
    if tiers.is_empty() {
        return match (text("imageSize"), known) {
            (Some(_), _) => Err(Problem::field(
                "imageSize",
                "generation_config.image_config",
            )),
            (None, Some((_, _, old))) => Ok(*old),
            (None, None) => Err(unknown()),
        };
    }
    let tier = text("imageSize").unwrap_or_default();
    if !tiers.contains(&tier) {
        return Err(Problem::argument(format!("Invalid image size: {tier}")));
    }
    let known = known.map(|(_, size, _)| *size);
    let (w, h) = known
        .or(of_long.map(|(_, size)| *size))
        .ok_or_else(unknown)?;
    let times = match tier {
        "1K" => 1,
        "2K" => 2,
        _ => 4,
    };
    Ok((w * times, h * times))
}

fn contents(contents: &Value, most: usize) -> Result<(), Problem> {
    let Some([content]) = contents.as_array().map(Vec::as_slice) else {
        return Err(Problem::argument(
            "* GenerateContentRequest.contents: contents is not specified",
        ));
    };
    let content = object(content, "contents[0]", &["role", "parts"])?;
    if content.get("role") != Some(&"user".into()) {
        return Err(Problem::argument("Please use a valid role: user, model."));
    }
    let parts = content.get("parts").and_then(Value::as_array);
    let parts = parts.map(Vec::as_slice).unwrap_or_default();
    let Some((words, pictures)) = parts.split_first() else {
        return Err(Problem::argument("contents.parts must not be empty."));
    };
    let words = object(words, "contents[0].parts[0]", &["text"])?;
    if words
        .get("text")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return Err(Problem::argument(
            "Unable to submit request because it has an empty text parameter.",
        ));
    }
    if pictures.len() > most {
        return Err(Problem::argument(format!(
            "Too many images: {}",
            pictures.len()
        )));
    }
    for picture in pictures {
        let part = object(picture, "contents[0].parts", &["inlineData"])?;
        let empty = Value::Null;
        let inline = object(
            part.get("inlineData").unwrap_or(&empty),
            "contents[0].parts.inline_data",
            &["mimeType", "mime_type", "data"],
        )?;
        // Its own package has the other case, and the other alphabet: both are JSON of a protocol buffer.
        let text = |name: &str| inline.get(name).and_then(Value::as_str).unwrap_or_default();
        let told = format!("{}{}", text("mimeType"), text("mime_type"));
        let data = text("data").replace('-', "+").replace('_', "/");
        let bytes = STANDARD.decode(data).unwrap_or_default();
        let media = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'R', b'I', b'F', b'F', ..] => "image/webp",
            _ => return Err(Problem::argument("Unable to process input image.")),
        };
        if told != media {
            return Err(Problem::argument(format!("it is {media}, not {told}")));
        }
    }
    Ok(())
}

/// An object that has no other fields than these.
fn object<'v>(
    value: &'v Value,
    at: &str,
    fields: &[&str],
) -> Result<&'v Map<String, Value>, Problem> {
    let Some(map) = value.as_object() else {
        return Err(Problem::argument(format!("Invalid value at '{at}'")));
    };
    match map.keys().find(|name| !fields.contains(&name.as_str())) {
        Some(odd) => Err(Problem::field(odd, at)),
        None => Ok(map),
    }
}
