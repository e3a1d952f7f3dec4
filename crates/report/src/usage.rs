//! What is shown before there is a reporter: the help, the version, what is wrong with the command line. Knows no events.

use std::io::{self, Write};

use crate::words;
use base::door;
use lang::Lang;

/// Shows what stands before any reporter: the help, the version, what is wrong with the command line. `plain` is
/// the same as `colored`, without colours. Whether it could be written, if somebody asked for it.
pub fn show_usage(plain: &str, colored: &str, to_out: bool, lang: Lang) -> bool {
    // What was typed stands in it: if that has to be escaped, colours do not matter any more.
    let safe = door::lines(plain);
    let text = if safe == plain { colored } else { &safe };
    let written = if to_out {
        written_to(anstream::stdout(), text)
    } else {
        written_to(anstream::stderr(), text)
    };
    match written {
        Err(error) if to_out && error.kind() != io::ErrorKind::BrokenPipe => {
            let text = words::unwritten(&error).render_as(false, &|text| lang::say(lang, text));
            // There is nobody left to be told if this cannot be written.
            let _ = written_to(anstream::stderr(), &format!("{text}\n"));
            false
        }
        _ => true,
    }
}

fn written_to(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}
