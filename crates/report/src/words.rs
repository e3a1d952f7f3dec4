//! Small texts: money, times, counts, columns, and what makes a text safe to show. Knows nothing of
//! events.

use std::fmt::Write as _;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use base::diagnostic::Diagnostic;
use base::door;
use base::fs::system_words;

/// `$0.159`, `$1.20`: exact, with at least two decimals.
pub(super) fn dollars(micros: u64) -> String {
    let decimals = format!("{:06}", micros % 1_000_000);
    let kept = decimals.trim_end_matches('0').len().max(2);
    format!("${}.{}", thousands(micros / 1_000_000), &decimals[..kept])
}

/// `$0.048` for an estimate: more decimals would promise what no estimate keeps. Below a tenth of a
/// cent they are shown all the same.
pub(super) fn about(micros: u64) -> String {
    match micros {
        0..1_000 => dollars(micros),
        _ => dollars((micros + 500) / 1_000 * 1_000),
    }
}

/// `0.159` for JSON: exact, which a division in floating point is not by itself.
pub(super) fn dollars_number(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `9,950`.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `4ms`, `1.8s`, `2m 05s`, `1h 02m`.
pub(super) fn elapsed(time: Duration) -> String {
    let millis = time.as_millis();
    let seconds = time.as_secs();
    match millis {
        0 => "0ms".to_owned(),
        1..1_000 => format!("{millis}ms"),
        1_000..60_000 => format!("{}.{}s", millis / 1_000, millis % 1_000 / 100),
        60_000..3_600_000 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// One line of text that cannot rewrite the terminal or turn itself around.
pub(super) fn clean(text: &str) -> String {
    door::line(text).into_owned()
}

/// How many columns of a terminal a text takes; a Chinese character takes two.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Spaces from the end of `text` to the column `width`.
pub(super) fn gap(text: &str, column: usize) -> String {
    " ".repeat(column.saturating_sub(width(text)))
}

/// A text and the spaces behind it, so that it takes so many columns of a terminal at least.
pub fn columns(text: &str, columns: usize) -> String {
    format!("{text}{}", gap(text, columns))
}

/// Joins what there is: `a, b and c`.
pub(super) fn sentence(parts: &[String]) -> String {
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let before = match at {
            0 => "",
            _ if at + 1 == parts.len() => " and ",
            _ => ", ",
        };
        let _ = write!(out, "{before}{part}");
    }
    out
}

/// What is told where standard output cannot be written.
pub(super) fn unwritten(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!(
        "cannot write to standard output: {}",
        system_words(error)
    ))
}

#[cfg(test)]
mod tests {
    use super::{clean, dollars, dollars_number, elapsed, gap, sentence, thousands};
    use std::time::Duration;

    #[test]
    fn money_is_exact() {
        let texts = [
            0,
            6_000,
            159_000,
            1_200_000,
            1_234_567,
            1_000_000_000_000_001,
        ]
        .map(|micros| format!("{} {}", dollars(micros), dollars_number(micros)));
        assert_eq!(
            texts,
            [
                "$0.00 0",
                "$0.006 0.006",
                "$0.159 0.159",
                "$1.20 1.2",
                "$1.234567 1.234567",
                "$1,000,000,000.000001 1000000000.000001",
            ]
        );
    }

    #[test]
    fn times_and_counts() {
        let texts = [0, 4, 999, 1_849, 59_999, 125_000, 3_725_000]
            .map(|millis| elapsed(Duration::from_millis(millis)));
        assert_eq!(
            texts,
            ["0ms", "4ms", "999ms", "1.8s", "59.9s", "2m 05s", "1h 02m"]
        );
        assert_eq!(
            [0, 999, 1_000, 9_950, 1_234_567].map(thousands),
            ["0", "999", "1,000", "9,950", "1,234,567"]
        );
        assert_eq!(
            sentence(&["a".into(), "b".into(), "c".into()]),
            "a, b and c"
        );
    }

    #[test]
    fn nothing_rewrites_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\nc\u{202e}d"),
            "a\\u{1b}[2Jb\\nc\\u{202e}d"
        );
        assert_eq!(clean("30 天 · 上手"), "30 天 · 上手");
        assert_eq!(gap("封面", 6), "  ");
        assert_eq!(gap("longer", 3), "");
    }
}
