//! OpenAI's Images API, and whatever speaks it: one request, its answer as it comes, and what a
//! refusal means. Knows no key, store, ledger or budget; decides nothing about sending again.

mod answer;
mod body;
mod client;
mod endpoint;
mod refusal;

pub use answer::read;
pub use client::Client;
pub use endpoint::{Azure, Config, DEFAULT_BASE_URL, Endpoint, UrlError, host, is_known};

/// The provider's name.
pub const NAME: &str = "openai";
/// The version of the requests that it is sent; counts in every key of its pictures.
pub const VERSION: u32 = 1;
/// The environment variable with the key.
pub const KEY_VARIABLE: &str = "OPENAI_API_KEY";
