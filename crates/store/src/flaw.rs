//! Why a picture cannot be used: found out once, and told from then on without looking at it again. Another
//! version of gpbuild may know better, and looks anew.

use serde::{Deserialize, Serialize};

use crate::Store;
use crate::key::Key;
use base::digest::Digest;
use base::fs::{Durability, FsError};

const FOLDER: &str = "flaws";
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct Flaw {
    /// The gpbuild that found it.
    version: String,
    why: String,
}

impl Store {
    /// Notes why a picture cannot be used.
    pub fn put_flaw(&self, picture: &Digest, why: &str) -> Result<(), FsError> {
        let flaw = Flaw {
            version: VERSION.to_owned(),
            why: why.to_owned(),
        };
        self.put_entry(FOLDER, &Key(*picture), &flaw, Durability::Free)
    }

    /// Why a picture cannot be used, if this gpbuild has tried. A note that cannot be read is none: it is tried again.
    pub fn flaw(&self, picture: &Digest) -> Option<String> {
        let flaw: Flaw = self.entry(FOLDER, &Key(*picture)).ok().flatten()?;
        (flaw.version == VERSION).then_some(flaw.why)
    }
}
