//! Has a program make pictures, and says what is known of what became of the request. Runs nothing twice.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitStatus;

use tokio::process::Command;

use super::exchange::Exchange;
use super::process::{Ended, run};
use super::program::Program;
use crate::Veil;
use crate::bounded;
use crate::reply::{Refusal, RefusalKind, Reply};
use crate::submission::Submission;
use base::fs::shown;

/// The variables that every program needs to find its way; all else is named in the configuration.
const USUAL: [&str; 18] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PATHEXT",
    "COMSPEC",
];
/// `EX_USAGE`: it says that the request is wrong as it is, and that nothing was made.
const WRONG: i32 = 64;
/// `EX_UNAVAILABLE`: it says that whom it asks was not reached, and that nothing was made.
const UNAVAILABLE: i32 = 69;
/// More pictures than are ever asked for.
const MAX_PICTURES: usize = 16;

/// Reads a variable of the environment.
#[derive(Clone, Copy)]
pub struct Environment(pub fn(&str) -> Option<OsString>);

impl Default for Environment {
    fn default() -> Self {
        Self(|_| None)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// Has the programs of a person make pictures.
pub struct Client {
    programs: BTreeMap<String, Program>,
    environment: Environment,
    veil: Veil,
}

impl Client {
    /// Of these programs, by the name that models have; `veil` hides what they may repeat of keys.
    pub fn new(programs: BTreeMap<String, Program>, environment: Environment, veil: Veil) -> Self {
        Self {
            programs,
            environment,
            veil,
        }
    }

    /// Hides keys in what comes back.
    pub fn veil(&self) -> Veil {
        self.veil.clone()
    }

    /// The program behind a model's name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.get(name)
    }

    /// Runs the program once. Its pictures go to `into` as an answer.
    pub async fn send(
        &self,
        submission: Submission<'_>,
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        let name = &submission.request.model.name;
        let Some(program) = self.program(name) else {
            return refused(format!("there is no program `{name}`"));
        };
        let exchange = match Exchange::new(&submission) {
            Ok(exchange) => exchange,
            Err(why) => return Reply::Unreadable(why.to_string()),
        };
        let input = exchange.request.to_string().into_bytes();
        let command = self.command(program, &exchange);
        let ended = run(command, input, program.timeout, || exchange.excess()).await;
        match ended {
            Err(why) => {
                let words = base::fs::system_words(&why);
                let at = shown(&program.path);
                refused(format!("`{at}` cannot be started: {words}"))
            }
            Ok(Ended::Stopped(why)) => failed(program, exchange, None, why),
            Ok(Ended::Exit(status, said)) if status.success() => {
                self.answered(program, exchange, &said, into, path)
            }
            Ok(Ended::Exit(status, said)) => {
                let why = self.told(&ending(status), &said);
                failed(program, exchange, status.code(), why)
            }
        }
    }

    fn answered(
        &self,
        program: &Program,
        exchange: Exchange,
        said: &[u8],
        into: &mut (dyn Write + Send),
        path: &Path,
    ) -> Reply {
        if let Some(why) = exchange.excess() {
            return failed(program, exchange, None, why);
        }
        let pictures = exchange.pictures(MAX_PICTURES).unwrap_or_default();
        if pictures.is_empty() {
            let why = "it ended well, but left no PNG, JPEG or WebP picture in its folder";
            let why = self.told(why, said);
            return failed(program, exchange, None, why);
        }
        match exchange.answer(&pictures, into) {
            Ok(()) => Reply::Answered { request_id: None },
            Err(base::fs::FsError::Io { error, .. }) => {
                exchange.keep();
                Reply::Disk(base::fs::FsError::io("write", path)(error))
            }
            Err(error) => {
                exchange.keep();
                Reply::Disk(error)
            }
        }
    }

    fn command(&self, program: &Program, exchange: &Exchange) -> Command {
        let mut command = Command::new(&program.path);
        command
            .args(&program.args)
            .current_dir(exchange.path())
            .env_clear();
        let named = program.environment.iter().map(String::as_str);
        for name in USUAL.into_iter().chain(named) {
            if let Some(value) = (self.environment.0)(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// What happened, with the end of what the program said.
    fn told(&self, what: &str, said: &[u8]) -> String {
        let said = String::from_utf8_lossy(said);
        let said = self.veil.over(&said);
        match bounded::ending(&said) {
            said if said.is_empty() => what.to_owned(),
            said => format!("{what}: {said}"),
        }
    }
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("the program ended with {code}"),
        None => "the program was ended by a signal".to_owned(),
    }
}

/// Nothing was made, and nothing was paid.
fn refused(why: String) -> Reply {
    Reply::Refused(Refusal {
        kind: RefusalKind::Invalid,
        status: 0,
        code: None,
        message: why,
        retry_after: None,
        request_id: None,
    })
}

/// What follows where no picture came. Of a program that costs nothing, or that says so, nothing was paid; of any other
/// nobody knows, and what it left is kept.
fn failed(program: &Program, exchange: Exchange, code: Option<i32>, why: String) -> Reply {
    let is_unpaid = program.is_free() || matches!(code, Some(WRONG | UNAVAILABLE));
    if is_unpaid {
        return refused(why);
    }
    let why = match exchange.has_output() {
        true => format!("{why}; what it left is in `{}`", shown(&exchange.keep())),
        false => why,
    };
    Reply::Doubt {
        why,
        request_id: None,
    }
}
