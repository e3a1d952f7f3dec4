//! What can be wrong with a picture of the project before anybody decodes it: a pointer in its place, and an SVG that
//! shows what lies elsewhere. Looks at each file once; knows nothing of who shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base::diagnostic::Diagnostic;
use base::fs::Root;
use base::lfs;
use base::path::ProjectPath;

/// The largest SVG that is looked through, in bytes.
const MAX_SVG_BYTES: u64 = 4 << 20;
/// A pointer of Git LFS is smaller than this, in bytes.
const MAX_POINTER_BYTES: u64 = 1024;
/// The elements of SVG that show another file.
const SHOWS: [&str; 3] = ["<image", "<feImage", "<use"];

/// What is known of pictures, however many assets show them.
#[derive(Default)]
pub struct Pictures(Mutex<BTreeMap<ProjectPath, Known>>);

/// What is wrong with one.
#[derive(Clone, Default)]
struct Known {
    is_pointer: bool,
    /// What an SVG would show of other files, and does not.
    outside: Vec<String>,
}

impl Pictures {
    /// An error if a pointer lies in a picture's place.
    pub fn is_there(&self, root: &Root, path: &ProjectPath) -> Result<(), Diagnostic> {
        if !self.known(root, path).is_pointer {
            return Ok(());
        }
        let message = format!("`{path}` is {}, not the picture itself", lfs::WHAT);
        Err(Diagnostic::error(message).hint(lfs::HINT))
    }

    /// Warnings about all that was looked at.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outside = known.iter().filter(|(_, known)| !known.outside.is_empty());
        let warning = |(path, known): (&ProjectPath, &Known)| {
            Diagnostic::warning(format!(
                "`{path}` shows `{}`, which is another file: it is left out",
                known.outside.join("`, `")
            ))
            .hint("put the picture into the SVG, as `href=\"data:image/png;base64,…\"`")
        };
        outside.map(warning).collect()
    }

    fn known(&self, root: &Root, path: &ProjectPath) -> Known {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path) {
            return known.clone();
        }
        let is_svg = path.extension().as_deref() == Some("svg");
        let limit = if is_svg {
            MAX_SVG_BYTES
        } else {
            MAX_POINTER_BYTES
        };
        // One that is larger is no pointer, and one that is not there is told by who needs it.
        let bytes = root.read(path, limit).unwrap_or_default();
        let found = Known {
            is_pointer: lfs::is_pointer(&bytes),
            outside: match is_svg {
                true => outside(&String::from_utf8_lossy(&bytes)),
                false => Vec::new(),
            },
        };
        known.insert(path.clone(), found.clone());
        found
    }
}

/// What an SVG names that does not stand in it.
fn outside(svg: &str) -> Vec<String> {
    let mut found = Vec::new();
    for element in SHOWS {
        for (at, _) in svg.match_indices(element) {
            let tag = &svg[at..];
            let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
            let href = tag.split("href=").nth(1).and_then(|rest| {
                let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
                rest[1..].split(quote).next()
            });
            let href = href.map(str::trim);
            let href = href.filter(|href| !href.starts_with('#') && !href.starts_with("data:"));
            if let Some(href) = href.filter(|href| !href.is_empty()) {
                found.push(base::diagnostic::beginning(href).into_owned());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn what_an_svg_shows_of_other_files() {
        let svg = r##"<svg xmlns="x"><use href="#a"/><image width="1" xlink:href="photo.png"/>
            <image href='https://example.com/a.png'/><image href="data:image/png;base64,AAAA"/>
            <a href="https://example.com">x</a></svg>"##;
        assert_eq!(outside(svg), ["https://example.com/a.png", "photo.png"]);
    }
}
