//! A request from its body to what it asks for, well formed and within every rule; notes both.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;

use crate::error::{ApiError, INVALID_REQUEST};
use crate::multipart::{self, Fields};
use crate::openapi;
use crate::params::{Body, Params, missing, type_of, wrong_type};
use crate::reference::{self, MAX_REFERENCES, Reference, unreadable};
use crate::route::{Route, authorize};
use crate::service::Visit;
use crate::stats::Request;
use crate::validate::{Host, Order, order};

/// Largest body of a request, in bytes.
const MAX_BODY: usize = 512 * 1024 * 1024;

/// A request that every rule lets through.
pub(crate) struct Valid {
    pub(crate) edit: bool,
    pub(crate) params: Params,
    pub(crate) order: Order,
    pub(crate) references: Vec<(u32, u32)>,
}

/// Reads and checks a request, and notes what it asks for.
pub(crate) async fn read(
    visit: &Visit,
    route: &Route,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Valid, ApiError> {
    let options = visit.options();
    let (edit, host) = match route {
        Route::Generations(host) => (false, host),
        Route::Edits(host) => (true, host),
        Route::Stats | Route::Models(_) => return Err(unreadable("Invalid URL")),
    };
    // The body is read also if the key is wrong, so that the client is not cut off while it writes.
    let body = collect(body).await?;
    authorize(headers, host, &options.key)?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let kind = media_type(content_type, edit)?;
    let fields = match kind {
        Body::EditForm => multipart::read(content_type, body).await,
        Body::EditJson | Body::Generation => read_json(kind, &body),
    };
    let conforms = match &fields {
        Ok(fields) => openapi::check(kind, &fields.document),
        Err(error) => Err(vec![error.message.clone()]),
    };
    visit.log(|log, number| {
        log.problems(number, conforms.err().unwrap_or_default());
        if let Ok(fields) = &fields {
            record(log.request(number), fields, host);
        }
    });
    let fields = fields?;
    let params = Params::read(kind, &fields.values)?;
    if edit {
        let field = if kind == Body::EditForm {
            "image"
        } else {
            "images"
        };
        reference::check(field, &fields.images, fields.mask.as_ref())?;
    }
    let default = if edit { "gpt-image-1.5" } else { "dall-e-2" };
    let order = order(host, default, &options.deployments, &params)?;
    Ok(Valid {
        edit,
        params,
        order,
        references: fields.images.iter().map(|image| image.size).collect(),
    })
}

/// The whole body of a request.
pub(crate) async fn collect(body: Incoming) -> Result<Bytes, ApiError> {
    let collected = Limited::new(body, MAX_BODY).collect().await;
    let too_large = |_| {
        ApiError::new(
            413,
            INVALID_REQUEST,
            None,
            "The request body is too large, or ended early.",
        )
    };
    Ok(collected.map_err(too_large)?.to_bytes())
}

/// Which body a request has, by its content type.
fn media_type(content_type: &str, edit: bool) -> Result<Body, ApiError> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match (essence.to_ascii_lowercase().as_str(), edit) {
        ("application/json", false) => Ok(Body::Generation),
        ("application/json", true) => Ok(Body::EditJson),
        ("multipart/form-data", true) => Ok(Body::EditForm),
        _ => {
            let accepted = if edit {
                "'multipart/form-data' or 'application/json'"
            } else {
                "'application/json'"
            };
            Err(ApiError::new(
                400,
                INVALID_REQUEST,
                Some("unsupported_content_type"),
                format!(
                    "Unsupported content type: '{essence}'. This API method only accepts {accepted} requests, \
                     but you specified the header 'Content-Type: {content_type}'. Please try again with a \
                     supported content type."
                ),
            ))
        }
    }
}

fn read_json(kind: Body, body: &[u8]) -> Result<Fields, ApiError> {
    let document: Value = serde_json::from_slice(body).map_err(|_| {
        unreadable(
            "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload, but what \
             was sent was not valid JSON.",
        )
    })?;
    let Some(object) = document.as_object() else {
        return Err(unreadable(format!(
            "Invalid body: expected an object, but got {} instead.",
            type_of(&document)
        )));
    };
    let mut values = object.clone();
    let (mut images, mut mask) = (Vec::new(), None);
    if kind == Body::EditJson {
        let listed = values
            .shift_remove("images")
            .ok_or_else(|| missing("images"))?;
        let Some(listed) = listed.as_array() else {
            return Err(wrong_type("images", "an array", type_of(&listed)));
        };
        // One more than there may be, so that too many are seen as such.
        for (nth, entry) in listed.iter().enumerate().take(MAX_REFERENCES + 1) {
            images.push(Reference::from_json("images", entry, nth + 1)?);
        }
        if let Some(given) = values.shift_remove("mask").filter(|m| !m.is_null()) {
            mask = Some(Reference::from_json("mask", &given, 1)?);
        }
    }
    Ok(Fields {
        values,
        images,
        mask,
        document,
    })
}

/// Notes what a request asks for, as it was sent.
fn record(request: &mut Request, fields: &Fields, host: &Host) {
    let text = |name: &str| {
        let value = fields.values.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    request.prompt = text("prompt");
    request.model = match host {
        Host::Deployment(name) => name.clone(),
        Host::OpenAi | Host::Azure => text("model"),
    };
    request.size = text("size");
    request.quality = text("quality");
    let n = fields.values.get("n").and_then(Value::as_u64);
    request.n = n.map_or(1, |n| n.try_into().unwrap_or(u32::MAX));
    request.params = fields.values.clone();
    request.images = fields.images.clone();
    request.mask = fields.mask.clone();
}
