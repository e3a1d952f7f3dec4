//! `gpbuild.lock`: what the team agreed on.

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

#[test]
fn conflict_markers_are_named() {
    let said = refused(5, |lock| {
        lock.replace(
            "output = \"dist/a.png\"\n",
            "<<<<<<< HEAD\noutput = \"dist/a.png\"\n=======\noutput = \"dist/b.png\"\n>>>>>>> b\n",
        )
    });
    assert!(
        said.ends_with(
            "  = help: it has git conflict markers: keep either side of each, then run `gpbuild`\n"
        ),
        "{said}"
    );
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
