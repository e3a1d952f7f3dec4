//! The server from outside, over a plain socket: answers, refusals, every fault, and what is counted.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at the clock, and each tells its case from beginning to end"
)]

mod answers;
mod faults;
mod socket;
