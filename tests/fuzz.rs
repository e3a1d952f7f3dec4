//! The fuzz targets without a fuzzer: each with the corpus that is kept, and with changes of it that are the
//! same at every run; `FUZZ_TIMES=100` tries a hundred times as many. `cargo +nightly fuzz run TARGET` goes on
//! from there.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests: a panic is how they fail"
)]

use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod targets;

use support::random::Random;

/// The files of a target's corpus, in order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = std::fs::read_dir(folder.join(target)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Bytes with a few changes, of which some come from elsewhere in the corpus.
fn changed(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut below = |n: usize| usize::try_from(random.below(n as u64)).unwrap();
    let mut bytes = corpus[below(corpus.len())].clone();
    for _ in 0..=below(4) {
        let at = below(bytes.len() + 1);
        let end = (at + below(20)).min(bytes.len());
        match below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(below(256)).unwrap(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].repeat(1 + below(50));
                bytes.splice(at..at, again);
            }
            4 => {
                let other = &corpus[below(corpus.len())];
                let from = below(other.len() + 1);
                let to = (from + below(60)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn tries(name: &str, target: fn(&[u8]), changes: u32) {
    let corpus = corpus(name);
    for bytes in &corpus {
        target(bytes);
    }
    let times = std::env::var("FUZZ_TIMES").map_or(1, |times| times.parse().unwrap());
    let mut random = Random::new(7);
    for _ in 0..changes * times {
        let bytes = changed(&corpus, &mut random);
        let tried = std::panic::catch_unwind(|| target(&bytes));
        assert!(
            tried.is_ok(),
            "{name}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn manifest() {
    tries("manifest", targets::manifest, 400);
}

#[test]
fn template() {
    tries("template", targets::template, 400);
}

#[test]
fn page() {
    tries("page", targets::page, 60);
}

#[test]
fn data() {
    tries("data", targets::data, 2000);
}

#[test]
fn lock() {
    tries("lock", targets::lock, 1000);
}

// One after another: both write into one folder.
#[test]
fn ledger_and_state() {
    tries("ledger", targets::ledger, 500);
    tries("state", targets::state, 500);
}

#[test]
fn picture() {
    tries("picture", targets::picture, 1000);
}

#[test]
fn answer() {
    tries("answer", targets::answer, 2000);
}
