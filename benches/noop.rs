//! Nothing to do: against tools that read `build.ninja`, against a bare look at the outputs, and after a
//! touch of the shared template. Prints ratios, the growth, and the memory that the largest project takes.
//!
//! `cargo bench --bench noop`, or with sizes of your own: `cargo bench --bench noop -- 30 1000`. The default
//! ends at 100,000 assets, and takes some minutes to make them.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::fs::{File, symlink_metadata};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use common::peer::Peer;
use common::project::{self, Items, TEMPLATE};
use common::{GPBUILD, in_turn, run, settle, tell_limit, usage, verdict};

const SIZES: [usize; 4] = [30, 1_000, 10_000, 100_000];
/// Says that this process is to look at outputs, and at how many.
const FLOOR: &str = "--floor";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == FLOOR) {
        return floor(arguments[at + 1].parse().unwrap());
    }
    let mut took = Vec::new();
    for n in common::sizes(&SIZES) {
        took.push((n, specs(n)));
        csv(n);
    }
    growth(&took);
}

/// How often, so that every size takes a few seconds.
fn rounds(n: usize) -> usize {
    (200_000 / n).clamp(9, 60)
}

/// A spec of its own for each asset; our median, in milliseconds.
fn specs(n: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project::write(folder, n, Items::Files);
    run(GPBUILD, &["build", "-q"], folder);
    let peers = Peer::all(n);
    settle(folder, &["build"]);
    let build = || run(GPBUILD, &["build"], folder);
    let most = if n < 1_000 { 1.0 } else { 0.5 };
    let mut ours = build();
    for peer in &peers {
        let pairs = in_turn(rounds(n), build, || peer.build());
        pairs.tell(&format!("no-op, {n} specs"), peer.name, most);
        ours = pairs.ours();
    }
    touched(folder, n);
    memory(folder, n);
    ours
}

/// One CSV for all, so that there is nothing to look at but the outputs.
fn csv(n: usize) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project::write(folder, n, Items::Csv);
    run(GPBUILD, &["build", "-q"], folder);
    settle(folder, &["build"]);
    let this = std::env::current_exe().unwrap();
    let (this, size) = (this.to_str().unwrap(), n.to_string());
    let pairs = in_turn(
        rounds(n),
        || run(GPBUILD, &["build"], folder),
        || run(this, &[FLOOR, &size], folder),
    );
    pairs.tell(&format!("no-op, {n} rows of one CSV"), "floor", 1.5);
}

/// What cannot be left out: a process that asks the system for each output, one after another.
fn floor(n: usize) {
    for i in 0..n {
        symlink_metadata(project::output(i)).unwrap();
    }
}

/// The template has a new time and the same contents.
fn touched(folder: &Path, n: usize) {
    let touch = || {
        let template = File::options()
            .append(true)
            .open(folder.join(TEMPLATE))
            .unwrap();
        template.set_modified(SystemTime::now()).unwrap();
        run(GPBUILD, &["build"], folder)
    };
    let pairs = in_turn(rounds(n), touch, || run(GPBUILD, &["build"], folder));
    pairs.tell(&format!("template touched, {n} specs"), "no-op", 1.2);
    touch();
    let plan = Command::new(GPBUILD)
        .args(["plan", "--json"])
        .current_dir(folder)
        .env("GPBUILD_HOME", ".gpbuild")
        .output()
        .unwrap();
    let plan = String::from_utf8(plan.stdout).unwrap();
    assert!(
        plan.contains(&format!("\"fresh\":{n},")),
        "not all are fresh"
    );
}

fn memory(folder: &Path, n: usize) {
    let mut build = Command::new(GPBUILD);
    build
        .arg("build")
        .current_dir(folder)
        .env("GPBUILD_HOME", ".gpbuild");
    if let Some(usage) = usage(&build) {
        let what = format!("memory of the no-op, {n} specs");
        tell_limit(&what, usage.memory, 150.0, "MB");
    }
}

/// The exponent between the smallest and the largest size that take more than a start.
fn growth(took: &[(usize, f64)]) {
    let large: Vec<_> = took.iter().filter(|(n, _)| *n >= 1_000).collect();
    if let (Some((n, first)), Some((m, last))) = (large.first(), large.last())
        && n < m
    {
        let exponent = (last / first).ln() / (*m as f64 / *n as f64).ln();
        let linear = verdict(exponent <= 1.05);
        println!("growth from {n} to {m}: n^{exponent:.2}; must be linear: {linear}");
    }
}
