//! The first run makes, the second finds everything fresh.

use std::collections::BTreeSet;

use crate::project::{Counts, Project};

#[test]
fn the_second_run_makes_nothing() {
    let project = Project::one("30 天学会 ChatGPT");
    assert_eq!(project.build(), Counts::made(1));
    let picture = project.read("dist/a.png");
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.build(), Counts::fresh(1));
    assert_eq!(project.read("dist/a.png"), picture);
}

#[test]
fn a_build_ends_with_what_failed_and_says_the_same_once() {
    let project = Project::many(60);
    let mut manifest = project.text("gpbuild.toml");
    for i in (0..60).step_by(2) {
        manifest = manifest.replace(&format!("\"{i}\""), "\"\\uE000\"");
    }
    project.write("gpbuild.toml", manifest);
    let run = project.run(&["-j", "1"]);
    assert_eq!(run.code, 1);
    let (lines, end) = run.err.rsplit_once("what failed:\n").unwrap();
    assert_eq!(lines.matches("error: ").count(), 1, "{lines}");
    assert_eq!(lines.matches("\nfailed    a").count(), 29, "{lines}");
    assert_eq!(end.matches("error: ").count(), 1, "{end}");
    assert!(
        end.contains("= note: in asset `a00` and 29 other assets\n"),
        "{end}"
    );
    assert!(end.ends_with("\n30 made, 30 failed in TIME\n"), "{end}");
    // A program hears of each by its own.
    let run = project.run(&["--json"]);
    let told = run
        .json()
        .into_iter()
        .filter(|event| event["event"] == "diagnostic");
    let ids: BTreeSet<String> = told
        .map(|event| event["asset"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 30);
}

#[test]
fn what_a_clone_without_its_outputs_lacks_is_said_once() {
    let clone = Project::many(6);
    clone.build();
    let clone = clone.fresh_clone();
    clone.remove("dist");
    let said = "6 outputs are missing, and the store does not have them, as in a clone without its outputs\n";
    let plan = clone.ok(&["plan"]).out;
    assert_eq!(plan.matches("missing").count(), 1, "{plan}");
    assert!(plan.contains(said), "{plan}");
    let plan = clone.ok(&["plan", "--json"]);
    assert_eq!(
        plan.asset("a00")["reason"],
        "output is missing, and the store does not have it"
    );
    let run = clone.ok(&[]);
    assert!(run.err.starts_with(said), "{}", run.err);
    assert_eq!(run.err.matches("missing").count(), 1, "{}", run.err);
}

#[test]
fn the_index_goes_where_the_project_says() {
    let project = Project::many(2);
    let manifest = project.text("gpbuild.toml");
    project.write(
        "gpbuild.toml",
        format!("[project]\nindex = \"data/gpbuild.json\"\n[quota]\ng = 3\n{manifest}"),
    );
    project.write("posts/x.md", "---\ntitle: X\n---\n");
    project.write("b.gp.toml", "[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"post/{{ file.stem }}\"\noutput = \"static/{{ file.stem }}.png\"\ntext.headline = \"{{ item.title }}\"\ngroup = \"g\"\n[carousel.c]\n[[carousel.c.slide]]\ntext.headline = \"one\"\n");
    project.build();
    assert!(!project.has("dist/assets.json"));
    let index: serde_json::Value =
        serde_json::from_slice(&project.read("data/gpbuild.json")).unwrap();
    let assets = index["assets"].as_object().unwrap();
    assert_eq!(index["version"], 2);
    assert_eq!(
        assets.keys().collect::<Vec<_>>(),
        ["a00", "a01", "c/01", "post/x"]
    );
    assert_eq!(
        (&assets["a00"]["public"], &assets["a00"]["state"]),
        (&"a00.png".into(), &"made".into())
    );
    assert_eq!(assets["post/x"]["source"], "posts/x.md");
    assert_eq!(assets["post/x"]["group"], "g");
    assert_eq!(assets["post/x"]["public"], serde_json::Value::Null);
    assert_eq!(
        (&assets["c/01"]["carousel"], &assets["c/01"]["slide"]),
        (&"c".into(), &1.into())
    );
    assert_eq!(project.build(), Counts::fresh(4));
    // One post of many is looked at alone, and its row is as it was.
    let text = project.text("data/gpbuild.json");
    project.write("posts/x.md", "---\ntitle: Y\n---\n");
    project.ok(&[]);
    project.write("posts/x.md", "---\ntitle: X\n---\n");
    project.ok(&[]);
    assert_eq!(project.text("data/gpbuild.json"), text);
    // Drafts have one of their own, beside them.
    project.ok(&["--draft"]);
    let drafts: serde_json::Value =
        serde_json::from_slice(&project.read(".gpbuild/preview/assets.json")).unwrap();
    assert_eq!(drafts["assets"]["post/x"]["state"], "draft");
    assert_eq!(
        drafts["assets"]["post/x"]["path"],
        ".gpbuild/preview/static/x.png"
    );
    assert_eq!(project.text("data/gpbuild.json"), text);
    project.ok(&["--draft"]);
    assert!(project.has(".gpbuild/preview/assets.json"));
    // Nobody's own file is written over.
    project.write("package.json", "{\"name\": \"site\"}");
    project.edit("gpbuild.toml", "data/gpbuild.json", "package.json");
    let run = project.run(&[]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: `package.json` is there, and is no index of gpbuild's: it would be written over\n --> gpbuild.toml:2:9\n"), "{}", run.err);
    assert_eq!(project.text("package.json"), "{\"name\": \"site\"}");
}
