//! A contact sheet: many pictures small, in rows, each with its number under it, as one PNG. Whole
//! numbers only, so that it is the same everywhere. Knows nothing of assets, nor what numerals look
//! like.

use image::{Rgba, RgbaImage};

use super::encode::encode_picture;
use super::{ExportError, decode, transform};

/// Counts in the key of every contact sheet. To be raised with any change that changes bytes.
pub const VERSION: u32 = 3;

/// The widest sheet, in pixels: six upright slides as wide as a phone shows them.
const MAX_WIDTH: u32 = 2400;
/// The highest sheet, in pixels.
const MAX_HEIGHT: u32 = 8192;
/// What a picture in a full row would like to have, whatever its ratio: 360x480.
const AREA: u64 = 360 * 480;
/// Narrower, and a picture shows nothing.
const NARROWEST: u32 = 120;
/// A picture that is higher than so many times its width is shown narrower than the others.
const STEEPEST: u32 = 4;
/// Around all of it.
const MARGIN: u32 = 60;
/// Between pictures.
const GAP: u32 = 24;
/// Between a picture and its number.
const ABOVE_NUMBER: u32 = 8;
/// The height of a number, which also keeps the rows apart.
const NUMBER: u32 = 32;
const GROUND: Rgba<u8> = Rgba([0xe9, 0xe9, 0xe7, 0xff]);
/// A line around each picture, for those that are as light as the ground.
const EDGE: Rgba<u8> = Rgba([0xd3, 0xd3, 0xd0, 0xff]);

/// Where everything stands on a contact sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    columns: u32,
    rows: u32,
    /// The room of one picture.
    cell: (u32, u32),
    /// How many digits a number has.
    digits: usize,
}

impl Sheet {
    /// A sheet for pictures of these sizes, with numbers of so many digits; `None` if they are so many
    /// that nothing could be seen on it, or none at all.
    pub fn new(pictures: &[(u32, u32)], digits: usize) -> Option<Self> {
        let count = u32::try_from(pictures.len()).ok().filter(|n| *n > 0)?;
        let widest = pictures.iter().map(|(width, _)| *width).max()?;
        // Room for the highest of them at the same width; a strip is shown narrower.
        let &(width, height) = pictures
            .iter()
            .filter(|(width, height)| *width > 0 && *height > 0)
            .max_by_key(|(width, height)| u64::from(*height) * 10_000 / u64::from(*width))?;
        let height = height.min(width.saturating_mul(STEEPEST));
        let ideal = (AREA * u64::from(width) / u64::from(height)).isqrt();
        let inside = MAX_WIDTH - 2 * MARGIN + GAP;
        let ideal = u32::try_from(ideal).ok()?.clamp(NARROWEST, inside - GAP);
        // As many as come closest to that, or more if the sheet would be too high.
        let first = ((inside + (ideal + GAP) / 2) / (ideal + GAP)).max(1);
        (first..)
            .map_while(|columns| {
                let cell = (inside / columns).checked_sub(GAP)?;
                (cell >= NARROWEST || columns == first).then_some((columns, cell))
            })
            .map(|(columns, cell)| {
                let cell = cell.min(widest);
                let high = u64::from(cell) * u64::from(height) / u64::from(width);
                let rows = count.div_ceil(columns);
                Self {
                    // The last row as full as the others, as far as that goes.
                    columns: count.div_ceil(rows),
                    rows,
                    cell: (cell, u32::try_from(high).unwrap_or(MAX_HEIGHT).max(1)),
                    digits,
                }
            })
            .find(|sheet| sheet.size().1 <= MAX_HEIGHT)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let (across, down) = self.pitch();
        (
            2 * MARGIN + self.columns * across - GAP,
            (2 * MARGIN).saturating_add(self.rows.saturating_mul(down)) - NUMBER,
        )
    }

    /// From one picture to the next, and to the one below.
    fn pitch(&self) -> (u32, u32) {
        let (width, height) = self.cell;
        (width + GAP, height + ABOVE_NUMBER + 2 * NUMBER)
    }

    /// What counts in the key of a sheet, as canonical names and values. [`VERSION`] counts too.
    pub fn ingredients(&self) -> Vec<(&'static str, String)> {
        let (width, height) = self.cell;
        vec![
            ("sheet.columns", self.columns.to_string()),
            ("sheet.cell", format!("{width}x{height}")),
            ("sheet.digits", self.digits.to_string()),
        ]
    }
}

/// A contact sheet that is being filled: the pictures are decoded one after another.
pub struct ContactSheet {
    sheet: Sheet,
    canvas: RgbaImage,
    /// Ten numerals side by side, each as wide as the others.
    numerals: RgbaImage,
    filled: u32,
}

impl ContactSheet {
    /// An empty sheet; `numerals` shows 0 to 9 side by side on a transparent ground, equally wide.
    pub fn new(sheet: &Sheet, numerals: RgbaImage) -> Self {
        let (width, height) = sheet.size();
        Self {
            sheet: sheet.clone(),
            canvas: RgbaImage::from_pixel(width, height, GROUND),
            numerals,
            filled: 0,
        }
    }

    /// Puts the next picture on it, which may be a PNG, JPEG or WebP of any size.
    pub fn add(&mut self, picture: &[u8]) -> Result<(), ExportError> {
        let image = decode::decode(picture)?;
        let (width, height) = fitted(image.dimensions(), self.sheet.cell);
        let small = transform::cover(image, width, height)
            .map_err(|why| ExportError::Failed { what: "scale", why })?;
        let (across, down) = self.sheet.pitch();
        let left = MARGIN + self.filled % self.sheet.columns * across;
        let top = MARGIN + self.filled / self.sheet.columns * down;
        let x = left + (self.sheet.cell.0 - width) / 2;
        let y = top + (self.sheet.cell.1 - height) / 2;
        self.fill(x - 1, y - 1, width + 2, height + 2, EDGE);
        self.fill(x, y, width, height, GROUND);
        transform::lay_at(&mut self.canvas, &small, x, y);
        self.filled += 1;
        self.number(left, top + self.sheet.cell.1 + ABOVE_NUMBER);
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> Result<Vec<u8>, ExportError> {
        encode_picture(&self.canvas)
    }

    fn number(&mut self, x: u32, y: u32) {
        let (width, height) = (self.numerals.width() / 10, self.numerals.height());
        let text = format!("{:0digits$}", self.filled, digits = self.sheet.digits);
        let mut x = x;
        for digit in text.bytes().map(|byte| u32::from(byte - b'0')) {
            let from = digit * width;
            let shape = image::imageops::crop_imm(&self.numerals, from, 0, width, height);
            transform::lay_at(&mut self.canvas, &shape.to_image(), x, y);
            x += width;
        }
    }

    fn fill(&mut self, x: u32, y: u32, width: u32, height: u32, colour: Rgba<u8>) {
        for y in y..(y + height).min(self.canvas.height()) {
            for x in x..(x + width).min(self.canvas.width()) {
                self.canvas.put_pixel(x, y, colour);
            }
        }
    }
}

/// The largest size with the ratio of a picture that fits into `room`, and not larger than it is.
fn fitted((width, height): (u32, u32), room: (u32, u32)) -> (u32, u32) {
    let part = |side: u32, of: u32, to: u32| {
        let scaled = (u64::from(side) * u64::from(to) + u64::from(of) / 2) / u64::from(of.max(1));
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    if width <= room.0 && height <= room.1 {
        return (width, height);
    }
    let by_width = (room.0, part(height, width, room.0));
    if by_width.1 <= room.1 {
        by_width
    } else {
        (part(width, height, room.1).min(room.0), room.1)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::{ContactSheet, EDGE, GROUND, MARGIN, MAX_HEIGHT, MAX_WIDTH, Sheet, fitted};
    use crate::encode_picture;
    use crate::tests::flat;
    use base::digest::Digest;

    fn layout(count: usize, size: (u32, u32)) -> (u32, u32, (u32, u32), (u32, u32)) {
        let sheet = Sheet::new(&vec![size; count], 2).unwrap();
        (sheet.columns, sheet.rows, sheet.cell, sheet.size())
    }

    #[test]
    fn slides_keep_a_size_at_which_they_can_be_read() {
        let phone = (360, 480);
        assert_eq!(layout(30, (1080, 1440)), (6, 5, phone, (2400, 2848)));
        assert_eq!(layout(60, (1080, 1440)), (6, 10, phone, (2400, 5608)));
        assert_eq!(layout(1, (1080, 1440)), (1, 1, phone, (480, 640)));
        assert_eq!(layout(30, (1080, 1080)).2, (436, 436));
        assert_eq!(layout(30, (1080, 1920)).2, (305, 542));
        assert_eq!(layout(30, (1920, 1080)).2, (552, 310));
        // Small ones are not made larger.
        assert_eq!(layout(30, (40, 30)), (5, 6, (40, 30), (416, 700)));
    }

    #[test]
    fn the_last_row_is_not_left_almost_empty() {
        let rows = |count| {
            let (columns, rows, ..) = layout(count, (1080, 1440));
            (columns, rows)
        };
        let expected = [
            (7, (4, 2)),
            (8, (4, 2)),
            (9, (5, 2)),
            (12, (6, 2)),
            (13, (5, 3)),
        ];
        for (count, grid) in expected {
            assert_eq!(rows(count), grid, "{count}");
        }
    }

    #[test]
    fn a_sheet_is_bounded_and_too_many_slides_have_none() {
        for size in [
            (1080, 1440),
            (1920, 1080),
            (1080, 1080),
            (100, 8192),
            (8192, 100),
        ] {
            let mut most = 0;
            for count in (1..3000).step_by(7) {
                let Some(sheet) = Sheet::new(&vec![size; count], 4) else {
                    break;
                };
                let (width, height) = sheet.size();
                assert!(
                    width <= MAX_WIDTH && height <= MAX_HEIGHT,
                    "{count} of {size:?}"
                );
                assert!((sheet.columns * sheet.rows) as usize >= count);
                most = count;
            }
            assert!((10..2000).contains(&most), "{most} of {size:?}");
        }
        assert_eq!(Sheet::new(&[], 2), None);
        assert_eq!(Sheet::new(&vec![(1080, 1440); 100_000], 6), None);
    }

    #[test]
    fn a_picture_fits_its_room_whatever_its_ratio() {
        assert_eq!(fitted((1080, 1440), (360, 480)), (360, 480));
        assert_eq!(fitted((1440, 1080), (360, 480)), (360, 270));
        assert_eq!(fitted((100, 4000), (360, 480)), (12, 480));
        assert_eq!(fitted((4000, 1), (360, 480)), (360, 1));
        assert_eq!(fitted((20, 30), (360, 480)), (20, 30));
    }

    /// Numerals that are bars, as high as they are large.
    fn numerals() -> RgbaImage {
        RgbaImage::from_fn(40, 10, |x, y| {
            let drawn = x % 4 < 2 && y < x / 4;
            Rgba([0, 0, 0, if drawn { 255 } else { 0 }])
        })
    }

    #[test]
    fn pictures_stand_in_rows_with_their_numbers_under_them() {
        let red = RgbaImage::from_pixel(30, 40, Rgba([200, 0, 0, 255]));
        let clear = RgbaImage::from_pixel(30, 40, Rgba([0, 0, 0, 0]));
        let wide = RgbaImage::from_pixel(300, 100, Rgba([0, 0, 200, 255]));
        let sheet = Sheet::new(&[(30, 40); 3], 2).unwrap();
        let mut filling = ContactSheet::new(&sheet, numerals());
        for picture in [red, clear, wide] {
            filling.add(&encode_picture(&picture).unwrap()).unwrap();
        }
        let file = filling.finish().unwrap();
        let drawn = image::load_from_memory(&file).unwrap().into_rgba8();
        assert_eq!(drawn.dimensions(), sheet.size());
        let at = |x, y| *drawn.get_pixel(MARGIN + x, MARGIN + y);
        assert_eq!(at(0, 0).0, [200, 0, 0, 255]);
        assert_eq!(at(29, 39).0, [200, 0, 0, 255]);
        assert_eq!(*drawn.get_pixel(MARGIN - 1, MARGIN), EDGE);
        assert_eq!(*drawn.get_pixel(MARGIN - 2, MARGIN), GROUND);
        // What is transparent shows the ground, and what is wide stands in the middle.
        assert_eq!(at(54 + 15, 20), GROUND);
        assert_eq!(at(108, 14), EDGE);
        assert_eq!(at(108, 20).0, [0, 0, 200, 255]);
        // `01`, `02` and `03`.
        let bars = |x| {
            (0..10)
                .filter(|y| at(x, 48 + y).0 == [0, 0, 0, 255])
                .count()
        };
        assert_eq!([bars(0), bars(4), bars(58), bars(112)], [0, 1, 2, 3]);
    }

    #[test]
    fn the_same_pictures_give_the_same_bytes() {
        let sheet = Sheet::new(&[(600, 800); 5], 1).unwrap();
        let mut filling = ContactSheet::new(&sheet, numerals());
        for n in 0..5 {
            filling
                .add(&encode_picture(&flat(600 + n, 800)).unwrap())
                .unwrap();
        }
        let file = filling.finish().unwrap();
        // If this fails, every sheet is made anew: raise VERSION with it.
        assert_eq!(
            Digest::of(&file).hex(),
            "748a2a303617c93b1e811cdcc4ea7165ef089b73d271bfbec085af35e8ebc5f6"
        );
    }
}
