//! What a request will cost, as far as it can be known before. Whole micro-dollars, rounded up; never
//! a float. Knows the token formula; the numbers are in the table.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::{Model, Price};

/// Money: millionths of a US dollar. Sums stop at the largest amount.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Micro(pub u64);

impl Micro {
    /// Reads dollars as people write them: `2`, `0.5`, `2.00`; at most six decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
            return None;
        }
        let micros: u64 = format!("{decimals:0<6}").parse().ok()?;
        let dollars: u64 = whole.parse().ok()?;
        dollars
            .checked_mul(1_000_000)?
            .checked_add(micros)
            .map(Self)
    }

    /// The exact amount in dollars, without the sign: `0.05268`.
    pub fn decimal(self) -> String {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// So many times the amount.
    pub fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

/// `$0.053`; exact where less than a tenth of a cent.
impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if (1..1000).contains(&self.0) {
            return write!(f, "${}", self.decimal());
        }
        let mills = self.0 / 1000 + u64::from(self.0 % 1000 >= 500);
        write!(f, "${}.{:03}", mills / 1000, mills % 1000)
    }
}

impl Add for Micro {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Micro {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Micro {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

/// Characters of a prompt that make a token: four in English, about one in Chinese; prompts are
/// English with some Chinese in it.
const CHARS_PER_TOKEN: usize = 2;
/// Pixels on each side of a reference image that make a token, from one measured request: a
/// 1024x1024 reference counted for about 1,024. The exact rule is not published.
const REFERENCE_PATCH: u32 = 32;

/// What a request for `n` pictures will cost. `None` where that is not known: a model without token
/// counts, a quality that it does not have, a reference of unknown size (0x0).
pub fn estimate(
    model: &Model,
    quality: &str,
    size: (u32, u32),
    n: u32,
    prompt_chars: usize,
    reference_sizes: &[(u32, u32)],
) -> Option<Micro> {
    if model.free {
        return Some(Micro(0));
    }
    let Price {
        text_in,
        image_in,
        image_out,
        // How much is said and thought beside a picture, nobody knows before.
        text_out: _,
    } = model.price?;
    let output = output_tokens(model, quality, size)?;
    let text = u64::try_from(prompt_chars.div_ceil(CHARS_PER_TOKEN)).ok()?;
    let mut references = 0_u64;
    for (w, h) in reference_sizes {
        if let Some(each) = model.reference_tokens {
            references = references.saturating_add(each);
            continue;
        }
        if *w == 0 || *h == 0 {
            return None;
        }
        let patches = |side: &u32| u64::from(side.div_ceil(REFERENCE_PATCH));
        references = references.saturating_add(patches(w).saturating_mul(patches(h)));
    }
    let micros = [(output, image_out), (text, text_in), (references, image_in)]
        .map(|(tokens, price)| u128::from(tokens) * u128::from(price));
    let each = micros
        .iter()
        .fold(0_u128, |sum, part| sum.saturating_add(*part))
        .div_ceil(1_000_000);
    // Each picture of a request is billed as if it were asked for alone.
    Some(Micro(u64::try_from(each).ok()?).times(u64::from(n)))
}

/// What one picture counts for: by its pixels alone where the table has steps, else by the formula. That is the one of the maker's calculator; it gives every
/// count that was published for gpt-image-2.
pub fn output_tokens(model: &Model, quality: &str, (w, h): (u32, u32)) -> Option<u64> {
    if !model.token_steps.is_empty() {
        let pixels = u64::from(w) * u64::from(h);
        let mut steps = model.token_steps.iter();
        let step = steps.find(|(most, _)| pixels <= *most);
        return step.map(|(_, tokens)| *tokens);
    }
    let axis = u128::from(*model.tokens.as_ref()?.axis.get(quality)?);
    let long = u128::from(w.max(h));
    let short = u128::from(w.min(h));
    if short == 0 {
        return None;
    }
    let across = (2 * axis * short + long) / (2 * long);
    let tokens = (axis * across * (2_000_000 + long * short)).div_ceil(4_000_000);
    u64::try_from(tokens).ok()
}

#[cfg(test)]
mod tests {
    use super::{Micro, estimate, output_tokens};
    use crate::{Model, ModelId, builtin};

    fn model(id: &str) -> &'static Model {
        builtin().get(&ModelId::parse(id).unwrap()).unwrap()
    }

    const TWO: &str = "openai/gpt-image-2";
    const TWO_FIVE: &str = "openai/gpt-image-2.5-flare";
    const TWO_SIX: &str = "openai/gpt-image-2.6-flare";

    #[test]
    fn official_cells_of_gpt_image_2() {
        for (quality, size, tokens, price) in [
            ("low", (1024, 1024), 196, "$0.006"),
            ("medium", (1024, 1024), 1756, "$0.053"),
            ("high", (1024, 1024), 7024, "$0.211"),
            ("low", (1024, 1536), 158, "$0.005"),
            ("medium", (1024, 1536), 1372, "$0.041"),
            ("high", (1024, 1536), 5488, "$0.165"),
            ("low", (1536, 1024), 158, "$0.005"),
            ("high", (1536, 1024), 5488, "$0.165"),
            ("high", (1792, 1024), 5063, "$0.152"),
            ("high", (3584, 2048), 12329, "$0.370"),
        ] {
            let model = model(TWO);
            assert_eq!(
                output_tokens(model, quality, size),
                Some(tokens),
                "{quality} {size:?}"
            );
            let micro = estimate(model, quality, size, 1, 0, &[]).unwrap();
            assert_eq!(micro, Micro(tokens * 30));
            assert_eq!(micro.to_string(), price);
        }
    }

    #[test]
    fn the_ladder_of_2_5() {
        for (quality, tokens) in [
            ("low", 196),
            ("medium", 439),
            ("high", 1756),
            ("xhigh", 3122),
            ("max", 7024),
        ] {
            assert_eq!(
                output_tokens(model(TWO_FIVE), quality, (1024, 1024)),
                Some(tokens)
            );
        }
        // In ten-thousandths of a dollar.
        for (size, row) in [
            ((1024, 1024), [59, 132, 527, 937, 2107]),
            ((1536, 1024), [47, 103, 412, 738, 1646]),
            ((1024, 1536), [47, 103, 412, 738, 1646]),
            ((1200, 640), [30, 65, 259, 452, 1017]),
            ((1280, 720), [32, 74, 284, 505, 1136]),
            ((1088, 1088), [61, 138, 550, 978, 2201]),
            ((1088, 1360), [54, 119, 476, 852, 1929]),
            ((1088, 1920), [44, 103, 398, 707, 1590]),
            ((1920, 1088), [44, 103, 398, 707, 1590]),
            ((2048, 2048), [119, 268, 1070, 1903, 4282]),
            ((2560, 1440), [62, 143, 553, 983, 2211]),
            ((3840, 2160), [111, 260, 1001, 1779, 4003]),
        ] {
            let found = ["low", "medium", "high", "xhigh", "max"].map(|quality| {
                let micro = estimate(model(TWO_FIVE), quality, size, 1, 0, &[]).unwrap();
                (micro.0 + 50) / 100
            });
            assert_eq!(found, row, "{size:?}");
        }
    }

    #[test]
    fn a_tier_counts_for_what_is_published() {
        let cost = |id: &str, size, references: &[(u32, u32)]| {
            estimate(model(id), "", size, 1, 0, references).unwrap().0
        };
        for (id, micros) in [
            ("gemini/gemini-nano-banana-2.1", [33_600, 62_010, 113_400]),
            ("gemini/gemini-3-pro-image", [134_400, 134_400, 240_000]),
            ("gemini/gemini-3.1-flash-image", [67_200, 100_800, 151_200]),
        ] {
            let tiers = [(1376, 768), (2752, 1536), (5504, 3072)];
            assert_eq!(tiers.map(|size| cost(id, size, &[])), micros, "{id}");
        }
        assert_eq!(
            cost("gemini/gemini-3.1-flash-lite-image", (1024, 1024), &[]),
            33_600
        );
        assert_eq!(
            cost("gemini/gemini-2.5-flash-image", (1024, 1024), &[]),
            38_700
        );
        // However large a reference is, and if nobody knows.
        let two = [(0, 0), (4096, 4096)];
        assert_eq!(
            cost("gemini/gemini-nano-banana-2.1", (1024, 1024), &two),
            33_600 + 2 * 1_680
        );
    }

    #[test]
    fn what_is_not_known_is_not_a_number() {
        let square = (1024, 1024);
        assert_eq!(estimate(model(TWO_SIX), "low", square, 1, 0, &[]), None);
        assert_eq!(
            estimate(model("openai/dall-e-3"), "low", square, 1, 0, &[]),
            None
        );
        assert_eq!(estimate(model(TWO), "max", square, 1, 0, &[]), None);
        assert_eq!(estimate(model(TWO), "low", (0, 1024), 1, 0, &[]), None);
        assert_eq!(
            estimate(model(TWO), "low", square, 1, 0, &[square, (0, 0)]),
            None
        );
        assert_eq!(
            estimate(model("local"), "any", square, 9, 999, &[(0, 0)]),
            Some(Micro(0))
        );
    }

    #[test]
    fn prompts_references_and_numbers_count() {
        let cost = |n, chars, references: &[(u32, u32)]| {
            estimate(model(TWO), "medium", (1024, 1024), n, chars, references)
                .unwrap()
                .0
        };
        assert_eq!(cost(1, 0, &[]), 52_680);
        assert_eq!(cost(1, 2001, &[]), 52_680 + 1001 * 5);
        assert_eq!(cost(1, 0, &[(1024, 1024)]), 52_680 + 1024 * 8);
        assert_eq!(cost(4, 0, &[(1, 33)]), 4 * (52_680 + 2 * 8));
        assert_eq!(cost(0, 0, &[]), 0);
        let huge = estimate(
            model(TWO),
            "high",
            (u32::MAX, u32::MAX),
            u32::MAX,
            usize::MAX,
            &[],
        );
        assert!(huge.is_none_or(|micro| micro.0 > 1 << 60));
    }

    #[test]
    fn money_as_people_read_it() {
        for (micro, shown, decimal) in [
            (0, "$0.000", "0"),
            (40, "$0.00004", "0.00004"),
            (999, "$0.000999", "0.000999"),
            (1000, "$0.001", "0.001"),
            (1499, "$0.001", "0.001499"),
            (52_680, "$0.053", "0.05268"),
            (999_500, "$1.000", "0.9995"),
            (12_345_600, "$12.346", "12.3456"),
            (u64::MAX, "$18446744073709.552", "18446744073709.551615"),
        ] {
            assert_eq!(Micro(micro).to_string(), shown);
            assert_eq!(Micro(micro).decimal(), decimal);
            assert_eq!(Micro::parse(decimal), Some(Micro(micro)));
        }
        for text in [
            "",
            ".5",
            "1.",
            "-1",
            "1e3",
            "1.0000001",
            "99999999999999999999",
            "1 ",
            "$1",
            "+1",
        ] {
            assert_eq!(Micro::parse(text), None, "{text:?}");
        }
        assert_eq!(Micro(u64::MAX) + Micro(1), Micro(u64::MAX));
        assert_eq!([Micro(1), Micro(2)].into_iter().sum::<Micro>(), Micro(3));
    }
}
