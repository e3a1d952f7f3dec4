//! End-to-end tests: the real binary in real projects, a module a feature.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail, and they look at files from outside, and each tells its case from beginning to end"
)]

mod authors;
mod build;
mod chinese;
mod batch;
mod bounds;
mod bundle;
mod commands;
mod content;
mod contrast;
mod corners;
mod corpus;
mod draft;
mod drawn;
mod edited;
mod faults;
mod key;
mod lock;
mod manifest;
mod manual;
mod models;
mod overlay;
#[cfg(target_os = "linux")]
mod page;
mod paid;
mod partial;
mod paths;
mod pictures;
mod plan;
mod prices;
#[cfg(target_os = "linux")]
mod program;
mod readme;
mod references;
mod restore;
mod scale;
mod selection;
mod state;
#[cfg(unix)]
mod stranger;
#[cfg(target_os = "linux")]
mod terminal;
mod titles;
mod two_paths;
mod typesetting;
mod watch;
mod watch_ends;
mod watch_stress;
mod watcher;
mod wording;

use support::{process, project, random};
