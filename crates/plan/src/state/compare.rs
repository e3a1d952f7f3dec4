//! Holds a state against the disk: one look at each path, on all cores, and only as close as it takes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::state::threads::{on_threads, processors};
use crate::state::{Look, Output, State, is_sure};
use base::digest::Digest;
use base::fs::read_from;
use base::world::{self, Fingerprint, Signature, Signatures};
use store::MAX_OBJECT_BYTES;

/// So many paths are worth a thread.
const WORTH: usize = 700;
/// So many at least are one piece of work.
const TOGETHER: usize = 32;

/// What is otherwise than a run left it that left nothing to do, where the rest is as it was.
#[derive(Debug, Default)]
pub struct Changes {
    /// Data files with other contents, by their place in [`State::seen`].
    pub data: Vec<usize>,
    /// Outputs that are gone, by their place in [`State::outputs`].
    pub gone: Vec<usize>,
    /// There are new signatures where contents had to be compared: written down, they make the next look
    /// cheaper.
    pub renewed: bool,
    /// Something is as it was by its contents alone: on another checkout's disk nothing is by its signature.
    pub compared: bool,
}

impl Changes {
    /// Nothing is otherwise.
    pub fn is_none(&self) -> bool {
        self.data.is_empty() && self.gone.is_empty()
    }
}

/// What a second look at a path says.
enum Compared {
    /// It is as it was.
    Same,
    /// Its contents are as they were, and this is its signature now.
    Touched(Signature),
    /// It is another.
    Other,
    /// There is nothing.
    Gone,
}

impl State<'_> {
    /// What changed since a run that left nothing to do; `None` if that may concern any asset, or if there
    /// was no such run. `program` and `options` are those of now; `now` is in nanoseconds since 1970.
    /// Takes new signatures where contents had to be compared.
    pub fn survey(
        &mut self,
        root: &Path,
        program: &str,
        options: &str,
        now: i64,
    ) -> Option<Changes> {
        if !self.settled || self.program != program || self.options != options {
            return None;
        }
        // Every run lists the project's folder first: a state that has not seen it was not written by one.
        if self.seen.first().is_none_or(|look| !look.path.is_empty()) {
            return None;
        }
        let state = &*self;
        let own = [crate::lock::FILE, state.out.as_str()];
        let sources = state.seen.len();
        let otherwise = each(root, sources + state.outputs.len(), |n, signatures| {
            state.look(n, root, &own, signatures)
        })?;
        let mut drift = Changes::default();
        for (n, again) in otherwise {
            let (signature, sure) = match self.seen.get_mut(n) {
                Some(look) => match &mut look.seen {
                    Fingerprint::File(known, _) | Fingerprint::Folder(known, _) => {
                        (known, &mut look.sure)
                    }
                    Fingerprint::Absent | Fingerprint::Unread(_) => continue,
                },
                None => {
                    let output = &mut self.outputs[n - sources];
                    (&mut output.signature, &mut output.sure)
                }
            };
            match again {
                Compared::Touched(fresh) => {
                    drift.compared = true;
                    *signature = fresh;
                    *sure = is_sure(&fresh, now);
                    drift.renewed |= *sure;
                }
                Compared::Other => drift.data.push(n),
                Compared::Gone => drift.gone.push(n - sources),
                Compared::Same => {}
            }
        }
        Some(drift)
    }

    /// A second look at the `n`th path, the sources first; `None` if any asset may be concerned.
    fn look<'a>(
        &'a self,
        n: usize,
        root: &'a Path,
        own: &[&str],
        signatures: &mut Signatures<'a>,
    ) -> Option<Compared> {
        match self.seen.get(n) {
            Some(look) => match look.again(root, own, signatures) {
                Compared::Other if !look.data => None,
                Compared::Gone => None,
                again => Some(again),
            },
            None => match self.outputs[n - self.seen.len()].again(root, signatures) {
                Compared::Other => None,
                again => Some(again),
            },
        }
    }
}

/// What `look` says of each of so many that is not as it was, in order; `None` as soon as it does.
fn each<'a>(
    root: &'a Path,
    count: usize,
    look: impl Fn(usize, &mut Signatures<'a>) -> Option<Compared> + Sync,
) -> Option<Vec<(usize, Compared)>> {
    let threads = (count / WORTH).clamp(1, processors());
    // Large pieces first, small ones at the end: threads that look at the same folder wait for each other, and
    // all should end together.
    let end = |from: usize| count.min(from + ((count - from) / (2 * threads)).max(TOGETHER));
    let next = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let work = || {
        let mut signatures = Signatures::new(root);
        let mut found = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let piece = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |from| {
                (from < count).then(|| end(from))
            });
            let Ok(from) = piece else {
                break;
            };
            for n in from..end(from) {
                match look(n, &mut signatures) {
                    Some(Compared::Same) => {}
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
    let found: Option<Vec<_>> = on_threads(threads - 1, work).into_iter().collect();
    let mut found: Vec<_> = found?.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(n, _)| *n);
    Some(found)
}

impl Look<'_> {
    /// Whether what is there now is what was seen. `own` are names at the root that gpbuild writes itself.
    pub(super) fn holds(&self, root: &Path, own: &[&str]) -> bool {
        let again = self.again(root, own, &mut Signatures::new(root));
        matches!(again, Compared::Same | Compared::Touched(_))
    }

    fn again<'a>(
        &'a self,
        root: &'a Path,
        own: &[&str],
        signatures: &mut Signatures<'a>,
    ) -> Compared {
        let now = signatures.of(&self.path);
        match (&self.seen, now) {
            (Fingerprint::Absent, None) => Compared::Same,
            (Fingerprint::Absent, Some(_)) => Compared::Other,
            (_, None) => Compared::Gone,
            (Fingerprint::Unread(before), Some(now)) if *before == now => Compared::Same,
            (Fingerprint::Unread(_), Some(_)) => Compared::Other,
            (Fingerprint::Folder(before, names), Some(now)) => {
                let own = if self.path.is_empty() { own } else { &[] };
                if self.sure && *before == now {
                    Compared::Same
                } else {
                    match world::list(&root.join(&*self.path)) {
                        Ok(found) if world::digest_of(&found, own) == *names => {
                            Compared::Touched(now)
                        }
                        _ => Compared::Other,
                    }
                }
            }
            (Fingerprint::File(before, digest), Some(now)) => {
                file_again(root, &self.path, *before, self.sure, now, *digest)
            }
        }
    }
}

impl Output<'_> {
    fn again<'a>(&'a self, root: &'a Path, signatures: &mut Signatures<'a>) -> Compared {
        let (path, digest) = (&*self.path, self.digest);
        match signatures.of(path) {
            Some(now) => file_again(root, path, self.signature, self.sure, now, digest),
            // A link to nowhere is not nothing.
            None if root.join(path).symlink_metadata().is_ok() => Compared::Other,
            None => Compared::Gone,
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
) -> Compared {
    if sure && before == now {
        return Compared::Same;
    }
    let same = before.size == now.size
        && read_from(root, path, MAX_OBJECT_BYTES).is_ok_and(|bytes| Digest::of(&bytes) == digest);
    if same {
        Compared::Touched(now)
    } else {
        Compared::Other
    }
}
