//! `.gpbuild` and the lock as a stranger would have them: links, tracked by git, pipes.

use std::fs;

use super::{Came, MANIFEST, Stranger, git};

/// Every command that looks at what `.gpbuild` says, or writes there.
const USES: [&[&str]; 8] = [
    &["plan"],
    &["build"],
    &["build", "-q"],
    &["build", "--draft"],
    &["cache", "gc"],
    &["pick", "a"],
    &["pick", "a", "1"],
    &["build", "--force", "--prune", "--json"],
];
/// Those of them that say what is wrong as text.
const TALKS: [&[&str]; 7] = [
    USES[0], USES[1], USES[2], USES[3], USES[4], USES[5], USES[6],
];

const LINK: &str = "error: `.gpbuild` is a symbolic link: what gpbuild keeps there would lie wherever it leads\n  = help: remove it: gpbuild makes a folder; if it leads to the store of an older gpbuild, `GPBUILD_HOME` may name that folder\n";

fn tracked(path: &str) -> String {
    format!(
        "error: git tracks `{path}`: what is in `.gpbuild` is for one checkout, and nobody else's word counts there\n  = help: `git rm -r --cached .gpbuild` and a commit end that; delete the folder if it came with a repository that is not yours\n"
    )
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    for target in ["../victim", ".git", "nowhere", "/"] {
        let stranger = Stranger::new();
        stranger.link(".gpbuild", target);
        let seen = stranger.attack();
        seen.all_said(&TALKS, 5, LINK);
    }
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let stranger = Stranger::new();
    stranger.write(".gpbuild", "mine");
    let said = "error: `.gpbuild` is not a folder, and gpbuild keeps there what it knows of this checkout\n  = help: remove it: gpbuild makes a folder, and nothing that was paid for lies there\n";
    stranger.attack().all_said(&TALKS, 5, said);
    let stranger = Stranger::new();
    stranger.pipe(".gpbuild");
    stranger.attack().said(Came::Unpacked, &TALKS, 5, said);
}

/// What an archive brings in `.gpbuild` without git's knowing, each a way out or a trap: nothing of it is followed
/// or waited for; where it is in the way, that is told.
#[test]
fn what_lies_in_the_folder_is_no_way_out() {
    for (name, target) in [
        ("ledger", "../../home/.bashrc"),
        ("store/objects", "../../../victim"),
        ("store/incoming", "../../../victim"),
        ("store/VERSION", "../../../secret"),
        ("store", "../../victim"),
        ("candidates", "../../victim"),
        ("candidates/a", "../../../victim/docs"),
        ("preview", "../../victim"),
        ("preview/dist", "../../../victim"),
        ("state", "../../secret"),
        ("state-draft", "../../secret"),
        ("running", "../../secret"),
        ("drafting", "../../new"),
        (".gitignore", "../../secret"),
    ] {
        let stranger = Stranger::new();
        let path = format!(".gpbuild/{name}");
        stranger.link(&path, target);
        let seen = stranger.attack();
        seen.said(Came::Cloned, &TALKS, 5, &tracked(&path));
        assert!(!stranger.outside("new").exists());
        let link = format!("`{path}` is a symbolic link, and gpbuild follows none here");
        let refused: &[&[&str]] = match name {
            "running" => &[&["build"], &["build", "-q"]],
            "drafting" => &[&["build", "--draft"]],
            "preview" => &[&["build", "--draft"]],
            _ => &[],
        };
        for command in refused {
            let run = seen.run(Came::Unpacked, command);
            assert_ne!(run.code, 0, "{name} {command:?}");
            assert!(run.err.contains(&link), "{name} {command:?}: {}", run.err);
        }
    }
}

#[test]
fn a_pipe_or_a_socket_in_the_folder_is_refused_at_once() {
    for name in [
        "state",
        "state-draft",
        "running",
        "drafting",
        ".gitignore",
        "ledger",
        "candidates",
    ] {
        let socket = name.len() % 2 == 0;
        let stranger = Stranger::new();
        let path = format!(".gpbuild/{name}");
        if socket {
            stranger.socket(&path);
        } else {
            stranger.pipe(&path);
        }
        let seen = stranger.attack();
        let refused: &[&[&str]] = match name {
            "running" => &[&["build"]],
            "drafting" => &[&["build", "--draft"]],
            _ => &[],
        };
        let said = format!("error: `{path}` is not a regular file\n");
        seen.said(Came::Unpacked, refused, 5, &said);
    }
}

/// A state that is right in everything but that it was written for another checkout.
#[test]
fn a_state_that_came_along_is_not_believed() {
    let stranger = Stranger::new();
    let first = stranger.arrive(Came::Cloned);
    assert_eq!(first.run(&["build"]).code, 0);
    let state = fs::read(first.path(".gpbuild/state")).unwrap();
    for name in ["dist/a.png", "dist/assets.json", "gpbuild.lock"] {
        stranger.write(name, fs::read(first.path(name)).unwrap());
    }
    stranger.write(".gpbuild/state", state);
    fs::remove_dir_all(stranger.outside("cloned")).unwrap();
    let seen = stranger.attack();
    seen.said(Came::Cloned, &TALKS, 5, &tracked(".gpbuild/state"));
}

#[test]
fn git_is_asked_by_its_index_however_that_is_written() {
    for setup in [
        &[][..],
        &["update-index", "--index-version", "3"],
        &["update-index", "--index-version", "4"],
        &["update-index", "--split-index"],
        &["update-index", "--skip-worktree", ".gpbuild/state"],
    ] {
        let stranger = Stranger::new();
        stranger.write(".gpbuild/state", "x");
        for n in 0..40 {
            stranger.write(&format!("-before/{n}"), "x");
            stranger.write(&format!("posts/{n}"), "x");
        }
        let arrived = stranger.arrive(Came::Cloned);
        if !setup.is_empty() {
            git(&arrived.path(""), setup);
        }
        let run = arrived.run(&["build"]);
        assert_eq!(
            (run.code, run.err),
            (5, tracked(".gpbuild/state")),
            "{setup:?}"
        );
        // What the message says helps.
        git(
            &arrived.path(""),
            &["rm", "--sparse", "-r", "-q", "--cached", ".gpbuild"],
        );
        git(&arrived.path(""), &["update-index", "--no-split-index"]);
        assert_eq!(arrived.run(&["build"]).code, 0, "{setup:?}");
    }
}

#[test]
fn git_is_asked_in_every_kind_of_checkout() {
    // A project below the top, in upper case where a file system may not tell, in a repository of long names.
    let stranger = Stranger::empty();
    for folder in ["docs", "zoo"] {
        stranger.write(&format!("{folder}/gpbuild.toml"), MANIFEST);
        stranger.write(
            &format!("{folder}/templates/plain.html"),
            crate::project::PLAIN,
        );
    }
    stranger.write("docs/.gpbuild/state", "x");
    stranger.write("zoo/.GPBUILD/state", "x");
    let arrived = stranger.arrive(Came::Cloned);
    let build = |folder: &str| {
        let run = arrived.run(&["-C", folder, "build"]);
        (run.code, run.err)
    };
    assert_eq!(build("docs"), (5, tracked(".gpbuild/state")));
    // Only where there is such a folder: on this disk it is another one.
    assert_eq!(build("zoo").0, 0);
    // A further worktree has a file in the place of `.git`.
    let worktree = stranger.outside("unpacked");
    git(
        &arrived.path(""),
        &["worktree", "add", "-q", worktree.to_str().unwrap()],
    );
    let mut command = arrived.command(&["build"]);
    command.current_dir(worktree.join("docs"));
    let run = arrived.run_command(command, &["build"]);
    assert_eq!((run.code, run.err), (5, tracked(".gpbuild/state")));
}

#[test]
fn a_damaged_index_says_nothing_and_is_not_waited_for() {
    let stranger = Stranger::new();
    let arrived = stranger.arrive(Came::Cloned);
    let index = arrived.path(".git/index");
    let good = fs::read(&index).unwrap();
    fs::create_dir(arrived.path(".gpbuild")).unwrap();
    let mut tried = vec![Vec::new(), b"DIRC".to_vec(), vec![0xff; 4096]];
    tried.extend((0..good.len()).step_by(17).map(|at| good[..at].to_vec()));
    tried.push([b"DIRC\0\0\0\x04\xff\xff\xff\xff", &[0xff; 4096][..]].concat());
    for bytes in tried {
        fs::write(&index, bytes).unwrap();
        assert_eq!(arrived.run(&["plan"]).code, 0);
    }
    fs::remove_file(&index).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&index).status();
    assert!(made.unwrap().success());
    assert_eq!(arrived.run(&["plan"]).code, 0);
}

#[test]
fn the_folder_ignores_itself_whoever_makes_it() {
    for command in [&["build"][..], &["build", "--draft"], &["watch"]] {
        let stranger = Stranger::new();
        let arrived = stranger.arrive(Came::Cloned);
        assert!(matches!(arrived.run(command).code, 0 | 130));
        let ignore = fs::read_to_string(arrived.path(".gpbuild/.gitignore")).unwrap();
        assert_eq!(ignore, "*\n", "{command:?}");
        git(&arrived.path(""), &["add", "--all"]);
        let run = arrived.run(&["build"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
}

#[test]
fn a_lock_that_is_a_link_or_a_pipe_is_not_read() {
    let stranger = Stranger::new();
    stranger.link("gpbuild.lock", "../secret");
    let seen = stranger.attack();
    let said = "error: `gpbuild.lock` is a symbolic link, and gpbuild follows none here\n  = help: put the lock itself there: it is read and written where the project is\n";
    seen.all_said(
        &[&["plan"], &["build"], &["build", "-q"], &["cache", "gc"]],
        5,
        said,
    );
    for kind in ["pipe", "socket", "folder"] {
        let stranger = Stranger::new();
        match kind {
            "pipe" => stranger.pipe("gpbuild.lock"),
            "socket" => stranger.socket("gpbuild.lock"),
            _ => stranger.write("gpbuild.lock/x", "x"),
        }
        let said = "error: `gpbuild.lock` is not a regular file\n";
        let commands: &[&[&str]] = &[&["plan"], &["build"], &["build", "-q"], &["cache", "gc"]];
        stranger.attack().said(Came::Unpacked, commands, 5, said);
    }
}

/// A lock may say that anything was written, wherever it is: only a picture that is in its place goes.
#[test]
fn a_lock_does_not_decide_what_is_removed() {
    let stranger = Stranger::new();
    stranger.link("out", "../victim");
    stranger.link("deep/out", "../../victim");
    stranger.link("hooks", ".git/hooks");
    let secret = fs::read(stranger.outside("victim/a.png")).unwrap();
    let digest = base::digest::Digest::of(&secret).hex();
    let mut lock = "version = 1\n\n[unclaimed]\n".to_owned();
    for path in [
        "out/a.png",
        "deep/out/a.png",
        "../victim/a.png",
        "/etc/passwd",
        "hooks/pre-commit",
        ".git/HEAD",
        "sub/.git/config",
    ] {
        lock += &format!("\"{path}\" = \"{digest}\"\n");
    }
    stranger.write("gpbuild.lock", lock);
    stranger.attack();
}
