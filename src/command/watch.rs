//! `gpbuild watch`: builds on every save, and carries out what is asked for on its live page.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::board::{About, Address, Editor};
use crate::browser;
use crate::command::pick::Choice;
use crate::command::{back, edit, gone, pick};
use crate::pipeline::{self, Money, Settings};
use crate::signal::Signals;
use crate::watch::{self, Alone, Saves};
use base::diagnostic::{Diagnostic, Exit, Failure};
use base::digest::Digest;
use declare::manifest::{EditStep, PROJECT_FILE};
use declare::spec::Options;
use page::{Action, LivePage, Performer, Terms};
use plan::key::Key;
use report::{Event, Reporter};

/// How often it is looked whether the last picture is there.
const GLANCE: Duration = Duration::from_millis(20);

/// What a page is opened with.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// On which port; 0 is any that is free. None is no page.
    pub port: Option<u16>,
    /// It is shown in a browser at once.
    pub open: bool,
    /// The command that opens a manifest.
    pub editor: Option<String>,
    /// The command that opens a browser, if the person has one of their own.
    pub browser: Option<String>,
}

/// Runs the command: `saves` are made on every save, and `real` is what the page is about and its buttons make.
pub fn run(
    real: &Settings,
    saves: Saves,
    shown: &Shown,
    reporter: &Arc<Reporter>,
) -> Result<Exit, Failure> {
    known_profile(real)?;
    let mut real = real.clone();
    // What the page orders goes on beside what a save makes.
    real.beside.together = true;
    // Where there is no project there is nothing to show: the watch says so.
    let port = shown
        .port
        .filter(|_| real.root.join(PROJECT_FILE).is_file());
    let Some(port) = port else {
        return watch::watch(&real, saves, reporter, &Alone);
    };
    let editor = shown.editor.as_deref().and_then(Editor::new);
    let drafts = (saves != Saves::Real).then(|| pipeline::drafts_of(&real));
    let all_drafts = saves == Saves::Drafts;
    let about = Arc::new(About::new(real.clone(), drafts, all_drafts, editor));
    let page = Arc::new(open(port, &about, reporter)?);
    reporter.event(Event::Note(&format!("page: {}", page.url())));
    if shown.open && !browser::open(shown.browser.as_deref(), page.url()) {
        reporter.event(Event::Note(
            "no browser could be opened: open the link above",
        ));
    }
    let hears = Arc::downgrade(&page);
    reporter.listen(Box::new(move |event| {
        if let Some(page) = hears.upgrade() {
            page.hear(event);
        }
    }));
    let companion = Companion {
        page: &page,
        about: &about,
    };
    let exit = watch::watch(&real, saves, reporter, &companion);
    page.close();
    if page.is_busy() {
        reporter.event(Event::Note(
            "waiting for what was asked for on the page; ctrl-c again does not wait",
        ));
        wait(&page)?;
    }
    exit
}

/// A profile that is not there is a mistake in the call: no save mends it.
fn known_profile(settings: &Settings) -> Result<(), Failure> {
    let Some(profile) = &settings.resolve.profile else {
        return Ok(());
    };
    let without = Settings {
        resolve: Options::default(),
        ..settings.clone()
    };
    // What else is wrong is told by the watch, and mended by a save.
    match (pipeline::load(settings), pipeline::load(&without)) {
        (Err(failure), Ok(project)) if !project.manifest.profiles.contains_key(profile) => {
            Err(failure)
        }
        _ => Ok(()),
    }
}

/// Opens the page where it was last, if its port is free and no other one is asked for.
fn open(port: u16, about: &Arc<About>, reporter: &Arc<Reporter>) -> Result<LivePage, Failure> {
    let real = about.real();
    let before = Address::remembered(&real.home, &real.root);
    let before = before.filter(|before| port == 0 || port == before.port);
    let (ports, token) = match before {
        Some(Address { port: at, token }) if port == 0 => (vec![at, 0], Some(token)),
        Some(Address { port: at, token }) => (vec![at], Some(token)),
        None => (vec![port], None),
    };
    let performer = Box::new(Commands(real.clone()));
    let project: Arc<dyn page::Project> = Arc::clone(about) as _;
    let page = LivePage::open(&ports, token, project, performer, reporter)?;
    let (port, token) = page.address();
    let token = token.to_owned();
    Address { port, token }.remember(&real.home, &real.root);
    Ok(page)
}

/// The page goes along with the watch.
struct Companion<'a> {
    page: &'a LivePage,
    about: &'a About,
}

impl watch::Companion for Companion<'_> {
    fn built(&self) {
        self.page.built();
    }

    fn broken_off(&self) {
        self.page.broken_off();
    }

    fn seen(&self) -> BTreeSet<String> {
        self.about.visible()
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
    fn of(&self, ids: &[String], terms: &Terms) -> Settings {
        let mut settings = Settings {
            select: ids.to_vec(),
            exactly: true,
            ..self.0.clone()
        };
        settings.build.jobs = terms.jobs;
        settings.beside.cancel = Some(Arc::clone(&terms.cancel));
        settings
    }
}

impl Performer for Commands {
    fn perform(
        &self,
        action: &Action,
        terms: &Terms,
        reporter: &Reporter,
    ) -> Result<Exit, Failure> {
        let mut settings = self.of(action.ids(), terms);
        match action {
            Action::Pick { number, shot, .. } => {
                let choice = Choice {
                    number: Some(*number),
                    shot: Some(*shot),
                    force: false,
                };
                pick::run(&settings, choice, false, reporter)
            }
            Action::Edit { change, keep, .. } => {
                let step = EditStep {
                    change: change.clone(),
                    keep: keep.clone(),
                    text: Vec::new(),
                    mask: None,
                };
                edit::run(&settings, &step, reporter)
            }
            Action::Back { key, number, .. } => {
                let key = Digest::parse(key).map(Key);
                let key = key.ok_or_else(|| Failure::usage("there is no such picture"))?;
                back::run(&settings, key, *number, reporter)
            }
            Action::Gone { id, number } => gone::run(&settings, id, *number, reporter),
            Action::Make { most, .. } | Action::Again { most, .. } => {
                // Somebody saw the price on the page. One that nobody knows was agreed to as that.
                settings.build.money = Money {
                    max_cost: *most,
                    yes: most.is_none(),
                    retry_in_doubt: matches!(action, Action::Again { .. }),
                };
                pipeline::build(&settings, reporter)
            }
        }
    }
}
