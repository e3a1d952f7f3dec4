//! The built-in overlays, composed in every shape, in every place and with every role: nothing is cut
//! and nothing overlaps. Tests only.

use std::collections::BTreeMap;

use image::{Rgba, RgbaImage};
use serde_json::json;

use super::layouts::{FONTS, SHAPES, compose, render};
use ::render::{DrawError, contrast};

/// Each with the places where it puts the words.
const OVERLAYS: [(&str, &[&str]); 2] = [
    ("band", &["bottom", "top", "left", "right"]),
    ("title", &["bottom", "top", "left", "right", "center"]),
];

#[test]
fn an_overlay_fits_every_shape_and_place() {
    let names = OVERLAYS.map(|(name, _)| format!("{name}.html"));
    assert_eq!(names, super::OVERLAYS);
    let campaign = json!({
        "badge": "限时报名 · 仅 24 席",
        "kicker": "第三期",
        "headline": "30 天从 0 到 1 上手 AI Engineering",
        "subhead": "四周 · 线上 · 小班",
        "footer": "班期 04-30 启动",
        "brand": "匠人学院",
    });
    let long = json!({ "headline": "我用 AI 做了一个月的小红书，涨粉 10,000+，把踩过的 12 个坑全部写在这里" });
    let short = json!({ "headline": "慢" });
    for shape in SHAPES {
        for (layout, places) in OVERLAYS {
            for place in places {
                for text in [&campaign, &long, &short] {
                    let vars = json!({ "place": place, "highlight": "AI" });
                    let drawn = render(layout, shape, text, &vars, [1, 1]);
                    assert_eq!(drawn, Ok(()), "{layout} {shape:?} {place} {text}");
                }
            }
            let empty = render(layout, shape, &json!({}), &json!({}), [1, 1]);
            assert_eq!(empty, Ok(()), "{layout}");
        }
    }
}

#[test]
fn an_overlay_reads_on_the_lightest_and_the_darkest_picture() {
    let text = json!({
        "badge": "限时报名",
        "kicker": "第三期",
        "headline": "30 天从 0 到 1 上手 AI",
        "subhead": "四周 · 线上 · 小班",
        "footer": "班期 04-30 启动",
        "note": "最终解释权归匠人学院",
    });
    for shape in [
        (600, 315, "wide"),
        (400, 400, "square"),
        (390, 520, "portrait"),
    ] {
        for (layout, place) in OVERLAYS
            .iter()
            .flat_map(|(l, places)| places.iter().map(move |p| (l, p)))
        {
            for (grey, scrim, accent) in [(255, "#0B0D14", "#FFB020"), (0, "#FFF4E0", "#E4572E")] {
                let vars = json!({ "place": place, "scrim": scrim, "accent": accent, "band": "translucent" });
                let html = compose(layout, shape, &text, &vars, [1, 1]);
                let (width, height, _) = shape;
                let under = RgbaImage::from_pixel(width, height, Rgba([grey, grey, grey, 255]));
                let faint = contrast(&html, width, height, &FONTS, &BTreeMap::new(), Some(&under));
                assert_eq!(
                    faint,
                    Ok(Vec::new()),
                    "{layout} {shape:?} {place} {scrim} {accent}"
                );
            }
        }
    }
}

#[test]
fn every_role_has_a_place_in_an_overlay_and_a_projects_own_too() {
    for role in base::text::ROLES.into_iter().chain(["motto"]) {
        let mut text = json!({ "headline": "先完成，再完美" });
        text[role] = json!(["四周线上", "每日打卡"]);
        for (layout, _) in OVERLAYS {
            for shape in SHAPES {
                let drawn = render(layout, shape, &text, &json!({}), [1, 1]);
                assert_eq!(drawn, Ok(()), "{layout} {role} {shape:?}");
            }
        }
        // A glyph that no font has shows that the role is drawn at all.
        text[role] = json!("한");
        for (layout, _) in OVERLAYS {
            let drawn = render(layout, SHAPES[8], &text, &json!({}), [1, 1]);
            let missing = Err(DrawError::MissingGlyphs(vec!['한']));
            assert_eq!(drawn, missing, "{layout} {role}");
        }
    }
}
