//! What was tried, and what became of what was paid for.

use std::fmt;
use std::ops::AddAssign;

/// The figures of a run of torture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Cases tried.
    pub cases: u64,
    /// Pictures that the servers billed.
    pub paid: u64,
    /// Requests whose answer no gpbuild ever had: asked again only because it was told to.
    pub doubts: u64,
    /// Pictures that gpbuild had and has no more.
    pub lost: u64,
    /// Pictures that were asked for again although nobody said so.
    pub twice: u64,
    /// Cases in which something else went wrong; each was told.
    pub wrong: u64,
}

impl Count {
    /// Whether all promises held.
    pub fn is_good(&self) -> bool {
        self.lost + self.twice + self.wrong == 0
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.cases += other.cases;
        self.paid += other.paid;
        self.doubts += other.doubts;
        self.lost += other.lost;
        self.twice += other.twice;
        self.wrong += other.wrong;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases tried, {} images paid ({} in doubt), {} lost, {} paid twice",
            self.cases, self.paid, self.doubts, self.lost, self.twice
        )?;
        match self.wrong {
            0 => Ok(()),
            wrong => write!(f, ", {wrong} otherwise wrong"),
        }
    }
}
