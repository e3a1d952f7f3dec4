//! A watch tells an error once, does nothing until something changes, and ends whenever it is asked to.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::project::{PLAIN, Project};

/// Longer than anything takes here, however busy the machine.
const LONG: Duration = Duration::from_secs(60);
/// In this time a watch that spins says the same a hundred times.
const QUIET: Duration = Duration::from_millis(900);

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(project: &Project) -> Self {
        let mut child = project
            .command(&["watch", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in out.map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for a line with this in it.
    fn told(&self, what: &str) {
        loop {
            let line = self.lines.recv_timeout(LONG).expect(what);
            if line.contains(what) {
                return;
            }
        }
    }

    fn is_quiet(&self) -> bool {
        self.lines.recv_timeout(QUIET).is_err()
    }

    /// Ends it by this signal: the exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        end(&mut self.child, signal)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn end(child: &mut Child, signal: &str) -> Option<i32> {
    let began = Instant::now();
    let pid = child.id().to_string();
    Command::new("kill").args([signal, &pid]).status().unwrap();
    while began.elapsed() < LONG {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not end by {signal}");
}

fn project() -> Project {
    let project = Project::new(
        "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"{{ file.stem }}\"\ntext = { headline = \"{{ item.title }}\" }\n",
    );
    project.write("templates/plain.html", PLAIN);
    project.write("posts/x.md", "---\ntitle: one\n---\n");
    project
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_told_once_until_it_changes() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let out = outside.path().join("o.md");
    std::fs::write(&out, "---\ntitle: out\n---\n").unwrap();
    type Put<'a> = &'a dyn Fn(&Project);
    let cases: [(&str, Put<'_>); 8] = [
        ("posts/l.md", &|p| {
            symlink(&out, p.path("posts/l.md")).unwrap();
        }),
        ("posts/l.md", &|p| {
            symlink("nowhere", p.path("posts/l.md")).unwrap();
        }),
        ("posts/l.md", &|p| {
            symlink("l.md", p.path("posts/l.md")).unwrap();
        }),
        ("posts/l.md", &|p| {
            let path = p.path("posts/l.md");
            Command::new("mkfifo").arg(path).status().unwrap();
        }),
        ("posts/l.md", &|p| {
            let file = std::fs::File::create(p.path("posts/l.md")).unwrap();
            file.set_len(1 << 30).unwrap();
        }),
        ("x.gp.toml", &|p| {
            symlink(&out, p.path("x.gp.toml")).unwrap();
        }),
        ("gpbuild.toml", &|p| {
            p.remove("gpbuild.toml");
            symlink(&out, p.path("gpbuild.toml")).unwrap();
        }),
        ("templates/plain.html", &|p| {
            p.remove("templates/plain.html");
            symlink(&out, p.path("templates/plain.html")).unwrap();
        }),
    ];
    for (n, (name, put)) in cases.into_iter().enumerate() {
        let project = project();
        let whole = project.fresh_clone();
        put(&project);
        let watch = Watch::start(&project);
        watch.told("diagnostic");
        assert!(watch.is_quiet(), "{n}: told again");
        std::fs::remove_file(project.path(name)).unwrap();
        if whole.has(name) {
            project.write(name, whole.read(name));
        }
        watch.told("summary");
        let signal = if n % 2 == 0 { "-INT" } else { "-TERM" };
        assert!(watch.end(signal).is_some(), "{n}");
    }
}

#[test]
fn it_ends_while_it_reads_and_while_it_draws() {
    let project = project();
    let rows: String = (0..60_000).map(|n| format!("t{n}\n")).collect();
    project.write("big.csv", format!("title\n{rows}"));
    project.write(
        "big.gp.toml",
        "[cover.big]\nfor_each = { csv = \"big.csv\" }\nid = \"{{ item.title }}\"\ntext = { headline = \"x\" }\n",
    );
    let mut child = project
        .command(&["watch", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Long enough to listen, and by far not to resolve all that.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(end(&mut child, "-INT"), Some(130));
    assert!(!project.has(".gpbuild/preview/dist"));
    let watch = Watch::start(&project);
    watch.told("draft");
    assert_eq!(watch.end("-TERM"), Some(130));
}

#[test]
fn it_ends_when_nobody_reads_what_it_says() {
    for to in ["| head -c 1 >/dev/null", ">/dev/full 2>/dev/full"] {
        let project = project();
        let script = format!("echo $$ > pid; exec \"$@\" {to}");
        let mut shell = Command::new("sh");
        let script = match to.starts_with('|') {
            true => format!("{{ sh -c 'echo $$ > pid; exec \"$@\"' sh \"$@\"; }} {to}; :"),
            false => script,
        };
        let mut child = shell
            .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_gpbuild"), "watch"])
            .arg("--json")
            .current_dir(project.root())
            .env("GPBUILD_HOME", ".gpbuild")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !project.has(".gpbuild/preview/dist/x.png") && began.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(20));
        }
        // It goes on, and hears what changes.
        project.write("posts/y.md", "---\ntitle: two\n---\n");
        while !project.has(".gpbuild/preview/dist/y.png") && began.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(20));
        }
        let pid = project.text("pid");
        Command::new("kill")
            .args(["-INT", pid.trim()])
            .status()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < LONG, "{to}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_project_that_goes_and_comes_back_is_watched() {
    let project = project();
    let parent = Project::empty();
    let inside = parent.path("p");
    for name in project.files("") {
        parent.write(&format!("p/{name}"), project.read(&name));
    }
    let mut child = parent
        .command(&["-C", "p", "watch", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let there = |name: &str| {
        let began = Instant::now();
        while !parent.has(name) {
            assert!(began.elapsed() < LONG, "{name}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    there("p/.gpbuild/preview/dist/x.png");
    std::fs::rename(&inside, parent.path("q")).unwrap();
    std::thread::sleep(QUIET);
    std::fs::rename(parent.path("q"), &inside).unwrap();
    parent.write("p/posts/y.md", "---\ntitle: two\n---\n");
    there("p/.gpbuild/preview/dist/y.png");
    // The build that made it may still be ending.
    assert!(matches!(end(&mut child, "-INT"), Some(0 | 130)));
}
