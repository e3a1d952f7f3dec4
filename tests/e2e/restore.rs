//! What was made once is never made again: lost outputs come back, renamed ones stay.

use crate::project::{Counts, Project, another_picture};

#[test]
fn a_deleted_output_is_restored_byte_for_byte() {
    let project = Project::one("30 天学会 ChatGPT");
    project.build();
    let picture = project.read("dist/a.png");
    project.remove("dist/a.png");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(project.build(), Counts::fresh(1));
    project.remove("dist");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("a")["reason"], "output is missing");
    assert_eq!(run.counts(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), picture);
    assert!(project.has("dist/assets.json"));
}

#[test]
fn without_the_state_folder_everything_is_fresh_and_nothing_is_written_again() {
    let project = Project::many(3);
    assert_eq!(project.build(), Counts::made(3));
    let (dist, lock) = (project.snapshot("dist"), project.read("gpbuild.lock"));
    project.remove(".gpbuild");
    assert_eq!(project.build(), Counts::fresh(3));
    assert_eq!(project.snapshot("dist"), dist);
    assert_eq!(project.read("gpbuild.lock"), lock);
}

#[test]
fn with_outputs_and_store_gone_the_same_bytes_are_made_again() {
    let project = Project::many(3);
    project.build();
    let (lock, index) = (
        project.read("gpbuild.lock"),
        project.read("dist/assets.json"),
    );
    let pictures: Vec<Vec<u8>> = (0..3)
        .map(|n| project.read(&format!("dist/a0{n}.png")))
        .collect();
    project.remove(".gpbuild");
    project.remove("dist");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::made(3));
    assert_eq!(
        run.asset("a00")["reason"],
        "output is missing, and the store does not have it"
    );
    for (n, picture) in pictures.iter().enumerate() {
        assert_eq!(project.read(&format!("dist/a0{n}.png")), *picture);
    }
    assert_eq!(project.read("gpbuild.lock"), lock);
    assert_eq!(project.read("dist/assets.json"), index);
}

#[test]
fn a_fresh_clone_is_fresh_and_nothing_is_written_again() {
    let project = Project::many(3);
    project.build();
    let clone = project.fresh_clone();
    let before = clone.snapshot("");
    assert_eq!(clone.build(), Counts::fresh(3));
    let mut after = clone.snapshot("");
    after.retain(|name, _| !name.starts_with(".gpbuild/"));
    assert_eq!(after, before);
    assert_eq!(clone.build(), Counts::fresh(3));
}

#[test]
fn a_fresh_clone_without_outputs_makes_the_same_bytes() {
    let project = Project::one("30 天学会 ChatGPT");
    project.build();
    let clone = project.fresh_clone();
    clone.remove("dist");
    assert_eq!(clone.build(), Counts::made(1));
    assert_eq!(clone.read("dist/a.png"), project.read("dist/a.png"));
    assert_eq!(clone.read("gpbuild.lock"), project.read("gpbuild.lock"));
}

#[test]
fn going_back_to_last_weeks_text_is_free() {
    let project = Project::one("one");
    project.build();
    let one = project.read("dist/a.png");
    let lock = project.read("gpbuild.lock");
    project.edit("gpbuild.toml", "one", "two");
    assert_eq!(project.build(), Counts::made(1));
    assert_ne!(project.read("dist/a.png"), one);
    project.edit("gpbuild.toml", "two", "one");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), one);
    assert_eq!(project.read("gpbuild.lock"), lock);
    project.edit("gpbuild.toml", "one", "two");
    project.remove("dist");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.shots(), 2);
}

#[test]
fn going_back_is_free_even_where_the_store_was_new() {
    let project = Project::one("one");
    project.build();
    let one = project.read("dist/a.png");
    project.remove(".gpbuild");
    project.edit("gpbuild.toml", "one", "two");
    assert_eq!(project.build(), Counts::made(1));
    project.edit("gpbuild.toml", "two", "one");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), one);
}

#[test]
fn a_renamed_asset_costs_nothing() {
    let project = Project::one("one");
    project.build();
    let picture = project.read("dist/a.png");
    project.edit("gpbuild.toml", "cover.a", "cover.b");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/b.png"), picture);
    assert_eq!(project.read("dist/a.png"), picture);
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.shots(), 1);
}

#[test]
fn a_renamed_asset_costs_nothing_even_in_a_fresh_clone() {
    let project = Project::one("one");
    project.build();
    let clone = project.fresh_clone();
    clone.edit("gpbuild.toml", "cover.a", "cover.b");
    assert_eq!(clone.build(), Counts::restored(1));
    assert_eq!(clone.read("dist/b.png"), project.read("dist/a.png"));
    assert_eq!(clone.build(), Counts::fresh(1));
}

#[test]
fn two_assets_that_change_names_cost_nothing() {
    let project = Project::many(2);
    project.build();
    let (first, second) = (project.read("dist/a00.png"), project.read("dist/a01.png"));
    let swap = |project: &Project| {
        project.edit("gpbuild.toml", "a00", "tmp");
        project.edit("gpbuild.toml", "a01", "a00");
        project.edit("gpbuild.toml", "tmp", "a01");
    };
    let clone = project.fresh_clone();
    swap(&project);
    assert_eq!(project.build(), Counts::restored(2));
    assert_eq!(project.read("dist/a00.png"), second);
    assert_eq!(project.read("dist/a01.png"), first);
    // Without a store the only copy of each is the output that the other one overwrites.
    swap(&clone);
    assert_eq!(clone.build(), Counts::restored(2));
    assert_eq!(clone.read("dist/a00.png"), second);
    assert_eq!(clone.read("dist/a01.png"), first);
}

#[test]
fn a_renamed_asset_with_an_output_of_its_own_is_fresh() {
    let project = Project::one("one");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\noutput = \"img/x.png\"\n",
    );
    assert_eq!(project.build(), Counts::made(1));
    let before = project.snapshot("img");
    for project in [project.fresh_clone(), project] {
        project.edit("gpbuild.toml", "[cover.a]", "[cover.b]");
        project.edit("gpbuild.toml", "[cover.a.text]", "[cover.b.text]");
        assert_eq!(project.build(), Counts::fresh(1));
        assert_eq!(project.read("img/x.png"), before["img/x.png"].0);
        assert!(
            project
                .text("gpbuild.lock")
                .contains("[asset.\"b\"]\noutput = \"img/x.png\"")
        );
        assert!(!project.text("gpbuild.lock").contains("[asset.\"a\"]"));
        assert_eq!(project.build(), Counts::fresh(1));
    }
}

#[test]
fn a_moved_manifest_and_a_moved_table_are_fresh() {
    let project = Project::new("");
    project.write("posts/one.gp.toml", Project::one_manifest("one"));
    assert_eq!(project.build(), Counts::made(1));
    let before = project.snapshot("dist");
    project.write("course/two.gp.toml", project.read("posts/one.gp.toml"));
    project.remove("posts");
    assert_eq!(project.build(), Counts::fresh(1));
    project.write("gpbuild.toml", project.read("course/two.gp.toml"));
    project.remove("course");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.snapshot("dist"), before);
}

#[test]
fn a_deleted_lock_is_written_again_as_it_was() {
    let project = Project::many(2);
    project.build();
    let (lock, dist) = (project.read("gpbuild.lock"), project.snapshot("dist"));
    project.remove("gpbuild.lock");
    assert_eq!(project.build(), Counts::fresh(2));
    assert_eq!(project.read("gpbuild.lock"), lock);
    assert_eq!(project.snapshot("dist"), dist);
}

fn unclaimed(project: &Project) -> Vec<String> {
    let events = project.ok(&["plan", "--json"]).json();
    let of = events.iter().filter(|event| event["event"] == "unclaimed");
    of.map(|event| event["output"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_old_output_is_listed_and_removed_only_by_prune() {
    let project = Project::one("one");
    project.build();
    assert_eq!(unclaimed(&project), [""; 0]);
    let picture = project.read("dist/a.png");
    project.edit("gpbuild.toml", "cover.a", "cover.b");
    assert_eq!(unclaimed(&project), ["dist/a.png"]);
    let text = project.ok(&["plan"]).out;
    assert!(
        text.contains("1 output belongs to no asset:\n  dist/a.png\n"),
        "{text}"
    );
    for _ in 0..2 {
        project.build();
        assert_eq!(unclaimed(&project), ["dist/a.png"]);
        assert_eq!(project.read("dist/a.png"), picture);
    }
    // A fresh clone knows it too: it stands in the lock.
    let clone = project.fresh_clone();
    for project in [clone, project] {
        let run = project.ok(&["build", "--prune"]);
        assert!(run.err.starts_with("removed   dist/a.png\n"), "{}", run.err);
        assert!(!project.has("dist/a.png"));
        assert_eq!(unclaimed(&project), [""; 0]);
        assert_eq!(project.read("dist/b.png"), picture);
        assert_eq!(project.build(), Counts::fresh(1));
    }
}

#[test]
fn a_pruned_output_is_in_the_store() {
    let project = Project::many(2);
    project.build();
    let picture = project.read("dist/a01.png");
    let manifest = project.read("gpbuild.toml");
    project.edit("gpbuild.toml", "[cover.a01.text]\nheadline = \"1\"\n", "");
    project.remove(".gpbuild");
    project.ok(&["build", "--prune"]);
    assert!(!project.has("dist/a01.png"));
    project.write("gpbuild.toml", manifest);
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts().fresh, 1);
    assert_eq!(project.read("dist/a01.png"), picture);
}

#[test]
fn prune_takes_empty_folders_along_and_nothing_else() {
    let project = Project::new("");
    let at = |name: &str| {
        format!(
            "[cover.a]\nsize = \"300x400\"\noutput = \"{name}\"\ntext = {{ headline = \"one\" }}\n"
        )
    };
    project.write("gpbuild.toml", at("img/deep/er/a.png"));
    project.build();
    project.write("img/mine.txt", "mine");
    project.write("gpbuild.toml", at("img/b.png"));
    project.ok(&["build", "--prune"]);
    assert_eq!(project.files("img"), ["img/b.png", "img/mine.txt"]);
    assert!(!project.has("img/deep"));
}

#[test]
fn an_old_output_that_was_edited_is_never_removed() {
    let project = Project::one("one");
    project.build();
    project.edit("gpbuild.toml", "cover.a", "cover.b");
    let edited = another_picture();
    project.write("dist/a.png", &edited);
    for _ in 0..2 {
        let run = project.ok(&["build", "--prune"]);
        assert!(
            run.err
                .contains("kept      dist/a.png: edited by hand since gpbuild wrote it; remove it yourself if nobody wants it\n"),
            "{}",
            run.err
        );
        assert_eq!(project.read("dist/a.png"), edited);
    }
}

#[test]
fn prune_looks_at_the_whole_project() {
    let project = Project::one("one");
    let run = project.run(&["build", "a", "--prune"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: `--prune` looks at the whole project: leave the assets out\n"
    );
    assert_eq!(project.files(""), ["gpbuild.toml"]);
}
