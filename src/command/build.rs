//! `gpbuild build`: make what is not fresh.

use crate::pipeline::{self, Settings};
use base::diagnostic::{Exit, Failure};
use report::Reporter;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    pipeline::build(settings, reporter)
}
