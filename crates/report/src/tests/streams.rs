//! Colour, closed pipes and many threads.

use std::io::{self, Write};

use super::{Page, asset, done, options, run, summary, told};
use crate::{ColorChoice, Environment, Event, ReportOptions, Reporter, State, Summary};
use base::diagnostic::Failure;

#[test]
fn colour_only_adds() {
    let assets = run();
    let end = Summary {
        made: 3,
        ..summary()
    };
    let mut events = done(&assets);
    events.push(Event::Summary(&end));
    let always = ReportOptions {
        color: ColorChoice::Always,
        ..options()
    };
    let (_, colored) = told(&always, &events);
    assert!(colored.contains("\u{1b}[1m\u{1b}[32mmade"), "{colored:?}");
    let plain = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(plain, told(&options(), &events).1);
}

#[test]
fn the_environment_can_refuse_colour() {
    let on = |color, no_color: Option<&str>, term: Option<&str>, terminal| {
        let environment = Environment {
            no_color: no_color.map(str::to_owned),
            term: term.map(str::to_owned),
        };
        ReportOptions {
            color,
            environment,
            ..options()
        }
        .color_on(terminal)
    };
    let auto = ColorChoice::Auto;
    assert!(on(auto, None, Some("xterm"), true));
    assert!(
        on(auto, Some(""), None, true),
        "an empty NO_COLOR says nothing"
    );
    assert!(!on(auto, Some("1"), None, true));
    assert!(!on(auto, None, Some("dumb"), true));
    assert!(!on(auto, None, None, false));
    assert!(on(ColorChoice::Always, Some("1"), Some("dumb"), false));
    assert!(!on(ColorChoice::Never, None, None, true));
    for name in ColorChoice::NAMES {
        assert!(ColorChoice::parse(name).is_some());
    }
}

/// `gpbuild plan | head -1`
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let err = Page::default();
    let reporter = Reporter::with_writers(&options(), Box::new(Closed), Box::new(err.clone()));
    reporter.out("one\n");
    reporter.out("two\n");
    reporter.event(Event::Note("still here"));
    assert_eq!(err.text(), "still here\n");
    let reporter = Reporter::with_writers(&options(), Box::new(Page::default()), Box::new(Closed));
    reporter.event(Event::Note("nobody hears"));
    reporter.failure(&Failure::usage("nobody hears"));
}

#[test]
fn many_threads_report_whole_lines() {
    let err = Page::default();
    let reporter =
        Reporter::with_writers(&options(), Box::new(Page::default()), Box::new(err.clone()));
    let asset = asset("a", State::Made, None);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..100).for_each(|_| reporter.event(Event::Done(&asset))));
        }
    });
    assert_eq!(err.text(), "made      a  dist/a.png\n".repeat(800));
}
