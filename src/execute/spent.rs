//! What the requests of one step cost, as far as it is known. Knows no ledger and no budget.

use model::Micro;

/// What was paid for one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were accepted, or may have been.
    pub requests: usize,
    /// What they cost, as far as it is known.
    pub cost: Micro,
    /// The cost of some of them is not known.
    pub unknown: bool,
}

impl Spent {
    /// Takes what something else spent into account.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.cost += other.cost;
        self.unknown |= other.unknown;
    }
}
