//! Geometry on pixels: a crop, and scaling to cover a size. Knows nothing of files.

use image::{Rgba, RgbaImage, imageops};

use super::Crop;

/// The part of `image` inside `crop`; at least one pixel each way.
pub(super) fn crop(image: &RgbaImage, crop: &Crop) -> RgbaImage {
    let [left, top, right, bottom] = crop.parts();
    let (x, width) = range(left, right, image.width());
    let (y, height) = range(top, bottom, image.height());
    imageops::crop_imm(image, x, y, width, height).to_image()
}

/// The size of the part of a picture inside `crop`.
pub(super) fn cropped(crop: &Crop, width: u32, height: u32) -> (u32, u32) {
    let [left, top, right, bottom] = crop.parts();
    (range(left, right, width).1, range(top, bottom, height).1)
}

/// Start and length in pixels of a range in ten-thousandths.
fn range(from: u16, to: u16, side: u32) -> (u32, u32) {
    let whole = u64::from(Crop::WHOLE);
    let pixel = |part: u16| {
        let rounded = (u64::from(part) * u64::from(side) + whole / 2) / whole;
        u32::try_from(rounded).unwrap_or(side)
    };
    let start = pixel(from).min(side.saturating_sub(1));
    (start, pixel(to).saturating_sub(start).max(1))
}

/// `image` scaled until it covers `width` x `height`, and the centre of that.
pub(super) fn cover(image: RgbaImage, width: u32, height: u32) -> Result<RgbaImage, String> {
    let (from_width, from_height) = image.dimensions();
    let fits = from_width >= width && from_height >= height;
    if fits && (from_width == width || from_height == height) {
        let (x, y) = ((from_width - width) / 2, (from_height - height) / 2);
        return Ok(imageops::crop_imm(&image, x, y, width, height).to_image());
    }
    let from = (from_width, from_height);
    let scaled = resample::cover(image.as_raw(), from, (width, height), is_opaque(&image))?;
    RgbaImage::from_raw(width, height, scaled)
        .ok_or_else(|| "the scaled picture has the wrong length".to_owned())
}

/// Draws `over` on `image`, both of one size.
pub fn lay_over(image: &mut RgbaImage, over: &RgbaImage) {
    for (under, over) in image.pixels_mut().zip(over.pixels()) {
        mix(under, *over);
    }
}

/// Draws `over` on `image` with its upper left corner at a point; what would stand outside is left out.
pub(super) fn lay_at(image: &mut RgbaImage, over: &RgbaImage, left: u32, top: u32) {
    for (x, y, over) in over.enumerate_pixels() {
        if let Some(under) = image.get_pixel_mut_checked(left + x, top + y) {
            mix(under, *over);
        }
    }
}

/// The Porter-Duff operator "over" on channels that are not multiplied by their alpha, in whole
/// numbers, so that it is the same everywhere.
fn mix(under: &mut Rgba<u8>, over: Rgba<u8>) {
    let (top, bottom) = (u32::from(over.0[3]), u32::from(under.0[3]));
    match top {
        0 => return,
        255 => {
            *under = over;
            return;
        }
        _ => {}
    }
    // How much of each colour is seen, in parts of 255 * 255; their sum is the new alpha.
    let (seen, left) = (top * 255, bottom * (255 - top));
    let sum = seen + left;
    for (below, above) in under.0.iter_mut().zip(over.0).take(3) {
        let mixed = (u32::from(above) * seen + u32::from(*below) * left + sum / 2) / sum;
        *below = u8::try_from(mixed).unwrap_or(u8::MAX);
    }
    under.0[3] = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
}

fn is_opaque(image: &RgbaImage) -> bool {
    let (pixels, _) = image.as_raw().as_chunks::<4>();
    // Some at a time, without a branch for each: several at once.
    let least = |some: &[[u8; 4]]| {
        some.iter()
            .fold(u8::MAX, |least, [.., alpha]| least & alpha)
    };
    pixels.chunks(256).all(|some| least(some) == u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Crop, cover, crop, lay_over, range};
    use image::{Rgba, RgbaImage};

    #[test]
    fn a_crop_is_rounded_to_pixels_and_never_empty() {
        assert_eq!(range(0, 10_000, 7), (0, 7));
        assert_eq!(range(2_000, 8_000, 100), (20, 60));
        assert_eq!(range(9_999, 10_000, 10), (9, 1));
        assert_eq!(range(0, 1, 10), (0, 1));
        let image = RgbaImage::from_fn(10, 10, |x, y| Rgba([x as u8, y as u8, 0, 255]));
        let part = crop(&image, &Crop::new([0.2, 0.1, 0.5, 1.0]).unwrap());
        assert_eq!(part.dimensions(), (3, 9));
        assert_eq!(part.get_pixel(0, 0).0, [2, 1, 0, 255]);
    }

    #[test]
    fn a_picture_of_the_right_scale_is_cut_without_being_resampled() {
        let image = RgbaImage::from_fn(8, 6, |x, y| Rgba([x as u8, y as u8, 0, 255]));
        let cut = cover(image, 4, 6).unwrap();
        assert_eq!(cut.get_pixel(0, 0).0, [2, 0, 0, 255]);
        assert_eq!(cut.get_pixel(3, 5).0, [5, 5, 0, 255]);
    }

    #[test]
    fn scaling_covers_and_keeps_the_centre() {
        let image = RgbaImage::from_fn(300, 100, |x, _| {
            if (100..200).contains(&x) {
                Rgba([200, 100, 50, 255])
            } else {
                Rgba([0, 0, 0, 255])
            }
        });
        let cut = cover(image, 50, 50).unwrap();
        assert_eq!(cut.dimensions(), (50, 50));
        assert_eq!(cut.get_pixel(25, 25).0, [200, 100, 50, 255]);
        assert_eq!(cut.get_pixel(5, 25).0, [200, 100, 50, 255]);
    }

    #[test]
    fn over_mixes_by_alpha_and_keeps_what_is_transparent() {
        let over = |under: [u8; 4], over: [u8; 4]| {
            let mut image = RgbaImage::from_pixel(1, 1, Rgba(under));
            lay_over(&mut image, &RgbaImage::from_pixel(1, 1, Rgba(over)));
            image.get_pixel(0, 0).0
        };
        let blue = [0, 0, 255, 255];
        for (top, expected) in [
            ([255, 0, 0, 0], blue),
            ([255, 0, 0, 255], [255, 0, 0, 255]),
            ([255, 0, 0, 128], [128, 0, 127, 255]),
            ([0, 0, 255, 77], blue),
            ([255, 255, 255, 1], [1, 1, 255, 255]),
        ] {
            assert_eq!(over(blue, top), expected, "{top:?}");
        }
        // Under nothing, what is drawn stays as it is.
        for top in [[10, 20, 30, 40], [255, 0, 0, 128], [1, 2, 3, 1]] {
            assert_eq!(over([99, 99, 99, 0], top), top);
        }
        assert_eq!(over([0, 0, 0, 100], [255, 255, 255, 100])[3], 161);
    }

    #[test]
    fn the_colour_behind_full_transparency_does_not_bleed() {
        let image = RgbaImage::from_fn(64, 64, |x, _| {
            if x < 32 {
                Rgba([255, 0, 0, 0])
            } else {
                Rgba([0, 0, 255, 255])
            }
        });
        let small = cover(image, 16, 16).unwrap();
        assert!(
            small.pixels().all(|p| p.0[3] < 8 || p.0[0] < 8),
            "no red fringe"
        );
    }
}
