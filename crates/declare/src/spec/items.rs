//! The items of `for_each` and `slides`: read from their files, each with a name and a digest of its own.
//! Knows nothing of what is made for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::data::{self, Format, Item};
use crate::manifest::{Items, Tree, is_glob};
use crate::spec::ForItem;
use crate::spec::context::Context;
use crate::spec::file;
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

/// Files that are named and make no item, having no front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What names them: `posts/**/*.md`.
    pub named: String,
    /// How many are named.
    pub of: usize,
    /// Those without.
    pub files: Vec<ProjectPath>,
}

/// What was read of the files that a manifest names.
#[derive(Default)]
pub struct Read {
    /// The items, in the order of the files.
    pub items: Vec<Item>,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// What makes no item.
    pub left_out: Option<LeftOut>,
}

/// The items of the files that a manifest names.
pub(super) fn read_items(
    world: &World,
    tree: &Tree,
    items: &Items,
    folder: &str,
    taken: Taken,
) -> Read {
    let mut found = Read::default();
    let files = match files(tree, items, folder, &mut found.problems) {
        Ok(files) => files,
        Err(problem) => {
            found.problems.push(problem);
            return found;
        }
    };
    let place = &items.files[0].place;
    let read = |file: &ProjectPath| {
        let bytes = match taken {
            Taken::ByItem => world.read_data(file, data::MAX_BYTES),
            Taken::Together => world.read(file, data::MAX_BYTES),
        };
        let bytes = bytes.map_err(|e| Diagnostic::error(e.to_string()).at(place.clone()))?;
        data::read(items.form, file, &bytes)
    };
    let all: Vec<(&ProjectPath, Result<Vec<Item>, Diagnostic>)> = files
        .par_iter()
        .filter(|file| tree.has(file))
        .map(|file| (file, read(file)))
        .collect();
    let mut without = Vec::new();
    for (file, read) in all {
        match read {
            Ok(items) if items.is_empty() => without.push(file.clone()),
            Ok(items) => found.items.extend(items),
            Err(problem) => found.problems.push(problem),
        }
    }
    if items.form.format == Format::FrontMatter && !without.is_empty() && !tree.is_part() {
        let named: Vec<&str> = items.files.iter().map(|at| at.value.as_str()).collect();
        found.left_out = Some(LeftOut {
            named: named.join(", "),
            of: files.len(),
            files: without,
        });
    }
    found
}

/// The files that are named and not left out, each once, in the order in which they are named.
fn files(
    tree: &Tree,
    items: &Items,
    folder: &str,
    problems: &mut Vec<Diagnostic>,
) -> Result<Vec<ProjectPath>, Diagnostic> {
    let mut taken: Vec<ProjectPath> = Vec::new();
    for at in &items.files {
        let wrong = |why: String| {
            Diagnostic::error(format!("`{}` {why}", beginning(&at.value))).at(at.place.clone())
        };
        if let Some(pattern) = at.value.strip_prefix('!') {
            let out: BTreeSet<ProjectPath> = tree
                .glob(folder, pattern)
                .map_err(wrong)?
                .into_iter()
                .collect();
            taken.retain(|file| !out.contains(file));
        } else if is_glob(&at.value) {
            let files = tree.glob(folder, &at.value).map_err(wrong)?;
            if files.is_empty() && !tree.is_part() {
                let message = format!("no file matches `{}`", at.value);
                problems.push(Diagnostic::warning(message).at(at.place.clone()));
            }
            taken.extend(files);
        } else {
            taken.push(ProjectPath::join(folder, &at.value).map_err(wrong)?);
        }
    }
    if items.files.len() > 1 {
        let mut seen = BTreeSet::new();
        taken.retain(|file| seen.insert(file.clone()));
    }
    Ok(taken)
}

/// What templates see of an item.
pub fn of_item(world: &Arc<World>, item: &Item) -> Context {
    Context::default()
        .with_item(item)
        .with("file", file::value(world, item))
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
