//! [`Route`]: the way to one provider in this run: its adapter, its rate limit, its requests at once, and whether it is closed.
//! One provider that refuses a key closes no other's way. Knows no shot.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::execute::retry::{MAX_ROUNDS, halts, rate_wait};
use provider::rate_limit::RateLimiter;
use provider::reply::Refusal;
use provider::table::Rate;
use provider::{Adapter, BatchClient};

/// The way to one provider.
pub struct Route {
    /// Who asks.
    pub adapter: Adapter,
    /// Who sends batches, where there are any.
    pub batch: Option<BatchClient>,
    /// Its requests at once.
    pub slots: Semaphore,
    rate_limiter: RateLimiter,
    rate: Rate,
    /// Why nothing more is sent: what a person has to mend first.
    halted: Mutex<Option<String>>,
}

impl Route {
    /// A way on which at most so many requests are at once, and so many pictures a minute for each model, if a limit
    /// is known.
    pub fn new(adapter: Adapter, rate: Rate, at_once: usize, per_minute: Option<u32>) -> Self {
        Self {
            adapter,
            batch: None,
            slots: Semaphore::new(at_once.max(1)),
            rate_limiter: RateLimiter::new(per_minute),
            rate,
            halted: Mutex::default(),
        }
    }

    /// The same, with whoever sends batches.
    pub fn with_batches(self, batch: Option<BatchClient>) -> Self {
        Self { batch, ..self }
    }

    /// How long a request for `pictures` has to wait; `None` if it may be sent now.
    pub fn wait(&self, model: &str, pictures: u32) -> Option<Duration> {
        self.rate_limiter
            .wait(model, self.counted(pictures), Instant::now())
    }

    /// Sends one now: false if others used the minute up meanwhile.
    pub fn turn(&self, model: &str, pictures: u32) -> bool {
        let pictures = self.counted(pictures);
        self.rate_limiter
            .try_acquire(model, pictures, Instant::now())
            .is_ok()
    }

    /// The provider refused one, which was sent, and asks to wait so long: nothing of the model is sent meanwhile. False
    /// if that happened too often in a row.
    pub fn all_wait(&self, model: &str, pictures: u32, asked: Option<Duration>) -> bool {
        let pictures = self.counted(pictures);
        let wait = |round| rate_wait(round, asked);
        let rounds = self
            .rate_limiter
            .refused(model, pictures, Instant::now(), wait);
        rounds <= MAX_ROUNDS
    }

    /// One that was sent came to an end that is no refusal.
    pub fn ended(&self, model: &str, through: bool) {
        self.rate_limiter.ended(model, through);
    }

    /// Nothing more is sent in this run: why.
    pub fn close(&self, why: String) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.get_or_insert(why);
    }

    /// How many a minute, as told or learnt.
    pub fn limit(&self, model: &str) -> Option<u32> {
        self.rate_limiter.limit(model)
    }

    /// A refusal that a person has to mend ends the asking of this provider.
    pub fn halt(&self, refusal: &Refusal) {
        if halts(refusal) {
            self.close(refusal.said());
        }
    }

    /// Why nothing more is sent.
    pub fn halted(&self) -> Option<String> {
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.clone()
    }

    fn counted(&self, pictures: u32) -> u32 {
        match self.rate {
            Rate::Images => pictures,
            Rate::Requests => 1,
        }
    }
}
