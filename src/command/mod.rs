//! The commands, one a file: each asks the pipeline and tells the report.

pub mod accept;
pub mod back;
pub mod build;
pub mod cache;
pub mod check;
pub mod collect;
pub mod edit;
pub mod init;
mod follow;
pub mod gone;
pub mod import;
pub mod log;
pub mod models;
pub mod pick;
pub mod plan;
pub mod prompt;
pub mod review;
pub mod show;
pub mod status;
pub mod trust;
pub mod watch;
pub mod why;
