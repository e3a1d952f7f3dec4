//! Two projects with one store: all of `.gpbuild` can be shared, a part of it cannot.

use std::os::unix::fs::symlink;
use std::time::Duration;

use api_server::Options;

use crate::paid::Paid;
use crate::project::{Counts, Project, Run};

/// A second project with the same manifests.
fn twin(paid: &Paid) -> Project {
    let twin = Project::empty();
    twin.write("gpbuild.toml", paid.project.read("gpbuild.toml"));
    twin
}

#[test]
fn two_projects_with_one_folder_ask_for_each_shot_once_in_all() {
    for _ in 0..2 {
        let paid = Paid::series_with(
            4,
            Options {
                latency: Duration::from_millis(30),
                ..Options::default()
            },
        );
        let twin = twin(&paid);
        std::fs::create_dir(paid.project.path(".gpbuild")).unwrap();
        symlink(paid.project.path(".gpbuild"), twin.path(".gpbuild")).unwrap();
        let build = |project: &Project| {
            let mut command = paid.command(&["build", "--yes", "--json"]);
            command.current_dir(project.root());
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        };
        let both = [build(&paid.project), build(&twin)];
        let runs = both.map(|child| Run::of(child.wait_with_output().unwrap()));
        for run in &runs {
            assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        }
        let made: usize = runs.iter().map(|run| run.counts().made).sum();
        let restored: usize = runs.iter().map(|run| run.counts().restored).sum();
        assert_eq!((paid.accepted(), made, restored), (4, 4, 4));
        for project in [&paid.project, &twin] {
            let run = Run::of(build(project).wait_with_output().unwrap());
            assert_eq!(run.counts(), Counts::fresh(4));
        }
        for name in paid.project.files("dist") {
            assert!(paid.project.read(&name) == twin.read(&name), "{name}");
        }
    }
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
                "error: `.gpbuild/store` is a symbolic link: a store belongs to the ledger beside it\n  = help: `GPBUILD_HOME` names the folder of both, wherever it lies\n"
            )
        );
    }
}
