//! What was spent on a project, by day, asset and model. Knows only the ledger.

use std::collections::BTreeMap;

use page::{Spend, SpentAsset, SpentDay, SpentModel};
use store::ledger::Ledger;

/// The most days that are told, and the most assets and models.
const MAX_ROWS: usize = 1_000;

/// What was spent on the project of this name.
pub fn spend(ledger: &Ledger, project: Option<&str>) -> Spend {
    let (mut days, mut assets, mut models) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut spend = Spend::default();
    let entries = ledger.entries();
    let of_project = entries
        .iter()
        .filter(|entry| !entry.is_import() && project.is_none_or(|project| entry.is_of(project)));
    for entry in of_project {
        let cost = entry.cost().unwrap_or_default().0;
        spend.total = spend.total.saturating_add(cost);
        spend.doubt += usize::from(entry.is_in_doubt());
        let sums: [&mut (u64, usize); 3] = [
            days.entry(entry.at.day().to_string()).or_default(),
            assets.entry(entry.intent.asset.clone()).or_default(),
            models.entry(entry.intent.model.clone()).or_default(),
        ];
        for (sum, requests) in sums {
            *sum = sum.saturating_add(cost);
            *requests += 1;
        }
    }
    let days = days.into_iter().rev().take(MAX_ROWS);
    spend.days = days
        .map(|(day, (cost, requests))| SpentDay {
            day,
            cost,
            requests,
        })
        .collect();
    spend.assets = dearest(assets)
        .map(|(id, cost, requests)| SpentAsset { id, cost, requests })
        .collect();
    spend.models = dearest(models)
        .map(|(model, cost, requests)| SpentModel {
            model,
            cost,
            requests,
        })
        .collect();
    spend
}

fn dearest(sums: BTreeMap<String, (u64, usize)>) -> impl Iterator<Item = (String, u64, usize)> {
    let sums = sums.into_iter();
    let mut sums: Vec<_> = sums.map(|(name, (cost, n))| (name, cost, n)).collect();
    sums.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    sums.into_iter().take(MAX_ROWS)
}
