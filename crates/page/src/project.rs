//! What a page needs of the program that opens it: the seam between the two. Whatever is asked is looked at anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use base::diagnostic::Failure;
use base::digest::Digest;
use base::world::Signature;

use crate::view::{Board, Detail, Download, Quote, Review, Spend};

/// The project that a page shows. Asked from several threads at once.
pub trait Project: Send + Sync {
    /// What never changes: the project's name, what the buttons make, the presets.
    fn about(&self) -> Value;
    /// Whether every save makes drafts, and not the real pictures.
    fn has_drafts(&self) -> bool;
    /// At most so many requests are on their way at once.
    fn jobs(&self) -> usize;
    /// The file of an output.
    fn place(&self, output: &str) -> PathBuf;
    /// What is another as soon as some other process made something, or agreed to something.
    fn stamp(&self) -> Vec<Option<Signature>>;
    /// How everything stands.
    fn board(&self) -> Board;
    /// One asset, looked at closely; none if there is no such asset.
    fn detail(&self, id: &str) -> Result<Option<Detail>, Failure>;
    /// What it costs to make these assets, or in words why that cannot be told. `again`: what is in doubt is sent again.
    fn quote(&self, ids: &[String], again: bool) -> Result<Quote, String>;
    /// The bytes with this digest: kept, or still in the file that they were seen at.
    fn picture(&self, digest: &Digest, seen_at: Option<&Path>) -> Option<Vec<u8>>;
    /// A picture at most so many pixels wide, encoded; none if it is no picture.
    fn thumbnail(&self, digest: &Digest, seen_at: Option<&Path>, width: u32) -> Option<Vec<u8>>;
    /// The assets of which all words are said somewhere, in order, as the board was looked at last.
    fn search(&self, words: &str) -> Vec<String>;
    /// What was spent on this project.
    fn spend(&self) -> Result<Spend, Failure>;
    /// The pictures of these assets as files, drafts or real ones; those that are not there are left out.
    fn downloads(&self, ids: &[String], draft: bool) -> Result<Vec<Download>, Failure>;
    /// The real pictures of a carousel, in order.
    fn carousel(&self, name: &str) -> Result<Vec<String>, Failure>;
    /// Notes what a person says of pictures.
    fn review(&self, reviews: BTreeMap<Digest, Review>) -> Result<(), Failure>;
    /// Notes that a person accepts what was found: by its key.
    fn accept(&self, id: &str, key: &str) -> Result<(), String>;
    /// Opens the manifest of an asset in the person's editor.
    fn open(&self, id: &str) -> Result<(), String>;
    /// Nothing is asked for just now: looks closer at something that is visible. Whether the board says more by that.
    fn idle(&self) -> bool;
    /// What is visible now on some page: what is drawn first at the next save.
    fn seen(&self, ids: Vec<String>);
}
