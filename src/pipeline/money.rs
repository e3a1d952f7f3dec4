//! What a run may spend, and whom it may ask: keys, budgets, the question, and requests in doubt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::execute::{self, PaidClient, Route, Terms};
use crate::pipeline::limits::{Most, asks_above, ceilings, limits};
use crate::pipeline::{Planned, Project, Settings, store_failure};
use crate::trust;
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use declare::manifest::{Person, Provider, Providers};
use model::{COMMAND, Micro, ModelId};
use plan::key::Key;
use plan::{Bill, Plan, Reason, Step};
use provider::Program;
use provider::address;
use provider::table::Rate;
use report::{Event, Reporter};
use store::ledger::{Entry, Ledger};
use store::{Payer, Store};

/// So many requests at once, unless `--jobs` says otherwise.
const MAX_REQUESTS: usize = 8;

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

/// What a build could not ask for, and why: for `check`, which tells it before anybody builds.
pub fn unasked(settings: &Settings, project: &Project) -> Vec<Diagnostic> {
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let (models, providers) = (&project.manifest.models, &project.manifest.providers);
    let paid = project.specs.iter().flat_map(|spec| spec.paid());
    let asked = paid.filter(|shot| models.retired(&shot.model).is_none());
    let person = std::cell::OnceCell::new();
    let missing_of = |model: &ModelId| {
        if model.provider != COMMAND {
            return settings.access.missing(providers, &model.provider);
        }
        let (home, root) = (&settings.home, &settings.root);
        let person = person.get_or_init(|| trust::person(home, root).unwrap_or_default());
        trust::no_program(home, root, person, &model.name).map(Reason::NoProgram)
    };
    for shot in asked {
        if let Some(reason) = missing_of(&shot.model) {
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
    if jobs > 0 { jobs } else { MAX_REQUESTS }
}

/// The shots that are between their request and their picture.
#[derive(Default)]
pub struct UnderWay {
    /// Those that somebody works at just now, and who.
    pub payers: BTreeMap<Key, Payer>,
    /// Those that are paid for and on their way, while nobody asks for their pictures.
    pub pending: BTreeSet<Key>,
    /// The requests that are in doubt.
    pub doubts: Vec<Entry>,
}

/// The shots that are between their request and their picture.
pub fn under_way(store: &Store, ledger: &Ledger) -> Result<UnderWay, Failure> {
    let unsettled = ledger.doubts();
    let payers = store.payers().map_err(|e| store_failure(&e))?;
    let tickets = store.tickets().map_err(|e| store_failure(&e))?;
    let batches = execute::in_batches(store, ledger).map_err(|e| store_failure(&e))?;
    let mut pending: BTreeSet<Key> = tickets.into_keys().chain(batches.pending).collect();
    pending.retain(|key| !payers.contains_key(key));
    let is_unsent = |entry: &Entry| batches.unsent.contains(&entry.number);
    let is_left = |entry: &Entry| {
        let key = &entry.intent.key;
        !payers.contains_key(key) && !pending.contains(key) && !is_unsent(entry)
    };
    if !unsettled.iter().any(is_left) {
        return Ok(UnderWay {
            payers,
            pending,
            doubts: Vec::new(),
        });
    }
    // Its payer may have settled it since it was read, and be gone: what is not settled now never will be.
    let now = match ledger.refresh() {
        Ok(()) => ledger.doubts(),
        Err(_) => unsettled.clone(),
    };
    let numbers: BTreeSet<u64> = unsettled.iter().map(|entry| entry.number).collect();
    let mut doubts = now;
    doubts.retain(|entry| is_left(entry) && numbers.contains(&entry.number));
    Ok(UnderWay {
        payers,
        pending,
        doubts,
    })
}

/// What is told of the shots whose requests are in doubt; nothing if they are to be asked for again. What a program
/// makes for nothing never is.
pub fn doubts(settings: &Settings, person: &Person, doubts: &[Entry]) -> BTreeMap<Key, String> {
    if settings.build.money.retry_in_doubt {
        return BTreeMap::new();
    }
    let is_free = |entry: &&Entry| {
        let name = entry.intent.model.split_once('/');
        let name = name.filter(|(provider, _)| *provider == COMMAND);
        let program = name.and_then(|(_, name)| person.commands.get(name));
        program.is_some_and(Program::is_free)
    };
    doubts
        .iter()
        .filter(|entry| !is_free(entry))
        .map(|entry| (entry.intent.key, plan::in_doubt(entry)))
        .collect()
}

/// Takes in the answers that arrived before an earlier run was ended.
pub fn recover(settings: &Settings, store: &Store, ledger: &Ledger, reporter: &Reporter) {
    let veil = settings.access.veil();
    for warning in execute::recover(store, ledger, None, &veil) {
        reporter.event(Event::Diagnostic(&warning));
    }
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

/// That money may be spent, before anything is asked for.
pub struct Authorized {
    /// The ways to all providers that may have to be asked.
    routes: BTreeMap<String, Route>,
    /// Somebody agreed to what the run costs, whatever nobody knows of it.
    pub agreed: bool,
}

/// Who sends the requests of a plan, once everything about money is settled; none where nothing is to
/// be asked for.
pub fn paid_client(
    settings: &Settings,
    planned: &Planned,
    plan: &Plan,
    reporter: &Reporter,
) -> Result<Option<PaidClient>, Failure> {
    let Some(Authorized { routes, agreed }) = authorize(settings, planned, plan, reporter)? else {
        return Ok(None);
    };
    let terms = Terms {
        limits: limits(settings, planned, agreed),
        retry_in_doubt: settings.build.money.retry_in_doubt,
        ceilings: ceilings(planned),
        project: planned.project.name(),
        judge: settings.judge.clone(),
        batching: settings.build.batching,
        pending: plan.steps.iter().filter_map(pending_key).collect(),
    };
    Ok(Some(PaidClient::new(
        routes,
        planned.store.clone(),
        Arc::clone(&planned.ledger),
        terms,
    )))
}

/// The shot with which work on a step begins, if it is on its way.
fn pending_key(step: &Step) -> Option<Key> {
    let mut shots = step.trace.shots.iter().filter(|_| step.pending);
    shots
        .find(|shot| shot.answer.is_none())
        .map(|shot| shot.key)
}

/// Settles everything about money, and asks the person if need be; `None` where nothing is to be asked for.
pub fn authorize(
    settings: &Settings,
    planned: &Planned,
    plan: &Plan,
    reporter: &Reporter,
) -> Result<Option<Authorized>, Failure> {
    let bill = Bill::of(&plan.steps);
    if !plan.steps.iter().any(Step::goes_out) || !planned.trusted {
        return Ok(None);
    }
    let manifest = &planned.project.manifest;
    if !planned.can_ask(settings, plan.steps.iter().filter(|step| step.goes_out())) {
        return Ok(None);
    }
    if let Some(damage) = planned.ledger.damage() {
        reporter.event(Event::Diagnostic(&damage));
    }
    let mut routes = routes(settings, &manifest.providers, &plan.steps, reporter)?;
    if !planned.person.commands.is_empty() {
        let adapter = settings.access.programs(&planned.person.commands);
        let at_once = requests_at_once(settings.build.jobs);
        let route = Route::new(adapter, Rate::Requests, at_once, None);
        routes.insert(COMMAND.to_owned(), route);
    }
    for (id, dependents) in plan::dependents(&plan.steps) {
        reporter.event(Event::Note(&format!("{id}: {dependents}")));
    }
    let most = asks_above(&manifest.budget, &planned.person);
    let agreed = consent(settings, &most, &bill, reporter)?;
    Ok(Some(Authorized { routes, agreed }))
}

/// The ways to all providers that may have to be asked; none to one whose key is missing.
fn routes(
    settings: &Settings,
    providers: &Providers,
    steps: &[Step],
    reporter: &Reporter,
) -> Result<BTreeMap<String, Route>, Failure> {
    let mut routes = BTreeMap::new();
    for name in asked(steps.iter().filter(|step| step.goes_out())) {
        let Some(provider) = providers.get(name) else {
            continue;
        };
        let route = route_to(settings, provider, reporter)?;
        routes.extend(route.map(|route| (name.to_owned(), route)));
    }
    Ok(routes)
}

/// The way to a provider; none if its key is missing.
pub fn route_to(
    settings: &Settings,
    provider: &Provider,
    reporter: &Reporter,
) -> Result<Option<Route>, Failure> {
    let Some(adapter) = settings.access.adapter(provider)? else {
        return Ok(None);
    };
    let (base, _) = settings.access.place(provider);
    if base != provider.row.base_url {
        let host = address::parse(base).map(|url| address::host(&url));
        let host = host.unwrap_or_default();
        reporter.event(Event::Note(&format!("requests go to {host}")));
    }
    let at_once = requests_at_once(settings.build.jobs);
    let route = Route::new(
        adapter,
        provider.row.rate,
        at_once,
        provider.images_per_minute,
    );
    let batch = settings.access.batch_client(provider)?;
    Ok(Some(route.with_batches(batch)))
}

/// The providers whose models some steps ask.
pub fn asked<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeSet<&'a str> {
    let shots = steps.flat_map(|step| step.spec.paid());
    shots.map(|shot| shot.model.provider.as_str()).collect()
}

/// Asks a person, where it costs more than goes without saying. Whether somebody agreed to prices that
/// nobody knows.
fn consent(
    settings: &Settings,
    most: &Most,
    bill: &Bill,
    reporter: &Reporter,
) -> Result<bool, Failure> {
    let agreed = settings.build.money.yes || settings.build.money.max_cost.is_some();
    if agreed || (bill.known <= most.amount && bill.unknown == 0) {
        return Ok(settings.build.money.yes);
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
