//! Draws an HTML page to pixels: in this process, offline, always the same pixels for the same page, fonts and
//! pictures. Sets Chinese well. Knows no manifest, no template, no file and no provider.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use gpbuild_render::{DrawError, Fonts, draw};
//!
//! let fonts = Fonts::embedded()?;
//! let page = "<html><body style='margin:0;width:300px;height:200px;background:#fff'>\
//!             <h1 data-role='headline' data-fit='10 90' style='width:300px;height:120px'>30 天学会 Rust</h1></body></html>";
//! // Pictures that the page names come as bytes: nothing is read from the disk or the network.
//! let pictures = BTreeMap::new();
//! let drawn = draw(page, 300, 200, &fonts, &pictures)?;
//! assert_eq!(drawn.dimensions(), (300, 200));
//! assert_eq!(drawn, draw(page, 300, 200, &fonts, &pictures)?);
//!
//! // What no font has is an error, and never a box.
//! let error = draw("<p>한</p>", 300, 200, &fonts, &pictures).unwrap_err();
//! assert_eq!(error, DrawError::MissingGlyphs(vec!['한']));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod breaks;
mod canvas;
mod colour;
mod contrast;
mod css;
mod draw;
mod fit;
mod fonts;
mod ground;
#[cfg(test)]
mod headlines;
mod images;
mod numerals;
mod page;
pub mod parts;
mod placed;
mod roles;
mod scan;
mod text_block;
mod spacing;
mod svg;
pub mod typeset;
mod words;

use std::fmt;

pub use colour::{hex_ratio, is_light};
pub use contrast::{LowContrast, Seen, contrast, look};
pub use draw::{check, draw};
pub use fonts::{FontError, Fonts, MAX_FONT_BYTES};
pub use images::image_names;
pub use numerals::{NUMERALS, NUMERALS_SIZE};
pub use roles::role_texts;

/// Counts in every local key; raised whenever the same page may give another file.
pub const VERSION: u32 = 4;

/// The largest picture, in px a side.
pub const MAX_SIDE: u32 = 8192;
/// The longest page, in bytes.
pub const MAX_HTML_BYTES: usize = 2 << 20;
/// The deepest nesting of elements.
pub const MAX_DEPTH: usize = 100;
/// The most elements and texts on a page.
pub const MAX_NODES: usize = 20_000;
/// The most elements with `data-role`, `data-fit` or `data-break` on a page.
pub const MAX_MARKS: usize = 500;
/// The most pixels that the pictures of one page may have together once decoded.
pub const MAX_IMAGE_PIXELS: u64 = 128 << 20;

/// So many characters of a text are quoted.
const QUOTED: usize = 80;

/// Why a page was not drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrawError {
    /// No font has these characters.
    MissingGlyphs(Vec<char>),
    /// A text does not fit its box, leaves the picture or runs into another one.
    Overflow {
        /// The `data-role` of the text.
        what: String,
        /// By how many px.
        by: u32,
        /// The text, in one line or as its author broke it.
        text: String,
        /// The word of it that is wider than a line and cannot be parted, if that is why.
        word: Option<String>,
    },
    /// The page or its style sheet cannot be read.
    Html(String),
    /// A picture of the page is not there or cannot be read.
    Image {
        /// Its name in the page.
        name: String,
        /// Why.
        why: String,
    },
    /// The picture would have no pixels or too many.
    Size {
        /// Asked for.
        width: u32,
        /// Asked for.
        height: u32,
    },
    /// The drawing library failed.
    Draw(String),
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingGlyphs(chars) => {
                let shown: Vec<String> = chars
                    .iter()
                    .take(10)
                    .map(|c| match c.is_control() || c.is_whitespace() {
                        true => format!("U+{:04X}", u32::from(*c)),
                        false => format!("`{c}` (U+{:04X})", u32::from(*c)),
                    })
                    .collect();
                write!(f, "no font has {}", shown.join(", "))?;
                match chars.len().saturating_sub(shown.len()) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::Overflow {
                what,
                by,
                text,
                word,
            } => {
                match what.as_str() {
                    "" => f.write_str("a text without `data-role`")?,
                    what => write!(f, "the `{what}`")?,
                }
                write!(f, " is {by} px too large for its place: ")?;
                match word {
                    Some(word) if word != text => {
                        write!(f, "`{}` of `{}`", quoted(word), quoted(text))
                    }
                    _ => write!(f, "`{}`", quoted(text)),
                }
            }
            Self::Html(why) => f.write_str(why),
            Self::Image { name, why } => write!(f, "the picture `{name}` {why}"),
            Self::Size { width, height } => write!(
                f,
                "a picture of {width}x{height} px cannot be drawn; each side is 1 to {MAX_SIDE} px"
            ),
            Self::Draw(why) => write!(f, "the page cannot be drawn: {why}"),
        }
    }
}

/// A text as a message quotes it: on one line, and no longer than it takes to find it.
fn quoted(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl std::error::Error for DrawError {}
