//! HTTP as every provider needs it: one connection, its time limits, a body that is written as it comes, and what is
//! known of a request whose answer did not come. Follows nowhere, sends nothing twice. Knows no provider's URL,
//! body or words.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};

use crate::certificate;
use crate::guard::Guard;
use base::fs::FsError;

/// A connection stands within this time, or nothing was sent.
const CONNECT: Duration = Duration::from_secs(5);
/// The most that is read of a refusal.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// And for so long: its status has said what it is, and others wait for their turn.
const REFUSAL: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Nothing was sent.
    Unsent(String),
    /// It was sent, or may have been, and its answer did not come whole.
    Cut(String),
    /// It came, but the disk did not take it.
    Disk(FsError),
}

/// A connection to one host. Nothing of it is set up before the first request.
pub struct Http {
    timeout: Duration,
    is_here: bool,
    /// What to say of the proxy where nobody is reached.
    proxy: Option<String>,
    guard: Option<Guard>,
    client: OnceLock<Client>,
}

impl Http {
    /// A connection; `timeout` is for one request, from its first byte to the last one of its answer. What `is_here`,
    /// on this machine, is reached by no proxy.
    pub fn new(timeout: Duration, is_here: bool) -> Self {
        Self {
            timeout,
            is_here,
            proxy: None,
            guard: None,
            client: OnceLock::new(),
        }
    }

    /// The same, where the environment names a proxy: the variable, and the proxy's host.
    pub fn behind(self, proxy: Option<&(String, String)>) -> Self {
        let proxy = proxy.filter(|_| !self.is_here).map(|(variable, host)| {
            format!(
                "`{variable}` sends it through the proxy `{host}`: look whether that runs and lets it through, or name the provider's host in `NO_PROXY`"
            )
        });
        Self { proxy, ..self }
    }

    /// The same, connecting only to addresses that `guard` lets pass.
    pub fn resolved_by(self, guard: Guard) -> Self {
        Self {
            guard: Some(guard),
            ..self
        }
    }

    /// What requests are put together with.
    pub fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Set already, if this process has asked before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("gpbuild/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(self.timeout)
            // The key goes to the host that was named, and to no other.
            .redirect(Policy::none())
            // Only gpbuild decides what is sent again.
            .retry(reqwest::retry::never());
        if let Some(guard) = &self.guard {
            client = client.dns_resolver(guard.clone());
        }
        if self.is_here {
            // Whatever the environment says of proxies: only to this machine may a key go in the clear. To
            // others it goes by `https`, of which a proxy sees the host's name.
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|e| format!("cannot set up a connection: {}", causes(&e)))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request once; what comes is the head of its answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, NoAnswer> {
        match request.send().await {
            Ok(response) => Ok(response),
            Err(e) if e.is_connect() || e.is_builder() => {
                let host = e
                    .url()
                    .and_then(|url| url.host_str())
                    .unwrap_or("the provider");
                let why = certificate::problem(&e, host).unwrap_or_else(|| causes(&e));
                let proxy = self.proxy.iter();
                let why = proxy.fold(why, |why, proxy| format!("{why}; {proxy}"));
                Err(NoAnswer::Unsent(format!("cannot connect: {why}")))
            }
            Err(e) if e.is_timeout() => Err(NoAnswer::Cut(format!("no answer {}", self.within()))),
            Err(e) => Err(NoAnswer::Cut(format!("no answer: {}", causes(&e)))),
        }
    }

    /// Writes the body of an answer as it comes, but no more than `limit` bytes; `path` is for messages.
    pub async fn write_body(
        &self,
        mut response: Response,
        limit: u64,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Result<(), NoAnswer> {
        let mut size = 0_u64;
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(()),
                Err(e) if e.is_timeout() => {
                    let why = format!("the answer did not end {}", self.within());
                    return Err(NoAnswer::Cut(why));
                }
                Err(e) => {
                    let why = format!("the answer was cut off: {}", causes(&e));
                    return Err(NoAnswer::Cut(why));
                }
            };
            size += chunk.len() as u64;
            if size > limit {
                let why = format!("the answer is larger than {limit} bytes");
                return Err(NoAnswer::Cut(why));
            }
            if let Err(e) = into.write_all(&chunk) {
                return Err(NoAnswer::Disk(FsError::io("write", path)(e)));
            }
        }
    }

    fn within(&self) -> String {
        format!("within {} s", self.timeout.as_secs())
    }
}

/// What comes of a refusal's body in time. One that is cut off, or does not end, is still a refusal: its
/// status says so.
pub async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    let until = tokio::time::Instant::now() + REFUSAL;
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(until, response.chunk()).await {
        let room = MAX_REFUSAL_BYTES.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if room == 0 {
            break;
        }
    }
    body
}

/// The last cause of an error, which says most, without any URL.
fn causes(error: &reqwest::Error) -> String {
    let mut last = String::new();
    let mut cause: Option<&dyn Error> = Error::source(error);
    while let Some(error) = cause {
        last = match error.downcast_ref::<io::Error>() {
            Some(io) => io.kind().to_string(),
            None => error.to_string(),
        };
        cause = error.source();
    }
    if last.is_empty() {
        "the connection failed".clone_into(&mut last);
    }
    last
}
