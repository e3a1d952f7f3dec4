//! `overlay`: a layout over the picked picture. New words are a new export, never a new picture.

use base::digest::Digest;
use image::RgbaImage;

use crate::project::{Counts, Project};

/// A ground of one colour: what a picture looks like that was made without words.
const BASE: &str = "<html><body style=\"margin: 0; background: {{ vars.ground | default('#204060') }}\">\
    <div style=\"width: {{ preset.width }}px; height: {{ preset.height }}px\"></div></body></html>\n";

/// One line of text at the top of a transparent page.
const OVER: &str = "<html><body style=\"margin: 0\"><div data-role=\"headline\" data-break=\"css\" \
    style=\"width: 100%; font-size: 20px; color: #ffffff\">{{ text.headline }}</div></body></html>\n";

const MANIFEST: &str = "[defaults]\ntemplate = \"base\"\noverlay = \"over\"\n[cover.a]\nsize = \"80x60\"\n[cover.a.text]\nheadline = \"one\"\n";

fn of(manifest: &str) -> Project {
    let project = Project::new(manifest);
    project.write("templates/base.html", BASE);
    project.write("templates/over.html", OVER);
    project
}

/// Built once.
fn project() -> Project {
    let project = of(MANIFEST);
    assert_eq!(project.build(), Counts::made(1));
    project
}

fn pixels(project: &Project, name: &str) -> RgbaImage {
    image::load_from_memory(&project.read(name))
        .unwrap()
        .into_rgba8()
}

/// What the lock says of the shots: their keys and candidates.
fn shots(project: &Project) -> Vec<String> {
    let lock = project.text("gpbuild.lock");
    let lines = lock.lines().filter(|line| line.contains("candidates = "));
    lines.map(str::to_owned).collect()
}

/// Builds twice: only exported again, for this reason; then fresh.
fn only_exports(project: &Project, reason: &str) {
    let before = (shots(project), project.shots(), project.read("dist/a.png"));
    let plan = project.ok(&["plan", "--json"]);
    assert_eq!(plan.asset("a")["state"], "make");
    assert_eq!(plan.asset("a")["reason"], reason);
    assert_eq!(plan.counts_of_plan("requests"), 0);
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::made(1));
    assert_eq!(run.asset("a")["reason"], reason);
    assert_eq!((shots(project), project.shots()), (before.0, before.1));
    assert_ne!(project.read("dist/a.png"), before.2);
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn the_words_are_drawn_over_the_picture_and_the_second_run_is_fresh() {
    let project = project();
    let picture = pixels(&project, "dist/a.png");
    assert_eq!(picture.dimensions(), (80, 60));
    let ground = image::Rgba([0x20, 0x40, 0x60, 255]);
    assert_eq!(*picture.get_pixel(79, 59), ground);
    assert!(picture.pixels().any(|p| p.0 == [255, 255, 255, 255]));
    assert!(
        project
            .text("dist/assets.json")
            .contains("\"alt\": \"one\"")
    );
    let before = project.snapshot("dist");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.snapshot("dist"), before);
    assert_eq!(project.fresh_clone().build(), Counts::fresh(1));
}

#[test]
fn new_words_only_export() {
    let project = project();
    let one = project.read("dist/a.png");
    project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    only_exports(&project, "`text.headline` changed");
    project.edit("gpbuild.toml", "\"two\"", "\"one\"");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), one);
}

#[test]
fn another_layout_only_exports() {
    let project = project();
    project.edit("templates/over.html", "#ffffff", "#ffff00");
    only_exports(&project, "overlay changed");
    let why = project.ok(&["why", "a"]).out;
    assert_eq!(why, "a: fresh, nothing changed since it was made\n");
    project.edit("templates/over.html", "#ffff00", "#00ffff");
    let why = project.ok(&["why", "a"]).out;
    assert!(
        why.starts_with("a: would be made: overlay changed\n  overlay\n    "),
        "{why}"
    );
    assert!(why.contains("color: #00ffff"), "{why}");
}

#[test]
fn a_picture_of_the_overlay_counts_by_its_bytes() {
    let project = project();
    let mut png = Vec::new();
    let logo = |colour: [u8; 4], png: &mut Vec<u8>| {
        png.clear();
        RgbaImage::from_pixel(2, 2, image::Rgba(colour))
            .write_to(&mut std::io::Cursor::new(png), image::ImageFormat::Png)
            .unwrap();
    };
    logo([255, 0, 0, 255], &mut png);
    project.write("img/logo.png", &png);
    project.edit(
        "templates/over.html",
        "</body>",
        "<img src=\"img/logo.png\"></body>",
    );
    only_exports(&project, "overlay, overlay image img/logo.png changed");
    logo([0, 255, 0, 255], &mut png);
    project.write("img/logo.png", &png);
    only_exports(&project, "overlay image img/logo.png changed");
}

#[test]
fn another_ground_makes_the_picture_again() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nvars = { ground = \"#602040\" }\n",
    );
    assert_eq!(project.build(), Counts::made(1));
    assert_eq!(project.shots(), 2);
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn none_switches_an_inherited_overlay_off() {
    let project = project();
    let with = project.read("dist/a.png");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\noverlay = \"none\"\n",
    );
    only_exports(&project, "overlay renderer, overlay, fonts changed");
    let picture = pixels(&project, "dist/a.png");
    assert!(picture.pixels().all(|p| p.0 == [0x20, 0x40, 0x60, 255]));
    project.edit("gpbuild.toml", "overlay = \"none\"\n", "");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), with);
}

#[test]
fn further_targets_have_the_overlay_at_their_own_size() {
    let project = of(&MANIFEST.replace(
        "size = \"80x60\"\n",
        "preset = \"small\"\nalso = [\"wide\"]\n",
    ));
    let presets = "[preset.small]\nsize = [80, 60]\n[preset.wide]\nsize = [200, 60]\n";
    project.write("presets.gp.toml", presets);
    assert_eq!(project.build(), Counts::made(2));
    let wide = pixels(&project, "dist/a/wide.png");
    assert_eq!(wide.dimensions(), (200, 60));
    assert!(wide.pixels().any(|p| p.0 == [255, 255, 255, 255]));
    project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    assert_eq!(project.build(), Counts::made(2));
    assert_eq!(project.shots(), 2);
    assert_eq!(project.build(), Counts::fresh(2));
}

#[test]
fn slides_have_an_overlay_each() {
    let project = of(
        "[carousel.c]\nsize = \"80x60\"\ntemplate = \"base\"\noverlay = \"over\"\nslides = { csv = \"s.csv\" }\n",
    );
    project.write("s.csv", "headline\none\ntwo\n");
    assert_eq!(project.build(), Counts::made(2));
    assert_ne!(project.read("dist/c/01.png"), project.read("dist/c/02.png"));
    // Both grounds are the same picture: it is made once.
    assert_eq!(project.shots(), 1);
    project.edit("s.csv", "two", "three");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts().made, 1);
    assert_eq!(run.asset("c/02")["reason"], "`text.headline` changed");
}

#[test]
fn a_draft_has_the_overlay_too() {
    let project = of(MANIFEST);
    project.edit(
        "gpbuild.toml",
        "[defaults]\n",
        "[defaults]\nmodel = \"openai/gpt-image-2\"\n",
    );
    let run = project.ok(&["build", "--draft", "--json"]);
    assert_eq!(run.asset("a")["state"], "draft");
    let picture = pixels(&project, ".gpbuild/preview/dist/a.png");
    assert!(picture.pixels().any(|p| p.0 == [255, 255, 255, 255]));
    project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    project.ok(&["build", "--draft"]);
    assert_eq!(project.shots(), 1);
    assert!(!project.has("dist"));
}

#[test]
fn jpeg_and_max_bytes() {
    let project = of(&MANIFEST.replace(
        "size = \"80x60\"\n",
        "size = \"80x60\"\nformat = \"jpeg\"\nmax_bytes = 1600\n",
    ));
    project.build();
    let file = project.read("dist/a.jpg");
    assert!(
        file.len() <= 1600 && file.starts_with(&[0xff, 0xd8]),
        "{}",
        file.len()
    );
    let brightest = pixels(&project, "dist/a.jpg");
    assert!(brightest.pixels().any(|p| p.0[0] > 200));
}

/// A paid picture with an overlay, made elsewhere: the lock names its shot, the store has it, and
/// nobody can be asked.
fn paid() -> Project {
    let project = of(MANIFEST);
    project.write(
        "templates/base.prompt",
        "A calm ground. No text anywhere.\n",
    );
    project.edit(
        "gpbuild.toml",
        "[defaults]\n",
        "[defaults]\nmodel = \"openai/gpt-image-2\"\n",
    );
    let mut png = Vec::new();
    RgbaImage::from_fn(1024, 768, |x, y| {
        image::Rgba([(x / 8) as u8, (y / 8) as u8, 90, 255])
    })
    .write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)
    .unwrap();
    let digest = Digest::of(&png).hex();
    let spec = &project.ok(&["show", "a", "--json"]).json()[0];
    let key = spec["shots"][0]["key"].as_str().unwrap();
    project.write(
        &format!(".gpbuild/store/objects/{}/{}", &digest[..2], &digest[2..]),
        &png,
    );
    let nothing = Digest::of(b"").hex();
    project.write(
        "gpbuild.lock",
        format!(
            "version = 1\n[asset.\"a\"]\noutput = \"dist/a.png\"\ndigest = \"{nothing}\"\nmodel = \"openai/gpt-image-2\"\nexport = \"{nothing}\"\nshots = [\n  {{ key = \"{key}\", candidates = [\"{digest}\"], pick = 1 }},\n]\n"
        ),
    );
    project
}

#[test]
fn the_words_on_a_paid_picture_change_without_asking_anybody() {
    let project = paid();
    assert_eq!(project.build(), Counts::made(1));
    let picture = pixels(&project, "dist/a.png");
    assert_eq!(picture.dimensions(), (80, 60));
    let before = shots(&project);
    project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    let plan = project.ok(&["plan", "--json"]);
    assert_eq!(plan.asset("a")["estimate_usd"], 0.0);
    assert_eq!(plan.asset("a")["reason"], "`text.headline` changed");
    assert_eq!(plan.counts_of_plan("requests"), 0);
    assert_eq!(project.build(), Counts::made(1));
    assert_eq!(shots(&project), before);
    assert_ne!(pixels(&project, "dist/a.png"), picture);
    assert_eq!(project.build(), Counts::fresh(1));
    // What the model is told does not hold the words; another prompt is another picture.
    project.edit("templates/base.prompt", "calm", "wild");
    let run = project.run(&["build", "--json"]);
    assert_eq!((run.code, run.counts()), (3, Counts::blocked(1)));
}

#[test]
fn new_words_on_a_picture_that_only_another_machine_has_are_not_called_free() {
    let project = paid();
    project.build();
    let clone = project.fresh_clone();
    assert_eq!(clone.build(), Counts::fresh(1));
    clone.edit("gpbuild.toml", "\"one\"", "\"two\"");
    let plan = clone.ok_with_key(&["plan", "--json"]);
    assert_eq!(
        plan.asset("a")["reason"],
        "only its export changed, but the picture that it is made from is not in the store"
    );
    assert!(plan.asset("a")["estimate_usd"].as_f64().unwrap() > 0.0);
    assert_eq!(plan.counts_of_plan("requests"), 1);
    let run = clone.run(&["build", "--json"]);
    assert_eq!((run.code, run.counts()), (3, Counts::blocked(1)));
}

#[test]
fn an_edit_changes_the_picture_by_its_change_and_the_overlay_by_its_text() {
    let project = of(&format!(
        "{}\n[[cover.a.edit]]\nchange = \"make it blue\"\ntext = {{ headline = \"two\" }}\n",
        MANIFEST.replace(
            "[defaults]\n",
            "[defaults]\nmodel = \"openai/gpt-image-2\"\n"
        )
    ));
    project.write(
        "templates/base.prompt",
        "A calm ground. No text anywhere.\n",
    );
    let show = |project: &Project| project.ok(&["show", "a", "--json"]).json().remove(0);
    let before = show(&project);
    assert!(
        before["overlay"]["layout"]
            .as_str()
            .unwrap()
            .contains(">two<")
    );
    assert_eq!(before["overlay"]["name"], "over");
    for shot in before["shots"].as_array().unwrap() {
        let prompt = shot["prompt"].as_str().unwrap();
        assert!(
            !prompt.contains("two") && !prompt.contains("one"),
            "{prompt}"
        );
    }
    project.edit("gpbuild.toml", "\"two\"", "\"three\"");
    assert_eq!(show(&project)["shots"], before["shots"]);
    project.edit("gpbuild.toml", "make it blue", "make it red");
    assert_eq!(show(&project)["shots"][0], before["shots"][0]);
    assert_ne!(show(&project)["shots"][1], before["shots"][1]);
}

#[test]
fn show_names_the_overlay_and_where_it_is_set() {
    let text = project().ok(&["show", "a"]).out;
    assert!(text.contains("\n  overlay     over\n"), "{text}");
    assert!(
        text.contains("\n  overlay        over  (defaults, gpbuild.toml:3)\n"),
        "{text}"
    );
}

/// The error of a project that cannot be built: the same from `build` and from `check`.
fn refused(project: &Project, expected: &str) {
    for arguments in [&["check"][..], &["build"]] {
        let run = project.run(arguments);
        assert_eq!((run.code, run.err.as_str()), (2, expected), "{arguments:?}");
    }
    assert!(!project.has("dist"));
}

#[test]
fn an_unknown_layout_is_an_error_at_its_place() {
    let project = of(&MANIFEST.replace("\"over\"", "\"ovr\""));
    refused(
        &project,
        r#"error: there is no layout `ovr`
 --> gpbuild.toml:3:11
  |
3 | overlay = "ovr"
  |           ^^^^^
  |
  = note: in asset `a`
  = help: did you mean `over`?
  = help: `overlay = "NAME"` draws `templates/NAME.html` over the picture; built in: `band` and `title`; `none` is no overlay
"#,
    );
}

#[test]
fn a_template_that_wants_the_words_under_an_overlay_is_told_where_they_are() {
    let project = of(MANIFEST);
    project.write("templates/base.html", "<p>{{ text.headline }}</p>\n");
    refused(
        &project,
        r#"error: `text.headline` is not defined
 --> templates/base.html:1:7
  |
1 | <p>{{ text.headline }}</p>
  |       ^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: `text` is empty: the asset has no words, or it has an `overlay`, which draws them over the picture
  = help: `text.headline is defined` asks first; `text.headline | default("…")` gives another value
"#,
    );
}

#[test]
fn words_that_do_not_fit_are_told_before_anything_is_made() {
    let project = of(&MANIFEST.replace("\"one\"", "\"1234567890\""));
    project.edit("templates/over.html", "width: 100%", "width: 30px");
    let expected = r#"error: the `headline` is 82 px too large for its place: `1234567890`
 --> gpbuild.toml:4:8
  |
4 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: shorten the text, or break it with a line break of your own
  = help: it stands in the overlay `over`
"#;
    let check = project.run(&["check"]);
    assert_eq!((check.code, check.err.as_str()), (2, expected));
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains(expected), "{}", run.err);
    assert_eq!(project.shots(), 0);
    project.edit("gpbuild.toml", "1234567890", "K한");
    project.edit("templates/over.html", "width: 30px", "width: 100%");
    let check = project.run(&["check"]);
    assert!(
        check.err.starts_with("error: no font has `한` (U+D55C)\n")
            && check
                .err
                .contains("  = help: it stands in the overlay `over`\n"),
        "{}",
        check.err
    );
}

#[test]
fn an_overlay_that_hides_the_picture_is_an_error() {
    let project = of(MANIFEST);
    project.edit(
        "templates/over.html",
        "margin: 0",
        "margin: 0; background: #000; height: 60px",
    );
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains(
            r#"error: the overlay `over` covers the whole picture
 --> gpbuild.toml:4:8
  |
4 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: the ground of an overlay is transparent: give `html` and `body` no background
"#
        ),
        "{}",
        run.err
    );
}

#[test]
fn a_prompt_that_says_the_words_all_the_same_is_a_warning() {
    let project = of(&MANIFEST.replace(
        "[defaults]\n",
        "[defaults]\nmodel = \"openai/gpt-image-2\"\n",
    ));
    project.write(
        "templates/base.prompt",
        "A sheet that says \"{{ vars.said }}\". No text.\n",
    );
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nvars = { said = \"one\" }\n",
    );
    let run = project.ok(&["check"]);
    assert_eq!(
        run.err,
        r#"warning: the prompt says the headline `one`, which the overlay draws
 --> the prompt of a:1:19
  |
1 | A sheet that says "one". No text.
  |                   ^^^^^
  |
  = note: in asset `a`
  = help: leave it out, or it stands in the picture twice; whoever changes it pays again
warning: `OPENAI_API_KEY` is not set: 1 shot could not be asked for
1 asset in 1 manifest: nothing wrong, 2 warnings
"#
    );
}

#[test]
fn check_measures_the_words_on_a_paid_picture_that_the_store_has() {
    let project = paid();
    let check = |project: &Project| project.ok(&["check"]).err.contains("has a contrast of");
    assert!(!check(&project));
    project.edit("templates/over.html", "#ffffff", "#101060");
    assert!(check(&project));
    project.remove(".gpbuild");
    assert!(!check(&project));
}

#[test]
fn built_in_layouts_draw_their_ground_alone_under_an_overlay() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\noverlay = \"title\"\n[cover.a.text]\nheadline = \"one\"\n\
         [carousel.c]\nslides = { csv = \"s.csv\" }\n",
    );
    project.write("s.csv", "headline\none\ntwo\nthree\n");
    assert_eq!(project.build(), Counts::made(4));
    // The first slide's ground is that of a cover; the others share one.
    assert_eq!(project.shots(), 3);
    project.edit("gpbuild.toml", "\"one\"", "\"another\"");
    project.edit("s.csv", "three", "four");
    assert_eq!(project.build().made, 2);
    assert_eq!(project.shots(), 3);
    assert_eq!(project.build(), Counts::fresh(4));
}
