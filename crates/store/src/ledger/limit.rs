//! What may be written down: the most that a month may cost, held against all that is in the ledger. Knows
//! neither files nor whose limits they are.

use std::fmt;

use crate::ledger::{Entry, Intent, Moment};
use base::fs::FsError;
use model::Micro;

/// The most that a month may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// The project whose requests count; all if none.
    pub project: Option<String>,
    /// In micro-dollars.
    pub most: Micro,
}

/// Why a request was not written down.
#[derive(Debug)]
pub enum NotIntended {
    /// The disk said no.
    Disk(FsError),
    /// It would pass this ceiling, below which so much is left.
    Over(Ceiling, Micro),
}

impl From<FsError> for NotIntended {
    fn from(error: FsError) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for NotIntended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(f),
            Self::Over(ceiling, left) => {
                write!(f, "{left} of {} is left this month", ceiling.most)
            }
        }
    }
}

/// The ceiling that a request would pass, in the month of now.
pub(super) fn passed<'e>(
    entries: impl Iterator<Item = &'e Entry> + Clone,
    intent: &Intent,
    ceilings: &[Ceiling],
) -> Option<NotIntended> {
    // Whoever agreed to a price that nobody knows agreed to this too.
    let wanted = intent.estimate.unwrap_or_default();
    ceilings.iter().find_map(|ceiling| {
        let spent = month(entries.clone(), ceiling.project.as_deref());
        let left = Micro(ceiling.most.0.saturating_sub(spent.0));
        (wanted > left).then(|| NotIntended::Over(ceiling.clone(), left))
    })
}

/// What this month's requests cost so far.
pub(super) fn month<'e>(entries: impl Iterator<Item = &'e Entry>, project: Option<&str>) -> Micro {
    let month = Moment::now().month();
    let is_meant = |e: &&Entry| e.at.month() == month && project.is_none_or(|p| e.is_of(p));
    entries.filter(is_meant).filter_map(Entry::cost).sum()
}
