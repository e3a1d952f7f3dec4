//! A picture that a person changed is theirs: kept until they say otherwise.

use crate::project::{Counts, Project, another_picture};

const EDITED: &str =
    "the output was edited by hand: `gpbuild accept` keeps it, `--force` replaces it";

/// A built project whose output was edited.
fn edited() -> (Project, Vec<u8>, Vec<u8>) {
    let project = Project::one("one");
    project.build();
    let made = project.read("dist/a.png");
    let edited = another_picture();
    assert_ne!(made, edited);
    project.write("dist/a.png", &edited);
    (project, made, edited)
}

/// Whether an object with these bytes is in the store.
fn in_store(project: &Project, bytes: &[u8]) -> bool {
    let objects = project.files(".gpbuild/store/objects");
    objects.iter().any(|name| project.read(name) == bytes)
}

#[test]
fn an_edited_output_is_blocked_and_left_alone() {
    let (project, _, edited) = edited();
    for _ in 0..2 {
        let run = project.run(&["build", "--json"]);
        assert_eq!(run.code, 1);
        assert_eq!(run.counts(), Counts::blocked(1));
        assert_eq!(run.asset("a")["state"], "blocked");
        assert_eq!(run.asset("a")["reason"], EDITED);
        assert_eq!(project.read("dist/a.png"), edited);
    }
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.err,
        format!("blocked   a  dist/a.png  ({EDITED})\n0 failed, 1 blocked in TIME\n")
    );
    // With a new text too: nothing is made before it is settled.
    project.edit("gpbuild.toml", "one", "two");
    assert_eq!(
        project.run(&["build", "--json"]).counts(),
        Counts::blocked(1)
    );
    assert_eq!(project.read("dist/a.png"), edited);
    assert_eq!(project.shots(), 1);
}

#[test]
fn the_others_are_made_all_the_same() {
    let project = Project::many(3);
    project.build();
    project.write("dist/a01.png", another_picture());
    project.edit("gpbuild.toml", "\"2\"", "\"new\"");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    let counts = Counts {
        fresh: 1,
        made: 1,
        blocked: 1,
        ..Counts::default()
    };
    assert_eq!(run.counts(), counts);
}

#[test]
fn force_replaces_it_and_loses_nothing() {
    let (project, made, edited) = edited();
    let run = project.ok(&["build", "--force", "--json"]);
    assert_eq!(run.counts(), Counts::restored(1));
    assert_eq!(
        run.asset("a")["reason"],
        "what was put there by hand gives way to `--force`"
    );
    assert_eq!(project.read("dist/a.png"), made);
    assert!(in_store(&project, &edited));
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn force_never_pays_and_never_touches_what_it_cannot_make() {
    let (project, made, edited) = edited();
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[profile.final.defaults]\nmodel = \"openai/gpt-image-2\"\n[cover.a]\n",
    );
    let run = project.run(&["build", "--force", "--profile", "final", "--json"]);
    assert_eq!(run.code, 3);
    assert_eq!(run.counts(), Counts::blocked(1));
    assert_eq!(project.read("dist/a.png"), edited);
    project.ok(&["build", "--force"]);
    assert_eq!(project.read("dist/a.png"), made);
}

#[test]
fn fail_fast_begins_nothing_where_one_is_blocked() {
    let project = Project::many(3);
    project.build();
    project.write("dist/a01.png", another_picture());
    project.edit("gpbuild.toml", "\"2\"", "\"new\"");
    let before = project.snapshot("dist/a02.png");
    let run = project.run(&["build", "--fail-fast", "--json"]);
    assert_eq!(run.code, 1);
    let counts = Counts {
        fresh: 1,
        blocked: 2,
        ..Counts::default()
    };
    assert_eq!(run.counts(), counts);
    assert_eq!(project.snapshot("dist/a02.png"), before);
}

#[test]
fn accept_keeps_it() {
    let (project, _, edited) = edited();
    let run = project.ok(&["accept", "a"]);
    assert_eq!(run.err, "accepted  a  dist/a.png\n");
    assert_eq!(run.out, "");
    assert!(project.text("gpbuild.lock").contains("\naccepted = true\n"));
    // The index says so too.
    project.ok(&["build", "--locked"]);
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), edited);
    assert_eq!(
        project.ok(&["plan", "--json"]).states(),
        [("a".into(), "fresh".into())]
    );
    project.remove("dist/a.png");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), edited);
    let clone = project.fresh_clone();
    assert_eq!(clone.build(), Counts::fresh(1));
    assert_eq!(clone.read("dist/a.png"), edited);
    let run = project.ok(&["accept", "a"]);
    assert_eq!(
        run.err,
        "a is what gpbuild made: there is nothing to accept\n"
    );
}

#[test]
fn an_accepted_picture_that_is_nowhere_is_not_made_anew_unasked() {
    let (project, made, _) = edited();
    project.ok(&["accept", "a"]);
    let clone = project.fresh_clone();
    clone.remove("dist/a.png");
    let run = clone.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.asset("a")["reason"],
        "the accepted picture is neither in place nor in the store: `--force` makes it anew"
    );
    assert!(!clone.has("dist/a.png"));
    assert_eq!(
        clone.ok(&["build", "--force", "--json"]).counts(),
        Counts::made(1)
    );
    assert_eq!(clone.read("dist/a.png"), made);
    assert_eq!(clone.build(), Counts::fresh(1));
    assert!(!clone.text("gpbuild.lock").contains("accepted"));
}

#[test]
fn an_accepted_picture_that_moves_stays_accepted() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.write("img/a.png", &edited);
    project.remove("dist/a.png");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\noutput = \"img/a.png\"\n",
    );
    assert_eq!(project.build(), Counts::fresh(1));
    assert!(project.text("gpbuild.lock").contains("accepted = true"));
}

#[test]
fn a_moved_output_that_was_accepted_is_restored_and_stays_accepted() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\noutput = \"img/a.png\"\n",
    );
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("img/a.png"), edited);
    assert!(project.text("gpbuild.lock").contains("accepted = true"));
}

const ACCEPTED_STALE: &str = "its picture was accepted from a person, and what it is made from changed since: \
    `gpbuild accept` keeps it, `--force` replaces it";

#[test]
fn an_accepted_picture_gives_way_to_a_new_text_only_by_a_word() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.edit("gpbuild.toml", "one", "two");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.asset("a")["reason"], ACCEPTED_STALE);
    assert_eq!(project.read("dist/a.png"), edited);
    assert_eq!(
        project.ok(&["plan", "--json"]).asset("a")["reason"],
        ACCEPTED_STALE
    );
    // Kept for the new text.
    project.ok(&["accept", "a"]);
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), edited);
    // Given up for another one.
    project.edit("gpbuild.toml", "two", "three");
    project.ok(&["build", "--force"]);
    assert_ne!(project.read("dist/a.png"), edited);
    assert!(!project.text("gpbuild.lock").contains("accepted"));
    assert!(in_store(&project, &edited));
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn an_accepted_picture_whose_file_is_gone_can_be_kept_for_a_new_text() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.edit("gpbuild.toml", "one", "two");
    project.remove("dist/a.png");
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.asset("a")["reason"], ACCEPTED_STALE);
    let run = project.ok(&["accept", "a"]);
    assert_eq!(run.err, "accepted  a  dist/a.png\n");
    assert_eq!(project.read("dist/a.png"), edited);
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn an_accepted_picture_outlives_its_asset() {
    let (project, _, edited) = edited();
    project.ok(&["accept", "a"]);
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nwhen = \"false\"\n",
    );
    project.ok(&["build", "--prune"]);
    assert!(!project.has("dist/a.png"));
    project.ok(&["cache", "gc"]);
    assert!(in_store(&project, &edited));
}

#[test]
fn accept_of_a_reworded_text_makes_nothing() {
    let project = Project::one("one");
    project.build();
    let picture = project.read("dist/a.png");
    project.edit("gpbuild.toml", "one", "won");
    assert_eq!(
        project.ok(&["plan", "--json"]).states(),
        [("a".into(), "make".into())]
    );
    let run = project.ok(&["accept", "a"]);
    assert_eq!(run.err, "accepted  a  dist/a.png\n");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(project.fresh_clone().build(), Counts::fresh(1));
    assert_eq!(project.shots(), 1);
}

#[test]
fn a_file_that_gpbuild_did_not_make_is_left_alone() {
    let project = Project::one("one");
    let theirs = another_picture();
    project.write("dist/a.png", &theirs);
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.asset("a")["reason"],
        "a file is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
    );
    assert_eq!(project.read("dist/a.png"), theirs);
    let other = project.fresh_clone();
    project.ok(&["accept", "a"]);
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), theirs);
    assert_eq!(
        other.ok(&["build", "--force", "--json"]).counts(),
        Counts::made(1)
    );
    assert_ne!(other.read("dist/a.png"), theirs);
    assert!(in_store(&other, &theirs));
}

#[cfg(unix)]
#[test]
fn a_link_at_an_output_is_neither_followed_nor_replaced() {
    let project = Project::one("one");
    project.write("elsewhere.png", "theirs");
    std::fs::create_dir(project.path("dist")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.png", project.path("dist/a.png")).unwrap();
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.asset("a")["reason"],
        "a symbolic link is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
    );
    assert_eq!(project.text("elsewhere.png"), "theirs");
    // Forced, the link is replaced; what it leads to is not touched.
    assert_eq!(
        project.ok(&["build", "--force", "--json"]).counts(),
        Counts::made(1)
    );
    assert!(!project.path("dist/a.png").is_symlink());
    assert_eq!(project.text("elsewhere.png"), "theirs");
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn a_folder_at_an_output_is_never_replaced() {
    let project = Project::one("one");
    project.write("dist/a.png/mine.txt", "mine");
    for arguments in [&["build", "--json"][..], &["build", "--force", "--json"]] {
        let run = project.run(arguments);
        assert_eq!(run.code, 1);
        assert_eq!(run.counts(), Counts::blocked(1));
    }
    assert_eq!(project.text("dist/a.png/mine.txt"), "mine");
}

/// What `accept` says of a built project whose output is replaced by `bytes`; the lock stays.
fn refused(bytes: Option<&[u8]>) -> String {
    let project = Project::one("one");
    project.build();
    let lock = project.read("gpbuild.lock");
    project.remove("dist/a.png");
    if let Some(bytes) = bytes {
        project.write("dist/a.png", bytes);
    }
    let run = project.run(&["accept", "a"]);
    assert_eq!(run.code, 1);
    assert_eq!(project.read("gpbuild.lock"), lock);
    run.err
}

#[test]
fn accept_takes_only_a_picture_of_the_right_format() {
    assert_eq!(
        refused(None),
        "error: no such file: `dist/a.png`\n  = note: in asset `a`\n  = help: `accept` takes the picture that is at the asset's output path\n"
    );
    assert_eq!(
        refused(Some(b"not a picture")),
        "error: `dist/a.png`: this is not a PNG, JPEG or WebP picture: it begins like no picture known here\n  = note: in asset `a`\n"
    );
    let jpeg = Project::one("one");
    jpeg.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nformat = \"jpeg\"\n",
    );
    jpeg.build();
    assert_eq!(
        refused(Some(&jpeg.read("dist/a.jpg"))),
        "error: `dist/a.png` is not a PNG picture\n  = note: in asset `a`\n  = help: save it in the format that its name says\n"
    );
}

#[test]
fn accept_of_another_size_is_told_and_done() {
    let project = Project::one("one");
    project.build();
    let small = Project::many(1);
    small.build();
    project.write("dist/a.png", small.read("dist/a00.png"));
    let run = project.ok(&["accept", "a"]);
    assert!(
        run.err
            .starts_with("warning: `dist/a.png` is 40x30, its target 300x400\n"),
        "{}",
        run.err
    );
    assert!(
        run.err.ends_with("\naccepted  a  dist/a.png\n"),
        "{}",
        run.err
    );
    assert_eq!(project.build(), Counts::fresh(1));
}
