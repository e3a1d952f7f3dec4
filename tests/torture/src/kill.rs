//! SIGKILL at random instants, several in each project, until its carousel is done.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::count::Count;
use crate::project::Project;
use crate::random::Random;

/// So many kills.
pub fn kills(binary: &Path, kills: u64, slides: u64, latency: u64, first_seed: u64) -> Count {
    let mut count = Count::default();
    let (mut killed, mut seed) = (0, first_seed);
    while killed < kills {
        let project = Project::new(binary, slides, Duration::from_millis(latency));
        let mut random = Random::new(seed);
        let before = killed;
        while killed < kills {
            let mut child = project
                .command(&["build", "--yes", "-q", "--retry-in-doubt"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // Long enough for a few slides each time, short enough for several kills in one carousel.
            std::thread::sleep(Duration::from_micros(random.below(latency * 8 * 1000)));
            let ended = child.try_wait().unwrap().is_some();
            if !ended {
                child.kill().unwrap();
                killed += 1;
            }
            child.wait().unwrap();
            project.settle();
            if ended {
                break;
            }
        }
        count += Count {
            cases: killed - before,
            // Here doubts are asked for again between kills: `hold` counts them against the ledger.
            ..project.hold_after_doubts(&format!("seed {seed}"))
        };
        seed += 1;
    }
    count
}
