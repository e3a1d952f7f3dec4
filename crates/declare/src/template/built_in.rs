//! The templates in the binary, and which of them an asset can name. Knows no values and renders nothing.

/// A built-in template: its file name and its text.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../templates/", $name)))),*]
    };
}

/// The templates in the binary: their file names and their texts.
pub const BUILT_IN: &[(&str, &str)] = built_in![
    "article.html",
    "article.prompt",
    "band.html",
    "banner.html",
    "banner.prompt",
    "built-in.html",
    "compare.html",
    "compare.prompt",
    "cover.html",
    "cover.prompt",
    "edit.prompt",
    "formula.prompt",
    "list.html",
    "list.prompt",
    "poster.html",
    "poster.prompt",
    "quote.html",
    "quote.prompt",
    "slide.html",
    "slide.prompt",
    "slide-cover.html",
    "slide-cover.prompt",
    "slide-end.html",
    "slide-end.prompt",
    "slide-page.html",
    "slide-page.prompt",
    "title.html",
];

/// The built-in layouts that are made to be drawn over a picture: their ground is transparent.
pub const OVERLAYS: [&str; 2] = ["band.html", "title.html"];

/// What built-in templates are made of; none of them is drawn or sent by itself.
pub const PARTS: [&str; 2] = ["built-in.html", "formula.prompt"];

/// The names of the built-in templates that an asset can name, extension included.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    names.filter(|name| !PARTS.contains(name))
}
