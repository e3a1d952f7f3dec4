//! From a batch that was sent to shots in the store: find it if its name was lost, ask how it stands, and take in what
//! came of each line. All of it is free and may be done again; each line has its end as soon as its pictures are in the
//! store, so that a kill loses none and takes none twice.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::name;
use super::state::{End, Seen};
use crate::execute::ask::{Ask, PaidClient};
use crate::execute::ingest::{NotIngested, ingest, settle_own};
use crate::execute::retry::halts;
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::spent::Spent;
use crate::execute::{Failed, not_made};
use base::diagnostic::{Exit, count};
use base::digest::Digest;
use base::fs::FsError;
use base::fs::hold::Held;
use plan::Answer;
use plan::key::Key;
use provider::BatchClient;
use provider::batch::{Came, Ended, Line, NotDone, Standing};
use provider::reply::Refusal;
use store::ledger::{Moment, Outcome, Settlement};
use store::{Batch, BatchLine, Head, Payer};

/// A batch that was to be created so many minutes ago and is in no list was not created.
const LISTED: i64 = 10;
/// How often it is looked whether another gpbuild is done with a batch.
const GLANCE: Duration = Duration::from_millis(50);
/// With `--wait`, a batch is asked for this long apart at first, and so long in the end.
const POLLS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A batch, and who is asked about it.
struct Errand<'a> {
    batch: &'a Batch,
    route: &'a Route,
    client: &'a BatchClient,
    handle: &'a RunHandle,
    /// What the provider calls it.
    id: String,
}

/// One reading of what a batch ended with.
#[derive(Default)]
struct Pass {
    seen: BTreeSet<Key>,
    /// Lines with an answer.
    answered: u64,
    /// Lines of no request of the batch.
    strange: usize,
    /// Somebody else is the payer of one.
    skipped: bool,
    /// A file of lines is not there any more.
    lost: Option<String>,
}

impl PaidClient {
    /// Gets a shot that is a line of a batch, if the batch has ended.
    pub(in crate::execute) async fn collect_batch(
        &self,
        ask: &Ask<'_>,
        batch: &Batch,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let turn = self.batches.turn(batch.head.mark);
        let seen = {
            // The first that comes looks, for all.
            let mut seen = turn.lock().await;
            if seen.is_none() {
                *seen = Some(self.look_at(batch, route, handle).await?);
            }
            seen.clone().unwrap_or(Seen::Done)
        };
        match self.batches.end(&ask.key) {
            Some(End::Failed(failed)) => return Err(failed),
            Some(End::Made(answer, cost)) => {
                match cost {
                    Some(cost) => spent.cost += cost,
                    None => spent.unknown = true,
                }
                return Ok(answer);
            }
            None => {}
        }
        if let Ok(Some(answer)) = self.stored(&ask.key) {
            return Ok(answer);
        }
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        if let Some(path) = tickets.get(&ask.key) {
            // Its answer says where its pictures are.
            let taken = self.collect(ask.asset, path, route, handle).await;
            return self.told(taken, ask, handle, spent);
        }
        let id = self.store.batch_id(batch.head.mark).ok().flatten();
        let id = id.unwrap_or_else(|| name(batch.head.mark));
        Err(match seen {
            Seen::Pending { why, is_refused } => {
                let told = not_made::in_batch(ask.asset, &id, &why);
                match is_refused {
                    true => Failed {
                        exit: Exit::Provider,
                        ..told
                    },
                    false => told,
                }
            }
            Seen::Done => not_made::in_batch(ask.asset, &id, "it was not taken in by now"),
        })
    }

    /// What a batch is found to be; with `--wait` when it has ended.
    async fn look_at(
        &self,
        batch: &Batch,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Seen, Failed> {
        let mut wait = POLLS.0;
        let mut told = None;
        loop {
            let Some(held) = self.hold_batch(batch, handle).await? else {
                return Ok(pending("the run was ended"));
            };
            self.ledger.refresh().map_err(|e| not_made::disk(&e))?;
            let seen = self.look_once(batch, route, handle).await?;
            drop(held);
            let Seen::Pending { why, is_refused } = &seen else {
                return Ok(seen);
            };
            if !self.batches.batching.waits || *is_refused || *handle.stop.borrow() {
                return Ok(seen);
            }
            if told.as_ref() != Some(why) {
                let _ = handle.tell.send(Message::Note(format!("waiting: {why}")));
                told = Some(why.clone());
            }
            if self.wait(wait, handle).await.is_err() {
                return Ok(seen);
            }
            wait = (wait * 2).min(POLLS.1);
        }
    }

    /// Keeps every other gpbuild from a batch; none if the run was ended meanwhile.
    async fn hold_batch(&self, batch: &Batch, handle: &RunHandle) -> Result<Option<Held>, Failed> {
        let payer = self.payer("");
        loop {
            let held = self.store.try_make(&batch.head.mark.lock(), &payer);
            if let Some(held) = held.map_err(|e| not_made::disk(&e))? {
                return Ok(Some(held));
            }
            if self.wait(GLANCE, handle).await.is_err() {
                return Ok(None);
            }
        }
    }

    fn payer(&self, asset: &str) -> Payer {
        Payer {
            process: std::process::id(),
            since: Moment::now().to_string(),
            asset: asset.to_owned(),
            project: self.project.clone(),
        }
    }

    async fn look_once(
        &self,
        batch: &Batch,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Seen, Failed> {
        let mark = batch.head.mark;
        if !self.store.has_batch(mark) {
            // Somebody else has taken it in.
            return Ok(Seen::Done);
        }
        let Some(client) = &route.batch else {
            return Ok(refused("its provider has no batches where it is asked now"));
        };
        if batch.head.form.0 != client.place().as_str() {
            let sent = batch.head.form.0.as_str().unwrap_or_default();
            return Ok(refused(&format!(
                "it was sent to `{sent}`, and that is not where the provider is asked now"
            )));
        }
        if let Some(why) = route.halted() {
            return Ok(refused(&format!("the provider said {why}")));
        }
        let id = match self.store.batch_id(mark).map_err(|e| not_made::disk(&e))? {
            Some(id) => id,
            None => match self.find_batch(batch, route, client).await? {
                Ok(id) => id,
                Err(seen) => return Ok(seen),
            },
        };
        let errand = Errand {
            batch,
            route,
            client,
            handle,
            id,
        };
        match client.standing(&errand.id).await {
            Ok(Standing::Pending(state)) => Ok(pending(&state)),
            Ok(Standing::Ended(ended)) => self.take_in(&errand, &ended).await,
            Err(NotDone::Gone(_)) if self.retry_in_doubt => {
                let why = "the provider does not know its batch";
                self.end_all(&errand, Outcome::Doubt, why)?;
                Ok(Seen::Done)
            }
            Err(NotDone::Gone(why)) => Ok(refused(&format!(
                "the provider does not know it ({why}): is this the key of another account? `--retry-in-doubt` gives it up"
            ))),
            Err(NotDone::Refused(refusal)) => Ok(said_no(route, &refusal)),
            Err(NotDone::Unknown(why)) => Ok(pending(&why)),
        }
    }

    /// Looks for a batch whose name was lost. One that is in no list, and was to be created a while ago, never was.
    async fn find_batch(
        &self,
        batch: &Batch,
        route: &Route,
        client: &BatchClient,
    ) -> Result<Result<String, Seen>, Failed> {
        let mark = batch.head.mark;
        match client.find(&name(mark)).await {
            Ok(Some(id)) => {
                let put = self.store.put_batch_id(mark, &id);
                put.map_err(|e| not_made::disk(&e))?;
                return Ok(Ok(id));
            }
            Ok(None) => {}
            Err(NotDone::Refused(refusal)) => return Ok(Err(said_no(route, &refusal))),
            Err(NotDone::Gone(why) | NotDone::Unknown(why)) => {
                return Ok(Err(pending(&format!(
                    "whether it was created is not known: {why}"
                ))));
            }
        }
        let age = self.store.batch_age(mark).unwrap_or(0);
        if age < LISTED && !self.retry_in_doubt {
            return Ok(Err(pending(&format!(
                "whether it was created is not known: it is looked for until {LISTED} minutes have passed, and `--retry-in-doubt` does not wait for that"
            ))));
        }
        let why = "its batch was never created";
        for (key, line) in self.open_lines(batch) {
            let head = self.head_of(batch, line)?;
            self.settle_line(&head, Outcome::Unsent, why)?;
            self.batches
                .ended(key, End::Failed(not_made::not_in_batch(why)));
        }
        self.forget(batch)?;
        Ok(Err(Seen::Done))
    }

    /// Takes in what came of each line, and gives an end to those of which nothing came.
    async fn take_in(&self, errand: &Errand<'_>, ended: &Ended) -> Result<Seen, Failed> {
        let mut pass = Pass::default();
        for file in &ended.files {
            let mut lines = match errand.client.open(file).await {
                Ok(lines) => lines,
                Err(NotDone::Gone(why)) => {
                    pass.lost = Some(why);
                    continue;
                }
                Err(NotDone::Refused(refusal)) => return Ok(said_no(errand.route, &refusal)),
                Err(NotDone::Unknown(why)) => return Ok(pending(&why)),
            };
            loop {
                if *errand.handle.stop.borrow() {
                    return Ok(pending("the run was ended while it was taken in"));
                }
                match lines.next().await {
                    Ok(Some(line)) => self.take_line(errand, line, &mut pass)?,
                    Ok(None) => break,
                    Err(why) => return Ok(pending(&why)),
                }
            }
        }
        if pass.strange > 0 {
            let requests = count(pass.strange, "request");
            let note = format!(
                "batch `{}` answers {requests} that it was not sent: that is not taken",
                errand.id
            );
            let _ = errand.handle.tell.send(Message::Note(note));
        }
        if pass.skipped {
            return Ok(pending("another gpbuild takes a part of it in"));
        }
        // What it says that it answered has come: all else was not made.
        let is_all = pass.lost.is_none() && ended.answered.is_some_and(|n| n <= pass.answered);
        let state = &ended.state;
        let (outcome, why) = match (&pass.lost, &ended.said) {
            (Some(why), _) => (
                Outcome::Doubt,
                format!("what came of its batch is not there any more: {why}"),
            ),
            (None, said) if !ended.is_complete && is_all => {
                let said = said.as_ref().map(|said| format!(": {said}"));
                let why = format!("its batch ended as `{state}` before its turn came");
                (Outcome::Refused, why + &said.unwrap_or_default())
            }
            (None, _) => (
                Outcome::Doubt,
                format!("its batch ended as `{state}`, and says nothing of it"),
            ),
        };
        self.end_all(errand, outcome, &why)?;
        Ok(Seen::Done)
    }

    /// Gives this end to every line that has none, and forgets the batch.
    fn end_all(&self, errand: &Errand<'_>, outcome: Outcome, why: &str) -> Result<(), Failed> {
        for (key, line) in self.open_lines(errand.batch) {
            let head = self.head_of(errand.batch, line)?;
            let failed = match outcome {
                Outcome::Doubt => not_made::doubt(why, None),
                _ => not_made::not_in_batch(why),
            };
            self.settle_line(&head, outcome, why)?;
            self.tell_end(errand, &key, &head.asset, &failed);
            self.batches.ended(key, End::Failed(failed));
        }
        self.forget(errand.batch)
    }

    /// Takes in one line, if it is one of the batch and has no end yet.
    fn take_line(&self, errand: &Errand<'_>, line: Line, pass: &mut Pass) -> Result<(), Failed> {
        let key = line.name.as_deref().and_then(Digest::parse).map(Key);
        let own = key.and_then(|key| Some((key, errand.batch.lines.get(&key)?)));
        let Some((key, at)) = own else {
            pass.strange += 1;
            return Ok(());
        };
        if !pass.seen.insert(key) {
            // What came first counts.
            pass.strange += 1;
            return Ok(());
        }
        pass.answered += u64::from(matches!(line.came, Came::Answer { .. }));
        if !self.is_open(&key, *at) {
            return Ok(());
        }
        let held = match self.batches.is_held(&key) {
            true => None,
            false => match self.store.try_make(&key, &self.payer("")) {
                Ok(Some(held)) => Some(held),
                Ok(None) => {
                    pass.skipped = true;
                    return Ok(());
                }
                Err(error) => return Err(not_made::disk(&error)),
            },
        };
        let head = self.head_of(errand.batch, *at)?;
        let end = match line.came {
            Came::Answer { body, request_id } => {
                self.take_answer(errand, &head, body, request_id)?
            }
            Came::Refused(refusal) => {
                self.settle_line(&head, Outcome::Refused, &refusal.said())?;
                let hint = errand.route.adapter.hint(&refusal);
                Some(End::Failed(match refusal.status {
                    0 => not_made::not_in_batch(&refusal.said()),
                    _ => not_made::refused(&refusal, hint),
                }))
            }
            Came::Unknown(why) => {
                self.settle_line(&head, Outcome::Doubt, &why)?;
                Some(End::Failed(not_made::doubt(&why, None)))
            }
        };
        drop(held);
        let Some(end) = end else {
            return Ok(());
        };
        if let End::Failed(failed) = &end {
            self.tell_end(errand, &key, &head.asset, failed);
        }
        self.batches.ended(key, end);
        Ok(())
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

    fn settle_line(&self, head: &Head, outcome: Outcome, why: &str) -> Result<(), Failed> {
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

    fn head_of(&self, batch: &Batch, line: BatchLine) -> Result<Head, Failed> {
        let head = self.store.batch_line(batch, line);
        head.map_err(|e| not_made::disk(&e))
    }

    fn open_lines(&self, batch: &Batch) -> Vec<(Key, BatchLine)> {
        let lines = batch.lines.iter().map(|(key, line)| (*key, *line));
        lines
            .filter(|(key, line)| self.is_open(key, *line))
            .collect()
    }

    /// Whether a line has no end yet. Where a ledger was lost, nothing says that it has.
    fn is_open(&self, key: &Key, line: BatchLine) -> bool {
        let entry = self.ledger.entry(line.number);
        let entry = entry.filter(|entry| entry.intent.key == *key);
        entry.is_none_or(|entry| entry.is_in_doubt())
    }

    fn forget(&self, batch: &Batch) -> Result<(), Failed> {
        let removed = self.store.remove_batch(batch.head.mark);
        removed.map_err(|e| not_made::disk(&e))
    }

    /// The batch of which a shot is a line without an end.
    pub(in crate::execute) fn batch_of(&self, key: &Key) -> Result<Option<Arc<Batch>>, Failed> {
        let files = self.store.batch_files().map_err(|e| not_made::disk(&e))?;
        let known = self.batches.known(files, |file| self.store.batch(file));
        let known = known.map_err(|e| not_made::disk(&e))?;
        let lines = known.into_iter().filter_map(|batch| {
            let line = *batch.lines.get(key)?;
            self.is_open(key, line).then_some((line.number, batch))
        });
        let newest = lines.max_by_key(|(number, _)| *number);
        Ok(newest.map(|(_, batch)| batch))
    }
}

fn pending(why: &str) -> Seen {
    Seen::Pending {
        why: why.to_owned(),
        is_refused: false,
    }
}

/// It is pending, and stays so until a person mends something.
fn refused(why: &str) -> Seen {
    Seen::Pending {
        why: why.to_owned(),
        is_refused: true,
    }
}

fn said_no(route: &Route, refusal: &Refusal) -> Seen {
    route.halt(refusal);
    let why = format!("the provider said {}", refusal.said());
    match halts(refusal) {
        true => refused(&why),
        false => pending(&why),
    }
}
