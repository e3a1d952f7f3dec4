//! The order of work: what takes a picture comes after what makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use declare::spec::Spec;

/// Sorts specs so that each comes after those whose pictures it takes, and otherwise by id. There
/// are no cycles: the manifests were refused if there were.
pub fn order(specs: Vec<Arc<Spec>>) -> Vec<Arc<Spec>> {
    if specs.iter().all(|spec| spec.takes().next().is_none()) {
        return specs;
    }
    let ids: BTreeSet<String> = specs.iter().map(|spec| spec.id.clone()).collect();
    let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for spec in &specs {
        let takes: BTreeSet<&str> = spec.takes().filter(|id| ids.contains(*id)).collect();
        waiting.insert(spec.id.clone(), takes.len());
        for id in takes {
            dependents
                .entry(id.to_owned())
                .or_default()
                .push(spec.id.clone());
        }
    }
    let mut ready: BTreeSet<String> = waiting
        .iter()
        .filter(|(_, n)| **n == 0)
        .map(|(id, _)| id.clone())
        .collect();
    let mut by_id: BTreeMap<String, Arc<Spec>> = specs
        .into_iter()
        .map(|spec| (spec.id.clone(), spec))
        .collect();
    let mut ordered = Vec::with_capacity(by_id.len());
    while let Some(id) = ready.pop_first() {
        ordered.extend(by_id.remove(&id));
        for taker in dependents.remove(&id).unwrap_or_default() {
            if let Some(n) = waiting.get_mut(&taker) {
                *n -= 1;
                if *n == 0 {
                    ready.insert(taker);
                }
            }
        }
    }
    ordered.extend(by_id.into_values());
    ordered
}
