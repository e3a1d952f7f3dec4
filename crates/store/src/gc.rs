//! Housekeeping of the store: what it holds, what nothing leads to any more, what is damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use walkdir::DirEntry;

use crate::disk::walk_error;
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
    /// Shots of which that cannot be told, because their entries cannot be read.
    pub unread: usize,
}

/// What a sweep removed, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects and entries.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Free shots and exports that were kept because an asset uses them, and all paid shots.
    pub kept: usize,
    /// Entries of shots that cannot be read: while there are any, no picture is removed.
    pub unread: Vec<PathBuf>,
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
    /// Left behind by a kill.
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
    pub fn stats(&self) -> Result<Stats, FsError> {
        let mut stats = Stats::default();
        for item in self.items()? {
            match item.kind {
                Kind::Object => {
                    stats.objects += 1;
                    stats.bytes += item.bytes;
                }
                Kind::Shot => {
                    stats.shots += 1;
                    match self.shot_of(&item) {
                        Some(shot) => stats.cost += shot.cost(),
                        None => stats.unread += 1,
                    }
                }
                Kind::Export => stats.exports += 1,
                Kind::Accepted | Kind::Temporary => {}
            }
        }
        Ok(stats)
    }

    /// Removes what nothing that is kept leads to. What was paid for or accepted is never removed: it cannot
    /// be had again for nothing. An entry of a shot that cannot be read may have been paid for, and may lead to any
    /// picture. Removes nothing if `dry`. Nobody else may be at work with the store.
    pub fn gc(&self, keep: &Keep, dry: bool) -> Result<Swept, FsError> {
        let mut swept = Swept::default();
        let mut live: BTreeSet<Digest> = keep.objects.clone();
        let mut dead: Vec<Item> = Vec::new();
        let mut found: Vec<Item> = Vec::new();
        for item in self.items()? {
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
                    Some(_) => dead.push(item),
                    None => swept.unread.push(item.path),
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
                .filter(|item| match item.name {
                    Some(name) => swept.unread.is_empty() && !live.contains(&name),
                    None => true,
                }),
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
    /// Objects that only this shot led to go with it, unless `keep` names them, or an entry that cannot be read may.
    pub fn remove(&self, name: &str, keep: &Keep) -> Result<Vec<Removed>, FsError> {
        let mut led: BTreeSet<Digest> = BTreeSet::new();
        let mut live: BTreeSet<Digest> = keep.objects.clone();
        let mut removed = Vec::new();
        let mut objects = Vec::new();
        let mut unread = 0;
        for item in self.items()? {
            let is_meant = item.name.is_some_and(|n| n.hex().starts_with(name));
            match item.kind {
                Kind::Shot => match self.shot_of(&item) {
                    Some(shot) if is_meant => {
                        led.extend(shot.pictures());
                        removed.push(Removed::of(&item, shot.cost()));
                    }
                    Some(shot) => live.extend(shot.pictures()),
                    None if is_meant => removed.push(Removed::of(&item, 0)),
                    None => unread += 1,
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
            if is_meant || (is_led && unread == 0) {
                removed.push(Removed::of(&item, 0));
            }
        }
        for one in &removed {
            self.remove_file(&one.path)?;
        }
        Ok(removed)
    }

    /// Reads and checks everything.
    pub fn verify(&self) -> Result<Verified, FsError> {
        let mut result = Verified::default();
        let mut named: BTreeSet<Digest> = BTreeSet::new();
        for item in self.items()? {
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
        Ok(result)
    }

    fn object_is_whole(&self, item: &Item) -> bool {
        self.read(&item.path, MAX_OBJECT_BYTES)
            .is_ok_and(|bytes| item.name == Some(Digest::of(&bytes)))
    }

    fn shot_of(&self, item: &Item) -> Option<ShotEntry> {
        self.entry_of(item)
    }

    fn export_of(&self, item: &Item) -> Option<ExportEntry> {
        self.entry_of(item)
    }

    /// What an entry says; `None` if it cannot be read, for whatever reason.
    fn entry_of<T: DeserializeOwned>(&self, item: &Item) -> Option<T> {
        read_entry(&self.read(&item.path, MAX_OBJECT_BYTES).ok()?)
    }

    /// Every file of the store, in order of path.
    fn items(&self) -> Result<Vec<Item>, FsError> {
        let kinds = [
            ("objects", Kind::Object),
            ("shots", Kind::Shot),
            ("exports", Kind::Export),
            (ACCEPTED, Kind::Accepted),
        ];
        let mut items = Vec::new();
        for (folder, kind) in kinds {
            self.items_in(folder, Some(kind), &mut items)?;
        }
        // What a kill left behind where no items are.
        for folder in ["picks", "flaws", "incoming", "batches"] {
            self.items_in(folder, None, &mut items)?;
        }
        for folder in [&self.home, &self.home.join("roots"), &self.folder] {
            let opened = self
                .home()
                .and_then(|home| home.below(self.below_home(folder)));
            let names = opened.map_or_else(|_| Vec::new(), |opened| opened.temporaries());
            items.extend(names.into_iter().map(|(name, bytes)| Item {
                kind: Kind::Temporary,
                path: folder.join(name),
                name: None,
                bytes,
                written: 0,
            }));
        }
        Ok(items)
    }

    /// The files in a folder of the store; of one whose files are of no `kind`, those that a kill left behind.
    fn items_in(
        &self,
        name: &str,
        kind: Option<Kind>,
        items: &mut Vec<Item>,
    ) -> Result<(), FsError> {
        let folder = self.folder().join(name);
        for entry in self.walk(&folder)? {
            let kind = match is_temporary(entry.path()) {
                true => Some(Kind::Temporary),
                false => kind,
            };
            let Some(kind) = kind.filter(|_| entry.file_type().is_file()) else {
                continue;
            };
            match item(kind, &folder, entry) {
                // What others removed meanwhile is not there.
                Err(e) if e.is_not_found() => {}
                found => items.push(found?),
            }
        }
        Ok(())
    }
}

/// A file in a folder of the store.
fn item(kind: Kind, folder: &Path, entry: DirEntry) -> Result<Item, FsError> {
    let meta = entry.metadata().map_err(|e| walk_error(entry.path(), e))?;
    let signature = Signature::of_metadata(&meta);
    let path = entry.into_path();
    let parts = path.strip_prefix(folder).unwrap_or(Path::new("")).iter();
    let hex: String = parts.filter_map(|part| part.to_str()).collect();
    Ok(Item {
        kind,
        name: Digest::parse(&hex),
        bytes: signature.size,
        written: signature.modified,
        path,
    })
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(TEMPORARY)
}
