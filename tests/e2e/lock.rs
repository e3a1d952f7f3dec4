//! `gpbuild.lock`: what the team agreed on.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::SystemTime;

use crate::project::{Counts, Project};

#[test]
fn locked_passes_what_is_fresh_and_restores_what_is_gone() {
    let project = Project::one("one");
    project.build();
    let picture = project.read("dist/a.png");
    assert_eq!(
        project.ok(&["--locked", "--json"]).counts(),
        Counts::fresh(1)
    );
    project.remove("dist");
    assert_eq!(
        project.ok(&["--locked", "--json"]).counts(),
        Counts::restored(1)
    );
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(
        project.fresh_clone().ok(&["--locked", "--json"]).counts(),
        Counts::fresh(1)
    );
}

#[test]
fn locked_makes_nothing() {
    let project = Project::one("one");
    project.build();
    let (picture, lock) = (project.snapshot("dist/a.png"), project.read("gpbuild.lock"));
    project.edit("gpbuild.toml", "one", "two");
    let run = project.run(&["--locked", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.counts(), Counts::blocked(1));
    assert_eq!(run.asset("a")["reason"], "the lock does not answer for it");
    assert_eq!(project.snapshot("dist/a.png"), picture);
    assert_eq!(project.read("gpbuild.lock"), lock);
    assert_eq!(project.shots(), 1);
    // Nor what the lock names and nobody has.
    project.edit("gpbuild.toml", "two", "one");
    let clone = project.fresh_clone();
    clone.remove("dist");
    let run = clone.run(&["--locked", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.asset("a")["reason"],
        "output is missing, and the store does not have it"
    );
    assert!(!clone.has("dist/a.png"));
    assert_eq!(clone.read("gpbuild.lock"), lock);
}

/// A built project whose lock was spoiled and whose text was changed: what build says. Nothing may
/// be written.
fn refused(code: i32, spoil: impl Fn(String) -> String) -> String {
    let project = Project::one("one");
    project.build();
    project.write("gpbuild.lock", spoil(project.text("gpbuild.lock")));
    project.edit("gpbuild.toml", "one", "two");
    let before = project.snapshot("");
    let mut said = String::new();
    for arguments in [
        &["plan"][..],
        &["accept", "a"],
        &["cache", "gc"],
        &["build"],
    ] {
        let run = project.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.err);
        assert_eq!(run.out, "", "{arguments:?}");
        said = run.err;
    }
    assert_eq!(project.snapshot(""), before);
    // A draft has nothing to do with the lock.
    project.ok(&["--draft"]);
    said
}

#[test]
fn a_newer_lock_is_refused() {
    assert_eq!(
        refused(2, |lock| lock.replace("version = 1", "version = 2")
            + "[new]\n"),
        "error: `gpbuild.lock` is of version 2; this gpbuild knows 1\n  = help: a teammate uses a newer gpbuild: use it too\n"
    );
}

#[test]
fn a_damaged_lock_is_refused_at_its_place() {
    let said = refused(5, |lock| lock.replace("output = \"", "output = "));
    assert!(
        said.starts_with("error: `gpbuild.lock` cannot be read: "),
        "{said}"
    );
    assert!(said.contains("\n --> gpbuild.lock:5:10\n"), "{said}");
    assert!(
        said.ends_with("  = help: restore it from git, or delete it and run `gpbuild`: what is in the store is not paid for again\n"),
        "{said}"
    );
    let said = refused(5, |lock| lock.replace("pick = 1", "pick = 1, more = 2"));
    assert!(said.contains("unknown field `more`"), "{said}");
    let said = refused(5, |lock| lock.replace("digest = \"", "digest = \"zz"));
    assert!(said.contains("gpbuild.lock:6:10"), "{said}");
}

#[test]
fn the_other_way_a_damaged_lock_says_to_mend_it_works() {
    let project = Project::one("one");
    project.build();
    project.write("gpbuild.lock", "rubbish");
    assert_eq!(project.run(&[]).code, 5);
    project.remove("gpbuild.lock");
    assert_eq!(project.build(), Counts::fresh(1));
}

/// Two small covers that both branches of a repository change, built and committed on each; and the lock of the other one.
fn branches() -> (Project, String) {
    let ours = Project::many(3);
    ours.build();
    let theirs = ours.fresh_clone();
    for (project, added, changed) in [(&ours, "a05", "ours"), (&theirs, "a06", "theirs")] {
        project.edit("gpbuild.toml", "\"1\"", &format!("\"{changed}\""));
        let manifest = project.text("gpbuild.toml");
        let added = format!("[cover.{added}.text]\nheadline = \"new\"\n");
        project.write("gpbuild.toml", manifest + &added);
        project.build();
    }
    let lock = theirs.text("gpbuild.lock");
    // What git does with all other files.
    ours.write("dist/a06.png", theirs.read("dist/a06.png"));
    ours.edit(
        "gpbuild.toml",
        "[cover.a05.text]",
        "[cover.a06.text]\nheadline = \"new\"\n[cover.a05.text]",
    );
    (ours, lock)
}

/// The text that `git merge-file` makes of two locks, with or without `--union`.
fn merged(project: &Project, theirs: &str, base: &str, union: bool) -> String {
    let files = [
        ("ours", project.text("gpbuild.lock")),
        ("base", base.to_owned()),
        ("theirs", theirs.to_owned()),
    ];
    for (name, text) in &files {
        project.write(&format!(".gpbuild/{name}"), text);
    }
    let mut git = Command::new("git");
    git.current_dir(project.path(".gpbuild"))
        .args(["merge-file", "-p"]);
    if union {
        git.arg("--union");
    }
    let output = git.args(["ours", "base", "theirs"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_merge_that_git_left_to_a_person_is_taken_in() {
    let base = Project::many(3);
    base.build();
    let base = base.text("gpbuild.lock");
    for union in [false, true] {
        let (project, theirs) = branches();
        let lock = merged(&project, &theirs, &base, union);
        assert_eq!(lock.contains("<<<<<<<"), !union, "{lock}");
        project.write("gpbuild.lock", &lock);
        let index = project.text("dist/assets.json");
        project.write(
            "dist/assets.json",
            format!("<<<<<<< HEAD\n{index}=======\n>>>>>>> b\n"),
        );
        // What is to be committed is another lock.
        let run = project.run(&["--locked"]);
        assert_eq!(run.code, 1, "{}\n{lock}", run.err);
        let run = project.ok(&["plan"]);
        let warning = "warning: `gpbuild.lock` holds both sides of a merge: both are taken in, and a build writes it whole\n";
        assert_eq!(run.err, warning);
        let run = project.ok(&["build", "--json"]);
        assert_eq!(run.counts(), Counts::fresh(5), "{lock}");
        let lock = project.text("gpbuild.lock");
        for id in ["a00", "a01", "a02", "a05", "a06"] {
            assert_eq!(
                lock.matches(&format!("[asset.\"{id}\"]\n")).count(),
                1,
                "{lock}"
            );
        }
        project.ok(&["--locked"]);
        // The other side's words: its picture is found by key, wherever its file is.
        let other = theirs_picture();
        project.write("gpbuild.lock", merged(&project, &theirs, &base, union));
        project.edit("gpbuild.toml", "\"ours\"", "\"theirs\"");
        project.write("dist/a01.png", &other);
        assert_eq!(project.build().made, 0);
        assert_eq!(project.read("dist/a01.png"), other);
    }
}

fn theirs_picture() -> Vec<u8> {
    let project = Project::many(3);
    project.edit("gpbuild.toml", "\"1\"", "\"theirs\"");
    project.build();
    project.read("dist/a01.png")
}

#[test]
fn locked_is_not_green_on_a_tree_that_is_not_what_its_lock_says() {
    let built = || {
        let project = Project::many(3);
        project.build();
        project
    };
    let refused = |project: &Project, said: &str| {
        let before = project.snapshot("");
        for _ in 0..2 {
            let run = project.run(&["--locked"]);
            assert_eq!(run.code, 1, "{}", run.err);
            assert!(run.err.ends_with(said), "{}", run.err);
        }
        let state = |name: &String| name.starts_with(".gpbuild");
        let tree = |files: BTreeMap<String, (Vec<u8>, SystemTime)>| -> Vec<_> {
            files.into_iter().filter(|(name, _)| !state(name)).collect()
        };
        assert_eq!(tree(project.snapshot("")), tree(before));
    };
    let orphan = "error: 1 output belongs to no asset: `dist/a02.png`\n  = help: `gpbuild build --prune` removes what nobody edited: commit that\n";
    let writes = "`gpbuild build` without `--locked` writes it: commit what it wrote";
    let project = built();
    project.edit("gpbuild.toml", "[cover.a02.text]\nheadline = \"2\"\n", "");
    let lock =
        format!("error: `gpbuild.lock` is not what this project makes of it\n  = help: {writes}\n");
    let index = format!(
        "error: `dist/assets.json` is not what this project makes of it\n  = help: {writes}\n"
    );
    refused(&project, &format!("{lock}{index}{orphan}"));
    // A build says whose nobody's they are, each time, and leaves them to a person.
    let told = "1 output belongs to no asset (`gpbuild build --prune` removes them):\n  dist/a02.png\n2 fresh in TIME\n";
    assert_eq!(project.ok(&[]).err, told);
    assert_eq!(project.ok(&[]).err, told);
    refused(&project, orphan);
    project.ok(&["--prune"]);
    project.ok(&["--locked"]);
    assert_eq!(project.ok(&[]).err, "2 fresh in TIME\n");
    // An index that somebody changed.
    let project = built();
    project.edit("dist/assets.json", "a01", "a0x");
    refused(&project, &index);
    project.build();
    project.ok(&["--locked"]);
    // One that is not there is an output like any other; one with other line ends is the same.
    let text = project.text("dist/assets.json");
    project.remove("dist/assets.json");
    project.ok(&["--locked"]);
    assert_eq!(project.text("dist/assets.json"), text);
    for name in ["dist/assets.json", "gpbuild.lock"] {
        project.write(name, project.text(name).replace('\n', "\r\n"));
    }
    let before = project.snapshot("dist");
    project.ok(&["--locked"]);
    assert_eq!(project.snapshot("dist"), before);
    // An output that has moved: all is there, and the lock would say otherwise.
    let project = built();
    project.edit(
        "gpbuild.toml",
        "[cover.a01.text]",
        "[cover.a01]\noutput = \"b/a01.png\"\n[cover.a01.text]",
    );
    project.write("b/a01.png", project.read("dist/a01.png"));
    assert_eq!(project.run(&["--locked"]).code, 1);
    assert_eq!(project.ok(&["build", "--prune", "--json"]).counts().made, 0);
    project.ok(&["--locked"]);
}

#[test]
fn the_exit_code_of_a_plan_says_whether_there_is_anything_to_do() {
    let project = Project::many(2);
    let code = || project.run(&["plan", "--exit-code"]).code;
    assert_eq!(code(), 10);
    assert_eq!(project.run(&["plan"]).code, 0);
    project.build();
    assert_eq!(code(), 0);
    project.remove("dist/a00.png");
    assert_eq!(code(), 10);
    project.build();
    assert_eq!(code(), 0);
    project.edit("dist/assets.json", "a01", "a0x");
    assert_eq!(code(), 10);
    project.remove("dist/assets.json");
    assert_eq!(code(), 10);
    project.build();
    assert_eq!(code(), 0);
    project.edit("gpbuild.toml", "[cover.a01.text]\nheadline = \"1\"\n", "");
    assert_eq!(code(), 10);
    project.build();
    // What belongs to nobody is left to a person, and `--locked` is not content with it.
    assert_eq!(code(), 10);
    assert_eq!(project.run(&["build", "--locked"]).code, 1);
    project.ok(&["build", "--prune"]);
    assert_eq!(code(), 0);
    project.edit("gpbuild.lock", "a00.png", "a07.png");
    assert_eq!(code(), 10);
}

#[test]
fn the_same_repository_gives_the_same_bytes_however_many_at_once() {
    let built = ["1", "2", "7"].map(|jobs| {
        let project = Project::many(9);
        project.edit(
            "gpbuild.toml",
            "[cover.a00.text]",
            "[cover.a00]\nformat = \"jpeg\"\n[cover.a00.text]",
        );
        project.ok(&["-j", jobs]);
        let mut files = Vec::new();
        for name in ["dist", "gpbuild.lock"]
            .iter()
            .flat_map(|below| project.files(below))
        {
            files.push((name.clone(), project.read(&name)));
        }
        files
    });
    assert_eq!(built[0].len(), 11);
    assert_eq!(built[0], built[1]);
    assert_eq!(built[0], built[2]);
}

#[test]
fn a_build_of_some_keeps_what_the_lock_says_of_the_others() {
    let project = Project::many(3);
    project.build();
    let lock = project.text("gpbuild.lock");
    project.edit("gpbuild.toml", "\"0\"", "\"new\"");
    project.edit("gpbuild.toml", "\"1\"", "\"newer\"");
    assert_eq!(
        project.ok(&["build", "a00", "--json"]).counts(),
        Counts::made(1)
    );
    let of = |lock: &str, id: &str| {
        let start = lock.find(&format!("[asset.\"{id}\"]")).unwrap();
        lock[start..]
            .split("\n\n")
            .next()
            .unwrap()
            .trim()
            .to_owned()
    };
    let now = project.text("gpbuild.lock");
    assert_ne!(of(&now, "a00"), of(&lock, "a00"));
    assert_eq!(of(&now, "a01"), of(&lock, "a01"));
    assert_eq!(of(&now, "a02"), of(&lock, "a02"));
    let counts = Counts {
        fresh: 2,
        made: 1,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts);
}

#[test]
fn a_pinned_picture_stays_whatever_its_text_becomes() {
    let project = Project::one("one");
    project.build();
    let (picture, lock) = (project.read("dist/a.png"), project.read("gpbuild.lock"));
    project.edit("gpbuild.toml", "[cover.a]\n", "[cover.a]\npin = true\n");
    assert_eq!(project.build(), Counts::fresh(1));
    project.edit("gpbuild.toml", "one", "two");
    for _ in 0..2 {
        let run = project.ok(&["build", "--json"]);
        assert_eq!(run.counts(), Counts::fresh(1));
        assert_eq!(run.asset("a")["reason"], "pinned and stale");
        assert_eq!(
            project.ok(&["plan", "--json"]).asset("a")["reason"],
            "pinned and stale"
        );
        assert_eq!(
            project.ok(&["plan"]).out,
            "fresh     a  pinned and stale\n\nnothing to make (1 fresh)\n"
        );
    }
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(project.read("gpbuild.lock"), lock);
    project.remove("dist");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(project.fresh_clone().build(), Counts::fresh(1));
    project.edit("gpbuild.toml", "pin = true\n", "");
    assert_eq!(project.build(), Counts::made(1));
}

#[test]
fn another_roll_is_a_line_in_the_manifest_and_going_back_is_free() {
    let project = Project::one("one");
    project.build();
    let lock = project.read("gpbuild.lock");
    project.edit("gpbuild.toml", "[cover.a]\n", "[cover.a]\nvariant = 2\n");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::made(1));
    assert_eq!(run.asset("a")["reason"], "variant changed");
    assert_eq!(project.shots(), 2);
    assert_ne!(project.read("gpbuild.lock"), lock);
    project.edit("gpbuild.toml", "variant = 2", "variant = 1");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts().made, 0);
    assert_eq!(project.shots(), 2);
    // The lock says so too, once the picture is put in its place again.
    project.edit("gpbuild.toml", "variant = 1", "variant = 2");
    project.build();
    project.edit("gpbuild.toml", "variant = 2", "variant = 1");
    project.remove("dist");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("gpbuild.lock"), lock);
}
