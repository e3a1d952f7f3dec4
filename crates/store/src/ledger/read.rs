//! Reads a ledger from where it was read last, piece by piece: others write to it meanwhile, and nothing in it
//! takes more memory than the requests that it tells of. Knows no month and no budget.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::ledger::record::{Record, parse};
use crate::ledger::{Entry, FILE};
use base::fs::{Folder, FsError};

/// The largest ledger, in bytes: half a million requests.
const MAX_BYTES: u64 = 256 << 20;
/// No line is longer, in bytes: a longer one is damage.
const MAX_LINE: u64 = 64 << 10;
/// So many damaged lines are told; more only counted as that many.
const MAX_DAMAGED: usize = 10_000;

/// What was read so far.
#[derive(Default)]
pub(super) struct Reading {
    /// All requests by number.
    pub entries: BTreeMap<u64, Entry>,
    /// The lines that could not be read, from 1.
    pub damaged: Vec<usize>,
    /// Bytes up to the end of the last whole line.
    at: u64,
    /// Lines up to there.
    lines: usize,
    /// What stands behind it without an end, if anything does.
    torn: Option<Torn>,
}

/// A last line without an end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Torn {
    /// All of it but its end is there.
    Whole,
    /// A part of it.
    Part,
}

impl Reading {
    /// Reads on in the ledger in the folder `home`; there is nothing to read if it is not there.
    pub fn open(&mut self, home: &Path) -> Result<(), FsError> {
        let file = match Folder::open(home).and_then(|home| home.file(FILE)) {
            Err(e) if e.is_not_found() => return Ok(()),
            opened => opened?,
        };
        let path = home.join(FILE);
        let failed = || FsError::io("read", &path);
        let size = file.metadata().map_err(failed())?.len();
        if size > MAX_BYTES {
            return Err(FsError::TooLarge {
                path,
                size,
                limit: MAX_BYTES,
            });
        }
        self.go_on(&file).map_err(failed())?;
        if self.torn == Some(Torn::Part) && file.lock_shared().is_ok() {
            // Somebody may have been writing just then.
            self.go_on(&file).map_err(failed())?;
        }
        Ok(())
    }

    /// Reads on in a file that is open.
    pub fn go_on(&mut self, file: &File) -> io::Result<()> {
        let mut file = file;
        if self.torn.take() == Some(Torn::Part) {
            self.damaged.pop();
        }
        if file.metadata()?.len() < self.at {
            // It is another file by now, or was cut: what was read of it stays read.
            self.at = 0;
            self.lines = 0;
            self.damaged.clear();
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut lines = BufReader::with_capacity(64 << 10, file.take(MAX_BYTES));
        let mut text = Vec::new();
        loop {
            text.clear();
            let mut read = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut text)? as u64;
            if read == 0 {
                return Ok(());
            }
            let is_whole = text.last() == Some(&b'\n');
            if !is_whole && read == MAX_LINE {
                // Too long to be a line of ours, but it has an end somewhere, or none.
                let skipped = skip_line(&mut lines)?;
                read += skipped.bytes;
                if skipped.ended {
                    self.lines += 1;
                    self.at += read;
                    self.damaged_line(self.lines);
                    continue;
                }
            } else if is_whole {
                self.lines += 1;
                self.at += read;
                match parse(&text[..text.len() - 1]) {
                    Some(record) => self.take(record),
                    None if text == b"\n" => {}
                    None => self.damaged_line(self.lines),
                }
                continue;
            }
            self.torn = Some(match parse(&text) {
                Some(record) => {
                    self.take(record);
                    Torn::Whole
                }
                None => {
                    self.damaged_line(self.lines + 1);
                    Torn::Part
                }
            });
            return Ok(());
        }
    }

    /// Whether the last line has no end.
    pub fn is_torn(&self) -> bool {
        self.torn.is_some()
    }

    /// The number of the next request.
    pub fn next_number(&self) -> u64 {
        self.entries.last_key_value().map_or(1, |(n, _)| n + 1)
    }

    /// Notes what was written to the end of the file, in so many bytes.
    pub fn wrote(&mut self, bytes: u64, record: Record) {
        // Only what is before it has to be read by nobody.
        if self.torn.is_none() {
            self.at += bytes;
            self.lines += 1;
        }
        self.take(record);
    }

    fn damaged_line(&mut self, line: usize) {
        if self.damaged.len() < MAX_DAMAGED {
            self.damaged.push(line);
        }
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Intent { number, at, intent } => {
                // Read again after a torn line, it is the same: what became of it is known already.
                let known = self
                    .entries
                    .get(&number)
                    .is_some_and(|e| e.intent == intent);
                if !known {
                    let entry = Entry {
                        number,
                        at,
                        intent,
                        settlement: None,
                    };
                    self.entries.insert(number, entry);
                }
            }
            Record::Settled { number, settlement } => {
                // The intent may be the damaged line: nothing is in doubt then.
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.settlement = Some(settlement);
                }
            }
        }
    }
}

struct Skipped {
    bytes: u64,
    ended: bool,
}

/// Skips the rest of a line.
fn skip_line(lines: &mut impl BufRead) -> io::Result<Skipped> {
    let mut bytes = 0;
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Skipped {
                bytes,
                ended: false,
            });
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        bytes += used as u64;
        lines.consume(used);
        if end.is_some() {
            return Ok(Skipped { bytes, ended: true });
        }
    }
}
