//! Where pictures go: the real place of an output counts, and its name is replaced, never followed.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Came, MANIFEST, Seen, Stranger};

/// The commands that write outputs.
const BUILDS: [&[&str]; 2] = [&["build"], &["build", "-q"]];

/// What to do about a link that leads out.
const OUT: &str =
    "gpbuild writes nowhere else: remove the link, or let it lead to a folder of the project";
/// What to do about one that leads nowhere.
const DEAD: &str = "remove the link `dist`, or make what it leads to";

fn refused(seen: &Seen, message: &str, hint: Option<&str>) {
    let hint = hint.map_or_else(String::new, |hint| format!("  = help: {hint}\n"));
    let said = format!(
        "error: {message}\n --> gpbuild.toml:4:8\n  |\n4 | [cover.a]\n  |        ^\n  |\n  = note: in asset `a`\n{hint}  = help: outputs go to a folder of the project: `[project] out = \"…\"` names another one\n"
    );
    seen.all_said(&BUILDS, 2, &said);
}

fn with_output(output: &str) -> Stranger {
    let stranger = Stranger::new();
    stranger.write("gpbuild.toml", format!("{MANIFEST}output = \"{output}\"\n"));
    stranger
}

#[test]
fn a_folder_that_leads_out_is_refused() {
    let stranger = Stranger::new();
    let victim = stranger.outside("victim").canonicalize().unwrap();
    stranger.link("dist", "../victim");
    let said = format!(
        "`dist` is a symbolic link out of the project, to `{}`",
        victim.display()
    );
    refused(&stranger.attack(), &said, Some(OUT));
    let stranger = Stranger::new();
    let victim = stranger.outside("victim").canonicalize().unwrap();
    stranger.link("dist", &victim);
    let said = format!(
        "`dist` is a symbolic link out of the project, to `{}`",
        victim.display()
    );
    refused(&stranger.attack(), &said, Some(OUT));
    for target in ["../nowhere", "/nowhere/at/all", "nowhere"] {
        let stranger = Stranger::new();
        stranger.link("dist", target);
        refused(
            &stranger.attack(),
            &format!("`dist` is a symbolic link to `{target}`, where nothing is"),
            Some(DEAD),
        );
        assert!(!stranger.outside("nowhere").exists());
    }
    let stranger = with_output("a/b/x/y.png");
    stranger.link("a/b", "../../..");
    let seen = stranger.attack();
    assert_eq!(seen.run(Came::Cloned, &["build"]).code, 2);
}

#[test]
fn a_folder_that_leads_into_gits_or_gpbuilds_own_is_refused() {
    for (link, target, output, place) in [
        ("g", ".git", "g/hooks/x.png", ".git/hooks"),
        ("g", ".git/hooks", "g/x.png", ".git/hooks"),
        ("b/g", "../.git", "b/g/hooks/x.png", ".git/hooks"),
        ("p", ".gpbuild/preview", "p/x.png", ".gpbuild/preview"),
    ] {
        let stranger = with_output(output);
        stranger.link(link, target);
        if target.starts_with(".gpbuild") {
            // It must be there for a link to lead there.
            stranger.write("gpbuild.toml", MANIFEST);
            let arrived = stranger.arrive(Came::Cloned);
            assert_eq!(arrived.run(&["build", "--draft"]).code, 0);
            fs::write(
                arrived.path("gpbuild.toml"),
                format!("{MANIFEST}output = \"{output}\"\n"),
            )
            .unwrap();
            let run = arrived.run(&["build"]);
            assert_eq!(run.code, 2, "{}", run.err);
            continue;
        }
        let folder = output.rsplit_once('/').unwrap().0;
        let said = format!(
            "`{folder}` leads to `{place}`, which is git's or gpbuild's own, and none of the project's files"
        );
        refused(&stranger.attack(), &said, None);
    }
    let stranger = Stranger::new();
    stranger.link("dist", ".git");
    refused(
        &stranger.attack(),
        "`dist` leads to `.git`, which is git's or gpbuild's own, and none of the project's files",
        None,
    );
}

#[test]
fn a_name_of_gits_or_gpbuilds_own_is_refused_at_any_depth() {
    for (output, kept) in [
        (".git/hooks/x.png", ".git"),
        (".GIT/hooks/x.png", ".git"),
        ("sub/.git/hooks/x.png", ".git"),
        ("sub/.Git/x.png", ".git"),
        ("git~1/hooks/x.png", ".git"),
        (".g\u{200c}it/hooks/x.png", ".git"),
        ("sub/.gpbuild/x.png", ".gpbuild"),
    ] {
        let stranger = with_output(output);
        let arrived = stranger.arrive(Came::Cloned);
        let run = arrived.run(&["build"]);
        assert_eq!(run.code, 2, "{output}: {}", run.err);
        let said = format!("is inside `{kept}`");
        assert!(run.err.contains(&said), "{output}: {}", run.err);
    }
}

#[test]
fn a_link_inside_the_project_is_allowed() {
    let stranger = Stranger::new();
    stranger.link("dist", "public/img");
    stranger.write("public/img/keep.txt", "x");
    let seen = stranger.attack();
    for came in [Came::Cloned, Came::Unpacked] {
        assert_eq!(seen.run(came, &["build"]).code, 0);
    }
    let place = stranger.outside("cloned");
    assert!(place.join("public/img/a.png").is_file() && place.join("dist").is_symlink());
}

#[test]
fn what_is_at_the_name_itself_is_replaced_or_told_never_followed() {
    let odd = |what: &str| {
        format!(
            "{what} is at its path that gpbuild did not make: `gpbuild accept` keeps it, `--force` replaces it"
        )
    };
    for (target, other) in [
        ("../../secret", true),
        ("/dev/zero", true),
        ("../gpbuild.toml", false),
    ] {
        let stranger = Stranger::new();
        stranger.link("dist/a.png", target);
        let seen = stranger.attack();
        for came in [Came::Cloned, Came::Unpacked] {
            let run = seen.run(came, &["build"]);
            assert_eq!(run.code, 1);
            assert!(run.err.contains(&odd("a symbolic link")), "{}", run.err);
            let forced = seen.run(came, &["build", "--force", "--prune", "--json"]);
            assert_eq!(forced.code, 0, "{}", forced.out);
        }
        let arrived = stranger.outside("cloned").join("dist/a.png");
        assert!(!arrived.is_symlink() && arrived.is_file(), "{other}");
    }
    for kind in ["pipe", "socket"] {
        let stranger = Stranger::new();
        match kind {
            "pipe" => stranger.pipe("dist/a.png"),
            _ => stranger.socket("dist/a.png"),
        }
        let run = stranger.attack();
        let run = run.run(Came::Unpacked, &["build"]);
        assert!(run.err.contains(&odd("a device or pipe")), "{}", run.err);
    }
}

#[test]
fn accept_takes_nothing_from_outside() {
    let stranger = Stranger::new();
    stranger.link("dist/a.png", "../../victim/a.png");
    let arrived = stranger.arrive(Came::Cloned);
    let run = arrived.run(&["accept", "a"]);
    let victim = stranger.outside("victim/a.png").canonicalize().unwrap();
    assert_eq!(
        (run.code, run.err),
        (
            1,
            format!(
                "error: `dist/a.png` is a symbolic link out of the project, to `{}`\n  = note: in asset `a`\n",
                victim.display()
            )
        )
    );
}

#[test]
fn the_index_is_replaced_and_never_read_through_a_link() {
    let stranger = Stranger::new();
    let alt = format!(
        "{{\"version\":1,\"assets\":[{{\"id\":\"a\",\"digest\":\"{}\",\"alt\":\"canary-5d1f3c\"}}]}}",
        "0".repeat(64)
    );
    fs::write(stranger.outside("secret.json"), alt).unwrap();
    stranger.link("dist/assets.json", "../../secret.json");
    let seen = stranger.attack();
    assert_eq!(seen.run(Came::Cloned, &["build"]).code, 0);
    let index = stranger.outside("cloned").join("dist/assets.json");
    assert!(!index.is_symlink() && index.is_file());
    let stranger = Stranger::new();
    stranger.pipe("dist/assets.json");
    assert_eq!(stranger.attack().run(Came::Unpacked, &["build"]).code, 0);
}

#[test]
fn a_second_name_of_a_file_outside_keeps_its_bytes() {
    let stranger = Stranger::new();
    let arrived = stranger.arrive(Came::Cloned);
    fs::create_dir(arrived.path("dist")).unwrap();
    let victim = stranger.outside("victim/a.png");
    let before = fs::read(&victim).unwrap();
    for name in ["dist/a.png", "dist/assets.json", "gpbuild.lock"] {
        fs::hard_link(&victim, arrived.path(name)).unwrap();
    }
    let run = |arguments: &[&str]| arrived.command(arguments).output().unwrap();
    assert_eq!(run(&["build"]).status.code(), Some(5));
    fs::remove_file(arrived.path("gpbuild.lock")).unwrap();
    assert_eq!(run(&["build", "--force"]).status.code(), Some(0));
    assert_eq!(fs::read(&victim).unwrap(), before);
    assert_ne!(fs::read(arrived.path("dist/a.png")).unwrap(), before);
}

#[test]
fn init_copies_nothing_out_of_a_link() {
    let stranger = Stranger::empty();
    stranger.link(".gitignore", "../home/.bashrc");
    for came in [Came::Cloned, Came::Unpacked] {
        let arrived = stranger.arrive(came);
        let run = arrived.run(&["init"]);
        assert_eq!(
            (run.code, run.err.as_str(), run.out.as_str()),
            (
                2,
                "error: `.gitignore` is a symbolic link, and gpbuild follows none here\n  = help: nothing was written\n",
                ""
            )
        );
        assert!(!arrived.path("gpbuild.toml").exists());
    }
    let stranger = Stranger::empty();
    stranger.pipe(".gitignore");
    let arrived = stranger.arrive(Came::Unpacked);
    let run = arrived.run(&["init"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (
            2,
            "error: `.gitignore` is not a regular file\n  = help: nothing was written\n"
        )
    );
}

#[test]
fn what_a_kill_left_is_swept_behind_no_link() {
    let stranger = Stranger::new();
    stranger.link("out", "../victim");
    stranger.write("deep/x", "");
    stranger.link("deep/out", "../../victim");
    let arrived = stranger.arrive(Came::Cloned);
    assert_eq!(arrived.run(&["build"]).code, 0);
    let lock = fs::read_to_string(arrived.path("gpbuild.lock")).unwrap();
    let digest = "0".repeat(64);
    let lock = format!(
        "{lock}\n[unclaimed]\n\"out/x.png\" = \"{digest}\"\n\"deep/out/x.png\" = \"{digest}\"\n"
    );
    fs::write(arrived.path("gpbuild.lock"), lock).unwrap();
    symlink("../../victim", arrived.path(".gpbuild/preview")).unwrap();
    fs::write(arrived.path("dist/.gpbuild-tmp-1"), "x").unwrap();
    let run = arrived.run(&["cache", "gc"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!arrived.path("dist/.gpbuild-tmp-1").exists());
}
