//! Ten gpbuilds at once in one project: each shot is asked for once in all, whoever asks.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::count::Count;
use crate::project::Project;
use crate::random::Random;
use crate::spread::spread;

/// So many crowds of ten; in every second one some are killed. `judge` is what is found in the rolls of each shot, if they are
/// judged.
pub fn crowds(binary: &Path, crowds: u64, judge: &'static str) -> Count {
    spread(0..crowds, |seed| {
        let project = Project::judged(binary, 4, Duration::from_millis(10), judge);
        let mut random = Random::new(seed);
        let mut children: Vec<_> = (0..10)
            .map(|_| {
                let mut command = project.command(&["build", "--yes", "-q"]);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        if seed % 2 == 1 {
            for child in &mut children[..4] {
                std::thread::sleep(Duration::from_millis(random.below(40)));
                child.kill().unwrap();
            }
        }
        for mut child in children {
            child.wait().unwrap();
        }
        project.hold(&format!("crowd {seed}"))
    })
}
