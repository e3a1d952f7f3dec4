//! An amount that a provider bills, as JSON writes it: any digits, with or without an exponent. Exact, and bounded: it is
//! the word of whoever answered.

use model::Micro;

/// No amount is written longer, in bytes.
const MAX_TEXT: usize = 64;
/// More digits than any bill has on either side of its point.
const MAX_EXPONENT: i32 = 30;

/// So many units, each of `unit` micro-dollars, rounded up to the micro-dollar. `None` for what is no amount: a negative
/// one, one that is not finite, one of more than all the money there is.
pub fn micro(text: &str, unit: u64) -> Option<Micro> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{decimals}");
    if whole.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: u128 = digits.parse().ok()?;
    if digits == 0 {
        return Some(Micro(0));
    }
    let exponent = exponent.checked_sub(i32::try_from(decimals.len()).ok()?)?;
    let micro = digits.checked_mul(u128::from(unit))?;
    let micro = match exponent {
        0..=MAX_EXPONENT => micro.checked_mul(10_u128.checked_pow(exponent.unsigned_abs())?)?,
        // Whatever is left of it is less than one.
        ..0 => match 10_u128.checked_pow(exponent.unsigned_abs()) {
            Some(power) => micro.div_ceil(power),
            None => 1,
        },
        _ => return None,
    };
    u64::try_from(micro).ok().map(Micro)
}

#[cfg(test)]
mod tests {
    use super::micro;
    use model::Micro;

    #[test]
    fn every_digit_of_a_bill_counts() {
        for (text, unit, expected) in [
            ("0.03422675", 1_000_000, 34_227),
            ("0.03388125", 1_000_000, 33_882),
            ("1.25e-06", 1_000_000, 2),
            ("4.1", 10_000, 41_000),
            ("1e2", 10_000, 1_000_000),
            ("0", 1_000_000, 0),
            ("0.0e99", 1_000_000, 0),
            ("1e-300", 1_000_000, 1),
            ("200000000", 1, 200_000_000),
        ] {
            assert_eq!(micro(text, unit), Some(Micro(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        let long = "9".repeat(65);
        for text in [
            "",
            "-1",
            "+1",
            "NaN",
            "inf",
            "1e300",
            "1e30",
            "1e",
            ".5",
            "1,5",
            "0x1",
            "1e-99999999999",
            "$1",
            &long,
        ] {
            assert_eq!(micro(text, 1_000_000), None, "{text}");
        }
    }
}
