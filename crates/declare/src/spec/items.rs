//! The items of `for_each` and `slides`: read from their files, each with a name and a digest of its own.
//! Knows nothing of what is made for them.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::data::{self, Item};
use crate::manifest::{Items, Tree, is_glob};
use crate::spec::ForItem;
use crate::spec::context::{self, Context};
use base::diagnostic::{Diagnostic, beginning};
use base::digest::{Digest, Hasher};
use base::path::ProjectPath;
use base::world::World;

/// What is made for items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Each has assets of its own, and no asset depends on another one's item.
    ByItem,
    /// All of them are one thing: a slide has a number, and knows how many there are.
    Together,
}

/// The items of the files that a manifest names, in the order of the files.
pub(super) fn read_items(
    world: &World,
    tree: &Tree,
    items: &Items,
    folder: &str,
    taken: Taken,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Item> {
    let at = &items.files;
    let files = if is_glob(&at.value) {
        match tree.glob(folder, &at.value) {
            Ok(files) => {
                if files.is_empty() && !tree.is_part() {
                    problems.push(
                        Diagnostic::warning(format!("no file matches `{}`", at.value))
                            .at(at.place.clone()),
                    );
                }
                files
            }
            Err(why) => {
                problems.push(
                    Diagnostic::error(format!("`{}` {why}", beginning(&at.value)))
                        .at(at.place.clone()),
                );
                Vec::new()
            }
        }
    } else {
        match ProjectPath::join(folder, &at.value) {
            Ok(path) => vec![path],
            Err(why) => {
                problems
                    .push(Diagnostic::error(format!("`{}` {why}", at.value)).at(at.place.clone()));
                Vec::new()
            }
        }
    };
    let read = |file: &ProjectPath| {
        let bytes = match taken {
            Taken::ByItem => world.read_data(file, data::MAX_BYTES),
            Taken::Together => world.read(file, data::MAX_BYTES),
        };
        let bytes = bytes.map_err(|e| Diagnostic::error(e.to_string()).at(at.place.clone()))?;
        data::read(items.format, file, &bytes)
    };
    let all: Vec<Result<Vec<Item>, Diagnostic>> = files
        .par_iter()
        .filter(|file| tree.has(file))
        .map(read)
        .collect();
    let mut found = Vec::new();
    for items in all {
        match items {
            Ok(items) => found.extend(items),
            Err(problem) => problems.push(problem),
        }
    }
    found
}

/// What templates see of an item.
pub fn of_item(item: &Item) -> Context {
    Context::default()
        .with_item(item)
        .with("file", context::file(&item.file))
}

/// An item as its assets remember it.
pub fn for_item(item: &Item) -> ForItem {
    ForItem {
        shown: if item.line > 1 {
            format!("{}:{}", item.file, item.line)
        } else {
            item.file.to_string()
        },
        file: item.file.clone(),
        digest: digest(item),
    }
}

/// All that [`of_item`] lets templates see. Not the line: a row more at the top changes no picture.
fn digest(item: &Item) -> Digest {
    let mut hasher = Hasher::new("gpbuild item");
    hasher.field(item.file.as_str().as_bytes());
    hasher.field(item.as_written().to_string().as_bytes());
    if let Some(body) = &item.body {
        hasher.field(body.hex().as_bytes());
    }
    hasher.finish()
}

/// The items that are not known, and the digests of those that are. One that stands twice is known once:
/// the second is as wrong as if both were new.
pub fn new_items(items: Vec<Item>, known: &BTreeSet<Digest>) -> (Vec<Item>, Vec<Digest>) {
    let digests: Vec<Digest> = items.par_iter().map(digest).collect();
    let mut kept = BTreeSet::new();
    let is_new = |digest: &Digest| !(known.contains(digest) && kept.insert(*digest));
    let new: Vec<bool> = digests.iter().map(is_new).collect();
    let items = items.into_iter().zip(new);
    let items = items
        .filter_map(|(item, new)| new.then_some(item))
        .collect();
    (items, kept.into_iter().collect())
}
