//! Tests of the live page in a real browser: headless Chromium, driven by chromedriver.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside, and each tells its case from beginning to end"
)]

mod access;
mod browser;
mod list;
mod live;
mod looks;
mod open;
mod paid;
mod review;
mod safe;
mod stage;
mod told;
mod whole;

use support::project;
