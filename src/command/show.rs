//! `gpbuild show`: the resolved spec, with the final prompt and where each value came from.

use std::fmt::Write as _;

use serde_json::json;

use crate::diagnostic::{Exit, Failure, count};
use crate::pipeline::{self, Settings};
use crate::plan::Step;
use crate::provider::request::{Picture, Request};
use crate::report::Reporter;
use crate::spec::{Bundle, Form, Spec};

/// What is said in the place of a key.
const UNKNOWN_KEY: &str = "not known before what it takes is made";

/// Runs the command.
pub fn run(settings: &Settings, as_json: bool, reporter: &Reporter) -> Result<Exit, Failure> {
    let planned = pipeline::plan(settings)?;
    for (n, step) in planned.asked_for().into_iter().enumerate() {
        if as_json {
            reporter.out(&format!("{}\n", spec_as_json(step)));
        } else {
            let gap = if n == 0 { "" } else { "\n" };
            reporter.out(&format!("{gap}{}", spec_as_text(step)));
        }
    }
    Ok(Exit::Done)
}

fn spec_as_text(step: &Step) -> String {
    let spec = &step.spec;
    let mut out = format!("{}\n", spec.id);
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<11} {value}");
    };
    row("output", spec.output.as_str());
    if let Some(bundle) = &spec.bundle {
        row("made of", &slides_as_text(bundle));
        row("export", &export_as_text(step));
        let key = step.key().map(|key| key.to_string());
        row("  key", &key.unwrap_or_else(|| UNKNOWN_KEY.to_owned()));
        origins_as_text(&mut out, spec);
        return out;
    }
    row(
        "target",
        &format!(
            "{} ({}x{})",
            spec.preset.name, spec.preset.width, spec.preset.height
        ),
    );
    row("template", &spec.template);
    if let Some(group) = &spec.group {
        row("group", group);
    }
    if spec.pin {
        row("pin", "true");
    }
    row("export", &export_as_text(step));
    if let Some(overlay) = &spec.overlay {
        row("overlay", &overlay.layout);
    }
    for (n, shot) in spec.shots.iter().enumerate() {
        let name = if n == 0 {
            "shot".to_owned()
        } else {
            format!("edit {n}")
        };
        row(&name, &shot_as_text(shot));
        let key = step.trace.shots.get(n).map(|shot| shot.key.to_string());
        row("  key", &key.unwrap_or_else(|| UNKNOWN_KEY.to_owned()));
        for picture in &shot.references {
            row("  reference", &picture_as_text(picture));
        }
        if let Some(mask) = &shot.mask {
            row("  mask", &picture_as_text(mask));
        }
    }
    origins_as_text(&mut out, spec);
    if let Some(prompt) = &spec.prompt {
        out.push_str("\n  prompt\n");
        for line in prompt.lines() {
            let _ = writeln!(out, "  | {line}");
        }
    }
    out
}

fn origins_as_text(out: &mut String, spec: &Spec) {
    if !spec.origins.is_empty() {
        out.push_str("\n  where its values came from\n");
        let width = spec
            .origins
            .iter()
            .map(|o| o.field.chars().count())
            .max()
            .unwrap_or(0);
        for origin in &spec.origins {
            let value = origin.value.replace('\n', "⏎");
            let gap = width - origin.field.chars().count();
            let _ = writeln!(
                out,
                "  {}{:gap$}  {value}  ({})",
                origin.field, "", origin.from
            );
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

fn export_as_text(step: &Step) -> String {
    let export = &step.spec.export;
    if let Some(bundle) = &step.spec.bundle
        && matches!(bundle.form, Form::Pdf { .. })
    {
        let pages = count(bundle.slides.len(), "page");
        return format!(
            "pdf, {pages}, the first {}x{} pixels",
            export.width, export.height
        );
    }
    let mut text = format!(
        "{}x{} {}",
        export.width,
        export.height,
        export.format.name()
    );
    if let Some(crop) = &export.crop {
        let parts: Vec<String> = crop.parts().iter().map(|p| format!("0.{p:04}")).collect();
        let _ = write!(text, ", cropped to {}", parts.join(" "));
    }
    if let Some(max) = export.max_bytes {
        let _ = write!(text, ", at most {max} bytes");
    }
    text
}

fn shot_as_text(shot: &Request) -> String {
    let mut text = format!(
        "{} {} {}x{}",
        shot.operation.word(),
        shot.model,
        shot.width,
        shot.height
    );
    if let Some(quality) = &shot.quality {
        let _ = write!(text, ", {quality}");
    }
    if shot.candidates > 1 {
        let _ = write!(text, ", {} candidates", shot.candidates);
    }
    if shot.variant > 1 {
        let _ = write!(text, ", variant {}", shot.variant);
    }
    text
}

fn picture_as_text(picture: &Picture) -> String {
    match picture {
        Picture::File(path, digest) => format!("{path} ({})", digest.short()),
        Picture::Asset(id) => format!("the picture of {id}"),
        Picture::Previous => "the picture of the step before".to_owned(),
    }
}

fn spec_as_json(step: &Step) -> serde_json::Value {
    let spec = &step.spec;
    let shots: Vec<serde_json::Value> = spec
        .shots
        .iter()
        .enumerate()
        .map(|(n, shot)| {
            json!({
                "operation": shot.operation.word(),
                "model": shot.model.to_string(),
                "size": format!("{}x{}", shot.width, shot.height),
                "quality": shot.quality,
                "background": shot.background,
                "candidates": shot.candidates,
                "variant": shot.variant,
                "params": shot.params,
                "prompt": (shot.page.is_none()).then_some(&shot.prompt),
                "layout": shot.page.as_ref().map(|page| &page.html),
                "references": shot.references.iter().map(picture_as_text).collect::<Vec<_>>(),
                "mask": shot.mask.as_ref().map(picture_as_text),
                "key": step.trace.shots.get(n).map(|shot| shot.key.to_string()),
            })
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
        "template": spec.template,
        "group": spec.group,
        "pin": spec.pin,
        "text": text,
        "shots": shots,
        "prompt": spec.prompt,
        "export": export_as_text(step),
        "overlay": spec.overlay.as_ref().map(|overlay| json!({
            "name": overlay.layout,
            "layout": overlay.page.html,
        })),
        "bundle": spec.bundle.as_ref().map(|bundle| json!({
            "format": spec.format(),
            "slides": bundle.slides,
            "key": step.key().map(|key| key.to_string()),
        })),
        "from": origins,
    })
}
