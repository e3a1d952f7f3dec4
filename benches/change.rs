//! One spec of ten thousand changed: against tools that read `build.ninja` and run a `cp`, and beyond the drawing
//! of the picture itself.
//!
//! `cargo bench --bench change`, or with another size: `cargo bench --bench change -- 1000`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::path::Path;

use common::peer::Peer;
use common::project::{self, Items};
use common::{GPBUILD, in_turn, median, run, settle};

const ROUNDS: usize = 15;

fn main() {
    for n in common::sizes(&[10_000]) {
        let peers = Peer::all(n);
        one_of(n, &peers, Items::Files, &["build"], "one spec changed");
        let draft = &["build", "--draft"];
        one_of(n, &peers, Items::Files, draft, "one spec changed, --draft");
        one_of(
            n,
            &peers,
            Items::Csv,
            &["build"],
            "one row of a CSV changed",
        );
    }
}

fn one_of(n: usize, peers: &[Peer], items: Items, arguments: &[&str], what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project::write(folder, n, items);
    run(GPBUILD, arguments, folder);
    settle(folder, arguments);
    let drawing = drawing(arguments);
    println!("the drawing itself {drawing:.2} ms, left out of what follows");
    for peer in peers {
        let (mut ours, mut theirs) = (Change::default(), Change::default());
        let pairs = in_turn(
            ROUNDS,
            || {
                ours.next(folder, n, items);
                run(GPBUILD, arguments, folder) - drawing
            },
            || {
                theirs.next(peer.folder(), n, Items::Files);
                peer.build()
            },
        );
        pairs.tell(&format!("{what}, of {n}"), peer.name, 1.0);
    }
}

/// What it takes to make an asset of a project that has no other, beyond a run with nothing to do; in
/// milliseconds.
fn drawing(arguments: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project::write(folder, 1, Items::Files);
    run(GPBUILD, arguments, folder);
    settle(folder, arguments);
    let mut change = Change::default();
    let times = (0..ROUNDS).map(|_| {
        change.next(folder, 1, Items::Files);
        let made = run(GPBUILD, arguments, folder);
        made - run(GPBUILD, arguments, folder)
    });
    median(&times.collect::<Vec<f64>>())
}

/// Changes another asset each time.
#[derive(Default)]
struct Change {
    version: usize,
}

impl Change {
    fn next(&mut self, folder: &Path, n: usize, items: Items) {
        self.version += 1;
        let i = (self.version * 37) % n;
        if items == Items::Files {
            let text = project::spec_text(i, self.version);
            return std::fs::write(folder.join(project::spec(i)), text).unwrap();
        }
        let rows = folder.join(project::ROWS);
        let text = std::fs::read_to_string(&rows).unwrap();
        let version = self.version;
        let text = text.replace(
            &format!("Picture {i:06},"),
            &format!("Picture {i:06} of {version},"),
        );
        std::fs::write(rows, text).unwrap();
    }
}
