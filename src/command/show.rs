//! `gpbuild show`: the resolved spec, with the final prompt and where each value came from.

use std::fmt::Write as _;

use serde_json::json;

use crate::pipeline::{self, Planned, Settings};
use base::diagnostic::{Exit, Failure, count};
use declare::preset::Preset;
use declare::spec::{Bundle, Form, Recipe, Shots, Spec};
use model::request::{Picture, Request};
use plan::Step;
use plan::key::Key;
use report::{Reporter, columns, width};

/// What is said in the place of a key.
const UNKNOWN_KEY: &str = "not known before what it takes is made";

/// Runs the command.
pub fn run(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    for (n, step) in planned.asked_for().into_iter().enumerate() {
        if as_json {
            reporter.out(&format!("{}\n", spec_as_json(&planned, step)));
        } else {
            let gap = if n == 0 { "" } else { "\n" };
            reporter.out(&format!("{gap}{}", spec_as_text(&planned, step, reporter)));
        }
    }
    Ok(Exit::Done)
}

fn spec_as_text(planned: &Planned, step: &Step, reporter: &Reporter) -> String {
    let spec = &step.spec;
    let mut out = Text {
        text: format!("{}\n", spec.id),
        reporter,
    };
    out.row("output", spec.output.as_str());
    match &spec.recipe {
        Recipe::Shots(shots) => shots_as_text(&mut out, planned, step, shots),
        Recipe::Bundle(bundle) => {
            out.words("made of", &slides_as_text(bundle));
            out.parts("export", &export_parts(spec));
            key_as_text(&mut out, step.key());
            origins_as_text(&mut out, spec);
        }
    }
    out.text
}

/// Rows of a name and a value, in the language of who reads them.
struct Text<'r> {
    text: String,
    reporter: &'r Reporter,
}

impl Text<'_> {
    /// A value as somebody wrote it.
    fn row(&mut self, name: &str, value: &str) {
        let indent = name.len() - name.trim_start().len();
        let name = format!("{:indent$}{}", "", self.reporter.say(name.trim_start()));
        let _ = writeln!(self.text, "  {} {value}", columns(&name, 11));
    }

    /// A value in words.
    fn words(&mut self, name: &str, value: &str) {
        self.row(name, &self.reporter.say(value));
    }

    /// A value of several parts.
    fn parts(&mut self, name: &str, parts: &[String]) {
        let parts: Vec<_> = parts.iter().map(|part| self.reporter.say(part)).collect();
        self.row(name, &parts.join(", "));
    }
}

fn key_as_text(out: &mut Text<'_>, key: Option<Key>) {
    let key = key.map(|key| key.to_string());
    out.words("  key", key.as_deref().unwrap_or(UNKNOWN_KEY));
}

/// A picture of its own: what it is for, each shot, and what a model is told.
fn shots_as_text(out: &mut Text<'_>, planned: &Planned, step: &Step, shots: &Shots) {
    let spec = &step.spec;
    let Preset {
        name,
        width,
        height,
        ..
    } = &spec.preset;
    out.row("target", &format!("{name} ({width}x{height})"));
    out.row("template", &shots.template);
    if let Some(group) = &spec.group {
        out.row("group", group);
    }
    if spec.pin {
        out.row("pin", "true");
    }
    out.parts("export", &export_parts(spec));
    if let Some(overlay) = &shots.overlay {
        out.row("overlay", &overlay.layout);
    }
    for (n, request) in shots.requests.iter().enumerate() {
        let name = if n == 0 {
            "shot".to_owned()
        } else {
            format!("edit {n}")
        };
        out.parts(&name, &shot_parts(request, out.reporter));
        let key = step.trace.shots.get(n).map(|shot| shot.key);
        key_as_text(out, key);
        if let Some(prompt) = key.and_then(|key| planned.rewritten(key)) {
            let own = format!("a prompt of the provider's own: {prompt}");
            out.words("  drawn from", &own);
        }
        let Some(prompt) = request.prompt() else {
            continue;
        };
        for picture in &prompt.references {
            out.words("  reference", &picture_as_text(picture));
        }
        if let Some(mask) = &prompt.mask {
            out.words("  mask", &picture_as_text(mask));
        }
    }
    origins_as_text(out, spec);
    if let Some(prompt) = &shots.prompt {
        let _ = writeln!(out.text, "\n  {}", out.reporter.say("prompt"));
        for line in prompt.lines() {
            let _ = writeln!(out.text, "  | {line}");
        }
    }
}

fn origins_as_text(out: &mut Text<'_>, spec: &Spec) {
    if !spec.origins.is_empty() {
        let head = out.reporter.say("\n  where its values came from\n");
        out.text.push_str(&head);
        let widest = spec.origins.iter().map(|o| width(&o.field)).max();
        for origin in &spec.origins {
            let value = origin.value.replace('\n', "⏎");
            let field = columns(&origin.field, widest.unwrap_or(0));
            let from = out.reporter.say(&origin.from);
            let _ = writeln!(out.text, "  {field}  {value}  ({from})");
        }
    }
}

/// The slides of a bundle, which are numbered one after another.
fn slides_as_text(bundle: &Bundle) -> String {
    match bundle.slides.as_slice() {
        [one] => format!("the output of {one}"),
        [first, .., last] => format!(
            "the outputs of {first} to {last}, {} in all",
            bundle.slides.len()
        ),
        [] => "nothing".to_owned(),
    }
}

fn export_parts(spec: &Spec) -> Vec<String> {
    let (width, height) = spec.size();
    let export = match &spec.recipe {
        Recipe::Shots(shots) => &shots.export,
        Recipe::Bundle(bundle) => match bundle.form {
            Form::Pdf { .. } => {
                let pages = count(bundle.slides.len(), "page");
                let first = format!("the first {width}x{height} pixels");
                return vec!["pdf".to_owned(), pages, first];
            }
            Form::Sheet { .. } => return vec![format!("{width}x{height} {}", spec.format())],
        },
    };
    let mut all = vec![format!("{width}x{height} {}", spec.format())];
    if let Some(crop) = &export.crop {
        let parts: Vec<String> = crop.parts().iter().map(|p| format!("0.{p:04}")).collect();
        all.push(format!("cropped to {}", parts.join(" ")));
    }
    if let Some(max) = export.max_bytes {
        all.push(format!("at most {max} bytes"));
    }
    all
}

fn shot_parts(request: &Request, reporter: &Reporter) -> Vec<String> {
    let mut all = vec![format!(
        "{} {} {}x{}",
        reporter.say(request.operation().word()),
        request.model,
        request.width,
        request.height
    )];
    if let Some(prompt) = request.prompt() {
        if let Some(quality) = &prompt.quality {
            all.push(quality.clone());
        }
        if prompt.candidates > 1 {
            all.push(format!("{} candidates", prompt.candidates));
        }
    }
    if request.variant > 1 {
        all.push(format!("variant {}", request.variant));
    }
    all
}

fn picture_as_text(picture: &Picture) -> String {
    match picture {
        Picture::File(path, digest) => format!("{path} ({})", digest.short()),
        Picture::Asset(id) => format!("the picture of {id}"),
        Picture::Previous => "the picture of the step before".to_owned(),
    }
}

fn request_as_json(request: &Request, key: Option<String>) -> serde_json::Value {
    let prompt = request.prompt();
    let references = prompt.map_or(&[][..], |prompt| &prompt.references);
    json!({
        "operation": request.operation().word(),
        "model": request.model.to_string(),
        "size": format!("{}x{}", request.width, request.height),
        "quality": prompt.and_then(|prompt| prompt.quality.as_deref()),
        "background": prompt.and_then(|prompt| prompt.background.as_deref()),
        "candidates": prompt.map_or(1, |prompt| prompt.candidates),
        "variant": request.variant,
        "params": prompt.map(|prompt| &prompt.params),
        "prompt": prompt.map(|prompt| &prompt.text),
        "layout": request.page().map(|page| &page.html),
        "references": references.iter().map(picture_as_text).collect::<Vec<_>>(),
        "mask": prompt.and_then(|prompt| prompt.mask.as_ref()).map(picture_as_text),
        "key": key,
    })
}

fn spec_as_json(planned: &Planned, step: &Step) -> serde_json::Value {
    let spec = &step.spec;
    let shots = spec.shots();
    let requests = spec.requests().iter().enumerate();
    let requests: Vec<serde_json::Value> = requests
        .map(|(n, request)| {
            let key = step.trace.shots.get(n).map(|shot| shot.key);
            let mut shot = request_as_json(request, key.map(|key| key.to_string()));
            if let Some(prompt) = key.and_then(|key| planned.rewritten(key)) {
                shot["rewritten"] = json!(prompt);
            }
            shot
        })
        .collect();
    let text: serde_json::Map<String, serde_json::Value> = spec
        .text
        .iter()
        .map(|(role, words)| (role.to_owned(), json!(words)))
        .collect();
    let origins: Vec<serde_json::Value> = spec
        .origins
        .iter()
        .map(|o| json!({ "field": o.field, "value": o.value, "from": o.from }))
        .collect();
    json!({
        "event": "spec",
        "id": spec.id,
        "output": spec.output.as_str(),
        "preset": spec.preset.name,
        "size": format!("{}x{}", spec.preset.width, spec.preset.height),
        "template": shots.map_or("", |shots| &shots.template),
        "group": spec.group,
        "pin": spec.pin,
        "text": text,
        "shots": requests,
        "prompt": shots.and_then(|shots| shots.prompt.as_deref()),
        "export": export_parts(spec).join(", "),
        "overlay": shots.and_then(|shots| shots.overlay.as_ref()).map(|overlay| json!({
            "name": overlay.layout,
            "layout": overlay.page.html,
        })),
        "bundle": spec.bundle().map(|bundle| json!({
            "format": spec.format(),
            "slides": bundle.slides,
            "key": step.key().map(|key| key.to_string()),
        })),
        "from": origins,
    })
}
