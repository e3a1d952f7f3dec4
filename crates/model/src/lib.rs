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
mod currency;
mod id;
mod params;
mod picture_price;
mod price;
pub mod request;
mod size;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use currency::{Currency, Money, Rates};
pub use finding::{Area, Finding, Severity};
pub use id::{COMMAND, LOCAL, MANUAL, ModelId, PROVIDERS};
pub use params::ParamRule;
pub use picture_price::{PicturePrice, quote};
pub use price::{Micro, estimate, output_tokens};
pub use size::{Cell, SizeRule, request_size};

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
    /// What a picture counts for where its size alone decides: up to so many pixels, so many tokens; in rising order.
    /// Empty where `tokens` says it.
    pub token_steps: Vec<(u64, u64)>,
    /// What each reference counts for, however large it is; nothing where its size decides.
    pub reference_tokens: Option<u64>,
    /// What a token costs; nothing if that is not known.
    pub price: Option<Price>,
    /// What a picture costs, where that is not counted in tokens; it comes before `tokens`.
    pub picture_price: Option<PicturePrice>,
    /// What a token costs in a batch; nothing if that is not known, whatever it costs at once.
    pub batch_price: Option<Price>,
    /// How well it writes Chinese in a picture; nothing if nobody measured it.
    pub chinese: Option<Chinese>,
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

/// How well a model writes Chinese.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chinese {
    /// As it was told.
    pub score: String,
    /// Of which test, and by whom.
    pub source: String,
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
    /// Words that come with a picture, and what is thought about it; no price of their own where it is left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub text_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "this is how serde asks")]
fn is_zero(price: &u64) -> bool {
    *price == 0
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
    rates: Rates,
}

impl Models {
    /// What a dollar is in other currencies.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Puts other rates in place of the table's.
    pub fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    /// Every model by its name, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&ModelId, &Model)> {
        self.by_id.iter()
    }

    /// The model of a name, retired or not. Every `local/…` is the local renderer, every `manual/…` a person.
    pub fn get(&self, id: &ModelId) -> Option<&Model> {
        self.by_id.get(id).or_else(|| {
            let any = ModelId {
                provider: id.provider.clone(),
                name: "*".to_owned(),
            };
            self.by_id.get(&any)
        })
    }

    /// The same models at what they cost in a batch, of the providers that have one; a price that nobody published is
    /// unknown.
    #[must_use]
    pub fn in_batches(&self, has_batches: impl Fn(&str) -> bool) -> Self {
        let mut models = self.clone();
        let sent = models.by_id.iter_mut();
        for (_, model) in sent.filter(|(id, model)| !model.free && has_batches(&id.provider)) {
            model.price = model.batch_price;
            model.picture_price = None;
        }
        models
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
        let error = error.hint(format!("known are {}", base::diagnostic::list(&known)));
        Err(match id.name.contains('/') {
            // As gateways name the models of others.
            true => error.hint(format!(
                "if a gateway knows it by this name, write `[model.\"{id}\"]` with `formats = [\"png\"]`, `max_n = 1`, `max_references = 0` and `sizes = [[1024, 1024]]`"
            )),
            false => error,
        })
    }

    /// Of each provider that is paid, the first model that is not retired and of which this holds.
    pub fn one_of_each(&self, can: impl Fn(&Model) -> bool) -> Vec<String> {
        let mut found: BTreeMap<&str, String> = BTreeMap::new();
        for (id, model) in &self.by_id {
            if !model.free && model.retired_on.is_none() && can(model) {
                found.entry(&id.provider).or_insert_with(|| id.to_string());
            }
        }
        found.into_values().collect()
    }

    /// What can be written without more and is not retired, sorted: for `did you mean`, `schema` and completions.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.by_id
            .iter()
            .filter(|(id, model)| {
                model.retired_on.is_none() && PROVIDERS.contains(&id.provider.as_str())
            })
            // Its names are whatever people call it.
            .filter(|(id, _)| !id.is_by_hand())
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
    rates: Rates,
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
    #[serde(default)]
    token_steps: Vec<(u64, u64)>,
    reference_tokens: Option<u64>,
    price: Option<Price>,
    picture_price: Option<PicturePrice>,
    batch_price: Option<Price>,
    chinese: Option<Chinese>,
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
            token_steps: row.token_steps,
            reference_tokens: row.reference_tokens,
            price: row.price,
            picture_price: row.picture_price,
            batch_price: row.batch_price,
            chinese: row.chinese,
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
    Ok(Models {
        by_id,
        rates: file.rates,
    })
}

#[cfg(test)]
mod tests {
    use super::{ModelId, PicturePrice, SizeRule, builtin, parse};

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
        assert_eq!(table.by_id.len(), 65);
        assert!(table.rates.cny.0 > 1_000_000 && table.rates.as_of.len() == 10);
        for (id, model) in &table.by_id {
            assert!(
                !model.source.is_empty() && model.checked_on.starts_with("2026-11"),
                "{id}"
            );
            if model.retired_on.is_some() {
                // Its abilities stay: a lock full of its pictures has to resolve.
                let successor = model.successor.as_deref().unwrap();
                let successor = ModelId::parse_among(successor, &[&id.provider]).unwrap();
                assert!(table.retired(&successor).is_none(), "{id}");
                assert!(table.get(&successor).is_some(), "{id}");
            }
            assert!(
                !matches!(&model.sizes, SizeRule::List(sizes) if sizes.is_empty())
                    && !matches!(&model.sizes, SizeRule::Cells(cells) if cells.is_empty()),
                "{id}"
            );
            assert!(model.max_n >= 1 && !model.formats.is_empty(), "{id}");
            assert!(!model.backgrounds.is_empty(), "{id}");
            let takes_any = id.is_local() || id.is_by_hand();
            assert_eq!(takes_any, model.params.is_none(), "{id}");
            assert!(
                model.max_prompt.is_some() || id.provider != "openai",
                "{id}"
            );
            assert!(
                model
                    .picture_price
                    .as_ref()
                    .is_none_or(PicturePrice::is_right),
                "{id}"
            );
            match &model.default_quality {
                Some(quality) => assert!(model.qualities.contains(quality), "{id}"),
                None => assert!(model.qualities.is_empty(), "{id}"),
            }
            let steps = &model.token_steps;
            assert!(steps.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{id}");
            if let (SizeRule::Cells(cells), Some(most)) = (&model.sizes, steps.last()) {
                let pixels = |w: u32, h: u32| u64::from(w) * u64::from(h);
                assert!(
                    cells.iter().all(|(w, h, _)| pixels(*w, *h) <= most.0),
                    "{id}"
                );
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
        assert_eq!(names.len(), 55);
        assert!(names.iter().any(|name| name.starts_with("kling/")));
        assert!(names.is_sorted());
        assert!(names.contains(&"openai/gpt-image-2".to_owned()));
        for name in &names {
            assert_eq!(looked_up(name), Ok(true), "{name}");
        }
        assert_eq!(looked_up("local/poster"), Ok(true));
        assert_eq!(looked_up("command/mine"), Ok(false));
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
