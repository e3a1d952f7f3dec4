//! Which assets, where, and how it is told.

use std::process::Stdio;

use crate::project::{Counts, PLAIN, Project};

/// `post/a`, `post/b` and a carousel of two: `c/01`, `c/02`.
fn project() -> Project {
    let project = Project::new(
        r#"[defaults]
size = "40x30"
template = "plain"
[cover.a]
text = { headline = "a" }
[cover.post]
for_each = { csv = "posts.csv" }
id = "post/{{ item.id }}"
text = { headline = "post {{ item.id }}" }
[carousel.c]
slides = { csv = "posts.csv" }
text = { headline = "{{ item.id }}" }
"#,
    );
    project.write("posts.csv", "id\nx\ny\n");
    project.write("templates/plain.html", PLAIN);
    project
}

fn selected(arguments: &[&str]) -> Vec<String> {
    let project = project();
    let run = project.ok(&[&["build", "--json"], arguments].concat());
    run.states().into_iter().map(|(id, _)| id).collect()
}

#[test]
fn names_and_globs_select() {
    assert_eq!(selected(&[]), ["a", "c/01", "c/02", "post/x", "post/y"]);
    assert_eq!(selected(&["a"]), ["a"]);
    assert_eq!(selected(&["post"]), ["post/x", "post/y"]);
    assert_eq!(selected(&["post/"]), ["post/x", "post/y"]);
    assert_eq!(selected(&["post/*"]), ["post/x", "post/y"]);
    assert_eq!(selected(&["*/0[12]"]), ["c/01", "c/02"]);
    assert_eq!(selected(&["{a,c}/**", "a"]), ["a", "c/01", "c/02"]);
    assert_eq!(selected(&["c/02", "post/x", "c/02"]), ["c/02", "post/x"]);
}

#[test]
fn only_the_selected_ones_are_made() {
    let project = project();
    project.ok(&["build", "post/x"]);
    assert_eq!(
        project.files("dist"),
        ["dist/assets.json", "dist/post/x.png"]
    );
    let counts = Counts {
        fresh: 1,
        made: 4,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts);
    assert_eq!(
        project.ok(&["build", "c", "--json"]).counts(),
        Counts::fresh(2)
    );
    assert_eq!(project.ok(&["plan", "c", "--json"]).states().len(), 2);
}

#[test]
fn a_name_without_an_asset_is_told() {
    let project = project();
    for command in ["build", "plan", "why", "show", "accept"] {
        let run = project.run(&[command, "post/X", "nonsense"]);
        assert_eq!(run.code, 2, "{command}");
        assert_eq!(
            run.err,
            "error: no asset matches `post/X`\n  = help: did you mean `post/x`?\n\nerror: no asset matches `nonsense`\n",
            "{command}"
        );
    }
    assert!(!project.has("dist") && !project.has(".gpbuild"));
    let run = project.run(&["build", "{a"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.starts_with("error: `{a` is not a glob: "),
        "{}",
        run.err
    );
    // The same when nothing changed since the last run.
    project.build();
    assert_eq!(project.run(&["build", "post/X"]).code, 2);
}

/// Five assets, of which the second cannot be drawn.
fn failing() -> Project {
    let project = Project::many(5);
    project.edit("gpbuild.toml", "\"1\"", "\"\u{13000}\"");
    project
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let project = failing();
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.counts(),
        Counts {
            made: 4,
            failed: 1,
            ..Counts::default()
        }
    );
    assert_eq!(run.asset("a01")["state"], "failed");
    assert!(!project.has("dist/a01.png"));
    assert!(project.has("dist/a04.png"));
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.counts(),
        Counts {
            fresh: 4,
            failed: 1,
            ..Counts::default()
        }
    );
    project.edit("gpbuild.toml", "\u{13000}", "1");
    assert_eq!(
        project.build(),
        Counts {
            fresh: 4,
            made: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn fail_fast_begins_nothing_more() {
    let project = failing();
    let run = project.run(&["build", "--json", "--fail-fast", "-j", "1"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.counts(),
        Counts {
            made: 1,
            failed: 1,
            blocked: 3,
            ..Counts::default()
        }
    );
    assert_eq!(project.files("dist"), ["dist/a00.png", "dist/assets.json"]);
    // What was made stays made.
    let run = project.run(&["build", "--json"]);
    assert_eq!(
        run.counts(),
        Counts {
            fresh: 1,
            made: 3,
            failed: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn one_at_a_time_works_in_order() {
    let project = Project::many(5);
    let run = project.ok(&["build", "--json", "-j", "1"]);
    let ids: Vec<String> = run.json()[..5]
        .iter()
        .map(|e| e["id"].to_string())
        .collect();
    assert_eq!(ids, ["\"a00\"", "\"a01\"", "\"a02\"", "\"a03\"", "\"a04\""]);
    for jobs in ["0", "1025", "many"] {
        assert_eq!(project.run(&["build", "-j", jobs]).code, 2, "{jobs}");
    }
}

#[test]
fn a_project_is_found_from_below_and_from_elsewhere() {
    let project = project();
    project.write("posts/deep/note.txt", "");
    let elsewhere = tempfile::tempdir().unwrap();
    let root = project.root().to_str().unwrap();
    let mut from_below = project.command(&["--json"]);
    let output = from_below
        .current_dir(project.path("posts/deep"))
        .env("GPBUILD_HOME", project.path(".gpbuild"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(project.files("posts"), ["posts/deep/note.txt"]);
    assert!(project.has("dist/a.png"));
    for folder in [
        root.to_owned(),
        format!("{root}/posts"),
        format!("{root}/posts/deep/.."),
    ] {
        let mut from_elsewhere = project.command(&["-C", &folder, "build", "--json"]);
        let output = from_elsewhere
            .current_dir(elsewhere.path())
            .output()
            .unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(
            out.contains("\"event\":\"summary\",\"fresh\":5,"),
            "{folder}: {out}"
        );
    }
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn outside_of_a_project_it_is_said_what_to_do() {
    let folder = Project::empty();
    let run = folder.run(&["build"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: there is no `gpbuild.toml` in this folder or any above it\n  = help: `gpbuild init` starts a project here; `-C DIR` works in another folder\n"
    );
    let run = folder.run(&["build", "-C", "nowhere"]);
    assert_eq!(run.code, 2);
    assert_eq!(run.err, "error: there is no folder `nowhere`\n");
    assert_eq!(folder.files(""), [""; 0]);
}

#[test]
fn flags_in_the_wrong_place_are_told() {
    let project = project();
    let run = project.run(&["--force", "plan"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: `--force` belongs behind the command\n  = help: `gpbuild build --force`\n"
    );
    assert_eq!(project.run(&["build", "--frobnicate"]).code, 2);
    assert_eq!(project.run(&["frobnicate"]).code, 2);
    assert_eq!(project.run(&["--help"]).code, 0);
    assert_eq!(
        project.run(&["--version"]).out,
        format!("gpbuild {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn how_much_is_said() {
    let project = failing();
    project.ok(&["build", "a00"]);
    let said = |flags: &[&str]| {
        let run = project.run(&[&["build", "a00", "a02"], flags].concat());
        project.remove("dist/a02.png");
        assert_eq!(run.out, "");
        run.err
    };
    assert_eq!(
        said(&[]),
        "made      a02  dist/a02.png  (never made)\n1 made, 0 failed, 1 fresh in TIME\n"
    );
    let restored =
        "restored  a02  dist/a02.png  (output is missing)\n1 restored, 0 failed, 1 fresh in TIME\n";
    assert_eq!(said(&[]), restored);
    assert_eq!(said(&["-q"]), "");
    assert_eq!(said(&["-qq"]), "");
    assert_eq!(
        said(&["-v"]),
        format!("fresh     a00  dist/a00.png\nrunning   a02  restoring\n{restored}")
    );
    assert!(said(&["-vv"]).starts_with("fresh     a00  dist/a00.png  "));
    // What goes wrong is said all the same.
    let run = project.run(&["build", "a01", "-q"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err.starts_with("failed    a01  dist/a01.png\nerror: "),
        "{}",
        run.err
    );
    let run = project.run(&["build", "a01", "-qq"]);
    assert!(run.err.starts_with("error: "), "{}", run.err);
}

#[test]
fn colour_is_for_terminals_or_for_who_asks() {
    let project = Project::many(1);
    let colour = |flags: &[&str], no_color: &str| {
        let mut command = project.command(&[&["plan"], flags].concat());
        let output = command.env("NO_COLOR", no_color).output().unwrap();
        assert!(output.status.success());
        output.stdout.contains(&0x1b)
    };
    assert!(!colour(&[], ""));
    assert!(!colour(&["--color", "auto"], ""));
    assert!(!colour(&["--color", "never"], ""));
    assert!(colour(&["--color", "always"], ""));
    assert!(colour(&["--color", "always"], "1"));
    assert!(!colour(&[], "1"));
    assert_eq!(project.run(&["plan", "--color", "sometimes"]).code, 2);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let project = Project::many(30);
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["build", "--json"],
        &["show", "*"],
    ] {
        let mut command = project.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    assert_eq!(project.build(), Counts::fresh(30));
    // Nor is one that does not listen to talk.
    let project = Project::many(30);
    let mut child = project
        .command(&["build"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(project.build(), Counts::fresh(30));
}
