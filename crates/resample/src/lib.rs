//! Scaling of pictures. Knows nothing of files, crops and formats.
//!
//! A crate of its own: the loops of the library that does it are compiled where they are used, and are twice as fast
//! in a crate that is compiled in one piece. For the whole of gpbuild that would take too long.
//!
//! The same bytes on every machine: the weights come from additions, multiplications and divisions
//! of `f64`, which IEEE 754 fixes to the last bit (a system's own `sin` is not), they are rounded to
//! integers, and the sums are integer sums, which no vector unit can change. That was compared
//! without, with SSE4.1 and with AVX2, with and without transparency: equal. The library's own tests
//! hold NEON to the same checksums.

use std::f64::consts::PI;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{Filter, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Scales the RGBA `pixels` of a picture, `from` pixels wide and high, until they cover the size `to`; the centre of
/// that. An `opaque` picture takes less time: colours need not be weighed by their alpha.
pub fn cover(
    pixels: &[u8],
    from: (u32, u32),
    to: (u32, u32),
    opaque: bool,
) -> Result<Vec<u8>, String> {
    let source =
        ImageRef::new(from.0, from.1, pixels, PixelType::U8x4).map_err(|e| e.to_string())?;
    let mut scaled = Image::new(to.0, to.1, PixelType::U8x4);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(lanczos3()))
        .fit_into_destination(None)
        .use_alpha(!opaque);
    Resizer::new()
        .resize(&source, &mut scaled, &options)
        .map_err(|e| e.to_string())?;
    Ok(scaled.into_vec())
}

fn lanczos3() -> FilterType {
    const SUPPORT: f64 = 3.0;
    match Filter::new("lanczos3", lanczos, SUPPORT) {
        Ok(filter) => FilterType::Custom(filter),
        // Only a support that is not above zero is refused.
        Err(_) => FilterType::Lanczos3,
    }
}

fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.abs() < 3.0 {
        let angle = PI * x;
        3.0 * sine(angle) * sine(angle / 3.0) / (angle * angle)
    } else {
        0.0
    }
}

/// The sine for angles up to 3 PI: reduced to a quarter turn, then the Taylor series to x^19, which
/// is exact to 1e-15 there. Slower than the system's and the same everywhere.
fn sine(angle: f64) -> f64 {
    let turns = (angle / PI).round();
    let reduced = angle - turns * PI;
    let sign = if turns % 2.0 == 0.0 { 1.0 } else { -1.0 };
    let square = reduced * reduced;
    let mut term = reduced;
    let mut sum = reduced;
    for n in 1_u8..=9 {
        let n = f64::from(n);
        term = -term * square / ((2.0 * n) * (2.0 * n + 1.0));
        sum += term;
    }
    sign * sum
}

#[cfg(test)]
mod tests {
    use super::{lanczos, sine};

    #[test]
    fn the_sine_is_a_sine() {
        for step in -3000..=3000 {
            let angle = f64::from(step) * 0.00314;
            assert!((sine(angle) - angle.sin()).abs() < 1e-14, "{angle}");
        }
        assert!((lanczos(0.0) - 1.0).abs() < 1e-15);
        assert!(lanczos(1.0).abs() < 1e-15);
        assert!((lanczos(0.5) - 0.607_927_101_854_026_7).abs() < 1e-15);
    }
}
