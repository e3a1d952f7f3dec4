//! From an answer that says where its pictures are to a shot in the store: fetch, enter, settle. The answer is on the
//! disk, and nothing here is paid for, so all of it may be done again.

use std::path::Path;

use reqwest::Url;

use crate::execute::ask::PaidClient;
use crate::execute::ingest::{Ingested, NotIngested, entered, read_answer, settle_own};
use crate::execute::route::Route;
use crate::execute::run_handle::RunHandle;
use crate::execute::{Failed, not_made};
use base::fs::Durability;
use provider::Veil;
use provider::reply::{Contents, Source};
use provider::source::lives_until;
use store::Arrived;
use store::ledger::{Outcome, Settlement};

impl PaidClient {
    /// Fetches the pictures of the answer in the file `path`.
    pub(super) async fn gather(
        &self,
        asset: &str,
        path: &Path,
        request_id: Option<String>,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Ingested, Failed> {
        let veil = route.adapter.veil();
        let read = read_answer(&self.store, path, &veil);
        let (arrived, mut said) = read.map_err(|e| not_made::disk(&e))?;
        for source in std::mem::take(&mut said.sources) {
            let told = whereabouts(&source, &veil);
            let fetched = match Url::parse(&source.url) {
                Ok(url) => self.picture(&url, asset, route, handle).await,
                Err(_) => Ok(Err("its URL is none".to_owned())),
            };
            match fetched {
                Ok(Ok(bytes)) => self.put_picture(&mut said, &source, &bytes, path)?,
                Ok(Err(why)) => {
                    said.error.get_or_insert(format!("{why}; it said {told}"));
                }
                // A person has waited for it long enough.
                Err(failed) if self.retry_in_doubt && !*handle.stop.borrow() => {
                    let why = format!("{}; it said {told}", failed.diagnostic.message);
                    return Err(self.given_up(arrived, request_id, &why));
                }
                Err(failed) => return Err(not_made::elsewhere(failed, &told)),
            }
        }
        match entered(&self.store, &self.ledger, arrived, &said, request_id) {
            Ok(taken) => Ok(taken),
            Err(NotIngested::Empty(why, aside)) => Err(not_made::doubt(&why, Some(&aside))),
            Err(NotIngested::Refused(refusal, _)) => {
                let hint = route.adapter.hint(&refusal);
                Err(not_made::refused(&refusal, hint))
            }
            Err(NotIngested::Disk(error)) => Err(not_made::not_kept(&error, path)),
            Err(NotIngested::Elsewhere(path)) => Err(not_made::no_ticket("it is elsewhere", &path)),
        }
    }

    /// Puts a picture that was fetched in its place among those of the answer.
    fn put_picture(
        &self,
        said: &mut Contents,
        source: &Source,
        bytes: &[u8],
        path: &Path,
    ) -> Result<(), Failed> {
        let kept = self.store.put(bytes, Durability::Paid);
        let kept = kept.map_err(|e| not_made::not_kept(&e, path))?;
        // One before it may be lost.
        let place = source.place.min(said.pictures.len());
        said.pictures.insert(place, kept);
        Ok(())
    }

    /// What cannot be fetched, and a person does not wait for any more, is in doubt.
    fn given_up(&self, arrived: Arrived, request_id: Option<String>, why: &str) -> Failed {
        let settlement = Settlement {
            outcome: Outcome::Doubt,
            cost: None,
            billed: None,
            request_id,
            why: Some(why.to_owned()),
        };
        match settle_own(&self.ledger, &arrived.head, settlement) {
            Ok(()) => not_made::doubt(why, Some(&arrived.set_aside())),
            Err(error) => not_made::disk(&error),
        }
    }
}

/// Where a picture is said to be, for a person who fetches it by hand, and how long it is there.
fn whereabouts(source: &Source, veil: &Veil) -> String {
    let url = veil.over(&source.url);
    let until = Url::parse(&source.url)
        .ok()
        .and_then(|url| lives_until(&url));
    match until {
        Some(until) => format!("`{url}`, which lives until {until}"),
        None => format!("`{url}`"),
    }
}
