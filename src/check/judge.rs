//! [`Judge`]: what is said of the answers to a shot before one of them counts. Nothing is, today: what comes is taken. Knows
//! neither money nor what follows from a finding.

use model::Finding;
#[cfg(feature = "faults")]
use model::Severity;

/// Judges the rolls of a shot.
#[derive(Clone, Debug, Default)]
pub enum Judge {
    /// Says nothing: each answer counts as it comes.
    #[default]
    Nothing,
    /// For tests alone: so many things are wrong with the first roll of every shot, with the second, and so on.
    #[cfg(feature = "faults")]
    Told(Vec<usize>),
}

impl Judge {
    /// Of `1,2,0`, for tests alone.
    #[cfg(feature = "faults")]
    pub fn told(counts: &str) -> Option<Self> {
        let counts = counts.split(',').map(|count| count.parse().ok());
        counts.collect::<Option<Vec<usize>>>().map(Self::Told)
    }

    /// Whether anything is said of a shot at all.
    pub fn judges(&self) -> bool {
        match self {
            Self::Nothing => false,
            #[cfg(feature = "faults")]
            Self::Told(_) => true,
        }
    }

    /// How many rolls a shot may have.
    pub fn rolls(&self) -> usize {
        match self {
            Self::Nothing => 1,
            #[cfg(feature = "faults")]
            Self::Told(counts) => counts.len(),
        }
    }

    /// What is wrong with the roll `n` of a shot, from 0.
    #[cfg_attr(
        not(feature = "faults"),
        expect(unused_variables, reason = "nothing is said of any")
    )]
    pub fn findings(&self, n: usize) -> Vec<Finding> {
        match self {
            Self::Nothing => Vec::new(),
            #[cfg(feature = "faults")]
            Self::Told(counts) => {
                let wrong = |n: usize| format!("fault {} is in it", n + 1);
                let found = (0..counts.get(n).copied().unwrap_or_default())
                    .map(|n| Finding::new("told", Severity::Wrong, 1, &wrong(n)));
                found.collect()
            }
        }
    }
}
