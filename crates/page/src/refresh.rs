//! Keeps what the page shows up to date: has the project looked at whenever something may have changed and
//! somebody looks. Knows nothing of HTTP.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::clock;
use crate::feed::Feed;
use crate::pictures::Pictures;
use crate::project::Project;

/// How often it is looked whether another gpbuild made something.
const GLANCE: Duration = Duration::from_secs(1);

/// It is looked again after as long as the last look took, and after so long at the latest.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// Asks the board to look again.
#[derive(Clone)]
pub struct Refresh(SyncSender<()>);

impl Refresh {
    /// Asks; it is enough to ask once.
    pub fn request(&self) {
        let _ = self.0.try_send(());
    }
}

/// Keeps `feed` up to date on a thread of its own, until the last refresh is gone.
pub fn keep(
    project: Arc<dyn Project>,
    feed: Arc<Feed>,
    pictures: Arc<Pictures>,
) -> std::io::Result<Refresh> {
    let (refresh, requests) = sync_channel(1);
    std::thread::Builder::new()
        .name("board".to_owned())
        .spawn(move || run(&*project, &feed, &pictures, &requests))?;
    Ok(Refresh(refresh))
}

fn run(project: &dyn Project, feed: &Feed, pictures: &Pictures, requests: &Receiver<()>) {
    let mut old = true;
    let mut seen = project.stamp();
    loop {
        match requests.recv_timeout(GLANCE) {
            Ok(()) => old = true,
            Err(RecvTimeoutError::Timeout) => {
                old |= feed.listeners() > 0 && project.idle();
                let now = project.stamp();
                old |= now != seen;
                seen = now;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Nobody looks: it is done when somebody does.
        if old && feed.listeners() > 0 {
            old = false;
            let began = clock::now();
            let board = project.board();
            for (digest, seen_at) in &board.pictures {
                pictures.allow(Some(*digest), seen_at.clone());
            }
            feed.show(board);
            // Whatever goes on meanwhile has the other half of the time.
            let took = clock::now().saturating_sub(began);
            let rest = Duration::from_millis(took.unsigned_abs()).min(LONGEST_REST);
            std::thread::sleep(rest);
        }
    }
}
