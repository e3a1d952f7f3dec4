//! minijinja, fenced in: what a template may do, how much of it, and what becomes of a value where it is drawn.
//! Knows no templates.

use std::io::{self, Write};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use crate::template::{filters, text_filters};
use render::{hex_ratio, is_light};

/// Steps that one rendering may take: a large poster takes some thousand.
pub const MAX_STEPS: u64 = 2_000_000;
/// The largest template that is read and the largest text that one gives, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;
/// The deepest nesting of includes and macros.
pub const MAX_NESTING: usize = 40;
/// An environment without templates.
pub fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_debug(true);
    environment.set_fuel(Some(MAX_STEPS));
    environment.set_recursion_limit(MAX_NESTING);
    environment.remove_global("debug");
    filters::fence(&mut environment);
    text_filters::add(&mut environment);
    environment.add_function("is_light", |colour: &str| is_light(colour));
    environment.add_function("contrast", |one: &str, other: &str| hex_ratio(one, other));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment
}

/// Lets at most [`MAX_BYTES`] through.
pub struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 + bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other(TOO_LONG));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a text is not taken.
pub const TOO_LONG: &str = "the template gives more than 1 MiB of text";

/// What a rendering gives, if that is no more than [`MAX_BYTES`] of text.
pub fn bounded(render: impl FnOnce(&mut Bounded) -> Result<(), Error>) -> Result<String, Error> {
    let mut out = Bounded(Vec::new());
    render(&mut out)?;
    String::from_utf8(out.0)
        .map_err(|_| Error::new(ErrorKind::BadSerialization, "the text is not UTF-8"))
}
