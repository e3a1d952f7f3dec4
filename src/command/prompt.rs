//! `gpbuild show ASSET --prompt`: the words to copy into whatever makes the picture, and nothing else on standard output.
//! What goes with them is told beside it, with files to hand over.

use std::path::Path;

use serde_json::json;

use crate::own;
use crate::pipeline::{self, Planned, Settings, store_failure};
use base::diagnostic::{Diagnostic, Exit, Failure, count};
use base::digest::Digest;
use base::fs::{Durability, shown};
use base::home::STATE_FOLDER;
use export::Format;
use model::request::{Picture, Request};
use plan::Step;
use report::{Event, Reporter};

/// What one shot is asked for with.
struct Asked<'a> {
    id: &'a str,
    /// From 1.
    number: usize,
    /// The number, if somebody chose it.
    chosen: Option<usize>,
    text: &'a str,
    request: &'a Request,
    references: Vec<String>,
    mask: Option<String>,
}

/// Runs the command for the one asset that `settings` selects.
pub fn run(
    settings: &Settings,
    shot: Option<usize>,
    as_json: bool,
    reporter: &Reporter,
) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    let asked = planned.asked_for();
    let exact = asked
        .iter()
        .find(|step| settings.select.contains(&step.spec.id));
    let Some(step) = exact else {
        return Err(Failure::usage(
            "`show --prompt` takes one asset, by its whole id: `gpbuild show bootcamp --prompt`",
        ));
    };
    let asked = look(settings, &planned, step, shot)?;
    if as_json {
        reporter.out(&format!("{}\n", line(&asked)));
        return Ok(Exit::Done);
    }
    reporter.out(&format!("{}\n", asked.text.trim_end()));
    for note in notes(&asked) {
        reporter.event(Event::Note(&note));
    }
    Ok(Exit::Done)
}

fn look<'a>(
    settings: &Settings,
    planned: &Planned,
    step: &'a Step,
    shot: Option<usize>,
) -> Result<Asked<'a>, Failure> {
    let spec = &step.spec;
    let failed = |why: String| {
        let error = Diagnostic::error(why).at(spec.place.clone());
        Failure::new(Exit::SomeFailed, error)
    };
    let requests = spec.requests();
    let answered = step.trace.shots.iter();
    let missing = answered.take_while(|shot| shot.answer.is_some()).count();
    let number = shot.unwrap_or((missing + 1).min(requests.len()));
    let Some(request) = number.checked_sub(1).and_then(|n| requests.get(n)) else {
        let has = count(requests.len(), "shot");
        return Err(failed(format!(
            "`{}` has {has}, there is no number {number}",
            spec.id
        )));
    };
    let prompt = request.prompt();
    let drawn = spec.shots().and_then(|shots| shots.prompt.as_deref());
    let Some(text) = prompt.map(|prompt| prompt.text.as_str()).or(drawn) else {
        return Err(failed(format!(
            "`{}` is drawn here, and has no prompt",
            spec.id
        )));
    };
    let mut files = Files::new(settings, planned, step, number);
    let references = prompt.map_or(&[][..], |prompt| &prompt.references);
    let references = references.iter().map(|picture| files.file(picture));
    let references = references.collect::<Result<_, _>>()?;
    let mask = prompt.and_then(|prompt| prompt.mask.as_ref());
    Ok(Asked {
        id: &spec.id,
        number,
        chosen: shot,
        text,
        request,
        references,
        mask: mask.map(|mask| files.file(mask)).transpose()?,
    })
}

/// Finds the files that go with a prompt. A picture of another asset is only in the store, without an ending that
/// says what it is: it is laid out as a file that can be handed over.
struct Files<'a> {
    settings: &'a Settings,
    planned: &'a Planned,
    step: &'a Step,
    previous: Option<Digest>,
    laid_out: usize,
}

impl<'a> Files<'a> {
    fn new(settings: &'a Settings, planned: &'a Planned, step: &'a Step, number: usize) -> Self {
        let before = number.checked_sub(2).and_then(|n| step.trace.shots.get(n));
        Self {
            settings,
            planned,
            step,
            previous: before.and_then(|shot| shot.answer.as_ref()?.picked()),
            laid_out: 0,
        }
    }

    fn file(&mut self, picture: &Picture) -> Result<String, Failure> {
        let what = match picture {
            Picture::File(path, _) => {
                return Ok(shown(&self.planned.project.world.root().at(path)).to_string());
            }
            Picture::Asset(id) => format!("the picture of {id}"),
            Picture::Previous => "the picture of the step before".to_owned(),
        };
        let digest = self.step.digest_of(picture, self.previous);
        let bytes = match digest {
            Some(digest) => self
                .planned
                .store
                .get(&digest)
                .map_err(|e| store_failure(&e))?,
            None => None,
        };
        let Some(bytes) = bytes else {
            return Ok(format!("{what}, which is not there yet"));
        };
        self.laid_out += 1;
        let folder = format!("references/{}", self.step.spec.id);
        let ending = Format::of(&bytes).map_or("bin", Format::extension);
        let name = format!("{}.{ending}", self.laid_out);
        own::ready(&self.settings.root)?
            .make(&folder)
            .and_then(|folder| folder.write(&name, &bytes, Durability::Free).map(drop))
            .map_err(|e| store_failure(&e))?;
        let path = Path::new(STATE_FOLDER).join(folder).join(name);
        Ok(shown(&self.settings.root.join(path)).to_string())
    }
}

fn notes(asked: &Asked<'_>) -> Vec<String> {
    let Request { width, height, .. } = *asked.request;
    let mut notes = vec![format!("size: {width}x{height}")];
    let candidates = asked.request.prompt().map_or(1, |prompt| prompt.candidates);
    if candidates > 1 {
        notes.push(format!("candidates: {candidates}"));
    }
    notes.extend(
        asked
            .references
            .iter()
            .map(|file| format!("reference: {file}")),
    );
    notes.extend(asked.mask.iter().map(|file| format!("mask: {file}")));
    if asked.request.prompt().is_some() {
        let shot = asked
            .chosen
            .map_or(String::new(), |n| format!(" --shot {n}"));
        notes.push(format!("then: gpbuild import {} FILE{shot}", asked.id));
    }
    notes
}

fn line(asked: &Asked<'_>) -> serde_json::Value {
    let Request { width, height, .. } = *asked.request;
    let prompt = asked.request.prompt();
    json!({
        "event": "prompt",
        "id": asked.id,
        "shot": asked.number,
        "model": asked.request.model.to_string(),
        "prompt": asked.text,
        "width": width,
        "height": height,
        "candidates": prompt.map_or(1, |prompt| prompt.candidates),
        "references": asked.references,
        "mask": asked.mask,
    })
}
