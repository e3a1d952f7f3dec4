//! Names, paths and what does not go together: the whole text of every error.

use super::refused;

#[test]
fn unknown_preset() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
preset = "xiaohongshu-cver"
[cover.b]
preset = "billboard"
"#,
        )],
        &[],
        r#"error: there is no preset `xiaohongshu-cver`
 --> gpbuild.toml:2:10
  |
2 | preset = "xiaohongshu-cver"
  |          ^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `xiaohongshu-cover`?

error: there is no preset `billboard`
 --> gpbuild.toml:4:10
  |
4 | preset = "billboard"
  |          ^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: a preset of your own is declared as `[preset.billboard]` with `size = [1080, 1440]`
"#,
    );
}

#[test]
fn unknown_preset_in_also() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
also = ["wechat-sqare"]
"#,
        )],
        &[],
        r#"error: there is no preset `wechat-sqare`
 --> gpbuild.toml:4:9
  |
4 | also = ["wechat-sqare"]
  |         ^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `wechat-square`?
"#,
    );
}

#[test]
fn unknown_style() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[style.night]
prompt = "x"
[cover.a]
size = "300x400"
text = { headline = "标题" }
style = "nigt"
[cover.b]
size = "300x400"
text = { headline = "标题" }
style = "day"
"#,
        )],
        &[],
        r#"error: there is no style `nigt`
 --> gpbuild.toml:6:9
  |
6 | style = "nigt"
  |         ^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `night`?

error: there is no style `day`
  --> gpbuild.toml:10:9
   |
10 | style = "day"
   |         ^^^^^
   |
   = note: in asset `b`
   = help: a style is declared as `[style.day]`; there are `blossom`, `midnight`, `mint`, `night`, `noir`, `ocean`, `paper`, `sunset` and `swiss`
"#,
    );
}

#[test]
fn unknown_model() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
model = "openai/gpt-imag-2"
[cover.b]
size = "300x400"
text = { headline = "标题" }
model = "gpt-image-2"
[cover.c]
size = "300x400"
text = { headline = "标题" }
model = "nobody/x"
"#,
        )],
        &[],
        r#"error: unknown model `openai/gpt-imag-2`
 --> gpbuild.toml:4:9
  |
4 | model = "openai/gpt-imag-2"
  |         ^^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `openai/gpt-image-2`?

error: the model `gpt-image-2` has no provider
 --> gpbuild.toml:8:9
  |
8 | model = "gpt-image-2"
  |         ^^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: write `openai/gpt-image-2`

error: unknown provider `nobody` in `nobody/x`
  --> gpbuild.toml:12:9
   |
12 | model = "nobody/x"
   |         ^^^^^^^^^^
   |
   = note: in asset `c`
   = help: providers are `local`, `openai`, `gemini`, `bfl`, `command` and `manual`
"#,
    );
}

#[test]
fn unknown_quality() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
model = "openai/gpt-image-2"
quality = "hi"
"#,
        )],
        &[],
        r#"error: `openai/gpt-image-2` has no quality `hi`
 --> gpbuild.toml:5:11
  |
5 | quality = "hi"
  |           ^^^^
  |
  = note: in asset `a`
  = help: it has `low`, `medium` and `high`
"#,
    );
}

#[test]
fn unknown_format() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
format = "jpg2"
"#,
        )],
        &[],
        r#"error: there is no format `jpg2`
 --> gpbuild.toml:4:10
  |
4 | format = "jpg2"
  |          ^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `jpg`?
  = help: pictures are written as `png`, `jpeg`, `jpg` and `webp`
"#,
    );
}

#[test]
fn format_and_output_at_odds() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
format = "webp"
output = "dist/a.png"
[cover.b]
size = "300x400"
text = { headline = "标题" }
output = "dist/b.gif"
"#,
        )],
        &[],
        r#"error: the output `dist/a.png` does not fit the format `webp`
 --> gpbuild.toml:5:10
  |
5 | output = "dist/a.png"
  |          ^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: end the output in `.{{ ext }}`, or leave `format` out

error: the output `dist/b.gif` ends in no known format
 --> gpbuild.toml:9:10
  |
9 | output = "dist/b.gif"
  |          ^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: end it in `.png`, `.jpg`, `.webp`, or in `.{{ ext }}`
"#,
    );
}

#[test]
fn unknown_profile() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[profile.final.defaults]
model = "local"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["--profile", "fnal"],
        r"error: there is no profile `fnal`
  = help: did you mean `final`?
  = help: a profile is declared in gpbuild.toml: `[profile.fnal.defaults]`
",
    );
}

#[test]
fn draft_profile_that_pays() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[profile.draft.defaults]
model = "openai/gpt-image-2"
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["--draft"],
        r#"error: a draft is drawn by `local`, not by `openai/gpt-image-2`
 --> gpbuild.toml:2:9
  |
2 | model = "openai/gpt-image-2"
  |         ^^^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: give the profile another name: `draft` never costs anything
"#,
    );
}

#[test]
fn both_preset_and_size() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
preset = "xiaohongshu-cover"
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: both `preset` and `size` are set: which one is meant?
 --> gpbuild.toml:3:8
  |
3 | size = "300x400"
  |        ^^^^^^^^^
  |
 ::: gpbuild.toml:2:10
  |
2 | preset = "xiaohongshu-cover"
  |          ------------------- the preset
  |
  = note: in asset `a`
"#,
    );
}

#[test]
fn neither_preset_nor_size() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: asset `a` has neither a preset nor a size
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
fn duplicate_cover_in_one_file() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r"error: not valid TOML: duplicate key
 --> gpbuild.toml:4:8
  |
4 | [cover.a]
  |        ^
",
    );
}

#[test]
fn duplicate_cover_across_files() {
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
                "x/b.gp.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
            ),
        ],
        &[],
        r"error: cover `a` is declared twice
 --> x/b.gp.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
 ::: gpbuild.toml:1:8
  |
1 | [cover.a]
  |        - first here
",
    );
}

#[test]
fn duplicate_style_and_carousel() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[style.s]
[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
            ),
            (
                "b.gp.toml",
                r#"[style.s]
[carousel.c]
size = "300x400"
text = { headline = "标题" }
[[carousel.c.slide]]
headline = "x"
"#,
            ),
            (
                "c.gp.toml",
                r#"[carousel.c]
size = "300x400"
text = { headline = "标题" }
[[carousel.c.slide]]
headline = "x"
"#,
            ),
        ],
        &[],
        r"error: style `s` is declared twice
 --> b.gp.toml:1:8
  |
1 | [style.s]
  |        ^
  |
 ::: gpbuild.toml:1:8
  |
1 | [style.s]
  |        - first here

error: carousel `c` is declared twice
 --> c.gp.toml:1:11
  |
1 | [carousel.c]
  |           ^
  |
 ::: b.gp.toml:2:11
  |
2 | [carousel.c]
  |           - first here
",
    );
}

#[test]
fn duplicate_id() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover."s/01"]
size = "300x400"
text = { headline = "标题" }
[carousel.s]
size = "300x400"
text = { headline = "标题" }
[[carousel.s.slide]]
headline = "x"
"#,
        )],
        &[],
        r#"error: two assets have the id `s/01`
 --> gpbuild.toml:7:1
  |
7 | [[carousel.s.slide]]
  | ^^^^^^^^^^^^^^^^^^^^
  |
 ::: gpbuild.toml:1:8
  |
1 | [cover."s/01"]
  |        ------ the other is declared here
"#,
    );
}

#[test]
fn duplicate_output() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
output = "dist/x.png"
[cover.b]
size = "300x400"
text = { headline = "标题" }
output = "dist/x.png"
"#,
        )],
        &[],
        r"error: assets `a` and `b` have the same output: `dist/x.png`
 --> gpbuild.toml:5:8
  |
5 | [cover.b]
  |        ^
  |
 ::: gpbuild.toml:1:8
  |
1 | [cover.a]
  |        - `a` is declared here
",
    );
}

#[test]
fn outputs_equal_but_for_case() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
output = "dist/Neu.png"
[cover.b]
size = "300x400"
text = { headline = "标题" }
output = "dist/neu.png"
"#,
        )],
        &[],
        r"error: assets `a` and `b` have the same output: `dist/neu.png` (`dist/Neu.png` on some systems is the same file)
 --> gpbuild.toml:5:8
  |
5 | [cover.b]
  |        ^
  |
 ::: gpbuild.toml:1:8
  |
1 | [cover.a]
  |        - `a` is declared here
",
    );
}

#[test]
fn output_of_the_index() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
output = "dist/assets.json"
"#,
        )],
        &[],
        r#"error: the output `dist/assets.json` ends in no known format
 --> gpbuild.toml:4:10
  |
4 | output = "dist/assets.json"
  |          ^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: end it in `.png`, `.jpg`, `.webp`, or in `.{{ ext }}`
"#,
    );
}

#[test]
fn cyclic_reference() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
references = [{ asset = "b" }]
[cover.b]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
references = [{ asset = "a" }]
"#,
        )],
        &[],
        r"error: cyclic reference: a -> b -> a
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = help: an asset cannot take, by way of others, its own picture
",
    );
}

#[test]
fn reference_to_itself() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
references = [{ asset = "a" }]
"#,
        )],
        &[],
        r"error: cyclic reference: a -> a
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: an asset cannot take its own picture
",
    );
}

#[test]
fn reference_to_nobody() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.hero]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
[cover.b]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
references = [{ asset = "heros" }]
"#,
        )],
        &[],
        r"error: asset `b` takes the picture of `heros`, which does not exist
 --> gpbuild.toml:4:8
  |
4 | [cover.b]
  |        ^
  |
  = help: did you mean `hero`?
",
    );
}

#[test]
fn output_that_leaves() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
output = "../a.png"
[cover.b]
size = "300x400"
text = { headline = "标题" }
output = "/etc/a.png"
[cover.c]
size = "300x400"
text = { headline = "标题" }
output = ".git/a.png"
[cover.d]
size = "300x400"
text = { headline = "标题" }
output = "dist/a?.png"
"#,
        )],
        &[],
        r#"error: the output `../a.png` leaves the project
 --> gpbuild.toml:4:10
  |
4 | output = "../a.png"
  |          ^^^^^^^^^^
  |
  = note: in asset `a`
  = help: an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`

error: the output `/etc/a.png` is absolute; paths are relative to the project
 --> gpbuild.toml:8:10
  |
8 | output = "/etc/a.png"
  |          ^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`

error: the output `.git/a.png` is inside `.git`
  --> gpbuild.toml:12:10
   |
12 | output = ".git/a.png"
   |          ^^^^^^^^^^^^
   |
   = note: in asset `c`
   = help: an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`

error: the output `dist/a?.png` has `?`, which Windows does not take in a name
  --> gpbuild.toml:16:10
   |
16 | output = "dist/a?.png"
   |          ^^^^^^^^^^^^^
   |
   = note: in asset `d`
   = help: an output is a path inside the project, such as `dist/{{ id }}.{{ ext }}`
"#,
    );
}

#[test]
fn name_that_leaves() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover."../a"]
size = "300x400"
text = { headline = "标题" }
[carousel.".x"]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &[],
        r#"error: `../a` cannot be the name of a cover
 --> gpbuild.toml:1:8
  |
1 | [cover."../a"]
  |        ^^^^^^
  |
  = help: a name has letters, digits, `-` and `_`; an asset's may also have `/` between parts

error: `.x` cannot be the name of a carousel
 --> gpbuild.toml:4:11
  |
4 | [carousel.".x"]
  |           ^^^^
  |
  = help: a name has letters, digits, `-` and `_`; an asset's may also have `/` between parts
"#,
    );
}

#[test]
fn quota_exceeded() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[quota]
hero = 2
[defaults]
size = "300x400"
text = { headline = "标题" }
group = "hero"
[cover.a]
[cover.b]
[cover.c]
"#,
        )],
        &[],
        r"error: group `hero` has 3 assets, its quota is 2: `a`, `b` and `c`
 --> gpbuild.toml:2:1
  |
2 | hero = 2
  | ^^^^
",
    );
}

#[test]
fn group_without_quota() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[quota]
hero = 2
[cover.a]
size = "300x400"
text = { headline = "标题" }
group = "heros"
"#,
        )],
        &[],
        r"error: there is no `[quota]` for the group `heros`
 --> gpbuild.toml:3:8
  |
3 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: did you mean `hero`?
  = help: `[quota] heros = 3` in gpbuild.toml
",
    );
}

#[test]
fn local_renderer_refuses() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
candidates = 2
references = ["a.png"]
mask = "m.png"
[[cover.a.edit]]
change = "x"
[carousel.s]
size = "300x400"
series = "first"
[[carousel.s.slide]]
headline = "x"
[[carousel.s.slide]]
headline = "y"
"#,
            ),
            ("a.png", "x"),
            ("m.png", "x"),
        ],
        &[],
        r#"error: `local` cannot do `candidates`: it draws the same picture each time
 --> gpbuild.toml:3:14
  |
3 | candidates = 2
  |              ^
  |
  = note: in asset `a`
  = help: set `candidates` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out

error: `local` cannot do `references`: it draws a layout, not from pictures
 --> gpbuild.toml:4:15
  |
4 | references = ["a.png"]
  |               ^^^^^^^
  |
  = note: in asset `a`
  = help: set `references` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out

error: `local` cannot do `mask`: it draws a layout, it does not edit
 --> gpbuild.toml:5:8
  |
5 | mask = "m.png"
  |        ^^^^^^^
  |
  = note: in asset `a`
  = help: set `mask` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out

error: `local` cannot do `edit`: it draws a layout, it does not edit
 --> gpbuild.toml:7:10
  |
7 | change = "x"
  |          ^^^
  |
  = note: in asset `a`
  = help: set `edit` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out

error: `local` cannot do `series`: its slides are alike without a reference
  --> gpbuild.toml:10:10
   |
10 | series = "first"
   |          ^^^^^^^
   |
   = note: in asset `s/01` and 1 other asset
   = help: set `series` where a paid model is set, such as `[profile.final.defaults]`, or build with `--draft`, which leaves it out
"#,
    );
}

#[test]
fn no_asset_matches() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["build", "b", "a*x", "a"],
        r"error: no asset matches `b`
  = help: did you mean `a`?

error: no asset matches `a*x`
",
    );
}

#[test]
fn not_a_glob() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["build", "[a"],
        r"error: `[a` is not a glob: unclosed character class; missing ']'
",
    );
}

#[test]
fn bad_model_on_the_command_line() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["--model", "gpt"],
        r"error: the model `gpt` has no provider
  = help: write `PROVIDER/NAME`, as in `openai/gpt-image-2`, or `local`
",
    );
}

#[test]
fn flag_before_the_command() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["--force", "build"],
        r"error: `--force` belongs behind the command
  = help: `gpbuild build --force`
",
    );
}

#[test]
fn no_such_folder() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
"#,
        )],
        &["-C", "nowhere"],
        r"error: there is no folder `nowhere`
",
    );
}

#[test]
fn no_gpbuild_toml() {
    refused(
        &[("a.txt", "")],
        &[],
        r"error: there is no `gpbuild.toml` in this folder or any above it
  = help: `gpbuild init` starts a project here; `-C DIR` works in another folder
",
    );
}

#[test]
fn series_of_nobody() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[carousel.s]
model = "openai/gpt-image-2"
preset = "xiaohongshu-cover"
series = "fist"
[[carousel.s.slide]]
headline = "x"
"#,
        )],
        &[],
        r#"error: no such file: `fist`
 --> gpbuild.toml:4:10
  |
4 | series = "fist"
  |          ^^^^^^
  |
  = note: in asset `s/01`
  = help: `series` is `first`, `previous`, `none` or a picture of the project
"#,
    );
}
