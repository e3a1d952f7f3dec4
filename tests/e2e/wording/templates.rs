//! Templates and layouts: the whole text of every error.

use super::refused;

#[test]
fn no_headline() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
[cover.b]
size = "300x400"
"#,
        )],
        &[],
        r#"error: there is no `headline`, and the built-in template `cover.html` needs one
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: add `text = { headline = "…" }`

error: there is no `headline`, and the built-in template `cover.html` needs one
 --> gpbuild.toml:3:8
  |
3 | [cover.b]
  |        ^
  |
  = note: in asset `b`
  = help: add `text = { headline = "…" }`
"#,
    );
}

#[test]
fn endless_template() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "loop"
[cover.b]
size = "300x400"
text = { headline = "标题" }
template = "self"
"#,
            ),
            (
                "templates/loop.html",
                r"{% for a in range(9999) %}
{% for b in range(9999) %}
{% endfor %}{% endfor %}
",
            ),
            (
                "templates/self.html",
                r"<p>x</p>
{% include 'self.html' %}
",
            ),
        ],
        &[],
        r"error: the template does not come to an end
 --> templates/loop.html:2:13
  |
2 | {% for b in range(9999) %}
  |             ^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: a rendering may take 2000000 steps; look for a loop over a loop

error: templates are nested more than 40 deep
 --> templates/self.html:2:4
  |
2 | {% include 'self.html' %}
  |    ^^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `b`
  = help: look for a template that includes itself, or a macro that calls itself
",
    );
}

#[test]
fn template_of_too_much_text() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "long"
"#,
            ),
            (
                "templates/long.html",
                r"{% for a in range(9999) %}{{ 'x' * 900 }}{% endfor %}
",
            ),
        ],
        &[],
        r"error: the template gives more than 1 MiB of text
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: look for a loop, or a value that is repeated
",
    );
}

#[test]
fn template_error_names_the_asset() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
template = "mine"
text = { headline = "标题" }
"#,
            ),
            (
                "templates/mine.html",
                r"<h1>{{ text.headline }}</h1>
<p>{{ text.subhaed }}</p>
",
            ),
        ],
        &[],
        r#"error: `text.subhaed` is not defined
 --> templates/mine.html:2:7
  |
2 | <p>{{ text.subhaed }}</p>
  |       ^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: there is: headline
  = help: `text.subhaed is defined` asks first; `text.subhaed | default("…")` gives another value
"#,
    );
}

#[test]
fn template_that_does_not_parse() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "mine"
"#,
            ),
            (
                "templates/mine.html",
                r"<h1>
{% if text.headline %}
",
            ),
        ],
        &[],
        r"error: template error: syntax error: unexpected end of input, expected end of block
 --> templates/mine.html:2:21
  |
2 | {% if text.headline %}
  |                     ^^
  |
  = note: in asset `a`
",
    );
}

#[test]
fn template_that_includes_nothing() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "mine"
"#,
            ),
            (
                "templates/mine.html",
                r"{% include 'head.html' %}
",
            ),
        ],
        &[],
        r"error: tried to include non-existing template 'head.html'
 --> templates/mine.html:1:4
  |
1 | {% include 'head.html' %}
  |    ^^^^^^^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: templates are looked for in `templates/`, then among the built-in ones
",
    );
}

#[test]
fn clock_and_random_in_a_template() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
template = "mine"
[cover.b]
size = "300x400"
text = { headline = "{{ [1] | random }}" }
"#,
            ),
            (
                "templates/mine.html",
                r"<p>{{ now() }}</p>
",
            ),
        ],
        &[],
        r#"error: template error: unknown function: now is unknown
 --> templates/mine.html:1:7
  |
1 | <p>{{ now() }}</p>
  |       ^^^^^
  |
  = note: in asset `a`

error: template error: unknown filter: filter random is unknown
 --> gpbuild.toml:6:31
  |
6 | text = { headline = "{{ [1] | random }}" }
  |                               ^^^^^^
  |
  = note: in asset `b`
"#,
    );
}

#[test]
fn layout_picture_that_is_not_there() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "mine"
[cover.b]
size = "300x400"
text = { headline = "标题" }
template = "web"
"#,
            ),
            (
                "templates/mine.html",
                r#"<img src="img/logo.png">
"#,
            ),
            (
                "templates/web.html",
                r#"<img src="https://example.com/a.png">
"#,
            ),
        ],
        &[],
        r"error: the layout's picture `img/logo.png`: no such file: `img/logo.png`
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: pictures of a layout are files of the project, by their path from its root

error: the layout's picture `https://example.com/a.png`: nothing is fetched from the network
 --> gpbuild.toml:5:8
  |
5 | [cover.b]
  |        ^
  |
  = note: in asset `b`
  = help: pictures of a layout are files of the project, by their path from its root
",
    );
}

#[test]
fn model_without_prompt() {
    refused(
        &[
            (
                "gpbuild.toml",
                r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
model = "openai/gpt-image-2"
template = "mine"
"#,
            ),
            ("templates/mine.html", "<p>x</p>"),
        ],
        &[],
        r"error: template `mine` has no prompt
 --> gpbuild.toml:1:8
  |
1 | [cover.a]
  |        ^
  |
  = note: in asset `a`
  = help: a model is told what `templates/mine.prompt` says
",
    );
}

#[test]
fn string_in_a_style_var_that_is_broken() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[style.s]
vars = { a = "{{ nope }}" }
[cover.a]
size = "300x400"
text = { headline = "标题" }
style = "s"
"#,
        )],
        &[],
        r#"error: `nope` is not defined
 --> gpbuild.toml:2:18
  |
2 | vars = { a = "{{ nope }}" }
  |                  ^^^^
  |
  = note: in asset `a`
  = help: there is: style
  = help: `nope is defined` asks first; `nope | default("…")` gives another value
"#,
    );
}

#[test]
fn unknown_template() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
template = "postr"
"#,
        )],
        &[],
        r#"error: there is no template `postr`
 --> gpbuild.toml:4:12
  |
4 | template = "postr"
  |            ^^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `poster`?
  = help: looked for `templates/postr.prompt` and `templates/postr.html`, then among the built-in ones
"#,
    );
}

#[test]
fn unknown_layout_of_the_local_renderer() {
    refused(
        &[(
            "gpbuild.toml",
            r#"[cover.a]
size = "300x400"
text = { headline = "标题" }
model = "local/postr"
"#,
        )],
        &[],
        r#"error: there is no layout `postr`
 --> gpbuild.toml:4:9
  |
4 | model = "local/postr"
  |         ^^^^^^^^^^^^^
  |
  = note: in asset `a`
  = help: did you mean `poster`?
  = help: `local/NAME` draws `templates/NAME.html`; built in are `article`, `banner`, `compare`, `cover`, `list`, `poster`, `quote`, `slide`, `slide-cover`, `slide-end` and `slide-page`
"#,
    );
}
