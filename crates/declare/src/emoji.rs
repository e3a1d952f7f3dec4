//! Which characters are emoji, and a text without them. Knows no fonts.

/// What joins emoji to one: `👩‍💻`.
const JOINER: char = '\u{200d}';
/// What asks for the picture of a character that is also a sign of type.
const AS_PICTURE: char = '\u{fe0f}';
/// What makes a key of a digit.
const KEYCAP: char = '\u{20e3}';

/// Whether a character is drawn as a picture by itself. Signs of type, such as `★`, `✓` and `©`, are none.
pub fn is_emoji(c: char) -> bool {
    matches!(c,
        KEYCAP | '\u{1f000}'..='\u{1faff}'
        | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23ec}' | '\u{23f0}' | '\u{23f3}' | '\u{25fd}' | '\u{25fe}'
        | '\u{2614}' | '\u{2615}' | '\u{2648}'..='\u{2653}' | '\u{267f}' | '\u{2693}' | '\u{26a1}' | '\u{26aa}'
        | '\u{26ab}' | '\u{26bd}' | '\u{26be}' | '\u{26c4}' | '\u{26c5}' | '\u{26ce}' | '\u{26d4}' | '\u{26ea}'
        | '\u{26f2}' | '\u{26f3}' | '\u{26f5}' | '\u{26fa}' | '\u{26fd}' | '\u{2705}' | '\u{270a}' | '\u{270b}'
        | '\u{2728}' | '\u{274c}' | '\u{274e}' | '\u{2753}'..='\u{2755}' | '\u{2757}' | '\u{2795}'..='\u{2797}'
        | '\u{27b0}' | '\u{27bf}' | '\u{2b1b}' | '\u{2b1c}' | '\u{2b50}' | '\u{2b55}')
}

/// A text without its emoji, and without the spaces that were only beside one.
pub fn without_emoji(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end(&chars, at);
        if end == at {
            kept.push(chars[at]);
            at += 1;
            continue;
        }
        at = end;
        let bare = kept.is_empty() || kept.ends_with(char::is_whitespace);
        if bare && chars.get(at) == Some(&' ') {
            at += 1;
        }
        if chars.get(at).is_none_or(|c| *c == '\n') {
            kept.truncate(kept.trim_end_matches(' ').len());
        }
    }
    kept
}

/// Where the emoji ends that begins at `at`; `at` itself if none does.
fn end(chars: &[char], at: usize) -> usize {
    let is = |n: usize, c: char| chars.get(n) == Some(&c);
    let digit = matches!(chars[at], '0'..='9' | '#' | '*');
    let key = at + 1 + usize::from(is(at + 1, AS_PICTURE));
    if digit {
        return if is(key, KEYCAP) { key + 1 } else { at };
    }
    let begins = |n: usize| {
        let sign = chars
            .get(n)
            .is_some_and(|c| !c.is_alphanumeric() && !c.is_whitespace());
        chars.get(n).copied().is_some_and(is_emoji) || (sign && is(n + 1, AS_PICTURE))
    };
    if !begins(at) {
        return at;
    }
    let mut end = at + 1;
    loop {
        match chars.get(end) {
            // Skins, and the letters of the flag of a region.
            Some(&(AS_PICTURE | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')) => end += 1,
            Some(&JOINER) if chars.get(end + 1).is_some_and(|c| !c.is_alphanumeric()) => end += 2,
            _ => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_emoji;

    #[test]
    fn emoji_go_and_their_spaces_with_them() {
        for (text, left) in [
            ("Ship it 🚀", "Ship it"),
            ("🚀 Ship it", "Ship it"),
            ("Ship 🚀 it", "Ship it"),
            ("🎉🎉30 天上手👩‍💻", "30 天上手"),
            ("❤️ and ❤", "and ❤"),
            ("1️⃣ first, 2 second", "first, 2 second"),
            ("👍🏽 ok 🇨🇳", "ok"),
            ("★ ✓ © stay", "★ ✓ © stay"),
            ("one 🚀\ntwo", "one\ntwo"),
            ("🚀", ""),
            ("no emoji", "no emoji"),
        ] {
            assert_eq!(without_emoji(text), left, "{text}");
        }
    }
}
