//! The limit of pictures per minute: a bucket that refills evenly. Is told the time, and has no clock.

use std::time::{Duration, Instant};

/// A client that paces itself exactly is not refused for the jitter of a scheduler.
const GRACE: Duration = Duration::from_millis(50);

/// A bucket of pictures.
#[derive(Debug)]
pub struct Limit {
    per_minute: u32,
    /// When the bucket will be full again.
    full_at: Option<Instant>,
}

/// Why a request is over the limit.
#[derive(Debug, PartialEq, Eq)]
pub struct Over {
    /// Pictures that count now.
    pub used: u32,
    /// Until the request would be taken.
    pub wait: Duration,
}

impl Limit {
    /// So many pictures a minute, and as many at once.
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            full_at: None,
        }
    }

    /// Takes `n` pictures.
    ///
    /// # Errors
    /// If they would be over the limit; nothing is taken then.
    pub fn take(&mut self, n: u32, now: Instant) -> Result<(), Over> {
        let each = Duration::from_mins(1) / self.per_minute.max(1);
        let missing = self
            .full_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let after = missing + each * n;
        let wait = after.saturating_sub(each * self.per_minute);
        if wait > GRACE {
            let used = missing.as_nanos().div_ceil(each.as_nanos().max(1));
            return Err(Over {
                used: u32::try_from(used).unwrap_or(u32::MAX).min(self.per_minute),
                wait,
            });
        }
        self.full_at = Some(now + after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Limit, Over};

    #[test]
    fn five_at_once_then_one_every_twelve_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut limit = Limit::new(5);
        for _ in 0..5 {
            assert_eq!(limit.take(1, start), Ok(()));
        }
        let over = |used, seconds| {
            Err(Over {
                used,
                wait: Duration::from_secs(seconds),
            })
        };
        assert_eq!(limit.take(1, start), over(5, 12));
        assert_eq!(limit.take(1, at(12)), Ok(()));
        assert_eq!(limit.take(2, at(13)), over(5, 23));
        assert_eq!(limit.take(5, at(90)), Ok(()));
    }
}
