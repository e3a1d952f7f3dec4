//! The page itself, as it is sent: no build step, nothing from another host.

/// The document.
pub const INDEX: &str = include_str!("index.html");
/// How it looks.
pub const CSS: &str = include_str!("page.css");
/// What it does.
pub const JS: &str = include_str!("page.js");
/// The sign on its tab.
pub const ICON: &str = include_str!("icon.svg");
