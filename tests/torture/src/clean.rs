//! The checkout is wiped at random instants of a paid run, as by `git clean -fdx`, `rm -rf .gpbuild` and
//! `git stash -a`: what was paid for is not in it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::count::Count;
use crate::project::{PLACE, Project, read};
use crate::random::Random;
use crate::spread::spread;

/// So many projects, each wiped several times until its carousel is done.
pub fn wipes(binary: &Path, projects: u64) -> Count {
    spread(0..projects, |seed| {
        let project = Project::new(binary, 8, Duration::from_millis(20));
        let mut random = Random::new(seed);
        let manifest = project
            .files()
            .remove(&format!("{PLACE}/gpbuild.toml"))
            .unwrap();
        let mut wiped = 0;
        for _ in 0..4 {
            let mut command = project.command(&["build", "--yes", "-q"]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            while child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(random.below(80_000)));
                wipe(&project, random.below(3));
                wiped += 1;
            }
            project.write(&format!("{PLACE}/gpbuild.toml"), &manifest);
        }
        Count {
            cases: wiped,
            ..project.hold(&format!("wiped {seed}"))
        }
    })
}

/// Removes gpbuild's own folder, all that git does not know, or everything.
fn wipe(project: &Project, way: u64) {
    for path in read(&project.place()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let goes = match way {
            0 => name == ".gpbuild",
            1 => name != "gpbuild.toml",
            _ => true,
        };
        if !goes {
            continue;
        }
        // What is written meanwhile may be in the way of it.
        let _ = match path.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false => std::fs::remove_file(&path),
        };
    }
}
