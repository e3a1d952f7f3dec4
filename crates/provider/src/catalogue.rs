//! The models that a provider lists by itself: a free GET for each page, bounded, and its names. Knows no table of models, and
//! follows nowhere.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Url;
use serde_json::Value;

use crate::Config;
use crate::address::is_here;
use crate::bounded;
use crate::http::{Http, NoAnswer, beginning};
use crate::openai::Endpoint;
use crate::pointer;
use crate::table::Catalogue;

/// The most that is read of a page of a list.
const MAX_BYTES: u64 = 8 << 20;
/// The most pages that a list has.
const MAX_PAGES: usize = 20;

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
    let first = first_page(&endpoint, &catalogue);
    let mut found = BTreeSet::new();
    let mut url = first.clone();
    for _ in 0..MAX_PAGES {
        let body = page(&http, &endpoint, url).await?;
        found.extend(names(&body, &catalogue));
        match next_page(&first, &body, &catalogue) {
            Some(next) => url = next,
            None if found.is_empty() => {
                return Err("what it answered is no list of models".to_owned());
            }
            None => return Ok(Some(found)),
        }
    }
    Err(format!(
        "its list of models has more than {MAX_PAGES} pages"
    ))
}

/// Where the list is. A base URL may have the version that stands in the path too.
fn first_page(endpoint: &Endpoint, catalogue: &Catalogue) -> Url {
    let (path, query) = match catalogue.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*catalogue.path, None),
    };
    let mut url = endpoint.url("", path);
    let version = path.split('/').nth(1).unwrap_or_default();
    let once = url.path().replacen(
        &format!("/{version}/{version}/"),
        &format!("/{version}/"),
        1,
    );
    url.set_path(&once);
    if query.is_some() {
        url.set_query(query);
    }
    url
}

/// Where the next page is; nothing after the last one.
fn next_page(first: &Url, body: &[u8], catalogue: &Catalogue) -> Option<Url> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let next = pointer::text(&body, catalogue.next.as_ref()?)?;
    let next = bounded::name(&next)?;
    let mut url = first.clone();
    url.query_pairs_mut()
        .append_pair(&catalogue.next_parameter, &next);
    Some(url)
}

async fn page(http: &Http, endpoint: &Endpoint, url: Url) -> Result<Vec<u8>, String> {
    let headers = endpoint
        .headers()
        .map_err(|variable| format!("`{variable}` holds what no header can carry"))?;
    let get = http.client()?.get(url);
    let mut response = http.send(get.headers(headers)).await.map_err(words)?;
    let status = response.status();
    if !status.is_success() {
        let body = beginning(&mut response).await;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = pointer::text(&body, "/error/message");
        let veil = endpoint.veil();
        let said = said.map(|said| format!(": {}", bounded::sentence(&veil.over(&said))));
        let status = status.as_u16();
        return Err(format!("it answered {status}{}", said.unwrap_or_default()));
    }
    let mut body = Vec::new();
    let written = http.write_body(response, MAX_BYTES, &mut body, Path::new(""));
    written.await.map_err(words)?;
    Ok(body)
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
    use std::time::Duration;

    use super::{Catalogue, first_page, names, next_page};
    use crate::openai::Endpoint;
    use crate::{Config, address, table};

    #[test]
    fn the_next_page_is_asked_for_at_the_same_place() {
        for base in [
            "https://generativelanguage.googleapis.com",
            "https://generativelanguage.googleapis.com/v1beta",
        ] {
            let row = &table::builtin()["gemini"];
            let base = address::parse(base).unwrap();
            let config = Config::new(row, base, "a-key-of-gemini".into(), Duration::from_secs(1));
            let catalogue = row.models.as_ref().unwrap();
            let first = first_page(&Endpoint::new(config), catalogue);
            let at = "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000";
            assert_eq!(first.as_str(), at);
            let next = |body: &str| next_page(&first, body.as_bytes(), catalogue);
            let second = next(r#"{"nextPageToken": "a/b=="}"#).unwrap();
            assert_eq!(second.as_str(), format!("{at}&pageToken=a%2Fb%3D%3D"));
            for last in [
                "",
                "{}",
                r#"{"nextPageToken": ""}"#,
                r#"{"nextPageToken": "a b"}"#,
            ] {
                assert_eq!(next(last), None, "{last}");
            }
        }
    }

    #[test]
    fn only_names_count() {
        let catalogue = Catalogue {
            path: "/models".to_owned(),
            names: "/data/*/id".to_owned(),
            prefix: "models/".to_owned(),
            next: Some("/nextPageToken".to_owned()),
            next_parameter: "pageToken".to_owned(),
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
