//! `gpbuild build`: make what is not fresh, here or in a process that goes on by itself.

use std::fs::File;
use std::process::Command;

use crate::command::status;
use crate::detach::{self, Spawned, Word};
use crate::pipeline::{self, Agreed, Foreground, Handover, Settings};
use crate::runs::{self, RunId};
use base::diagnostic::{Diagnostic, Exit, Failure};
use report::Reporter;

/// Runs the command.
pub fn run(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    pipeline::build(settings, reporter)
}

/// Settles all that can be refused and all that takes a person, and has another process make what is to be made.
/// `again` is this program with the same arguments, to go on with what was agreed to.
pub fn detach(
    settings: &Settings,
    again: impl FnOnce(&Agreed) -> Command,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    if cfg!(not(unix)) {
        return Err(
            Failure::usage("`--detach` needs a system on which a lock goes over to another process")
                .with_hint("let `gpbuild build` run in a window of its own: `gpbuild status` tells of it from another one"),
        );
    }
    let agreed = match pipeline::agree(settings, reporter)? {
        Foreground::Ended(exit) => return Ok(exit),
        Foreground::Agreed(agreed) => agreed,
    };
    let command = again(&agreed);
    let Agreed {
        run,
        lock,
        mut recorder,
        ..
    } = *agreed;
    let begun = runs::create_log(&settings.root, &run).and_then(|log| {
        let lock = lock.into_file();
        let spawned = lock.and_then(|lock| detach::spawn(command, lock, log));
        has_begun(spawned, &run)
    });
    if let Err(failure) = begun {
        recorder.end(Err(&failure));
        return Err(failure);
    }
    status::tell_begun(settings, &run, json, reporter)
}

/// Why a process that was to go on with a run did not.
fn has_begun(spawned: std::io::Result<Spawned>, run: &RunId) -> Result<(), Failure> {
    let nothing = |exit, why: String| {
        let error = Diagnostic::error(format!(
            "the run did not begin, and nothing was made: {why}"
        ));
        Failure::new(
            exit,
            error.hint(format!("`{}` has what it said", run.log())),
        )
    };
    match spawned {
        Ok(Spawned::Said(Word::Ready)) => Ok(()),
        Ok(Spawned::Said(Word::Changed)) => Err(pipeline::changed()),
        Ok(Spawned::Ended(Some(code))) => {
            let exit = u8::try_from(code).ok().and_then(Exit::of);
            // One that has nothing to do says that it is ready first.
            let exit = exit.filter(|exit| *exit != Exit::Done);
            Err(nothing(
                exit.unwrap_or(Exit::Bug),
                format!("its process ended with exit code {code}"),
            ))
        }
        Ok(Spawned::Ended(None)) => Err(nothing(
            Exit::SomeFailed,
            "its process was killed".to_owned(),
        )),
        Err(error) => {
            let why = base::fs::system_words(&error);
            Err(nothing(Exit::SomeFailed, why))
        }
    }
}

/// Goes on with what was agreed to in the process that began this one, and held `lock`.
pub fn go_on(
    settings: &Settings,
    handover: Handover,
    lock: File,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    pipeline::build_agreed(settings, handover, lock, reporter)
}
