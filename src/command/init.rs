//! `gpbuild init`: a small project to start from. Asks nothing, overwrites nothing.

use std::path::Path;

use crate::site;
use base::diagnostic::{Diagnostic, Exit, Failure, list};
use base::fs::{Durability, Folder, FsError, shown};
use report::Reporter;

/// What is said of the project in a new `gpbuild.toml`.
const NAME: &str = "name = \"my-pictures\"\n";
/// The files of a new project.
const FILES: [(&str, &str); 4] = [
    ("gpbuild.toml", include_str!("../init/files/gpbuild.toml")),
    (
        "covers.gp.toml",
        include_str!("../init/files/covers.gp.toml"),
    ),
    (
        "carousel.gp.toml",
        include_str!("../init/files/carousel.gp.toml"),
    ),
    ("slides.csv", include_str!("../init/files/slides.csv")),
];
/// Files of git's in which a line has to be, if it is not: what git leaves alone, and how it merges a lock, of which
/// gpbuild takes in both sides.
const LINES: [(&str, &str); 2] = [
    (".gitignore", ".gpbuild/"),
    (".gitattributes", "gpbuild.lock merge=union"),
];

/// Runs the command.
pub fn run(folder: &Path, reporter: &Reporter) -> Result<Exit, Failure> {
    let taken: Vec<&str> = FILES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| std::fs::symlink_metadata(folder.join(name)).is_ok())
        .collect();
    if !taken.is_empty() {
        return Err(Failure::usage(format!(
            "{} already there: nothing was written",
            if taken.len() == 1 {
                format!("{} is", list(&taken))
            } else {
                format!("{} are", list(&taken))
            }
        ))
        .with_hint("`gpbuild init DIR` starts a project in another folder"));
    }
    let settings = site::settings(folder);
    let folder = Folder::create(folder).map_err(failed)?;
    // What a link leads to is not for us to copy into a project. Looked at before anything is written.
    let mut lines = Vec::new();
    for (name, line) in LINES {
        let before = match folder.read(name, 1 << 20) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.is_not_found() => String::new(),
            Err(e) => return Err(failed(e).with_hint("nothing was written")),
        };
        if let Some(text) = with_line(before, line) {
            lines.push((name, text));
        }
    }
    let write = |name: &str, text: &str| {
        let written = folder.write(name, text.as_bytes(), Durability::Free);
        written.map_err(failed)?;
        reporter.tell(&format!("wrote     {}\n", shown(&folder.at(name))));
        Ok(())
    };
    for (name, text) in FILES {
        write(name, &text.replace(NAME, &format!("{NAME}{settings}")))?;
    }
    for (name, text) in lines {
        write(name, &text)?;
    }
    reporter.tell("now run `gpbuild`: it draws every picture, for free\n");
    Ok(Exit::Done)
}

/// A file of git's with a line, if it is not in it.
fn with_line(before: String, line: &str) -> Option<String> {
    let is_it = |known: &str| known.trim().trim_start_matches('/') == line;
    if before.lines().any(is_it) {
        return None;
    }
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Some(format!("{before}{gap}{line}\n"))
}

fn failed(error: FsError) -> Failure {
    Failure::new(Exit::Manifest, Diagnostic::error(error.to_string()))
}
