//! Models, providers and what a paid request asks for: the whole text of every error.

use super::refused;
use crate::models::png;

#[test]
fn wrong_providers_and_budgets() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[provider.openai]
base_url = "http://gateway.example.com/v1"
images_per_minute = 0
[provider.openai.azure]
api_version = "latest"
deployments = { "gpt-image-2" = "a/b", "gpt-imag-2" = "ours" }
region = "eu"
[provider.gemini]
[budget]
confirm = -1
day = 2
"#,
        )],
        &[],
        r#"error: `provider.openai.base_url` is not `https:`: the key could be read on its way
 --> gpbuild.toml:2:12
  |
2 | base_url = "http://gateway.example.com/v1"
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write it as in `https://gateway.example.com/v1`

error: `provider.openai.images_per_minute` must be a whole number from 1 to 100000
 --> gpbuild.toml:3:21
  |
3 | images_per_minute = 0
  |                     ^ this is the integer 0

error: `latest` is no version of Azure's API
 --> gpbuild.toml:5:15
  |
5 | api_version = "latest"
  |               ^^^^^^^^
  |
  = help: `preview` or `v1` is the API of today; a date, as in `2025-04-01-preview`, the one before it

error: unknown model `openai/gpt-imag-2`
 --> gpbuild.toml:6:40
  |
6 | deployments = { "gpt-image-2" = "a/b", "gpt-imag-2" = "ours" }
  |                                        ^^^^^^^^^^^^
  |
  = help: did you mean `openai/gpt-image-2`?

error: `provider.openai.azure.deployments.gpt-image-2` must be the name of a deployment: letters, digits, `-`, `_` and `.`
 --> gpbuild.toml:6:33
  |
6 | deployments = { "gpt-image-2" = "a/b", "gpt-imag-2" = "ours" }
  |                                 ^^^^^ this is a string

error: unknown key `region` in `[provider.openai.azure]`
 --> gpbuild.toml:7:1
  |
7 | region = "eu"
  | ^^^^^^
  |
  = help: it takes `api_version` and `deployments`

error: unknown key `gemini` in `[provider]`
 --> gpbuild.toml:8:11
  |
8 | [provider.gemini]
  |           ^^^^^^
  |
  = help: it takes `openai`

error: `budget.confirm` must be an amount in US dollars, such as `2.00`, with at most six decimals
  --> gpbuild.toml:10:11
   |
10 | confirm = -1
   |           ^^ this is the integer -1

error: unknown key `day` in `[budget]`
  --> gpbuild.toml:11:1
   |
11 | day = 2
   | ^^^
   |
   = help: it takes `run`, `month` and `confirm`
"#,
    );
}

#[test]
fn a_base_url_with_a_password_is_not_shown() {
    refused(
        &[(
            "gpbuild.toml",
            "[provider.openai]\nbase_url = \"https://me:hunter2@gateway.example.com/v1\"\n",
        )],
        &[],
        "error: `provider.openai.base_url` on line 2 of `gpbuild.toml` has a user, a query or a fragment: only scheme, host and path belong in it\n",
    );
    refused(
        &[(
            "gpbuild.toml",
            "[provider.openai]\nbase_url = \"http://me:hunter2@gateway.example.com/v1\"\n",
        )],
        &[],
        "error: `provider.openai.base_url` on line 2 of `gpbuild.toml` is not `https:`: the key could be read on its way\n",
    );
}

#[test]
fn a_key_in_a_file_is_not_shown() {
    refused(
        &[(
            "gpbuild.toml",
            "[provider.openai]\napi_key = \"sk-hunter2\"\n",
        )],
        &[],
        "error: `api_key` on line 2 of `gpbuild.toml`: a key stands in no file\n  = help: it is read from the environment, from `OPENAI_API_KEY`\n",
    );
}

#[test]
fn azure_without_a_resource() {
    refused(
        &[(
            "gpbuild.toml",
            r"[provider.openai.azure]
",
        )],
        &[],
        r#"error: `[provider.openai.azure]` has no resource to go to
 --> gpbuild.toml:1:18
  |
1 | [provider.openai.azure]
  |                  ^^^^^
  |
  = help: add `base_url = "https://NAME.openai.azure.com"` to `[provider.openai]`
"#,
    );
}

#[test]
fn providers_in_another_manifest() {
    refused(
        &[
            ("gpbuild.toml", ""),
            (
                "a.gp.toml",
                r#"[provider.openai]
base_url = "https://example.com"
[model."openai/gpt-image-2"]
max_n = 1
"#,
            ),
        ],
        &[],
        r#"error: unknown key `model`
 --> a.gp.toml:3:2
  |
3 | [model."openai/gpt-image-2"]
  |  ^^^^^
  |
  = help: `[model]` belongs in `gpbuild.toml`

error: unknown key `provider`
 --> a.gp.toml:1:2
  |
1 | [provider.openai]
  |  ^^^^^^^^
  |
  = help: `[provider]` belongs in `gpbuild.toml`
"#,
    );
}

#[test]
fn wrong_columns() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[model."openai/gpt-image-2"]
qualities = ["low", 1]
default_quality = "high"
formats = ["png", "gif"]
backgrounds = ["transparant"]
max_n = 11
max_references = -1
sizes = [[1024, 0]]
params = { moderation = [], complexity = 3 }
tokens = { low = 0 }
price = { text_in = 5.0, image_in = 8_000_000 }
retired_on = "soon"
successor = "openai/gpt-imag-2"
colour = "red"
[model."openai/gpt-image-2.5-flare"]
sizes = { multiple = 16, min_pixels = 10, max_pixels = 5, max_edge = 9000 }
[model."openai/gpt-image-2.6-flare"]
default_quality = "ultra"
"#,
        )],
        &[],
        r#"error: `model."openai/gpt-image-2".qualities[1]` must be a string
 --> gpbuild.toml:2:21
  |
2 | qualities = ["low", 1]
  |                     ^ this is the integer 1

error: `formats` cannot have `gif` in it
 --> gpbuild.toml:4:19
  |
4 | formats = ["png", "gif"]
  |                   ^^^^^
  |
  = help: it takes `png`, `jpeg` and `webp`

error: `backgrounds` cannot have `transparant` in it
 --> gpbuild.toml:5:16
  |
5 | backgrounds = ["transparant"]
  |                ^^^^^^^^^^^^^
  |
  = help: did you mean `transparent`?
  = help: it takes `auto`, `opaque` and `transparent`

error: `model."openai/gpt-image-2".max_n` must be a whole number from 1 to 10
 --> gpbuild.toml:6:9
  |
6 | max_n = 11
  |         ^^ this is the integer 11

error: `model."openai/gpt-image-2".max_references` must be a whole number from 0 to 100
 --> gpbuild.toml:7:18
  |
7 | max_references = -1
  |                  ^^ this is the integer -1

error: `model."openai/gpt-image-2".sizes` must be `"any"`, a list such as `[[1024, 1536]]` with sides of at most 8192, or a table of limits
 --> gpbuild.toml:8:9
  |
8 | sizes = [[1024, 0]]
  |         ^^^^^^^^^^^ this is a list

error: `model."openai/gpt-image-2".params.complexity` must be a list of words, a range such as `[0, 100]`, or `"text"` for any text
 --> gpbuild.toml:9:42
  |
9 | params = { moderation = [], complexity = 3 }
  |                                          ^ this is the integer 3

error: `model."openai/gpt-image-2".params.moderation` must be a list of words, a range such as `[0, 100]`, or `"text"` for any text
 --> gpbuild.toml:9:25
  |
9 | params = { moderation = [], complexity = 3 }
  |                         ^^ this is a list

error: `model."openai/gpt-image-2".tokens.low` must be the quality's axis in the token formula, such as 48
  --> gpbuild.toml:10:18
   |
10 | tokens = { low = 0 }
   |                  ^ this is the integer 0

error: `model."openai/gpt-image-2".price.text_in` must be a whole number from 0 to 1000000000000
  --> gpbuild.toml:11:21
   |
11 | price = { text_in = 5.0, image_in = 8_000_000 }
   |                     ^^^ this is the float 5.0

error: the price lacks `image_out`
  --> gpbuild.toml:11:1
   |
11 | price = { text_in = 5.0, image_in = 8_000_000 }
   | ^^^^^
   |
   = help: `text_in`, `image_in` and `image_out` are micro-dollars per million tokens

error: `model."openai/gpt-image-2".retired_on` must be a day such as `"2026-12-01"`, or `false` for a model that still answers
  --> gpbuild.toml:12:14
   |
12 | retired_on = "soon"
   |              ^^^^^^ this is a string

error: the default quality `high` is none of the qualities of `openai/gpt-image-2`
 --> gpbuild.toml:3:19
  |
3 | default_quality = "high"
  |                   ^^^^^^
  |
  = help: it has `low`

error: unknown key `colour` in `[model."openai/gpt-image-2"]`
  --> gpbuild.toml:14:1
   |
14 | colour = "red"
   | ^^^^^^

error: the limits of `sizes` lack `max_ratio`
  --> gpbuild.toml:16:9
   |
16 | sizes = { multiple = 16, min_pixels = 10, max_pixels = 5, max_edge = 9000 }
   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: `model."openai/gpt-image-2.5-flare".sizes.max_edge` must be a whole number from 1 to 8192
  --> gpbuild.toml:16:70
   |
16 | sizes = { multiple = 16, min_pixels = 10, max_pixels = 5, max_edge = 9000 }
   |                                                                      ^^^^ this is the integer 9000

error: `min_pixels` is more than `max_pixels`: 10 > 5
  --> gpbuild.toml:16:9
   |
16 | sizes = { multiple = 16, min_pixels = 10, max_pixels = 5, max_edge = 9000 }
   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: the default quality `ultra` is none of the qualities of `openai/gpt-image-2.6-flare`
  --> gpbuild.toml:18:19
   |
18 | default_quality = "ultra"
   |                   ^^^^^^^
   |
   = help: it has `low`, `medium`, `high`, `xhigh` and `max`

error: unknown model `openai/gpt-imag-2`
  --> gpbuild.toml:13:13
   |
13 | successor = "openai/gpt-imag-2"
   |             ^^^^^^^^^^^^^^^^^^^
   |
   = help: did you mean `openai/gpt-image-2`?
"#,
    );
}

#[test]
fn models_that_cannot_be_added() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[model."openai/gpt-imag-2"]
max_n = 4
[model."openai/ours"]
formats = ["png"]
max_n = 4
max_references = 4
[model."acme/ours"]
max_n = 99
[model.local]
max_n = 4
"#,
        )],
        &[],
        r#"error: `model."acme/ours".max_n` must be a whole number from 1 to 10
 --> gpbuild.toml:8:9
  |
8 | max_n = 99
  |         ^^ this is the integer 99

error: unknown provider `acme` in `acme/ours`
 --> gpbuild.toml:7:8
  |
7 | [model."acme/ours"]
  |        ^^^^^^^^^^^
  |
  = help: providers are `local`, `openai`, `gemini`, `bfl`, `command` and `manual`

error: `local` is gpbuild's own renderer: nothing of it can be set
 --> gpbuild.toml:9:8
  |
9 | [model.local]
  |        ^^^^^

error: the model `openai/gpt-imag-2` lacks `formats`, `max_references` and `sizes`
 --> gpbuild.toml:1:8
  |
1 | [model."openai/gpt-imag-2"]
  |        ^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `openai/gpt-image-2`?
  = help: only a model of the built-in table can leave columns out

error: the model `openai/ours` lacks `sizes`
 --> gpbuild.toml:3:8
  |
3 | [model."openai/ours"]
  |        ^^^^^^^^^^^^^
  |
  = help: only a model of the built-in table can leave columns out
"#,
    );
}

#[test]
fn what_a_model_cannot() {
    let manifest = r#"[defaults]
preset = "xiaohongshu-cover"
model = "openai/gpt-image-2"
text = { headline = "标题" }
[cover.a]
size = "3840x3840"
candidates = 10
quality = "max"
background = "transparent"
[cover.b]
model = "openai/gpt-image-2.5-flare"
background = "transparent"
format = "jpeg"
[cover.c]
references = ["many/*.png"]
[cover.d]
references = ["anim.gif", "cut.png"]
[cover.e]
text = { headline = "{{ 'x' * 32000 }}" }
[cover.f]
candidates = 11
"#;
    let mut files = vec![
        ("gpbuild.toml", manifest.as_bytes().to_vec()),
        ("anim.gif", b"GIF89a....".to_vec()),
        ("cut.png", png(8, 8, true)[..20].to_vec()),
    ];
    files.extend(MANY.map(|name| (name, png(8, 8, false))));
    refused(
        &files,
        &[],
        r#"error: `cover.f.candidates` must be a whole number from 1 to 10
  --> gpbuild.toml:21:14
   |
21 | candidates = 11
   |              ^^ this is the integer 11

error: `openai/gpt-image-2` has no quality `max`
 --> gpbuild.toml:8:11
  |
8 | quality = "max"
  |           ^^^^^
  |
  = note: in asset `a`
  = help: it has `low`, `medium` and `high`

error: `openai/gpt-image-2` has no background `transparent`
 --> gpbuild.toml:9:14
  |
9 | background = "transparent"
  |              ^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: it has `opaque`

error: `openai/gpt-image-2` has no size that covers 3840x3840
 --> gpbuild.toml:5:8
  |
5 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: it draws at most 8294400 pixels, at most 3840 on a side

error: the transparent background would be lost: the output is a JPEG
  --> gpbuild.toml:12:14
   |
12 | background = "transparent"
   |              ^^^^^^^^^^^^^
   |
   = note: in asset `b`
   = help: `format = "png"` or `"webp"` keeps it

error: `openai/gpt-image-2` takes at most 16 reference pictures, not 17
  --> gpbuild.toml:14:8
   |
14 | [cover.c]
   |        ^
   |
   = note: in asset `c`

error: `anim.gif` cannot be sent to a model: this is not a PNG, JPEG or WebP picture: it is a GIF
  --> gpbuild.toml:17:15
   |
17 | references = ["anim.gif", "cut.png"]
   |               ^^^^^^^^^^
   |
   = note: in asset `d`

error: `cut.png` cannot be sent to a model: the PNG picture is cut off: the file ends before the picture does
  --> gpbuild.toml:17:27
   |
17 | references = ["anim.gif", "cut.png"]
   |                           ^^^^^^^^^
   |
   = note: in asset `d`

error: the prompt has 33834 characters; `openai/gpt-image-2` takes at most 32000
  --> gpbuild.toml:18:8
   |
18 | [cover.e]
   |        ^
   |
   = note: in asset `e`
"#,
    );
}

/// The names of seventeen pictures.
const MANY: [&str; 17] = [
    "many/a.png",
    "many/b.png",
    "many/c.png",
    "many/d.png",
    "many/e.png",
    "many/f.png",
    "many/g.png",
    "many/h.png",
    "many/i.png",
    "many/j.png",
    "many/k.png",
    "many/l.png",
    "many/m.png",
    "many/n.png",
    "many/o.png",
    "many/p.png",
    "many/q.png",
];

#[test]
fn parameters() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[defaults]
preset = "xiaohongshu-cover"
model = "openai/gpt-image-2"
text = { headline = "标题" }
[cover.a.params]
moderation = "lo"
complexity = "high"
output_format = "gif"
output_compression = 101
safety_identifier = 7
modertion = "low"
[cover.b.params]
model = "x"
prompt = "x"
n = 2
size = "auto"
stream = true
partial_images = 2
response_format = "url"
style = "vivid"
user = "x"
input_fidelity = "high"
image = "x"
[cover.c]
model = "openai/gpt-image-2.6-flare"
background = "transparent"
params = { complexity = "high", output_format = "jpeg", output_compression = 50 }
[cover.d]
params = { output_compression = 50 }
[cover.e]
params = "x"
"#,
        )],
        &[],
        r#"error: `cover.e.params` must be a table
  --> gpbuild.toml:31:10
   |
31 | params = "x"
   |          ^^^ this is a string

error: `openai/gpt-image-2` takes no parameter `complexity`
 --> gpbuild.toml:7:14
  |
7 | complexity = "high"
  |              ^^^^^^
  |
  = note: in asset `a`
  = help: it takes `moderation`, `output_compression`, `output_format` and `safety_identifier`

error: `moderation` of `openai/gpt-image-2` must be one of `auto` and `low`
 --> gpbuild.toml:6:14
  |
6 | moderation = "lo"
  |              ^^^^
  |
  = note: in asset `a`

error: `openai/gpt-image-2` takes no parameter `modertion`
  --> gpbuild.toml:11:13
   |
11 | modertion = "low"
   |             ^^^^^
   |
   = note: in asset `a`
   = help: did you mean `moderation`?
   = help: it takes `moderation`, `output_compression`, `output_format` and `safety_identifier`

error: `output_compression` of `openai/gpt-image-2` must be a whole number from 0 to 100
 --> gpbuild.toml:9:22
  |
9 | output_compression = 101
  |                      ^^^
  |
  = note: in asset `a`

error: `output_format` of `openai/gpt-image-2` must be one of `png`, `jpeg` and `webp`
 --> gpbuild.toml:8:17
  |
8 | output_format = "gif"
  |                 ^^^^^
  |
  = note: in asset `a`

error: `safety_identifier` of `openai/gpt-image-2` must be a text
  --> gpbuild.toml:10:21
   |
10 | safety_identifier = 7
   |                     ^
   |
   = note: in asset `a`

error: `image` is not for `params`
  --> gpbuild.toml:23:9
   |
23 | image = "x"
   |         ^^^
   |
   = note: in asset `b`
   = help: `references = ["photo.png"]` sends pictures along

error: `input_fidelity` is not for `params`
  --> gpbuild.toml:22:18
   |
22 | input_fidelity = "high"
   |                  ^^^^^^
   |
   = note: in asset `b`
   = help: leave it out: this model always keeps close to its references

error: `model` is not for `params`
  --> gpbuild.toml:13:9
   |
13 | model = "x"
   |         ^^^
   |
   = note: in asset `b`
   = help: set it on the asset, beside `params`: then it is checked

error: `n` is not for `params`
  --> gpbuild.toml:15:5
   |
15 | n = 2
   |     ^
   |
   = note: in asset `b`
   = help: `candidates = 4` asks for four pictures

error: `partial_images` is not for `params`
  --> gpbuild.toml:18:18
   |
18 | partial_images = 2
   |                  ^
   |
   = note: in asset `b`
   = help: leave it out: each picture on the way costs more, and gpbuild keeps whole ones only

error: `prompt` is not for `params`
  --> gpbuild.toml:14:10
   |
14 | prompt = "x"
   |          ^^^
   |
   = note: in asset `b`
   = help: the prompt is what the template gives

error: `response_format` is not for `params`
  --> gpbuild.toml:19:19
   |
19 | response_format = "url"
   |                   ^^^^^
   |
   = note: in asset `b`
   = help: leave it out: the picture always comes in the answer itself

error: `size` is not for `params`
  --> gpbuild.toml:16:8
   |
16 | size = "auto"
   |        ^^^^^^
   |
   = note: in asset `b`
   = help: set it on the asset, beside `params`: then it is checked

error: `stream` is not for `params`
  --> gpbuild.toml:17:10
   |
17 | stream = true
   |          ^^^^
   |
   = note: in asset `b`
   = help: leave it out: each picture on the way costs more, and gpbuild keeps whole ones only

error: `style` is not for `params`
  --> gpbuild.toml:20:9
   |
20 | style = "vivid"
   |         ^^^^^^^
   |
   = note: in asset `b`
   = help: leave it out: it went with DALL-E 3; `style` of the asset is gpbuild's own

error: `user` is not for `params`
  --> gpbuild.toml:21:8
   |
21 | user = "x"
   |        ^^^
   |
   = note: in asset `b`
   = help: its name today is `safety_identifier`

error: a JPEG has no transparent background
  --> gpbuild.toml:27:49
   |
27 | params = { complexity = "high", output_format = "jpeg", output_compression = 50 }
   |                                                 ^^^^^^
   |
   = note: in asset `c`
   = help: ask for `png` or `webp`

error: `output_compression` is for a JPEG or WebP picture
  --> gpbuild.toml:29:33
   |
29 | params = { output_compression = 50 }
   |                                 ^^
   |
   = note: in asset `d`
   = help: add `output_format = "webp"`, or leave it out: gpbuild asks for PNG and compresses the output itself
"#,
    );
}

#[test]
fn masks() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[defaults]
size = "1024x1024"
model = "openai/gpt-image-2"
text = { headline = "标题" }
[cover.a]
mask = "alpha.png"
[cover.b]
mask = "opaque.png"
references = ["photo.png"]
[cover.c]
mask = "photo.jpg"
references = ["photo.jpg"]
[[cover.d.edit]]
change = "make it blue"
mask = "alpha.png"
[model."openai/gpt-image-2"]
max_mask_bytes = 50
"#
                .as_bytes()
                .to_vec(),
            ),
            ("alpha.png", png(64, 64, true)),
            ("opaque.png", png(64, 64, false)),
            ("photo.png", png(64, 48, false)),
            ("photo.jpg", crate::models::jpeg(64, 64)),
        ],
        &[],
        r#"error: there is no picture under the mask `alpha.png`
 --> gpbuild.toml:6:8
  |
6 | mask = "alpha.png"
  |        ^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: a mask belongs to the first of `references`, or to an edit step

error: the mask `opaque.png` has no transparency
 --> gpbuild.toml:8:8
  |
8 | mask = "opaque.png"
  |        ^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: a mask is a PNG: where it is transparent, the picture may change

error: the mask `opaque.png` is 64x64; the picture under it is 64x48
 --> gpbuild.toml:8:8
  |
8 | mask = "opaque.png"
  |        ^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: a mask is as large as the picture that it is laid on

error: the mask `opaque.png` has 327 bytes; `openai/gpt-image-2` takes at most 50
 --> gpbuild.toml:8:8
  |
8 | mask = "opaque.png"
  |        ^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: a mask of two colours is small: save it with a palette

error: the mask `photo.jpg` is no PNG
  --> gpbuild.toml:11:8
   |
11 | mask = "photo.jpg"
   |        ^^^^^^^^^^^
   |
   = note: in asset `c`
   = help: a mask is a PNG: where it is transparent, the picture may change

error: the mask `photo.jpg` has 739 bytes; `openai/gpt-image-2` takes at most 50
  --> gpbuild.toml:11:8
   |
11 | mask = "photo.jpg"
   |        ^^^^^^^^^^^
   |
   = note: in asset `c`
   = help: a mask of two colours is small: save it with a palette

error: the mask `alpha.png` is 64x64; the picture under it is 1024x1024
  --> gpbuild.toml:15:8
   |
15 | mask = "alpha.png"
   |        ^^^^^^^^^^^
   |
   = note: in asset `d`
   = help: a mask is as large as the picture that it is laid on

error: the mask `alpha.png` has 327 bytes; `openai/gpt-image-2` takes at most 50
  --> gpbuild.toml:15:8
   |
15 | mask = "alpha.png"
   |        ^^^^^^^^^^^
   |
   = note: in asset `d`
   = help: a mask of two colours is small: save it with a palette
"#,
    );
}

#[test]
fn a_reference_of_fifty_megabytes() {
    let project = crate::project::Project::new(
        "[cover.a]\nsize = \"1024x1024\"\nmodel = \"openai/gpt-image-2\"\ntext = { headline = \"x\" }\nreferences = [\"big.png\"]\n",
    );
    let file = std::fs::File::create(project.path("big.png")).unwrap();
    file.set_len(50_000_000).unwrap();
    let run = super::nothing_written(&project, &[]);
    assert_eq!(
        run.err,
        r#"error: `big.png` is 50000000 bytes; gpbuild reads at most 49999999 of such a file
 --> gpbuild.toml:5:15
  |
5 | references = ["big.png"]
  |               ^^^^^^^^^
  |
  = note: in asset `a`
"#
    );
}
