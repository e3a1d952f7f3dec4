//! `gpbuild plan`: what build would do, why, and for how much. Writes nothing, sends nothing.

use crate::pipeline::{self, Settings, Unchanged, asset_report, fresh_report};
use base::diagnostic::{Exit, Failure, count};
use plan::{Bill, Reason, Step, Verdict, dependents};
use report::{AssetReport, Event, Plan, Reporter, State};

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let file = settings.state_file();
    if let Some(Unchanged { outputs, unclaimed }) = pipeline::nothing_changed(settings, &file)? {
        let assets: Vec<AssetReport> = outputs.iter().map(fresh_report).collect();
        reporter.event(Event::Plan(&Plan {
            assets: &assets,
            unclaimed: &unclaimed,
            ..Plan::default()
        }));
        return Ok(Exit::Done);
    }
    let planned = pipeline::plan(settings)?;
    planned.project.tell(reporter);
    let unclaimed: Vec<String> = planned.unclaimed.keys().cloned().collect();
    let steps = &planned.plan.steps;
    let (now, withheld) = (Bill::of(steps), Bill::withheld(steps));
    let bill = now.plus(withheld);
    reporter.event(Event::Plan(&Plan {
        assets: &reports(steps),
        unclaimed: &unclaimed,
        requests: now.requests,
        withheld: withheld.requests,
        up_to: bill.up_to,
    }));
    if let Some(note) = pipeline::old_store_note(settings) {
        reporter.event(Event::Note(note));
    }
    let arrived = planned.store.arrived();
    let arrived = arrived.map_err(|e| pipeline::store_failure(&e))?;
    tell_of_arrived(arrived.len(), reporter);
    if bill.requests > 0 {
        if let Some((most, whose)) = planned.most_of_run()
            && bill.known > most
        {
            reporter.event(Event::Note(&format!(
                "that is more than {whose} budget of one run, {most}"
            )));
        }
        for destination in planned.destinations(settings) {
            reporter.event(Event::Note(&destination));
        }
    }
    Ok(Exit::Done)
}

/// What is to happen to each asset, by id.
fn reports(steps: &[Step]) -> Vec<AssetReport> {
    let dependents = dependents(steps);
    let report = |step: &Step| {
        let state = match &step.verdict {
            Verdict::Fresh => State::Fresh,
            Verdict::Restore(_) => State::Restore,
            Verdict::Make if step.reason == Reason::Pending => State::Pending,
            Verdict::Wait(_) if step.spec.is_by_hand() => State::Manual,
            Verdict::Export | Verdict::Make | Verdict::Wait(_) => State::Make,
            Verdict::Blocked if step.reason.is_by_hand() => State::Manual,
            Verdict::Blocked => State::Blocked,
        };
        let mut report = asset_report(step, state);
        report.notes.extend(dependents.get(&step.spec.id).cloned());
        report
    };
    let mut reports: Vec<AssetReport> = steps.iter().map(report).collect();
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    reports
}

/// That answers are here which no run has taken in.
fn tell_of_arrived(arrived: usize, reporter: &Reporter) {
    if arrived > 0 {
        reporter.event(Event::Note(&format!(
            "{} of an earlier run {} here: the next `gpbuild` takes what is in it, for nothing",
            count(arrived, "answer"),
            if arrived == 1 { "is" } else { "are" },
        )));
    }
}
