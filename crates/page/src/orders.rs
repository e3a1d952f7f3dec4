//! Carries out what pages ask for: what costs nothing at once, and of what is paid for as many requests at a time as
//! the run may have. Each has a thread of its own: a paid picture may take minutes. Knows nothing of HTTP; how each
//! thing is done is told by who opens the page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::action::Action;
use crate::clock;
use crate::feed::Feed;
use crate::order::{Order, Stage};
use crate::pictures::Pictures;
use crate::progress::Source;
use crate::refresh::Refresh;
use base::diagnostic::{Exit, Failure};
use report::{Asked, Cost, Event, Reporter, State};

/// So many orders of pages may wait or be worked on.
const MAX_ORDERS: usize = 256;
/// So many that cost nothing are worked on at once.
const MAX_FREE: usize = 4;

/// How an order is carried out.
#[derive(Clone, Debug)]
pub struct Terms {
    /// At most so many requests at once.
    pub jobs: usize,
    /// Begin nothing more once this is true.
    pub cancel: Arc<AtomicBool>,
}

/// Who knows how an action is carried out. Asked for several things at once.
pub trait Performer: Send + Sync {
    /// Carries it out, and reports as a command does.
    fn perform(&self, action: &Action, terms: &Terms, reporter: &Reporter)
    -> Result<Exit, Failure>;
}

/// What became of an action that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The order that does it.
    pub order: u64,
    /// It was there already.
    pub joined: bool,
}

/// An order that did not end.
struct Open {
    action: Action,
    order: Order,
    cancel: Arc<AtomicBool>,
    /// How many requests it may have on their way; none while it waits.
    slots: Option<usize>,
    /// What was heard of it.
    heard: Arc<Heard>,
}

/// What is heard while an order is carried out.
#[derive(Default)]
struct Heard {
    /// Something was sent.
    sent: AtomicBool,
    /// How many pictures of those that were ordered are there.
    made: AtomicUsize,
    /// How many were ordered.
    ordered: AtomicUsize,
    inner: Mutex<(Vec<String>, Cost)>,
}

/// All orders.
#[derive(Default)]
struct Inner {
    count: u64,
    open: BTreeMap<u64, Open>,
    /// Nothing more is begun.
    closing: bool,
}

impl Inner {
    fn doing(&self, action: &Action) -> Option<u64> {
        let there = self
            .open
            .iter()
            .find(|(_, open)| action.is_in(&open.action) && !open.cancel.load(Ordering::Acquire));
        Some(*there?.0)
    }
}

/// What orders are carried out with.
pub struct Setup {
    /// How.
    pub performer: Box<dyn Performer>,
    /// Who is told.
    pub feed: Arc<Feed>,
    /// What pages may see of it.
    pub pictures: Arc<Pictures>,
    /// Asked when something is done.
    pub refresh: Refresh,
    /// The terminal.
    pub reporter: Arc<Reporter>,
    /// At most so many requests at once, of all of them.
    pub jobs: usize,
}

/// Takes orders, and has them carried out.
pub struct Orders {
    setup: Setup,
    inner: Mutex<Inner>,
}

impl Orders {
    /// None yet.
    pub fn new(setup: Setup) -> Arc<Self> {
        Arc::new(Self {
            setup,
            inner: Mutex::default(),
        })
    }

    /// Takes an action; who asks for what is being done already joins that. None if too much waits, or the page is being
    /// closed.
    pub fn take(self: &Arc<Self>, action: Action) -> Option<Taken> {
        let mut inner = self.lock();
        if let Some(order) = inner.doing(&action) {
            return Some(Taken {
                order,
                joined: true,
            });
        }
        if inner.closing || inner.open.len() >= MAX_ORDERS {
            return None;
        }
        inner.count += 1;
        let number = inner.count;
        let order = Order {
            number,
            action: action.word(),
            ids: action.ids().to_vec(),
            stage: Stage::Waiting,
            can_cancel: true,
            price: action.price().map(|micro| micro.0),
            spent: None,
            at: clock::now(),
            ended: None,
            told: Vec::new(),
        };
        self.setup.feed.order(order.clone());
        let open = Open {
            action,
            order,
            cancel: Arc::default(),
            slots: None,
            heard: Arc::default(),
        };
        inner.open.insert(number, open);
        self.begin_what_can(&mut inner);
        Some(Taken {
            order: number,
            joined: false,
        })
    }

    /// The order that does what is asked for, if there is one.
    pub fn doing(&self, action: &Action) -> Option<u64> {
        self.lock().doing(action)
    }

    /// Leaves out of some assets those that are being made already.
    pub fn leave_out(&self, ids: &mut Vec<String>) {
        let inner = self.lock();
        let makes = inner.open.values().filter(|open| open.action.makes());
        let under_way: BTreeSet<&String> = makes.flat_map(|open| open.action.ids()).collect();
        ids.retain(|id| !under_way.contains(id));
    }

    /// Ends an order: what was not sent is not sent any more. Whether nothing of it was; none if there is no such order.
    pub fn cancel(self: &Arc<Self>, number: u64) -> Option<bool> {
        let mut inner = self.lock();
        let open = inner.open.get_mut(&number)?;
        open.cancel.store(true, Ordering::Release);
        if open.slots.is_some() {
            open.order.can_cancel = false;
            self.setup.feed.order(open.order.clone());
            return Some(!open.heard.sent.load(Ordering::Acquire));
        }
        let ended = inner.open.remove(&number)?;
        self.setup.feed.order(Order {
            stage: Stage::Cancelled,
            can_cancel: false,
            ended: Some(clock::now()),
            spent: Some(0),
            ..ended.order
        });
        self.begin_what_can(&mut inner);
        Some(true)
    }

    /// Begins nothing more.
    pub fn close(&self) {
        self.lock().closing = true;
    }

    /// Whether something is being carried out.
    pub fn is_busy(&self) -> bool {
        let inner = self.lock();
        inner.open.values().any(|open| open.slots.is_some())
    }

    /// Begins whatever may begin: what costs nothing beside everything else, but not two that say something of the same
    /// asset; what is paid for in turn.
    fn begin_what_can(self: &Arc<Self>, inner: &mut Inner) {
        if inner.closing {
            return;
        }
        let running = |inner: &Inner, paid: bool| -> usize {
            let of_kind = inner.open.values().filter(|o| o.action.is_paid() == paid);
            of_kind.filter_map(|open| open.slots).sum()
        };
        let waiting: Vec<u64> = inner
            .open
            .iter()
            .filter(|(_, open)| open.slots.is_none())
            .map(|(n, _)| *n)
            .collect();
        for number in waiting {
            let Some(open) = inner.open.get(&number) else {
                continue;
            };
            let is_paid = open.action.is_paid();
            let slots = if is_paid {
                let free = self.setup.jobs.saturating_sub(running(inner, true));
                free.min(open.order.ids.len())
            } else {
                let is_alone = !inner.open.values().any(|other| {
                    let is_before = other.order.number < number;
                    let is_same = other.order.ids.iter().any(|id| open.order.ids.contains(id));
                    is_before && is_same && !other.action.is_paid()
                });
                usize::from(is_alone && running(inner, false) < MAX_FREE)
            };
            if slots > 0 {
                self.begin(inner, number, slots);
            }
        }
    }

    fn begin(self: &Arc<Self>, inner: &mut Inner, number: u64, slots: usize) {
        let Some(open) = inner.open.get_mut(&number) else {
            return;
        };
        open.slots = Some(slots);
        open.order.stage = Stage::Running;
        // A pick or an edit is over before anybody could say no.
        open.order.can_cancel = open.action.makes();
        self.setup.feed.order(open.order.clone());
        let (orders, action) = (Arc::clone(self), open.action.clone());
        let heard = Arc::clone(&open.heard);
        let terms = Terms {
            jobs: slots,
            cancel: Arc::clone(&open.cancel),
        };
        let work = move || orders.work(number, &action, &terms, &heard);
        let thread = std::thread::Builder::new().name("order".to_owned());
        // The stack of a main thread: what it plans may nest.
        if let Err(e) = thread.stack_size(STACK).spawn(work) {
            self.end(
                inner,
                number,
                Stage::Failed,
                vec![format!("cannot start: {e}")],
            );
        }
    }

    fn work(self: &Arc<Self>, number: u64, action: &Action, terms: &Terms, heard: &Arc<Heard>) {
        let reporter = self.setup.reporter.beside();
        self.listen(number, &reporter, heard);
        let performed =
            std::panic::AssertUnwindSafe(|| self.setup.performer.perform(action, terms, &reporter));
        // Nobody waits for ever for an order of which nothing is told any more.
        let result = std::panic::catch_unwind(performed);
        let mut told = std::mem::take(&mut heard.lock().0);
        let stage = match &result {
            Ok(Ok(Exit::Done)) => Stage::Done,
            // What was on its way came all the same, and nothing else was asked for.
            Ok(Ok(_)) if heard.is_whole() => Stage::Done,
            Ok(Ok(_)) if terms.cancel.load(Ordering::Acquire) => Stage::Cancelled,
            Ok(Ok(_)) => Stage::Failed,
            Ok(Err(failure)) => {
                reporter.failure(failure);
                told.extend(failure.diagnostics.iter().map(|d| d.render(false)));
                Stage::Failed
            }
            Err(_) => {
                told.push("it ended in the middle: that is a bug in gpbuild".to_owned());
                Stage::Failed
            }
        };
        self.setup.refresh.request();
        let mut inner = self.lock();
        self.end(&mut inner, number, stage, told);
        self.begin_what_can(&mut inner);
    }

    fn end(&self, inner: &mut Inner, number: u64, stage: Stage, told: Vec<String>) {
        let Some(open) = inner.open.remove(&number) else {
            return;
        };
        let spent = match open.heard.lock().1 {
            Cost::Known(micro) | Cost::Counted(micro) => Some(micro),
            Cost::Unknown => None,
        };
        self.setup.feed.order(Order {
            stage,
            told,
            spent,
            can_cancel: false,
            ended: Some(clock::now()),
            ..open.order
        });
    }

    fn listen(&self, number: u64, reporter: &Reporter, heard: &Arc<Heard>) {
        let (feed, pictures, refresh, heard) = (
            Arc::clone(&self.setup.feed),
            Arc::clone(&self.setup.pictures),
            self.setup.refresh.clone(),
            Arc::clone(heard),
        );
        reporter.listen(Box::new(move |event| {
            match event {
                Event::Note(note) => heard.lock().0.push((*note).to_owned()),
                Event::Diagnostic(diagnostic) => heard.lock().0.push(diagnostic.render(false)),
                Event::Asking(asking) if asking.asked == Asked::Sent => {
                    heard.sent.store(true, Ordering::Release);
                }
                Event::Begin { total } => heard.ordered.store(*total, Ordering::Release),
                Event::Done(asset) => {
                    if matches!(asset.state, State::Made | State::Restored) {
                        heard.made.fetch_add(1, Ordering::AcqRel);
                    }
                    pictures.allow(asset.picture, None);
                    let mut inner = heard.lock();
                    inner.1 = inner.1.plus(asset.cost);
                    // What was not even tried has no diagnostic: its reason is all that is said.
                    if let (State::Blocked | State::Pending, Some(reason)) =
                        (asset.state, &asset.reason)
                    {
                        inner.0.push(format!("{}: {reason}", asset.id));
                    }
                }
                _ => {}
            }
            feed.hear(Source::Order(number), event);
            if matches!(event, Event::Done(_)) {
                refresh.request();
            }
        }));
    }

    /// What is kept here is whole after every line that may panic.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Whether all that was begun with is there.
    fn is_whole(&self) -> bool {
        let ordered = self.ordered.load(Ordering::Acquire);
        ordered > 0 && self.made.load(Ordering::Acquire) == ordered
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<String>, Cost)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stack of the thread of an order, in bytes.
const STACK: usize = 8 << 20;
