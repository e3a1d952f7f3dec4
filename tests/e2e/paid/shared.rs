//! What lies in `.gpbuild` is one checkout's: no link shares it, or a part of it.

use crate::paid::Paid;
use crate::project::Project;
use std::os::unix::fs::symlink;

/// A second project with the same manifests.
fn twin(paid: &Paid) -> Project {
    let twin = Project::empty();
    twin.write("gpbuild.toml", paid.project.read("gpbuild.toml"));
    twin
}

#[test]
fn the_folder_of_another_project_is_not_shared_by_a_link() {
    let paid = Paid::one();
    paid.build(0);
    let twin = twin(&paid);
    symlink(paid.project.path(".gpbuild"), twin.path(".gpbuild")).unwrap();
    let before = paid.project.snapshot(".gpbuild");
    for command in [&["build"][..], &["plan"], &["build", "--draft"]] {
        let run = twin.run(command);
        assert_eq!(
            (run.code, run.err.as_str()),
            (
                5,
                "error: `.gpbuild` is a symbolic link: what gpbuild keeps there would lie wherever it leads\n  = help: remove it: gpbuild makes a folder; if it leads to the store of an older gpbuild, `GPBUILD_HOME` may name that folder\n"
            )
        );
    }
    assert!(paid.project.snapshot(".gpbuild") == before);
}

#[test]
fn a_store_without_its_ledger_is_refused() {
    let paid = Paid::one();
    paid.build(0);
    let twin = twin(&paid);
    std::fs::create_dir(twin.path(".gpbuild")).unwrap();
    symlink(
        paid.project.path(".gpbuild/store"),
        twin.path(".gpbuild/store"),
    )
    .unwrap();
    for command in [&["build"][..], &["plan"], &["cache", "stats"]] {
        let run = twin.run(command);
        assert_eq!(
            (run.code, run.err.as_str()),
            (
                5,
                "error: `.gpbuild/store` is a symbolic link, and gpbuild follows none here\n  = help: `GPBUILD_HOME` names the folder of store and ledger, wherever it lies\n"
            )
        );
    }
}
