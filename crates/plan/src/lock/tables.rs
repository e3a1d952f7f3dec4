//! The text of a lock, table by table: to look up some assets, and to write them anew, without reading what
//! it says of thousands of others. Only of a text that gpbuild wrote, as it wrote it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use memchr::memmem;

use crate::lock::{Lock, quoted, write_table};

/// The length of a key as text.
const HEX: usize = 64;
/// What stands between two tables.
const BETWEEN: &str = "\n\n[";

/// A lock as text, cut into its tables.
pub struct Tables<'t> {
    head: &'t str,
    /// Each without its first bracket and its last line end.
    tables: Vec<&'t str>,
}

impl<'t> Tables<'t> {
    /// Cuts the text of a lock; `None` if it does not end as gpbuild ends one.
    pub fn new(text: &'t str) -> Option<Self> {
        let text = text.strip_suffix('\n')?;
        let mut starts = memmem::find_iter(text.as_bytes(), BETWEEN);
        let mut start = starts.next().unwrap_or(text.len());
        let head = text.get(..start)?;
        let mut tables = Vec::new();
        while start < text.len() {
            let end = starts.next().unwrap_or(text.len());
            tables.push(text.get(start + BETWEEN.len()..end)?);
            start = end;
        }
        Some(Self { head, tables })
    }

    /// What the lock says of these assets. `None` if that is not written as gpbuild writes it.
    pub fn part(&self, ids: &BTreeSet<&str>) -> Option<Lock> {
        let mut text = format!("{}\n", self.head);
        for table in self.of(ids) {
            text += "\n[";
            text += table;
            text += "\n";
        }
        let lock = Lock::parse(text.as_bytes()).ok()?;
        (lock.text() == text).then_some(lock)
    }

    /// The keys of all shots and exports, as text.
    pub fn keys(&self) -> HashSet<&'t str> {
        let mut keys = HashSet::with_capacity(self.tables.len() * 2);
        for line in self.tables.iter().flat_map(|table| table.lines()) {
            let key = line.strip_prefix("export = \"");
            let key = key.or_else(|| line.strip_prefix("  { key = \""));
            keys.extend(key.and_then(|key| key.get(..HEX)));
        }
        keys
    }

    /// The text of the lock in which the assets of `part` are as it says. They must be in it already.
    pub fn with(&self, part: &Lock) -> String {
        let ids: BTreeSet<&str> = part.assets.keys().map(String::as_str).collect();
        let headers = headers(&ids);
        let mut text = String::with_capacity(self.tables.iter().map(|t| t.len() + 3).sum());
        text += self.head;
        for table in &self.tables {
            let id = headers.get(header(table));
            match id.and_then(|id| part.assets.get_key_value(*id)) {
                Some((id, asset)) => {
                    text += "\n\n";
                    write_table(&mut text, id, asset);
                    text.pop();
                }
                None => {
                    text += BETWEEN;
                    text += table;
                }
            }
        }
        text.push('\n');
        text
    }

    fn of(&self, ids: &BTreeSet<&str>) -> impl Iterator<Item = &'t str> {
        let headers = headers(ids);
        let tables = self.tables.iter().copied();
        tables.filter(move |table| headers.contains_key(header(table)))
    }
}

/// The first lines of the tables of these assets, and whose they are.
fn headers<'a>(ids: &BTreeSet<&'a str>) -> BTreeMap<String, &'a str> {
    let header = |id: &&'a str| (format!("asset.{}]", quoted(id)), *id);
    ids.iter().map(header).collect()
}

fn header(table: &str) -> &str {
    table.split('\n').next().unwrap_or(table)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Tables;
    use crate::key::Key;
    use crate::lock::{Lock, LockedAsset, LockedShot};
    use base::digest::Digest;

    fn lock() -> Lock {
        let mut lock = Lock::default();
        for id in ["a", "post/你好", "it's \"quoted\"\n\n[asset.a]", "z"] {
            let digest = |what: &str| Digest::of(format!("{what} of {id}").as_bytes());
            lock.assets.insert(
                id.to_owned(),
                LockedAsset {
                    output: format!("dist/{id}.png"),
                    digest: digest("output"),
                    model: "local".to_owned(),
                    export: Key(digest("export")),
                    accepted: id == "z",
                    shots: vec![LockedShot {
                        key: Key(digest("shot")),
                        candidates: vec![digest("picture")],
                        pick: 1,
                    }],
                },
            );
        }
        lock
    }

    #[test]
    fn a_part_says_what_the_whole_says_and_goes_back_into_it() {
        let mut whole = lock();
        let digest = Digest::of(b"old");
        for unclaimed in [false, true] {
            if unclaimed {
                whole.unclaimed.insert("dist/old.png".to_owned(), digest);
            }
            let text = whole.text();
            let tables = Tables::new(&text).unwrap();
            for id in whole.assets.keys() {
                let mut part = tables.part(&BTreeSet::from([id.as_str()])).unwrap();
                assert_eq!(part.assets.len(), 1, "{id}");
                assert_eq!(part.assets[id], whole.assets[id]);
                assert_eq!(tables.with(&part), text);
                part.assets.get_mut(id).unwrap().digest = digest;
                let mut changed = whole.clone();
                changed.assets.get_mut(id).unwrap().digest = digest;
                assert_eq!(tables.with(&part), changed.text());
            }
        }
    }

    #[test]
    fn keys_are_those_of_shots_and_exports() {
        let text = lock().text();
        let keys = Tables::new(&text).unwrap();
        let keys = keys.keys();
        assert_eq!(keys.len(), 8);
        for what in ["export of a", "shot of z"] {
            assert!(keys.contains(Digest::of(what.as_bytes()).hex().as_str()));
        }
        assert!(!keys.contains(Digest::of(b"output of a").hex().as_str()));
    }

    #[test]
    fn what_a_person_wrote_is_not_taken_by_parts() {
        let text = lock().text().replace("pick = 1", "pick  = 1");
        let tables = Tables::new(&text).unwrap();
        assert_eq!(tables.part(&BTreeSet::from(["a"])), None);
    }
}
