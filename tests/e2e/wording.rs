//! What is told of a wrong project whose files a text cannot show: links, huge files, thousands of errors. All that
//! one can show is in `tests/wording`.

use crate::project::{Project, Run};

/// Runs gpbuild in a wrong project: exit code 2, no output, nothing written.
fn nothing_written(project: &Project, arguments: &[&str]) -> Run {
    let run = project.run(arguments);
    nothing_is_written(project, &run);
    run
}

fn nothing_is_written(project: &Project, run: &Run) {
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
    for name in ["dist", ".gpbuild", "gpbuild.lock"] {
        assert!(!project.has(name), "{name} was written");
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_refused() {
    use std::os::unix::fs::symlink;
    let outside = Project::empty();
    outside.write("data.csv", "slug\na\n");
    outside.write("ref.png", "x");
    let project = Project::new(
        r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
output = "out/a.png"
[cover.b]
size = "300x400"
for_each = { csv = "data.csv" }
id = "x"
[cover.c]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
text = { headline = "标题" }
references = ["ref.png"]
"#,
    );
    symlink(outside.root(), project.path("out")).unwrap();
    symlink(outside.path("data.csv"), project.path("data.csv")).unwrap();
    symlink(outside.path("ref.png"), project.path("ref.png")).unwrap();
    let run = nothing_written(&project, &[]);
    let there = outside.root().canonicalize().unwrap();
    let there = there.display();
    let expected = format!(
        r#"error: `data.csv` is a symbolic link out of the project, to `{there}/data.csv`
 --> gpbuild.toml:7:20
  |
7 | for_each = {{ csv = "data.csv" }}
  |                    ^^^^^^^^^^

error: `ref.png` is a symbolic link out of the project, to `{there}/ref.png`
  --> gpbuild.toml:13:15
   |
13 | references = ["ref.png"]
   |               ^^^^^^^^^
   |
   = note: in asset `c`

error: `out` is a symbolic link out of the project, to `{there}`
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: gpbuild writes nowhere else: remove the link, or let it lead to a folder of the project
  = help: outputs go to a folder of the project: `[project] out = "…"` names another one
"#
    );
    assert_eq!(run.err, expected);
    assert!(!outside.has("a.png"));
}

/// They are so large that reading one would take minutes, and more memory than there is.
#[test]
fn a_huge_file_is_refused_without_reading_it() {
    let project =
        Project::new("[cover.a]\nsize = \"300x400\"\nfor_each = { csv = \"a.csv\" }\nid = \"x\"\n");
    for name in ["a.csv", "b.gp.toml"] {
        of_length(&project, name, 1 << 40);
    }
    let run = nothing_written(&project, &[]);
    assert_eq!(
        run.err,
        r#"error: `b.gp.toml` is 1099511627776 bytes; gpbuild reads at most 16777216 of such a file

error: `a.csv` is 1099511627776 bytes; gpbuild reads at most 67108864 of such a file
 --> gpbuild.toml:3:20
  |
3 | for_each = { csv = "a.csv" }
  |                    ^^^^^^^
"#
    );
}

#[test]
fn a_reference_of_fifty_megabytes() {
    let project = Project::new(
        "[cover.a]\nsize = \"1024x1024\"\nmodel = \"openai/gpt-image-2\"\ntext = { headline = \"x\" }\nreferences = [\"big.png\"]\n",
    );
    of_length(&project, "big.png", 50_000_000);
    let run = nothing_written(&project, &[]);
    assert_eq!(
        run.err,
        r#"error: `big.png` is 50000000 bytes; gpbuild reads at most 49999999 of such a file
 --> gpbuild.toml:5:15
  |
5 | references = ["big.png"]
  |               ^^^^^^^^^
  |
  = note: in asset `a`
"#
    );
}

/// A file that takes no place, of so many bytes.
fn of_length(project: &Project, name: &str, length: u64) {
    project.write(name, "");
    let mut options = std::fs::File::options();
    let file = options.write(true).open(project.path(name)).unwrap();
    file.set_len(length).unwrap();
}

/// Fifty are shown and the rest is counted, in a time that grows as they do: the limit is one of the processor's
/// time, so that nothing else on the machine counts.
fn ten_thousand(line: impl Fn(usize) -> String, first: &str) {
    let manifest: String = (0..10_000).map(line).collect();
    let project = Project::new(&manifest);
    let mut command = project.command(&[]);
    #[cfg(unix)]
    {
        command = crate::process::with_processor_time(&command, 10);
    }
    let run = Run::of(command.output().unwrap());
    nothing_is_written(&project, &run);
    assert!(run.err.starts_with(first), "{}", run.err);
    assert_eq!(run.err.matches("error: ").count(), 50);
    assert!(run.err.ends_with("\n\n… and 9,950 more\n"), "{}", run.err);
}

#[test]
fn ten_thousand_errors_in_values() {
    ten_thousand(
        |n| format!("[cover.c{n}]\npreset = \"open-graf{n}\"\n"),
        "error: there is no preset `open-graf0`\n --> gpbuild.toml:2:10\n",
    );
}

#[test]
fn the_same_error_of_ten_thousand_assets_is_told_once() {
    let both = |n: usize| format!("[cover.c{n:04}]\nsize = \"300x400\"\npreset = \"open-graph\"\n");
    let project = Project::new(&(0..10_000).map(both).collect::<String>());
    let run = project.run(&[]);
    let told =
        "error: both `preset` and `size` are set: which one is meant?\n --> gpbuild.toml:2:8\n";
    assert!(run.err.starts_with(told), "{}", run.err);
    assert!(
        run.err
            .contains("= note: in asset `c0000` and 9999 other assets\n"),
        "{}",
        run.err
    );
    assert_eq!(run.err.matches("error: ").count(), 1);
    let run = project.run(&["--json"]);
    let told = run
        .json()
        .into_iter()
        .filter(|event| event["event"] == "diagnostic");
    assert!(told.count() >= 50, "a program hears of each");
}

#[test]
fn ten_thousand_unknown_keys() {
    ten_thousand(
        |n| format!("[style.s{n}]\npromt = \"x\"\n"),
        "error: unknown key `promt` in `[style.s0]`\n --> gpbuild.toml:2:1\n",
    );
}

#[test]
fn ten_thousand_lines_that_are_not_toml() {
    ten_thousand(
        |n| format!("a{n} = = 1\n"),
        "error: not valid TOML: extra `=`, expected nothing\n --> gpbuild.toml:1:6\n",
    );
}

/// What only shows when the picture is drawn: the others are made, and the exit code is 1.
#[test]
fn pictures_that_cannot_be_made() {
    let long = "三十天从零到一上手人工智能工程".repeat(100);
    let project = Project::new(&format!(
        r#"[defaults]
size = "300x400"
[cover.glyph]
text = {{ headline = "标题 𓀀 ⵣ" }}
[cover.good]
text = {{ headline = "标题" }}
[cover.jpeg]
format = "jpeg"
max_bytes = 600
text = {{ headline = "标题" }}
[cover.long]
text = {{ headline = "{long}" }}
[cover.png]
max_bytes = 300
text = {{ headline = "标题" }}
"#
    ));
    let run = project.run(&[]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    for expected in [
        r#"error: no font has `𓀀` (U+13000), `ⵣ` (U+2D63)
 --> gpbuild.toml:3:8
  |
3 | [cover.glyph]
  |        ^^^^^
  |
  = note: in asset `glyph`
  = help: add a font that has it: `[fonts] files = ["fonts/*.otf"]` in gpbuild.toml
"#,
        r#"error: the JPEG is 10.07 kB even at quality 40; `max_bytes` is 600 bytes; `format = "webp"` makes smaller files
 --> gpbuild.toml:7:8
  |
7 | [cover.jpeg]
  |        ^^^^
  |
  = note: in asset `jpeg`
"#,
        r#"error: the `headline` is 226 px too large for its place: `三十天从零到一上手人工智能工程三十天从零到一上手人工智能工程三十天从零到一上手人工智能工程三十天从零到一上手人工智能工程三十天从零到一上手人工智能工程三十天从零…`
  --> gpbuild.toml:11:8
   |
11 | [cover.long]
   |        ^^^^
   |
   = note: in asset `long`
   = help: shorten the text, or break it with a line break of your own
"#,
        r#"error: the PNG is 24.97 kB even with the strongest compression; `max_bytes` is 300 bytes; `format = "jpeg"` makes smaller files
  --> gpbuild.toml:13:8
   |
13 | [cover.png]
   |        ^^^
   |
   = note: in asset `png`
"#,
        "made      good  dist/good.png  (never made)\n",
        "\n1 made, 4 failed in TIME\n",
    ] {
        assert!(
            run.err.contains(expected),
            "{expected}\nis not in\n{}",
            run.err
        );
    }
    assert_eq!(project.files("dist"), ["dist/assets.json", "dist/good.png"]);
    assert!(project.text("gpbuild.lock").contains("good"));
}
