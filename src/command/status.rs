//! `gpbuild status`: how a run stands that nobody watches, or that works at another terminal; waits for its end, and
//! asks it to end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::pipeline::{self, PendingBatch, Settings, UnderWay, store_failure};
use crate::runs::{Kind, Record, RunId, Runs, Standing};
use base::diagnostic::{Exit, Failure, count};
use model::Micro;
use report::{Event, Reporter};
use store::key::Key;
use store::ledger::{Entry, Ledger};
use store::{Payer, Store};

/// How often it is looked whether a run ended.
const GLANCE: Duration = Duration::from_millis(100);
/// At most so many assets are named in a line.
const MAX_NAMED: usize = 8;

/// What is asked of a run.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Which; the one that works, else the last one, if none is named.
    pub run: Option<RunId>,
    /// To wait until it ends, at most so many seconds.
    pub wait: Option<Option<u32>>,
    /// That it ends.
    pub stop: bool,
}

/// Runs the command.
pub fn run(
    settings: &Settings,
    Wish { run, wait, stop }: Wish,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let runs = Runs::look(&settings.root)?;
    let Some(id) = run.map_or_else(|| runs.newest(), |id| Ok(Some(id)))? else {
        let text = if json {
            format!(
                "{}\n",
                object(None, &Record::default(), "none", &Money::default())
            )
        } else {
            let none = "no run is remembered here: `gpbuild build` begins one\n";
            reporter.say(none).into_owned()
        };
        reporter.out(&text);
        return Ok(Exit::Done);
    };
    let mut standing = known(&runs, &id)?;
    if stop && matches!(standing, Standing::Running(_)) {
        runs.ask_to_end(&id)?;
        reporter.event(Event::Note(&format!(
            "run {id} was asked to end: what is on its way is waited for"
        )));
        standing = known(&runs, &id)?;
    }
    if let Some(seconds) = wait {
        // Counted in looks, so that no clock is needed: the time that a look takes comes on top.
        let per_second = 1000 / GLANCE.as_millis() as u64;
        let mut looks = seconds.map(|seconds| u64::from(seconds) * per_second);
        while matches!(standing, Standing::Running(_)) && looks != Some(0) {
            std::thread::sleep(GLANCE);
            looks = looks.map(|left| left - 1);
            standing = known(&runs, &id)?;
        }
    }
    tell(settings, &id, &standing, json, reporter)?;
    Ok(match (wait, standing) {
        (None, _) => Exit::Done,
        (Some(_), Standing::Running(_)) => Exit::Running,
        (Some(_), Standing::Ended(_, ended)) => ended.exit(),
        (Some(_), Standing::Died(_)) => Exit::SomeFailed,
    })
}

/// Tells of a run that went on by itself just now.
pub fn tell_begun(
    settings: &Settings,
    id: &RunId,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    if json {
        let standing = known(&Runs::look(&settings.root)?, id)?;
        tell(settings, id, &standing, true, reporter)?;
    } else {
        reporter.tell(&format!(
            "run {id} goes on by itself: `gpbuild status` says how it stands, `--wait` waits for its end, `--stop` ends it\n"
        ));
    }
    Ok(Exit::Done)
}

fn known(runs: &Runs, id: &RunId) -> Result<Standing, Failure> {
    runs.standing(id)?.ok_or_else(|| {
        Failure::usage(format!("no run `{id}` is remembered here"))
            .with_hint("`gpbuild status` tells of the one that works, or of the last one")
    })
}

/// The requests of a project of which nobody has the pictures, by asset.
#[derive(Default)]
struct Money {
    /// Their answers are whole on the disk, and nobody has taken them in.
    arrived: Vec<String>,
    pending: Vec<String>,
    doubts: Vec<String>,
    /// What the run has sent and nobody has answered yet.
    sent: Sent,
    batches: Vec<PendingBatch>,
}

/// Requests that are under way.
#[derive(Default)]
struct Sent {
    requests: usize,
    /// What they count at; `None` if one of them is not even estimated.
    counted: Option<Micro>,
}

impl Sent {
    /// Those of the process that a run is.
    fn of(record: &Record, entries: &[Entry], payers: &BTreeMap<Key, Payer>) -> Self {
        let is_its = |entry: &&Entry| {
            let payer = payers.get(&entry.intent.key);
            entry.settlement.is_none() && payer.is_some_and(|payer| payer.process == record.process)
        };
        let own: Vec<&Entry> = entries.iter().filter(is_its).collect();
        Self {
            requests: own.len(),
            counted: own.iter().map(|entry| entry.intent.estimate).sum(),
        }
    }

    fn words(&self) -> Option<String> {
        let n = match self.requests {
            0 => return None,
            n => count(n, "request"),
        };
        Some(match self.counted {
            Some(counted) => format!("{n} under way, counted at {counted}"),
            None => format!("{n} under way, of a price that nobody knows"),
        })
    }
}

impl Money {
    fn of(settings: &Settings, record: &Record) -> Result<Self, Failure> {
        let store = Store::open(settings.home.data())?;
        let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
        let UnderWay {
            payers,
            pending,
            doubts,
        } = pipeline::under_way(&store, &ledger)?;
        let mut batches = pipeline::pending_batches(&store, &ledger, &pending)?;
        batches.retain(|batch| batch.project == record.project);
        let assets = |entries: Vec<Entry>| -> Vec<String> {
            let own = entries.into_iter().filter(|e| e.is_of(&record.project));
            let mut assets: Vec<String> = own.map(|e| e.intent.asset).collect();
            assets.sort();
            assets.dedup();
            assets
        };
        let mut open = ledger.entries();
        let sent = Sent::of(record, &open, &payers);
        open.retain(|entry| {
            let key = &entry.intent.key;
            entry.settlement.is_none() && pending.contains(key) && !payers.contains_key(key)
        });
        let arrived = store.arrived().map_err(|e| store_failure(&e))?;
        let numbers = arrived.iter().filter_map(|path| path.file_stem()?.to_str());
        let numbers: BTreeSet<u64> = numbers.filter_map(|name| name.parse().ok()).collect();
        let (arrived, doubts) = doubts
            .into_iter()
            .partition(|entry| numbers.contains(&entry.number));
        Ok(Self {
            arrived: assets(arrived),
            pending: assets(open),
            doubts: assets(doubts),
            sent,
            batches,
        })
    }
}

fn tell(
    settings: &Settings,
    id: &RunId,
    standing: &Standing,
    json: bool,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let (record, state) = match standing {
        Standing::Running(record) => (record, "running"),
        Standing::Ended(record, _) => (record, "ended"),
        Standing::Died(record) => (record, "died"),
    };
    let money = Money::of(settings, record)?;
    let text = if json {
        format!("{}\n", object(Some(id), record, state, &money))
    } else {
        words(id, standing, &money, reporter)
    };
    reporter.out(&text);
    Ok(())
}

/// How a run stands, for programs. Keys and their order are part of what gpbuild promises.
fn object(id: Option<&RunId>, record: &Record, state: &str, money: &Money) -> Value {
    let cost = record.cost.map(|micros| dollars(Micro(micros)));
    let ended = record.ended.as_ref();
    let batches: Vec<Value> = money.batches.iter().map(batch).collect();
    let doing = record.doing.iter();
    let doing: Vec<Value> = doing
        .map(|doing| json!({ "id": doing.id, "what": doing.what }))
        .collect();
    json!({
        "event": "run",
        "run": id.map(ToString::to_string),
        "state": state,
        "detached": record.detached,
        "draft": id.is_some_and(|id| id.kind() == Kind::Draft),
        "process": id.map(|_| record.process),
        "began": id.map(|_| &record.began),
        "ended": ended.map(|ended| &ended.at),
        "exit": ended.map(|ended| ended.exit),
        "why": ended.and_then(|ended| ended.why.as_ref()),
        "total": record.total,
        "fresh": record.fresh,
        "made": record.made,
        "restored": record.restored,
        "failed": record.failed,
        "blocked": record.blocked,
        "left": record.left,
        "requests": record.requests,
        "cost_usd": id.map_or(Some(Value::from(0)), |_| cost),
        "doing": doing,
        "arrived": money.arrived,
        "pending": money.pending,
        "in_doubt": money.doubts,
        "under_way": money.sent.requests,
        "batches": batches,
        "log": id.filter(|_| record.detached).map(RunId::log),
    })
}

/// A batch, for programs.
fn batch(batch: &PendingBatch) -> Value {
    json!({
        "id": batch.id,
        "provider": batch.provider,
        "requests": batch.requests,
        "reserved_usd": batch.reserved.map(dollars),
        "since": batch.since.map(|since| since.to_string()),
    })
}

/// An exact number.
fn dollars(micro: Micro) -> Value {
    serde_json::from_str(&micro.decimal()).unwrap_or_default()
}

/// How a run stands, for people.
fn words(id: &RunId, standing: &Standing, money: &Money, reporter: &Reporter) -> String {
    let (record, head) = match standing {
        Standing::Running(record) => (
            record,
            format!(
                "works since {}, as process {}",
                record.began, record.process
            ),
        ),
        Standing::Ended(record, ended) => (
            record,
            format!("ended at {} with exit code {}", ended.at, ended.exit),
        ),
        Standing::Died(record) => (
            record,
            format!(
                "began at {} and is gone without a word: it was killed, or the power went",
                record.began
            ),
        ),
    };
    let mut lines = vec![format!("run {id} {head}")];
    if let Standing::Ended(_, ended) = standing
        && let Some(why) = &ended.why
    {
        lines.push(why.clone());
    }
    let in_work = match standing {
        Standing::Running(_) => record.doing.len(),
        Standing::Ended(..) | Standing::Died(_) => 0,
    };
    lines.push(counted(record, in_work));
    if in_work > 0 {
        lines.extend(money.sent.words());
    }
    if !record.doing.is_empty() && matches!(standing, Standing::Running(_)) {
        let doing = record.doing.iter();
        let doing = doing.map(|d| format!("{} ({})", d.id, reporter.say(&d.what)));
        let doing: Vec<String> = doing.collect();
        lines.push(format!("in work: {}", named(&doing)));
    }
    lines.extend(of_money(money));
    if matches!(standing, Standing::Died(_)) {
        lines.push(
            "what was made stays made: the next `gpbuild build` takes in what arrived, and goes on where this ended"
                .to_owned(),
        );
    }
    if record.detached {
        lines.push(format!("log: {}", id.log()));
    }
    let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| reporter.say(line)).collect();
    lines.join("\n  ") + "\n"
}

/// The requests of which nobody has the pictures, a line for each kind.
fn of_money(money: &Money) -> Vec<String> {
    let mut lines = Vec::new();
    if !money.arrived.is_empty() {
        lines.push(format!(
            "answered: {}: the next build takes in what came, at no new cost",
            named(&money.arrived)
        ));
    }
    if !money.pending.is_empty() {
        lines.push(format!(
            "on the way: {}: the next build collects what is ready, at no new cost",
            named(&money.pending)
        ));
    }
    lines.extend(money.batches.iter().map(PendingBatch::words));
    if !money.doubts.is_empty() {
        lines.push(format!(
            "in doubt: {}: nobody knows whether that was paid for, and no build asks for it again but with `--retry-in-doubt`",
            named(&money.doubts)
        ));
    }
    lines
}

/// `3 made, 1 failed, 2 in work, 4 left; 4 requests for $0.164`; `in_work` of what is left is being made.
fn counted(record: &Record, in_work: usize) -> String {
    let counts = [
        (record.made, "made"),
        (record.restored, "restored"),
        (record.failed, "failed"),
        (record.blocked, "blocked"),
        (in_work, "in work"),
        (record.left.saturating_sub(in_work), "left"),
    ];
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
    let counts = match counts.is_empty() {
        true => "nothing made yet".to_owned(),
        false => counts.join(", "),
    };
    let cost = match (record.requests, record.cost) {
        (0, _) => return counts,
        (_, Some(micros)) => Micro(micros).to_string(),
        (_, None) => "a price that nobody knows".to_owned(),
    };
    format!("{counts}; {} for {cost}", count(record.requests, "request"))
}

/// The first of some names, and how many more there are.
fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let first = names[..names.len() - more].join(", ");
    match more {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
