//! Tools that read `build.ninja`: the same specs, template and style, and a `cp` for each output.

use std::fmt::Write as _;
use std::path::Path;

use crate::common::project::{self, Items, STYLE, TEMPLATE};
use crate::common::{find, run};

/// The programs that read `build.ninja`.
const NAMES: [&str; 3] = ["ninja", "n2", "samu"];

/// A build of `n` outputs by one of them, made.
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    program: String,
    folder: tempfile::TempDir,
}

impl Peer {
    /// Those that are on the path; says which are not.
    pub fn all(n: usize) -> Vec<Self> {
        NAMES.iter().filter_map(|name| Self::new(name, n)).collect()
    }

    fn new(name: &'static str, n: usize) -> Option<Self> {
        let Some(program) = find(name) else {
            println!("skipped: {name} is not on the path");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        project::write(folder.path(), n, Items::Files);
        let mut text = "rule cp\n  command = cp $spec $out\n\n".to_owned();
        for i in 0..n {
            let spec = project::spec(i);
            let (spec, out) = (spec.display(), project::output(i));
            let out = out.display();
            let _ = writeln!(
                text,
                "build {out}: cp {spec} {TEMPLATE} {STYLE}\n  spec = {spec}"
            );
        }
        std::fs::write(folder.path().join("build.ninja"), text).unwrap();
        let peer = Self {
            name,
            program: program.to_str().unwrap().to_owned(),
            folder,
        };
        peer.build();
        Some(peer)
    }

    /// Builds; how long it took, in milliseconds.
    pub fn build(&self) -> f64 {
        run(&self.program, &[], self.folder.path())
    }

    /// Its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
