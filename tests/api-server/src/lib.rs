//! A local server that speaks the OpenAI Images API, for gpbuild's tests. It refuses what the API refuses,
//! answers with real pictures, counts what would be billed, and fails on demand.
//!
//! ```
//! use api_server::{Fault, Options, Server};
//!
//! let server = Server::start(Options::default());
//! server.script([Fault::rate_limit(Some(1))]);
//! // … run something with server.base_url() and server.key() …
//! assert_eq!(server.stats().accepted, 0);
//! ```

#![allow(
    clippy::disallowed_methods,
    reason = "test code: it has a clock, and no keys that a clock could reach"
)]
#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod answer;
mod batch;
mod error;
mod fault;
mod gemini;
mod intake;
mod limit;
mod listen;
mod model;
mod multipart;
pub mod openapi;
mod params;
mod png;
mod providers;
mod reference;
mod route;
mod server;
mod service;
mod stats;
mod ticket;
mod usage;
mod validate;
mod wire;

pub use batch::{BatchManner, BatchProtocol, BatchServer, Batched};
pub use fault::Fault;
pub use gemini::{Asked, GeminiServer, Turn};
pub use png::{Format, Picture};
pub use providers::{Behaviour, PROTOCOLS, Protocol, ProviderServer, Refused, Seen};
pub use reference::Reference;
pub use server::{Options, Server};
pub use stats::{Auth, Request, Stats};
pub use ticket::{Manner, TicketServer, Ticketed};
