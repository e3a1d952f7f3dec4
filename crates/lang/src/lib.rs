//! What gpbuild says, in the language of the person it says it to. English stands in the sources, where whoever changes
//! them reads it; here a finished English text becomes a Chinese one, by the catalogue `zh.po`. It knows nothing of who
//! says what, and of no other crate.
//!
//! ```
//! use gpbuild_lang::{Lang, say};
//!
//! let text = "there is no asset `hero`";
//! assert_eq!(say(Lang::Chinese, text), "没有图片 `hero`");
//! assert_eq!(say(Lang::English, text), text);
//! // What the catalogue has no words for stays as it is, the whole of it.
//! assert_eq!(say(Lang::Chinese, "there is no asset of that kind"), "there is no asset of that kind");
//! ```

mod catalogue;
mod drawn;
mod language;
mod phrase;
mod spacing;
mod template;

use std::borrow::Cow;
use std::sync::OnceLock;

pub use catalogue::Malformed;
pub use drawn::say_drawn;
pub use language::Lang;

use catalogue::Catalogue;

/// The Chinese catalogue, in the form of gettext.
const CHINESE: &str = include_str!("zh.po");

/// A finished text in a language: the same one if that is English, or if the catalogue does not have all of it.
pub fn say(lang: Lang, text: &str) -> Cow<'_, str> {
    match lang {
        Lang::English => Cow::Borrowed(text),
        Lang::Chinese => phrase::whole(chinese(), text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// Whether the catalogue has a text of the sources: the very literal, with its holes as `{name}` or `{}`.
pub fn has(literal: &str) -> bool {
    chinese().has(literal)
}

/// Every text of the sources that the catalogue has, in its order, with its translation.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    chinese().entries()
}

/// What is wrong with the catalogue: entries that stand twice, holes that are nowhere in the English text.
pub fn faults() -> Vec<Malformed> {
    catalogue::read(CHINESE).1
}

/// Read when the first text is to be said in Chinese, and never where none is.
fn chinese() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| catalogue::read(CHINESE).0)
}
