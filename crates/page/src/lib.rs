//! The live page of `watch`: shows every asset as it is now, and takes what a person asks for there. It looks at
//! nothing itself and carries nothing out: the first is done by the [`Project`] and the second by the [`Performer`]
//! of who opens it. Speaks with this machine only.
//!
//! Four threads: the server speaks HTTP; one has the project looked at whenever something changed; the worker
//! carries out what pages ask for; and the watch that opened it, whose reports it hears.

mod connections;
mod feed;
mod language;
mod pictures;
mod project;
mod refresh;
mod server;
mod ui;
mod view;
mod worker;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::sync::oneshot;

use base::diagnostic::{Diagnostic, Exit, Failure};
use report::{Event, Reporter};

pub use project::Project;
pub use view::{Board, Changed, Detail, Money, Paid, Part, Price, Row, Shot, Standing};
pub use worker::{Action, Performer};

use feed::{Feed, Lane};
use pictures::Pictures;
use refresh::Refresh;
use server::Context;
use worker::{Setup, Worker};

/// A page that is open.
pub struct LivePage {
    url: String,
    feed: Arc<Feed>,
    pictures: Arc<Pictures>,
    refresh: Refresh,
    worker: Worker,
    end: Mutex<Option<oneshot::Sender<()>>>,
    project: Arc<dyn Project>,
}

impl LivePage {
    /// Opens it on this machine, on `port`; 0 is any that is free.
    pub fn open(
        port: u16,
        project: Arc<dyn Project>,
        performer: Box<dyn Performer>,
        reporter: &Arc<Reporter>,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| {
            Failure::new(
                Exit::SomeFailed,
                Diagnostic::error(format!("cannot open the page on port {port}: {e}"))
                    .hint("`--port 0` takes any that is free, `--no-page` does without"),
            )
        })?;
        let address = listener.local_addr().map_err(|e| failed(&e))?;
        let token = token()?;
        let drafts = project.has_drafts();
        let feed = Arc::new(Feed::new(
            json!({ "project": project.name(), "drafts": drafts, "version": env!("CARGO_PKG_VERSION") }),
            drafts,
        ));
        let pictures = Arc::new(Pictures::new(Arc::clone(&project)));
        let refresh = refresh::keep(
            Arc::clone(&project),
            Arc::clone(&feed),
            Arc::clone(&pictures),
        )
        .map_err(|e| failed(&e))?;
        let setup = Setup {
            performer,
            feed: Arc::clone(&feed),
            pictures: Arc::clone(&pictures),
            refresh: refresh.clone(),
            reporter: Arc::clone(reporter),
        };
        let (queue, worker) = Worker::begin(setup).map_err(|e| failed(&e))?;
        let url = format!("http://{address}/{token}/");
        let context = Arc::new(Context {
            project: Arc::clone(&project),
            feed: Arc::clone(&feed),
            pictures: Arc::clone(&pictures),
            queue,
            refresh: refresh.clone(),
            token,
            address,
        });
        let (end, ended) = oneshot::channel();
        serve(listener, context, ended)?;
        Ok(Self {
            url,
            feed,
            pictures,
            refresh,
            worker,
            end: Mutex::new(Some(end)),
            project,
        })
    }

    /// Where it is; who has it may use the page.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Hears what the watch reports.
    pub fn hear(&self, event: &Event) {
        if let Event::Done(asset) = event {
            let place = self.project.place(&asset.output);
            self.pictures.allow(asset.picture, Some(place));
        }
        self.feed.hear(Lane::Save, event);
    }

    /// A build ended: looks at what is to be shown.
    pub fn built(&self) {
        self.refresh.request();
    }

    /// Answers nobody any more, and begins nothing more; what is being carried out goes on.
    pub fn close(&self) {
        self.worker.close();
        let end = self
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // The server may have ended by itself.
        let _ = end.map(|end| end.send(()));
    }

    /// Whether something that was asked for is being carried out.
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }
}

fn serve(
    listener: TcpListener,
    context: Arc<Context>,
    ended: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    listener.set_nonblocking(true).map_err(|e| failed(&e))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()
        .map_err(|e| failed(&e))?;
    let run = move || {
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            tokio::select! {
                // It ends with the watch, and pages that are open end with it.
                () = connections::serve(listener, server::router(context)) => {}
                _ = ended => {}
            }
        });
        runtime.shutdown_background();
    };
    std::thread::Builder::new()
        .name("page".to_owned())
        .spawn(run)
        .map_err(|e| failed(&e))?;
    Ok(())
}

/// What nobody can guess: 128 bits, in hex.
fn token() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| {
        Failure::new(
            Exit::Bug,
            Diagnostic::error(format!("the system gives no random bytes: {e}"))
                .hint("`--no-page` does without them"),
        )
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::SomeFailed,
        Diagnostic::error(format!("cannot open the page: {error}"))
            .hint("`--no-page` does without it"),
    )
}
