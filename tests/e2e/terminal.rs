//! A terminal for the binary: standard input and error are one, and somebody types into it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs the command at a terminal where `typed` is typed: its exit code, and all that the terminal showed.
pub fn at_terminal(mut command: Command, typed: &str) -> (i32, String) {
    let (mut master, name) = pair();
    command.env("TERM", "dumb");
    command.stdin(side(&name)).stderr(side(&name));
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    // Its ends of the terminal are closed with it, so that reading comes to an end.
    drop(command);
    master.write_all(typed.as_bytes()).unwrap();
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..read]);
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (
        code,
        String::from_utf8(shown).unwrap().replace("\r\n", "\n"),
    )
}

/// The end of a new terminal that a person sits at, and the name of the other one.
fn pair() -> (File, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let name = name.to_str().unwrap().to_owned();
    (File::from(master), name)
}

/// The end that a command works at.
fn side(name: &str) -> Stdio {
    let no_control = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
    let mut open = File::options();
    open.read(true).write(true).custom_flags(no_control);
    Stdio::from(open.open(name).unwrap())
}

/// A terminal that somebody may close while a command works at it.
pub struct Window {
    master: File,
    child: Child,
}

impl Window {
    /// Begins the command with all its streams at a terminal. For it to be the terminal of its session, it has to take it.
    pub fn open(mut command: Command) -> Self {
        let (master, name) = pair();
        command.env("TERM", "dumb");
        command
            .stdin(side(&name))
            .stdout(side(&name))
            .stderr(side(&name));
        let child = command.spawn().unwrap();
        Self { master, child }
    }

    /// The next line that it shows.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while let Ok(1) = self.master.read(&mut byte) {
            line.push(byte[0]);
            if byte[0] == b'\n' {
                break;
            }
        }
        String::from_utf8(line).unwrap()
    }

    /// Closes the terminal: what becomes of the command is to be seen.
    pub fn close(self) -> Child {
        self.child
    }
}
