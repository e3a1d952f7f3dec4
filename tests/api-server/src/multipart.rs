//! Forms: the parts of a `multipart/form-data` body as values and pictures.

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::params::{Body, from_field, wrong_type};
use crate::reference::{Reference, unreadable};

/// What a body says, whatever its encoding.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The scalars, by name.
    pub values: Map<String, Value>,
    /// The references in their order.
    pub images: Vec<Reference>,
    /// The mask.
    pub mask: Option<Reference>,
    /// All of it as one JSON object, the files of a form as texts: what a schema is checked against.
    pub document: Value,
}

impl Fields {
    fn form(&self) -> Value {
        let mut form = self.values.clone();
        let file = |reference: &Reference| Value::String(reference.digest.clone());
        match self.images.as_slice() {
            [] => {}
            [one] if one.field == "image" => {
                form.insert("image".to_owned(), file(one));
            }
            many => {
                form.insert("image".to_owned(), many.iter().map(file).collect());
            }
        }
        if let Some(mask) = &self.mask {
            form.insert("mask".to_owned(), file(mask));
        }
        Value::Object(form)
    }
}

/// Reads a form.
///
/// # Errors
/// The API's own: a form that cannot be read, a field given twice, a file where a text belongs, a picture
/// that is none.
pub async fn read(content_type: &str, body: Bytes) -> Result<Fields, ApiError> {
    let broken = |_: multer::Error| unreadable("Could not parse multipart form.");
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let mut form = multer::Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let mut fields = Fields::default();
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let media_type = part.content_type().map(|m| m.essence_str().to_owned());
        if matches!(name.as_str(), "image" | "image[]" | "mask") {
            let bytes = part.bytes().await.map_err(broken)?;
            if file_name.is_none() {
                return Err(wrong_type(&name, "a file", "a string"));
            }
            let single = name != "image[]";
            let taken = if name == "mask" {
                fields.mask.is_some()
            } else {
                single && !fields.images.is_empty()
            };
            if taken {
                return Err(twice(&name));
            }
            // What a part without a header is, by the rules of forms.
            let media_type = media_type.as_deref().unwrap_or("text/plain");
            let nth = fields.images.len() + 1;
            let picture = Reference::read(&name, file_name, media_type, &bytes, nth)?;
            if name == "mask" {
                fields.mask = Some(picture);
            } else {
                fields.images.push(picture);
            }
            continue;
        }
        if file_name.is_some() {
            return Err(wrong_type(&name, "a string", "a file"));
        }
        let text = part.text().await.map_err(broken)?;
        let value = from_field(Body::EditForm, &name, text)?;
        if fields.values.insert(name.clone(), value).is_some() {
            return Err(twice(&name));
        }
    }
    fields.document = fields.form();
    Ok(fields)
}

fn twice(name: &str) -> ApiError {
    ApiError::invalid(
        name,
        "duplicate_parameter",
        format!(
            "Duplicate parameter: '{name}'. You provided multiple values for this parameter, whereas only one \
             is allowed. If you are trying to provide a list of values, use the array syntax instead e.g. \
             '{name}[]=<value>'."
        ),
    )
}
