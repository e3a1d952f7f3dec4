//! Whether git tracks a folder, read from its index: git itself is not run in a repository that a stranger may
//! have set up, because what it does there (monitors, hooks, filters) is for the repository to say.

use std::fs::{self, Metadata};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use base::fs::{open_file, read_bounded};

/// The longest path in an index that is read, in bytes.
const MAX_NAME: usize = 64 << 10;
/// The largest `.git` file and configuration that are read, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// The largest index that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// The index that was last read for which project and found without the folder, and its size and time.
type Known = (PathBuf, PathBuf, u64, Option<SystemTime>);
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// The first path that git tracks in the folder `name` of the project in `root`; `None` if there is none, or
/// no git.
pub(super) fn tracked(root: &Path, name: &str) -> Option<String> {
    let real = fs::canonicalize(root).ok()?;
    let (top, git) = checkout(&real)?;
    let index = git.join("index");
    let meta = fs::metadata(&index).ok()?;
    let known = (
        real.clone(),
        index.clone(),
        meta.len(),
        meta.modified().ok(),
    );
    // A run asks several times, and a watch for hours.
    if KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        == Some(&known)
    {
        return None;
    }
    let below = real.strip_prefix(&top).ok()?;
    let folder: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
    let folder = [&folder[..], &[name]].concat().join("/");
    let hash = hash_bytes(&git);
    let is_same = |spelled: &str| is_same(&top.join(spelled), &real.join(name));
    let found = search(&index, &folder, hash, &is_same).or_else(|| {
        let shared = shared(&git, &index)?;
        search(&shared, &folder, hash, &is_same)
    });
    if found.is_none() {
        *KNOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }
    // From the project's folder, as people name it.
    found.map(|path| match path.get(folder.len() - name.len()..) {
        Some(path) => path.to_owned(),
        None => path,
    })
}

/// The top folder of the checkout that a folder is in, and where git keeps what it knows of it.
fn checkout(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    folder.ancestors().find_map(|top| {
        let git = top.join(".git");
        let meta = fs::metadata(&git).ok()?;
        Some((top.to_path_buf(), git_folder(top, git, &meta)?))
    })
}

/// `.git` itself, or where the file in its place says: that of a submodule or of a further worktree.
fn git_folder(top: &Path, git: PathBuf, meta: &Metadata) -> Option<PathBuf> {
    if meta.is_dir() {
        return Some(git);
    }
    let text = String::from_utf8(read_bounded(&git, MAX_TEXT).ok()?).ok()?;
    let path = text.strip_prefix("gitdir:")?.trim();
    Some(top.join(path))
}

/// How many bytes a name of an object takes.
fn hash_bytes(git: &Path) -> usize {
    // A worktree's own folder says where the repository's is.
    let common = read_bounded(&git.join("commondir"), MAX_TEXT).ok();
    let common = common.and_then(|bytes| String::from_utf8(bytes).ok());
    let folder = common.map_or_else(|| git.to_path_buf(), |path| git.join(path.trim()));
    let config = read_bounded(&folder.join("config"), MAX_TEXT).unwrap_or_default();
    let config = String::from_utf8_lossy(&config).to_ascii_lowercase();
    let is_sha256 = config.lines().any(|line| {
        let said = line
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()));
        said == Some(("objectformat", "sha256"))
    });
    if is_sha256 { 32 } else { 20 }
}

/// The file that most of an index is in, with `core.splitIndex`. What was taken out since is still there.
fn shared(git: &Path, index: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(git).ok()?.filter_map(Result::ok);
    files.find_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let hex = name.strip_prefix("sharedindex.")?;
        let bytes = hex.as_bytes().chunks(2);
        let bytes = bytes.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let hash: Vec<u8> = bytes.collect::<Option<_>>()?;
        // An old one may still lie there: the index says which one is meant.
        let index = read_bounded(index, MAX_BYTES).ok()?;
        (hash.len() >= 20 && memchr::memmem::find(&index, &hash).is_some()).then(|| file.path())
    })
}

/// Whether a name that is spelled otherwise is that of the same folder: many disks do not tell upper case from
/// lower case.
fn is_same(spelled: &Path, own: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let number = |path: &Path| fs::symlink_metadata(path).map(|m| (m.dev(), m.ino())).ok();
        number(spelled).is_some_and(|spelled| number(own) == Some(spelled))
    }
    #[cfg(not(unix))]
    {
        fs::canonicalize(spelled).ok() == fs::canonicalize(own).ok()
    }
}

/// The first path in an index that is `folder` or lies in it, or in what `is_same` says to be the same folder.
fn search(
    index: &Path,
    folder: &str,
    hash: usize,
    is_same: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let file = open_file(index).ok()?;
    let mut entries = Entries::new(BufReader::with_capacity(1 << 16, file), hash)?;
    while entries.next()? {
        let name = &entries.name;
        let (start, rest) = name.split_at_checked(folder.len()).unwrap_or((name, &[]));
        if start.eq_ignore_ascii_case(folder.as_bytes())
            && matches!(rest.first(), None | Some(b'/'))
            && (start == folder.as_bytes() || is_same(&String::from_utf8_lossy(start)))
        {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
        // They are sorted; where the folder is at the top, that saves most of a large index.
        if !folder.contains('/') && folder.starts_with('.') && name.first() > Some(&b'.') {
            return None;
        }
    }
    None
}

/// The paths of an index of version 2, 3 or 4, one after another.
struct Entries<R> {
    from: R,
    version: u32,
    left: u32,
    hash: usize,
    name: Vec<u8>,
}

impl<R: Read> Entries<R> {
    fn new(mut from: R, hash: usize) -> Option<Self> {
        let mut head = [0; 12];
        from.read_exact(&mut head).ok()?;
        let number = |at: usize| {
            let bytes = head.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_be_bytes(bytes))
        };
        let version = number(4)?;
        if !head.starts_with(b"DIRC") || !(2..=4).contains(&version) {
            return None;
        }
        Some(Self {
            version,
            left: number(8)?,
            name: Vec::new(),
            from,
            hash,
        })
    }

    /// Goes on to the next path: whether there is one. `None` if this is no index.
    fn next(&mut self) -> Option<bool> {
        if self.left == 0 {
            return Some(false);
        }
        self.left -= 1;
        // Ten numbers of four bytes, the object, the flags.
        let mut fixed = [0; 40 + 32 + 2];
        let fixed = fixed.get_mut(..40 + self.hash + 2)?;
        self.from.read_exact(fixed).ok()?;
        let flags = u16::from_be_bytes(fixed.last_chunk::<2>().copied()?);
        let mut size = fixed.len();
        if self.version >= 3 && flags & 0x4000 != 0 {
            self.from.read_exact(&mut [0; 2]).ok()?;
            size += 2;
        }
        if self.version == 4 {
            let gone = self.offset()?;
            self.name.truncate(self.name.len().checked_sub(gone)?);
            while let byte @ 1.. = self.byte()? {
                self.push(byte)?;
            }
            return Some(true);
        }
        self.name.clear();
        while let byte @ 1.. = self.byte()? {
            self.push(byte)?;
        }
        // Entries are of eight bytes each; one zero was read already.
        let padding = 7 - (size + self.name.len()) % 8;
        self.from.read_exact([0; 8].get_mut(..padding)?).ok()?;
        Some(true)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        self.name.push(byte);
        (self.name.len() <= MAX_NAME).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    /// A number as version 4 writes it: seven bits a byte, the high ones first.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = self.byte()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.byte()?;
            value = value.checked_add(1)?.checked_mul(128)?;
            value = value.checked_add(usize::from(byte & 0x7f))?;
        }
        Some(value)
    }
}
