//! `.gpbuild/state`: what the last run saw, so that a run with nothing to do reads nothing twice. A
//! hint, never a truth: without it, or with a damaged one, the answer is the same, only slower.
//!
//! What is assumed: a file whose size, times and number are unchanged has not changed, if those
//! times were already past when the run began. A file that was younger is compared by its contents.

mod threads;
mod compare;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::key::Key;
use base::digest::Digest;
use base::fs::{Durability, Folder, FsError, read_all};
use base::home::STATE_FOLDER;
use base::world::{Fingerprint, Signature, Snapshot};

pub use compare::Changes;

const VERSION: u32 = 5;
/// The largest state, in bytes: one of 100,000 assets takes some 40 MB.
const MAX_BYTES: u64 = 256 << 20;
/// The digest and the version, before all else.
const HEAD: usize = 36;
/// A state that is larger is only read once its head was looked at.
const SMALL: u64 = 1 << 20;
/// A change within this time of the look, in nanoseconds, could leave the signature as it is: clocks
/// of file systems tick every few milliseconds, the oldest every two seconds.
const TICK: i64 = 2_000_000_000;

/// What the last run saw. Its texts are borrowed from the [`StateFile`]: there are three of them for an asset,
/// and a run with nothing to do only looks at them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State<'f> {
    /// The gpbuild that wrote it: another one may resolve otherwise.
    pub program: String,
    /// The options that specs depend on.
    pub options: String,
    /// The folder of the outputs: it comes and goes without being a source of anything.
    pub out: String,
    /// Everything read, by path from the project's root.
    #[serde(borrow)]
    pub seen: Vec<Look<'f>>,
    /// The outputs, by asset.
    #[serde(borrow)]
    pub outputs: Vec<Output<'f>>,
    /// Outputs that no asset declares any more.
    pub unclaimed: Vec<String>,
    /// Files that make no item, a list for each declaration.
    pub left_out: Vec<LeftOut>,
    /// The last run left nothing to do and nothing to say.
    pub settled: bool,
}

/// Files that are named and make no item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    /// What names them.
    pub named: String,
    /// How many are named.
    pub of: u32,
    /// Where those that make none are among what was seen.
    pub files: Vec<u32>,
}

/// What was seen at a path.
#[derive(Debug, Serialize, Deserialize)]
pub struct Look<'f> {
    /// From the project's root.
    #[serde(borrow)]
    pub path: Cow<'f, str>,
    /// What was there.
    pub seen: Fingerprint,
    /// Its times were past: the signature is enough.
    pub sure: bool,
    /// A file of which nothing but its items was taken: a change of it concerns only the assets that are
    /// made for them.
    pub data: bool,
}

/// An output that was in place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Output<'f> {
    /// The asset.
    #[serde(borrow)]
    pub id: Cow<'f, str>,
    /// From the project's root.
    #[serde(borrow)]
    pub path: Cow<'f, str>,
    /// The file.
    pub signature: Signature,
    /// Its bytes.
    pub digest: Digest,
    /// Its times were past: the signature is enough.
    pub sure: bool,
    /// The asset's key.
    pub key: Option<Key>,
    /// The item that the asset is made for.
    pub item: Option<Item>,
    /// What becomes of it is not its own affair: it takes a picture of another asset, or another one takes
    /// its, or a quota counts it.
    pub bound: bool,
}

/// An output that is in place since a run.
#[derive(Debug)]
pub struct InPlace<'a> {
    /// All that is known of it, but for its item.
    pub output: Output<'static>,
    /// The item that it is made for: its file, from the project's root, and all that templates see of it.
    pub item: Option<(&'a str, Digest)>,
}

/// The item that an asset is made for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Where its file is among what was seen.
    pub file: u32,
    /// All that templates see of it.
    pub digest: Digest,
}

/// The outputs whose contents can be told without reading them: by path, while they have this signature.
pub type KnownOutputs = BTreeMap<String, (Signature, Digest)>;

/// A state as it is on disk.
#[derive(Debug, Default)]
pub struct StateFile {
    /// Which file that was: another one is another state.
    pub signature: Option<Signature>,
    bytes: Vec<u8>,
}

impl StateFile {
    /// Reads the state `name` of the project in `root`; an empty one if there is none.
    pub fn read(root: &Path, name: &str) -> Self {
        let read = || -> Result<Self, FsError> {
            let mut file = file(root, name)?;
            let signature = Signature::of_file(&file);
            let path = root.join(path(name));
            let is_small = signature.is_none_or(|signature| signature.size <= SMALL);
            let bytes = match is_small || has_head(&mut file) {
                true => read_all(file, &path, MAX_BYTES)?,
                false => Vec::new(),
            };
            Ok(Self { signature, bytes })
        };
        read().unwrap_or_default()
    }

    /// Which file the state `name` is now.
    pub fn signature_now(root: &Path, name: &str) -> Option<Signature> {
        Signature::of_file(&file(root, name).ok()?)
    }

    /// What is in it; an empty state if it cannot be used.
    pub fn state(&self) -> State<'_> {
        self.try_state().unwrap_or_default()
    }

    fn try_state(&self) -> Option<State<'_>> {
        let (digest, body) = self.bytes.split_at_checked(32)?;
        if Digest::of(body).bytes() != digest {
            return None;
        }
        let (version, body) = body.split_at_checked(4)?;
        if version != VERSION.to_le_bytes() {
            return None;
        }
        postcard::from_bytes(body).ok()
    }
}

/// Whether a file begins as a state of this gpbuild does: whatever else lies there is not read, be it a gigabyte.
fn has_head(file: &mut File) -> bool {
    let mut head = [0; HEAD];
    let is_ours = file.read_exact(&mut head).is_ok() && head[HEAD - 4..] == VERSION.to_le_bytes();
    is_ours && file.seek(SeekFrom::Start(0)).is_ok()
}

fn path(name: &str) -> String {
    format!("{STATE_FOLDER}/{name}")
}

fn file(root: &Path, name: &str) -> Result<File, FsError> {
    Folder::open(root)?.file(path(name))
}

impl State<'_> {
    /// Writes the state.
    pub fn write(&self, root: &Path, name: &str) -> Result<(), FsError> {
        let body = postcard::to_extend(self, VERSION.to_le_bytes().to_vec())
            .map_err(|e| FsError::io("write", &root.join(path(name)))(std::io::Error::other(e)))?;
        let mut bytes = Digest::of(&body).bytes().to_vec();
        bytes.extend(body);
        Folder::open(root)?.write(path(name), &bytes, Durability::Free)
    }

    /// What is known of the outputs that `is_meant` picks.
    pub fn known(&self, is_meant: impl Fn(&Output<'_>) -> bool) -> KnownOutputs {
        let outputs = self.outputs.iter();
        outputs
            .filter(|output| output.sure && is_meant(output))
            .map(|output| {
                let path = output.path.clone().into_owned();
                (path, (output.signature, output.digest))
            })
            .collect()
    }
}

impl<'f> State<'f> {
    /// Puts what a run saw, and what is in place since, in the place of what was there before of the same paths
    /// and assets; what is new comes behind the rest. Whether the files of all items are among what was seen.
    pub fn apply(&mut self, seen: Vec<Look<'f>>, outputs: Vec<InPlace<'_>>) -> bool {
        let known = self.seen.iter().enumerate();
        let mut places: HashMap<Cow<'f, str>, usize> =
            known.map(|(n, look)| (look.path.clone(), n)).collect();
        for look in seen {
            match places.get(&look.path) {
                Some(n) => self.seen[*n] = look,
                None => {
                    places.insert(look.path.clone(), self.seen.len());
                    self.seen.push(look);
                }
            }
        }
        let mut all_placed = true;
        let mut new = Vec::with_capacity(outputs.len());
        for InPlace { mut output, item } in outputs {
            output.item = item.and_then(|(file, digest)| {
                let file = u32::try_from(*places.get(file)?).ok()?;
                Some(Item { file, digest })
            });
            all_placed &= output.item.is_some() == item.is_some();
            new.push(output);
        }
        let known = self.outputs.iter().enumerate();
        let known: HashMap<Cow<'f, str>, usize> =
            known.map(|(n, output)| (output.id.clone(), n)).collect();
        for output in new {
            match known.get(&output.id) {
                Some(n) => self.outputs[*n] = output,
                None => self.outputs.push(output),
            }
        }
        all_placed
    }
}

impl<'f> Look<'f> {
    /// What was seen at `path` by a run that began at the time `began`, in nanoseconds since 1970.
    pub fn new(path: Cow<'f, str>, seen: Fingerprint, began: i64) -> Self {
        let sure = match seen {
            Fingerprint::Absent | Fingerprint::Unread(_) => true,
            Fingerprint::File(signature, _) | Fingerprint::Folder(signature, _) => {
                is_sure(&signature, began)
            }
        };
        Self {
            path,
            seen,
            sure,
            data: false,
        }
    }
}

/// Whether anything of what a run saw is otherwise now. What was younger than the clock's resolution when
/// it was seen is compared by its contents.
pub fn changed(root: &Path, snapshot: &Snapshot) -> bool {
    let own: Vec<&str> = snapshot.own.iter().map(String::as_str).collect();
    snapshot.seen.iter().any(|(path, seen)| {
        let look = Look::new(path.into(), *seen, snapshot.at);
        !look.holds(root, &own)
    })
}

/// Whether a file's times were past at the time `began`, in nanoseconds since 1970, which lies before
/// the first look at it: then no change can have left them as they are.
pub fn is_sure(signature: &Signature, began: i64) -> bool {
    signature.newest() < began.saturating_sub(TICK)
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
    use super::{Look, Output, State, StateFile, TICK, now};
    use base::digest::Digest;
    use base::fs::{Durability, write_atomic};
    use base::world::{Fingerprint, Signature, digest_of, list};

    fn file(root: &std::path::Path, name: &str, text: &str) -> (Signature, Digest) {
        let path = root.join(name);
        write_atomic(&path, text.as_bytes(), Durability::Free).unwrap();
        (Signature::of(&path).unwrap(), Digest::of(text.as_bytes()))
    }

    fn state(root: &std::path::Path, later: i64) -> State<'static> {
        let (signature, digest) = file(root, "a.toml", "one");
        let (out, picture) = file(root, "a.png", "png");
        let names = digest_of(&list(root).unwrap(), &[crate::lock::FILE, "dist"]);
        let folder = Fingerprint::Folder(Signature::of(root).unwrap(), names);
        State {
            program: "p".into(),
            options: "o".into(),
            out: "dist".into(),
            seen: vec![
                Look::new("".into(), folder, now() + later),
                Look::new(
                    "a.toml".into(),
                    Fingerprint::File(signature, digest),
                    now() + later,
                ),
                Look::new(
                    "templates/x.html".into(),
                    Fingerprint::Absent,
                    now() + later,
                ),
            ],
            outputs: vec![Output {
                id: "a".into(),
                path: "a.png".into(),
                signature: out,
                digest: picture,
                sure: super::is_sure(&out, now() + later),
                key: None,
                item: None,
                bound: false,
            }],
            unclaimed: Vec::new(),
            left_out: Vec::new(),
            settled: true,
        }
    }

    fn is_settled(root: &std::path::Path) -> bool {
        StateFile::read(root, "state").state().settled
    }

    #[test]
    fn it_reads_back_and_any_flipped_byte_is_no_state() {
        let dir = tempfile::tempdir().unwrap();
        state(dir.path(), 0).write(dir.path(), "state").unwrap();
        assert!(is_settled(dir.path()));
        let path = dir.path().join(".gpbuild/state");
        let good = base::fs::read_bounded(&path, 1 << 20).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            write_atomic(&path, &bad, Durability::Free).unwrap();
            assert!(!is_settled(dir.path()), "byte {at}");
        }
    }

    #[test]
    fn another_version_is_no_state() {
        let dir = tempfile::tempdir().unwrap();
        state(dir.path(), 0).write(dir.path(), "state").unwrap();
        let path = dir.path().join(".gpbuild/state");
        let good = base::fs::read_bounded(&path, 1 << 20).unwrap();
        for version in [super::VERSION - 1, super::VERSION + 1, 0] {
            let mut body = good[32..].to_vec();
            body[..4].copy_from_slice(&version.to_le_bytes());
            let mut bytes = Digest::of(&body).bytes().to_vec();
            bytes.extend(body);
            write_atomic(&path, &bytes, Durability::Free).unwrap();
            assert!(!is_settled(dir.path()), "{version}");
        }
    }

    #[test]
    fn another_program_or_other_options_are_no_drift_but_all_new() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = state(dir.path(), 0);
        assert!(state.survey(dir.path(), "p", "o", now()).is_some());
        assert!(state.survey(dir.path(), "another", "o", now()).is_none());
        assert!(state.survey(dir.path(), "p", "--model x", now()).is_none());
        state.settled = false;
        assert!(state.survey(dir.path(), "p", "o", now()).is_none());
    }

    #[test]
    fn a_state_that_has_seen_nothing_was_written_by_no_run() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = state(dir.path(), 0);
        state.seen.remove(0);
        assert!(state.survey(dir.path(), "p", "o", now()).is_none());
        state.seen.clear();
        state.outputs.clear();
        assert!(state.survey(dir.path(), "p", "o", now()).is_none());
    }

    #[test]
    fn a_state_of_another_checkout_holds_by_contents_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = state(dir.path(), 2 * TICK);
        let mut drift = || {
            state
                .survey(dir.path(), "p", "o", now() + 4 * TICK)
                .unwrap()
        };
        assert!(!drift().compared);
        file(dir.path(), "a.toml", "one");
        let drift = drift();
        assert!(drift.is_none() && drift.compared);
    }

    #[test]
    fn every_kind_of_change_is_noticed() {
        for later in [0, 2 * TICK] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path();
            let mut state = state(root, later);
            let mut same = |root: &std::path::Path| {
                let drift = state.survey(root, "p", "o", now());
                drift.is_some_and(|drift| drift.is_none())
            };
            assert!(same(root));
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
