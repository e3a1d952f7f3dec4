//! Housekeeping of the store: what it holds, what nothing leads to any more, what is damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::digest::Digest;
use crate::fs::{FsError, TEMPORARY, read_bounded};
use crate::key::Key;
use crate::store::entry::{ExportEntry, ShotEntry, read_entry};
use crate::store::{MAX_OBJECT_BYTES, Store};

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Shots recorded.
    pub shots: usize,
    /// Exports recorded.
    pub exports: usize,
    /// What the shots cost, in micro-dollars.
    pub cost: u64,
}

/// What a sweep removed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects and entries.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Free shots and exports that were kept because an asset uses them, and all paid shots.
    pub kept: usize,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Objects and entries that are right.
    pub whole: usize,
    /// The damaged ones.
    pub damaged: Vec<PathBuf>,
    /// Digests that an entry names and the store does not have.
    pub missing: Vec<Digest>,
}

/// One file of the store.
struct Item {
    kind: Kind,
    path: PathBuf,
    /// The digest or key that its path spells; none for a file that does not belong here.
    name: Option<Digest>,
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Shot,
    Export,
    Temporary,
}

impl Store {
    /// Counts what is there.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for item in self.items() {
            match item.kind {
                Kind::Object => {
                    stats.objects += 1;
                    stats.bytes += item.bytes;
                }
                Kind::Shot => {
                    stats.shots += 1;
                    stats.cost += self.shot_of(&item).map_or(0, |shot| shot.cost);
                }
                Kind::Export => stats.exports += 1,
                Kind::Temporary => {}
            }
        }
        stats
    }

    /// Removes what neither `keep` (keys that the lock names) nor a paid shot leads to. What was paid
    /// for is never removed: it cannot be had again for nothing. Removes nothing if `dry`.
    pub fn gc(
        &self,
        keep: &BTreeSet<Key>,
        objects: &BTreeSet<Digest>,
        dry: bool,
    ) -> Result<Swept, FsError> {
        let mut swept = Swept::default();
        let mut live: BTreeSet<Digest> = objects.clone();
        let mut dead: Vec<Item> = Vec::new();
        let mut found: Vec<Item> = Vec::new();
        for item in self.items() {
            let key = item.name.map(Key);
            let kept = key.is_some_and(|key| keep.contains(&key));
            match item.kind {
                Kind::Object => found.push(item),
                Kind::Temporary => dead.push(item),
                Kind::Shot => match self.shot_of(&item) {
                    Some(shot) if kept || shot.cost > 0 || shot.model != "local" => {
                        live.extend(shot.candidates);
                        swept.kept += 1;
                    }
                    _ => dead.push(item),
                },
                Kind::Export => match self.export_of(&item) {
                    Some(export) if kept => {
                        live.insert(export.output);
                        swept.kept += 1;
                    }
                    _ => dead.push(item),
                },
            }
        }
        dead.extend(
            found
                .into_iter()
                .filter(|item| item.name.is_none_or(|name| !live.contains(&name))),
        );
        for item in dead {
            swept.files += 1;
            swept.bytes += item.bytes;
            if !dry {
                crate::fs::remove(&item.path)?;
            }
        }
        Ok(swept)
    }

    /// Reads and checks everything.
    pub fn verify(&self) -> Verified {
        let mut result = Verified::default();
        let mut named: BTreeSet<Digest> = BTreeSet::new();
        for item in self.items() {
            let whole = match item.kind {
                Kind::Object => self.object_is_whole(&item),
                Kind::Shot => match self.shot_of(&item) {
                    Some(shot) => {
                        named.extend(shot.candidates);
                        true
                    }
                    None => false,
                },
                Kind::Export => match self.export_of(&item) {
                    Some(export) => {
                        named.insert(export.output);
                        true
                    }
                    None => false,
                },
                Kind::Temporary => continue,
            };
            if whole {
                result.whole += 1;
            } else {
                result.damaged.push(item.path);
            }
        }
        result.missing = named
            .into_iter()
            .filter(|digest| !self.has(digest))
            .collect();
        result
    }

    fn object_is_whole(&self, item: &Item) -> bool {
        read_bounded(&item.path, MAX_OBJECT_BYTES)
            .is_ok_and(|bytes| item.name == Some(Digest::of(&bytes)))
    }

    fn shot_of(&self, item: &Item) -> Option<ShotEntry> {
        read_entry(&read_bounded(&item.path, MAX_OBJECT_BYTES).ok()?)
    }

    fn export_of(&self, item: &Item) -> Option<ExportEntry> {
        read_entry(&read_bounded(&item.path, MAX_OBJECT_BYTES).ok()?)
    }

    /// Every file of the store, in order of path.
    fn items(&self) -> impl Iterator<Item = Item> {
        let kinds = [
            ("objects", Kind::Object),
            ("shots", Kind::Shot),
            ("exports", Kind::Export),
        ];
        kinds.into_iter().flat_map(move |(folder, kind)| {
            let folder = self.folder().join(folder);
            WalkDir::new(&folder)
                .sort_by_file_name()
                .into_iter()
                .filter_map(Result::ok)
                .filter(|entry| entry.file_type().is_file())
                .map(move |entry| item(kind, &folder, &entry))
        })
    }
}

fn item(kind: Kind, folder: &Path, entry: &walkdir::DirEntry) -> Item {
    let temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
    let hex: String = entry
        .path()
        .strip_prefix(folder)
        .unwrap_or(Path::new(""))
        .iter()
        .filter_map(|part| part.to_str())
        .collect();
    Item {
        kind: if temporary { Kind::Temporary } else { kind },
        path: entry.path().to_path_buf(),
        name: Digest::parse(&hex),
        bytes: entry.metadata().map_or(0, |meta| meta.len()),
    }
}
