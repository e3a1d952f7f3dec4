//! What the layouts ask of a colour. Knows hex colours, nothing of pages.

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

#[cfg(test)]
mod tests {
    use super::is_light;

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
}
