//! The command line with which this program is begun once more, to go on with a run in a process of its own. Each
//! setting stands here once, so that none is passed over.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::cli::args::{CommonFlags, Detached};
use crate::execute::Batching;
use crate::pipeline::{Agreed, BuildOptions, Money, Settings};
use declare::spec;

/// `program` with these settings, for a run that was agreed to. Keys go over in the environment.
pub(super) fn again(
    program: &Path,
    settings: &Settings,
    common: &CommonFlags,
    agreed: &Agreed,
) -> Command {
    let Settings {
        root,
        home: _,
        resolve,
        select,
        exactly: _,
        build,
        access: _,
        trusted,
        beside: _,
        // For tests alone, and in the environment.
        judge: _,
    } = settings;
    let spec::Options {
        profile,
        model,
        explain: _,
    } = resolve;
    let BuildOptions {
        jobs,
        force,
        locked,
        fail_fast,
        prune,
        batching: Batching { sends, waits },
        money:
            Money {
                max_cost,
                yes: _,
                retry_in_doubt,
            },
    } = build;
    let mut command = Command::new(program);
    command
        .args(["build", "--color=never"])
        .arg(in_folder(root));
    command.arg(format!("--detached={}", detached(agreed)));
    command.args(said(common));
    command.args(profile.as_ref().map(|name| format!("--profile={name}")));
    command.args(model.as_ref().map(|model| format!("--model={model}")));
    command.args((*jobs > 0).then(|| format!("--jobs={jobs}")));
    command.args(max_cost.map(|micro| format!("--max-cost={}", micro.decimal())));
    let flags = [
        (*force, "--force"),
        (*locked, "--locked"),
        (*fail_fast, "--fail-fast"),
        (*prune, "--prune"),
        (*sends, "--batch"),
        (*waits, "--wait"),
        (*retry_in_doubt, "--retry-in-doubt"),
        (agreed.yes, "--yes"),
    ];
    command.args(flags.iter().filter_map(|(is, flag)| is.then_some(flag)));
    // Behind it nothing is a flag.
    command.arg("--").args(select);
    if let Some(digest) = agreed.trust {
        let before = trusted.as_deref().unwrap_or_default();
        command.env("GPBUILD_TRUST", format!("{before} {digest}"));
    }
    command
}

/// What was agreed to.
fn detached(agreed: &Agreed) -> Detached {
    Detached {
        run: agreed.run.clone(),
        plan: agreed.plan,
    }
}

/// Where it works.
fn in_folder(root: &Path) -> OsString {
    let mut folder = OsString::from("-C");
    folder.push(root);
    folder
}

/// How much is said.
fn said(common: &CommonFlags) -> Vec<&'static str> {
    let CommonFlags {
        directory: _,
        json,
        color: _,
        // Its log is in English.
        lang: _,
        quiet,
        verbose,
    } = common;
    let mut flags = vec!["--quiet"; usize::from(*quiet)];
    flags.extend(vec!["--verbose"; usize::from(*verbose)]);
    flags.extend(json.then_some("--json"));
    flags
}
