//! Who can make pictures, and what they are asked. Knows no key, plan or store.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod adapter;
mod amount;
pub mod address;
mod auth;
pub mod batch;
mod body;
mod bounded;
pub mod catalogue;
mod certificate;
mod command;
mod fetch;
mod gemini;
mod guard;
mod http;
mod json;
mod media;
mod openai;
mod picture;
pub mod rate_limit;
mod pointer;
pub mod reply;
mod setup;
pub mod source;
#[cfg(test)]
mod samples;
mod stop;
pub mod submission;
#[cfg(test)]
mod rows;
pub mod table;
mod task;
mod unpack;
mod veil;
mod wait;

pub use adapter::{Adapter, Config, Form};
pub use batch::BatchClient;
pub use command::{Environment, Program, VERSION as COMMAND_VERSION, end_all as end_programs};
pub use openai::{Azure, NAME as AZURE};
pub use setup::WEB_PAGE;
pub use task::TaskForm;
pub use veil::Veil;
