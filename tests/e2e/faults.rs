//! Kills, crowds, damage and full disks: nothing is lost, nothing wrong is delivered.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::project::{Counts, Project};

/// Temporary files of gpbuild anywhere in the project.
fn temporary(project: &Project) -> Vec<String> {
    let mut files = project.files("");
    files.retain(|name| name.contains(".gpbuild-tmp-"));
    files
}

#[test]
fn a_kill_at_any_instant_loses_nothing() {
    let whole = Project::many(30);
    let began = Instant::now();
    whole.build();
    let takes = began.elapsed();
    let mut cut = 0;
    // So many instants, and some more where a run took less time than the first and all came too late, or too early.
    for n in 0..75 {
        if n >= 25 && cut > 0 {
            break;
        }
        let project = Project::many(30);
        let mut child = project
            .command(&["build", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(takes * (n % 25) / [24, 12, 96][n as usize / 25]);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = project.build();
        assert_eq!(
            after.fresh + after.restored + after.made,
            30,
            "{n}: {after:?}"
        );
        cut += usize::from((1..30).contains(&after.made));
        let verified = project.ok(&["cache", "verify"]);
        assert_eq!(verified.err, "", "{n}");
        project.ok(&["cache", "gc", "--days", "0"]);
        assert_eq!(temporary(&project), [""; 0], "{n}");
        assert_eq!(project.files("dist"), whole.files("dist"), "{n}");
        for name in whole.files("dist") {
            assert_eq!(project.read(&name), whole.read(&name), "{n}: {name}");
        }
        assert_eq!(
            project.read("gpbuild.lock"),
            whole.read("gpbuild.lock"),
            "{n}"
        );
        assert_eq!(project.build(), Counts::fresh(30), "{n}");
    }
    // Else nothing was tested.
    assert!(cut > 0, "no kill came while pictures were made");
}

#[test]
fn gc_sweeps_what_a_kill_left_behind() {
    let project = Project::many(2);
    project.build();
    for folder in ["", "dist/", ".gpbuild/", ".gpbuild/store/objects/00/"] {
        project.write(&format!("{folder}.gpbuild-tmp-x"), "half");
    }
    assert_eq!(project.build(), Counts::fresh(2));
    let dry = project
        .ok(&["cache", "gc", "--days", "0", "--dry-run", "--json"])
        .json();
    assert_eq!(
        (&dry[0]["files"], &dry[0]["bytes"]),
        (&4.into(), &16.into())
    );
    assert_eq!(temporary(&project).len(), 4);
    let swept = project.ok(&["cache", "gc", "--days", "0", "--json"]).json();
    assert_eq!(
        (&swept[0]["files"], &swept[0]["bytes"]),
        (&4.into(), &16.into())
    );
    assert_eq!(temporary(&project), [""; 0]);
    assert_eq!(project.build(), Counts::fresh(2));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_well() {
    ends_well("-INT");
}

#[cfg(unix)]
#[test]
fn being_asked_to_end_ends_it_well() {
    ends_well("-TERM");
}

#[cfg(unix)]
fn ends_well(signal: &str) {
    let project = Project::many(60);
    let mut child = project
        .command(&["build", "--json", "-j", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("\"state\":\"made\""), "{first}");
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        err,
        "interrupted: what was made stays made, `gpbuild` goes on where this ended\n"
    );
    let summary: serde_json::Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    let made = usize::try_from(summary["made"].as_u64().unwrap()).unwrap();
    assert!((1..60).contains(&made), "{summary}");
    assert_eq!(summary["blocked"], 60 - made);
    assert_eq!(project.files("dist").len(), made + 1);
    let counts = Counts {
        fresh: made,
        made: 60 - made,
        ..Counts::default()
    };
    assert_eq!(project.build(), counts);
}

#[test]
fn many_at_once_all_end_well() {
    for crowd in [2, 5] {
        let project = Project::many(20);
        let children: Vec<_> = (0..crowd)
            .map(|_| {
                let mut command = project.command(&["build", "--json"]);
                command
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut made = 0;
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let out = String::from_utf8(output.stdout).unwrap();
            let summary: serde_json::Value =
                serde_json::from_str(out.lines().last().unwrap()).unwrap();
            made += summary["made"].as_u64().unwrap();
            let all = ["fresh", "restored", "made"].map(|s| summary[s].as_u64().unwrap());
            assert_eq!(all.iter().sum::<u64>(), 20, "{summary}");
        }
        assert_eq!(made, 20, "{crowd} at once");
        assert_eq!(project.build(), Counts::fresh(20));
        project.ok(&["cache", "verify"]);
        assert_eq!(temporary(&project), [""; 0]);
    }
}

/// Flips a bit in the middle of a file.
fn flip(project: &Project, name: &str) {
    let mut bytes = project.read(name);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    project.write(name, bytes);
}

#[test]
fn a_damaged_object_is_told_healed_and_never_delivered() {
    let whole = Project::one("one");
    whole.edit(
        "gpbuild.toml",
        "[cover.a]\n",
        "[cover.a]\nformat = \"webp\"\n",
    );
    whole.build();
    let picture = whole.read("dist/a.webp");
    // The shot and its export.
    let objects = whole.files(".gpbuild/store/objects");
    assert_eq!(objects.len(), 2);
    for damaged in [&objects[..1], &objects[1..], &objects[..]] {
        let project = Project::empty();
        for name in whole.files("") {
            project.write(&name, whole.read(&name));
        }
        damaged.iter().for_each(|name| flip(&project, name));
        let run = project.run(&["cache", "verify"]);
        assert_eq!(run.code, 5);
        let word = if damaged.len() == 1 { "file" } else { "files" };
        let told = format!("error: the store has {} damaged {word}\n", damaged.len());
        assert!(run.err.starts_with(&told), "{}", run.err);
        for name in damaged {
            assert!(
                run.out.contains(&format!("damaged   ./{name}\n")),
                "{}",
                run.out
            );
        }
        assert_eq!(project.build(), Counts::fresh(1));
        project.remove("dist/a.webp");
        let run = project.ok(&["build", "--json"]);
        assert_eq!(run.counts().failed, 0);
        assert_eq!(project.read("dist/a.webp"), picture);
        assert_eq!(project.build(), Counts::fresh(1));
        // A new format needs the shot: it is drawn again if it is damaged, never used as it is.
        project.edit("gpbuild.toml", "webp", "png");
        assert_eq!(project.build(), Counts::made(1));
        project.ok(&["cache", "verify"]);
    }
}

#[test]
fn a_store_that_was_damaged_is_whole_again_after_what_verify_says() {
    let project = Project::many(3);
    project.build();
    for name in project.files(".gpbuild/store") {
        flip(&project, &name);
    }
    assert_eq!(project.run(&["cache", "verify"]).code, 5);
    // The outputs are there: nothing is made, and what is left over can go.
    assert_eq!(project.build(), Counts::fresh(3));
    let before = project.snapshot("dist");
    project.remove("dist");
    assert_eq!(project.build(), Counts::made(3));
    project.ok(&["cache", "gc", "--days", "0"]);
    project.ok(&["cache", "verify"]);
    assert!(
        before
            .iter()
            .all(|(name, (bytes, _))| project.read(name) == *bytes)
    );
}

#[test]
fn a_store_without_its_objects_is_filled_again() {
    let project = Project::many(3);
    project.build();
    let before = project.snapshot("dist");
    project.remove(".gpbuild/store/objects");
    assert_eq!(project.build(), Counts::fresh(3));
    let run = project.run(&["cache", "verify"]);
    assert_eq!(run.code, 5);
    assert!(
        run.err
            .starts_with("error: the store has 3 missing objects\n"),
        "{}",
        run.err
    );
    project.remove("dist");
    assert_eq!(project.build(), Counts::made(3));
    project.ok(&["cache", "verify"]);
    let same = |(name, (bytes, _)): (&String, &(Vec<u8>, _))| project.read(name) == *bytes;
    assert!(before.iter().all(same));
}

#[test]
fn gc_keeps_what_the_lock_names() {
    let project = Project::many(3);
    project.build();
    project.edit("gpbuild.toml", "\"0\"", "\"new\"");
    project.build();
    assert_eq!(project.shots(), 4);
    let before = project.snapshot("dist");
    project.ok(&["cache", "gc", "--days", "0"]);
    assert_eq!(project.shots(), 3);
    project.ok(&["cache", "verify"]);
    project.remove("dist");
    assert_eq!(project.build(), Counts::restored(3));
    let same = |(name, (bytes, _)): (&String, &(Vec<u8>, _))| project.read(name) == *bytes;
    assert!(before.iter().all(same));
}

#[test]
fn looking_after_a_store_that_is_not_there_writes_nothing() {
    let project = Project::one("one");
    let run = project.ok(&["cache", "gc", "--days", "0"]);
    assert_eq!(run.out, "removed 0 files, 0 B\n");
    project.ok(&["cache", "stats"]);
    project.ok(&["cache", "verify"]);
    assert_eq!(project.files(""), ["gpbuild.toml"]);
}

#[test]
fn a_damaged_output_is_not_taken_for_the_picture() {
    let project = Project::one("one");
    project.build();
    let picture = project.read("dist/a.png");
    flip(&project, "dist/a.png");
    assert_eq!(
        project.run(&["build", "--json"]).counts(),
        Counts::blocked(1)
    );
    project.remove("dist/a.png");
    assert_eq!(project.build(), Counts::restored(1));
    assert_eq!(project.read("dist/a.png"), picture);
}

#[test]
fn a_damaged_or_deleted_state_changes_no_answer() {
    let project = Project::many(3);
    project.build();
    let state = project.read(".gpbuild/state");
    let spoil: [&dyn Fn(); 5] = [
        &|| flip(&project, ".gpbuild/state"),
        &|| project.remove(".gpbuild/state"),
        &|| project.write(".gpbuild/state", ""),
        &|| project.write(".gpbuild/state", &state[..state.len() / 2]),
        &|| project.write(".gpbuild/state", [0; 4096]),
    ];
    for spoil in spoil {
        spoil();
        assert_eq!(project.build(), Counts::fresh(3));
        project.edit("gpbuild.toml", "\"0\"", "\"new\"");
        spoil();
        assert_eq!(project.build().fresh, 2);
        project.edit("gpbuild.toml", "\"new\"", "\"0\"");
        spoil();
        assert_eq!(
            project.build(),
            Counts {
                fresh: 2,
                restored: 1,
                ..Counts::default()
            }
        );
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let project = Project::many(2);
    std::fs::create_dir(project.path("dist")).unwrap();
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(project.path("dist"), mode).unwrap();
    };
    // Nothing is refused to root: then somebody else runs it.
    let root = project.path("gpbuild.toml");
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(root).unwrap()) == 0;
    if root {
        let mut chown = Command::new("chown");
        assert!(
            chown
                .arg("-R")
                .arg("65534")
                .arg(project.root())
                .status()
                .unwrap()
                .success()
        );
    }
    mode(0o555);
    let mut command = project.command(&["build", "--json"]);
    if root {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    mode(0o755);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.contains("\"message\":\"cannot write `dist/a00.png`: permission denied\""),
        "{out}"
    );
    assert!(out.contains("\"made\":0,\"failed\":2,"), "{out}");
    // Once it may be written, what was drawn is only put in its place.
    assert_eq!(project.build(), Counts::restored(2));
}

#[test]
fn a_file_where_the_folder_should_be_is_named() {
    let project = Project::many(1);
    project.write("dist", "mine");
    let run = project.run(&["build"]);
    // Before anything is made, or paid for.
    assert_eq!(run.code, 2, "{}", run.err);
    assert_eq!(
        run.err,
        "error: `dist` is a file, and outputs go into that folder\n --> gpbuild.toml:4:8\n  |\n4 | [cover.a00.text]\n  |        ^^^\n  |\n  = note: in asset `a00`\n  = help: move `dist` out of the way\n  = help: outputs go to a folder of the project: `[project] out = \"…\"` names another one\n"
    );
    assert_eq!(project.text("dist"), "mine");
}

/// Everything in a mount namespace of its own: the small disk goes away with the last process in it.
const FULL_DISK: &str = r#"
mount -t tmpfs -o size=100k tmpfs "$DISK"
mount --make-private "$DISK" 2>/dev/null || true
cp -r "$PROJECT/." "$DISK"
cd "$DISK"
code=0; "$GPBUILD" build --json >"$OUT/full.json" 2>"$OUT/full.err" || code=$?
echo "$code" >"$OUT/full.code"
mount -o remount,size=64m "$DISK"
code=0; "$GPBUILD" build --json >"$OUT/more.json" 2>"$OUT/more.err" || code=$?
echo "$code" >"$OUT/more.code"
code=0; "$GPBUILD" cache verify >"$OUT/verify.out" 2>&1 || code=$?
echo "$code" >"$OUT/verify.code"
"$GPBUILD" cache gc >/dev/null
find . -name '.gpbuild-tmp-*' >"$OUT/temporary"
cp -r dist "$OUT/dist"
"#;

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_what_does_not_fit_and_keeps_the_rest() {
    let can = Command::new("unshare")
        .args(["-m", "sh", "-c", "mount -t tmpfs -o size=100k tmpfs /mnt"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !can {
        println!("skipped: no small disk can be mounted here");
        return;
    }
    let project = Project::many(30);
    let disk = tempfile::tempdir().unwrap();
    let results = Project::empty();
    let status = Command::new("unshare")
        .args(["-m", "sh", "-ec", FULL_DISK])
        .env("DISK", disk.path())
        .env("PROJECT", project.root())
        .env("OUT", results.root())
        .env("GPBUILD_HOME", ".gpbuild")
        .env("GPBUILD", env!("CARGO_BIN_EXE_gpbuild"))
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let all = |name: &str| {
        format!(
            "{}{}",
            results.text(&format!("{name}.json")),
            results.text(&format!("{name}.err"))
        )
    };
    let code = results.text("full.code");
    assert!(
        ["1\n", "5\n"].contains(&code.as_str()),
        "{code}{}",
        all("full")
    );
    assert!(
        all("full").contains("no space left on device"),
        "{}",
        all("full")
    );
    assert!(
        all("full").contains("cannot write `.gpbuild/store/"),
        "{}",
        all("full")
    );
    assert_eq!(results.text("more.code"), "0\n", "{}", all("more"));
    assert_eq!(
        results.text("verify.code"),
        "0\n",
        "{}",
        results.text("verify.out")
    );
    assert_eq!(results.text("temporary"), "");
    project.build();
    for name in project.files("dist") {
        assert_eq!(results.read(&name), project.read(&name), "{name}");
    }
    assert_eq!(results.files("dist"), project.files("dist"));
}

/// What a power cut leaves of a file whose contents were not on the disk yet, but its name was.
#[test]
fn an_output_that_a_power_cut_left_is_no_work_of_a_person() {
    let whole = Project::many(4);
    whole.build();
    for lock_too in [true, false] {
        let project = Project::empty();
        for name in whole.files("") {
            project.write(&name, whole.read(&name));
        }
        let bytes = project.read("dist/a00.png");
        project.write("dist/a00.png", "");
        project.write("dist/a01.png", &bytes[..bytes.len() / 2]);
        project.write("dist/a02.png", vec![0; bytes.len()]);
        if lock_too {
            project.remove("gpbuild.lock");
        }
        let run = project.ok(&["build", "--json"]);
        assert_eq!(
            run.asset("a01")["reason"],
            "output is cut off, as by a crash"
        );
        let counts = Counts {
            fresh: 1,
            ..Counts::restored(3)
        };
        assert_eq!(run.counts(), counts);
        for name in whole.files("dist") {
            assert_eq!(project.read(&name), whole.read(&name), "{name}");
        }
        assert_eq!(project.build(), Counts::fresh(4));
    }
}
