//! The server: a port of this machine, a runtime of its own, what a test asks it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::fault::{Fault, Script};
use crate::limit::Limit;
use crate::service::{Shared, lock, serve};
use crate::stats::{Log, Request, Stats};

/// How a server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The key that is accepted.
    pub key: String,
    /// From acceptance to the first byte of an answer.
    pub latency: Duration,
    /// The limit of pictures; `None`: there is none.
    pub images_per_minute: Option<u32>,
    /// Azure's deployments: name and model. A model's own name is one too.
    pub deployments: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            key: "sk-test-local-0123456789abcdef".to_owned(),
            latency: Duration::ZERO,
            images_per_minute: None,
            deployments: Vec::new(),
        }
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server on 127.0.0.1.
    ///
    /// # Panics
    /// If the port is not free: a test cannot go on then. [`Server::try_start`] tells it.
    #[allow(
        clippy::expect_used,
        reason = "for tests, in which a panic is how they fail"
    )]
    pub fn start(options: Options) -> Self {
        Self::try_start(options).expect("the server starts")
    }

    /// Starts a server on 127.0.0.1.
    ///
    /// # Errors
    /// If the port is not free, or the machine gives no threads.
    pub fn try_start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("api-server")
            .build()?;
        let born = format!("{address} {:?}", SystemTime::now());
        let shared = Arc::new(Shared {
            held: watch::Sender::new(false),
            limit: options.images_per_minute.map(|n| Mutex::new(Limit::new(n))),
            log: Mutex::new(Log::default()),
            script: Mutex::new(Script::default()),
            seed: *blake3::hash(born.as_bytes()).as_bytes(),
            options,
        });
        let guard = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        runtime.spawn(accept(listener, shared.clone()));
        drop(guard);
        Ok(Self {
            shared,
            address,
            runtime: Some(runtime),
        })
    }

    /// `http://127.0.0.1:PORT/v1`, for what takes OpenAI's `base_url`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// `http://127.0.0.1:PORT`, for what takes an Azure endpoint.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that is accepted.
    pub fn key(&self) -> &str {
        &self.shared.options.key
    }

    /// The counts of now.
    pub fn stats(&self) -> Stats {
        lock(&self.shared.log).stats.clone()
    }

    /// The requests so far, by number.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.log).requests.clone()
    }

    /// Takes requests and holds their answers back until [`Server::release`]: what happens meanwhile is then not a
    /// matter of time.
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Lets the answers go that were held back.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// Puts faults in the queue: each next valid request takes one. [`Fault::none`] keeps a place.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.script).push(faults);
    }

    /// Adds a rule: a function of a valid request that may give a fault. Rules come before the queue, the
    /// first that gives one counts.
    pub fn rule(&self, rule: impl FnMut(&Request) -> Option<Fault> + Send + 'static) {
        lock(&self.shared.script).rule(Box::new(rule));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for no answer, nor for a caller that is itself in a runtime.
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, or a connection that is gone already: the next may be better.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small answers are not held back; without it they are only slower.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        let service = service_fn(move |request| serve(shared.clone(), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // It ends in an error when a client leaves, or when a fault breaks it.
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}
