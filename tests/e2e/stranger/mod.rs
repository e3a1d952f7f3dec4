//! Repositories of somebody else, set up to have gpbuild read, write, delete, spend or hang where it must not.
//! Each is cloned with git, and unpacked as from an archive, beside a tree of canaries; every command is run in
//! it; then nothing outside may be otherwise, no word of a canary may be in what was printed or written, nothing
//! may have been sent, and no process be left.

mod folder;
mod inputs;
mod outputs;
mod person;
mod swapped;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use api_server::{Options, Server};
use memchr::memmem;

use crate::project::{PLAIN, Run};

/// The word in every file that nobody may read.
const CANARY: &str = "canary-5d1f3c";
/// The key that nobody may see.
const KEY: &str = "sk-canary-5d1f3c-key";
/// Longer than any command takes here, however busy the machine; far shorter than for ever.
const LONG: Duration = Duration::from_secs(120);

/// What is run in a stranger's repository.
const COMMANDS: [&[&str]; 11] = [
    &["plan"],
    &["check"],
    &["show", "a"],
    &["build"],
    &["build", "-q"],
    &["build", "--force", "--prune", "--json"],
    &["build", "--draft"],
    &["cache", "gc"],
    &["pick", "a"],
    &["pick", "a", "1"],
    &["watch"],
];

/// A project with one picture of 40 by 30, named `a`, that is drawn here.
pub const MANIFEST: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.a]\ntext = { headline = \"one\" }\n";

/// A repository that is being set up.
pub struct Stranger {
    folder: tempfile::TempDir,
    server: Server,
}

/// How a repository came to this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// By `git clone`: it holds what was committed.
    Cloned,
    /// Out of an archive: pipes, sockets and files that git does not know are in it, and no index.
    Unpacked,
}

/// What every command said.
pub struct Seen(Vec<(Came, &'static [&'static str], Run)>);

impl Seen {
    /// What one of them said.
    pub fn run(&self, came: Came, command: &[&str]) -> &Run {
        let mut runs = self.0.iter();
        let found = runs.find(|(how, name, _)| (*how, *name) == (came, command));
        &found.unwrap_or_else(|| panic!("{command:?} was not run")).2
    }

    /// That each of these ended with this code and these words, however the repository came.
    pub fn all_said(&self, commands: &[&[&str]], code: i32, err: &str) {
        for came in [Came::Cloned, Came::Unpacked] {
            self.said(came, commands, code, err);
        }
    }

    /// The same for one way of coming.
    pub fn said(&self, came: Came, commands: &[&[&str]], code: i32, err: &str) {
        for command in commands {
            let run = self.run(came, command);
            assert_eq!(
                (run.code, run.err.as_str()),
                (code, err),
                "{came:?} {command:?}: {}",
                run.out
            );
        }
    }
}

impl Stranger {
    /// A repository with [`MANIFEST`], beside canaries.
    pub fn new() -> Self {
        let stranger = Self::empty();
        stranger.write("gpbuild.toml", MANIFEST);
        stranger.write("templates/plain.html", PLAIN);
        stranger
    }

    /// An empty repository.
    pub fn empty() -> Self {
        let stranger = Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(Options::default()),
        };
        fs::create_dir(stranger.path("origin")).unwrap();
        for name in [
            "world/secret",
            "world/secret.toml",
            "world/home/.bashrc",
            "world/home/.ssh/id",
            "world/victim/docs/a.txt",
            "world/victim/a/1.png",
            "world/victim/a.png",
            "world/victim/plain.html",
            "world/victim/1-x.part",
            "world/victim/.gpbuild-tmp-0123",
            "world/victim/preview/dist/a.png",
        ] {
            let path = stranger.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{CANARY} in {name}\n")).unwrap();
        }
        stranger
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file or folder beside the repository: `secret`, `victim`, `home/.bashrc`. From the top of the
    /// repository it is `../NAME`.
    pub fn outside(&self, name: &str) -> PathBuf {
        self.path("world").join(name)
    }

    /// A place in the repository; the folders that it needs are there.
    pub fn at(&self, name: &str) -> PathBuf {
        let path = self.path("origin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Writes a file.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.at(name), contents).unwrap();
    }

    /// Makes a symbolic link.
    pub fn link(&self, name: &str, target: impl AsRef<Path>) {
        symlink(target, self.at(name)).unwrap();
    }

    /// Makes a pipe that nobody writes to; git leaves it out.
    pub fn pipe(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.at(name)).status();
        assert!(made.unwrap().success());
    }

    /// Makes a socket that nobody listens at; git leaves it out.
    pub fn socket(&self, name: &str) {
        drop(std::os::unix::net::UnixListener::bind(self.at(name)).unwrap());
    }

    /// Takes everything out of the repository that is not the project of [`Stranger::new`].
    pub fn remove(&self, name: &str) {
        let path = self.at(name);
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// Brings the repository to this machine.
    pub fn arrive(&self, came: Came) -> Arrived<'_> {
        let place = self.outside(match came {
            Came::Cloned => "cloned",
            Came::Unpacked => "unpacked",
        });
        let origin = self.path("origin");
        if !origin.join(".git").exists() {
            git(&origin, &["init", "--quiet"]);
        }
        git(&origin, &["add", "--all", "--force", "."]);
        git(&origin, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
        let (from, to) = (origin.to_str().unwrap(), place.to_str().unwrap());
        match came {
            Came::Cloned => git(self.folder.path(), &["clone", "--quiet", from, to]),
            Came::Unpacked => {
                let copied = Command::new("cp").args(["-a", from, to]).status();
                assert!(copied.unwrap().success());
                fs::remove_file(place.join(".git/index")).unwrap();
            }
        }
        Arrived {
            stranger: self,
            place,
        }
    }

    /// Runs every command in the repository, however it came, and holds what must hold.
    pub fn attack(&self) -> Seen {
        let mut seen = Vec::new();
        for came in [Came::Cloned, Came::Unpacked] {
            let arrived = self.arrive(came);
            for command in COMMANDS {
                seen.push((came, command, arrived.run(command)));
            }
        }
        Seen(seen)
    }
}

/// A stranger's repository on this machine.
pub struct Arrived<'a> {
    stranger: &'a Stranger,
    place: PathBuf,
}

impl Arrived<'_> {
    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// The binary, to be run in it by the person whose machine this is.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gpbuild"));
        command
            .args(arguments)
            .current_dir(&self.place)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.stranger.outside("home"))
            .env("GPBUILD_HOME", self.stranger.path("person"))
            .env("OPENAI_API_KEY", KEY)
            .env("OPENAI_BASE_URL", self.stranger.server.base_url());
        command
    }

    /// Runs it: it ends, a watch when it is told to; and nothing of what it must not do is done.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_command(self.command(arguments), arguments)
    }

    /// The same while somebody renames things in the repository: what is in it cannot be looked through then.
    pub fn run_in_motion(&self, arguments: &[&str]) -> Run {
        let what = format!("{} {arguments:?}", self.place.display());
        let before = self.canaries();
        let run = Run::of(ended(self.command(arguments), false, &what));
        assert_eq!(self.canaries(), before, "{what}: something outside changed");
        for text in [&run.out, &run.err] {
            assert!(!text.contains(CANARY), "{what}: {text}");
        }
        assert!(run.code != 101 && run.code != 70, "{what}: {}", run.err);
        run
    }

    /// The same for a command that was changed.
    pub fn run_command(&self, command: Command, arguments: &[&str]) -> Run {
        let what = format!("{} {arguments:?}", self.place.display());
        let before = (self.canaries(), tree(&self.path(".git")));
        let run = Run::of(ended(command, arguments.first() == Some(&"watch"), &what));
        let after = (self.canaries(), tree(&self.path(".git")));
        assert_eq!(after.0, before.0, "{what}: something outside changed");
        assert_eq!(after.1, before.1, "{what}: something of git's changed");
        for (text, stream) in [(&run.out, "out"), (&run.err, "err")] {
            assert!(!text.contains(CANARY), "{what}: {stream}: {text}");
        }
        assert!(run.code != 101 && run.code != 70, "{what}: {}", run.err);
        for folder in [&self.place, &self.stranger.path("person")] {
            for (path, thing) in tree(folder) {
                let found = memmem::find(&thing.bytes, CANARY.as_bytes()).is_some();
                assert!(!found, "{what}: a canary is in {}", path.display());
            }
        }
        let sent = self.stranger.server.requests();
        assert_eq!(sent.len(), 0, "{what}: something was sent");
        run
    }

    /// All that is outside, but for repositories.
    fn canaries(&self) -> BTreeMap<PathBuf, Thing> {
        let mut outside = tree(&self.stranger.path("world"));
        let repositories = ["cloned", "unpacked"].map(|name| self.stranger.outside(name));
        outside.retain(|path, _| !repositories.iter().any(|r| path.starts_with(r)));
        // That the repositories come into it changes its times.
        outside.remove(&self.stranger.path("world"));
        outside
    }
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
struct Thing {
    mode: u32,
    inode: u64,
    links: u64,
    changed: (i64, i64),
    bytes: Vec<u8>,
}

/// Everything below a folder, and the folder itself; no link is followed.
fn tree(top: &Path) -> BTreeMap<PathBuf, Thing> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_path_buf()];
    while let Some(path) = open.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        let mut bytes = Vec::new();
        if meta.is_dir() {
            // What goes meanwhile is not there.
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        } else if meta.is_file() {
            bytes = fs::read(&path).unwrap_or_default();
        }
        let thing = Thing {
            mode: meta.mode(),
            inode: meta.ino(),
            links: meta.nlink(),
            changed: (meta.ctime(), meta.ctime_nsec()),
            bytes,
        };
        found.insert(path, thing);
    }
    found
}

/// Runs a command to its end, which must come; no process of its group may be left.
fn ended(mut command: Command, is_watch: bool, what: &str) -> Output {
    let [out, err] = [(); 2].map(|()| tempfile::tempfile().unwrap());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(err.try_clone().unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let group = child.id();
    let signal = |signal: &str, to: String| {
        let sent = Command::new("kill")
            .args([signal, "--", &to])
            .stderr(Stdio::null())
            .status();
        sent.unwrap().success()
    };
    let began = Instant::now();
    let mut interrupted = !is_watch;
    // What a watch says once it has built, or could not, and listens.
    let listens = || {
        let length = usize::try_from(err.metadata().unwrap().len()).unwrap();
        let mut said = vec![0; length];
        err.read_exact_at(&mut said, 0).unwrap();
        memmem::find(&said, b"ctrl-c ends it").is_some()
    };
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if !interrupted && listens() {
            interrupted = signal("-INT", group.to_string());
        }
        if began.elapsed() > LONG {
            signal("-KILL", format!("-{group}"));
            child.wait().unwrap();
            panic!("{what}: it does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(
        !signal("-0", format!("-{group}")),
        "{what}: a process is left"
    );
    let read = |mut file: fs::File| {
        use std::io::{Read, Seek};
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    Output {
        status,
        stdout: read(out),
        stderr: read(err),
    }
}

/// Runs git as nobody in particular.
pub fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "protocol.file.allow=always",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "x")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "x@example.com")))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {err}");
}
