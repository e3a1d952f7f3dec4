//! [`ProjectPath`]: a path that is checked once, at the edge, to lie inside the project. Knows
//! nothing of what is on the disk; symbolic links are checked where a file is opened (`fs`).

use std::fmt;
use std::path::{Path, PathBuf};

use icu_casemap::CaseMapper;
use icu_normalizer::DecomposingNormalizer;
use serde::Serialize;

use crate::home::STATE_FOLDER;

/// A relative, `/`-separated UTF-8 path without `.`, `..` or empty parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ProjectPath(String);

/// The longest file name that every common file system takes, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// The longest path of an output, in bytes: macOS takes 1,024 with the way to the project.
const MAX_PATH_BYTES: usize = 800;
/// Names that Windows keeps for devices, whatever their extension; `com` and `lpt` with a digit too.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Folders that outputs stay out of.
const KEPT: [&str; 2] = [GIT, STATE_FOLDER];
/// Git's own folder.
const GIT: &str = ".git";

impl ProjectPath {
    /// Checks a path for reading: it must stay inside the project.
    /// The error says why not, as the end of a sentence that begins with the path.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if text.starts_with('/') || text.starts_with('\\') || has_drive(text) {
            return Err("is absolute; paths are relative to the project".to_owned());
        }
        if text.contains('\\') {
            return Err("has a backslash; paths are written with `/` on every system".to_owned());
        }
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(format!("has the control character {}", c.escape_unicode()));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "." => {}
                "" => return Err("has an empty part".to_owned()),
                ".." => {
                    if parts.pop().is_none() {
                        return Err("leaves the project".to_owned());
                    }
                }
                _ => parts.push(part),
            }
        }
        if parts.is_empty() {
            return Err("names no file".to_owned());
        }
        // Wherever it stands: joined to a folder, it is a path of its own there.
        if let Some(part) = parts.iter().find(|part| has_drive(part)) {
            return Err(format!(
                "has the part `{part}`, which is a drive of Windows"
            ));
        }
        Ok(Self(parts.join("/")))
    }

    /// Checks a path for writing: besides, every system must be able to hold the name.
    pub fn for_output(text: &str) -> Result<Self, String> {
        if text.split('/').any(|part| part == "..") {
            return Err("leaves the project".to_owned());
        }
        let path = Self::new(text)?;
        if path.0.len() > MAX_PATH_BYTES {
            return Err(format!(
                "is {} bytes long; with the way to the project, systems take {MAX_PATH_BYTES}",
                path.0.len()
            ));
        }
        // Not only at the root: there may be another project, or another checkout, in this one.
        if let Some(kept) = path.0.split('/').find_map(kept) {
            return Err(format!("is inside `{kept}`"));
        }
        for part in path.0.split('/') {
            if part.len() > MAX_NAME_BYTES {
                return Err(format!(
                    "has a name of {} bytes; file systems take {MAX_NAME_BYTES}",
                    part.len()
                ));
            }
            if let Some(c) = part.chars().find(|c| "<>:\"|?*".contains(*c)) {
                return Err(format!("has `{c}`, which Windows does not take in a name"));
            }
            if let Some(c) = unseen(part) {
                return Err(format!(
                    "has the character {}, which nobody sees in a name",
                    c.escape_unicode()
                ));
            }
            if part.ends_with('.') || part.ends_with(' ') || part.starts_with(' ') {
                return Err(format!(
                    "has the part `{part}`, which begins or ends with a space or ends with a dot"
                ));
            }
            if is_device(part) {
                return Err(format!(
                    "has the name `{part}`, which Windows keeps for a device"
                ));
            }
        }
        Ok(path)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it is on disk.
    pub fn under(&self, root: &Path) -> PathBuf {
        self.0.split('/').fold(root.to_path_buf(), |p, s| p.join(s))
    }

    /// The folder it is in; empty at the root.
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The last part without its last extension.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => name,
        }
    }

    /// The extension, lowercase, if there is one.
    pub fn extension(&self) -> Option<String> {
        match self.file_name().rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() => Some(ext.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// `relative` as written in a file of the folder `dir` (`""` is the root).
    pub fn join(dir: &str, relative: &str) -> Result<Self, String> {
        if dir.is_empty() || relative.is_empty() || relative.starts_with('/') {
            return Self::new(relative);
        }
        if has_drive(relative) {
            return Self::new(relative);
        }
        Self::new(&format!("{dir}/{relative}"))
    }

    /// What two paths share that some file system cannot tell apart.
    pub fn folded(&self) -> String {
        folded(&self.0)
    }
}

/// Text without what some file system does not tell apart: upper and lower case, and letters with their
/// accents in one character or in two.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposer = DecomposingNormalizer::new_nfd();
    let decomposed = decomposer.normalize(text);
    // Folding composes nothing, but may leave accents that are to be put in order.
    let folded = CaseMapper::new().fold_string(&decomposed);
    decomposer.normalize(&folded).into_owned()
}

/// Whether a name is that of a folder that outputs stay out of, as any file system may understand it.
pub fn is_kept(name: &str) -> bool {
    kept(name).is_some()
}

/// Whether it is that of git's own folder.
pub fn is_of_git(name: &str) -> bool {
    kept(name) == Some(GIT)
}

/// The folder that outputs stay out of for which some file system would take this name.
fn kept(name: &str) -> Option<&'static str> {
    // The short names of Windows, as git refuses them too.
    const SHORT: [&str; 2] = ["git~", "gpbuil~"];
    if !name.contains(['.', '~']) {
        return None;
    }
    let seen: String = name.chars().filter(|c| !is_ignorable(*c)).collect();
    let seen = folded(&seen);
    let seen = seen.trim_end_matches(['.', ' ']);
    let is_short = |short: &str| {
        let number = seen.strip_prefix(short);
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut known = KEPT.iter().zip(SHORT);
    known.find_map(|(kept, short)| (*kept == seen || is_short(short)).then_some(*kept))
}

/// The first character of a name that has no width, turns the direction of writing, or ends a line. One that joins
/// two characters of an emoji or of a script is seen in what becomes of them.
fn unseen(name: &str) -> Option<char> {
    let mut before = 'a';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}')
            && !before.is_ascii()
            && chars.peek().is_some_and(|next| !next.is_ascii());
        let hidden = is_ignorable(c) || matches!(c, '\u{ad}' | '\u{61c}' | '\u{2028}' | '\u{2029}');
        if hidden && !joins {
            return Some(c);
        }
        before = c;
    }
    None
}

/// Whether a file system of macOS passes a character over where names are compared.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether Windows keeps the name for a device, whatever comes after its first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_ascii_lowercase();
    let port = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    RESERVED.contains(&stem.as_str())
        || port.is_some_and(|n| "123456789¹²³".contains(n) && n.chars().count() == 1)
}

fn has_drive(text: &str) -> bool {
    let mut chars = text.chars();
    matches!((chars.next(), chars.next()), (Some(c), Some(':')) if c.is_ascii_alphabetic())
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ProjectPath;

    #[test]
    fn paths_stay_inside_the_project() {
        let ok = |t: &str| ProjectPath::new(t).map(|p| p.as_str().to_owned());
        assert_eq!(ok("a/b.png").as_deref(), Ok("a/b.png"));
        assert_eq!(ok("./a/../b").as_deref(), Ok("b"));
        assert_eq!(ok("../x"), Err("leaves the project".to_owned()));
        assert_eq!(ok("a/../../x"), Err("leaves the project".to_owned()));
        assert!(ok("/etc/passwd").is_err());
        assert!(ok("C:/x").is_err());
        assert!(ok("./C:x").is_err() && ok("a/../C:").is_err() && ok("a/b:c").is_err());
        assert!(ok("a/12:30").is_ok());
        assert!(ok("a\\b").is_err());
        assert!(ok("a//b").is_err());
    }

    #[test]
    fn outputs_have_names_that_every_system_takes() {
        let out = |t: &str| ProjectPath::for_output(t).is_ok();
        assert!(out("dist/封面 图.png"));
        for bad in [
            "dist/../x.png",
            "a/con.png",
            "a/b?.png",
            "a/b.",
            ".git/x",
            ".Git/x",
            ".gpbuild/x",
            "a/.git/x",
            "a/.GPBUILD/b/x",
            "git~1/x",
            "a/GPBUIL~12/x",
            ".g\u{200c}it/x",
            "\u{feff}.git/x",
            "a/ b",
            "lpt².png",
            "COM1 .tar.png",
            "conin$",
        ] {
            assert!(!out(bad), "{bad}");
        }
        for good in [
            "com.png",
            "com10.png",
            "console.png",
            "a/👩‍💻.png",
            "a b.png",
            "..a/...b",
            ".github/x.png",
            "git/x.png",
            "git~x/x.png",
            "a~1/x.png",
        ] {
            assert!(out(good), "{good}");
        }
        assert!(!out(&format!("{}.png", "长".repeat(90))));
        assert!(!out(&"a/".repeat(500)));
        assert!(!out(&format!("{}x", "a/".repeat(400))));
    }

    #[test]
    fn what_some_system_does_not_tell_apart_is_folded() {
        let alike = |one: &str, other: &str| {
            let folded = |t: &str| ProjectPath::new(t).unwrap().folded();
            folded(one) == folded(other)
        };
        assert!(alike("A/b.PNG", "a/B.png"));
        assert!(alike("caf\u{e9}", "cafe\u{301}"));
        assert!(alike("CAF\u{c9}", "cafe\u{301}"));
        assert!(alike("stra\u{df}e", "STRASSE"));
        assert!(alike("\u{3a3}", "\u{3c2}"));
        assert!(alike("\u{d55c}", "\u{1112}\u{1161}\u{11ab}"));
        assert!(!alike("cafe", "caf\u{e9}"));
        assert!(!alike("封面", "封底"));
    }

    #[test]
    fn a_path_is_read_from_the_folder_of_its_file() {
        let join = |d: &str, r: &str| ProjectPath::join(d, r).map(|p| p.as_str().to_owned());
        assert_eq!(join("posts", "img/a.png").as_deref(), Ok("posts/img/a.png"));
        assert_eq!(join("posts", "../a.png").as_deref(), Ok("a.png"));
        assert!(join("posts", "../../a.png").is_err());
        assert!(join("posts", "/a.png").is_err());
    }

    #[test]
    fn parts() {
        let path = ProjectPath::new("a/b.c.PNG").unwrap();
        assert_eq!((path.parent(), path.stem()), ("a", "b.c"));
        assert_eq!(path.extension().as_deref(), Some("png"));
    }
}
