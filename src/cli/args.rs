//! The command line as it may be typed: its commands and flags. Knows nothing of what they do.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::command::import::Import;
use crate::command::log::By;
use crate::command::pick::Choice;
use crate::runs::RunId;
use base::digest::Digest;
use declare::manifest::EditStep;
use lang::Lang;
use model::Micro;
use report::ColorChoice;

/// The build tool for generated pictures: declared in TOML, made once, cached, locked.
///
/// Without a command, `gpbuild` builds: it makes every picture that is not fresh.
#[derive(Debug, Parser)]
#[command(name = "gpbuild", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) build: BuildFlags,
    #[command(flatten)]
    pub(super) resolve: ResolveFlags,
    #[command(flatten)]
    pub(super) common: CommonFlags,
}

#[derive(Debug, Args)]
pub(super) struct CommonFlags {
    /// Work in this folder, or in the project that it is in
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(super) directory: Option<PathBuf>,
    /// One JSON object a line on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Colour: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, value_parser = ColorChoice::NAMES)]
    pub(super) color: Option<String>,
    /// Language: en, zh [default: that of the locale]
    #[arg(long, value_name = "LANGUAGE", global = true, value_parser = Lang::NAMES)]
    pub(super) lang: Option<String>,
    /// Say less; twice: only errors
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) quiet: u8,
    /// Say more; twice: keys too
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,
}

#[derive(Debug, Args)]
pub(super) struct ResolveFlags {
    /// Use `[profile.NAME.defaults]`
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) profile: Option<String>,
    /// Draw everything locally, into `.gpbuild/preview`; the same as `--profile draft`
    #[arg(long, global = true, conflicts_with = "profile")]
    pub(super) draft: bool,
    /// Make every asset with this model
    #[arg(long, value_name = "P/M", global = true, conflicts_with = "draft")]
    pub(super) model: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(super) struct BuildFlags {
    /// At most so many pictures at once [default: one for each core, 8 requests]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// The lock must already answer everything: make nothing that it does not
    #[arg(long, conflicts_with_all = ["force", "prune", "batch", "wait", "retry_in_doubt"])]
    pub(super) locked: bool,
    /// Replace outputs that were edited by hand; never pays for anything
    #[arg(long)]
    pub(super) force: bool,
    /// Begin nothing more once an asset failed
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Remove outputs that no asset declares any more
    #[arg(long)]
    pub(super) prune: bool,
    /// Spend at most so much in this run, without asking
    #[arg(long, value_name = "USD", value_parser = dollars)]
    pub(super) max_cost: Option<Micro>,
    /// Agree to what the run costs
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Send requests again that may have been paid for already
    #[arg(long)]
    pub(super) retry_in_doubt: bool,
    /// Send paid requests in batches, at the price of batches; they take up to a day, and a later build collects them
    #[arg(long)]
    pub(super) batch: bool,
    /// Wait until what is in batches is there, and go on with what needs it
    #[arg(long)]
    pub(super) wait: bool,
    /// Decide all that may be asked or refused, then go on without this terminal: `gpbuild status` tells how it stands
    #[arg(long)]
    pub(super) detach: bool,
    /// What `--detach` begins this program with.
    #[arg(long, hide = true, value_parser = Detached::parse, conflicts_with = "detach")]
    pub(super) detached: Option<Detached>,
}

/// A run that was agreed to in another process: its id, and the digest of its plan.
#[derive(Clone, Debug)]
pub(super) struct Detached {
    /// The run.
    pub(super) run: RunId,
    /// What was agreed to.
    pub(super) plan: Digest,
}

impl Detached {
    fn parse(text: &str) -> Result<Self, String> {
        let (run, plan) = text.split_once(':').unwrap_or_default();
        match (RunId::parse(run), Digest::parse(plan)) {
            (Some(run), Some(plan)) => Ok(Self { run, plan }),
            _ => Err("that is for gpbuild itself: write `--detach`".to_owned()),
        }
    }
}

impl fmt::Display for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.run, self.plan)
    }
}

/// The name of a run.
fn run_id(text: &str) -> Result<RunId, String> {
    RunId::parse(text)
        .ok_or_else(|| "no run has such a name: `gpbuild status` shows the last one's".to_owned())
}

/// `headline=你好`.
fn role_and_words(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((role, words)) => Ok((role.trim().to_owned(), words.to_owned())),
        None => Err("write a role and its words, as in `headline=30 天上手`".to_owned()),
    }
}

/// `2`, `0.50`, `$1.20`.
fn dollars(text: &str) -> Result<Micro, String> {
    let digits = text.strip_prefix('$').unwrap_or(text);
    Micro::parse(digits).ok_or_else(|| "write US dollars, as in `2.50`".to_owned())
}

// No doc comment: clap would take it for the help of the command.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct WatchFlags {
    /// Make the real pictures, within the budget
    #[arg(long)]
    pub(super) paid: bool,
    /// With `--paid`: spend at most so much at each save, without asking
    #[arg(long, value_name = "USD", value_parser = dollars, requires = "paid")]
    pub(super) max_cost: Option<Micro>,
    /// At most so many pictures at once [default: one for each core, 8 requests]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Show no page [default: on a terminal there is one]
    #[arg(long, conflicts_with = "port")]
    pub(super) no_page: bool,
    /// Show the page on this port [default: any that is free]
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// Open the page in a browser
    #[arg(long, conflicts_with = "no_page")]
    pub(super) open: bool,
}

// No doc comment, as above.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct PlanFlags {
    /// Plan as `build --locked`
    #[arg(long, conflicts_with_all = ["force", "batch"])]
    pub(super) locked: bool,
    /// Plan as `build --force`
    #[arg(long)]
    pub(super) force: bool,
    /// End with 10 if a build would do anything
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Plan as `build --batch`, and tell both prices
    #[arg(long)]
    pub(super) batch: bool,
}

// No doc comment, as above.
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// What is to be different
    #[arg(value_name = "CHANGE")]
    pub(super) change: String,
    /// What is to stay [default: everything else]
    #[arg(long, value_name = "WHAT")]
    pub(super) keep: Option<String>,
    /// The words from this step on, as `ROLE=WORDS`; may be given several times
    #[arg(long, value_name = "ROLE=WORDS", value_parser = role_and_words)]
    pub(super) text: Vec<(String, String)>,
    /// A picture whose transparent parts may change, from the manifest's folder
    #[arg(long, value_name = "FILE")]
    pub(super) mask: Option<String>,
}

impl From<EditArgs> for EditStep {
    fn from(args: EditArgs) -> Self {
        let EditArgs {
            change,
            keep,
            text,
            mask,
        } = args;
        Self {
            change,
            keep,
            text,
            mask,
        }
    }
}

// No doc comment, as above.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct PickArgs {
    /// The candidate, from 1
    #[arg(value_name = "N")]
    pub(super) number: Option<usize>,
    /// Of this shot, from 1: the picture before any edit is 1 [default: the last one]
    #[arg(long, value_name = "K")]
    pub(super) shot: Option<usize>,
    /// Take it in place of a picture that was accepted from a person
    #[arg(long)]
    pub(super) force: bool,
}

impl From<PickArgs> for Choice {
    fn from(args: PickArgs) -> Self {
        let PickArgs {
            number,
            shot,
            force,
        } = args;
        Self {
            number,
            shot,
            force,
        }
    }
}

// No doc comment, as above.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// PNG, JPEG or WebP; several are candidates, and the first of them is picked
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// As this shot, from 1: the picture before any edit is 1 [default: the next one that is missing]
    #[arg(long, value_name = "K")]
    pub(super) shot: Option<usize>,
    /// Take pictures that are too small, and scale them up
    #[arg(long)]
    pub(super) upscale: bool,
    /// Take them in place of what is there, which stays behind them as candidates
    #[arg(long)]
    pub(super) force: bool,
}

impl ImportArgs {
    /// What is to be taken as a shot of this asset, with files as they were typed in the folder `here`.
    pub(super) fn of(self, asset: String, here: &Path) -> Import {
        let Self {
            files,
            shot,
            upscale,
            force,
        } = self;
        Import {
            asset,
            files: files.iter().map(|file| here.join(file)).collect(),
            shot,
            upscale,
            force,
        }
    }
}

impl BuildFlags {
    /// The flags that were given, for the message that they stand in the wrong place.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let Self {
            jobs,
            locked,
            force,
            fail_fast,
            prune,
            max_cost,
            yes,
            retry_in_doubt,
            batch,
            wait,
            detach,
            detached,
        } = self;
        [
            (jobs.is_some(), "--jobs"),
            (*locked, "--locked"),
            (*force, "--force"),
            (*fail_fast, "--fail-fast"),
            (*prune, "--prune"),
            (max_cost.is_some(), "--max-cost"),
            (*yes, "--yes"),
            (*retry_in_doubt, "--retry-in-doubt"),
            (*batch, "--batch"),
            (*wait, "--wait"),
            (*detach, "--detach"),
            (detached.is_some(), "--detached"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Make what is not fresh
    Build {
        /// Ids and globs; all assets without any
        #[arg(value_name = "ASSET")]
        assets: Vec<String>,
        #[command(flatten)]
        flags: BuildFlags,
    },
    /// Say what build would do, why, and for how much; writes nothing
    Plan {
        /// Ids and globs; all assets without any
        #[arg(value_name = "ASSET")]
        assets: Vec<String>,
        #[command(flatten)]
        flags: PlanFlags,
    },
    /// Say which ingredient of the key changed since an asset was last made
    Why {
        /// Ids and globs
        #[arg(value_name = "ASSET", required = true)]
        assets: Vec<String>,
    },
    /// Show the resolved spec, and where each value came from
    Show {
        /// Ids and globs
        #[arg(value_name = "ASSET", required = true)]
        assets: Vec<String>,
        /// Only the prompt of the next shot that is missing, to be copied; what goes with it is told beside it
        #[arg(long)]
        prompt: bool,
        /// With `--prompt`: of this shot, from 1
        #[arg(long, value_name = "K", requires = "prompt")]
        shot: Option<usize>,
    },
    /// Check all that can be wrong without making anything
    Check,
    /// Append an edit step to an asset's manifest, and say what it would cost
    Edit {
        /// The asset's id
        #[arg(value_name = "ASSET")]
        asset: String,
        #[command(flatten)]
        args: EditArgs,
    },
    /// Choose one of an asset's candidates; without a number, lay them out as files
    Pick {
        /// The asset's id
        #[arg(value_name = "ASSET")]
        asset: String,
        #[command(flatten)]
        args: PickArgs,
    },
    /// Keep the picture at an asset's output path as its locked picture
    Accept {
        /// Ids and globs
        #[arg(value_name = "ASSET", required = true)]
        assets: Vec<String>,
    },
    /// Take pictures made elsewhere (by hand, in a chat, by a designer) as an asset's shot
    Import {
        /// The asset's id
        #[arg(value_name = "ASSET")]
        asset: String,
        #[command(flatten)]
        args: ImportArgs,
    },
    /// Start a project
    Init {
        /// Where [default: this folder]
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Build on every save, as drafts unless told otherwise, until ctrl-c
    Watch {
        /// Ids and globs; all assets without any
        #[arg(value_name = "ASSET")]
        assets: Vec<String>,
        #[command(flatten)]
        flags: WatchFlags,
    },
    /// Write the page as a folder that opens in any browser without a server, for others to look at
    Review {
        /// The folder, new or empty
        #[arg(value_name = "DIR", required_unless_present = "take")]
        to: Option<PathBuf>,
        /// Take the notes and approvals that came back, in the file that the page saved
        #[arg(long, value_name = "FILE", conflicts_with = "to")]
        take: Option<PathBuf>,
    },
    /// Say how a run stands, one that was detached or one of another terminal
    Status {
        /// The run [default: the one that works, else the last one]
        #[arg(value_name = "RUN", value_parser = run_id)]
        run: Option<RunId>,
        /// Wait until it ends, at most so many seconds, and answer its own exit code; 6 if it still works
        #[arg(long, value_name = "SECONDS", num_args = 0..=1)]
        wait: Option<Option<u32>>,
        /// Ask it to end, as ctrl-c does
        #[arg(long)]
        stop: bool,
    },
    /// Say what was spent, and which requests are in doubt
    Log {
        /// One row for each: day, model, asset, project
        #[arg(long, value_name = "WHAT", default_value = "day", value_parser = By::NAMES)]
        by: String,
        /// Tell of all projects, not only of this one
        #[arg(long)]
        all: bool,
    },
    /// Show what is known of models: prices, Chinese in pictures, which are retired
    Models {
        /// Ask every provider whose key is set for its list (free), and tell what is not in it
        #[arg(long)]
        check: bool,
    },
    /// Show what this project sets that only you can decide, and agree to it
    Trust {
        /// Agree without being asked
        #[arg(short, long)]
        yes: bool,
        /// Take back what you agreed to for this project
        #[arg(long, conflicts_with = "yes")]
        forget: bool,
        /// Show what you agreed to, in all projects
        #[arg(long, conflicts_with_all = ["yes", "forget"])]
        list: bool,
    },
    /// Look after the store
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// Count what is in the store
    Stats,
    /// Remove what no project uses any more; what was paid for or accepted is kept
    Gc {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
        /// Keep what was drawn in the last so many days [default: 30]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=36500))]
        days: Option<u32>,
    },
    /// Remove shots and objects by the beginning of their names, whatever they cost
    Remove {
        /// At least 8 digits of a key or of an object's name
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
    /// Fetch what is paid for and on its way, also for what no asset asks for any more; costs nothing
    Collect,
    /// Take over store and ledger that an older gpbuild left in `.gpbuild`
    Adopt,
    /// Read and check everything in the store
    Verify,
}
