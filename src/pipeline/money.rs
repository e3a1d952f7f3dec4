//! What a run may spend, and whom it may ask: keys, budgets, the question, and requests in doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::diagnostic::{Diagnostic, Exit, Failure, count};
use crate::execute::{self, Asker, Terms};
use crate::key::Key;
use crate::ledger::{Entry, Ledger};
use crate::manifest::OpenAi;
use crate::model::Micro;
use crate::pipeline::limits::{Most, asks_above, ceilings, limits};
use crate::pipeline::{Planned, Project, Settings, store_failure};
use crate::plan::{self, Bill, Plan, Reason};
use crate::provider::Veil;
use crate::provider::openai::{self, Config, DEFAULT_BASE_URL, Endpoint};
use crate::report::{Event, Reporter};
use crate::store::{Payer, Store};

/// So many requests at once, unless `--jobs` says otherwise.
const REQUESTS: usize = 8;
/// How long one request may take: large pictures take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What the command line says about money.
#[derive(Clone, Debug, Default)]
pub struct Money {
    /// `--max-cost`: agreed to up to this.
    pub max_cost: Option<Micro>,
    /// `--yes`: agreed to.
    pub yes: bool,
    /// `--retry-in-doubt`: send again what may have been paid for.
    pub retry_in_doubt: bool,
}

/// How to reach providers, as the environment says.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// `OPENAI_API_KEY`.
    pub openai_key: Option<SecretString>,
    /// `OPENAI_BASE_URL`.
    pub openai_base_url: Option<String>,
    /// `OPENAI_ORG_ID`.
    pub openai_organization: Option<String>,
    /// `OPENAI_PROJECT_ID`.
    pub openai_project: Option<String>,
}

impl Access {
    /// Why a provider cannot be asked.
    pub fn missing(&self, provider: &str) -> Option<Reason> {
        if provider != openai::NAME {
            return Some(Reason::NoProvider(provider.to_owned()));
        }
        match &self.openai_key {
            Some(_) => None,
            None => Some(Reason::NoKey(openai::KEY_VARIABLE)),
        }
    }
}

/// What a build could not ask for, and why: for `check`, which tells it before anybody builds.
pub fn unasked(settings: &Settings, project: &Project) -> Vec<Diagnostic> {
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let models = &project.manifest.models;
    let shots = project.specs.iter().flat_map(|spec| &spec.shots);
    let asked = shots.filter(|shot| shot.page.is_none() && models.retired(&shot.model).is_none());
    for shot in asked {
        if let Some(reason) = settings.access.missing(&shot.model.provider) {
            *missing.entry(reason.to_string()).or_default() += 1;
        }
    }
    let told = missing.into_iter().map(|(why, n)| {
        let shots = count(n, "shot");
        Diagnostic::warning(format!("{why}: {shots} could not be asked for"))
    });
    told.collect()
}

/// At most so many requests at once.
pub fn requests_at_once(jobs: usize) -> usize {
    if jobs > 0 { jobs } else { REQUESTS }
}

/// The shots that are being asked for, by whom, and those whose requests are in doubt.
pub fn under_way(store: &Store, ledger: &Ledger) -> (BTreeMap<Key, Payer>, Vec<Entry>) {
    let unsettled = ledger.doubts();
    let payers = store.payers();
    let is_left = |entry: &Entry| !payers.contains_key(&entry.intent.key);
    if !unsettled.iter().any(is_left) {
        return (payers, Vec::new());
    }
    // Its payer may have settled it since it was read, and be gone: what is not settled now never will be.
    let now = match ledger.refresh() {
        Ok(()) => ledger.doubts(),
        Err(_) => unsettled.clone(),
    };
    let numbers: BTreeSet<u64> = unsettled.iter().map(|entry| entry.number).collect();
    let mut doubts = now;
    doubts.retain(|entry| is_left(entry) && numbers.contains(&entry.number));
    (payers, doubts)
}

/// What is told of the shots whose requests are in doubt; nothing if they are to be asked for again.
pub fn doubts(settings: &Settings, doubts: &[Entry]) -> BTreeMap<Key, String> {
    if settings.money.retry_in_doubt {
        return BTreeMap::new();
    }
    doubts
        .iter()
        .map(|entry| (entry.intent.key, plan::in_doubt(entry)))
        .collect()
}

/// Takes in the answers that arrived before an earlier run was ended.
pub fn recover(settings: &Settings, reporter: &Reporter) -> Result<(), Failure> {
    let store = Store::open(settings.home.data())?;
    if store.arrived().is_empty() && store.parts().is_empty() {
        return Ok(());
    }
    let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
    let veil = Veil::new(settings.access.openai_key.as_ref());
    for warning in execute::recover(&store, &ledger, None, &veil) {
        reporter.event(Event::Diagnostic(&warning));
    }
    Ok(())
}

/// What is asked about a bill.
fn words(bill: &Bill) -> String {
    let requests = count(bill.requests, "request");
    let bound = if bill.up_to { "up to" } else { "about" };
    match (bill.known, bill.unknown) {
        (known, 0) => format!("{requests} for {bound} {known}"),
        (Micro(0), _) => format!("{requests} of unknown price"),
        (known, unknown) => {
            format!("{requests} for {bound} {known}, {unknown} of them of unknown price")
        }
    }
}

/// Who sends the requests of a plan, once everything about money is settled; none where nothing is to
/// be asked for.
pub fn asker(
    settings: &Settings,
    planned: &Planned,
    plan: &Plan,
    reporter: &Reporter,
) -> Result<Option<Asker>, Failure> {
    let Some(key) = settings.access.openai_key.clone() else {
        return Ok(None);
    };
    let bill = Bill::of(&plan.steps);
    if bill.requests == 0 || !planned.trusted {
        return Ok(None);
    }
    if let Some(damage) = planned.ledger.damage() {
        reporter.event(Event::Diagnostic(&damage));
    }
    let manifest = &planned.project.manifest;
    let openai = &manifest.providers.openai;
    let endpoint = endpoint(settings, openai, key, reporter)?;
    for (id, takers) in plan::takers(&plan.steps) {
        reporter.event(Event::Note(&format!("{id}: {takers}")));
    }
    let most = asks_above(&manifest.budget, &planned.person);
    let agreed = consent(settings, &most, &bill, reporter)?;
    let terms = Terms {
        at_once: requests_at_once(settings.jobs),
        images_per_minute: openai.images_per_minute,
        limits: limits(settings, planned, agreed),
        retry_in_doubt: settings.money.retry_in_doubt,
        ceilings: ceilings(planned),
        project: planned.project.name(),
    };
    Ok(Some(Asker::new(
        endpoint,
        planned.store.clone(),
        Arc::clone(&planned.ledger),
        terms,
    )))
}

/// Where requests go. The environment comes before the manifest: it is whose key is sent.
fn endpoint(
    settings: &Settings,
    openai: &OpenAi,
    key: SecretString,
    reporter: &Reporter,
) -> Result<Endpoint, Failure> {
    let access = &settings.access;
    let (base, named) = match (&access.openai_base_url, &openai.base_url) {
        (Some(base), _) => (base.as_str(), "OPENAI_BASE_URL"),
        (None, Some(at)) => (at.value.as_str(), "provider.openai.base_url"),
        (None, None) => (DEFAULT_BASE_URL, "base_url"),
    };
    let base_url = Endpoint::parse_url(base).map_err(|why| {
        Failure::new(
            Exit::Provider,
            Diagnostic::error(format!("`{named}` {why}")),
        )
    })?;
    if base != DEFAULT_BASE_URL {
        let host = openai::host(&base_url);
        reporter.event(Event::Note(&format!("requests go to {host}")));
    }
    Ok(Endpoint::new(Config {
        base_url,
        key,
        organization: access.openai_organization.clone(),
        project: access.openai_project.clone(),
        azure: openai.azure.clone(),
        timeout: TIMEOUT,
    }))
}

/// Asks a person, where it costs more than goes without saying. Whether somebody agreed to prices that
/// nobody knows.
fn consent(
    settings: &Settings,
    most: &Most,
    bill: &Bill,
    reporter: &Reporter,
) -> Result<bool, Failure> {
    let agreed = settings.money.yes || settings.money.max_cost.is_some();
    if agreed || (bill.known <= most.amount && bill.unknown == 0) {
        return Ok(settings.money.yes);
    }
    let words = words(bill);
    match reporter.ask(&format!("{words}: go on?")) {
        Some(true) => Ok(true),
        Some(false) => Err(Failure::new(
            Exit::Budget,
            Diagnostic::error("nothing was made: it was not agreed to"),
        )),
        None => Err(Failure::new(
            Exit::Budget,
            Diagnostic::error(format!("{words}: nobody is there to agree to that"))
                .hint("`--yes` agrees to it, `--max-cost USD` to so much of it")
                .hint(most.words()),
        )),
    }
}
