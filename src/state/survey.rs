//! Holds a state against the disk: one look at each path, on all cores, and only as close as it takes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::digest::Digest;
use crate::fs::read_bounded;
use crate::state::{Look, Output, State, is_sure};
use crate::store::MAX_OBJECT_BYTES;
use crate::world::{self, Seen, Signature, Signatures};

/// So many paths are looked at in less time than it takes to start a thread for them.
const ALONE: usize = 300;
/// So many are one piece of work.
const TOGETHER: usize = 100;

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
        let sources = self.seen.len();
        let look = |n: usize, signatures: &mut Signatures<'_>| match self.seen.get(n) {
            Some(look) => match look.again(root, &own, signatures) {
                Again::Other if !look.data => None,
                Again::Gone => None,
                again => Some(again),
            },
            None => match self.outputs[n - sources].again(root, signatures) {
                Again::Other => None,
                again => Some(again),
            },
        };
        let otherwise = each(root, sources + self.outputs.len(), look)?;
        let mut drift = Drift::default();
        for (n, again) in otherwise {
            let (signature, sure) = match self.seen.get_mut(n) {
                Some(look) => match &mut look.seen {
                    Seen::File(known, _) | Seen::Folder(known, _) => (known, &mut look.sure),
                    Seen::Absent => continue,
                },
                None => {
                    let output = &mut self.outputs[n - sources];
                    (&mut output.signature, &mut output.sure)
                }
            };
            match again {
                Again::Touched(fresh) => {
                    *signature = fresh;
                    *sure = is_sure(&fresh, now);
                    drift.renewed |= *sure;
                }
                Again::Other => drift.data.push(n),
                Again::Gone => drift.gone.push(n - sources),
                Again::Same => {}
            }
        }
        Some(drift)
    }
}

/// What `look` says of each of so many that is not as it was, in order; `None` as soon as it does.
///
/// On threads of its own: a pool has one more, and its idle threads ask for work so eagerly that a run of a
/// few milliseconds waits for them.
fn each(
    root: &Path,
    count: usize,
    look: impl Fn(usize, &mut Signatures<'_>) -> Option<Again> + Sync,
) -> Option<Vec<(usize, Again)>> {
    let next = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let work = || {
        let mut signatures = Signatures::new(root);
        let mut found = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let from = next.fetch_add(TOGETHER, Ordering::Relaxed);
            if from >= count {
                break;
            }
            for n in from..count.min(from + TOGETHER) {
                match look(n, &mut signatures) {
                    Some(Again::Same) => {}
                    Some(again) => found.push((n, again)),
                    None => {
                        over.store(true, Ordering::Relaxed);
                        return None;
                    }
                }
            }
        }
        Some(found)
    };
    let helpers = match count / ALONE {
        0 | 1 => 0,
        worth => worth.min(thread::available_parallelism().map_or(1, usize::from)) - 1,
    };
    let found = thread::scope(|scope| {
        let helpers: Vec<_> = (0..helpers)
            // Where the system has no thread to give, there is one helper less.
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut found = work();
        for helper in helpers {
            let more = helper
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            found = found.zip(more).map(|(mut found, more)| {
                found.extend(more);
                found
            });
        }
        found
    });
    let mut found = found?;
    found.sort_unstable_by_key(|(n, _)| *n);
    Some(found)
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
