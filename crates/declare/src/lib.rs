//! From the files of a project to what is to be made: a manifest is read, its data and templates with it, and
//! what comes out is a [`spec::Spec`] for each asset, with nothing left to decide. Knows nothing of what was made
//! before, and asks nobody.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

pub mod data;
pub mod emoji;
pub mod lint;
pub mod manifest;
pub mod markdown;
pub mod preset;
mod quotes;
pub mod spec;
pub mod template;
