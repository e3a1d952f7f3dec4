//! A person says of a request that is in doubt that it did not come: it is settled as that, and the asset can be asked for
//! again. Nobody knows better than them: they may have looked at the provider's own list.

use crate::pipeline::{Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure};
use report::{Event, Reporter};
use store::ledger::{Ledger, Moment, Outcome, Settlement};
use store::{Payer, Store};

/// What is written down of who said it.
const WHY: &str = "a person says that it did not come";

/// Settles the request with this number in the ledger, for the asset `id`.
pub fn run(
    settings: &Settings,
    id: &str,
    number: u64,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
    let entry = ledger.entry(number);
    let entry = entry.filter(|entry| entry.intent.asset == id && entry.is_in_doubt());
    let Some(entry) = entry else {
        return Err(failed("there is no such request in doubt any more"));
    };
    let payer = Payer {
        process: std::process::id(),
        since: Moment::now().to_string(),
        asset: id.to_owned(),
        project: entry.intent.project.clone(),
    };
    // While it is asked for nobody may say so.
    let held = store.try_make(&entry.intent.key, &payer);
    let Some(_held) = held.map_err(|e| store_failure(&e))? else {
        return Err(failed("it is being asked for just now"));
    };
    let settlement = Settlement {
        outcome: Outcome::Unsent,
        cost: None,
        billed: None,
        request_id: entry.settlement.and_then(|settled| settled.request_id),
        why: Some(WHY.to_owned()),
    };
    ledger
        .settle(number, settlement)
        .map_err(|e| store_failure(&e))?;
    reporter.event(Event::Note(&format!(
        "request {number} for {id} did not come: it counts as not sent"
    )));
    Ok(Exit::Done)
}

fn failed(why: &str) -> Failure {
    Failure::new(Exit::SomeFailed, Diagnostic::error(why))
}
