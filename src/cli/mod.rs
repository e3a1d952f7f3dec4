//! From the command line as typed to the command that carries it out. What may be typed is in [`args`], what
//! the environment says in [`environment`].

mod again;
mod args;
mod chinese;
mod environment;
mod folder;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::cli::again::again;
use crate::cli::args::{
    BuildFlags, CacheCommand, Cli, Command, CommonFlags, ResolveFlags, WatchFlags,
};
use crate::cli::environment::{access, judge, language, os_variable, program, terminal, variable};
use crate::cli::folder::project_folder;
use crate::command;
use crate::command::cache::Sweep;
use crate::command::log::{By, Wanted};
use crate::command::status::Wish;
use crate::command::watch::Shown;
use crate::detach::{self, Inherited};
use crate::execute::Batching;
use crate::pipeline::{BuildOptions, Handover, Money, Settings};
use crate::watch::Saves;
use base::diagnostic::{Exit, Failure};
use base::home::Home;
use declare::spec::{DRAFT, Options};
use lang::Lang;
use model::ModelId;
use report::{ColorChoice, ReportOptions, Reporter, show_usage};

/// Parses the arguments and carries them out.
pub fn run() -> Exit {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let lang = named_language(&typed).unwrap_or_else(language);
    let cli = match parsed(&typed, lang) {
        Ok(cli) => cli,
        Err(error) => return refused(error, lang),
    };
    let report_options = |cli: &Cli, lang| ReportOptions {
        lang,
        ..report_options(cli)
    };
    let (reporter, inherited) = match inherited(&cli) {
        None => (Reporter::new(&report_options(&cli, lang)), None),
        Some(Ok(inherited)) => {
            let log = || Box::new(inherited.log.clone());
            // A log is read by programs, too, and by whoever gets it sent.
            let options = report_options(&cli, Lang::English);
            (
                Reporter::with_writers(&options, log(), log()),
                Some(inherited),
            )
        }
        Some(Err(failure)) => {
            Reporter::new(&report_options(&cli, lang)).failure(&failure);
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

/// The language that the command line itself names, whatever else is wrong with it.
fn named_language(typed: &[OsString]) -> Option<Lang> {
    let mut typed = typed.iter().map(|word| word.to_str().unwrap_or_default());
    while let Some(word) = typed.next().filter(|word| *word != "--") {
        match word.strip_prefix("--lang") {
            Some("") => return typed.next().and_then(Lang::parse),
            Some(rest) if rest.starts_with('=') => return Lang::parse(&rest[1..]),
            _ => {}
        }
    }
    None
}

/// The command line, or what is wrong with it: read once more then, for its help in another language.
fn parsed(typed: &[OsString], lang: Lang) -> Result<Cli, clap::Error> {
    match Cli::try_parse_from(typed) {
        Err(_) if lang == Lang::Chinese => {
            let mut matches = chinese::helped(Cli::command()).try_get_matches_from(typed)?;
            Cli::from_arg_matches_mut(&mut matches)
        }
        parsed => parsed,
    }
}

/// Shows what is wrong with the command line, or the help that was asked for.
fn refused(mut error: clap::Error, lang: Lang) -> Exit {
    name_the_command(&mut error);
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let text = error.render();
    let (plain, colored) = match lang {
        Lang::Chinese if !help => {
            let text = chinese::wrong(&text.to_string());
            (text.clone(), text)
        }
        _ => (text.to_string(), text.ansi().to_string()),
    };
    match show_usage(&plain, &colored, help, lang) {
        false => Exit::SomeFailed,
        true if help => Exit::Done,
        true => Exit::Manifest,
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
        lang: _,
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
        lang: Lang::English,
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
        Given {
            settings,
            here,
            resolve: cli.resolve,
            common: &cli.common,
            inherited,
            reporter,
        },
    )
}

/// What a command works with, whichever it is.
struct Given<'r> {
    settings: Settings,
    /// The folder that the person is in.
    here: PathBuf,
    resolve: ResolveFlags,
    common: &'r CommonFlags,
    /// What this process has from the one that began it, if it was begun to go on with a run.
    inherited: Option<Inherited>,
    reporter: &'r Arc<Reporter>,
}

impl Given<'_> {
    /// The settings of a command that looks at no specs: `--profile` and its like say nothing to it.
    fn of_no_specs(&self, command: &str) -> Result<&Settings, Failure> {
        refuse_resolve_flags(&self.resolve, command)?;
        Ok(&self.settings)
    }

    /// The settings of a command that looks at the specs of some assets, of all if none is named.
    fn of_specs(self, select: Vec<String>) -> Result<Settings, Failure> {
        let mut settings = self.settings;
        settings.resolve = options(self.resolve)?;
        settings.select = select;
        Ok(settings)
    }
}

/// Carries out a command. Each one stands here once, so that none can be passed over.
fn carry_out(command: Command, given: Given<'_>) -> Result<Exit, Failure> {
    let (json, reporter) = (given.common.json, given.reporter);
    match command {
        Command::Init { folder } => init(folder, &given),
        Command::Cache { command } => cache(command, given.of_no_specs("cache")?, json, reporter),
        Command::Log { by, all } => {
            let wanted = Wanted {
                by: By::parse(&by),
                all,
            };
            command::log::run(given.of_no_specs("log")?, wanted, json, reporter)
        }
        Command::Models { check } => {
            command::models::run(&given.of_specs(Vec::new())?, check, json, reporter)
        }
        Command::Trust { yes, forget, list } => {
            let settings = given.of_no_specs("trust")?;
            match (list, forget) {
                (true, _) => command::trust::list(settings, json, reporter),
                (_, true) => command::trust::forget(settings, reporter),
                _ => command::trust::run(settings, yes, json, reporter),
            }
        }
        Command::Build { assets, flags } => build(given, assets, flags),
        Command::Status { run, wait, stop } => {
            let settings = given.of_no_specs("status")?;
            command::status::run(settings, Wish { run, wait, stop }, json, reporter)
        }
        Command::Review { to, take } => review(given.of_specs(Vec::new())?, to, take, reporter),
        Command::Watch { assets, flags } => watch(given.of_specs(assets)?, &flags, reporter),
        Command::Plan { assets, flags } => {
            let mut settings = given.of_specs(assets)?;
            (settings.build.locked, settings.build.force) = (flags.locked, flags.force);
            settings.build.batching.sends = flags.batch;
            command::plan::run(&settings, flags.exit_code, reporter)
        }
        Command::Why { assets } => command::why::run(&given.of_specs(assets)?, json, reporter),
        Command::Show {
            assets,
            prompt,
            shot,
        } => {
            let settings = explained(given.of_specs(assets)?);
            match prompt {
                true => command::prompt::run(&settings, shot, json, reporter),
                false => command::show::run(&settings, json, reporter),
            }
        }
        Command::Check => command::check::run(&explained(given.of_specs(Vec::new())?), reporter),
        Command::Edit { asset, args } => {
            command::edit::run(&given.of_specs(vec![asset])?, &args.into(), reporter)
        }
        Command::Pick { asset, args } => {
            command::pick::run(&given.of_specs(vec![asset])?, args.into(), json, reporter)
        }
        Command::Import { asset, args } => {
            let import = args.of(asset, &given.here);
            command::import::run(&given.of_specs(Vec::new())?, &import, reporter)
        }
        Command::Accept { assets } => command::accept::run(&given.of_specs(assets)?, reporter),
    }
}

fn init(folder: Option<PathBuf>, given: &Given<'_>) -> Result<Exit, Failure> {
    given.of_no_specs("init")?;
    let here = &given.here;
    let folder = folder.map_or_else(|| here.clone(), |folder| here.join(folder));
    command::init::run(&folder, given.reporter)
}

fn cache(
    command: CacheCommand,
    settings: &Settings,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    match command {
        CacheCommand::Stats => command::cache::stats(settings, json, reporter),
        CacheCommand::Gc { dry_run, days } => {
            command::cache::gc(settings, Sweep { dry_run, days }, json, reporter)
        }
        CacheCommand::Remove { names } => command::cache::remove(settings, &names, reporter),
        CacheCommand::Collect => command::collect::run(settings, json, reporter),
        CacheCommand::Adopt => command::cache::adopt(settings, reporter),
        CacheCommand::Verify => command::cache::verify(settings, json, reporter),
    }
}

/// Carries out `build`: here, in a process of its own, or as that process.
fn build(mut given: Given<'_>, assets: Vec<String>, flags: BuildFlags) -> Result<Exit, Failure> {
    let (common, reporter, inherited) = (given.common, given.reporter, given.inherited.take());
    let mut settings = given.of_specs(assets)?;
    let BuildFlags {
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
    } = flags;
    if locked && settings.resolve.is_draft() {
        return Err(Failure::usage(
            "a draft is not in the lock: leave `--locked` out",
        ));
    }
    if prune && !settings.select.is_empty() {
        return Err(Failure::usage(
            "`--prune` looks at the whole project: leave the assets out",
        ));
    }
    settings.build = BuildOptions {
        jobs: jobs.map_or(0, usize::from),
        locked,
        force,
        fail_fast,
        prune,
        batching: Batching {
            sends: batch,
            waits: wait,
        },
        money: Money {
            max_cost,
            yes,
            retry_in_doubt,
        },
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

/// Writes the page as a folder, or takes what came back of one.
fn review(
    settings: Settings,
    to: Option<PathBuf>,
    take: Option<PathBuf>,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    match (to, take) {
        (_, Some(file)) => command::review::take(&settings, &file, reporter),
        (Some(folder), None) => command::review::write(&settings, &folder, reporter),
        (None, None) => Err(Failure::usage("name a folder, or `--take FILE`")),
    }
}

fn watch(
    mut settings: Settings,
    flags: &WatchFlags,
    reporter: &Arc<Reporter>,
) -> Result<Exit, Failure> {
    let WatchFlags {
        paid,
        max_cost,
        jobs,
        no_page,
        port,
        open,
    } = *flags;
    settings.build.jobs = jobs.map_or(0, usize::from);
    settings.build.money.max_cost = max_cost;
    let is_draft = settings.resolve.is_draft();
    if paid && is_draft {
        return Err(Failure::usage(
            "a draft is never paid for: leave `--paid` out",
        ));
    }
    // `--draft` says that all are to be drafts; profile and model say what is made when somebody asks for it.
    let saves = match (paid, is_draft) {
        (true, _) => Saves::Real,
        (false, true) => Saves::Drafts,
        (false, false) => Saves::Drawn,
    };
    if is_draft {
        settings.resolve = Options::default();
    }
    let port = port.or_else(|| ((reporter.is_live() || open) && !no_page).then_some(0));
    let shown = Shown {
        port,
        open,
        editor: variable("GPBUILD_EDITOR").or_else(|| variable("VISUAL")),
        browser: variable("BROWSER"),
    };
    command::watch::run(&settings, saves, &shown, reporter)
}

/// With where each value came from.
fn explained(mut settings: Settings) -> Settings {
    settings.resolve.explain = true;
    settings
}

/// What specs are resolved with.
fn options(flags: ResolveFlags) -> Result<Options, Failure> {
    let ResolveFlags {
        profile,
        draft,
        model,
    } = flags;
    let model = model
        .map(|text| ModelId::parse(&text))
        .transpose()
        .map_err(|d| Failure::new(Exit::Manifest, d))?;
    let options = Options {
        profile: if draft {
            Some(DRAFT.to_owned())
        } else {
            profile
        },
        model,
        explain: false,
    };
    if options.is_draft() && options.model.is_some() {
        return Err(Failure::usage(
            "a draft is drawn by `local`: leave `--model` out",
        ));
    }
    Ok(options)
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
