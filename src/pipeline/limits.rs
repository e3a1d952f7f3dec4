//! The limits of a project and those of the person together: the smaller one holds, and it is told whose it is.

use std::sync::Arc;

use crate::execute::{Limits, OwnLimits};
use crate::pipeline::{Planned, Settings};
use declare::manifest::{Budget, CONFIRM, Person};
use model::Micro;
use store::ledger::Ceiling;

/// What a run may cost without a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Most {
    /// So much.
    pub amount: Micro,
    /// The person's file, if it says so.
    file: Option<Arc<str>>,
}

impl Most {
    /// Who says so, and where that can be changed.
    pub fn words(&self) -> String {
        let place = match &self.file {
            Some(file) => format!("in `{file}`"),
            None => "in `[budget]`".to_owned(),
        };
        match self.amount {
            Micro(0) => format!("`confirm` {place} is 0: nothing is spent without asking"),
            most => {
                format!("without asking, a run spends at most {most}: `confirm` {place} moves that")
            }
        }
    }
}

/// What a run may cost without a question. A project says less than the person, or less than what is built in;
/// where it says more, somebody agreed to that, and the person's own word still holds.
pub fn asks_above(budget: &Budget, person: &Person) -> Most {
    match (budget.confirm, person.confirm) {
        (project, Some(own)) if project.is_none_or(|project| own <= project) => Most {
            amount: own,
            file: Some(Arc::clone(&person.file)),
        },
        (project, _) => Most {
            amount: project.unwrap_or(CONFIRM),
            file: None,
        },
    }
}

/// What may be spent in a run; `unknown`: somebody agreed to prices that nobody knows.
pub fn limits(settings: &Settings, planned: &Planned, unknown: bool) -> Limits {
    let (budget, person) = (&planned.project.manifest.budget, &planned.person);
    Limits {
        max_cost: settings.build.money.max_cost,
        run: budget.run,
        month: budget.month,
        spent_before: planned
            .ledger
            .spent_this_month(Some(&planned.project.name())),
        own: OwnLimits {
            run: person.run,
            month: person.month,
            spent_before: planned.ledger.spent_this_month(None),
            file: Arc::clone(&person.file),
        },
        unknown,
    }
}

/// What a month may cost, of the project and of all that the person has.
pub fn ceilings(planned: &Planned) -> Vec<Ceiling> {
    let (budget, person) = (&planned.project.manifest.budget, &planned.person);
    let project = budget.month.map(|most| Ceiling {
        project: Some(planned.project.name()),
        most,
    });
    let own = person.month.map(|most| Ceiling {
        project: None,
        most,
    });
    project.into_iter().chain(own).collect()
}

impl Planned {
    /// More than this is not spent without somebody being asked.
    pub fn asks_above(&self) -> Micro {
        asks_above(&self.project.manifest.budget, &self.person).amount
    }

    /// What one run may cost, and whose word that is.
    pub fn most_of_run(&self) -> Option<(Micro, &'static str)> {
        smaller(self.project.manifest.budget.run, self.person.run)
    }

    /// The same of a month.
    pub fn most_of_month(&self) -> Option<(Micro, &'static str)> {
        smaller(self.project.manifest.budget.month, self.person.month)
    }
}

fn smaller(project: Option<Micro>, own: Option<Micro>) -> Option<(Micro, &'static str)> {
    let own = own.map(|micro| (micro, "your own"));
    let project = project.map(|micro| (micro, "the"));
    // Of two that are the same, the project's is told: it stands nearer.
    project
        .into_iter()
        .chain(own)
        .min_by_key(|(micro, _)| *micro)
}

#[cfg(test)]
mod tests {
    use super::{asks_above, smaller};
    use declare::manifest::{Budget, Person};
    use model::Micro;

    #[test]
    fn the_smaller_one_holds() {
        let words = |project: Option<u64>, own: Option<u64>| {
            let budget = Budget {
                confirm: project.map(Micro),
                ..Budget::default()
            };
            let person = Person {
                confirm: own.map(Micro),
                file: "c.toml".into(),
                ..Person::default()
            };
            let most = asks_above(&budget, &person);
            (most.amount.0, most.file.is_some())
        };
        assert_eq!(words(None, None), (1_000_000, false));
        assert_eq!(words(Some(5), None), (5, false));
        assert_eq!(words(None, Some(9_000_000)), (9_000_000, true));
        assert_eq!(words(Some(5), Some(9_000_000)), (5, false));
        assert_eq!(words(Some(50_000_000), Some(9_000_000)), (9_000_000, true));
        assert_eq!(words(Some(7), Some(0)), (0, true));
        assert_eq!(smaller(None, None), None);
        assert_eq!(
            smaller(Some(Micro(2)), Some(Micro(2))),
            Some((Micro(2), "the"))
        );
        assert_eq!(
            smaller(Some(Micro(3)), Some(Micro(2))),
            Some((Micro(2), "your own"))
        );
    }
}
