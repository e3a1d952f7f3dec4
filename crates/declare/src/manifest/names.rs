//! What may be the name of a table or the id of an asset, and what is said of one that may not.

use crate::manifest::At;
use base::diagnostic::{Diagnostic, Place};
use base::path::ProjectPath;

/// The second table of a name; the first is there.
pub(super) fn twice(what: &str, name: &At<String>, first: &Place) -> Diagnostic {
    Diagnostic::error(format!("{what} `{}` is declared twice", name.value))
        .at(name.place.clone())
        .also_at(first.clone(), "first here")
}

/// The name of an asset that none may have.
pub(super) fn not_an_id(what: &str, name: &At<String>) -> Diagnostic {
    let why = why_no_id(&name.value).unwrap_or_default();
    Diagnostic::error(format!(
        "`{}` cannot be the name of a {what}: it {why}",
        name.value
    ))
    .at(name.place.clone())
    .hint(ID_HINT)
}

/// What an id is.
pub const ID_HINT: &str =
    "an id is a path without its ending, `post/hello`: whatever every file system takes in a name";

/// A name that none may have.
pub(super) fn not_a_name(what: &str, name: &At<String>) -> Diagnostic {
    Diagnostic::error(format!("`{}` cannot be the name of a {what}", name.value))
        .at(name.place.clone())
        .hint("a name has letters, digits, `-` and `_`")
}

/// Whether this can be the name of a style, a preset or a role.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Whether this can be the id of an asset: see [`why_no_id`].
pub fn is_id(id: &str) -> bool {
    why_no_id(id).is_none()
}

/// Why this cannot be the id of an asset, as the end of a sentence that begins with it. An id is a path that every
/// file system holds, written as short as can be; none of its parts is hidden.
pub fn why_no_id(id: &str) -> Option<String> {
    let path = match ProjectPath::for_output(id) {
        Ok(path) => path,
        Err(why) => return Some(why),
    };
    if path.as_str() != id {
        return Some("has a part `.`".to_owned());
    }
    let hidden = id.split('/').find(|part| part.starts_with('.'));
    hidden.map(|part| format!("has the part `{part}`, which begins with a dot"))
}
