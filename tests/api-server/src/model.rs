//! The models that the server knows: what each takes and what it costs. Written down on its own, not
//! read from gpbuild's table, so that a mistake there is found here.

/// What a model takes and costs.
#[derive(Debug)]
pub struct Model {
    /// The names that it answers to.
    pub names: &'static [&'static str],
    /// The values of `quality`, without `auto`.
    pub qualities: &'static [&'static str],
    /// Which sizes it makes.
    pub sizes: Sizes,
    /// Whether `background = "transparent"` is answered.
    pub transparent: bool,
    /// The values of `input_fidelity`; empty: sending it is an error.
    pub fidelities: &'static [&'static str],
    /// Whether `complexity` is known.
    pub complexity: bool,
    /// Where the number of image tokens of a picture comes from.
    pub tokens: Tokens,
    /// Micro-dollars per million tokens: text in, image in, image out.
    pub price: (u64, u64, u64),
}

/// Which sizes a model makes.
#[derive(Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Any within the rules of `validate`.
    Free,
    /// The three of the first generation.
    Three,
}

/// How many image tokens a picture counts.
#[derive(Debug)]
pub enum Tokens {
    /// The axis of each quality, in the order of `qualities`, for the formula of `usage`.
    Axis(&'static [u64]),
    /// A table: for each quality square, portrait, landscape.
    Table(&'static [[u64; 3]]),
}

/// Every name that is answered to, as a list of models tells them.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().flat_map(|model| model.names.iter().copied())
}

/// The names that answered once, and now tell that they are gone.
pub const RETIRED: [&str; 3] = ["dall-e-2", "dall-e-3", "gpt-image-1"];

const PRICE: (u64, u64, u64) = (5_000_000, 8_000_000, 30_000_000);
const FIVE: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const THREE: &[&str] = &["low", "medium", "high"];
/// Published for the first generation, and the same for its successors.
const OLD_TOKENS: Tokens =
    Tokens::Table(&[[272, 408, 400], [1056, 1584, 1568], [4160, 6240, 6208]]);

static MODELS: [Model; 5] = [
    Model {
        names: &["gpt-image-2", "gpt-image-2-2026-04-21"],
        qualities: THREE,
        sizes: Sizes::Free,
        transparent: false,
        fidelities: &[],
        complexity: false,
        tokens: Tokens::Axis(&[16, 48, 96]),
        price: PRICE,
    },
    Model {
        names: &[
            "gpt-image-2.5-flare",
            "gpt-image-2.5-flare-2026-09-08",
            "gpt-image-2.5-sunburst",
            "gpt-image-2.5-sunburst-2026-09-08",
        ],
        qualities: FIVE,
        sizes: Sizes::Free,
        transparent: true,
        fidelities: &[],
        complexity: false,
        tokens: Tokens::Axis(&[16, 24, 48, 64, 96]),
        price: PRICE,
    },
    Model {
        names: &["gpt-image-2.6-flare", "gpt-image-2.6-sunburst"],
        qualities: FIVE,
        sizes: Sizes::Free,
        transparent: true,
        fidelities: &[],
        complexity: true,
        // Not published. Measured by others: low and medium count three to four times those of 2.5.
        tokens: Tokens::Axis(&[30, 45, 48, 64, 96]),
        price: PRICE,
    },
    Model {
        names: &[
            "gpt-image-1.5",
            "gpt-image-1.5-2025-12-16",
            "chatgpt-image-latest",
        ],
        qualities: THREE,
        sizes: Sizes::Three,
        transparent: true,
        fidelities: &["high", "low"],
        complexity: false,
        tokens: OLD_TOKENS,
        price: (5_000_000, 8_000_000, 32_000_000),
    },
    Model {
        names: &["gpt-image-1-mini"],
        qualities: THREE,
        sizes: Sizes::Three,
        transparent: true,
        fidelities: &["low"],
        complexity: false,
        tokens: OLD_TOKENS,
        price: (2_000_000, 2_500_000, 8_000_000),
    },
];

/// The model of that name.
pub fn find(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.names.contains(&name))
}
