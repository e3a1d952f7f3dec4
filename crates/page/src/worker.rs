//! Carries out what pages ask for, one after another, on a thread of its own: a paid picture may take
//! minutes. Knows nothing of HTTP; how each thing is done is told by who opens the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::feed::{Feed, Job, Lane, Stage};
use crate::pictures::Pictures;
use crate::refresh::Refresh;
use base::diagnostic::{Exit, Failure};
use model::Micro;
use report::{Event, Reporter};

/// So many orders of pages may wait.
const MAX_WAITING: usize = 64;

/// What a page may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Choose a candidate.
    Pick {
        /// The asset.
        id: String,
        /// The candidate, from 1.
        number: usize,
        /// Of this shot, from 1.
        shot: usize,
    },
    /// Append an edit step.
    Edit {
        /// The asset.
        id: String,
        /// What is to be different.
        change: String,
        /// What is to stay.
        keep: Option<String>,
    },
    /// Make the real picture.
    Make {
        /// The asset.
        id: String,
        /// At most for so much; none if nobody knows the price, and somebody agreed to that.
        most: Option<Micro>,
    },
}

impl Action {
    fn word(&self) -> &'static str {
        match self {
            Self::Pick { .. } => "pick",
            Self::Edit { .. } => "edit",
            Self::Make { .. } => "make",
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Pick { id, .. } | Self::Edit { id, .. } | Self::Make { id, .. } => id,
        }
    }
}

/// Who knows how an action is carried out.
pub trait Performer: Send {
    /// Carries it out, and reports as a command does.
    fn perform(&self, action: &Action, reporter: &Reporter) -> Result<Exit, Failure>;
}

/// Takes actions; clones take them to the same worker.
#[derive(Clone)]
pub struct Queue {
    sender: SyncSender<(u64, Action)>,
    numbers: Arc<AtomicU64>,
    feed: Arc<Feed>,
}

/// Why an action is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The same is being done already.
    Busy,
    /// Too many wait, or the page is being closed.
    Full,
}

impl Queue {
    /// Takes an action: the number of its job.
    pub fn take(&self, action: Action) -> Result<u64, Refused> {
        if self.feed.is_busy(action.word(), action.id()) {
            return Err(Refused::Busy);
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let waiting = job(number, &action, Stage::Waiting, Vec::new());
        // Told first: it may be done before this goes on.
        self.feed.job(waiting.clone());
        self.sender
            .try_send((number, action))
            .map(|()| number)
            .map_err(|_| {
                self.feed.job(Job {
                    stage: Stage::Failed,
                    ..waiting
                });
                Refused::Full
            })
    }
}

/// Works on a thread of its own until the last queue is gone.
pub struct Worker {
    thread: JoinHandle<()>,
    closing: Arc<AtomicBool>,
    busy: Arc<AtomicBool>,
}

/// What the worker works with.
pub struct Setup {
    /// How actions are carried out.
    pub performer: Box<dyn Performer>,
    /// Who is told.
    pub feed: Arc<Feed>,
    /// What pages may see of it.
    pub pictures: Arc<Pictures>,
    /// Asked when something is done.
    pub refresh: Refresh,
    /// The terminal.
    pub reporter: Arc<Reporter>,
}

impl Worker {
    /// Begins to work.
    pub fn begin(setup: Setup) -> std::io::Result<(Queue, Self)> {
        let (sender, taken) = sync_channel(MAX_WAITING);
        let queue = Queue {
            sender,
            numbers: Arc::default(),
            feed: Arc::clone(&setup.feed),
        };
        let closing: Arc<AtomicBool> = Arc::default();
        let busy: Arc<AtomicBool> = Arc::default();
        let (told, shown) = (Arc::clone(&closing), Arc::clone(&busy));
        let thread = std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || work(&setup, &taken, &told, &shown))?;
        Ok((
            queue,
            Self {
                thread,
                closing,
                busy,
            },
        ))
    }

    /// Begins nothing more.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Whether something is being carried out.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) && !self.thread.is_finished()
    }
}

fn work(setup: &Setup, taken: &Receiver<(u64, Action)>, closing: &AtomicBool, busy: &AtomicBool) {
    for (number, action) in taken {
        busy.store(true, Ordering::Release);
        let end = if closing.load(Ordering::Acquire) {
            job(number, &action, Stage::Failed, Vec::new())
        } else {
            setup
                .feed
                .job(job(number, &action, Stage::Running, Vec::new()));
            perform(setup, number, &action)
        };
        setup.feed.job(end);
        setup.refresh.request();
        busy.store(false, Ordering::Release);
    }
}

fn perform(setup: &Setup, number: u64, action: &Action) -> Job {
    let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let reporter = setup.reporter.beside();
    let (feed, pictures, heard) = (
        Arc::clone(&setup.feed),
        Arc::clone(&setup.pictures),
        Arc::clone(&told),
    );
    reporter.listen(Box::new(move |event| {
        let line = match event {
            Event::Note(note) => Some((*note).to_owned()),
            Event::Diagnostic(diagnostic) => Some(diagnostic.render(false)),
            Event::Done(asset) => {
                pictures.allow(asset.picture, None);
                None
            }
            _ => None,
        };
        if let (Some(line), Ok(mut told)) = (line, heard.lock()) {
            told.push(line);
        }
        feed.hear(Lane::Page, event);
    }));
    let result = setup.performer.perform(action, &reporter);
    let mut told = told
        .lock()
        .map(|mut told| std::mem::take(&mut *told))
        .unwrap_or_default();
    if let Err(failure) = &result {
        reporter.failure(failure);
        told.extend(failure.diagnostics.iter().map(|d| d.render(false)));
    }
    let stage = match result {
        Ok(Exit::Done) => Stage::Done,
        _ => Stage::Failed,
    };
    job(number, action, stage, told)
}

fn job(number: u64, action: &Action, stage: Stage, told: Vec<String>) -> Job {
    Job {
        number,
        action: action.word(),
        id: action.id().to_owned(),
        stage,
        told,
    }
}
