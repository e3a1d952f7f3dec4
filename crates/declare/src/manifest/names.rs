//! What may be the name of a table or the id of an asset, and what is said of one that may not.

use icu_normalizer::properties::CanonicalCombiningClassMap;

use crate::manifest::At;
use base::diagnostic::{Diagnostic, Place};

/// The second table of a name; the first is there.
pub(super) fn twice(what: &str, name: &At<String>, first: &Place) -> Diagnostic {
    Diagnostic::error(format!("{what} `{}` is declared twice", name.value))
        .at(name.place.clone())
        .also_at(first.clone(), "first here")
}

/// A name that none may have.
pub(super) fn not_a_name(what: &str, name: &At<String>) -> Diagnostic {
    Diagnostic::error(format!("`{}` cannot be the name of a {what}", name.value))
        .at(name.place.clone())
        .hint("a name has letters, digits, `-` and `_`; an asset's may also have `/` between parts")
}

/// Whether this can be the name of a style, a preset or a role.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Whether this can be the id of an asset: names with `/` between them.
pub fn is_id(id: &str) -> bool {
    id.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.+~ ".contains(c) || is_mark(c))
    })
}

/// Whether a character goes onto the one before it: an accent that some system writes apart from its
/// letter, or what joins letters of India's scripts.
fn is_mark(c: char) -> bool {
    CanonicalCombiningClassMap::new().get_u8(c) != 0
}
