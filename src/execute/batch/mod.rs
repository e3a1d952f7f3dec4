//! Batches: requests that are sent together, at another price, and collected when the provider is done. `queue` gathers
//! them, `submit` sends them, `collect` asks how they stand, in this run or in a later
//! one, `take_in` takes in what came; `leftover` looks after what a
//! kill left. The order on the disk is: a file for the batch, an intent and a line for each request, `sent`, the name that
//! the provider gives it, and then an end for each line, one by one.

mod collect;
mod leftover;
mod queue;
mod state;
mod submit;
mod take_in;

pub use leftover::under_way;
pub(super) use leftover::{is_open, recover};
pub use state::Batching;
pub(super) use state::{Batches, End, Seen};

use store::Mark;

/// The name of ours for a batch, by which the provider finds it.
pub(super) fn name(mark: Mark) -> String {
    format!("gpbuild-{}", mark.hex())
}
