//! How providers are reached: what the environment says of keys and places, together with what the manifest does. Reads
//! no environment itself, and knows no prices.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use base::diagnostic::{Diagnostic, Exit, Failure};
use declare::manifest::{Provider, Providers};
use plan::Reason;
use provider::table::{Row, builtin};
use provider::{Adapter, Config, Veil, address};

/// How long one request may take: large pictures take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The variables of the environment that say how providers are reached.
#[derive(Clone, Debug, Default)]
pub struct Access(BTreeMap<String, SecretString>);

impl Access {
    /// Whether a variable may say how some provider is reached.
    pub fn is_meant(variable: &str) -> bool {
        let is_named = |row: &Row| {
            row.key_variable.as_deref() == Some(variable)
                || row.key_aliases.iter().any(|of| of == variable)
                || row.auth.secret_variable.as_deref() == Some(variable)
                || row.headers.values().any(|of| of == variable)
        };
        variable.ends_with("_API_KEY")
            || variable.ends_with("_BASE_URL")
            || builtin().values().any(|row| is_named(row))
    }

    /// These variables, with what they say.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter();
        Self(
            variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
        )
    }

    fn value(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(SecretString::expose_secret)
    }

    /// The variable with a provider's key, and the key.
    fn key(&self, row: &Row) -> Option<(String, SecretString)> {
        let mut variables = row.key_variables();
        variables.find_map(|variable| {
            let key = self.0.get(&variable)?;
            let is_half = row.key_variable.as_ref() == Some(&variable);
            let key = match row.auth.secret_variable.as_ref().filter(|_| is_half) {
                None => key.clone(),
                Some(other) => format!("{}:{}", key.expose_secret(), self.value(other)?).into(),
            };
            Some((variable, key))
        })
    }

    /// Whether a provider's key is known.
    pub fn has_key(&self, row: &Row) -> bool {
        self.key(row).is_some()
    }

    /// Whether the environment says where a provider's API is: that is the person's word.
    pub fn names_place(&self, row: &Row) -> bool {
        self.value(&row.base_url_variable()).is_some()
    }

    /// Why a provider cannot be asked.
    pub fn missing(&self, providers: &Providers, name: &str) -> Option<Reason> {
        let Some(provider) = providers.get(name) else {
            return Some(Reason::NoProvider(name.to_owned()));
        };
        if self.has_key(&provider.row) {
            return None;
        }
        let variable = provider.row.key_variables().next();
        Some(Reason::NoKey(variable.unwrap_or_default()))
    }

    /// Hides all keys in what comes back.
    pub fn veil(&self) -> Veil {
        let keys = self
            .0
            .iter()
            .filter(|(name, _)| !name.ends_with("_BASE_URL"));
        Veil::new(keys.map(|(_, key)| key))
    }

    /// Where a provider's API is, and who says so. The environment comes before the manifest: it is whose key is sent.
    pub fn place<'a>(&'a self, provider: &'a Provider) -> (&'a str, String) {
        let row = &provider.row;
        let variable = row.base_url_variable();
        match (self.value(&variable), &provider.base_url) {
            (Some(base), _) => (base, variable),
            (None, Some(at)) => (&at.value, format!("provider.{}.base_url", row.name)),
            (None, None) => (&row.base_url, "base_url".to_owned()),
        }
    }

    /// Who asks a provider; nothing if there is no key for it.
    pub fn adapter(&self, provider: &Provider) -> Result<Option<Adapter>, Failure> {
        Ok(self.config(provider, TIMEOUT)?.map(Adapter::new))
    }

    /// Whom to ask, and as whom, with so long for a request; nothing if there is no key for it.
    pub fn config(
        &self,
        provider: &Provider,
        timeout: Duration,
    ) -> Result<Option<Config>, Failure> {
        let row = &provider.row;
        let Some((key_variable, key)) = self.key(row) else {
            return Ok(None);
        };
        let (base, named) = self.place(provider);
        let base_url = address::parse(base).map_err(|why| {
            Failure::new(
                Exit::Provider,
                Diagnostic::error(format!("`{named}` {why}")),
            )
        })?;
        let values = row.headers.values();
        let values = values.filter_map(|name| Some((name.clone(), self.value(name)?.to_owned())));
        Ok(Some(Config {
            key_variable,
            values: values.collect(),
            ..provider.config(base_url, key, timeout)
        }))
    }
}
