//! What is asked of colours: by layouts, of hex colours; by the contrast check, of pixels. Knows nothing
//! of pages.

/// Whether a colour is light, so that dark type reads on it: `#rgb` or `#rrggbb`, with or without
/// alpha. Anything else is taken for dark. The eye's weights are rounded to 3, 6 and 1 tenths, and
/// only the first digit of each channel counts: layouts need no more.
pub fn is_light(colour: &str) -> bool {
    let Some(hex) = colour.strip_prefix('#') else {
        return false;
    };
    let step = match hex.len() {
        3 | 4 => 1,
        6 | 8 => 2,
        _ => return false,
    };
    let mut sum = 0;
    for (channel, share) in [3, 6, 1].into_iter().enumerate() {
        let digit = hex.as_bytes()[channel * step];
        let Some(value) = char::from(digit).to_digit(16) else {
            return false;
        };
        sum += share * value;
    }
    sum > 84
}

/// The contrast of two hex colours, from 1 to 21; 1 if either is written otherwise, or translucent.
pub fn hex_ratio(one: &str, other: &str) -> f32 {
    match (channels(one), channels(other)) {
        (Some(one), Some(other)) => ratio(one, other),
        _ => 1.0,
    }
}

/// `#rgb` or `#rrggbb`.
fn channels(colour: &str) -> Option<[f32; 3]> {
    let hex = colour.strip_prefix('#')?;
    let digits = |at: usize| {
        hex.get(at..=at)
            .and_then(|d| u8::from_str_radix(d, 16).ok())
    };
    let channel = |n: usize| match hex.len() {
        3 => digits(n).map(|d| d * 17),
        6 => Some(digits(2 * n)? * 16 + digits(2 * n + 1)?),
        _ => None,
    };
    let [r, g, b] = [channel(0)?, channel(1)?, channel(2)?].map(f32::from);
    Some([r, g, b])
}

/// The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn ratio(one: [f32; 3], other: [f32; 3]) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// How light an sRGB colour is, from 0 to 1 (WCAG 2.2, "relative luminance").
fn luminance(colour: [f32; 3]) -> f32 {
    let [r, g, b] = colour.map(|channel| {
        let part = channel / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::{hex_ratio, is_light, ratio};

    #[test]
    fn light_and_dark() {
        for light in ["#fff", "#FFB020", "#F6F1E7", "#ffffffcc", "#ccc"] {
            assert!(is_light(light), "{light}");
        }
        for dark in [
            "#000", "#0B1026", "#5B3CF5", "#E4572E", "red", "", "#12", "#ééé", "#zzz",
        ] {
            assert!(!is_light(dark), "{dark}");
        }
    }

    #[test]
    fn the_ratio_is_that_of_wcag() {
        let grey = |n: f32| [n, n, n];
        assert!((ratio(grey(0.0), grey(255.0)) - 21.0).abs() < 0.001);
        assert!((ratio(grey(255.0), grey(119.0)) - 4.478).abs() < 0.001);
        assert!((ratio(grey(118.0), grey(255.0)) - 4.542).abs() < 0.001);
        assert!((ratio(grey(9.0), grey(9.0)) - 1.0).abs() < 0.001);
        assert!((ratio([255.0, 0.0, 0.0], grey(255.0)) - 3.998).abs() < 0.001);
        assert!((hex_ratio("#fff", "#777777") - 4.478).abs() < 0.001);
        for odd in ["red", "", "#12", "#ééé", "#zzz", "#+1+1+1", "#00000080"] {
            assert!((hex_ratio(odd, "#fff") - 1.0).abs() < 0.001, "{odd}");
        }
    }
}
