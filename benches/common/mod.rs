//! What the benches share: runs of two programs in turn, and what came of them. Knows no project.

#![allow(dead_code, reason = "no bench needs all of it")]

pub mod peer;
pub mod project;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Our own binary, of the release profile.
pub const GPBUILD: &str = env!("CARGO_BIN_EXE_gpbuild");
/// After so long no file of a project is young any more: see `crates/plan/src/state.rs`.
pub const SETTLED: Duration = Duration::from_millis(2_200);

/// Runs a program in a folder; how long that took, in milliseconds. It must end well.
pub fn run(program: &str, arguments: &[&str], folder: &Path) -> f64 {
    run_at_home(program, arguments, folder, Path::new(".gpbuild"))
}

/// The same for a person whose folder is `home`.
pub fn run_at_home(program: &str, arguments: &[&str], folder: &Path, home: &Path) -> f64 {
    let began = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("GPBUILD_HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = began.elapsed();
    assert!(status.success(), "{program} {arguments:?}: {status}");
    took.as_secs_f64() * 1e3
}

/// Runs two things in turn, so that both have the same machine: what each run took, and the ratio of each
/// pair.
pub fn in_turn(
    rounds: usize,
    mut one: impl FnMut() -> f64,
    mut other: impl FnMut() -> f64,
) -> Pairs {
    let mut pairs = Pairs::default();
    for _ in 0..rounds {
        let (ours, theirs) = (one(), other());
        pairs.ours.push(ours);
        pairs.theirs.push(theirs);
        pairs.ratios.push(ours / theirs);
    }
    pairs
}

/// Runs of two programs in turn, in milliseconds.
#[derive(Default)]
pub struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
    ratios: Vec<f64>,
}

impl Pairs {
    /// Our median, in milliseconds.
    pub fn ours(&self) -> f64 {
        median(&self.ours)
    }

    /// Their median, in milliseconds.
    pub fn theirs(&self) -> f64 {
        median(&self.theirs)
    }

    /// Says the medians, and whether the ratio is what it must be; besides, the ratio of the fastest runs, which
    /// says more where others use the machine.
    pub fn tell(&self, what: &str, other: &str, most: f64) {
        let ratio = median(&self.ratios);
        let (ours, theirs) = (least(&self.ours), least(&self.theirs));
        println!(
            "{what:44} gpbuild {:>8.2} ms, {other} {:>8.2} ms, ratio {ratio:.3}; must be <= {most}: {}; \
             the fastest {ours:.2} and {theirs:.2} ms, ratio {:.3}",
            self.ours(),
            self.theirs(),
            verdict(ratio <= most),
            ours / theirs,
        );
    }
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The least.
pub fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// In a word.
pub fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "DOES NOT HOLD" }
}

/// Says a figure that has a limit.
pub fn tell_limit(what: &str, value: f64, most: f64, unit: &str) {
    let verdict = verdict(value <= most);
    println!("{what:44} {value:.1} {unit}; must be <= {most}: {verdict}");
}

/// Waits until no file is young, then builds until a build has nothing to write down.
pub fn settle(folder: &Path, arguments: &[&str]) {
    std::thread::sleep(SETTLED);
    for _ in 0..3 {
        run(GPBUILD, arguments, folder);
    }
}

/// What a run used, as GNU time tells it.
pub struct Usage {
    /// From start to end, in seconds.
    pub seconds: f64,
    /// Of the processor, in seconds.
    pub cpu: f64,
    /// At most, in MB.
    pub memory: f64,
}

/// Runs a command under GNU time; nothing, and a word about it, where there is none.
pub fn usage(command: &Command) -> Option<Usage> {
    let report = tempfile::NamedTempFile::new().unwrap();
    let mut timed = Command::new("/usr/bin/time");
    timed
        .args(["-f", "%e %U %S %M", "-o"])
        .arg(report.path())
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (name, value) in command.get_envs() {
        timed.env(name, value.unwrap_or_default());
    }
    if let Some(folder) = command.get_current_dir() {
        timed.current_dir(folder);
    }
    match timed.status() {
        Ok(status) => assert!(status.success(), "{command:?}: {status}"),
        Err(e) => {
            println!(
                "skipped: memory and processor time, because of /usr/bin/time (GNU time): {e}"
            );
            return None;
        }
    }
    let text = std::fs::read_to_string(report.path()).unwrap();
    let figures: Vec<f64> = text
        .split_whitespace()
        .map(|f| f.parse().unwrap())
        .collect();
    Some(Usage {
        seconds: figures[0],
        cpu: figures[1] + figures[2],
        memory: figures[3] / 1024.0,
    })
}

/// The numbers on the command line; `default` if there are none.
pub fn sizes(default: &[usize]) -> Vec<usize> {
    let given: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if given.is_empty() {
        default.to_vec()
    } else {
        given
    }
}

/// Where a program is, if it is on the path.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
