//! Names of files that are odd, or that some system does not hold: they work, or are refused with the
//! reason, on every system alike.

use crate::project::{Counts, PLAIN, Project};

/// A cover for each post, whose output is named after its file.
const POSTS: &str = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n[cover.p]\nfor_each = { front_matter = \"posts/*.md\" }\nid = \"{{ file.stem }}\"\ntext = { headline = \"{{ item.title }}\" }\n";

fn posts<'a>(names: impl IntoIterator<Item = &'a str>) -> Project {
    let project = Project::new(POSTS);
    project.write("templates/plain.html", PLAIN);
    for name in names {
        project.write(&format!("posts/{name}.md"), "---\ntitle: x\n---\n");
    }
    project
}

/// The messages of errors, of a run that does nothing but tell them.
fn refused(project: &Project) -> Vec<String> {
    let run = project.run(&["build"]);
    assert_eq!(run.code, 2, "{}{}", run.out, run.err);
    assert!(!project.has("dist") && !project.has("gpbuild.lock"));
    run.err
        .lines()
        .filter_map(|line| Some(line.strip_prefix("error: ")?.to_owned()))
        .collect()
}

#[test]
fn odd_names_work() {
    let long = "n".repeat(251);
    let names = [
        "a b",
        "封面 图",
        "cafe\u{301}",
        "हिन्दी",
        "Ünïcödé",
        "-dash",
        "com10",
        "two..dots",
        "~home",
        long.as_str(),
    ];
    let project = posts(names);
    assert_eq!(project.build(), Counts::made(names.len()));
    assert_eq!(project.build(), Counts::fresh(names.len()));
    for name in names {
        assert!(project.has(&format!("dist/{name}.png")), "{name}");
    }
    let clone = project.fresh_clone();
    assert_eq!(clone.build(), Counts::fresh(names.len()));
    // Nothing is left behind when all of them go.
    project.remove("posts");
    project.ok(&["build", "--prune"]);
    assert_eq!(project.files("dist"), ["dist/assets.json"]);
}

#[test]
fn an_output_may_have_any_sign_that_every_system_takes() {
    let project = Project::new(
        "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\ntext = { headline = \"x\" }\n[cover.a]\noutput = \"dist/👩‍💻 #1 'x' %41 [a] {b} & $HOME;é!.png\"\n",
    );
    project.write("templates/plain.html", PLAIN);
    assert_eq!(project.build(), Counts::made(1));
    assert_eq!(project.build(), Counts::fresh(1));
    assert!(project.has("dist/👩‍💻 #1 'x' %41 [a] {b} & $HOME;é!.png"));
}

#[test]
fn what_some_system_cannot_hold_is_refused_on_all() {
    for (name, why) in [
        (
            "CON",
            "has the name `CON`, which Windows keeps for a device",
        ),
        (
            "nul.tar",
            "has the name `nul.tar`, which Windows keeps for a device",
        ),
        (
            "Lpt9",
            "has the name `Lpt9`, which Windows keeps for a device",
        ),
        (
            " lead",
            "has the part ` lead`, which begins or ends with a space or ends with a dot",
        ),
        (
            "a\u{200b}b",
            "has the character \\u{200b}, which nobody sees in a name",
        ),
    ] {
        // The file itself may have that name here; its id may not.
        let project = posts(["x"]);
        project.edit("gpbuild.toml", "{{ file.stem }}", name);
        let shown = name.replace('\u{200b}', "\\u{200b}");
        assert_eq!(
            refused(&project),
            [format!("`{shown}` cannot be the id of an asset: it {why}")]
        );
    }
    for (name, why) in [
        (
            &"n".repeat(252),
            "has a name of 256 bytes; file systems take 255",
        ),
        (
            &"长".repeat(84),
            "has a name of 256 bytes; file systems take 255",
        ),
    ] {
        // The id may be as long; its output may not.
        let project = posts(["x"]);
        project.edit("gpbuild.toml", "{{ file.stem }}", name);
        assert_eq!(
            refused(&project),
            [format!("the output `dist/{name}.png` {why}")]
        );
    }
    for (output, why) in [
        (
            "dist/a?.png",
            "has `?`, which Windows does not take in a name",
        ),
        (
            "dist/a\\\\b.png",
            "has a backslash; paths are written with `/` on every system",
        ),
        (
            "dist/x./a.png",
            "has the part `x.`, which begins or ends with a space or ends with a dot",
        ),
        (".GIT/a.png", "is inside `.git`"),
        (".gpBuild/a.png", "is inside `.gpbuild`"),
        ("c:/a.png", "is absolute; paths are relative to the project"),
        (
            &format!("{}a.png", "long/".repeat(200)),
            "is 1005 bytes long; with the way to the project, systems take 800",
        ),
    ] {
        let project = posts(["x"]);
        let output_line = format!("id = \"x\"\noutput = \"{output}\"\n");
        project.edit("gpbuild.toml", "id = \"{{ file.stem }}\"\n", &output_line);
        let output = output.replace("\\\\", "\\");
        assert_eq!(refused(&project), [format!("the output `{output}` {why}")]);
    }
    let project = posts(["x"]);
    project.edit(
        "gpbuild.toml",
        "id = \"{{ file.stem }}\"\n",
        "id = \"x\"\noutput = \"dist/a\\nb.png\"\n",
    );
    assert_eq!(refused(&project).len(), 1);
    let err = project.run(&["build"]).err;
    assert!(err.contains("has the control character \\u{a}\n"), "{err}");
}

#[test]
fn outputs_that_are_one_file_on_some_system_are_refused_on_all() {
    for (one, other) in [
        ("Case", "case"),
        ("cafe\u{301}", "caf\u{e9}"),
        ("CAF\u{c9}", "cafe\u{301}"),
        ("STRASSE", "straße"),
        ("ΣΑΣ", "σας"),
    ] {
        let project = posts(["x"]);
        let covers = format!(
            "[cover.\"{one}\"]\ntext = {{ headline = \"1\" }}\n[cover.\"{other}\"]\ntext = {{ headline = \"2\" }}\n"
        );
        project.write(
            "gpbuild.toml",
            format!("[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n{covers}"),
        );
        assert_eq!(
            refused(&project),
            [format!(
                "assets `{one}` and `{other}` have the same output: `dist/{other}.png` (`dist/{one}.png` on some systems is the same file)"
            )]
        );
    }
}

#[test]
fn an_output_in_another_is_refused() {
    let project = Project::new(
        "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\ntext = { headline = \"x\" }\n[cover.a]\n[cover.b]\noutput = \"dist/A.png/b.png\"\n[cover.c]\noutput = \"dist/assets.json/c.png\"\n",
    );
    project.write("templates/plain.html", PLAIN);
    assert_eq!(
        refused(&project),
        [
            "the output of asset `b` lies in `dist/a.png`, which is the output of `a`",
            "the output of asset `c` lies in `dist/assets.json`, which is gpbuild's own index",
        ]
    );
}

#[test]
fn a_source_whose_name_no_manifest_can_write_is_told_and_not_passed_over() {
    let project = posts(["x"]);
    project.write("posts/new\nline.md", "---\ntitle: x\n---\n");
    assert_eq!(
        refused(&project),
        ["`posts/*.md` matches `posts/new\\nline.md`, which has the control character \\u{a}"]
    );
    project.remove("posts/new\nline.md");
    project.write("posts/back\\slash.md", "---\ntitle: x\n---\n");
    assert_eq!(
        refused(&project),
        [
            "`posts/*.md` matches `posts/back\\\\slash.md`, which has a backslash; paths are written with `/` on every system"
        ]
    );
    project.remove("posts/back\\slash.md");
    project.write("more/\u{1b}[31m.gp.toml", "[cover.more]\n");
    assert_eq!(
        refused(&project),
        ["the path of the manifest `more/\\u{1b}[31m.gp.toml` has the control character \\u{1b}"]
    );
    // What no manifest asks for is nobody's business.
    project.remove("more");
    project.write("notes/a\tb.txt", "");
    assert_eq!(project.build(), Counts::made(1));
    assert_eq!(project.build(), Counts::fresh(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_source_whose_name_is_not_utf_8_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let project = posts(["x"]);
    let name = std::ffi::OsStr::from_bytes(b"\xff.md");
    std::fs::write(project.path("posts").join(name), "---\ntitle: x\n---\n").unwrap();
    assert_eq!(
        refused(&project),
        ["`posts/*.md` matches `posts/\u{fffd}.md`, which is not UTF-8"]
    );
}

#[test]
fn a_project_may_lie_anywhere() {
    let outer = Project::empty();
    let inner = outer.path("new\nline 👩‍💻 'q' \"d\" $x %41");
    std::fs::create_dir_all(inner.join("templates")).unwrap();
    std::fs::write(inner.join("gpbuild.toml"), Project::one_manifest("one")).unwrap();
    for counts in [Counts::made(1), Counts::fresh(1)] {
        let mut command = outer.command(&["build", "--json"]);
        let run = crate::project::Run::of(command.current_dir(&inner).output().unwrap());
        assert_eq!((run.code, run.counts()), (0, counts), "{}", run.err);
    }
}
