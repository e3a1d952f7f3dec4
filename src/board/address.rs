//! Where the page of a project was last, so that pages that are open find it again after a restart: its port, and the
//! token that its address holds. Kept with the person and for them alone, by project; never in the project, where whoever
//! it is shared with could read it. A token lasts as long as its port.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use base::digest::Digest;
use base::fs::Folder;
use base::home::Home;

/// The folder in the person's own.
const FOLDER: &str = "pages";
/// More than it says, in bytes.
const MAX_BYTES: u64 = 200;

/// Where a page was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// On this machine.
    pub port: u16,
    /// Who does not know it is nobody: 32 hex digits.
    pub token: String,
}

impl Address {
    /// Where the page of the project in `root` was last; none if that is not known, or others could read it.
    pub fn remembered(home: &Home, root: &Path) -> Option<Self> {
        let file = folder(home)?.file(name(root)?).ok()?;
        if !is_private(&file) {
            return None;
        }
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
        let (port, token) = text.trim().split_once(' ')?;
        let is_token = token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit());
        Some(Self {
            port: port.parse().ok().filter(|port| *port > 0)?,
            token: is_token.then(|| token.to_owned())?,
        })
    }

    /// Remembers it. Where that is not possible, pages that are open do not find the next one, and nothing else is lost.
    pub fn remember(&self, home: &Home, root: &Path) {
        let written = || -> Option<()> {
            let folder = folder(home)?;
            let name = name(root)?;
            // Made anew, so that nobody has it open, and private before anything is in it.
            let _ = folder.remove(&name);
            let mut file = folder.create_new(&name).ok()?;
            make_private(&file).ok()?;
            write!(file, "{} {}", self.port, self.token).ok()
        };
        let _ = written();
    }
}

/// Where a person has no folder of their own, nothing is kept.
fn folder(home: &Home) -> Option<Folder> {
    home.config()?;
    Folder::create(home.data()).ok()?.make(FOLDER).ok()
}

fn name(root: &Path) -> Option<String> {
    let root = std::fs::canonicalize(root).ok()?;
    Some(Digest::of(root.to_string_lossy().as_bytes()).hex())
}

#[cfg(unix)]
fn is_private(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::getuid().as_raw();
    file.metadata()
        .is_ok_and(|meta| meta.mode() & 0o077 == 0 && meta.uid() == own)
}

#[cfg(unix)]
fn make_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// Elsewhere a person's folder is theirs alone.
#[cfg(not(unix))]
fn is_private(_file: &File) -> bool {
    true
}

#[cfg(not(unix))]
fn make_private(_file: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{Address, FOLDER, name};
    use base::home::Home;

    #[test]
    fn it_is_remembered_for_this_person_alone_and_by_project() {
        let (home, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (at, root) = (Home::at(home.path()), root.path());
        let address = Address {
            port: 4711,
            token: "0123456789abcdef0123456789abcdef".to_owned(),
        };
        assert_eq!(Address::remembered(&at, root), None);
        address.remember(&at, root);
        assert_eq!(Address::remembered(&at, root), Some(address.clone()));
        let other = tempfile::tempdir().unwrap();
        assert_eq!(Address::remembered(&at, other.path()), None);
        let file = home.path().join(FOLDER).join(name(root).unwrap());
        let mode = || file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Address::remembered(&at, root), None);
        address.remember(&at, root);
        assert_eq!(mode(), 0o600);
    }
}
