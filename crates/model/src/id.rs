//! [`ModelId`]: `provider/name` as manifests and the lock write it. Knows the names of the providers;
//! whether a model exists is the table's.

use std::fmt;

use serde::{Serialize, Serializer};

use base::diagnostic::Diagnostic;

/// The provider that is this program itself: pages are drawn, nobody is asked.
pub const LOCAL: &str = "local";

/// The provider that is a person's own programs: a model's name is the one that the person gave a program.
pub const COMMAND: &str = "command";

/// The provider that is nobody who can be called: a person makes the picture, wherever that is.
pub const MANUAL: &str = "manual";

/// Every provider there is.
pub const PROVIDERS: [&str; 6] = [LOCAL, "openai", "gemini", "bfl", COMMAND, MANUAL];

/// A provider and one of its models. `local` alone is a model too: its name is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId {
    /// One of [`PROVIDERS`], or one that the project declares.
    pub provider: String,
    /// What the provider calls it; may hold further slashes. Empty only for `local`.
    pub name: String,
}

impl ModelId {
    /// The local renderer, with the layout of the asset's own template.
    pub fn local() -> Self {
        Self {
            provider: LOCAL.to_owned(),
            name: String::new(),
        }
    }

    /// Whether it is drawn here.
    pub fn is_local(&self) -> bool {
        self.provider == LOCAL
    }

    /// Whether a person makes it by hand.
    pub fn is_by_hand(&self) -> bool {
        self.provider == MANUAL
    }

    /// Reads `provider/name`. The error has no place yet, but says what to write.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        Self::parse_among(text, &[])
    }

    /// The same, where there are more providers than [`PROVIDERS`].
    pub fn parse_among(text: &str, more: &[&str]) -> Result<Self, Diagnostic> {
        let (provider, name) = match text.split_once('/') {
            Some((provider, name)) => (provider, Some(name)),
            None => (text, None),
        };
        if !PROVIDERS.contains(&provider) && !more.contains(&provider) {
            return Err(unknown_provider(text, provider, name, more));
        }
        match name {
            None if provider == LOCAL => {}
            None | Some("") => return Err(no_name(text, provider)),
            Some(name) if name.chars().any(|c| c.is_whitespace() || c.is_control()) => {
                return Err(Diagnostic::error(format!(
                    "the model `{text}` has a space in its name"
                ))
                .hint(format!(
                    "write `{provider}/NAME`, as in `openai/gpt-image-2`"
                )));
            }
            Some(_) => {}
        }
        Ok(Self {
            provider: provider.to_owned(),
            name: name.unwrap_or_default().to_owned(),
        })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.provider);
        }
        write!(f, "{}/{}", self.provider, self.name)
    }
}

impl Serialize for ModelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A model without its provider, or a provider with a typing error.
fn unknown_provider(text: &str, provider: &str, name: Option<&str>, more: &[&str]) -> Diagnostic {
    let all = || PROVIDERS.iter().chain(more).copied();
    if name.is_none() {
        let known = super::builtin().by_id.keys().find(|id| id.name == text);
        let write = match known {
            Some(id) => id.to_string(),
            None => "openai/gpt-image-2".to_owned(),
        };
        let error = Diagnostic::error(format!("the model `{text}` has no provider"));
        return match known {
            Some(_) => error.hint(format!("write `{write}`")),
            None => error
                .hint(format!(
                    "write `PROVIDER/NAME`, as in `{write}`, or `local`"
                ))
                .did_you_mean(provider, all()),
        };
    }
    let error = Diagnostic::error(format!("unknown provider `{provider}` in `{text}`"));
    match base::diagnostic::nearest(provider, all()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!(
            "providers are {}",
            base::diagnostic::list(&PROVIDERS)
        )),
    }
}

/// A provider without a model.
fn no_name(text: &str, provider: &str) -> Diagnostic {
    let error = Diagnostic::error(format!("`{text}` names a provider, but no model of it"));
    let example = super::builtin()
        .names()
        .find(|name| name.starts_with(&format!("{provider}/")));
    match example {
        Some(example) => error.hint(format!("write a model too, as in `{example}`")),
        None if provider == LOCAL => error.hint("write `local`, or `local/LAYOUT`"),
        None => error.hint(format!("write a name too: `{provider}/NAME`")),
    }
}

#[cfg(test)]
mod tests {
    use super::ModelId;

    #[test]
    fn ids_come_back_as_written() {
        for text in [
            "openai/gpt-image-2",
            "local",
            "local/poster",
            "bfl/flux-2-pro",
            "command/comfy/flux.sh",
            "manual/midjourney",
        ] {
            let id = ModelId::parse(text).unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::to_value(&id).unwrap(), text);
        }
        let id = ModelId::parse("local/poster").unwrap();
        assert_eq!(
            (id.provider.as_str(), id.name.as_str()),
            ("local", "poster")
        );
    }

    #[test]
    fn errors_say_what_to_write() {
        for (text, message, hint) in [
            (
                "gpt-image-2",
                "the model `gpt-image-2` has no provider",
                "write `openai/gpt-image-2`",
            ),
            (
                "dall-e-3",
                "the model `dall-e-3` has no provider",
                "write `openai/dall-e-3`",
            ),
            (
                "flux",
                "the model `flux` has no provider",
                "write `PROVIDER/NAME`, as in `openai/gpt-image-2`, or `local`",
            ),
            (
                "",
                "the model `` has no provider",
                "write `PROVIDER/NAME`, as in `openai/gpt-image-2`, or `local`",
            ),
            (
                "opneai/gpt-image-2",
                "unknown provider `opneai` in `opneai/gpt-image-2`",
                "did you mean `openai`?",
            ),
            (
                "midjourney/v7",
                "unknown provider `midjourney` in `midjourney/v7`",
                "providers are `local`, `openai`, `gemini`, `bfl`, `command` and `manual`",
            ),
            (
                "openai",
                "`openai` names a provider, but no model of it",
                "write a model too, as in `openai/gpt-image-2`",
            ),
            (
                "openai/",
                "`openai/` names a provider, but no model of it",
                "write a model too, as in `openai/gpt-image-2`",
            ),
            (
                "local/",
                "`local/` names a provider, but no model of it",
                "write `local`, or `local/LAYOUT`",
            ),
            (
                "manual",
                "`manual` names a provider, but no model of it",
                "write a name too: `manual/NAME`",
            ),
            (
                "openai/gpt image",
                "the model `openai/gpt image` has a space in its name",
                "write `openai/NAME`, as in `openai/gpt-image-2`",
            ),
        ] {
            let error = ModelId::parse(text).unwrap_err();
            assert_eq!(error.message, message);
            assert_eq!(error.hints[0], hint, "{text}");
        }
    }
}
