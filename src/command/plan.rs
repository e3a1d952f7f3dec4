//! `gpbuild plan`: what build would do, why, and for how much. Writes nothing, sends nothing.

use crate::pipeline::{self, Planned, Settings, Unchanged, asset_report, fresh_report};
use crate::review::{self, Reviews};
use base::diagnostic::{Exit, Failure, Severity, count};
use base::digest::Digest;
use plan::{Bill, Reason, Step, Verdict, dependents};
use report::{AssetReport, Cost, Event, Plan, Reporter, State};

/// Runs the command; with `exit_code`, the answer says whether there is anything to do.
pub fn run(settings: &Settings, exit_code: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let file = settings.state_file();
    if let Some(unchanged) = pipeline::nothing_changed(settings, &file)? {
        tell_unchanged(settings, &unchanged, reporter);
        return Ok(match exit_code && !unchanged.unclaimed.is_empty() {
            true => Exit::ToDo,
            false => Exit::Done,
        });
    }
    let planned = pipeline::plan(settings)?;
    planned.project.tell(reporter);
    planned.tell_of_merge(reporter);
    let unclaimed: Vec<String> = planned.unclaimed.keys().cloned().collect();
    let steps = &planned.plan.steps;
    let (now, withheld) = (Bill::of(steps), Bill::withheld(steps));
    let bill = now.plus(withheld);
    let lost = pipeline::lost(steps);
    let foreign = plan::foreign(steps, &planned.project.manifest.models, Step::requests);
    let foreign = foreign.map(|sum| sum.to_string());
    let foreign_withheld = plan::foreign(
        steps,
        &planned.project.manifest.models,
        Step::withheld_requests,
    );
    let foreign_withheld = foreign_withheld.map(|sum| sum.to_string());
    let at_once = settings.build.batching.sends.then(|| at_once(&planned));
    reporter.event(Event::Plan(&Plan {
        remark: lost.as_deref(),
        assets: &reports(steps, lost.is_some()),
        unclaimed: &unclaimed,
        requests: now.requests,
        foreign: foreign.as_deref(),
        foreign_withheld: foreign_withheld.as_deref(),
        withheld: withheld.requests,
        up_to: bill.up_to,
        at_once: at_once.filter(|_| bill.requests > 0),
    }));
    let pictures = steps
        .iter()
        .map(|step| (step.spec.id.as_str(), step.digest));
    tell_reviews(settings, pictures, reporter);
    if let Some(note) = pipeline::old_store_note(settings) {
        reporter.event(Event::Note(note));
    }
    let arrived = planned.store.arrived();
    let arrived = arrived.map_err(|e| pipeline::store_failure(&e))?;
    tell_of_arrived(arrived.len(), reporter);
    if bill.requests > 0 {
        tell_of_requests(settings, &planned, bill, reporter);
    }
    match exit_code && is_something_to_do(settings, &planned, reporter)? {
        true => Ok(Exit::ToDo),
        false => Ok(Exit::Done),
    }
}

/// Tells of a project in which nothing changed that all is in place.
fn tell_unchanged(settings: &Settings, unchanged: &Unchanged<'_>, reporter: &Reporter) {
    unchanged.tell_left_out(reporter);
    let assets: Vec<AssetReport> = unchanged.outputs.iter().map(fresh_report).collect();
    reporter.event(Event::Plan(&Plan {
        assets: &assets,
        unclaimed: &unchanged.unclaimed,
        ..Plan::default()
    }));
    let pictures = assets.iter().map(|a| (a.id.as_str(), a.picture));
    tell_reviews(settings, pictures, reporter);
}

/// Tells whether requests would pass the budget of a run, and where they would go.
fn tell_of_requests(settings: &Settings, planned: &Planned, bill: Bill, reporter: &Reporter) {
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

/// Tells what people say of the pictures that are in place.
fn tell_reviews<'a>(
    settings: &Settings,
    pictures: impl Iterator<Item = (&'a str, Option<Digest>)>,
    reporter: &Reporter,
) {
    match Reviews::read(&settings.root) {
        Ok(reviews) => {
            let pictures = pictures.filter_map(|(id, digest)| Some((id, digest?)));
            for line in review::told(&reviews, pictures) {
                reporter.event(Event::Note(&line));
            }
        }
        // Nothing is made otherwise by it.
        Err(failure) => {
            for mut problem in failure.diagnostics {
                problem.severity = Severity::Warning;
                reporter.event(Event::Diagnostic(&problem));
            }
        }
    }
}

/// What the same requests would cost, each sent alone.
fn at_once(planned: &Planned) -> Cost {
    let steps = planned.plan.steps.iter();
    let asked = steps.filter(|step| step.requests() + step.withheld_requests() > 0);
    let costs = asked.map(|step| match plan::estimate(step, &planned.at_once) {
        Some(micro) => Cost::Known(micro.0),
        None => Cost::Unknown,
    });
    costs.fold(Cost::FREE, Cost::plus)
}

/// Whether a build would do anything, or would have to and cannot.
fn is_something_to_do(
    settings: &Settings,
    planned: &Planned,
    reporter: &Reporter,
) -> Result<bool, Failure> {
    let steps = &planned.plan.steps;
    if steps.iter().any(|step| step.verdict != Verdict::Fresh) {
        return Ok(true);
    }
    if settings.resolve.is_draft() {
        return Ok(false);
    }
    // A person has to decide about them, and `--locked` is content with none.
    if !planned.unclaimed.is_empty() {
        return Ok(true);
    }
    let written = pipeline::is_written(settings, planned);
    let written = written.map_err(|e| pipeline::store_failure(&e))?;
    if !written {
        reporter.event(Event::Note(
            "every picture is in its place, and a build would write the lock or the index anew",
        ));
    }
    Ok(!written)
}

/// What is to happen to each asset, by id; that pictures are nowhere may be told already.
fn reports(steps: &[Step], lost_told: bool) -> Vec<AssetReport> {
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
        report.reason_told = lost_told && step.reason == Reason::Lost;
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
