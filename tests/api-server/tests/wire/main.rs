//! The server from outside, over a plain socket: answers, refusals, every fault, and what is counted.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at the clock"
)]

mod answers;
mod faults;
mod socket;
