//! What is said about wrong TOML, YAML and front matter.

use super::{Format, check};

#[test]
fn toml() {
    check(
        Format::Toml,
        &[
            (
                "a = inf",
                "`s.toml` has a number without an exact value: `inf`",
                "1:5",
                "    ^^^ not exact",
                "write it as a string, in quotes",
            ),
            (
                "a = 99999999999999999999",
                "`s.toml` has a number without an exact value: `99999999999999999999`",
                "1:5",
                "    ^^^^^^^^^^^^^^^^^^^^ not exact",
                "write it as a string, in quotes",
            ),
            (
                "a = 1\na = 2",
                "`s.toml` is not valid TOML",
                "2:1",
                "^ duplicate key",
                "keep one of the two",
            ),
            (
                "a = x",
                "`s.toml` is not valid TOML",
                "1:5",
                "    ^ string values must be quoted, expected literal string",
                "TOML is `name = \"text\"`, one to a line; text is always in quotes",
            ),
            (
                "a = \"x\nb",
                "`s.toml` is not valid TOML",
                "1:7",
                "      ^ invalid basic string, expected `\"`",
                "TOML is `name = \"text\"`, one to a line; text is always in quotes",
            ),
            (
                "标题 = 1\n",
                "`s.toml` is not valid TOML",
                "1:1",
                "^^^^ invalid unquoted key, expected letters, numbers, `-`, `_`",
                "put a name with other characters into quotes",
            ),
            (
                "a = [1, 2",
                "`s.toml` is not valid TOML",
                "1:10",
                "         ^ unclosed array, expected `]`",
                "TOML is `name = \"text\"`, one to a line; text is always in quotes",
            ),
            (
                "[a]\n[a]\n",
                "`s.toml` is not valid TOML",
                "2:2",
                " ^ duplicate key",
                "keep one of the two",
            ),
        ],
    );
}

#[test]
fn yaml() {
    check(
        Format::Yaml,
        &[
            (
                "",
                "the content of `s.yaml` is empty, not a table",
                "1:1",
                "^ a table is needed here",
                "write names and values, as in `headline: …`",
            ),
            (
                "hello",
                "the content of `s.yaml` is a string, not a table",
                "1:1",
                "^ a table is needed here",
                "write names and values, as in `headline: …`",
            ),
            (
                "- 1\n",
                "entry 1 of `s.yaml` is a number, not a table",
                "1:3",
                "  ^ a table is needed here",
                "write names and values, as in `headline: …`",
            ),
            (
                "- a: 1\n- \n",
                "entry 2 of `s.yaml` is empty, not a table",
                "2:3",
                "  ^ a table is needed here",
                "write names and values, as in `headline: …`",
            ),
            (
                "a: 1\nb: 2\na: 3\n",
                "`a` stands twice in one table of `s.yaml`",
                "3:1",
                "^ again here",
                "keep one of the two",
            ),
            (
                "a: .nan\n",
                "`s.yaml` has a number without an exact value: `.nan`",
                "1:4",
                "   ^^^^ not exact",
                "write it as a string, in quotes",
            ),
            (
                "- {a: 12345678901234567890123, b: 1}\n",
                "`s.yaml` has a number without an exact value: `12345678901234567890123`",
                "1:7",
                "      ^^^^^^^^^^^^^^^^^^^^^^^ not exact",
                "write it as a string, in quotes",
            ),
            (
                "title: a: b\n",
                "`s.yaml` is not valid YAML",
                "1:9",
                "        ^ mapping values are not allowed in this context",
                "put a text that has `: ` in it into quotes, and begin each name in the same column",
            ),
            (
                "a: \"x\n",
                "`s.yaml` is not valid YAML",
                "1:4",
                "   ^ unclosed quote",
                "close it, or put the whole text into quotes",
            ),
            (
                "a:\n  - b\n c: d\n",
                "`s.yaml` is not valid YAML",
                "3:2",
                " ^ while parsing a block mapping, did not find expected key",
                "begin all names of a table, and all `-` of a list, in the same column",
            ),
            (
                "a: *x\n",
                "`s.yaml` is not valid YAML",
                "1:4",
                "   ^ reference to unknown value",
                "put a text that begins with this character into quotes",
            ),
            (
                "a: @x\n",
                "`s.yaml` is not valid YAML",
                "1:4",
                "   ^ unexpected character: `@`",
                "put a text that begins with this character into quotes",
            ),
            (
                "a: 1\n---\na: 2\n",
                "`s.yaml` has several documents",
                "2:1",
                "^ a second one begins here",
                "write the items as one list: `- headline: …`",
            ),
            (
                "~: a\n",
                "`s.yaml` is not valid YAML",
                "1:1",
                "^ null is not allowed here",
                "write a name before the colon",
            ),
            (
                "a: &a [*a]\n",
                "`s.yaml` is not valid YAML",
                "1:8",
                "       ^ Recursive reference not allowed here",
                "names and values are `name: value`; put a text with special characters into quotes",
            ),
            (
                "- a: 1\nb: 2\n",
                "`s.yaml` is not valid YAML",
                "2:1",
                "^ while parsing a block collection, did not find expected `-` indicator",
                "begin all names of a table, and all `-` of a list, in the same column",
            ),
        ],
    );
}

#[test]
fn front_matter() {
    check(
        Format::FrontMatter,
        &[
            (
                "---\n- a\n---\n",
                "the front matter of `posts/a.md` is a list, not a table",
                "2:1",
                "^ a table is needed here",
                "write names and values, as in `headline: …`",
            ),
            (
                "---\ntitle: a: b\n---\n",
                "`posts/a.md` is not valid YAML",
                "2:9",
                "        ^ mapping values are not allowed in this context",
                "put a text that has `: ` in it into quotes, and begin each name in the same column",
            ),
            (
                "---\na: 1\na: 2\n---\n",
                "`a` stands twice in one table of `posts/a.md`",
                "3:1",
                "^ again here",
                "keep one of the two",
            ),
            (
                "+++\n\na = x\n+++\n",
                "`posts/a.md` is not valid TOML",
                "3:5",
                "    ^ string values must be quoted, expected literal string",
                "TOML is `name = \"text\"`, one to a line; text is always in quotes",
            ),
            (
                "{\"a\": 1",
                "the front matter of `posts/a.md` never ends",
                "1:1",
                "^ this brace is never closed",
                "close it with `}`",
            ),
            (
                "---json\n[]\n---\n",
                "the front matter of `posts/a.md` is a list, not a table",
                "2:1",
                "^ a table is needed here",
                "write an object: `{ \"title\": \"…\" }`",
            ),
            (
                "---\na:\n\t- b\n---\n",
                "`posts/a.md` is not valid YAML",
                "3:1",
                "^ tabs disallowed within this context (block indentation)",
                "indent with spaces",
            ),
        ],
    );
}

#[test]
fn what_nests_or_unfolds_without_end_is_stopped() {
    let deep = "[".repeat(70);
    let shut = "]".repeat(70);
    for (format, text) in [
        (Format::Json, deep.clone()),
        (Format::Json, format!("{{\"a\": {deep}{shut}}}")),
        (Format::Yaml, format!("a: {deep}")),
        (
            Format::Yaml,
            (0..70).fold(String::new(), |all, n| all + &" ".repeat(n) + "a:\n"),
        ),
        (Format::Toml, format!("a = {deep}{shut}")),
        (Format::Toml, format!("a = {}", deep.repeat(1000))),
        (
            Format::FrontMatter,
            format!("---json\n{{\"a\": {deep}{shut}}}\n---\n"),
        ),
    ] {
        let found = super::error(format, &text);
        assert!(
            found.contains("nests more than 64 lists and tables"),
            "{found}"
        );
    }
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..9 {
        let list = vec![format!("*a{}", n - 1); 9].join(",");
        laughs += &format!("a{n}: &a{n} [{list}]\n");
    }
    let long = format!(
        "s: &s {}\nl: [{}]",
        "x".repeat(1_000_000),
        vec!["*s"; 1000].join(", ")
    );
    for text in [laughs, long] {
        let found = super::error(Format::Yaml, &text);
        assert!(
            found.starts_with("error: `s.yaml` unfolds to too much data"),
            "{found}"
        );
    }
}
