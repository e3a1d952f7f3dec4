//! `gpbuild init`: a small project to start from. Asks nothing, overwrites nothing.

use std::path::Path;

use base::diagnostic::{Diagnostic, Exit, Failure, list};
use base::fs::{Durability, Folder, FsError, shown};
use report::Reporter;

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
const IGNORE_FILE: &str = ".gitignore";
/// What git has to leave alone.
const IGNORED: &str = ".gpbuild/";

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
    let folder = Folder::create(folder).map_err(failed)?;
    // What a link leads to is not for us to copy into a project. Looked at before anything is written.
    let before = match folder.read(IGNORE_FILE, 1 << 20) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.is_not_found() => String::new(),
        Err(e) => return Err(failed(e).with_hint("nothing was written")),
    };
    let write = |name: &str, text: &str| {
        let written = folder.write(name, text.as_bytes(), Durability::Free);
        written.map_err(failed)?;
        reporter.out(&format!("wrote     {}\n", shown(&folder.at(name))));
        Ok(())
    };
    for (name, text) in FILES {
        write(name, text)?;
    }
    if !before
        .lines()
        .any(|line| line.trim().trim_start_matches('/') == IGNORED)
    {
        let gap = if before.is_empty() || before.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        write(IGNORE_FILE, &format!("{before}{gap}{IGNORED}\n"))?;
    }
    reporter.out("now run `gpbuild`: it draws every picture, for free\n");
    Ok(Exit::Done)
}

fn failed(error: FsError) -> Failure {
    Failure::new(Exit::Manifest, Diagnostic::error(error.to_string()))
}
