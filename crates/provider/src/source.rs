//! Where an answer says that a picture is: from which URL it may be fetched, and until when that lives. Fetches nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    /// A place of this machine or of its network, which is not the provider's own.
    Private,
}

impl SourceError {
    /// What is wrong, as the end of a sentence.
    pub fn why(self) -> &'static str {
        match self {
            Self::NotSafe => "gpbuild fetches by `https:` only",
            Self::Private => "that is a place of your own network, and not the provider's own",
        }
    }
}

/// Who says where pictures are.
#[derive(Clone, Debug)]
pub struct Teller {
    /// The provider's base URL.
    pub base: Url,
    /// The person named it, and no project: then a provider of their network may lead to all of that network.
    pub is_persons: bool,
}

/// Whether a picture may be fetched from `url` on a provider's word. Of a name it is not known here to which address it
/// leads: who connects holds that against [`Teller::reaches`].
pub fn check(url: &Url, teller: &Teller) -> Result<(), SourceError> {
    let base = &teller.base;
    match url.scheme() {
        "https" => {}
        "http" if is_here(base) && is_here(url) => return Ok(()),
        _ => return Err(SourceError::NotSafe),
    }
    let is_own = url.origin() == base.origin();
    let reaches = match address_of(url) {
        Some(address) => teller.reaches(address, address_of(base)),
        None => !is_here(url) || is_here(base),
    };
    match is_own || reaches {
        true => Ok(()),
        false => Err(SourceError::Private),
    }
}

impl Teller {
    /// Whether an address that is not the provider's own may be connected to, where the provider itself is at `own`.
    pub fn reaches(&self, address: IpAddr, own: Option<IpAddr>) -> bool {
        match Place::of(address) {
            Place::World => true,
            Place::Here => is_here(&self.base),
            Place::Network => {
                self.is_persons && own.is_some_and(|own| Place::of(own) == Place::Network)
            }
            Place::Nobody => false,
        }
    }
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Anywhere.
    World,
    /// On this machine.
    Here,
    /// In this network, or in that of whoever runs this machine.
    Network,
    /// Where no provider is: what tells machines who they are, and what nobody can be asked at.
    Nobody,
}

impl Place {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                let is_shared = a == 100 && (64..128).contains(&b);
                if v4.is_loopback() {
                    Self::Here
                } else if v4.is_private() || is_shared {
                    Self::Network
                } else if v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || a == 0 {
                    Self::Nobody
                } else {
                    Self::World
                }
            }
            IpAddr::V6(v6) => {
                let in_v4 = embedded(v6);
                if v6.is_loopback() {
                    Self::Here
                } else if let Some(v4) = in_v4 {
                    Self::of(v4.into())
                } else if v6.is_unique_local() {
                    Self::Network
                } else if v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() {
                    Self::Nobody
                } else {
                    Self::World
                }
            }
        }
    }
}

/// The address that a translator would go to: NAT64 and 6to4.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// The address that a URL's host is written as, if it is.
fn address_of(url: &Url) -> Option<IpAddr> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok()
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

    use super::{SourceError, Teller, check, lives_until};

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
            (here, "https://127.0.0.1:9/1.png", Ok(())),
            (here, "https://10.1.2.3/1.png", Err(Private)),
            (here, "https://192.168.0.1/1.png", Err(Private)),
            (here, "https://169.254.169.254/latest", Err(Private)),
            (here, "https://[fc00::1]/1.png", Err(Private)),
            (far, "https://[64:ff9b::a00:1]/", Err(Private)),
            (far, "https://[2002:a00:1::]/", Err(Private)),
            // A gateway of a company, which keeps the pictures itself.
            (gateway, "https://10.0.0.7/files/1.png", Ok(())),
            (gateway, "https://10.0.0.8/files/1.png", Err(Private)),
        ] {
            let url = Url::parse(url).unwrap();
            for is_persons in [false, true] {
                let base = Url::parse(base).unwrap();
                // In a network of a person's own, their word holds for all of it.
                let expected = match base.as_str() == "https://10.0.0.7/v1" && is_persons {
                    true => Ok(()),
                    false => expected,
                };
                let teller = Teller { base, is_persons };
                assert_eq!(check(&url, &teller), expected, "{teller:?} {url}");
            }
        }
        let (base, is_persons) = (Url::parse(gateway).unwrap(), true);
        let teller = Teller { base, is_persons };
        for url in ["https://169.254.169.254/latest", "https://127.0.0.1/"] {
            let url = Url::parse(url).unwrap();
            assert_eq!(check(&url, &teller), Err(Private), "{url}");
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
