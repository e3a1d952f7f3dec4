//! `gpbuild watch`: builds on every save, and carries out what is asked for on its live page.

use std::sync::Arc;
use std::time::Duration;

use crate::board::About;
use crate::command::pick::Choice;
use crate::command::{edit, pick};
use crate::pipeline::{self, Money, Settings};
use crate::signal::Signals;
use crate::watch::{self, Saves};
use base::diagnostic::{Diagnostic, Exit, Failure};
use declare::manifest::{EditStep, PROJECT_FILE};
use declare::spec::Options;
use page::{Action, LivePage, Performer};
use report::{Event, Reporter};

/// How often it is looked whether the last picture is there.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs the command, with a page on the port `page`. With [`Saves::Drawn`], `settings` are those of the real pictures.
pub fn run(
    settings: &Settings,
    saves: Saves,
    page: Option<u16>,
    reporter: &Arc<Reporter>,
) -> Result<Exit, Failure> {
    // Where there is no project there is nothing to show: the watch says so.
    let Some(port) = page.filter(|_| settings.root.join(PROJECT_FILE).is_file()) else {
        return watch::watch(settings, saves, reporter, &|| ());
    };
    let about = Arc::new(about(settings, saves));
    let performer = Box::new(Commands(about.real.clone()));
    let page = Arc::new(LivePage::open(port, about, performer, reporter)?);
    reporter.event(Event::Note(&format!("page: {}", page.url())));
    let hears = Arc::downgrade(&page);
    reporter.listen(Box::new(move |event| {
        if let Some(page) = hears.upgrade() {
            page.hear(event);
        }
    }));
    let exit = watch::watch(settings, saves, reporter, &|| page.built());
    page.close();
    if page.is_busy() {
        reporter.event(Event::Note(
            "waiting for what was asked for on the page; ctrl-c again does not wait",
        ));
        wait(&page)?;
    }
    exit
}

/// The page is about the real pictures, and about drafts if that is what a save makes.
fn about(settings: &Settings, saves: Saves) -> About {
    let is_draft = settings.resolve.is_draft();
    let real = match is_draft {
        true => Settings {
            resolve: Options::default(),
            ..settings.clone()
        },
        false => settings.clone(),
    };
    let drafts = is_draft || saves == Saves::Drawn;
    About {
        drafts: drafts.then(|| pipeline::drafts_of(&real)),
        all_drafts: is_draft,
        real,
    }
}

/// Waits until nothing is carried out any more, or a person ends that too.
fn wait(page: &LivePage) -> Result<(), Failure> {
    let failed = |e| Failure::new(Exit::Bug, Diagnostic::error(format!("cannot wait: {e}")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(failed)?;
        while page.is_busy() {
            tokio::select! {
                () = signals.again() => break,
                () = tokio::time::sleep(GLANCE) => {}
            }
        }
        Ok(())
    })
}

/// What a page asks for, done as on the command line; with the settings for the real pictures.
struct Commands(Settings);

impl Commands {
    fn of(&self, id: &str) -> Settings {
        Settings {
            select: vec![id.to_owned()],
            ..self.0.clone()
        }
    }
}

impl Performer for Commands {
    fn perform(&self, action: &Action, reporter: &Reporter) -> Result<Exit, Failure> {
        match action {
            Action::Pick { id, number, shot } => {
                let choice = Choice {
                    number: Some(*number),
                    shot: Some(*shot),
                    force: false,
                };
                pick::run(&self.of(id), choice, false, reporter)
            }
            Action::Edit { id, change, keep } => {
                let step = EditStep {
                    change: change.clone(),
                    keep: keep.clone(),
                    text: Vec::new(),
                    mask: None,
                };
                edit::run(&self.of(id), &step, reporter)
            }
            Action::Make { id, most } => {
                let mut settings = self.of(id);
                settings.exactly = true;
                // Somebody saw the price on the page. One that nobody knows was agreed to as that.
                settings.build.money = Money {
                    max_cost: *most,
                    yes: most.is_none(),
                    retry_in_doubt: false,
                };
                pipeline::build(&settings, reporter)
            }
        }
    }
}
