//! The built-in layouts, composed in every shape and with every role: nothing is cut and nothing
//! overlaps. Tests only.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, value::Serde};
use serde_json::{Value, json};

use super::{DrawError, Fonts, check};

pub(super) const SHAPES: [(u32, u32, &str); 11] = [
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
];

const LAYOUTS: [(&str, &str); 6] = [
    (
        "compare.html",
        include_str!("../../../templates/compare.html"),
    ),
    ("list.html", include_str!("../../../templates/list.html")),
    (
        "poster.html",
        include_str!("../../../templates/poster.html"),
    ),
    ("quote.html", include_str!("../../../templates/quote.html")),
    ("slide.html", include_str!("../../../templates/slide.html")),
    ("title.html", include_str!("../../../templates/title.html")),
];

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
        &Fonts::embedded().unwrap(),
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
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_function("is_light", |colour: &str| super::is_light(colour));
    environment.add_function("contrast", |a: &str, b: &str| super::hex_ratio(a, b));
    for (name, source) in LAYOUTS {
        environment.add_template(name, source).unwrap();
    }
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
    environment
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
            for (layout, slide) in [
                ("poster", [1, 1]),
                ("slide", [1, 9]),
                ("slide", [2, 9]),
                ("slide", [30, 30]),
                ("quote", [1, 1]),
                ("list", [1, 1]),
                ("compare", [1, 1]),
            ] {
                let text = json!({ "headline": headline });
                let drawn = render(layout, shape, &text, &json!({}), slide);
                assert_eq!(drawn, Ok(()), "{layout} {shape:?} {headline}");
            }
        }
    }
}

#[test]
fn a_poster_with_all_that_a_campaign_has_fits_every_shape() {
    let text = json!({
        "badge": "限时报名 · 仅 24 席",
        "headline": "30 天从 0 到 1 上手 AI Engineering",
        "subhead": "四周 · 线上 · 小班",
        "captions": ["每日打卡", "实战项目", "小班答疑", "结业作品"],
        "footer": "班期 04-30 启动",
    });
    let night = json!({ "accent": "#FFB020", "background": ["#0B1026", "#5B3CF5"], "highlight": "AI Engineering" });
    let light = json!({ "mood": "light", "decor": "grid" });
    let plain =
        json!({ "background": "#ffffff", "foreground": "navy", "accent": "teal", "decor": "none" });
    for shape in SHAPES {
        for vars in [&night, &light, &plain] {
            assert_eq!(
                render("poster", shape, &text, vars, [1, 1]),
                Ok(()),
                "{shape:?}"
            );
        }
    }
}

#[test]
fn every_role_has_a_place() {
    let upright: Vec<_> = SHAPES
        .into_iter()
        .filter(|(w, h, _)| w * 10 < h * 8)
        .collect();
    for role in crate::text::ROLES
        .into_iter()
        .filter(|role| *role != "headline")
    {
        for words in [json!("四周线上小班"), json!(["四周线上", "每日打卡"])] {
            let mut text = json!({ "headline": "先完成，再完美" });
            text[role] = words;
            for shape in upright.iter().chain([&SHAPES[2], &SHAPES[5]]) {
                for layout in ["poster", "slide", "quote", "list", "compare"] {
                    let with = render(layout, *shape, &text, &json!({}), [2, 9]);
                    assert_eq!(with, Ok(()), "{layout} {role} {shape:?}");
                }
            }
            // A glyph that no font has shows that the role is drawn at all.
            text[role] = json!("🚀");
            for layout in ["poster", "slide", "quote", "list", "compare"] {
                let with = render(layout, SHAPES[8], &text, &json!({}), [2, 9]);
                assert_eq!(
                    with,
                    Err(DrawError::MissingGlyphs(vec!['🚀'])),
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
        ] {
            for vars in [json!({}), json!({ "mood": "light" })] {
                let drawn = render(layout, shape, &text, &vars, [1, 1]);
                assert_eq!(drawn, Ok(()), "{layout} {shape:?}");
            }
        }
    }
}
