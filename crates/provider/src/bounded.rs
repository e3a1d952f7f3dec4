//! What a stranger says of himself, within bounds: before it reaches an entry, the lock, the ledger or a
//! terminal. Knows no field.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The longest name that is taken, in characters: of a model, of a request, of a code.
const MAX_NAME: usize = 200;
/// The longest sentence that is kept, in characters.
const MAX_SENTENCE: usize = 500;
/// The longest prompt that is kept of an answer, in characters.
const MAX_PROMPT: usize = 4_000;
/// All that an answer may say besides its pictures, in bytes.
const MAX_TALK: u64 = 16 << 20;

/// A name, if it is one: signs that names are made of, and not too many.
pub(crate) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=~".contains(c);
    let is_name = !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(is_sign);
    is_name.then(|| text.to_owned())
}

/// A sentence: one line, and cut where it is too long.
pub(crate) fn sentence(text: &str) -> String {
    line(text, MAX_SENTENCE)
}

/// A prompt, on one line, and cut where it is too long.
pub(crate) fn prompt(text: &str) -> String {
    line(text, MAX_PROMPT)
}

fn line(text: &str, most: usize) -> String {
    let mut signs = text.trim().chars().map(|c| match c {
        c if c.is_whitespace() => ' ',
        c => c,
    });
    let mut said: String = signs
        .by_ref()
        .filter(|c| !c.is_control())
        .take(most)
        .collect();
    if signs.any(|c| !c.is_control()) {
        said.push('…');
    }
    said
}

/// The end of what was said, as a sentence: its last lines say most.
pub(crate) fn ending(text: &str) -> String {
    let text = text.trim();
    let signs = text.chars().count();
    let Some(surplus) = signs.checked_sub(MAX_SENTENCE).filter(|n| *n > 0) else {
        return sentence(text);
    };
    let end: String = text.chars().skip(surplus).collect();
    format!("…{}", sentence(&end))
}

/// Counts what is read of an answer, but where that is switched off: what pictures weigh is bounded by
/// who keeps them.
pub(crate) struct Metered<R> {
    inner: R,
    meter: Meter,
}

/// How much may still be read.
#[derive(Clone)]
pub(crate) struct Meter {
    left: Rc<Cell<u64>>,
    is_off: Rc<Cell<bool>>,
}

impl Meter {
    pub(crate) fn new<R>(inner: R) -> (Self, Metered<R>) {
        let meter = Self {
            left: Rc::new(Cell::new(MAX_TALK)),
            is_off: Rc::default(),
        };
        let metered = Metered {
            inner,
            meter: meter.clone(),
        };
        (meter, metered)
    }

    /// What is read from now on does not count, or does again.
    pub(crate) fn switch_off(&self, off: bool) {
        self.is_off.set(off);
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if !self.meter.is_off.get() {
            let left = self.meter.left.get().checked_sub(read as u64);
            let left = left.ok_or_else(|| io::Error::other("it says too much besides pictures"))?;
            self.meter.left.set(left);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME, MAX_SENTENCE, name, sentence};

    #[test]
    fn names_are_names_and_sentences_end() {
        assert_eq!(
            name(" gpt-image-2-2026-04-21 ").as_deref(),
            Some("gpt-image-2-2026-04-21")
        );
        for odd in [
            "",
            "a b",
            "a\nb",
            "\u{1b}[2J",
            "模型",
            &"a".repeat(MAX_NAME + 1),
        ] {
            assert_eq!(name(odd), None, "{odd}");
        }
        assert_eq!(sentence(" no\n\u{1b}[2J way "), "no [2J way");
        let long = sentence(&"长".repeat(MAX_SENTENCE + 1));
        assert_eq!(long.chars().count(), MAX_SENTENCE + 1);
        assert!(long.ends_with('…'));
    }
}
