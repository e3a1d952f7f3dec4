//! What became of the assets of a run: counted, told, and turned into an exit code.

use std::collections::{BTreeMap, BTreeSet};

use crate::execute::{Finished, Spent};
use base::diagnostic::{Diagnostic, Exit};
use base::digest::Digest;
use plan::state::Output;
use plan::{Reason, Step, Verdict};
use report::{AssetReport, Cost, Event, Reporter, State as Shown, Summary};

/// From so many lines on that say the same, one says it for all.
const FEW: usize = 4;
/// So many lines further up a person still sees what failed.
const SCREEN: usize = 20;

/// What to tell once, if the pictures of so many assets are neither in place nor in the store that a line for each
/// would say it over and over.
pub fn lost(steps: &[Step]) -> Option<String> {
    let lost = steps.iter().filter(|step| step.reason == Reason::Lost);
    let lost = lost.count();
    (lost >= FEW).then(|| {
        format!(
            "{lost} outputs are missing, and the store does not have them, as in a clone without its outputs"
        )
    })
}

/// Counts and reports, as they come.
#[derive(Default)]
pub struct Outcome {
    /// Drafts are called so.
    pub draft: bool,
    /// In place already.
    pub fresh: usize,
    /// Fresh, but there is something to say about it.
    pub remarks: usize,
    /// Not tried.
    pub blocked: usize,
    /// To be made by a person.
    pub by_hand: usize,
    /// Not begun, because of ctrl-c or `--fail-fast`.
    pub left: usize,
    /// Ended by ctrl-c.
    pub interrupted: bool,
    /// The digests of the outputs that this run saw or put in place, by asset.
    pub seen: BTreeMap<String, Digest>,
    /// The assets whose pictures say what their specs say now.
    pub current: BTreeSet<String>,
    /// Put back in place.
    pub restored: usize,
    /// That pictures are nowhere was told once for all of them.
    pub lost_told: bool,
    /// What failed, each kind once, with how many assets it is about.
    failures: Vec<Diagnostic>,
    /// Where in `failures` each stands, by what it says.
    known: BTreeMap<(String, Vec<String>), usize>,
    /// Assets that were told of since something failed first.
    since: usize,
    /// In a batch, or behind what is in one.
    pending: usize,
    /// That is what was asked for.
    batches: bool,
    made: usize,
    failed: usize,
    drafts: usize,
    spent: Spent,
    bug: bool,
    provider: bool,
    budget: bool,
    damaged: bool,
}

impl Outcome {
    /// Nothing yet.
    pub fn new(draft: bool, batches: bool) -> Self {
        Self {
            draft,
            batches,
            ..Self::default()
        }
    }

    /// Counts an asset that is not tried.
    pub fn blocked(&mut self, reason: &Reason) {
        if reason.is_by_hand() {
            self.by_hand += 1;
            return;
        }
        if matches!(reason, Reason::BehindPending(_)) {
            self.pending += 1;
            return;
        }
        self.blocked += 1;
        self.provider |= is_providers(reason);
        self.damaged |= matches!(reason, Reason::Unread(_));
    }

    /// Notes an asset that is fresh.
    pub fn in_place(&mut self, step: &Step) {
        let id = &step.spec.id;
        if let Some(digest) = step.digest {
            self.seen.insert(id.clone(), digest);
        }
        if step.reason == Reason::None {
            self.current.insert(id.clone());
        }
    }

    /// Counts and tells a step that ended.
    pub fn ended(&mut self, finished: &Finished, reporter: &Reporter) {
        let step = &finished.step;
        let state = match (&finished.result, &step.verdict) {
            (Err(failed), _) if failed.pending => Shown::Pending,
            (Err(failed), _) if failed.blocked => Shown::Blocked,
            (Err(_), _) => Shown::Failed,
            (Ok(_), _) if step.only_compare => Shown::Fresh,
            (Ok(_), Verdict::Restore(_)) => Shown::Restored,
            (Ok(_), _) if self.draft => Shown::Draft,
            (Ok(_), _) => Shown::Made,
        };
        let in_batch = finished.result.as_ref().is_err_and(|f| f.in_batch);
        match state {
            Shown::Pending if in_batch => self.pending += 1,
            Shown::Failed | Shown::Pending => self.failed += 1,
            Shown::Blocked => self.blocked += 1,
            Shown::Fresh => self.fresh += 1,
            Shown::Restored => self.restored += 1,
            Shown::Draft => self.drafts += 1,
            _ => self.made += 1,
        }
        self.spent.add(finished.spent);
        if let Err(failed) = &finished.result {
            self.bug |= failed.exit == Exit::Bug;
            self.provider |= failed.exit == Exit::Provider;
            self.budget |= failed.exit == Exit::Budget;
            self.damaged |= failed.exit == Exit::Damaged;
        }
        let mut report = asset_report(step, state);
        report.reason_told = self.lost_told && step.reason == Reason::Lost;
        match &finished.result {
            Ok(made) => {
                let id = &step.spec.id;
                report.key = Some(made.locked.key().0);
                report.picture = Some(made.locked.digest);
                report.reason = report.reason.filter(|_| !step.only_compare);
                self.seen.insert(id.clone(), made.locked.digest);
                self.current.insert(id.clone());
            }
            Err(failed) => report.reason = Some(failed.diagnostic.message.clone()),
        }
        report.cost = cost(finished.spent);
        reporter.event(Event::Done(&report));
        self.since += usize::from(!self.failures.is_empty());
        // What is blocked says all there is to say in its own line.
        if let Err(failed) = &finished.result
            && !failed.blocked
            && !failed.in_batch
        {
            let first = self.is_first(&failed.diagnostic);
            reporter.event(match first {
                true => Event::Diagnostic(&failed.diagnostic),
                false => Event::Repeated(&failed.diagnostic),
            });
        }
    }

    /// Notes what failed; whether it is the first of its kind.
    fn is_first(&mut self, diagnostic: &Diagnostic) -> bool {
        let words = (diagnostic.message.clone(), diagnostic.hints.clone());
        let next = self.failures.len();
        let at = *self.known.entry(words).or_insert(next);
        match self.failures.get_mut(at) {
            Some(Diagnostic {
                asset: Some((_, more)),
                others,
                ..
            }) => {
                *more += 1;
                others.extend(diagnostic.asset.clone().map(|(id, _)| id));
            }
            Some(_) => {}
            None => self.failures.push(diagnostic.clone()),
        }
        at == next
    }

    /// What failed, if it is not to be seen any more beside the end, or stands for more than was told.
    fn recap(&self) -> &[Diagnostic] {
        let many = |failure: &Diagnostic| failure.asset.as_ref().is_some_and(|(_, more)| *more > 0);
        match self.since > SCREEN || self.failures.iter().any(many) {
            true => &self.failures,
            false => &[],
        }
    }

    /// Nothing is left to do and nothing to say.
    pub fn is_settled(&self) -> bool {
        self.failed + self.blocked + self.by_hand + self.pending + self.left + self.remarks == 0
            && !self.interrupted
    }

    /// The last lines of a run.
    pub fn tell(&self, reporter: &Reporter) {
        if self.interrupted {
            reporter.event(Event::Note(
                "interrupted: what was made stays made, `gpbuild` goes on where this ended",
            ));
        }
        if !self.recap().is_empty() {
            reporter.event(Event::Recap(self.recap()));
        }
        let summary = Summary {
            blocked: self.blocked + self.left,
            elapsed: reporter.elapsed(),
            ..self.counted()
        };
        reporter.event(Event::Summary(&summary));
    }

    /// What was counted so far; what was left is in none of it.
    pub fn counted(&self) -> Summary {
        Summary {
            fresh: self.fresh,
            restored: self.restored,
            made: self.made,
            failed: self.failed,
            blocked: self.blocked + self.left,
            manual: self.by_hand,
            pending: self.pending,
            draft: self.drafts,
            requests: self.spent.requests,
            cost: cost(self.spent),
            ..Summary::default()
        }
    }

    /// What is on its way in batches, where that is not what was asked for.
    fn awaited(&self) -> usize {
        if self.batches { 0 } else { self.pending }
    }

    /// What the process answers.
    pub fn exit(&self) -> Exit {
        if self.bug {
            Exit::Bug
        } else if self.interrupted {
            Exit::Interrupted
        } else if self.provider {
            Exit::Provider
        } else if self.budget {
            Exit::Budget
        } else if self.damaged {
            Exit::Damaged
        } else if self.failed + self.blocked + self.by_hand + self.left + self.awaited() > 0 {
            // Nothing failed where something waits for a person; not all is there all the same, and who asks for
            // the code wants to know that.
            Exit::SomeFailed
        } else {
            Exit::Done
        }
    }
}

/// Whether an asset is blocked because its provider cannot be asked, whatever it is asked for.
pub fn is_providers(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::NoProvider(_)
            | Reason::NoProgram(_)
            | Reason::NoKey(_)
            | Reason::NotTrusted
            | Reason::OldStore
            | Reason::Retired(_)
            | Reason::NoBatch(_)
    )
}

/// What is being done, in a word.
pub fn doing(step: &Step) -> &'static str {
    match step.verdict {
        Verdict::Restore(_) => "restoring",
        Verdict::Export => "exporting",
        _ if step.requests() > 0 => "asking",
        _ => "drawing",
    }
}

fn cost(spent: Spent) -> Cost {
    match (spent.unknown, spent.counted) {
        (false, _) => Cost::Known(spent.cost.0),
        (true, Some(counted)) => Cost::Counted(spent.cost.0.saturating_add(counted.0)),
        (true, None) => Cost::Unknown,
    }
}

/// What is said of a step.
pub fn asset_report(step: &Step, state: Shown) -> AssetReport {
    let reason = match &step.reason {
        Reason::None => None,
        reason => Some(reason.to_string()),
    };
    AssetReport {
        id: step.spec.id.clone(),
        state,
        reason,
        key: step.key().map(|key| key.0),
        output: step.spec.output.as_str().to_owned(),
        picture: step.digest,
        cost: Cost::FREE,
        estimate: Some(
            step.estimate
                .map_or(Cost::Unknown, |micro| Cost::Known(micro.0)),
        ),
        notes: Vec::new(),
        reason_told: false,
    }
}

/// What is said of an output that the state vouches for.
pub fn fresh_report(output: &Output<'_>) -> AssetReport {
    AssetReport {
        id: output.id.clone().into_owned(),
        state: Shown::Fresh,
        reason: None,
        key: output.key.map(|key| key.0),
        output: output.path.clone().into_owned(),
        picture: Some(output.digest),
        cost: Cost::FREE,
        estimate: Some(Cost::FREE),
        notes: Vec::new(),
        reason_told: false,
    }
}

/// A summary of nothing, so far.
pub fn empty_summary(reporter: &Reporter) -> Summary {
    Summary {
        elapsed: reporter.elapsed(),
        ..Summary::default()
    }
}
