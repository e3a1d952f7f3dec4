//! A folder that becomes a link between a look and a write: what was opened is what is written to.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Came, Stranger};

/// Says that it is over when it is dropped, also by a panic.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Somebody else on this machine swaps the folder of the outputs for a link out, and back, without a pause, while
/// outputs are written to it again and again.
#[test]
fn a_folder_that_is_swapped_for_a_link_leads_nowhere() {
    let stranger = Stranger::empty();
    let manifest = |round: usize| {
        let mut text = "[defaults]\nsize = \"40x30\"\ntemplate = \"plain\"\n".to_owned();
        for n in 0..60 {
            text += &format!("[cover.a{n}.text]\nheadline = \"{n} {round}\"\n");
        }
        text
    };
    stranger.write("gpbuild.toml", manifest(0));
    stranger.write("templates/plain.html", crate::project::PLAIN);
    let arrived = stranger.arrive(Came::Cloned);
    assert_eq!(arrived.run(&["build"]).code, 0);
    let [dist, aside, link] = ["dist", "aside", "link"].map(|name| arrived.path(name));
    symlink(stranger.outside("victim"), &link).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (from, to) in [
                    (&dist, &aside),
                    (&link, &dist),
                    (&dist, &link),
                    (&aside, &dist),
                ] {
                    // Where a build has made the folder anew meanwhile, the next round sees to it.
                    let _ = fs::rename(from, to);
                }
                if !aside.exists() && !link.is_symlink() && !dist.is_symlink() {
                    symlink(stranger.outside("victim"), &link).unwrap();
                }
            }
        });
        // However this ends: the other thread is waited for.
        let _over = Over(&over);
        for round in 1..9 {
            fs::write(arrived.path("gpbuild.toml"), manifest(round)).unwrap();
            // It may fail, and say so; nothing outside changes.
            arrived.run_in_motion(&["build", "--force"]);
            arrived.run_in_motion(&["build", "--prune"]);
        }
    });
}
