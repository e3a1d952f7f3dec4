//! What follows from another picture of a shot: what is exported of it is made anew at once, because that is free, and
//! what was made from the old one is told with its price. Knows nothing of how the picture came to be chosen.

use crate::pipeline::{self, Settings};
use base::diagnostic::{Exit, Failure, count};
use plan::{Bill, Verdict};
use report::{Event, Reporter};

/// Exports what follows for nothing, and says what would have to be paid for. `changed` are the assets whose shot has
/// another picture now.
pub fn follow(
    settings: &Settings,
    changed: &[String],
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let mut all = settings.clone();
    all.select = Vec::new();
    all.exactly = false;
    let planned = pipeline::plan(&all)?;
    let mut free = Vec::new();
    let mut paid = Vec::new();
    // A bundle comes with the next build: it would bring all its slides along, made or not.
    let steps = planned.plan.steps.iter();
    for step in steps.filter(|step| step.spec.shots().is_some()) {
        let id = &step.spec.id;
        let takes_it = step
            .spec
            .takes()
            .any(|taken| changed.iter().any(|c| c == taken));
        if takes_it || changed.contains(id) {
            paid.push(step);
        }
        match step.verdict {
            Verdict::Export | Verdict::Restore(_) if changed.contains(id) => free.push(id.clone()),
            Verdict::Blocked if changed.contains(id) && step.reason.is_by_hand() => {
                reporter.event(Event::Note(&format!("next: {id} is {}", step.reason)));
            }
            // What is at its path stays there until a person says otherwise.
            Verdict::Blocked if changed.contains(id) => {
                reporter.event(Event::Note(&format!("blocked   {id}  ({})", step.reason)));
            }
            _ => {}
        }
    }
    let bill = Bill::of(paid.iter().copied()).plus(Bill::withheld(paid));
    if bill.requests > 0 {
        let price = bill
            .price()
            .map_or_else(|| "of unknown price".to_owned(), |p| format!("about {p}"));
        reporter.event(Event::Note(&format!(
            "what was made from another candidate is to be made anew: {}, {price}; `gpbuild plan` says which",
            count(bill.requests, "request")
        )));
    }
    if free.is_empty() {
        return Ok(Exit::Done);
    }
    all.select = free;
    all.exactly = true;
    pipeline::build(&all, reporter)
}
