//! Holds a state against the disk: one look at each path, on all cores, and only as close as it takes.

use std::path::Path;

use rayon::prelude::*;

use crate::digest::Digest;
use crate::fs::read_bounded;
use crate::state::{Look, Output, State, is_sure};
use crate::store::MAX_OBJECT_BYTES;
use crate::world::{self, Seen, Signature, Signatures};

/// So many paths are looked at in less time than it takes to start threads for them.
const ALONE: usize = 500;
/// So many are one piece of work.
const TOGETHER: usize = 200;

/// What is otherwise than a run left it that left nothing to do, where the rest is as it was.
#[derive(Debug, Default)]
pub struct Drift {
    /// Data files with other contents, by their place in [`State::seen`].
    pub data: Vec<usize>,
    /// Outputs that are gone, by their place in [`State::outputs`].
    pub gone: Vec<usize>,
    /// There are new signatures where contents had to be compared: written down, they make the next look
    /// cheaper.
    pub renewed: bool,
}

impl Drift {
    /// Nothing is otherwise.
    pub fn is_none(&self) -> bool {
        self.data.is_empty() && self.gone.is_empty()
    }
}

/// What a second look at a path says.
enum Again {
    /// It is as it was.
    Same,
    /// Its contents are as they were, and this is its signature now.
    Touched(Signature),
    /// It is another.
    Other,
    /// There is nothing.
    Gone,
}

impl State {
    /// What changed since a run that left nothing to do; `None` if that may concern any asset, or if there
    /// was no such run. `program` and `options` are those of now; `now` is in nanoseconds since 1970.
    /// Takes new signatures where contents had to be compared.
    pub fn survey(&mut self, root: &Path, program: &str, options: &str, now: i64) -> Option<Drift> {
        if !self.settled || self.program != program || self.options != options {
            return None;
        }
        let own = [crate::lock::FILE, self.out.as_str()];
        let seen = each(root, &self.seen, |look, now| {
            match look.again(root, &own, now) {
                Again::Other if !look.data => None,
                Again::Gone => None,
                again => Some(again),
            }
        })?;
        let outputs = each(root, &self.outputs, |output, now| {
            match output.again(root, now) {
                Again::Other => None,
                again => Some(again),
            }
        })?;
        let mut drift = Drift::default();
        for (n, (look, again)) in self.seen.iter_mut().zip(seen).enumerate() {
            match (again, &mut look.seen) {
                (Again::Touched(fresh), Seen::File(known, _) | Seen::Folder(known, _)) => {
                    *known = fresh;
                    look.sure = is_sure(&fresh, now);
                    drift.renewed |= look.sure;
                }
                (Again::Other, _) => drift.data.push(n),
                _ => {}
            }
        }
        for (n, (output, again)) in self.outputs.iter_mut().zip(outputs).enumerate() {
            match again {
                Again::Touched(fresh) => {
                    output.signature = fresh;
                    output.sure = is_sure(&fresh, now);
                    drift.renewed |= output.sure;
                }
                Again::Gone => drift.gone.push(n),
                _ => {}
            }
        }
        Some(drift)
    }
}

/// What `look` says of each; `None` as soon as it does.
fn each<T: Sync>(
    root: &Path,
    all: &[T],
    look: impl Fn(&T, &mut Signatures<'_>) -> Option<Again> + Sync + Send,
) -> Option<Vec<Again>> {
    let some = |some: &[T]| -> Option<Vec<Again>> {
        let mut signatures = Signatures::new(root);
        some.iter().map(|one| look(one, &mut signatures)).collect()
    };
    if all.len() < ALONE {
        return some(all);
    }
    let parts: Option<Vec<Vec<Again>>> = all.par_chunks(TOGETHER).map(some).collect();
    Some(parts?.into_iter().flatten().collect())
}

impl Look {
    /// Whether what is there now is what was seen. `own` are names at the root that gpbuild writes itself.
    pub(super) fn holds(&self, root: &Path, own: &[&str]) -> bool {
        let again = self.again(root, own, &mut Signatures::new(root));
        matches!(again, Again::Same | Again::Touched(_))
    }

    fn again(&self, root: &Path, own: &[&str], signatures: &mut Signatures<'_>) -> Again {
        let now = signatures.of(&self.path);
        match (&self.seen, now) {
            (Seen::Absent, None) => Again::Same,
            (Seen::Absent, Some(_)) => Again::Other,
            (_, None) => Again::Gone,
            (Seen::Folder(before, names), Some(now)) => {
                let own = if self.path.is_empty() { own } else { &[] };
                if self.sure && *before == now {
                    Again::Same
                } else {
                    match world::list(&root.join(&self.path)) {
                        Ok(found) if world::digest_of(&found, own) == *names => Again::Touched(now),
                        _ => Again::Other,
                    }
                }
            }
            (Seen::File(before, digest), Some(now)) => {
                file_again(root, &self.path, *before, self.sure, now, *digest)
            }
        }
    }
}

impl Output {
    fn again(&self, root: &Path, signatures: &mut Signatures<'_>) -> Again {
        let (path, digest) = (&self.path, self.digest);
        match signatures.of(path) {
            Some(now) => file_again(root, path, self.signature, self.sure, now, digest),
            // A link to nowhere is not nothing.
            None if root.join(path).symlink_metadata().is_ok() => Again::Other,
            None => Again::Gone,
        }
    }
}

/// What is to be said of a file that was `before`, with these contents, and is `now`: that was looked at
/// first, so that a change after it makes the next look a closer one.
fn file_again(
    root: &Path,
    path: &str,
    before: Signature,
    sure: bool,
    now: Signature,
    digest: Digest,
) -> Again {
    if sure && before == now {
        return Again::Same;
    }
    let same = before.size == now.size
        && read_bounded(&root.join(path), MAX_OBJECT_BYTES)
            .is_ok_and(|bytes| Digest::of(&bytes) == digest);
    if same {
        Again::Touched(now)
    } else {
        Again::Other
    }
}
