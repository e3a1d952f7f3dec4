//! Who can make pictures, and what they are asked. Knows no key, plan or store.

mod adapter;
mod amount;
pub mod address;
mod auth;
mod body;
mod bounded;
pub mod catalogue;
mod certificate;
mod gemini;
mod http;
mod media;
mod openai;
pub mod rate_limit;
mod pointer;
pub mod reply;
pub mod submission;
#[cfg(test)]
mod rows;
pub mod table;
mod task;
mod veil;

pub use adapter::{Adapter, Config, Form};
pub use openai::{Azure, NAME as AZURE};
pub use task::TaskForm;
pub use veil::Veil;
