//! Takes over what an older gpbuild left in a project: it kept store and ledger in `.gpbuild`. Once, and told.
//! What a stranger may have put there is taken over only by a person's own word.

use std::path::Path;

use crate::pipeline::{Project, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::Digest;
use base::fs::{Folder, shown};
use base::home::STATE_FOLDER;
use model::Micro;
use report::{Event, Reporter};
use store::Store;
use store::ledger::{self, Ledger};

/// Takes over what is there, if it can only be this person's own: git gave everything else that is in a
/// checkout, and does not know of this. Elsewhere it is told how to say so, and nothing is paid for until then.
pub fn adopt(settings: &Settings, project: &Project, reporter: &Reporter) -> Result<(), Failure> {
    if !is_there(settings) {
        return Ok(());
    }
    if !is_strangers(settings) {
        return adopt_by_word(settings, &project.name(), reporter);
    }
    reporter.event(Event::Diagnostic(
        &Diagnostic::warning(format!(
            "`{STATE_FOLDER}` has a store of an older gpbuild, which is not used: nobody knows here whose it is"
        ))
        .hint("`gpbuild cache adopt` takes it over, if it is yours; else delete it"),
    ));
    Ok(())
}

/// Whether an older gpbuild left something in the project that is not what is used anyway.
pub fn is_there(settings: &Settings) -> bool {
    let old = settings.root.join(STATE_FOLDER);
    let is = |name: &str, check: fn(&std::fs::FileType) -> bool| {
        std::fs::symlink_metadata(old.join(name)).is_ok_and(|meta| check(&meta.file_type()))
    };
    let is_plain = std::fs::symlink_metadata(&old).is_ok_and(|meta| meta.is_dir());
    if !is_plain
        || !(is("store", std::fs::FileType::is_dir) || is(ledger::FILE, std::fs::FileType::is_file))
    {
        return false;
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(&old) != real(settings.home.data())
}

/// Whether what is there waits for a person's word.
pub fn is_strangers(settings: &Settings) -> bool {
    is_there(settings) && std::fs::canonicalize(&settings.root).is_ok_and(|real| !is_in_git(&real))
}

/// What a plan says of what is there.
pub fn plan_note(settings: &Settings) -> Option<&'static str> {
    if !is_there(settings) {
        return None;
    }
    Some(if is_strangers(settings) {
        "`.gpbuild` has a store of an older gpbuild: what is in it is not planned with, and nothing is paid for until `gpbuild cache adopt` takes it over, or it is deleted"
    } else {
        "`.gpbuild` has a store of an older gpbuild: what is in it is not planned with, the next `gpbuild` takes it over first"
    })
}

fn is_in_git(root: &Path) -> bool {
    root.ancestors().any(|folder| folder.join(".git").exists())
}

/// Takes over what is there. Nobody else may be at work in the project.
pub fn adopt_by_word(
    settings: &Settings,
    project: &str,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let failed = |e: &base::fs::FsError| store_failure(e);
    let old = settings.root.join(STATE_FOLDER);
    let theirs = Store::open(&old)?;
    let spent = Ledger::open(&old).map_err(|e| failed(&e))?;
    let store = Store::open(settings.home.data())?;
    let ledger = Ledger::open(settings.home.data()).map_err(|e| failed(&e))?;
    let place = std::fs::canonicalize(&old).unwrap_or_else(|_| old.clone());
    let name = Digest::of(place.as_os_str().as_encoded_bytes()).short();
    let numbers = ledger
        .adopt(&spent, &name, project)
        .map_err(|e| failed(&e))?;
    let adopted = store.adopt(&theirs, &numbers).map_err(|e| failed(&e))?;
    let place = Folder::open(&old).map_err(|e| failed(&e))?;
    match place.remove(ledger::FILE) {
        Err(e) if e.is_not_found() => {}
        removed => removed
            .and_then(|()| place.sync())
            .map_err(|e| failed(&e))?,
    }
    reporter.event(Event::Note(&format!(
        "took over {} for {} and {} of an older gpbuild: from now on they are in `{}`",
        count(adopted.shots, "paid shot"),
        Micro(adopted.cost),
        count(numbers.len(), "request"),
        shown(settings.home.data())
    )));
    let left = theirs.discard_empty().map_err(|e| failed(&e))?;
    if let Some(left) = left {
        let aside = theirs.put_aside("store.old").map_err(|e| failed(&e))?;
        reporter.event(Event::Diagnostic(&Diagnostic::warning(format!(
            "{} of the old store could not be used, and {} left in `{}`",
            count(left, "file"),
            if left == 1 { "is" } else { "are" },
            shown(&aside)
        ))));
    }
    Ok(())
}

/// What `gpbuild cache adopt` fails with where there is nothing.
pub fn nothing_there() -> Failure {
    Failure::new(
        Exit::SomeFailed,
        Diagnostic::error(format!(
            "`{STATE_FOLDER}` has neither store nor ledger of an older gpbuild"
        )),
    )
}
