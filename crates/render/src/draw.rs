//! From a page to pixels: checks the page, has its texts fitted, draws it. Nothing here depends on time, threads or the order of a hash map.

use std::collections::BTreeMap;

use image::RgbaImage;

use super::canvas::Canvas;
use super::fit::{self, Fitted};
use super::page::Page;
use super::{DrawError, Fonts, MAX_SIDE};

/// Draws a complete HTML page. `images` holds the file bytes of every picture that the page names in
/// `src` or `url()`; nothing is read from the disk or the network.
pub fn draw(
    html: &str,
    width: u32,
    height: u32,
    fonts: &Fonts,
    images: &BTreeMap<String, Vec<u8>>,
) -> Result<RgbaImage, DrawError> {
    let composed = compose(html, width, height, fonts, images)?;
    composed.canvas.draw(composed.fitted.node)
}

/// All that [`draw`] would complain about, without drawing: a few milliseconds a page.
pub fn check(
    html: &str,
    width: u32,
    height: u32,
    fonts: &Fonts,
    images: &BTreeMap<String, Vec<u8>>,
) -> Result<(), DrawError> {
    compose(html, width, height, fonts, images).map(|_| ())
}

/// A page that is ready to be drawn.
pub(super) struct Composed<'f> {
    pub page: Page,
    pub canvas: Canvas<'f>,
    pub fitted: Fitted,
}

/// Reads a page and chooses every size and line.
pub(super) fn compose<'f>(
    html: &str,
    width: u32,
    height: u32,
    fonts: &'f Fonts,
    images: &BTreeMap<String, Vec<u8>>,
) -> Result<Composed<'f>, DrawError> {
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(DrawError::Size { width, height });
    }
    let mut page = Page::read(html)?;
    let missing = fonts.missing(&page.text);
    if !missing.is_empty() {
        return Err(DrawError::MissingGlyphs(missing));
    }
    let canvas = Canvas::new(&page, fonts, images, (width, height))?;
    let fitted = fit::fit(&mut page, &canvas)?;
    Ok(Composed {
        page,
        canvas,
        fitted,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use image::RgbaImage;

    use super::draw;
    use crate::{DrawError, Fonts};

    const STYLE: &str = "<style>*{margin:0;box-sizing:border-box} body{position:relative;width:400px;height:300px;\
         background:#fff;color:#000;font-family:'Noto Sans CJK SC';line-height:1.2}</style>";

    fn page(body: &str) -> Result<RgbaImage, DrawError> {
        let html = format!("<!DOCTYPE html><html><head>{STYLE}</head><body>{body}</body></html>");
        draw(
            &html,
            400,
            300,
            &Fonts::embedded().unwrap(),
            &BTreeMap::new(),
        )
    }

    /// The box around everything that is not white: left, top, right, bottom.
    fn ink(image: &RgbaImage) -> [u32; 4] {
        image
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[0] < 128)
            .fold([u32::MAX, u32::MAX, 0, 0], |[l, t, r, b], (x, y, _)| {
                [l.min(x), t.min(y), r.max(x), b.max(y)]
            })
    }

    #[test]
    fn the_same_page_gives_the_same_pixels_on_every_thread() {
        let fonts = Fonts::embedded().unwrap();
        let html = format!(
            "<html><head>{STYLE}</head><body style='background:linear-gradient(30deg,#102,#5B3CF5)'>\
             <h1 data-role='headline' data-fit='10 90' style='height:200px'>30 天从 0 到 1 上手 AI</h1></body></html>"
        );
        let once = || draw(&html, 400, 300, &fonts, &BTreeMap::new()).unwrap();
        let first = once();
        let drawn: Vec<RgbaImage> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(once)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(drawn.iter().all(|image| *image == first));
        assert!(once() == first);
    }

    #[test]
    fn a_character_without_a_glyph_is_an_error_wherever_it_stands() {
        let missing = |body: &str| page(body).unwrap_err();
        assert_eq!(
            missing("<p>火箭한</p>"),
            DrawError::MissingGlyphs(vec!['한'])
        );
        assert_eq!(
            missing("<p>&#xD55C;</p>"),
            DrawError::MissingGlyphs(vec!['한'])
        );
        let css = missing("<style>p::before{content:'ع'}</style><p>a</p>");
        assert_eq!(css.to_string(), "no font has `ع` (U+0639)");
        let svg = missing("<svg width='9' height='9'><text>한</text></svg>");
        assert_eq!(svg, DrawError::MissingGlyphs(vec!['한']));
    }

    #[test]
    fn a_text_takes_the_largest_size_that_fits_its_box() {
        let wide = |style: &str| {
            let style = format!("position:absolute;left:0;top:0;width:400px;height:300px;{style}");
            let image = page(&format!(
                "<h1 data-role='headline' data-fit='10 200' style='{style}'>设计</h1>"
            ));
            ink(&image.unwrap())
        };
        let [left, top, right, bottom] = wide("");
        assert!(
            left < 20 && right > 380 && top < 300 && bottom < 300,
            "{:?}",
            [left, top, right, bottom]
        );
        let [_, _, right, bottom] = wide("width:100px");
        assert!(
            (80..=101).contains(&right) && bottom < 150,
            "{right} {bottom}"
        );
        let [_, _, _, bottom] = wide("height:60px");
        assert!((40..=61).contains(&bottom), "{bottom}");
    }

    #[test]
    fn a_smaller_size_is_taken_for_a_line_less() {
        let lines = |high: u32| {
            let style = "position:absolute;left:0;top:0;width:400px;height:300px";
            let html = format!(
                "<h1 data-role='headline' data-fit='10 {high}' style='{style}'>才是学会编程</h1>"
            );
            let [_, _, _, bottom] = ink(&page(&html).unwrap());
            bottom > 90
        };
        // 6 em are 400 px at 66 px: a little less than what was asked for, or far less.
        assert!(!lines(72));
        assert!(lines(110));
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_the_role() {
        let what = |body: &str| match page(body) {
            Err(DrawError::Overflow { what, by, .. }) => (what, by),
            other => panic!("{other:?}"),
        };
        let long = "设计".repeat(40);
        let (role, by) = what(&format!(
            "<h1 data-role='headline' data-fit='40 60' style='height:100px'>{long}</h1>"
        ));
        assert!(role == "headline" && by > 100, "{by}");
        let (role, _) =
            what("<p data-role='badge' style='width:90px;white-space:nowrap'>限时报名限时报名</p>");
        assert_eq!(role, "badge");
        let (role, by) =
            what("<p data-role='footer' style='position:absolute;left:0;bottom:-20px'>页脚</p>");
        assert!(role == "footer" && (10..25).contains(&by), "{by}");
        let (role, _) = what(
            "<p data-role='a' style='position:absolute;top:9px'>一</p><p data-role='b' style='position:absolute;top:9px'>二</p>",
        );
        assert_eq!(role, "b");
        let (role, _) = what("<p data-role='headline' style='width:60px'>1234567890</p>");
        assert_eq!(role, "headline");
    }

    #[test]
    fn texts_in_a_fitted_box_share_one_size() {
        let list = |count: usize| {
            let item =
                "<p data-role='items' data-break='words'>用 Rust 写一个 CLI 工具</p>".repeat(count);
            page(&format!(
                "<div data-fit='8 40' style='position:absolute;height:200px;width:400px'>{item}</div>"
            ))
        };
        let [_, _, _, few] = ink(&list(2).unwrap());
        let [_, _, _, many] = ink(&list(6).unwrap());
        assert!(few < 201 && many < 201 && many > 150, "{few} {many}");
        assert!(matches!(list(60), Err(DrawError::Overflow { what, .. }) if what == "items"));
    }

    #[test]
    fn pictures_are_named_and_never_fetched() {
        let mut png = Vec::new();
        let red = RgbaImage::from_pixel(4, 4, image::Rgba([255, 0, 0, 255]));
        red.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        let html = "<html><head><style>div{width:40px;height:40px;background-image:url('img/a.png')}</style></head>\
             <body style='margin:0'><div></div></body></html>";
        let fonts = Fonts::embedded().unwrap();
        let drawn = |bytes: Option<Vec<u8>>| {
            let images = bytes
                .map(|b| ("img/a.png".to_owned(), b))
                .into_iter()
                .collect();
            draw(html, 40, 40, &fonts, &images)
        };
        assert_eq!(
            drawn(Some(png)).unwrap().get_pixel(20, 20).0,
            [255, 0, 0, 255]
        );
        let error = drawn(None).unwrap_err().to_string();
        assert_eq!(
            error,
            "the picture `img/a.png` is not among the pictures of this asset"
        );
        assert!(matches!(
            drawn(Some(b"text".to_vec())),
            Err(DrawError::Image { .. })
        ));
        let net = page("<img src='https://example.com/a.png'>");
        assert!(
            matches!(net, Err(DrawError::Image { name, .. }) if name == "https://example.com/a.png")
        );
    }

    #[test]
    fn a_picture_that_an_svg_only_names_is_told() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='photo.png'/></svg>";
        let images = BTreeMap::from([("logo.svg".to_owned(), svg.to_vec())]);
        let html = "<html><body><img src='logo.svg'></body></html>";
        let error = draw(html, 40, 40, &Fonts::embedded().unwrap(), &images).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the picture `logo.svg` names `photo.png`, which is not in it and would be missing; \
             write it into the file as a `data:` URI"
        );
        let inline = page("<svg width='9' height='9'><image href='photo.png'/></svg>").unwrap_err();
        assert_eq!(
            inline.to_string(),
            "the picture `photo.png` stands in an inline `<svg>`, which shows only `data:` URIs; `<img>` shows it"
        );
    }

    #[test]
    fn a_wrong_style_is_told_and_not_left_out() {
        let error = page("<style>p { color: blurple;\n}</style><p>a</p>")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the style sheet cannot be read: "),
            "{error}"
        );
        assert!(
            error.contains("blurple") && !error.contains('\n'),
            "{error}"
        );
    }

    /// The colours of the four corners and of the middle of a page of 400x300 px.
    fn corners(html: &str) -> [[u8; 4]; 5] {
        let fonts = Fonts::embedded().unwrap();
        let image = draw(html, 400, 300, &fonts, &BTreeMap::new()).unwrap();
        [(0, 0), (399, 0), (0, 299), (399, 299), (200, 150)].map(|(x, y)| image.get_pixel(x, y).0)
    }

    #[test]
    fn the_background_of_the_root_or_of_its_body_is_that_of_the_picture() {
        const RED: [u8; 4] = [255, 0, 0, 255];
        const BLUE: [u8; 4] = [0, 0, 255, 255];
        for page in [
            "<html><head><style>body{background:#f00}</style></head><body>a</body></html>",
            "<html><body style='background:#f00;width:50px;height:20px;border-radius:9px'></body></html>",
            "<html style='background:#f00'><body style='margin:0'></body></html>",
            "<!DOCTYPE html><style>html{background:red} *{margin:9px;border:1px solid #f00}</style><p>a</p>",
            "<style>body{background:#f00}</style><p>a</p>",
            "<body style='background:#f00'>a",
            "<style>:root{--c:#f00} body{background:var(--c)}</style>",
        ] {
            assert_eq!(corners(page)[..4], [RED; 4], "{page}");
        }
        // The root's wins, and then the body's stays where its box is.
        let both = "<html style='background:#f00'><body style='margin:100px 150px;height:100px;background:#00f'></body></html>";
        assert_eq!(corners(both), [RED, RED, RED, RED, BLUE]);
        // What stands behind everything else of the page stands before the ground.
        let behind = "<html><body style='background:#f00;margin:0'><div style='position:absolute;left:0;top:0;\
             width:400px;height:300px;background:#00f;z-index:-1'></div></body></html>";
        assert_eq!(corners(behind), [BLUE; 5]);
        let across = corners("<style>body{background:linear-gradient(90deg,#f00,#00f)}</style>");
        assert!(
            across[0][0] > 250 && across[1][2] > 250 && across[4][0] < 140,
            "{across:?}"
        );
        assert_eq!(corners("<p>a</p>")[0][3], 0);
    }

    #[test]
    fn a_page_without_a_body_is_as_large_as_the_picture_and_has_no_margin() {
        let full = "<div style='width:100%;height:100%;background:#f00'></div>";
        assert_eq!(corners(full), [[255, 0, 0, 255]; 5]);
        let margin =
            "<style>body{margin:20px}</style><div style='height:50px;background:#f00'></div>";
        let image = draw(
            margin,
            400,
            300,
            &Fonts::embedded().unwrap(),
            &BTreeMap::new(),
        )
        .unwrap();
        assert_eq!(image.get_pixel(19, 21).0[3], 0);
        assert_eq!(image.get_pixel(20, 21).0, [255, 0, 0, 255]);
    }

    #[test]
    fn a_page_is_bounded() {
        assert!(matches!(
            page(&"<div>".repeat(200)),
            Err(DrawError::Html(_))
        ));
        assert!(matches!(
            page(&"a".repeat(3 << 20)),
            Err(DrawError::Html(_))
        ));
        assert!(matches!(
            page(&"<i>a</i>".repeat(20_000)),
            Err(DrawError::Html(_))
        ));
        let fonts = Fonts::embedded().unwrap();
        let none = draw("", 0, 9, &fonts, &BTreeMap::new());
        assert_eq!(
            none,
            Err(DrawError::Size {
                width: 0,
                height: 9
            })
        );
        for odd in [
            "<",
            "<h1 data-role",
            "<h1 data-role=",
            "<h1 data-role='x",
            "<a 你=1>b",
            "<!--",
            "<style>",
            "</",
            "<p data-role=x/>",
        ] {
            let _ = page(odd);
        }
    }
}
