//! The built-in layouts, composed in every shape and with every role: nothing is cut and nothing
//! overlaps. Tests only.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde_json::{Value, json};

use super::{BUILT_IN, OVERLAYS, built_in, environment};
use render::{DrawError, Fonts, check, contrast};

pub(super) const SHAPES: [(u32, u32, &str); 12] = [
    (900, 383, "wide"),
    (1500, 500, "wide"),
    (1200, 630, "wide"),
    (1920, 1080, "wide"),
    (1200, 900, "landscape"),
    (1080, 1080, "square"),
    (500, 500, "square"),
    (1080, 1350, "portrait"),
    (1080, 1440, "portrait"),
    (1080, 1920, "tall"),
    (1200, 3000, "tall"),
    (400, 1200, "tall"),
];

/// The layouts of whole pictures, by name. `slide` is one of three others, by a slide's place and words.
fn layouts() -> Vec<&'static str> {
    let pages = built_in().filter(|name| !OVERLAYS.contains(name) && *name != "slide.html");
    let layouts: Vec<&str> = pages
        .filter_map(|name| name.strip_suffix(".html"))
        .collect();
    assert!(layouts.len() >= 10, "{layouts:?}");
    layouts
}

/// Read once for all tests: a font takes longer to read than a page to compose.
pub(super) static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::embedded().unwrap());

/// The built-in templates, parsed once for all tests.
static TEMPLATES: LazyLock<Environment<'_>> = LazyLock::new(|| {
    let mut environment = environment(UndefinedBehavior::Strict);
    for (name, source) in BUILT_IN {
        environment.add_template(name, source).unwrap();
    }
    environment
});

/// Checks a layout with these texts and vars.
pub(super) fn render(
    layout: &str,
    shape: (u32, u32, &str),
    text: &Value,
    vars: &Value,
    slide: [u32; 2],
) -> Result<(), DrawError> {
    check(
        &compose(layout, shape, text, vars, slide),
        shape.0,
        shape.1,
        &FONTS,
        &BTreeMap::new(),
    )
}

/// The page of a layout with these texts and vars.
pub(super) fn compose(
    layout: &str,
    shape: (u32, u32, &str),
    text: &Value,
    vars: &Value,
    slide: [u32; 2],
) -> String {
    let (width, height, name) = shape;
    let [number, total] = slide;
    let context = json!({
        "text": text,
        "vars": vars,
        "style": { "name": "night", "prompt": "", "vars": {} },
        "preset": {
            "name": "test", "title": "Test", "width": width, "height": height, "shape": name,
            "ratio": f64::from(width) / f64::from(height),
            "safe": { "top": 12, "right": 0, "bottom": 20, "left": 0 },
        },
        "slide": { "number": number, "total": total, "first": number == 1, "last": number == total },
    });
    TEMPLATES
        .get_template(&format!("{layout}.html"))
        .unwrap()
        .render(Serde(&context))
        .unwrap()
}

#[test]
fn a_headline_alone_fits_every_shape() {
    for shape in SHAPES {
        for headline in [
            "慢",
            "30 天从 0 到 1 上手 AI Engineering",
            "我用 AI 做了一个月的小红书，涨粉 10,000+，把踩过的 12 个坑全部写在这里",
        ] {
            for layout in layouts() {
                let text = json!({ "headline": headline });
                let drawn = render(layout, shape, &text, &json!({}), [2, 9]);
                assert_eq!(drawn, Ok(()), "{layout} {shape:?} {headline}");
            }
        }
    }
}

#[test]
fn all_that_a_campaign_has_fits_every_layout_and_shape() {
    let text = json!({
        "badge": "限时报名 · 仅 24 席",
        "headline": "30 天从 0 到 1 上手 AI Engineering",
        "subhead": "四周 · 线上 · 小班",
        "captions": ["每日打卡", "实战项目", "小班答疑", "结业作品"],
        "footer": "班期 04-30 启动",
    });
    let night = json!({ "accent": "#FFB020", "background": ["#0B1026", "#5B3CF5"], "highlight": "AI Engineering" });
    let light = json!({ "mood": "light" });
    let plain =
        json!({ "background": "#ffffff", "foreground": "navy", "accent": "teal", "decor": "none" });
    for shape in SHAPES {
        for vars in [&night, &light, &plain] {
            for layout in layouts() {
                let drawn = render(layout, shape, &text, vars, [2, 9]);
                assert_eq!(drawn, Ok(()), "{layout} {shape:?}");
            }
        }
    }
}

#[test]
fn every_role_has_a_place() {
    for role in base::text::ROLES
        .into_iter()
        .filter(|role| *role != "headline")
    {
        for words in [json!("四周线上小班"), json!(["四周线上", "每日打卡"])] {
            let mut text = json!({ "headline": "先完成，再完美" });
            text[role] = words;
            for shape in [SHAPES[2], SHAPES[5], SHAPES[8], SHAPES[11]] {
                for layout in layouts() {
                    let with = render(layout, shape, &text, &json!({}), [2, 9]);
                    assert_eq!(with, Ok(()), "{layout} {role} {shape:?}");
                }
            }
            // A glyph that no font has shows that the role is drawn at all.
            text[role] = json!("한");
            for layout in layouts() {
                let with = render(layout, SHAPES[8], &text, &json!({}), [2, 9]);
                assert_eq!(
                    with,
                    Err(DrawError::MissingGlyphs(vec!['한'])),
                    "{layout} {role}"
                );
            }
        }
    }
}

#[test]
fn what_a_layout_is_for_fits_every_shape() {
    let items = [
        "先说用途：海报、封面还是课件",
        "把主体放进前五十个词",
        "文字用直引号，逐字写出",
        "颜色给色号，不给形容词",
        "最后一句：不要别的文字",
        "先画小样，再画大图",
        "每张图只说一件事",
    ];
    let both = |words: &str| [format!("{words}，三十张重画"), words.to_owned()];
    for shape in SHAPES {
        for (layout, text) in [
            (
                "quote",
                json!({ "kicker": "学员说", "quote": "我们不是在教 AI 写代码，是在教自己把问题说清楚。", "author": "林默 · 学员代表", "brand": "匠人学院" }),
            ),
            (
                "list",
                json!({ "kicker": "干货", "headline": "写好提示词的 7 条铁律", "items": items, "footer": "匠人学院" }),
            ),
            (
                "list",
                json!({ "headline": "写好提示词的 3 条铁律", "subhead": "照着填就行", "items": items[..3] }),
            ),
            (
                "compare",
                json!({ "headline": "同一张封面，两种做法", "before": both("改一个错字"), "after": both("只重画这一页"), "footer": "匠人学院" }),
            ),
            (
                "slide-page",
                json!({ "kicker": "零件四 · 文字", "headline": "要出现的字，照抄", "body": "每一句都放进英文直引号，连标点和空格一起抄。没写出来的字，就会被编出来。\n标题最大，副标题小一号，角标最小。", "items": items[4..], "footer": "提示词公式 · 匠人学院" }),
            ),
            (
                "slide-end",
                json!({ "kicker": "收藏这一套", "headline": "下次照着填", "body": "用途、场景、主体、文字、版式、风格、约束。七个空，填完就能出图。", "cta": "关注匠人学院", "footer": "提示词公式 · 匠人学院" }),
            ),
        ] {
            for vars in [json!({}), json!({ "mood": "light" })] {
                let drawn = render(layout, shape, &text, &vars, [4, 9]);
                assert_eq!(drawn, Ok(()), "{layout} {shape:?}");
            }
        }
    }
}

#[test]
fn a_slide_is_a_cover_a_page_or_an_end_by_its_place_and_words() {
    let plain = json!({ "headline": "先完成，再完美" });
    let ask = json!({ "headline": "先完成", "items": ["再完美"], "cta": "关注" });
    let read = json!({ "headline": "先完成", "items": ["再完美"] });
    for (text, slide, face) in [
        (&plain, [1, 9], "slide-cover"),
        (&plain, [2, 9], "slide-page"),
        (&plain, [9, 9], "slide-end"),
        (&ask, [9, 9], "slide-end"),
        (&read, [9, 9], "slide-page"),
        (&plain, [1, 1], "slide-cover"),
    ] {
        let page = |layout: &str| compose(layout, SHAPES[8], text, &json!({}), slide);
        assert!(page("slide") == page(face), "{face} {text}");
    }
}

#[test]
fn every_layout_reads_on_a_background_picture_of_the_other_mood() {
    let png = |pixel: [u8; 3]| {
        let mut bytes = Vec::new();
        image::RgbImage::from_pixel(8, 8, image::Rgb(pixel))
            .write_to(
                &mut std::io::Cursor::new(&mut bytes),
                image::ImageFormat::Png,
            )
            .unwrap();
        bytes
    };
    let text = json!({
        "badge": "限时报名",
        "kicker": "第三期",
        "headline": "30 天上手 AI",
        "subhead": "四周 · 线上",
        "author": "林默",
        "footer": "班期 04-30",
    });
    for (mood, grounds) in [
        ("dark", [[255; 3], [255, 210, 0]]),
        ("light", [[0; 3], [120, 0, 40]]),
    ] {
        for ground in grounds {
            let images = BTreeMap::from([
                ("img/bg.png".to_owned(), png(ground)),
                ("img/logo.png".to_owned(), png([128; 3])),
            ]);
            let vars =
                json!({ "mood": mood, "background_image": "img/bg.png", "logo": "img/logo.png" });
            for shape in [
                (600, 255, "wide"),
                (400, 400, "square"),
                (390, 520, "portrait"),
            ] {
                for layout in layouts() {
                    let html = compose(layout, shape, &text, &vars, [2, 9]);
                    assert!(html.contains("logo.png"), "{layout}");
                    let shown = html.contains("bg.png") || layout == "slide-end";
                    assert!(shown, "{layout}");
                    let faint = contrast(&html, shape.0, shape.1, &FONTS, &images, None);
                    assert_eq!(
                        faint,
                        Ok(Vec::new()),
                        "{layout} {mood} {ground:?} {shape:?}"
                    );
                }
            }
        }
    }
}
