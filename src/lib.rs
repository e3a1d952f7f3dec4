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
mod board;
mod watch;
mod review;
mod pipeline;

pub mod select;

// The flow, last stage first.
mod execute;
mod check;
mod output;
mod trust;

// What they lean on.
mod detach;
mod runs;
mod own;
mod browser;
mod signal;
mod site;

use std::process::ExitCode;

/// Runs the command line; the one place where a result becomes an exit code.
pub fn run() -> ExitCode {
    ExitCode::from(cli::run() as u8)
}
