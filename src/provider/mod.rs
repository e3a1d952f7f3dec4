//! Who can make pictures, and what they are asked. Knows no key, plan or store.

pub mod local;
pub mod openai;
pub mod pace;
pub mod request;
