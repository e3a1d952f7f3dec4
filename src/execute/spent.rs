//! What the requests of one step cost, as far as it is known. Knows no ledger and no budget.

use model::Micro;

/// What was paid for one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were accepted, or may have been.
    pub requests: usize,
    /// What they cost, as far as it is known.
    pub cost: Micro,
    /// The cost of some of them is not known.
    pub unknown: bool,
    /// What stands for what is not known; `None` if that is not even estimated.
    pub counted: Option<Micro>,
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            requests: 0,
            cost: Micro::default(),
            unknown: false,
            counted: Some(Micro::default()),
        }
    }
}

impl Spent {
    /// Has one shot count at its estimate, if what it costs is not known: as every budget counts it.
    pub fn count_at(&mut self, estimate: Option<Micro>) {
        if self.unknown {
            self.cost = Micro::default();
            self.counted = estimate;
        }
    }

    /// Takes what something else spent into account.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.cost += other.cost;
        self.unknown |= other.unknown;
        self.counted = match (self.counted, other.counted) {
            (Some(own), Some(others)) => Some(Micro(own.0.saturating_add(others.0))),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Spent;
    use model::Micro;

    #[test]
    fn what_is_not_known_counts_at_its_estimate_if_there_is_one() {
        let spent = |cost, unknown, estimate: Option<u64>| {
            let mut spent = Spent {
                requests: 1,
                cost: Micro(cost),
                unknown,
                ..Spent::default()
            };
            spent.count_at(estimate.map(Micro));
            spent
        };
        let mut all = spent(7, false, Some(9));
        all.add(spent(0, true, Some(5)));
        assert_eq!(
            (all.cost, all.unknown, all.counted),
            (Micro(7), true, Some(Micro(5)))
        );
        all.add(spent(3, false, None));
        assert_eq!((all.cost, all.counted), (Micro(10), Some(Micro(5))));
        all.add(spent(0, true, None));
        assert_eq!((all.requests, all.counted), (4, None));
    }
}
