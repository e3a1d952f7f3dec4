//! How far runs are, and what is being made in them, by what they report. Knows no page and no order but its number.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::view::{Making, Phase};
use report::{Asked, Asking};

/// Which of the runs that go on beside one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The run that every save begins.
    Save,
    /// What a page ordered, by its number.
    Order(u64),
}

impl Source {
    fn by(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Order(_) => "page",
        }
    }

    fn order(self) -> Option<u64> {
        match self {
            Self::Save => None,
            Self::Order(number) => Some(number),
        }
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// How many there are to make.
    pub total: usize,
    /// How many of them ended.
    pub done: usize,
    /// What is being done, by asset.
    pub running: BTreeMap<String, String>,
    /// What is left of it, in milliseconds, by what such answers took before.
    pub left_ms: Option<u64>,
}

impl Progress {
    /// Of many, every hundredth part is told.
    pub fn is_news(&self) -> bool {
        self.done.is_multiple_of((self.total / 100).max(1))
    }

    /// Both together.
    fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.done += other.done;
        self.running.extend(other.running.clone());
    }
}

/// All runs that go on, and what is being made in them.
#[derive(Default)]
pub struct Runs {
    progress: BTreeMap<Source, Progress>,
    making: BTreeMap<String, Making>,
    /// So many requests may be on their way at once.
    jobs: usize,
}

impl Runs {
    /// None goes on; at most so many requests are on their way at once.
    pub fn new(jobs: usize) -> Self {
        Self {
            jobs: jobs.max(1),
            ..Self::default()
        }
    }

    /// What is being made of an asset.
    pub fn making(&self, id: &str) -> Option<&Making> {
        self.making.get(id)
    }

    /// A run begins, or begins anew.
    pub fn begin(&mut self, source: Source, total: usize) {
        let progress = Progress {
            total,
            ..Progress::default()
        };
        self.progress.insert(source, progress);
    }

    /// The assets of an order wait for its turn, from `now` on.
    pub fn queue(&mut self, order: u64, ids: &[String], now: i64) -> Vec<String> {
        let mut queued = Vec::new();
        for id in ids {
            if self.making.contains_key(id) {
                continue;
            }
            let making = Making {
                phase: Phase::Queued,
                ..new(Source::Order(order), "", now)
            };
            self.making.insert(id.clone(), making);
            queued.push(id.clone());
        }
        queued
    }

    /// Work on an asset begins, or goes on with something else. Whether that makes its real picture another one.
    pub fn running(&mut self, source: Source, id: &str, what: &str, real: bool, now: i64) -> bool {
        let progress = self.progress.entry(source).or_default();
        progress.running.insert(id.to_owned(), what.to_owned());
        let is_asked = self.making.get(id).is_some_and(|making| {
            matches!(making.phase, Phase::Waiting | Phase::Asking | Phase::Taking)
        });
        if !real || is_asked {
            return false;
        }
        let making = Making {
            phase: Phase::Drawing,
            ..new(source, what, now)
        };
        self.making.insert(id.to_owned(), making);
        true
    }

    /// A request is further than before.
    pub fn asking(&mut self, source: Source, asking: &Asking<'_>, now: i64) {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).ok();
        let before = self.making.get(asking.id);
        let since = before.filter(|making| making.phase == Phase::Asking);
        let making = Making {
            expected_ms: asking.expected.and_then(millis),
            cost: asking.reserved,
            ..new(source, asking.model, now)
        };
        let making = match asking.asked {
            Asked::Waits(time, why) => Making {
                phase: Phase::Waiting,
                resume_at: millis(time).and_then(|wait| now.checked_add_unsigned(wait)),
                why: Some(why.to_owned()),
                ..making
            },
            Asked::Sent => Making {
                phase: Phase::Asking,
                ..making
            },
            Asked::Arrived => Making {
                phase: Phase::Taking,
                since: since.map_or(now, |making| making.since),
                ..making
            },
        };
        self.making.insert(asking.id.to_owned(), making);
    }

    /// An asset ended.
    pub fn done(&mut self, source: Source, id: &str) {
        let progress = self.progress.entry(source).or_default();
        progress.running.remove(id);
        progress.done += 1;
        let is_its_own = |making: &&Making| making.by == source.by();
        if self.making.get(id).filter(is_its_own).is_some() {
            self.making.remove(id);
        }
    }

    /// A run is over: the assets of which something is otherwise by that.
    pub fn end(&mut self, source: Source) -> Vec<String> {
        self.progress.remove(&source);
        let mut gone = Vec::new();
        self.making.retain(|id, making| {
            let is_of = making.by == source.by() && making.order == source.order();
            if is_of {
                gone.push(id.clone());
            }
            !is_of
        });
        gone
    }

    /// Whether how far a run is is worth telling.
    pub fn is_news(&self, source: Source) -> bool {
        self.progress.get(&source).is_none_or(Progress::is_news)
    }

    /// How far the runs are: that of saves, and those of pages together.
    pub fn shown(&self, now: i64) -> BTreeMap<&'static str, Progress> {
        let mut shown: BTreeMap<&'static str, Progress> = BTreeMap::new();
        for (source, progress) in &self.progress {
            shown.entry(source.by()).or_default().add(progress);
        }
        for (by, progress) in &mut shown {
            progress.left_ms = self.left(by, progress, now);
        }
        shown
    }

    /// How long a run takes from here on: what is on its way as long as such answers took, and the others in rounds
    /// after that.
    fn left(&self, by: &str, progress: &Progress, now: i64) -> Option<u64> {
        let asked: Vec<&Making> = self
            .making
            .values()
            .filter(|making| making.by == by && making.expected_ms.is_some())
            .collect();
        let typical = asked.iter().filter_map(|making| making.expected_ms).max()?;
        let longest = asked.iter().filter_map(|making| {
            let gone = now.saturating_sub(making.resume_at.unwrap_or(making.since));
            let whole = i64::try_from(making.expected_ms?).ok()?;
            u64::try_from(whole.saturating_sub(gone)).ok()
        });
        let queued = progress
            .total
            .saturating_sub(progress.done)
            .saturating_sub(asked.len());
        let rounds = queued.div_ceil(self.jobs) as u64;
        Some(longest.max().unwrap_or_default() + rounds * typical)
    }
}

fn new(source: Source, what: &str, now: i64) -> Making {
    Making {
        phase: Phase::Queued,
        what: what.to_owned(),
        since: now,
        expected_ms: None,
        cost: None,
        by: source.by().to_owned(),
        project: None,
        order: source.order(),
        resume_at: None,
        why: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Runs, Source};
    use crate::view::Phase;
    use report::{Asked, Asking};

    fn asking<'a>(id: &'a str, asked: Asked<'a>) -> Asking<'a> {
        Asking {
            id,
            model: "openai/gpt-image-2",
            asked,
            reserved: Some(42_000),
            expected: Some(Duration::from_secs(30)),
        }
    }

    #[test]
    fn a_request_from_its_order_to_its_picture() {
        let (mut runs, order) = (Runs::new(2), Source::Order(7));
        let phase = |runs: &Runs| runs.making("a").map(|making| making.phase);
        assert_eq!(runs.queue(7, &["a".to_owned()], 0), ["a"]);
        assert_eq!(phase(&runs), Some(Phase::Queued));
        runs.begin(order, 1);
        assert!(runs.running(order, "a", "asking", true, 1_000));
        let wait = Asked::Waits(Duration::from_secs(20), "rate limit");
        runs.asking(order, &asking("a", wait), 2_000);
        assert_eq!(phase(&runs), Some(Phase::Waiting));
        assert_eq!(runs.making("a").unwrap().resume_at, Some(22_000));
        runs.asking(order, &asking("a", Asked::Sent), 22_000);
        let making = runs.making("a").unwrap();
        assert_eq!((making.since, making.cost), (22_000, Some(42_000)));
        assert_eq!(runs.shown(32_000)["page"].left_ms, Some(20_000));
        runs.asking(order, &asking("a", Asked::Arrived), 50_000);
        assert_eq!(phase(&runs), Some(Phase::Taking));
        assert_eq!(runs.making("a").unwrap().since, 22_000);
        runs.done(order, "a");
        assert_eq!(phase(&runs), None);
        assert!(runs.end(order).is_empty());
    }

    #[test]
    fn a_draft_is_no_real_picture_and_the_end_of_a_run_leaves_nothing() {
        let mut runs = Runs::new(2);
        assert!(!runs.running(Source::Save, "a", "drawing", false, 0));
        assert!(runs.making("a").is_none());
        runs.queue(1, &["a".to_owned(), "b".to_owned()], 0);
        assert_eq!(runs.end(Source::Order(1)), ["a", "b"]);
        assert!(runs.making("b").is_none());
    }
}
