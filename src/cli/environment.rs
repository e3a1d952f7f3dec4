//! The environment, read once and handed on. The only file that reads it.

use std::path::PathBuf;

use crate::pipeline::Access;
use crate::report::Environment;

/// How to print.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: how to print, never what to make"
)]
pub(super) fn terminal() -> Environment {
    Environment {
        no_color: std::env::var("NO_COLOR").ok(),
        term: std::env::var("TERM").ok(),
    }
}

/// What the environment says about providers.
pub(super) fn access() -> Access {
    Access {
        openai_key: variable("OPENAI_API_KEY").map(Into::into),
        openai_base_url: variable("OPENAI_BASE_URL"),
        openai_organization: variable("OPENAI_ORG_ID"),
        openai_project: variable("OPENAI_PROJECT_ID"),
    }
}

/// A variable of the environment that names a folder, which may have any name that a system takes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(super) fn folder(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|v| !v.to_string_lossy().trim().is_empty())
        .map(PathBuf::from)
}

/// A variable of the environment; an empty one says nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.trim().is_empty())
}
