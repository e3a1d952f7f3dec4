//! What an order of some assets would do, and cost. Makes nothing.

use std::collections::BTreeMap;

use crate::board::problems::told;
use crate::pipeline::{self, Settings};
use model::Micro;
use page::{Quote, QuotedModel, Skipped};
use plan::{Bill, Needs, Step, Verdict};

/// What it costs to make `ids`, or in words why none of them can be made.
pub fn quote(settings: &Settings, ids: &[String]) -> Result<Quote, String> {
    let planned = pipeline::plan(settings).map_err(|failure| told(&failure))?;
    let steps = &planned.plan.steps;
    let by_id: BTreeMap<&str, &Step> = steps.iter().map(|s| (s.spec.id.as_str(), s)).collect();
    let needs = Needs::new(steps);
    let mut skipped = Vec::new();
    let mut restores = 0;
    let mut needed: BTreeMap<&str, &Step> = BTreeMap::new();
    for id in ids {
        let why = match by_id.get(id.as_str()) {
            None => Some(format!("there is no asset `{id}`")),
            Some(step) if step.verdict == Verdict::Blocked => {
                Some(format!("`{id}`: {}", step.reason))
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            let id = id.clone();
            skipped.push(Skipped { id, why });
            continue;
        }
        let own = needs.of(id);
        let is_free = own.iter().all(|step| step.requests() == 0);
        let is_to_do = by_id[id.as_str()].verdict != Verdict::Fresh;
        restores += usize::from(is_free && is_to_do);
        needed.extend(own.into_iter().map(|step| (step.spec.id.as_str(), step)));
    }
    if skipped.len() == ids.len() {
        let whys: Vec<&str> = skipped.iter().map(|skipped| &*skipped.why).collect();
        return Err(whys.join("\n"));
    }
    let bill = Bill::of(needed.values().copied());
    let asks_above = planned.asks_above();
    let price = bill.price();
    let name = planned.project.name();
    let month = planned.most_of_month().map(|(most, whose)| {
        let of = (whose == "the").then_some(&*name);
        let spent = planned.ledger.spent_this_month(of);
        most.0.saturating_sub(spent.0)
    });
    Ok(Quote {
        price: price.map(|micro| micro.0),
        unknown: bill.unknown,
        requests: bill.requests,
        restores,
        models: models(needed.values().copied()),
        skipped,
        run_left: planned.most_of_run().map(|(micro, _)| micro.0),
        month_left: month,
        confirm_above: asks_above.0,
        confirm: price.is_none_or(|price| price > asks_above),
        up_to: bill.up_to,
    })
}

/// What is asked of each model.
fn models<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<QuotedModel> {
    let mut models: BTreeMap<String, (usize, Option<Micro>)> = BTreeMap::new();
    for step in steps.filter(|step| step.requests() > 0) {
        let Some(request) = step.spec.requests().last() else {
            continue;
        };
        let first = (0, Some(Micro(0)));
        let (requests, price) = models.entry(request.model.to_string()).or_insert(first);
        *requests += step.requests();
        *price = match (*price, step.estimate) {
            (Some(sum), Some(own)) => Some(Micro(sum.0.saturating_add(own.0))),
            _ => None,
        };
    }
    let models = models.into_iter();
    models
        .map(|(model, (requests, price))| QuotedModel {
            model,
            requests,
            price: price.map(|micro| micro.0),
        })
        .collect()
}
