//! The shape `gemini`: Google's `generateContent`. One request for one picture, its answer as it comes, and what a refusal
//! means, be it a status or a 200 without a picture. Knows no key, store, ledger or budget; decides nothing about sending
//! again.

mod answer;
mod body;
mod client;
mod refusal;
#[cfg(test)]
mod tests;

pub use answer::read;
pub use body::{lacks, params};
pub use client::Client;
#[cfg(test)]
pub(crate) use refusal::read as refusal;

/// The version of the requests that are sent; counts in every key of their pictures.
pub const VERSION: u32 = 1;
