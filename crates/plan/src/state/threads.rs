//! The same work on several threads at once, for a few milliseconds. Knows nothing of what the work is.

use std::sync::mpsc;
use std::thread;

/// What `work` gives on this thread, and on `helpers` others; where the system has no thread to give, there is
/// one less.
///
/// Not on a pool: one has a thread more, and its idle threads ask for work so eagerly that a run of a few
/// milliseconds waits for them.
pub fn on_threads<T: Send>(helpers: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    let here = Core::here();
    thread::scope(|scope| {
        let (began, beginnings) = mpsc::sync_channel(helpers);
        let started: Vec<_> = (0..helpers)
            .filter_map(|_| {
                let (began, work) = (began.clone(), &work);
                let help = move || {
                    here.leave();
                    // There is room for all: nobody waits.
                    let _ = began.send(());
                    work()
                };
                thread::Builder::new().spawn_scoped(scope, help).ok()
            })
            .collect();
        // Until they are elsewhere they stand in line for the processor that this thread has.
        for _ in &started {
            let _ = beginnings.recv();
        }
        let mut results = vec![work()];
        for thread in started {
            let result = thread.join();
            results.push(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    })
}

/// How many processors there are for this program; at least one.
pub fn processors() -> usize {
    // The standard library asks for quotas too, in files: that takes longer than to start a thread.
    #[cfg(target_os = "linux")]
    let count = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize);
    #[cfg(not(target_os = "linux"))]
    let count = thread::available_parallelism().map_or(1, usize::from);
    count.max(1)
}

/// A processor. Linux starts a thread on that of its parent and leaves it there for some milliseconds, even if
/// another has nothing to do: in a virtual machine that one counts as taken away.
#[derive(Clone, Copy)]
struct Core {
    #[cfg(target_os = "linux")]
    cpu: usize,
}

impl Core {
    /// That of this thread.
    fn here() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            cpu: rustix::thread::sched_getcpu(),
        }
    }

    /// Takes this thread to any other processor that it may use, if there is one. For good: what it is for is
    /// soon over.
    #[cfg(target_os = "linux")]
    fn leave(self) {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(mut others) = sched_getaffinity(None) else {
            return;
        };
        if self.cpu < CpuSet::MAX_CPU {
            others.unset(self.cpu);
        }
        // With none left it is refused, and the thread stays.
        let _ = sched_setaffinity(None, &others);
    }

    #[cfg(not(target_os = "linux"))]
    fn leave(self) {}
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::on_threads;

    #[test]
    fn all_of_them_work_and_none_twice() {
        for helpers in [0, 1, 7] {
            let next = AtomicUsize::new(0);
            let numbers = on_threads(helpers, || next.fetch_add(1, Ordering::Relaxed));
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..=helpers).collect::<Vec<_>>());
        }
    }
}
