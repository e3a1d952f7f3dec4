//! SIGKILL at random instants, several in each project, until its carousel is done.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::count::Count;
use crate::project::Project;
use crate::random::Random;
use crate::spread::spread;

/// So many kills, in projects that have a seed each.
pub fn kills(binary: &Path, kills: u64, slides: u64, latency: u64, first_seed: u64) -> Count {
    let left = AtomicU64::new(kills);
    let take = || {
        left.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1))
            .is_ok()
    };
    let seeds = (first_seed..).take_while(|_| left.load(Relaxed) > 0);
    spread(seeds, |seed| {
        let project = Project::new(binary, slides, Duration::from_millis(latency));
        let mut random = Random::new(seed);
        let mut killed = 0;
        while take() {
            let mut child = project
                .command(&["build", "--yes", "-q", "--retry-in-doubt"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // Long enough for a few slides each time, short enough for several kills in one carousel.
            std::thread::sleep(Duration::from_micros(random.below(latency * 8 * 1000)));
            let ended = child.try_wait().unwrap().is_some();
            if ended {
                left.fetch_add(1, Relaxed);
            } else {
                child.kill().unwrap();
                killed += 1;
            }
            child.wait().unwrap();
            project.settle();
            if ended {
                break;
            }
        }
        Count {
            cases: killed,
            // Here doubts are asked for again between kills: `hold` counts them against the ledger.
            ..project.hold_after_doubts(&format!("seed {seed}"))
        }
    })
}
