//! What hangs on an asset: those that take its picture, and what making them anew would cost.

use std::collections::BTreeMap;

use crate::{Bill, Step, Verdict};
use base::diagnostic::count;

/// For each asset that is to be made and that others wait for: how many, and for how much. Told before
/// it happens, because one word on a first slide can cost a whole carousel.
pub fn dependents(steps: &[Step]) -> BTreeMap<String, String> {
    let made: BTreeMap<&str, &Step> = steps
        .iter()
        .filter(|step| step.verdict == Verdict::Make || step.withheld)
        .map(|step| (step.spec.id.as_str(), step))
        .collect();
    let mut hang: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        let Some(taken) = step.waits_for() else {
            continue;
        };
        if step.spec.bundle().is_some() {
            // It follows every slide anyway, for nothing.
            continue;
        }
        if let Some((id, _)) = made.get_key_value(taken) {
            hang.entry(*id).or_default().push(step);
        }
    }
    let words = |(id, dependents): (&str, Vec<&Step>)| {
        let n = dependents.len();
        let verb = if n == 1 { "takes" } else { "take" };
        let now = Bill::of(dependents.iter().copied());
        let price = match now.plus(Bill::withheld(dependents)).price() {
            Some(sum) => format!("up to {sum}"),
            None => "of unknown price".to_owned(),
        };
        let text = format!("{} {verb} it as reference: {price}", count(n, "asset"));
        (id.to_owned(), text)
    };
    hang.into_iter().map(words).collect()
}
