//! The white in a line: one thin space between Han and Latin, and full-width signs without their empty
//! half where a line ends or signs meet. Pure; knows characters, no widths and no fonts.

use super::words::{is_han, is_hangul};

/// Signs with an empty right half.
const AFTER: &str = "，。、；：！？）》」』】〉〕〗”’";
/// Signs with an empty left half.
const BEFORE: &str = "（《「『【〈〔〖“‘";
/// Signs that belong to the number or word after them.
const LEADING: &str = "$¥€£@#";
/// Signs that belong to the number or word before them.
const TRAILING: &str = "%‰℃°+#*";

/// The half of a full-width sign that is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// The left half: an opening bracket.
    Before,
    /// The right half: a comma, a closing bracket.
    After,
}

/// Which half of a sign is empty.
pub(super) fn empty(c: char) -> Option<Empty> {
    match c {
        c if AFTER.contains(c) => Some(Empty::After),
        c if BEFORE.contains(c) => Some(Empty::Before),
        _ => None,
    }
}

/// Whether a sign gives up its empty half between its neighbours; `None` is the end of a line.
pub(super) fn is_squeezed(before: Option<char>, c: char, after: Option<char>) -> bool {
    // Quotation marks are Latin as well as Chinese: beside Latin their blank is one too many.
    let quotes = "“”‘’".contains(c);
    let bare = |c: char| !is_han(c) && empty(c).is_none() && !"—…·\n".contains(c);
    match empty(c) {
        Some(Empty::After) => after.is_none_or(|n| empty(n).is_some() || (quotes && bare(n))),
        Some(Empty::Before) => {
            before.is_none_or(|p| empty(p) == Some(Empty::Before) || (quotes && bare(p)))
        }
        None => false,
    }
}

/// The same text with one space wherever Han and Latin meet, however the author typed it, and none
/// beside a full-width sign, which brings its own. `T` says where a character came from.
pub(super) fn evened<T: Copy>(chars: &[(char, T)]) -> Vec<(char, T)> {
    let mut even: Vec<(char, T)> = Vec::with_capacity(chars.len() + 8);
    for (index, &(c, from)) in chars.iter().enumerate() {
        let c = match c {
            // The fonts have none of these, and a space does not fail to be drawn: it is not seen.
            '\u{2000}'..='\u{200a}' | '\u{205f}' => ' ',
            '\u{202f}' => '\u{a0}',
            c => c,
        };
        let next = chars.get(index + 1).map(|(c, _)| *c);
        let last = even.last().copied();
        if c == ' ' && (last.is_some_and(|(c, _)| is_wide(c)) || next.is_some_and(is_wide)) {
            continue;
        }
        if let Some((last, leaf)) = last {
            let before = even.len().checked_sub(2).map(|i| even[i].0);
            if (is_ideograph(last) && begins_latin(c, next))
                || (ends_latin(before, last) && is_ideograph(c))
            {
                even.push((' ', leaf));
            }
        }
        even.push((c, from));
    }
    even
}

/// A sign that is full-width in every font: quotation marks, dashes and dots are not.
fn is_wide(c: char) -> bool {
    empty(c).is_some() && !"“”‘’".contains(c)
}

/// What a space sets apart from Latin. Korean has spaces of its own.
fn is_ideograph(c: char) -> bool {
    is_han(c) && !is_hangul(c) && !matches!(c, '\u{30fb}' | '\u{3200}'..='\u{33ff}')
}

/// A letter or digit that is narrower than a hanzi.
fn is_latin(c: char) -> bool {
    c.is_alphanumeric()
        && !is_han(c)
        && !is_hangul(c)
        && !matches!(c, '\u{2460}'..='\u{24ff}' | '\u{2776}'..='\u{2793}' | '\u{ff00}'..='\u{ffef}')
}

fn begins_latin(c: char, next: Option<char>) -> bool {
    is_latin(c) || (LEADING.contains(c) && next.is_some_and(is_latin))
}

fn ends_latin(before: Option<char>, c: char) -> bool {
    is_latin(c)
        || (TRAILING.contains(c)
            && before.is_some_and(|before| is_latin(before) || TRAILING.contains(before)))
}

#[cfg(test)]
mod tests {
    use super::{evened, is_squeezed};

    fn even(text: &str) -> String {
        let chars: Vec<(char, ())> = text.chars().map(|c| (c, ())).collect();
        evened(&chars).into_iter().map(|(c, ())| c).collect()
    }

    #[test]
    fn han_and_latin_stand_apart_by_one_space_however_it_was_typed() {
        for (typed, set) in [
            ("30天上手AI工程", "30 天上手 AI 工程"),
            ("30 天上手 AI 工程", "30 天上手 AI 工程"),
            ("30\u{2009}天上手\u{2005}AI", "30 天上手 AI"),
            ("30\u{a0}天，30\u{202f}天", "30\u{a0}天，30\u{a0}天"),
            ("价格¥199起，涨3.5%的人", "价格 ¥199 起，涨 3.5% 的人"),
            ("C++与C#的区别", "C++ 与 C# 的区别"),
            ("涨粉10,000+之后", "涨粉 10,000+ 之后"),
            ("，AI（ChatGPT）。", "，AI（ChatGPT）。"),
            ("你好， AI 。好", "你好，AI。好"),
            ("“AI”时代", "“AI”时代"),
            ("say “hi” now", "say “hi” now"),
            ("100㎡的家，①号", "100㎡的家，①号"),
            ("2026년 신간 AI책", "2026년 신간 AI책"),
            ("第一章 概论", "第一章 概论"),
            ("@小明 看GPT-5", "@小明 看 GPT-5"),
            ("ＡＩ时代", "ＡＩ时代"),
            ("AIの使い方", "AI の使い方"),
        ] {
            assert_eq!(even(typed), set);
            assert_eq!(even(set), set, "twice");
        }
    }

    /// The signs of a line that are squeezed in brackets.
    fn squeezed(line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let mut shown = String::new();
        for (i, c) in chars.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| chars[i]);
            if is_squeezed(before, *c, chars.get(i + 1).copied()) {
                shown.extend(['[', *c, ']']);
            } else {
                shown.push(*c);
            }
        }
        shown
    }

    #[test]
    fn signs_are_squeezed_at_the_ends_and_where_they_meet() {
        for (line, shown) in [
            ("读完，再说", "读完，再说"),
            ("读完，", "读完[，]"),
            ("《置身事内》", "[《]置身事内[》]"),
            ("读《书》，想", "读《书[》]，想"),
            ("《甲》（乙）", "[《]甲[》]（乙[）]"),
            ("他说：「『好』」", "他说[：]「[『]好[』][」]"),
            ("真的？！好", "真的[？]！好"),
            ("为“慢”叫好", "为“慢”叫好"),
            ("say “hi” now", "say [“]hi[”] now"),
            ("学“AI”课", "学“AI”课"),
            ("好……”他", "好……”他"),
        ] {
            assert_eq!(squeezed(line), shown);
        }
    }
}
