//! What a page is laid out and drawn on: its style sheet, its decoded pictures, its size. The one file that hands
//! pages to the drawing library; chooses nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use image::RgbaImage;
use takumi::prelude::{ImageSource, Lang, MeasuredNode, Node, RenderOptions, StyleSheet, Viewport};
use takumi::unstable::base::layout::tree::RenderNode;
use takumi::unstable::base::scene::Scene;
use takumi::unstable::raster;

use super::page::Page;
use super::{DrawError, Fonts, MAX_IMAGE_PIXELS, ground, svg};

/// What every measuring and the drawing of one page share: a page is laid out and drawn on it.
pub(super) struct Canvas<'f> {
    fonts: &'f Fonts,
    css: Arc<StyleSheet>,
    images: HashMap<Arc<str>, ImageSource>,
    pub width: u32,
    pub height: u32,
}

impl<'f> Canvas<'f> {
    /// Room for a page of `(width, height)` px: its style sheet read, its pictures decoded.
    pub fn new(
        page: &Page,
        fonts: &'f Fonts,
        images: &BTreeMap<String, Vec<u8>>,
        (width, height): (u32, u32),
    ) -> Result<Self, DrawError> {
        Ok(Self {
            fonts,
            css: Arc::new(read_css(&page.css)?),
            images: decode(page, fonts, images)?,
            width,
            height,
        })
    }

    /// Lays a page out.
    pub fn measure(&self, node: Node) -> Result<MeasuredNode, DrawError> {
        takumi::measure(self.options(node)).map_err(|e| DrawError::Draw(e.to_string()))
    }

    /// Draws a page.
    pub fn draw(&self, node: Node) -> Result<RgbaImage, DrawError> {
        let context = self.options(Node::container([])).take_render_context();
        let mut root = RenderNode::from_node(&context, node);
        ground::spread(&mut root);
        let bitmap = Scene::lay_out(root, self.viewport(), true)
            .and_then(|scene| raster::render_scene(&scene))
            .map_err(|e| DrawError::Draw(e.to_string()))?;
        RgbaImage::from_raw(bitmap.width(), bitmap.height(), bitmap.into_raw())
            .ok_or_else(|| DrawError::Draw("the bitmap has a wrong size".to_owned()))
    }

    /// The same page with other style sheets.
    pub fn with_css(&self, css: &str) -> Result<Self, DrawError> {
        Ok(Self {
            fonts: self.fonts,
            css: Arc::new(read_css(css)?),
            images: self.images.clone(),
            width: self.width,
            height: self.height,
        })
    }

    fn viewport(&self) -> Viewport {
        Viewport::new((self.width, self.height))
    }

    fn options(&self, node: Node) -> RenderOptions<'_> {
        RenderOptions::builder()
            .viewport(self.viewport())
            .node(node)
            .fonts(&self.fonts.registry)
            .images(self.images.clone())
            .stylesheet(Arc::clone(&self.css))
            .lang(Lang::parse("zh-CN").ok())
            .build()
    }
}

fn read_css(css: &str) -> Result<StyleSheet, DrawError> {
    StyleSheet::parse(css).map_err(|e| DrawError::Html(unreadable(&e.to_string())))
}

/// A parser's complaint on one line of bearable length.
fn unreadable(why: &str) -> String {
    let words: Vec<&str> = why.split_whitespace().collect();
    let why: String = words.join(" ").chars().take(300).collect();
    format!("the style sheet cannot be read: {why}")
}

/// Decodes the pictures that the page names.
fn decode(
    page: &Page,
    fonts: &Fonts,
    images: &BTreeMap<String, Vec<u8>>,
) -> Result<HashMap<Arc<str>, ImageSource>, DrawError> {
    let mut decoded = HashMap::new();
    let mut pixels = 0_u64;
    for name in &page.images {
        let bad = |why: String| DrawError::Image {
            name: name.clone(),
            why,
        };
        let bytes = images
            .get(name)
            .ok_or_else(|| bad("is not among the pictures of this asset".to_owned()))?;
        let source = match std::str::from_utf8(bytes) {
            Ok(source) if source.contains("<svg") => {
                if let Some(other) = svg::outside(source) {
                    return Err(bad(format!(
                        "names `{other}`, which is not in it and would be missing; write it into the file as a `data:` URI"
                    )));
                }
                let text: String = source
                    .split('<')
                    .filter_map(|part| part.split_once('>'))
                    .map(|(_, text)| text)
                    .collect();
                let missing = fonts.missing(&text);
                if !missing.is_empty() {
                    return Err(DrawError::MissingGlyphs(missing));
                }
                ImageSource::from_bytes(bytes)
            }
            _ => {
                let (width, height) =
                    export::dimensions(bytes).map_err(|e| bad(format!("cannot be drawn: {e}")))?;
                pixels += u64::from(width) * u64::from(height);
                if pixels > MAX_IMAGE_PIXELS {
                    return Err(bad(format!(
                        "and those before it have more than {} megapixels",
                        MAX_IMAGE_PIXELS >> 20
                    )));
                }
                // The drawing library knows no EXIF and no CMYK.
                let plain =
                    export::plain(bytes).map_err(|e| bad(format!("cannot be drawn: {e}")))?;
                ImageSource::from_bytes(&plain)
            }
        };
        let source = source.map_err(|e| bad(format!("cannot be decoded: {e}")))?;
        decoded.insert(Arc::from(name.as_str()), source);
    }
    Ok(decoded)
}
