//! Shots over the network against the ideal: what latency, `--jobs` and the order of a series allow, with how
//! much of the processor; and the memory of eight large pictures at once. Prints ratios; nothing here is a test.
//!
//! `cargo bench --bench paid` runs the binary of the release profile against a server in this process.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api_server::{Options, Server};

use common::{tell_limit, usage, verdict};

/// The longest time for a build, against the ideal.
const MOST: f64 = 1.03;
/// The largest share of the wall time that the processor may be at work.
const MOST_CPU: f64 = 5.0;
/// The most memory that pictures in flight may take, in MB.
const MOST_MEMORY: f64 = 120.0;

/// A build of one kind.
struct Work {
    name: &'static str,
    /// Slides in a carousel, or covers.
    n: usize,
    series: bool,
    size: &'static str,
    latency: Duration,
    jobs: usize,
}

impl Work {
    fn manifest(&self) -> String {
        let mut text = format!(
            "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"{}\"\n[carousel.c]\n",
            self.size
        );
        if self.series {
            text += "series = \"first\"\n";
        }
        for n in 1..=self.n {
            text += &format!("[[carousel.c.slide]]\ntext = {{ headline = \"page {n}\" }}\n");
        }
        text
    }

    /// The time that nothing can be faster than.
    fn ideal(&self) -> Duration {
        let first = usize::from(self.series);
        let rounds = first + (self.n - first).div_ceil(self.jobs);
        self.latency * u32::try_from(rounds).unwrap()
    }

    fn run(&self) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("gpbuild.toml"), self.manifest()).unwrap();
        let server = Server::start(Options {
            latency: self.latency,
            ..Options::default()
        });
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gpbuild"));
            command
                .args(["build", "--yes", "-q", "--jobs", &self.jobs.to_string()])
                .current_dir(folder.path())
                .env("GPBUILD_HOME", ".gpbuild")
                .env("OPENAI_API_KEY", server.key())
                .env("OPENAI_BASE_URL", server.base_url())
                .stderr(Stdio::null());
            command
        };
        let build = || {
            let began = Instant::now();
            let used = usage(&command());
            if used.is_none() {
                assert!(command().status().unwrap().success());
            }
            (began.elapsed(), used)
        };
        let (took, used) = build();
        let stats = server.stats();
        assert_eq!(stats.accepted, self.n as u64);
        let (again, idle) = build();
        assert_eq!(server.stats().arrived, stats.arrived);
        let ratio = took.as_secs_f64() / self.ideal().as_secs_f64();
        println!(
            "{:44} {:>7.3} s, ideal {:>6.3} s, ratio {ratio:.3}; must be <= {MOST}: {}; most at once {}; again {:.1} ms",
            self.name,
            took.as_secs_f64(),
            self.ideal().as_secs_f64(),
            verdict(ratio <= MOST),
            stats.max_in_flight,
            again.as_secs_f64() * 1e3,
        );
        if let (Some(used), Some(idle)) = (used, idle) {
            let share = 100.0 * used.cpu / used.seconds;
            tell_limit("  processor", share, MOST_CPU, "% of the wall time");
            let more = used.memory - idle.memory;
            tell_limit("  memory above the idle", more, MOST_MEMORY, "MB");
        }
    }
}

fn main() {
    let seconds = Duration::from_secs;
    for work in [
        Work {
            name: "30 slides, series first",
            n: 30,
            series: true,
            size: "800x800",
            latency: seconds(2),
            jobs: 8,
        },
        Work {
            name: "300 shots",
            n: 300,
            series: false,
            size: "800x800",
            latency: seconds(2),
            jobs: 8,
        },
        Work {
            name: "8 shots of 4K",
            n: 8,
            series: false,
            size: "3840x2160",
            latency: seconds(2),
            jobs: 8,
        },
    ] {
        work.run();
    }
}
