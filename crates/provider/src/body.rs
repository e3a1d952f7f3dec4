//! The body of a request in JSON, with each part where the row says. What is sent is the [`Request`] that was hashed, and
//! what the row sends besides. Knows no provider.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::media::encoded;
use crate::pointer::set;
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
    /// Its ratio, of a model that is told no pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<String>,
    /// And how large it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The quality tier.
    pub quality: Option<String>,
    /// The background.
    pub background: Option<String>,
    /// The format.
    pub format: Option<String>,
    /// Its word for a format, where it has another.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formats: BTreeMap<String, String>,
    /// The references.
    pub references: Option<References>,
    /// The mask.
    pub mask: Option<String>,
    /// How a picture is written.
    #[serde(skip_serializing_if = "Encoding::is_usual")]
    pub pictures: Encoding,
    /// A name of ours for the request, by which it can be found.
    pub own_id: Option<String>,
    /// The parameters; at the top where it is left out.
    pub params: String,
    /// What is always sent.
    pub set: Map<String, Value>,
}

/// Where the references stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum References {
    /// Here, as a list.
    List(String),
    /// One at each of these, and no more.
    Each(Vec<String>),
    /// Elements of the list that is here, after those that it has.
    Elements {
        /// Where the list is.
        at: String,
        /// What each is: any text in it that is `{picture}` is the picture.
        each: Value,
    },
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As a `data:` URL.
    #[default]
    DataUrl,
    /// In base64 alone.
    Base64,
}

impl Encoding {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
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
    /// Whether the row says nothing of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a prompt has that this provider cannot be asked for.
    pub fn lacks(&self, request: &Request, prompt: &Prompt) -> Vec<&'static str> {
        let most = self.references.as_ref().map_or(0, References::most);
        let wants = [
            ("size", request.cell.is_some() != self.ratio.is_some()),
            ("candidates", prompt.candidates > 1 && self.n.is_none()),
            (
                "quality",
                prompt.quality.is_some() && self.quality.is_none(),
            ),
            (
                "background",
                prompt.background.is_some() && self.background.is_none(),
            ),
            ("references", !prompt.references.is_empty() && most == 0),
            (
                "so many references",
                most > 0 && prompt.references.len() > most,
            ),
            ("mask", prompt.mask.is_some() && self.mask.is_none()),
        ];
        let lacking = wants.into_iter().filter(|(_, lacks)| *lacks);
        lacking.map(|(name, _)| name).collect()
    }

    /// The JSON of a request.
    pub(crate) fn json(&self, submission: Submission<'_>) -> io::Result<Value> {
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
            cell,
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
        // Where words and pictures are elements of one list, the pictures come first.
        self.put_references(&mut body, references)?;
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
        let word = self.formats.get(format).unwrap_or(format);
        put(&self.format, word.as_str().into());
        put(&self.own_id, own_id.into());
        if let Some(cell) = cell {
            put(&self.ratio, cell.ratio.as_str().into());
            put(&self.tier, cell.tier.as_str().into());
        }
        if let Some(quality) = quality {
            put(&self.quality, quality.as_str().into());
        }
        if let Some(background) = background {
            put(&self.background, background.as_str().into());
        }
        if let Some(size) = &self.size {
            put(&Some(size.at.clone()), size.text(*width, *height).into());
        }
        if let Some(mask) = mask {
            put(&self.mask, self.pictures.of(mask)?.into());
        }
        self.put_params(&mut body, params);
        Ok(body)
    }

    fn put_params(&self, body: &mut Value, params: &Value) {
        for (name, value) in params.as_object().into_iter().flatten() {
            let name = name.replace('~', "~0").replace('/', "~1");
            set(body, &format!("{}/{name}", self.params), value.clone());
        }
    }

    fn put_references(&self, body: &mut Value, references: &[Attachment]) -> io::Result<()> {
        let Some(places) = self.references.as_ref().filter(|_| !references.is_empty()) else {
            return Ok(());
        };
        let written: io::Result<Vec<String>> = references
            .iter()
            .map(|picture| self.pictures.of(picture))
            .collect();
        match places {
            References::List(at) => set(body, at, written?.into()),
            References::Each(places) => {
                for (at, picture) in places.iter().zip(written?) {
                    set(body, at, picture.into());
                }
            }
            References::Elements { at, each } => {
                for picture in written? {
                    set(body, &format!("{at}/-"), filled(each, &picture));
                }
            }
        }
        Ok(())
    }
}

impl References {
    /// How many there is a place for.
    fn most(&self) -> usize {
        match self {
            Self::List(_) | Self::Elements { .. } => usize::MAX,
            Self::Each(places) => places.len(),
        }
    }
}

impl Size {
    fn text(&self, width: u32, height: u32) -> String {
        self.form
            .replace("{width}", &width.to_string())
            .replace("{height}", &height.to_string())
    }
}

/// An element with the picture where `{picture}` stands.
fn filled(each: &Value, picture: &str) -> Value {
    match each {
        Value::String(text) if text == "{picture}" => picture.into(),
        Value::Array(items) => items.iter().map(|item| filled(item, picture)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, picture)))
            .collect(),
        other => other.clone(),
    }
}

impl Encoding {
    /// A picture, after its bytes were checked against what the key was made with.
    fn of(self, attachment: &Attachment) -> io::Result<String> {
        let (media, base64) = encoded(attachment)?;
        Ok(match self {
            Self::DataUrl => format!("data:{media};base64,{base64}"),
            Self::Base64 => base64,
        })
    }
}
