//! Housekeeping of the store: what it holds, what nothing leads to any more, what is damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::entry::{ExportEntry, read_entry};
use crate::key::Key;
use crate::{MAX_OBJECT_BYTES, ShotEntry, Store};
use base::digest::Digest;
use base::fs::{Durability, FsError, TEMPORARY};
use base::world::Signature;

/// The folder with a file for each object that a person accepted.
const ACCEPTED: &str = "accepted";

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

/// A file that was removed by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// What it cost, in micro-dollars.
    pub cost: u64,
}

impl Removed {
    fn of(item: &Item, cost: u64) -> Self {
        Self {
            path: item.path.clone(),
            bytes: item.bytes,
            cost,
        }
    }
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
    /// When it was written, in nanoseconds since 1970.
    written: i64,
}

/// What is to be kept of what was drawn for nothing.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    /// Keys that the lock of some project names.
    pub keys: BTreeSet<Key>,
    /// Objects that one names.
    pub objects: BTreeSet<Digest>,
    /// Whatever was written at this time or later, in nanoseconds since 1970.
    pub since: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Shot,
    Export,
    Accepted,
    Temporary,
}

impl Store {
    /// Notes that a person accepted this object as a picture: it is kept like one that was paid for.
    pub fn put_accepted(&self, digest: &Digest) -> Result<(), FsError> {
        let hex = digest.hex();
        let path = self.folder.join(ACCEPTED).join(&hex[..2]).join(&hex[2..]);
        if self.is_file(&path) {
            return Ok(());
        }
        self.write(&path, b"", Durability::Paid)
    }

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
                    stats.cost += self.shot_of(&item).map_or(0, |shot| shot.cost());
                }
                Kind::Export => stats.exports += 1,
                Kind::Accepted | Kind::Temporary => {}
            }
        }
        stats
    }

    /// Removes what nothing that is kept leads to. What was paid for or accepted is never removed: it cannot
    /// be had again for nothing. Removes nothing if `dry`. Nobody else may be at work with the store.
    pub fn gc(&self, keep: &Keep, dry: bool) -> Result<Swept, FsError> {
        let mut swept = Swept::default();
        let mut live: BTreeSet<Digest> = keep.objects.clone();
        let mut dead: Vec<Item> = Vec::new();
        let mut found: Vec<Item> = Vec::new();
        for item in self.items() {
            let key = item.name.map(Key);
            let young = item.written >= keep.since;
            let kept = young || key.is_some_and(|key| keep.keys.contains(&key));
            match item.kind {
                Kind::Object => found.push(item),
                Kind::Temporary => dead.push(item),
                Kind::Accepted => live.extend(item.name),
                Kind::Shot => match self.shot_of(&item) {
                    Some(shot) if kept || shot.is_paid() => {
                        live.extend(shot.pictures());
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
                .filter(|item| item.written < keep.since)
                .filter(|item| item.name.is_none_or(|name| !live.contains(&name))),
        );
        for item in dead {
            swept.files += 1;
            swept.bytes += item.bytes;
            if !dry {
                self.remove_file(&item.path)?;
            }
        }
        Ok(swept)
    }

    /// Removes, by name, a shot or an object whatever it cost: `name` is the beginning of its key or digest.
    /// Objects that only this shot led to go with it, unless `keep` names them.
    pub fn remove(&self, name: &str, keep: &Keep) -> Result<Vec<Removed>, FsError> {
        let mut led: BTreeSet<Digest> = BTreeSet::new();
        let mut live: BTreeSet<Digest> = keep.objects.clone();
        let mut removed = Vec::new();
        let mut objects = Vec::new();
        for item in self.items() {
            let is_meant = item.name.is_some_and(|n| n.hex().starts_with(name));
            match item.kind {
                Kind::Shot => match self.shot_of(&item) {
                    Some(shot) if is_meant => {
                        led.extend(shot.pictures());
                        removed.push(Removed::of(&item, shot.cost()));
                    }
                    Some(shot) => live.extend(shot.pictures()),
                    None => {}
                },
                Kind::Export => live.extend(self.export_of(&item).map(|e| e.output)),
                Kind::Accepted if is_meant => removed.push(Removed::of(&item, 0)),
                Kind::Accepted => live.extend(item.name),
                Kind::Object => objects.push((item, is_meant)),
                Kind::Temporary => {}
            }
        }
        for (item, is_meant) in objects {
            let is_led = item
                .name
                .is_some_and(|n| led.contains(&n) && !live.contains(&n));
            if is_meant || is_led {
                removed.push(Removed::of(&item, 0));
            }
        }
        for one in &removed {
            self.remove_file(&one.path)?;
        }
        Ok(removed)
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
                        named.extend(shot.pictures());
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
                Kind::Accepted => {
                    named.extend(item.name);
                    true
                }
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
        self.read(&item.path, MAX_OBJECT_BYTES)
            .is_ok_and(|bytes| item.name == Some(Digest::of(&bytes)))
    }

    fn shot_of(&self, item: &Item) -> Option<ShotEntry> {
        read_entry(&self.read(&item.path, MAX_OBJECT_BYTES).ok()?)
    }

    fn export_of(&self, item: &Item) -> Option<ExportEntry> {
        read_entry(&self.read(&item.path, MAX_OBJECT_BYTES).ok()?)
    }

    /// Every file of the store, in order of path.
    fn items(&self) -> impl Iterator<Item = Item> {
        let kinds = [
            ("objects", Kind::Object),
            ("shots", Kind::Shot),
            ("exports", Kind::Export),
            (ACCEPTED, Kind::Accepted),
        ];
        let items = kinds.into_iter().flat_map(move |(folder, kind)| {
            let folder = self.folder().join(folder);
            let files = self.files(&folder).into_iter();
            files.map(move |path| self.item(kind, &folder, path))
        });
        items.chain(self.left_behind())
    }

    /// What a kill left behind where no items are.
    fn left_behind(&self) -> impl Iterator<Item = Item> {
        let small = ["picks", "flaws", "incoming"].map(|folder| self.folder().join(folder));
        let small = small.into_iter().flat_map(|folder| self.files(&folder));
        let home = self.home.clone();
        let folders = [
            home.clone(),
            home.join("roots"),
            self.folder().to_path_buf(),
        ];
        let top = folders.into_iter().flat_map(move |folder| {
            let opened = self
                .home()
                .and_then(|home| home.below(self.below_home(&folder)));
            let names = opened
                .map(|opened| opened.temporaries())
                .unwrap_or_default();
            names.into_iter().map(move |(name, _)| folder.join(name))
        });
        small
            .chain(top)
            .map(|path| self.item(Kind::Temporary, Path::new(""), path))
            .filter(|item| is_temporary(&item.path))
    }

    fn item(&self, kind: Kind, folder: &Path, path: PathBuf) -> Item {
        let hex: String = path
            .strip_prefix(folder)
            .unwrap_or(Path::new(""))
            .iter()
            .filter_map(|part| part.to_str())
            .collect();
        let signature = self
            .file(&path)
            .ok()
            .and_then(|file| Signature::of_file(&file));
        Item {
            kind: if is_temporary(&path) {
                Kind::Temporary
            } else {
                kind
            },
            name: Digest::parse(&hex),
            bytes: signature.map_or(0, |signature| signature.size),
            // What cannot be looked at is not thrown away.
            written: signature.map_or(i64::MAX, |signature| signature.modified),
            path,
        }
    }
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(TEMPORARY)
}
