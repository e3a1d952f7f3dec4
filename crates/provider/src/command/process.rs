//! Runs a program to its end: fed, timed, bounded, in a process group of its own, which ends with it. Knows nothing of
//! what it makes.

use std::collections::BTreeSet;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// The end of what it says on standard error is told, so many bytes of it.
const MAX_TOLD: usize = 2000;
/// How often it is looked whether it leaves too much.
const GLANCE: Duration = Duration::from_millis(250);
/// So long the end of what it said is waited for: what it left behind may hold the other end open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The process groups that run just now.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// How a program ended.
pub(super) enum Ended {
    /// By itself, and the end of what it said on standard error.
    Exit(ExitStatus, Vec<u8>),
    /// It was ended: why.
    Stopped(String),
}

/// Runs it: `input` is what it reads, `excess` says whether it is to be ended, and why. The error is that it could not be
/// started.
pub(super) async fn run(
    mut command: Command,
    input: Vec<u8>,
    timeout: Duration,
    excess: impl Fn() -> Option<String>,
) -> io::Result<Ended> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let group = Group::new(&child);
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // One that does not read is not wrong.
            let _ = stdin.write_all(&input).await;
        }
        std::future::pending::<()>().await;
    };
    let mut stderr = child.stderr.take();
    let mut said = Vec::new();
    let limit = tokio::time::sleep(timeout);
    tokio::pin!(feed, limit);
    let mut glance = tokio::time::interval(GLANCE);
    let mut chunk = [0; 4096];
    let stopped = loop {
        tokio::select! {
            status = child.wait() => {
                // Whatever it started ends with it, and lets go of what it holds open.
                drop(group);
                last_words(stderr, &mut said).await;
                return Ok(Ended::Exit(status?, said));
            }
            read = read(&mut stderr, &mut chunk) => match read {
                0 => stderr = None,
                n => keep_end(&mut said, &chunk[..n]),
            },
            () = &mut feed => {}
            () = &mut limit => break format!("it did not end within {} s", timeout.as_secs()),
            _ = glance.tick() => if let Some(why) = excess() { break why },
        }
    };
    drop(group);
    let _ = child.kill().await;
    Ok(Ended::Stopped(stopped))
}

/// Reads some of a stream; never ready if there is none.
async fn read(stream: &mut Option<tokio::process::ChildStderr>, into: &mut [u8]) -> usize {
    match stream {
        Some(stream) => stream.read(into).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn last_words(stream: Option<tokio::process::ChildStderr>, said: &mut Vec<u8>) {
    let Some(mut stream) = stream else {
        return;
    };
    let mut chunk = [0; 4096];
    let rest = async {
        while let Ok(n @ 1..) = stream.read(&mut chunk).await {
            keep_end(said, &chunk[..n]);
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, rest).await;
}

fn keep_end(said: &mut Vec<u8>, more: &[u8]) {
    said.extend_from_slice(more);
    let surplus = said.len().saturating_sub(MAX_TOLD);
    said.drain(..surplus);
}

/// The process group of a program; it ends when this is dropped.
struct Group(Option<u32>);

impl Group {
    fn new(child: &Child) -> Self {
        let id = child.id();
        if let Some(id) = id {
            running().insert(id);
        }
        Self(id)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            running().remove(&id);
            end(id);
        }
    }
}

fn running() -> std::sync::MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that runs just now: this process is about to end.
pub fn end_all() {
    for id in std::mem::take(&mut *running()) {
        end(id);
    }
}

#[cfg(unix)]
fn end(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may be gone already.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(_: u32) {}
