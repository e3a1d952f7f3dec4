//! A run with nothing to do looks at little, and misses nothing.

use std::time::{Duration, SystemTime};

use api_server::{Options, Server};

use crate::process::until;
use crate::project::{Counts, PLAIN, Project};

/// Waits until all that there is now is older than what the state takes for sure.
pub fn grow_old() {
    std::thread::sleep(Duration::from_millis(2_100));
}

/// A project whose files are all old enough to be told by their times alone.
fn old() -> Project {
    let project = Project::new(
        r#"[defaults]
size = "40x30"
template = "plain"
[cover.a]
text = { headline = "one" }
[cover.post]
for_each = { front_matter = "posts/*.md" }
id = "{{ file.stem }}"
text = { headline = "{{ item.title }}" }
"#,
    );
    project.write("templates/plain.html", PLAIN);
    project.write("posts/x.md", "---\ntitle: x\n---\n");
    project.write("ignored/.gitignore", "*\n");
    project.build();
    grow_old();
    // The first makes sure, the second relies on it.
    assert_eq!(project.build(), Counts::fresh(2));
    assert_eq!(project.build(), Counts::fresh(2));
    project
}

#[test]
fn every_kind_of_change_is_noticed_at_any_age() {
    let project = old();
    let made = |what: &str, fresh: usize, made: usize| {
        let counts = Counts {
            fresh,
            made,
            ..Counts::default()
        };
        assert_eq!(project.build(), counts, "{what}");
        assert_eq!(
            project.build(),
            Counts::fresh(fresh + made),
            "{what}, again"
        );
    };
    project.edit("gpbuild.toml", "one", "two");
    made("a word of the same length", 1, 1);
    project.edit("posts/x.md", "title: x", "title: y");
    made("a title", 1, 1);
    project.write("posts/z.md", "---\ntitle: z\n---\n");
    made("a post more", 2, 1);
    project.write(
        "new/folder/b.gp.toml",
        "[cover.b]\ntext = { headline = \"b\" }\n",
    );
    made("a manifest more", 3, 1);
    project.write("ignored/c.gp.toml", "[cover.c]\n");
    made("a manifest that git does not see", 4, 0);
    project.edit("templates/plain.html", "12px", "13px");
    made("a template", 0, 4);
    project.remove("new");
    made("a manifest less", 3, 0);
    project.write(".gitignore", "posts/z.md\n");
    made("a post that git does not see any more", 2, 0);
}

#[test]
fn a_template_that_was_not_there_is_noticed() {
    let project = Project::one("one");
    project.build();
    grow_old();
    assert_eq!(project.build(), Counts::fresh(1));
    project.write("templates/cover.html", PLAIN);
    assert_eq!(project.build(), Counts::made(1));
}

#[test]
fn a_project_inside_that_is_none_any_more_is_noticed() {
    let project = Project::one("one");
    let inside = Project::one_manifest("two").replace("cover.a", "cover.b");
    project.write("inside/b.gp.toml", inside);
    project.write("inside/gpbuild.toml", "");
    assert_eq!(project.build(), Counts::made(1));
    project.remove("inside/gpbuild.toml");
    assert_eq!(project.build().made, 1);
    project.write("inside/gpbuild.toml", "");
    assert_eq!(project.build(), Counts::fresh(1));
}

#[test]
fn every_change_of_an_output_is_noticed_at_any_age() {
    let project = old();
    project.remove("dist/x.png");
    let counts = Counts {
        fresh: 1,
        restored: 1,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts);
    // The other picture in its place, with times of long ago.
    project.write("dist/x.png", project.read("dist/a.png"));
    let file = std::fs::File::options()
        .write(true)
        .open(project.path("dist/x.png"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.counts(), counts);
    assert_eq!(
        run.asset("x")["reason"],
        "output is another picture of this project"
    );
}

#[test]
fn the_index_and_the_lock_are_written_again() {
    let project = old();
    let index = project.read("dist/assets.json");
    let lock = project.read("gpbuild.lock");
    for name in ["dist/assets.json", "gpbuild.lock"] {
        project.remove(name);
        assert_eq!(project.build(), Counts::fresh(2), "{name}");
        assert_eq!(project.read("dist/assets.json"), index);
        assert_eq!(project.read("gpbuild.lock"), lock);
    }
    project.write("dist/assets.json", "{}");
    assert_eq!(project.build(), Counts::fresh(2));
    assert_eq!(project.read("dist/assets.json"), index);
}

#[test]
fn another_output_folder_is_free() {
    let project = old();
    let lock = project.text("gpbuild.lock");
    project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[project]\nout = \"public\"\n[defaults]",
    );
    assert_eq!(project.build(), Counts::restored(2));
    assert_eq!(
        project.files("public"),
        ["public/a.png", "public/assets.json", "public/x.png"]
    );
    assert_eq!(project.build(), Counts::fresh(2));
    project.ok(&["build", "--prune"]);
    assert_eq!(project.files("dist"), ["dist/assets.json"]);
    assert_eq!(
        project.text("gpbuild.lock"),
        lock.replace("\"dist/", "\"public/")
    );
}

#[test]
fn what_nobody_declares_is_listed_by_every_plan_and_pruned_at_once() {
    let project = old();
    project.remove("posts/x.md");
    assert_eq!(project.build(), Counts::fresh(1));
    for _ in 0..2 {
        let said = project.ok(&["plan"]).out;
        assert!(said.contains("dist/x.png"), "{said}");
        assert_eq!(project.build(), Counts::fresh(1));
    }
    project.ok(&["--prune"]);
    assert!(!project.has("dist/x.png"));
    assert!(!project.ok(&["plan"]).out.contains("dist/x.png"));
}

fn modified(project: &Project, name: &str) -> SystemTime {
    let meta = std::fs::metadata(project.path(name)).unwrap();
    meta.modified().unwrap()
}

fn set_modified(project: &Project, name: &str, time: SystemTime) {
    let mut options = std::fs::File::options();
    let file = options.write(true).open(project.path(name)).unwrap();
    file.set_modified(time).unwrap();
}

/// One of the two assets of [`old`] was made again, and is fresh then.
fn one_made(project: &Project, what: &str) {
    let counts = Counts {
        fresh: 1,
        made: 1,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts, "{what}");
    assert_eq!(project.build(), Counts::fresh(2), "{what}, again");
}

#[test]
fn a_change_is_noticed_whatever_time_it_has() {
    let project = old();
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let before = modified(&project, "posts/x.md");
    for (what, title, time) in [
        ("the time as it was", "y", before),
        ("a time that went backwards", "z", before - year),
        ("a time to come", "v", before + year),
    ] {
        project.write("posts/x.md", format!("---\ntitle: {title}\n---\n"));
        set_modified(&project, "posts/x.md", time);
        one_made(&project, what);
    }
}

#[test]
fn a_time_to_come_is_not_believed() {
    let project = old();
    let to_come = SystemTime::now() + Duration::from_secs(365 * 24 * 60 * 60);
    for name in ["posts/x.md", "gpbuild.toml", "dist/x.png", "dist/a.png"] {
        set_modified(&project, name, to_come);
    }
    assert_eq!(project.build(), Counts::fresh(2));
    assert_eq!(project.build(), Counts::fresh(2));
    // Sources and outputs of that time are compared by what is in them, however long ago that was seen.
    grow_old();
    project.write("posts/x.md", "---\ntitle: y\n---\n");
    set_modified(&project, "posts/x.md", to_come);
    one_made(&project, "a source");
    grow_old();
    let other = project.read("dist/a.png");
    project.write("dist/x.png", other);
    set_modified(&project, "dist/x.png", to_come);
    let counts = Counts {
        fresh: 1,
        restored: 1,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts);
}

#[test]
fn a_file_of_the_same_size_and_time_in_the_place_of_another_is_noticed() {
    let project = old();
    project.write("posts/aside", "---\ntitle: y\n---\n");
    set_modified(&project, "posts/aside", modified(&project, "posts/x.md"));
    std::fs::rename(project.path("posts/aside"), project.path("posts/x.md")).unwrap();
    one_made(&project, "another file");
}

#[test]
fn a_change_within_the_tick_of_the_clock_is_noticed() {
    let project = old();
    for title in ["k", "l", "m", "n", "o", "p", "q", "r"] {
        // As soon as the build before has ended, with the same size, and with its time.
        let before = modified(&project, "posts/x.md");
        project.write("posts/x.md", format!("---\ntitle: {title}\n---\n"));
        set_modified(&project, "posts/x.md", before);
        one_made(&project, title);
    }
}

#[test]
fn an_output_that_is_edited_while_others_are_made_is_noticed() {
    let server = Server::start(Options::default());
    server.hold();
    let project = Project::new(
        "[defaults]\nsize = \"800x800\"\n[cover.drawn]\ntext = { headline = \"one\" }\n",
    );
    project.build();
    project.edit(
        "gpbuild.toml",
        "[cover.drawn]",
        "[cover.asked]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\ntext = { headline = \"two\" }\n[cover.drawn]",
    );
    let picture = project.read("dist/drawn.png");
    let mut build = project
        .command(&["build", "--yes", "-qq"])
        .env("OPENAI_API_KEY", server.key())
        .env("OPENAI_BASE_URL", server.base_url())
        .spawn()
        .unwrap();
    until("it is asked for", || server.stats().accepted > 0);
    let mut edited = picture;
    edited.reverse();
    project.write("dist/drawn.png", &edited);
    // When the build ends, this is too old for the clock to be in doubt about it.
    grow_old();
    server.release();
    assert!(build.wait().unwrap().success());
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.asset("drawn")["state"], "blocked");
    assert_eq!(project.read("dist/drawn.png"), edited);
}
