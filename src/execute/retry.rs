//! What follows from a try that brought no answer: give up, or wait and try again. Pure: no clock, no provider; what
//! may have been accepted is never asked about here.

use std::time::Duration;

use crate::provider::reply::{Refusal, RefusalKind};

/// How often a request that the provider failed at, or that did not reach it, is sent again.
const RESENDS: u32 = 2;
/// How often one that was refused for the rate is.
const RATE_RESENDS: u32 = 20;
/// The longest that a provider is waited for, once.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// The tries of one request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    resends: u32,
    rate_resends: u32,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    GiveUp,
    /// Send it again after so long; others need not wait.
    Again(Duration),
    /// Send it again, and nothing of this model before so long: one refusal is enough for everybody.
    AllWait(Duration),
}

impl Tries {
    /// After a try that did not reach the provider.
    pub fn unsent(&mut self) -> Next {
        if self.resends == RESENDS {
            return Next::GiveUp;
        }
        self.resends += 1;
        Next::Again(backoff(self.resends))
    }

    /// After a try that was refused.
    pub fn refused(&mut self, refusal: &Refusal) -> Next {
        let asked = refusal.retry_after;
        let (again, wait) = match refusal.kind {
            RefusalKind::RateLimit => {
                self.rate_resends += 1;
                let again = self.rate_resends <= RATE_RESENDS;
                (again, backoff(self.resends.max(self.rate_resends) + 3))
            }
            RefusalKind::Overloaded => self.resend(),
            RefusalKind::SlowDown if asked.is_some() => self.resend(),
            _ => (false, Duration::ZERO),
        };
        let wait = asked.unwrap_or(wait);
        match refusal.kind {
            _ if !again || wait > LONGEST_WAIT => Next::GiveUp,
            RefusalKind::Overloaded => Next::Again(wait),
            _ => Next::AllWait(wait),
        }
    }

    fn resend(&mut self) -> (bool, Duration) {
        self.resends += 1;
        let wait = backoff(self.resends.max(self.rate_resends));
        (self.resends <= RESENDS, wait)
    }
}

/// Whether a person has to mend something first: then nothing more is asked of this provider.
pub fn halts(refusal: &Refusal) -> bool {
    match refusal.kind {
        RefusalKind::Quota | RefusalKind::Credentials | RefusalKind::Redirect(_) => true,
        RefusalKind::SlowDown => refusal.retry_after.is_none_or(|wait| wait > LONGEST_WAIT),
        _ => false,
    }
}

/// 0.5 s, 1 s, 2 s, … at most a minute.
fn backoff(n: u32) -> Duration {
    Duration::from_millis(250 << n.min(8)).min(Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Next, Tries, halts};
    use crate::provider::reply::{Refusal, RefusalKind};

    fn refusal(kind: RefusalKind, retry_after: Option<u64>) -> Refusal {
        Refusal {
            kind,
            status: 429,
            code: None,
            message: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
            request_id: None,
        }
    }

    #[test]
    fn what_follows_try_by_try() {
        use Next::{Again, AllWait, GiveUp};
        use RefusalKind::{Credentials, Invalid, NoModel, Overloaded, Quota, RateLimit, SlowDown};
        let ms = Duration::from_millis;
        for (kind, retry_after, expected) in [
            (
                Overloaded,
                None,
                vec![Again(ms(500)), Again(ms(1000)), GiveUp],
            ),
            (
                Overloaded,
                Some(7),
                vec![Again(ms(7000)), Again(ms(7000)), GiveUp],
            ),
            (Overloaded, Some(121), vec![GiveUp]),
            (
                RateLimit,
                None,
                vec![
                    AllWait(ms(4000)),
                    AllWait(ms(8000)),
                    AllWait(ms(16000)),
                    AllWait(ms(32000)),
                    AllWait(ms(60000)),
                ],
            ),
            (RateLimit, Some(120), vec![AllWait(ms(120_000)); 20]),
            (RateLimit, Some(121), vec![GiveUp]),
            (
                SlowDown,
                Some(1),
                vec![AllWait(ms(1000)), AllWait(ms(1000)), GiveUp],
            ),
            (SlowDown, None, vec![GiveUp]),
            (Quota, Some(1), vec![GiveUp]),
            (Credentials, None, vec![GiveUp]),
            (NoModel, None, vec![GiveUp]),
            (Invalid, Some(1), vec![GiveUp]),
        ] {
            let refusal = refusal(kind, retry_after);
            let mut tries = Tries::default();
            let next: Vec<Next> = expected.iter().map(|_| tries.refused(&refusal)).collect();
            assert_eq!(next, expected, "{refusal:?}");
        }
        let often = refusal(RateLimit, Some(1));
        let mut tries = Tries::default();
        let waits = (0..100).take_while(|_| tries.refused(&often) != GiveUp);
        assert_eq!(waits.count(), 20);
    }

    #[test]
    fn what_was_not_reached_is_tried_three_times_in_all() {
        let mut tries = Tries::default();
        let second = Duration::from_secs(1);
        assert_eq!(tries.unsent(), Next::Again(second / 2));
        // Both count as one.
        let overloaded = refusal(RefusalKind::Overloaded, None);
        assert_eq!(tries.refused(&overloaded), Next::Again(second));
        assert_eq!(tries.unsent(), Next::GiveUp);
    }

    #[test]
    fn only_a_person_mends_some() {
        use RefusalKind::{
            Credentials, Invalid, NoModel, Overloaded, Quota, RateLimit, Redirect, SlowDown,
        };
        for (kind, retry_after, expected) in [
            (Quota, Some(1), true),
            (Credentials, None, true),
            (Redirect(String::new()), None, true),
            (SlowDown, None, true),
            (SlowDown, Some(121), true),
            (SlowDown, Some(120), false),
            (RateLimit, Some(500), false),
            (Overloaded, None, false),
            (NoModel, None, false),
            (Invalid, None, false),
        ] {
            let refusal = refusal(kind, retry_after);
            assert_eq!(halts(&refusal), expected, "{refusal:?}");
        }
    }
}
