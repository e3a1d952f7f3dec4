//! What steps ask for and what that costs: the one place where it is added up. Knows no limits, and asks
//! nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::Step;
use model::Micro;

/// What some steps would ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// How many requests.
    pub requests: usize,
    /// What those cost whose prices are known.
    pub known: Micro,
    /// How many of them are of unknown price.
    pub unknown: usize,
    /// It may turn out to be less.
    pub up_to: bool,
}

impl Bill {
    /// What is asked for if these steps are carried out now.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        Self::sum(steps, Step::requests)
    }

    /// What would be asked for besides, if nothing but a key or the person's trust were not missing.
    pub fn withheld<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        Self::sum(steps, Step::withheld_requests)
    }

    fn sum<'a>(steps: impl IntoIterator<Item = &'a Step>, requests: fn(&Step) -> usize) -> Self {
        let mut bill = Self::default();
        for step in steps {
            let requests = requests(step);
            if requests == 0 {
                continue;
            }
            bill.requests += requests;
            bill.up_to |= step.up_to;
            match step.estimate {
                Some(estimate) => bill.known += estimate,
                None => bill.unknown += requests,
            }
        }
        bill
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            known: self.known + other.known,
            unknown: self.unknown + other.unknown,
            up_to: self.up_to || other.up_to,
        }
    }

    /// The whole price, if it is known.
    pub fn price(&self) -> Option<Micro> {
        (self.unknown == 0).then_some(self.known)
    }
}

/// The steps of a plan by asset: what each of them needs.
pub struct Needs<'a>(BTreeMap<&'a str, &'a Step>);

impl<'a> Needs<'a> {
    /// Of all these.
    pub fn new(steps: &'a [Step]) -> Self {
        Self(
            steps
                .iter()
                .map(|step| (step.spec.id.as_str(), step))
                .collect(),
        )
    }

    /// What making one asset takes: its own step and those of all that it is made from.
    pub fn of(&self, id: &str) -> Vec<&'a Step> {
        let mut met = BTreeSet::new();
        let mut found = Vec::new();
        let mut open: Vec<&'a Step> = self.0.get(id).copied().into_iter().collect();
        while let Some(step) = open.pop() {
            if !met.insert(step.spec.id.as_str()) {
                continue;
            }
            found.push(step);
            // Two that share a shot pay for it once, whichever is made.
            let shares = step.shares.as_deref().into_iter();
            let needed = shares.chain(step.spec.takes());
            open.extend(needed.filter_map(|id| self.0.get(id).copied()));
        }
        found
    }
}
