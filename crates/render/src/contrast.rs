//! Whether the texts of a page can be read on what is behind them: measured on pixels, with the contrast
//! of WCAG 2.2. Knows no page by its words and no colour by its name.
//!
//! A page is drawn three times: as it is, with its texts transparent, and with its texts in a colour that
//! nobody has as a ground. The last two say how much of a pixel a glyph covers, whatever is behind it;
//! where that is all of it, the first two are the glyph's colour and the ground.

use std::collections::BTreeMap;

use image::RgbaImage;

use super::colour::ratio;
use super::draw::{Composed, compose};
use super::placed::{Ink, at};
use super::scan::class;
use super::{DrawError, Fonts};
use export::lay_over;

/// How wide a picture is shown on a phone, in CSS px: what is large there is large enough.
const PHONE: f32 = 390.0;
/// Type is large from here on, in CSS px on the phone (WCAG: 18 pt).
const LARGE: f32 = 24.0;
/// Bold type is large from here on (WCAG: 14 pt).
const LARGE_BOLD: f32 = 18.66;
/// What large type needs (WCAG 1.4.3).
const LARGE_NEEDS: f32 = 3.0;
/// What other type needs.
const SMALL_NEEDS: f32 = 4.5;
/// A line's height as a part of its font size: that of the embedded fonts, and near it for others.
const LINE: f32 = 1.448;
/// A pixel that a glyph covers so far, as a part of the most that any pixel is covered, shows its colour.
const COVERED: f32 = 0.9;
/// From so much on, the most that a pixel is covered is taken for all of it; below, the type is translucent.
const WHOLE: f32 = 0.85;
/// A line that covers no pixel any further has no letters, or none over a known ground.
const SEEN: f32 = 0.05;
/// Bold type has so much more ink than regular type.
const BOLDER: f32 = 1.08;

/// The colour in which type is shown to see what it covers.
const MARKED: [f32; 3] = [255.0, 0.0, 255.0];
/// The same in CSS.
const MARKED_CSS: &str = "#ff00ff";

/// A text that stands out too little.
#[derive(Clone, Debug, PartialEq)]
pub struct LowContrast {
    /// Its `data-role`.
    pub role: String,
    /// The line that is the worst of that role.
    pub line: String,
    /// Its contrast to what is behind it, from 1 to 21: a tenth of its pixels have no more.
    pub ratio: f32,
    /// What type of its size needs.
    pub needed: f32,
}

/// What is seen of a page once it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The texts with a role that stand out too little, the worst line of each role, in the order of the page.
    pub faint: Vec<LowContrast>,
    /// The part of its pixels that are not opaque, from 0 to 1.
    pub transparent: f32,
}

/// What is seen of a page. With `under`, it is drawn over those pixels. Where nothing is known of what is behind a text,
/// because the page is transparent there, nothing is said of its contrast.
pub fn look(
    html: &str,
    width: u32,
    height: u32,
    fonts: &Fonts,
    images: &BTreeMap<String, Vec<u8>>,
    under: Option<&RgbaImage>,
) -> Result<Seen, DrawError> {
    let composed = compose(html, width, height, fonts, images)?;
    let lines = lines(&composed)?;
    let shown = draw(&composed, "", under)?;
    let transparent = transparent(&shown);
    let faint = match lines.is_empty() {
        true => Vec::new(),
        false => faint(&composed, shown, lines, under, html)?,
    };
    Ok(Seen { faint, transparent })
}

/// The texts of a page that stand out too little: see [`Seen::faint`].
pub fn contrast(
    html: &str,
    width: u32,
    height: u32,
    fonts: &Fonts,
    images: &BTreeMap<String, Vec<u8>>,
    under: Option<&RgbaImage>,
) -> Result<Vec<LowContrast>, DrawError> {
    look(html, width, height, fonts, images, under).map(|seen| seen.faint)
}

fn transparent(image: &RgbaImage) -> f32 {
    let (pixels, _) = image.as_raw().as_chunks::<4>();
    let through = pixels.iter().filter(|[.., alpha]| *alpha < u8::MAX).count();
    through as f32 / pixels.len().max(1) as f32
}

fn faint(
    composed: &Composed<'_>,
    shown: RgbaImage,
    lines: Vec<Line>,
    under: Option<&RgbaImage>,
    html: &str,
) -> Result<Vec<LowContrast>, DrawError> {
    let draw = |more: &str| draw(composed, more, under);
    let (hidden, marked) = (coloured("transparent"), coloured(MARKED_CSS));
    let drawn = Drawn {
        shown,
        ground: draw(&rule(composed, &hidden))?,
        marked: draw(&rule(composed, &marked))?,
        // A gradient cut out by its letters stays when the type is hidden: it cannot be told from a ground.
        clips: html.contains("background-clip"),
    };
    let draw_regular = || {
        let regular = format!("{marked} font-weight: 400 !important;");
        draw(&rule(composed, &regular))
    };
    let mut regular: Option<RgbaImage> = None;
    let opacities = opacities(&drawn, &lines);
    let mut low: Vec<LowContrast> = Vec::new();
    for line in lines {
        let opacity = opacities.get(&line.role).copied().unwrap_or(1.0);
        let Some(ratio) = drawn.ratio(&line, opacity) else {
            continue;
        };
        let mut needed = if line.size >= LARGE {
            LARGE_NEEDS
        } else {
            SMALL_NEEDS
        };
        if ratio < needed && ratio >= LARGE_NEEDS && line.size >= LARGE_BOLD {
            // Only here it matters whether the type is bold, and only its ink can tell.
            let plain = match regular.take() {
                Some(plain) => plain,
                None => draw_regular()?,
            };
            if drawn.ink(&drawn.marked, &line) > BOLDER * drawn.ink(&plain, &line) {
                needed = LARGE_NEEDS;
            }
            regular = Some(plain);
        }
        if ratio < needed {
            let (role, line) = (line.role, line.text);
            keep_worst(
                &mut low,
                LowContrast {
                    role,
                    line,
                    ratio,
                    needed,
                },
            );
        }
    }
    Ok(low)
}

/// How opaque the type of each role is, where it is not wholly. A thin stroke never covers a whole pixel: all lines
/// of a role say it together.
fn opacities(drawn: &Drawn, lines: &[Line]) -> BTreeMap<String, f32> {
    let mut opacities: BTreeMap<String, f32> = BTreeMap::new();
    for line in lines {
        let most = opacities.entry(line.role.clone()).or_default();
        *most = most.max(drawn.most(line));
    }
    opacities.retain(|_, most| *most < WHOLE);
    opacities
}

/// Of each role, only the line that stands out least is told.
fn keep_worst(low: &mut Vec<LowContrast>, found: LowContrast) {
    match low.iter_mut().find(|other| other.role == found.role) {
        Some(other) if other.ratio <= found.ratio => {}
        Some(other) => *other = found,
        None => low.push(found),
    }
}

/// What makes all type of one colour.
fn coloured(colour: &str) -> String {
    format!("color: {colour} !important; -webkit-text-fill-color: {colour} !important;")
}

/// A style rule for every text with a role. Type without one is decoration, and stays what it is.
fn rule(composed: &Composed<'_>, declarations: &str) -> String {
    let marks = composed.page.marks.iter().enumerate();
    let selectors: Vec<String> = marks
        .filter(|(_, mark)| !mark.role.is_empty())
        .map(|(index, _)| format!(".{class}, .{class} *", class = class(index)))
        .collect();
    format!("{} {{ {declarations} }}", selectors.join(", "))
}

/// A line of text as it was laid out.
struct Line {
    role: String,
    text: String,
    /// The font size in CSS px on the phone.
    size: f32,
    ink: Ink,
}

/// The lines of all texts with a role.
fn lines(composed: &Composed<'_>) -> Result<Vec<Line>, DrawError> {
    let Composed {
        page,
        canvas,
        fitted,
    } = composed;
    if page.marks.iter().all(|mark| mark.role.is_empty()) {
        return Ok(Vec::new());
    }
    let measured = canvas.measure(fitted.node.clone())?;
    let mut lines = Vec::new();
    for (mark, places) in page.marks.iter().zip(&fitted.places) {
        if mark.role.is_empty() || mark.is_group {
            continue;
        }
        for node in places.iter().filter_map(|path| at(&measured, path)) {
            for run in node.runs.iter().filter(|run| !run.text.trim().is_empty()) {
                let [a, b, ..] = node.transform;
                lines.push(Line {
                    role: mark.role.clone(),
                    text: run.text.split_whitespace().collect::<Vec<_>>().join(" "),
                    size: run.height / LINE * a.hypot(b) * PHONE / canvas.width as f32,
                    ink: Ink::new(
                        &node.transform,
                        [run.x, run.y, run.x + run.width, run.y + run.height],
                    ),
                });
            }
        }
    }
    Ok(lines)
}

/// Draws a page with one more style rule, over what is under it.
fn draw(
    composed: &Composed<'_>,
    more: &str,
    under: Option<&RgbaImage>,
) -> Result<RgbaImage, DrawError> {
    let css = format!("{}\n{more}", composed.page.css);
    let canvas = composed.canvas.with_css(&css)?;
    let page = canvas.draw(composed.fitted.node.clone())?;
    Ok(match under {
        None => page,
        Some(under) => {
            let mut image = under.clone();
            lay_over(&mut image, &page);
            image
        }
    })
}

/// A page, drawn three times.
struct Drawn {
    shown: RgbaImage,
    ground: RgbaImage,
    marked: RgbaImage,
    clips: bool,
}

impl Drawn {
    /// The pixels of a line whose ground is known, and how much of each is covered by type.
    fn covered(&self, line: &Line) -> impl Iterator<Item = (u32, u32, f32)> {
        self.within(&line.ink)
            .filter(|(x, y)| self.ground.get_pixel(*x, *y).0[3] == u8::MAX)
            .map(|(x, y)| (x, y, self.coverage(&self.marked, x, y)))
    }

    /// The most that any pixel of a line is covered.
    fn most(&self, line: &Line) -> f32 {
        self.covered(line)
            .fold(0.0, |most, (.., part)| most.max(part))
    }

    /// The contrast of a line: a tenth of its pixels have no more. `None` if nothing can be said.
    fn ratio(&self, line: &Line, opacity: f32) -> Option<f32> {
        let most = self.most(line);
        if most < SEEN {
            return None;
        }
        let mut ratios: Vec<f32> = self
            .covered(line)
            .filter(|(.., part)| *part >= COVERED * most)
            .map(|(x, y, part)| {
                let ground = channels(&self.ground, x, y);
                let mut glyph = channels(&self.shown, x, y);
                // What a pixel lacks of being covered is not the fault of the colour.
                for (channel, behind) in glyph.iter_mut().zip(ground) {
                    let full = behind + (*channel - behind) * opacity / part;
                    *channel = full.clamp(0.0, 255.0);
                }
                ratio(glyph, ground)
            })
            .collect();
        ratios.sort_by(f32::total_cmp);
        let best = ratios.last().copied()?;
        if self.clips && best < 1.01 {
            return None;
        }
        ratios.get(ratios.len() / 10).copied()
    }

    /// How much a line's type covers, in pixels.
    fn ink(&self, marked: &RgbaImage, line: &Line) -> f32 {
        self.within(&line.ink)
            .map(|(x, y)| self.coverage(marked, x, y))
            .sum()
    }

    /// How much of a pixel is covered by type, from 0 to 1: by the channel in which the ground is the
    /// farthest from the colour of the type.
    fn coverage(&self, marked: &RgbaImage, x: u32, y: u32) -> f32 {
        let (ground, with) = (channels(&self.ground, x, y), channels(marked, x, y));
        let (mut widest, mut part) = (0.0_f32, 0.0);
        for ((behind, seen), full) in ground.into_iter().zip(with).zip(MARKED) {
            let room = full - behind;
            if room.abs() > widest {
                widest = room.abs();
                part = (seen - behind) / room;
            }
        }
        part.clamp(0.0, 1.0)
    }

    /// The pixels of a box, as far as they are in the picture.
    fn within(&self, ink: &Ink) -> impl Iterator<Item = (u32, u32)> + use<> {
        let (width, height) = self.ground.dimensions();
        let range = |from: f32, to: f32, side: u32| {
            let side = side as f32;
            from.floor().clamp(0.0, side) as u32..to.ceil().clamp(0.0, side) as u32
        };
        let columns = range(ink.left, ink.right, width);
        range(ink.top, ink.bottom, height).flat_map(move |y| columns.clone().map(move |x| (x, y)))
    }
}

fn channels(image: &RgbaImage, x: u32, y: u32) -> [f32; 3] {
    let [r, g, b, _] = image.get_pixel(x, y).0;
    [f32::from(r), f32::from(g), f32::from(b)]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use image::{Rgba, RgbaImage};

    use super::contrast;
    use crate::Fonts;

    /// The ratios of the texts that are too faint, in tenths, and what they need.
    fn faint(body: &str, under: Option<&RgbaImage>) -> Vec<(String, u32, f32)> {
        let html = format!(
            "<html><head><style>* {{ margin: 0; font-family: 'Noto Sans CJK SC' }}</style></head><body>{body}</body></html>"
        );
        let fonts = Fonts::embedded().unwrap();
        let found = contrast(&html, 390, 120, &fonts, &BTreeMap::new(), under).unwrap();
        found
            .into_iter()
            .map(|f| (f.role, (f.ratio * 10.0).round() as u32, f.needed))
            .collect()
    }

    /// A ratio in tenths, and what is needed.
    type Found = Option<(u32, f32)>;

    /// One text on a ground that fills the page.
    fn one(ground: &str, style: &str) -> Found {
        let body = format!(
            "<div style=\"width: 390px; height: 120px; background: {ground}\"><p data-role=\"note\" style=\"{style}\">限时报名 only 24</p></div>"
        );
        faint(&body, None)
            .pop()
            .map(|(_, tenths, needed)| (tenths, needed))
    }

    #[test]
    fn type_is_judged_by_its_size_weight_and_ground() {
        let table: [(&str, &str, Found); 14] = [
            ("#fff", "font-size: 14px; color: #000", None),
            ("#fff", "font-size: 14px; color: #767676", None),
            ("#fff", "font-size: 14px; color: #888", Some((35, 4.5))),
            ("#fff", "font-size: 14px; color: #aaa", Some((23, 4.5))),
            ("#fff", "font-size: 25px; color: #888", None),
            ("#fff", "font-size: 23px; color: #888", Some((35, 4.5))),
            (
                "#fff",
                "font-size: 20px; font-weight: 700; color: #888",
                None,
            ),
            (
                "#fff",
                "font-size: 18px; font-weight: 700; color: #888",
                Some((35, 4.5)),
            ),
            ("#fff", "font-size: 30px; color: #aaa", Some((23, 3.0))),
            (
                "#fff",
                "font-size: 20px; font-weight: 700; color: #aaa",
                Some((23, 4.5)),
            ),
            ("#204060", "font-size: 14px; color: #FFB020", None),
            (
                "#fff",
                "font-size: 14px; color: rgba(0, 0, 0, 0.4)",
                Some((28, 4.5)),
            ),
            (
                "#fff",
                "font-size: 14px; color: #000; opacity: 0.4",
                Some((28, 4.5)),
            ),
            (
                "#fff",
                "font-size: 14px; color: transparent",
                Some((10, 4.5)),
            ),
        ];
        for (ground, style, expected) in table {
            assert_eq!(one(ground, style), expected, "{ground} {style}");
        }
    }

    #[test]
    fn the_worst_part_of_a_ground_counts() {
        let across = "linear-gradient(90deg, #000 0px, #000 60px, #fff 110px)";
        let found = one(across, "font-size: 14px; color: #fff").unwrap();
        assert!(found.0 < 16, "{found:?}");
        assert_eq!(
            one(
                "linear-gradient(90deg, #000, #444)",
                "font-size: 14px; color: #fff"
            ),
            None
        );
        // Letters cut out of a gradient are not judged.
        let clipped = "font-size: 30px; background: linear-gradient(#000, #222); background-clip: text; color: transparent";
        assert_eq!(one("#fff", clipped), None);
    }

    #[test]
    fn decoration_is_not_judged_and_a_role_is_told_by_its_worst_line() {
        let pages = "<div style='width: 390px; height: 120px; background: #fff; font-size: 14px'>\
            <p style='color: #eee'>07</p>\
            <p data-role='items' style='color: #999'>每日打卡</p><p data-role='items' style='color: #bbb'>一二三</p>\
            <p data-role='note' style='color: #000'>三</p></div>";
        assert_eq!(faint(pages, None), [("items".to_owned(), 19, 4.5)]);
    }

    #[test]
    fn large_pale_type_behind_a_text_is_its_ground() {
        let page = "<div style='position: relative; width: 390px; height: 120px; background: #fff'>\
            <p style='position: absolute; left: 0px; top: 0px; font-size: 80px; color: #eee'>18 18</p>\
            <p data-role='note' style='position: absolute; left: 0px; top: 40px; font-size: 14px; color: #222'>限时报名</p></div>";
        assert_eq!(faint(page, None), []);
    }

    #[test]
    fn an_overlay_is_judged_on_what_is_under_it_or_not_at_all() {
        let over = "<p data-role='note' style='font-size: 14px; color: #fff'>限时报名</p>";
        assert_eq!(faint(over, None), []);
        let under = |grey: u8| RgbaImage::from_pixel(390, 120, Rgba([grey, grey, grey, 255]));
        assert_eq!(faint(over, Some(&under(40))), []);
        assert_eq!(
            faint(over, Some(&under(170))),
            [("note".to_owned(), 23, 4.5)]
        );
        let pill = "<p style='width: 99px; background: #ddd'><span data-role='badge' style='font-size: 14px; color: #fff'>限时</span></p>";
        assert_eq!(faint(pill, None), [("badge".to_owned(), 14, 4.5)]);
    }
}
