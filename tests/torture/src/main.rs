//! Does to gpbuild what no test has the time for, and counts: what was paid, what was lost, what was paid
//! twice. Every case is told by its seed or its number, so that it can be tried again.
//!
//! ```text
//! cargo build --release --features faults
//! cargo run --release -p torture -- target/release/gpbuild all
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "test code: it has a clock and prints, and a panic is how it fails, and each tells its case from beginning to end"
)]

mod adopt;
mod answers;
mod batches;
mod clean;
mod count;
mod crowd;
mod damage;
mod journal;
mod kill;
mod load;
mod points;
mod power;
mod programs;
mod project;
mod providers;
mod shots;
mod spread;
mod tickets;
mod worktrees;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use count::Count;
use support::random;

/// The first roll of each shot is wrong, the second is right.
const ROLLS: &str = "1,0";

/// Tries to make gpbuild lose a picture or pay for one twice.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary, built with `--features faults`
    binary: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// SIGKILL at random instants
    Kill {
        /// How many kills
        #[arg(long, default_value_t = 1000)]
        kills: u64,
        /// Slides in the carousel
        #[arg(long, default_value_t = 30)]
        slides: u64,
        /// The first seed: each project of the run has one of its own
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How long the server takes to answer, in milliseconds
        #[arg(long, default_value_t = 40)]
        latency: u64,
    },
    /// The end before and after every operation on the disk
    Points,
    /// The same while a provider of tickets is asked
    Tickets,
    /// The same while requests are sent in batches, and at random instants
    Batches {
        /// How many projects with kills at random instants
        #[arg(long, default_value_t = 200)]
        random: u64,
    },
    /// The same while providers of the built-in table are asked
    Providers,
    /// SIGKILL at random instants while providers of tickets of the built-in table are asked, and are odd at times
    ProvidersRandom {
        /// How many projects with each
        #[arg(long, default_value_t = 200)]
        projects: u64,
    },
    /// A power cut after every operation while they are asked
    ProvidersPower,
    /// The same while answers are judged, and each shot gets a second roll; and crowds of such gpbuilds
    Rolls,
    /// The same while programs of the person's own make pictures
    Programs,
    /// EIO, ENOSPC, EROFS and short writes at every operation
    Disk,
    /// A power cut after every operation
    Power,
    /// Ten gpbuilds at once
    Crowd {
        /// How many crowds
        #[arg(long, default_value_t = 50)]
        crowds: u64,
    },
    /// The checkout is wiped in the middle of paid runs
    Clean {
        /// How many projects
        #[arg(long, default_value_t = 40)]
        projects: u64,
    },
    /// Four worktrees at once
    Worktrees {
        /// How many times
        #[arg(long, default_value_t = 50)]
        times: u64,
    },
    /// The end at every operation while an old store is taken over
    Adopt,
    /// Damage to every byte of small files, and to large ones
    Damage {
        /// How many flips of large objects
        #[arg(long, default_value_t = 10_000)]
        flips: u64,
    },
    /// Answers that no API should give
    Answers {
        /// How many
        #[arg(long, default_value_t = 5000)]
        answers: u64,
        /// The first seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// What `answers` begins this program with
    #[command(hide = true)]
    ServeAnswers,
    /// Large projects: prints times and memory
    Load,
    /// All of it, but for the load
    All,
}

impl What {
    fn run(&self, binary: &Path) -> Count {
        match *self {
            Self::Kill {
                kills,
                slides,
                seed,
                latency,
            } => kill::kills(binary, kills, slides, latency, seed),
            Self::Points => points::kills(binary, ""),
            Self::Tickets => tickets::kills(binary, ""),
            Self::Batches { random } => batches::kills(binary, random),
            Self::Providers => providers::kills(binary),
            Self::ProvidersRandom { projects } => providers::at_random(binary, projects),
            Self::ProvidersPower => providers::cuts(binary),
            Self::Rolls => {
                let mut count = points::kills(binary, ROLLS);
                count += tickets::kills(binary, ROLLS);
                count += crowd::crowds(binary, 20, ROLLS);
                count
            }
            Self::Programs => programs::kills(binary),
            Self::Disk => points::errors(binary),
            Self::Power => power::cuts(binary),
            Self::Crowd { crowds } => crowd::crowds(binary, crowds, ""),
            Self::Adopt => adopt::kills(binary),
            Self::Clean { projects } => clean::wipes(binary, projects),
            Self::Worktrees { times } => worktrees::worktrees(binary, times),
            Self::Damage { flips } => damage::damage(binary, flips),
            Self::Answers { answers, seed } => answers::answers(answers, seed),
            Self::ServeAnswers => answers::server(),
            Self::Load => load::load(binary),
            Self::All => {
                let mut count = Count::default();
                for what in [
                    Self::Points,
                    Self::Tickets,
                    Self::Batches { random: 200 },
                    Self::Providers,
                    Self::ProvidersRandom { projects: 200 },
                    Self::ProvidersPower,
                    Self::Rolls,
                    Self::Programs,
                    Self::Disk,
                    Self::Power,
                    Self::Crowd { crowds: 50 },
                    Self::Adopt,
                    Self::Clean { projects: 40 },
                    Self::Worktrees { times: 50 },
                    Self::Damage { flips: 10_000 },
                    Self::Answers {
                        answers: 5000,
                        seed: 1,
                    },
                    Self::Kill {
                        kills: 1000,
                        slides: 30,
                        seed: 1,
                        latency: 40,
                    },
                ] {
                    count += what.told(binary);
                }
                count
            }
        }
    }

    /// Runs it, and prints the figures.
    fn told(&self, binary: &Path) -> Count {
        let began = Instant::now();
        let count = self.run(binary);
        println!("{self:?} ({:.0} s): {count}", began.elapsed().as_secs_f64());
        count
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let binary = std::fs::canonicalize(&arguments.binary).expect("the binary");
    let count = arguments.what.told(&binary);
    ExitCode::from(u8::from(!count.is_good()))
}
