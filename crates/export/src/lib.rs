//! What turns a picked picture into an output file: crop, scale, encode, keep under a byte limit; and
//! what binds many output files into one: a PDF, a contact sheet.
//! Free and deterministic: the same bytes and the same [`Export`] give the same file on every
//! machine. Knows nothing of assets, presets or where the file goes.
//!
//! Two things it leaves alone on purpose. Colour profiles are not applied: providers answer in
//! sRGB, and colour management in floating point would not give the same bytes everywhere. And
//! nothing is written into a file but its pixels: no metadata, no time.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod cut;
mod decode;
mod encode;
mod error;
mod palette;
pub mod pdf;
pub mod sheet;
mod transform;

pub use self::decode::{ImageInfo, MAX_PIXELS, check, dimensions, image_info, plain};
pub use self::encode::encode_picture;
pub use self::error::ExportError;
pub use self::transform::lay_over;
pub use cut::is_cut;

use image::RgbaImage;

use self::decode::Header;

/// Counts in the key of every export. To be raised with any change that changes bytes: the golden
/// digests in the tests notice one, be it ours or that of a library.
pub const VERSION: u32 = 3;

/// A file format that gpbuild writes; the same three it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Lossless; the default.
    Png,
    /// Lossy and opaque; 4:4:4, because halved colour blurs coloured letters.
    Jpeg,
    /// Lossy, may be transparent.
    WebP,
}

impl Format {
    /// The names that a manifest may use, for "did you mean".
    pub const NAMES: [&'static str; 4] = ["png", "jpeg", "jpg", "webp"];

    /// Reads a name of [`Format::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "png" => Some(Self::Png),
            "jpeg" | "jpg" => Some(Self::Jpeg),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }

    /// The canonical name: `png`, `jpeg` or `webp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
        }
    }

    /// The file name's extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// For HTTP and for data URLs.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    /// How a person writes it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
        }
    }

    /// The format of some bytes, by what they begin with; never by a file's name.
    pub fn of(picture: &[u8]) -> Option<Self> {
        if picture.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if picture.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if picture.starts_with(b"RIFF") && picture.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }

    /// The longest side that the format can say.
    fn longest_side(self) -> u32 {
        match self {
            Self::Png => 1 << 24,
            Self::Jpeg => 65_535,
            Self::WebP => 16_383,
        }
    }
}

/// The part of a picture that is kept, as fractions of its sides.
///
/// Held in ten-thousandths, so that two crops can be compared and hashed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Crop {
    left: u16,
    top: u16,
    right: u16,
    bottom: u16,
}

impl Crop {
    /// One side, in the unit that a crop is held in.
    const WHOLE: u16 = 10_000;

    /// A crop from `[left, top, right, bottom]`, each from 0 to 1, as a manifest writes it.
    /// The error is the end of a sentence that begins with the field's name.
    pub fn new([left, top, right, bottom]: [f64; 4]) -> Result<Self, &'static str> {
        let inside = |n: f64| (0.0..=1.0).contains(&n);
        if ![left, top, right, bottom].into_iter().all(inside) {
            return Err("has a number that is not from 0 to 1");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above to be from 0 to 1"
        )]
        let parts = |n: f64| (n * f64::from(Self::WHOLE)).round() as u16;
        let crop = Self {
            left: parts(left),
            top: parts(top),
            right: parts(right),
            bottom: parts(bottom),
        };
        if crop.left >= crop.right || crop.top >= crop.bottom {
            return Err("is empty; it is written `[left, top, right, bottom]`");
        }
        Ok(crop)
    }

    /// Left, top, right and bottom in ten-thousandths.
    pub fn parts(&self) -> [u16; 4] {
        [self.left, self.top, self.right, self.bottom]
    }

    /// Whether it keeps everything.
    fn is_whole(&self) -> bool {
        self.parts() == [0, 0, Self::WHOLE, Self::WHOLE]
    }
}

/// What an output file is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Export {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What is cut out before scaling; without it the whole picture is used.
    pub crop: Option<Crop>,
    /// The file format.
    pub format: Format,
    /// From 1 to 100, for JPEG and WebP; 90 if it is not said.
    pub quality: Option<u8>,
    /// The largest file that will do.
    pub max_bytes: Option<u64>,
}

impl Export {
    /// What counts in the key of an export, as canonical names and values. [`VERSION`] counts too.
    ///
    /// An unset quality is not the same as 90: only the unset one lets a fitting picture through
    /// untouched.
    pub fn ingredients(&self) -> Vec<(&'static str, String)> {
        // Without `..`: a field that is new has to be dealt with here.
        let Self {
            width,
            height,
            crop,
            format,
            quality,
            max_bytes,
        } = self;
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        let crop = crop.filter(|crop| !crop.is_whole()).map(|crop| {
            let [left, top, right, bottom] = crop.parts();
            format!("{left},{top},{right},{bottom}")
        });
        vec![
            ("export.width", width.to_string()),
            ("export.height", height.to_string()),
            ("export.crop", or_none(crop)),
            ("export.format", format.name().to_owned()),
            ("export.quality", or_none(quality.map(|q| q.to_string()))),
            (
                "export.max_bytes",
                or_none(max_bytes.map(|n| n.to_string())),
            ),
        ]
    }

    fn crop(&self) -> Option<Crop> {
        self.crop.filter(|crop| !crop.is_whole())
    }

    /// Whether `picture` already is what was asked for, so that its bytes can be used as they are.
    fn is_met_by(&self, header: &Header, picture: &[u8]) -> bool {
        header.format == self.format
            && header.upright
            && (header.width, header.height) == (self.width, self.height)
            && self.crop().is_none()
            && self.quality.is_none()
            && self.max_bytes.is_none_or(|max| picture.len() as u64 <= max)
    }
}

/// The output file for a picture, which may be a PNG, JPEG or WebP of any size.
///
/// A picture that already has the format, the size and the weight passes through untouched. Any
/// other one is cropped, scaled to cover the size, cut to it at the centre, and encoded.
pub fn export(export: &Export, picture: &[u8]) -> Result<Vec<u8>, ExportError> {
    check_target(export)?;
    let header = decode::header(picture)?;
    if export.is_met_by(&header, picture) {
        return Ok(picture.to_vec());
    }
    encode::encode(export, &pixels(export, picture)?)
}

/// The output file for a picture with `overlay`, which has the size of the output, drawn over it.
pub fn export_under(
    export: &Export,
    picture: &[u8],
    overlay: &RgbaImage,
) -> Result<Vec<u8>, ExportError> {
    let mut image = pixels(export, picture)?;
    lay_over(&mut image, overlay);
    encode::encode(export, &image)
}

/// The pixels of an output before it is encoded: decoded, cropped, scaled.
pub fn pixels(export: &Export, picture: &[u8]) -> Result<RgbaImage, ExportError> {
    check_target(export)?;
    let mut image = decode::decode(picture)?;
    if let Some(crop) = export.crop() {
        image = transform::crop(&image, &crop);
    }
    cover(image, export)
}

/// How much an output shows of a picture of this size, in the picture's own pixels: what is left of it after its crop,
/// cut to the output's ratio. Where that is smaller than the output, it is scaled up.
pub fn shown_part(export: &Export, (width, height): (u32, u32)) -> (u32, u32) {
    let (width, height) = match export.crop() {
        Some(crop) => transform::cropped(&crop, width, height),
        None => (width, height),
    };
    let [w, h, to_w, to_h] = [width, height, export.width, export.height].map(u64::from);
    let scaled = |side: u64, to: u64, by: u64| u32::try_from(side * to / by.max(1)).unwrap_or(1);
    match w * to_h > h * to_w {
        true => (scaled(h, to_w, to_h).max(1), height),
        false => (width, scaled(w, to_h, to_w).max(1)),
    }
}

fn cover(image: RgbaImage, export: &Export) -> Result<RgbaImage, ExportError> {
    if image.dimensions() == (export.width, export.height) {
        return Ok(image);
    }
    transform::cover(image, export.width, export.height)
        .map_err(|why| ExportError::Failed { what: "scale", why })
}

fn check_target(export: &Export) -> Result<(), ExportError> {
    let (width, height) = (export.width, export.height);
    let side = export.format.longest_side();
    if width == 0 || height == 0 || width.max(height) > side {
        return Err(ExportError::Size {
            width,
            height,
            format: export.format,
            side,
        });
    }
    if u64::from(width) * u64::from(height) > decode::MAX_PIXELS {
        return Err(ExportError::TooManyPixels { width, height });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
