//! `.gpbuild`, gpbuild's own folder in a project: what is in it may be deleted at any time, and is for one
//! checkout alone. So it is a folder, no link leads to it or on from it, and git knows nothing of it: what a
//! repository brings along was written by somebody else. Knows nothing of what is kept there.

mod tracked;

use std::path::Path;

use base::diagnostic::{Diagnostic, Exit, Failure};
use base::fs::{Durability, Folder, FsError, Kind};
use base::home::STATE_FOLDER;

/// Has git pass the folder over, wherever the project's own `.gitignore` is.
const IGNORE: (&str, &str) = (".gitignore", "*\n");

/// Refuses a folder that may not be used, before anything in it is believed.
pub fn check(root: &Path) -> Result<(), Failure> {
    let folder = Folder::open(root).map_err(|e| failed(&e))?;
    if is_there(&folder)? {
        untracked(root)?;
    }
    Ok(())
}

/// The folder, ready to be written to.
pub fn ready(root: &Path) -> Result<Folder, Failure> {
    let project = Folder::open(root).map_err(|e| failed(&e))?;
    if is_there(&project)? {
        untracked(root)?;
    }
    let own = project.make(STATE_FOLDER).map_err(|e| failed(&e))?;
    let (name, text) = IGNORE;
    if own.kind(name).map_err(|e| failed(&e))?.is_none() {
        own.write(name, text.as_bytes(), Durability::Free)
            .map_err(|e| failed(&e))?;
    }
    Ok(own)
}

fn is_there(project: &Folder) -> Result<bool, Failure> {
    let what = match project.kind(STATE_FOLDER).map_err(|e| failed(&e))? {
        None => return Ok(false),
        Some(Kind::Folder) => return Ok(true),
        Some(Kind::Link) => {
            let why = format!(
                "`{STATE_FOLDER}` is a symbolic link: what gpbuild keeps there would lie wherever it leads"
            );
            return Err(damaged(Diagnostic::error(why).hint(
                "remove it: gpbuild makes a folder; if it leads to the store of an older gpbuild, `GPBUILD_HOME` may name that folder",
            )));
        }
        Some(_) => "not a folder, and gpbuild keeps there what it knows of this checkout",
    };
    Err(damaged(
        Diagnostic::error(format!("`{STATE_FOLDER}` is {what}"))
            .hint("remove it: gpbuild makes a folder, and nothing that was paid for lies there"),
    ))
}

fn untracked(root: &Path) -> Result<(), Failure> {
    let Some(path) = tracked::tracked(root, STATE_FOLDER) else {
        return Ok(());
    };
    Err(damaged(
        Diagnostic::error(format!(
            "git tracks `{}`: what is in `{STATE_FOLDER}` is for one checkout, and nobody else's word counts there",
            path.escape_debug()
        ))
        .hint(format!(
            "`git rm -r --cached {STATE_FOLDER}` and a commit end that; delete the folder if it came with a repository that is not yours"
        )),
    ))
}

fn failed(error: &FsError) -> Failure {
    damaged(Diagnostic::error(error.to_string()))
}

/// Nothing that was declared is wrong: what lies on the disk cannot be used.
fn damaged(diagnostic: Diagnostic) -> Failure {
    Failure::new(Exit::Damaged, diagnostic)
}
