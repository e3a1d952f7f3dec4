//! The shape `task`: a request is answered with a ticket, the ticket is asked for until the pictures are ready, and each
//! is fetched from where the answer says. All that is particular about a provider are the columns `body` and `task` of
//! its row. Knows no store, ledger or budget; decides nothing about waiting or sending again.

mod client;
mod form;
mod listing;
mod refusal;

pub use client::Client;
#[cfg(test)]
pub use form::Standing;
pub use form::{Failure, Task, TaskForm, by_code};

/// The version of the requests that are sent; counts in every key of their pictures.
pub const VERSION: u32 = 1;
