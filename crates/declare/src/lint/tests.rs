//! What the lint finds, what it lets pass, and that the built-in templates keep its rules.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde_json::json;

use super::{lint, lint_overlaid, words};
use crate::data;
use base::path::ProjectPath;
use base::text::{ROLES, Text, Words};

fn text(entries: &[(&str, &[&str])]) -> Text {
    let roles: Vec<String> = ROLES.iter().map(|r| (*r).to_owned()).collect();
    let words = |t: &[&str]| match t {
        [one] => Words::One((*one).to_owned()),
        many => Words::Many(many.iter().map(|t| (*t).to_owned()).collect()),
    };
    Text::new(
        entries
            .iter()
            .map(|(role, t)| ((*role).to_owned(), words(t))),
        &roles,
    )
}

/// The findings' messages, for a picture of 1080x1440.
fn messages(prompt: &str, entries: &[(&str, &[&str])]) -> Vec<String> {
    lint(prompt, &text(entries), 1080, 1440)
        .into_iter()
        .map(|f| f.message)
        .collect()
}

#[test]
fn literal_texts() {
    let headline: &[(&str, &[&str])] = &[("headline", &["30 天学会 ChatGPT"])];
    let cases: [(&str, &str, &str); 12] = [
        (
            "as it should be",
            "Headline: \"30 天学会 ChatGPT\". No other text.",
            "",
        ),
        (
            "in Chinese",
            "主标题:\"30 天学会 ChatGPT\"。画面中不要出现其他文字。",
            "",
        ),
        (
            "role after it",
            "\"30 天学会 ChatGPT\" is the headline. No other text.",
            "",
        ),
        (
            "role above a list of texts",
            "headline:\n- \"30 天学会 ChatGPT\"\nNo other text.",
            "",
        ),
        (
            "absent",
            "Headline: \"学会\". No other text.",
            "the headline `30 天学会 ChatGPT` is not in the prompt",
        ),
        (
            "not quoted",
            "Headline 30 天学会 ChatGPT. No other text.",
            "the headline `30 天学会 ChatGPT` is not in quotes",
        ),
        (
            "curly",
            "Headline “30 天学会 ChatGPT”. No other text.",
            "the headline stands between “ and ”",
        ),
        (
            "corner",
            "Headline 「30 天学会 ChatGPT」. No other text.",
            "the headline stands between 「 and 」",
        ),
        (
            "changed",
            "Headline \"30天学会 CHATGPT\". No other text.",
            "the headline `30 天学会 ChatGPT` is not verbatim: spaces, line breaks or capitals differ",
        ),
        (
            "no role",
            "Draw \"30 天学会 ChatGPT\". No other text.",
            "the prompt does not say that `30 天学会 ChatGPT` is the headline",
        ),
        (
            "role on another line",
            "A headline.\nDraw \"30 天学会 ChatGPT\". No other text.",
            "the prompt does not say that `30 天学会 ChatGPT` is the headline",
        ),
        (
            "nothing about other text",
            "Headline: \"30 天学会 ChatGPT\".",
            "the prompt does not say `no other text`",
        ),
    ];
    for (name, prompt, wanted) in cases {
        let wanted: Vec<&str> = Some(wanted).filter(|w| !w.is_empty()).into_iter().collect();
        assert_eq!(messages(prompt, headline), wanted, "{name}");
    }
}

#[test]
fn quotes_and_line_breaks_inside_a_text_stay_where_they_are() {
    let texts: &[(&str, &[&str])] = &[
        ("headline", &["他说\"好\"\n就好\n"]),
        ("captions", &["好", "再好"]),
    ];
    let prompt = "The headline: \"他说\"好\"\n就好\", captions: \"好\", \"再好\". No other text.";
    assert_eq!(messages(prompt, texts), Vec::<String>::new());
}

#[test]
fn headline_within_the_first_words() {
    let texts: &[(&str, &[&str])] = &[("headline", &["四个汉字"])];
    let prompt = |n: usize| {
        format!(
            "{} headline \"四个汉字\". No other text.",
            "word ".repeat(n)
        )
    };
    assert_eq!(messages(&prompt(47), texts), Vec::<String>::new());
    assert_eq!(
        messages(&prompt(48), texts),
        ["the headline ends at word 51 of the prompt, past the first 50"]
    );
    for (text, n) in [
        ("", 0),
        ("30 天学会 ChatGPT", 4),
        ("it's 04-30, so", 3),
        ("提示词公式", 3),
    ] {
        assert_eq!(words(text), n, "{text}");
    }
}

#[test]
fn shapes_in_words() {
    let agree = [
        "3:4",
        "1080x1440",
        "1080 × 1440 px",
        "vertical",
        "portrait orientation",
        "a vertical cover",
        "竖版封面",
        "at 9:30",
        "a 3x3 grid",
        "scene 1: 3 cats",
        "a square table",
        "square brackets, a poster",
        "Times Square",
        "landscape photo",
        "wide shot of a horizontal line",
        "横向思维",
        "地方图书馆",
        "长方形画面",
        "9:16:20",
        "a portrait of a teacher",
        "\"16:9 横版\"",
        "version 2.35.1",
        "a window, square panes in the picture",
    ];
    for words in agree {
        assert_eq!(
            messages(&format!("Draw {words}. No other text."), &[]),
            Vec::<String>::new()
        );
    }
    let contradict = [
        ("in 16:9", "16:9"),
        ("as 2.35:1.", "2.35:1"),
        ("16:9 画面", "16:9"),
        ("比例16：9", "16：9"),
        ("1024x1024", "1024x1024"),
        ("size 1536 x 1024 px", "1536 x 1024"),
        ("a square format", "square format"),
        ("a square social media post", "square social media post"),
        ("a poster, square, blue", "square"),
        ("orientation: landscape", "landscape"),
        ("landscape-format", "landscape-format"),
        ("horizontal banner", "horizontal banner"),
        ("横版", "横版"),
        ("横向构图", "横向构图"),
        ("正方形封面", "方形封面"),
        ("方形的画面", "方形的画面"),
        ("海报，方形，蓝色", "方形"),
    ];
    for (words, part) in contradict {
        let wanted = format!("the prompt says `{part}`, but the picture is 1080x1440");
        assert_eq!(
            messages(&format!("Draw {words}\nNo other text."), &[]),
            [wanted],
            "{words}"
        );
    }
    let prompt = "Draw 9:16, vertical poster.";
    let spans: Vec<_> = lint(prompt, &Text::default(), 900, 383)
        .into_iter()
        .filter_map(|f| f.span)
        .map(|at| &prompt[at])
        .collect();
    assert_eq!(spans, ["9:16", "vertical poster"]);
}

#[test]
fn what_the_overlay_draws_is_not_for_the_prompt() {
    let found = |prompt: &str, words: &str| {
        let findings = lint_overlaid(prompt, &text(&[("headline", &[words])]));
        findings.into_iter().map(|f| f.message).collect::<Vec<_>>()
    };
    for (prompt, words, said) in [
        ("A street. No text.", "30 天学会 ChatGPT", false),
        ("A sign: \"30 天学会 ChatGPT\".", "30 天学会 ChatGPT", true),
        (
            "On how 30 天学会 ChatGPT works.",
            " 30 天学会 ChatGPT ",
            true,
        ),
        ("A sign that says \"AI\".", "AI", true),
        ("A painting in the AI style.", "AI", false),
        ("Autumnal hills.", "Autumn", false),
    ] {
        assert_eq!(!found(prompt, words).is_empty(), said, "{prompt}");
    }
    assert_eq!(
        found("A sign that says \"AI\".", "AI"),
        ["the prompt says the headline `AI`, which the overlay draws"]
    );
}

fn templates(trim: bool) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(trim)
        .lstrip_blocks(trim)
        .build();
    env.set_syntax(syntax.unwrap());
    for (name, source) in [
        (
            "formula.prompt",
            include_str!("../../../../templates/formula.prompt"),
        ),
        (
            "cover.prompt",
            include_str!("../../../../templates/cover.prompt"),
        ),
        (
            "article.prompt",
            include_str!("../../../../templates/article.prompt"),
        ),
        (
            "poster.prompt",
            include_str!("../../../../templates/poster.prompt"),
        ),
        (
            "slide.prompt",
            include_str!("../../../../templates/slide.prompt"),
        ),
        (
            "edit.prompt",
            include_str!("../../../../templates/edit.prompt"),
        ),
        (
            "quote.prompt",
            include_str!("../../../../templates/quote.prompt"),
        ),
        (
            "list.prompt",
            include_str!("../../../../templates/list.prompt"),
        ),
        (
            "compare.prompt",
            include_str!("../../../../templates/compare.prompt"),
        ),
        (
            "banner.prompt",
            include_str!("../../../../templates/banner.prompt"),
        ),
        (
            "slide-cover.prompt",
            include_str!("../../../../templates/slide-cover.prompt"),
        ),
        (
            "slide-page.prompt",
            include_str!("../../../../templates/slide-page.prompt"),
        ),
        (
            "slide-end.prompt",
            include_str!("../../../../templates/slide-end.prompt"),
        ),
    ] {
        env.add_template(name, source).unwrap();
    }
    env
}

/// `text` as a template sees it.
fn drawn(text: &Text) -> Value {
    Value::from_pairs(
        text.iter()
            .map(|(role, words)| (role.to_owned(), Value::from(Serde(words)))),
    )
}

fn value(it: &serde_json::Value) -> Value {
    Value::from(Serde(it))
}

fn preset(name: &str, width: u32, height: u32, shape: &str, top: u32) -> Value {
    let ratio = f64::from(width) / f64::from(height);
    value(&json!({
        "name": name, "title": name, "width": width, "height": height, "ratio": ratio, "shape": shape,
        "safe": {"top": top, "right": 0, "bottom": top * 2, "left": 60},
    }))
}

#[test]
fn the_built_in_templates_keep_the_rules() {
    let long = "这是一段比较长的正文，用来看看模板在文字很多的时候还守不守规矩。\n\n第二段也不短，里面有 \"引号\" 和 16:9 横版。";
    let texts: Vec<Text> = vec![
        text(&[]),
        text(&[("headline", &["30 天学会 ChatGPT"])]),
        text(&[
            ("headline", &["第一行\n第二行"]),
            ("body", &[long]),
            ("kicker", &["第 3 课"]),
        ]),
        text(&[
            ("headline", &["他说\"square format\""]),
            ("captions", &["每日打卡", "实战项目", "小班答疑"]),
        ]),
        text(&[
            ("headline", &["a", "b"]),
            ("price-tag", &["199 元"]),
            ("items", &["一", "二"]),
        ]),
        text(&ROLES.map(|role| (role, &["字"][..]))),
        text(&[("body", &[long])]),
    ];
    let presets = [
        ("xiaohongshu-cover", 1080, 1440, "portrait"),
        ("wechat-header", 900, 383, "wide"),
        ("wechat-square", 500, 500, "square"),
        ("open-graph", 1200, 630, "landscape"),
        ("event-poster", 1080, 1920, "tall"),
    ];
    let vars = [
        json!({}),
        json!({
            "scene": "a night city.", "subject": "a laptop that opens into a street ".repeat(12), "mood": "calm",
            "medium": "gouache", "lighting": "dusk", "palette": {"ink": "#111111", "paper": "#FFFFFF"},
            "background": ["#0B1026", "#5B3CF5"], "accent": "#FFB020", "ink": "#FFFFFF", "font": "a round Hei",
            "avoid": ["robots", "brains"],
        }),
    ];
    let (env, trimming) = (templates(false), templates(true));
    for template in [
        "cover",
        "article",
        "poster",
        "slide",
        "edit",
        "quote",
        "list",
        "compare",
        "banner",
        "slide-cover",
        "slide-page",
        "slide-end",
    ] {
        for (name, width, height, shape) in presets {
            for vars in &vars {
                for text in &texts {
                    let context = context! {
                        text => drawn(text),
                        vars => value(vars),
                        style => value(&json!({"name": "night", "prompt": "", "vars": {}})),
                        preset => preset(name, width, height, shape, 120),
                        edit => value(&json!({"change": "replace \"AI\" with \"字\"", "keep": "everything else."})),
                    };
                    let render = |env: &Environment| {
                        let template = env.get_template(&format!("{template}.prompt")).unwrap();
                        template.render(&context).unwrap()
                    };
                    let prompt = render(&env);
                    assert_eq!(
                        lint(&prompt, text, width, height),
                        [],
                        "{template} {name}\n{prompt}"
                    );
                    assert_eq!(prompt, render(&trimming), "{template} {name}");
                    assert!(!prompt.contains("..") && !prompt.contains("  "), "{prompt}");
                    for (_, literal) in text.literals().filter(|(_, t)| t.chars().count() > 3) {
                        assert_eq!(
                            prompt.matches(&format!("\"{literal}\"")).count(),
                            1,
                            "{prompt}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_slide_does_not_know_its_number() {
    let env = templates(false);
    let render = |number: u32, total: u32| {
        let slide = value(
            &json!({"number": number, "total": total, "first": number == 1, "last": number == total}),
        );
        env.get_template("slide.prompt")
            .unwrap()
            .render(context! {
                text => value(&json!({"headline": "公式", "body": "主体 + 场景"})),
                vars => value(&json!({})),
                style => value(&json!({"name": "", "prompt": "ink drawing", "vars": {}})),
                preset => preset("xiaohongshu-slide", 1080, 1440, "portrait", 0),
                slide,
            })
            .unwrap()
    };
    assert_eq!(render(7, 30), render(8, 31));
    assert_ne!(render(1, 30), render(2, 30));
    assert_ne!(render(30, 30), render(29, 30));
}

#[test]
fn the_slides_that_we_hand_out_keep_the_rules() {
    let env = templates(false);
    let tables = [
        (
            include_str!("../../../../example-project/carousel/slides.csv"),
            30,
        ),
        (include_str!("../../../../src/init/files/slides.csv"), 5),
    ];
    for (table, slides) in tables {
        let file = ProjectPath::new("slides.csv").unwrap();
        let rows = data::read(data::Format::Csv, &file, table.as_bytes()).unwrap();
        let mut number = 0;
        for row in rows {
            let row = row.value.as_object().unwrap().clone();
            let cells: Vec<(&str, [&str; 1])> = row
                .iter()
                .map(|(column, cell)| (column.as_str(), [cell.as_str().unwrap()]))
                .collect();
            let roles: Vec<(&str, &[&str])> = cells
                .iter()
                .filter(|(column, _)| ROLES.contains(column))
                .map(|(column, cell)| (*column, &cell[..]))
                .collect();
            let words = text(&roles);
            number += 1;
            let slide = json!({"first": number == 1, "last": number == slides});
            let prompt = env
                .get_template("slide.prompt")
                .unwrap()
                .render(context! {
                    text => drawn(&words),
                    vars => value(&json!({"subject": cells.last().map(|(_, cell)| cell[0])})),
                    style => value(&json!({"name": "", "prompt": "", "vars": {}})),
                    preset => preset("xiaohongshu-slide", 1080, 1440, "portrait", 0),
                    slide => value(&slide),
                })
                .unwrap();
            assert_eq!(lint(&prompt, &words, 1080, 1440), [], "{prompt}");
        }
        assert_eq!(number, slides);
    }
}
