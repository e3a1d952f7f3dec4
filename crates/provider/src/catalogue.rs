//! The models that a provider lists by itself: one free GET, bounded, and its names. Knows no table of models, and
//! follows nowhere.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::Config;
use crate::address::is_here;
use crate::bounded;
use crate::http::{Http, NoAnswer, beginning};
use crate::openai::Endpoint;
use crate::pointer;
use crate::table::Catalogue;

/// The most that is read of a list.
const MAX_BYTES: u64 = 8 << 20;

/// The names of the models that a provider lists; nothing if it has no list. An error says why it did not come.
pub async fn models(config: Config) -> Result<Option<BTreeSet<String>>, String> {
    let Some(catalogue) = config.row.models.clone() else {
        return Ok(None);
    };
    // Deployments there have names of their own.
    if config.azure.is_some() {
        return Ok(None);
    }
    let http = Http::new(config.timeout, is_here(&config.base_url));
    let endpoint = Endpoint::new(config);
    let veil = endpoint.veil();
    let headers = endpoint
        .headers()
        .map_err(|variable| format!("`{variable}` holds what no header can carry"))?;
    let get = http.client()?.get(endpoint.url("", &catalogue.path));
    let mut response = http.send(get.headers(headers)).await.map_err(words)?;
    let status = response.status();
    if !status.is_success() {
        let body = beginning(&mut response).await;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = pointer::text(&body, "/error/message");
        let said = said.map(|said| format!(": {}", bounded::sentence(&veil.over(&said))));
        let status = status.as_u16();
        return Err(format!("it answered {status}{}", said.unwrap_or_default()));
    }
    let mut body = Vec::new();
    let written = http.write_body(response, MAX_BYTES, &mut body, Path::new(""));
    written.await.map_err(words)?;
    let found = names(&body, &catalogue);
    match found.is_empty() {
        true => Err("what it answered is no list of models".to_owned()),
        false => Ok(Some(found)),
    }
}

/// What is a name of those that stand where they should.
fn names(body: &[u8], catalogue: &Catalogue) -> BTreeSet<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let found = pointer::all(&body, &catalogue.names).into_iter();
    let found = found.filter_map(|name| {
        let name = name.as_str()?;
        bounded::name(name.strip_prefix(&*catalogue.prefix).unwrap_or(name))
    });
    found.collect()
}

fn words(why: NoAnswer) -> String {
    match why {
        NoAnswer::Unsent(why) | NoAnswer::Cut(why) => why,
        NoAnswer::Disk(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, names};

    #[test]
    fn only_names_count() {
        let catalogue = Catalogue {
            path: "/models".to_owned(),
            names: "/data/*/id".to_owned(),
            prefix: "models/".to_owned(),
        };
        let of = |body: &str| names(body.as_bytes(), &catalogue);
        let found =
            of(r#"{"data":[{"id":"models/a"},{"id":"b/c"},{"id":7},{"id":"no\nname"},{}]}"#);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a", "b/c"]);
        for odd in ["", "[]", "{\"data\":7}", &"[".repeat(100_000)] {
            assert!(of(odd).is_empty());
        }
    }
}
