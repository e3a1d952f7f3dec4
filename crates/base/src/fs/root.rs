//! [`Root`]: the project's folder. A link inside the project may lead a manifest's input, or the folder of an
//! output, to another place of the project: that place is found by name and then opened without any link, so
//! that what was held against the root, `.git` and `.gpbuild` is what is used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Durability, Folder, FsError, read_bounded};
use crate::path::{self, ProjectPath};

/// A way with more links than this is none.
const MAX_LINKS: usize = 40;

/// What a place is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// Only git's own is left alone.
    Reading,
    /// What is gpbuild's own is left alone too.
    Writing,
}

/// The project's folder.
#[derive(Clone, Debug)]
pub struct Root {
    folder: Folder,
    real: PathBuf,
}

impl Root {
    /// Opens the folder; `path` is kept as the user wrote it.
    pub fn open(path: &Path) -> Result<Self, FsError> {
        let real = fs::canonicalize(path).map_err(FsError::io("open", path))?;
        let folder = Folder::open(path)?;
        Ok(Self { folder, real })
    }

    /// The folder as the user wrote it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with all links resolved.
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// The folder itself, below which no link is followed.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where `path` is on disk.
    pub fn at(&self, path: &ProjectPath) -> PathBuf {
        path.under(self.path())
    }

    /// Reads a regular file of at most `limit` bytes that lies inside the project.
    pub fn read(&self, path: &ProjectPath, limit: u64) -> Result<Vec<u8>, FsError> {
        let mut found = None;
        self.follow(Path::new(path.as_str()), For::Reading, |way| {
            found = Some(self.folder.read(way, limit)?);
            Ok(())
        })?;
        // It was found, or there was an error.
        Ok(found.unwrap_or_default())
    }

    /// The same, as text.
    pub fn read_text(&self, path: &ProjectPath, limit: u64) -> Result<String, FsError> {
        let bytes = self.read(path, limit)?;
        String::from_utf8(bytes).map_err(|e| FsError::NotUtf8 {
            path: self.at(path),
            offset: e.utf8_error().valid_up_to(),
        })
    }

    /// Writes a file that a person wrote: a link at its place stays one, and what it leads to is written.
    pub fn write_source(&self, path: &ProjectPath, bytes: &[u8]) -> Result<(), FsError> {
        self.follow(Path::new(path.as_str()), For::Writing, |way| {
            // That it can be opened says that nothing on the way is a link.
            drop(self.folder.file(way)?);
            self.folder.write(way, bytes, Durability::Paid)
        })
    }

    /// The folder that an output is in: inside the project, and not of git's or gpbuild's own, whatever links
    /// lead there. What is at the output's own name does not matter: a rename replaces a link, it does not
    /// follow it.
    pub fn output_folder(&self, output: &ProjectPath) -> Result<Folder, FsError> {
        self.folder_of(output, |way| self.folder.below(way))
    }

    /// The same; it is made if it is not there.
    pub fn make_output_folder(&self, output: &ProjectPath) -> Result<Folder, FsError> {
        self.folder_of(output, |way| self.folder.make(way))
    }

    /// Checks that writing to `output` stays inside the project, as far as its folders are there.
    pub fn check_folder(&self, output: &ProjectPath) -> Result<(), FsError> {
        match self.output_folder(output) {
            Err(e) if e.is_not_found() => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Reads what is at an output's place, unless it is a link.
    pub fn read_output(&self, output: &ProjectPath, limit: u64) -> Result<Vec<u8>, FsError> {
        self.output_folder(output)?.read(output.file_name(), limit)
    }

    fn folder_of(
        &self,
        output: &ProjectPath,
        open: impl Fn(&Path) -> Result<Folder, FsError>,
    ) -> Result<Folder, FsError> {
        let parent = Path::new(output.parent());
        // Previews: below its own folder no link is followed at all.
        if path::is_kept(output.as_str().split('/').next().unwrap_or("")) {
            return open(parent);
        }
        let mut found = None;
        self.follow(parent, For::Writing, |way| {
            found = Some(open(way)?);
            Ok(())
        })?;
        Ok(found.unwrap_or_else(|| self.folder.clone()))
    }

    /// Does `act` at the place that a path leads to, which has no link on its way.
    fn follow(
        &self,
        path: &Path,
        what_for: For,
        mut act: impl FnMut(&Path) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        let mut way = path.to_path_buf();
        let mut links = 0;
        loop {
            if is_kept(&way, what_for) {
                return Err(FsError::Kept {
                    path: self.folder.at(path),
                    place: way,
                });
            }
            match act(&way) {
                Err(FsError::Link { path: link }) if links < MAX_LINKS => {
                    way = self.behind(&way, &link, what_for)?;
                    links += 1;
                }
                other => return other,
            }
        }
    }

    /// The place from the root of what is at `way`, on which `link` is a link.
    fn behind(&self, way: &Path, link: &Path, what_for: For) -> Result<PathBuf, FsError> {
        let outside = |target| FsError::Outside {
            path: link.to_path_buf(),
            target,
        };
        let real = match fs::canonicalize(link) {
            Ok(real) => real,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(match fs::read_link(link) {
                    // Nothing is there, but something would be made there.
                    Ok(target) if what_for == For::Writing => outside(target),
                    _ => FsError::io("read", link)(e),
                });
            }
            Err(e) => return Err(FsError::io("open", link)(e)),
        };
        let Ok(place) = real.strip_prefix(&self.real) else {
            return Err(outside(real));
        };
        let from_root = link.strip_prefix(self.path()).unwrap_or(link);
        let rest = way.strip_prefix(from_root).unwrap_or(Path::new(""));
        // Joined to nothing, a path would end as only a folder's may.
        Ok(if rest.as_os_str().is_empty() {
            place.to_path_buf()
        } else {
            place.join(rest)
        })
    }
}

/// Whether a place is git's, or gpbuild's own, of this project or of one in it.
fn is_kept(place: &Path, what_for: For) -> bool {
    place.iter().any(|part| {
        let part = part.to_string_lossy();
        match what_for {
            For::Reading => path::is_of_git(&part),
            For::Writing => path::is_kept(&part),
        }
    })
}

/// Reads the file that is at a path from the folder `root`, which may lead out of it by its name only
/// (`../.gitignore`), never by a link.
pub fn read_from(root: &Path, path: &str, limit: u64) -> Result<Vec<u8>, FsError> {
    if path.starts_with("../") {
        return read_bounded(&root.join(path), limit);
    }
    match Folder::open(root)?.read(path, limit) {
        Err(FsError::Link { .. }) => {
            let path = ProjectPath::new(path).map_err(|_| FsError::NotAFile {
                path: root.join(path),
            })?;
            Root::open(root)?.read(&path, limit)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Root;
    use crate::fs::{Durability, FsError, write_atomic};
    use crate::path::ProjectPath;

    fn path(text: &str) -> ProjectPath {
        ProjectPath::new(text).unwrap()
    }

    #[test]
    fn a_folder_that_another_thread_makes_meanwhile_is_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        for round in 0..300 {
            let path = path(&format!("{round}/a/b/x.png"));
            std::thread::scope(|scope| {
                let write = || {
                    root.check_folder(&path)?;
                    let folder = root.make_output_folder(&path)?;
                    folder.write(path.file_name(), b"x", Durability::Free)
                };
                let others: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
                for other in others {
                    other.join().unwrap().unwrap();
                }
            });
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_project_is_neither_read_nor_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        std::fs::create_dir(&project).unwrap();
        write_atomic(&dir.path().join("secret"), b"s", Durability::Free).unwrap();
        std::os::unix::fs::symlink(dir.path(), project.join("out")).unwrap();
        std::os::unix::fs::symlink("../secret", project.join("link")).unwrap();
        let root = Root::open(&project).unwrap();
        assert!(matches!(
            root.read(&path("link"), 10),
            Err(FsError::Outside { .. })
        ));
        for check in [
            root.check_folder(&path("out/x/y.png")),
            root.make_output_folder(&path("out/x/y.png")).map(|_| ()),
        ] {
            assert!(matches!(check, Err(FsError::Outside { .. })), "{check:?}");
        }
        assert!(root.check_folder(&path("dist/new/y.png")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_inside_leads_to_a_place_that_is_held_against_what_is_kept() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in [".git/hooks", ".gpbuild", "sub/.git", "real/deep", "a/b"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        symlink("../real", at("a/in")).unwrap();
        symlink(at("real"), at("by-full-name")).unwrap();
        symlink(".git", at("g")).unwrap();
        symlink("g", at("gg")).unwrap();
        symlink("sub/.git", at("s")).unwrap();
        symlink(".gpbuild", at("p")).unwrap();
        symlink("../../..", at("a/b/up")).unwrap();
        symlink("round", at("round")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        write_atomic(&at(".git/config"), b"token", Durability::Free).unwrap();
        symlink("g/config", at("config.toml")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        for good in ["a/in/deep/x.png", "by-full-name/x.png", "a/in/new/x.png"] {
            let folder = root.make_output_folder(&path(good)).unwrap();
            folder.write("x.png", b"x", Durability::Free).unwrap();
            assert_eq!(root.read_output(&path(good), 10).unwrap(), b"x");
            assert_eq!(root.read(&path(good), 10).unwrap(), b"x");
        }
        assert!(at("real/x.png").exists() && at("real/new/x.png").exists());
        for bad in [
            "g/hooks/x.png",
            "gg/x.png",
            "s/x.png",
            "p/x.png",
            "sub/.GIT/x.png",
        ] {
            let found = root.make_output_folder(&path(bad));
            assert!(
                matches!(found, Err(FsError::Kept { .. })),
                "{bad}: {found:?}"
            );
        }
        for bad in ["a/b/up/x.png", "dangling/x.png"] {
            let found = root.make_output_folder(&path(bad));
            assert!(
                matches!(found, Err(FsError::Outside { .. })),
                "{bad}: {found:?}"
            );
        }
        assert!(root.make_output_folder(&path("round/x.png")).is_err());
        for bad in ["config.toml", "g/config", ".git/config"] {
            let found = root.read(&path(bad), 10);
            assert!(
                matches!(found, Err(FsError::Kept { .. })),
                "{bad}: {found:?}"
            );
        }
    }
}
