//! The process is ended before and after every operation on the disk while it takes over what an older gpbuild left
//! in a project.

use std::path::Path;
use std::time::Duration;

use crate::count::Count;
use crate::journal;
use crate::project::{PLACE, Project};
use crate::spread::spread;

/// Slides of each project.
const SLIDES: u64 = 3;
/// One after another, so that each run does the same to the disk.
const ARGUMENTS: [&str; 5] = ["build", "--yes", "-q", "--jobs", "1"];

/// A project with an old store in it, and no outputs: all that was paid for is there.
fn old(binary: &Path) -> Project {
    let project = Project::new(binary, SLIDES, Duration::ZERO);
    let mut build = project.command(&ARGUMENTS);
    let output = build.env("GPBUILD_HOME", ".gpbuild").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    project.write(&format!("{PLACE}/.git/HEAD"), b"ref: refs/heads/main\n");
    std::fs::remove_dir_all(project.place().join("dist")).unwrap();
    std::fs::remove_file(project.place().join("gpbuild.lock")).unwrap();
    // What is the older one's is its store and its ledger.
    let _ = std::fs::remove_file(project.place().join(".gpbuild/state"));
    project
}

/// Ends the process before and after every operation.
pub fn kills(binary: &Path) -> Count {
    let operations = journal::record(&old(binary), &ARGUMENTS).len() as u64;
    println!("{operations} operations");
    let cases = (1..=operations + 2)
        .flat_map(|n| ["kill-before", "kill-after"].map(|kind| format!("{kind}:::{n}")));
    spread(cases, |fault| {
        let project = old(binary);
        let mut command = project.command(&ARGUMENTS);
        command.env("GPBUILD_FAULT", &fault).output().unwrap();
        project.hold(&format!("adopting, {fault}"))
    })
}
