//! To which addresses the name of a picture's host may lead: a name that is anybody's can lead into a network that is not.
//! Knows no provider, and connects nowhere.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::source::Teller;

/// Resolves names, and leaves out the addresses that the provider may not lead to: what is connected to is what was
/// looked at, whatever the name leads to a moment later.
#[derive(Clone)]
pub struct Guard(Arc<Known>);

struct Known {
    teller: Teller,
    /// The hosts of pictures. Any other name is that of a proxy, which is the person's.
    hosts: Mutex<BTreeSet<String>>,
}

impl Guard {
    /// For pictures on this provider's word.
    pub fn new(teller: Teller) -> Self {
        let hosts = Mutex::default();
        Self(Arc::new(Known { teller, hosts }))
    }

    /// Looks at the host of a picture from now on; the provider's own is where requests go anyway.
    pub fn watch(&self, picture: &Url) {
        let own = self.0.teller.base.host_str();
        if let Some(host) = picture.host_str().filter(|host| own != Some(host)) {
            let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.insert(host.to_owned());
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let known = Arc::clone(&self.0);
        Box::pin(async move {
            let name = name.as_str();
            let found = addresses(name).await?;
            if !known.is_watched(name) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            let own = match known.teller.is_persons {
                true => own_address(&known.teller).await,
                false => None,
            };
            let is_reached = |at: &SocketAddr| known.teller.reaches(at.ip(), own);
            let reached: Vec<SocketAddr> = found.into_iter().filter(is_reached).collect();
            match reached.is_empty() {
                true => Err(format!(
                    "`{name}` leads into your own network, and is not the provider's own"
                )
                .into()),
                false => Ok(Box::new(reached.into_iter()) as Addrs),
            }
        })
    }
}

impl Known {
    fn is_watched(&self, name: &str) -> bool {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.contains(name)
    }
}

async fn addresses(name: &str) -> io::Result<Vec<SocketAddr>> {
    // The port is the URL's.
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// An address of the provider itself.
async fn own_address(teller: &Teller) -> Option<IpAddr> {
    let host = teller.base.host_str()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = addresses(bare).await.ok()?;
    found.first().map(SocketAddr::ip)
}

#[cfg(test)]
mod tests {
    use reqwest::Url;
    use reqwest::dns::Resolve;

    use super::Guard;
    use crate::source::Teller;

    #[tokio::test]
    async fn a_picture_of_a_name_that_leads_into_this_machine_is_for_its_own_provider_alone() {
        for (base, picture, leads) in [
            (
                "https://api.example.com/v1",
                "https://localhost/1.png",
                false,
            ),
            (
                "https://localhost:8443/v1",
                "https://localhost:9/1.png",
                true,
            ),
            ("http://127.0.0.1:7/v1", "https://localhost/1.png", true),
            // A proxy of that name.
            (
                "https://api.example.com/v1",
                "https://cdn.example.com/1.png",
                true,
            ),
        ] {
            let teller = Teller {
                base: Url::parse(base).unwrap(),
                is_persons: true,
            };
            let guard = Guard::new(teller);
            guard.watch(&Url::parse(picture).unwrap());
            let found = guard.resolve("localhost".parse().unwrap()).await;
            assert_eq!(found.is_ok(), leads, "{base} {picture}");
        }
    }
}
