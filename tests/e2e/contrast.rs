//! `check` measures whether the words can be read on what is behind them.

use crate::project::{Counts, Project};

/// A line of small type on a ground of one colour.
const LINE: &str = "<html><body style=\"margin: 0; width: 390px; height: 60px; background: #ffffff\">\
    <div data-role=\"headline\" data-break=\"css\" style=\"font-size: 14px; color: {{ vars.ink }}\">\
    {{ text.headline }}</div></body></html>\n";

const MANIFEST: &str = "[defaults]\nsize = \"390x60\"\ntemplate = \"line\"\n[cover.a]\nvars = { ink = \"#aaaaaa\" }\n[cover.a.text]\nheadline = \"限时报名，仅 24 席，先到先得\"\n";

fn project() -> Project {
    let project = Project::new(MANIFEST);
    project.write("templates/line.html", LINE);
    project
}

#[test]
fn faint_type_is_a_warning_of_check_and_of_nothing_else() {
    let project = project();
    let run = project.ok(&["check"]);
    assert_eq!(
        run.err,
        r#"warning: the `headline` “限时报名，仅 24 席，…” has a contrast of 2.3:1 to what is behind it; type of this size needs 4.5:1
 --> gpbuild.toml:4:8
  |
4 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: take a lighter or darker colour, larger type, or a calmer ground; sizes are judged on a phone, 390 px wide
1 asset in 1 manifest: nothing wrong, 1 warning
"#
    );
    assert!(!project.has("dist") && !project.has(".gpbuild"));
    let run = project.ok(&["build"]);
    assert!(!run.err.contains("contrast"), "{}", run.err);
    project.edit("gpbuild.toml", "#aaaaaa", "#666666");
    assert_eq!(
        project.ok(&["check"]).err,
        "1 asset in 1 manifest: nothing wrong\n"
    );
}

#[test]
fn large_type_needs_less() {
    let project = project();
    project.edit("gpbuild.toml", "#aaaaaa", "#888888");
    assert!(project.ok(&["check"]).err.contains("needs 4.5:1"));
    project.edit("templates/line.html", "14px", "26px");
    assert!(!project.ok(&["check"]).err.contains("warning"));
    project.edit("gpbuild.toml", "#888888", "#bbbbbb");
    assert!(
        project
            .ok(&["check"])
            .err
            .contains("1.9:1 to what is behind it; type of this size needs 3:1")
    );
}

#[test]
fn many_assets_of_one_declaration_are_one_warning_about_the_faintest() {
    let project = project();
    project.write(
        "gpbuild.toml",
        "[carousel.c]\nsize = \"390x60\"\ntemplate = \"line\"\nslides = { csv = \"s.csv\" }\nvars = { ink = \"{{ item.ink }}\" }\n",
    );
    project.write(
        "s.csv",
        "headline,ink\none,#aaaaaa\ntwo,#cccccc\nthree,#999999\nfour,#000000\n",
    );
    let run = project.ok(&["check"]);
    assert!(
        run.err.starts_with(
            "warning: the `headline` “two” has a contrast of 1.6:1 to what is behind it; type of this size needs 4.5:1\n"
        ),
        "{}",
        run.err
    );
    assert!(
        run.err
            .contains("  = note: in asset `c/02` and 2 other assets\n"),
        "{}",
        run.err
    );
    assert!(
        run.err.ends_with("nothing wrong, 1 warning\n"),
        "{}",
        run.err
    );
}

#[test]
fn an_overlay_is_measured_on_its_picture() {
    let project = Project::new(
        "[defaults]\nsize = \"390x60\"\ntemplate = \"base\"\noverlay = \"line\"\n[cover.a]\nvars = { ground = \"#203040\" }\n[cover.a.text]\nheadline = \"one\"\n",
    );
    project.write(
        "templates/base.html",
        "<html><body style=\"margin: 0\"><div style=\"width: 390px; height: 60px; background: {{ vars.ground }}\"></div></body></html>\n",
    );
    project.write(
        "templates/line.html",
        LINE.replace("; background: #ffffff", "")
            .replace("{{ vars.ink }}", "#ffffff"),
    );
    assert!(!project.ok(&["check"]).err.contains("warning"));
    project.edit("gpbuild.toml", "#203040", "#c0d0e0");
    let run = project.ok(&["check"]);
    assert!(
        run.err
            .contains("the `headline` “one” has a contrast of 1.5:1"),
        "{}",
        run.err
    );
    assert_eq!(project.build(), Counts::made(1));
    // Of a paid picture that nobody has, nothing is known and nothing said.
    project.edit(
        "gpbuild.toml",
        "[defaults]\n",
        "[defaults]\nmodel = \"openai/gpt-image-2\"\n",
    );
    project.edit("gpbuild.toml", "390x60", "1024x1024");
    project.write(
        "templates/base.prompt",
        "A calm ground. No text anywhere.\n",
    );
    let run = project.ok(&["check"]);
    assert!(!run.err.contains("contrast"), "{}", run.err);
}

#[test]
fn every_built_in_style_reads_in_every_built_in_layout() {
    let project = Project::empty();
    let mut manifest = String::from(
        "[defaults.text]\nheadline = \"写好提示词\"\nkicker = \"干货\"\n\
         badge = \"限时报名\"\nsubhead = \"照着填就行\"\nfooter = \"匠人学院\"\nnote = \"每天更新\"\n",
    );
    let layouts = [
        (
            "poster",
            "captions = [\"每日打卡\", \"实战项目\"]\ncta = \"马上报名\"",
        ),
        ("article", "date = \"2026-04-27\"\nlabel = \"第 12 期\""),
        ("banner", "captions = [\"每日打卡\", \"实战项目\"]"),
        ("cover", "body = \"七个零件\""),
        ("quote", "quote = \"把问题说清楚。\"\nauthor = \"林默\""),
        ("list", "items = [\"先说用途\", \"再说主体\"]"),
        (
            "compare",
            "before = \"一个词一个词地试\"\nafter = \"写成清单\"",
        ),
    ];
    let styles = [
        "midnight", "ocean", "sunset", "noir", "paper", "swiss", "mint", "blossom",
    ];
    for style in styles {
        for (layout, text) in layouts {
            for size in ["390x520", "600x315"] {
                manifest += &format!(
                    "[cover.{style}-{layout}-{size}]\nsize = \"{size}\"\ntemplate = \"{layout}\"\nstyle = \"{style}\"\n\
                     [cover.{style}-{layout}-{size}.text]\n{text}\n"
                );
            }
        }
        manifest += &format!(
            "[carousel.{style}]\nsize = \"390x520\"\nstyle = \"{style}\"\n\
             [[carousel.{style}.slide]]\n[[carousel.{style}.slide]]\ntext = {{ body = \"一盏台灯。\" }}\n[[carousel.{style}.slide]]\n"
        );
    }
    project.write("gpbuild.toml", manifest);
    let check = project.ok(&["check"]);
    assert_eq!(check.err, "136 assets in 1 manifest: nothing wrong\n");
}
