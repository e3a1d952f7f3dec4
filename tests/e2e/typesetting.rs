//! Scripts that the embedded fonts lack: drawn with a font of the project, else an error.

use crate::project::{Counts, Project};

const MANIFEST: &str = r#"[cover.a]
size = "300x400"
[cover.a.text]
headline = "臺灣設計師的早餐🔥"
subhead = "コーヒー 데이터"
"#;

#[test]
fn other_scripts_are_drawn_with_a_font_of_the_project() {
    let project = Project::new(MANIFEST);
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err
            .contains("error: no font has `데` (U+B370), `이` (U+C774), `터` (U+D130)\n"),
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

#[test]
fn what_css_and_svg_write_as_escapes_is_looked_at_as_what_it_is() {
    let page = |style: &str, body: &str| {
        let project = Project::new("[cover.a]\nsize = \"300x400\"\ntemplate = \"own\"\n");
        let page = format!(
            "<html><head><style>{style}</style></head><body style=\"width: 300px; height: 400px\">{body}</body></html>"
        );
        project.write("templates/own.html", page);
        project.run(&["build"])
    };
    let svg =
        "<svg width=\"90\" height=\"90\"><text x=\"9\" y=\"50\">&#x13000;&#77825;</text></svg>";
    for (style, body) in [
        (r"p::before { content: '\13000\13001' }", "<p>a</p>"),
        ("", svg),
    ] {
        let run = page(style, body);
        assert_eq!(run.code, 1, "{style}{body}: {}", run.err);
        let told = "error: no font has `𓀀` (U+13000), `𓀁` (U+13001)\n";
        assert!(run.err.contains(told), "{style}{body}: {}", run.err);
    }
    // Neither is drawn, nor looked for.
    for style in [
        "/* p { background: url(old.png); content: '𓀀' } */",
        "a[title='content: 𓀀'] { color: red }",
        "p { justify-content: center }",
    ] {
        let run = page(style, "<p>a</p>");
        assert_eq!(run.code, 0, "{style}: {}", run.err);
    }
}
