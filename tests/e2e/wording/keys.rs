//! Keys, types and TOML itself: the whole text of every error.

use super::refused;

#[test]
fn broken_toml() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400
"#,
        )],
        &[],
        r#"error: not valid TOML: invalid basic string, expected `"`
 --> gpbuild.toml:2:16
  |
2 | size = "300x400
  |                ^
"#,
    );
}

#[test]
fn broken_toml_in_two_files() {
    refused(
        &[
            (
                "gpbuild.toml",
                r"[defaults
",
            ),
            (
                "b.gp.toml",
                r"a = = 1
",
            ),
        ],
        &[],
        r"error: not valid TOML: unclosed table, expected `]`
 --> gpbuild.toml:1:10
  |
1 | [defaults
  |          ^

error: not valid TOML: extra `=`, expected nothing
 --> b.gp.toml:1:5
  |
1 | a = = 1
  |     ^
",
    );
}

#[test]
fn unknown_key_in_a_cover() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
sise = "300x400"
"#,
        )],
        &[],
        r#"error: unknown key `sise` in `[cover.a]`
 --> gpbuild.toml:2:1
  |
2 | sise = "300x400"
  | ^^^^
  |
  = help: did you mean `size`?

error: asset `a` has neither a preset nor a size
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: add `preset = "xiaohongshu-cover"`, or `size = "1080x1440"`
"#,
    );
}

#[test]
fn unknown_key_at_the_root() {
    refused(
        &[(
            "gpbuild.toml",
            r"covers = 1
",
        )],
        &[],
        r"error: unknown key `covers`
 --> gpbuild.toml:1:1
  |
1 | covers = 1
  | ^^^^^^
  |
  = help: did you mean `cover`?
",
    );
}

#[test]
fn unknown_key_in_defaults() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[defaults]
qualty = "low"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: unknown key `qualty` in `[defaults]`
 --> gpbuild.toml:2:1
  |
2 | qualty = "low"
  | ^^^^^^
  |
  = help: did you mean `quality`?
"#,
    );
}

#[test]
fn unknown_key_in_project() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[project]
out_dir = "x"
nme = "y"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: unknown key `nme` in `[project]`
 --> gpbuild.toml:3:1
  |
3 | nme = "y"
  | ^^^
  |
  = help: did you mean `name`?

error: unknown key `out_dir` in `[project]`
 --> gpbuild.toml:2:1
  |
2 | out_dir = "x"
  | ^^^^^^^
  |
  = help: it takes `name`, `out` and `roles`
"#,
    );
}

#[test]
fn unknown_key_in_style() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[style.ink]
promt = "x"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: unknown key `promt` in `[style.ink]`
 --> gpbuild.toml:2:1
  |
2 | promt = "x"
  | ^^^^^
  |
  = help: did you mean `prompt`?
"#,
    );
}

#[test]
fn unknown_key_in_profile() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[profile.final]
model = "local"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: unknown key `model` in `[profile.final]`
 --> gpbuild.toml:2:1
  |
2 | model = "local"
  | ^^^^^
  |
  = help: settings go in `[profile.final.defaults]`: `model = …`
"#,
    );
}

#[test]
fn unknown_key_in_profile_defaults() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[profile.final.defaults]
modl = "local"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: unknown key `modl` in `[profile.final.defaults]`
 --> gpbuild.toml:2:1
  |
2 | modl = "local"
  | ^^^^
  |
  = help: did you mean `model`?
"#,
    );
}

#[test]
fn unknown_key_in_slide() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[carousel.s]
size = "300x400"
text = { headline = "标题" }
[[carousel.s.slide]]
headlin = "x"
[[carousel.s.slide]]
headline = "x"
split = 3
"#,
        )],
        &[],
        r#"error: unknown key `headlin` in `[carousel.s.slide]`
 --> gpbuild.toml:5:1
  |
5 | headlin = "x"
  | ^^^^^^^
  |
  = help: did you mean `headline`?

error: `split` is for the whole carousel
 --> gpbuild.toml:8:9
  |
8 | split = 3
  |         ^
"#,
    );
}

#[test]
fn unknown_key_in_edit() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
[[cover.a.edit]]
change = "x"
kep = "y"
"#,
        )],
        &[],
        r#"error: unknown key `kep` in `[cover.a.edit]`
 --> gpbuild.toml:6:1
  |
6 | kep = "y"
  | ^^^
  |
  = help: did you mean `keep`?

error: `local` cannot do `edit`: it draws a layout, it does not edit
 --> gpbuild.toml:5:10
  |
5 | change = "x"
  |          ^^^
  |
  = note: in asset `a`
  = help: set `edit` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out
"#,
    );
}

#[test]
fn unknown_key_in_for_each() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
for_each = { cvs = "a.csv" }
id = "x"
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: `for_each` takes exactly one of `front_matter`, `csv`, `toml`, `json` and `yaml`
 --> gpbuild.toml:2:1
  |
2 | for_each = { cvs = "a.csv" }
  | ^^^^^^^^

error: unknown key `cvs` in `[cover.a.for_each]`
 --> gpbuild.toml:2:14
  |
2 | for_each = { cvs = "a.csv" }
  |              ^^^
  |
  = help: did you mean `csv`?
"#,
    );
}

#[test]
fn project_tables_belong_in_gpbuild_toml() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "posts/b.gp.toml",
                r#"[defaults]
style = "x"
[quota]
hero = 1
"#,
            ),
        ],
        &[],
        r"error: unknown key `defaults`
 --> posts/b.gp.toml:1:2
  |
1 | [defaults]
  |  ^^^^^^^^
  |
  = help: `[defaults]` belongs in `gpbuild.toml`

error: unknown key `quota`
 --> posts/b.gp.toml:3:2
  |
3 | [quota]
  |  ^^^^^
  |
  = help: `[quota]` belongs in `gpbuild.toml`
",
    );
}

#[test]
fn slides_belong_to_a_carousel() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
slides = { csv = "s.csv" }
"#,
        )],
        &[],
        r#"error: unknown key `slides` in `[cover.a]`
 --> gpbuild.toml:4:1
  |
4 | slides = { csv = "s.csv" }
  | ^^^^^^
  |
  = help: `slides` is for a `[carousel.NAME]`
"#,
    );
}

#[test]
fn series_and_split_of_a_cover() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
series = "first"
split = 3
"#,
        )],
        &[],
        r#"error: `series` is for a `[carousel.NAME]`
 --> gpbuild.toml:4:10
  |
4 | series = "first"
  |          ^^^^^^^

error: `split` is for a `[carousel.NAME]`
 --> gpbuild.toml:5:9
  |
5 | split = 3
  |         ^
"#,
    );
}

#[test]
fn unknown_role() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
[cover.a.text]
headlin = "标题"
slogan = "口号"
"#,
        )],
        &[],
        r#"error: unknown text role `headlin`
 --> gpbuild.toml:4:1
  |
4 | headlin = "标题"
  | ^^^^^^^
  |
  = help: did you mean `headline`?

error: unknown text role `slogan`
 --> gpbuild.toml:5:1
  |
5 | slogan = "口号"
  | ^^^^^^
  |
  = help: a role of your own is declared in gpbuild.toml: `[project] roles = ["slogan"]`

error: there is no `headline`, and the built-in template `cover.html` needs one
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: add `text = { headline = "…" }`
"#,
    );
}

#[test]
fn wrong_types() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = 3
template = 7
candidates = "four"
variant = 0
pin = "yes"
references = "a.png"
also = [1]
params = 1
vars = [1]
max_bytes = -1
[cover.a.text]
headline = 3
[cover.b]
size = "300x"
text = "标题"
[cover.c]
size = [99999, 1]
"#,
        )],
        &[],
        r#"error: `cover.a.size` must be a size in pixels such as `"1080x1440"` or `[1080, 1440]`, each side at most 8192
 --> gpbuild.toml:2:8
  |
2 | size = 3
  |        ^ this is the integer 3

error: `cover.a.template` must be a string
 --> gpbuild.toml:3:12
  |
3 | template = 7
  |            ^ this is the integer 7

error: `cover.a.max_bytes` must be a whole number from 1 to 4294967295
  --> gpbuild.toml:11:13
   |
11 | max_bytes = -1
   |             ^^ this is the integer -1

error: `cover.a.candidates` must be a whole number from 1 to 10
 --> gpbuild.toml:4:14
  |
4 | candidates = "four"
  |              ^^^^^^ this is a string

error: `cover.a.variant` must be a whole number from 1 to 4294967295
 --> gpbuild.toml:5:11
  |
5 | variant = 0
  |           ^ this is the integer 0

error: `cover.a.pin` must be `true` or `false`
 --> gpbuild.toml:6:7
  |
6 | pin = "yes"
  |       ^^^^^ this is a string

error: `cover.a.references` must be a list
 --> gpbuild.toml:7:14
  |
7 | references = "a.png"
  |              ^^^^^^^ this is a string

error: `cover.a.also[0]` must be a preset's name or `{ preset = "name", crop = [..] }`
 --> gpbuild.toml:8:9
  |
8 | also = [1]
  |         ^ this is the integer 1

error: `cover.a.params` must be a table
 --> gpbuild.toml:9:10
  |
9 | params = 1
  |          ^ this is the integer 1

error: `cover.a.text.headline` must be a string or a list of strings
  --> gpbuild.toml:13:12
   |
13 | headline = 3
   |            ^ this is the integer 3

error: `cover.a.vars` must be a table
  --> gpbuild.toml:10:8
   |
10 | vars = [1]
   |        ^^^ this is a list

error: `cover.b.size` must be a size in pixels such as `"1080x1440"` or `[1080, 1440]`, each side at most 8192
  --> gpbuild.toml:15:8
   |
15 | size = "300x"
   |        ^^^^^^ this is a string

error: `cover.b.text` must be a table
  --> gpbuild.toml:16:8
   |
16 | text = "标题"
   |        ^^^^^^ this is a string

error: asset `a` has neither a preset nor a size
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: add `preset = "xiaohongshu-cover"`, or `size = "1080x1440"`

error: asset `b` has neither a preset nor a size
  --> gpbuild.toml:14:8
   |
14 | [cover.b]
   |        ^
   |
   = note: in asset `b`
   = help: add `preset = "xiaohongshu-cover"`, or `size = "1080x1440"`

error: asset `c` has neither a preset nor a size
  --> gpbuild.toml:17:8
   |
17 | [cover.c]
   |        ^
   |
   = note: in asset `c`
   = help: add `preset = "xiaohongshu-cover"`, or `size = "1080x1440"`
"#,
    );
}

#[test]
fn wrong_types_in_the_project() {
    refused(
        &[(
            "gpbuild.toml",
            r#"cover = 1
[project]
roles = [1, "a b"]
out = "../x"
[budget]
run = "2"
month = 0.0000001
[quota]
hero = "three"
"#,
        )],
        &[],
        r#"error: `out` leaves the project
 --> gpbuild.toml:4:7
  |
4 | out = "../x"
  |       ^^^^^^
  |
  = help: outputs go to a folder of the project, such as `dist`

error: `project.roles[0]` must be a string
 --> gpbuild.toml:3:10
  |
3 | roles = [1, "a b"]
  |          ^ this is the integer 1

error: `a b` cannot be the name of a role
 --> gpbuild.toml:3:13
  |
3 | roles = [1, "a b"]
  |             ^^^^^
  |
  = help: a name has letters, digits, `-` and `_`; an asset's may also have `/` between parts

error: `budget.run` must be an amount in US dollars, such as `2.00`, with at most six decimals
 --> gpbuild.toml:6:7
  |
6 | run = "2"
  |       ^^^ this is a string

error: `budget.month` must be an amount in US dollars, such as `2.00`, with at most six decimals
 --> gpbuild.toml:7:9
  |
7 | month = 0.0000001
  |         ^^^^^^^^^ this is the float 0.0000001

error: `quota.hero` must be a whole number: at most so many assets of the group
 --> gpbuild.toml:9:8
  |
9 | hero = "three"
  |        ^^^^^^^ this is a string

error: `cover` must be a table
 --> gpbuild.toml:1:9
  |
1 | cover = 1
  |         ^ this is the integer 1
"#,
    );
}

#[test]
fn bad_preset_of_the_project() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[preset.mine]
title = "x"
confidence = "Z"
[preset."a b"]
size = [1, 2]
"#,
        )],
        &[],
        r"error: `confidence` must be `A`, `B`, `C` or `U`
 --> gpbuild.toml:1:9
  |
1 | [preset.mine]
  |         ^^^^

error: preset `mine` has no size
 --> gpbuild.toml:1:9
  |
1 | [preset.mine]
  |         ^^^^
  |
  = help: add `size = [1080, 1440]`
",
    );
}

#[test]
fn bad_crop() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
also = [{ preset = "wechat-square", crop = [0.5, 0, 0.2, 1] }]
"#,
        )],
        &[],
        r#"error: `cover.a.also[0].crop` must be `[left, top, right, bottom]`, each from 0 to 1, left < right and top < bottom
 --> gpbuild.toml:4:44
  |
4 | also = [{ preset = "wechat-square", crop = [0.5, 0, 0.2, 1] }]
  |                                            ^^^^^^^^^^^^^^^^ this is a list
"#,
    );
}

#[test]
fn edit_without_change() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
[[cover.a.edit]]
keep = "y"
"#,
        )],
        &[],
        r"error: an edit step needs `change`: what is to be different
 --> gpbuild.toml:4:1
  |
4 | [[cover.a.edit]]
  | ^^^^^^^^^^^^^^^^
",
    );
}

#[test]
fn invalid_utf8_manifest() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#
                .as_bytes(),
            ),
            ("b.gp.toml", &b"[cover.b]\nsize = \"\xff\"\n"[..]),
        ],
        &[],
        r#"error: `b.gp.toml` is not UTF-8
 --> b.gp.toml:2:9
  |
2 | size = "�"
  |         ^ this byte is wrong
  |
  = help: save the file as UTF-8
"#,
    );
}

#[test]
fn several_errors_in_several_files() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[defaults]
qualty = "low"
"#,
            ),
            (
                "b/b.gp.toml",
                r#"[cover.b]
preset = "open-grph"
"#,
            ),
            (
                "c.gp.toml",
                r#"[cover.c]
size = "300x400"
style = "nope"
text = { hedline = "x" }
"#,
            ),
        ],
        &[],
        r#"error: unknown key `qualty` in `[defaults]`
 --> gpbuild.toml:2:1
  |
2 | qualty = "low"
  | ^^^^^^
  |
  = help: did you mean `quality`?

error: unknown text role `hedline`
 --> c.gp.toml:4:10
  |
4 | text = { hedline = "x" }
  |          ^^^^^^^
  |
  = help: did you mean `headline`?

error: there is no preset `open-grph`
 --> b/b.gp.toml:2:10
  |
2 | preset = "open-grph"
  |          ^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: did you mean `open-graph`?

error: there is no style `nope`
 --> c.gp.toml:3:9
  |
3 | style = "nope"
  |         ^^^^^^
  |
  = note: in asset `c`
  = help: a style is declared as `[style.nope]`; there are `blossom`, `midnight`, `mint`, `noir`, `ocean`, `paper`, `sunset` and `swiss`
"#,
    );
}
