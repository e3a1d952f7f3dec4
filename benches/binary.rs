//! The binary: how long it takes to say its version, how large it is, and, if asked, how long a clean release
//! build takes.
//!
//! `cargo bench --bench binary`; the build only with `cargo bench --bench binary -- --build`: it takes minutes,
//! in a folder of its own.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::path::Path;

use common::{GPBUILD, in_turn, run, tell_limit};

const ROUNDS: usize = 100;

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pairs = in_turn(
        ROUNDS,
        || run(GPBUILD, &["--version"], here),
        || run("true", &[], here),
    );
    tell_limit("gpbuild --version", pairs.ours(), 5.0, "ms");
    println!("{:44} {:.1} ms", "true, for comparison", pairs.theirs());
    let size = std::fs::metadata(GPBUILD).unwrap().len();
    println!("{:44} {:.1} MB", "size", size as f64 / 1e6);
    if std::env::args().any(|argument| argument == "--build") {
        let target = tempfile::tempdir().unwrap();
        let target = target.path().to_str().unwrap();
        let arguments = ["build", "--release", "--locked", "--target-dir", target];
        let took = run(env!("CARGO"), &arguments, here);
        tell_limit("clean release build", took / 1e3, 240.0, "s");
    }
}
