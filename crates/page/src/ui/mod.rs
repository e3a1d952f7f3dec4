//! The page itself, as it is sent: no build step, nothing from another host.

/// A file of the page: its media type and what is in it.
pub type File = (&'static str, &'static str);

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The document.
pub const INDEX: File = (HTML, include_str!("index.html"));

/// What the document names.
pub fn file(name: &str) -> Option<File> {
    let file = match name {
        "page.css" => (CSS, include_str!("page.css")),
        "page.js" => (JS, include_str!("page.js")),
        "gallery.js" => (JS, include_str!("gallery.js")),
        "detail.js" => (JS, include_str!("detail.js")),
        "orders.js" => (JS, include_str!("orders.js")),
        "state.js" => (JS, include_str!("state.js")),
        "words.js" => (JS, include_str!("words.js")),
        "icon.svg" => (SVG, include_str!("icon.svg")),
        _ => return None,
    };
    Some(file)
}
