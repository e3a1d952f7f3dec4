//! What all open pages are told: everything once, then what changes. Knows nothing of HTTP, and of a run
//! only what is reported.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::clock;
use crate::order::{Order, Stage};
use crate::progress::{Runs, Source};
use crate::rows::{News, Rows};
use crate::view::{Board, FreshClone, Making, Money, Problem, Review, Standing};
use base::digest::Digest;
use report::{Event, State};

/// So many messages may wait for a slow page; after that it is told everything anew.
const MAX_WAITING: usize = 4096;
/// So many orders that ended are still told of.
const MAX_ENDED: usize = 20;

/// Everything that a page has to know.
#[derive(Default)]
struct Now {
    rows: Rows,
    runs: Runs,
    problems: Vec<Problem>,
    money: Option<Money>,
    orders: BTreeMap<u64, Order>,
    ended: VecDeque<Order>,
    fresh_clone: Option<FreshClone>,
    reviews: BTreeMap<Digest, Review>,
    /// The plan was looked at.
    ready: bool,
}

/// What all pages are told.
pub struct Feed {
    tell: Sender<Arc<str>>,
    now: Mutex<Now>,
    /// What does not change, and goes first.
    about: Value,
    /// Which picture the run of every save makes.
    saves_make: &'static str,
}

impl Feed {
    /// Nothing is known yet. `about` is what never changes; `jobs` are the requests that may be on their way at once.
    pub fn new(about: Value, drafts: bool, jobs: usize) -> Self {
        let now = Now {
            runs: Runs::new(jobs),
            ..Now::default()
        };
        Self {
            tell: channel(MAX_WAITING).0,
            now: Mutex::new(now),
            about,
            saves_make: if drafts { "draft" } else { "real" },
        }
    }

    /// How many pages are open.
    pub fn listeners(&self) -> usize {
        self.tell.receiver_count()
    }

    /// Everything as it is now, and from then on what changes.
    pub fn join(&self) -> (Arc<str>, Receiver<Arc<str>>) {
        let now = self.lock();
        (self.everything(&now), self.tell.subscribe())
    }

    /// Everything as it is now, for a page that could not keep up: and it goes on from here.
    pub fn again(&self, receiver: &mut Receiver<Arc<str>>) -> Arc<str> {
        let now = self.lock();
        *receiver = receiver.resubscribe();
        self.everything(&now)
    }

    /// Shows what a plan says, as far as it is news.
    pub fn show(&self, board: Board) {
        let mut now = self.lock();
        if let Some(rows) = board.rows {
            let news = now.rows.take(rows, board.wrong.as_ref());
            self.send_rows(&now, news);
        }
        if !now.ready || now.problems != board.problems {
            now.problems = board.problems;
            self.send(&json!({ "event": "problems", "problems": now.problems }));
        }
        if board.money.is_some() && now.money != board.money {
            now.money = board.money;
            self.send(&json!({ "event": "money", "money": now.money }));
        }
        if now.fresh_clone != board.fresh_clone {
            now.fresh_clone = board.fresh_clone;
            self.send(&json!({ "event": "fresh_clone", "fresh_clone": now.fresh_clone }));
        }
        if now.reviews != board.reviews {
            now.reviews = board.reviews;
            self.send(&json!({ "event": "reviews", "reviews": now.reviews }));
        }
        now.ready = true;
    }

    /// Hears what a run reports.
    pub fn hear(&self, source: Source, event: &Event) {
        // Of thousands of them nothing is told.
        if matches!(event, Event::Done(asset) if asset.state == State::Fresh) {
            return;
        }
        let mut now = self.lock();
        let time = clock::now();
        let real = self.makes(source) == "real";
        match event {
            Event::Begin { total } => {
                if source == Source::Save {
                    let changed = now.rows.forget_failed();
                    let order = None;
                    self.send_rows(&now, News { changed, order });
                }
                now.runs.begin(source, *total);
            }
            Event::Running { id, what } => {
                if now.runs.running(source, id, what, real, time) {
                    self.send_making(&now, id);
                }
            }
            Event::Asking(asking) => {
                now.runs.asking(source, asking, time);
                self.send_making(&now, asking.id);
            }
            Event::Done(asset) => {
                now.runs.done(source, &asset.id);
                let message = match asset.state {
                    State::Failed => asset.reason.clone(),
                    _ => None,
                };
                let by_save = source == Source::Save;
                now.rows.outcome(by_save, &asset.id, message.clone());
                // What local draws anyway is at its real place after a save, too.
                let output = now.rows.get(&asset.id).map(|row| row.output.as_str());
                let picture = match output == Some(asset.output.as_str()) {
                    true => "real",
                    false => self.makes(source),
                };
                self.send(&json!({
                    "event": "done", "id": asset.id,
                    "picture": picture,
                    "digest": asset.picture.filter(|_| message.is_none()),
                    "failed": message,
                }));
                if real {
                    self.send_making(&now, &asset.id);
                }
            }
            Event::Summary(_) => self.end(&mut now, source),
            Event::Diagnostic(_)
            | Event::Repeated(_)
            | Event::Recap(_)
            | Event::LeftOut(_)
            | Event::Note(_)
            | Event::Unclaimed(_)
            | Event::Plan(_) => return,
        }
        if now.runs.is_news(source) {
            self.send(&json!({ "event": "progress", "progress": now.runs.shown(time) }));
        }
    }

    /// A run is over, or broken off: nothing of it is being made any more.
    pub fn over(&self, source: Source) {
        let mut now = self.lock();
        self.end(&mut now, source);
        let progress = now.runs.shown(clock::now());
        self.send(&json!({ "event": "progress", "progress": progress }));
    }

    /// Tells how far an order is.
    pub fn order(&self, order: Order) {
        let mut now = self.lock();
        self.send(&json!({ "event": "order", "order": order }));
        match order.stage {
            Stage::Waiting | Stage::Running => {
                if order.stage == Stage::Waiting && order.makes() {
                    let queued = now.runs.queue(order.number, &order.ids, clock::now());
                    for id in queued {
                        self.send_making(&now, &id);
                    }
                }
                now.orders.insert(order.number, order);
            }
            Stage::Done | Stage::Failed | Stage::Cancelled => {
                now.orders.remove(&order.number);
                self.end(&mut now, Source::Order(order.number));
                now.ended.push_back(order);
                if now.ended.len() > MAX_ENDED {
                    now.ended.pop_front();
                }
            }
        }
    }

    fn end(&self, now: &mut Now, source: Source) {
        for id in now.runs.end(source) {
            self.send_making(now, &id);
        }
    }

    /// Which picture a run makes.
    fn makes(&self, source: Source) -> &'static str {
        match source {
            Source::Save => self.saves_make,
            Source::Order(_) => "real",
        }
    }

    fn everything(&self, now: &Now) -> Arc<str> {
        let ids = now.rows.order().iter();
        let rows: Vec<Value> = ids.filter_map(|id| now.shown(id)).collect();
        let orders: Vec<&Order> = now.ended.iter().chain(now.orders.values()).collect();
        let time = clock::now();
        let all = json!({
            "event": "everything", "now": time, "about": self.about, "ready": now.ready, "rows": rows,
            "problems": now.problems, "money": now.money, "progress": now.runs.shown(time),
            "orders": orders, "fresh_clone": now.fresh_clone, "reviews": now.reviews,
        });
        all.to_string().into()
    }

    fn send_rows(&self, now: &Now, news: News) {
        if news.is_none() {
            return;
        }
        let shown: Vec<Value> = news.changed.iter().filter_map(|id| now.shown(id)).collect();
        self.send(&json!({ "event": "rows", "rows": shown, "order": news.order }));
    }

    /// How far a picture is that is being made, and how things stand with its asset by that.
    fn send_making(&self, now: &Now, id: &str) {
        let making = now.making(id);
        let state = now.state(id);
        self.send(&json!({ "event": "making", "id": id, "making": making, "state": state }));
    }

    fn send(&self, message: &Value) {
        // Nobody looks: nobody misses it.
        if self.tell.receiver_count() > 0 {
            let _ = self.tell.send(message.to_string().into());
        }
    }

    /// What is kept here is whole after every line that may panic.
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    /// What is being made of an asset: by this process, which knows best, or by another one.
    fn making(&self, id: &str) -> Option<&Making> {
        let other = || self.rows.get(id)?.making.as_ref();
        self.runs.making(id).or_else(other)
    }

    /// How things stand with an asset; what is being made is told as that, whatever the plan says of it.
    fn state(&self, id: &str) -> Option<Standing> {
        let row = self.rows.get(id)?;
        Some(match self.making(id) {
            Some(_) => Standing::Making,
            None => row.state,
        })
    }

    /// A row with what only the feed knows.
    fn shown(&self, id: &str) -> Option<Value> {
        let mut value = json!(self.rows.get(id)?);
        let [draft, real] = self.rows.before(id);
        value["before"] = json!({ "draft": draft, "real": real });
        value["failed"] = json!(self.rows.failed(id));
        value["making"] = json!(self.making(id));
        value["state"] = json!(self.state(id));
        Some(value)
    }
}
