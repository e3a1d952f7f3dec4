//! OpenAI's Images API, and whatever speaks it: one request, its answer as it comes, and what a
//! refusal means. Knows no key, store, ledger or budget; decides nothing about sending again.

mod answer;
mod attachment;
mod body;
mod bounded;
mod certificate;
mod client;
mod endpoint;
mod refusal;
mod veil;

pub use answer::{Answer, KeepError, Usage, read};
pub use attachment::Attachment;
pub use client::{Client, Reply};
pub use endpoint::{Azure, Config, DEFAULT_BASE_URL, Endpoint, UrlError, host, is_known};
pub use refusal::{Kind, Refusal};
pub use veil::Veil;

/// The provider's name.
pub const NAME: &str = "openai";
/// The version of the requests that it is sent; counts in every key of its pictures.
pub const VERSION: u32 = 1;
/// The environment variable with the key.
pub const KEY_VARIABLE: &str = "OPENAI_API_KEY";
