//! `--draft` draws everything, beside the real pictures and never over them.

use crate::project::{Counts, Project};

#[test]
fn a_draft_is_written_below_the_preview_folder_only() {
    let project = Project::one("one");
    let run = project.ok(&["build", "--draft", "--json"]);
    assert_eq!(run.asset("a")["state"], "draft");
    assert_eq!(run.asset("a")["output"], ".gpbuild/preview/dist/a.png");
    assert_eq!(run.counts(), Counts::made(1));
    assert!(project.has(".gpbuild/preview/dist/a.png"));
    let mut outside = project.files("");
    outside.retain(|name| !name.starts_with(".gpbuild/"));
    assert_eq!(outside, ["gpbuild.toml"]);
    assert_eq!(
        project.ok(&["build", "--draft", "--json"]).counts(),
        Counts::fresh(1)
    );
    assert_eq!(
        project
            .ok(&["plan", "--draft", "--json"])
            .counts_of_plan("fresh"),
        1
    );
}

#[test]
fn a_draft_touches_neither_outputs_nor_lock() {
    let project = Project::one("one");
    project.build();
    let dist = project.snapshot("dist");
    let lock = project.snapshot("gpbuild.lock");
    project.edit("gpbuild.toml", "one", "two");
    assert_eq!(project.ok(&["--draft", "--json"]).counts(), Counts::made(1));
    assert_eq!(project.snapshot("dist"), dist);
    assert_eq!(project.snapshot("gpbuild.lock"), lock);
    assert_eq!(
        project.ok(&["--profile", "draft", "--json"]).counts(),
        Counts::fresh(1)
    );
    // What the draft drew need not be drawn again: same picture, same key.
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(
        project.read("dist/a.png"),
        project.read(".gpbuild/preview/dist/a.png")
    );
}

#[test]
fn an_edited_preview_is_nobodys() {
    let project = Project::one("one");
    project.ok(&["--draft"]);
    let drawn = project.read(".gpbuild/preview/dist/a.png");
    project.write(".gpbuild/preview/dist/a.png", "scribbled over");
    project.ok(&["--draft"]);
    assert_eq!(project.read(".gpbuild/preview/dist/a.png"), drawn);
}

#[test]
fn the_preview_of_an_asset_that_is_gone_goes_too() {
    let project = Project::one("one");
    project.write(
        "more/b.gp.toml",
        "[cover.\"b/c\"]\nsize = \"300x400\"\ntext = { headline = \"two\" }\n",
    );
    project.ok(&["--draft"]);
    assert!(project.has(".gpbuild/preview/dist/b/c.png"));
    // One that is only not asked for stays.
    project.ok(&["build", "--draft", "a"]);
    assert!(project.has(".gpbuild/preview/dist/b/c.png"));
    project.remove("more/b.gp.toml");
    project.ok(&["--draft"]);
    assert_eq!(
        project.files(".gpbuild/preview"),
        [
            ".gpbuild/preview/assets.json",
            ".gpbuild/preview/dist/a.png"
        ]
    );
    assert!(!project.has(".gpbuild/preview/dist/b"));
}

#[cfg(unix)]
#[test]
fn nothing_is_removed_behind_a_link() {
    let project = Project::one("one");
    project.write("notes/mine.txt", "mine");
    project.write(".gpbuild/x", "");
    std::os::unix::fs::symlink("../notes", project.path(".gpbuild/preview")).unwrap();
    let run = project.run(&["--draft"]);
    assert_eq!(
        (run.code, run.err.lines().nth(1)),
        (
            1,
            Some("error: `.gpbuild/preview` is a symbolic link, and gpbuild follows none here")
        ),
        "{}",
        run.err
    );
    // Nor written.
    assert_eq!(project.files("notes"), ["notes/mine.txt"]);
    std::fs::remove_file(project.path(".gpbuild/preview")).unwrap();
    project.ok(&["--draft"]);
    // Nor below it.
    std::os::unix::fs::symlink(
        project.path("notes"),
        project.path(".gpbuild/preview/dist/b"),
    )
    .unwrap();
    project.ok(&["--draft", "--force"]);
    project.edit("gpbuild.toml", "one", "two");
    project.ok(&["--draft"]);
    assert_eq!(project.text("notes/mine.txt"), "mine");
}

/// One asset for each thing that only a paid model can do.
fn paid() -> Project {
    let project = Project::new(
        r#"[defaults]
size = "300x400"
model = "openai/gpt-image-2"
[cover.candidates]
candidates = 4
text = { headline = "one" }
[cover.edited.text]
headline = "one"
badge = "new"
[[cover.edited.edit]]
change = "the words"
text = { headline = "two" }
[cover.masked]
mask = "mask.png"
references = ["mask.png"]
text = { headline = "one" }
[cover.plain]
text = { headline = "one" }
[cover.referring]
references = [{ asset = "plain" }]
text = { headline = "one" }
[carousel.series]
series = "previous"
[[carousel.series.slide]]
text = { headline = "one" }
[[carousel.series.slide]]
text = { headline = "two" }
"#,
    );
    project.write("mask.png", "any bytes: a draft does not look at them");
    project
}

#[test]
fn what_only_a_paid_model_can_do_is_drawn_in_draft() {
    let project = paid();
    let run = project.ok(&["build", "--draft", "--json"]);
    let drafts = [
        "candidates",
        "edited",
        "masked",
        "plain",
        "referring",
        "series/01",
        "series/02",
    ];
    let states: Vec<(String, String)> = drafts
        .iter()
        .map(|id| ((*id).to_owned(), "draft".to_owned()))
        .collect();
    assert_eq!(run.states(), states);
    assert_eq!(run.json().pop().unwrap()["requests"], 0);
    for id in drafts {
        assert!(
            project.has(&format!(".gpbuild/preview/dist/{id}.png")),
            "{id}"
        );
    }
    assert!(!project.has("dist") && !project.has("gpbuild.lock"));
}

#[test]
fn a_draft_shows_the_words_after_all_edits() {
    let project = paid();
    project.ok(&["build", "--draft"]);
    let edited = project.read(".gpbuild/preview/dist/edited.png");
    let after = Project::new(
        "[cover.edited]\nsize = \"300x400\"\ntext = { headline = \"two\", badge = \"new\" }\n",
    );
    after.build();
    assert_eq!(edited, after.read("dist/edited.png"));
}

#[test]
fn without_draft_the_local_renderer_refuses_it() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\ncandidates = 4\ntext = { headline = \"one\" }\n",
    );
    let run = project.run(&["build"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: `local` cannot do `candidates`: it draws the same picture each time
 --> gpbuild.toml:3:14
  |
3 | candidates = 4
  |              ^
  |
  = note: in asset `a`
  = help: set `candidates` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out
"
    );
    assert_eq!(project.files(""), ["gpbuild.toml"]);
    let project = paid();
    let run = project.run(&["build", "--model", "local", "--json"]);
    assert_eq!(run.code, 2);
    let messages: Vec<String> = run
        .json()
        .iter()
        .map(|e| e["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        messages,
        [
            "`local` cannot do `candidates`: it draws the same picture each time",
            "`local` cannot do `edit`: it draws a layout, it does not edit",
            "`local` cannot do `references`: it draws a layout, not from pictures",
            "`local` cannot do `mask`: it draws a layout, it does not edit",
            "`local` cannot do `references`: it draws a layout, not from pictures",
            "`local` cannot do `series`: its slides are alike without a reference",
        ]
    );
    assert!(!project.has(".gpbuild"));
}

#[test]
fn a_draft_that_could_cost_something_is_refused() {
    let project = Project::one("one");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[profile.draft.defaults]\nmodel = \"openai/gpt-image-2\"\n[cover.a]\n",
    );
    let run = project.run(&["build", "--draft"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: a draft is drawn by `local`, not by `openai/gpt-image-2`
 --> gpbuild.toml:2:9
  |
2 | model = \"openai/gpt-image-2\"
  |         ^^^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: give the profile another name: `draft` never costs anything
"
    );
    let run = project.run(&["build", "--profile", "draft", "--model", "local"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: a draft is drawn by `local`: leave `--model` out\n"
    );
    let run = project.run(&["accept", "a", "--draft"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: a draft has nothing to accept: it is not in the lock\n"
    );
}
