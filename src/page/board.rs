//! Keeps what the page shows up to date: plans for the drafts and for the real pictures, whenever something
//! may have changed and somebody looks. Knows nothing of HTTP.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Failure};
use crate::ledger;
use crate::lock;
use crate::page::feed::Feed;
use crate::page::pictures::Pictures;
use crate::page::row::{Row, rows};
use crate::pipeline::{self, Planned, Settings};
use crate::trust;
use crate::world::Signature;

/// How often it is looked whether another gpbuild made something.
const GLANCE: Duration = Duration::from_secs(1);

/// What the page is about.
#[derive(Clone, Debug)]
pub struct About {
    /// For the real pictures: what the buttons make.
    pub real: Settings,
    /// For the drafts; none if the real ones are made at every save.
    pub drafts: Option<Settings>,
}

/// Everything that a plan says.
#[derive(Debug, Default)]
pub struct Board {
    /// The assets; none if the manifests are wrong.
    pub rows: Option<Vec<Row>>,
    /// What is wrong, as a terminal would show it.
    pub problems: Vec<String>,
    /// What was spent, and what may be.
    pub money: Option<Money>,
}

/// Micro-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// Today, UTC.
    pub today: u64,
    /// This month, UTC.
    pub month: u64,
    /// The budget of a run.
    pub run_budget: Option<u64>,
    /// The budget of a month.
    pub month_budget: Option<u64>,
    /// More than this has to be confirmed.
    pub confirm: u64,
}

/// Asks the board to look again.
#[derive(Clone)]
pub struct Refresh(SyncSender<()>);

impl Refresh {
    /// Asks; it is enough to ask once.
    pub fn request(&self) {
        let _ = self.0.try_send(());
    }
}

/// Keeps `feed` up to date on a thread of its own, until the last refresh is gone.
pub fn keep(
    about: Arc<About>,
    feed: Arc<Feed>,
    pictures: Arc<Pictures>,
) -> std::io::Result<Refresh> {
    let (refresh, requests) = sync_channel(1);
    std::thread::Builder::new()
        .name("board".to_owned())
        .spawn(move || run(&about, &feed, &pictures, &requests))?;
    Ok(Refresh(refresh))
}

fn run(about: &About, feed: &Feed, pictures: &Pictures, requests: &Receiver<()>) {
    let mut old = true;
    let mut seen = glance(&about.real);
    loop {
        match requests.recv_timeout(GLANCE) {
            Ok(()) => old = true,
            Err(RecvTimeoutError::Timeout) => {
                let now = glance(&about.real);
                old |= now != seen;
                seen = now;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Nobody looks: it is done when somebody does.
        if old && feed.listeners() > 0 {
            old = false;
            feed.show(look(about, pictures));
        }
    }
}

/// What other gpbuilds write when they made something, or when somebody agreed to something.
fn glance(settings: &Settings) -> Vec<Option<Signature>> {
    let mut paths = trust::files(&settings.home);
    paths.push(settings.root.join(lock::FILE));
    paths.push(settings.home.data().join(ledger::FILE));
    paths.iter().map(|path| Signature::of(path)).collect()
}

fn look(about: &About, pictures: &Pictures) -> Board {
    let real = pipeline::plan(&about.real);
    let drafts = about.drafts.as_ref().map(pipeline::plan).transpose();
    let mut board = Board::default();
    for failure in [real.as_ref().err(), drafts.as_ref().err()]
        .into_iter()
        .flatten()
    {
        tell(failure, &mut board.problems);
    }
    let Ok(real) = real else {
        return board;
    };
    for warning in &real.project.warnings {
        push(warning, &mut board.problems);
    }
    board.money = Some(money(&real));
    let drafts = drafts.ok().flatten();
    let rows = rows(&real, drafts.as_ref());
    let root = &about.real.root;
    for step in drafts.iter().flat_map(|drafts| &drafts.plan.steps) {
        pictures.allow(step.digest, Some(root.join(step.spec.output.as_str())));
    }
    for row in &rows {
        pictures.allow(row.real, Some(root.join(&row.output)));
    }
    board.rows = Some(rows);
    board
}

fn tell(failure: &Failure, problems: &mut Vec<String>) {
    for diagnostic in &failure.diagnostics {
        push(diagnostic, problems);
    }
}

/// What is wrong for drafts is mostly wrong for the real ones, in the same words.
fn push(diagnostic: &Diagnostic, problems: &mut Vec<String>) {
    let text = diagnostic.render(false);
    if !problems.contains(&text) {
        problems.push(text);
    }
}

fn money(planned: &Planned) -> Money {
    let name = planned.project.name();
    let month = planned.most_of_month();
    // What is held against the person's own limit is what all their projects cost.
    let of = month.filter(|(_, whose)| *whose == "the").map(|_| &*name);
    let of = if month.is_none() { Some(&*name) } else { of };
    Money {
        today: planned.ledger.spent_today(&name).0,
        month: planned.ledger.spent_this_month(of).0,
        run_budget: planned.most_of_run().map(|(micro, _)| micro.0),
        month_budget: month.map(|(micro, _)| micro.0),
        confirm: planned.asks_above().0,
    }
}
