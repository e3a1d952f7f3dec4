//! What a gpbuild built with `--features faults` did to the disk, operation by operation.

use std::path::Path;

use crate::project::{PLACE, Project};

/// An operation that was done.
#[derive(Clone, Debug)]
pub struct Op {
    /// What was done.
    pub verb: String,
    /// To which path, from the folder of project and person.
    pub path: String,
    /// What was written.
    pub with: Vec<u8>,
    /// Where it was renamed to.
    pub to: String,
}

/// Builds a project once, and gives what was done.
///
/// # Panics
/// If the binary records nothing: it was built without the feature.
pub fn record(project: &Project, arguments: &[&str]) -> Vec<Op> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let output = project
        .command(arguments)
        .env("GPBUILD_FAULT_LOG", log.path())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    let ops = parse(&std::fs::read(log.path()).unwrap(), project.root());
    assert!(
        !ops.is_empty(),
        "nothing was recorded: build gpbuild with `--features faults`"
    );
    ops
}

/// What such a file says; what its last line lost was not done.
pub fn parse(mut bytes: &[u8], root: &Path) -> Vec<Op> {
    let mut ops = Vec::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut words = line.split(' ');
        let verb = words.next().unwrap().to_owned();
        let mut length = || words.next().unwrap().parse::<usize>().unwrap();
        let (path, with) = (length(), length());
        bytes = &bytes[end + 1..];
        ops.push(Op {
            verb,
            path: plain(&bytes[..path], root),
            with: bytes[path..path + with].to_vec(),
            to: plain(&bytes[path..path + with], root),
        });
        bytes = &bytes[path + with..];
    }
    ops
}

/// A path from the folder of both; what is no path is empty.
fn plain(path: &[u8], root: &Path) -> String {
    let path = Path::new(std::str::from_utf8(path).unwrap_or_default());
    if path.as_os_str().is_empty() {
        return String::new();
    }
    let path = path.strip_prefix(root.join(PLACE)).unwrap_or(path);
    if let Ok(path) = path.strip_prefix(root) {
        return path.to_str().unwrap_or_default().to_owned();
    }
    let path = path.strip_prefix(".").unwrap_or(path);
    match path.strip_prefix("..") {
        Ok(path) => path.to_str().unwrap_or_default().to_owned(),
        Err(_) => Path::new(PLACE)
            .join(path)
            .to_str()
            .unwrap_or_default()
            .to_owned(),
    }
}
