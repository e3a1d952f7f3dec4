//! The commands besides build and plan.

use std::path::Path;

use serde_json::{Value, json};

use crate::project::{Counts, Project};

fn copy(from: &Path, to: &Project, below: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let below = format!("{below}{name}");
        if path.is_dir() {
            if !matches!(name, "dist" | ".gpbuild") {
                copy(&path, to, &format!("{below}/"));
            }
        } else if name != "gpbuild.lock" {
            to.write(&below, std::fs::read(&path).unwrap());
        }
    }
}

fn outputs(project: &Project) -> Vec<(String, Vec<u8>)> {
    project
        .files("dist")
        .into_iter()
        .map(|name| (name.clone(), project.read(&name)))
        .collect()
}

#[test]
fn the_example_project() {
    let project = Project::empty();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("example-project"),
        &project,
        "",
    );
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-project/gpbuild.lock");
    let locked = std::fs::read_to_string(committed).unwrap();
    let check = project.ok(&["check"]);
    assert!(check.err.contains("nothing wrong\n"), "{}", check.err);
    assert!(!check.err.contains("warning"), "{}", check.err);
    assert_eq!(project.build(), Counts::made(41));
    let first = outputs(&project);
    assert_eq!(first.len(), 42);
    // The committed lock says which bytes come out, on any machine. If other ones are meant, commit
    // the lock that a build of the example writes.
    assert_eq!(project.text("gpbuild.lock"), locked);
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), Counts::fresh(41));
    assert_eq!(run.json().last().unwrap()["requests"], 0);
    project.remove("dist");
    assert_eq!(project.build(), Counts::restored(41));
    assert!(outputs(&project) == first, "restored otherwise");
    project.remove(".gpbuild");
    assert_eq!(project.build(), Counts::fresh(41));
    project.remove("dist");
    project.remove(".gpbuild");
    assert_eq!(project.build(), Counts::made(41));
    assert!(outputs(&project) == first, "made otherwise");
    let plan = project.ok_with_key(&["plan", "--profile", "final", "--json"]);
    assert_eq!(plan.states().len(), 41);
    for (id, state) in plan.states() {
        assert_eq!(state, "make", "{id}");
        let estimate = &plan.asset(&id)["estimate_usd"];
        // What is made of the slides costs nothing, whatever they cost.
        let is_bundle = id.ends_with("/pdf") || id.ends_with("/sheet");
        assert!(
            estimate
                .as_f64()
                .is_some_and(|usd| (usd > 0.0) != is_bundle),
            "{id} {estimate}"
        );
    }
}

/// The pictures of docs/gallery.md, to the byte.
#[test]
fn the_gallery_shows_what_the_layouts_draw() {
    let project = Project::empty();
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gallery");
    copy(&gallery, &project, "");
    let lock = std::fs::read(gallery.join("gpbuild.lock")).unwrap();
    project.write("gpbuild.lock", lock);
    assert_eq!(project.build(), Counts::fresh(72));
    let committed: Vec<(String, Vec<u8>)> = project
        .files("pictures")
        .into_iter()
        .filter(|name| name.ends_with(".png"))
        .map(|name| (name.clone(), project.read(&name)))
        .collect();
    project.remove("pictures");
    project.remove(".gpbuild");
    assert_eq!(project.build(), Counts::made(72));
    let changed: Vec<&str> = committed
        .iter()
        .filter(|(name, bytes)| project.read(name) != *bytes)
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        changed.is_empty(),
        "these pictures changed; if that is meant, build `docs/gallery`, look at them there, and commit: {changed:#?}"
    );
}

#[test]
fn init_starts_a_project_that_builds() {
    let project = Project::empty();
    project.write(".gitignore", "node_modules/");
    let run = project.ok(&["init"]);
    assert_eq!(
        run.out,
        "wrote     gpbuild.toml\nwrote     covers.gp.toml\nwrote     carousel.gp.toml\nwrote     slides.csv\nwrote     .gitignore\nwrote     .gitattributes\nnow run `gpbuild`: it draws every picture, for free\n"
    );
    assert_eq!(project.text(".gitignore"), "node_modules/\n.gpbuild/\n");
    assert_eq!(project.build(), Counts::made(8));
    assert_eq!(project.build(), Counts::fresh(8));
    project.edit("gpbuild.toml", "my-pictures", "mine");
    let before = project.text("gpbuild.toml");
    let run = project.run(&["init"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_eq!(
        run.err,
        "error: `gpbuild.toml`, `covers.gp.toml`, `carousel.gp.toml` and `slides.csv` are already there: nothing was written\n  = help: `gpbuild init DIR` starts a project in another folder\n"
    );
    assert_eq!(project.text("gpbuild.toml"), before);
    assert_eq!(project.text(".gitignore"), "node_modules/\n.gpbuild/\n");
    project.ok(&["init", "new"]);
    assert!(project.has("new/gpbuild.toml") && project.has("new/.gitignore"));
    assert_eq!(
        project.text("new/.gitattributes"),
        "gpbuild.lock merge=union\n"
    );
}

#[test]
fn init_keeps_out_of_the_way_of_a_site() {
    let cases = [
        (&["hugo.toml"][..], "static/covers", "data/gpbuild.json"),
        (
            &["config.toml", "content/a.md", "templates/base.html"],
            "static/covers",
            "gpbuild.json",
        ),
        (
            &["astro.config.mjs", "package.json"],
            "public/covers",
            "src/data/gpbuild.json",
        ),
        (
            &["docs/.vitepress/config.mjs", "package.json"],
            "docs/public/covers",
            "docs/.vitepress/gpbuild.json",
        ),
        (
            &["_config.yml", "source/_posts/a.md", "package.json"],
            "source/covers",
            "source/_data/gpbuild.json",
        ),
        (
            &["_config.yml", "_posts/a.md"],
            "assets/covers",
            "_data/gpbuild.json",
        ),
        (
            &["mkdocs.yml", "docs/index.md"],
            "docs/covers",
            "gpbuild.json",
        ),
        (
            &["mkdocs.yaml", "docs/index.md"],
            "docs/covers",
            "gpbuild.json",
        ),
        (
            &["eleventy.config.js", "package.json"],
            "covers",
            "_data/gpbuild.json",
        ),
        (
            &["eleventy.config.cjs", "package.json"],
            "covers",
            "_data/gpbuild.json",
        ),
        (
            &["docusaurus.config.ts", "package.json"],
            "static/covers",
            "src/data/gpbuild.json",
        ),
        (
            &["package.json", "vite.config.js", "dist/index.html"],
            "covers",
            "covers/assets.json",
        ),
        (
            &["config/_default/hugo.toml", "content/a.md"],
            "static/covers",
            "data/gpbuild.json",
        ),
        (
            &["config.toml", "content/a.md"],
            "static/covers",
            "data/gpbuild.json",
        ),
        (&["notes/a.md"], "dist", "dist/assets.json"),
    ];
    for (files, out, index) in cases {
        let project = Project::empty();
        for name in files {
            project.write(name, "");
        }
        project.ok(&["init"]);
        project.build();
        assert!(project.has(index), "{files:?}: {:?}", project.files(""));
        assert!(
            project.has(&format!("{out}/hello-en.png")),
            "{files:?}: {:?}",
            project.files("")
        );
        for name in files {
            assert_eq!(project.text(name), "", "{files:?}");
        }
        assert_eq!(project.build().made, 0);
    }
}

#[test]
fn init_goes_where_a_site_says_that_its_sources_are() {
    for (name, text, also, out, index) in [
        (
            "_config.yml",
            "title: x\nsource_dir: blog # here\n",
            &["blog/_posts/a.md", "package.json"][..],
            "blog/covers",
            "blog/_data/gpbuild.json",
        ),
        (
            "mkdocs.yml",
            "site_name: x\ndocs_dir: \"pages/\"\n",
            &["pages/index.md"],
            "pages/covers",
            "gpbuild.json",
        ),
        (
            "_config.yml",
            "source: ./site\n",
            &["site/_posts/a.md"],
            "site/assets/covers",
            "site/_data/gpbuild.json",
        ),
        (
            "_config.yml",
            "source: ../elsewhere\n",
            &["_posts/a.md"],
            "assets/covers",
            "_data/gpbuild.json",
        ),
    ] {
        let project = Project::empty();
        project.write(name, text);
        for name in also {
            project.write(name, "");
        }
        project.ok(&["init"]);
        let written = project.text("gpbuild.toml");
        let lines = format!("out = \"{out}\"\nindex = \"{index}\"\n");
        assert!(written.contains(&lines), "{text}: {written}");
    }
}

#[test]
fn check_finds_what_a_prompt_forgets() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\ntemplate = \"mine\"\n[cover.a.text]\nheadline = \"标题\"\nfooter = \"页脚\"\n",
    );
    project.write(
        "templates/mine.prompt",
        "A picture; headline: \"{{ text.headline }}\". No other text.",
    );
    let run = project.ok(&["check"]);
    assert_eq!(
        run.err,
        "warning: the footer `页脚` is not in the prompt\n  = note: in asset `a`\n  = help: the template has to write it: \"{{ text.footer }}\"\n1 asset in 1 manifest: nothing wrong, 1 warning\n"
    );
    project.edit(
        "templates/mine.prompt",
        "No other",
        "footer: \"{{ text.footer }}\". No other",
    );
    assert_eq!(
        project.ok(&["check"]).err,
        "1 asset in 1 manifest: nothing wrong\n"
    );
    assert!(!project.has(".gpbuild") && !project.has("dist"));
    project.edit("gpbuild.toml", "页脚", "页脚 𓀀");
    let run = project.run(&["check"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.err,
        "error: no font has `𓀀` (U+13000)\n --> gpbuild.toml:1:8\n  |\n1 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n  = help: add a font that has it: `[fonts] files = [\"fonts/*.otf\"]` in gpbuild.toml\n"
    );
}

#[test]
fn show_tells_where_each_value_came_from() {
    let project = Project::new(
        "[defaults]\nmodel = \"openai/gpt-image-2\"\ntext = { footer = \"页脚\" }\n[profile.best.defaults]\nquality = \"high\"\n[cover.a]\nsize = \"1024x1024\"\ntemplate = \"mine\"\ntext = { headline = \"标题\" }\n",
    );
    project.write("templates/mine.prompt", "Draw \"{{ text.headline }}\".\n");
    let text = project.ok(&["show", "a", "--profile", "best"]).out;
    let key = text
        .lines()
        .find_map(|l| l.strip_prefix("    key       "))
        .unwrap();
    assert_eq!(key.len(), 64);
    assert_eq!(
        text,
        format!(
            r#"a
  output      dist/a.png
  target      1024x1024 (1024x1024)
  template    mine
  export      1024x1024 png
  shot        generate openai/gpt-image-2 1024x1024, high
    key       {key}

  where its values came from
  model          openai/gpt-image-2  (defaults, gpbuild.toml:2)
  size           1024x1024  (gpbuild.toml:7)
  text.footer    页脚  (gpbuild.toml:3)
  text.headline  标题  (gpbuild.toml:9)

  prompt
  | Draw "标题".
"#
        )
    );
    let run = project.ok(&["show", "a", "--profile", "best", "--json"]);
    let spec = &run.json()[0];
    assert_eq!(spec["prompt"], "Draw \"标题\".");
    assert_eq!(
        spec["text"],
        json!({ "headline": "标题", "footer": "页脚" })
    );
    assert_eq!(spec["shots"][0]["key"], key);
    assert_eq!(spec["shots"][0]["quality"], "high");
    assert_eq!(
        spec["from"][0],
        json!({ "field": "model", "value": "openai/gpt-image-2", "from": "defaults, gpbuild.toml:2" })
    );
}

#[test]
fn why_names_what_changed() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\ntemplate = \"mine\"\ntext = { headline = \"甲\" }\n",
    );
    project.write(
        "templates/mine.html",
        "<p>one</p>\n<p>{{ text.headline }}</p>\n",
    );
    assert_eq!(
        project.ok(&["why", "a"]).out,
        "a: would be made: never made\n"
    );
    project.build();
    assert_eq!(
        project.ok(&["why", "a"]).out,
        "a: fresh, nothing changed since it was made\n"
    );
    project.edit("gpbuild.toml", "甲", "乙");
    assert_eq!(
        project.ok(&["why", "a"]).out,
        "a: would be made: layout changed\n  layout\n    @@ -1,2 +1,2 @@\n     <p>one</p>\n    -<p>甲</p>\n    +<p>乙</p>\n"
    );
    let change = &project.ok(&["why", "a", "--json"]).json()[0];
    assert_eq!(
        change["changes"],
        json!([{ "ingredient": "layout", "old": "<p>one</p>\n<p>甲</p>", "new": "<p>one</p>\n<p>乙</p>" }])
    );
    project.edit("gpbuild.toml", "乙", "甲");
    project.edit("gpbuild.toml", "size", "format = \"jpeg\"\nsize");
    let out = project.ok(&["why", "a"]).out;
    assert!(out.contains("format\n    - png\n    + jpeg\n"), "{out}");
    project.edit("gpbuild.toml", "甲", "乙");
    project.remove(".gpbuild");
    assert_eq!(
        project.ok(&["why", "a"]).out,
        "a: would be made: its inputs changed\n  its inputs changed; what they were is not in the store of this machine\n"
    );
    assert_eq!(
        project.ok(&["why", "a", "--json"]).json()[0]["forgotten"],
        true
    );
}

#[test]
fn the_store_is_looked_after() {
    let project = Project::one("甲");
    project.build();
    project.edit("gpbuild.toml", "甲", "乙");
    project.build();
    let stats = &project.ok(&["cache", "stats", "--json"]).json()[0];
    assert_eq!(
        (
            &stats["objects"],
            &stats["shots"],
            &stats["exports"],
            &stats["cost_usd"]
        ),
        (&json!(2), &json!(2), &json!(2), &json!(0))
    );
    let text = project.ok(&["cache", "stats"]).out;
    assert!(
        text.ends_with(" in 2 objects\n2 shots, 2 exports\npaid for: $0.000\n"),
        "{text}"
    );
    assert_eq!(project.ok(&["cache", "verify"]).out, "6 files whole\n");
    let files = project.files(".gpbuild/store");
    let dry = &project
        .ok(&["cache", "gc", "--days", "0", "--dry-run", "--json"])
        .json()[0];
    assert_eq!((&dry["dry_run"], &dry["files"]), (&json!(true), &json!(3)));
    assert_eq!(project.files(".gpbuild/store"), files);
    let swept = &project.ok(&["cache", "gc", "--days", "0", "--json"]).json()[0];
    assert_eq!(
        (&swept["dry_run"], &swept["files"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(swept["bytes"], dry["bytes"]);
    assert_eq!(project.ok(&["cache", "verify"]).out, "3 files whole\n");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(
        project.ok(&["cache", "gc", "--days", "0"]).out,
        "removed 0 files, 0 B\n"
    );
    // A damaged object.
    let object = project
        .files(".gpbuild/store")
        .into_iter()
        .find(|f| f.contains("objects"))
        .unwrap();
    project.write(&object, "damaged");
    let run = project.run(&["cache", "verify", "--json"]);
    assert_eq!(run.code, 5);
    assert_eq!(run.json()[0]["damaged"].as_array().map(Vec::len), Some(1));
    assert!(run.json()[0]["missing"].is_array(), "{}", run.out);
}

#[test]
fn the_command_line() {
    let project = Project::one("甲");
    let version = project.ok(&["--version"]);
    assert_eq!(
        version.out,
        concat!("gpbuild ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let help = project.ok(&["--help"]).out;
    for command in [
        "build", "plan", "why", "show", "check", "accept", "init", "cache",
    ] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}\n{help}"
        );
    }
    let run = project.run(&["bild"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(
        run.err
            .starts_with("error: unrecognized subcommand 'bild'\n"),
        "{}",
        run.err
    );
    // Who names an asset where a command stands is told where it belongs.
    let run = project.run(&["post/first"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            2,
            "error: unrecognized subcommand 'post/first'\n\n  tip: to build one asset: `gpbuild build post/first`\n\nUsage: gpbuild [OPTIONS] [COMMAND]\n\nFor more information, try '--help'.\n"
        )
    );
    let run = project.run(&["--jobs", "2", "plan"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .starts_with("error: `--jobs` belongs behind the command\n"),
        "{}",
        run.err
    );
    let run = project.run(&["build", "--draft", "--model", "local"]);
    assert_eq!(run.code, 2);
    let events: Vec<Value> = project.run(&["build", "--json", "nobody"]).json();
    assert_eq!(events[0]["message"], "no asset matches `nobody`");
}

#[test]
fn templates_lie_where_the_project_says() {
    let project = Project::one("one");
    // A site's own, which is nobody's layout here.
    project.write("templates/poster.html", "{{ page.title | safe }}");
    project.write("templates/mine.html", "{% extends \"base.html\" %}");
    assert_eq!(project.run(&["build"]).code, 0);
    let manifest = project.text("gpbuild.toml");
    let own = |template: &str| {
        let asset = manifest.replace(
            "[cover.a]\n",
            &format!("[cover.a]\ntemplate = \"{template}\"\n"),
        );
        format!("[project]\ntemplates = \"gpbuild/templates\"\n{asset}")
    };
    project.write("gpbuild.toml", own("mine"));
    let run = project.run(&["build"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains(
            "looked for `gpbuild/templates/mine.prompt` and `gpbuild/templates/mine.html`"
        ),
        "{}",
        run.err
    );
    project.write(
        "gpbuild/templates/mine.html",
        "<html><body style=\"background: #204060\">{{ text.headline }}</body></html>",
    );
    assert_eq!(project.build(), Counts::made(1));
    project.write(
        "gpbuild/templates/mine.html",
        "<html><body>{{ text.nothing }}</body></html>",
    );
    let run = project.run(&["build"]);
    assert!(
        run.err.contains("--> gpbuild/templates/mine.html:1:"),
        "{}",
        run.err
    );
    project.write("gpbuild.toml", own("poster"));
    assert_eq!(project.build(), Counts::made(1));
}
