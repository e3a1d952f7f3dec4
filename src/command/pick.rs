//! `gpbuild pick`: chooses one of a shot's candidates. The lock records it; what is exported of it is made
//! anew at once, because that is free, and what was made from the old one is told with its price.

use serde_json::json;

use crate::command::follow::follow;
use crate::own;
use crate::pipeline::{self, Planned, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::fs::{Durability, Kind};
use base::home::STATE_FOLDER;
use export::Format;
use plan::lock::Lock;
use plan::{Answer, Step, Traced};
use report::{Event, Reporter};

/// What is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// The candidate, from 1; without it the candidates are laid out as files.
    pub number: Option<usize>,
    /// Of this shot, from 1; the last one if it is not given.
    pub shot: Option<usize>,
    /// Instead of a picture that a person put there.
    pub force: bool,
}

/// Runs the command for the one asset that `settings` selects.
pub fn run(
    settings: &Settings,
    choice: Choice,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    if settings.resolve.is_draft() {
        return Err(Failure::usage("a draft is drawn: it has no candidates"));
    }
    let planned = pipeline::plan(settings)?;
    let (step, traced, answer) = candidates(settings, &planned, choice.shot)?;
    let Some(number) = choice.number else {
        return show(settings, &planned, step, answer, json, reporter);
    };
    if !(1..=answer.candidates.len()).contains(&number) {
        let has = count(answer.candidates.len(), "candidate");
        return Err(failure(format!(
            "`{}` has {has}, there is no number {number}",
            step.spec.id
        )));
    }
    let key = traced.key;
    let alone = pipeline::lock_process(settings, reporter)?;
    let writing = pipeline::writing();
    // A pick belongs to the shot: further targets of a cover follow it.
    let mut lock = Lock::read(&settings.root)?;
    let accepted = lock
        .assets
        .iter()
        .find(|(_, asset)| asset.accepted && asset.shots.iter().any(|shot| shot.key == key));
    if let Some((id, _)) = accepted.filter(|_| !choice.force) {
        return Err(Failure::new(
            Exit::SomeFailed,
            Diagnostic::error(format!("the picture of `{id}` was accepted from a person"))
                .hint("`--force` takes the candidate in its place"),
        ));
    }
    let mut picked = Vec::new();
    for (id, asset) in &mut lock.assets {
        for shot in asset.shots.iter_mut().filter(|shot| shot.key == key) {
            shot.pick = number;
            picked.push(id.clone());
        }
    }
    // What the lock says of an accepted picture is not what the shot gave: the store says that.
    lock.assets
        .retain(|id, asset| !(asset.accepted && picked.contains(id)));
    planned
        .store
        .put_pick(&key, answer.candidates[number - 1])
        .map_err(|e| store_failure(&e))?;
    lock.write(&settings.root).map_err(|e| store_failure(&e))?;
    reporter.event(Event::Note(&format!(
        "picked    {}  candidate {number} of {}",
        step.spec.id,
        answer.candidates.len()
    )));
    drop((writing, alone));
    follow(settings, &picked, reporter)
}

/// The shot that is chosen from.
fn candidates<'a>(
    settings: &Settings,
    planned: &'a Planned,
    shot: Option<usize>,
) -> Result<(&'a Step, &'a Traced, &'a Answer), Failure> {
    let mut found = planned
        .plan
        .steps
        .iter()
        .filter(|step| settings.select.contains(&step.spec.id));
    let Some(step) = found.next() else {
        return Err(Failure::usage(
            "`pick` takes one asset, by its whole id: `gpbuild pick bootcamp 2`",
        ));
    };
    let spec = &step.spec;
    if !spec.is_paid() {
        return Err(failure(format!(
            "`{}` is drawn here: it has no candidates to pick from",
            spec.id
        )));
    }
    if spec.pin {
        return Err(Failure::new(
            Exit::SomeFailed,
            Diagnostic::error(format!("`{}` is pinned", spec.id))
                .at(spec.place.clone())
                .hint("take `pin = true` out first: a pinned picture stays what it is"),
        ));
    }
    let shots = spec.requests().len();
    let number = shot.unwrap_or(shots);
    if !(1..=shots).contains(&number) {
        return Err(failure(format!(
            "`{}` has {}, there is no number {number}",
            spec.id,
            count(shots, "shot")
        )));
    }
    let traced = step.trace.shots.get(number - 1);
    let answered = traced.and_then(|traced| Some((traced, traced.answer.as_ref()?)));
    match answered {
        Some((traced, answer)) => Ok((step, traced, answer)),
        None => Err(Failure::new(
            Exit::SomeFailed,
            Diagnostic::error(format!(
                "`{}` is not made as it is declared now: there is nothing to pick from",
                spec.id
            ))
            .at(spec.place.clone())
            .hint(format!(
                "`gpbuild plan {id}` says what is missing, `gpbuild build {id}` makes it",
                id = spec.id
            )),
        )),
    }
}

/// Lays the candidates out as files that can be opened.
fn show(
    settings: &Settings,
    planned: &Planned,
    step: &Step,
    answer: &Answer,
    json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let id = &step.spec.id;
    let name = format!("candidates/{id}");
    let folder = own::ready(&settings.root)?
        .make(&name)
        .map_err(|e| store_failure(&e))?;
    // What an earlier shot left there is none of these.
    for (file, kind) in folder.list().map_err(|e| store_failure(&e))? {
        if kind != Kind::Folder {
            let _ = folder.remove(&file);
        }
    }
    let mut text = String::new();
    for (n, digest) in answer.candidates.iter().enumerate() {
        let n = n + 1;
        let mark = if n == answer.pick { "*" } else { " " };
        let bytes = planned.store.get(digest).map_err(|e| store_failure(&e))?;
        let file = match bytes {
            Some(bytes) => {
                let ending = Format::of(&bytes).map_or("bin", Format::extension);
                let file = format!("{n}.{ending}");
                folder
                    .write(&file, &bytes, Durability::Free)
                    .map_err(|e| store_failure(&e))?;
                Some(format!("{STATE_FOLDER}/{name}/{file}"))
            }
            None => None,
        };
        if json {
            let line = json!({
                "event": "candidate", "id": id, "number": n, "picked": n == answer.pick, "file": file,
            });
            text += &format!("{line}\n");
        } else {
            let file = file.unwrap_or_else(|| reporter.say("not in the store").into_owned());
            text += &format!("{mark} {n}  {file}\n");
        }
    }
    reporter.out(&text);
    Ok(Exit::Done)
}

fn failure(message: String) -> Failure {
    Failure::new(Exit::SomeFailed, Diagnostic::error(message))
}
