//! The only place that prints. Standard output takes data: JSON lines, the plan, `show`, `why`;
//! standard error takes talk: what was made, what went wrong, the moving lines of a terminal.
//!
//! It hears [`Event`]s, from any thread, and shows them in one of three ways: as plain lines, as
//! plain lines above moving ones if standard error is a terminal, or as JSON lines. It knows
//! nothing of how pictures are made, and reads no environment. A reader that went away
//! (`gpbuild plan | head`) is no error: nothing more is written to it, and the build goes on.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        reason = "a test tells its case from beginning to end"
    )
)]

mod event;
mod json;
mod live;
mod options;
mod plain;
mod usage;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anstream::AutoStream;
use indicatif::ProgressDrawTarget;

pub use self::event::{Asked, Asking, AssetReport, Cost, Event, LeftOut, Plan, State, Summary};
use self::live::Live;
pub use self::options::{ColorChoice, Environment, ReportOptions};
use self::plain::{Level, Paint};
pub use self::usage::show_usage;
pub use self::words::{columns, width};
use base::diagnostic::Failure;
use base::door;
use lang::Lang;

/// Hears what is reported, besides those who read it: on the thread where it happens, so that it must not
/// take long.
pub type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// Hears events and shows them; shared by all threads.
pub struct Reporter {
    json: bool,
    /// Whether this process's terminal may be asked anything.
    asks: bool,
    listener: OnceLock<Listener>,
    plan: bool,
    level: Level,
    lang: Lang,
    /// Whether moving lines may be drawn.
    moving: bool,
    /// Pictures are being made: since `Begin`, until it is told what came of it.
    making: AtomicBool,
    started: Mutex<Instant>,
    /// What was made is counted at the end, and not told one by one.
    count_only: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Standard output is JSON.
    json: bool,
    out: Stream,
    err: Stream,
    live: Option<Live>,
    /// What was said once and for all: a watch says it with each build otherwise.
    said: BTreeSet<String>,
}

struct Stream {
    to: Box<dyn Write + Send>,
    paint: Paint,
    gone: bool,
    /// Why not all could be written, if it was not that the reader went away.
    unwritten: Option<io::Error>,
}

impl Stream {
    fn write(&mut self, text: &str) {
        if self.gone {
            return;
        }
        let written = self
            .to
            .write_all(text.as_bytes())
            .and_then(|()| self.to.flush());
        if let Err(error) = written {
            self.gone = true;
            // Whoever closed a pipe has read enough.
            self.unwritten = Some(error).filter(|e| e.kind() != io::ErrorKind::BrokenPipe);
        }
    }
}

/// Writes into a stream of another reporter, whole lines at a time.
struct Through {
    reporter: Arc<Reporter>,
    to_out: bool,
}

impl Write for Through {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.reporter.lock().write(self.to_out, &text);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inner {
    /// Writes whole lines, above the moving ones. All that is shown goes through here.
    fn write(&mut self, to_out: bool, text: &str) {
        let stream = if to_out { &mut self.out } else { &mut self.err };
        let text = match stream.paint {
            _ if to_out && self.json => door::json(text),
            Paint { color: true, .. } => door::colored(text),
            Paint { color: false, .. } => door::lines(text),
        };
        let text = text.as_ref();
        match &self.live {
            Some(live) => live.aside(|| stream.write(text)),
            None => stream.write(text),
        }
    }

    /// Says a line that was not said before.
    fn say_once(&mut self, line: String) {
        if !self.said.contains(&line) {
            self.say(&line);
            self.said.insert(line);
        }
    }

    fn say(&mut self, line: &str) {
        self.write(false, &format!("{line}\n"));
    }
}

impl Reporter {
    /// A reporter to this process's standard output and error.
    pub fn new(options: &ReportOptions) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_terminal, err_terminal) = (out.is_terminal(), err.is_terminal());
        let color = [
            options.color_on(out_terminal),
            options.color_on(err_terminal),
        ];
        let choice = |on| match on {
            true => anstream::ColorChoice::Always,
            false => anstream::ColorChoice::Never,
        };
        let mut reporter = Self::to(
            options,
            color,
            Box::new(AutoStream::new(out, choice(color[0]))),
            Box::new(AutoStream::new(err, choice(color[1]))),
        );
        reporter.asks = true;
        reporter.moving = err_terminal && !options.json && options.quiet == 0 && !options.is_dumb();
        reporter
    }

    /// A reporter to two writers that are no terminals; it asks nobody.
    pub fn with_writers(
        options: &ReportOptions,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        Self::to(options, [options.color_on(false); 2], out, err)
    }

    fn to(
        options: &ReportOptions,
        [out_color, err_color]: [bool; 2],
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        // What a program reads is English.
        let lang = if options.json {
            Lang::English
        } else {
            options.lang
        };
        let stream = |to, color| Stream {
            to,
            paint: Paint { color, lang },
            gone: false,
            unwritten: None,
        };
        Self {
            json: options.json,
            asks: false,
            listener: OnceLock::new(),
            plan: options.plan,
            level: Level {
                quiet: options.quiet,
                verbose: options.verbose,
            },
            lang,
            moving: false,
            making: AtomicBool::new(false),
            started: Mutex::new(now()),
            count_only: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                said: BTreeSet::new(),
                json: options.json,
                out: stream(out, out_color),
                err: stream(err, err_color),
                live: None,
            }),
        }
    }

    /// Whether anything is said of an asset in this state: thousands of them need not be told of for nothing.
    pub fn tells(&self, state: State) -> bool {
        self.json || self.level.shows(state)
    }

    /// Whether a person sits at a terminal that can show moving lines.
    pub fn is_live(&self) -> bool {
        self.moving
    }

    /// A text in the language of who reads it: English if that is a program.
    pub fn say<'t>(&self, text: &'t str) -> Cow<'t, str> {
        lang::say(self.lang, text)
    }

    /// How long this reporter has been there: for the last line of a run.
    pub fn elapsed(&self) -> Duration {
        self.started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// Whether pictures are being made, or asked for: what is paid for may be under way.
    pub fn is_making(&self) -> bool {
        self.making.load(Ordering::SeqCst)
    }

    /// Begins to count anew: another run in the same process.
    pub fn restart(&self) {
        self.making.store(false, Ordering::SeqCst);
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = now();
    }

    /// Whether what is made is only counted, for a person who reads along: with `-v`, and for a program, each is told.
    pub fn count_only(&self, is_so: bool) {
        self.count_only.store(is_so, Ordering::SeqCst);
    }

    /// Whether a line of its own is due to an asset that came to this state.
    fn is_told(&self, state: State) -> bool {
        let is_counted = matches!(state, State::Made | State::Draft | State::Restored)
            && self.level.verbose == 0
            && self.count_only.load(Ordering::SeqCst);
        self.level.shows(state) && !is_counted
    }

    /// A reporter that writes through this one, draws no moving lines and asks nobody: for work that goes
    /// on beside another run.
    pub fn beside(self: &Arc<Self>) -> Self {
        let through = |to_out| {
            let stream = |inner: &Inner| {
                if to_out {
                    inner.out.paint
                } else {
                    inner.err.paint
                }
            };
            Stream {
                paint: stream(&self.lock()),
                to: Box::new(Through {
                    reporter: Arc::clone(self),
                    to_out,
                }),
                gone: false,
                unwritten: None,
            }
        };
        Self {
            json: self.json,
            asks: false,
            listener: OnceLock::new(),
            plan: false,
            level: self.level,
            lang: self.lang,
            moving: false,
            making: AtomicBool::new(false),
            started: Mutex::new(now()),
            count_only: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                said: BTreeSet::new(),
                json: self.json,
                out: through(true),
                err: through(false),
                live: None,
            }),
        }
    }

    /// Tells one more listener from now on; the first one that is given stays the only one.
    pub fn listen(&self, listener: Listener) {
        // A second one has no place: nobody gives one.
        let _ = self.listener.set(listener);
    }

    /// Shows something that happened.
    pub fn event(&self, event: Event) {
        match event {
            Event::Begin { .. } => self.making.store(true, Ordering::SeqCst),
            Event::Summary(_) => self.making.store(false, Ordering::SeqCst),
            _ => {}
        }
        if let Some(listener) = self.listener.get() {
            listener(&event);
        }
        let mut inner = self.lock();
        if self.moving {
            self.move_lines(&mut inner, &event);
        }
        if self.json {
            self.json(&mut inner, &event);
        } else {
            self.plain(&mut inner, &event);
        }
    }

    /// Writes words of a command to standard output, in the language of who reads them. What stands in it as somebody
    /// wrote it stays: the catalogue knows which hole that is.
    pub fn tell(&self, text: &str) {
        self.out(&self.say(text));
    }

    /// Writes data to standard output: `show`, `why`, a schema. It sets no colours.
    pub fn out(&self, text: &str) {
        let text = if self.json {
            Cow::Borrowed(text)
        } else {
            door::lines(text)
        };
        self.lock().write(true, &text);
    }

    /// Says so if standard output could not be written, so that whoever reads it has not all of it.
    pub fn is_unwritten(&self) -> bool {
        let mut inner = self.lock();
        let Some(error) = inner.out.unwritten.take() else {
            return false;
        };
        inner.live = None;
        let text = plain::diagnostic(&words::unwritten(&error), self.level, inner.err.paint);
        inner.say(&text);
        true
    }

    /// Shows what ended a command: errors first, at most
    /// [`SHOWN`](base::diagnostic::SHOWN), then how many more. Nothing else is to be shown after
    /// it.
    pub fn failure(&self, failure: &Failure) {
        let mut inner = self.lock();
        inner.live = None;
        if self.json {
            let text: String = plain::first(failure).map(json::diagnostic).collect();
            inner.write(true, &text);
            if let Some(more) = plain::more(failure.diagnostics.len(), inner.err.paint) {
                inner.say(&more);
            }
        } else {
            let text = plain::failure(failure, self.level, inner.err.paint);
            inner.say(&text);
        }
    }

    /// Asks a person on the terminal; `None` if nobody is there: standard input or error is none, or a
    /// machine reads along. Anything but yes is no.
    pub fn ask(&self, question: &str) -> Option<bool> {
        let someone =
            self.asks && !self.json && io::stdin().is_terminal() && io::stderr().is_terminal();
        if !someone {
            return None;
        }
        self.lock().write(
            false,
            &format!("{} [y/N] ", words::clean(&self.say(question))),
        );
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes" | "是"))
    }

    fn move_lines(&self, inner: &mut Inner, event: &Event) {
        match *event {
            Event::Begin { total } if total > 0 => {
                inner.live = Some(Live::start(total, ProgressDrawTarget::stderr(), self.lang));
            }
            Event::Running { id, what } => {
                if let Some(live) = &mut inner.live {
                    live.running(id, &self.say(what));
                }
            }
            Event::Done(asset) => {
                if let Some(live) = &mut inner.live {
                    live.done(&asset.id, asset.state != State::Fresh);
                }
            }
            Event::Summary(_) => inner.live = None,
            _ => {}
        }
    }

    fn plain(&self, inner: &mut Inner, event: &Event) {
        let paint = inner.err.paint;
        let level = self.level;
        match *event {
            Event::Begin { .. } | Event::Asking(_) => {}
            // A moving line already says it.
            Event::Running { id, what } if level.verbose > 0 && inner.live.is_none() => {
                inner.say(&plain::running(id, what, paint));
            }
            Event::Running { .. } => {}
            // The plan shows them all together.
            Event::Done(_) if self.plan => {}
            Event::Done(asset) if self.is_told(asset.state) => {
                inner.say(&plain::asset(asset, level, paint));
            }
            Event::Done(_) => {}
            Event::Diagnostic(diagnostic) if level.shows_diagnostic(diagnostic.severity) => {
                inner.say(&plain::diagnostic(diagnostic, level, paint));
            }
            Event::Diagnostic(_) | Event::Repeated(_) => {}
            Event::Recap(failures) => inner.say(&plain::recap(failures, level, paint)),
            Event::Note(note) if level.quiet == 0 => {
                inner.say(&words::clean(&self.say(note)));
            }
            Event::Note(_) => {}
            Event::Unclaimed([]) => {}
            Event::Unclaimed(outputs) if level.quiet == 0 => {
                inner.say(&plain::left_behind(outputs, paint));
            }
            Event::Unclaimed(_) => {}
            Event::LeftOut(left_out) if level.quiet == 0 => {
                inner.say_once(plain::left_out(left_out, level, paint));
            }
            Event::LeftOut(_) => {}
            Event::Plan(plan) if self.plan => {
                let text = plain::plan(plan, level, inner.out.paint);
                inner.write(true, &format!("{text}\n"));
            }
            Event::Plan(plan) => inner.say(&plain::plan(plan, level, paint)),
            // The plan has a last line of its own.
            Event::Summary(summary) if level.quiet == 0 && !self.plan => {
                inner.say(&plain::summary(summary, paint));
            }
            Event::Summary(_) => {}
        }
    }

    fn json(&self, inner: &mut Inner, event: &Event) {
        match *event {
            Event::Begin { .. } | Event::Running { .. } | Event::Asking(_) => {}
            Event::Done(asset) => inner.write(true, &json::asset(asset, self.plan)),
            Event::Diagnostic(diagnostic) | Event::Repeated(diagnostic) => {
                inner.write(true, &json::diagnostic(diagnostic));
            }
            Event::Recap(_) => {}
            Event::Unclaimed(outputs) => inner.write(true, &json::unclaimed(outputs)),
            Event::Note(note) if self.level.quiet == 0 => inner.say(&words::clean(note)),
            Event::Note(_) => {}
            Event::LeftOut(left_out) => inner.write(true, &json::left_out(left_out)),
            Event::Plan(plan) if self.plan => inner.write(true, &json::plan(plan)),
            Event::Plan(_) => {}
            Event::Summary(_) if self.plan => {}
            Event::Summary(summary) => inner.write(true, &json::summary(summary)),
        }
    }

    /// A thread that panicked while it reported leaves at worst half a line.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "shown to people, nothing else")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
