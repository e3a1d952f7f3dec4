//! Good answers, and those that only look good: JSON or a stream of events around pictures.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::fault::{Content, Transport};
use crate::params::Params;
use crate::png::Picture;
use crate::usage::Usage;
use crate::validate::Order;
use crate::wire::Step;

/// What an answer is made of.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) edit: bool,
    pub(crate) params: &'a Params,
    pub(crate) order: &'a Order,
    pub(crate) usage: Usage,
    /// Chooses the pictures: the same seed, the same pictures.
    pub(crate) seed: [u8; 32],
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) content: Option<Content>,
}

/// The bytes of an answer.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// The blake3 of each picture.
    pub(crate) digests: Vec<String>,
}

impl Answer<'_> {
    /// Makes the pictures and what is around them.
    pub(crate) fn make(&self) -> Made {
        let pictures: Vec<_> = (0..self.params.n).map(|nth| self.picture(nth)).collect();
        let digests = pictures
            .iter()
            .map(|p| blake3::hash(p).to_hex().to_string());
        let digests = digests.collect();
        if self.params.stream {
            return Made {
                content_type: "text/event-stream; charset=utf-8",
                body: self.events(&pictures).into_bytes(),
                digests,
            };
        }
        Made {
            content_type: "application/json",
            body: self.json(&pictures).to_string().into_bytes(),
            digests,
        }
    }

    /// The bytes of the picture of that number; partial pictures have numbers above `n`.
    fn picture(&self, nth: u32) -> Vec<u8> {
        if let Some(Content::Bytes(bytes)) = &self.content {
            return bytes.clone();
        }
        let seed = blake3::Hasher::new_keyed(&self.seed)
            .update(&nth.to_be_bytes())
            .finalize();
        let size = match self.content {
            Some(Content::Size(w, h)) => (w, h),
            _ => self.order.size,
        };
        Picture {
            size,
            format: self.order.format,
            quality: self.params.output_compression.unwrap_or(100).max(1),
            transparent: self.order.transparent,
            seed: *seed.as_bytes(),
        }
        .encode()
    }

    fn base64(&self, picture: &[u8]) -> String {
        match self.content {
            Some(Content::Base64) => "!not base64!".to_owned(),
            Some(Content::Text) => STANDARD.encode("this is no picture"),
            Some(Content::Half) => STANDARD.encode(&picture[..picture.len() / 2]),
            _ => STANDARD.encode(picture),
        }
    }

    /// What a response and every event tell of the pictures.
    fn about(&self, time: &str) -> Value {
        let (w, h) = self.order.size;
        json!({
            time: self.created,
            "background": if self.order.transparent { "transparent" } else { "opaque" },
            "output_format": self.order.format.name(),
            "quality": self.order.quality,
            "size": format!("{w}x{h}"),
        })
    }

    fn json(&self, pictures: &[Vec<u8>]) -> Value {
        if self.content == Some(Content::Error) {
            return server_error().json();
        }
        let mut response = self.about("created");
        let data: Vec<_> = match self.content {
            Some(Content::NoData) => Vec::new(),
            Some(Content::NoPicture) => pictures.iter().map(|_| json!({})).collect(),
            _ => pictures
                .iter()
                .map(|picture| json!({ "b64_json": self.base64(picture) }))
                .collect(),
        };
        response["data"] = Value::Array(data);
        response["usage"] = self.usage.json();
        response
    }

    fn events(&self, pictures: &[Vec<u8>]) -> String {
        let family = if self.edit {
            "image_edit"
        } else {
            "image_generation"
        };
        let mut stream = String::new();
        let mut event = |name: &str, data: &Value| {
            stream.push_str(&format!("event: {name}\ndata: {data}\n\n"));
        };
        for index in 0..self.params.partial_images.unwrap_or_default() {
            let name = format!("{family}.partial_image");
            let mut data = self.about("created_at");
            data["type"] = name.clone().into();
            data["b64_json"] = STANDARD.encode(self.picture(self.params.n + index)).into();
            data["partial_image_index"] = index.into();
            event(&name, &data);
        }
        match self.content {
            Some(Content::Error) => {
                event("error", &server_error().json());
                return stream;
            }
            Some(Content::NoData) => return stream,
            _ => {}
        }
        for picture in pictures {
            let name = format!("{family}.completed");
            let mut data = self.about("created_at");
            data["type"] = name.clone().into();
            if self.content != Some(Content::NoPicture) {
                data["b64_json"] = self.base64(picture).into();
            }
            data["usage"] = self.usage.json();
            event(&name, &data);
        }
        stream.push_str("data: [DONE]\n\n");
        stream
    }
}

/// The error that comes after a 200.
fn server_error() -> ApiError {
    ApiError::new(
        500,
        "server_error",
        Some("server_error"),
        "The server had an error while processing your request. Sorry about that!",
    )
}

/// A body byte by byte, which does not end.
pub(crate) fn dripping(body: &[u8], pause: Duration) -> Vec<Step> {
    let bytes = body.iter().flat_map(|byte| {
        let byte = Bytes::copy_from_slice(&[*byte]);
        [Step::Flush, Step::Pause(pause), Step::Data(byte)]
    });
    bytes.chain([Step::Stall]).collect()
}

/// How a body is carried: its steps, the length that the head promises, its `content-encoding`.
pub(crate) fn carried(
    body: Vec<u8>,
    transport: Transport,
) -> (Vec<Step>, Option<u64>, Option<&'static str>) {
    let length = u64::try_from(body.len()).ok();
    let body = Bytes::from(body);
    let part = |percent: u8| body.slice(..body.len() * usize::from(percent) / 100);
    match transport {
        Transport::Drip(pieces, pause) => {
            let size = body.len().div_ceil(pieces).max(1);
            let starts = (0..body.len()).step_by(size);
            let steps = starts.flat_map(|start| {
                let piece = body.slice(start..body.len().min(start + size));
                [Step::Flush, Step::Pause(pause), Step::Data(piece)]
            });
            (steps.collect(), length, None)
        }
        Transport::Cut(percent) => {
            let steps = vec![Step::Data(part(percent)), Step::Flush, Step::Break];
            (steps, length, None)
        }
        Transport::Stall(percent) => (vec![Step::Data(part(percent)), Step::Stall], length, None),
        Transport::Endless => {
            let open = br#"{"created":1713833628,"data":[{"b64_json":""#;
            let steps = vec![Step::Data(Bytes::from_static(open)), Step::Forever(b'A')];
            (steps, None, None)
        }
        Transport::Gzip => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            // Writing to memory does not fail.
            let packed = gzip.write_all(&body).and_then(|()| gzip.finish());
            let packed = packed.unwrap_or_default();
            let length = u64::try_from(packed.len()).ok();
            (vec![Step::Data(packed.into())], length, Some("gzip"))
        }
    }
}
