//! What a request is billed: the tokens of `usage`, and their price. Knows nothing of HTTP.

use serde_json::{Value, json};

use crate::model::{Model, Tokens};

/// Characters of a prompt that make a text token. The API's tokenizer is not here; this is the cautious
/// rule that gpbuild plans with, so that a plan can be compared with a bill.
const CHARS_PER_TOKEN: usize = 2;
/// Pixels of each side of a reference that make an image token, from one measured request.
const REFERENCE_PATCH: u32 = 32;
/// What each partial picture of a stream costs, in image tokens.
const PARTIAL_TOKENS: u64 = 100;

/// The tokens of one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Text tokens of the prompt, for every picture asked for.
    pub text_in: u64,
    /// Image tokens of the references, for every picture asked for.
    pub image_in: u64,
    /// Image tokens of the pictures made.
    pub image_out: u64,
}

impl Usage {
    /// What a request counts. A request for `n` pictures is billed like `n` requests.
    pub fn of(
        model: &Model,
        quality: &str,
        size: (u32, u32),
        n: u32,
        partials: u32,
        prompt: &str,
        references: &[(u32, u32)],
    ) -> Self {
        let n = u64::from(n);
        let patches = |side: u32| u64::from(side.div_ceil(REFERENCE_PATCH));
        let text = prompt.chars().count().div_ceil(CHARS_PER_TOKEN);
        Self {
            text_in: n * u64::try_from(text).unwrap_or(u64::MAX),
            image_in: n * references
                .iter()
                .map(|(w, h)| patches(*w) * patches(*h))
                .sum::<u64>(),
            image_out: n
                * (output_tokens(model, quality, size) + PARTIAL_TOKENS * u64::from(partials)),
        }
    }

    /// What it costs in micro-dollars, each picture's part rounded up.
    pub fn micros(self, model: &Model) -> u64 {
        let (text_in, image_in, image_out) = model.price;
        (self.text_in * text_in + self.image_in * image_in + self.image_out * image_out)
            .div_ceil(1_000_000)
    }

    /// The `usage` of a response.
    pub fn json(self) -> Value {
        let input = self.text_in + self.image_in;
        json!({
            "input_tokens": input,
            "input_tokens_details": { "text_tokens": self.text_in, "image_tokens": self.image_in },
            "output_tokens": self.image_out,
            "output_tokens_details": { "image_tokens": self.image_out, "text_tokens": 0 },
            "total_tokens": input + self.image_out,
        })
    }
}

/// The image tokens of one picture.
pub fn output_tokens(model: &Model, quality: &str, (w, h): (u32, u32)) -> u64 {
    let row = model.qualities.iter().position(|q| *q == quality);
    let row = row.unwrap_or_default();
    match &model.tokens {
        Tokens::Table(table) => {
            let column = match w.cmp(&h) {
                std::cmp::Ordering::Equal => 0,
                std::cmp::Ordering::Less => 1,
                std::cmp::Ordering::Greater => 2,
            };
            table[row][column]
        }
        Tokens::Axis(axis) => {
            let (f, long, short) = (axis[row], u64::from(w.max(h)), u64::from(w.min(h)));
            let across = (2 * f * short + long) / (2 * long);
            (f * across * (2_000_000 + long * short)).div_ceil(4_000_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Usage, output_tokens};
    use crate::model::find;

    /// The counts that were published, and one that a real call was billed.
    #[test]
    fn published_counts() {
        let two = find("gpt-image-2").unwrap();
        for (quality, size, tokens) in [
            ("low", (1024, 1024), 196),
            ("high", (1024, 1024), 7024),
            ("high", (1024, 1536), 5488),
            ("high", (1536, 1024), 5488),
            ("high", (1792, 1024), 5063),
            ("high", (3584, 2048), 12329),
        ] {
            assert_eq!(
                output_tokens(two, quality, size),
                tokens,
                "{quality} {size:?}"
            );
        }
        let flare = find("gpt-image-2.5-flare").unwrap();
        for (quality, tokens) in [
            ("low", 196),
            ("medium", 439),
            ("high", 1756),
            ("xhigh", 3122),
            ("max", 7024),
        ] {
            assert_eq!(
                output_tokens(flare, quality, (1024, 1024)),
                tokens,
                "{quality}"
            );
        }
        let old = find("gpt-image-1.5").unwrap();
        assert_eq!(output_tokens(old, "medium", (1024, 1536)), 1584);
    }

    #[test]
    fn every_picture_is_billed_as_if_asked_for_alone() {
        let two = find("gpt-image-2").unwrap();
        let size = (1024, 1024);
        let one = Usage::of(two, "medium", size, 1, 0, "an otter", &[size]);
        let four = Usage::of(two, "medium", size, 4, 0, "an otter", &[size]);
        assert_eq!((one.text_in, one.image_in, one.image_out), (4, 1024, 1756));
        assert_eq!(one.micros(two), 60_892);
        assert_eq!(four.micros(two), 4 * one.micros(two));
        let streamed = Usage::of(two, "medium", size, 1, 3, "an otter", &[size]);
        assert_eq!(streamed.image_out, 1756 + 300);
    }
}
