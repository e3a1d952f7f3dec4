//! One paid shot, from the budget to the store: one payer, what is there or under way already, the budget, then it is
//! sent (`send.rs`) and taken in. Knows no asset but the one it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::check::Judge;
use crate::execute::batch::{Batches, Batching};
use crate::execute::budget::{Budget, Limits};
use crate::execute::ingest::{Ingested, NotIngested, ingest};
use crate::execute::recover::recover;
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::spent::Spent;
use crate::execute::{Failed, not_made};
use base::fs::FsError;
use base::fs::hold::Held;
use model::request::{Prompt, Request};
use model::{Micro, Money, Price};
use plan::Answer;
use plan::key::{Ingredients, Key};
use provider::reply::Attachment;
use store::ledger::{Ceiling, Ledger, Moment};
use store::{Head, Payer, ShotEntry, Store};

/// How often it is looked whether another gpbuild is done with a shot.
const GLANCE: Duration = Duration::from_millis(50);

/// How requests are to be sent.
pub struct Terms {
    /// The project's name, for the ledger.
    pub project: String,
    /// What may be spent.
    pub limits: Limits,
    /// What a month may cost, whoever else spends meanwhile.
    pub ceilings: Vec<Ceiling>,
    /// Send again what may have been paid for.
    pub retry_in_doubt: bool,
    /// Who judges the answers.
    pub judge: Judge,
    /// What is sent in batches, and waited for.
    pub batching: Batching,
    /// The shots on their way that are asked for.
    pub pending: BTreeSet<Key>,
}

/// Sends the paid requests of a run.
pub struct PaidClient {
    pub(super) routes: BTreeMap<String, Route>,
    pub(super) store: Store,
    pub(super) ledger: Arc<Ledger>,
    pub(super) judge: Judge,
    pub(super) budget: Budget,
    pub(super) retry_in_doubt: bool,
    pub(super) project: String,
    pub(super) ceilings: Vec<Ceiling>,
    pub(super) batches: Batches,
    /// One at a time for each key: two assets with the same shot pay for it once.
    keys: Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>>,
    /// One at a time looks for what was lost.
    pub(super) finding: tokio::sync::Mutex<()>,
}

/// A shot to ask for.
pub struct Ask<'a> {
    /// The asset.
    pub asset: &'a str,
    /// The whole request.
    pub request: &'a Request,
    /// What it asks.
    pub prompt: &'a Prompt,
    /// Its key.
    pub key: Key,
    /// What the key was made of.
    pub ingredients: &'a Ingredients,
    /// What it is thought to cost.
    pub estimate: Option<Micro>,
    /// The same as it is published.
    pub quoted: Option<Money>,
    /// The model has a price by the picture.
    pub by_picture: bool,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// The pictures that go with it, in order.
    pub references: &'a [Attachment],
    /// Where an edit may change the picture.
    pub mask: Option<&'a Attachment>,
}

impl PaidClient {
    /// Sends on these routes, by the provider's name, on these terms.
    pub fn new(
        routes: BTreeMap<String, Route>,
        store: Store,
        ledger: Arc<Ledger>,
        terms: Terms,
    ) -> Self {
        Self {
            routes,
            store,
            ledger,
            judge: terms.judge,
            budget: Budget::new(terms.limits),
            retry_in_doubt: terms.retry_in_doubt,
            project: terms.project,
            ceilings: terms.ceilings,
            batches: Batches::new(terms.batching, terms.pending),
            keys: Mutex::default(),
            finding: tokio::sync::Mutex::default(),
        }
    }

    /// The way to a provider.
    pub(super) fn route(&self, provider: &str) -> Option<&Route> {
        self.routes.get(provider)
    }

    /// Asks for a shot, once in all: what the store has by now is not asked for again.
    pub async fn ask(
        &self,
        ask: &Ask<'_>,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let provider = &ask.request.model.provider;
        let Some(route) = self.routes.get(provider) else {
            // The plan has blocked such steps: nobody comes here.
            return Err(not_made::nobody(provider));
        };
        let key = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(keys.entry(ask.key).or_default())
        };
        let _alone = key.lock().await;
        let held = self.one_payer(ask, handle).await?;
        let answer = self.as_payer(ask, route, handle, spent).await;
        drop(held);
        answer
    }

    /// The same for who is its one payer.
    async fn as_payer(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        // Whoever held it before may have made it, or may have been ended with an answer on the disk.
        self.ledger.refresh().map_err(|e| not_made::disk(&e))?;
        if let Ok(Some(answer)) = self.stored(&ask.key) {
            return Ok(answer);
        }
        if let Some(failed) = self.batches.failed(&ask.key) {
            return Err(failed);
        }
        if self.batches.has(&ask.key) {
            return Err(not_made::queued(ask.key));
        }
        if self.ledger.doubt(&ask.key).is_some() {
            for warning in recover(
                &self.store,
                &self.ledger,
                Some(ask.key),
                &route.adapter.veil(),
            ) {
                let _ = handle.tell.send(Message::Note(warning.message));
            }
            if let Ok(Some(answer)) = self.stored(&ask.key) {
                return Ok(answer);
            }
        }
        self.rolls(ask, route, handle, spent).await
    }

    /// Gets one roll of a shot: collects what is on its way, or asks.
    pub(super) async fn roll(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        self.find(ask, route).await?;
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        if let Some(path) = tickets.get(&ask.key) {
            // Paid for by an earlier run, in whose bill it is.
            let mut earlier = Spent::default();
            let taken = self.collect(ask.asset, path, None, route, handle).await;
            return self.told(taken, ask, handle, &mut earlier);
        }
        let doubt = self.ledger.doubt(&ask.key);
        let is_given_up = doubt.is_some_and(|entry| entry.settlement.is_some());
        let looks = self.retry_in_doubt || !is_given_up;
        if let Some(batch) = self.batch_of(&ask.key)?.filter(|_| looks) {
            let collected = self.collect_batch(ask, &batch, route, handle, spent).await;
            if let Some(answer) = collected? {
                return Ok(answer);
            }
        }
        if !self.retry_in_doubt
            && !route.adapter.is_free(&ask.request.model)
            && let Some(entry) = self.ledger.doubt(&ask.key)
        {
            return Err(not_made::in_doubt(&entry));
        }
        // All that could be taken in over what cannot be read was.
        self.is_readable(&ask.key)
            .map_err(|e| not_made::unread(&e))?;
        if let Some(client) = route.batch.as_ref().filter(|_| self.batches.sends()) {
            self.queue(ask, route, client)?;
            return Err(not_made::queued(ask.key));
        }
        let reserved = self.budget.reserve(ask.estimate).map_err(not_made::over)?;
        let mut own = Spent::default();
        let answer = self.send(ask, route, handle, &mut own).await;
        self.budget
            .charge(reserved, (!own.unknown).then_some(own.cost));
        own.count_at(ask.estimate);
        spent.add(own);
        answer
    }

    /// What counts for a key in the store, if its first picture is there.
    pub(super) fn stored(&self, key: &Key) -> Result<Option<Answer>, FsError> {
        let entry = self.store.shot(key)?;
        let Some(roll) = entry.and_then(ShotEntry::into_answer) else {
            return Ok(None);
        };
        let first = roll.candidates.first();
        let picture = first.map(|first| self.store.get(first)).transpose()?;
        Ok(picture.flatten().map(|_| Answer {
            pick: self.store.pick(key, &roll.candidates),
            candidates: roll.candidates,
            model: roll.model,
        }))
    }

    /// An error if something that the store has for a key cannot be read: it was paid for.
    pub(super) fn is_readable(&self, key: &Key) -> Result<(), FsError> {
        let rolls = self.store.shot(key)?.map(|entry| entry.rolls);
        for first in rolls
            .iter()
            .flatten()
            .filter_map(|roll| roll.candidates.first())
        {
            self.store.get(first)?;
        }
        Ok(())
    }

    /// Becomes the one payer for a shot among all gpbuilds of this person: waits while another one asks for it.
    async fn one_payer(&self, ask: &Ask<'_>, handle: &RunHandle) -> Result<Held, Failed> {
        let payer = Payer {
            process: std::process::id(),
            since: Moment::now().to_string(),
            asset: ask.asset.to_owned(),
            project: self.project.clone(),
        };
        let mut told = None;
        loop {
            let held = self.store.try_make(&ask.key, &payer);
            if let Some(held) = held.map_err(|e| not_made::disk(&e))? {
                return Ok(held);
            }
            let other = self.store.payer(&ask.key);
            // This run itself takes in a batch that it is a line of.
            let other = other.filter(|other| other.process != payer.process);
            if let Some(other) = other.filter(|other| told.as_ref() != Some(other)) {
                let note = format!("{}: {other}: waiting for it", ask.asset);
                let _ = handle.tell.send(Message::Note(note));
                told = Some(other);
            }
            self.wait(GLANCE, handle).await?;
        }
    }

    /// Takes in the answer in the file `path`, or fetches what it says.
    pub(super) async fn taken(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        path: &Path,
        request_id: Option<String>,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        match ingest(
            &self.store,
            &self.ledger,
            path,
            request_id.clone(),
            &route.adapter.veil(),
        ) {
            Ok(taken) => self.told(Ok(taken), ask, handle, spent),
            Err(NotIngested::Elsewhere(path)) => {
                let taken = self
                    .collect(ask.asset, &path, request_id, route, handle)
                    .await;
                self.told(taken, ask, handle, spent)
            }
            Err(NotIngested::Empty(why, aside)) => {
                spent.unknown = true;
                let hint = route.adapter.page_hint(&ask.request.model);
                Err(not_made::no_answer(&why, Some(&aside), hint))
            }
            Err(NotIngested::Refused(refusal, cost)) => {
                match cost {
                    Some(cost) => spent.cost += cost,
                    None => spent.unknown = true,
                }
                // Whoever asks next is told the same.
                route.halt(&refusal);
                let hint = route.adapter.hint(&refusal);
                Err(not_made::refused(&refusal, hint))
            }
            Err(NotIngested::Disk(error)) => {
                spent.unknown = true;
                Err(not_made::not_kept(&error, path))
            }
        }
    }

    /// The answer out of what was taken in, or not; counts what it cost, and tells what is odd about it.
    pub(super) fn told(
        &self,
        taken: Result<Ingested, Failed>,
        ask: &Ask<'_>,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let Ok(Ingested {
            answer,
            cost,
            remarks,
        }) = taken
        else {
            spent.unknown = true;
            return taken.map(|taken| taken.answer);
        };
        match cost {
            Some(cost) => spent.cost += cost,
            None => spent.unknown = true,
        }
        for remark in remarks {
            // The run may be over; the pictures are kept all the same.
            let _ = handle
                .tell
                .send(Message::Note(format!("{}: {remark}", ask.asset)));
        }
        Ok(answer)
    }

    pub(super) fn head(&self, ask: &Ask<'_>, route: &Route, number: u64) -> Head {
        Head {
            number,
            asset: ask.asset.to_owned(),
            key: ask.key,
            ingredients: ask.ingredients.clone(),
            model: ask.request.model.to_string(),
            price: ask.price,
            estimate: ask.estimate,
            quoted: ask.quoted.filter(|_| ask.by_picture),
            size: (ask.request.width, ask.request.height),
            pictures: ask.prompt.candidates,
            form: store::Form(route.adapter.form(&ask.request.model).words()),
            roll: self.judge.judges().then(|| {
                let entry = self.store.shot(&ask.key).ok().flatten();
                entry.map_or(0, |entry| entry.rolls.len())
            }),
        }
    }

    /// Waits, but not past the end of the run.
    pub(super) async fn wait(&self, time: Duration, handle: &RunHandle) -> Result<(), Failed> {
        let mut stop = handle.stop.clone();
        let stopped = async move {
            // The sender lives as long as the run.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = stopped => Err(not_made::stopped()),
        }
    }
}

/// The name of ours for a request: by its key, and its number among those for that key.
pub(super) fn own_id(key: &Key, number: u64) -> String {
    format!("gpbuild-{}-{number}", &key.0.hex()[..32])
}
