//! The manifest language: what is written is what is drawn.

use serde_json::{Value, json};

use crate::project::{Counts, Project};

/// Prints all it sees of `text` and `vars`, one a line.
const ALL: &str = "{% for k, v in text | items %}{{ k }}={{ v }};{% endfor %}{% for k, v in vars | items %}{{ k }}={{ v }};{% endfor %}";

/// What a manifest became, as it is seen from outside.
trait Outcome {
    /// The HTML that the asset is drawn from.
    fn layout(&self, id: &str, arguments: &[&str]) -> String;
    /// `assets.json`: (id, alt) of each asset.
    fn alts(&self) -> Vec<(String, String)>;
    /// The pictures in `dist`.
    fn outputs(&self) -> Vec<String>;
}

impl Outcome for Project {
    fn layout(&self, id: &str, arguments: &[&str]) -> String {
        let run = self.ok(&[&["show", id, "--json"], arguments].concat());
        let shot = &run.json()[0]["shots"][0];
        shot["layout"].as_str().unwrap().to_owned()
    }

    fn alts(&self) -> Vec<(String, String)> {
        let index: Value = serde_json::from_str(&self.text("dist/assets.json")).unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let assets = index["assets"].as_object().unwrap();
        assets
            .iter()
            .map(|(id, a)| (id.clone(), text(&a["alt"])))
            .collect()
    }

    fn outputs(&self) -> Vec<String> {
        let mut files = self.files("dist");
        files.retain(|name| name != "dist/assets.json");
        files
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

/// Format and size as the bytes themselves say.
fn picture(bytes: &[u8]) -> (&'static str, u32, u32) {
    let le = |at: usize, n: usize| {
        bytes[at..at + n]
            .iter()
            .rev()
            .fold(0, |a, b| a << 8 | u32::from(*b))
    };
    let be = |at: usize, n: usize| {
        bytes[at..at + n]
            .iter()
            .fold(0, |a, b| a << 8 | u32::from(*b))
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return ("png", be(16, 4), be(20, 4));
    }
    if bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP" {
        return match &bytes[12..16] {
            b"VP8L" => (
                "webp",
                (le(21, 4) & 0x3fff) + 1,
                (le(21, 4) >> 14 & 0x3fff) + 1,
            ),
            b"VP8 " => ("webp", le(26, 2) & 0x3fff, le(28, 2) & 0x3fff),
            _ => ("webp", le(24, 3) + 1, le(27, 3) + 1),
        };
    }
    assert!(
        bytes.starts_with(b"\xff\xd8\xff"),
        "neither PNG, JPEG nor WebP"
    );
    let mut at = 2;
    while !matches!(bytes[at + 1], 0xc0..=0xc2) {
        at += 2 + be(at + 2, 2) as usize;
    }
    ("jpeg", be(at + 7, 2), be(at + 5, 2))
}

#[test]
fn front_matter_in_three_languages() {
    let project = Project::new(
        r#"[cover.post]
for_each = { front_matter = "posts/**/*.md" }
id = "post/{{ item.slug }}"
size = "300x400"
text = { headline = "{{ item.title }}", footer = "{{ file.path }} {{ file.stem }} {{ file.dir }}" }
"#,
    );
    project.write("posts/a.md", "---\nslug: a\ntitle: 甲\n---\n# body\n");
    project.write(
        "posts/deep/b.md",
        "+++\nslug = \"b\"\ntitle = \"乙\"\n+++\nbody\n",
    );
    project.write(
        "posts/c.md",
        "{\n  \"slug\": \"c\",\n  \"title\": \"丙\"\n}\nbody\n",
    );
    project.write("posts/d.md", "# no front matter\n");
    assert_eq!(project.build(), Counts::made(3));
    assert_eq!(
        project.alts(),
        pairs(&[
            ("post/a", "甲 · posts/a a posts"),
            ("post/b", "乙 · posts/deep/b b posts/deep"),
            ("post/c", "丙 · posts/c c posts"),
        ])
    );
    // The body of a post counts for nothing.
    project.edit("posts/a.md", "# body", "# another body");
    assert_eq!(project.build(), Counts::fresh(3));
    project.edit("posts/a.md", "甲", "丁");
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("post/a")["state"], "made");
    assert_eq!((run.counts().made, run.counts().fresh), (1, 2));
}

/// (kind, file, two items in it)
const LISTS: [(&str, &str, &str); 4] = [
    ("csv", "d.csv", "slug,headline\nx,甲\ny,\"乙, 丙\"\n"),
    (
        "toml",
        "d.toml",
        "[[slide]]\nslug = \"x\"\nheadline = \"甲\"\n[[slide]]\nslug = \"y\"\nheadline = \"乙, 丙\"\n",
    ),
    (
        "json",
        "d.json",
        r#"[{"slug": "x", "headline": "甲"}, {"slug": "y", "headline": "乙, 丙"}]"#,
    ),
    (
        "yaml",
        "d.yaml",
        "- slug: x\n  headline: 甲\n- slug: y\n  headline: 乙, 丙\n",
    ),
];

#[test]
fn for_each_takes_every_kind_of_list() {
    for (kind, file, text) in LISTS {
        let project = Project::new(&format!(
            "[cover.a]\nfor_each = {{ {kind} = \"{file}\" }}\nid = \"{{{{ item.slug }}}}\"\nsize = \"300x400\"\ntext = {{ headline = \"{{{{ item.headline }}}}\" }}\n"
        ));
        project.write(file, text);
        assert_eq!(project.build(), Counts::made(2), "{kind}");
        assert_eq!(
            project.alts(),
            pairs(&[("x", "甲"), ("y", "乙, 丙")]),
            "{kind}"
        );
    }
}

#[test]
fn for_each_takes_a_table_as_one_item() {
    for (kind, file, text) in [
        ("toml", "d.toml", "slug = \"x\"\nheadline = \"甲\"\n"),
        ("json", "d.json", r#"{"slug": "x", "headline": "甲"}"#),
        ("yaml", "d.yaml", "slug: x\nheadline: 甲\n"),
    ] {
        let project = Project::new(&format!(
            "[cover.a]\nfor_each = {{ {kind} = \"{file}\" }}\nid = \"{{{{ item.slug }}}}\"\nsize = \"300x400\"\ntext = {{ headline = \"{{{{ item.headline }}}}\" }}\n"
        ));
        project.write(file, text);
        project.build();
        assert_eq!(project.alts(), pairs(&[("x", "甲")]), "{kind}");
    }
}

#[test]
fn slides_take_every_kind_of_list() {
    for (kind, file, text) in LISTS {
        let project = Project::new(&format!(
            "[carousel.s]\nslides = {{ {kind} = \"{file}\" }}\nsize = \"300x400\"\n"
        ));
        project.write(file, text);
        assert_eq!(project.build(), Counts::made(2), "{kind}");
        assert_eq!(
            project.alts(),
            pairs(&[("s/01", "甲"), ("s/02", "乙, 丙")]),
            "{kind}"
        );
    }
}

#[test]
fn slides_as_tables() {
    let project = Project::new(
        r#"[carousel.s]
size = "300x400"
text = { footer = "{{ slide.number }}/{{ slide.total }} {{ slide.first }} {{ slide.last }}", badge = "系列" }
[[carousel.s.slide]]
headline = "一"
[[carousel.s.slide]]
headline = "二"
badge = "本页"
text = { body = "正文" }
[[carousel.s.slide]]
headline = "无"
when = "false"
[[carousel.s.slide]]
headline = "三"
items = ["甲", "乙"]
"#,
    );
    assert_eq!(project.build(), Counts::made(3));
    assert_eq!(
        project.alts(),
        pairs(&[
            ("s/01", "一 · 系列 · 1/3 true false"),
            ("s/02", "二 · 本页 · 正文 · 2/3 false false"),
            ("s/03", "三 · 系列 · 甲 · 乙 · 3/3 false true"),
        ])
    );
}

#[test]
fn columns_fill_the_roles_of_their_name() {
    let project = Project::new(
        r#"[carousel.s]
size = "300x400"
template = "all"
slides = { csv = "s.csv" }
text = { headline = "默认", body = "《{{ item.note_text }}》", footer = "脚" }
"#,
    );
    project.write("templates/all.html", ALL);
    project.write(
        "s.csv",
        "headline,body,kicker,note_text,other\n甲,未用,\"一行\n二行\",映射,x\n,未用,,映射二,y\n",
    );
    let expected = "headline=甲;kicker=一行\n二行;body=《映射》;footer=脚;";
    assert_eq!(project.layout("s/01", &[]), expected);
    // An empty cell draws nothing of its own: the carousel's text stands.
    let expected = "headline=默认;body=《映射二》;footer=脚;";
    assert_eq!(project.layout("s/02", &[]), expected);
}

#[test]
fn paths_and_globs_are_relative_to_the_manifest() {
    let cover = |name: &str, path: &str| {
        format!(
            "[cover.{name}]\nfor_each = {{ json = \"{path}\" }}\nid = \"{name}/{{{{ file.path }}}}\"\nsize = \"300x400\"\ntext = {{ headline = \"{{{{ item.t }}}}\" }}\n"
        )
    };
    let project = Project::new(&cover("root", "*.json"));
    let inner = [
        cover("plain", "in.json"),
        cover("dot", "./in.json"),
        cover("glob", "**/*.json"),
        cover("up", "../top.json"),
        cover("upglob", "../other/*.json"),
    ];
    project.write("sub/a.gp.toml", inner.concat());
    for name in ["top", "sub/in", "sub/deep/in", "other/in"] {
        project.write(&format!("{name}.json"), r#"{"t": "标题"}"#);
    }
    project.build();
    let ids: Vec<String> = project.alts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        [
            "dot/sub/in",
            "glob/sub/deep/in",
            "glob/sub/in",
            "plain/sub/in",
            "root/top",
            "up/top",
            "upglob/other/in"
        ]
    );
}

#[test]
fn hidden_ignored_and_foreign_folders_are_left_out() {
    let cover = |name: &str| {
        format!("[cover.{name}]\nsize = \"300x400\"\ntext = {{ headline = \"标题\" }}\n")
    };
    let project = Project::new("");
    project.write("a.gp.toml", cover("a"));
    project.write("sub/b.gp.toml", cover("b"));
    project.write("sub/.gitignore", "kept.gp.toml\n!kept.gp.toml\nno*\n");
    project.write("sub/kept.gp.toml", cover("kept"));
    project.write("sub/no.gp.toml", cover("no1"));
    project.write(".gitignore", "/node_modules/\n*.tmp.gp.toml\n");
    project.write("node_modules/x.gp.toml", cover("no2"));
    project.write("sub/x.tmp.gp.toml", cover("no3"));
    project.write(".hidden/x.gp.toml", cover("no4"));
    project.write(".x.gp.toml", cover("no5"));
    project.write("dist/x.gp.toml", cover("no6"));
    project.write("nested/gpbuild.toml", cover("no7"));
    project.write("nested/x.gp.toml", cover("no8"));
    project.write("not-a-manifest.toml", cover("no9"));
    assert_eq!(project.build(), Counts::made(3));
    let ids: Vec<String> = project.alts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["a", "b", "kept"]);
}

#[test]
fn the_nearer_layer_wins() {
    let project = Project::new(
        r#"[defaults]
size = "300x400"
template = "all"
style = "night"
text = { headline = "defaults", footer = "defaults" }
vars = { one = "defaults", two = "defaults", three = "defaults", four = "defaults" }
[profile.other.defaults]
style = "day"
vars = { two = "profile", three = "profile", four = "profile" }
text = { footer = "profile" }
[style.night.vars]
three = "night"
four = "night"
[style.day.vars]
three = "day"
four = "day {{ style.name }}"
[cover.a]
text = { headline = "asset" }
vars = { four = "asset {{ style.vars.three }}" }
[cover.b]
[carousel.s]
vars = { three = "carousel", four = "carousel" }
[[carousel.s.slide]]
vars = { four = "slide" }
"#,
    );
    project.write("templates/all.html", ALL);
    let with = ["--profile", "other"];
    let defaults = "one=defaults;three=night;two=defaults;";
    for (id, arguments, expected) in [
        ("a", &[][..], "headline=asset;footer=defaults;four=asset night;one=defaults;three=night;two=defaults;".to_owned()),
        ("b", &[], format!("headline=defaults;footer=defaults;four=night;{defaults}")),
        ("a", &with, "headline=asset;footer=profile;four=asset day;one=defaults;three=day;two=profile;".to_owned()),
        ("b", &with, "headline=defaults;footer=profile;four=day day;one=defaults;three=day;two=profile;".to_owned()),
        ("s/01", &[], "headline=defaults;footer=defaults;four=slide;one=defaults;three=carousel;two=defaults;".to_owned()),
    ] {
        assert_eq!(project.layout(id, arguments), expected, "{id} {arguments:?}");
    }
}

#[test]
fn a_preset_of_an_asset_replaces_the_size_of_the_defaults() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\ntext = { headline = \"标题\" }\n[preset.mine]\nsize = [320, 200]\nformat = \"webp\"\n[cover.a]\n[cover.b]\npreset = \"mine\"\n[cover.c]\nsize = [200, 200]\n",
    );
    assert_eq!(project.build(), Counts::made(3));
    assert_eq!(picture(&project.read("dist/a.png")), ("png", 300, 400));
    assert_eq!(picture(&project.read("dist/b.webp")), ("webp", 320, 200));
    assert_eq!(picture(&project.read("dist/c.png")), ("png", 200, 200));
}

#[test]
fn roles_of_the_project() {
    let project = Project::new(
        "[project]\nroles = [\"slogan\"]\n[cover.a]\nsize = \"300x400\"\ntemplate = \"all\"\ntext = { slogan = \"口号\", headline = \"标题\" }\n",
    );
    project.write("templates/all.html", ALL);
    assert_eq!(project.layout("a", &[]), "headline=标题;slogan=口号;");
}

#[test]
fn a_further_target_is_laid_out_anew() {
    let project = Project::new(
        "[preset.wide]\nsize = \"400x200\"\n[preset.square]\nsize = \"240x240\"\nformat = \"jpeg\"\n[quota]\nhero = 1\n[cover.a]\nsize = \"300x400\"\nalso = [\"wide\", { preset = \"square\" }]\ntext = { headline = \"标题\" }\ngroup = \"hero\"\n",
    );
    // Further targets are the same picture: they do not count against the quota.
    assert_eq!(project.build(), Counts::made(3));
    assert_eq!(picture(&project.read("dist/a.png")), ("png", 300, 400));
    assert_eq!(picture(&project.read("dist/a/wide.png")), ("png", 400, 200));
    assert_eq!(
        picture(&project.read("dist/a/square.jpg")),
        ("jpeg", 240, 240)
    );
    assert!(
        project
            .layout("a/wide", &[])
            .contains("width: 400px; height: 200px")
    );
}

#[test]
fn when_decides_what_exists() {
    let project = Project::new(
        r#"[cover.post]
for_each = { yaml = "posts.yaml" }
id = "{{ item.slug }}"
when = "{{ not item.draft }}"
size = "300x400"
text = { headline = "{{ item.slug }}" }
[cover.never]
when = "{{ 1 > 2 }}"
size = "300x400"
[cover.always]
when = "true"
size = "300x400"
text = { headline = "x" }
"#,
    );
    project.write(
        "posts.yaml",
        "- slug: a\n- slug: b\n  draft: true\n- slug: c\n  draft: false\n",
    );
    project.build();
    assert_eq!(
        project.outputs(),
        ["dist/a.png", "dist/always.png", "dist/c.png"]
    );
}

#[test]
fn outputs_are_path_templates() {
    let project = Project::new(
        r#"[project]
out = "public/img"
[defaults]
size = "300x400"
text = { headline = "标题" }
[cover.plain]
[cover."群/新 图"]
[cover.own]
format = "jpeg"
output = "static/{{ id }}-og.{{ ext }}"
[cover.named]
output = "static/named.webp"
[cover.post]
for_each = { front_matter = "posts/*/index.md" }
id = "post/{{ item.slug }}"
output = "{{ file.dir }}/cover.{{ ext }}"
"#,
    );
    project.write("posts/one/index.md", "---\nslug: one\n---\n");
    assert_eq!(project.build(), Counts::made(5));
    assert_eq!(picture(&project.read("public/img/plain.png")).0, "png");
    assert_eq!(picture(&project.read("public/img/群/新 图.png")).0, "png");
    assert_eq!(picture(&project.read("static/own-og.jpg")).0, "jpeg");
    assert_eq!(picture(&project.read("static/named.webp")).0, "webp");
    assert_eq!(picture(&project.read("posts/one/cover.png")).0, "png");
    assert!(project.has("public/img/assets.json"));
    assert_eq!(project.build(), Counts::fresh(5));
}

#[test]
fn a_long_carousel_is_split() {
    let project = Project::new(
        "[preset.short]\nsize = \"200x200\"\nmax_count = 2\n[carousel.s]\npreset = \"short\"\nslides = { csv = \"s.csv\" }\n",
    );
    project.write("s.csv", "headline\n一\n二\n三\n四\n五\n");
    let run = project.ok(&["build"]);
    let warning = r#"warning: carousel `s` has 5 slides in one part; `short` takes 2
 --> gpbuild.toml:4:11
  |
4 | [carousel.s]
  |           ^
  |
  = help: `split = 2` delivers it in parts
"#;
    assert!(run.err.contains(warning), "{}", run.err);
    project.edit("gpbuild.toml", "slides =", "split = 2\nslides =");
    let run = project.ok(&["build", "--prune"]);
    assert!(!run.err.contains("warning"), "{}", run.err);
    assert_eq!(
        project.outputs(),
        [
            "dist/s/part-1/01.png",
            "dist/s/part-1/02.png",
            "dist/s/part-2/03.png",
            "dist/s/part-2/04.png",
            "dist/s/part-3/05.png"
        ]
    );
}

#[test]
fn data_is_drawn_as_it_stands() {
    let project = Project::new(
        r#"[cover.a]
for_each = { json = "a.json" }
id = "{{ item.id }}"
size = "1200x800"
vars = { subject = "{{ item.title }}" }
text = { headline = "{{ item.title }}", captions = ["{{ item.title }}"] }
"#,
    );
    let titles = [
        "{{ 1 + 1 }}",
        "{% raw %}",
        "<script>x</script> & \"q\" 'q'",
        "{# x #}",
    ];
    let items: Vec<Value> = titles
        .iter()
        .enumerate()
        .map(|(n, t)| json!({ "id": format!("t{n}"), "title": t }))
        .collect();
    project.write("a.json", Value::from(items).to_string());
    assert_eq!(project.build(), Counts::made(4));
    for (n, title) in titles.iter().enumerate() {
        let spec = &project.ok(&["show", &format!("t{n}"), "--json"]).json()[0];
        assert_eq!(spec["text"]["headline"], *title);
        assert_eq!(spec["text"]["captions"], json!([title]));
        assert!(spec["prompt"].as_str().unwrap().contains(title), "{spec}");
        let html = spec["shots"][0]["layout"].as_str().unwrap();
        let escaped = title
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#x27;")
            .replace('/', "&#x2f;");
        assert!(html.contains(&escaped), "{escaped}\n{html}");
        assert!(!html.contains("<script"));
    }
}

#[test]
fn formats_are_what_they_say() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\ntext = { headline = \"标题\" }\n[cover.a]\nformat = \"png\"\n[cover.b]\nformat = \"jpeg\"\n[cover.c]\nformat = \"webp\"\n[cover.d]\noutput = \"dist/d.JPEG\"\n",
    );
    assert_eq!(project.build(), Counts::made(4));
    for (name, format) in [
        ("a.png", "png"),
        ("b.jpg", "jpeg"),
        ("c.webp", "webp"),
        ("d.JPEG", "jpeg"),
    ] {
        assert_eq!(
            picture(&project.read(&format!("dist/{name}"))),
            (format, 300, 400),
            "{name}"
        );
    }
}

#[test]
fn max_bytes_is_kept() {
    let project = Project::new(
        "[defaults]\nsize = \"600x800\"\nformat = \"jpeg\"\ntemplate = \"poster\"\nvars = { decor = \"none\" }\ntext = { headline = \"标题\" }\n[cover.free]\n[cover.tight]\nmax_bytes = 16000\n",
    );
    assert_eq!(project.build(), Counts::made(2));
    let free = project.read("dist/free.jpg").len();
    let tight = project.read("dist/tight.jpg").len();
    assert!(free > 16_000 && tight <= 16_000, "{free} {tight}");
    assert_eq!(picture(&project.read("dist/tight.jpg")), ("jpeg", 600, 800));
}

#[test]
fn the_index_says_what_there_is() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\n[cover.a.text]\nheadline = \"三十天\\n上手\"\ncaptions = [\"甲\", \"乙\"]\n",
    );
    project.build();
    let bytes = project.read("dist/a.png");
    let expected = format!(
        "{{\n  \"version\": 2,\n  \"assets\": {{\n    \"a\": {{\n      \"path\": \"dist/a.png\",\n      \"public\": \"a.png\",\n      \"preset\": \"300x400\",\n      \"state\": \"made\",\n      \"model\": \"local\",\n      \"width\": 300,\n      \"height\": 400,\n      \"format\": \"png\",\n      \"bytes\": {},\n      \"digest\": \"{}\",\n      \"alt\": \"三十天 上手 · 甲 · 乙\"\n    }}\n  }}\n}}\n",
        bytes.len(),
        blake3::hash(&bytes).to_hex(),
    );
    assert_eq!(project.text("dist/assets.json"), expected);
}

#[test]
fn templates_of_the_project_come_first() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\ntext = { headline = \"标题\" }\n[cover.a]\n[cover.b]\ntemplate = \"child\"\n[cover.c]\nmodel = \"local/child\"\n",
    );
    project.write("templates/cover.html", "<p>mine: {{ text.headline }}</p>");
    project.write(
        "templates/base.html",
        "<b>{% block inner %}{% endblock %}</b>{% include 'parts/foot.html' %}",
    );
    project.write("templates/parts/foot.html", "<i>{{ text.headline }}</i>");
    project.write(
        "templates/child.html",
        "{% extends 'base.html' %}{% block inner %}{{ text.headline }}!{% endblock %}",
    );
    assert_eq!(project.layout("a", &[]), "<p>mine: 标题</p>");
    assert_eq!(project.layout("b", &[]), "<b>标题!</b><i>标题</i>");
    assert_eq!(project.layout("c", &[]), "<b>标题!</b><i>标题</i>");
    assert_eq!(project.build(), Counts::made(3));
    // What was not read does not count; what was read does.
    project.write("templates/unused.html", "x");
    assert_eq!(project.build(), Counts::fresh(3));
    project.edit("templates/parts/foot.html", "<i>", "<u>");
    let run = project.ok(&["build", "--json"]);
    assert_eq!((run.counts().made, run.counts().fresh), (2, 1));
    // Another way to write the same page is the same page.
    project.edit(
        "templates/cover.html",
        "{{ text.headline }}",
        "{# new #}{{ text['headline'] }}",
    );
    assert_eq!(project.build(), Counts::fresh(3));
}

#[test]
fn a_layout_of_the_project_extends_a_built_in_one() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\ntext = { headline = \"标题\" }\n\
         [cover.a]\ntemplate = \"brand-poster\"\n\
         [carousel.c]\ntemplate = \"brand-slide\"\n[[carousel.c.slide]]\n",
    );
    for base in ["poster", "slide"] {
        let layout = [
            &format!("{{% extends '{base}.html' %}}"),
            "{% block style %}.bar { width: 0; }{% endblock %}",
            "{% block ground %}{{ super() }}<b class=\"{{ accent }} {{ W }}\"></b>{% endblock %}",
        ];
        project.write(&format!("templates/brand-{base}.html"), layout.concat());
    }
    for id in ["a", "c/01"] {
        let page = project.layout(id, &[]);
        for part in [
            ".bar { width: 0; }",
            "<b class=\"#FFB020 300\"></b>",
            "data-role=\"headline\"",
            "class=\"at\"",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
    assert_eq!(project.build(), Counts::made(2));
    assert_eq!(project.build(), Counts::fresh(2));
}

#[test]
fn templates_see_what_they_may_see_and_nothing_else() {
    let project = Project::new(
        r#"[style.ink]
prompt = "flat"
[carousel.s]
size = "300x400"
style = "ink"
template = "see"
slides = { csv = "s.csv" }
vars = { a = "1" }
"#,
    );
    project.write("s.csv", "headline\n标题\n");
    let seen = ["text", "vars", "style", "preset", "item", "file", "slide"];
    let unseen = [
        "id", "ext", "env", "now", "random", "project", "defaults", "model", "asset", "debug",
        "edit",
    ];
    let template: String = seen
        .iter()
        .chain(&unseen)
        .map(|name| format!("{{{{ '{name} ' if {name} is defined }}}}"))
        .collect();
    project.write("templates/see.html", template);
    assert_eq!(project.layout("s/01", &[]), format!("{} ", seen.join(" ")));
    project.write(
        "templates/see.html",
        "{{ text.headline }}|{{ vars.a }}|{{ style.name }} {{ style.prompt }}|{{ preset.name }} {{ preset.width }}x{{ preset.height }} {{ preset.ratio }} {{ preset.shape }} {{ preset.safe.top }}|{{ item.headline }}|{{ file.path }} {{ file.stem }} {{ file.dir }}|{{ slide.number }}/{{ slide.total }}",
    );
    assert_eq!(
        project.layout("s/01", &[]),
        "标题|1|ink flat|300x400 300x400 0.75 portrait 0|标题|s s |1/1"
    );
}

#[test]
fn a_layout_takes_pictures_of_the_project() {
    let project = Project::new(
        "[cover.a]\nsize = \"300x400\"\n[cover.a.text]\nheadline = \"标题\"\n[cover.b]\nsize = \"200x200\"\ntemplate = \"logo\"\n",
    );
    let logo = Project::one("标");
    logo.build();
    project.write("img/logo.png", logo.read("dist/a.png"));
    project.write(
        "templates/logo.html",
        "<img src=\"img/logo.png\" style=\"width: 100px\">",
    );
    assert_eq!(project.build(), Counts::made(2));
    let before = project.read("dist/b.png");
    // Its digest counts.
    project.write("img/logo.png", project.read("dist/a.png"));
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("a")["state"], "fresh");
    assert_eq!(run.asset("b")["state"], "made");
    assert_ne!(project.read("dist/b.png"), before);
    project.write("img/logo.png", "no picture");
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("img/logo.png"), "{}", run.err);
}

#[test]
fn a_profile_changes_what_it_sets() {
    let project = Project::new(
        "[defaults]\nsize = \"300x400\"\ntext = { headline = \"标题\" }\n[profile.small.defaults]\nsize = \"150x200\"\n[cover.a]\n[cover.b]\nsize = \"300x300\"\n",
    );
    project.ok(&["build", "--profile", "small"]);
    assert_eq!(picture(&project.read("dist/a.png")), ("png", 150, 200));
    assert_eq!(picture(&project.read("dist/b.png")), ("png", 300, 300));
    let run = project.ok(&["build", "--json"]);
    assert_eq!(run.asset("a")["state"], "made");
    assert_eq!(run.asset("b")["state"], "fresh");
    assert_eq!(picture(&project.read("dist/a.png")), ("png", 300, 400));
}
