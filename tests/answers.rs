//! Some of the answers that no API should give; `tests/torture` tries thousands.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "tests: a panic is how they fail; the modules are shared with tests/torture"
)]

#[path = "torture/src/answers.rs"]
mod answers;
#[path = "torture/src/count.rs"]
mod count;
#[path = "torture/src/random.rs"]
mod random;

#[test]
fn every_answer_has_a_clear_end_and_the_key_goes_nowhere_else() {
    let count = answers::answers(400, 1);
    assert_eq!(count.cases, 400);
    assert!(count.is_good(), "{count}");
}
