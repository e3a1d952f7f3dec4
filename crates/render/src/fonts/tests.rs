//! What the embedded fonts hold, and which files are taken as fonts.

use std::collections::BTreeMap;

use super::{EMBEDDED, FontError, Fonts};
use base::digest::Digest;

#[test]
fn the_digests_are_those_of_the_files() {
    for font in &EMBEDDED {
        assert_eq!(Digest::of(font.bytes).hex(), font.hex);
    }
    let fonts = Fonts::embedded().unwrap();
    assert_eq!(fonts.digests()[0].hex(), EMBEDDED[0].hex);
}

#[test]
fn what_no_font_has_is_named_once() {
    let fonts = Fonts::embedded().unwrap();
    assert_eq!(
        fonts.missing("30 天从 0 到 1 上手 AI — “引号” ①★✓ € ¥ × \u{200d}\u{fe0f}\n"),
        Vec::<char>::new()
    );
    assert_eq!(fonts.missing("上한手한 𠮷ع"), ['한', '𠮷', 'ع']);
}

#[test]
fn europe_vietnam_china_and_taiwan_can_be_written() {
    let fonts = Fonts::embedded().unwrap();
    for text in [
        "Žluťoučký kůň, Łódź, Őrült, İstanbul ğış, Ținut, Đorđe, ŋ ə ƒ",
        "Người Việt ở Đà Nẵng: ẵ ễ ợ ỷ",
        "Ελληνικά: Άά Ώώ Ϊΰ, Русский Ёё, Українська Ґґ Її Єє, Ќќ Ђђ, Қазақ Әәғ",
        "€ £ ₽ ₴ ₹ ₩ ₫ ₺ ₦ ₿ ₱ ₪ ₡ ₸ ₼ ₾ ₤",
        "✗ ✘ ✔ ☐ ☑ ☒ ⌘ ⌥ ⏎ ⌫ ⚠ ⚡ ∞ ≈ → ⇒",
        "𬭁𬭎鿍鿎鿏䶮㸆㛃𫍲", // of the 通用规范汉字表, and not of GB 2312
        "臺灣繁體中文設計學習龍龜鬱籲麗憂",
        "🚀🎉✨🔥💡❤️👍🏽👨‍👩‍👧‍👦🇨🇳",
    ] {
        assert_eq!(fonts.missing(text), Vec::<char>::new(), "{text}");
    }
}

#[test]
fn a_keycap_is_told_and_not_drawn_as_a_box() {
    let fonts = Fonts::embedded().unwrap();
    assert_eq!(fonts.missing("1\u{fe0f}\u{20e3}"), ['\u{20e3}']);
}

#[test]
fn a_file_that_is_no_font_is_refused() {
    let mut fonts = Fonts::embedded().unwrap();
    let embedded = fonts.digests().len();
    let regular = EMBEDDED[0].bytes;
    let error = fonts.add("brand/logo.png", vec![0; 64]).unwrap_err();
    assert!(matches!(&error, FontError::NotAFont { name, .. } if name == "brand/logo.png"));
    assert!(
        error
            .to_string()
            .starts_with("`brand/logo.png` is not an OTF, TTF, TTC, WOFF or WOFF2 font: ")
    );
    fonts.add("again.otf", regular.to_vec()).unwrap();
    assert_eq!(fonts.digests().len(), embedded + 1);
    assert!(fonts.add("cut.otf", regular[..9000].to_vec()).is_err());
}

const SLICES: [(&str, &[u8]); 2] = [
    (
        "NotoSansCJKKR-Bold.1.woff2",
        include_bytes!("../../../../tests/fonts/NotoSansCJKKR-Bold.1.woff2"),
    ),
    (
        "NotoSansCJKKR-Bold.2.woff",
        include_bytes!("../../../../tests/fonts/NotoSansCJKKR-Bold.2.woff"),
    ),
];

/// The pixels of a text that are inked.
fn ink(text: &str, fonts: &Fonts) -> usize {
    let html = format!(
        "<html><body style='margin:0;font:700 60px \"Noto Sans CJK KR\"'><p data-role='note'>{text}</p></body></html>"
    );
    let image = crate::draw(&html, 400, 200, fonts, &BTreeMap::new()).unwrap();
    image.pixels().filter(|pixel| pixel.0[3] > 128).count()
}

#[test]
fn slices_of_one_face_as_woff_and_woff2_are_one_font() {
    let mut fonts = Fonts::embedded().unwrap();
    let both = "한국어 데이터.";
    assert_eq!(fonts.missing(both), ['한', '국', '어', '데', '이', '터']);
    for (name, bytes) in SLICES {
        fonts.add(name, bytes.to_vec()).unwrap();
    }
    assert_eq!(fonts.missing(both), Vec::<char>::new());
    let parts = ink("한국어", &fonts) + ink("데이터.", &fonts);
    let (whole, pixels) = (ink(both, &fonts), 3000);
    assert!(
        parts > pixels && whole.abs_diff(parts) < pixels / 20,
        "{parts} {whole}"
    );
    // In either order.
    let mut turned = Fonts::embedded().unwrap();
    for (name, bytes) in SLICES.into_iter().rev() {
        turned.add(name, bytes.to_vec()).unwrap();
    }
    assert_eq!(ink(both, &turned), ink(both, &fonts));
}

#[test]
fn a_bent_or_lying_woff_is_refused_and_no_more() {
    for (name, bytes) in SLICES {
        let mut seed = 1_u32;
        for _ in 0..300 {
            let mut bent = bytes.to_vec();
            for _ in 0..3 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (seed >> 8) as usize % bent.len();
                bent[at] ^= (seed >> 24) as u8 | 1;
            }
            let _ = Fonts::embedded().unwrap().add(name, bent);
            let cut = (seed >> 8) as usize % bytes.len();
            assert!(
                Fonts::embedded()
                    .unwrap()
                    .add(name, bytes[..cut].to_vec())
                    .is_err()
            );
        }
    }
    // Its first table says that it is 4 GB.
    let mut large = SLICES[1].1.to_vec();
    large[44 + 12..44 + 16].fill(0xff);
    let error = Fonts::embedded()
        .unwrap()
        .add("large.woff", large)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`large.woff` is not an OTF, TTF, TTC, WOFF or WOFF2 font: its list of tables is cut, or says more than can be"
    );
}

#[test]
fn what_would_be_a_box_is_missing() {
    let fonts = Fonts::embedded().unwrap();
    assert_eq!(fonts.missing("a\t\r\n \u{200d}\u{3000}b"), [] as [char; 0]);
    let boxes = ['\u{7}', '\u{85}', '\u{2028}', '\u{2029}'];
    let text: String = boxes.iter().collect();
    assert_eq!(fonts.missing(&text), boxes);
}
