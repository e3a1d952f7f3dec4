//! Faults of a disk on demand, compiled only under the feature `faults`: never in what people run. The
//! environment says which:
//!
//! - `GPBUILD_FAULT=KIND:VERB:PART:N` at the `N`th operation `VERB` (any that writes, if empty) on a path
//!   with `PART` in it; `N+` from there on. `KIND` is `kill-before`, `kill-after`, `eio`, `enospc` or `erofs`.
//!   With an empty `PART`, whatever is in the folder that gpbuild runs in.
//! - `GPBUILD_FAULT_LOG=FILE` records every operation with its bytes, in the order in which they ended:
//!   a line `VERB LENGTH LENGTH`, then a path from that folder, and what goes with it, of those lengths.
//!
//! An operation that is not done is not recorded.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    KillBefore,
    KillAfter,
    /// The number of an error of the system.
    Error(i32),
}

struct Fault {
    kind: Kind,
    verb: String,
    part: String,
    number: u64,
    /// And at all that come after.
    on: bool,
}

struct Faults {
    fault: Option<Fault>,
    before: Mutex<u64>,
    after: Mutex<u64>,
    log: Option<Mutex<File>>,
}

/// `EIO`, `ENOSPC` and `EROFS` have these numbers on every Unix.
const ERRORS: [(&str, i32); 3] = [("eio", 5), ("enospc", 28), ("erofs", 30)];

#[expect(
    clippy::disallowed_methods,
    reason = "for tests alone: no option of the command line may reach this"
)]
fn faults() -> &'static Faults {
    static FAULTS: OnceLock<Faults> = OnceLock::new();
    FAULTS.get_or_init(|| Faults {
        fault: std::env::var("GPBUILD_FAULT")
            .ok()
            .and_then(|text| parse(&text)),
        before: Mutex::new(0),
        after: Mutex::new(0),
        log: std::env::var_os("GPBUILD_FAULT_LOG").and_then(|path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.ok().map(Mutex::new)
        }),
    })
}

/// The folder that gpbuild runs in.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::current_dir().unwrap_or_default())
}

fn parse(text: &str) -> Option<Fault> {
    let mut parts = text.splitn(4, ':');
    let kind = match parts.next()? {
        "kill-before" => Kind::KillBefore,
        "kill-after" => Kind::KillAfter,
        name => Kind::Error(ERRORS.iter().find(|(known, _)| *known == name)?.1),
    };
    let (verb, part, number) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Fault {
        kind,
        verb: verb.to_owned(),
        part: part.to_owned(),
        number: number.trim_end_matches('+').parse().ok()?,
        on: number.ends_with('+'),
    })
}

impl Fault {
    /// Whether this operation is the one, or one of those.
    fn is_due(&self, verb: &str, path: &Path, count: &Mutex<u64>) -> bool {
        let verb_fits = match self.verb.as_str() {
            "" => verb != "read",
            named => named == verb,
        };
        let path_fits = match self.part.as_str() {
            "" => path.is_relative() || path.starts_with(folder()),
            part => path.to_string_lossy().contains(part),
        };
        if !verb_fits || !path_fits {
            return false;
        }
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        *count == self.number || (self.on && *count > self.number)
    }
}

/// Before an operation.
pub(super) fn point(verb: &'static str, path: &Path) -> io::Result<()> {
    let faults = faults();
    match &faults.fault {
        Some(fault)
            if fault.kind != Kind::KillAfter && fault.is_due(verb, path, &faults.before) =>
        {
            match fault.kind {
                Kind::Error(number) => Err(io::Error::from_raw_os_error(number)),
                _ => std::process::abort(),
            }
        }
        _ => Ok(()),
    }
}

/// After it.
pub(super) fn done(verb: &'static str, path: &Path, with: &[u8]) {
    let faults = faults();
    if let Some(log) = &faults.log {
        let path = path.strip_prefix(folder()).unwrap_or(path);
        let path = path.as_os_str().as_encoded_bytes();
        let mut record = format!("{verb} {} {}\n", path.len(), with.len()).into_bytes();
        record.extend_from_slice(path);
        record.extend_from_slice(with);
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        // A record that cannot be written is missed by who reads it.
        let _ = log.write_all(&record);
    }
    if let Some(fault) = &faults.fault
        && fault.kind == Kind::KillAfter
        && fault.is_due(verb, path, &faults.after)
    {
        std::process::abort();
    }
}
