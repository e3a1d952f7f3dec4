//! What is read of Markdown: texts of posts as people write them, and the marks of single lines.

use super::{document, plain, runs, unmarked, words};

const POST: &str = "\
import Tabs from '@theme/Tabs'

# Using `serde` in **anger** {#top}

Some *intro* with [a link](https://example.com \"t\") and `code`.
It goes on.

<!-- more -->

## One: *args

{{< figure src=\"a.png\" >}}
- first
- second

```rust
fn main() {}
```

### Deeper

Below.

::: tip
Mind the *gap*.
:::

## 二、收尾

| a | b |
|---|---|
| 1 | 2 |

![a picture](a.png)
";

#[test]
fn what_a_post_says() {
    let post = document(POST);
    let headings: Vec<_> = post
        .headings
        .iter()
        .map(|h| (h.level, h.title.as_str(), h.body.as_str()))
        .collect();
    assert_eq!(
        headings,
        [
            (
                1,
                "Using `serde` in **anger**",
                "Some intro with a link and code. It goes on.\n\nOne: *args\n\nfirst\nsecond\n\nDeeper\n\nBelow.\n\nMind the gap.\n\n二、收尾\n\na b\n1 2"
            ),
            (
                2,
                "One: \\*args",
                "first\nsecond\n\nDeeper\n\nBelow.\n\nMind the gap."
            ),
            (3, "Deeper", "Below.\n\nMind the gap."),
            (2, "二、收尾", "a b\n1 2"),
        ]
    );
    assert_eq!(post.title(), Some("Using `serde` in **anger**"));
    assert_eq!(
        post.intro(2),
        "Some intro with a link and code. It goes on."
    );
    assert_eq!(post.intro(1), "");
    assert_eq!(
        post.body,
        "Some intro with a link and code. It goes on.\n\nfirst\nsecond\n\nBelow.\n\nMind the gap.\n\na b\n1 2"
    );
    assert_eq!(plain("# A\n\nb *c*\n"), "A\n\nb c");
    assert_eq!(document("no heading").title(), None);
    assert_eq!(document("intro\n\n## A\n\nb").intro(2), "intro");
}

#[test]
fn words_are_counted_in_every_script() {
    for (text, count) in [
        ("", 0),
        ("one two-three don't", 3),
        ("提示词公式", 5),
        ("30 天上手 AI", 5),
        ("a, b; c.", 3),
    ] {
        assert_eq!(words(text), count, "{text}");
    }
}

/// Bold as `<b>`, code as `<c>`.
fn shown(line: &str) -> String {
    let tag = |run: super::Run| match (run.bold, run.code) {
        (true, true) => format!("<b><c>{}</c></b>", run.text),
        (true, false) => format!("<b>{}</b>", run.text),
        (false, true) => format!("<c>{}</c>", run.text),
        (false, false) => run.text,
    };
    runs(line).into_iter().map(tag).collect()
}

#[test]
fn marks_of_a_line() {
    for (line, expected) in [
        ("plain", "plain"),
        ("Use `foo` now", "Use <c>foo</c> now"),
        ("`a` and `b`", "<c>a</c> and <c>b</c>"),
        ("`` a`b ``", "<c>a`b</c>"),
        ("**30 天**上手", "<b>30 天</b>上手"),
        ("the *best* of it", "the best of it"),
        (
            "**`Vec<T>`** and `*args`",
            "<b><c>Vec<T></c></b> and <c>*args</c>",
        ),
        ("**a *b* c**", "<b>a b c</b>"),
        ("a ***b*** c", "a <b>b</b> c"),
        ("***`b`***", "<b><c>b</c></b>"),
        ("~~old~~ new", "old new"),
        ("==all new==!", "all new!"),
        (
            "see [the `docs`](https://a.b/c_(d)) now",
            "see the <c>docs</c> now",
        ),
        ("![alt](a.png \"t\") and [**b**](c)", "alt and <b>b</b>"),
        (":material-home: Home", "Home"),
        ("Ship it :rocket:", "Ship it"),
        ("Ship :rocket: it", "Ship it"),
        ("\\[a\\](b) \\~~c~~ \\==d==", "[a](b) ~~c~~ ==d=="),
        // What is no mark.
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("*args and **kwargs", "*args and **kwargs"),
        ("C*-algebras and W*-algebras", "C*-algebras and W*-algebras"),
        ("handlers[0](event), f[i](x)", "handlers[0](event), f[i](x)"),
        ("[draft] [WIP](two words)", "[draft] [WIP](two words)"),
        ("a == b == c, x==1 && y==2", "a == b == c, x==1 && y==2"),
        ("~~ not ~~ and ~x~", "~~ not ~~ and ~x~"),
        ("std::vec::Vec at 16:30:00", "std::vec::Vec at 16:30:00"),
        ("a ? b : c :d: e", "a ? b : c :d: e"),
        ("5* hotels, 3* hotels", "5* hotels, 3* hotels"),
        (
            "__init__ and snake_case_name",
            "__init__ and snake_case_name",
        ),
        ("an open ` tick", "an open ` tick"),
        ("** not bold **", "** not bold **"),
        ("\\*args and \\`x", "*args and `x"),
        ("C:\\dir", "C:\\dir"),
        (
            "SELECT count(*) FROM a WHERE b*c",
            "SELECT count(*) FROM a WHERE b*c",
        ),
        ("", ""),
    ] {
        assert_eq!(shown(line), expected, "{line}");
    }
    assert_eq!(unmarked("**a** `b` *c*"), "a b c");
}

#[test]
fn lists_in_lists_and_what_wikis_and_notes_write() {
    for (text, expected) in [
        ("- a\n  - [ ] b\n  - [x] c\n- d\n\nend", "a\nb\nc\nd\n\nend"),
        ("1. a\n\n   - b\n2. c", "a\n\nb\nc"),
        ("see [[Some Page|this]] and [[Other]]", "see this and Other"),
        ("![[picture.png]]\n\ntext", "text"),
        ("> [!tip] Mind this\n> and that", "Mind this and that"),
        ("> [!NOTE]\n> Mind this", "Mind this"),
        ("~~old~~ ==new== :material-home: x", "old new x"),
    ] {
        assert_eq!(plain(text), expected, "{text}");
    }
    assert_eq!(
        document("# A ~~b~~ `c` \\[d\\](e)").title(),
        Some("A b `c` [d\\](e)")
    );
    assert_eq!(unmarked("A b `c` [d\\](e)"), "A b c [d](e)");
}
