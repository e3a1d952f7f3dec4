//! Whatever a repository brings, a run ends soon, in little memory, with a message that says where.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::project::{Counts, Project, Run};

/// The most that a run may map, in kilobytes: threads and the program itself are in it, not only what is used.
const MEMORY: u32 = 1_500_000;
/// Longer than any of this takes on a busy machine, and far shorter than it took before.
const LONG: Duration = Duration::from_secs(60);

/// Runs the binary with little memory; it must end soon. The arguments are in the shell's own list, where no
/// character of them means anything.
fn bounded(project: &Project, arguments: &[&str]) -> Run {
    Run::of(bounded_to(project, arguments, ""))
}

fn bounded_to(project: &Project, arguments: &[&str], rest: &str) -> Output {
    let began = Instant::now();
    let script = format!("ulimit -v {MEMORY}; exec timeout 60 \"$@\" {rest}");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_gpbuild")])
        .args(arguments)
        .current_dir(project.root())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("GPBUILD_HOME", ".gpbuild")
        .output()
        .unwrap();
    assert!(began.elapsed() < LONG, "{arguments:?}");
    output
}

fn with_template(text: &str) -> Project {
    let project = Project::one("x");
    project.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\ntemplate = \"own\"\n",
    );
    project.write("templates/own.html", text);
    project
}

/// Expressions and blocks as deep as `n`.
fn deep(n: usize) -> Vec<String> {
    let many = |text: &str| text.repeat(n);
    vec![
        format!("{{{{ {}text }}}}", many("not ")),
        format!("{{{{ {}1 }}}}", many("-")),
        format!("{{{{ {}1 }}}}", many("- ")),
        format!("{{{{ 1{} }}}}", many("|string")),
        format!("{{{{ text{} }}}}", many(".a")),
        format!("{{{{ text{} }}}}", many("['a']")),
        format!("{{{{ text{} }}}}", many("()")),
        format!("{{{{ {} }}}}", many("[")),
        format!("{{{{ {} }}}}", many("(")),
        format!("{{{{ 1{} }}}}", many("~1")),
        format!("{{{{ 1{} }}}}", many(" is odd")),
        format!("{{{{ 1{} }}}}", many(" if 1 else 1")),
        format!("{{% if 0 %}}{}{{% endif %}}", many("{% elif 0 %}")),
        many("{% if 1 %}"),
        many("{% for a in [1] %}"),
        format!("{{% set {}x{} = 1 %}}", many("("), many(")")),
        format!("{{% filter upper{} %}}{{% endfilter %}}", many("|upper")),
    ]
}

#[test]
fn a_template_is_as_deep_as_a_stack_can_hold() {
    for text in deep(50_000) {
        let run = bounded(&with_template(&text), &["plan"]);
        let begin = "error: the template is more than 200 levels deep\n --> templates/own.html:1:";
        assert_eq!(run.code, 2, "{}\n{}", &text[..40], run.err);
        assert!(run.err.starts_with(begin), "{}\n{}", &text[..40], run.err);
    }
    // Deep is not long.
    let text = "{{ text.headline|upper }}{% if text %}{% elif not text %}{% endif %}".repeat(5_000);
    let project = with_template(&text);
    assert_eq!(bounded(&project, &["plan"]).code, 0);
}

#[test]
fn so_is_every_text_of_a_manifest() {
    let chain = format!("{{{{ item.x{} }}}}", "|string".repeat(50_000));
    for field in ["id", "when", "output", "headline"] {
        let project = Project::empty();
        project.write("d.csv", "x\none\n");
        let of = |name: &str, other: &str| match name == field {
            true => chain.clone(),
            false => other.to_owned(),
        };
        let manifest = format!(
            "[cover.a]\nfor_each = {{ csv = \"d.csv\" }}\nsize = \"40x30\"\nid = \"{}\"\nwhen = \"{}\"\noutput = \"{}\"\ntext = {{ headline = \"{}\" }}\n",
            of("id", "a/{{ item.x }}"),
            of("when", "true"),
            of("output", "dist/{{ item.x }}.png"),
            of("headline", "x"),
        );
        project.write("gpbuild.toml", manifest);
        let run = bounded(&project, &["plan"]);
        let begin = "error: the template is more than 200 levels deep\n --> gpbuild.toml:";
        assert!(run.err.starts_with(begin), "{field}\n{}", run.err);
        assert_eq!(run.code, 2);
    }
}

#[test]
fn the_error_of_a_deep_template_says_where_and_what() {
    let text = format!("one\n{{% if text %}}\n{}\n", "{%if 1%}".repeat(200));
    let project = with_template(&text);
    let run = bounded(&project, &["plan"]);
    assert_eq!(
        run.err,
        "error: the template is more than 200 levels deep
 --> templates/own.html:3:401
  |
3 | ...}{%if 1%}{%if 1%}{%if 1%}{%if 1%}{%if 1%}{%if 1%}{%if 1%}
  |                                                           ^^ blocks in blocks
  |
  = note: in asset `a`
  = help: `{% set … %}` names a part of an expression, and `{% include … %}` takes a part out
"
    );
}

#[test]
fn what_a_template_makes_is_bounded() {
    let doubled = "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}";
    let nested = "{% set n = namespace(x=[1]) %}{% for b in range(9) %}{% for a in range(20000) %}{% set n.x = [n.x] %}{% endfor %}{% endfor %}";
    for (text, why) in [
        (
            "{{ [[1]] | tojson(indent=100000) }}".to_owned(),
            "`tojson` indents by 16 at most",
        ),
        (
            "{{ range(9000) | list | tojson(indent=1000000) }}".to_owned(),
            "`tojson` indents by 16 at most",
        ),
        (
            "{{ [['x' * 1000000] * 9999] | tojson }}".to_owned(),
            "the text of this value would be longer than 4 MiB",
        ),
        (
            format!("{doubled}{{{{ n.x }}}}"),
            "the text of this value would be longer than 4 MiB",
        ),
        (
            format!("{doubled}{{{{ n.x | tojson }}}}"),
            "the text of this value would be longer than 4 MiB",
        ),
        (
            format!("{nested}{{{{ n.x }}}}"),
            "the lists and maps of this value lie more than 140 deep in each other",
        ),
        (
            "{{ ('a\n' * 100000) | indent(100000) }}".to_owned(),
            "the template does not come to an end",
        ),
        (
            "{{ 'x' * 4000000000 }}".to_owned(),
            "the template does not come to an end",
        ),
        (
            "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}".to_owned(),
            "the template does not come to an end",
        ),
        (
            "{{ range(100000) | join('b' * 100000) }}".to_owned(),
            "the template does not come to an end",
        ),
    ] {
        let run = bounded(&with_template(&text), &["plan"]);
        assert_eq!(run.code, 2, "{text}\n{}", run.err);
        assert!(run.err.contains(why), "{text}\n{}", run.err);
    }
    // Let go of, one in another.
    assert_eq!(bounded(&with_template(nested), &["plan"]).code, 0);
}

#[test]
fn a_glob_has_a_size() {
    let many = format!("{{{}}}", vec!["a"; 60_000].join(","));
    let run = bounded(&Project::one("x"), &["build", &many]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            2,
            &*format!(
                "error: `{}…` is not a glob: it has 120001 bytes, at most 2048 are taken\n",
                &many[..100]
            )
        )
    );
    let some = format!("{{{}}}", vec!["a"; 300].join(","));
    let run = bounded(&Project::one("x"), &["plan", &some]);
    assert!(
        run.err
            .ends_with("…` is not a glob: it has more than 256 alternatives\n"),
        "{}",
        run.err
    );
    for pattern in [
        "**/".repeat(40_000),
        "*".repeat(100_000),
        "[!a]".repeat(20_000),
        "{".repeat(2_000),
        "a".repeat(120_000),
        "[!a]".repeat(500),
        "[^一-龥]*".repeat(200),
    ] {
        let run = bounded(&Project::one("x"), &["build", &pattern]);
        assert_eq!(run.code, 2, "{}\n{}", &pattern[..8], run.err);
    }
    for field in [
        "for_each = { csv = \"@\" }\nid = \"a\"",
        "references = [\"@\"]",
    ] {
        let project = Project::new(&format!(
            "[cover.a]\nsize = \"1024x1024\"\nmodel = \"openai/gpt-image-2\"\n{}\n[cover.a.text]\nheadline = \"x\"\n",
            field.replace('@', &many)
        ));
        let run = bounded(&project, &["plan"]);
        let why =
            "is not a glob: it has 120001 bytes, at most 2048 are taken\n --> gpbuild.toml:4:";
        assert!(run.err.contains(why), "{}", run.err);
        assert_eq!(run.code, 2);
    }
}

#[test]
fn a_state_that_is_none_of_ours_is_not_read() {
    let project = Project::one("x");
    project.build();
    for size in [1 << 30, 100 << 20] {
        let state = std::fs::File::create(project.path(".gpbuild/state")).unwrap();
        state.set_len(size).unwrap();
        let script = "ulimit -v 400000; exec \"$@\"";
        let output = Command::new("sh")
            .args(["-c", script, "sh", env!("CARGO_BIN_EXE_gpbuild"), "plan"])
            .current_dir(project.root())
            .env("GPBUILD_HOME", ".gpbuild")
            .env("RAYON_NUM_THREADS", "1")
            .output()
            .unwrap();
        let run = Run::of(output);
        assert_eq!(
            (run.code, run.out.as_str()),
            (0, "nothing to make (1 fresh)\n"),
            "{}",
            run.err
        );
    }
    assert_eq!(project.build(), Counts::fresh(1));
}

/// What no terminal is to see as it is.
const HOSTILE: [char; 9] = [
    '\u{1b}',
    '\u{9b}',
    '\u{7f}',
    '\u{202e}',
    '\u{2066}',
    '\u{200f}',
    '\u{2028}',
    '\u{200b}',
    '\u{e0041}',
];

#[test]
fn nothing_that_is_shown_rewrites_a_terminal() {
    let all: String = HOSTILE.iter().collect();
    let project = Project::one("x");
    let toml = |text: &str| -> String {
        text.chars()
            .map(|c| format!("\\U{:08x}", c as u32))
            .collect()
    };
    project.write(&format!("posts/{}.md", &all[1..]), "x");
    project.build();
    project.edit("gpbuild.toml", "\"x\"", &format!("\"标题 {}\"", toml(&all)));
    // What cannot be drawn is told, and not drawn as boxes.
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    no_hostile(&run, &["build"]);
    let raw: String = HOSTILE[3..].iter().collect();
    project.write(
        "x.gp.toml",
        format!("# 中文 👩‍💻 {raw}\n[cover.b]\nsiz = \"{raw}\" # {raw}\n"),
    );
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["plan", "--color", "always"],
        &["show", "a"],
        &["check"],
        &["build", &all],
        &["--no-such", &all],
        &["build", "--jobs", &all],
        &["-C", &all, "plan"],
        &["pick", &all],
    ] {
        let run = project.run(arguments);
        assert_ne!(run.code, 0, "{arguments:?}");
        no_hostile(&run, arguments);
    }
    project.remove("x.gp.toml");
    for arguments in [
        &["show", "a"][..],
        &["show", "a", "--json"],
        &["show", "a", "--color", "always"],
        &["why", "a"],
        &["plan", "-v"],
        &["check"],
    ] {
        let run = project.run(arguments);
        no_hostile(&run, arguments);
    }
    let shown = project.ok(&["show", "a"]).out;
    assert!(shown.contains("标题 \\u{1b}\\u{9b}"), "{shown}");
    // A machine reads the same as was written.
    let json = project.ok(&["show", "a", "--json"]).json();
    assert_eq!(json[0]["text"]["headline"], format!("标题 {all}"));
}

fn no_hostile(run: &Run, what: &[&str]) {
    for text in [&run.out, &run.err] {
        let plain = anstream::adapter::strip_str(text).to_string();
        let colours = text.matches('\u{1b}').count();
        let set = text.matches("\u{1b}[").count();
        assert_eq!(colours, set, "{what:?}\n{text:?}");
        let seen = plain.chars().find(|c| HOSTILE.contains(c));
        assert_eq!(seen, None, "{what:?}\n{plain:?}");
    }
}

#[test]
fn a_caret_stands_where_it_should_among_escapes() {
    let project = Project::one("x");
    project.write("x.gp.toml", "[cover.b]\n\"a\u{202e}\" = 1 # \u{9b}\n");
    let run = project.run(&["plan"]);
    assert!(
        run.err
            .contains("2 | \"a\\u{202e}\" = 1 # \\u{9b}\n  | ^^^^^^^^^^^\n"),
        "{}",
        run.err
    );
}

#[test]
fn what_cannot_be_written_is_not_done() {
    let project = Project::one("x");
    project.build();
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["build", "--json"],
        &["show", "a"],
        &["why", "a"],
        &["log"],
        &["cache", "stats"],
        &["--help"],
        &["--version"],
        &["build", "--help"],
    ] {
        let run = Run::of(bounded_to(&project, arguments, ">/dev/full"));
        assert_eq!(
            (
                run.code,
                run.err
                    .contains("error: cannot write to standard output: no space left on device\n")
            ),
            (1, true),
            "{arguments:?}\n{}",
            run.err
        );
        // Whoever closes a pipe has read enough.
        let run = Run::of(bounded_to(&project, arguments, "| head -c 0"));
        assert!(!run.err.contains("error"), "{arguments:?}\n{}", run.err);
    }
}
