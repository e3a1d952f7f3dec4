//! `gpbuild log`: what was spent, by day, model or asset, and which requests are in doubt.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::pipeline::{self, PendingBatch, Settings, UnderWay, store_failure};
use crate::review::{self, Reviews};
use base::diagnostic::{Exit, Failure, count};
use model::{Micro, Money};
use plan::lock::Lock;
use report::{Event, Reporter, columns, width};
use store::key::Key;
use store::ledger::{Entry, Ledger, Moment, Outcome, Settlement};
use store::{Payer, Store};

/// What rows are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The day of a request, UTC.
    Day,
    /// `provider/model`.
    Model,
    /// The asset's id.
    Asset,
    /// The project.
    Project,
}

impl By {
    /// The names that the command line takes.
    pub const NAMES: [&'static str; 4] = ["day", "model", "asset", "project"];

    /// Reads a name of [`By::NAMES`].
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "day" => Some(Self::Day),
            "model" => Some(Self::Model),
            "asset" => Some(Self::Asset),
            "project" => Some(Self::Project),
            _ => None,
        }
    }

    fn of(self, entry: &Entry) -> String {
        match self {
            Self::Day => entry.at.day().to_string(),
            Self::Model => entry.intent.model.clone(),
            Self::Asset => entry.intent.asset.clone(),
            Self::Project => entry.intent.project.clone(),
        }
    }
}

/// What is to be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// What rows are made of; days if nothing is said.
    pub by: Option<By>,
    /// Of all projects.
    pub all: bool,
}

/// What some requests come to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    requests: usize,
    pictures: u64,
    cost: Micro,
    /// In yuan, of what is priced so.
    foreign: Option<Money>,
    unknown: usize,
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        self.requests += 1;
        let settlement = entry.settlement.as_ref();
        // Billed, but no picture came of it.
        if !settlement.is_some_and(|settled| settled.outcome == Outcome::Refused) {
            self.pictures += u64::from(entry.intent.pictures);
        }
        match entry.cost() {
            Some(cost) => self.cost += cost,
            None => self.unknown += 1,
        }
        if let Some(foreign) = entry.foreign() {
            self.foreign = match self.foreign {
                Some(sum) => sum.plus(foreign),
                None => Some(foreign),
            };
        }
    }

    fn words(self) -> String {
        let pictures = usize::try_from(self.pictures).unwrap_or(usize::MAX);
        let unknown = match self.unknown {
            0 => String::new(),
            n => format!(", and {n} of unknown price"),
        };
        let foreign = self.foreign.map(|sum| format!(" ({sum} in it)"));
        format!(
            "{} for {}: {}{}{unknown}",
            count(self.requests, "request"),
            count(pictures, "picture"),
            self.cost,
            foreign.unwrap_or_default()
        )
    }
}

/// Runs the command.
pub fn run(
    settings: &Settings,
    Wanted { by, all }: Wanted,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
    if let Some(damage) = ledger.damage() {
        reporter.event(Event::Diagnostic(&damage));
    }
    let by = by.unwrap_or(By::Day);
    let under_way = pipeline::under_way(&store, &ledger)?;
    let mut batches = pipeline::pending_batches(&store, &ledger, &under_way.pending)?;
    let open = Open::new(under_way);
    let mut entries = ledger.entries();
    let whole = entries.len();
    // Outside of a project, and of one that cannot be read, all is told.
    let project = match all || by == By::Project {
        true => None,
        false => pipeline::project_name(settings),
    };
    if let Some(project) = &project {
        entries.retain(|entry| entry.is_of(project));
        batches.retain(|batch| batch.project == *project);
    }
    let others = whole - entries.len();
    if json {
        let told = entries
            .iter()
            .map(|e| format!("{}\n", line(e, open.standing(e).name())));
        reporter.out(&told.collect::<String>());
        return Ok(Exit::Done);
    }
    // What was refused or never sent made nothing; it is told where it cost something.
    let is_free = |s: &Settlement| s.outcome.is_free() && s.cost.unwrap_or_default() == Micro(0);
    let (imports, requests): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| entry.is_import());
    let mut paid = requests;
    paid.retain(|e| !e.settlement.as_ref().is_some_and(is_free));
    match paid.is_empty() {
        true => reporter.tell("nothing was spent\n"),
        false => {
            let sums = sums(&paid, by, reporter);
            reporter.out(&(sums + &open.words(&paid, reporter) + &words_of(&batches, reporter)));
        }
    }
    reporter.out(&imported(&imports, reporter));
    if project.is_some() {
        reporter.out(&reporter.say(&reviewed(settings)?));
    }
    tell_of(others, reporter);
    Ok(Exit::Done)
}

/// What people say of the pictures that the lock names.
fn reviewed(settings: &Settings) -> Result<String, Failure> {
    let reviews = Reviews::read(&settings.root)?;
    let lock = Lock::read(&settings.root)?;
    let pictures = lock.assets.iter().map(|(id, a)| (id.as_str(), a.digest));
    let lines = review::told(&reviews, pictures);
    if lines.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("\n{}\n", lines.join("\n")))
}

/// What a person brought.
fn imported(imports: &[&Entry], reporter: &Reporter) -> String {
    let pictures: u64 = imports.iter().map(|e| u64::from(e.intent.pictures)).sum();
    let pictures = usize::try_from(pictures).unwrap_or(usize::MAX);
    if pictures == 0 {
        return String::new();
    }
    let head = format!("\n{} imported\n", count(pictures, "picture"));
    let mut text = reporter.say(&head).into_owned();
    for Entry { at, intent, .. } in imports {
        text += &format!("  {at}  {}  {}\n", intent.asset, intent.model);
    }
    text
}

/// A row for each day, model, asset or project, then this month and all.
fn sums(paid: &[&Entry], by: By, reporter: &Reporter) -> String {
    let mut rows: BTreeMap<String, Sum> = BTreeMap::new();
    let (mut all, mut month) = (Sum::default(), Sum::default());
    for entry in paid {
        rows.entry(by.of(entry)).or_default().add(entry);
        all.add(entry);
        if entry.at.month() == Moment::now().month() {
            month.add(entry);
        }
    }
    let widest = rows.keys().map(|name| width(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, sum) in &rows {
        let words = sum.words();
        let words = reporter.say(&words);
        text += &format!("{}  {words}\n", columns(name, widest));
    }
    let (month, all) = (month.words(), all.words());
    let both = format!("\nthis month  {month}\nin all      {all}\n");
    text + &reporter.say(&both)
}

/// How it stands with a request that was sent and has no end yet.
enum Standing<'a> {
    /// This process asks for it just now.
    Running(&'a Payer),
    /// It is paid for and on its way.
    Pending,
    /// Nobody knows whether it was paid for.
    Doubt,
}

impl Standing<'_> {
    /// What a program is told.
    fn name(&self) -> &'static str {
        match self {
            Self::Running(_) => "running",
            Self::Pending => "pending",
            Self::Doubt => "doubt",
        }
    }
}

/// What is known of requests without an end.
struct Open {
    payers: BTreeMap<Key, Payer>,
    pending: BTreeSet<Key>,
    /// By the numbers of their entries.
    doubts: BTreeSet<u64>,
}

impl Open {
    fn new(under_way: UnderWay) -> Self {
        let UnderWay {
            payers,
            pending,
            doubts,
        } = under_way;
        Self {
            payers,
            pending,
            doubts: doubts.iter().map(|entry| entry.number).collect(),
        }
    }

    fn standing(&self, entry: &Entry) -> Standing<'_> {
        if entry.settlement.is_some() || self.doubts.contains(&entry.number) {
            return Standing::Doubt;
        }
        let key = &entry.intent.key;
        match self.payers.get(key) {
            Some(payer) => Standing::Running(payer),
            None if self.pending.contains(key) => Standing::Pending,
            None => Standing::Doubt,
        }
    }

    /// The requests that have no end yet, apart by how it stands with them.
    fn words(&self, paid: &[&Entry], reporter: &Reporter) -> String {
        let (mut running, mut pending, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
        for entry in paid.iter().filter(|entry| entry.is_in_doubt()) {
            let Entry { at, intent, .. } = entry;
            let what = format!("{at}  {}  {}", intent.asset, intent.model);
            match self.standing(entry) {
                Standing::Running(payer) => {
                    running.push(format!("{what}  {}", reporter.say(&payer.to_string())));
                }
                Standing::Pending => pending.push(what),
                Standing::Doubt => doubts.push(doubt(entry, reporter)),
            }
        }
        let estimate = |n| {
            if n == 1 {
                "its estimate"
            } else {
                "their estimates"
            }
        };
        let groups = [
            (
                format!("under way, counted at {}", estimate(running.len())),
                running,
            ),
            (
                format!(
                    "on the way, counted at {}: the next build collects what is ready, at no new cost; `gpbuild cache collect` what no asset asks for any more",
                    estimate(pending.len())
                ),
                pending,
            ),
            (
                "in doubt, counted at their estimates: look at the provider's bill".to_owned(),
                doubts,
            ),
        ];
        let mut text = String::new();
        for (title, lines) in groups.iter().filter(|(_, lines)| !lines.is_empty()) {
            let head = format!("{} {title}", count(lines.len(), "request"));
            text += &format!("\n{}\n", reporter.say(&head));
            for line in lines {
                text += &format!("  {line}\n");
            }
        }
        text
    }
}

/// The batches that have no end yet.
fn words_of(batches: &[PendingBatch], reporter: &Reporter) -> String {
    let line = |batch: &PendingBatch| format!("  {}\n", reporter.say(&batch.words()));
    batches.iter().map(line).collect()
}

/// That there is more than what was asked for.
fn tell_of(others: usize, reporter: &Reporter) {
    if others > 0 {
        reporter.event(Event::Note(&format!(
            "{} of other projects {} not in it: `--all` tells of them too",
            count(others, "request"),
            if others == 1 { "is" } else { "are" }
        )));
    }
}

/// `2026-11-24T08:00:00Z  c/07  openai/gpt-image-2  req_1  the answer was cut off`.
fn doubt(entry: &Entry, reporter: &Reporter) -> String {
    let settlement = entry.settlement.as_ref();
    let id = settlement.and_then(|s| s.request_id.as_deref());
    let why = settlement
        .and_then(|s| s.why.as_deref())
        .unwrap_or("gpbuild ended before the answer came");
    let why: String = why.chars().filter(|c| !c.is_control()).collect();
    let mut parts = vec![
        entry.at.to_string(),
        entry.intent.asset.clone(),
        entry.intent.model.clone(),
    ];
    parts.extend(id.map(str::to_owned));
    parts.push(reporter.say(&why).into_owned());
    parts.join("  ")
}

/// `standing` is that of a request of which the ledger does not say what became of it.
fn line(entry: &Entry, standing: &str) -> Value {
    let settlement = entry.settlement.as_ref();
    let outcome = match settlement.map(|s| s.outcome) {
        _ if entry.is_import() => "imported",
        Some(Outcome::Answered) => "answered",
        Some(Outcome::Refused) => "refused",
        Some(Outcome::Unsent) => "unsent",
        Some(Outcome::Doubt) => "doubt",
        None => standing,
    };
    let dollars = |micro: Option<Micro>| {
        micro.and_then(|micro| serde_json::from_str::<Value>(&micro.decimal()).ok())
    };
    json!({
        "event": "request",
        "number": entry.number,
        "at": entry.at.to_string(),
        "project": entry.intent.project,
        "id": entry.intent.asset,
        "key": entry.intent.key.to_string(),
        "model": entry.intent.model,
        "pictures": entry.intent.pictures,
        "outcome": outcome,
        "cost_usd": dollars(entry.cost()),
        "estimate_usd": dollars(entry.intent.estimate),
        "published": entry.foreign(),
        "request_id": settlement.and_then(|s| s.request_id.clone()),
        "why": settlement.and_then(|s| s.why.clone()),
    })
}
