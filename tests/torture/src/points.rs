//! The process is ended before and after every operation on the disk; each of them fails once, and from
//! there on. What is left of a disk that takes no more is told with its place.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use crate::count::Count;
use crate::journal;
use crate::project::Project;
use crate::spread::spread;

/// Slides of each project.
const SLIDES: u64 = 3;
/// The same where each of them is asked for twice.
const JUDGED_SLIDES: u64 = 2;
/// How long the server takes.
const LATENCY: Duration = Duration::from_millis(2);

fn project(binary: &Path, judge: &'static str) -> Project {
    let slides = match judge {
        "" => SLIDES,
        _ => JUDGED_SLIDES,
    };
    Project::judged(binary, slides, LATENCY, judge)
}

/// The operations of a run with nothing wrong, and where they are, as a line to print.
fn operations(binary: &Path, judge: &'static str, arguments: &[&str]) -> u64 {
    let ops = journal::record(&project(binary, judge), arguments);
    let places: BTreeSet<String> = ops
        .iter()
        .map(|op| {
            let inside = op.path.strip_prefix("home/").unwrap_or(&op.path);
            let inside = inside.strip_prefix("store/").unwrap_or(inside);
            let place = inside.split('/').next().unwrap_or_default();
            let place = if place.starts_with(".gpbuild-tmp") {
                ""
            } else {
                place
            };
            format!("{} {place}", op.verb)
        })
        .collect();
    println!("{} operations of {} kinds", ops.len(), places.len());
    ops.len() as u64
}

/// Ends the process before and after every operation, with one job and with several; `judge` is what is found in the rolls
/// of each shot, if they are judged.
pub fn kills(binary: &Path, judge: &'static str) -> Count {
    let mut count = Count::default();
    for jobs in ["1", "8"] {
        let arguments = ["build", "--yes", "-q", "--jobs", jobs];
        let cases = (1..=operations(binary, judge, &arguments) + 4)
            .flat_map(|n| ["kill-before", "kill-after"].map(|kind| format!("{kind}:::{n}")));
        count += spread(cases, |fault| {
            let project = project(binary, judge);
            let mut command = project.command(&arguments);
            command.env("GPBUILD_FAULT", &fault).output().unwrap();
            project.hold(&format!("{fault}, {jobs} jobs"))
        });
    }
    count
}

/// Lets operations fail: each once, and from each on all that come after it.
pub fn errors(binary: &Path) -> Count {
    let arguments = ["build", "--yes", "-q", "--jobs", "1"];
    let operations = operations(binary, "", &arguments);
    let mut faults = Vec::new();
    for on in ["", "+"] {
        for kind in ["eio", "enospc", "erofs"] {
            faults.extend((1..=operations).map(|n| format!("{kind}:::{n}{on}")));
        }
        faults.extend((1..=60).map(|n| format!("eio:read::{n}{on}")));
    }
    spread(faults, |fault| error(binary, &arguments, &fault))
}

fn error(binary: &Path, arguments: &[&str], fault: &str) -> Count {
    let project = project(binary, "");
    let mut command = project.command(arguments);
    let output = command.env("GPBUILD_FAULT", fault).output().unwrap();
    project.settle();
    let mut count = Count::default();
    if let Some(what) = badly_told(&output) {
        let err = String::from_utf8_lossy(&output.stderr);
        println!("{fault}: {what}: {:?}\n{err}", output.status.code());
        count.wrong += 1;
    }
    move_back(&project, &output);
    count += project.hold(fault);
    count
}

/// What is wrong with how a failure was told: it has to have an exit code of its own and to name a path.
fn badly_told(output: &Output) -> Option<&'static str> {
    let err = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        // What could be done without was done without: the state, a folder that is there already.
        Some(0) => None,
        Some(1..=5) if err.contains("cannot ") && err.contains('`') => None,
        Some(1..=5) => Some("no path is told"),
        _ => Some("a failure of the disk is a bug, or none that is told"),
    }
}

/// Does what the help says: moves an answer from where it was kept to where it belongs.
fn move_back(project: &Project, output: &Output) {
    let err = String::from_utf8_lossy(&output.stderr);
    // What is told of an asset may be told again at the end.
    let lines: BTreeSet<&str> = err
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("make room, move that to `"))
        .collect();
    for line in lines {
        let mut quoted = line.split('`').skip(1).step_by(2);
        let (from, to) = (quoted.next().unwrap(), quoted.next().unwrap());
        let to = project.place().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
        std::fs::remove_file(from).unwrap();
    }
}
