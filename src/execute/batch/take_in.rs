//! Takes in what a batch ended with, line by line: each is set down like an answer that came alone, and has its end then.
//! What no line tells of gets one too.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use super::leftover;
use super::state::{End, Seen};
use crate::execute::ask::PaidClient;
use crate::execute::ingest::{NotIngested, ingest, settle_own};
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::{Failed, not_made};
use base::diagnostic::count;
use base::digest::Digest;
use base::fs::FsError;
use base::fs::hold::Held;
use plan::key::Key;
use provider::BatchClient;
use provider::batch::{Came, Ended, Line, NotDone};
use store::ledger::{Outcome, Settlement};
use store::{Batch, BatchLine, Head};

/// How often it is looked whether another one is done with a shot.
const GLANCE: Duration = Duration::from_millis(20);

/// A batch, and who is asked about it.
pub(super) struct Errand<'a> {
    pub batch: &'a Batch,
    pub route: &'a Route,
    pub client: &'a BatchClient,
    pub handle: &'a RunHandle,
    /// What the provider calls it.
    pub id: String,
}

/// One reading of what a batch ended with.
#[derive(Default)]
struct Pass {
    seen: BTreeSet<Key>,
    /// Lines with an answer.
    answered: u64,
    /// Lines of no request of the batch.
    strange: usize,
    /// Lines of a request that had one before.
    doubled: usize,
    /// Lines that cannot be read.
    unread: usize,
    /// The shots of which only a ticket has come, by this reading or an earlier one.
    tickets: BTreeSet<Key>,
    /// Somebody else is the payer of one.
    skipped: bool,
    /// A file of lines is not there any more.
    lost: Option<String>,
}

impl Pass {
    /// What is odd about the lines, as notes on the batch of this name.
    fn oddities(&self, id: &str) -> Vec<String> {
        let said = |n: usize, text: String| (n > 0).then_some(text);
        let (strange, doubled, unread) = (
            count(self.strange, "request"),
            count(self.doubled, "line"),
            count(self.unread, "line"),
        );
        let odd = [
            said(
                self.strange,
                format!("batch `{id}` answers {strange} that it was not sent: that is not taken"),
            ),
            said(
                self.doubled,
                format!(
                    "batch `{id}` has {doubled} about requests that it has answered before: what came first counts"
                ),
            ),
            said(
                self.unread,
                format!("batch `{id}` has {unread} that cannot be read"),
            ),
        ];
        odd.into_iter().flatten().collect()
    }
}

impl PaidClient {
    /// Takes in what came of each line, and gives an end to those of which nothing came.
    pub(super) async fn take_in(&self, errand: &Errand<'_>, ended: &Ended) -> Result<Seen, Failed> {
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        let mut pass = Pass {
            tickets: tickets.into_keys().collect(),
            ..Pass::default()
        };
        for file in &ended.files {
            let mut lines = match errand.client.open(file).await {
                Ok(lines) => lines,
                Err(NotDone::Gone(why)) => {
                    pass.lost = Some(why);
                    continue;
                }
                Err(NotDone::Refused(refusal)) => return Ok(Seen::said_no(errand.route, &refusal)),
                Err(NotDone::Unknown(why)) => return Ok(Seen::pending(&why)),
            };
            loop {
                if *errand.handle.stop.borrow() {
                    return Ok(Seen::pending("the run was ended while it was taken in"));
                }
                match lines.next().await {
                    Ok(Some(line)) => self.take_line(errand, line, &mut pass).await?,
                    Ok(None) => break,
                    Err(why) => return Ok(Seen::pending(&why)),
                }
            }
        }
        for note in pass.oddities(&errand.id) {
            let _ = errand.handle.tell.send(Message::Note(note));
        }
        if pass.skipped {
            return Ok(Seen::pending("another gpbuild takes a part of it in"));
        }
        // What it says that it answered has come: all else was not made.
        let is_all = pass.lost.is_none() && ended.answered.is_some_and(|n| n <= pass.answered);
        let state = &ended.state;
        if !ended.is_complete && is_all {
            let said = ended.said.as_ref().map(|said| format!(": {said}"));
            let why = format!("its batch ended as `{state}` before its turn came");
            let why = why + &said.unwrap_or_default();
            self.end_all(errand, &pass.seen, Outcome::Refused, &why)?;
            return Ok(Seen::Done);
        }
        let why = match &pass.lost {
            Some(why) => format!("what came of its batch is not there: {why}"),
            None => format!("its batch ended as `{state}`, and says nothing of it"),
        };
        let has_end = |(key, line): &(Key, BatchLine)| {
            pass.seen.contains(key) || self.is_given_up(key, *line)
        };
        if self.retry_in_doubt || self.open_lines(errand.batch).iter().all(has_end) {
            self.end_all(errand, &pass.seen, Outcome::Doubt, &why)?;
            return Ok(Seen::Done);
        }
        // Each request was sent: what says less than that is not all of it, or not yet.
        Ok(Seen::refused(&format!(
            "{why}; the next `gpbuild build` reads it again, and `--retry-in-doubt` gives it up"
        )))
    }

    /// Gives this end to every line that has none and was not `seen`, and forgets the batch; but what is in doubt by now
    /// may still come, if the batch is looked at again.
    pub(super) fn end_all(
        &self,
        errand: &Errand<'_>,
        seen: &BTreeSet<Key>,
        outcome: Outcome,
        why: &str,
    ) -> Result<(), Failed> {
        let mut lines = self.open_lines(errand.batch);
        lines.retain(|(key, _)| !seen.contains(key));
        let stays = outcome == Outcome::Doubt && !lines.is_empty();
        for (key, line) in lines {
            if outcome == Outcome::Doubt && self.is_given_up(&key, line) {
                continue;
            }
            let head = self.head_of(errand.batch, line)?;
            let failed = match outcome {
                Outcome::Doubt => not_made::doubt(why, None),
                _ => not_made::not_in_batch(why),
            };
            self.settle_line(&head, outcome, why)?;
            self.tell_end(errand, &key, &head.asset, &failed);
            self.batches.ended(key, End::Failed(failed));
        }
        match stays {
            true => Ok(()),
            false => self.forget(errand.batch),
        }
    }

    /// Takes in one line, if it is one of the batch and has no end yet.
    async fn take_line(
        &self,
        errand: &Errand<'_>,
        line: Line,
        pass: &mut Pass,
    ) -> Result<(), Failed> {
        let key = line.name.as_deref().and_then(Digest::parse).map(Key);
        let own = key.and_then(|key| Some((key, errand.batch.lines.get(&key)?)));
        let Some((key, at)) = own else {
            match line.name {
                Some(_) => pass.strange += 1,
                None => pass.unread += 1,
            }
            return Ok(());
        };
        let is_answer = matches!(line.came, Came::Answer { .. });
        let is_open = self.is_open(&key, *at) && !pass.tickets.contains(&key);
        let is_first = pass.seen.insert(key);
        // What came first counts, unless nobody knows what it means.
        let counts = is_first || (is_answer && is_open);
        if !counts {
            pass.doubled += 1;
            return Ok(());
        }
        pass.answered += u64::from(is_answer);
        if !is_open {
            return Ok(());
        }
        let is_given_up = self.is_given_up(&key, *at);
        let Some(held) = self.hold_line(errand, &key).await? else {
            pass.skipped = true;
            return Ok(());
        };
        let head = self.head_of(errand.batch, *at)?;
        let end = match line.came {
            Came::Answer { body, request_id } => {
                let taken = self.take_answer(errand, &head, body, request_id)?;
                // What was given up and is empty still is nothing new.
                taken.filter(|end| !is_given_up || matches!(end, End::Made(..)))
            }
            Came::Refused(refusal) => {
                self.settle_line(&head, Outcome::Refused, &refusal.said())?;
                let hint = errand.route.adapter.hint(&refusal);
                Some(End::Failed(match refusal.status {
                    0 => not_made::not_in_batch(&refusal.said()),
                    _ => not_made::refused(&refusal, hint),
                }))
            }
            // It was in doubt before, and nothing is new.
            Came::Unknown(_) if is_given_up => None,
            Came::Unknown(why) => {
                self.settle_line(&head, Outcome::Doubt, &why)?;
                Some(End::Failed(not_made::doubt(&why, None)))
            }
        };
        drop(held);
        let Some(end) = end else {
            // A ticket of its own, or nothing new.
            pass.tickets.insert(key);
            return Ok(());
        };
        if let End::Failed(failed) = &end {
            self.tell_end(errand, &key, &head.asset, failed);
        }
        self.batches.ended(key, end);
        Ok(())
    }

    /// Keeps every other gpbuild, and every other step of this run, from a shot; nothing need be held where its payer waits
    /// for this. None if somebody else is its payer.
    async fn hold_line(
        &self,
        errand: &Errand<'_>,
        key: &Key,
    ) -> Result<Option<Option<Held>>, Failed> {
        let payer = self.payer("");
        loop {
            if self.batches.is_waiting(key) {
                return Ok(Some(None));
            }
            let held = self.store.try_make(key, &payer);
            if let Some(held) = held.map_err(|e| not_made::disk(&e))? {
                return Ok(Some(Some(held)));
            }
            let other = self.store.payer(key);
            // A step of this run comes here too, as soon as it has looked at what is on the disk.
            let is_own = other.is_none_or(|other| other.process == payer.process);
            if !is_own || self.wait(GLANCE, errand.handle).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Sets an answer down as if it had come alone, and takes it in.
    fn take_answer(
        &self,
        errand: &Errand<'_>,
        head: &Head,
        mut body: impl io::Read,
        request_id: Option<String>,
    ) -> Result<Option<End>, Failed> {
        let mut incoming = self.store.expect(head).map_err(|e| not_made::disk(&e))?;
        let place = incoming.path().to_path_buf();
        if let Err(error) = io::copy(&mut body, &mut incoming) {
            incoming.forget();
            return Err(not_made::disk(&FsError::io("write", &place)(error)));
        }
        let path = incoming
            .arrived()
            .map_err(|astray| not_made::astray(&astray))?;
        let veil = errand.route.adapter.veil();
        let taken = ingest(&self.store, &self.ledger, &path, request_id, &veil);
        Ok(match taken {
            Ok(taken) => {
                for remark in taken.remarks {
                    let note = format!("{}: {remark}", head.asset);
                    let _ = errand.handle.tell.send(Message::Note(note));
                }
                Some(End::Made(taken.answer, taken.cost))
            }
            // It is a ticket of its own by now.
            Err(NotIngested::Elsewhere(_)) => None,
            Err(NotIngested::Empty(why, aside)) => {
                Some(End::Failed(not_made::doubt(&why, Some(&aside))))
            }
            Err(NotIngested::Refused(refusal, _)) => {
                let hint = errand.route.adapter.hint(&refusal);
                Some(End::Failed(not_made::refused(&refusal, hint)))
            }
            Err(NotIngested::Disk(error)) => return Err(not_made::not_kept(&error, &path)),
        })
    }

    /// Tells of a line whose shot nobody asks for in this run.
    fn tell_end(&self, errand: &Errand<'_>, key: &Key, asset: &str, failed: &Failed) {
        if self.batches.is_wanted(key) {
            return;
        }
        let note = format!(
            "{asset}, of batch `{}`: {}",
            errand.id, failed.diagnostic.message
        );
        let _ = errand.handle.tell.send(Message::Note(note));
    }

    pub(super) fn settle_line(
        &self,
        head: &Head,
        outcome: Outcome,
        why: &str,
    ) -> Result<(), Failed> {
        let settlement = Settlement {
            outcome,
            cost: None,
            billed: None,
            request_id: None,
            why: Some(why.to_owned()),
        };
        let settled = settle_own(&self.ledger, head, settlement);
        settled.map_err(|e| not_made::disk(&e))
    }

    pub(in crate::execute) fn head_of(
        &self,
        batch: &Batch,
        line: BatchLine,
    ) -> Result<Head, Failed> {
        let head = self.store.batch_line(batch, line);
        head.map_err(|e| not_made::disk(&e))
    }

    pub(in crate::execute) fn open_lines(&self, batch: &Batch) -> Vec<(Key, BatchLine)> {
        let lines = batch.lines.iter().map(|(key, line)| (*key, *line));
        lines
            .filter(|(key, line)| self.is_open(key, *line))
            .collect()
    }

    /// Whether something may still come of a line. Where a ledger was lost, nothing says that it may not.
    pub(super) fn is_open(&self, key: &Key, line: BatchLine) -> bool {
        leftover::is_open(&self.ledger, key, line)
    }

    /// Whether a line is in doubt: a person gave it up, or its batch says what nobody understands.
    pub(super) fn is_given_up(&self, key: &Key, line: BatchLine) -> bool {
        let entry = self.ledger.entry(line.number);
        let entry = entry.filter(|entry| entry.intent.key == *key);
        entry.is_some_and(|entry| entry.settlement.is_some() && entry.is_in_doubt())
    }

    pub(super) fn forget(&self, batch: &Batch) -> Result<(), Failed> {
        let removed = self.store.remove_batch(batch.head.mark);
        removed.map_err(|e| not_made::disk(&e))
    }
}
