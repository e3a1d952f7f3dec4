//! A run that looks only at what changed data concerns ends as one that looks at everything: it says the same,
//! and leaves the same files.

use crate::project::{Counts, PLAIN, Project, Run};

const MANIFEST: &str = r#"[defaults]
size = "40x30"
template = "plain"
[cover.alone]
text = { headline = "alone" }
[cover.post]
for_each = { front_matter = "posts/*.md" }
id = "post/{{ item.slug }}"
when = "{{ not item.hidden }}"
text = { headline = "{{ item.title }}" }
also = [{ preset = "og" }]
[preset.og]
size = [60, 30]
[cover.row]
for_each = { csv = "rows.csv" }
id = "row/{{ item.slug }}"
text = { headline = "{{ item.title }}" }
"#;

fn post(slug: &str, title: &str) -> String {
    format!("---\nslug: {slug}\ntitle: {title}\n---\nwords\n")
}

fn project() -> Project {
    let project = Project::new(MANIFEST);
    project.write("templates/plain.html", PLAIN);
    for slug in ["a", "b", "c"] {
        project.write(&format!("posts/{slug}.md"), post(slug, slug));
    }
    project.write("rows.csv", "slug,title\nx,one\ny,two\nz,three\n");
    project
}

/// The same project, and all that gpbuild knows of it but what the last run saw.
fn copy(project: &Project) -> Project {
    let copy = Project::empty();
    for name in project.files("") {
        if !name.starts_with(".gpbuild/state") {
            copy.write(&name, project.read(&name));
        }
    }
    copy
}

/// Builds here and in a copy that has to look at everything. What the summary counts comes back, if there is one.
fn build(project: &Project, arguments: &[&str], what: &str) -> Option<Counts> {
    let (run, _) = both(project, arguments, what);
    let ended = run.out.contains("\"event\":\"summary\"");
    ended.then(|| run.counts())
}

/// Builds here and in a copy that has to look at everything: what is said, and what there is then, must be the
/// same. The run and the copy come back.
pub fn both(project: &Project, arguments: &[&str], what: &str) -> (Run, Project) {
    let other = copy(project);
    let (run, full) = (project.run(arguments), other.run(arguments));
    let said = |run: &Run| {
        let mut events = run.json();
        for event in &mut events {
            event.as_object_mut().unwrap().remove("seconds");
        }
        // What is done at once ends in any order.
        events.sort_by_key(serde_json::Value::to_string);
        events
    };
    assert_eq!(run.code, full.code, "{what}\n{}\n{}", run.err, full.err);
    assert_eq!(said(&run), said(&full), "{what}");
    assert_eq!(run.err, full.err, "{what}");
    let files = |project: &Project| {
        let names = project.files("").into_iter();
        let is_meant = |name: &String| {
            // Each run is remembered under a name of its own.
            let own = [
                ".gpbuild/state",
                ".gpbuild/roots/",
                ".gpbuild/runs/",
                ".gpbuild/running",
                ".gpbuild/drafting",
            ];
            !own.iter().any(|own| name.starts_with(own))
        };
        let names = names.filter(is_meant);
        names
            .map(|name| (project.read(&name), name))
            .map(|(bytes, name)| (name, bytes))
            .collect::<Vec<_>>()
    };
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    let (ours, theirs) = (files(project), files(&other));
    assert_eq!(names(&ours), names(&theirs), "{what}");
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(
            ours == theirs,
            "{what}: {name}\n{}",
            first_lines(ours, theirs)
        );
    }
    (run, other)
}

/// The first lines in which two files differ.
fn first_lines(ours: &[u8], theirs: &[u8]) -> String {
    let (ours, theirs) = [ours, theirs].map(String::from_utf8_lossy).into();
    let mut lines = ours.lines().zip(theirs.lines());
    let found = lines.find(|(one, other)| one != other);
    let (one, other) = found.unwrap_or(("the rest", "the rest"));
    format!("in part: {one}\nin full: {other}")
}

/// A change, and what it is.
type Change = (&'static str, fn(&Project));

const CHANGES: [Change; 23] = [
    ("nothing", |_| {}),
    ("a title", |p| p.write("posts/a.md", post("a", "other"))),
    ("a title and back", |p| {
        p.write("posts/a.md", post("a", "a"));
    }),
    ("the words below a title", |p| {
        p.edit("posts/b.md", "words", "more words");
    }),
    ("a row", |p| p.edit("rows.csv", "two", "zwei")),
    ("a row more at the top", |p| {
        p.edit("rows.csv", "x,one", "w,null\nx,one");
    }),
    ("the words of another row", |p| {
        p.edit("rows.csv", "zwei", "one");
    }),
    ("a row less", |p| p.edit("rows.csv", "w,null\n", "")),
    ("rows in another order", |p| {
        p.edit("rows.csv", "x,one\ny,one", "y,one\nx,one");
    }),
    ("an output gone", |p| p.remove("dist/post/c.png")),
    ("outputs gone and a row changed", |p| {
        p.remove("dist/alone.png");
        p.remove("dist/row/z.png");
        p.edit("rows.csv", "three", "drei");
    }),
    ("all outputs gone", |p| p.remove("dist/post")),
    ("the index gone", |p| p.remove("dist/assets.json")),
    ("an output gone, and its object damaged", |p| {
        p.remove("dist/post");
        for name in p.files(".gpbuild/store/objects") {
            if p.read(&name).len() % 2 == 0 {
                p.write(&name, "damaged");
            }
        }
    }),
    ("a post that is hidden", |p| {
        p.edit("posts/c.md", "title: c", "hidden: true\ntitle: c");
    }),
    ("and shown again", |p| {
        p.edit("posts/c.md", "hidden: true\n", "");
    }),
    ("another slug", |p| p.write("posts/c.md", post("d", "c"))),
    ("a slug that another post has", |p| {
        p.write("posts/c.md", post("a", "c"));
    }),
    ("and none", |p| p.write("posts/c.md", post("c", "c"))),
    ("a row twice", |p| {
        p.edit("rows.csv", "z,drei", "z,drei\nz,drei");
    }),
    ("and once", |p| {
        p.edit("rows.csv", "z,drei\nz,drei", "z,drei");
    }),
    ("a template and a title", |p| {
        p.edit("templates/plain.html", "12px", "11px");
        p.write("posts/a.md", post("a", "last"));
    }),
    ("an output gone that no asset declares", |p| {
        p.remove("dist/row/w.png");
    }),
];

#[test]
fn it_says_and_leaves_what_a_look_at_everything_would() {
    let project = project();
    project.build();
    for (what, change) in CHANGES {
        change(&project);
        build(&project, &["build", "--json"], what);
        if let Some(counts) = build(&project, &["build", "--json"], &format!("{what}, again")) {
            assert_eq!(counts, Counts::fresh(counts.fresh), "{what}, again");
        }
    }
}

#[test]
fn a_draft_says_and_leaves_what_a_look_at_everything_would() {
    let project = project();
    let draft = ["build", "--draft", "--json"];
    project.ok(&draft);
    for (what, change) in &CHANGES[..9] {
        change(&project);
        build(&project, &draft, what);
        build(&project, &draft, &format!("{what}, again"));
    }
    assert!(!project.has("dist"));
    assert!(!project.has("gpbuild.lock"));
}

#[test]
fn a_picture_that_a_person_edited_is_never_written_over() {
    let project = project();
    project.build();
    project.write("dist/post/a.png", crate::project::another_picture());
    project.write("posts/a.md", post("a", "other"));
    let counts = build(&project, &["build", "--json"], "an edited picture").unwrap();
    assert_eq!(counts.blocked, 1);
    assert_eq!(
        project.read("dist/post/a.png"),
        crate::project::another_picture()
    );
}

#[test]
fn what_others_take_or_a_quota_counts_is_looked_at_with_them() {
    let project = project();
    project.edit(
        "gpbuild.toml",
        "[cover.row]",
        "[quota]\nrows = 3\n[carousel.deck]\npdf = true\n[[carousel.deck.slide]]\ntext = { headline = \"s\" }\n[cover.row]\ngroup = \"rows\"\n",
    );
    project.build();
    for (what, change) in [CHANGES[1], CHANGES[4], CHANGES[5], CHANGES[9]] {
        change(&project);
        build(&project, &["build", "--json"], what);
    }
}

#[test]
fn a_failure_is_told_again_until_it_is_mended() {
    let project = project();
    project.build();
    project.write(
        "posts/a.md",
        post("a", "a word \u{10ffff} that no font has"),
    );
    for _ in 0..2 {
        let counts = build(&project, &["build", "--json"], "a failure").unwrap();
        assert_eq!((counts.failed, counts.fresh), (2, 8));
    }
    project.write("posts/a.md", post("a", "a"));
    let counts = build(&project, &["build", "--json"], "mended").unwrap();
    assert_eq!(counts, Counts::fresh(10));
}
