//! Four worktrees of one project at once: each shot is asked for once in all, whoever asks, and whoever of them is
//! killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::count::Count;
use crate::project::{PLACE, Project};
use crate::random::Random;
use crate::spread::spread;

/// The other three checkouts.
const OTHERS: [&str; 3] = ["q", "r", "s"];

/// So many times four; in every second one some are killed.
pub fn worktrees(binary: &Path, times: u64) -> Count {
    spread(0..times, |seed| {
        let project = Project::new(binary, 6, Duration::from_millis(15));
        for name in OTHERS {
            project.add_worktree(name);
        }
        let mut random = Random::new(seed);
        let mut children: Vec<_> = [PLACE]
            .iter()
            .chain(&OTHERS)
            .map(|name| {
                let mut command = project.command_in(name, &["build", "--yes", "-q"]);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        if seed % 2 == 1 {
            for child in &mut children[..2] {
                std::thread::sleep(Duration::from_millis(random.below(60)));
                child.kill().unwrap();
            }
        }
        for mut child in children {
            child.wait().unwrap();
        }
        let case = format!("worktrees {seed}");
        let mut count = project.hold(&case);
        let paid = project.server.stats().accepted;
        for name in OTHERS {
            let output = project.command_in(name, &["build", "-q"]).output().unwrap();
            if !output.status.success() {
                println!("{case}: {name} does not get done: {output:?}");
                count.wrong += 1;
            }
        }
        count.twice += project.server.stats().accepted - paid;
        count
    })
}
