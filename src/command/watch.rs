//! `gpbuild watch`: builds on every save.

use crate::diagnostic::{Exit, Failure};
use crate::pipeline::Settings;
use crate::report::Reporter;
use crate::watch;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    watch::watch(settings, reporter)
}
