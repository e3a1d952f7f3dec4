//! Situations that were once wrong: edits that grow old, crowds, renames of what a person made.

use crate::project::{Counts, Project, another_picture};
use crate::state::grow_old;

fn edited() -> (Project, Vec<u8>, Vec<u8>) {
    let project = Project::one("one");
    project.build();
    let made = project.read("dist/a.png");
    let edited = another_picture();
    project.write("dist/a.png", &edited);
    (project, made, edited)
}

#[test]
fn an_edit_that_is_not_young_any_more_stays_noticed() {
    let (project, _, edited) = edited();
    grow_old();
    for _ in 0..3 {
        assert_eq!(
            project.run(&["build", "--json"]).counts(),
            Counts::blocked(1)
        );
    }
    project.edit("gpbuild.toml", "one", "two");
    for _ in 0..2 {
        assert_eq!(
            project.run(&["build", "--json"]).counts(),
            Counts::blocked(1)
        );
    }
    assert_eq!(project.read("dist/a.png"), edited);
}

#[test]
fn an_edit_is_noticed_after_a_build_of_others() {
    let project = Project::many(2);
    project.build();
    let edited = another_picture();
    project.write("dist/a01.png", &edited);
    grow_old();
    project.edit("gpbuild.toml", "\"0\"", "\"new\"");
    project.ok(&["build", "a00"]);
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.asset("a01")["state"], "blocked");
    assert_eq!(project.read("dist/a01.png"), edited);
}

#[test]
fn going_back_to_another_roll_leaves_the_lock_as_it_was() {
    let project = Project::one("one");
    project.build();
    let lock = project.text("gpbuild.lock");
    project.edit("gpbuild.toml", "[cover.a]\n", "[cover.a]\nvariant = 2\n");
    project.build();
    project.edit("gpbuild.toml", "variant = 2\n", "");
    project.build();
    assert_eq!(project.text("gpbuild.lock"), lock);
    assert_eq!(project.fresh_clone().build(), Counts::fresh(1));
}

#[test]
fn the_index_says_what_is_in_the_picture_that_is_there() {
    let project = Project::one("one");
    project.build();
    let index = project.text("dist/assets.json");
    project.edit("gpbuild.toml", "one", "two");
    project.run(&["--locked"]);
    assert_eq!(project.text("dist/assets.json"), index);
    project.edit("gpbuild.toml", "[cover.a]\n", "[cover.a]\npin = true\n");
    project.build();
    assert_eq!(project.text("dist/assets.json"), index);
}

#[test]
fn an_accepted_picture_that_is_renamed_is_kept() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.edit("gpbuild.toml", "cover.a", "cover.b");
    assert_eq!(project.build().made, 0);
    assert_eq!(project.read("dist/b.png"), edited);
}

#[test]
fn an_output_that_would_be_made_just_so_is_its_own_whatever_told_of_it_is_gone() {
    // As a power cut may leave it: the output is whole, the entry and the lock never came to the disk.
    let project = Project::new(
        "[defaults]\nsize = \"80x60\"\n[cover.a]\ntext = { headline = \"a\" }\n[carousel.c]\npdf = true\n[[carousel.c.slide]]\ntext = { headline = \"b\" }\n",
    );
    assert_eq!(project.build(), Counts::made(3));
    let lock = project.text("gpbuild.lock");
    let outputs = || ["dist/a.png", "dist/c.pdf"].map(|name| project.read(name));
    let before = outputs();
    for gone in [
        &["gpbuild.lock", ".gpbuild"][..],
        &["gpbuild.lock", ".gpbuild/store/exports", ".gpbuild/state"],
    ] {
        gone.iter().for_each(|name| project.remove(name));
        // A bundle is known once its slides are.
        project.run(&["build"]);
        assert_eq!(project.build(), Counts::fresh(3), "{gone:?}");
        assert_eq!(project.text("gpbuild.lock"), lock, "{gone:?}");
        assert!(outputs() == before, "{gone:?}");
    }
    // What is another picture is a person's, at the second look too.
    project.remove("gpbuild.lock");
    project.remove(".gpbuild");
    let theirs = another_picture();
    project.write("dist/a.png", &theirs);
    for _ in 0..2 {
        let run = project.run(&["build", "--json"]);
        let asset = run.asset("a");
        assert_eq!((run.code, asset["state"].as_str()), (1, Some("blocked")));
        assert_eq!(
            asset["reason"],
            "a file is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
        );
        assert_eq!(project.read("dist/a.png"), theirs);
    }
}

#[test]
fn a_crowd_many_times() {
    for _ in 0..30 {
        let project = Project::many(4);
        let children: Vec<_> = (0..5)
            .map(|_| {
                let mut command = project.command(&["build", "--json"]);
                command
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut made = 0;
        for child in children {
            let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            let summary: serde_json::Value =
                serde_json::from_str(out.lines().last().unwrap()).unwrap();
            made += summary["made"].as_u64().unwrap();
        }
        assert_eq!(made, 4);
    }
}

#[test]
fn two_builds_of_different_assets_both_stand_in_the_lock() {
    for n in 0..60 {
        let project = Project::many(2);
        let children: Vec<_> = ["a00", "a01"]
            .map(|id| project.command(&["build", "-q", id]).spawn().unwrap())
            .into_iter()
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let lock = project.text("gpbuild.lock");
        assert!(
            lock.contains("[asset.\"a00\"]") && lock.contains("[asset.\"a01\"]"),
            "{n}: {lock}"
        );
    }
}
