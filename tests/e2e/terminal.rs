//! A terminal for the binary: standard input and error are one, and somebody types into it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs the command at a terminal where `typed` is typed: its exit code, and all that the terminal showed.
pub fn at_terminal(mut command: Command, typed: &str) -> (i32, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let name = name.to_str().unwrap().to_owned();
    let side = || {
        let no_control = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let mut open = File::options();
        open.read(true).write(true).custom_flags(no_control);
        Stdio::from(open.open(&name).unwrap())
    };
    command.env("TERM", "dumb").stdin(side()).stderr(side());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    // Its ends of the terminal are closed with it, so that reading comes to an end.
    drop(command);
    let mut master = File::from(master);
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
