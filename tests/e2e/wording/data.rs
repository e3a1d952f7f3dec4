//! Data files and what is made of them: the whole text of every error.

use super::refused;

#[test]
fn id_that_leaves() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
for_each = { csv = "a.csv" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "a.csv",
                r"slug
../../etc
ok
",
            ),
        ],
        &[],
        r#"error: `../../etc` cannot be the id of an asset
 --> gpbuild.toml:3:6
  |
3 | id = "{{ item.slug }}"
  |      ^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a of a.csv:2`
  = help: an id has letters, digits, `-` and `_`, with `/` between its parts
"#,
    );
}

#[test]
fn data_path_that_leaves() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
for_each = { csv = "../a.csv" }
id = "x"
size = "300x400"
text = { headline = "标题" }
[cover.b]
for_each = { csv = "../*.csv" }
id = "x"
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: `../a.csv` leaves the project
 --> gpbuild.toml:2:20
  |
2 | for_each = { csv = "../a.csv" }
  |                    ^^^^^^^^^^

error: `../*.csv` leaves the project
 --> gpbuild.toml:7:20
  |
7 | for_each = { csv = "../*.csv" }
  |                    ^^^^^^^^^^
"#,
    );
}

#[test]
fn missing_data() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
for_each = { csv = "a.csv" }
id = "x"
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: no such file: `a.csv`
 --> gpbuild.toml:2:20
  |
2 | for_each = { csv = "a.csv" }
  |                    ^^^^^^^
"#,
    );
}

#[test]
fn for_each_of_two_kinds() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
for_each = { csv = "a.csv", json = "a.json" }
id = "x"
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: `for_each` takes exactly one of `front_matter`, `csv`, `toml`, `json` and `yaml`
 --> gpbuild.toml:2:1
  |
2 | for_each = { csv = "a.csv", json = "a.json" }
  | ^^^^^^^^
"#,
    );
}

#[test]
fn invalid_utf8_data() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
for_each = { csv = "a.csv" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
"#
                .as_bytes(),
            ),
            ("a.csv", &b"slug\n\xb1\xea\n"[..]),
        ],
        &[],
        r"error: `a.csv` is not UTF-8: byte 5 is wrong
 --> a.csv:2:1
  |
2 | ��
  | ^ 0xB1
  |
  = help: save it as UTF-8; in Excel: `CSV UTF-8 (Comma delimited)`
",
    );
}

#[test]
fn front_matter_that_never_closes() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
for_each = { front_matter = "p/*.md" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "p/a.md",
                r"---
slug: a

# text
",
            ),
        ],
        &[],
        r"error: the front matter of `p/a.md` never ends
 --> p/a.md:1:1
  |
1 | ---
  | ^^^ opened here, but no line `---` follows
  |
  = help: close it with a line `---`
  = help: if `---` is only a rule, put an empty line before it
",
    );
}

#[test]
fn broken_yaml_front_matter() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
for_each = { front_matter = "p/*.md" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "p/a.md",
                r"---
slug: [a
---
",
            ),
        ],
        &[],
        r"error: `p/a.md` is not valid YAML
 --> p/a.md:2:7
  |
2 | slug: [a
  |       ^ unclosed bracket `[`
  |
  = help: close it, or put the whole text into quotes
",
    );
}

#[test]
fn broken_csv_json_toml() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
for_each = { csv = "a.csv" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
[cover.b]
for_each = { json = "b.json" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
[cover.c]
for_each = { toml = "c.toml" }
id = "{{ item.slug }}"
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "a.csv",
                r"slug,title
a
",
            ),
            (
                "b.json",
                r#"[{"slug": "b",}]
"#,
            ),
            (
                "c.toml",
                r"[[x]]
slug = 
",
            ),
        ],
        &[],
        r#"error: a row of `a.csv` has 1 cell, but there are 2 columns
 --> a.csv:2:2
  |
2 | a
  |  ^ `title` is missing
  |
  = help: write a comma for each empty cell

error: `b.json` is not valid JSON
 --> b.json:1:15
  |
1 | [{"slug": "b",}]
  |               ^ trailing comma
  |
  = help: remove the comma before the closing bracket

error: `c.toml` is not valid TOML
 --> c.toml:2:8
  |
2 | slug = 
  |        ^ string values must be quoted, expected literal string
  |
  = help: TOML is `name = "text"`, one to a line; text is always in quotes
"#,
    );
}

#[test]
fn for_each_without_id() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
for_each = { csv = "s.csv" }
"#,
            ),
            (
                "s.csv",
                r"headline
x
",
            ),
        ],
        &[],
        r#"error: cover `a` has `for_each` but no `id`
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = help: add `id = "post/{{ item.slug }}"`: each item needs an id of its own
"#,
    );
}

#[test]
fn id_without_for_each() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
id = "x"
"#,
        )],
        &[],
        r#"error: `id` is for a cover with `for_each`
 --> gpbuild.toml:4:6
  |
4 | id = "x"
  |      ^^^
  |
  = help: the id of this cover is its name, `a`
"#,
    );
}

#[test]
fn id_that_is_not_unique() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
for_each = { csv = "s.csv" }
id = "p/{{ item.slug }}"
"#,
            ),
            (
                "s.csv",
                r"slug
x
y
x
",
            ),
        ],
        &[],
        r"error: two assets have the id `p/x`
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = help: it comes of `s.csv:2` and of `s.csv:4`: the `id` must differ for each item of `for_each`
",
    );
}

#[test]
fn carousel_without_slides() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[carousel.s]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: carousel `s` has no slides
 --> gpbuild.toml:1:11
  |
1 | [carousel.s]
  |           ^
  |
  = help: add `slides = { csv = "slides.csv" }` or `[[carousel.s.slide]]` tables
"#,
    );
}

#[test]
fn carousel_with_both() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[carousel.s]
size = "300x400"
text = { headline = "标题" }
slides = { csv = "s.csv" }
[[carousel.s.slide]]
headline = "x"
"#,
            ),
            (
                "s.csv",
                r"headline
x
",
            ),
        ],
        &[],
        r"error: carousel `s` has both `slides` and `[[carousel.s.slide]]`
 --> gpbuild.toml:1:11
  |
1 | [carousel.s]
  |           ^
  |
  = help: take its slides from one of them
",
    );
}

#[test]
fn carousel_with_for_each() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[carousel.s]
size = "300x400"
text = { headline = "标题" }
for_each = { csv = "s.csv" }
[[carousel.s.slide]]
headline = "x"
"#,
            ),
            (
                "s.csv",
                r"headline
x
",
            ),
        ],
        &[],
        r#"error: unknown key `for_each` in `[carousel.s]`
 --> gpbuild.toml:4:1
  |
4 | for_each = { csv = "s.csv" }
  | ^^^^^^^^
  |
  = help: a carousel takes its slides from `slides = { csv = … }`
"#,
    );
}

#[test]
fn undefined_item_field() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
for_each = { csv = "s.csv" }
id = "p/{{ item.slug }}"
text = { headline = "《{{ item.titel }}》" }
"#,
            ),
            (
                "s.csv",
                r"slug,title
x,X
y,Y
z,Z
",
            ),
        ],
        &[],
        r#"error: `item.titel` is not defined
 --> gpbuild.toml:5:26
  |
5 | text = { headline = "《{{ item.titel }}》" }
  |                           ^^^^^^^^^^
  |
  = note: in asset `p/x` and 2 other assets
  = help: did you mean `title`?
  = help: `item.titel is defined` asks first; `item.titel | default("…")` gives another value
"#,
    );
}

#[test]
fn missing_reference() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
references = ["ref.png", "img/*.png", "../x.png"]
mask = "mask.png"
"#,
        )],
        &[],
        r#"error: no such file: `ref.png`
 --> gpbuild.toml:4:15
  |
4 | references = ["ref.png", "img/*.png", "../x.png"]
  |               ^^^^^^^^^
  |
  = note: in asset `a`

error: no file matches `img/*.png`
 --> gpbuild.toml:4:26
  |
4 | references = ["ref.png", "img/*.png", "../x.png"]
  |                          ^^^^^^^^^^^
  |
  = note: in asset `a`

error: `../x.png` leaves the project
 --> gpbuild.toml:4:39
  |
4 | references = ["ref.png", "img/*.png", "../x.png"]
  |                                       ^^^^^^^^^^
  |
  = note: in asset `a`

error: no such file: `mask.png`
 --> gpbuild.toml:5:8
  |
5 | mask = "mask.png"
  |        ^^^^^^^^^^
  |
  = note: in asset `a`
"#,
    );
}

#[test]
fn font_that_is_none() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[fonts]
files = ["fonts/a.otf", "fonts/*.woff", "../b.otf"]
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            ("fonts/a.otf", "not a font"),
        ],
        &[],
        r#"error: `fonts/a.otf` is not an OTF, TTF or TTC font: An offset was out of bounds
 --> gpbuild.toml:2:10
  |
2 | files = ["fonts/a.otf", "fonts/*.woff", "../b.otf"]
  |          ^^^^^^^^^^^^^

error: no file matches `fonts/*.woff`
 --> gpbuild.toml:2:25
  |
2 | files = ["fonts/a.otf", "fonts/*.woff", "../b.otf"]
  |                         ^^^^^^^^^^^^^^

error: `../b.otf` leaves the project
 --> gpbuild.toml:2:41
  |
2 | files = ["fonts/a.otf", "fonts/*.woff", "../b.otf"]
  |                                         ^^^^^^^^^^
"#,
    );
}

#[test]
fn when_that_is_neither() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
when = "maybe"
"#,
        )],
        &[],
        r#"error: `when` must come out as `true` or `false`, not `maybe`
 --> gpbuild.toml:4:8
  |
4 | when = "maybe"
  |        ^^^^^^^
  |
  = note: in asset `a`
"#,
    );
}

#[test]
fn when_that_is_broken() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
when = "{{ not }}"
"#,
        )],
        &[],
        r#"error: template error: syntax error: unexpected end of variable block
 --> gpbuild.toml:4:16
  |
4 | when = "{{ not }}"
  |                ^^
  |
  = note: in asset `a`
"#,
    );
}
