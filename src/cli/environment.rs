//! The environment, read once and handed on. The only file that reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::check::Judge;
use crate::pipeline::Access;
use base::diagnostic::{Diagnostic, Exit, Failure};
use lang::Lang;
use provider::Environment;

/// How to print.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: how to print, never what to make"
)]
pub(super) fn terminal() -> report::Environment {
    report::Environment {
        no_color: std::env::var("NO_COLOR").ok(),
        term: std::env::var("TERM").ok(),
    }
}

/// The language of who reads. `--lang` goes before it.
pub(super) fn language() -> Lang {
    let said = ["GPBUILD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].map(variable);
    Lang::of_environment(said.iter().map(Option::as_deref))
}

/// What the environment says about providers: those of the table, and those that a project declares.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(super) fn access() -> Access {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let meant = names.filter(|name| Access::is_meant(name));
    let meant = meant.filter_map(|name| {
        let value = variable(&name)?;
        Some((name, value))
    });
    Access::new(meant, Environment(os_variable))
}

/// Who judges what providers answer. `GPBUILD_JUDGE=1,0` finds one thing wrong with the first roll of each shot and nothing
/// with the second: for tests alone, so it is not in what people run.
pub(super) fn judge() -> Judge {
    #[cfg(feature = "faults")]
    if let Some(told) = variable("GPBUILD_JUDGE").and_then(|counts| Judge::told(&counts)) {
        return told;
    }
    Judge::default()
}

/// A variable of the environment; an empty one says nothing. What is no UTF-8 was meant all the same: it is not
/// passed over, and is refused where it cannot be used.
pub(super) fn variable(name: &str) -> Option<String> {
    let value = os_variable(name)?;
    let text = value.to_string_lossy();
    (!text.trim().is_empty()).then(|| text.into_owned())
}

/// The same for the name of a folder, which may be of any bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(super) fn os_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty())
}

/// This program.
pub(super) fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| {
        let why = format!("it is not known where gpbuild is: {e}");
        Failure::new(Exit::SomeFailed, Diagnostic::error(why))
    })
}
