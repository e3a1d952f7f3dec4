//! What follows from a try that brought no answer, or a poll that brought no picture: give up, or wait and try again.
//! Pure: no clock of its own, no provider.

use std::time::Duration;

use tokio::time::Instant;

use provider::reply::{Refusal, RefusalKind};

/// How often a request that the provider failed at, or that did not reach it, is sent again.
const MAX_RESENDS: u32 = 2;
/// How often one that was refused for the rate is, and so often in a row everybody waits for that.
pub const MAX_ROUNDS: u32 = 10;
/// The first wait where the provider does not say how long, and the longest.
const RATE_WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
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
    /// Send it again, and nothing of this model before: one refusal is enough for everybody. So long if the provider says
    /// it.
    AllWait(Option<Duration>),
}

impl Tries {
    /// After a try that did not reach the provider.
    pub fn unsent(&mut self) -> Next {
        if self.resends == MAX_RESENDS {
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
                (self.rate_resends <= MAX_ROUNDS, Duration::ZERO)
            }
            RefusalKind::Overloaded => self.resend(),
            RefusalKind::SlowDown if asked.is_some() => self.resend(),
            _ => (false, Duration::ZERO),
        };
        let wait = asked.unwrap_or(wait);
        match refusal.kind {
            _ if !again || wait > LONGEST_WAIT => Next::GiveUp,
            RefusalKind::Overloaded => Next::Again(wait),
            _ => Next::AllWait(asked),
        }
    }

    fn resend(&mut self) -> (bool, Duration) {
        self.resends += 1;
        let wait = backoff(self.resends.max(self.rate_resends));
        (self.resends <= MAX_RESENDS, wait)
    }
}

/// How long everybody waits after so many refusals for the rate in a row: longer each time, also where the provider
/// says how long and refuses all the same.
pub fn rate_wait(round: u32, asked: Option<Duration>) -> Duration {
    let (first, longest) = RATE_WAITS;
    let own = (first * (1 << round.saturating_sub(1).min(8))).min(longest);
    match asked {
        None => own,
        Some(asked) if round <= 1 => asked,
        Some(asked) => asked.max(own),
    }
}

/// Where a provider says nothing of it, a ticket is asked for this long apart at first, and so long in the end.
const POLLS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// One run waits for a ticket no longer: the next one goes on.
const TICKET_PATIENCE: Duration = Duration::from_secs(900);
/// A ticket that came a moment ago may not be known everywhere yet: it is believed to be gone after so many polls.
const MAX_GONE: u32 = 4;
/// So often in a row nobody can tell before the next run is left to ask.
const MAX_UNKNOWN: u32 = 6;

/// A ticket that is waited for, poll by poll.
#[derive(Clone, Debug)]
pub struct Unready {
    began: Instant,
    polls: u32,
    gone: u32,
    unknown: u32,
    why: Option<String>,
}

/// What to do about a ticket that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Ask again after so long.
    For(Duration),
    /// It is not known, and will not be.
    Gone,
    /// It is left to the next run: why.
    Enough(String),
}

impl Unready {
    /// Nothing was asked yet.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            polls: 0,
            gone: 0,
            unknown: 0,
            why: None,
        }
    }

    /// After a poll that says: not yet, ask again `after` so long.
    pub fn pending(&mut self, after: Option<Duration>) -> Wait {
        (self.gone, self.unknown, self.why) = (0, 0, None);
        self.polls += 1;
        let usual = (POLLS.0 * self.polls).min(POLLS.1);
        Wait::For(after.unwrap_or(usual).min(LONGEST_WAIT))
    }

    /// After a poll that says that there is no such ticket.
    pub fn gone(&mut self) -> Wait {
        self.gone += 1;
        match self.gone {
            MAX_GONE.. => Wait::Gone,
            n => Wait::For(backoff(n)),
        }
    }

    /// After a poll that was refused: it says nothing of the ticket.
    pub fn refused(&mut self, refusal: &Refusal) -> Wait {
        let why = format!("the provider said {}", refusal.said());
        if halts(refusal) {
            return Wait::Enough(why);
        }
        match (self.unknown(why), refusal.retry_after) {
            (Wait::For(_), Some(wait)) if wait <= LONGEST_WAIT => Wait::For(wait),
            (next, _) => next,
        }
    }

    /// After a try that brought nothing.
    pub fn unknown(&mut self, why: String) -> Wait {
        self.unknown += 1;
        if self.unknown == MAX_UNKNOWN {
            return Wait::Enough(why);
        }
        self.why = Some(why);
        Wait::For(backoff(self.unknown))
    }

    /// Whether it is still waited for at `now`.
    pub fn at(&self, now: Instant) -> Wait {
        match now.saturating_duration_since(self.began) > TICKET_PATIENCE {
            true => Wait::Enough(self.why()),
            false => Wait::For(Duration::ZERO),
        }
    }

    /// Why it is not ready.
    pub fn why(&self) -> String {
        let why = self.why.clone();
        why.unwrap_or_else(|| "the provider is still at it".to_owned())
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

    use tokio::time::Instant;

    use super::{Next, Tries, Unready, Wait, halts, rate_wait};
    use provider::reply::{Refusal, RefusalKind};

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
            (RateLimit, None, vec![AllWait(None); 10]),
            (RateLimit, Some(120), vec![AllWait(Some(ms(120_000))); 10]),
            (RateLimit, Some(121), vec![GiveUp]),
            (
                SlowDown,
                Some(1),
                vec![AllWait(Some(ms(1000))), AllWait(Some(ms(1000))), GiveUp],
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
        assert_eq!(waits.count(), 10);
    }

    #[test]
    fn who_is_refused_again_waits_longer_and_less_often() {
        let waits = |asked: Option<u64>| -> Vec<u64> {
            let asked = asked.map(Duration::from_secs);
            (1..=10)
                .map(|round| rate_wait(round, asked).as_secs())
                .collect()
        };
        assert_eq!(waits(None), [2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
        assert_eq!(waits(Some(1)), [1, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
        assert_eq!(waits(Some(90)), [90; 10]);
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
    fn a_ticket_is_waited_for_and_given_up_by_its_words_alone() {
        let began = Instant::now();
        let ms = Duration::from_millis;
        let mut unready = Unready::new(began);
        assert_eq!(unready.pending(None), Wait::For(ms(500)));
        assert_eq!(unready.pending(None), Wait::For(ms(1000)));
        assert_eq!(unready.pending(Some(ms(7000))), Wait::For(ms(7000)));
        assert_eq!(unready.pending(Some(ms(999_000))), Wait::For(ms(120_000)));
        for _ in 0..20 {
            unready.pending(None);
        }
        assert_eq!(unready.pending(None), Wait::For(ms(10_000)));
        // Not known a moment after it was given, and known again.
        for _ in 0..3 {
            assert!(matches!(unready.gone(), Wait::For(_)));
        }
        unready.pending(None);
        let gone: Vec<Wait> = (0..4).map(|_| unready.gone()).collect();
        assert_eq!(gone[2..], [Wait::For(ms(2000)), Wait::Gone]);
        let mut unready = Unready::new(began);
        let rate = refusal(RefusalKind::RateLimit, Some(3));
        assert_eq!(unready.refused(&rate), Wait::For(ms(3000)));
        let said = "the provider said 429".to_owned();
        let key = refusal(RefusalKind::Credentials, None);
        assert_eq!(unready.refused(&key), Wait::Enough(said));
        let nothing = |unready: &mut Unready| unready.unknown("no answer".to_owned());
        for _ in 0..4 {
            assert!(matches!(nothing(&mut unready), Wait::For(_)));
        }
        assert_eq!(nothing(&mut unready), Wait::Enough("no answer".to_owned()));
        assert_eq!(unready.at(began + ms(900_000)), Wait::For(Duration::ZERO));
        let late = unready.at(began + ms(900_001));
        assert_eq!(late, Wait::Enough("no answer".to_owned()));
        unready.pending(None);
        let still = "the provider is still at it".to_owned();
        assert_eq!(unready.at(began + ms(900_001)), Wait::Enough(still));
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
