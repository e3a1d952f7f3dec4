//! How long an answer asks to wait, in each of the ways in which HTTP says so. Looks at no clock: a moment is told from
//! the answer's own.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::HeaderMap;

/// How long an answer asks to wait.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    if let Some(ms) = number("retry-after-ms") {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    if let Some(seconds) = number("retry-after") {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let moment = |name: &str| rfc2822::parse(text(name)?).ok();
    let (until, now) = (moment("retry-after")?, moment("date")?);
    let seconds = until.timestamp().as_second() - now.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::asked;

    #[test]
    fn seconds_fractions_and_moments() {
        let date = ("date", "Sat, 28 Nov 2026 10:00:00 GMT");
        let ms = |ms| Some(Duration::from_millis(ms));
        for (headers, expected) in [
            (vec![("retry-after", "12")], ms(12_000)),
            (vec![("retry-after", " 1.5 ")], ms(1500)),
            (
                vec![("retry-after-ms", "250.5"), ("retry-after", "9")],
                Some(Duration::from_micros(250_500)),
            ),
            (
                vec![("retry-after", "Sat, 28 Nov 2026 10:00:07 GMT"), date],
                ms(7000),
            ),
            (
                vec![("retry-after", "Sat, 28 Nov 2026 09:00:00 GMT"), date],
                ms(0),
            ),
            (vec![("retry-after", "Sat, 28 Nov 2026 10:00:07 GMT")], None),
            (vec![("retry-after", "soon"), date], None),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1e300")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![], None),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            assert_eq!(asked(&map), expected, "{headers:?}");
        }
    }
}
