//! Whole texts, as they reach standard output and standard error.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

mod json;
mod plan;
mod streams;

use super::{AssetReport, Cost, Event, ReportOptions, Reporter, State, Summary};
use base::diagnostic::{Diagnostic, Failure, Place, Source};
use base::digest::Digest;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What `events` put on standard output and standard error.
fn told(options: &ReportOptions, events: &[Event]) -> (String, String) {
    let (out, err) = (Page::default(), Page::default());
    let reporter = Reporter::with_writers(options, Box::new(out.clone()), Box::new(err.clone()));
    for event in events {
        reporter.event(*event);
    }
    (out.text(), err.text())
}

fn asset(id: &str, state: State, reason: Option<&str>) -> AssetReport {
    AssetReport {
        id: id.to_owned(),
        state,
        reason: reason.map(str::to_owned),
        key: Some(Digest::from_bytes([7; 32])),
        output: format!("dist/{id}.png"),
        picture: None,
        cost: Cost::FREE,
        estimate: None,
        notes: Vec::new(),
        reason_told: false,
    }
}

fn summary() -> Summary {
    Summary {
        elapsed: Duration::from_millis(4),
        ..Summary::default()
    }
}

fn options() -> ReportOptions {
    ReportOptions::default()
}

fn run() -> [AssetReport; 5] {
    let mut paid = asset("封面/训练营", State::Made, Some("`text.headline` changed"));
    paid.cost = Cost::Known(53_000);
    let mut odd = asset("command", State::Made, None);
    odd.cost = Cost::Counted(53_000);
    let mut failed = asset(
        "post/a",
        State::Failed,
        Some("refused\u{1b}[2J by the provider"),
    );
    failed.notes = vec!["nothing was paid".to_owned()];
    [
        asset("bootcamp", State::Made, Some("never made")),
        paid,
        odd,
        failed,
        asset("post/b", State::Fresh, None),
    ]
}

fn done(assets: &[AssetReport]) -> Vec<Event<'_>> {
    assets.iter().map(Event::Done).collect()
}

#[test]
fn a_build_in_plain_lines() {
    let assets = run();
    let end = Summary {
        fresh: 1,
        made: 3,
        failed: 1,
        requests: 3,
        cost: Cost::Known(159_000),
        elapsed: Duration::from_millis(1_849),
        ..summary()
    };
    let mut events = vec![
        Event::Begin { total: 4 },
        Event::Running {
            id: "bootcamp",
            what: "openai/gpt-image-2",
        },
        Event::Note("the lock was written by an older gpbuild"),
    ];
    events.extend(done(&assets));
    events.push(Event::Summary(&end));
    let (out, err) = told(&options(), &events);
    assert_eq!(out, "");
    assert_eq!(
        err,
        "\
the lock was written by an older gpbuild
made      bootcamp  dist/bootcamp.png  (never made)
made      封面/训练营  dist/封面/训练营.png  (`text.headline` changed) · $0.053
made      command  dist/command.png · cost unknown: counts at $0.053
failed    post/a  dist/post/a.png
          nothing was paid
3 made, 1 failed, 1 fresh in 1.8s · 3 requests · $0.159
"
    );
    let (_, err) = told(
        &ReportOptions {
            verbose: 2,
            ..options()
        },
        &events[1..4],
    );
    assert_eq!(
        err,
        "\
running   bootcamp  openai/gpt-image-2
the lock was written by an older gpbuild
made      bootcamp  dist/bootcamp.png  (never made)  070707070707
"
    );
    let (_, err) = told(
        &ReportOptions {
            quiet: 1,
            ..options()
        },
        &events,
    );
    assert_eq!(
        err,
        "\
failed    post/a  dist/post/a.png
          nothing was paid
"
    );
    assert_eq!(
        told(
            &ReportOptions {
                quiet: 2,
                ..options()
            },
            &events
        )
        .1,
        ""
    );
}

#[test]
fn fresh_ones_are_told_when_asked_for() {
    let assets = run();
    let verbose = ReportOptions {
        verbose: 1,
        ..options()
    };
    assert_eq!(
        told(&verbose, &done(&assets[4..])).1,
        "fresh     post/b  dist/post/b.png\n"
    );
    assert_eq!(told(&options(), &done(&assets[4..])).1, "");
}

#[test]
fn the_last_line() {
    let line = |summary: Summary| told(&options(), &[Event::Summary(&summary)]).1;
    assert_eq!(
        line(Summary {
            fresh: 37,
            ..summary()
        }),
        "37 fresh in 4ms\n"
    );
    assert_eq!(line(summary()), "0 fresh in 4ms\n");
    assert_eq!(
        line(Summary {
            made: 37,
            elapsed: Duration::from_millis(1_800),
            ..summary()
        }),
        "37 made, 0 failed in 1.8s\n"
    );
    assert_eq!(
        line(Summary {
            draft: 2,
            restored: 1,
            blocked: 3,
            fresh: 4,
            requests: 1,
            cost: Cost::Unknown,
            ..summary()
        }),
        "2 drafts, 1 restored, 0 failed, 3 blocked, 4 fresh in 4ms · 1 request · cost unknown\n"
    );
    assert_eq!(
        line(Summary {
            made: 1,
            requests: 2,
            cost: Cost::Known(6_000),
            up_to: true,
            ..summary()
        }),
        "1 made, 0 failed in 4ms · 2 requests · up to $0.006\n"
    );
}

fn wrong() -> Diagnostic {
    let source = Source::new("cover.gp.toml", "a = 1\nsise = 3\n");
    Diagnostic::error("unknown key `sise`")
        .at(Place::new(&source, 6..10))
        .did_you_mean("sise", ["size"])
}

#[test]
fn diagnostics_have_their_line() {
    let (wrong, warning) = (wrong(), Diagnostic::warning("no font has `龘`"));
    let events = [Event::Diagnostic(&wrong), Event::Diagnostic(&warning)];
    let plain = "\
error: unknown key `sise`
 --> cover.gp.toml:2:1
  |
2 | sise = 3
  | ^^^^
  |
  = help: did you mean `size`?
";
    let (out, err) = told(&options(), &events);
    assert_eq!(
        (out.as_str(), err),
        ("", format!("{plain}warning: no font has `龘`\n"))
    );
    assert_eq!(
        told(
            &ReportOptions {
                quiet: 2,
                ..options()
            },
            &events
        )
        .1,
        plain
    );
    let (out, err) = told(
        &ReportOptions {
            json: true,
            ..options()
        },
        &events,
    );
    assert_eq!(err, "");
    assert_eq!(
        out,
        r#"{"event":"diagnostic","severity":"error","message":"unknown key `sise`","file":"cover.gp.toml","line":2,"column":1,"hints":["did you mean `size`?"],"asset":null}
{"event":"diagnostic","severity":"warning","message":"no font has `龘`","file":null,"line":null,"column":null,"hints":[],"asset":null}
"#
    );
}

#[test]
fn a_failure_shows_errors_first_and_counts_the_rest() {
    let mut diagnostics = vec![Diagnostic::warning("w"); 9_999];
    diagnostics.push(Diagnostic::error("the one that matters"));
    let failure = Failure::manifest(diagnostics);
    let show = |json: bool| {
        let (out, err) = (Page::default(), Page::default());
        let options = ReportOptions { json, ..options() };
        Reporter::with_writers(&options, Box::new(out.clone()), Box::new(err.clone()))
            .failure(&failure);
        (out.text(), err.text())
    };
    let (out, err) = show(false);
    assert_eq!(out, "");
    let expected = format!(
        "error: the one that matters\n\n{}… and 9,950 more\n",
        "warning: w\n\n".repeat(49)
    );
    assert_eq!(err, expected);
    let (out, err) = show(true);
    assert_eq!(out.lines().count(), 50);
    assert_eq!(err, "… and 9,950 more\n");
}
