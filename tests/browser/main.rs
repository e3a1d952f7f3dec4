//! Tests of the live page in a real browser: headless Chromium, driven by chromedriver.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside"
)]

mod browser;
mod live;
mod looks;
mod open;
mod paid;
#[path = "../e2e/project.rs"]
#[allow(dead_code, reason = "the end-to-end tests need all of it")]
mod project;
mod safe;
