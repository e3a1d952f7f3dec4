//! Which files the project has: walks it once, leaving out what is hidden, git-ignored, another
//! project, or gpbuild's own output. Knows nothing of what is in the files.

use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::manifest::{LOCK_FILE, PROJECT_FILE};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::FsError;
use base::path::ProjectPath;
use base::world::{Name, World};

/// The most files of a project: with more it is no content repository.
const MAX_FILES: usize = 2_000_000;
const IGNORE_FILE: &str = ".gitignore";
/// The largest `.gitignore` that is read, in bytes.
const MAX_IGNORE_BYTES: u64 = 1 << 20;

/// The longest glob, in bytes: no path that it could match is longer.
const MAX_GLOB_BYTES: usize = 2048;
/// The most alternatives in its braces.
const MAX_ALTERNATIVES: usize = 256;
/// The longest line of a `.gitignore`, in bytes: no path that it could match is longer.
const MAX_IGNORE_LINE: usize = 4096;

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
        let glob = set(&[glob(&text, true)?])?;
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

/// A glob, if it is one and no larger than any that a person writes: what is made of it to match with grows
/// with each alternative, and by far more. What is wrong with it otherwise. `*` stands for whole paths unless
/// `separated`.
pub fn glob(pattern: &str, separated: bool) -> Result<Glob, String> {
    if pattern.len() > MAX_GLOB_BYTES {
        return Err(format!(
            "is not a glob: it has {} bytes, at most {MAX_GLOB_BYTES} are taken",
            pattern.len()
        ));
    }
    let alternatives = pattern.matches([',', '{']).count();
    if pattern.contains('{') && alternatives > MAX_ALTERNATIVES {
        return Err(format!(
            "is not a glob: it has more than {MAX_ALTERNATIVES} alternatives"
        ));
    }
    globset::GlobBuilder::new(pattern)
        .literal_separator(separated)
        .build()
        .map_err(|e| format!("is not a glob: {}", e.kind()))
}

/// What matches if one of the globs does.
pub fn set(globs: &[Glob]) -> Result<GlobSet, String> {
    let mut all = GlobSetBuilder::new();
    for glob in globs {
        all.add(glob.clone());
    }
    all.build()
        .map_err(|_| "is too large for a glob: it matches in too many ways".to_owned())
}

/// Whether a path in a manifest is a glob.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// Walks the project. `out` is where outputs go: never entered.
pub fn walk(world: &World, out: &ProjectPath) -> Result<Tree, Failure> {
    let root = world.root().real();
    let parents = parents(world, root);
    let mut tree = Tree::default();
    // At the root, gpbuild's own files come and go without being a source of anything.
    let own = [LOCK_FILE, out.as_str()];
    let top = Folder::open(world, root, String::new(), &own)
        .map_err(|e| usage(&FsError::io("read", root)(e)))?;
    let mut open = vec![top];
    while let Some(folder) = open.last_mut() {
        let Some((name, is_folder)) = folder.rest.next() else {
            open.pop();
            continue;
        };
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = folder.path_of(&name.to_string_lossy());
        let full = root.join(&folder.path).join(&name);
        let ignores = open
            .iter()
            .rev()
            .filter_map(|folder| folder.ignore.as_ref());
        if ignored(ignores.chain(&parents), &full, is_folder) {
            continue;
        }
        let is_text = name.to_str().is_some();
        if is_folder {
            if path == out.as_str() || !is_text {
                continue;
            }
            // One that may not be entered, or that vanished, holds no manifests for us.
            if let Ok(below) = Folder::open(world, root, path, &[])
                && !below.is_project
            {
                open.push(below);
            }
            continue;
        }
        match ProjectPath::new(&path) {
            _ if !is_text => tree.odd.push((path, "is not UTF-8".to_owned())),
            Ok(path) => tree.files.push(path),
            Err(why) => tree.odd.push((path, why)),
        }
        if tree.files.len() + tree.odd.len() > MAX_FILES {
            return Err(
                Failure::usage(format!("the project has more than {MAX_FILES} files")).with_hint(
                    "leave folders out with `.gitignore`, or start gpbuild in a smaller one",
                ),
            );
        }
    }
    Ok(tree)
}

/// A folder on the way.
struct Folder {
    /// From the root; empty for the root itself.
    path: String,
    /// What of it was not looked at.
    rest: std::vec::IntoIter<Name>,
    ignore: Option<Gitignore>,
    /// It has a project file of its own.
    is_project: bool,
}

impl Folder {
    fn open(world: &World, root: &Path, path: String, own: &[&str]) -> std::io::Result<Self> {
        let names = world.list(&path, own)?;
        let has = |name: &str| names.iter().any(|(at, folder)| at == name && !folder);
        let mut folder = Self {
            is_project: has(PROJECT_FILE),
            rest: Vec::new().into_iter(),
            ignore: None,
            path,
        };
        if has(IGNORE_FILE)
            && let Ok(file) = ProjectPath::new(&folder.path_of(IGNORE_FILE))
            && let Ok(text) = world.read_text(&file, MAX_IGNORE_BYTES)
        {
            folder.ignore = build(&root.join(&folder.path), &text);
        }
        folder.rest = names.into_iter();
        Ok(folder)
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }
}

fn usage(error: &FsError) -> Failure {
    Failure::new(Exit::Manifest, Diagnostic::error(error.to_string()))
}

/// The deepest `.gitignore` that says anything decides, as in git: they come the deepest first.
fn ignored<'a>(
    mut ignores: impl Iterator<Item = &'a Gitignore>,
    path: &Path,
    is_folder: bool,
) -> bool {
    let matched = ignores.find_map(|ignore| match ignore.matched(path, is_folder) {
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
        Match::None => None,
    });
    matched == Some(true)
}

/// The `.gitignore` files above the project, up to the top of its git checkout, the deepest first.
fn parents(world: &World, root: &Path) -> Vec<Gitignore> {
    let mut found = Vec::new();
    let mut looked: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    let mut inside = root.join(".git").exists();
    for (level, folder) in root.ancestors().enumerate().skip(1) {
        if inside {
            break;
        }
        let bytes = base::fs::read_bounded(&folder.join(".gitignore"), MAX_IGNORE_BYTES).ok();
        looked.push((format!("{}.gitignore", "../".repeat(level)), bytes.clone()));
        if let Some(bytes) = bytes
            && let Ok(text) = String::from_utf8(bytes)
            && let Some(ignore) = build(folder, &text)
        {
            found.push(ignore);
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
    found
}

fn build(folder: &Path, text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines().filter(|line| line.len() <= MAX_IGNORE_LINE) {
        // A line that git would not understand either is passed over.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}
