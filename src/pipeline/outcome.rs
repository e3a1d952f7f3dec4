//! What became of the assets of a run: counted, told, and turned into an exit code.

use std::collections::{BTreeMap, BTreeSet};

use crate::execute::{Finished, Spent};
use base::diagnostic::Exit;
use base::digest::Digest;
use plan::state::Output;
use plan::{Reason, Step, Verdict};
use report::{AssetReport, Cost, Event, Reporter, State as Shown, Summary};

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
        // What is blocked says all there is to say in its own line.
        if let Err(failed) = &finished.result
            && !failed.blocked
            && !failed.in_batch
        {
            reporter.event(Event::Diagnostic(&failed.diagnostic));
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
    if spent.unknown {
        Cost::Unknown
    } else {
        Cost::Known(spent.cost.0)
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
    }
}

/// A summary of nothing, so far.
pub fn empty_summary(reporter: &Reporter) -> Summary {
    Summary {
        elapsed: reporter.elapsed(),
        ..Summary::default()
    }
}
