//! [`next`]: what follows from what was found in the rolls of a shot so far. Pure; knows neither what was checked nor how a
//! picture is asked for.

use model::Finding;

/// What may still be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// So many rolls.
    pub rolls: usize,
    /// There is money for the next one, as far as anybody knows.
    pub money: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This roll counts, from 0: it is right, or the best that is to be had.
    Accept(usize),
    /// Ask for another one.
    Again,
    /// There is no roll, and none is to be had.
    Stop(Lacking),
}

/// Why no roll is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// All rolls were made.
    Rolls,
    /// There is no money.
    Money,
}

/// The first roll with nothing wrong counts. Without one, another is asked for as long as it may be; then the one counts
/// with the least that is wrong, of those the one with the fewest findings, of those the first. What a check is unsure of
/// asks for nothing.
pub fn next(rolls: &[&[Finding]], remaining: Remaining) -> Next {
    let wrong = |findings: &[Finding]| findings.iter().filter(|f| f.is_wrong()).count();
    if let Some(right) = rolls.iter().position(|findings| wrong(findings) == 0) {
        return Next::Accept(right);
    }
    let lacking = match remaining {
        Remaining { rolls: 0, .. } => Lacking::Rolls,
        Remaining { money: false, .. } => Lacking::Money,
        _ => return Next::Again,
    };
    let counts = rolls.iter().map(|found| (wrong(found), found.len()));
    let best = counts.enumerate().min_by_key(|(n, counts)| (*counts, *n));
    best.map_or(Next::Stop(lacking), |(n, _)| Next::Accept(n))
}

#[cfg(test)]
mod tests {
    use super::{Lacking, Next, Remaining, next};
    use model::{Finding, Severity};

    /// `w` is a finding that is wrong, `u` one that nobody is sure of; a word for each roll, `-` for one without any.
    fn of(rolls: &str, left: usize, money: bool) -> Next {
        let found = |c| match c {
            'w' => Some(Finding::new("told", Severity::Wrong, 1, "")),
            'u' => Some(Finding::new("told", Severity::Unsure, 1, "")),
            _ => None,
        };
        let rolls = rolls.split_whitespace();
        let rolls: Vec<Vec<Finding>> = rolls
            .map(|w| w.chars().filter_map(found).collect())
            .collect();
        let rolls: Vec<&[Finding]> = rolls.iter().map(Vec::as_slice).collect();
        next(&rolls, Remaining { rolls: left, money })
    }

    #[test]
    fn every_case() {
        let accept = Next::Accept;
        let cases = [
            // What is found, how many rolls are left, whether there is money, what is next.
            ("", 1, true, Next::Again),
            ("", 1, false, Next::Stop(Lacking::Money)),
            ("", 0, true, Next::Stop(Lacking::Rolls)),
            ("", 0, false, Next::Stop(Lacking::Rolls)),
            ("-", 1, true, accept(0)),
            ("-", 0, false, accept(0)),
            // Nobody pays for what a check is unsure of.
            ("uuu", 3, true, accept(0)),
            ("w", 1, true, Next::Again),
            ("w", 1, false, accept(0)),
            ("w", 0, true, accept(0)),
            ("w -", 3, true, accept(1)),
            // The first that is right, though a later one has less that nobody is sure of.
            ("w uu -", 0, true, accept(1)),
            ("ww w", 1, true, Next::Again),
            // The least that is wrong, then the fewest findings, then the first.
            ("ww w", 0, true, accept(1)),
            ("ww wuuu", 0, true, accept(1)),
            ("wuu wu", 0, true, accept(1)),
            ("w w w", 0, true, accept(0)),
            ("www w ww", 2, false, accept(1)),
        ];
        for (rolls, left, money, expected) in cases {
            assert_eq!(of(rolls, left, money), expected, "{rolls:?} {left} {money}");
        }
    }
}
