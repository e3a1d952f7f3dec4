//! The lines of a hundred headlines, set with the real fonts in a box of 920 px at 120 px. Tests only.

use std::collections::BTreeMap;

use super::Fonts;
use super::draw::compose;

/// The lines that a headline gets in a box of `width` px at `size` px.
fn set(text: &str, width: u32, size: u32, fonts: &Fonts) -> Vec<String> {
    let html = format!(
        "<html><head><style>*{{margin:0}} h1{{width:{width}px;font-size:{size}px;line-height:1.2;\
         font-family:'Noto Sans CJK SC';font-feature-settings:'palt'}}</style></head>\
         <body><h1 data-role='headline'>{text}</h1></body></html>"
    );
    let composed = compose(&html, 1080, 4000, fonts, &BTreeMap::new())
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let measured = composed.press.measure(composed.fitted.node).unwrap();
    let mut lines: Vec<(i32, String)> = Vec::new();
    let mut nodes = vec![&measured];
    while let Some(node) = nodes.pop() {
        for run in &node.runs {
            assert!(run.x + run.width <= width as f32 + 1.0, "{text}: {run:?}");
            let middle = (run.y + run.height / 2.0) as i32;
            match lines.last_mut() {
                Some((y, line)) if (*y - middle).abs() < size as i32 / 2 => {
                    line.push_str(&run.text);
                }
                _ => lines.push((middle, run.text.clone())),
            }
        }
        nodes.extend(&node.children);
    }
    lines.into_iter().map(|(_, line)| line).collect()
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
    for line in set(rest, 920, 120, fonts) {
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
        let lines = set(&text, 920, 120, &fonts);
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
