//! What the store has and cannot be read: told with its path, never asked for again, and as good as before once it is
//! put right. Tests run as anybody, so rights prove nothing: what stands in a file's place does.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::paid::{Paid, summary};

/// What is done to a file, and what is told of it then.
struct Harm {
    does: fn(&Path),
    told: fn(&str) -> String,
}

/// Everything but "there is no such file".
fn harms() -> Vec<Harm> {
    fn damaged(path: &str) -> String {
        format!("`{path}` is damaged")
    }
    fn odd(path: &str) -> String {
        format!("`{path}` is not a regular file")
    }
    let mut harms = vec![
        Harm {
            does: |path| {
                let file = File::options().write(true).open(path).unwrap();
                file.set_len(20).unwrap();
            },
            told: damaged,
        },
        Harm {
            does: |path| drop(File::create(path).unwrap()),
            told: damaged,
        },
        Harm {
            does: |path| std::fs::write(path, "{}\n").unwrap(),
            told: damaged,
        },
        Harm {
            does: |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            },
            told: odd,
        },
    ];
    if cfg!(unix) {
        harms.push(Harm {
            does: |path| {
                std::fs::remove_file(path).unwrap();
                assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
            },
            told: odd,
        });
        #[cfg(unix)]
        harms.push(Harm {
            does: |path| {
                std::fs::remove_file(path).unwrap();
                std::os::unix::fs::symlink(path, path).unwrap();
            },
            told: |path| format!("`{path}` is a symbolic link, and gpbuild follows none here"),
        });
    }
    harms
}

/// Removes whatever is there, and puts the file back.
fn put_back(path: &Path, bytes: &[u8]) {
    if path.symlink_metadata().unwrap().is_dir() {
        std::fs::remove_dir(path).unwrap();
    } else {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(path, bytes).unwrap();
}

/// The one file in a folder of the store.
fn only(paid: &Paid, folder: &str) -> String {
    let mut files = paid.project.files(&format!(".gpbuild/store/{folder}"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// The paid picture's object: of the two, the one that is not the output.
fn picture(paid: &Paid) -> String {
    let output = paid.project.read("dist/a.png");
    let mut files = paid.project.files(".gpbuild/store/objects");
    files.retain(|name| paid.project.read(name) != output);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn what_is_paid_for_and_cannot_be_read_is_told_and_not_asked_for_again() {
    for is_entry in [true, false] {
        let paid = Paid::one();
        paid.build(0);
        let name = match is_entry {
            true => only(&paid, "shots"),
            false => picture(&paid),
        };
        let (path, good) = (paid.project.path(&name), paid.project.read(&name));
        // Nothing but the store is left, and another output is wanted of the picture.
        for gone in ["gpbuild.lock", "dist", ".gpbuild/state"] {
            paid.project.remove(gone);
        }
        paid.project
            .edit("gpbuild.toml", "[cover.a]", "[cover.a]\nformat = \"jpeg\"");
        for harm in harms() {
            (harm.does)(&path);
            let told = (harm.told)(&name);
            let reason = format!(
                "it may be paid for already, but {told}: put that right, or move it away to have it asked for again"
            );
            let plan = paid.run(&["plan", "--json"]);
            assert_eq!(plan.asset("a")["reason"], reason, "{}", plan.err);
            let build = paid.build(5);
            assert_eq!(build.asset("a")["state"], "blocked");
            assert_eq!(build.asset("a")["reason"], reason);
            assert_eq!(summary(&build)["requests"], 0);
            put_back(&path, &good);
        }
        assert_eq!(paid.accepted(), 1);
        let build = paid.build(0);
        assert_eq!(summary(&build)["made"], 1, "{}", build.out);
        assert_eq!(summary(&build)["requests"], 0);
        // Moved away it is missing: that is a person's word.
        for gone in [
            "gpbuild.lock",
            "dist",
            ".gpbuild/state",
            ".gpbuild/store/exports",
            &*name,
        ] {
            paid.project.remove(gone);
        }
        assert_eq!(summary(&paid.build(0))["requests"], 1);
    }
}

#[test]
fn the_lock_an_output_and_an_answer_heal_what_cannot_be_read() {
    let paid = Paid::one();
    paid.build(0);
    let (shot, object) = (only(&paid, "shots"), picture(&paid));
    let good = paid.project.read(&shot);
    // The lock says what the shot led to: its entry is not even looked at.
    paid.project.write(&shot, "");
    paid.project.remove("dist");
    assert_eq!(summary(&paid.build(0))["restored"], 1);
    // And it is written anew where the output is replaced.
    paid.project
        .edit("gpbuild.toml", "[cover.a]", "[cover.a]\nformat = \"jpeg\"");
    assert_eq!(summary(&paid.build(0))["made"], 1);
    assert_ne!(paid.project.read(&shot), b"");
    // The export that the lock names is whole: the picture is not needed.
    paid.project.write(&object, "bent");
    paid.project.remove("dist");
    assert_eq!(summary(&paid.build(0))["restored"], 1);
    assert_eq!(paid.accepted(), 1);
    assert!(!good.is_empty());
}

#[test]
fn gc_removes_no_picture_while_the_entry_of_a_shot_cannot_be_read() {
    let paid = Paid::one();
    paid.build(0);
    let (shot, object) = (only(&paid, "shots"), picture(&paid));
    for gone in ["gpbuild.lock", "dist", ".gpbuild/state"] {
        paid.project.remove(gone);
    }
    let good = paid.project.read(&shot);
    paid.project.write(&shot, &good[..20]);
    let help = "it may be paid for, and lead to any picture, so no picture was removed: put it right, or move it away";
    let told = format!("warning: `{shot}` cannot be read\n  = help: {help}\n");
    for arguments in [
        &["cache", "gc", "--days", "0", "--dry-run"][..],
        &["cache", "gc", "--days", "0"],
    ] {
        let run = paid.run(arguments);
        assert_eq!((run.code, run.err.as_str()), (0, told.as_str()));
        assert!(paid.project.has(&shot) && paid.project.has(&object));
    }
    let stats = paid.run(&["cache", "stats"]);
    let told =
        "warning: what 1 shot cost cannot be read\n  = help: `gpbuild cache verify` says which\n";
    assert_eq!((stats.code, stats.err.as_str()), (0, told));
    let verified = paid.run(&["cache", "verify"]);
    assert_eq!(verified.code, 5);
    assert!(
        verified.out.starts_with(&format!("damaged   ./{shot}\n")),
        "{}",
        verified.out
    );
    // Put right, it is had again for nothing.
    paid.project.write(&shot, good);
    assert_eq!(summary(&paid.build(0))["requests"], 0);
    assert_eq!(paid.accepted(), 1);
}

#[test]
fn a_damaged_entry_goes_when_it_is_removed_by_name() {
    let paid = Paid::one();
    paid.build(0);
    let (shot, object) = (only(&paid, "shots"), picture(&paid));
    paid.project.write(&shot, "bent");
    let key: String = shot
        .rsplit('/')
        .take(2)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let removed = paid.run(&["cache", "remove", &key]);
    assert_eq!(
        removed.out,
        format!("removed 1 file, 4 B, which cost $0.000: {key}\n")
    );
    assert!(!paid.project.has(&shot) && paid.project.has(&object));
}

/// What stands where the ledger, an answer, or all answers should be.
#[test]
fn what_stands_in_the_place_of_a_ledger_or_of_answers_is_told_before_anything_is_asked_for() {
    let key = "0".repeat(64);
    let ticket = format!(".gpbuild/store/incoming/1-{key}.ticket");
    for (place, is_folder, told) in [
        (".gpbuild/ledger", true, "is not a regular file"),
        (".gpbuild/store/incoming", false, "is not a folder"),
        (&*ticket, true, "is not a regular file"),
    ] {
        let paid = Paid::one();
        paid.project.write(".gpbuild/store/VERSION", "1\n");
        match is_folder {
            true => std::fs::create_dir_all(paid.project.path(place)).unwrap(),
            false => paid.project.write(place, ""),
        }
        for arguments in [&["plan"][..], &["build", "--yes"]] {
            let run = paid.run(arguments);
            let error = format!("error: `{place}` {told}\n");
            assert!(
                run.code == 5 && run.err.ends_with(&error),
                "{place}: {}",
                run.err
            );
        }
        assert_eq!(paid.accepted(), 0, "{place}");
    }
}

#[test]
fn an_answer_in_a_form_that_is_not_known_is_told_and_stays() {
    let paid = Paid::one();
    let key = "0".repeat(64);
    let head = format!(
        r#"{{"number":7,"asset":"z","key":"{key}","ingredients":[],"model":"openai/x","price":null,"size":[1,1],"pictures":1,"form":"hologram"}}"#
    );
    let name = format!(".gpbuild/store/incoming/7-{key}.answer");
    paid.project.write(&name, format!("{head}\n{{}}"));
    let run = paid.run(&["build", "--yes"]);
    let told = format!(
        "warning: an answer of an earlier run could not be taken in: cannot read `{name}`: it is in a form that this gpbuild does not know\n"
    );
    assert!(run.code == 0 && run.err.contains(&told), "{}", run.err);
    assert!(paid.project.has(&name));
}
