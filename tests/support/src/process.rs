//! The program that is tested, the signals it gets, and waiting for what it does: until it is so, never for a
//! time that is hoped to be enough.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Longer than anything takes here, however busy the machine.
pub const LONG: Duration = Duration::from_secs(120);

/// How often is looked whether it is so.
const LOOK: Duration = Duration::from_millis(5);

/// The `gpbuild` that cargo built for these tests.
pub fn gpbuild() -> PathBuf {
    // Cargo names it to the tests that it runs (since 1.94); before, and where a test is run by hand, it lies
    // beside the folder of the tests.
    if let Some(path) = std::env::var_os("CARGO_BIN_EXE_gpbuild") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = folder.join(format!("gpbuild{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not built", path.display());
    path
}

/// Waits until it is so; that it never comes to be so is a failure that says `what` was waited for.
pub fn until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(comes_to_be(LONG, is_so), "{what}: not in {LONG:?}");
}

/// Waits until it is so, at most so long: whether it came to be.
fn comes_to_be(at_most: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > at_most {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    true
}

/// Does the same with each of them, all at once: for what waits more than it works. A panic of one is a panic here.
pub fn all_at_once<T: Sync>(cases: &[T], does: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        let does = &does;
        let all: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(move || does(case)))
            .collect();
        for one in all {
            if let Err(panic) = one.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// Waits until the process hears signals: until then, one would end it as if it had never begun.
#[cfg(target_os = "linux")]
pub fn until_it_hears(child: &Child) {
    let path = format!("/proc/{}/status", child.id());
    until("it hears signals", || {
        let status = std::fs::read_to_string(&path).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        // SIGINT is the second.
        u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0
    });
}

/// Sends a signal, as in `-INT`; the process must be there to get it.
pub fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(status.success(), "kill {signal} {pid}");
}

/// Waits for its end. One that does not end is killed, and that is a failure.
pub fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    comes_to_be(LONG, || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap_or_else(|| {
        let _ = child.kill();
        panic!("it does not end in {LONG:?}");
    })
}

/// Sends a signal and waits for the end: the exit code, if it is not the signal that ended it.
pub fn end(child: &mut Child, signal: &str) -> Option<i32> {
    send(child, signal);
    ended(child).code()
}

/// The same command, ended by the system once it has used so many seconds of processor time: unlike a limit of the
/// clock, it is the same on a busy machine.
#[cfg(unix)]
pub fn with_processor_time(command: &Command, seconds: u32) -> Command {
    by_shell(command, &format!("ulimit -t {seconds}; exec \"$@\""))
}

/// The same command, in the same folder and with the same environment, as the `$@` of a shell that runs this script.
#[cfg(unix)]
pub fn by_shell(command: &Command, script: &str) -> Command {
    through(command, "sh", &["-c", script, "sh"])
}

/// The same command, in the same folder and with the same environment, run by a program that takes these arguments
/// before it.
#[cfg(unix)]
pub fn through(command: &Command, program: &str, arguments: &[&str]) -> Command {
    let mut other = Command::new(program);
    other
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    other
}
