//! Tries cases on several threads at once: nearly all of a case is waiting for processes.

use std::sync::{Mutex, PoisonError};

use crate::count::Count;

/// Tries each of `cases`, and adds up what came of them.
pub fn spread<T>(
    cases: impl IntoIterator<Item = T, IntoIter: Send>,
    one: impl Fn(T) -> Count + Sync,
) -> Count {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() + 1);
    let cases = Mutex::new(cases.into_iter());
    let next = || cases.lock().unwrap_or_else(PoisonError::into_inner).next();
    let total = Mutex::new(Count::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let count = one(case);
                    *total.lock().unwrap_or_else(PoisonError::into_inner) += count;
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}
