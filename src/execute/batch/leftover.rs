//! What earlier runs left of batches: those that were never sent are forgotten, and the shots of all others are on their
//! way. Asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use base::fs::FsError;
use plan::key::Key;
use store::ledger::{Entry, Ledger, Moment, Outcome, Settlement};
use store::{Batch, BatchLine, Payer, Store};

/// The shots of batches.
#[derive(Debug, Default)]
pub struct UnderWay {
    /// Those that are on their way.
    pub pending: BTreeSet<Key>,
    /// The numbers of requests that were written down and never sent.
    pub unsent: BTreeSet<u64>,
}

/// What is under way in batches.
pub fn under_way(store: &Store, ledger: &Ledger) -> Result<UnderWay, FsError> {
    let mut found = UnderWay::default();
    for batch in store.batches()? {
        let mark = batch.head.mark;
        let is_sent = store.is_batch_sent(mark) || store.payer(&mark.lock()).is_some();
        if !is_sent {
            found.unsent.extend(open_entries(ledger, &batch));
            continue;
        }
        for (key, line) in batch.lines {
            let entry = ledger.entry(line.number);
            let entry = entry.filter(|entry| entry.intent.key == key);
            // What is in doubt is a person's business now.
            if entry.is_none_or(|entry| entry.settlement.is_none()) {
                found.pending.insert(key);
            }
        }
    }
    Ok(found)
}

/// Forgets the batches that an earlier run gathered and did not live to send, and those of which each line has its end.
pub(in crate::execute) fn recover(store: &Store, ledger: &Ledger) -> Result<(), FsError> {
    for file in store.batch_files()? {
        let payer = Payer {
            process: std::process::id(),
            since: Moment::now().to_string(),
            ..Payer::default()
        };
        let mark = file.mark;
        let Some(_held) = store.try_make(&mark.lock(), &payer)? else {
            continue;
        };
        // Who held it before may have written more since.
        ledger.refresh()?;
        let Some(batch) = store.batch(&file)? else {
            // Before its beginning was written nothing was.
            store.remove_batch(mark)?;
            continue;
        };
        if !store.is_batch_sent(mark) {
            for number in open_entries(ledger, &batch) {
                let settlement = Settlement {
                    outcome: Outcome::Unsent,
                    cost: None,
                    billed: None,
                    request_id: None,
                    why: Some("gpbuild ended before its batch was sent".to_owned()),
                };
                ledger.settle(number, settlement)?;
            }
            store.remove_batch(mark)?;
            continue;
        }
        let mut lines = batch.lines.iter();
        if lines.all(|(key, line)| !is_open(ledger, key, *line)) {
            store.remove_batch(mark)?;
        }
    }
    Ok(())
}

/// Whether something may still come of a line: it has no end, or is in doubt and nothing was asked for in its place since.
/// Where a ledger was lost, nothing says that it has one.
pub(in crate::execute) fn is_open(ledger: &Ledger, key: &Key, line: BatchLine) -> bool {
    let entry = ledger.entry(line.number);
    let Some(entry) = entry.filter(|entry| entry.intent.key == *key) else {
        return true;
    };
    entry.settlement.is_none() || (entry.is_in_doubt() && ledger.doubt(key).is_some())
}

/// The requests of a batch that have no end, whether or not their lines were written.
fn open_entries(ledger: &Ledger, batch: &Batch) -> Vec<u64> {
    let mark = batch.head.mark.hex();
    let is_open = |entry: &Entry| {
        entry.settlement.is_none() && entry.intent.batch.as_deref() == Some(mark.as_str())
    };
    let entries = ledger.entries().into_iter().filter(is_open);
    let numbers: BTreeMap<u64, ()> = entries.map(|entry| (entry.number, ())).collect();
    numbers.into_keys().collect()
}
