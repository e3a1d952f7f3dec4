//! The live page of `watch`: shows every asset as it is now, and takes what a person asks for there. It looks at
//! nothing itself and carries nothing out: the first is done by the [`Project`] and the second by the [`Performer`]
//! of who opens it. Speaks with this machine only.
//!
//! The server speaks HTTP on a thread of its own; another one has the project looked at whenever something changed;
//! each order of a page has one; and the watch that opened it has its own, whose reports it hears.

mod action;
mod archive;
mod asked;
mod clock;
mod connections;
mod context;
mod feed;
mod folder;
mod language;
mod order;
mod orders;
mod pictures;
mod progress;
mod project;
mod refresh;
mod rows;
mod server;
mod ui;
mod view;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::sync::oneshot;

use base::diagnostic::{Diagnostic, Exit, Failure};
use report::{Event, Reporter};

pub use action::Action;
pub use folder::Folder;
pub use orders::{Performer, Terms};
pub use project::Project;
pub use view::{
    Board, Changed, Detail, Doubt, Download, Finding, FreshClone, Making, Mark, Money, Paid, Part,
    Phase, Problem, Quote, QuotedModel, Review, Row, Shot, Skipped, Spend, SpentAsset, SpentDay,
    SpentModel, Standing, Wrong,
};

use context::Context;
use feed::Feed;
use orders::{Orders, Setup};
use pictures::Pictures;
use progress::Source;
use refresh::Refresh;

/// A page that is open.
pub struct LivePage {
    port: u16,
    token: String,
    url: String,
    feed: Arc<Feed>,
    pictures: Arc<Pictures>,
    refresh: Refresh,
    orders: Arc<Orders>,
    end: Mutex<Option<oneshot::Sender<()>>>,
    project: Arc<dyn Project>,
}

impl LivePage {
    /// Opens it on this machine, on the first of `ports` that is free; 0 is any. A page that was open with a `token` finds
    /// it again where its port is the first one.
    pub fn open(
        ports: &[u16],
        token: Option<String>,
        project: Arc<dyn Project>,
        performer: Box<dyn Performer>,
        reporter: &Arc<Reporter>,
    ) -> Result<Self, Failure> {
        let listener = listen(ports)?;
        let address = listener.local_addr().map_err(|e| failed(&e))?;
        let is_first = ports.first() == Some(&address.port());
        let token = match token.filter(|_| is_first) {
            Some(token) => token,
            None => new_token()?,
        };
        let drafts = project.has_drafts();
        let mut about = project.about();
        about["drafts"] = json!(drafts);
        about["version"] = json!(env!("CARGO_PKG_VERSION"));
        about["mode"] = json!("live");
        let feed = Arc::new(Feed::new(about, drafts, project.jobs()));
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
            jobs: project.jobs(),
        };
        let orders = Orders::new(setup);
        let url = format!("http://{address}/{token}/");
        let context = Arc::new(Context {
            project: Arc::clone(&project),
            feed: Arc::clone(&feed),
            pictures: Arc::clone(&pictures),
            orders: Arc::clone(&orders),
            refresh: refresh.clone(),
            token: token.clone(),
            address,
        });
        let (end, ended) = oneshot::channel();
        serve(listener, context, ended)?;
        Ok(Self {
            port: address.port(),
            token,
            url,
            feed,
            pictures,
            refresh,
            orders,
            end: Mutex::new(Some(end)),
            project,
        })
    }

    /// Where it is; who has it may use the page.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port and its token: what finds it again.
    pub fn address(&self) -> (u16, &str) {
        (self.port, &self.token)
    }

    /// Hears what the watch reports.
    pub fn hear(&self, event: &Event) {
        if let Event::Done(asset) = event {
            let place = self.project.place(&asset.output);
            self.pictures.allow(asset.picture, Some(place));
        }
        self.feed.hear(Source::Save, event);
    }

    /// The run of a save was broken off: nothing more is heard of it.
    pub fn broken_off(&self) {
        self.feed.over(Source::Save);
    }

    /// A build ended: looks at what is to be shown.
    pub fn built(&self) {
        self.refresh.request();
    }

    /// Answers nobody any more, and begins nothing more; what is being carried out goes on.
    pub fn close(&self) {
        self.orders.close();
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
        self.orders.is_busy()
    }
}

fn listen(ports: &[u16]) -> Result<TcpListener, Failure> {
    let mut last = None;
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, *port)) {
            Ok(listener) => return Ok(listener),
            Err(e) => last = Some(format!("cannot open the page on port {port}: {e}")),
        }
    }
    let why = last.unwrap_or_else(|| "cannot open the page on no port".to_owned());
    Err(Failure::new(
        Exit::SomeFailed,
        Diagnostic::error(why).hint("`--port 0` takes any that is free, `--no-page` does without"),
    ))
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
fn new_token() -> Result<String, Failure> {
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
