//! One PDF of many pictures: a page for each, as large as its picture. The same pictures and title
//! give the same bytes: no time and no random number is written. Knows nothing of assets.

use std::borrow::Cow;

use pdf_writer::types::Predictor;
use pdf_writer::{Content, Filter, Finish, Name, Rect, Ref, TextStr};

use super::encode::{encode_picture, jpeg, on_white};
use super::{ExportError, Format, decode};

/// Counts in the key of every PDF. To be raised with any change that changes bytes.
pub const VERSION: u32 = 3;

/// What a page may weigh and stay lossless, in bytes for each 1000 pixels: 30 slides of 1080x1440 are
/// 9.3 MB at most. Flat designs take a quarter of it; photographs and paintings do not fit.
const BYTES_PER_KILOPIXEL: u64 = 200;
/// Below that there is nothing to gain.
const SMALL: u64 = 50_000;
/// For what does not fit, the best of these that does; a lower one is seen on letters.
const QUALITIES: [u8; 4] = [90, 85, 80, 75];
/// The largest PDF, in bytes: what LinkedIn takes is half of it.
const MAX_BYTES: usize = 200_000_000;
/// Points, of which 72 are an inch, to a pixel: a slide of 1080x1440 is 7.5 by 10 inches.
const POINTS_PER_PIXEL: f32 = 0.5;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// The name of its one picture on each page.
const PICTURE: Name<'static> = Name(b"P");

/// A PDF that is being written: holds the compressed pages, never the pixels of more than one.
pub struct Pdf {
    pdf: pdf_writer::Pdf,
    pages: Vec<Ref>,
    last: Ref,
}

/// A picture as it stands in a PDF.
struct Image<'a> {
    width: u32,
    height: u32,
    coding: Coding,
    data: Cow<'a, [u8]>,
}

/// How the samples of a picture are written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Coding {
    /// A JPEG file as it is.
    Dct(Colors),
    /// The image data of a PNG file as they are: PDF knows its filters.
    Png(Colors),
}

/// The channels of a picture, 8 bits each, or its numbered colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    Gray,
    Rgb,
    /// Of these, three bytes each.
    Indexed(Vec<u8>),
}

impl Default for Pdf {
    fn default() -> Self {
        Self {
            pdf: pdf_writer::Pdf::new(),
            pages: Vec::new(),
            last: INFO,
        }
    }
}

impl Pdf {
    /// Adds a page with a picture, which may be a PNG, JPEG or WebP of any size. JPEG goes in as it is.
    pub fn add(&mut self, picture: &[u8]) -> Result<(), ExportError> {
        let image = image(picture)?;
        if self.pdf.len() + image.data.len() > MAX_BYTES {
            return Err(ExportError::TooLarge {
                what: "PDF",
                limit: MAX_BYTES as u64,
            });
        }
        let [object, content, page] = [self.next(), self.next(), self.next()];
        self.write_image(object, &image)?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "sides are far below 2^24, so this is exact"
        )]
        let [width, height] = [image.width, image.height].map(|n| n as f32 * POINTS_PER_PIXEL);
        let mut drawing = Content::new();
        drawing.save_state();
        drawing.transform([width, 0.0, 0.0, height, 0.0, 0.0]);
        drawing.x_object(PICTURE);
        drawing.restore_state();
        self.pdf.stream(content, &drawing.finish());
        let mut leaf = self.pdf.page(page);
        leaf.media_box(Rect::new(0.0, 0.0, width, height));
        leaf.parent(PAGES);
        leaf.contents(content);
        leaf.resources().x_objects().pair(PICTURE, object);
        leaf.finish();
        self.pages.push(page);
        Ok(())
    }

    /// The file.
    pub fn finish(mut self, title: &str) -> Result<Vec<u8>, ExportError> {
        let count = signed(self.pages.len())?;
        let mut catalog = self.pdf.catalog(CATALOG);
        catalog.pages(PAGES);
        catalog.viewer_preferences().display_doc_title(true);
        catalog.finish();
        self.pdf.pages(PAGES).kids(self.pages).count(count);
        let mut info = self.pdf.document_info(INFO);
        info.title(TextStr(title)).producer(TextStr("gpbuild"));
        info.finish();
        Ok(self.pdf.finish())
    }

    fn next(&mut self) -> Ref {
        self.last = self.last.next();
        self.last
    }

    fn write_image(&mut self, id: Ref, image: &Image<'_>) -> Result<(), ExportError> {
        let (width, height) = (signed(image.width)?, signed(image.height)?);
        let mut object = self.pdf.image_xobject(id, &image.data);
        object.width(width).height(height).bits_per_component(8);
        let (Coding::Dct(colors) | Coding::Png(colors)) = &image.coding;
        match colors {
            Colors::Gray => object.color_space().device_gray(),
            Colors::Rgb => object.color_space().device_rgb(),
            Colors::Indexed(palette) => {
                let highest = i32::try_from(palette.len() / 3).unwrap_or(256) - 1;
                object
                    .color_space()
                    .indexed(Name(b"DeviceRGB"), highest, palette);
            }
        }
        match &image.coding {
            Coding::Dct(_) => {
                object.filter(Filter::DctDecode);
            }
            Coding::Png(colors) => {
                object.filter(Filter::FlateDecode);
                object
                    .decode_parms()
                    .predictor(Predictor::PngOptimum)
                    .colors(if *colors == Colors::Rgb { 3 } else { 1 })
                    .bits_per_component(8)
                    .columns(width);
            }
        }
        Ok(())
    }
}

/// A picture in the form that it takes in a PDF: as it is if it can be, else lossless if that is light
/// enough, else as JPEG.
fn image(picture: &[u8]) -> Result<Image<'_>, ExportError> {
    let header = decode::header(picture)?;
    let (width, height) = (header.width, header.height);
    let image = |coding, data| Image {
        width,
        height,
        coding,
        data,
    };
    if header.format == Format::Jpeg
        && header.upright
        && let Some(colors) = jpeg_colors(picture)
    {
        return Ok(image(Coding::Dct(colors), Cow::Borrowed(picture)));
    }
    let room = (u64::from(width) * u64::from(height) * BYTES_PER_KILOPIXEL / 1000).max(SMALL);
    let fits = |data: &[u8]| data.len() as u64 <= room;
    let as_it_is = header.upright.then(|| png_data(picture)).flatten();
    if let Some((colors, data)) = &as_it_is
        && fits(data)
    {
        return Ok(image(Coding::Png(colors.clone()), data.clone()));
    }
    let pixels = on_white(&decode::decode(picture)?);
    let (colors, data) = match as_it_is {
        Some(as_it_is) => as_it_is,
        None => {
            let file = encode_picture(&pixels)?;
            let (colors, data) = png_data(&file).ok_or_else(|| failed("not a plain PNG"))?;
            (colors, Cow::Owned(data.into_owned()))
        }
    };
    if fits(&data) {
        return Ok(image(Coding::Png(colors), data));
    }
    let mut smaller = Vec::new();
    for quality in QUALITIES {
        smaller = jpeg(&pixels, quality)?;
        if fits(&smaller) {
            break;
        }
    }
    if smaller.len() < data.len() {
        return Ok(image(Coding::Dct(Colors::Rgb), Cow::Owned(smaller)));
    }
    Ok(image(Coding::Png(colors), data))
}

/// The channels of a JPEG that PDF takes as it is, and every decoder shows alike: Huffman-coded, 8 bits, gray or in colour.
pub(super) fn jpeg_colors(picture: &[u8]) -> Option<Colors> {
    let mut at = 2;
    loop {
        let Some(&[0xff, marker, high, low]) = picture.get(at..at + 4) else {
            return None;
        };
        match marker {
            // Between markers there may be any number of fill bytes.
            0xff => at += 1,
            // Baseline, extended and progressive: bits, height, width, number of channels.
            0xc0..=0xc2 => {
                return match (picture.get(at + 4)?, picture.get(at + 9)?) {
                    (8, 1) => Some(Colors::Gray),
                    (8, 3) => Some(Colors::Rgb),
                    _ => None,
                };
            }
            // Other codings, and the picture itself.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xda => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
}

/// The image data of a PNG that PDF takes as they are: 8 bits, gray, RGB or with a palette, without transparency, row
/// after row.
fn png_data(picture: &[u8]) -> Option<(Colors, Cow<'_, [u8]>)> {
    let mut colors = None;
    let mut parts: Vec<&[u8]> = Vec::new();
    for (name, data) in decode::png_chunks(picture) {
        match name {
            b"IHDR" => {
                colors = match data.get(8..13)? {
                    [8, 0, 0, 0, 0] => Some(Colors::Gray),
                    [8, 2, 0, 0, 0] => Some(Colors::Rgb),
                    [8, 3, 0, 0, 0] => Some(Colors::Indexed(Vec::new())),
                    _ => return None,
                }
            }
            b"PLTE" => {
                if let Some(Colors::Indexed(palette)) = &mut colors {
                    data.clone_into(palette);
                }
            }
            b"tRNS" => return None,
            b"IDAT" => parts.push(data),
            _ => {}
        }
    }
    let data = match parts.as_slice() {
        [] => return None,
        [one] => Cow::Borrowed(*one),
        many => Cow::Owned(many.concat()),
    };
    Some((colors?, data))
}

fn signed(number: impl TryInto<i32, Error: std::fmt::Display>) -> Result<i32, ExportError> {
    number.try_into().map_err(failed)
}

fn failed(why: impl std::fmt::Display) -> ExportError {
    ExportError::Failed {
        what: "write",
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

    use super::{Coding, Colors, Pdf, image, jpeg_colors, png_data};
    use crate::encode_picture;
    use crate::tests::{file, flat, grainy};
    use base::digest::Digest;

    fn coding(picture: &[u8]) -> (Coding, usize, bool) {
        let image = image(picture).unwrap();
        let as_it_is = matches!(image.data, Cow::Borrowed(_));
        (image.coding, image.data.len(), as_it_is)
    }

    /// The whole number behind the first `key` of a PDF.
    fn number(pdf: &[u8], key: &str) -> u32 {
        let text = String::from_utf8_lossy(pdf);
        let at = text.find(key).unwrap() + key.len();
        let rest = text[at..].trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
        rest[..end].parse().unwrap()
    }

    #[test]
    fn a_flat_picture_goes_in_as_it_is() {
        let png = encode_picture(&flat(540, 720)).unwrap();
        let (coding, length, _) = coding(&png);
        assert!(matches!(coding, Coding::Png(Colors::Indexed(_))));
        assert!(length < png.len() && length + 600 > png.len(), "{length}");
        let gray = DynamicImage::from(flat(40, 30)).into_luma8();
        let (coding, _, _) = self::coding(&file(gray, ImageFormat::Png));
        assert_eq!(coding, Coding::Png(Colors::Gray));
    }

    #[test]
    fn a_jpeg_goes_in_as_it_is() {
        for image in [
            DynamicImage::from(grainy(300, 400)).into_rgb8().into(),
            DynamicImage::from(DynamicImage::from(grainy(300, 400)).into_luma8()),
        ] {
            let colors = if image.color().has_color() {
                Colors::Rgb
            } else {
                Colors::Gray
            };
            let jpeg = file(image, ImageFormat::Jpeg);
            assert_eq!(jpeg_colors(&jpeg), Some(colors.clone()));
            assert_eq!(coding(&jpeg), (Coding::Dct(colors), jpeg.len(), true));
        }
    }

    #[test]
    fn a_picture_that_is_too_heavy_becomes_a_jpeg_that_is_not() {
        let png = encode_picture(&grainy(1080, 1440)).unwrap();
        let (coding, length, _) = coding(&png);
        assert_eq!(coding, Coding::Dct(Colors::Rgb));
        assert!(
            length < 1080 * 1440 / 5 && length * 3 < png.len(),
            "{length}"
        );
    }

    #[test]
    fn what_pdf_cannot_take_is_written_anew_on_white() {
        let mut image = flat(60, 40);
        image.put_pixel(0, 0, Rgba([1, 2, 3, 0]));
        let (clear, webp) = (
            encode_picture(&image).unwrap(),
            file(flat(60, 40), ImageFormat::WebP),
        );
        assert!(png_data(&clear).is_none());
        for picture in [clear, webp] {
            let (coding, _, as_it_is) = coding(&picture);
            assert!(matches!(coding, Coding::Png(Colors::Indexed(_))) && !as_it_is);
        }
    }

    #[test]
    fn a_jpeg_that_ends_in_its_header_has_no_colours() {
        let jpeg = file(
            DynamicImage::from(flat(20, 20)).into_rgb8(),
            ImageFormat::Jpeg,
        );
        let first_scan = jpeg.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
        let cut = (0..first_scan).filter(|at| jpeg_colors(&jpeg[..*at]).is_some());
        // Once the frame is there whole, its colours are known.
        assert!(cut.min().is_some_and(|at| at > 20));
        assert_eq!(jpeg_colors(&[0xff, 0xd8, 0xff, 0xff, 0xff]), None);
        assert_eq!(jpeg_colors(&[0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff]), None);
    }

    #[test]
    fn a_page_is_half_a_point_for_each_pixel() {
        let mut pdf = Pdf::default();
        for side in [(540, 720), (100, 33)] {
            pdf.add(&encode_picture(&flat(side.0, side.1)).unwrap())
                .unwrap();
        }
        let bytes = pdf.finish("post/你好").unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(bytes.starts_with(b"%PDF-1.7\n"));
        assert!(bytes.ends_with(b"%%EOF\n") || bytes.ends_with(b"%%EOF"));
        assert_eq!(number(&bytes, "/Count"), 2);
        assert!(text.contains("/MediaBox [0 0 270 360]"), "{text}");
        assert!(text.contains("/MediaBox [0 0 50 16.5]"), "{text}");
        for varies in ["/ID", "Date", "/Metadata"] {
            assert!(!text.contains(varies), "{varies}");
        }
    }

    #[test]
    fn the_same_pages_give_the_same_bytes() {
        // If this fails, every PDF is made anew: raise VERSION with it.
        let made = || {
            let mut pdf = Pdf::default();
            for image in [
                flat(60, 80),
                RgbaImage::from_pixel(3, 2, Rgba([9, 9, 9, 255])),
            ] {
                pdf.add(&encode_picture(&image).unwrap()).unwrap();
            }
            pdf.finish("deck").unwrap()
        };
        assert_eq!(made(), made());
        assert_eq!(
            Digest::of(&made()).hex(),
            "0f2c135ee93a5ea7bda34b091e5d66fb39cb81bd47810a87f65bdb0f4372ce70"
        );
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let error = Pdf::default().add(b"GIF89a").unwrap_err();
        assert_eq!(
            error.to_string(),
            "this is not a PNG, JPEG or WebP picture: it is a GIF"
        );
    }
}
