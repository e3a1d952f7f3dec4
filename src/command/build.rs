//! `gpbuild build`: make what is not fresh.

use crate::diagnostic::{Exit, Failure};
use crate::pipeline::{self, Settings};
use crate::report::Reporter;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    pipeline::build(settings, reporter)
}
