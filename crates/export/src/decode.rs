//! From bytes to pixels, within bounds: PNG, JPEG and WebP by what is in the file. Knows nothing of
//! what the pixels are for.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbaImage};

use super::pdf::jpeg_colors;
use super::{ExportError, Format, encode_picture};

/// The most pixels of a picture, be it read or made.
pub const MAX_PIXELS: u64 = 64_000_000;
/// At most so many bytes for the pixels of one picture: 64 million of them with four 16-bit
/// channels, and nothing a decoder may want beside them.
const MAX_MEMORY: u64 = 512 << 20;

/// What the first bytes of a picture say.
pub(super) struct Header {
    pub(super) format: Format,
    /// As a viewer shows it: after the turn that EXIF asks for.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether EXIF asks for no turn.
    pub(super) upright: bool,
}

/// Width and height of a picture as a viewer shows it, from its header alone.
///
/// Nothing is decoded, but a file that ends early or is animated is refused, as everywhere.
pub fn dimensions(picture: &[u8]) -> Result<(u32, u32), ExportError> {
    header(picture).map(|header| (header.width, header.height))
}

/// What a picture's file says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// What it is.
    pub format: Format,
    /// Pixels, before any turn that EXIF asks for.
    pub width: u32,
    /// Pixels, before any turn that EXIF asks for.
    pub height: u32,
    /// Whether a pixel may be transparent.
    pub alpha: bool,
}

/// Looks at a picture without decoding it; one that ends early or is animated is refused, as everywhere.
pub fn image_info(picture: &[u8]) -> Result<ImageInfo, ExportError> {
    let opened = open(picture)?;
    let (width, height) = opened.decoder.dimensions();
    Ok(ImageInfo {
        format: opened.format,
        width,
        height,
        alpha: opened.decoder.color_type().has_alpha(),
    })
}

pub(super) fn header(picture: &[u8]) -> Result<Header, ExportError> {
    let mut opened = open(picture)?;
    let orientation = opened.orientation()?;
    let (mut width, mut height) = opened.decoder.dimensions();
    if turns(orientation) {
        (width, height) = (height, width);
    }
    Ok(Header {
        format: opened.format,
        width,
        height,
        upright: orientation == Orientation::NoTransforms,
    })
}

/// The picture as it is, or, if EXIF asks for a turn or its colours are CMYK, another file of the same look:
/// for who draws pictures and knows neither. What is no still and whole picture is refused.
pub fn plain(picture: &[u8]) -> Result<Cow<'_, [u8]>, ExportError> {
    let header = header(picture)?;
    let is_print = header.format == Format::Jpeg && jpeg_colors(picture).is_none();
    if header.upright && !is_print {
        return Ok(Cow::Borrowed(picture));
    }
    encode_picture(&decode(picture)?).map(Cow::Owned)
}

/// Whether a picture can be used at all, whatever is to be made of it: all of it is decoded.
pub fn check(picture: &[u8]) -> Result<(), ExportError> {
    decode(picture).map(drop)
}

/// All pixels: 16 bits become 8, gray and palettes become RGB, CMYK becomes RGB, and the turn that
/// EXIF asks for is made.
pub(super) fn decode(picture: &[u8]) -> Result<RgbaImage, ExportError> {
    let mut opened = open(picture)?;
    let orientation = opened.orientation()?;
    let damaged = damaged(opened.format);
    let mut image = DynamicImage::from_decoder(opened.decoder).map_err(damaged)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgba8())
}

struct Opened<'a> {
    format: Format,
    decoder: Box<dyn ImageDecoder + 'a>,
}

impl Opened<'_> {
    fn orientation(&mut self) -> Result<Orientation, ExportError> {
        self.decoder.orientation().map_err(damaged(self.format))
    }
}

fn open(picture: &[u8]) -> Result<Opened<'_>, ExportError> {
    let format = Format::of(picture).ok_or_else(|| ExportError::NotAPicture {
        looks: looks(picture),
    })?;
    // Before anything else: a decoder fills the missing part with gray and says nothing, and a
    // picture that needs no work is not decoded at all.
    if !is_complete(format, picture) {
        return Err(ExportError::CutOff { format });
    }
    let reader = Cursor::new(picture);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    let (mut decoder, animated): (Box<dyn ImageDecoder>, bool) = match format {
        Format::Png => {
            let decoder =
                PngDecoder::with_limits(reader, limits.clone()).map_err(damaged(format))?;
            let animated = decoder.is_apng().map_err(damaged(format))?;
            (Box::new(decoder), animated)
        }
        Format::Jpeg => (
            Box::new(JpegDecoder::new(reader).map_err(damaged(format))?),
            false,
        ),
        Format::WebP => {
            let decoder = WebPDecoder::new(reader).map_err(damaged(format))?;
            let animated = decoder.has_animation();
            (Box::new(decoder), animated)
        }
    };
    if animated {
        return Err(ExportError::Animated { format });
    }
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_MEMORY {
        return Err(ExportError::TooManyPixels { width, height });
    }
    decoder.set_limits(limits).map_err(damaged(format))?;
    Ok(Opened { format, decoder })
}

fn damaged(format: Format) -> impl Fn(ImageError) -> ExportError + Copy {
    move |error| {
        let why = match &error {
            ImageError::Decoding(error) => match std::error::Error::source(error) {
                Some(source) => source.to_string(),
                None => error.to_string(),
            },
            other => other.to_string(),
        };
        let why = why
            .lines()
            .next()
            .unwrap_or("")
            .trim_end_matches('.')
            .to_owned();
        ExportError::Damaged { format, why }
    }
}

fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// What bytes that are no picture seem to be, as the end of "it …".
fn looks(bytes: &[u8]) -> &'static str {
    let brand = bytes.get(4..12).unwrap_or(b"");
    let text = bytes.trim_ascii_start();
    match () {
        () if bytes.is_empty() => "is empty",
        () if bytes.starts_with(b"GIF8") => "is a GIF",
        () if bytes.starts_with(b"BM") => "looks like a BMP",
        () if brand == b"ftypavif" => "is an AVIF",
        () if brand.starts_with(b"ftyphei") || brand == b"ftypmif1" => "is a HEIC",
        () if text.starts_with(b"{") || text.starts_with(b"[") => "looks like JSON",
        () if text.starts_with(b"<svg") || text.starts_with(b"<?xml") => "looks like SVG or XML",
        () if text.starts_with(b"<") => "looks like HTML",
        () => "begins like no picture known here",
    }
}

/// Whether the file reaches the mark that ends a picture of its format.
pub(super) fn is_complete(format: Format, picture: &[u8]) -> bool {
    match format {
        Format::Png => png_ends(picture),
        Format::Jpeg => jpeg_ends(picture),
        Format::WebP => match picture.get(4..8).and_then(|size| size.try_into().ok()) {
            Some(size) => u32::from_le_bytes(size) as usize <= picture.len() - 8,
            None => false,
        },
    }
}

fn png_ends(picture: &[u8]) -> bool {
    png_chunks(picture).any(|(name, _)| name == b"IEND")
}

/// The chunks of a PNG, told apart by their lengths, as far as they are whole: name and data.
pub(super) fn png_chunks(picture: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = picture.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (name, after) = after.split_at_checked(4)?;
        let (data, after) = after.split_at_checked(length)?;
        rest = after.get(4..)?;
        Some((name, data))
    })
}

/// Inside coded data an `FF` byte is never followed by a marker of a picture's start or end, so the
/// last scan must be followed by an end.
fn jpeg_ends(picture: &[u8]) -> bool {
    picture.windows(2).rev().find_map(|pair| match pair {
        [0xff, 0xd9] => Some(true),
        [0xff, 0xda] => Some(false),
        _ => None,
    }) == Some(true)
}
