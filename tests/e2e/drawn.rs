//! What is drawn of a layout of one's own, of long words, and with fonts of the project; and what is said of it.

use crate::project::Project;

/// A project with one cover whose layout is this.
fn with_layout(layout: &str, headline: &str) -> Project {
    let manifest = format!(
        "[defaults]\nsize = \"300x200\"\ntemplate = \"own\"\n[cover.a.text]\nheadline = \"{headline}\"\n"
    );
    let project = Project::new(&manifest);
    project.write("templates/own.html", layout);
    project
}

fn pixels(project: &Project) -> image::RgbaImage {
    let picture = image::load_from_memory(&project.read("dist/a.png"));
    picture.unwrap().into_rgba8()
}

#[test]
fn a_layout_without_a_body_keeps_its_rules_and_its_background_fills_the_picture() {
    let style = "<style>html { font-size: 20px } body { background: #204060; color: #fff }</style>";
    let layout = format!("{style}<h1 data-role=\"headline\">{{{{ text.headline }}}}</h1>");
    let project = with_layout(&layout, "30 天");
    project.ok(&["build"]);
    let image = pixels(&project);
    for (x, y) in [(0, 0), (299, 0), (0, 199), (299, 199)] {
        assert_eq!(image.get_pixel(x, y).0, [0x20, 0x40, 0x60, 255]);
    }
    assert!(image.pixels().any(|pixel| pixel.0 == [255; 4]));
    let run = project.ok(&["check"]);
    assert_eq!(run.err, "1 asset in 1 manifest: nothing wrong\n");
}

#[test]
fn a_picture_that_is_transparent_somewhere_is_a_warning() {
    let project = with_layout(
        "<div style=\"width: 300px; height: 100px; background: #fff\"></div>",
        "30 天",
    );
    assert_eq!(
        project.ok(&["check"]).err,
        "warning: 50 % of the picture is transparent
 --> gpbuild.toml:4:8
  |
4 | [cover.a.text]
  |        ^
  |
  = note: in asset `a`
  = help: a `background` of `body` in the layout fills the picture; a JPEG is white where there is none
1 asset in 1 manifest: nothing wrong, 1 warning
"
    );
}

#[test]
fn a_long_word_is_parted_in_every_layout_and_a_number_is_told() {
    let layouts = [
        "poster",
        "cover",
        "banner",
        "article",
        "list",
        "compare",
        "slide-cover",
    ];
    let mut manifest = "[defaults]\nmodel = \"local\"\n".to_owned();
    for (n, preset) in [
        "open-graph",
        "wechat-header",
        "wechat-square",
        "douyin-cover",
    ]
    .iter()
    .enumerate()
    {
        for layout in layouts {
            manifest += &format!(
                "[cover.{layout}-{n}]\npreset = \"{preset}\"\ntemplate = \"{layout}\"\ntext = {{ headline = \"INFORMATION_SCHEMA_COLLATION_CHARACTER_SET_APPLICABILITY\" }}\n"
            );
        }
    }
    let project = Project::new(&manifest);
    assert_eq!(
        project.ok(&["check"]).err,
        "28 assets in 1 manifest: nothing wrong\n"
    );

    let layout = "<h1 data-role=\"headline\" style=\"width: 100px; font-size: 40px\">{{ text.headline }}</h1>";
    let run = with_layout(layout, "编号 12345678901234567890").run(&["check"]);
    let first = run.err.lines().next().unwrap();
    assert!(
        first.starts_with("error: the `headline` is ")
            && first.ends_with(
                " px too large for its place: `12345678901234567890` of `编号 12345678901234567890`"
            ),
        "{first}"
    );
}

#[test]
fn slices_of_a_font_of_a_site_are_one_font() {
    let project = with_layout(
        "<body style=\"background: #fff\"><h1 data-role=\"headline\">{{ text.headline }}</h1></body>",
        "한국어 데이터",
    );
    let run = project.run(&["check"]);
    assert!(
        run.err
            .starts_with("error: no font has `한` (U+D55C), `국` (U+AD6D), "),
        "{}",
        run.err
    );
    project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[fonts]\nfiles = [\"fonts/*\"]\n[defaults]",
    );
    for name in ["NotoSansCJKKR-Bold.1.woff2", "NotoSansCJKKR-Bold.2.woff"] {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fonts/").to_owned() + name;
        project.write(&format!("fonts/{name}"), std::fs::read(file).unwrap());
    }
    project.ok(&["build"]);
    let dark = pixels(&project)
        .pixels()
        .filter(|pixel| pixel.0[0] < 100)
        .count();
    assert!(dark > 500, "{dark}");
}

#[test]
fn a_changed_title_is_called_by_its_role() {
    let project = with_layout(
        "<body style=\"background: #fff\"><h1 data-role=\"headline\">{{ text.headline }}</h1></body>",
        "甲",
    );
    project.ok(&["build"]);
    project.edit("gpbuild.toml", "甲", "乙");
    assert_eq!(
        project.ok(&["plan"]).out,
        "make      a  `text.headline` changed\n\nwould make 1 picture\n"
    );
}
