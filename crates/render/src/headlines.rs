//! The lines of a hundred headlines, set with the real fonts in a box of 920 px at 120 px. Tests only.

use std::collections::BTreeMap;

use super::draw::compose;
use super::{DrawError, Fonts};

/// The lines that a headline gets in a box of `width` px at `size` px, and how wide they are.
fn lines(text: &str, width: u32, size: u32, css: &str, fonts: &Fonts) -> Vec<(String, f32)> {
    let html = format!(
        "<html><head><style>*{{margin:0}} h1{{width:{width}px;font-size:{size}px;line-height:1.2;\
         font-family:'Noto Sans CJK SC';{css}}}</style></head>\
         <body><h1 data-role='headline'>{text}</h1></body></html>"
    );
    let composed = compose(&html, 1080, 4000, fonts, &BTreeMap::new())
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let measured = composed.canvas.measure(composed.fitted.node).unwrap();
    let mut lines: Vec<(i32, String, f32)> = Vec::new();
    let mut nodes = vec![&measured];
    while let Some(node) = nodes.pop() {
        for run in &node.runs {
            let (middle, right) = ((run.y + run.height / 2.0) as i32, run.x + run.width);
            assert!(right <= width as f32 + 1.0, "{text}: {run:?}");
            match lines.last_mut() {
                Some((y, line, wide)) if (*y - middle).abs() < size as i32 / 2 => {
                    line.push_str(&run.text);
                    *wide = right;
                }
                _ => lines.push((middle, run.text.clone(), right)),
            }
        }
        nodes.extend(&node.children);
    }
    let lines = lines.into_iter();
    lines.map(|(_, line, wide)| (line, wide)).collect()
}

/// The lines of a headline as the built-in layouts set it.
fn set(text: &str, fonts: &Fonts) -> Vec<String> {
    let lines = lines(text, 920, 120, "font-feature-settings:'palt'", fonts);
    lines.into_iter().map(|(line, _)| line).collect()
}

/// The embedded fonts, and those of a project that sets traditional Chinese, Japanese, Korean and emoji.
fn fonts() -> Fonts {
    let mut fonts = Fonts::embedded().unwrap();
    for (name, bytes) in [
        (
            "NotoSansCJKTC-Bold.otf",
            &include_bytes!("../../../tests/fonts/NotoSansCJKTC-Bold.otf")[..],
        ),
        (
            "NotoColorEmoji.ttf",
            &include_bytes!("../../../tests/fonts/NotoColorEmoji.ttf")[..],
        ),
    ] {
        fonts.add(name, bytes.to_vec()).unwrap();
    }
    fonts
}

/// The rows of `headlines.txt`: a headline with a bar where a line ends.
fn table() -> impl Iterator<Item = &'static str> {
    include_str!("headlines.txt")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
}

/// The row with bars where its headline is broken.
fn marked(row: &str, fonts: &Fonts) -> String {
    let mut rest: &str = &row.replace('|', "");
    let mut marked = String::new();
    for line in set(rest, fonts) {
        if !marked.is_empty() {
            marked.push('|');
        }
        for c in line.chars().filter(|c| !c.is_whitespace()) {
            let at = rest.find(c).unwrap_or_else(|| panic!("{row}: {line}")) + c.len_utf8();
            marked.push_str(&rest[..at]);
            rest = &rest[at..];
        }
        // The space at the end of a line is the author's.
        let spaces = rest.len() - rest.trim_start().len();
        marked.push_str(&rest[..spaces]);
        rest = &rest[spaces..];
    }
    marked
}

#[test]
fn headlines_break_where_a_typesetter_would_break_them() {
    let fonts = fonts();
    let wrong: Vec<String> = table()
        .map(|want| (want, marked(want, &fonts)))
        .filter(|(want, got)| got != want)
        .map(|(want, got)| format!("{want}\n{got}\n"))
        .collect();
    assert!(table().count() > 100);
    assert!(wrong.is_empty(), "wanted, set:\n{}", wrong.join("\n"));
}

/// Judged by the dictionary of another segmenter, and by nothing that the line breaking knows.
#[test]
fn no_line_ends_inside_a_word_and_no_character_stands_alone() {
    let (fonts, jieba) = (fonts(), jieba_rs::Jieba::new());
    let mut torn = Vec::new();
    for row in table() {
        let text = row.replace('|', "");
        let lines = set(&text, &fonts);
        let words = jieba.cut(&text, false);
        let ends: Vec<usize> = words
            .iter()
            .scan(0, |end, word| {
                *end += word.word.len();
                Some(*end)
            })
            .collect();
        let mut at = 0;
        for line in &lines[..lines.len() - 1] {
            at += text[at..].find(line.trim()).unwrap() + line.trim().len();
            if !ends.contains(&at) {
                torn.push(format!("{}|{}", &text[..at], &text[at..]));
            }
        }
        let last = lines[lines.len() - 1].trim_end_matches(|c: char| !c.is_alphanumeric());
        assert!(lines.len() == 1 || last.chars().count() > 1, "{lines:?}");
    }
    assert!(torn.is_empty(), "{torn:#?}");
}

/// How wide each line is at 100 px, without `palt`.
fn wide(text: &str, room: u32, css: &str) -> Vec<u32> {
    let lines = lines(text, room, 100, css, &fonts());
    lines
        .into_iter()
        .map(|(_, wide)| wide.round() as u32)
        .collect()
}

#[test]
fn a_gap_is_as_wide_however_it_was_typed() {
    let [han, latin, space] =
        [("做课", ""), ("AI", ""), ("A I", "")].map(|(text, css)| wide(text, 900, css)[0]);
    assert_eq!(han, 200);
    let space = space - latin;
    assert!((13..=25).contains(&space), "{space}");
    for typed in [
        "做AI课",
        "做 AI 课",
        "做 AI课",
        "做AI\u{2009}课",
        "做<b>AI</b>课",
    ] {
        let set = wide(typed, 900, "font-weight:400");
        let bold = if typed.contains("<b>") {
            wide("AI", 900, "")[0]
        } else {
            wide("AI", 900, "font-weight:400")[0]
        };
        assert!(
            set[0].abs_diff(han + bold + 2 * space) <= 1,
            "{typed}: {set:?}"
        );
    }
}

#[test]
fn signs_lose_their_empty_half_at_the_ends_of_a_line_and_where_they_meet() {
    for (text, room, lines) in [
        ("读完", 900, &[200][..]),
        ("读完，", 900, &[250]),
        ("《书》", 900, &[200]),
        ("读《书》写", 900, &[500]),
        ("读《书》，写", 900, &[550]),
        ("他说：「『好』」", 900, &[600]),
        ("“慢”", 900, &[200]),
        // The comma lets the line end that would else be too wide by a half.
        ("先学会，再说吧", 360, &[350, 300]),
        ("我读《三体》", 310, &[200, 300]),
    ] {
        assert_eq!(wide(text, room, ""), lines, "{text}");
    }
    // Set by `palt` already, and by a font whose comma stands in the middle.
    assert_eq!(wide("读完，", 900, "font-feature-settings:'palt'"), [250]);
    assert_eq!(wide("什麼，", 900, "font-family:'Noto Sans CJK TC'"), [250]);
    // A font that cannot squeeze: nothing is cut.
    assert_eq!(wide("🔥，", 900, "font-family:'Noto Color Emoji'").len(), 1);
}

#[test]
fn other_scripts_need_a_font_and_are_drawn_with_it() {
    let embedded = Fonts::embedded().unwrap();
    for text in ["데이터", "𠮷野家"] {
        let html = format!("<html><body><h1 data-role='headline'>{text}</h1></body></html>");
        let draw = |fonts: &Fonts| super::draw(&html, 400, 200, fonts, &BTreeMap::new());
        assert!(
            matches!(draw(&embedded), Err(DrawError::MissingGlyphs(_))),
            "{text}"
        );
        let image = draw(&fonts()).unwrap();
        let ink = image.pixels().filter(|pixel| pixel.0[3] > 128).count();
        assert!(ink > 300, "{text}: {ink}");
    }
}

#[test]
fn a_colour_emoji_of_the_project_comes_before_the_embedded_one() {
    let coloured = |fonts: &Fonts| {
        let html =
            "<html><body style='color:#000'><h1 data-role='headline'>火 🔥</h1></body></html>";
        let image = super::draw(html, 400, 200, fonts, &BTreeMap::new()).unwrap();
        let coloured = |[r, _, b, a]: [u8; 4]| a == 255 && r > b.saturating_add(60);
        image.pixels().filter(|pixel| coloured(pixel.0)).count()
    };
    assert_eq!(coloured(&Fonts::embedded().unwrap()), 0);
    assert!(coloured(&fonts()) > 100);
}

#[test]
fn a_word_that_no_line_can_hold_is_parted_before_it_is_refused() {
    let fonts = Fonts::embedded().unwrap();
    for (text, set) in [
        (
            "CLIENT_ERRORS_SUMMARY_BY_HOST",
            &["CLIENT_", "ERRORS_", "SUMMARY_", "BY_HOST"][..],
        ),
        (
            "用 ConcurrentModificationException",
            &["用", "Concurrent", "Modification", "Exception"],
        ),
        ("a b", &["a b"]),
    ] {
        let lines = lines(text, 500, 80, "", &fonts);
        let lines: Vec<String> = lines.into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, set);
    }
}
