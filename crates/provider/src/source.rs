//! Where an answer says that a picture is: from which URL it may be fetched, and until when that lives. Fetches nothing.

use std::net::IpAddr;

use jiff::{Span, Timestamp, civil, tz::TimeZone};
use reqwest::Url;

use crate::address::is_here;

/// The longest URL that is taken: one that is signed has some thousand signs.
pub(crate) const MAX_URL: usize = 4096;

/// Why nothing is fetched from a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// Neither `https:`, nor on this machine as the whole provider is.
    NotSafe,
    /// A place of this machine or of its network, named by a provider that is neither.
    Private,
}

impl SourceError {
    /// What is wrong, as the end of a sentence.
    pub fn why(self) -> &'static str {
        match self {
            Self::NotSafe => "gpbuild fetches by `https:` only",
            Self::Private => "that is a place of your own network, and the provider is not",
        }
    }
}

/// Whether a picture may be fetched from `url` on the word of the provider at `base`. A name that leads to a place of
/// this network is none by itself: whoever answers there has to show the certificate for it.
pub fn check(url: &Url, base: &Url) -> Result<(), SourceError> {
    let is_local = is_here(base);
    match url.scheme() {
        "https" => {}
        "http" if is_local && is_here(url) => return Ok(()),
        _ => return Err(SourceError::NotSafe),
    }
    let is_own = url.origin() == base.origin();
    match is_local || is_own || !is_private(url) {
        true => Ok(()),
        false => Err(SourceError::Private),
    }
}

/// Whether its host is named by an address that only this network has, or is this machine.
fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(address) = bare.parse::<IpAddr>() else {
        return is_here(url);
    };
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || is_shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

/// Until when a signed URL lives, where it says so in one of the ways of Amazon, Volcengine, Aliyun, Google or Azure.
pub fn lives_until(url: &Url) -> Option<Timestamp> {
    let value = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.into_owned()))
    };
    if let Some(until) = value("se").and_then(|text| text.parse().ok()) {
        return Some(until);
    }
    if let Some(seconds) = value("Expires").and_then(|text| text.parse().ok()) {
        return Timestamp::from_second(seconds).ok();
    }
    ["X-Amz", "X-Tos", "X-Goog", "X-Oss"]
        .iter()
        .find_map(|who| {
            let signed = value(&format!("{who}-Date"))?;
            let signed = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed).ok()?;
            let life: i64 = value(&format!("{who}-Expires"))?.parse().ok()?;
            let signed = TimeZone::UTC.to_timestamp(signed).ok()?;
            signed.checked_add(Span::new().try_seconds(life).ok()?).ok()
        })
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{SourceError, check, lives_until};

    #[test]
    fn nobody_far_away_has_us_look_into_our_own_network() {
        use SourceError::{NotSafe, Private};
        let far = "https://api.example.com/v1";
        let here = "http://127.0.0.1:7/v1";
        let gateway = "https://10.0.0.7/v1";
        for (base, url, expected) in [
            (far, "https://cdn.example.com/1.png", Ok(())),
            (far, "https://8.8.8.8/1.png", Ok(())),
            (far, "http://cdn.example.com/1.png", Err(NotSafe)),
            (far, "file:///etc/passwd", Err(NotSafe)),
            (far, "ftp://cdn.example.com/1.png", Err(NotSafe)),
            (far, "http://127.0.0.1/1.png", Err(NotSafe)),
            (far, "http://169.254.169.254/latest", Err(NotSafe)),
            (far, "https://169.254.169.254/latest", Err(Private)),
            (far, "https://127.0.0.1/", Err(Private)),
            (far, "https://0x7f.1/", Err(Private)),
            (far, "https://0/", Err(Private)),
            (far, "https://localhost/", Err(Private)),
            (far, "https://10.1.2.3/", Err(Private)),
            (far, "https://192.168.0.1/", Err(Private)),
            (far, "https://100.64.0.1/", Err(Private)),
            (far, "https://[::1]/", Err(Private)),
            (far, "https://[::ffff:10.0.0.1]/", Err(Private)),
            (far, "https://[fe80::1]/", Err(Private)),
            (far, "https://[fd00::1]/", Err(Private)),
            (here, "http://127.0.0.1:9/1.png", Ok(())),
            (here, "http://cdn.example.com/1.png", Err(NotSafe)),
            (here, "http://169.254.169.254/", Err(NotSafe)),
            (here, "https://cdn.example.com/1.png", Ok(())),
            // A gateway of a company, which keeps the pictures itself.
            (gateway, "https://10.0.0.7/files/1.png", Ok(())),
            (gateway, "https://10.0.0.8/files/1.png", Err(Private)),
        ] {
            let (base, url) = (Url::parse(base).unwrap(), Url::parse(url).unwrap());
            assert_eq!(check(&url, &base), expected, "{base} {url}");
        }
    }

    #[test]
    fn a_signed_url_says_how_long_it_lives() {
        for (query, until) in [
            (
                "X-Tos-Date=20261128T100000Z&X-Tos-Expires=86400",
                "2026-11-29T10:00:00Z",
            ),
            (
                "x-amz-date=20261128T100000Z&x-amz-expires=60",
                "2026-11-28T10:01:00Z",
            ),
            (
                "Expires=1795860000&OSSAccessKeyId=x",
                "2026-11-28T10:00:00Z",
            ),
            (
                "sv=2024&se=2026-11-28T10%3A10%3A00Z",
                "2026-11-28T10:10:00Z",
            ),
        ] {
            let url = Url::parse(&format!("https://cdn.example.com/1.png?{query}")).unwrap();
            assert_eq!(
                lives_until(&url).map(|t| t.to_string()).as_deref(),
                Some(until)
            );
        }
        for query in [
            "",
            "Expires=soon",
            "X-Amz-Expires=60",
            "X-Amz-Date=1&X-Amz-Expires=9",
        ] {
            let url = Url::parse(&format!("https://cdn.example.com/1.png?{query}")).unwrap();
            assert_eq!(lives_until(&url), None, "{query}");
        }
    }
}
