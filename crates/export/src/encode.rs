//! From pixels to a file: the encoders, their settings, and the ladder down to a byte limit. Knows
//! nothing of where the pixels come from.

use std::io::Write;

use image::RgbaImage;
use jpeg_encoder::SamplingFactor;
use png::{ColorType, DeflateCompression, Filter};
use takumi::prelude::{Bitmap, OutputFormat, Quality};

use super::palette::Palette;
use super::{Export, ExportError, Format};

/// JPEG and WebP where the manifest says nothing.
const QUALITY: u8 = 90;
/// Where the ladder ends: below, a picture is not worth publishing.
const LOWEST_QUALITY: u8 = 40;
const STEP: u8 = 5;

/// The PNG of what the local renderer drew.
pub fn encode_picture(image: &RgbaImage) -> Result<Vec<u8>, ExportError> {
    let mut rows = Rows::of(image);
    let packing = rows.choose()?;
    rows.png(packing)
}

/// The file of the format that was asked for, within `max_bytes`.
pub(super) fn encode(export: &Export, image: &RgbaImage) -> Result<Vec<u8>, ExportError> {
    match export.format {
        Format::Png => png_within(image, export.max_bytes),
        Format::Jpeg => {
            let flat = on_white(image);
            ladder(export, |quality| jpeg(&flat, quality))
        }
        Format::WebP => {
            let (width, height) = image.dimensions();
            let bitmap = Bitmap::from_raw(width, height, image.as_raw().clone())
                .ok_or_else(|| failed("the picture has the wrong length"))?;
            ladder(export, |quality| webp(&bitmap, quality))
        }
    }
}

/// How a PNG is filtered and how hard it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packing {
    filter: Filter,
    level: u8,
}

/// Flat designs: runs repeat from row to row, and filters hide that. `poster` at 1080x1440 takes 7 ms and 173 kB;
/// at level 6 it takes 11 ms and 131 kB, at level 2 it takes 4 ms and 228 kB.
const FLAT: Packing = Packing {
    filter: Filter::NoFilter,
    level: 4,
};
/// Of few colours: a pixel is a byte, and that leaves time to look for longer runs.
const INDEXED: Packing = Packing {
    filter: Filter::NoFilter,
    level: 6,
};
/// Grainy ones: filtered 66 ms and 2.5 MB, unfiltered 86 ms and 3.5 MB. Levels above 3 gain
/// nothing and can take six times as long.
const GRAINY: Packing = Packing {
    filter: Filter::Adaptive,
    level: 3,
};
/// Only for `max_bytes`: slow.
const STRONGEST: u8 = 9;
/// Of so many rows, two are tried with both packings.
const SAMPLED: u32 = 64;
/// A sample that shrinks to this part of itself is a flat design: there is nothing to try.
const SMALL: usize = 16;
/// The data of a file is in chunks of at most so many bytes.
const CHUNK: usize = 1 << 16;

/// A picture to be written as PNG, row by row.
struct Rows<'i> {
    image: &'i RgbaImage,
    /// Its colours, if they are few.
    palette: Option<Palette>,
    /// No transparent pixel was met yet. Without its fourth channel a picture is a tenth smaller.
    opaque: bool,
}

impl<'i> Rows<'i> {
    fn of(image: &'i RgbaImage) -> Self {
        Self {
            image,
            palette: Palette::of(image),
            opaque: true,
        }
    }

    /// The packing that makes a sample of the rows smaller.
    fn choose(&mut self) -> Result<Packing, ExportError> {
        if self.palette.is_some() {
            return Ok(INDEXED);
        }
        // Pairs of neighbours: adaptive filters look at the row above.
        let sample: Vec<u32> = (0..self.image.height())
            .filter(|row| row % SAMPLED < 2)
            .collect();
        let flat = self.write(FLAT, &sample)?.len();
        let bytes = sample.len() * self.image.width() as usize * self.color().samples();
        let grainy = flat > bytes / SMALL && self.write(GRAINY, &sample)?.len() < flat;
        Ok(if grainy { GRAINY } else { FLAT })
    }

    fn png(&mut self, packing: Packing) -> Result<Vec<u8>, ExportError> {
        let all: Vec<u32> = (0..self.image.height()).collect();
        self.write(packing, &all)
    }

    /// A file of these rows.
    fn write(&mut self, packing: Packing, rows: &[u32]) -> Result<Vec<u8>, ExportError> {
        let (mut file, all_said) = self.try_write(packing, rows)?;
        if !all_said {
            self.opaque = false;
            (file, _) = self.try_write(packing, rows)?;
        }
        Ok(file)
    }

    fn color(&self) -> ColorType {
        match self.palette {
            Some(_) => ColorType::Indexed,
            None if self.opaque => ColorType::Rgb,
            None => ColorType::Rgba,
        }
    }

    /// A file of these rows, and whether it says all of them: it ends before the first transparent pixel for
    /// which it has no channel. Each row is converted when it is its turn: a picture of 4K is 33 MB.
    fn try_write(&self, packing: Packing, rows: &[u32]) -> Result<(Vec<u8>, bool), ExportError> {
        let mut out = Vec::new();
        let width = self.image.width();
        let height = u32::try_from(rows.len()).map_err(failed)?;
        let mut encoder = png::Encoder::new(&mut out, width, height);
        encoder.set_color(self.color());
        encoder.set_filter(packing.filter);
        encoder.set_deflate_compression(DeflateCompression::Level(packing.level));
        if let Some(palette) = &self.palette {
            encoder.set_palette(palette.rgb());
            let alpha = palette.alpha();
            if !alpha.is_empty() {
                encoder.set_trns(alpha);
            }
        }
        let mut file = encoder.write_header().map_err(failed)?;
        let mut data = file.stream_writer_with_size(CHUNK).map_err(failed)?;
        let width = width as usize;
        let (pixels, _) = self.image.as_raw().as_chunks::<4>();
        let mut colors = vec![[0; 3]; width];
        let mut numbers = vec![0; width];
        for row in rows {
            let from = *row as usize * width;
            let pixels = &pixels[from..from + width];
            if let Some(palette) = &self.palette {
                palette.row(pixels, &mut numbers);
                data.write_all(&numbers).map_err(failed)?;
                continue;
            }
            if !self.opaque {
                data.write_all(pixels.as_flattened()).map_err(failed)?;
                continue;
            }
            let mut least = u8::MAX;
            for (to, [red, green, blue, alpha]) in colors.iter_mut().zip(pixels) {
                *to = [*red, *green, *blue];
                least &= alpha;
            }
            if least < u8::MAX {
                return Ok((Vec::new(), false));
            }
            data.write_all(colors.as_flattened()).map_err(failed)?;
        }
        data.finish().map_err(failed)?;
        file.finish().map_err(failed)?;
        Ok((out, true))
    }
}

fn png_within(image: &RgbaImage, max: Option<u64>) -> Result<Vec<u8>, ExportError> {
    let mut rows = Rows::of(image);
    let packing = rows.choose()?;
    let first = rows.png(packing)?;
    let Some(limit) = max else {
        return Ok(first);
    };
    let mut smallest = first;
    for filter in [Filter::NoFilter, Filter::Adaptive] {
        if smallest.len() as u64 <= limit {
            break;
        }
        let next = rows.png(Packing {
            filter,
            level: STRONGEST,
        })?;
        if next.len() < smallest.len() {
            smallest = next;
        }
    }
    within(smallest, Format::Png, None, limit)
}

/// The best quality whose file is small enough, from the one asked for downwards.
fn ladder(
    export: &Export,
    encode: impl Fn(u8) -> Result<Vec<u8>, ExportError>,
) -> Result<Vec<u8>, ExportError> {
    let start = export.quality.unwrap_or(QUALITY).clamp(1, 100);
    let mut file = encode(start)?;
    let Some(limit) = export.max_bytes else {
        return Ok(file);
    };
    let mut reached = start;
    for quality in steps(start) {
        if file.len() as u64 <= limit {
            break;
        }
        file = encode(quality)?;
        reached = quality;
    }
    within(file, export.format, Some(reached), limit)
}

/// The multiples of five below `start`, down to the lowest quality.
fn steps(start: u8) -> impl Iterator<Item = u8> {
    (LOWEST_QUALITY / STEP..start.div_ceil(STEP))
        .rev()
        .map(|n| n * STEP)
}

fn within(
    file: Vec<u8>,
    format: Format,
    quality: Option<u8>,
    limit: u64,
) -> Result<Vec<u8>, ExportError> {
    let smallest = file.len() as u64;
    if smallest <= limit {
        return Ok(file);
    }
    Err(ExportError::TooManyBytes {
        format,
        smallest,
        quality,
        limit,
    })
}

pub(super) fn jpeg(image: &RgbaImage, quality: u8) -> Result<Vec<u8>, ExportError> {
    let mut out = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    // A sixth smaller for a sixth more time.
    encoder.set_optimized_huffman_tables(true);
    let side = |n: u32| u16::try_from(n).map_err(failed);
    let (width, height) = (side(image.width())?, side(image.height())?);
    encoder
        .encode(image.as_raw(), width, height, jpeg_encoder::ColorType::Rgba)
        .map_err(failed)?;
    Ok(out)
}

fn webp(bitmap: &Bitmap, quality: u8) -> Result<Vec<u8>, ExportError> {
    let mut out = Vec::new();
    let format = OutputFormat::WebP {
        quality: Quality::new(quality),
    };
    takumi::write_image(bitmap, &mut out, format).map_err(failed)?;
    Ok(out)
}

/// JPEG has no transparency: what is behind it becomes white, as paper and most pages are.
pub(super) fn on_white(image: &RgbaImage) -> RgbaImage {
    let mut flat = image.clone();
    for pixel in flat.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        if alpha == 255 {
            continue;
        }
        pixel.0 = pixel.0.map(|channel| {
            let mixed = (u32::from(channel) * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        });
        pixel.0[3] = 255;
    }
    flat
}

fn failed(why: impl std::fmt::Display) -> ExportError {
    ExportError::Failed {
        what: "encode",
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FLAT, GRAINY, INDEXED, Rows, encode_picture, on_white, steps};
    use crate::tests::{flat, grainy};
    use image::{Rgba, RgbaImage};

    #[test]
    fn flat_pictures_are_not_filtered_and_grainy_ones_are() {
        let mut many = flat(540, 720);
        for x in 0..540 {
            many.get_pixel_mut(x, 40).0[1] = (x % 256) as u8;
        }
        assert_eq!(Rows::of(&many).choose().unwrap(), FLAT);
        assert_eq!(Rows::of(&flat(540, 720)).choose().unwrap(), INDEXED);
        assert_eq!(Rows::of(&grainy(540, 720)).choose().unwrap(), GRAINY);
        assert_eq!(Rows::of(&flat(1, 1)).choose().unwrap(), INDEXED);
    }

    #[test]
    fn a_picture_without_pixels_is_an_error() {
        let error = encode_picture(&RgbaImage::new(0, 5)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot encode the picture: Zero width not allowed"
        );
    }

    #[test]
    fn pictures_of_few_colours_are_written_with_a_palette() {
        let mut picture = flat(20, 20);
        for alpha in [255, 254, 0] {
            picture.put_pixel(3, 3, Rgba([1, 2, 3, alpha]));
            let file = encode_picture(&picture).unwrap();
            assert_eq!(file[25], 3);
            let back = image::load_from_memory(&file).unwrap().into_rgba8();
            assert_eq!(back, picture);
        }
    }

    #[test]
    fn opaque_pictures_are_written_without_alpha() {
        let mut picture = grainy(60, 60);
        assert_eq!(encode_picture(&picture).unwrap()[25], 2);
        picture.put_pixel(3, 3, Rgba([1, 2, 3, 254]));
        let file = encode_picture(&picture).unwrap();
        assert_eq!(file[25], 6);
        let back = image::load_from_memory(&file).unwrap().into_rgba8();
        assert_eq!(back, picture);
    }

    #[test]
    fn the_ladder_goes_down_in_fives() {
        assert_eq!(
            steps(90).collect::<Vec<_>>(),
            [85, 80, 75, 70, 65, 60, 55, 50, 45, 40]
        );
        assert_eq!(steps(52).collect::<Vec<_>>(), [50, 45, 40]);
        assert_eq!(steps(41).collect::<Vec<_>>(), [40]);
        assert_eq!(steps(40).count(), 0);
        assert_eq!(steps(1).count(), 0);
        assert_eq!(steps(100).next(), Some(95));
    }

    #[test]
    fn transparency_becomes_white() {
        let image = RgbaImage::from_pixel(1, 1, Rgba([0, 100, 200, 0]));
        assert_eq!(on_white(&image).get_pixel(0, 0).0, [255, 255, 255, 255]);
        let image = RgbaImage::from_pixel(1, 1, Rgba([0, 100, 200, 128]));
        assert_eq!(on_white(&image).get_pixel(0, 0).0, [127, 177, 227, 255]);
    }
}
