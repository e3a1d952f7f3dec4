//! Which files the project has: walks it once, leaving out what is hidden, git-ignored, another
//! project, or gpbuild's own output. Knows nothing of what is in the files.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use walkdir::WalkDir;

use crate::diagnostic::{Diagnostic, Exit, Failure};
use crate::fs::FsError;
use crate::manifest::{LOCK_FILE, PROJECT_FILE};
use crate::path::ProjectPath;
use crate::world::World;

/// More files than this are not a content repository.
const MAX_FILES: usize = 2_000_000;
/// The largest `.gitignore` that is read, in bytes.
const MAX_IGNORE_BYTES: u64 = 1 << 20;

/// The files of a project, sorted by path.
#[derive(Debug, Default)]
pub struct Tree {
    /// Every file that was not left out.
    pub files: Vec<ProjectPath>,
    /// Files that no manifest can name: where they are, as text, and why not.
    pub odd: Vec<(String, String)>,
    /// Files that are not here are passed over, even where a manifest names them.
    partial: bool,
}

impl Tree {
    /// A part of a project.
    pub fn part(mut files: Vec<ProjectPath>) -> Self {
        files.sort();
        Self {
            files,
            odd: Vec::new(),
            partial: true,
        }
    }

    /// Whether it is only a part of a project.
    pub fn is_part(&self) -> bool {
        self.partial
    }

    /// Whether a file that a manifest names is to be read: what is not there is for the reader to find.
    pub fn has(&self, path: &ProjectPath) -> bool {
        !self.partial || self.files.binary_search(path).is_ok()
    }

    /// The files below the folder `folder` that the glob matches. The pattern is relative to it.
    pub fn glob(&self, folder: &str, pattern: &str) -> Result<Vec<ProjectPath>, String> {
        let mut text = pattern.trim_start_matches("./").to_owned();
        let mut folder = folder;
        while let Some(rest) = text.strip_prefix("../") {
            if folder.is_empty() {
                return Err("leaves the project".to_owned());
            }
            folder = folder.rsplit_once('/').map_or("", |(dir, _)| dir);
            text = rest.to_owned();
        }
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err("leaves the project".to_owned());
        }
        let glob = globset::GlobBuilder::new(&text)
            .literal_separator(true)
            .build()
            .map_err(|e| format!("is not a glob: {}", e.kind()))?
            .compile_matcher();
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let is_below = |path: &str| {
            path.strip_prefix(&prefix)
                .is_some_and(|rest| glob.is_match(rest))
        };
        // Passed over, it would be missed by nobody; and another system may not even hold such a name.
        if let Some((path, why)) = self.odd.iter().find(|(path, _)| is_below(path)) {
            return Err(format!("matches `{}`, which {why}", path.escape_debug()));
        }
        let below = self.files.iter().filter(|path| is_below(path.as_str()));
        Ok(below.cloned().collect())
    }
}

/// Whether a path in a manifest is a glob.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// Walks the project. `out` is where outputs go: never entered.
pub fn walk(world: &World, out: &ProjectPath) -> Result<Tree, Failure> {
    let root = world.root().real();
    let mut ignores = parents(world, root);
    let mut tree = Tree::default();
    let out_text = out.as_str();
    let out = out.under(root);
    let mut entries = WalkDir::new(root)
        .follow_links(false)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            // A folder that may not be entered, or that vanished, holds no manifests for us.
            Err(e) if e.depth() > 0 => continue,
            Err(e) => {
                let error = e
                    .into_io_error()
                    .unwrap_or_else(|| std::io::Error::other("loop"));
                return Err(usage(&FsError::io("read", root)(error)));
            }
        };
        let depth = i64::try_from(entry.depth()).unwrap_or(i64::MAX);
        ignores.retain(|(at, _)| *at < depth);
        let is_folder = entry.file_type().is_dir();
        if depth > 0 {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let skip = hidden
                || ignored(&ignores, entry.path(), is_folder)
                || (is_folder
                    && (entry.path() == out || entry.path().join(PROJECT_FILE).is_file()));
            if skip {
                if is_folder {
                    entries.skip_current_dir();
                }
                continue;
            }
        }
        let relative = match relative(root, entry.path()) {
            Ok(relative) => relative,
            Err(lossy) => {
                if !is_folder {
                    tree.odd.push((lossy, "is not UTF-8".to_owned()));
                }
                continue;
            }
        };
        if is_folder {
            // At the root, gpbuild's own files come and go without being a source of anything.
            let own = [LOCK_FILE, out_text];
            world.note_folder(&relative, if depth == 0 { &own } else { &[] });
            if let Some(ignore) = read_ignore(world, &relative, entry.path()) {
                ignores.push((depth, ignore));
            }
        } else {
            match ProjectPath::new(&relative) {
                Ok(path) => tree.files.push(path),
                Err(why) => tree.odd.push((relative, why)),
            }
            if tree.files.len() + tree.odd.len() > MAX_FILES {
                return Err(Failure::usage(format!(
                    "the project has more than {MAX_FILES} files"
                ))
                .with_hint("leave folders out with `.gitignore`, or start gpbuild in a smaller one"));
            }
        }
    }
    Ok(tree)
}

impl Failure {
    /// Adds a hint to the first diagnostic.
    pub fn with_hint(mut self, hint: &str) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.hints.push(hint.to_owned());
        }
        self
    }
}

fn usage(error: &FsError) -> Failure {
    Failure::new(Exit::Manifest, Diagnostic::error(error.to_string()))
}

/// A path from the root with `/` between its parts; if it is not UTF-8, what is like it.
fn relative(root: &Path, path: &Path) -> Result<String, String> {
    let rest = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = rest.iter().map(|part| part.to_str()).collect();
    match parts {
        Some(parts) => Ok(parts.join("/")),
        None => {
            let parts: Vec<_> = rest.iter().map(|part| part.to_string_lossy()).collect();
            Err(parts.join("/"))
        }
    }
}

/// The deepest `.gitignore` that says anything decides, as in git.
fn ignored(ignores: &[(i64, Gitignore)], path: &Path, is_folder: bool) -> bool {
    for (_, ignore) in ignores.iter().rev() {
        match ignore.matched(path, is_folder) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => {}
        }
    }
    false
}

fn read_ignore(world: &World, folder: &str, full: &Path) -> Option<Gitignore> {
    let name = if folder.is_empty() {
        ".gitignore".to_owned()
    } else {
        format!("{folder}/.gitignore")
    };
    if !full.join(".gitignore").exists() {
        return None;
    }
    let text = world
        .read_text(&ProjectPath::new(&name).ok()?, MAX_IGNORE_BYTES)
        .ok()?;
    build(full, &text)
}

/// The `.gitignore` files above the project, up to the top of its git checkout.
fn parents(world: &World, root: &Path) -> Vec<(i64, Gitignore)> {
    let mut found = Vec::new();
    let mut looked: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    let mut inside = root.join(".git").exists();
    for (level, folder) in root.ancestors().enumerate().skip(1) {
        if inside {
            break;
        }
        let bytes = crate::fs::read_bounded(&folder.join(".gitignore"), MAX_IGNORE_BYTES).ok();
        looked.push((format!("{}.gitignore", "../".repeat(level)), bytes.clone()));
        if let Some(bytes) = bytes
            && let Ok(text) = String::from_utf8(bytes)
            && let Some(ignore) = build(folder, &text)
        {
            found.push((-1, ignore));
        }
        inside = folder.join(".git").exists();
    }
    if !inside {
        // Not a checkout: what lies above is none of our business.
        return Vec::new();
    }
    for (path, bytes) in looked {
        world.note_outside(path, bytes.as_deref());
    }
    found.reverse();
    found
}

fn build(folder: &Path, text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines() {
        // A line that git would not understand either is passed over.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}
