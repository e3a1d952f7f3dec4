//! From the command line as typed to the command that carries it out. What may be typed is in [`args`], what
//! the environment says in [`environment`].

mod again;
mod args;
mod environment;
mod folder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::again::again;
use crate::cli::args::{BuildFlags, CacheCommand, Cli, Command, CommonFlags, ResolveFlags};
use crate::cli::environment::{access, judge, os_variable, program, terminal, variable};
use crate::cli::folder::project_folder;
use crate::command;
use crate::command::cache::Sweep;
use crate::command::import::Import;
use crate::command::log::{By, Wanted};
use crate::command::pick::Choice;
use crate::command::status::Wish;
use crate::detach::{self, Inherited};
use crate::pipeline::{Handover, Money, Settings};
use base::diagnostic::{Exit, Failure};
use base::home::Home;
use declare::manifest::EditStep;
use declare::spec::DRAFT;
use model::ModelId;
use report::{ColorChoice, ReportOptions, Reporter, show_usage};

/// Parses the arguments and carries them out.
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mut e) => {
            name_the_command(&mut e);
            let help = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let text = e.render();
            return match show_usage(&text.to_string(), &text.ansi().to_string(), help) {
                false => Exit::SomeFailed,
                true if help => Exit::Done,
                true => Exit::Manifest,
            };
        }
    };
    let (reporter, inherited) = match inherited(&cli) {
        None => (Reporter::new(&report_options(&cli)), None),
        Some(Ok(inherited)) => {
            let log = || Box::new(inherited.log.clone());
            let reporter = Reporter::with_writers(&report_options(&cli), log(), log());
            (reporter, Some(inherited))
        }
        Some(Err(failure)) => {
            Reporter::new(&report_options(&cli)).failure(&failure);
            return failure.exit;
        }
    };
    let reporter = Arc::new(reporter);
    let exit = match dispatch(cli, inherited, &reporter) {
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

/// What this process has from the one that began it, if it was begun to go on with a run.
fn inherited(cli: &Cli) -> Option<Result<Inherited, Failure>> {
    let detached = match &cli.command {
        Some(Command::Build { flags, .. }) => &flags.detached,
        _ => &None,
    };
    detached.as_ref()?;
    Some(detach::leave().map_err(|_| {
        Failure::usage("`--detached` is what `--detach` begins gpbuild with, and nobody else")
    }))
}

/// Without a command everything is built: who names an asset then is told where it goes.
fn name_the_command(error: &mut clap::Error) {
    if error.kind() != ErrorKind::InvalidSubcommand
        || error.get(ContextKind::SuggestedSubcommand).is_some()
    {
        return;
    }
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) {
        let tip = format!("to build one asset: `gpbuild build {name}`");
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
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
        environment: terminal(),
    }
}

fn dispatch(
    cli: Cli,
    inherited: Option<Inherited>,
    reporter: &Arc<Reporter>,
) -> Result<Exit, Failure> {
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
    let root = project_folder(&here);
    let settings = Settings {
        home: Home::find(os_variable("GPBUILD_HOME").as_deref().map(Path::new), &root),
        root,
        access: access(),
        judge: judge(),
        trusted: variable("GPBUILD_TRUST"),
        ..Settings::default()
    };
    carry_out(
        command,
        settings,
        &here,
        cli.resolve,
        &cli.common,
        inherited,
        reporter,
    )
}

/// Carries out a command. Each one stands here once, so that none can be passed over.
fn carry_out(
    command: Command,
    settings: Settings,
    here: &Path,
    resolve: ResolveFlags,
    common: &CommonFlags,
    inherited: Option<Inherited>,
    reporter: &Arc<Reporter>,
) -> Result<Exit, Failure> {
    let json = common.json;
    match command {
        Command::Init { folder } => {
            refuse_resolve_flags(&resolve, "init")?;
            let folder = folder.map_or_else(|| here.to_owned(), |folder| here.join(folder));
            command::init::run(&folder, reporter)
        }
        Command::Cache { command } => {
            refuse_resolve_flags(&resolve, "cache")?;
            match command {
                CacheCommand::Stats => command::cache::stats(&settings, json, reporter),
                CacheCommand::Gc { dry_run, days } => {
                    let sweep = Sweep { dry_run, days };
                    command::cache::gc(&settings, sweep, json, reporter)
                }
                CacheCommand::Remove { names } => {
                    command::cache::remove(&settings, &names, reporter)
                }
                CacheCommand::Adopt => command::cache::adopt(&settings, reporter),
                CacheCommand::Verify => command::cache::verify(&settings, json, reporter),
            }
        }
        Command::Log { by, all } => {
            refuse_resolve_flags(&resolve, "log")?;
            let by = By::parse(&by);
            command::log::run(&settings, Wanted { by, all }, json, reporter)
        }
        Command::Models { check } => {
            let settings = of_specs(settings, resolve)?;
            command::models::run(&settings, check, json, reporter)
        }
        Command::Trust { yes, forget, list } => {
            refuse_resolve_flags(&resolve, "trust")?;
            match (list, forget) {
                (true, _) => command::trust::list(&settings, json, reporter),
                (_, true) => command::trust::forget(&settings, reporter),
                _ => command::trust::run(&settings, yes, json, reporter),
            }
        }
        Command::Build { assets, flags } => {
            let settings = of_specs(settings, resolve)?;
            build(settings, assets, flags, common, inherited, reporter)
        }
        Command::Status { run, wait, stop } => {
            refuse_resolve_flags(&resolve, "status")?;
            command::status::run(&settings, Wish { run, wait, stop }, json, reporter)
        }
        Command::Watch {
            assets,
            paid,
            max_cost,
            jobs,
            no_page,
            port,
        } => {
            let mut settings = of_specs(settings, resolve)?;
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
            let mut settings = of_specs(settings, resolve)?;
            settings.select = assets;
            settings.locked = locked;
            settings.force = force;
            command::plan::run(&settings, reporter)
        }
        Command::Why { assets } => {
            let mut settings = of_specs(settings, resolve)?;
            settings.select = assets;
            command::why::run(&settings, json, reporter)
        }
        Command::Show {
            assets,
            prompt,
            shot,
        } => {
            let mut settings = of_specs(settings, resolve)?;
            settings.select = assets;
            settings.resolve.explain = true;
            match prompt {
                true => command::prompt::run(&settings, shot, json, reporter),
                false => command::show::run(&settings, json, reporter),
            }
        }
        Command::Check => {
            let mut settings = of_specs(settings, resolve)?;
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
            let mut settings = of_specs(settings, resolve)?;
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
            let mut settings = of_specs(settings, resolve)?;
            settings.select = vec![asset];
            let choice = Choice {
                number,
                shot,
                force,
            };
            command::pick::run(&settings, choice, json, reporter)
        }
        Command::Import {
            asset,
            files,
            shot,
            upscale,
            force,
        } => {
            let settings = of_specs(settings, resolve)?;
            let import = Import {
                asset,
                // As they were typed, from where they were typed.
                files: files.iter().map(|file| here.join(file)).collect(),
                shot,
                upscale,
                force,
            };
            command::import::run(&settings, &import, reporter)
        }
        Command::Accept { assets } => {
            let mut settings = of_specs(settings, resolve)?;
            settings.select = assets;
            command::accept::run(&settings, reporter)
        }
    }
}

/// Carries out `build`: here, in a process of its own, or as that process.
fn build(
    mut settings: Settings,
    assets: Vec<String>,
    flags: BuildFlags,
    common: &CommonFlags,
    inherited: Option<Inherited>,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let BuildFlags {
        jobs,
        locked,
        force,
        fail_fast,
        prune,
        max_cost,
        yes,
        retry_in_doubt,
        detach,
        detached,
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
    match (detached, inherited) {
        (Some(detached), Some(inherited)) => {
            let handover = Handover {
                run: detached.run,
                plan: detached.plan,
                ready: inherited.listener,
            };
            command::build::go_on(&settings, handover, inherited.lock, reporter)
        }
        _ if detach => {
            let program = program()?;
            let again = |agreed: &_| again(&program, &settings, common, agreed);
            command::build::detach(&settings, again, common.json, reporter)
        }
        _ => command::build::run(&settings, reporter),
    }
}

/// The settings of a command that looks at specs: what they are resolved with.
fn of_specs(mut settings: Settings, resolve: ResolveFlags) -> Result<Settings, Failure> {
    let ResolveFlags {
        profile,
        draft,
        model,
    } = resolve;
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
    Ok(settings)
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
