//! What a stranger put where this person's store and ledger are kept, or would be taken over from: where a person has
//! no folder of their own, and where an older gpbuild's folder is imitated.

use super::{Came, Stranger};

/// Where links are, and where they lead, from the project's `.gpbuild`.
const LINKS: [(&str, &str); 14] = [
    ("ledger", "../../home/.bashrc"),
    ("store", "../../victim"),
    ("store/VERSION", "../../../secret"),
    ("store/objects", "../../../victim"),
    ("store/objects/ab", "../../../../victim"),
    ("store/shots", "../../../victim"),
    ("store/exports", "../../../victim"),
    ("store/picks", "../../../victim"),
    ("store/accepted", "../../../victim"),
    ("store/incoming", "../../../victim"),
    ("store/incoming/1-aa.answer", "../../../../secret"),
    ("store/making", "../../../victim"),
    ("roots", "../../victim"),
    ("in-use", "../../secret"),
];

#[test]
fn no_link_in_a_persons_folder_is_followed() {
    for (name, target) in LINKS {
        let stranger = Stranger::new();
        stranger.link(&format!(".gpbuild/{name}"), target);
        let arrived = stranger.arrive(Came::Unpacked);
        for command in [
            &["build"][..],
            &["build", "--force", "--prune"],
            &["plan"],
            &["log"],
            &["cache", "stats"],
            &["cache", "verify"],
            &["cache", "gc", "--days", "0"],
            &["cache", "remove", "abababab"],
            &["pick", "a", "1"],
            &["watch"],
        ] {
            let mut inside = arrived.command(command);
            inside.env("GPBUILD_HOME", ".gpbuild");
            let run = arrived.run_command(inside, command);
            assert_ne!(run.code, -1, "{name} {command:?}: {}", run.err);
        }
    }
}

#[test]
fn no_link_in_an_old_store_is_followed_when_it_is_taken_over() {
    for (name, target) in LINKS {
        let stranger = Stranger::new();
        stranger.link(&format!(".gpbuild/{name}"), target);
        let arrived = stranger.arrive(Came::Unpacked);
        for command in [&["cache", "adopt"][..], &["build"], &["cache", "verify"]] {
            let run = arrived.run(command);
            assert_ne!(run.code, -1, "{name} {command:?}: {}", run.err);
        }
    }
}

#[test]
fn a_pipe_or_a_socket_there_is_not_waited_for() {
    for name in [
        "ledger",
        "store/VERSION",
        "store/incoming/1-aa.answer",
        "store/incoming/1-aa.part",
        "in-use",
        "roots/aa",
    ] {
        for socket in [false, true] {
            let stranger = Stranger::new();
            let path = format!(".gpbuild/{name}");
            if socket {
                stranger.socket(&path);
            } else {
                stranger.pipe(&path);
            }
            let arrived = stranger.arrive(Came::Unpacked);
            for command in [&["build"][..], &["log"], &["cache", "gc"]] {
                let mut inside = arrived.command(command);
                inside.env("GPBUILD_HOME", ".gpbuild");
                arrived.run_command(inside, command);
            }
            arrived.run(&["cache", "adopt"]);
        }
    }
}
