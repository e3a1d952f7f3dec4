//! Batches that have no end yet, as they are told: what is in them, and what is reserved for that. Asks nobody.

use std::collections::BTreeSet;

use crate::pipeline::store_failure;
use base::diagnostic::{Failure, count};
use model::Micro;
use plan::key::Key;
use store::ledger::{Entry, Ledger, Moment};
use store::{Batch, Store};

/// A batch that has no end yet.
pub struct PendingBatch {
    /// What the provider calls it; ours for it, if that is not known.
    pub id: String,
    /// Who is asked.
    pub provider: String,
    /// The project that asked.
    pub project: String,
    /// The requests of which nothing is known yet.
    pub requests: usize,
    /// What is reserved for them; `None` if nobody knows the price of one.
    pub reserved: Option<Micro>,
    /// When the first of them was written down.
    pub since: Option<Moment>,
}

impl PendingBatch {
    /// ``batch `batch_1` of NAME: 3 requests, $0.006 reserved, since 2026-11-29T01:00:00Z``.
    pub fn words(&self) -> String {
        let requests = count(self.requests, "request");
        let reserved = match self.reserved {
            Some(reserved) => format!("{reserved} reserved"),
            None => "of unknown price".to_owned(),
        };
        let since = self.since.map(|since| format!(", since {since}"));
        format!(
            "batch `{}` of {}: {requests}, {reserved}{}",
            self.id,
            self.provider,
            since.unwrap_or_default()
        )
    }
}

/// The batches with requests among those that are on their way.
pub fn pending_batches(
    store: &Store,
    ledger: &Ledger,
    pending: &BTreeSet<Key>,
) -> Result<Vec<PendingBatch>, Failure> {
    let mut found = Vec::new();
    for batch in store.batches().map_err(|e| store_failure(&e))? {
        let entries = open_entries(&batch, ledger, pending);
        if entries.is_empty() {
            continue;
        }
        let mark = batch.head.mark;
        let id = store.batch_id(mark).map_err(|e| store_failure(&e))?;
        let costs: Option<Vec<Micro>> = entries.iter().map(|e| e.intent.estimate).collect();
        found.push(PendingBatch {
            id: id.unwrap_or_else(|| mark.hex()),
            provider: batch.head.provider,
            project: batch.head.project,
            requests: entries.len(),
            reserved: costs.map(|costs| costs.into_iter().sum()),
            since: entries.iter().map(|entry| entry.at).min(),
        });
    }
    found.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
    Ok(found)
}

fn open_entries(batch: &Batch, ledger: &Ledger, pending: &BTreeSet<Key>) -> Vec<Entry> {
    let lines = batch.lines.iter().filter(|(key, _)| pending.contains(*key));
    let entries = lines.filter_map(|(key, line)| {
        let entry = ledger.entry(line.number)?;
        (entry.intent.key == *key && entry.settlement.is_none()).then_some(entry)
    });
    entries.collect()
}
