//! How a request hears of the rest of its run, and the run of it. Knows neither requests nor answers.

use std::time::Duration;

use base::diagnostic::count;
use model::Micro;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

/// What is told while a request waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// An asset waits for the rate limit.
    Paced {
        /// The asset.
        id: String,
        /// For how long at least.
        wait: Duration,
        /// Pictures a minute, if known.
        limit: Option<u32>,
    },
    /// A request is further than before.
    Asking(Asking),
    /// Something worth a line.
    Note(String),
}

/// A request, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The asset.
    pub id: String,
    /// Who is asked.
    pub model: String,
    /// How far it is.
    pub asked: Asked,
    /// What is held back of the budget for it.
    pub reserved: Option<Micro>,
    /// How long such an answer took before.
    pub expected: Option<Duration>,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It may be sent after this time at the earliest: why.
    Waits(Duration, String),
    /// It is on its way.
    Sent,
    /// Its answer is there.
    Arrived,
}

/// How a request hears of the rest of the run, and the run of it.
#[derive(Clone)]
pub struct RunHandle {
    /// Turns true when nothing more is to be begun.
    pub stop: watch::Receiver<bool>,
    /// Hears what is worth a word.
    pub tell: UnboundedSender<Message>,
}

/// What a run says of a limit: `5 pictures a minute: 24 left take about 5 min`.
pub fn paced(limit: u32, left: usize) -> String {
    let minutes = left.div_ceil(limit.max(1) as usize);
    format!(
        "the provider takes {} a minute: the {left} that are left take about {minutes} min",
        count(limit as usize, "picture")
    )
}
