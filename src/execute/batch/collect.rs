//! From a batch that was sent to shots in the store: find it if its name was lost, ask how it stands, and take in what
//! came of each line. All of it is free and may be done again; each line has its end as soon as its pictures are in the
//! store, so that a kill loses none and takes none twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::name;
use super::state::{End, Seen};
use super::take_in::Errand;
use crate::execute::ask::{Ask, PaidClient};
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::spent::Spent;
use crate::execute::{Failed, not_made};
use base::diagnostic::Exit;
use base::fs::hold::Held;
use plan::Answer;
use plan::key::Key;
use provider::BatchClient;
use provider::batch::{NotDone, Standing};
use store::ledger::{Moment, Outcome};
use store::{Batch, Payer};

/// How often it is looked whether another gpbuild is done with a batch.
const GLANCE: Duration = Duration::from_millis(50);
/// With `--wait`, a batch is asked for this long apart at first, and so long in the end.
const POLLS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

impl PaidClient {
    /// Gets a shot that is a line of a batch, if the batch has ended; none if it was given up, and is still nowhere.
    pub(in crate::execute) async fn collect_batch(
        &self,
        ask: &Ask<'_>,
        batch: &Batch,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Option<Answer>, Failed> {
        let mark = batch.head.mark;
        let line = batch.lines.get(&ask.key).copied();
        let is_given_up = line.is_some_and(|line| self.is_given_up(&ask.key, line));
        if !self.store.is_batch_sent(mark) && self.store.payer(&mark.lock()).is_some() {
            // Whoever gathers it may wait for what is gathered here.
            let _ = self.wait(GLANCE, handle).await;
            let told = not_made::in_batch(
                ask.asset,
                &name(mark),
                "another gpbuild is about to send it",
            );
            return Err(Failed {
                again: true,
                ..told
            });
        }
        self.batches.waits(ask.key, true);
        let seen = self.seen(batch, route, handle).await;
        self.batches.waits(ask.key, false);
        let seen = seen?;
        match self.batches.end(&ask.key) {
            Some(End::Failed(failed)) => return Err(failed),
            Some(End::Made(answer, cost)) => {
                match cost {
                    Some(cost) => spent.cost += cost,
                    None => {
                        spent.unknown = true;
                        let entry = line.and_then(|line| self.ledger.entry(line.number));
                        spent.count_at(entry.and_then(|entry| entry.intent.estimate));
                    }
                }
                return Ok(Some(answer));
            }
            None => {}
        }
        if let Ok(Some(answer)) = self.stored(&ask.key) {
            return Ok(Some(answer));
        }
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        if let Some(path) = tickets.get(&ask.key) {
            // Its answer says where its pictures are.
            let taken = self.collect(ask.asset, path, None, route, handle).await;
            return self.told(taken, ask, handle, spent).map(Some);
        }
        if is_given_up && matches!(seen, Seen::Done) {
            return Ok(None);
        }
        Err(self.still_in(batch, ask.asset, seen))
    }

    /// What is told of an asset whose shot is still in a batch.
    fn still_in(&self, batch: &Batch, asset: &str, seen: Seen) -> Failed {
        let id = self.store.batch_id(batch.head.mark).ok().flatten();
        let id = id.unwrap_or_else(|| name(batch.head.mark));
        match seen {
            Seen::Pending { why, is_refused } => {
                let told = not_made::in_batch(asset, &id, &why);
                match is_refused {
                    true => Failed {
                        exit: Exit::Provider,
                        ..told
                    },
                    false => told,
                }
            }
            Seen::Done => not_made::in_batch(asset, &id, "it was not taken in by now"),
        }
    }

    /// What a batch is found to be in this run: the first that comes looks, for all.
    pub(in crate::execute) async fn seen(
        &self,
        batch: &Batch,
        route: &Route,
        handle: &RunHandle,
    ) -> Result<Seen, Failed> {
        let turn = self.batches.turn(batch.head.mark);
        let mut seen = turn.lock().await;
        if let Some(seen) = &*seen {
            return Ok(seen.clone());
        }
        let found = self.look_at(batch, route, handle).await?;
        *seen = Some(found.clone());
        Ok(found)
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
                return Ok(Seen::pending("the run was ended"));
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

    pub(super) fn payer(&self, asset: &str) -> Payer {
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
            return Ok(Seen::refused(
                "its provider has no batches where it is asked now",
            ));
        };
        if batch.head.form.0 != client.place().as_str() {
            let sent = batch.head.form.0.as_str().unwrap_or_default();
            return Ok(Seen::refused(&format!(
                "it was sent to `{sent}`, and that is not where the provider is asked now"
            )));
        }
        if let Some(why) = route.halted() {
            return Ok(Seen::refused(&format!("the provider said {why}")));
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
            Ok(Standing::Pending(state)) => Ok(Seen::pending(&state)),
            Ok(Standing::Ended(ended)) => self.take_in(&errand, &ended).await,
            Err(NotDone::Gone(_)) if self.retry_in_doubt => {
                let why = "the provider does not know its batch";
                self.end_all(&errand, &BTreeSet::new(), Outcome::Doubt, why)?;
                Ok(Seen::Done)
            }
            Err(NotDone::Gone(why)) => Ok(Seen::refused(&format!(
                "the provider does not know it ({why}): is this the key of another account? `--retry-in-doubt` gives it up"
            ))),
            Err(NotDone::Refused(refusal)) => Ok(Seen::said_no(route, &refusal)),
            Err(NotDone::Unknown(why)) => Ok(Seen::pending(&why)),
        }
    }

    /// Looks for a batch whose name was lost. One that is in no list stays on its way until a person gives it up, and is in
    /// doubt then.
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
            Err(NotDone::Refused(refusal)) => return Ok(Err(Seen::said_no(route, &refusal))),
            Err(NotDone::Gone(why) | NotDone::Unknown(why)) => {
                return Ok(Err(Seen::pending(&format!(
                    "whether it was created is not known: {why}"
                ))));
            }
        }
        if !self.retry_in_doubt {
            // That a list does not have it proves nothing: it may lag behind, or be another account's.
            return Ok(Err(Seen::pending(
                "whether it was created is not known: the provider lists no such batch, and `--retry-in-doubt` gives it up",
            )));
        }
        let why = "the provider lists no such batch, and whether it was created is not known";
        for (key, line) in self.open_lines(batch) {
            if self.is_given_up(&key, line) {
                continue;
            }
            let head = self.head_of(batch, line)?;
            self.settle_line(&head, Outcome::Doubt, why)?;
            self.batches
                .ended(key, End::Failed(not_made::doubt(why, None)));
        }
        // It stays: it may be in a list later.
        Ok(Err(Seen::Done))
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
