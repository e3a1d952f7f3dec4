//! How fast a model may be asked: at most so many pictures a minute, and nothing while the provider
//! asks to wait. Where no limit is known, the first refusal teaches one. Knows no provider's words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What limits count by.
const MINUTE: Duration = Duration::from_secs(60);
/// How often it is looked whether something goes through again.
const GLANCE: Duration = Duration::from_millis(250);

/// The rate limits of every model that is asked in this run.
#[derive(Default)]
pub struct RateLimiter {
    limit: Option<u32>,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Default)]
struct Bucket {
    /// Pictures a minute, as told or learnt.
    limit: Option<u32>,
    /// Nothing is sent before.
    not_before: Option<Instant>,
    /// So often in a row everybody had to wait, and nothing went through since.
    rounds: u32,
    /// Somebody tries whether anything goes through again: the others wait for that.
    is_tried: bool,
    /// Something went through in this run.
    went_through: bool,
    /// What was sent within the last minute, and how many pictures each.
    sent: VecDeque<(Instant, u32)>,
}

impl RateLimiter {
    /// At most `limit` pictures a minute for each model, if given.
    pub fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            buckets: Mutex::default(),
        }
    }

    /// How long a request for `pictures` has to wait; `None` if it may be sent now.
    pub fn wait(&self, model: &str, pictures: u32, now: Instant) -> Option<Duration> {
        self.with(model, |bucket| bucket.wait(pictures, now))
    }

    /// Sends a request for `pictures` at `now`: it counts from now on, or has to wait so long.
    pub fn try_acquire(&self, model: &str, pictures: u32, now: Instant) -> Result<(), Duration> {
        self.with(model, |bucket| match bucket.wait(pictures, now) {
            Some(wait) => Err(wait),
            None => {
                bucket.is_tried = bucket.rounds > 0;
                bucket.sent.push_back((now, pictures));
                Ok(())
            }
        })
    }

    /// The provider refused a request for `pictures`, which was sent: everybody waits, as long as `wait` says of so many
    /// times in a row. Gives how many they are; who was refused while everybody waits makes no further one.
    pub fn refused(
        &self,
        model: &str,
        pictures: u32,
        now: Instant,
        wait: impl FnOnce(u32) -> Duration,
    ) -> u32 {
        self.with(model, |bucket| {
            bucket.is_tried = false;
            if bucket.not_before.is_none_or(|before| before <= now) {
                bucket.rounds += 1;
            }
            bucket.forget(now);
            if let Some(n) = bucket.sent.iter().rposition(|(_, n)| *n == pictures) {
                bucket.sent.remove(n);
            }
            let accepted: u32 = bucket.sent.iter().map(|(_, n)| n).sum();
            match (self.limit, accepted) {
                (Some(_), _) => {}
                // Where nothing went through, nothing is learnt.
                (None, 0) if !bucket.went_through => bucket.limit = None,
                (None, 0) => {}
                // What went through within this minute is what a minute allows.
                (None, learnt) => {
                    bucket.limit = Some(bucket.limit.map_or(learnt, |limit| limit.min(learnt)));
                }
            }
            let until = now + wait(bucket.rounds);
            bucket.not_before = Some(bucket.not_before.map_or(until, |before| before.max(until)));
            bucket.rounds
        })
    }

    /// A request that was sent came to an end that is no refusal; it went `through` if it was accepted.
    pub fn ended(&self, model: &str, through: bool) {
        self.with(model, |bucket| {
            bucket.is_tried = false;
            if through {
                bucket.rounds = 0;
                bucket.went_through = true;
            }
        });
    }

    /// Pictures a minute, as told or learnt.
    pub fn limit(&self, model: &str) -> Option<u32> {
        self.with(model, |bucket| bucket.limit)
    }

    fn with<T>(&self, model: &str, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(model.to_owned()).or_insert_with(|| Bucket {
            limit: self.limit,
            ..Bucket::default()
        });
        work(bucket)
    }
}

impl Bucket {
    fn wait(&mut self, pictures: u32, now: Instant) -> Option<Duration> {
        if let Some(until) = self.not_before
            && until > now
        {
            return Some(until - now);
        }
        if self.is_tried && self.rounds > 0 {
            return Some(GLANCE);
        }
        self.forget(now);
        // A request for more than a minute allows goes alone.
        let sent: u32 = self.sent.iter().map(|(_, n)| n).sum();
        let limit = self
            .limit
            .filter(|limit| sent > 0 && sent + pictures > *limit)?;
        let mut over = (sent + pictures).saturating_sub(limit);
        for (at, n) in &self.sent {
            over = over.saturating_sub(*n);
            if over == 0 {
                return Some((*at + MINUTE).saturating_duration_since(now));
            }
        }
        let last = self.sent.back().map_or(now, |(at, _)| *at);
        Some((last + MINUTE).saturating_duration_since(now))
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|(at, _)| *at + MINUTE <= now) {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::RateLimiter;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn five_a_minute_is_five_a_minute() {
        let limiter = RateLimiter::new(Some(5));
        let start = Instant::now();
        for n in 0..5 {
            assert_eq!(limiter.try_acquire("m", 1, at(start, n)), Ok(()));
        }
        let wait = |n| Err(Duration::from_secs(n));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 10)), wait(50));
        assert_eq!(limiter.try_acquire("m", 3, at(start, 10)), wait(52));
        assert_eq!(limiter.try_acquire("other", 1, at(start, 10)), Ok(()));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 60)), Ok(()));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 60)), wait(1));
        // More than a minute allows: alone, but not never.
        assert_eq!(limiter.try_acquire("m", 9, at(start, 200)), Ok(()));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 201)), wait(59));
    }

    #[test]
    fn a_refusal_teaches_the_limit_and_holds_everybody() {
        let limiter = RateLimiter::new(None);
        let start = Instant::now();
        for _ in 0..8 {
            assert_eq!(limiter.try_acquire("m", 1, start), Ok(()));
        }
        for _ in 0..3 {
            let wait = |_| Duration::from_secs(12);
            assert_eq!(limiter.refused("m", 1, at(start, 1), wait), 1);
        }
        limiter.ended("m", true);
        assert_eq!(limiter.limit("m"), Some(5));
        assert_eq!(
            limiter.try_acquire("m", 1, at(start, 5)),
            Err(Duration::from_secs(8))
        );
        assert_eq!(
            limiter.try_acquire("m", 1, at(start, 13)),
            Err(Duration::from_secs(47))
        );
        assert_eq!(limiter.try_acquire("m", 1, at(start, 60)), Ok(()));
    }

    #[test]
    fn a_limit_that_was_told_stays() {
        let limiter = RateLimiter::new(Some(2));
        let start = Instant::now();
        assert_eq!(limiter.try_acquire("m", 1, start), Ok(()));
        limiter.refused("m", 1, start, |_| Duration::from_secs(1));
        assert_eq!(limiter.limit("m"), Some(2));
        assert_eq!(
            limiter.try_acquire("m", 1, start),
            Err(Duration::from_secs(1))
        );
    }

    #[test]
    fn where_nothing_goes_through_one_tries_for_all_and_nothing_is_learnt() {
        let limiter = RateLimiter::new(None);
        let start = Instant::now();
        for _ in 0..8 {
            assert_eq!(limiter.try_acquire("m", 1, start), Ok(()));
        }
        let two = |round| Duration::from_secs(2 * u64::from(round));
        for _ in 0..8 {
            assert_eq!(limiter.refused("m", 1, at(start, 1), two), 1);
        }
        assert_eq!(limiter.limit("m"), None);
        assert_eq!(
            limiter.try_acquire("m", 1, at(start, 2)),
            Err(Duration::from_secs(1))
        );
        assert_eq!(limiter.try_acquire("m", 1, at(start, 3)), Ok(()));
        // The others wait for what becomes of it.
        let image_info = Err(Duration::from_millis(250));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 3)), image_info);
        assert_eq!(limiter.refused("m", 1, at(start, 4), two), 2);
        assert_eq!(
            limiter.try_acquire("m", 1, at(start, 7)),
            Err(Duration::from_secs(1))
        );
        assert_eq!(limiter.try_acquire("m", 1, at(start, 8)), Ok(()));
        assert_eq!(limiter.try_acquire("m", 1, at(start, 8)), image_info);
        limiter.ended("m", true);
        for _ in 0..7 {
            assert_eq!(limiter.try_acquire("m", 1, at(start, 9)), Ok(()));
        }
    }
}
