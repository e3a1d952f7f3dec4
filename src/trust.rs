//! What a person decided, outside of every project: which settings of which project they agreed to, and their
//! own limits. Knows where that is kept and how it is compared; asks nobody, and sends nothing.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base::diagnostic::{Diagnostic, Exit, Failure};
use base::digest::{Digest, Hasher};
use base::fs::{Durability, FsError, read_bounded, remove, shown, write_atomic};
use base::home::Home;
use declare::manifest::{self, CONFIRM, Claim, Person};
use provider::Program;

/// A person's own limits, in their folder for configuration.
const CONFIG_FILE: &str = "config.toml";
/// The largest of them that is read, in bytes.
const MAX_CONFIG: u64 = 1 << 20;
/// What was agreed to, a file each, in the same folder.
const FOLDER: &str = "trust";
/// The largest of those that is listed, in bytes.
const MAX_RECORD: u64 = 32 << 20;
/// The first line of such a file.
const HEAD: &str = "# gpbuild: somebody agreed to these settings of the project in this folder. Without this file, gpbuild asks again.";

/// The digest of exactly these settings: `GPBUILD_TRUST` agrees to it.
pub fn digest(claims: &[Claim]) -> Digest {
    let mut lines: Vec<String> = claims.iter().map(Claim::to_string).collect();
    lines.sort();
    let mut hasher = Hasher::new("gpbuild trust 1");
    for line in lines {
        hasher.field(line.as_bytes());
    }
    hasher.finish()
}

/// What changes when a person agrees to something, or changes their limits: for who waits for that.
pub fn files(home: &Home) -> Vec<PathBuf> {
    let names = [CONFIG_FILE, FOLDER].into_iter();
    let folder = home.config();
    names.filter_map(|name| Some(folder?.join(name))).collect()
}

/// Why a model of this name cannot be asked: the person has no such program, or it lies in the project, so that whoever
/// wrote that would decide what is run.
pub fn no_program(home: &Home, root: &Path, person: &Person, name: &str) -> Option<String> {
    let Some(program) = person.commands.get(name) else {
        let Some(folder) = home.config().filter(|folder| !is_within(folder, root)) else {
            return Some(format!(
                "`command/{name}` is no program of yours: there is no folder outside of the project that could name one"
            ));
        };
        return Some(format!(
            "`command/{name}` is no program of yours: `[command.{name}]` with `program = \"/path/to/program\"` in `{}` makes it one",
            shown(&folder.join(CONFIG_FILE))
        ));
    };
    let Program { path, args, .. } = program;
    let named = args.iter().map(Path::new).filter(|arg| arg.is_absolute());
    let inside = [path.as_path()]
        .into_iter()
        .chain(named)
        .find(|path| is_within(path, root))?;
    Some(format!(
        "`{}` of `command/{name}` lies in this project, and a project does not decide what is run: put it elsewhere",
        shown(inside)
    ))
}

/// A person's own limits; none where they have no file.
pub fn person(home: &Home, root: &Path) -> Result<Person, Failure> {
    let Some(folder) = home.config() else {
        return Ok(Person::default());
    };
    let path = folder.join(CONFIG_FILE);
    let wrong = |why: String| Failure::new(Exit::Manifest, Diagnostic::error(why));
    // It is a file of the project then: it shows nothing of others, and can say less, but not more.
    let of_project = is_within(folder, root);
    if of_project && !is_within(&path, root) {
        let target = real(&path);
        return Err(wrong(FsError::Outside { path, target }.to_string()));
    }
    let bytes = match read_bounded(&path, MAX_CONFIG) {
        Ok(bytes) => bytes,
        Err(e) if e.is_not_found() => return Ok(Person::default()),
        Err(e) => return Err(wrong(e.to_string())),
    };
    let name = shown(&path).to_string();
    let text = String::from_utf8(bytes).map_err(|_| wrong(format!("`{name}` is not UTF-8")))?;
    let mut person = manifest::person(&name, text).map_err(Failure::manifest)?;
    if of_project {
        person.confirm = person.confirm.map(|confirm| confirm.min(CONFIRM));
        // What is run is never the word of a repository.
        person.commands.clear();
    }
    Ok(person)
}

/// What a person agreed to, for the project in one folder.
pub struct Book {
    /// The folder of the files; none if nothing can be kept.
    folder: Option<PathBuf>,
    /// The project's real folder.
    project: PathBuf,
}

/// Something that was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The project's folder.
    pub project: String,
    /// The digest of the settings.
    pub digest: String,
    /// The settings, a line each.
    pub settings: Vec<String>,
    file: PathBuf,
}

impl Book {
    /// The book of this person. Where their folder is the project's own, or there is none, nothing is
    /// kept: a project must not be able to bring its own consent.
    pub fn open(home: &Home, root: &Path) -> Self {
        let folder = home.config().filter(|folder| !is_within(folder, root));
        Self {
            folder: folder.map(|folder| folder.join(FOLDER)),
            project: real(root),
        }
    }

    /// Whether exactly these settings were agreed to, for the project in this folder.
    pub fn has(&self, claims: &[Claim]) -> bool {
        let Some(path) = self.path(claims) else {
            return false;
        };
        let text = self.text(claims);
        read_bounded(&path, text.len() as u64).is_ok_and(|found| found == text.as_bytes())
    }

    /// Keeps that they were agreed to. False if there is no place to keep it.
    pub fn add(&self, claims: &[Claim]) -> Result<bool, FsError> {
        match self.path(claims) {
            Some(path) => {
                write_atomic(&path, self.text(claims).as_bytes(), Durability::Free)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Everything that this person agreed to, in all projects, in order. It is only shown: from whatever folder
    /// they look, also one that theirs lies in.
    pub fn records_of(home: &Home) -> Result<Vec<Record>, FsError> {
        match home.config() {
            Some(folder) => Self::records_in(&folder.join(FOLDER)),
            None => Ok(Vec::new()),
        }
    }

    fn records_in(folder: &Path) -> Result<Vec<Record>, FsError> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(FsError::io("read", folder)(e)),
        };
        let mut records: Vec<Record> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| record(entry.path()))
            .collect();
        records.sort_by(|a, b| (&a.project, &a.digest).cmp(&(&b.project, &b.digest)));
        Ok(records)
    }

    /// Takes back all that was agreed to for this project: how many times that was.
    pub fn forget(&self) -> Result<usize, FsError> {
        let Some(folder) = &self.folder else {
            return Ok(0);
        };
        let own = self.shown_project();
        let records = Self::records_in(folder)?.into_iter();
        let mut gone = 0;
        for record in records.filter(|record| record.project == own) {
            remove(&record.file)?;
            gone += 1;
        }
        Ok(gone)
    }

    fn path(&self, claims: &[Claim]) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let mut name = Hasher::new("gpbuild trust of a folder 1");
        name.field(self.project.as_os_str().as_encoded_bytes());
        name.field(digest(claims).bytes());
        Some(folder.join(format!("{}.txt", name.finish().hex())))
    }

    /// The project's folder in one line, whatever is in its name.
    fn shown_project(&self) -> String {
        self.project.to_string_lossy().escape_debug().to_string()
    }

    fn text(&self, claims: &[Claim]) -> String {
        let folder = self.shown_project();
        let mut text = format!("{HEAD}\n{folder}\n{}\n", digest(claims));
        let mut lines: Vec<String> = claims.iter().map(Claim::to_string).collect();
        lines.sort();
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

fn record(file: PathBuf) -> Option<Record> {
    let bytes = read_bounded(&file, MAX_RECORD).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    (lines.next()? == HEAD).then_some(())?;
    Some(Record {
        project: lines.next()?.to_owned(),
        digest: lines.next()?.to_owned(),
        settings: lines.map(str::to_owned).collect(),
        file,
    })
}

/// Whether a folder lies in the project, whatever links lead to it.
fn is_within(folder: &Path, root: &Path) -> bool {
    real(folder).starts_with(real(root))
}

/// A path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    for at in path.ancestors() {
        let there = if at.as_os_str().is_empty() {
            Path::new(".")
        } else {
            at
        };
        if let Ok(real) = fs::canonicalize(there) {
            let rest = path.strip_prefix(at).unwrap_or(Path::new(""));
            // Part by part: one way of writing for each folder.
            return rest.components().fold(real, |path, part| path.join(part));
        }
    }
    path.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::{Book, digest};
    use base::diagnostic::{Place, Source};
    use base::home::Home;
    use declare::manifest::{Claim, Stake};

    fn claim(name: &str, value: &str) -> Claim {
        Claim {
            name: name.to_owned(),
            value: value.to_owned(),
            place: Place::new(&Source::new("gpbuild.toml", ""), 0..0),
            stake: Stake::Confirm,
        }
    }

    #[test]
    fn what_was_agreed_to_is_exactly_that() {
        let (a, b) = (claim("a", "1"), claim("b", "2"));
        let both = [a.clone(), b.clone()];
        assert_eq!(digest(&both), digest(&[b.clone(), a.clone()]));
        for other in [
            vec![a.clone()],
            vec![a.clone(), claim("b", "3")],
            vec![a.clone(), b, claim("c", "")],
            vec![claim("a", "1\nb = 2")],
        ] {
            assert_ne!(digest(&both), digest(&other), "{other:?}");
        }
    }

    #[test]
    fn it_holds_in_the_folder_where_it_was_agreed_to() {
        let dir = tempfile::tempdir().unwrap();
        let [home, one, two] = ["home", "one", "two"].map(|name| dir.path().join(name));
        for folder in [&one, &two] {
            std::fs::create_dir(folder).unwrap();
        }
        let claims = [claim("budget.confirm", "1000")];
        let home = Home::at(&home);
        let (book, other) = (Book::open(&home, &one), Book::open(&home, &two));
        assert!(!book.has(&claims));
        assert!(book.add(&claims).unwrap());
        assert!(book.has(&claims) && !other.has(&claims));
        assert!(!book.has(&[claim("budget.confirm", "1001")]));
        let records = Book::records_of(&home).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].settings, ["budget.confirm = 1000"]);
        assert_eq!((other.forget().unwrap(), book.forget().unwrap()), (0, 1));
        assert!(!book.has(&claims));
    }

    #[test]
    fn a_folder_is_the_same_however_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        std::fs::create_dir_all(&root).unwrap();
        let expected = std::fs::canonicalize(&root).unwrap();
        for way in ["a/b", "a/b/", "a/./b/.", "a/b/../b", "./a//b"] {
            let found = super::real(&dir.path().join(way));
            assert_eq!(found.as_os_str(), expected.as_os_str(), "{way}");
        }
        let none = super::real(&root.join("not/there"));
        assert_eq!(none, expected.join("not/there"));
    }

    #[test]
    fn a_project_does_not_bring_its_own_consent() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        std::fs::create_dir_all(root.join("there")).unwrap();
        let claims = [claim("budget.confirm", "1000")];
        let mut homes = vec![root.join(".gpbuild"), root.join("not/yet"), root.clone()];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("there"), dir.path().join("link")).unwrap();
            homes.push(dir.path().join("link"));
        }
        for home in homes {
            let book = Book::open(&Home::at(&home), &root);
            assert!(book.folder.is_none(), "{}", home.display());
            assert!(!book.add(&claims).unwrap() && !book.has(&claims));
        }
        let beside = dir.path().join("project-of-another");
        assert!(Book::open(&Home::at(&beside), &root).folder.is_some());
    }
}
