//! The folder through which a request and its pictures go: outside of every project and of the store, and of this person
//! alone. What a program leaves in it is a stranger's: only plain files count, no link is followed, all of it is bounded.

use std::fs::read_dir;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::media::{changed, media_type};
use crate::reply::Attachment;
use crate::submission::Submission;
use base::digest::Digest;
use base::fs::{Durability, Folder, FsError, Kind, read_bounded, shown};

use super::VERSION;

/// Where a program puts its pictures.
const OUTPUT: &str = "output";
/// At most so many files may be there.
const MAX_FILES: usize = 1000;
/// So many bytes may be there in all.
const MAX_BYTES: u64 = 2 << 30;
/// The most bytes of one picture.
const MAX_PROGRAM_PICTURE_BYTES: u64 = 64 << 20;

/// So many bytes are encoded at once; three of them are four signs, so that no part ends in the middle of one.
const ENCODED_AT_ONCE: usize = 3 << 16;

/// The folder of one request. It is gone with this, unless it is kept.
pub(super) struct Exchange {
    folder: tempfile::TempDir,
    /// What the program is told.
    pub(super) request: Value,
}

impl Exchange {
    /// A new folder, with copies of the pictures that go with the request.
    pub(super) fn new(submission: &Submission<'_>) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix("gpbuild-").tempdir()?;
        let own = Folder::open(folder.path()).map_err(io::Error::other)?;
        own.make(OUTPUT).map_err(io::Error::other)?;
        let copy = |name: &str, picture: &Attachment| copy(&own, name, picture);
        let references = submission.references.iter().enumerate();
        let references = references
            .map(|(n, picture)| copy(&format!("reference-{}", n + 1), picture))
            .collect::<io::Result<Vec<String>>>()?;
        let mask = submission.mask.map(|mask| copy("mask", mask)).transpose()?;
        let output = text_of(&folder.path().join(OUTPUT))?;
        let (request, prompt) = (submission.request, submission.prompt);
        let request = json!({
            "version": VERSION,
            "id": submission.own_id,
            "name": request.model.name,
            "prompt": prompt.text,
            "width": request.width,
            "height": request.height,
            "n": prompt.candidates,
            "variant": request.variant,
            "quality": prompt.quality,
            "background": prompt.background,
            "params": prompt.params,
            "references": references,
            "mask": mask,
            "output": output,
        });
        Ok(Self { folder, request })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves it for a person: where it is.
    pub(super) fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Whether there is anything in it that came from the program.
    pub(super) fn has_output(&self) -> bool {
        read_dir(self.path().join(OUTPUT)).is_ok_and(|mut files| files.next().is_some())
    }

    /// What is too much of what the program has put there so far.
    pub(super) fn excess(&self) -> Option<String> {
        let mut bytes = 0_u64;
        let entries = read_dir(self.path().join(OUTPUT)).ok()?;
        for (n, entry) in entries.filter_map(Result::ok).enumerate() {
            if n >= MAX_FILES {
                return Some(format!(
                    "it put more than {MAX_FILES} files into its folder"
                ));
            }
            // Of a link, its own size.
            bytes = bytes.saturating_add(entry.metadata().map_or(0, |meta| meta.len()));
        }
        (bytes > MAX_BYTES).then(|| format!("it put more than {MAX_BYTES} bytes into its folder"))
    }

    /// The names of its pictures, in order, at most so many; what is no picture is none.
    pub(super) fn pictures(&self, most: usize) -> Result<Vec<PathBuf>, FsError> {
        let own = Folder::open(self.path())?;
        let names = own.below(OUTPUT)?.list()?.into_iter();
        let plain = names.filter(|(_, kind)| *kind == Kind::File);
        let paths = plain.map(|(name, _)| Path::new(OUTPUT).join(name));
        let is_picture = |path: &PathBuf| {
            let bytes = own.read(path, MAX_PROGRAM_PICTURE_BYTES);
            bytes.is_ok_and(|bytes| media_type(&bytes).is_ok())
        };
        Ok(paths.filter(is_picture).take(most).collect())
    }

    /// Writes the pictures as an answer: in the words of the shape `images`, so that it is read as one of those.
    pub(super) fn answer(
        &self,
        pictures: &[PathBuf],
        into: &mut (dyn Write + Send),
    ) -> Result<(), FsError> {
        let own = Folder::open(self.path())?;
        let failed = || FsError::io("write", Path::new("the answer"));
        into.write_all(b"{\"data\":[").map_err(failed())?;
        for (n, picture) in pictures.iter().enumerate() {
            let bytes = own.read(picture, MAX_PROGRAM_PICTURE_BYTES)?;
            let before: &[u8] = if n == 0 { b"" } else { b"," };
            into.write_all(before).map_err(failed())?;
            into.write_all(b"{\"b64_json\":\"").map_err(failed())?;
            for part in bytes.chunks(ENCODED_AT_ONCE) {
                let text = STANDARD.encode(part);
                into.write_all(text.as_bytes()).map_err(failed())?;
            }
            into.write_all(b"\"}").map_err(failed())?;
        }
        into.write_all(b"]}").map_err(failed())
    }
}

/// Copies a picture into the folder, under a name with the ending of what it is: its path there.
fn copy(own: &Folder, name: &str, picture: &Attachment) -> io::Result<String> {
    let told = |e: io::Error| io::Error::other(format!("`{}`: {e}", shown(&picture.path)));
    let bytes = read_bounded(&picture.path, MAX_PROGRAM_PICTURE_BYTES).map_err(io::Error::other)?;
    if Digest::of(&bytes) != picture.digest {
        return Err(told(changed()));
    }
    let (_, ending) = media_type(&bytes).map_err(told)?;
    let name = format!("{name}.{ending}");
    own.write(&name, &bytes, Durability::Free)
        .map_err(io::Error::other)?;
    text_of(&own.at(name))
}

/// A path as JSON can hold it.
fn text_of(path: &Path) -> io::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        io::Error::other("the folder for temporary files has a name that is no UTF-8")
    })
}
