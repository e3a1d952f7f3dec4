//! Fetches a picture from where an answer says that it is: without any key, within bounds, by `https`. Free, and may be
//! repeated. Knows no provider.

use std::path::Path;
use std::time::Duration;

use reqwest::{Response, Url};

use crate::Config;
use crate::address::{self, is_here};
use crate::guard::Guard;
use crate::http::{Http, NoAnswer};
use crate::reply::Fetched;
use crate::source::{self, Teller};

/// The most that is read of a picture, in bytes.
const MAX_FETCHED_BYTES: u64 = 64 << 20;
/// One try takes no longer.
const LONGEST: Duration = Duration::from_secs(300);
/// So often a picture may be said to be elsewhere.
const MAX_MOVES: usize = 5;

/// Fetches pictures on the word of one provider.
pub struct Fetcher {
    teller: Teller,
    /// For what is on this machine, past every proxy.
    near: Http,
    far: Http,
    /// To where the names of those far away may lead.
    guard: Guard,
}

impl Fetcher {
    /// On the word of this provider; nothing is connected yet.
    pub fn new(config: &Config) -> Self {
        let timeout = config.timeout.min(LONGEST);
        let teller = Teller {
            base: config.base_url.clone(),
            is_persons: config.is_persons,
        };
        let guard = Guard::new(teller.clone());
        Self {
            near: Http::new(timeout, true),
            far: Http::new(timeout, false).resolved_by(guard.clone()),
            guard,
            teller,
        }
    }

    /// Fetches a picture.
    pub async fn fetch(&self, source: &Url) -> Fetched {
        let mut url = source.clone();
        for _ in 0..=MAX_MOVES {
            if let Err(why) = source::check(&url, &self.teller) {
                let (place, why) = (address::host(&url), why.why());
                return Fetched::Gone(format!("its picture is said to be at `{place}`: {why}"));
            }
            self.guard.watch(&url);
            let http = match is_here(&url) {
                true => &self.near,
                false => &self.far,
            };
            let sent = match http.client() {
                Ok(client) => http.send(client.get(url.clone())).await,
                Err(why) => return Fetched::Later(why),
            };
            let response = match sent {
                Ok(response) => response,
                Err(why) => return Fetched::Later(why.said()),
            };
            match moved(&response, &url) {
                Some(next) => url = next,
                None => return taken(http, response).await,
            }
        }
        Fetched::Gone(format!(
            "where its picture is, {MAX_MOVES} places point to others"
        ))
    }
}

/// Where a response points to.
fn moved(response: &Response, from: &Url) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let to = response.headers().get("location")?.to_str().ok()?;
    from.join(to).ok()
}

/// What a response brings.
async fn taken(http: &Http, response: Response) -> Fetched {
    let status = response.status();
    if !status.is_success() {
        let why = format!("where its picture is, {} was answered", status.as_u16());
        // Signed URLs that are too old are forbidden.
        return match status.as_u16() {
            300..=407 | 410 => Fetched::Gone(why),
            _ => Fetched::Later(why),
        };
    }
    let mut bytes = Vec::new();
    let nowhere = Path::new("memory");
    let written = http.write_body(response, MAX_FETCHED_BYTES, &mut bytes, nowhere);
    match written.await {
        // The page of a proxy, or the words of who keeps pictures.
        Ok(()) if matches!(bytes.first(), None | Some(b'<' | b'{')) => {
            Fetched::Later("where its picture is, something else was answered".to_owned())
        }
        Ok(()) => Fetched::Picture(bytes),
        Err(why) => Fetched::Later(why.said()),
    }
}

impl NoAnswer {
    /// What happened, in words.
    pub fn said(self) -> String {
        match self {
            Self::Unsent(why) | Self::Cut(why) => why,
            Self::Disk(error) => error.to_string(),
        }
    }
}
