//! `gpbuild.lock`, committed: which picture each asset has. Sorted, versioned, made to be read in a
//! diff. Knows nothing of the store or of what is on disk.

mod mend;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::key::Key;
use base::diagnostic::{Diagnostic, Exit, Failure, Place, Source};
use base::digest::Digest;
use base::fs::{Durability, Folder, FsError};

pub use tables::Tables;

/// The file's name.
pub use declare::manifest::LOCK_FILE as FILE;
/// The version that is written. A newer one is refused: it would lose what it cannot read.
const VERSION: u32 = 1;
/// The largest lock, in bytes: a million assets take less.
pub const MAX_BYTES: u64 = 512 << 20;

/// What the team agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The picture of each asset, by id.
    pub assets: BTreeMap<String, LockedAsset>,
    /// Outputs that gpbuild wrote and no asset declares any more, with their digests: what
    /// `--prune` may remove.
    pub unclaimed: BTreeMap<String, Digest>,
    /// It held both sides of a merge, and is written whole by the next build.
    pub mended: bool,
    /// What the other side of a merge says of assets of which this one says something else: it is found by key.
    pub others: Vec<LockedAsset>,
}

/// The picture of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedAsset {
    /// Where it is, from the project's root.
    pub output: String,
    /// The output's digest.
    pub digest: Digest,
    /// The model that made it.
    pub model: String,
    /// The key of the export.
    pub export: Key,
    /// Whether a person put this picture in the place of the one that was made.
    #[serde(default)]
    pub accepted: bool,
    /// The shots, in order; none for many slides in one file.
    pub shots: Vec<LockedShot>,
}

impl LockedAsset {
    /// The key that stands for the asset on screen: its last shot's, or its export's if it has none.
    pub fn key(&self) -> Key {
        self.shots.last().map_or(self.export, |shot| shot.key)
    }
}

/// One shot of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedShot {
    /// Its key.
    pub key: Key,
    /// Its candidates.
    pub candidates: Vec<Digest>,
    /// The chosen one, from 1.
    pub pick: usize,
}

impl LockedShot {
    /// The chosen candidate's digest.
    pub fn picked(&self) -> Option<Digest> {
        self.candidates.get(self.pick.checked_sub(1)?).copied()
    }
}

/// A lock as it is on disk, and what it says.
#[derive(Debug, Default)]
pub struct LockFile {
    /// `None` if there is none.
    bytes: Option<Vec<u8>>,
    /// What it says; nothing if there is none.
    pub lock: Lock,
}

impl LockFile {
    /// Reads the lock of the project in `root`.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        Self::default().again(root)
    }

    /// Reads the same lock as it is now: what did not change is not parsed again.
    pub fn again(self, root: &Path) -> Result<Self, Failure> {
        let bytes = match Folder::open(root).and_then(|root| root.read(FILE, MAX_BYTES)) {
            Ok(bytes) => Some(bytes),
            Err(e) if e.is_not_found() => None,
            Err(e @ FsError::Link { .. }) => {
                return Err(damaged(Diagnostic::error(e.to_string()).hint(
                    "put the lock itself there: it is read and written where the project is",
                )));
            }
            Err(e) => return Err(damaged(Diagnostic::error(e.to_string()))),
        };
        if bytes == self.bytes {
            return Ok(self);
        }
        let lock = match &bytes {
            Some(bytes) => Lock::parse(bytes)?,
            None => Lock::default(),
        };
        Ok(Self { bytes, lock })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "checked before the rest is read")]
    version: u32,
    #[serde(default)]
    asset: BTreeMap<String, LockedAsset>,
    #[serde(default)]
    unclaimed: BTreeMap<String, Digest>,
}

impl Lock {
    /// Reads the lock of the project in `root`; an empty one if there is none.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        Ok(LockFile::read(root)?.lock)
    }

    /// Reads the text of a lock.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| damaged(Diagnostic::error(format!("`{FILE}` is not UTF-8"))))?;
        let version = text
            .lines()
            .find_map(|line| line.strip_prefix("version = "));
        if let Some(version) = version.and_then(|v| v.trim().parse::<u32>().ok())
            && version > VERSION
        {
            // Not damaged: only not for this gpbuild.
            return Err(Failure::new(
                Exit::Manifest,
                Diagnostic::error(format!(
                    "`{FILE}` is of version {version}; this gpbuild knows {VERSION}"
                ))
                .hint("a teammate uses a newer gpbuild: use it too"),
            ));
        }
        let read = toml::from_str(text);
        if read.is_err()
            && let Some(sides) = mend::sides(text)
            && let [Ok(ours), Ok(theirs)] = sides.map(|side| toml::from_str(&side))
        {
            return Ok(Self::merged(ours, theirs));
        }
        let file: File = read.map_err(|e| {
            let source = Source::new(FILE, text);
            let place = Place::new(&source, e.span().unwrap_or(0..0));
            let message = e.message().trim().replace('\n', " ");
            damaged(
                Diagnostic::error(format!("`{FILE}` cannot be read: {message}"))
                    .at(place)
                    .hint("restore it from git, or delete it and run `gpbuild`: what is in the store is not paid for again"),
            )
        })?;
        Ok(Self {
            assets: file.asset,
            unclaimed: file.unclaimed,
            ..Self::default()
        })
    }

    /// Both sides of a merge: where they differ ours is taken, or the one that a person accepted. What it names of an
    /// asset that is stale then makes nothing be paid for again: the other side is looked up by key.
    fn merged(ours: File, theirs: File) -> Self {
        let mut merged = Self {
            assets: ours.asset,
            unclaimed: ours.unclaimed,
            mended: true,
            others: Vec::new(),
        };
        for (id, mut theirs) in theirs.asset {
            match merged.assets.get_mut(&id) {
                Some(ours) if *ours == theirs => {}
                Some(ours) => {
                    if theirs.accepted && !ours.accepted {
                        std::mem::swap(ours, &mut theirs);
                    }
                    merged.others.push(theirs);
                }
                None => {
                    merged.assets.insert(id, theirs);
                }
            }
        }
        for (path, digest) in theirs.unclaimed {
            merged.unclaimed.entry(path).or_insert(digest);
        }
        merged
    }

    /// Writes the lock, if it differs from what is there.
    pub fn write(&self, root: &Path) -> Result<(), FsError> {
        let root = Folder::open(root)?;
        let text = self.text();
        match root.read(FILE, MAX_BYTES) {
            Ok(bytes) if bytes == text.as_bytes() => return Ok(()),
            Err(e) if e.is_not_found() && *self == Self::default() => return Ok(()),
            _ => {}
        }
        root.write(FILE, text.as_bytes(), Durability::Paid)
    }

    /// The lock as text: a table for each asset, one line for each shot.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(200 + self.assets.len() * 500);
        out.push_str(
            "# Which picture each asset has. Written by gpbuild: commit it, do not edit it.\n",
        );
        let _ = writeln!(out, "version = {VERSION}");
        for (id, asset) in &self.assets {
            out.push('\n');
            write_table(&mut out, id, asset);
        }
        if !self.unclaimed.is_empty() {
            out.push_str("\n[unclaimed]\n");
            for (path, digest) in &self.unclaimed {
                let _ = writeln!(out, "{} = \"{digest}\"", quoted(path));
            }
        }
        out
    }
}

/// The table of an asset, without the empty line before it.
fn write_table(out: &mut String, id: &str, asset: &LockedAsset) {
    let _ = write!(
        out,
        "[asset.{}]\noutput = {}\ndigest = \"{}\"\nmodel = {}\nexport = \"{}\"\n",
        quoted(id),
        quoted(&asset.output),
        asset.digest,
        quoted(&asset.model),
        asset.export
    );
    if asset.accepted {
        out.push_str("accepted = true\n");
    }
    if asset.shots.is_empty() {
        out.push_str("shots = []\n");
        return;
    }
    out.push_str("shots = [\n");
    for shot in &asset.shots {
        let candidates: Vec<String> = shot.candidates.iter().map(|c| format!("\"{c}\"")).collect();
        let _ = writeln!(
            out,
            "  {{ key = \"{}\", candidates = [{}], pick = {} }},",
            shot.key,
            candidates.join(", "),
            shot.pick
        );
    }
    out.push_str("]\n");
}

fn damaged(diagnostic: Diagnostic) -> Failure {
    Failure::new(Exit::Damaged, diagnostic)
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::{Lock, LockedAsset, LockedShot};
    use crate::key::Key;
    use base::diagnostic::Exit;
    use base::digest::Digest;

    fn lock() -> Lock {
        let mut lock = Lock::default();
        for id in ["post/你好", "a", "it's \"quoted\""] {
            lock.assets.insert(
                id.to_owned(),
                LockedAsset {
                    output: format!("dist/{id}.png"),
                    digest: Digest::of(id.as_bytes()),
                    model: "local".to_owned(),
                    export: Key(Digest::of(b"export")),
                    accepted: id == "a",
                    shots: vec![LockedShot {
                        key: Key(Digest::of(b"shot")),
                        candidates: vec![Digest::of(b"1"), Digest::of(b"2")],
                        pick: 2,
                    }],
                },
            );
        }
        lock.unclaimed
            .insert("dist/old.png".to_owned(), Digest::of(b"old"));
        lock
    }

    #[test]
    fn a_lock_reads_back_as_it_was_written() {
        let text = lock().text();
        assert_eq!(Lock::parse(text.as_bytes()), Ok(lock()));
        assert_eq!(Lock::parse(text.as_bytes()).unwrap().text(), text);
    }

    #[test]
    fn a_newer_lock_is_refused_whatever_else_it_holds() {
        let failure = Lock::parse(b"version = 2\nnew = [\n").unwrap_err();
        assert_eq!(failure.exit, Exit::Manifest);
        assert_eq!(
            failure.diagnostics[0].render(false),
            "error: `gpbuild.lock` is of version 2; this gpbuild knows 1\n  = help: a teammate uses a newer gpbuild: use it too"
        );
    }

    #[test]
    fn no_cut_of_a_lock_is_taken_for_another_lock() {
        let text = lock().text();
        for at in 0..text.len() {
            if let Ok(read) = Lock::parse(&text.as_bytes()[..at]) {
                // A cut between two tables is a shorter lock: the store still answers for the rest.
                assert!(
                    read.assets
                        .iter()
                        .all(|(id, a)| lock().assets.get(id) == Some(a))
                );
            }
        }
    }
}
