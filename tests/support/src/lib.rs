//! What the tests of several binaries share. It does not know gpbuild's code, only its program.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code: a panic is how it fails, and it looks at files from outside"
)]

pub mod process;
pub mod project;
pub mod random;
