//! What may be spent in this run: reserved before a request is sent, so that requests side by side
//! cannot pass a limit together; settled by the bill. Knows no request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Micro;
use store::ledger::Ceiling;

/// What may be spent, and what was.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `--max-cost`.
    pub max_cost: Option<Micro>,
    /// `[budget] run`.
    pub run: Option<Micro>,
    /// `[budget] month`.
    pub month: Option<Micro>,
    /// What this month cost before this run.
    pub spent_before: Micro,
    /// The person's own limits.
    pub own: OwnLimits,
    /// A person agreed to requests whose price nobody knows.
    pub unknown: bool,
}

/// What a person allows in all their projects.
#[derive(Clone, Debug, Default)]
pub struct OwnLimits {
    /// `run`.
    pub run: Option<Micro>,
    /// `month`.
    pub month: Option<Micro>,
    /// What this month cost them before this run, in all projects.
    pub spent_before: Micro,
    /// The file that says so.
    pub file: Arc<str>,
}

/// The limit that a request would pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// `--max-cost`, and what is left of it.
    MaxCost(Micro, Micro),
    /// `[budget] run`, and what is left of it.
    Run(Micro, Micro),
    /// `[budget] month`, and what is left of it.
    Month(Micro, Micro),
    /// The person's own `run`, what is left of it, and the file that says so.
    OwnRun(Micro, Micro, Arc<str>),
    /// The same of their `month`.
    OwnMonth(Micro, Micro, Arc<str>),
    /// There is a limit, and nobody knows the price.
    Unknown,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, name, left) = match self {
            Self::MaxCost(limit, left) => (limit, "`--max-cost`", left),
            Self::Run(limit, left) => (limit, "the budget of one run", left),
            Self::Month(limit, left) => (limit, "the budget of this month", left),
            Self::OwnRun(limit, left, _) => (limit, "your own budget of one run", left),
            Self::OwnMonth(limit, left, _) => (
                limit,
                "your own budget of this month, for all projects",
                left,
            ),
            Self::Unknown => return f.write_str("nobody knows its price, and there is a budget"),
        };
        write!(f, "it would pass {name}: {left} of {limit} is left")
    }
}

/// Money that is put aside for one request.
#[derive(Debug)]
#[must_use]
pub struct Reserved(Micro);

/// The budget of a run.
#[derive(Debug, Default)]
pub struct Budget {
    limits: Limits,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    spent: Micro,
    reserved: Micro,
    /// Once a request was refused, no smaller one slips through: what is made then would depend on
    /// which came first.
    closed: Option<Over>,
}

impl Budget {
    /// A budget with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            inner: Mutex::default(),
        }
    }

    /// What a request would pass that others, who spend meanwhile, have come close to. Nothing more is begun.
    pub fn passed(&self, ceiling: &Ceiling, left: Micro) -> Over {
        let over = match ceiling.project {
            Some(_) => Over::Month(ceiling.most, left),
            None => Over::OwnMonth(ceiling.most, left, Arc::clone(&self.limits.own.file)),
        };
        self.lock().closed.get_or_insert(over).clone()
    }

    /// Puts aside what a request is thought to cost.
    pub fn reserve(&self, estimate: Option<Micro>) -> Result<Reserved, Over> {
        let mut inner = self.lock();
        if let Some(over) = &inner.closed {
            return Err(over.clone());
        }
        let taken = inner.spent + inner.reserved;
        let Limits {
            max_cost,
            run,
            month,
            spent_before,
            ref own,
            unknown,
        } = self.limits;
        let own_run = |limit, left| Over::OwnRun(limit, left, Arc::clone(&own.file));
        let own_month = |limit, left| Over::OwnMonth(limit, left, Arc::clone(&own.file));
        type Name<'a> = &'a dyn Fn(Micro, Micro) -> Over;
        let limits: [(Option<Micro>, Micro, Name<'_>); 5] = [
            (max_cost, taken, &Over::MaxCost),
            (run, taken, &Over::Run),
            (month, taken + spent_before, &Over::Month),
            (own.run, taken, &own_run),
            (own.month, taken + own.spent_before, &own_month),
        ];
        let mut limits = limits
            .into_iter()
            .filter_map(|(limit, taken, name)| Some((limit?, taken, name)));
        let over = match estimate {
            Some(estimate) => limits.find_map(|(limit, taken, over)| {
                let left = Micro(limit.0.saturating_sub(taken.0));
                (estimate > left).then(|| over(limit, left))
            }),
            None if unknown => limits
                .find_map(|(limit, taken, over)| (taken >= limit).then(|| over(limit, Micro(0)))),
            None => limits.next().map(|_| Over::Unknown),
        };
        if let Some(over) = over {
            inner.closed = Some(over.clone());
            return Err(over);
        }
        let reserved = estimate.unwrap_or_default();
        inner.reserved += reserved;
        Ok(Reserved(reserved))
    }

    /// Takes what a request cost in place of what was put aside for it; what is not billed, or in
    /// doubt, costs what was put aside.
    pub fn charge(&self, reserved: Reserved, bill: Option<Micro>) {
        let mut inner = self.lock();
        inner.reserved = Micro(inner.reserved.0.saturating_sub(reserved.0.0));
        inner.spent += bill.unwrap_or(reserved.0);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Limits, Over, OwnLimits};
    use model::Micro;

    const CENT: Micro = Micro(10_000);

    fn budget(limits: Limits) -> Budget {
        Budget::new(limits)
    }

    #[test]
    fn requests_side_by_side_do_not_pass_the_limit_together() {
        let budget = budget(Limits {
            run: Some(CENT.times(3)),
            ..Limits::default()
        });
        let a = budget.reserve(Some(CENT)).unwrap();
        let _b = budget.reserve(Some(CENT)).unwrap();
        // The bill is what counts in the end.
        budget.charge(a, Some(CENT.times(2)));
        let over = budget.reserve(Some(CENT)).unwrap_err();
        assert_eq!(over, Over::Run(CENT.times(3), Micro(0)));
        assert_eq!(
            over.to_string(),
            "it would pass the budget of one run: $0.000 of $0.030 is left"
        );
        // Nothing more is begun, not even for nothing.
        assert!(budget.reserve(Some(Micro(0))).is_err());
    }

    #[test]
    fn what_was_not_billed_is_given_back() {
        let budget = budget(Limits {
            max_cost: Some(CENT),
            ..Limits::default()
        });
        for _ in 0..5 {
            let reserved = budget.reserve(Some(CENT)).unwrap();
            budget.charge(reserved, Some(Micro(0)));
        }
        let reserved = budget.reserve(Some(CENT)).unwrap();
        budget.charge(reserved, None);
        assert_eq!(
            budget.reserve(Some(CENT)).unwrap_err(),
            Over::MaxCost(CENT, Micro(0))
        );
    }

    #[test]
    fn the_month_counts_what_was_before() {
        let budget = budget(Limits {
            month: Some(CENT.times(10)),
            spent_before: CENT.times(9),
            ..Limits::default()
        });
        let _one = budget.reserve(Some(CENT)).unwrap();
        assert!(budget.reserve(Some(Micro(1))).is_err());
    }

    #[test]
    fn a_persons_own_limits_hold_beside_those_of_the_project() {
        let own = OwnLimits {
            run: Some(CENT.times(2)),
            month: Some(CENT.times(10)),
            spent_before: CENT.times(9),
            file: "config.toml".into(),
        };
        let limits = |run| Limits {
            run: Some(run),
            own: own.clone(),
            ..Limits::default()
        };
        let over = budget(limits(CENT))
            .reserve(Some(CENT.times(3)))
            .unwrap_err();
        assert_eq!(over, Over::Run(CENT, CENT));
        let over = budget(limits(CENT.times(9))).reserve(Some(CENT.times(3)));
        let file = || "config.toml".into();
        assert_eq!(
            over.unwrap_err(),
            Over::OwnRun(CENT.times(2), CENT.times(2), file())
        );
        // What was spent elsewhere counts too.
        let over = budget(limits(CENT.times(9))).reserve(Some(CENT.times(2)));
        let over = over.unwrap_err();
        assert_eq!(over, Over::OwnMonth(CENT.times(10), CENT, file()));
        assert_eq!(
            over.to_string(),
            "it would pass your own budget of this month, for all projects: $0.010 of $0.100 is left"
        );
    }

    #[test]
    fn an_unknown_price_needs_a_word() {
        let limits = Limits {
            run: Some(CENT),
            ..Limits::default()
        };
        assert_eq!(
            budget(limits.clone()).reserve(None).unwrap_err(),
            Over::Unknown
        );
        assert!(budget(Limits::default()).reserve(None).is_ok());
        let agreed = budget(Limits {
            unknown: true,
            ..limits
        });
        let reserved = agreed.reserve(None).unwrap();
        agreed.charge(reserved, Some(CENT));
        assert!(agreed.reserve(None).is_err());
    }
}
