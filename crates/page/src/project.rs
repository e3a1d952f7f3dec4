//! What a page needs of the program that opens it: the seam between the two. Whatever is asked is looked at anew.

use std::path::{Path, PathBuf};

use base::diagnostic::Failure;
use base::digest::Digest;
use base::world::Signature;

use crate::view::{Board, Detail, Price};

/// The project that a page shows. Asked from several threads at once.
pub trait Project: Send + Sync {
    /// What people call it.
    fn name(&self) -> String;
    /// Whether every save makes drafts, and not the real pictures.
    fn has_drafts(&self) -> bool;
    /// The file of an output.
    fn place(&self, output: &str) -> PathBuf;
    /// What is another as soon as some other process made something, or agreed to something.
    fn stamp(&self) -> Vec<Option<Signature>>;
    /// How everything stands.
    fn board(&self) -> Board;
    /// One asset, looked at closely; none if there is no such asset.
    fn detail(&self, id: &str) -> Result<Option<Detail>, Failure>;
    /// What it costs to make one asset, or in words why it cannot be made.
    fn price(&self, id: &str) -> Result<Price, String>;
    /// The bytes with this digest: kept, or still in the file that they were seen at.
    fn picture(&self, digest: &Digest, seen_at: Option<&Path>) -> Option<Vec<u8>>;
}
