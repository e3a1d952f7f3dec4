//! Who can make pictures, and what they are asked. Knows no key, plan or store.

mod bounded;
mod certificate;
mod http;
pub mod local;
pub mod openai;
pub mod pace;
pub mod reply;
pub mod request;
mod veil;

use crate::model::ModelId;

pub use veil::Veil;

/// What counts in the keys of everything that a provider makes: the version of its own requests, or of its
/// renderer. A change of one is no reason to make, or to pay for, what another one made.
pub fn adapter_version(model: &ModelId) -> u32 {
    match model.provider.as_str() {
        local::NAME => local::VERSION,
        openai::NAME => openai::VERSION,
        // Not asked yet: the first version of whatever will ask them.
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{adapter_version, local, openai};
    use crate::model::{ModelId, PROVIDERS};

    #[test]
    fn each_provider_has_a_version_of_its_own() {
        for provider in PROVIDERS {
            let model = ModelId {
                provider: provider.to_owned(),
                name: "m".to_owned(),
            };
            let expected = match provider {
                "local" => local::VERSION,
                "openai" => openai::VERSION,
                _ => 1,
            };
            assert_eq!(adapter_version(&model), expected, "{provider}");
        }
    }
}
