//! The page itself, as it is sent: no build step, nothing from another host.

/// A file of the page: its media type and what is in it.
pub type File = (&'static str, &'static str);

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The document.
pub const INDEX: File = (HTML, include_str!("index.html"));

/// Each file that the document names, or another one of them, by its name.
macro_rules! files {
    ($($media:ident $name:literal),+ $(,)?) => { &[$(($name, ($media, include_str!($name)))),+] };
}

/// What the document names; of the modules, each after those that it stands on.
pub const FILES: &[(&str, File)] = files![
    CSS "page.css", CSS "gallery.css", CSS "panel.css", CSS "print.css", SVG "icon.svg",
    JS "words.js", JS "state.js", JS "kept.js", JS "server.js", JS "address.js", JS "filter.js", JS "orders.js",
    JS "select.js", JS "card.js", JS "virtual.js", JS "gallery.js", JS "sources.js", JS "review.js", JS "picture.js",
    JS "side.js", JS "ongoing.js", JS "sections.js", JS "edit.js", JS "panel.js", JS "frame.js", JS "spend.js",
    JS "keys.js", JS "print.js", JS "page.js",
];

/// What the document names.
pub fn file(name: &str) -> Option<File> {
    FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, file)| *file)
}
