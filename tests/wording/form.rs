//! The form of the files of cases is held too: what nobody knows is an error at its line, not a case less.

use libtest_mimic::{Failed, Trial};

use crate::case;

/// What is wrong, and what is said of it.
const WRONG: &[(&str, &str)] = &[
    ("", "1: the file ends where there should be a title, `# …`"),
    ("title\n", "1: the first line is a title, `# …`"),
    ("# T\n", "1: there is no case in it"),
    ("# T\n\n## a b\n", "3: a case begins with `## name_of_it`"),
    ("# T\n\n### a\n", "3: a sentence begins with a letter"),
    ("# T\n## a\n- a.csv\n", "3: a sentence begins with a letter"),
    (
        "# T\n## a\ngpbuild.toml\n```toml\n```\n",
        "4: a file is named as in `gpbuild.toml`",
    ),
    (
        "# T\n## a\n`a` with care\n```toml\n```\n",
        "3: nobody knows what this means: with care",
    ),
    (
        "# T\n## a\n`a`\nx\n",
        "4: a text begins with ``` and a language",
    ),
    (
        "# T\n## a\n`a`\n```console\n```\n",
        "4: a text begins with ``` and a language",
    ),
    (
        "# T\n## a\n`a`\n```\nx\n",
        "6: the file ends where there should be the end of a text, ```",
    ),
    (
        "# T\n## a\n`a`\n```\n```toml\n",
        "5: a text begins in a text",
    ),
    (
        "# T\n## a\n`a` with escapes\n```\n\\n\n```\n",
        "6: an escape is `\\xff` or `\\\\`",
    ),
    (
        "# T\n## a\n`a` without its last line break\n```\n```\n",
        "5: an empty text has no line break",
    ),
    (
        "# T\n## a\n`a.png` is a picture of 8\n",
        "3: a picture is told as in `a.png` is a picture of 8x8 with alpha, the first 20 bytes",
    ),
    (
        "# T\n## a\n`a`\n```\n```\n`a`\n```\n```\n",
        "8: `a` is there twice",
    ),
    (
        "# T\n## a\n`a`\n```\n```\n",
        "6: the file ends where there should be a file or a command",
    ),
    (
        "# T\n## a\n```console\n$ rm a\n",
        "4: a command begins with `$ gpbuild`",
    ),
    (
        "# T\n## a\n```console\n$ gpbuilder\n",
        "4: a command begins with `$ gpbuild`",
    ),
    (
        "# T\n## a\n```console\n$ gpbuild 'a'\n",
        "4: a command has no quotes, no `\\` and no `$`",
    ),
    (
        "# T\n## a\n```console\n$ gpbuild  a\n",
        "4: one space stands between two arguments",
    ),
    (
        "# T\n## a\n```console\n$ gpbuild\nerror\n",
        "5: the exit code is told as in `? 2`",
    ),
    (
        "# T\n## a\n```console\n$ gpbuild\n? 2\n```\n\nmore\n",
        "8: a case begins with `## name_of_it`",
    ),
    (
        "# T\n## a\n```console\n$ gpbuild\n? 2\n```\n## a\n```console\n$ gpbuild\n? 2\n```\n",
        "7: `a` is there twice",
    ),
];

/// Each a test.
pub fn tests() -> Vec<Trial> {
    vec![
        Trial::test("form::what_nobody_knows_is_an_error", wrong),
        Trial::test("form::a_case_is_read_and_written", right),
        Trial::test("form::a_difference_is_shown_word_for_word", shown),
    ]
}

fn wrong() -> Result<(), Failed> {
    for (text, expected) in WRONG {
        let (line, why) = case::parse(text)
            .err()
            .ok_or(format!("it is taken: {text}"))?;
        assert_eq!(format!("{line}: {why}"), *expected, "{text}");
    }
    Ok(())
}

fn right() -> Result<(), Failed> {
    let text = "# Title\n\nOf these.\n\n## a_1\n\nOf this.\n\n`gpbuild.toml`\n\n```toml\n[a]\n\n```\n\n`b` with escapes\n```\n\\xff\\\\x\n```\n`c` without its last line break\n```\nc\n```\n`d.png` is a picture of 2x1, the first 4 bytes\n\n```console\n$ gpbuild build [a\n? 2\nerror: x\n  y\n```\n";
    let cases = case::parse(text).map_err(|(line, why)| format!("{line}: {why}"))?;
    let [case] = cases.as_slice() else {
        return Err("it is not one case".into());
    };
    let files: Vec<(&str, &[u8])> = case
        .files
        .iter()
        .map(|(n, c)| (n.as_str(), c.as_slice()))
        .collect();
    assert_eq!(
        files,
        [
            ("gpbuild.toml", &b"[a]\n\n"[..]),
            ("b", b"\xff\\x\n"),
            ("c", b"c"),
            ("d.png", b"\x89PNG"),
        ]
    );
    assert_eq!((case.name.as_str(), case.line, case.code), ("a_1", 5, 2));
    assert_eq!(case.arguments, ["build", "[a"]);
    assert_eq!(case.words, "error: x\n  y\n");
    let lines: Vec<&str> = text.lines().collect();
    let answer = lines[case.answer.clone()].join("\n") + "\n";
    assert_eq!(case::answer(case.code, &case.words)?, answer);
    assert!(case::answer(2, "```\n").is_err() && case::answer(2, "x").is_err());
    Ok(())
}

fn shown() -> Result<(), Failed> {
    let expected = "one\ntwo\nthree\nfour\nthe old word\nlast\n";
    let said = "one\ntwo\nthree\nfour\nthe new word\nlast\nmore\n";
    assert_eq!(
        crate::difference::between(expected, said),
        "…\nthree\nfour\nthe [-old-]{+new+} word\nlast\n{+more+}\n\n"
    );
    Ok(())
}
