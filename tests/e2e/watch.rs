//! `watch` builds on every save, in draft, until it is ended; what is wrong is told, and it goes on.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::end;
use crate::project::Project;
use crate::watcher::Watch;

const MANIFEST: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"post/{{ file.stem }}\"\ntext = { headline = \"{{ item.title }}\" }\n[cover.a]\ntext = { headline = \"one\" }\n";

fn project() -> Project {
    let project = Project::new(MANIFEST);
    project.write("templates/plain.html", crate::project::PLAIN);
    post(&project, "x", "one");
    post(&project, "y", "two");
    project
}

fn post(project: &Project, name: &str, title: &str) {
    let text = format!("---\ntitle: {title}\n---\nBody\n");
    project.write(&format!("posts/{name}.md"), text);
}

#[test]
fn every_save_is_drawn_and_nothing_else_is() {
    let project = project();
    let watch = Watch::start(&project, &["--draft"]);
    assert!(project.has(".gpbuild/preview/dist/post/x.png"));
    assert!(watch.is_quiet(), "its own outputs woke it");
    // Saved in place.
    post(&project, "x", "three");
    while watch.drawn() != ["post/x"] {}
    // Saved as editors do: written beside, then renamed over.
    project.write("posts/.y.md.swp", "---\ntitle: four\n---\n");
    std::fs::rename(project.path("posts/.y.md.swp"), project.path("posts/y.md")).unwrap();
    assert_eq!(watch.drawn(), ["post/y"]);
    // A new one, in a folder that is new too.
    post(&project, "z", "five");
    assert_eq!(watch.drawn(), ["post/z"]);
    project.write(
        "more/b.gp.toml",
        "[cover.b]\ntext = { headline = \"six\" }\n",
    );
    assert!(watch.drawn().iter().all(|id| id == "b"));
    project.write(
        "more/b.gp.toml",
        "[cover.b]\ntext = { headline = \"seven\" }\n",
    );
    loop {
        // The folder, and the file in it, may have been two builds.
        if watch.drawn() == ["b"] {
            break;
        }
    }
    // Gone, and back again.
    let text = project.text("posts/x.md");
    project.remove("posts/x.md");
    watch.built();
    project.write("posts/x.md", text);
    watch.built();
    // A shared template.
    project.edit("templates/plain.html", "12px", "10px");
    while watch.drawn() != ["a", "b", "post/x", "post/y", "post/z"] {}
    // What nobody reads wakes nobody.
    watch.settle();
    project.write(".gpbuild/preview/dist/a.png", "scribbled over");
    assert!(watch.is_quiet());
    assert!(!project.has("dist"), "a draft came into dist");
    assert!(!project.has("gpbuild.lock"));
    watch.end_well();
}

#[test]
fn what_is_drawn_anyway_gets_its_picture_and_all_else_a_draft() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nmodel = \"openai/gpt-image-2\"\nsize = \"1024x1024\"\ntemplate = \"poster\"\n",
    );
    let watch = Watch::begin(&project, &[]);
    // Those that are drawn, then the draft of the other one.
    let made = watch.built();
    let ids = |state: &str| -> Vec<&str> {
        let told = made.iter().filter(|event| event["state"] == state);
        told.map(|event| event["id"].as_str().unwrap()).collect()
    };
    assert_eq!((ids("made").len(), ids("draft").len()), (2, 0), "{made:?}");
    assert_eq!(watch.drawn(), ["a"]);
    assert!(project.has("dist/post/x.png") && project.has("dist/assets.json"));
    assert!(project.text("gpbuild.lock").contains("post/x"));
    assert!(!project.has("dist/a.png"));
    assert_eq!(
        project.files(".gpbuild/preview"),
        [
            ".gpbuild/preview/assets.json",
            ".gpbuild/preview/dist/a.png"
        ]
    );
    post(&project, "x", "three");
    watch.built();
    watch.built();
    watch.settle();
    watch.end_well();
    // The same pictures, lock and index as a build makes.
    let clean = project.fresh_clone();
    clean.ok(&["build", "post/*"]);
    for name in ["dist/post/x.png", "dist/assets.json", "gpbuild.lock"] {
        assert!(clean.read(name) == project.read(name), "{name}");
    }
}

#[test]
fn a_project_that_is_drawn_is_left_with_nothing_to_do() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "[defaults]\n",
        "[defaults]\nmodel = \"local\"\n",
    );
    let watch = Watch::start(&project, &[]);
    post(&project, "x", "three");
    watch.built();
    watch.settle();
    watch.end_well();
    assert!(!project.has(".gpbuild/preview"));
    assert_eq!(project.run(&["plan", "--exit-code"]).code, 0);
    let all_drafts = Watch::start(&project, &["--draft"]);
    assert!(project.has(".gpbuild/preview/dist/a.png"));
    all_drafts.end_well();
}

#[test]
fn the_first_build_is_told_in_one_line() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "[defaults]\n",
        "[defaults]\nmodel = \"local\"\n",
    );
    let told = |arguments: &[&str]| {
        let mut child = project
            .command(&[&["watch"], arguments].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told: Vec<String> = Vec::new();
        for line in lines.map_while(Result::ok) {
            let is_last = line.contains("ctrl-c ends it");
            told.push(line);
            if is_last {
                break;
            }
        }
        end(&mut child, "-INT");
        told
    };
    let first = told(&[]);
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[0].starts_with("3 made, 0 failed in "), "{first:?}");
    project.remove("dist");
    let each = told(&["-v"]);
    assert!(each.len() > 4, "{each:?}");
}

#[test]
fn a_folder_in_the_place_of_another_is_heard() {
    let project = project();
    let watch = Watch::start(&project, &["--draft"]);
    // Nothing is otherwise but the folder itself, so nothing is built.
    let posts = project.snapshot("posts");
    project.remove("posts");
    for (name, (bytes, _)) in posts {
        project.write(&name, bytes);
    }
    watch.settle();
    post(&project, "x", "three");
    while watch.drawn() != ["post/x"] {}
    watch.end_well();
}

#[test]
fn a_mistake_is_told_and_the_watch_goes_on() {
    let project = project();
    let watch = Watch::start(&project, &["--draft"]);
    project.edit("gpbuild.toml", "headline = \"one\"", "headlin = \"one\"");
    let told = watch.next("diagnostic");
    assert!(
        told.iter()
            .any(|event| event["message"].as_str().unwrap().contains("headlin")),
        "{told:?}"
    );
    project.edit("gpbuild.toml", "headlin = \"one\"", "headline = \"new\"");
    // A file that is written in place may be seen while it is empty: then it takes two builds.
    while watch.drawn() != ["a"] {}
    watch.end_well();
}

#[test]
fn a_project_that_is_wrong_from_the_start_is_watched_too() {
    let project = project();
    project.edit("gpbuild.toml", "[cover.a]", "[cover.a");
    let watch = Watch::begin(&project, &["--draft"]);
    watch.next("diagnostic");
    project.edit("gpbuild.toml", "[cover.a", "[cover.a]");
    watch.built();
    watch.end_well();
}

#[test]
fn a_checkout_of_many_files_ends_in_what_a_clean_build_makes() {
    let project = project();
    for n in 0..200 {
        post(&project, &format!("p{n}"), "one");
    }
    let watch = Watch::start(&project, &["--draft"]);
    for n in 0..200 {
        match n % 4 {
            0 => project.remove(&format!("posts/p{n}.md")),
            _ => post(&project, &format!("p{n}"), &n.to_string()),
        }
    }
    post(&project, "last", "last");
    // A file that is written in place may be seen while it is empty, so that one build is not enough.
    while !project.has(".gpbuild/preview/dist/post/last.png") {
        watch.built();
    }
    watch.settle();
    watch.end_well();
    let clean = project.fresh_clone();
    clean.ok(&["--draft"]);
    for name in clean.files(".gpbuild/preview") {
        assert!(clean.read(&name) == project.read(&name), "{name}");
    }
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    let project = project();
    let run = project.run(&["watch", "--paid", "--draft"]);
    let why = "error: a draft is never paid for: leave `--paid` out\n";
    assert_eq!((run.code, run.err.as_str()), (2, why));
    let run = Project::empty().run(&["watch"]);
    assert_eq!(run.code, 2);
}
