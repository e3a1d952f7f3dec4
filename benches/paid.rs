//! Shots over the network against the ideal: what latency, `--jobs` and the order of a series allow.
//! Prints ratios; nothing here is a test.
//!
//! `cargo bench --bench paid` runs the binary of the release profile against a server in this process.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench: it has a clock and prints, and a panic is how it fails"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api_server::{Options, Server};

/// A build of one kind.
struct Work {
    name: &'static str,
    /// Slides in a carousel, or covers.
    n: usize,
    series: bool,
    latency: Duration,
    jobs: usize,
}

impl Work {
    fn manifest(&self) -> String {
        let mut text = "[defaults]\nmodel = \"openai/gpt-image-2\"\nquality = \"low\"\nsize = \"800x800\"\n[carousel.c]\n".to_owned();
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
        let build = || {
            let began = Instant::now();
            let status = Command::new(env!("CARGO_BIN_EXE_gpbuild"))
                .args(["build", "--yes", "-q", "--jobs", &self.jobs.to_string()])
                .current_dir(folder.path())
                .env("OPENAI_API_KEY", server.key())
                .env("OPENAI_BASE_URL", server.base_url())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
            began.elapsed()
        };
        let took = build();
        let stats = server.stats();
        assert_eq!(stats.accepted, self.n as u64);
        let again = build();
        assert_eq!(server.stats().arrived, stats.arrived);
        println!(
            "{:28} {:>7.3} s, ideal {:>6.3} s, ratio {:.3}; most at once {}; again {:.1} ms",
            self.name,
            took.as_secs_f64(),
            self.ideal().as_secs_f64(),
            took.as_secs_f64() / self.ideal().as_secs_f64(),
            stats.max_in_flight,
            again.as_secs_f64() * 1e3,
        );
    }
}

fn main() {
    let seconds = Duration::from_secs;
    for work in [
        Work {
            name: "30 slides, series first",
            n: 30,
            series: true,
            latency: seconds(2),
            jobs: 8,
        },
        Work {
            name: "300 shots",
            n: 300,
            series: false,
            latency: seconds(2),
            jobs: 8,
        },
    ] {
        work.run();
    }
}
