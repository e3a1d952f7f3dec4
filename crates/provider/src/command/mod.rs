//! The shape `command`: a program of the person's own makes the pictures. The request is one JSON object on its standard
//! input, the pictures are files in a folder, its exit code says how it went (docs/commands.md). Knows no key, store,
//! ledger or budget; decides nothing about running it again.

mod client;
mod exchange;
mod process;
mod program;

pub use client::{Client, Environment};
pub use process::end_all;
pub use program::Program;

/// The version of what programs are told; counts in every key of their pictures.
pub const VERSION: u32 = 1;
