//! `gpbuild cache collect`: what is paid for and on its way gets into the store, also what no asset asks for any more. Pays
//! for nothing; sends a key only where its request went.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::command::models::{Known, may_ask};
use crate::execute::{Came, Left, Waiting};
use crate::pipeline::{self, Settings, route_to, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure};
use report::{Event, Reporter, columns};
use store::Store;
use store::ledger::Ledger;

/// Runs the command.
pub fn run(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let store = Store::open(settings.home.data())?;
    let ledger = Ledger::open(settings.home.data()).map_err(|e| store_failure(&e))?;
    pipeline::recover(settings, &store, &ledger, reporter);
    let waiting = Waiting::find(&store, &ledger).map_err(|e| store_failure(&e))?;
    let known = Known::find(settings)?;
    let mut routes = BTreeMap::new();
    let mut missing = BTreeMap::new();
    for name in waiting.providers() {
        let Some(provider) = known.providers.get(name) else {
            let why = "the project that asked for it declares its provider: collect it there";
            missing.insert(name.to_owned(), why.to_owned());
            continue;
        };
        match may_ask(settings, &known, provider)? {
            Some(why) => {
                missing.insert(name.to_owned(), why);
            }
            None => {
                let route = route_to(settings, provider, reporter)?;
                routes.extend(route.map(|route| (name.to_owned(), route)));
            }
        }
    }
    let mut told = Told {
        missing,
        as_json,
        reporter,
        exit: Exit::Done,
        count: 0,
    };
    let interrupted = waiting
        .collect(routes, Arc::new(ledger), &mut |left| told.tell(&left))
        .map_err(|error| Failure::new(Exit::SomeFailed, error))?;
    if told.count == 0 && !as_json {
        reporter.tell("nothing is on its way\n");
    }
    Ok(match interrupted {
        true => Exit::Interrupted,
        false => told.exit,
    })
}

/// Tells of one after another.
struct Told<'a> {
    /// Why a provider cannot be asked.
    missing: BTreeMap<String, String>,
    as_json: bool,
    reporter: &'a Reporter,
    exit: Exit,
    count: usize,
}

impl Told<'_> {
    fn tell(&mut self, left: &Left) {
        self.count += 1;
        let (word, why) = match &left.what {
            Came::Here(remarks) if remarks.is_empty() => ("collected", None),
            Came::Here(remarks) => ("collected", Some(remarks.join("; "))),
            Came::Held(payer) => ("left", Some(payer.to_string())),
            Came::Nobody => {
                let provider = left.model.split('/').next().unwrap_or_default();
                let why = self.missing.get(provider).cloned();
                (
                    "left",
                    Some(why.unwrap_or_else(|| "its provider cannot be asked".to_owned())),
                )
            }
            Came::Not(failed) => {
                let word = if failed.pending { "pending" } else { "failed" };
                (word, Some(failed.diagnostic.message.clone()))
            }
        };
        if word != "collected" {
            self.exit = Exit::SomeFailed;
        }
        let Left { asset, model, .. } = left;
        if self.as_json {
            let line = json!({
                "event": "collected", "id": asset, "model": model, "state": word, "reason": why,
            });
            self.reporter.out(&format!("{line}\n"));
            return;
        }
        let why = why.map(|why| format!("  {}", self.reporter.say(&why)));
        let why = why.unwrap_or_default();
        let word = columns(&self.reporter.say(word), 9);
        self.reporter
            .out(&format!("{word} {asset}  {model}{why}\n"));
        if let Came::Not(failed) = &left.what
            && !failed.pending
        {
            let mut hints = Diagnostic::warning(format!("{asset}: nothing came"));
            for hint in &failed.diagnostic.hints {
                hints = hints.hint(hint.clone());
            }
            self.reporter.event(Event::Diagnostic(&hints));
        }
    }
}
