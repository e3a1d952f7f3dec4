//! What makes a picture again and what does not: one test for each ingredient.

use crate::project::{Counts, PLAIN, Project};

/// Two covers, `plain` (a template and nothing else) and `styled` (a style, a var).
const MANIFEST: &str = r##"[style.night]
vars = { accent = "#FFB020" }
[cover.plain]
size = "40x30"
template = "plain"
[cover.plain.text]
headline = "one"
[cover.styled]
size = "300x400"
template = "poster"
style = "night"
vars = { decor = "grid" }
[cover.styled.text]
headline = "two"
"##;

fn project() -> Project {
    let project = Project::new(MANIFEST);
    project.write("templates/plain.html", PLAIN);
    assert_eq!(project.build(), Counts::made(2));
    project
}

/// Builds twice: these are made and the others fresh, then all are fresh.
fn remakes(project: &Project, made: &[&str]) {
    let run = project.ok(&["build", "--json"]);
    let again: Vec<String> = run
        .states()
        .into_iter()
        .filter_map(|(id, state)| (state != "fresh").then(|| format!("{id} {state}")))
        .collect();
    let expected: Vec<String> = made.iter().map(|id| format!("{id} made")).collect();
    assert_eq!(again, expected);
    assert_eq!(project.build().made, 0);
}

/// An edit of the manifest, and what is made again for it.
fn edit_remakes(from: &str, to: &str, made: &[&str]) {
    let project = project();
    let (dist, lock) = (project.snapshot("dist"), project.read("gpbuild.lock"));
    project.edit("gpbuild.toml", from, to);
    remakes(&project, made);
    if made.is_empty() {
        assert_eq!(project.snapshot("dist"), dist);
        assert_eq!(project.read("gpbuild.lock"), lock);
    }
}

#[test]
fn headline_change_remakes() {
    edit_remakes("\"one\"", "\"other\"", &["plain"]);
}

#[test]
fn a_single_space_in_a_headline_remakes() {
    edit_remakes("\"one\"", "\"o ne\"", &["plain"]);
}

#[test]
fn comment_does_not_remake() {
    edit_remakes("[cover.plain]", "# why\n[cover.plain] # what", &[]);
}

#[test]
fn formatting_does_not_remake() {
    edit_remakes("headline = \"one\"", "\r\n  headline   =   'one'", &[]);
}

#[test]
fn order_of_tables_does_not_remake() {
    let (first, second) = MANIFEST.split_at(MANIFEST.find("[cover.styled]").unwrap());
    let project = project();
    project.write("gpbuild.toml", format!("{second}{first}"));
    remakes(&project, &[]);
}

#[test]
fn the_file_a_table_stands_in_does_not_remake() {
    let (first, second) = MANIFEST.split_at(MANIFEST.find("[cover.styled]").unwrap());
    let project = project();
    project.write("gpbuild.toml", first);
    project.write("deep/er/x.gp.toml", second);
    remakes(&project, &[]);
}

#[test]
fn style_var_remakes_only_its_assets() {
    edit_remakes("#FFB020", "#FF0000", &["styled"]);
}

#[test]
fn a_style_var_that_no_template_uses_does_not_remake() {
    edit_remakes(
        "accent = \"#FFB020\"",
        "accent = \"#FFB020\", other = 1",
        &[],
    );
}

#[test]
fn a_styles_prompt_does_not_remake_a_drawing() {
    edit_remakes(
        "[style.night]\n",
        "[style.night]\nprompt = \"deep blue\"\n",
        &[],
    );
}

#[test]
fn var_remakes() {
    edit_remakes("\"grid\"", "\"none\"", &["styled"]);
}

#[test]
fn renaming_a_style_does_not_remake() {
    let project = project();
    project.edit("gpbuild.toml", "night", "day");
    remakes(&project, &[]);
}

#[test]
fn renaming_a_template_does_not_remake() {
    let project = project();
    project.remove("templates/plain.html");
    project.write("templates/simple.html", PLAIN);
    project.edit("gpbuild.toml", "\"plain\"", "\"simple\"");
    remakes(&project, &[]);
}

#[test]
fn renaming_a_var_does_not_remake() {
    let project = project();
    project.write("templates/plain.html", "<p>{{ vars.before }}</p>\n");
    project.edit(
        "gpbuild.toml",
        "[cover.plain.text]",
        "[cover.plain.vars]\nbefore = \"x\"\n[cover.plain.text]",
    );
    remakes(&project, &["plain"]);
    project.write("templates/plain.html", "<p>{{ vars.after }}</p>\n");
    project.edit("gpbuild.toml", "before = ", "after = ");
    remakes(&project, &[]);
}

#[test]
fn renaming_the_project_does_not_remake() {
    edit_remakes(
        "[style.night]",
        "[project]\nname = \"x\"\n[style.night]",
        &[],
    );
}

#[test]
fn naming_the_default_model_does_not_remake() {
    edit_remakes(
        "[style.night]",
        "[defaults]\nmodel = \"local\"\n[style.night]",
        &[],
    );
}

#[test]
fn a_field_that_the_renderer_has_no_use_for_does_not_remake() {
    edit_remakes(
        "template = \"plain\"",
        "template = \"plain\"\nquality = \"high\"\nbackground = \"opaque\"",
        &[],
    );
}

#[test]
fn template_change_remakes() {
    let project = project();
    project.edit("templates/plain.html", "12px", "11px");
    remakes(&project, &["plain"]);
}

#[test]
fn touched_template_does_not_remake() {
    let project = project();
    project.write("templates/plain.html", PLAIN);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let file = std::fs::File::options()
        .write(true)
        .open(project.path("templates/plain.html"));
    file.unwrap().set_modified(long_ago).unwrap();
    remakes(&project, &[]);
}

#[test]
fn unused_branch_of_a_template_does_not_remake() {
    let project = project();
    let branch = "{% if text.badge is defined %}<b>{{ text.badge }}</b>{% endif -%}{#- why -#}\n";
    project.write("templates/plain.html", format!("{branch}{PLAIN}"));
    remakes(&project, &[]);
}

#[test]
fn a_template_of_the_projects_own_over_a_built_in_one_remakes() {
    let project = project();
    project.write("templates/poster.html", "<p>{{ text.headline }}</p>");
    remakes(&project, &["styled"]);
    project.remove("templates/poster.html");
    assert_eq!(
        project.build(),
        Counts {
            fresh: 1,
            restored: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn an_included_template_remakes() {
    let project = project();
    project.write("templates/part.html", "<p>one</p>");
    project.write("templates/plain.html", "{% include \"part.html\" %}");
    remakes(&project, &["plain"]);
    project.write("templates/part.html", "<p>two</p>");
    remakes(&project, &["plain"]);
}

#[test]
fn a_picture_of_the_layout_remakes() {
    let project = project();
    let small = Project::many(2);
    small.build();
    project.write("img/logo.png", small.read("dist/a00.png"));
    project.write("templates/plain.html", "<img src=\"img/logo.png\">");
    remakes(&project, &["plain"]);
    project.write("img/logo.png", small.read("dist/a01.png"));
    remakes(&project, &["plain"]);
    project.write("img/other.png", small.read("dist/a01.png"));
    remakes(&project, &[]);
}

/// A post of which the template uses the title.
fn post(title: &str, body: &str) -> String {
    format!("---\ntitle: {title}\ntags: [a, b]\n---\n{body}\n")
}

#[test]
fn post_body_does_not_remake() {
    let project = Project::new(
        "[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"{{ file.stem }}\"\nsize = \"40x30\"\ntemplate = \"plain\"\ntext = { headline = \"{{ item.title }}\" }\n",
    );
    project.write("templates/plain.html", PLAIN);
    project.write("posts/a.md", post("one", "body"));
    project.write("posts/b.md", post("two", "body"));
    assert_eq!(project.build(), Counts::made(2));
    project.write("posts/a.md", post("one", "another body"));
    remakes(&project, &[]);
    project.edit("posts/a.md", "[a, b]", "[a, c]");
    remakes(&project, &[]);
    project.edit("posts/a.md", "one", "three");
    remakes(&project, &["a"]);
    project.write("posts/c.md", post("four", "body"));
    remakes(&project, &["c"]);
    project.remove("posts/b.md");
    remakes(&project, &[]);
    assert_eq!(project.build(), Counts::fresh(2));
}

#[test]
fn a_row_remakes_its_own_slide_only() {
    let project = Project::new(
        "[carousel.c]\nsize = \"40x30\"\ntemplate = \"plain\"\nslides = { csv = \"slides.csv\" }\n",
    );
    project.write("templates/plain.html", PLAIN);
    project.write("slides.csv", "headline,note to self\none,x\ntwo,y\n");
    assert_eq!(project.build(), Counts::made(2));
    project.edit("slides.csv", "two,y", "two,z");
    remakes(&project, &[]);
    project.edit("slides.csv", "two", "three");
    remakes(&project, &["c/02"]);
    // A row more: these slides do not say how many there are.
    project.edit("slides.csv", "three,z\n", "three,z\nfour,\n");
    remakes(&project, &["c/03"]);
}

#[test]
fn project_font_remakes() {
    let project = project();
    let font = concat!(env!("CARGO_MANIFEST_DIR"), "/fonts/NotoSansSC-Regular.otf");
    project.write("fonts/mine.otf", std::fs::read(font).unwrap());
    remakes(&project, &[]);
    project.edit(
        "gpbuild.toml",
        "[style.night]",
        "[fonts]\nfiles = [\"fonts/*.otf\"]\n[style.night]",
    );
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::made(2));
    assert_eq!(run.asset("plain")["reason"], "fonts changed");
    // By its bytes, not by its name.
    project.write("fonts/renamed.otf", project.read("fonts/mine.otf"));
    project.remove("fonts/mine.otf");
    remakes(&project, &[]);
}

#[test]
fn format_change_exports_without_a_new_shot() {
    let project = project();
    assert_eq!(project.shots(), 2);
    project.edit(
        "gpbuild.toml",
        "template = \"plain\"",
        "template = \"plain\"\nformat = \"webp\"",
    );
    let run = project.ok(&["build", "--json"]);
    assert_eq!(
        run.counts(),
        Counts {
            fresh: 1,
            made: 1,
            ..Counts::default()
        }
    );
    assert_eq!(run.asset("plain")["output"], "dist/plain.webp");
    assert_eq!(run.asset("plain")["reason"], "export.format changed");
    assert_eq!(project.shots(), 2);
    assert_eq!(&project.read("dist/plain.webp")[8..12], b"WEBP");
    project.edit("gpbuild.toml", "\"webp\"", "\"jpeg\"");
    remakes(&project, &["plain"]);
    assert_eq!(project.shots(), 2);
    project.edit("gpbuild.toml", "format = \"jpeg\"\n", "");
    assert_eq!(project.build().made, 0);
    assert_eq!(project.shots(), 2);
}

#[test]
fn max_bytes_change_exports_without_a_new_shot() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "template = \"poster\"",
        "template = \"poster\"\nformat = \"jpeg\"",
    );
    remakes(&project, &["styled"]);
    let large = project.read("dist/styled.jpg").len();
    let limit = large * 2 / 3;
    project.edit(
        "gpbuild.toml",
        "\"jpeg\"",
        &format!("\"jpeg\"\nmax_bytes = {limit}"),
    );
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("styled")["state"], "made");
    assert_eq!(run.asset("styled")["reason"], "export.max_bytes changed");
    assert!(project.read("dist/styled.jpg").len() <= limit);
    assert_eq!(project.shots(), 2);
}

#[test]
fn size_remakes() {
    edit_remakes("40x30", "44x30", &["plain"]);
}

#[test]
fn preset_size_remakes_only_its_assets() {
    let project = project();
    project.edit("gpbuild.toml", "size = \"40x30\"", "preset = \"mine\"");
    project.edit(
        "gpbuild.toml",
        "[style.night]",
        "[preset.mine]\nsize = \"40x30\"\n[style.night]",
    );
    remakes(&project, &[]);
    project.edit("gpbuild.toml", "\"40x30\"", "\"30x40\"");
    remakes(&project, &["plain"]);
}

#[test]
fn renaming_a_preset_does_not_remake() {
    let project = project();
    project.edit("gpbuild.toml", "size = \"40x30\"", "preset = \"mine\"");
    project.edit(
        "gpbuild.toml",
        "[style.night]",
        "[preset.mine]\nsize = \"40x30\"\n[style.night]",
    );
    remakes(&project, &[]);
    project.edit("gpbuild.toml", "preset.mine", "preset.ours");
    project.edit("gpbuild.toml", "\"mine\"", "\"ours\"");
    remakes(&project, &[]);
}

#[test]
fn another_layout_remakes_and_the_same_one_by_name_does_not() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "template = \"poster\"",
        "template = \"poster\"\nmodel = \"local/poster\"",
    );
    remakes(&project, &[]);
    project.edit("gpbuild.toml", "local/poster", "local/plain");
    remakes(&project, &["styled"]);
}

#[test]
fn moving_the_whole_project_does_not_remake() {
    let project = project();
    let there = Project::empty();
    for name in project.files("") {
        there.write(&name, project.read(&name));
    }
    remakes(&there, &[]);
}

#[test]
fn an_environment_variable_does_not_remake() {
    let project = project();
    let mut command = project.command(&["build", "--json"]);
    command.envs([
        ("LANG", "zh_CN.UTF-8"),
        ("TZ", "Asia/Shanghai"),
        ("OPENAI_API_KEY", "x"),
    ]);
    let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(out.contains("\"event\":\"summary\",\"fresh\":2,"), "{out}");
}
