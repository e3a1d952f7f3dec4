//! Scripts and emoji that the embedded font lacks: drawn with a font of the project, else an error.

use crate::project::{Counts, Project};

const MANIFEST: &str = r#"[cover.a]
size = "300x400"
[cover.a.text]
headline = "臺灣設計師的早餐🔥"
subhead = "コーヒー 데이터"
"#;

#[test]
fn other_scripts_and_emoji_are_drawn_with_a_font_of_the_project() {
    let project = Project::new(MANIFEST);
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains(
            "error: no font has `臺` (U+81FA), `灣` (U+7063), `設` (U+8A2D), `計` (U+8A08), `師` (U+5E2B), \
             `🔥` (U+1F525), `ー` (U+30FC), `데` (U+B370), `이` (U+C774), `터` (U+D130)\n"
        ),
        "{}",
        run.err
    );
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fonts/");
    for name in ["NotoSansCJKTC-Bold.otf", "NotoColorEmoji.ttf"] {
        let bytes = std::fs::read(format!("{fonts}{name}")).unwrap();
        project.write(&format!("fonts/{name}"), bytes);
    }
    project.write(
        "gpbuild.toml",
        format!("[fonts]\nfiles = [\"fonts/*\"]\n{MANIFEST}"),
    );
    assert_eq!(project.build(), Counts::made(1));
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn a_space_that_was_not_typed_is_drawn_all_the_same() {
    let project = Project::one("30天上手AI课，从0到1");
    assert_eq!(project.build(), Counts::made(1));
    let tight = project.read("dist/a.png");
    project.write(
        "gpbuild.toml",
        Project::one_manifest("30 天上手 AI 课，从 0 到 1"),
    );
    assert_eq!(project.build(), Counts::made(1));
    assert!(project.read("dist/a.png") == tight);
}
