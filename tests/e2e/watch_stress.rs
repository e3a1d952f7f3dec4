//! `watch` under fire: saves, renames, deletions and checkouts, as fast as they come. Whatever it saw on the
//! way, what it leaves is what a clean build makes. `WATCH_CHANGES=2000 cargo test --test e2e watch_stress` makes as many.

mod tree;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::random::Random;
use crate::watcher::Watch;
use tree::Tree;

/// Longer than the last builds take, however busy the machine.
const LONG: Duration = Duration::from_secs(60);

const PREVIEW: &str = ".gpbuild/preview";

/// So many changes, unless `WATCH_CHANGES` says otherwise: what takes some seconds.
const CHANGES: usize = 200;

#[test]
fn after_many_changes_the_previews_are_those_of_a_clean_build() {
    let wanted = std::env::var("WATCH_CHANGES");
    let many = wanted.map_or(CHANGES, |n| n.parse().expect("WATCH_CHANGES is a number"));
    changes(many, (many / 100).clamp(1, 10), 1);
}

/// Changes the project so many times. On the way it is held against a clean build so many times: a change that
/// nobody heard of would be healed by the next one.
fn changes(changes: usize, parts: usize, seed: u64) {
    let mut tree = Tree::new(Random::new(seed));
    let watch = Watch::start(&tree.project, &["--draft"]);
    // And their index.
    assert_eq!(tree.project.files(PREVIEW).len(), 301);
    for part in 1..=parts {
        for _ in 0..changes / parts {
            tree.change();
        }
        tree.mend();
        hold(&tree.project, &format!("seed {seed}, part {part}"));
    }
    watch.settle();
    assert!(watch.is_quiet(), "its own outputs woke it");
    hold(&tree.project, "in the end");
    watch.end_well();
}

/// Waits until the previews are those of a clean build of the same files in another folder.
fn hold(project: &Project, when: &str) {
    let clean = project.fresh_clone();
    clean.ok(&["--draft"]);
    let wanted = pictures(&clean);
    let deadline = Instant::now() + LONG;
    loop {
        let found = pictures(project);
        if found == wanted {
            return;
        }
        if Instant::now() > deadline {
            let names = |a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>| {
                let odd = a
                    .iter()
                    .filter(|(name, bytes)| b.get(*name) != Some(*bytes));
                odd.map(|(name, _)| name.clone()).collect::<Vec<_>>()
            };
            panic!(
                "{when}: of a clean build, not here: {:?}; here, not of a clean build: {:?}",
                names(&wanted, &found),
                names(&found, &wanted),
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every preview with its bytes; those that go while they are read are none.
fn pictures(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let names = project.files(PREVIEW).into_iter();
    names
        .filter_map(|name| {
            let bytes = std::fs::read(project.path(&name)).ok()?;
            Some((name, bytes))
        })
        .collect()
}
