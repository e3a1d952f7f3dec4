//! `.gpbuild/state`: what the last run saw, so that a run with nothing to do reads nothing twice. A
//! hint, never a truth: without it, or with a damaged one, the answer is the same, only slower.
//!
//! What is assumed: a file whose size, times and number are unchanged has not changed, if those
//! times were already past when the run looked. A file that was younger is compared by its contents.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::fs::{Durability, FsError, read_bounded, write_atomic};
use crate::key::Key;
use crate::store::{MAX_OBJECT_BYTES, STATE_FOLDER};
use crate::world::{self, Seen, Sight, Signature};

const VERSION: u32 = 1;
/// A state of 100,000 assets takes some 40 MB.
const MAX_BYTES: u64 = 1 << 30;
/// A change within this time of the look, in nanoseconds, could leave the signature as it is: clocks
/// of file systems tick every few milliseconds, the oldest every two seconds.
const TICK: i64 = 2_000_000_000;

/// What the last run saw.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The gpbuild that wrote it: another one may resolve otherwise.
    pub program: String,
    /// The options that specs depend on.
    pub options: String,
    /// The folder of the outputs: it comes and goes without being a source of anything.
    pub out: String,
    /// Everything read, by path from the project's root.
    pub seen: Vec<Look>,
    /// The outputs, by asset.
    pub outputs: Vec<Output>,
    /// Outputs that no asset declares any more.
    pub unclaimed: Vec<String>,
    /// The last run left nothing to do and nothing to say.
    pub settled: bool,
}

/// What was seen at a path.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look {
    /// From the project's root.
    pub path: String,
    /// What was there.
    pub seen: Seen,
    /// Its times were past: the signature is enough.
    pub sure: bool,
}

/// An output that was in place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Output {
    /// The asset.
    pub id: String,
    /// From the project's root.
    pub path: String,
    /// The file.
    pub signature: Signature,
    /// Its bytes.
    pub digest: Digest,
    /// Its times were past: the signature is enough.
    pub sure: bool,
    /// The asset's key.
    pub key: Option<Key>,
}

impl State {
    /// Reads the state `name` of the project in `root`; an empty one if there is none that can be used.
    pub fn read(root: &Path, name: &str) -> Self {
        Self::try_read(root, name).unwrap_or_default()
    }

    fn try_read(root: &Path, name: &str) -> Option<Self> {
        let bytes = read_bounded(&root.join(STATE_FOLDER).join(name), MAX_BYTES).ok()?;
        let (digest, body) = bytes.split_at_checked(32)?;
        if Digest::of(body).bytes() != digest {
            return None;
        }
        let (version, body) = body.split_at_checked(4)?;
        if version != VERSION.to_le_bytes() {
            return None;
        }
        postcard::from_bytes(body).ok()
    }

    /// Writes the state.
    pub fn write(&self, root: &Path, name: &str) -> Result<(), FsError> {
        let path = root.join(STATE_FOLDER).join(name);
        let body = postcard::to_extend(self, VERSION.to_le_bytes().to_vec())
            .map_err(|e| FsError::io("write", &path)(std::io::Error::other(e)))?;
        let mut bytes = Digest::of(&body).bytes().to_vec();
        bytes.extend(body);
        write_atomic(&path, &bytes, Durability::Free)
    }

    /// Whether nothing at all changed since a run that left nothing to do: then every asset is
    /// fresh. `program` and `options` are those of now.
    pub fn nothing_changed(&self, root: &Path, program: &str, options: &str) -> bool {
        let own = [crate::lock::FILE, self.out.as_str()];
        self.settled
            && self.program == program
            && self.options == options
            && self
                .seen
                .par_iter()
                .with_min_len(64)
                .all(|look| look.holds(root, &own))
            && self.outputs.par_iter().with_min_len(64).all(|output| {
                let look = Seen::File(output.signature, output.digest);
                holds(&root.join(&output.path), &look, output.sure, &[])
            })
    }

    /// Takes new signatures where contents had to be compared, so that the next run need not: after
    /// [`State::nothing_changed`] said so. Whether there was any.
    pub fn renew(&mut self, root: &Path, now: i64) -> bool {
        let mut renewed = false;
        for look in &mut self.seen {
            if let Seen::File(signature, digest) = look.seen
                && let Some(fresh) = renewal(&root.join(&look.path), signature, digest, look.sure)
            {
                look.seen = Seen::File(fresh, digest);
                look.sure = is_sure(&fresh, now);
                renewed |= look.sure;
            }
        }
        for output in &mut self.outputs {
            let path = root.join(&output.path);
            if let Some(fresh) = renewal(&path, output.signature, output.digest, output.sure) {
                output.signature = fresh;
                output.sure = is_sure(&fresh, now);
                renewed |= output.sure;
            }
        }
        renewed
    }

    /// The digests of outputs by path, for those that can be told without reading them.
    pub fn output_digests(&self) -> BTreeMap<&str, (Signature, Digest)> {
        let sure = self.outputs.iter().filter(|output| output.sure);
        sure.map(|output| (output.path.as_str(), (output.signature, output.digest)))
            .collect()
    }
}

impl Look {
    /// What was seen at `path` at the time `now`, in nanoseconds since 1970.
    pub fn new(path: String, seen: Seen, now: i64) -> Self {
        let sure = match seen {
            Seen::Absent => true,
            Seen::File(signature, _) | Seen::Folder(signature, _) => is_sure(&signature, now),
        };
        Self { path, seen, sure }
    }

    fn holds(&self, root: &Path, own: &[&str]) -> bool {
        let own = if self.path.is_empty() { own } else { &[] };
        holds(&root.join(&self.path), &self.seen, self.sure, own)
    }
}

/// Whether anything of what a run saw is otherwise now. What was younger than the clock's resolution when
/// it was seen is compared by its contents.
pub fn changed(root: &Path, sight: &Sight) -> bool {
    let own: Vec<&str> = sight.own.iter().map(String::as_str).collect();
    sight.seen.iter().any(|(path, seen)| {
        let look = Look::new(path.clone(), *seen, sight.at);
        !look.holds(root, &own)
    })
}

/// Whether a file's times were past at the time `now`, in nanoseconds since 1970.
pub fn is_sure(signature: &Signature, now: i64) -> bool {
    signature.newest() < now.saturating_sub(TICK)
}

fn holds(path: &Path, seen: &Seen, sure: bool, own: &[&str]) -> bool {
    match (seen, Signature::of(path)) {
        (Seen::Absent, now) => now.is_none(),
        (_, None) => false,
        (Seen::Folder(before, names), Some(now)) => {
            (sure && *before == now) || world::names(path, own) == Some(*names)
        }
        (Seen::File(before, _), Some(now)) if sure && *before == now => true,
        (Seen::File(before, digest), Some(now)) => {
            before.size == now.size
                && read_bounded(path, MAX_OBJECT_BYTES).is_ok_and(|b| Digest::of(&b) == *digest)
        }
    }
}

/// The signature of a file whose contents are still these, if the one that is known is not enough.
fn renewal(path: &Path, known: Signature, digest: Digest, sure: bool) -> Option<Signature> {
    // The signature first: a change after it makes the next run look again.
    let fresh = Signature::of(path)?;
    if sure && fresh == known {
        return None;
    }
    let bytes = read_bounded(path, MAX_OBJECT_BYTES).ok()?;
    (Digest::of(&bytes) == digest).then_some(fresh)
}

/// Nanoseconds since 1970: for signatures only, never for a key or an output.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with file times, nothing else"
)]
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}

/// This very program: its version, and the size and time of its file, since templates and presets are
/// in it.
pub fn program() -> String {
    let file = std::env::current_exe().ok();
    let signature = file.and_then(|path| Signature::of(&path));
    let build = signature.map_or_else(String::new, |s| format!("{}-{}", s.size, s.modified));
    format!("{} {build}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::{Look, Output, State, TICK, now};
    use crate::digest::Digest;
    use crate::fs::{Durability, write_atomic};
    use crate::world::{Seen, Signature};

    fn file(root: &std::path::Path, name: &str, text: &str) -> (Signature, Digest) {
        let path = root.join(name);
        write_atomic(&path, text.as_bytes(), Durability::Free).unwrap();
        (Signature::of(&path).unwrap(), Digest::of(text.as_bytes()))
    }

    fn state(root: &std::path::Path, later: i64) -> State {
        let (signature, digest) = file(root, "a.toml", "one");
        let (out, picture) = file(root, "a.png", "png");
        State {
            program: "p".into(),
            options: "o".into(),
            out: "dist".into(),
            seen: vec![
                Look::new(
                    "a.toml".into(),
                    Seen::File(signature, digest),
                    now() + later,
                ),
                Look::new("templates/x.html".into(), Seen::Absent, now() + later),
            ],
            outputs: vec![Output {
                id: "a".into(),
                path: "a.png".into(),
                signature: out,
                digest: picture,
                sure: super::is_sure(&out, now() + later),
                key: None,
            }],
            unclaimed: Vec::new(),
            settled: true,
        }
    }

    #[test]
    fn it_reads_back_and_any_flipped_byte_is_no_state() {
        let dir = tempfile::tempdir().unwrap();
        state(dir.path(), 0).write(dir.path(), "state").unwrap();
        assert!(State::read(dir.path(), "state").settled);
        let path = dir.path().join(".gpbuild/state");
        let good = crate::fs::read_bounded(&path, 1 << 20).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            write_atomic(&path, &bad, Durability::Free).unwrap();
            assert!(!State::read(dir.path(), "state").settled, "byte {at}");
        }
    }

    #[test]
    fn every_kind_of_change_is_noticed() {
        for later in [0, 2 * TICK] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path();
            let state = state(root, later);
            let same = |root: &std::path::Path| state.nothing_changed(root, "p", "o");
            assert!(same(root));
            assert!(!state.nothing_changed(root, "another", "o"));
            assert!(!state.nothing_changed(root, "p", "--model x"));
            // The same size, at once: only the contents or the times tell.
            file(root, "a.toml", "two");
            assert!(!same(root));
            file(root, "a.toml", "one");
            assert!(same(root), "touched, contents the same");
            file(root, "a.png", "gif");
            assert!(!same(root));
            file(root, "a.png", "png");
            file(root, "templates/x.html", "now there");
            assert!(!same(root));
        }
    }
}
