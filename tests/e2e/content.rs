//! Repositories as site generators have them, each in `tests/content/NAME` with what is to be made of it in
//! `expected.txt`: ids, outputs, words, and what makes no picture. `BLESS=1` writes what is made now.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::project::{Project, Run};

const EXPECTED: &str = "expected.txt";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/content")
}

/// The names of the repositories.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A copy of one of them; each text as `change` makes it.
fn copy(name: &str, change: impl Fn(&str) -> String) -> Project {
    let project = Project::empty();
    put(&project, name, change);
    project
}

fn put(project: &Project, name: &str, change: impl Fn(&str) -> String) {
    let from = folder().join(name);
    for entry in WalkDir::new(&from) {
        let path = entry.unwrap().into_path();
        let inside = path.strip_prefix(&from).unwrap().to_str().unwrap();
        if path.is_file() && inside != EXPECTED {
            let text = std::fs::read_to_string(&path).unwrap();
            project.write(inside, change(&text));
        }
    }
}

/// What `show` says of each asset, and what `check` says is left out.
fn told(project: &Project) -> String {
    let mut told = String::new();
    for spec in project.ok(&["show", "**", "--json"]).json() {
        let text = |key: &str| spec[key].as_str().unwrap().to_owned();
        writeln!(told, "{}  {}", text("id"), text("output")).unwrap();
        for (role, words) in spec["text"].as_object().unwrap() {
            writeln!(told, "  {role}: {words}").unwrap();
        }
    }
    for event in events(&project.ok(&["check", "--json"]), "left_out") {
        writeln!(told, "left out of {}: {}", event["of"], event["files"]).unwrap();
    }
    told
}

fn events(run: &Run, name: &str) -> Vec<serde_json::Value> {
    let events = run.json().into_iter();
    events.filter(|event| event["event"] == name).collect()
}

#[test]
fn ten_repositories_give_what_their_authors_wrote() {
    let names = names();
    assert_eq!(names.len(), 10, "{names:?}");
    let mut other = Vec::new();
    for name in &names {
        let told = told(&copy(name, str::to_owned));
        let path = folder().join(name).join(EXPECTED);
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if told != expected {
            other.push(format!("{name}:\n{told}"));
            if std::env::var_os("BLESS").is_some() && std::env::var_os("CI").is_none() {
                std::fs::write(&path, told).unwrap();
            }
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}

/// Built, and then checked out on another system: nothing is to be made, and the lock is the same.
#[test]
fn what_differs_only_by_checkout_makes_no_picture() {
    for name in names() {
        let project = copy(&name, str::to_owned);
        let built = project.ok(&["--json"]);
        let summary = &events(&built, "summary")[0];
        assert_eq!(summary["failed"], 0, "{name}");
        assert_ne!(summary["made"], 0, "{name}");
        let lock = project.text("gpbuild.lock");
        put(&project, &name, |text| {
            format!(
                "\u{feff}{}",
                text.trim_start_matches('\u{feff}').replace('\n', "\r\n")
            )
        });
        let planned = project.ok(&["plan", "--json"]);
        let summary = &events(&planned, "summary")[0];
        assert_eq!(summary["make"], 0, "{name}: {}", planned.out);
        assert_eq!(summary["restore"], 0, "{name}: {}", planned.out);
        project.ok(&[]);
        assert_eq!(project.text("gpbuild.lock"), lock, "{name}");
    }
}

/// The words of each asset, by its id and role.
fn words(project: &Project, id: &str, role: &str) -> String {
    let specs = project.ok(&["show", id, "--json"]).json();
    specs[0]["text"][role].to_string()
}

#[test]
fn a_text_of_a_post_that_is_drawn_is_drawn_anew_when_it_changes() {
    let project = Project::new(
        "[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"{{ file.stem }}\"\nsize = \"300x400\"\n\
         text = { headline = \"{{ file.title }}\", subhead = \"{{ file.body }}\" }\n",
    );
    project.write("posts/a.md", "---\ntitle: A\n---\none\n");
    project.write("posts/b.md", "---\ntitle: B\n---\ntwo\n");
    assert_eq!(project.build().made, 2);
    project.edit("posts/a.md", "one", "three");
    let counts = project.build();
    assert_eq!((counts.made, counts.fresh), (1, 1));
    assert_eq!(words(&project, "a", "subhead"), "\"three\"");
    // And not, where no template asks for it.
    project.edit("gpbuild.toml", "{{ file.body }}", "x");
    project.build();
    project.edit("posts/a.md", "three", "four");
    assert_eq!(project.build().made, 0);
}

#[test]
fn words_mean_what_their_author_meant() {
    let project = Project::new(
        "[cover.post]\nfor_each = { yaml = \"posts.yaml\" }\nid = \"{{ item.id }}\"\nwhen = \"{{ not item.draft }}\"\nsize = \"300x400\"\n\
         text = { headline = \"{{ item.title }}\", badge = \"{{ 'pinned' if item.pinned | default(false) }}\", note = \"{{ item.lang }}\" }\n",
    );
    let drafts = ["no", "No", "off", "\"false\"", "false", "n", "~", ""];
    let mut posts = String::new();
    for (n, draft) in drafts.iter().enumerate() {
        writeln!(
            posts,
            "- {{id: p{n}, title: 1.10, lang: no, draft: {draft}}}"
        )
        .unwrap();
    }
    for (n, draft) in ["yes", "on", "\"true\"", "true", "Y"].iter().enumerate() {
        writeln!(posts, "- {{id: d{n}, title: x, lang: x, draft: {draft}}}").unwrap();
    }
    posts += "- {id: pinned, title: 2.50e1, lang: no, pinned: \"yes\"}\n- {id: unpinned, title: t, lang: x, pinned: \"no\"}\n";
    project.write("posts.yaml", posts);
    let specs = project.ok(&["show", "**", "--json"]).json();
    let ids: Vec<&str> = specs
        .iter()
        .map(|spec| spec["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "pinned", "unpinned"
        ]
    );
    assert_eq!(
        specs[0]["text"].to_string(),
        r#"{"headline":"1.10","note":"no"}"#
    );
    assert_eq!(
        specs[8]["text"].to_string(),
        r#"{"headline":"2.50e1","badge":"pinned","note":"no"}"#
    );
    assert_eq!(
        specs[9]["text"].to_string(),
        r#"{"headline":"t","note":"x"}"#
    );
}

#[test]
fn numbers_are_numbers_where_a_template_calculates() {
    let project = Project::new(
        "[cover.a]\nfor_each = { toml = \"a.toml\" }\nid = \"a\"\nwhen = \"{{ item.price > 9 }}\"\nsize = \"300x400\"\n\
         text = { headline = \"{{ item.price }}\", subhead = \"{{ item.price * 2 }}\", note = \"{{ 'from ' ~ item.price }}\" }\n",
    );
    project.write("a.toml", "price = 19.90\n");
    let specs = project.ok(&["show", "a", "--json"]).json();
    assert_eq!(
        specs[0]["text"].to_string(),
        r#"{"headline":"19.90","subhead":"39.8","note":"from 19.90"}"#
    );
}

#[test]
fn marks_are_type_in_layouts_and_nowhere_else() {
    let project = Project::one("Use `Vec<T>` and **nothing** else, *really*");
    let shown = &project.ok(&["show", "a", "--json"]).json()[0];
    let plain = "Use Vec<T> and nothing else, really";
    assert_eq!(shown["text"]["headline"], plain);
    assert!(
        shown["prompt"]
            .as_str()
            .unwrap()
            .contains(&format!("\"{plain}\""))
    );
    let layout = shown["shots"][0]["layout"].as_str().unwrap();
    assert!(
        layout.contains(">Vec&lt;T&gt;</code> and <b>nothing</b> else, really"),
        "{layout}"
    );
    assert!(!layout.contains('`'), "{layout}");
    let marked = project.build();
    assert_eq!(marked.made, 1);
    let first = project.read("dist/a.png");
    project.edit("gpbuild.toml", "`Vec<T>`", "Vec<T>");
    project.build();
    assert_ne!(project.read("dist/a.png"), first);
}

#[test]
fn a_pointer_in_place_of_an_output_is_no_picture_of_a_persons() {
    let project = Project::one("标题");
    project.build();
    let picture = project.read("dist/a.png");
    project.write(
        "dist/a.png",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    );
    let run = project.run(&["--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.asset("a")["reason"],
        "a pointer of Git LFS is at its path, not the picture: `git lfs pull` fetches that, `--force` replaces it"
    );
    project.ok(&["--force"]);
    assert_eq!(project.read("dist/a.png"), picture);
}

#[test]
fn what_an_svg_shows_of_other_files_is_told() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\ntemplate = \"poster\"\nvars = { logo = \"logo.svg\" }\ntext = { headline = \"x\" }\n",
    );
    project.write(
        "logo.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><image href=\"photo.png\" width=\"9\" height=\"9\"/></svg>",
    );
    let run = project.run(&[]);
    assert_eq!(run.code, 1);
    let told = "error: the picture `logo.svg` names `photo.png`, which is not in it and would be missing; write it into the file as a `data:` URI\n";
    assert!(run.err.contains(told), "{}", run.err);
}

#[test]
fn an_id_that_is_a_glob_too_is_that_asset() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\n[cover.\"a[1]\"]\ntext = { headline = \"x\" }\n[cover.a1]\ntext = { headline = \"y\" }\n",
    );
    project.ok(&["build", "a[1]"]);
    assert!(project.has("dist/a[1].png"));
    assert!(!project.has("dist/a1.png"));
}

#[test]
fn what_is_left_out_is_said_once_and_listed_if_asked() {
    let project = Project::new(
        "[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"{{ file.stem }}\"\nsize = \"300x400\"\ntext = { headline = \"{{ item.title }}\" }\n",
    );
    project.write("posts/a.md", "---\ntitle: A\n---\n");
    project.write("posts/b.md", "# B\n");
    let line = "1 of 2 files of `posts/*.md` has no front matter and is left out (`-v` lists them, `optional = true` takes them)";
    for command in ["plan", "check", "build"] {
        let run = project.ok(&[command]);
        assert_eq!(run.err.matches(line).count(), 1, "{command}: {}", run.err);
    }
    project.edit("posts/a.md", "title: A", "title: C");
    let run = project.ok(&["plan", "-v"]);
    assert!(
        run.err.contains("takes them)\n  posts/b.md\n"),
        "{}",
        run.err
    );
    // A list of those that are to be left out says nothing more.
    project.edit(
        "gpbuild.toml",
        "\"posts/*.md\"",
        "[\"posts/*.md\", \"!posts/b.md\"]",
    );
    assert!(!project.ok(&["plan"]).err.contains("left out"));
}
