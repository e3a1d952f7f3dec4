//! What a picture costs at providers that count pictures or pixels, not tokens: [`PicturePrice`], and [`quote`], which
//! asks the form that a model has. Whole millionths of the currency that it is published in.

use serde::{Deserialize, Serialize};

use crate::Model;
use crate::currency::{Currency, Money};
use crate::price::{Micro, estimate};

/// A megapixel, as it is billed: a picture of 1024x1024 is one.
const MEGAPIXEL: u64 = 1 << 20;
/// The most that a table says a picture, a reference or a megapixel costs: a thousand of the currency.
const MAX_PRICE: u64 = 1_000_000_000;

/// A price by the picture: `each`, `steps` or `megapixel`, and what references cost. In millionths of `currency`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PicturePrice {
    /// In which it is published; dollars where it is left out.
    #[serde(default)]
    pub currency: Currency,
    /// Of every picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<u64>,
    /// Pixels and the price of pictures of at most so many, in rising order. Above the last one it is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(u64, u64)>,
    /// Of the first started megapixel and of each further one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub megapixel: Option<(u64, u64)>,
    /// Of each reference.
    #[serde(default)]
    pub reference: u64,
    /// Of each started megapixel of each reference.
    #[serde(default)]
    pub reference_megapixel: u64,
    /// So many references cost nothing.
    #[serde(default)]
    pub free_references: u32,
}

impl PicturePrice {
    /// The same for every picture, in dollars.
    pub fn flat(each: Micro) -> Self {
        Self {
            each: Some(each.0),
            ..Self::default()
        }
    }

    /// Whether it is one form, in order, and within what is possible.
    pub fn is_right(&self) -> bool {
        let forms = [
            self.each.is_some(),
            !self.steps.is_empty(),
            self.megapixel.is_some(),
        ];
        let (first, further) = self.megapixel.unwrap_or_default();
        let prices = self.steps.iter().map(|(_, price)| *price);
        let others = [first, further, self.reference, self.reference_megapixel];
        forms.into_iter().filter(|form| *form).count() == 1
            && self.steps.is_sorted_by(|a, b| a.0 < b.0)
            && self
                .each
                .into_iter()
                .chain(prices)
                .chain(others)
                .all(|price| price <= MAX_PRICE)
    }

    /// What one picture of a size costs, with its references; nothing where that is not known.
    fn of_one(&self, (w, h): (u32, u32), references: &[(u32, u32)]) -> Option<u64> {
        let pixels = u64::from(w) * u64::from(h);
        let drawn = match (self.each, self.megapixel) {
            (Some(each), _) => each,
            (_, Some((first, further))) => {
                let more = pixels.div_ceil(MEGAPIXEL).saturating_sub(1);
                first.saturating_add(further.saturating_mul(more))
            }
            _ => self.steps.iter().find(|(most, _)| pixels <= *most)?.1,
        };
        let free = usize::try_from(self.free_references).unwrap_or(usize::MAX);
        let mut sum = drawn;
        for (w, h) in references.iter().skip(free) {
            if self.reference_megapixel > 0 && (*w == 0 || *h == 0) {
                return None;
            }
            let started = (u64::from(*w) * u64::from(*h)).div_ceil(MEGAPIXEL);
            let each = self.reference_megapixel.saturating_mul(started);
            sum = sum.saturating_add(self.reference).saturating_add(each);
        }
        Some(sum)
    }
}

/// What a request for `n` pictures will cost, as it is published: by the picture where the model has such a price, else
/// by tokens, see [`estimate`]. `None` where that is not known.
pub fn quote(
    model: &Model,
    quality: &str,
    size: (u32, u32),
    n: u32,
    prompt_chars: usize,
    reference_sizes: &[(u32, u32)],
) -> Option<Money> {
    let Some(price) = model.picture_price.as_ref().filter(|_| !model.free) else {
        let by_tokens = estimate(model, quality, size, n, prompt_chars, reference_sizes);
        return by_tokens.map(Money::dollars);
    };
    let one = price.of_one(size, reference_sizes)?;
    Some(Money {
        amount: Micro(one).times(u64::from(n)),
        currency: price.currency,
    })
}

#[cfg(test)]
mod tests {
    use super::{PicturePrice, quote};
    use crate::currency::Currency;
    use crate::{Micro, Model, ModelId, builtin};

    fn price(toml: &str) -> PicturePrice {
        let price: PicturePrice = toml::from_str(toml).unwrap();
        assert!(price.is_right(), "{toml}");
        price
    }

    #[test]
    fn each_form() {
        let square = |side: u32| (side, side);
        for (toml, size, references, cost) in [
            ("each = 40_000", square(9), 3, Some(40_000)),
            // Seedream 5.5, at its border and above its last step.
            (
                "steps = [[2_601_123, 20_000], [4_624_220, 35_000]]\nreference = 8_000",
                (2_601_123, 1),
                2,
                Some(36_000),
            ),
            (
                "steps = [[2_601_123, 20_000], [4_624_220, 35_000]]",
                (2_601_124, 1),
                0,
                Some(35_000),
            ),
            ("steps = [[100, 1]]", (101, 1), 0, None),
            // Seedream 5.0 pro: the first reference is free.
            (
                "each = 45_000\nreference = 3_000\nfree_references = 1",
                square(1024),
                3,
                Some(51_000),
            ),
            // FLUX.2: a megapixel that is begun is paid for.
            (
                "megapixel = [30_000, 15_000]",
                square(1024),
                0,
                Some(30_000),
            ),
            (
                "megapixel = [30_000, 15_000]",
                (1040, 1024),
                0,
                Some(45_000),
            ),
            (
                "megapixel = [30_000, 15_000]\nreference_megapixel = 15_000",
                square(1024),
                2,
                Some(60_000),
            ),
        ] {
            let sizes = vec![square(1024); references];
            assert_eq!(price(toml).of_one(size, &sizes), cost, "{toml}");
        }
        let by_pixels = price("megapixel = [1, 1]\nreference_megapixel = 1");
        assert_eq!(by_pixels.of_one(square(64), &[(0, 0)]), None);
        let huge = price("megapixel = [1_000_000_000, 1_000_000_000]");
        assert!(
            huge.of_one((u32::MAX, u32::MAX), &[])
                .is_some_and(|cost| cost > 1 << 60)
        );
    }

    #[test]
    fn what_is_no_price() {
        for toml in [
            "",
            "each = 1\nmegapixel = [1, 1]",
            "steps = [[5, 1], [5, 2]]",
            "steps = [[9, 1], [5, 2]]",
            "each = 1_000_000_001",
        ] {
            let price: PicturePrice = toml::from_str(toml).unwrap();
            assert!(!price.is_right(), "{toml}");
        }
        for toml in ["each = -1", "each = 0.5", "currency = \"EUR\"", "pixel = 1"] {
            assert!(toml::from_str::<PicturePrice>(toml).is_err(), "{toml}");
        }
    }

    #[test]
    fn a_model_is_quoted_as_published() {
        let model = Model {
            picture_price: Some(price("currency = \"CNY\"\neach = 250_000")),
            ..Model::default()
        };
        let found = quote(&model, "", (9, 9), 3, 99, &[]).unwrap();
        assert_eq!(
            (found.amount, found.currency),
            (Micro(750_000), Currency::Cny)
        );
        let free = Model {
            free: true,
            ..model
        };
        assert_eq!(
            quote(&free, "", (9, 9), 3, 0, &[]).unwrap().amount,
            Micro(0)
        );
        let id = ModelId::parse("openai/gpt-image-2").unwrap();
        let by_tokens = builtin().get(&id).unwrap();
        let found = quote(by_tokens, "medium", (1024, 1024), 1, 0, &[]).unwrap();
        assert_eq!(
            (found.amount, found.currency),
            (Micro(52_680), Currency::Usd)
        );
        assert_eq!(quote(by_tokens, "none", (1024, 1024), 1, 0, &[]), None);
    }
}
