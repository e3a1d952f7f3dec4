//! What authors and their editors write that is not what a tool expects: encodings, marks, texts of nothing; and what is told
//! where files move.

use crate::project::Project;

/// A project with a cover for each post.
fn blog() -> Project {
    let project = Project::new(
        "[defaults]\nmodel = \"local\"\nsize = \"600x315\"\n[cover.post]\nfor_each = { front_matter = \"posts/*.md\" }\n\
         id = \"{{ file.stem }}\"\ntemplate = \"article\"\ntext = { headline = \"{{ item.title }}\" }\n",
    );
    project.write("posts/a.md", "---\ntitle: A title\n---\nbody\n");
    project
}

/// The words of an asset.
fn headline(project: &Project, id: &str) -> String {
    let shown = project.ok(&["show", id, "--json"]).json();
    shown[0]["text"]["headline"].as_str().unwrap().to_owned()
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = text.encode_utf16();
    let bytes = |unit: u16| match big {
        true => unit.to_be_bytes(),
        false => unit.to_le_bytes(),
    };
    [0xfeff].into_iter().chain(units).flat_map(bytes).collect()
}

#[test]
fn a_post_is_read_however_an_editor_saved_it() {
    let project = blog();
    let text = "---\ntitle: 标题 one\n---\n# Heading\n\nbody\n";
    project.write("posts/little.md", utf16(text, false));
    project.write("posts/big.md", utf16(text, true));
    project.write("posts/mac.md", text.replace('\n', "\r"));
    project.write("posts/windows.md", text.replace('\n', "\r\n"));
    project.write("posts/plain.md", text);
    project.edit(
        "gpbuild.toml",
        "{{ item.title }}",
        "{{ item.title }} {{ file.words }}",
    );
    for id in ["little", "big", "mac", "windows", "plain"] {
        assert_eq!(headline(&project, id), "标题 one 1", "{id}");
    }
    assert!(!project.ok(&["check"]).err.contains("left out"));
}

#[test]
fn what_cannot_be_read_is_told_and_not_left_out() {
    let project = blog();
    let gbk = [b"---\ntitle: ", &[0xd6, 0xd0, 0xce, 0xc4][..], b"\n---\n"].concat();
    project.write("posts/gbk.md", &gbk);
    project.write("posts/bare.md", &gbk[4..]);
    // A picture among posts is no text, and nobody asks what it says.
    project.edit("gpbuild.toml", "posts/*.md", "posts/*");
    project.write("posts/p.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff");
    let run = project.run(&["check"]);
    assert_eq!(run.code, 2, "{}", run.err);
    for name in ["gbk", "bare"] {
        assert!(
            run.err
                .contains(&format!("error: `posts/{name}.md` is not UTF-8")),
            "{}",
            run.err
        );
    }
    assert!(
        run.err
            .contains("`iconv -f GBK -t UTF-8 FILE > NEW` makes one"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("p.png"), "{}", run.err);
}

#[test]
fn a_text_of_which_nobody_sees_anything_is_told() {
    let project = blog();
    for (title, held) in [
        ("\"\u{200b}\"", "U+200B"),
        ("\"\u{200d}\u{feff}\"", "U+200D U+FEFF"),
        ("\"`\"", "U+0060"),
        ("\"` `\"", "U+0060 U+0020 U+0060"),
        ("\"***\"", "U+002A U+002A U+002A"),
    ] {
        project.write("posts/b.md", format!("---\ntitle: {title}\n---\n"));
        let run = project.run(&["build"]);
        assert_eq!(run.code, 2, "{title}: {}", run.err);
        let said = format!("error: `text.headline` draws nothing: all that it holds is {held}\n");
        assert!(run.err.contains(&said), "{}", run.err);
        assert!(
            run.err.contains("in asset `b` of `posts/b.md`"),
            "{}",
            run.err
        );
    }
}

#[test]
fn emoji_are_dropped_if_that_is_asked_for() {
    let project = blog();
    project.write("posts/a.md", "---\ntitle: 🚀 Ship it 👩‍💻 now ❤️\n---\n");
    assert_eq!(headline(&project, "a"), "🚀 Ship it 👩‍💻 now ❤️");
    project.edit(
        "gpbuild.toml",
        "model = \"local\"\n",
        "model = \"local\"\nemoji = \"drop\"\n",
    );
    assert_eq!(headline(&project, "a"), "Ship it now");
    project.edit("gpbuild.toml", "id = ", "emoji = \"draw\"\nid = ");
    assert_eq!(headline(&project, "a"), "🚀 Ship it 👩‍💻 now ❤️");
    project.edit("gpbuild.toml", "emoji = \"draw\"", "emoji = \"hide\"");
    let run = project.run(&["build"]);
    assert!(
        run.err
            .contains("error: `emoji` is `drop` or `draw`, not `hide`"),
        "{}",
        run.err
    );
    project.edit("gpbuild.toml", "emoji = \"hide\"\n", "");
    project.write("posts/b.md", "---\ntitle: 🚀\n---\n");
    let run = project.run(&["build"]);
    assert!(
        run.err
            .contains("`text.headline` draws nothing: it holds emoji alone"),
        "{}",
        run.err
    );
}

#[test]
fn what_no_font_has_is_told_with_its_post() {
    let project = blog();
    project.write("posts/b.md", "---\ntitle: مرحبا 1\u{fe0f}\u{20e3}\n---\n");
    for command in ["build", "check"] {
        let run = project.run(&[command]);
        assert_eq!(
            run.code,
            if command == "build" { 1 } else { 2 },
            "{}",
            run.err
        );
        assert!(
            run.err.contains("in asset `b` of `posts/b.md`"),
            "{}",
            run.err
        );
        assert!(run.err.contains("emoji = \"drop\""), "{}", run.err);
    }
}

#[test]
fn what_no_font_can_help_has_a_help_of_its_own() {
    let project = blog();
    for (title, help, other) in [
        ("a\u{fffd}b", "save the text anew as UTF-8", "add a font"),
        ("\"a\\u2028b\"", "write a line break", "add a font"),
        ("한", "add a font that has it", "UTF-8"),
    ] {
        project.write("posts/b.md", format!("---\ntitle: {title}\n---\n"));
        let run = project.run(&["build"]);
        assert_eq!(run.code, 1, "{}", run.err);
        let helps: Vec<&str> = run
            .err
            .lines()
            .filter(|line| line.contains("= help: "))
            .collect();
        assert!(helps.iter().any(|line| line.contains(help)), "{}", run.err);
        assert!(
            !helps.iter().any(|line| line.contains(other)),
            "{}",
            run.err
        );
    }
}

#[test]
fn with_v_all_are_named() {
    let project = blog();
    for name in ["b", "c", "d", "e", "f"] {
        project.write(&format!("posts/{name}.md"), "---\ntitle: مرحبا\n---\n");
    }
    let few = project.run(&["build"]);
    assert!(few.err.contains(" and 4 other assets"), "{}", few.err);
    let all = project.run(&["build", "-v"]);
    // One of the five is in the line that counts the others.
    let end = all.err.split("what failed:").nth(1).unwrap();
    let named = end.lines().filter(|line| line.starts_with("  in asset `"));
    assert_eq!(named.count(), 4, "{}", all.err);
}

#[test]
fn files_that_make_nothing_are_told_each_time() {
    let project = blog();
    project.write("posts/b.md", "no front matter\n");
    let line = "1 of 2 files of `posts/*.md` has no front matter and is left out";
    for _ in 0..2 {
        assert!(project.ok(&["build"]).err.contains(line));
    }
    assert!(project.ok(&["plan"]).err.contains(line));
    assert!(project.ok(&["build", "-v"]).err.contains("\n  posts/b.md"));
    // A change of one post, which is all that is looked at.
    project.write("posts/a.md", "---\ntitle: Another\n---\n");
    assert!(project.ok(&["build"]).err.contains(line));
}

#[test]
fn an_index_that_moved_is_told_and_swept() {
    let project = blog();
    project.ok(&["build"]);
    project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[project]\nindex = \"data/pictures.json\"\n[defaults]",
    );
    let run = project.ok(&["build"]);
    assert!(
        run.err.contains("1 output belongs to no asset"),
        "{}",
        run.err
    );
    assert!(run.err.contains("dist/assets.json"), "{}", run.err);
    assert_eq!(project.run(&["plan", "--exit-code"]).code, 10);
    assert_eq!(project.run(&["build", "--locked"]).code, 1);
    project.ok(&["build", "--prune"]);
    assert!(!project.has("dist/assets.json") && project.has("data/pictures.json"));
    assert_eq!(project.run(&["plan", "--exit-code"]).code, 0);
    assert_eq!(project.run(&["build", "--locked"]).code, 0);
    // Another's file of that name is another's.
    project.write("dist/assets.json", "{\"version\": 2}");
    project.edit("gpbuild.toml", "[project]", "# moved\n[project]");
    assert!(!project.ok(&["build"]).err.contains("belongs"));
}

#[test]
fn plan_and_locked_agree_on_what_belongs_to_nobody() {
    let project = blog();
    project.write("posts/b.md", "---\ntitle: B\n---\n");
    project.ok(&["build"]);
    project.remove("posts/b.md");
    project.ok(&["build"]);
    for _ in 0..2 {
        assert_eq!(project.run(&["build", "--locked"]).code, 1);
        assert_eq!(project.run(&["plan", "--exit-code"]).code, 10);
    }
    project.ok(&["build", "--prune"]);
    assert_eq!(project.run(&["build", "--locked"]).code, 0);
    assert_eq!(project.run(&["plan", "--exit-code"]).code, 0);
}

#[test]
fn a_font_that_was_not_fetched_says_so() {
    let project = blog();
    project.edit(
        "gpbuild.toml",
        "[defaults]",
        "[fonts]\nfiles = [\"a.otf\"]\n[defaults]",
    );
    project.write(
        "a.otf",
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    );
    let run = project.run(&["build"]);
    assert!(
        run.err
            .contains("error: `a.otf` is a pointer of Git LFS, not the font itself")
            && run.err.contains("`git lfs pull`"),
        "{}",
        run.err
    );
}

#[test]
fn lists_join_as_they_are_written_and_tables_do_not() {
    let project = blog();
    project.edit(
        "gpbuild.toml",
        "{{ item.title }}",
        "{{ item.tags | join(', ') }}",
    );
    project.write("posts/a.md", "---\ntags: [true, 1.10, null, no, x]\n---\n");
    assert_eq!(headline(&project, "a"), "true, 1.10, no, x");
    for tags in ["{a: 1, b: 2}", "[a, {b: 2}]", "[[a], b]"] {
        project.write("posts/a.md", format!("---\ntags: {tags}\n---\n"));
        let run = project.run(&["build"]);
        assert_eq!(run.code, 2, "{tags}: {}", run.err);
        assert!(run.err.contains("of `posts/a.md`"), "{tags}: {}", run.err);
        assert!(
            run.err.contains("is no text")
                || run.err.contains("is a table")
                || run.err.contains("is a list"),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_draft_is_one_also_where_it_says_so_by_a_number() {
    let project = blog();
    project.edit(
        "gpbuild.toml",
        "id = ",
        "when = \"{{ not item.draft }}\"\nid = ",
    );
    for (draft, is_made) in [
        ("0", true),
        ("\"0\"", true),
        ("'1'", false),
        ("1", false),
        ("\"false\"", true),
        ("off", true),
    ] {
        project.write(
            "posts/b.md",
            format!("---\ntitle: B\ndraft: {draft}\n---\n"),
        );
        let ids = project.ok(&["plan", "--json"]).out;
        assert_eq!(ids.contains("\"id\":\"b\""), is_made, "{draft}");
    }
}

#[test]
fn front_matter_that_is_too_long_is_not_said_to_have_no_end() {
    let project = blog();
    let long = "x".repeat(1 << 20);
    project.write("posts/b.md", format!("---\ntitle: B\nlong: {long}\n---\n"));
    let run = project.run(&["build"]);
    let said = "error: the front matter of `posts/b.md` does not end within 1048576 bytes\n";
    assert!(run.code == 2 && run.err.starts_with(said), "{}", run.err);
}
