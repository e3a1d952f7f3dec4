//! The pictures of a request: files of a form or data URLs, looked at as the API looks at them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::error::{ApiError, IMAGE_USER, INVALID_REQUEST};
use crate::params::{missing, type_of, unknown, wrong_type};

/// Pictures must be smaller, in bytes.
const MAX_BYTES: usize = 50 * 1024 * 1024;
/// Masks must be smaller, in bytes.
const MAX_MASK_BYTES: usize = 4 * 1024 * 1024;
/// Most references of a request.
pub const MAX_REFERENCES: usize = 16;
/// Longest data URL, in characters.
const MAX_URL: usize = 20_971_520;

/// A picture that came with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The name of the field that it came in: `image`, `image[]`, `images` or `mask`.
    pub field: String,
    /// The name of the file, if one was sent.
    pub file_name: Option<String>,
    /// The media type that it was sent with.
    pub media_type: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Whether it has an alpha channel.
    pub alpha: bool,
    /// Length in bytes.
    pub bytes: usize,
    /// The blake3 of its bytes, in hexadecimal.
    pub digest: String,
}

impl Reference {
    /// Looks at a file: its media type, its length, and that it decodes. `nth` counts from 1.
    ///
    /// # Errors
    /// The API's own.
    pub fn read(
        field: &str,
        file_name: Option<String>,
        media_type: &str,
        bytes: &[u8],
        nth: usize,
    ) -> Result<Self, ApiError> {
        let param = field.trim_end_matches("[]");
        let format = match media_type {
            "image/png" => image::ImageFormat::Png,
            "image/jpeg" => image::ImageFormat::Jpeg,
            "image/webp" => image::ImageFormat::WebP,
            other => {
                return Err(ApiError::invalid(
                    param,
                    "unsupported_file_mimetype",
                    format!(
                        "Invalid file '{param}': unsupported mimetype ('{other}'). Supported file formats \
                         are 'image/jpeg', 'image/png', and 'image/webp'."
                    ),
                ));
            }
        };
        if bytes.len() >= MAX_BYTES {
            return Err(bad_file(param, "Image files must be smaller than 50 MB."));
        }
        let Ok(decoded) = image::load_from_memory_with_format(bytes, format) else {
            return Err(bad_file(
                param,
                &format!(
                    "Invalid image file or mode for image {nth}, please check your image file."
                ),
            ));
        };
        Ok(Self {
            field: field.to_owned(),
            file_name,
            media_type: media_type.to_owned(),
            size: (decoded.width(), decoded.height()),
            alpha: decoded.color().has_alpha(),
            bytes: bytes.len(),
            digest: blake3::hash(bytes).to_hex().to_string(),
        })
    }

    /// Reads an entry of `images`, or the `mask`, of a JSON body.
    ///
    /// # Errors
    /// The API's own. Only data URLs are answered: this server fetches nothing and keeps no files.
    pub fn from_json(field: &str, value: &Value, nth: usize) -> Result<Self, ApiError> {
        let Some(entry) = value.as_object() else {
            return Err(wrong_type(field, "an object", type_of(value)));
        };
        if let Some(name) = entry.keys().find(|k| *k != "image_url" && *k != "file_id") {
            return Err(unknown(&format!("{field}.{name}")));
        }
        let url = match (entry.get("image_url"), entry.get("file_id")) {
            (Some(url), None) => url,
            (None, Some(_)) => {
                return Err(ApiError::invalid(
                    field,
                    "file_not_found",
                    "No such File object.",
                ));
            }
            (None, None) => return Err(missing(&format!("{field}.image_url"))),
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid(
                    field,
                    "invalid_value",
                    "Provide exactly one of 'image_url' or 'file_id'.",
                ));
            }
        };
        let Some(url) = url.as_str() else {
            return Err(wrong_type(
                &format!("{field}.image_url"),
                "a string",
                type_of(url),
            ));
        };
        let (media_type, data) = url
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"))
            .filter(|_| url.len() <= MAX_URL)
            .ok_or_else(|| {
                ApiError::invalid(field, "invalid_image_url", "Failed to download the image.")
            })?;
        let bytes = STANDARD.decode(data).map_err(|_| {
            ApiError::invalid(field, "invalid_base64", "Invalid base64 in the data URL.")
        })?;
        Self::read(field, None, media_type, &bytes, nth)
    }
}

/// The rules of a set of references and its mask.
///
/// # Errors
/// The API's own: no reference, too many, a mask that does not fit the first.
pub fn check(
    field: &str,
    references: &[Reference],
    mask: Option<&Reference>,
) -> Result<(), ApiError> {
    let Some(first) = references.first() else {
        return Err(missing(field));
    };
    if references.len() > MAX_REFERENCES {
        return Err(ApiError::invalid(
            field,
            "array_above_max_length",
            format!(
                "Invalid '{field}': array too long. Expected an array with maximum length \
                 {MAX_REFERENCES}, but got an array with length {} instead.",
                references.len()
            ),
        ));
    }
    let Some(mask) = mask else { return Ok(()) };
    if mask.media_type != "image/png" || !mask.alpha {
        return Err(bad_file(
            "mask",
            "Invalid mask image format - the mask must be a PNG file with an alpha channel.",
        ));
    }
    if mask.bytes >= MAX_MASK_BYTES {
        return Err(bad_file("mask", "Mask files must be smaller than 4 MB."));
    }
    if mask.size != first.size {
        return Err(bad_file(
            "mask",
            "Invalid mask image format - mask size does not match image size.",
        ));
    }
    Ok(())
}

/// A 400 about a file that is not what it should be.
fn bad_file(param: &str, message: &str) -> ApiError {
    ApiError::new(400, IMAGE_USER, Some("invalid_image_file"), message).about(param)
}

/// A form or a body that cannot be read at all.
pub fn unreadable(message: impl Into<String>) -> ApiError {
    ApiError::new(400, INVALID_REQUEST, None, message)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::{Reference, check};
    use crate::png::{Format, Picture};

    fn file(format: Format, size: (u32, u32), transparent: bool) -> Vec<u8> {
        Picture {
            size,
            format,
            quality: 90,
            transparent,
            seed: [9; 32],
        }
        .encode()
    }

    fn read(field: &str, media_type: &str, bytes: &[u8]) -> Result<Reference, String> {
        Reference::read(field, None, media_type, bytes, 3)
            .map_err(|e| format!("{}/{}: {}", e.param.unwrap(), e.code.unwrap(), e.message))
    }

    #[test]
    fn files_are_what_they_say() {
        let png = file(Format::Png, (64, 32), false);
        let good = read("image[]", "image/png", &png).unwrap();
        assert_eq!(
            (good.size, good.alpha, good.bytes),
            ((64, 32), false, png.len())
        );
        assert_eq!(good.digest, blake3::hash(&png).to_hex().as_str());
        assert!(read("image", "image/jpeg", &file(Format::Jpeg, (64, 32), false)).is_ok());
        assert!(read("image", "image/webp", &file(Format::Webp, (64, 32), false)).is_ok());
        assert_eq!(
            read("image[]", "application/octet-stream", &png).unwrap_err(),
            "image/unsupported_file_mimetype: Invalid file 'image': unsupported mimetype \
             ('application/octet-stream'). Supported file formats are 'image/jpeg', 'image/png', and \
             'image/webp'."
        );
        let broken = "image/invalid_image_file: Invalid image file or mode for image 3, please check your \
                      image file.";
        assert_eq!(read("image", "image/jpeg", &png).unwrap_err(), broken);
        assert_eq!(
            read("image", "image/png", &png[..png.len() / 2]).unwrap_err(),
            broken
        );
    }

    #[test]
    fn masks_fit_the_first_reference() {
        let reference = |transparent, size| {
            let bytes = file(Format::Png, size, transparent);
            Reference::read("image", None, "image/png", &bytes, 1).unwrap()
        };
        let images = [reference(false, (64, 32)), reference(false, (16, 16))];
        assert!(check("image", &images, Some(&reference(true, (64, 32)))).is_ok());
        for bad in [reference(true, (16, 16)), reference(false, (64, 32))] {
            let error = check("image", &images, Some(&bad)).unwrap_err();
            assert_eq!(error.param.as_deref(), Some("mask"));
        }
        assert!(check("image", &[], None).is_err());
        assert!(check("image", &vec![images[0].clone(); 17], None).is_err());
    }

    #[test]
    fn data_urls() {
        let png = file(Format::Png, (64, 32), false);
        let url = format!("data:image/png;base64,{}", STANDARD.encode(&png));
        let good = Reference::from_json("images", &json!({"image_url": url}), 1).unwrap();
        assert_eq!(good.digest, blake3::hash(&png).to_hex().as_str());
        for bad in [
            json!({}),
            json!({"file_id": "file-1"}),
            json!({"image_url": url, "file_id": "file-1"}),
            json!({"image_url": "https://example.com/a.png"}),
            json!({"image_url": "data:image/png;base64,%"}),
            json!({"image_url": url, "detail": "low"}),
            json!("x"),
        ] {
            assert!(Reference::from_json("images", &bad, 1).is_err(), "{bad}");
        }
    }
}
