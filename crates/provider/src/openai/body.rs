//! The body of a request: JSON for a picture from words, a form with files for one from pictures, or JSON with its
//! pictures in it where no form can be sent.
//! What is sent is the [`Request`] that was hashed, and nothing else.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};

use crate::media::{FIRST, changed, encoded, media_type};
use crate::reply::Attachment;
use crate::submission::Submission;
use base::digest::{Digest, Digester};
use model::request::{Prompt, Request};

/// The API takes no longer URL of a picture, in characters.
const MAX_URL: usize = 20_971_520;

/// Every parameter but the pictures, in a fixed order. `model` and `size` are always sent: what they
/// are by default changes from month to month.
pub(super) fn parameters(request: &Request, prompt: &Prompt, model: &str) -> Map<String, Value> {
    // Without `..`: a field that is new is sent, or said here why it is not.
    let Request {
        // As the endpoint calls it.
        model: _,
        width,
        height,
        // These count in the key alone.
        adapter: _,
        cell: _,
        variant: _,
        work: _,
    } = request;
    let Prompt {
        text,
        quality,
        background,
        candidates,
        format,
        params,
        // They go as files.
        references: _,
        mask: _,
    } = prompt;
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("model", model.into());
    set("prompt", text.as_str().into());
    set("n", (*candidates).into());
    set("size", format!("{width}x{height}").into());
    if let Some(quality) = quality {
        set("quality", quality.as_str().into());
    }
    if let Some(background) = background {
        set("background", background.as_str().into());
    }
    set("output_format", format.as_str().into());
    if let Value::Object(params) = params {
        for (name, value) in params {
            set(name, value.clone());
        }
    }
    map
}

/// The whole of a request, an edit's pictures in it as `data:` URLs. An error is a picture that cannot be read, or is too
/// large for that.
pub(crate) fn json(submission: Submission<'_>) -> io::Result<Value> {
    let Submission {
        request,
        prompt,
        references,
        mask,
        // Nobody here takes one.
        own_id: _,
    } = submission;
    let mut map = parameters(request, prompt, &request.model.name);
    let references = references.iter().map(data_url);
    let references = references.collect::<io::Result<Vec<_>>>()?;
    if !references.is_empty() {
        map.insert("images".to_owned(), references.into());
    }
    if let Some(mask) = mask {
        map.insert("mask".to_owned(), data_url(mask)?);
    }
    Ok(Value::Object(map))
}

fn data_url(attachment: &Attachment) -> io::Result<Value> {
    let (media, text) = encoded(attachment)?;
    let url = format!("data:{media};base64,{text}");
    if url.len() > MAX_URL {
        return Err(io::Error::other(
            "it is too large to stand in a line of a batch: 15 MB is the most",
        ));
    }
    Ok(json!({"image_url": url}))
}

/// The form of an edit.
pub(super) async fn form(
    request: &Request,
    prompt: &Prompt,
    model: &str,
    references: &[Attachment],
    mask: Option<&Attachment>,
) -> io::Result<Form> {
    let mut form = Form::new();
    for (name, value) in parameters(request, prompt, model) {
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        form = form.text(name, text);
    }
    let field = if references.len() == 1 {
        "image"
    } else {
        "image[]"
    };
    for (n, reference) in references.iter().enumerate() {
        form = form.part(field, part(reference, &format!("image-{}", n + 1)).await?);
    }
    if let Some(mask) = mask {
        form = form.part("mask", part(mask, "mask").await?);
    }
    Ok(form)
}

/// A file as a part: read from the disk while it is sent, after its bytes were checked against what
/// the key was made with. Its real media type is told: the API refuses a file without one.
async fn part(attachment: &Attachment, name: &str) -> io::Result<Part> {
    let mut file = File::open(&attachment.path)?;
    let mut first = [0_u8; FIRST];
    let length = file.metadata()?.len();
    let read = file.read(&mut first)?;
    file.seek(SeekFrom::Start(0))?;
    if digest(&mut file)? != attachment.digest {
        return Err(changed());
    }
    file.seek(SeekFrom::Start(0))?;
    let (media, ending) = media_type(&first[..read])?;
    let body = reqwest::Body::from(tokio::fs::File::from_std(file));
    Part::stream_with_length(body, length)
        .file_name(format!("{name}.{ending}"))
        .mime_str(media)
        .map_err(io::Error::other)
}

fn digest(file: &mut File) -> io::Result<Digest> {
    let mut digester = Digester::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            read => digester.update(&buffer[..read]),
        }
    }
}
