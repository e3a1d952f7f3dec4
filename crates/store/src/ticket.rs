//! Tickets: answers that say where the pictures are to be asked for, beside the other answers in `incoming/`. What is
//! ready for one is in a file of its own beside it. Both are on the disk before anything follows from them, and go when
//! the pictures are in the store. Knows nothing of what is in either.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::key::Key;
use crate::{Head, Store};
use base::fs::{Durability, FsError};

/// The ending of a ticket.
pub(super) const TICKET: &str = "ticket";
/// The ending of what is ready for one.
const READY: &str = "ready";
/// Neither is longer, in bytes.
const MAX_BYTES: u64 = 2 << 20;

impl Store {
    /// Every ticket, by the key that it is for; of two, the newer one.
    pub fn tickets(&self) -> Result<BTreeMap<Key, PathBuf>, FsError> {
        let found = self.incoming(TICKET)?.into_iter();
        let of_keys = found.filter_map(|path| Some((self.key_of(&path)?, path)));
        Ok(of_keys.collect())
    }

    /// A ticket's head, and the answer that it is read from.
    pub fn ticket(&self, path: &Path) -> Result<(Head, Vec<u8>), FsError> {
        let mut arrived = self.answer(path)?;
        let mut answer = Vec::new();
        let body = &mut arrived.body;
        body.take(MAX_BYTES)
            .read_to_end(&mut answer)
            .map_err(FsError::io("read", path))?;
        Ok((arrived.head, answer))
    }

    /// Writes a ticket down that was not seen when it came; it is on the disk before this returns.
    pub fn put_ticket(&self, head: &Head, answer: &[u8]) -> Result<PathBuf, FsError> {
        let mut incoming = self.expect(head)?;
        let path = incoming.path().to_path_buf();
        incoming
            .write_all(answer)
            .map_err(FsError::io("write", &path))?;
        incoming.arrived().map_err(|astray| astray.error)
    }

    /// What is ready for a ticket, if that is known; what cannot be read is asked for again, for nothing.
    pub fn ready(&self, ticket: &Path) -> Option<Vec<u8>> {
        self.read(&ticket.with_extension(READY), MAX_BYTES).ok()
    }

    /// Writes down what is ready for a ticket; it is on the disk before this returns.
    pub fn put_ready(&self, ticket: &Path, answer: &[u8]) -> Result<(), FsError> {
        self.write(&ticket.with_extension(READY), answer, Durability::Paid)
    }

    /// Forgets what was ready for a ticket.
    pub fn remove_ready(&self, ticket: &Path) -> Result<(), FsError> {
        let ready = ticket.with_extension(READY);
        match self.is_file(&ready) {
            true => self.remove_file(&ready),
            false => Ok(()),
        }
    }

    /// Puts what was ready for a ticket aside: a person may want to see it.
    pub fn set_ready_aside(&self, ticket: &Path) {
        let ready = ticket.with_extension(READY);
        if self.is_file(&ready) {
            // One that stays behind is read by nobody without its ticket.
            let _ = self.rename(&ready, &ticket.with_extension("ready.odd"));
        }
    }

    /// Removes a ticket, and what was ready for it: all that it was for is in its place.
    pub fn remove_ticket(&self, ticket: &Path) -> Result<(), FsError> {
        self.remove_ready(ticket)?;
        self.remove_file(ticket)
    }
}
