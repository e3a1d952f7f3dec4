//! Reads `[provider.NAME]` and `[budget]`: how providers are reached, and what may be spent. None of it
//! counts in a key. Knows no credentials: they are in the environment, and nowhere else.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::manifest::claims::{CONFIRM, Claim, Stake, quoted};
use crate::manifest::declared;
use crate::manifest::reader::Table;
use crate::manifest::{At, Budget, Provider, Providers};
use base::diagnostic::{Diagnostic, Place};
use model::{Micro, ModelId, Models, Rates};
use provider::address::{self, UrlError};
use provider::table::{Row, builtin};
use provider::{AZURE, Azure};

/// More pictures a minute than anybody is sold.
const MAX_PER_MINUTE: u32 = 100_000;

/// What people may take for a place to write a key.
const SECRETS: [&str; 4] = ["api_key", "key", "token", "secret"];

/// What a dollar is in yuan, at least and at most: beyond that it is a slip of the pen.
const YUAN: RangeInclusive<Micro> = Micro(1_000_000)..=Micro(100_000_000);

/// `[budget]`, whose rate is put in place of the table's; and what of it is more than a project can say by itself: a
/// high `confirm`, and a rate that makes everything cheaper than the table says.
pub fn budget(table: Table<'_>, models: &mut Models) -> (Budget, Vec<Claim>) {
    let before = models.rates().cny;
    let budget = Budget {
        run: table.dollars("run"),
        month: table.dollars("month"),
        confirm: table.dollars("confirm"),
    };
    let rate = table.table("rate").and_then(|rate| cny(rate, models));
    let claim = |name: &str, key: &'static str, value: Micro, stake| {
        Some(Claim {
            name: format!("budget.{name}"),
            value: value.decimal(),
            place: table.key_place(key)?,
            stake,
        })
    };
    let confirm = budget.confirm.filter(|confirm| *confirm > CONFIRM);
    let confirm = confirm.and_then(|most| claim("confirm", "confirm", most, Stake::Confirm));
    let rate = rate.filter(|cny| *cny > before);
    let rate = rate.and_then(|cny| claim("rate.CNY", "rate", cny, Stake::Price));
    table.finish();
    (budget, confirm.into_iter().chain(rate).collect())
}

/// `rate = { CNY = 7.10 }`: so many yuan for a dollar.
fn cny(table: Table<'_>, models: &mut Models) -> Option<Micro> {
    let cny = table.amount(
        "CNY",
        "the yuan for a dollar, such as `7.10`, from 1 to 100",
        |n| YUAN.contains(&n),
    );
    table.finish();
    models.set_rates(Rates {
        as_of: String::new(),
        source: "`[budget]`".to_owned(),
        cny: cny?,
    });
    cny
}

/// `[provider]`, with a table for each provider that has something to set; and what of it only a person can
/// grant.
pub fn providers(table: Table<'_>, models: &Models) -> (Providers, Vec<Claim>) {
    let mut claims = Vec::new();
    let mut providers = Providers::default();
    for name in builtin().keys() {
        if let Some(inner) = table.table(name)
            && let Some(provider) = providers.0.get_mut(name)
        {
            settings(&inner, models, provider, &mut claims);
            inner.finish_with(&SECRETS, |_| None);
        }
    }
    let mut declared = Vec::new();
    for (name, element) in table.entries() {
        let Some(inner) = element.as_table().filter(declared::is_one) else {
            continue;
        };
        if builtin().contains_key(&name.value) {
            continue;
        }
        match declared::provider(&name.value, &name.place, &element, &SECRETS) {
            Ok((mut provider, claim)) => {
                claims.push(claim);
                provider.images_per_minute = per_minute(&inner);
                refuse_secrets(&inner, &provider.row);
                providers.0.insert(name.value.clone(), provider);
            }
            Err(why) => table.report(why),
        }
        declared.push(name.value);
    }
    let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    table.finish_with(&declared, |_| None);
    (providers, claims)
}

/// Sets what the table of a provider says.
fn settings(table: &Table<'_>, models: &Models, provider: &mut Provider, claims: &mut Vec<Claim>) {
    let row = Arc::clone(&provider.row);
    provider.base_url = base_url(table, &row, claims);
    provider.images_per_minute = per_minute(table);
    if row.name == AZURE {
        let inner = table.table("azure");
        provider.azure = inner.map(|inner| of_azure(table, inner, models, claims));
    }
    refuse_secrets(table, &row);
}

fn per_minute(table: &Table<'_>) -> Option<u32> {
    let per_minute = table.small("images_per_minute", 1..=MAX_PER_MINUTE);
    per_minute.map(|at| at.value)
}

/// A key stands in no file.
fn refuse_secrets(table: &Table<'_>, row: &Row) {
    for (key, _) in table.entries() {
        if SECRETS.contains(&key.value.as_str()) {
            let line = unseen(&key.place);
            let variable = row.key_variables().next().unwrap_or_default();
            table.report(
                Diagnostic::error(format!("`{}` {line}: a key stands in no file", key.value)).hint(
                    format!("it is read from the environment, from `{variable}`"),
                ),
            );
        }
    }
}

fn base_url(table: &Table<'_>, row: &Row, claims: &mut Vec<Claim>) -> Option<At<String>> {
    let name = format!("provider.{}.base_url", row.name);
    let at = table.string("base_url")?;
    match address::parse(&at.value) {
        Ok(url) => {
            if !address::is_known(&url, &row.hosts) {
                claims.push(Claim {
                    name,
                    value: quoted(url.as_str()),
                    place: at.place.clone(),
                    stake: Stake::Host {
                        provider: row.name.clone(),
                        host: address::host(&url),
                    },
                });
            }
            return Some(at);
        }
        // There may be a password in it.
        Err(why) if why == UrlError::Extra || at.value.contains('@') => {
            let line = unseen(&at.place);
            table.report(Diagnostic::error(format!("`{name}` {line} {why}")));
        }
        Err(why) => table.report(
            Diagnostic::error(format!("`{name}` {why}"))
                .at(at.place)
                .hint(match why.meant(&at.value) {
                    Some(meant) => format!("write `base_url = \"{meant}\"`"),
                    None => "write it as in `https://gateway.example.com/v1`".to_owned(),
                }),
        ),
    }
    None
}

/// `[provider.openai.azure]`, in the table of its provider.
fn of_azure(
    table: &Table<'_>,
    inner: Table<'_>,
    models: &Models,
    claims: &mut Vec<Claim>,
) -> Azure {
    if !table.has("base_url") {
        table.report(
            Diagnostic::error("`[provider.openai.azure]` has no resource to go to")
                .at(inner.place().clone())
                .hint("add `base_url = \"https://NAME.openai.azure.com\"` to `[provider.openai]`"),
        );
    }
    let place = inner.place().clone();
    let azure = azure(inner, models);
    claims.push(Claim {
        name: "provider.openai.azure".to_owned(),
        value: as_text(&azure),
        place,
        stake: Stake::Deployment,
    });
    azure
}

/// The same for the same settings, however they are written.
fn as_text(azure: &Azure) -> String {
    let names = azure.deployments.iter();
    let names: Vec<String> = names
        .map(|(model, name)| format!("{} = {}", quoted(model), quoted(name)))
        .collect();
    format!(
        "{{ api_version = {}, deployments = {{ {} }} }}",
        quoted(&azure.api_version),
        names.join(", ")
    )
}

/// A place that is told without its line being shown: a secret stands there, or may.
fn unseen(place: &Place) -> String {
    format!(
        "on line {} of `{}`",
        place.line_column().0,
        place.source.name
    )
}

fn azure(table: Table<'_>, models: &Models) -> Azure {
    let mut azure = Azure {
        api_version: "preview".to_owned(),
        ..Azure::default()
    };
    if let Some(at) = table.string("api_version") {
        if is_api_version(&at.value) {
            azure.api_version = at.value;
        } else {
            table.report(
                Diagnostic::error(format!("`{}` is no version of Azure's API", at.value))
                    .at(at.place)
                    .hint("`preview` or `v1` is the API of today; a date, as in `2025-04-01-preview`, the one before it"),
            );
        }
    }
    if let Some(deployments) = table.table("deployments") {
        for (model, element) in deployments.entries() {
            if let Err(why) = models.look_up(&ModelId {
                provider: AZURE.to_owned(),
                name: model.value.clone(),
            }) {
                table.report(why.at(model.place));
            }
            if let Some(name) = element.as_str().filter(|name| is_deployment(name)) {
                azure.deployments.insert(model.value, name.to_owned());
            } else {
                element
                    .report_must_be("the name of a deployment: letters, digits, `-`, `_` and `.`");
            }
        }
    }
    table.finish();
    azure
}

/// `preview`, `v1`, `2025-04-01`, `2025-04-01-preview`.
fn is_api_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(n, byte)| match n {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    matches!(text, "preview" | "v1") || is_date
}

/// It becomes a part of a URL's path.
fn is_deployment(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(known) && name.chars().any(|c| c != '.')
}

#[cfg(test)]
mod tests {
    use super::{is_api_version, is_deployment};

    #[test]
    fn versions_of_azure() {
        for text in ["preview", "v1", "2025-04-01", "2025-04-01-preview"] {
            assert!(is_api_version(text), "{text}");
        }
        for text in [
            "",
            "latest",
            "-preview",
            "2025-4-1",
            "2025-04-01-beta",
            "v1-preview",
        ] {
            assert!(!is_api_version(text), "{text}");
        }
    }

    #[test]
    fn deployments_stay_one_part_of_a_path() {
        for name in ["ours", "gpt-image-2.eu_1"] {
            assert!(is_deployment(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", "a?b", "图"] {
            assert!(!is_deployment(name), "{name}");
        }
    }
}
