//! The size to ask a model for, given the size to deliver. Knows the rules of sizes; does not crop.

use serde::{Deserialize, Deserializer, de::Error};

use super::Model;
use base::diagnostic::list;

/// The sizes that a model can draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SizeRule {
    /// Any size at all.
    Any,
    /// Any size within limits.
    Limits {
        /// Both sides are multiples of it.
        multiple: u32,
        /// The smallest number of pixels.
        min_pixels: u64,
        /// The largest number of pixels.
        max_pixels: u64,
        /// The longest side.
        max_edge: u32,
        /// At most so many times as long as wide, and the other way round.
        max_ratio: u32,
        /// Above so many pixels the maker promises less.
        experimental_pixels: Option<u64>,
    },
    /// Only these; the default is none.
    List(Vec<(u32, u32)>),
    /// Only these, of a model that is told no pixels but a ratio and a tier.
    Cells(Vec<(u32, u32, Cell)>),
}

/// How a size is told to a model that takes no pixels. What it draws is its own doing: only the bytes that came say how
/// large they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Width to height, as the provider writes it: `16:9`.
    pub ratio: String,
    /// How large: `2K`. Empty for a model that has one tier and is told none.
    pub tier: String,
}

impl Default for SizeRule {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl SizeRule {
    /// Whether a picture of this size can be asked for.
    pub fn allows(&self, width: u32, height: u32) -> bool {
        match self {
            Self::Any => width > 0 && height > 0,
            Self::List(sizes) => sizes.contains(&(width, height)),
            Self::Cells(_) => self.cell(width, height).is_some(),
            Self::Limits {
                multiple,
                min_pixels,
                max_pixels,
                max_edge,
                max_ratio,
                ..
            } => {
                let pixels = u64::from(width) * u64::from(height);
                let (long, short) = (width.max(height), width.min(height));
                width.is_multiple_of(*multiple)
                    && height.is_multiple_of(*multiple)
                    && (*min_pixels..=*max_pixels).contains(&pixels)
                    && long <= *max_edge
                    && u64::from(long) <= u64::from(short) * u64::from(*max_ratio)
            }
        }
    }

    /// What it can draw, for people: `at most 8294400 pixels, at most 3840 on a side`.
    pub fn words(&self) -> String {
        match self {
            Self::Any => "any size".to_owned(),
            Self::List(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect();
                list(&sizes)
            }
            Self::Cells(cells) => {
                let sizes: Vec<String> = cells.iter().map(|(w, h, _)| format!("{w}x{h}")).collect();
                list(&sizes)
            }
            Self::Limits {
                max_pixels,
                max_edge,
                ..
            } => format!("at most {max_pixels} pixels, at most {max_edge} on a side"),
        }
    }

    /// How the model is told this size, if not in pixels.
    pub fn cell(&self, width: u32, height: u32) -> Option<&Cell> {
        let Self::Cells(cells) = self else {
            return None;
        };
        let mut cells = cells.iter();
        let found = cells.find(|(w, h, _)| (*w, *h) == (width, height));
        found.map(|(_, _, cell)| cell)
    }

    /// Whether the maker promises less for this size.
    pub fn is_experimental(&self, width: u32, height: u32) -> bool {
        let Self::Limits {
            experimental_pixels: Some(limit),
            ..
        } = self
        else {
            return false;
        };
        u64::from(width) * u64::from(height) > *limit
    }
}

impl<'de> Deserialize<'de> for SizeRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, deny_unknown_fields)]
        enum Written {
            Word(String),
            List(Vec<(u32, u32)>),
            Cells(Vec<(u32, u32, String, String)>),
            Limits {
                multiple: u32,
                min_pixels: u64,
                max_pixels: u64,
                max_edge: u32,
                max_ratio: u32,
                experimental_pixels: Option<u64>,
            },
        }
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "any" => Ok(Self::Any),
            Written::Word(word) => Err(D::Error::custom(format!("`{word}` is no rule of sizes"))),
            Written::List(sizes) => Ok(Self::List(sizes)),
            Written::Cells(cells) => {
                let cells = cells.into_iter();
                let cell = |(w, h, ratio, tier)| (w, h, Cell { ratio, tier });
                Ok(Self::Cells(cells.map(cell).collect()))
            }
            Written::Limits { multiple: 0, .. } | Written::Limits { max_ratio: 0, .. } => Err(
                D::Error::custom("`multiple` and `max_ratio` are at least 1"),
            ),
            Written::Limits {
                multiple,
                min_pixels,
                max_pixels,
                max_edge,
                max_ratio,
                experimental_pixels,
            } => Ok(Self::Limits {
                multiple,
                min_pixels,
                max_pixels,
                max_edge,
                max_ratio,
                experimental_pixels,
            }),
        }
    }
}

/// The cheapest size the model can draw that covers the target without being scaled up, and with
/// hardly anything to crop. `None` if it can draw none that is large enough.
///
/// Price and crop are weighed against each other: a pixel of the delivered picture that is cropped
/// counts for a tenth of the price. So 1080x1440 is drawn as 1104x1472, which loses nothing, and not
/// as 1088x1456, which loses five; but for 1242x1660 a pixel is let go, where losing none would cost
/// a third more.
pub fn request_size(model: &Model, width: u32, height: u32) -> Option<(u32, u32)> {
    if width == 0 || height == 0 {
        return None;
    }
    let target = (width, height);
    match &model.sizes {
        SizeRule::Any => Some(target),
        SizeRule::List(sizes) => smallest(sizes.iter().copied(), target),
        SizeRule::Cells(cells) => smallest(cells.iter().map(|(w, h, _)| (*w, *h)), target),
        SizeRule::Limits {
            multiple, max_edge, ..
        } => {
            let first = width.checked_next_multiple_of(*multiple)?;
            if first > *max_edge || height > *max_edge {
                return None;
            }
            let mut best: Option<(u32, u32)> = None;
            for w in (first..=*max_edge).step_by(usize::try_from(*multiple).ok()?) {
                // From here on all sizes cost more, even with nothing to crop.
                if best.is_some_and(|best| costs_less(best, w, target)) {
                    break;
                }
                best = heights(&model.sizes, w, target)
                    .into_iter()
                    .map(|h| (w, h))
                    .chain(best)
                    .min_by(|a, b| compare(*a, *b, target));
            }
            best
        }
    }
}

/// The best of a few sizes.
fn smallest(sizes: impl Iterator<Item = (u32, u32)>, target: (u32, u32)) -> Option<(u32, u32)> {
    let large = sizes.filter(|size| size.0 >= target.0 && size.1 >= target.1);
    large.min_by(|a, b| compare(*a, *b, target))
}

/// The two best heights for a width: next to the exact one, below and above, as far as the rule lets.
/// The farther from it, the more is cropped, so no other height can be better.
fn heights(rule: &SizeRule, w: u32, target: (u32, u32)) -> Vec<u32> {
    let SizeRule::Limits {
        multiple,
        min_pixels,
        max_pixels,
        max_edge,
        max_ratio,
        ..
    } = rule
    else {
        return Vec::new();
    };
    let [m, w, ratio, edge] = [*multiple, w, *max_ratio, *max_edge].map(u64::from);
    let [width, height] = [target.0, target.1].map(u64::from);
    let up = |n: u64| n.div_ceil(m) * m;
    let down = |n: u64| n / m * m;
    let least = up(height.max(w.div_ceil(ratio)).max(min_pixels.div_ceil(w)));
    let most = down(edge.min(w * ratio).min(max_pixels / w));
    if least > most {
        return Vec::new();
    }
    let below = down(w * height / width).clamp(least, most);
    let above = up((w * height).div_ceil(width)).clamp(least, most);
    [below, above]
        .into_iter()
        .filter_map(|h| u32::try_from(h).ok())
        .collect()
}

/// Whether a size is better than any of this width or more, each at least as high as the target.
fn costs_less(best: (u32, u32), w: u32, target: (u32, u32)) -> bool {
    let (over, under) = score(best, target);
    over < (BASE + u128::from(w) * u128::from(target.1)) * under
}

/// Which of two sizes is better for the target; a smaller score is better, then fewer pixels, then a
/// smaller width. Fractions are compared crosswise: no float decides what is paid for.
fn compare(a: (u32, u32), b: (u32, u32), target: (u32, u32)) -> std::cmp::Ordering {
    let (a_over, a_under) = score(a, target);
    let (b_over, b_under) = score(b, target);
    let pixels = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
    (a_over * b_under)
        .cmp(&(b_over * a_under))
        .then_with(|| pixels(a).cmp(&pixels(b)))
        .then_with(|| a.0.cmp(&b.0))
}

/// At one ratio the price of a picture grows with so much and its pixels (see `price`).
const BASE: u128 = 2_000_000;

/// What a size costs, with its crop weighed in, as a fraction.
fn score((w, h): (u32, u32), (width, height): (u32, u32)) -> (u128, u128) {
    let [w, h, width, height] = [w, h, width, height].map(u128::from);
    let price = BASE + w * h;
    // Scaled until it covers the target, the picture is too wide or too high by `over / side` pixels.
    let (over, side) = if w * height >= h * width {
        (w * height - h * width, h)
    } else {
        (h * width - w * height, w)
    };
    (price * (10 * side + over), 10 * side)
}

#[cfg(test)]
mod tests {
    use super::{SizeRule, compare, request_size};
    use crate::{Model, ModelId, builtin};

    fn model(id: &str) -> &'static Model {
        builtin().get(&ModelId::parse(id).unwrap()).unwrap()
    }

    #[test]
    fn the_best_of_all_sizes_is_found() {
        let model = model("openai/gpt-image-2");
        let sides = || (1..=240).map(|n| n * 16);
        for target in [
            (900, 383),
            (1242, 1660),
            (1146, 717),
            (1584, 396),
            (1, 1),
            (3840, 2160),
            (333, 999),
            (2000, 2001),
        ] {
            let best = sides()
                .flat_map(|w| sides().map(move |h| (w, h)))
                .filter(|(w, h)| *w >= target.0 && *h >= target.1 && model.sizes.allows(*w, *h))
                .min_by(|a, b| compare(*a, *b, target));
            assert_eq!(request_size(model, target.0, target.1), best, "{target:?}");
        }
    }

    #[test]
    fn limits() {
        let model = model("openai/gpt-image-2");
        let size = |w, h| request_size(model, w, h);
        assert_eq!(size(3840, 2160), Some((3840, 2160)));
        assert_eq!(size(2880, 2880), Some((2880, 2880)));
        assert_eq!(size(3000, 3000), None);
        assert_eq!(size(3841, 100), None);
        assert_eq!(size(u32::MAX, u32::MAX), None);
        assert_eq!(size(0, 10), None);
        // Wider than 3:1: as little of the height is cropped as the rule allows.
        assert_eq!(size(1584, 396), Some((1584, 528)));
        for (w, h, legal) in [
            (1024, 1024, true),
            (1024, 1025, false),
            (800, 800, false),
            (3840, 2160, true),
            (3856, 2160, false),
            (2896, 2896, false),
            (1536, 512, true),
            (1552, 512, false),
        ] {
            assert_eq!(model.sizes.allows(w, h), legal, "{w}x{h}");
        }
        assert!(!model.sizes.is_experimental(2560, 1440));
        assert!(model.sizes.is_experimental(3840, 2160));
    }

    #[test]
    fn a_cell_is_chosen_by_its_pixels_and_told_by_its_names() {
        let model = model("gemini/gemini-3-pro-image");
        for (target, size, names) in [
            ((1000, 1000), (1024, 1024), ("1:1", "1K")),
            ((1024, 1025), (2048, 2048), ("1:1", "2K")),
            ((1280, 720), (1376, 768), ("16:9", "1K")),
            ((900, 383), (1584, 672), ("21:9", "1K")),
            ((3840, 2160), (5504, 3072), ("16:9", "4K")),
            ((1242, 1660), (1792, 2400), ("3:4", "2K")),
        ] {
            assert_eq!(
                request_size(model, target.0, target.1),
                Some(size),
                "{target:?}"
            );
            let cell = model.sizes.cell(size.0, size.1).unwrap();
            assert_eq!((cell.ratio.as_str(), cell.tier.as_str()), names);
            assert!(model.sizes.allows(size.0, size.1));
        }
        assert_eq!(request_size(model, 4097, 4097), None);
        assert_eq!(model.sizes.cell(1000, 1000), None);
        assert!(!model.sizes.allows(1000, 1000));
    }

    #[test]
    fn a_list_gives_the_least_crop() {
        let list = SizeRule::List(vec![(1024, 1024), (1024, 1536), (1536, 1024)]);
        let model = Model {
            sizes: list,
            ..model("openai/gpt-image-2").clone()
        };
        assert_eq!(request_size(&model, 900, 1300), Some((1024, 1536)));
        assert_eq!(request_size(&model, 1000, 1000), Some((1024, 1024)));
        assert_eq!(request_size(&model, 1025, 1025), None);
    }
}
