//! Marks of which nothing is drawn: where a link is, what is an icon of a site generator. Knows no type.

use super::{MAX_RUN, closing};

/// The sets of icons that Material for MkDocs draws by name.
const ICONS: [&str; 4] = ["material-", "fontawesome-", "octicons-", "simple-"];
/// The longest name of an icon, in characters.
const MAX_ICON: usize = 64;

/// A text in which the marks are left out that Markdown itself does not know: `==highlight==`, and icons.
pub fn dropped(text: &str) -> String {
    if !text.contains("==") && !text.contains(':') {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let pair = c == '=' && chars.get(at + 1) == Some(&'=');
        if pair && ends.last() == Some(&at) {
            ends.pop();
            at += 2;
        } else if pair
            && chars.get(at + 2) != Some(&'=')
            && let Some(end) = closing(&chars, at, 2)
        {
            ends.push(end);
            at += 2;
        } else if c == ':'
            && let Some(end) = icon(&chars, at)
        {
            let before = kept.is_empty() || kept.ends_with(char::is_whitespace);
            at = end + usize::from(before && chars.get(end) == Some(&' '));
        } else {
            kept.push(c);
            at += 1;
        }
    }
    kept
}

/// The end of an icon at `at`: `:material-home:` anywhere, `:rocket:` where it stands alone.
pub(super) fn icon(chars: &[char], at: usize) -> Option<usize> {
    let rest = chars.get(at + 1..)?;
    let is_name = |c: &&char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-+".contains(**c);
    let length = rest.iter().take(MAX_ICON).take_while(is_name).count();
    if length < 2 || rest.get(length) != Some(&':') {
        return None;
    }
    let name: String = rest[..length].iter().collect();
    let end = at + length + 2;
    let is_edge = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace());
    let alone = is_edge(at.checked_sub(1).and_then(|n| chars.get(n))) && is_edge(chars.get(end));
    let is_named = ICONS.iter().any(|set| name.starts_with(set));
    let is_emoji =
        alone && (name.starts_with(|c: char| c.is_ascii_lowercase()) || name.ends_with('1'));
    (is_named || is_emoji).then_some(end)
}

/// Where the words of a link at `at` end, and where the link does: `[words](url)` and `[words](url "title")`, not
/// beside a word, as `handlers[0](event)` is.
pub(super) fn link(chars: &[char], at: usize) -> Option<(usize, usize)> {
    if chars.get(at) != Some(&'[') {
        return None;
    }
    let before = at.checked_sub(1).and_then(|n| chars.get(n));
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, ']' | ')' | '_')) {
        return None;
    }
    let chars = &chars[..chars.len().min(at + MAX_RUN)];
    let words = matching(chars, at, '[', ']')?;
    if words == at + 1 || chars.get(words + 1) != Some(&'(') {
        return None;
    }
    let end = matching(chars, words + 1, '(', ')')?;
    let target: String = chars[words + 2..end].iter().collect();
    let target = target.trim();
    let is_url = match target.split_once(char::is_whitespace) {
        None => !target.is_empty(),
        Some((_, title)) => title.trim().starts_with(['"', '\'', '(']),
    };
    is_url.then_some((words, end + 1))
}

/// Where what opens at `at` closes.
fn matching(chars: &[char], at: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut here = at;
    while let Some(&c) = chars.get(here) {
        match c {
            '\\' => here += 1,
            c if c == open => depth += 1,
            c if c == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(here);
                }
            }
            _ => {}
        }
        here += 1;
    }
    None
}
