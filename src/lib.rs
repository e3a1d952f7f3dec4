//! gpbuild: pictures declared in TOML, made once, cached, locked.
//!
//! ```text
//! manifest -> spec -> key -> plan -> execute -> store -> output -> lock
//! ```
//!
//! A stage takes what the one before it gives and never calls the next; only [`pipeline`] knows all
//! of them. A module imports only what stands below it here (held by `tests/layering.rs`):

// The door.
mod cli;
mod command;
mod page;
mod watch;
mod pipeline;

pub mod select;

// The flow, last stage first.
pub mod report;
mod execute;
mod output;
pub mod index;
pub mod state;
mod check;
pub mod plan;
mod trust;
pub mod ledger;
pub mod lock;
pub mod store;
pub mod key;
pub mod spec;
pub mod lint;
pub mod template;
pub mod manifest;

// What the flow leans on.
pub mod provider;
pub mod export;
pub mod model;
pub mod preset;
pub mod data;
pub mod world;

// The words that everyone uses.
pub mod text;
mod signal;
pub mod own;
pub mod home;
pub mod fs;
pub mod diagnostic;
mod door;
pub mod path;
pub mod digest;

use std::process::ExitCode;

/// Runs the command line; the one place where a result becomes an exit code.
pub fn run() -> ExitCode {
    ExitCode::from(cli::run() as u8)
}
