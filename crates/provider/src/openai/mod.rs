//! The shape `images`: OpenAI's Images API, and whatever speaks it. One request, its answer as it comes, and what a
//! refusal means. Knows no key, store, ledger or budget; decides nothing about sending again.

mod answer;
mod body;
mod client;
mod coded;
mod endpoint;
mod events;
mod params;
mod raw;
mod reading;
mod refusal;
mod usage;
mod words;

pub use answer::read;
pub(crate) use body::json;
pub use client::Client;
pub use coded::coded;
pub use endpoint::{Azure, Endpoint};
pub use params::params;
pub(crate) use refusal::read as refusal;

/// The provider whose API it is; only there is Azure.
pub const NAME: &str = "openai";
/// The version of the requests that are sent; counts in every key of their pictures.
pub const VERSION: u32 = 1;
