//! A run that goes on when its terminal is closed, and when whoever began it is ended: this program is begun once
//! more, in a session of its own, and gets the process lock as its standard input, since a file that is open stays
//! locked while it goes from one process to another. So nobody comes between, and at no instant does the run look
//! dead. Knows nothing of what is made.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The most that a log holds, in bytes.
const MAX_LOG: usize = 16 << 20;

/// What the process that was begun says to the one that began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is at work, and nothing that changes now concerns it.
    Ready,
    /// What is to be done is not what was agreed to.
    Changed,
}

impl Word {
    const ALL: [Self; 2] = [Self::Ready, Self::Changed];

    fn text(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Changed => "changed",
        }
    }
}

/// Where the process that began this one listens. It hears one word, or that this one ended without any.
#[derive(Debug)]
pub struct Listener(File);

impl Listener {
    /// Says it.
    pub fn say(mut self, word: Word) {
        // Nobody may listen any more: then it is told by the record of the run.
        let _ = self.0.write_all(word.text().as_bytes());
    }
}

/// What came of beginning a process.
#[derive(Debug)]
pub enum Spawned {
    /// It said something.
    Said(Word),
    /// It ended before that, with this exit code, if no signal ended it.
    Ended(Option<i32>),
}

/// Begins a process that outlives this one: it gets the lock, says its word, and writes to the log.
pub fn spawn(mut command: Command, lock: File, log: File) -> io::Result<Spawned> {
    let (heard, says) = io::pipe()?;
    let command = command.stdin(lock).stdout(says).stderr(log);
    let mut child = command.spawn()?;
    // Else its end of the pipe stays open here.
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut said = String::new();
    // What is not even text is no word.
    let _ = heard.take(64).read_to_string(&mut said);
    match Word::ALL.into_iter().find(|word| word.text() == said) {
        Some(word) => Ok(Spawned::Said(word)),
        None => Ok(Spawned::Ended(child.wait()?.code())),
    }
}

/// What a process that was begun has from the one that began it.
pub struct Inherited {
    /// The process lock, held.
    pub lock: File,
    /// Who waits for a word.
    pub listener: Listener,
    /// What is said from here on.
    pub log: Log,
}

/// Leaves session, terminal and streams of whoever began this process. An error where nobody did.
#[cfg(unix)]
pub fn leave() -> io::Result<Inherited> {
    use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
    let own = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    let (lock, listener, log) = (own(stdin())?, own(stdout())?, own(stderr())?);
    rustix::process::setsid()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(&log)?;
    crate::signal::outlive_terminal()?;
    Ok(Inherited {
        lock,
        listener: Listener(listener),
        log: Log::new(log),
    })
}

/// Elsewhere a lock does not go over to another process.
#[cfg(not(unix))]
pub fn leave() -> io::Result<Inherited> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A file that grows to a limit, and then says that it did.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Bounded>>);

struct Bounded {
    file: File,
    left: usize,
}

impl Log {
    fn new(file: File) -> Self {
        let left = MAX_LOG;
        Self(Arc::new(Mutex::new(Bounded { file, left })))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.left > 0 && bytes.len() > log.left {
            log.left = 0;
            log.file
                .write_all(b"the log ends here: it is full; the run goes on\n")?;
        }
        if log.left > 0 {
            log.file.write_all(bytes)?;
            log.left -= bytes.len();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::{Log, MAX_LOG};

    #[test]
    fn a_log_ends_where_it_is_full_and_says_so() {
        let mut file = tempfile::tempfile().unwrap();
        let mut log = Log::new(file.try_clone().unwrap());
        let mut other = log.clone();
        let half = vec![b'x'; MAX_LOG / 2];
        log.write_all(&half).unwrap();
        other.write_all(&half[1..]).unwrap();
        log.write_all(b"too much").unwrap();
        other.write_all(b"y").unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        let end = "xthe log ends here: it is full; the run goes on\n";
        assert!(text.ends_with(end), "{}", text.len());
        assert_eq!(text.len(), MAX_LOG - 2 + end.len());
    }
}
