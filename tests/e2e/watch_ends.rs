//! A watch tells an error once, does nothing until something changes, and ends whenever it is asked to.

use std::process::{Command, Stdio};

use crate::process::{all_at_once, end, ended, until};
use crate::project::{PLAIN, Project};
use crate::watcher::{QUIET, Watch};

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
    type Put<'a> = &'a (dyn Fn(&Project) + Sync);
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
    all_at_once(&cases, |(name, put)| {
        let project = project();
        let whole = project.fresh_clone();
        put(&project);
        let watch = Watch::begin(&project, &["--draft"]);
        watch.next("diagnostic");
        assert!(watch.is_quiet(), "{name}: told again");
        std::fs::remove_file(project.path(name)).unwrap();
        if whole.has(name) {
            project.write(name, whole.read(name));
        }
        watch.built();
        let signal = if name.len() % 2 == 0 { "-INT" } else { "-TERM" };
        assert!(watch.end(signal).is_some(), "{name}");
    });
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
        .command(&["watch", "--draft", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It listens, and has by far not resolved all that.
    #[cfg(target_os = "linux")]
    crate::process::until_it_hears(&child);
    #[cfg(not(target_os = "linux"))]
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(end(&mut child, "-INT"), Some(130));
    assert!(!project.has(".gpbuild/preview/dist"));
    let watch = Watch::begin(&project, &["--draft"]);
    while watch.next("asset").last().unwrap()["state"] != "draft" {}
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
            .args([
                "-c",
                &script,
                "sh",
                env!("CARGO_BIN_EXE_gpbuild"),
                "watch",
                "--draft",
            ])
            .arg("--json")
            .current_dir(project.root())
            .env("GPBUILD_HOME", ".gpbuild")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let there = |name| until(to, || project.has(name));
        there(".gpbuild/preview/dist/x.png");
        // It goes on, and hears what changes.
        project.write("posts/y.md", "---\ntitle: two\n---\n");
        there(".gpbuild/preview/dist/y.png");
        let pid = project.text("pid");
        Command::new("kill")
            .args(["-INT", pid.trim()])
            .status()
            .unwrap();
        ended(&mut child);
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
        .command(&["-C", "p", "watch", "--draft", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let there = |name: &str| until(name, || parent.has(name));
    there("p/.gpbuild/preview/dist/x.png");
    std::fs::rename(&inside, parent.path("q")).unwrap();
    std::thread::sleep(QUIET);
    std::fs::rename(parent.path("q"), &inside).unwrap();
    parent.write("p/posts/y.md", "---\ntitle: two\n---\n");
    there("p/.gpbuild/preview/dist/y.png");
    // The build that made it may still be ending.
    assert!(matches!(end(&mut child, "-INT"), Some(0 | 130)));
}
