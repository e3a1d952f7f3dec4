//! What models can do and cost, as data: [`ModelId`], [`Model`] and the built-in table. Sends nothing,
//! and knows neither credentials nor requests.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod finding;
mod id;
mod params;
mod price;
pub mod request;
mod size;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use finding::{Area, Finding, Severity};
pub use id::{LOCAL, ModelId, PROVIDERS};
pub use params::ParamRule;
pub use price::{Micro, estimate, output_tokens};
pub use size::{SizeRule, request_size};

use base::diagnostic::{Diagnostic, nearest};

/// A model, or several of the same abilities and prices. The default can do nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Costs nothing, whatever is asked.
    pub free: bool,
    /// In rising price; empty for a model that has no such thing and takes any.
    pub qualities: Vec<String>,
    /// The quality where none is named; nothing if there are no qualities.
    pub default_quality: Option<String>,
    /// The formats it can answer in; the first is the default.
    pub formats: Vec<String>,
    /// `opaque`, `transparent`; the first is the default.
    pub backgrounds: Vec<String>,
    /// The most pictures of one request.
    pub max_n: u32,
    /// The most reference images of one request.
    pub max_references: u32,
    /// The most characters of a prompt; nothing if that is not known.
    pub max_prompt: Option<u32>,
    /// The most bytes of a mask; nothing if that is not known.
    pub max_mask_bytes: Option<u64>,
    /// The sizes it can draw.
    pub sizes: SizeRule,
    /// The parameters it takes besides; nothing if that is not known, and any is let through.
    pub params: Option<BTreeMap<String, ParamRule>>,
    /// What a picture counts for; nothing if that is not known.
    pub tokens: Option<TokenRule>,
    /// What a token costs; nothing if that is not known.
    pub price: Option<Price>,
    /// From this day (`2026-12-01`) it answers no more.
    pub retired_on: Option<String>,
    /// What to write in its place: `openai/gpt-image-2`.
    pub successor: Option<String>,
    /// Who says so.
    pub source: String,
    /// When somebody looked.
    pub checked_on: String,
    /// What else there is to know.
    pub note: Option<String>,
}

/// The axis of each quality in the token formula.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct TokenRule {
    /// By quality.
    pub axis: BTreeMap<String, u32>,
}

/// Micro-dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The words of a prompt.
    pub text_in: u64,
    /// Reference images.
    pub image_in: u64,
    /// Pictures.
    pub image_out: u64,
}

impl Model {
    /// What to say of a model that answers no more; `id` is its name.
    pub fn retired(&self, id: &ModelId) -> Option<String> {
        let day = self.retired_on.as_ref()?;
        let write = match &self.successor {
            Some(successor) => format!("`{successor}`"),
            None => "another model".to_owned(),
        };
        Some(format!(
            "`{id}` answers no more from {day} on: write {write} in its place"
        ))
    }
}

/// The models that are known: the built-in ones, and what a project says of them and of others.
#[derive(Clone, Debug, Default)]
pub struct Models {
    by_id: BTreeMap<ModelId, Model>,
}

impl Models {
    /// The model of a name, retired or not. Every `local/…` is the local renderer.
    pub fn get(&self, id: &ModelId) -> Option<&Model> {
        self.by_id.get(id).or_else(|| {
            let any = ModelId {
                provider: id.provider.clone(),
                name: "*".to_owned(),
            };
            self.by_id.get(&any)
        })
    }

    /// Puts a model in, in place of the one that had its name.
    pub fn insert(&mut self, id: ModelId, model: Model) {
        self.by_id.insert(id, model);
    }

    /// What to say of a model that answers no more.
    pub fn retired(&self, id: &ModelId) -> Option<String> {
        self.get(id)?.retired(id)
    }

    /// The model of a name, retired or not; `None` for a provider of which no model is in the table.
    /// Otherwise an unknown name is an error, which says what can be written.
    pub fn look_up(&self, id: &ModelId) -> Result<Option<&Model>, Diagnostic> {
        if let Some(model) = self.get(id) {
            return Ok(Some(model));
        }
        if !self.by_id.keys().any(|key| key.provider == id.provider) {
            return Ok(None);
        }
        let error = Diagnostic::error(format!("unknown model `{id}`"));
        let names: Vec<String> = self.names().collect();
        if let Some(near) = nearest(&id.to_string(), names.iter().map(String::as_str)) {
            return Err(error.hint(format!("did you mean `{near}`?")));
        }
        let of_provider = format!("{}/", id.provider);
        let known: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with(&of_provider))
            .collect();
        Err(error.hint(format!("known are {}", base::diagnostic::list(&known))))
    }

    /// What can be written and is not retired, sorted: for `did you mean`, `schema` and completions.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.by_id
            .iter()
            .filter(|(_, model)| model.retired_on.is_none())
            .map(|(id, _)| match id.name.as_str() {
                "*" => id.provider.clone(),
                _ => id.to_string(),
            })
    }
}

/// The built-in table.
pub fn builtin() -> &'static Models {
    // The table is part of the program: a test reads it, so that the empty table is never seen.
    static TABLE: LazyLock<Models> =
        LazyLock::new(|| parse(include_str!("models.toml")).unwrap_or_default());
    &TABLE
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    model: Vec<Row>,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: String,
    names: Vec<String>,
    #[serde(default)]
    free: bool,
    #[serde(default)]
    qualities: Vec<String>,
    default_quality: Option<String>,
    #[serde(default)]
    formats: Vec<String>,
    #[serde(default)]
    backgrounds: Vec<String>,
    #[serde(default)]
    max_n: u32,
    #[serde(default)]
    max_references: u32,
    max_prompt: Option<u32>,
    max_mask_bytes: Option<u64>,
    #[serde(default)]
    sizes: SizeRule,
    params: Option<BTreeMap<String, ParamRule>>,
    tokens: Option<TokenRule>,
    price: Option<Price>,
    retired_on: Option<String>,
    successor: Option<String>,
    source: String,
    checked_on: String,
    note: Option<String>,
}

fn parse(table: &str) -> Result<Models, toml::de::Error> {
    let file: File = toml::from_str(table)?;
    let mut by_id = BTreeMap::new();
    for row in file.model {
        let model = Model {
            free: row.free,
            qualities: row.qualities,
            default_quality: row.default_quality,
            formats: row.formats,
            backgrounds: row.backgrounds,
            max_n: row.max_n,
            max_references: row.max_references,
            max_prompt: row.max_prompt,
            max_mask_bytes: row.max_mask_bytes,
            sizes: row.sizes,
            params: row.params,
            tokens: row.tokens,
            price: row.price,
            retired_on: row.retired_on,
            successor: row.successor,
            source: row.source,
            checked_on: row.checked_on,
            note: row.note,
        };
        for name in row.names {
            let id = ModelId {
                provider: row.provider.clone(),
                name,
            };
            by_id.insert(id, model.clone());
        }
    }
    Ok(Models { by_id })
}

#[cfg(test)]
mod tests {
    use super::{ModelId, PROVIDERS, SizeRule, builtin, parse};

    fn looked_up(id: &str) -> Result<bool, String> {
        let id = ModelId::parse(id).unwrap();
        builtin()
            .look_up(&id)
            .map(|found| found.is_some())
            .map_err(|error| error.render(false))
    }

    #[test]
    fn the_table_parses_and_every_row_is_whole() {
        let table = parse(include_str!("models.toml")).unwrap();
        assert_eq!(table.by_id.len(), 1 + 2 + 4 + 2 + 2 + 1 + 3 + 1);
        for (id, model) in &table.by_id {
            assert!(PROVIDERS.contains(&id.provider.as_str()), "{id}");
            assert!(
                !model.source.is_empty() && model.checked_on.starts_with("2026-11"),
                "{id}"
            );
            if model.retired_on.is_some() {
                // Its abilities stay: a lock full of its pictures has to resolve.
                let successor = ModelId::parse(model.successor.as_deref().unwrap()).unwrap();
                assert!(table.retired(&successor).is_none(), "{id}");
                assert!(table.get(&successor).is_some(), "{id}");
            }
            assert!(
                matches!(&model.sizes, SizeRule::List(sizes) if !sizes.is_empty())
                    || !matches!(model.sizes, SizeRule::List(_)),
                "{id}"
            );
            assert!(model.max_n >= 1 && !model.formats.is_empty(), "{id}");
            assert!(!model.backgrounds.is_empty(), "{id}");
            assert_eq!(id.provider == "openai", model.params.is_some(), "{id}");
            assert_eq!(id.provider == "openai", model.max_prompt.is_some(), "{id}");
            match &model.default_quality {
                Some(quality) => assert!(model.qualities.contains(quality), "{id}"),
                None => assert!(model.qualities.is_empty() && model.free, "{id}"),
            }
            if let Some(tokens) = &model.tokens {
                for quality in &model.qualities {
                    assert!(tokens.axis[quality] > 0, "{id}");
                }
                assert_eq!(tokens.axis.len(), model.qualities.len(), "{id}");
            }
        }
    }

    #[test]
    fn names_are_those_that_can_be_written() {
        let names: Vec<String> = builtin().names().collect();
        assert_eq!(names.len(), 9);
        assert_eq!(names[0], "local");
        assert!(names.contains(&"openai/gpt-image-2".to_owned()));
        for name in &names {
            assert_eq!(looked_up(name), Ok(true), "{name}");
        }
        assert_eq!(looked_up("local/poster"), Ok(true));
        assert_eq!(looked_up("gemini/nano"), Ok(false));
    }

    #[test]
    fn what_is_not_there_says_what_is() {
        let retired = |id: &str| builtin().retired(&ModelId::parse(id).unwrap());
        assert_eq!(
            retired("openai/dall-e-3").unwrap(),
            "`openai/dall-e-3` answers no more from 2026-05-12 on: write `openai/gpt-image-2` in its place"
        );
        assert_eq!(
            retired("openai/gpt-image-1-mini").unwrap(),
            "`openai/gpt-image-1-mini` answers no more from 2026-12-01 on: write `openai/gpt-image-2.6-flare` in its place"
        );
        assert_eq!(retired("openai/gpt-image-2"), None);
        assert_eq!(
            looked_up("openai/gpt-imgae-2").unwrap_err(),
            "error: unknown model `openai/gpt-imgae-2`\n  = help: did you mean `openai/gpt-image-2`?"
        );
        assert!(
            looked_up("openai/sora")
                .unwrap_err()
                .contains("help: known are `openai/gpt-image-2`, ")
        );
    }
}
