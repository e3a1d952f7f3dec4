//! The pictures: real bytes of the size asked for, no two the same, made fast. Knows no requests.

use std::io::Write;

use image::ImageEncoder;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With a chunk `caBX`, as the API signs its pictures.
    Png,
    /// Of the quality asked for.
    Jpeg,
    /// Lossless.
    Webp,
}

impl Format {
    /// The name in requests and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::Webp]
            .into_iter()
            .find(|format| format.name() == name)
    }
}

/// What a picture looks like.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The kind of file.
    pub format: Format,
    /// 1..=100, for JPEG.
    pub quality: u8,
    /// Whether the ground is transparent.
    pub transparent: bool,
    /// The first bytes choose the colours, all of them sign a PNG.
    pub seed: [u8; 32],
}

impl Picture {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let (w, h) = self.size;
        let mut out = Vec::new();
        let color = if self.transparent {
            image::ExtendedColorType::Rgba8
        } else {
            image::ExtendedColorType::Rgb8
        };
        let written = match self.format {
            Format::Png => return self.png(),
            Format::Jpeg => {
                image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, self.quality)
                    .write_image(&self.pixels(), w, h, color)
                    .map_err(|e| e.to_string())
            }
            Format::Webp => image::codecs::webp::WebPEncoder::new_lossless(&mut out)
                .write_image(&self.pixels(), w, h, color)
                .map_err(|e| e.to_string()),
        };
        // Writing to memory, of a size that was checked: it does not fail.
        debug_assert_eq!(written, Ok(()));
        out
    }

    /// A disc on a ground, of two colours from the seed, row by row.
    fn row(&self, y: u32, row: &mut Vec<u8>) {
        let (w, h) = self.size;
        let [a, b, c, d, e, f, ..] = self.seed;
        // A pale ground and a dark disc, so that both are seen.
        let ground = [a, b, c].map(|v| 160 + v / 3);
        let disc = [d, e, f].map(|v| v / 2);
        let radius = i64::from(w.min(h)) / 3;
        let dy = i64::from(y) - i64::from(h) / 2;
        let half = (radius * radius - dy * dy).max(0).isqrt();
        let (left, right) = (i64::from(w) / 2 - half, i64::from(w) / 2 + half);
        row.clear();
        let mut fill = |color: [u8; 3], alpha: u8, from: i64, to: i64| {
            let pixel: &[u8] = &[color[0], color[1], color[2], alpha];
            let pixel = &pixel[..if self.transparent { 4 } else { 3 }];
            row.extend_from_slice(&pixel.repeat(usize::try_from(to - from).unwrap_or_default()));
        };
        fill(ground, 0, 0, left);
        fill(disc, 255, left, right);
        fill(ground, 0, right, i64::from(w));
    }

    fn pixels(&self) -> Vec<u8> {
        let (mut pixels, mut row) = (Vec::new(), Vec::new());
        for y in 0..self.size.1 {
            self.row(y, &mut row);
            pixels.extend_from_slice(&row);
        }
        pixels
    }

    fn png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let written = self.write_png(&mut out);
        debug_assert!(written.is_ok(), "{written:?}");
        out
    }

    fn write_png(&self, out: &mut Vec<u8>) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(out, self.size.0, self.size.1);
        encoder.set_color(if self.transparent {
            png::ColorType::Rgba
        } else {
            png::ColorType::Rgb
        });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_chunk(png::chunk::ChunkType(*b"caBX"), &self.manifest())?;
        let mut rows = writer.stream_writer()?;
        let mut row = Vec::new();
        for y in 0..self.size.1 {
            self.row(y, &mut row);
            rows.write_all(&row)?;
        }
        rows.finish()
    }

    /// A JUMBF box as a C2PA manifest starts with one. The signature is the seed: no two are the same.
    fn manifest(&self) -> Vec<u8> {
        let label = b"c2pa\0OpenAI Media Service API\0";
        let mut content =
            Vec::from(*b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03");
        content.extend_from_slice(label);
        content.extend_from_slice(&self.seed);
        let length = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
        let mut chunk = length.to_be_bytes().to_vec();
        chunk.extend_from_slice(b"jumb");
        chunk.extend_from_slice(&content);
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Picture};

    fn picture(format: Format, seed: u8) -> Picture {
        Picture {
            size: (208, 144),
            format,
            quality: 90,
            transparent: false,
            seed: [seed; 32],
        }
    }

    #[test]
    fn every_format_decodes_to_its_size() {
        for (format, guessed) in [
            (Format::Png, image::ImageFormat::Png),
            (Format::Jpeg, image::ImageFormat::Jpeg),
            (Format::Webp, image::ImageFormat::WebP),
        ] {
            let bytes = picture(format, 7).encode();
            let decoded = image::load_from_memory_with_format(&bytes, guessed).unwrap();
            assert_eq!(
                (decoded.width(), decoded.height()),
                (208, 144),
                "{format:?}"
            );
        }
    }

    #[test]
    fn a_transparent_picture_has_an_empty_ground() {
        let transparent = Picture {
            transparent: true,
            ..picture(Format::Png, 7)
        };
        let decoded = image::load_from_memory(&transparent.encode())
            .unwrap()
            .to_rgba8();
        assert_eq!(decoded.get_pixel(0, 0).0[3], 0);
        assert_eq!(decoded.get_pixel(104, 72).0[3], 255);
    }

    #[test]
    fn a_png_is_signed_and_no_two_are_the_same() {
        let (one, two) = (
            picture(Format::Png, 1).encode(),
            picture(Format::Png, 2).encode(),
        );
        assert_ne!(one, two);
        assert_eq!(&one[37..41], b"caBX");
    }
}
