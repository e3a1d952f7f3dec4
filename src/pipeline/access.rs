//! How providers are reached: what the environment says of keys and places, together with what the manifest does. Reads
//! no environment itself, and knows no prices.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use base::diagnostic::{Diagnostic, Exit, Failure};
use declare::manifest::{Provider, Providers};
use model::{COMMAND, MANUAL};
use plan::Reason;
use provider::table::{Row, builtin};
use provider::{Adapter, BatchClient, Config, Environment, Program, Veil, address};

/// How long one request may take: large pictures take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The variables that name a proxy for `https`, in the order in which they count.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// What the environment says of how providers are reached.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The variables that are meant for providers.
    variables: BTreeMap<String, SecretString>,
    /// Reads any other, for a person's own programs.
    environment: Environment,
}

impl Access {
    /// Whether a variable may say how some provider is reached.
    pub fn is_meant(variable: &str) -> bool {
        let is_named = |row: &Row| {
            row.key_variable.as_deref() == Some(variable)
                || row.key_aliases.iter().any(|of| of == variable)
                || row.auth.secret_variable.as_deref() == Some(variable)
                || row.headers.values().any(|of| of == variable)
        };
        PROXIES.contains(&variable)
            || variable.ends_with("_API_KEY")
            || variable.ends_with("_BASE_URL")
            || builtin().values().any(|row| is_named(row))
    }

    /// These variables, with what they say.
    pub fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        environment: Environment,
    ) -> Self {
        let variables = variables.into_iter();
        Self {
            variables: variables
                .map(|(name, value)| (name, value.into()))
                .collect(),
            environment,
        }
    }

    fn value(&self, variable: &str) -> Option<&str> {
        self.variables
            .get(variable)
            .map(SecretString::expose_secret)
    }

    /// The variable with a provider's key, and the key.
    fn key(&self, row: &Row) -> Option<(String, SecretString)> {
        let mut variables = row.key_variables();
        variables.find_map(|variable| {
            let key = self.variables.get(&variable)?;
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
        if [MANUAL, COMMAND].contains(&name) {
            // A person makes it, or a program of theirs: no key is missing.
            return None;
        }
        let Some(provider) = providers.get(name) else {
            return Some(Reason::NoProvider(name.to_owned()));
        };
        if self.has_key(&provider.row) {
            return None;
        }
        let variable = provider.row.key_variables().next();
        Some(Reason::NoKey(variable.unwrap_or_default()))
    }

    /// The variable that names a proxy, and its host.
    fn proxy(&self) -> Option<(String, String)> {
        let mut variables = PROXIES.iter();
        variables.find_map(|variable| {
            let host = address::host_of(self.value(variable)?)?;
            Some(((*variable).to_owned(), host))
        })
    }

    /// Hides all keys in what comes back.
    pub fn veil(&self) -> Veil {
        Veil::new(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &SecretString> {
        let keys = self.variables.iter();
        let keys =
            keys.filter(|(name, _)| !name.ends_with("_BASE_URL") && !PROXIES.contains(&&***name));
        keys.map(|(_, key)| key)
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

    /// Who has a person's programs asked.
    pub fn programs(&self, programs: &BTreeMap<String, Program>) -> Adapter {
        let named = programs.values().flat_map(|program| &program.environment);
        let handed = named.filter(|name| is_secret(name));
        let secrets = handed.filter_map(|name| {
            let value = (self.environment.0)(name)?;
            Some(SecretString::from(value.to_string_lossy().into_owned()))
        });
        let secrets: Vec<SecretString> = secrets.collect();
        let keys = self.keys().chain(&secrets);
        Adapter::programs(programs.clone(), self.environment, Veil::new(keys))
    }

    /// Who asks a provider; nothing if there is no key for it.
    pub fn adapter(&self, provider: &Provider) -> Result<Option<Adapter>, Failure> {
        Ok(self.config(provider, TIMEOUT)?.map(Adapter::new))
    }

    /// Who sends batches to a provider; nothing if there is no key for it, or no batches.
    pub fn batch_client(&self, provider: &Provider) -> Result<Option<BatchClient>, Failure> {
        let config = self.config(provider, TIMEOUT)?;
        Ok(config.as_ref().and_then(BatchClient::new))
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
            let told = Diagnostic::error(format!("`{named}` {why}"));
            let told = match why.meant(base) {
                Some(meant) => told.hint(format!("write `{named}={meant}`")),
                None => told,
            };
            Failure::new(Exit::Provider, told)
        })?;
        let values = row.headers.values();
        let values = values.filter_map(|name| Some((name.clone(), self.value(name)?.to_owned())));
        Ok(Some(Config {
            key_variable,
            values: values.collect(),
            proxy: self.proxy(),
            is_persons: self.names_place(row),
            ..provider.config(base_url, key, timeout)
        }))
    }
}

/// Whether a variable holds what is not to be shown, by its name.
fn is_secret(name: &str) -> bool {
    ["KEY", "TOKEN", "SECRET", "PASSWORD"]
        .iter()
        .any(|word| name.to_uppercase().contains(word))
}
