//! Pictures that a person makes elsewhere: what a build says of them, the prompt to copy, and what `import` takes.

use std::path::PathBuf;

use crate::process::gpbuild;
use crate::project::{Counts, Project, Run};

const BY_HAND: &str = "[defaults]\nmodel = \"manual/midjourney\"\nsize = \"64x48\"\n";

fn project(more: &str) -> Project {
    Project::new(&format!("{BY_HAND}{more}"))
}

fn one() -> Project {
    project("[cover.a]\ntext = { headline = \"one\" }\n")
}

/// A PNG of this size and colour, in a file outside of any project.
fn picture(
    folder: &tempfile::TempDir,
    name: &str,
    (width, height): (u32, u32),
    colour: u8,
) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, png(width, height, colour)).unwrap();
    path
}

fn png(width: u32, height: u32, colour: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels = vec![colour; (width * height) as usize];
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

fn import(project: &Project, more: &[&str], files: &[&PathBuf]) -> Run {
    let mut command = project.command(&[&["import"], more].concat());
    Run::of(command.args(files).output().unwrap())
}

/// Imports; it must end with this code, and say this.
fn says(project: &Project, more: &[&str], files: &[&PathBuf], code: i32, said: &str) {
    let run = import(project, more, files);
    let folder = files[0].parent().unwrap().display().to_string();
    let err = run.err.replace(&folder, "DIR");
    assert_eq!((run.code, err.as_str()), (code, said));
}

#[test]
fn a_build_makes_all_else_and_says_what_to_do() {
    let project = project(
        "[cover.a]\ntext = { headline = \"one\" }\n[cover.b]\nmodel = \"local\"\ntext = { headline = \"two\" }\n\
         [carousel.c]\nseries = \"first\"\n[[carousel.c.slide]]\ntext = { headline = \"1\" }\n[[carousel.c.slide]]\ntext = { headline = \"2\" }\n",
    );
    let plan = project.ok(&["plan"]);
    let way = |id: &str| {
        format!(
            "(to be made by hand: `gpbuild show {id} --prompt` says what, `gpbuild import {id} FILE` takes it)"
        )
    };
    let plain = |text: &str| text.replace(['(', ')'], "");
    assert_eq!(
        plan.out,
        format!(
            "make      b     never made\nblocked   c/02  takes the picture of `c/01`, which is to be made by hand\n\
             manual    a     {}\nmanual    c/01  {}\n\nwould make 1 picture (1 blocked, 2 to be made by hand)\n",
            plain(&way("a")),
            plain(&way("c/01")),
        )
    );
    // Nothing failed, and not all is there: whoever asks for the code wants to know that.
    let build = project.run(&["build"]);
    assert_eq!(build.code, 1);
    assert_eq!(
        build.err,
        format!(
            "manual    a  dist/a.png  {}\nmanual    c/01  dist/c/01.png  {}\n\
             blocked   c/02  dist/c/02.png  (takes the picture of `c/01`, which is to be made by hand)\n\
             made      b  dist/b.png  (never made)\n1 made, 0 failed, 1 blocked, 2 to be made by hand in TIME\n",
            way("a"),
            way("c/01"),
        ),
        "{}",
        build.err
    );
    let json = project.run(&["build", "--json"]);
    assert_eq!(json.asset("a")["state"], "manual");
    let summary = json.json().pop().unwrap();
    assert_eq!(
        (&summary["manual"], &summary["requests"]),
        (&2.into(), &0.into())
    );
    assert_eq!(project.ok(&["plan", "--json"]).counts_of_plan("manual"), 2);
    assert_eq!(
        project.ok(&["check"]).err,
        "4 assets in 1 manifest: nothing wrong\n"
    );
    assert_eq!(project.ok(&["log", "--json"]).out, "");
    // A draft of it is drawn as of any other.
    let draft = project.ok(&["build", "--draft", "--json"]).counts();
    assert_eq!((draft.made + draft.restored, draft.blocked), (4, 0));
}

#[test]
fn the_prompt_is_all_there_is_on_standard_output() {
    let project = project(
        "[cover.a]\ncandidates = 2\nreferences = [\"r.png\"]\ntext = { headline = \"one\" }\n",
    );
    project.write("r.png", png(10, 10, 7));
    let run = project.ok(&["show", "a", "--prompt"]);
    assert!(
        run.out.contains("\"one\"") && run.out.ends_with(".\n"),
        "{}",
        run.out
    );
    assert_eq!(
        run.err,
        "size: 64x48\ncandidates: 2\nreference: r.png\nthen: gpbuild import a FILE\n"
    );
    let line = project
        .ok(&["show", "a", "--prompt", "--json"])
        .json()
        .remove(0);
    assert_eq!(
        line["prompt"].as_str().unwrap().trim_end(),
        run.out.trim_end()
    );
    assert_eq!(
        (&line["references"][0], &line["width"]),
        (&"r.png".into(), &64.into())
    );
    let many = project.run(&["show", "*", "--prompt"]);
    assert_eq!(many.code, 2);
}

#[test]
fn what_is_imported_is_made_kept_and_locked() {
    let project = project(
        "[cover.a]\nalso = [{ preset = \"wechat-square\", crop = [0.0, 0.0, 1.0, 1.0] }]\ntext = { headline = \"one\" }\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [(1, 200), (2, 90)]
        .map(|(n, colour)| picture(&folder, &format!("{n}.png"), (960, 720), colour));
    let run = import(&project, &["a"], &[&first, &second]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.err.contains("imported  a  2 candidates\n"),
        "{}",
        run.err
    );
    // Its further target follows, for the same picture.
    assert!(
        project.has("dist/a.png") && project.has("dist/a/wechat-square.png"),
        "{}",
        run.err
    );
    assert_eq!(project.build(), Counts::fresh(2));
    let lock = project.text("gpbuild.lock");
    assert!(lock.contains("model = \"manual/midjourney\""), "{lock}");
    let log = &project.ok(&["log", "--json"]).json()[0];
    assert_eq!(
        (&log["outcome"], &log["pictures"], &log["cost_usd"]),
        (&"imported".into(), &2.into(), &0.into())
    );
    let log = project.ok(&["log"]).out;
    let said = "nothing was spent\n\n2 pictures imported\n  ";
    assert!(
        log.starts_with(said) && log.ends_with("Z  a  manual/midjourney\n"),
        "{log}"
    );
    // It is never swept, and can be chosen from.
    project.ok(&["cache", "gc", "--days", "0"]);
    project.ok(&["pick", "a", "2"]);
    // The export of the other one is in the store.
    let back = project.ok(&["pick", "a", "1"]).err;
    assert!(
        back.contains("restored  a  dist/a.png  (export changed)\n"),
        "{back}"
    );
    project.ok(&["pick", "a", "2"]);
    project.ok(&["cache", "verify"]);
    // Other words are another picture; back is free.
    project.edit("gpbuild.toml", "\"one\"", "\"two\"");
    assert_eq!(
        project.run(&["build", "--json"]).asset("a")["state"],
        "manual"
    );
    project.edit("gpbuild.toml", "\"two\"", "\"one\"");
    assert_eq!(project.build().made, 0);
    // Another clone has it by its lock, without anybody's store.
    assert_eq!(project.fresh_clone().build(), Counts::fresh(2));
}

#[test]
fn what_is_there_gives_way_only_when_it_is_said_and_stays() {
    let project = one();
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [1, 2].map(|n| picture(&folder, &format!("{n}.png"), (64, 48), n * 90));
    says(
        &project,
        &["a"],
        &[&first],
        0,
        "imported  a  1 candidate\nmade      a  dist/a.png  (never made)\n1 made, 0 failed in TIME\n",
    );
    let before = project.read("dist/a.png");
    let refused = import(&project, &["a"], &[&second]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.starts_with("error: `a` has its picture already\n")
            && refused.err.ends_with("  = help: `--force` takes this one in its place; what is there stays as a candidate\n  = help: `variant = 2` in its table asks for another one, beside it\n"),
        "{}",
        refused.err
    );
    assert!(project.read("dist/a.png") == before);
    let forced = import(&project, &["a", "--force"], &[&second]);
    assert_eq!(forced.code, 0, "{}", forced.err);
    assert!(project.read("dist/a.png") != before);
    project.ok(&["cache", "gc", "--days", "0"]);
    project.ok(&["pick", "a", "2"]);
    assert!(project.read("dist/a.png") == before);
}

#[test]
fn a_chain_of_edits_is_imported_step_by_step() {
    let project = project(
        "[cover.a]\ntext = { headline = \"one\" }\n[[cover.a.edit]]\nchange = \"a blue sky\"\nmask = \"m.png\"\n",
    );
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 48);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0; 64 * 48 * 4]).unwrap();
    writer.finish().unwrap();
    project.write("m.png", bytes);
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [1, 2].map(|n| picture(&folder, &format!("{n}.png"), (64, 48), n * 90));
    let early = import(&project, &["a", "--shot", "2"], &[&first]);
    assert_eq!(early.code, 1);
    assert!(
        early
            .err
            .starts_with("error: shot 2 of `a` goes by a shot that is not there yet\n"),
        "{}",
        early.err
    );
    says(
        &project,
        &["a"],
        &[&first],
        0,
        "imported  a  1 candidate\nnext: a is to be made by hand: `gpbuild show a --prompt` says what, `gpbuild import a FILE` takes it\n",
    );
    let prompt = project.ok(&["show", "a", "--prompt"]);
    assert!(prompt.out.contains("a blue sky"), "{}", prompt.out);
    assert_eq!(
        prompt.err,
        "size: 64x48\nreference: .gpbuild/references/a/1.png\nmask: m.png\nthen: gpbuild import a FILE\n"
    );
    assert!(project.read(".gpbuild/references/a/1.png") == std::fs::read(&first).unwrap());
    says(
        &project,
        &["a"],
        &[&second],
        0,
        "imported  a  1 candidate\nmade      a  dist/a.png  (never made)\n1 made, 0 failed in TIME\n",
    );
}

#[test]
fn any_paid_model_takes_a_picture_and_nothing_is_asked() {
    let project = Project::new(
        "[defaults]\nmodel = \"openai/gpt-image-2\"\nsize = \"800x800\"\n[cover.a]\ntext = { headline = \"one\" }\n[cover.b]\nmodel = \"local\"\ntext = { headline = \"two\" }\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let file = picture(&folder, "1.png", (1000, 800), 9);
    says(
        &project,
        &["a"],
        &[&file],
        0,
        "`DIR/1.png` is 1000x800: 800x800 of it become 800x800\nimported  a  1 candidate\nmade      a  dist/a.png  (never made)\n1 made, 0 failed in TIME\n",
    );
    assert!(
        project
            .text("gpbuild.lock")
            .contains("model = \"manual/import\"")
    );
    let drawn = import(&project, &["b"], &[&file]);
    assert_eq!(drawn.code, 1);
    assert!(
        drawn
            .err
            .starts_with("error: `b` is made here: it takes no picture from elsewhere\n"),
        "{}",
        drawn.err
    );
}

#[test]
fn what_is_no_picture_for_it_is_told_and_changes_nothing() {
    let project = one();
    let folder = tempfile::tempdir().unwrap();
    let small = picture(&folder, "small.png", (40, 48), 1);
    says(
        &project,
        &["a"],
        &[&small],
        1,
        "error: `DIR/small.png` is 40x48, of which 40x30 would be seen at 64x48: it is too small\n  = help: `--upscale` takes it all the same, and scales it up\n",
    );
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = png(64, 48, 3);
    let cut = write("cut.png", &whole[..whole.len() - 20]);
    let svg = write("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    let text = write("a.png", b"no picture");
    let none = folder.path().join("none.png");
    // A head that promises more pixels than anything may have.
    let mut huge = Vec::new();
    drop(
        png::Encoder::new(&mut huge, 30_000, 30_000)
            .write_header()
            .unwrap(),
    );
    let huge = write("huge.png", &huge);
    let device = PathBuf::from("/dev/zero");
    let dir = folder.path().to_path_buf();
    let mut wrong = vec![&cut, &svg, &text, &none, &huge, &dir];
    if cfg!(unix) {
        wrong.push(&device);
    }
    let run = import(&project, &["a"], &wrong);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        wrong.len(),
        "{}",
        run.err
    );
    assert!(
        !run.err.contains("panicked") && !project.has("gpbuild.lock"),
        "{}",
        run.err
    );
    for file in wrong {
        let run = import(&project, &["a"], &[file]);
        assert_eq!(run.code, 1, "{}", file.display());
    }
    says(
        &project,
        &["a", "--upscale"],
        &[&small],
        0,
        "warning: `DIR/small.png` is 40x48, of which 40x30 would be seen at 64x48: it is scaled up\n`DIR/small.png` is 40x48: 40x30 of it become 64x48\nimported  a  1 candidate\nmade      a  dist/a.png  (never made)\n1 made, 0 failed in TIME\n",
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let project = one();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.png");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let run = import(&project, &["a"], &[&pipe]);
    assert_eq!(run.code, 1);
    assert!(run.err.ends_with("is not a regular file\n"), "{}", run.err);
}

#[test]
fn files_are_found_from_where_they_are_typed() {
    let project = one();
    project.write("deep/er/x.png", png(64, 48, 5));
    let mut command = std::process::Command::new(gpbuild());
    command
        .args(["import", "a", "x.png"])
        .current_dir(project.path("deep/er"));
    let home = project.path(".gpbuild");
    let run = Run::of(
        command
            .env_clear()
            .env("GPBUILD_HOME", home)
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(project.build(), Counts::fresh(1));
}
