//! The command line as typed, and what it asks for. The only place that reads the environment.

mod folder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::cli::folder::project_folder;
use crate::command;
use crate::command::log::By;
use crate::command::pick::Choice;
use crate::diagnostic::{Exit, Failure};
use crate::home::Home;
use crate::manifest::EditStep;
use crate::model::{Micro, ModelId};
use crate::pipeline::{Access, Money, Settings};
use crate::report::{ColorChoice, Environment, ReportOptions, Reporter, show_usage};
use crate::spec::DRAFT;

/// The build tool for generated pictures: declared in TOML, made once, cached, locked.
///
/// Without a command, `gpbuild` builds: it makes every picture that is not fresh.
#[derive(Debug, Parser)]
#[command(name = "gpbuild", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    build: BuildFlags,
    #[command(flatten)]
    resolve: ResolveFlags,
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Args)]
struct CommonFlags {
    /// Work in this folder, or in the project that it is in
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// One JSON object a line on standard output
    #[arg(long, global = true)]
    json: bool,
    /// Colour: auto, always, never
    #[arg(long, value_name = "WHEN", global = true, value_parser = ColorChoice::NAMES)]
    color: Option<String>,
    /// Say less; twice: only errors
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    quiet: u8,
    /// Say more; twice: keys too
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Args)]
struct ResolveFlags {
    /// Use `[profile.NAME.defaults]`
    #[arg(long, value_name = "NAME", global = true)]
    profile: Option<String>,
    /// Draw everything locally, into `.gpbuild/preview`; the same as `--profile draft`
    #[arg(long, global = true, conflicts_with = "profile")]
    draft: bool,
    /// Make every asset with this model
    #[arg(long, value_name = "P/M", global = true, conflicts_with = "draft")]
    model: Option<String>,
}

#[derive(Debug, Default, Args)]
struct BuildFlags {
    /// At most so many pictures at once [default: one for each core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The lock must already answer everything: make nothing that it does not
    #[arg(long)]
    locked: bool,
    /// Replace outputs that were edited by hand; never pays for anything
    #[arg(long)]
    force: bool,
    /// Begin nothing more once an asset failed
    #[arg(long)]
    fail_fast: bool,
    /// Remove outputs that no asset declares any more
    #[arg(long)]
    prune: bool,
    /// Spend at most so much in this run, without asking
    #[arg(long, value_name = "USD", value_parser = dollars)]
    max_cost: Option<Micro>,
    /// Agree to what the run costs
    #[arg(short, long)]
    yes: bool,
    /// Send requests again that may have been paid for already
    #[arg(long)]
    retry_in_doubt: bool,
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

impl BuildFlags {
    /// The flags that were given, for the message that they stand in the wrong place.
    fn given(&self) -> Vec<&'static str> {
        let Self {
            jobs,
            locked,
            force,
            fail_fast,
            prune,
            max_cost,
            yes,
            retry_in_doubt,
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
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
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
        /// Plan as `build --locked`
        #[arg(long)]
        locked: bool,
        /// Plan as `build --force`
        #[arg(long)]
        force: bool,
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
    },
    /// Check all that can be wrong without making anything
    Check,
    /// Append an edit step to an asset's manifest, and say what it would cost
    Edit {
        /// The asset's id
        #[arg(value_name = "ASSET")]
        asset: String,
        /// What is to be different
        #[arg(value_name = "CHANGE")]
        change: String,
        /// What is to stay [default: everything else]
        #[arg(long, value_name = "WHAT")]
        keep: Option<String>,
        /// The words from this step on, as `ROLE=WORDS`; may be given several times
        #[arg(long, value_name = "ROLE=WORDS", value_parser = role_and_words)]
        text: Vec<(String, String)>,
        /// A picture whose transparent parts may change, from the manifest's folder
        #[arg(long, value_name = "FILE")]
        mask: Option<String>,
    },
    /// Choose one of an asset's candidates; without a number, lay them out as files
    Pick {
        /// The asset's id
        #[arg(value_name = "ASSET")]
        asset: String,
        /// The candidate, from 1
        #[arg(value_name = "N")]
        number: Option<usize>,
        /// Of this shot, from 1: the picture before any edit is 1 [default: the last one]
        #[arg(long, value_name = "K")]
        shot: Option<usize>,
        /// Take it in place of a picture that was accepted from a person
        #[arg(long)]
        force: bool,
    },
    /// Keep the picture at an asset's output path as its locked picture
    Accept {
        /// Ids and globs
        #[arg(value_name = "ASSET", required = true)]
        assets: Vec<String>,
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
        /// Make the real pictures, within the budget
        #[arg(long)]
        paid: bool,
        /// With `--paid`: spend at most so much at each save, without asking
        #[arg(long, value_name = "USD", value_parser = dollars, requires = "paid")]
        max_cost: Option<Micro>,
        /// At most so many pictures at once [default: one for each core]
        #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
        /// Show no page [default: on a terminal there is one]
        #[arg(long, conflicts_with = "port")]
        no_page: bool,
        /// Show the page on this port [default: any that is free]
        #[arg(long, value_name = "PORT")]
        port: Option<u16>,
    },
    /// Say what was spent, and which requests are in doubt
    Log {
        /// One row for each: day, model, asset
        #[arg(long, value_name = "WHAT", default_value = "day", value_parser = By::NAMES)]
        by: String,
    },
    /// Look after the store
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// Count what is in the store
    Stats,
    /// Remove what no asset leads to any more; paid pictures are kept
    Gc {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Read and check everything in the store
    Verify,
}

/// Parses the arguments and carries them out.
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let help = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let text = e.render();
            return match show_usage(&text.to_string(), &text.ansi().to_string(), help) {
                false => Exit::SomeFailed,
                true if help => Exit::Done,
                true => Exit::Manifest,
            };
        }
    };
    let reporter = Arc::new(Reporter::new(&report_options(&cli)));
    let exit = match dispatch(cli, &reporter) {
        Ok(exit) => exit,
        Err(failure) => {
            reporter.failure(&failure);
            failure.exit
        }
    };
    match reporter.is_unwritten() {
        true if exit == Exit::Done => Exit::SomeFailed,
        _ => exit,
    }
}

fn report_options(cli: &Cli) -> ReportOptions {
    let CommonFlags {
        directory: _,
        json,
        color,
        quiet,
        verbose,
    } = &cli.common;
    ReportOptions {
        json: *json,
        color: color
            .as_deref()
            .and_then(ColorChoice::parse)
            .unwrap_or_default(),
        quiet: *quiet,
        verbose: *verbose,
        plan: matches!(
            cli.command,
            Some(Command::Plan { .. } | Command::Edit { .. })
        ),
        environment: environment(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: how to print, never what to make"
)]
fn environment() -> Environment {
    Environment {
        no_color: std::env::var("NO_COLOR").ok(),
        term: std::env::var("TERM").ok(),
    }
}

fn dispatch(cli: Cli, reporter: &Arc<Reporter>) -> Result<Exit, Failure> {
    let given = cli.build.given();
    if let (Some(_), Some(flag)) = (&cli.command, given.first()) {
        return Err(
            Failure::usage(format!("`{flag}` belongs behind the command"))
                .with_hint(&format!("`gpbuild build {flag}`")),
        );
    }
    let here = cli
        .common
        .directory
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    if !here.is_dir() {
        return Err(Failure::usage(format!(
            "there is no folder `{}`",
            here.display()
        )));
    }
    let command = cli.command.unwrap_or(Command::Build {
        assets: Vec::new(),
        flags: cli.build,
    });
    if let Command::Init { folder } = &command {
        refuse_resolve_flags(&cli.resolve, "init")?;
        let folder = folder
            .as_ref()
            .map_or_else(|| here.clone(), |folder| here.join(folder));
        return command::init::run(&folder, reporter);
    }
    let root = project_folder(&here);
    let mut settings = Settings {
        home: Home::find(variable("GPBUILD_HOME").as_deref().map(Path::new), &root),
        root,
        access: access(),
        ..Settings::default()
    };
    if let Command::Cache { command } = command {
        refuse_resolve_flags(&cli.resolve, "cache")?;
        return match command {
            CacheCommand::Stats => command::cache::stats(&settings, cli.common.json, reporter),
            CacheCommand::Gc { dry_run } => {
                command::cache::gc(&settings, dry_run, cli.common.json, reporter)
            }
            CacheCommand::Verify => command::cache::verify(&settings, cli.common.json, reporter),
        };
    }
    if let Command::Log { by } = &command {
        refuse_resolve_flags(&cli.resolve, "log")?;
        return command::log::run(&settings, By::parse(by), cli.common.json, reporter);
    }
    let ResolveFlags {
        profile,
        draft,
        model,
    } = cli.resolve;
    settings.resolve.profile = if draft {
        Some(DRAFT.to_owned())
    } else {
        profile
    };
    settings.resolve.model = model
        .map(|text| ModelId::parse(&text))
        .transpose()
        .map_err(|d| Failure::new(Exit::Manifest, d))?;
    if settings.resolve.is_draft() && settings.resolve.model.is_some() {
        return Err(Failure::usage(
            "a draft is drawn by `local`: leave `--model` out",
        ));
    }
    match command {
        Command::Build { assets, flags } => {
            let BuildFlags {
                jobs,
                locked,
                force,
                fail_fast,
                prune,
                max_cost,
                yes,
                retry_in_doubt,
            } = flags;
            if prune && !assets.is_empty() {
                return Err(Failure::usage(
                    "`--prune` looks at the whole project: leave the assets out",
                ));
            }
            settings.select = assets;
            settings.jobs = jobs.map_or(0, usize::from);
            settings.locked = locked;
            settings.force = force;
            settings.fail_fast = fail_fast;
            settings.prune = prune;
            settings.money = Money {
                max_cost,
                yes,
                retry_in_doubt,
            };
            command::build::run(&settings, reporter)
        }
        Command::Watch {
            assets,
            paid,
            max_cost,
            jobs,
            no_page,
            port,
        } => {
            settings.select = assets;
            settings.jobs = jobs.map_or(0, usize::from);
            settings.money.max_cost = max_cost;
            if paid && settings.resolve.is_draft() {
                return Err(Failure::usage(
                    "a draft is never paid for: leave `--paid` out",
                ));
            }
            if !paid && settings.resolve.model.is_some() {
                return Err(Failure::usage(
                    "watch makes drafts: `--model` needs `--paid`",
                ));
            }
            // A profile may name a model that is paid for.
            if !paid && !settings.resolve.is_draft() && settings.resolve.profile.is_some() {
                return Err(Failure::usage(
                    "watch makes drafts: `--profile` needs `--paid`",
                ));
            }
            if !paid {
                settings.resolve.profile = Some(DRAFT.to_owned());
            }
            let page = port.or_else(|| (reporter.is_live() && !no_page).then_some(0));
            command::watch::run(&settings, page, reporter)
        }
        Command::Plan {
            assets,
            locked,
            force,
        } => {
            settings.select = assets;
            settings.locked = locked;
            settings.force = force;
            command::plan::run(&settings, reporter)
        }
        Command::Why { assets } => {
            settings.select = assets;
            command::why::run(&settings, cli.common.json, reporter)
        }
        Command::Show { assets } => {
            settings.select = assets;
            settings.resolve.explain = true;
            command::show::run(&settings, cli.common.json, reporter)
        }
        Command::Check => {
            settings.resolve.explain = true;
            command::check::run(&settings, reporter)
        }
        Command::Edit {
            asset,
            change,
            keep,
            text,
            mask,
        } => {
            settings.select = vec![asset];
            let step = EditStep {
                change,
                keep,
                text,
                mask,
            };
            command::edit::run(&settings, &step, reporter)
        }
        Command::Pick {
            asset,
            number,
            shot,
            force,
        } => {
            settings.select = vec![asset];
            let choice = Choice {
                number,
                shot,
                force,
            };
            command::pick::run(&settings, choice, cli.common.json, reporter)
        }
        Command::Accept { assets } => {
            settings.select = assets;
            command::accept::run(&settings, reporter)
        }
        Command::Init { .. } | Command::Cache { .. } | Command::Log { .. } => Ok(Exit::Done),
    }
}

/// What the environment says about providers.
fn access() -> Access {
    Access {
        openai_key: variable("OPENAI_API_KEY").map(Into::into),
        openai_base_url: variable("OPENAI_BASE_URL"),
        openai_organization: variable("OPENAI_ORG_ID"),
        openai_project: variable("OPENAI_PROJECT_ID"),
    }
}

/// A variable of the environment; an empty one says nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.trim().is_empty())
}

fn refuse_resolve_flags(flags: &ResolveFlags, command: &str) -> Result<(), Failure> {
    let ResolveFlags {
        profile,
        draft,
        model,
    } = flags;
    if profile.is_some() || *draft || model.is_some() {
        return Err(Failure::usage(format!(
            "`--profile`, `--draft` and `--model` say nothing to `{command}`"
        )));
    }
    Ok(())
}
