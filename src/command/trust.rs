//! `gpbuild trust`: what a project sets that only the person can decide, and that they agreed to it.

use std::fmt::Write as _;

use serde_json::json;

use crate::pipeline::{Settings, Wishes, store_failure, wishes};
use crate::trust::Book;
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use declare::manifest::Claim;
use report::{Event, Reporter};

/// Shows the settings, and keeps that they were agreed to.
pub fn run(
    settings: &Settings,
    yes: bool,
    as_json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let wishes = wishes(settings)?;
    if as_json {
        reporter.out(&format!("{}\n", as_line(&wishes)));
    } else if !wishes.claims.is_empty() {
        reporter.out(&as_text(&wishes, reporter));
    }
    if wishes.claims.is_empty() {
        reporter.event(Event::Note(
            "this project sets nothing that needs your trust",
        ));
        return Ok(Exit::Done);
    }
    if wishes.trusted {
        reporter.event(Event::Note("you agreed to that; `--forget` takes it back"));
        return Ok(Exit::Done);
    }
    let agreed = yes
        || match reporter.ask(&wishes.question()) {
            Some(agreed) => agreed,
            None => {
                let diagnostic = Diagnostic::error("nobody is there to agree to that")
                .hint("`gpbuild trust --yes` agrees, and remembers it for the project in this folder")
                .hint(format!(
                    "`GPBUILD_TRUST={}` agrees for as long as it is set",
                    wishes.digest
                ));
                return Err(Failure::new(Exit::Provider, diagnostic));
            }
        };
    if !agreed {
        return Err(Failure::new(
            Exit::Provider,
            Diagnostic::error("nothing was agreed to: gpbuild asks for no picture here"),
        ));
    }
    let kept = wishes.book.add(&wishes.claims);
    if !kept.map_err(|e| store_failure(&e))? {
        return Err(Failure::new(
            Exit::Provider,
            Diagnostic::error("there is no folder outside of the project to remember that in")
                .hint(format!("`GPBUILD_TRUST={}` agrees to it", wishes.digest))
                .hint("`GPBUILD_HOME` names a folder for what is yours"),
        ));
    }
    reporter.event(Event::Note(
        "remembered for the project in this folder, until one of these settings changes",
    ));
    Ok(Exit::Done)
}

/// Shows what was agreed to, in all projects.
pub fn list(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let records = Book::records_of(&settings.home).map_err(|e| store_failure(&e))?;
    for record in &records {
        if as_json {
            let line = json!({
                "event": "trust",
                "project": record.project,
                "digest": record.digest,
                "settings": record.settings,
            });
            reporter.out(&format!("{line}\n"));
        } else {
            let settings: String = record
                .settings
                .iter()
                .map(|line| format!("  {line}\n"))
                .collect();
            reporter.out(&format!("{}\n{settings}", record.project));
        }
    }
    if records.is_empty() {
        reporter.event(Event::Note("you agreed to nothing yet"));
    }
    Ok(Exit::Done)
}

/// Takes back what was agreed to for this project.
pub fn forget(settings: &Settings, reporter: &Reporter) -> Result<Exit, Failure> {
    let gone = book(settings).forget().map_err(|e| store_failure(&e))?;
    reporter.event(Event::Note(&match gone {
        0 => "you agreed to nothing for the project in this folder".to_owned(),
        gone => format!(
            "took back {} for the project in this folder",
            count(gone, "agreement")
        ),
    }));
    Ok(Exit::Done)
}

fn book(settings: &Settings) -> Book {
    Book::open(&settings.home, &settings.root)
}

fn as_text(wishes: &Wishes, reporter: &Reporter) -> String {
    let mut out = String::new();
    for (claim, line) in wishes.claims.iter().zip(lines(&wishes.claims)) {
        let file = &claim.place.source.name;
        let means = claim.means();
        let means = reporter.say(&means);
        let _ = writeln!(out, "{claim}\n  {file}:{line}: {means}");
    }
    out + &reporter.say(&format!("digest {}\n", wishes.digest))
}

/// The line of each setting, from 1. They are all in one file, and it is gone through once: there may be
/// very many.
fn lines(claims: &[Claim]) -> Vec<usize> {
    let text = claims.first().map_or("", |claim| &claim.place.source.text);
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    claims
        .iter()
        .map(|claim| ends.partition_point(|end| *end < claim.place.span.start) + 1)
        .collect()
}

fn as_line(wishes: &Wishes) -> serde_json::Value {
    let settings: Vec<serde_json::Value> = wishes
        .claims
        .iter()
        .zip(lines(&wishes.claims))
        .map(|(claim, line)| {
            json!({
                "name": claim.name,
                "value": claim.value,
                "file": claim.place.source.name,
                "line": line,
                "means": claim.means(),
            })
        })
        .collect();
    json!({
        "event": "trust",
        "trusted": wishes.trusted,
        "digest": wishes.digest.hex(),
        "settings": settings,
    })
}
