//! The rolls of one shot: ask, judge, and what is next, until one counts. A roll and what it cost are in the store before
//! it is judged and before another one is asked for, so that a run that was ended goes on from there. Knows no provider, and
//! nothing of how a roll is asked for.

use crate::check::{Next, Remaining, next};
use crate::execute::ask::{Ask, PaidClient};
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::spent::Spent;
use crate::execute::step::no_picture;
use crate::execute::{Failed, not_made};
use base::diagnostic::{Exit, count};
use base::fs::Durability;
use model::Finding;
use plan::Answer;
use store::ShotEntry;

/// What the store has of a shot of which no answer counts yet.
#[derive(Default)]
struct Judged {
    entry: Option<ShotEntry>,
    /// The rolls whose pictures are there, from 0.
    there: Vec<usize>,
}

impl Judged {
    /// What was found in each roll that is there.
    fn findings(&self) -> Vec<&[Finding]> {
        let rolls = self.entry.iter().flat_map(|entry| &entry.rolls).enumerate();
        let there = rolls.filter(|(n, _)| self.there.contains(n));
        there.map(|(_, roll)| roll.findings()).collect()
    }
}

impl PaidClient {
    /// Gets a shot of which the store has no answer that counts. Whoever calls this is its one payer.
    pub(super) async fn rolls(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let mut over: Option<Failed> = None;
        let mut asked = 0;
        loop {
            let judged = self.judged(ask)?;
            let made = judged.there.len().max(asked);
            let remaining = Remaining {
                rolls: self.judge.rolls().saturating_sub(made),
                money: over.is_none(),
            };
            match next(&judged.findings(), remaining) {
                Next::Accept(n) => return self.accept(ask, judged, n, over.as_ref(), handle),
                Next::Stop(_) => {
                    // What came may be there, and not be read.
                    let read = self.is_readable(&ask.key);
                    let unread = read.err().map(|e| not_made::unread(&e));
                    return Err(over.or(unread).unwrap_or_else(|| no_picture().into()));
                }
                Next::Again => asked += 1,
            }
            match self.roll(ask, route, handle, spent).await {
                // A budget that has ended keeps what is there.
                Err(failed) if failed.exit == Exit::Budget => over = Some(failed),
                Err(failed) => return Err(failed),
                Ok(answer) if self.counts(ask) => return Ok(answer),
                Ok(_) => {}
            }
        }
    }

    /// Whether an answer of a shot counts already.
    fn counts(&self, ask: &Ask<'_>) -> bool {
        let entry = self.store.shot(&ask.key).ok().flatten();
        entry.is_some_and(|entry| entry.accepted.is_some())
    }

    /// Judges the rolls that are there, and notes what was found. It costs nothing, so it may be done again.
    fn judged(&self, ask: &Ask<'_>) -> Result<Judged, Failed> {
        // What cannot be read is told before anything is asked for.
        let Ok(Some(mut entry)) = self.store.shot(&ask.key) else {
            return Ok(Judged::default());
        };
        let mut there = Vec::new();
        let mut is_new = false;
        for (n, roll) in entry.rolls.iter_mut().enumerate() {
            let first = roll.candidates.first();
            if !first.is_some_and(|first| self.store.is_whole(first)) {
                continue;
            }
            there.push(n);
            if roll.findings().is_empty() {
                let findings = self.judge.findings(n);
                is_new |= !findings.is_empty();
                roll.judged(findings);
            }
        }
        if is_new {
            self.put(ask, &entry)?;
        }
        Ok(Judged {
            entry: Some(entry),
            there,
        })
    }

    /// Has a roll count, the `n`th of those that are there, and tells what is wrong with it.
    fn accept(
        &self,
        ask: &Ask<'_>,
        judged: Judged,
        n: usize,
        over: Option<&Failed>,
        handle: &RunHandle,
    ) -> Result<Answer, Failed> {
        let Judged { entry, there } = judged;
        let mut entry = entry.ok_or_else(no_picture)?;
        entry.accepted = there.get(n).copied();
        self.put(ask, &entry)?;
        let made = entry.rolls.len();
        let roll = entry.into_answer().ok_or_else(no_picture)?;
        if !roll.findings().is_empty() {
            let found: Vec<String> = roll.findings().iter().map(Finding::to_string).collect();
            let end = over.map(|over| format!("; {}", over.diagnostic.message));
            let note = format!(
                "{}: the best of {} is kept: {}{}",
                ask.asset,
                count(made, "roll"),
                found.join("; "),
                end.unwrap_or_default()
            );
            let _ = handle.tell.send(Message::Note(note));
        }
        Ok(Answer {
            pick: self.store.pick(&ask.key, &roll.candidates),
            candidates: roll.candidates,
            model: roll.model,
        })
    }

    fn put(&self, ask: &Ask<'_>, entry: &ShotEntry) -> Result<(), Failed> {
        let put = self.store.put_shot(&ask.key, entry, Durability::Paid);
        put.map_err(|e| not_made::disk(&e))
    }
}
