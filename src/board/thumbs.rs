//! Small pictures of large ones, for lists: made when they are asked for, and kept by digest and width in gpbuild's own
//! folder, where they may be deleted at any time. Knows no asset.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::own;
use base::digest::Digest;
use base::fs::{Durability, Folder};
use export::{Export, Format};

/// The folder in gpbuild's own.
const FOLDER: &str = "thumbs";
/// The largest that is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;
/// So many are kept; when there are more, all are made anew as they are asked for.
const MAX_KEPT: usize = 20_000;
/// From 1 to 100: of what is only looked at from afar.
const QUALITY: u8 = 82;

/// The small pictures of a project.
#[derive(Debug)]
pub struct Thumbs {
    root: PathBuf,
    /// How many were written since it was looked how many there are.
    written: AtomicUsize,
}

impl Thumbs {
    /// Those of the project in `root`.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            // The first one that is written looks.
            written: AtomicUsize::new(MAX_KEPT),
        }
    }

    /// The picture with this digest at most so many pixels wide; `picture` gives the large one.
    pub fn get(
        &self,
        digest: &Digest,
        width: u32,
        picture: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let name = format!("{}-{width}", digest.hex());
        let folder = own::ready(&self.root).ok()?.make(FOLDER).ok()?;
        if let Ok(bytes) = folder.read(&name, MAX_BYTES)
            && Format::of(&bytes).is_some()
        {
            return Some(bytes);
        }
        let bytes = small(&picture()?, width)?;
        self.bound(&folder);
        // It is made again the next time.
        let _ = folder.write(&name, &bytes, Durability::Free);
        Some(bytes)
    }

    /// Empties the folder when too much is in it.
    fn bound(&self, folder: &Folder) {
        if self.written.fetch_add(1, Ordering::Relaxed) < MAX_KEPT / 2 {
            return;
        }
        self.written.store(0, Ordering::Relaxed);
        let names = folder.list().unwrap_or_default();
        if names.len() < MAX_KEPT {
            return;
        }
        for (name, _) in names {
            let _ = folder.remove(&name);
        }
    }
}

/// A picture at most so many pixels wide, never larger than it is; none if it is no picture.
pub fn small(picture: &[u8], width: u32) -> Option<Vec<u8>> {
    let info = export::image_info(picture).ok()?;
    let (from_width, from_height) = export::dimensions(picture).ok()?;
    if from_width <= width {
        return Some(picture.to_vec());
    }
    let height = u64::from(from_height) * u64::from(width) / u64::from(from_width);
    let export = Export {
        width,
        height: u32::try_from(height).ok()?.max(1),
        crop: None,
        // What may be transparent is shown on the ground of the page.
        format: if info.alpha {
            Format::WebP
        } else {
            Format::Jpeg
        },
        quality: Some(QUALITY),
        max_bytes: None,
    };
    export::export(&export, picture).ok()
}
