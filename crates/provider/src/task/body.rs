//! The body of a request for a ticket: JSON, with each part where the row says. What is sent is the [`Request`] that was
//! hashed, and what the row sends besides.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pointer::set;
use crate::media::encoded;
use crate::reply::Attachment;
use crate::submission::Submission;
use model::request::{Prompt, Request};

/// Where each part of a request stands in the JSON, as JSON pointers. What has no place cannot be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Body {
    /// The model's name.
    pub model: Option<String>,
    /// The prompt.
    pub prompt: Option<String>,
    /// How many pictures.
    pub n: Option<String>,
    /// The size, as one text.
    pub size: Option<Size>,
    /// Its width, as a number.
    pub width: Option<String>,
    /// Its height, as a number.
    pub height: Option<String>,
    /// The quality tier.
    pub quality: Option<String>,
    /// The background.
    pub background: Option<String>,
    /// The format.
    pub format: Option<String>,
    /// The references, as a list of `data:` URLs.
    pub references: Option<String>,
    /// The mask, as a `data:` URL.
    pub mask: Option<String>,
    /// A name of ours for the request, by which it can be found.
    pub own_id: Option<String>,
    /// The parameters; at the top where it is left out.
    pub params: String,
    /// What is always sent.
    pub set: Map<String, Value>,
}

/// The size as one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Where it stands.
    pub at: String,
    /// How it is written, with `{width}` and `{height}`.
    pub form: String,
}

impl Body {
    /// What a prompt has that this provider cannot be asked for.
    pub fn lacks(&self, prompt: &Prompt) -> Vec<&'static str> {
        let wants = [
            ("candidates", prompt.candidates > 1, &self.n),
            ("quality", prompt.quality.is_some(), &self.quality),
            ("background", prompt.background.is_some(), &self.background),
            (
                "references",
                !prompt.references.is_empty(),
                &self.references,
            ),
            ("mask", prompt.mask.is_some(), &self.mask),
        ];
        let lacking = wants
            .into_iter()
            .filter(|(_, wanted, at)| *wanted && at.is_none());
        lacking.map(|(name, _, _)| name).collect()
    }

    /// The JSON of a request.
    pub(super) fn json(&self, submission: Submission<'_>) -> io::Result<Value> {
        let Submission {
            request,
            prompt,
            own_id,
            references,
            mask,
        } = submission;
        // The adapter's version and the variant count in the key alone; what there is to do is the prompt.
        let Request {
            model,
            adapter: _,
            width,
            height,
            cell: _,
            variant: _,
            work: _,
        } = request;
        // The pictures come as files.
        let Prompt {
            text,
            quality,
            background,
            candidates,
            format,
            params,
            references: _,
            mask: _,
        } = prompt;
        let mut body = Value::Object(self.set.clone());
        let mut put = |at: &Option<String>, value: Value| {
            if let Some(at) = at {
                set(&mut body, at, value);
            }
        };
        put(&self.model, model.name.as_str().into());
        put(&self.prompt, text.as_str().into());
        put(&self.n, (*candidates).into());
        put(&self.width, (*width).into());
        put(&self.height, (*height).into());
        put(&self.format, format.as_str().into());
        put(&self.own_id, own_id.into());
        if let Some(quality) = quality {
            put(&self.quality, quality.as_str().into());
        }
        if let Some(background) = background {
            put(&self.background, background.as_str().into());
        }
        if let Some(Size { at, form }) = &self.size {
            let text = form
                .replace("{width}", &width.to_string())
                .replace("{height}", &height.to_string());
            put(&Some(at.clone()), text.into());
        }
        if !references.is_empty() {
            let urls: io::Result<Vec<Value>> = references.iter().map(data_url).collect();
            put(&self.references, urls?.into());
        }
        if let Some(mask) = mask {
            put(&self.mask, data_url(mask)?);
        }
        self.set_params(&mut body, params);
        Ok(body)
    }

    /// Sets `params`, each where the table has all of them.
    fn set_params(&self, body: &mut Value, params: &Value) {
        if let Value::Object(params) = params {
            for (name, value) in params {
                let name = name.replace('~', "~0").replace('/', "~1");
                set(body, &format!("{}/{name}", self.params), value.clone());
            }
        }
    }
}

fn data_url(attachment: &Attachment) -> io::Result<Value> {
    let (media, data) = encoded(attachment)?;
    Ok(format!("data:{media};base64,{data}").into())
}
