//! Sends what was gathered: each batch is uploaded, which is free and may be given up, and then created, which is not.
//! Before that, all that is needed to find it again and to take it in is on the disk.

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom};

use super::name;
use super::state::{Gathering, QueuedLine};
use crate::execute::ask::PaidClient;
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::{Failed, not_made};
use base::diagnostic::count;
use model::Micro;
use plan::key::Key;
use provider::BatchClient;
use provider::batch::{Created, Group, NotDone};
use store::Mark;
use store::ledger::{Outcome, Settlement};

/// Why a batch was not created, and what is to be told of each of its lines.
struct NotSent {
    outcome: Outcome,
    why: String,
    failed: Failed,
}

impl PaidClient {
    /// Sends what was gathered; what is to be told of each shot of it.
    pub(in crate::execute) async fn send_batches(
        &self,
        handle: &RunHandle,
    ) -> BTreeMap<Key, Failed> {
        let gathered = std::mem::take(&mut self.batches.gathered().batches);
        let all = gathered.values().flatten();
        let marks: Vec<Mark> = all.map(|batch| batch.open.head.mark).collect();
        let mut told = BTreeMap::new();
        for ((provider, group), batches) in gathered {
            let route = self.routes.get(&provider);
            for batch in batches {
                let client = route.and_then(|route| route.batch.as_ref());
                let sent = match route.zip(client) {
                    Some((route, client)) => {
                        self.send_batch(batch, &group, route, client, handle).await
                    }
                    // It was gathered for this very client.
                    None => self.not_created(batch, not_sent(&not_made::nobody(&provider))),
                };
                told.extend(sent);
            }
        }
        // What is gathered meanwhile goes into others.
        let mut gathered = self.batches.gathered();
        gathered.keys.retain(|key| !told.contains_key(key));
        gathered.marks.retain(|mark| !marks.contains(mark));
        drop(gathered);
        told
    }

    async fn send_batch(
        &self,
        mut batch: Gathering,
        group: &Group,
        route: &Route,
        client: &BatchClient,
        handle: &RunHandle,
    ) -> BTreeMap<Key, Failed> {
        if batch.lines.is_empty() {
            return self.not_created(batch, not_sent(&not_made::stopped()));
        }
        let mark = batch.open.head.mark;
        let file = match self.upload(&mut batch, route, client, handle).await {
            Ok(file) => file,
            Err(why) => return self.not_created(batch, why),
        };
        if let Err(error) = self.store.batch_is_sent(mark, &file) {
            return self.not_created(batch, not_sent(&not_made::disk(&error)));
        }
        match client.create(group, &file, &name(mark)).await {
            Created::Batch { id, until } => {
                // Without it, it is found by its name.
                let kept = self.store.put_batch_id(mark, &id);
                let until = until.map(|until| format!(" and ends by {until}"));
                let note = format!(
                    "batch `{id}` was sent: {} for {}, at most{}; `gpbuild build` collects what is ready, at no new cost",
                    count(batch.lines.len(), "request"),
                    most(&batch.lines),
                    until.unwrap_or_default(),
                );
                let _ = handle.tell.send(Message::Note(note));
                let why = match kept {
                    Ok(()) => "it was sent just now".to_owned(),
                    Err(error) => error.to_string(),
                };
                self.sent(batch, |asset| not_made::in_batch(asset, &id, &why))
            }
            Created::Refused(refusal) => {
                route.halt(&refusal);
                let hint = route.adapter.hint(&refusal);
                let why = NotSent {
                    outcome: Outcome::Refused,
                    why: refusal.said(),
                    failed: not_made::refused(&refusal, hint),
                };
                self.not_created(batch, why)
            }
            Created::Unsent(why) => {
                let why = NotSent {
                    outcome: Outcome::Unsent,
                    failed: not_made::unreached(&why),
                    why,
                };
                self.not_created(batch, why)
            }
            Created::Doubt(why) => self.sent(batch, |asset| not_made::maybe_in_batch(asset, &why)),
        }
    }

    /// Uploads the lines of a batch, once all that it may lead to is on the disk.
    async fn upload(
        &self,
        batch: &mut Gathering,
        route: &Route,
        client: &BatchClient,
        handle: &RunHandle,
    ) -> Result<String, NotSent> {
        if *handle.stop.borrow() {
            return Err(not_sent(&not_made::stopped()));
        }
        if let Some(why) = &batch.broken {
            return Err(not_sent(&not_made::no_batch(why)));
        }
        if let Some(why) = route.halted() {
            return Err(not_sent(&not_made::halted(&why)));
        }
        let synced = batch.open.sync().and_then(|()| self.ledger.sync_intents());
        synced.map_err(|e| not_sent(&not_made::disk(&e)))?;
        let body = batch.body.seek(SeekFrom::Start(0));
        let body = body.and_then(|_| batch.body.try_clone());
        let body = body.map_err(|e| not_sent(&not_made::no_batch(&e.to_string())))?;
        let called = name(batch.open.head.mark);
        let upload = client.upload(tokio::fs::File::from_std(body), batch.size, &called);
        let mut stop = handle.stop.clone();
        let uploaded = tokio::select! {
            uploaded = upload => uploaded,
            _ = stop.wait_for(|stop| *stop) => return Err(not_sent(&not_made::stopped())),
        };
        uploaded.map_err(|why| match why {
            NotDone::Refused(refusal) => {
                route.halt(&refusal);
                let hint = route.adapter.hint(&refusal);
                NotSent {
                    outcome: Outcome::Refused,
                    why: refusal.said(),
                    failed: not_made::refused(&refusal, hint),
                }
            }
            NotDone::Gone(why) => not_sent(&not_made::no_batches_there(&why)),
            NotDone::Unknown(why) => not_sent(&not_made::unreached(&why)),
        })
    }

    /// It is on its way, or may be: what `tell` says of each asset.
    fn sent(&self, batch: Gathering, tell: impl Fn(&str) -> Failed) -> BTreeMap<Key, Failed> {
        let lines = batch.lines.into_iter();
        let told = lines.map(|line| {
            // It counts as reserved until its bill is known.
            self.budget.charge(line.reserved, None);
            (line.key, tell(&line.asset))
        });
        told.collect()
    }

    /// It was not created: none of it is paid for.
    fn not_created(&self, batch: Gathering, why: NotSent) -> BTreeMap<Key, Failed> {
        let mut told = BTreeMap::new();
        let mut is_settled = true;
        for line in batch.lines {
            let settlement = Settlement {
                outcome: why.outcome,
                cost: None,
                billed: None,
                request_id: None,
                why: Some(why.why.clone()),
            };
            is_settled &= self.ledger.settle(line.number, settlement).is_ok();
            self.budget.charge(line.reserved, Some(Micro(0)));
            told.insert(line.key, why.failed.clone());
        }
        if is_settled {
            // What stays behind was not sent, and says so.
            let _ = self.store.remove_batch(batch.open.head.mark);
        }
        drop(batch.held);
        told
    }
}

/// Nothing was sent: why, and what follows.
fn not_sent(failed: &Failed) -> NotSent {
    NotSent {
        outcome: Outcome::Unsent,
        why: failed.diagnostic.message.clone(),
        failed: failed.clone(),
    }
}

/// What a batch costs at most.
fn most(lines: &[QueuedLine]) -> String {
    let known: Micro = lines.iter().filter_map(|line| line.estimate).sum();
    match lines.iter().filter(|line| line.estimate.is_none()).count() {
        0 => known.to_string(),
        unknown => format!("{known}, and {unknown} of unknown price"),
    }
}
