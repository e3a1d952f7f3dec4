//! The colours of a picture where they are few enough for a PNG with a palette. Knows pixels; writes no file.

use image::RgbaImage;

/// The most colours of a palette.
const MAX_COLORS: usize = 256;
/// Slots of the table: a quarter is filled at most, so that a look at it is one step nearly always.
const SLOTS: usize = 4 * MAX_COLORS;

/// The colours of a picture, each once, translucent ones first.
pub(super) struct Palette {
    colors: Vec<[u8; 4]>,
    table: Table,
}

/// A colour and its number.
type Slot = Option<([u8; 4], u8)>;

/// From a colour to its number.
struct Table {
    slots: Box<[Slot; SLOTS]>,
}

impl Table {
    fn new() -> Self {
        Self {
            slots: Box::new([None; SLOTS]),
        }
    }

    /// The slot of a colour: its own, or the one that it would have.
    fn slot(&self, color: [u8; 4]) -> usize {
        let mut at = (u32::from_le_bytes(color).wrapping_mul(0x9e37_79b1) >> 22) as usize;
        while self.slots[at].is_some_and(|(other, _)| other != color) {
            at = (at + 1) % SLOTS;
        }
        at
    }

    fn number(&self, color: [u8; 4]) -> u8 {
        self.slots[self.slot(color)].map_or(0, |(_, number)| number)
    }
}

impl Palette {
    /// The palette of a picture; `None` when it has more colours than that.
    pub fn of(image: &RgbaImage) -> Option<Self> {
        let (pixels, _) = image.as_raw().as_chunks::<4>();
        let mut colors: Vec<[u8; 4]> = Vec::new();
        let mut table = Table::new();
        let mut last = None;
        for color in pixels {
            if last == Some(color) {
                continue;
            }
            last = Some(color);
            let slot = table.slot(*color);
            if table.slots[slot].is_none() {
                if colors.len() == MAX_COLORS {
                    return None;
                }
                table.slots[slot] = Some((*color, 0));
                colors.push(*color);
            }
        }
        // What is translucent stands first, so that the list of opacities ends with the last of it.
        colors.sort_by_key(|[r, g, b, a]| (*a, *r, *g, *b));
        let mut table = Table::new();
        for (number, color) in colors.iter().enumerate() {
            let slot = table.slot(*color);
            table.slots[slot] = Some((*color, u8::try_from(number).unwrap_or(u8::MAX)));
        }
        Some(Self { colors, table })
    }

    /// The numbers of the colours of a row.
    pub fn row(&self, pixels: &[[u8; 4]], numbers: &mut [u8]) {
        let mut last = ([0; 4], self.table.number([0; 4]));
        for (color, number) in pixels.iter().zip(numbers) {
            if *color != last.0 {
                last = (*color, self.table.number(*color));
            }
            *number = last.1;
        }
    }

    /// The colours without their opacity, as PNG has them.
    pub fn rgb(&self) -> Vec<u8> {
        let colors = self.colors.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]);
        colors.collect()
    }

    /// The opacity of those that are not opaque.
    pub fn alpha(&self) -> Vec<u8> {
        let alphas = self.colors.iter().map(|[.., alpha]| *alpha);
        alphas.take_while(|alpha| *alpha < u8::MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::Palette;

    /// A picture of so many colours, the last of them half transparent.
    fn colored(count: u32) -> RgbaImage {
        RgbaImage::from_fn(count, 2, |x, _| {
            let [low, high, ..] = x.to_le_bytes();
            Rgba([low, high, 7, if x + 1 == count { 128 } else { 255 }])
        })
    }

    #[test]
    fn a_palette_has_every_colour_once_and_translucent_ones_first() {
        let image = colored(256);
        let palette = Palette::of(&image).unwrap();
        assert_eq!(palette.alpha(), [128]);
        assert_eq!(palette.rgb().len(), 3 * 256);
        let (pixels, _) = image.as_raw().as_chunks::<4>();
        let mut numbers = vec![0; pixels.len()];
        palette.row(pixels, &mut numbers);
        assert!(numbers[..255].iter().all(|number| *number > 0) && numbers[255] == 0);
        let rgb = palette.rgb();
        for (pixel, number) in pixels.iter().zip(numbers) {
            let at = 3 * usize::from(number);
            assert_eq!(rgb[at..at + 3], pixel[..3]);
        }
    }

    #[test]
    fn more_colours_are_no_palette() {
        assert!(Palette::of(&colored(257)).is_none());
        assert!(Palette::of(&RgbaImage::new(3, 3)).is_some());
    }
}
