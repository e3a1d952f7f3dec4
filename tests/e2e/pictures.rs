//! The pictures that a style or an asset gives to the built-in layouts: `logo` and `background_image`.

use crate::project::{Counts, Project, another_picture};

const ROOT: &str = r##"[style.house]
vars = { logo = "img/logo.png" }
[cover.plain]
size = "400x300"
style = "house"
text = { headline = "标题" }
"##;

const BELOW: &str = r##"[cover.own]
size = "400x300"
template = "poster"
style = "house"
vars = { background_image = "bg.png" }
text = { headline = "标题" }
[cover.none]
size = "400x300"
vars = { logo = "none", background_image = "none" }
text = { headline = "标题" }
"##;

fn project() -> Project {
    let project = Project::new(ROOT);
    project.write("posts/a.gp.toml", BELOW);
    project.write("img/logo.png", another_picture());
    project.write("posts/bg.png", another_picture());
    project
}

#[test]
fn a_picture_is_named_from_its_manifest_and_counts_by_its_bytes() {
    let project = project();
    assert_eq!(project.build(), Counts::made(3));
    assert_eq!(project.build(), Counts::fresh(3));
    let bare = Project::new(&ROOT.replace("vars = { logo = \"img/logo.png\" }", "vars = {}"));
    assert_eq!(bare.build(), Counts::made(1));
    assert!(bare.read("dist/plain.png") != project.read("dist/plain.png"));
    assert!(bare.read("dist/plain.png") == project.read("dist/none.png"));
    let mut other = another_picture();
    other.extend_from_slice(b"tail");
    project.write("posts/bg.png", other);
    let run = project.ok(&["plan", "--json"]);
    let remade: Vec<String> = run
        .states()
        .into_iter()
        .filter(|(_, state)| state == "make")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(remade, ["own"]);
}

#[test]
fn a_picture_that_is_not_there_or_no_path_is_an_error() {
    let project = project();
    project.edit("posts/a.gp.toml", "\"bg.png\"", "\"../../bg.png\"");
    project.edit("gpbuild.toml", "\"img/logo.png\"", "7");
    let run = project.run(&["build"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains(
            r#"error: `background_image`: the path leaves the project
 --> posts/a.gp.toml:5:29
"#
        ) && run.err.contains(
            "  = help: a picture of a layout is a file of the project; its path is relative to this file\n"
        ),
        "{}",
        run.err
    );
    assert!(
        run.err.contains(
            r#"error: `logo` is not the path of a picture
 --> gpbuild.toml:2:17
  |
2 | vars = { logo = 7 }
  |                 ^
"#
        ) && run
            .err
            .contains("  = help: write `logo = \"img/NAME.png\"`\n"),
        "{}",
        run.err
    );
    project.edit("posts/a.gp.toml", "\"../../bg.png\"", "\"no.png\"");
    project.edit("gpbuild.toml", "= 7", "= \"img/logo.png\"");
    let run = project.run(&["build"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("error: the layout's picture `posts/no.png`: "),
        "{}",
        run.err
    );
}
