//! What is read: manifests, templates, data, fonts and rules of git may be links inside the project, and nothing
//! else; what is no plain file is refused at once.

use std::fs;

use super::{Came, MANIFEST, Stranger};

const READS: [&[&str]; 4] = [&["plan"], &["check"], &["build"], &["build", "-q"]];

#[test]
fn a_project_file_that_is_no_file_of_the_project_is_not_read() {
    for target in ["../secret", "../secret.toml", "/dev/zero"] {
        let stranger = Stranger::new();
        stranger.remove("gpbuild.toml");
        stranger.link("gpbuild.toml", target);
        let seen = stranger.attack();
        for command in READS {
            assert_eq!(seen.run(Came::Cloned, command).code, 2, "{target}");
        }
    }
    for kind in ["pipe", "socket"] {
        let stranger = Stranger::new();
        stranger.remove("gpbuild.toml");
        match kind {
            "pipe" => stranger.pipe("gpbuild.toml"),
            _ => stranger.socket("gpbuild.toml"),
        }
        assert_eq!(stranger.attack().run(Came::Unpacked, &["build"]).code, 2);
    }
}

/// A cover whose data, template or picture is what `name` leads to.
fn reading(name: &str) -> Stranger {
    let stranger = Stranger::new();
    let what = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "template = \"odd\"\n".to_owned(),
        "csv" => format!("for_each = {{ csv = \"{name}\" }}\nid = \"{{{{ item.x }}}}\"\n"),
        "toml" => format!("for_each = {{ toml = \"{name}\" }}\nid = \"{{{{ item.x }}}}\"\n"),
        "md" => {
            "for_each = { front_matter = \"posts/**/*.md\" }\nid = \"{{ file.stem }}\"\n".to_owned()
        }
        _ => format!("vars = {{ background_image = \"{name}\" }}\ntemplate = \"poster\"\n"),
    };
    let manifest = MANIFEST.replace("text = { headline = \"one\" }\n", "");
    stranger.write(
        "gpbuild.toml",
        format!("{manifest}text = {{ headline = \"one\" }}\n{what}"),
    );
    stranger
}

#[test]
fn an_input_that_leads_out_is_not_read() {
    for name in [
        "data.csv",
        "data.toml",
        "templates/odd.html",
        "posts/a.md",
        "img.png",
    ] {
        let up = "../".repeat(name.matches('/').count() + 1);
        for target in ["secret", "nowhere"] {
            let stranger = reading(name);
            stranger.link(name, format!("{up}{target}"));
            let arrived = stranger.arrive(Came::Cloned);
            for command in READS {
                let run = arrived.run(command);
                assert_eq!(run.code, 2, "{name} -> {target}: {}", run.err);
            }
        }
        for target in ["/dev/zero", "/dev/stdin", "/proc/self/environ"] {
            let stranger = reading(name);
            stranger.link(name, target);
            let run = stranger.arrive(Came::Cloned).run(&["build"]);
            assert_eq!(run.code, 2, "{name} -> {target}: {}", run.err);
        }
    }
}

#[test]
fn an_input_that_is_no_file_is_refused_at_once() {
    for name in [
        "data.csv",
        "data.toml",
        "templates/odd.html",
        "posts/a.md",
        "img.png",
        "templates/plain.html",
        "x.gp.toml",
    ] {
        let kind = if name.contains("data") {
            "socket"
        } else {
            "pipe"
        };
        let stranger = reading(name);
        if name == "templates/plain.html" {
            stranger.write("gpbuild.toml", MANIFEST);
            stranger.remove(name);
        }
        match kind {
            "pipe" => stranger.pipe(name),
            _ => stranger.socket(name),
        }
        let seen = stranger.attack();
        let run = seen.run(Came::Unpacked, &["build"]);
        assert_eq!(run.code, 2, "{name}: {}", run.err);
        let said = format!("`{name}` is not a regular file");
        assert!(run.err.contains(&said), "{name}: {}", run.err);
    }
}

#[test]
fn gits_own_files_are_no_inputs() {
    for (link, name) in [
        (None, ".git/config"),
        (Some(".git/config"), "data.toml"),
        (Some(".git"), "g"),
    ] {
        let stranger = reading(if name == "g" {
            "g/config.toml"
        } else {
            "data.toml"
        });
        if name == ".git/config" {
            let manifest = fs::read_to_string(stranger.at("gpbuild.toml")).unwrap();
            stranger.write("gpbuild.toml", manifest.replace("data.toml", name));
        } else {
            stranger.link(name, link.unwrap());
        }
        let run = stranger.arrive(Came::Cloned).run(&["build"]);
        assert_eq!(run.code, 2, "{name}: {}", run.err);
        assert!(
            run.err
                .contains("git's or gpbuild's own, and none of the project's files"),
            "{name}: {}",
            run.err
        );
    }
}

#[test]
fn a_folder_that_leads_out_is_not_entered() {
    let stranger = Stranger::new();
    stranger.remove("templates/plain.html");
    stranger.remove("templates");
    stranger.link("templates", "../victim");
    let victim = stranger.outside("victim").canonicalize().unwrap();
    let seen = stranger.attack();
    for command in READS {
        let run = seen.run(Came::Cloned, command);
        assert_eq!(run.code, 2);
        let said = format!(
            "`templates` is a symbolic link out of the project, to `{}`",
            victim.display()
        );
        assert!(run.err.contains(&said), "{}", run.err);
    }
    for target in ["/etc", "../victim"] {
        let stranger = reading("posts/a.md");
        stranger.link("posts", target);
        let seen = stranger.attack();
        assert!(seen.run(Came::Cloned, &["build"]).code <= 2);
    }
}

#[test]
fn rules_of_git_are_plain_files() {
    for folder in ["", "posts/"] {
        for target in ["../secret", "/dev/zero"] {
            let stranger = Stranger::new();
            stranger.write("posts/x.md", "");
            stranger.link(&format!("{folder}.gitignore"), target);
            let seen = stranger.attack();
            assert_eq!(seen.run(Came::Cloned, &["build"]).code, 0);
        }
        let stranger = Stranger::new();
        stranger.pipe(&format!("{folder}.gitignore"));
        assert_eq!(stranger.attack().run(Came::Unpacked, &["build"]).code, 0);
    }
}

#[test]
fn rules_above_the_project_are_not_waited_for() {
    let stranger = Stranger::empty();
    stranger.write("site/gpbuild.toml", MANIFEST);
    stranger.write("site/templates/plain.html", crate::project::PLAIN);
    stranger.pipe(".gitignore");
    let arrived = stranger.arrive(Came::Unpacked);
    let run = arrived.run(&["-C", "site", "build"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn an_edit_is_written_where_the_manifest_is() {
    let defaults =
        "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n";
    let cover = "[cover.a]\ntext = { headline = \"one\" }\n";
    let edit = ["edit", "a", "a warmer sky"];
    let stranger = Stranger::new();
    stranger.write("gpbuild.toml", defaults);
    stranger.write("covers/a.txt", cover);
    stranger.link("a.gp.toml", "covers/a.txt");
    let arrived = stranger.arrive(Came::Cloned);
    let run = arrived.run(&edit);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(arrived.path("a.gp.toml").is_symlink());
    let text = fs::read_to_string(arrived.path("covers/a.txt")).unwrap();
    assert!(text.contains("a warmer sky"));
    let stranger = Stranger::new();
    stranger.write("gpbuild.toml", defaults);
    fs::write(stranger.outside("a.txt"), cover).unwrap();
    stranger.link("a.gp.toml", "../a.txt");
    let run = stranger.arrive(Came::Cloned).run(&edit);
    assert_eq!(run.code, 2, "{}", run.err);
}
