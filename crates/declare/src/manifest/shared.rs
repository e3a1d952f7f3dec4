//! Reads the tables that any manifest of the project may have: styles and presets here, covers and carousels each in
//! a file of their own. Knows nothing of what only `gpbuild.toml` says.

use crate::manifest::carousel::read_carousels;
use crate::manifest::cover::read_covers;
use crate::manifest::fields::{preset_fields, vars};
use crate::manifest::names::{is_name, twice};
use crate::manifest::reader::Table;
use crate::manifest::{At, Manifest, Style};
use crate::preset::{Confidence, Preset, Safe};
use base::diagnostic::Diagnostic;
use render::MAX_SIDE;

/// Reads all of them, of a file in `folder`.
pub(super) fn read_shared(table: &Table<'_>, folder: &str, manifest: &mut Manifest) {
    read_styles(table, manifest);
    for (name, preset) in table.tables("preset") {
        if let Some(read) = read_preset(&name, preset) {
            manifest.presets.insert(name.value, read);
        }
    }
    read_covers(table, folder, manifest);
    read_carousels(table, folder, manifest);
}

fn read_styles(table: &Table<'_>, manifest: &mut Manifest) {
    for (name, style) in table.tables("style") {
        let prompt = style.string("prompt").map(|at| at.value);
        let style_vars = style.table("vars").map(|t| vars(&t)).unwrap_or_default();
        let read = Style {
            prompt: prompt.unwrap_or_default(),
            vars: style_vars,
            place: name.place.clone(),
        };
        style.finish();
        if let Some(first) = manifest.styles.get(&name.value) {
            table.report(twice("style", &name, &first.place));
        } else {
            manifest.styles.insert(name.value, read);
        }
    }
}

fn read_preset(name: &At<String>, table: Table<'_>) -> Option<Preset> {
    let own = preset_fields(&table);
    let safe = table.table("safe").map(|t| {
        let side = |key| t.small(key, 0..=MAX_SIDE).map_or(0, |at| at.value);
        let safe = Safe {
            top: side("top"),
            right: side("right"),
            bottom: side("bottom"),
            left: side("left"),
        };
        t.finish();
        safe
    });
    let text = |key| table.string(key).map(|at| at.value);
    let title = text("title").unwrap_or_else(|| name.value.clone());
    let source = text("source").unwrap_or_else(|| "this project".to_owned());
    let checked_on = text("checked_on").unwrap_or_default();
    let note = text("note");
    let confidence = text("confidence").map(|c| Confidence::parse(&c));
    if let Some(None) = confidence {
        table.report(
            Diagnostic::error("`confidence` must be `A`, `B`, `C` or `U`").at(name.place.clone()),
        );
    }
    let max_count = table.small("max_count", 1..=10_000).map(|at| at.value);
    if own.size.is_none() && !table.has("size") {
        table.report(
            Diagnostic::error(format!("preset `{}` has no size", name.value))
                .at(name.place.clone())
                .hint("add `size = [1080, 1440]`"),
        );
    }
    table.finish();
    if !is_name(&name.value) {
        return None;
    }
    let (width, height) = own.size?.value;
    Some(Preset {
        name: name.value.clone(),
        title,
        width,
        height,
        format: own.format.map(|at| at.value),
        max_bytes: own.max_bytes.map(|at| at.value),
        max_count,
        safe: safe.unwrap_or_default(),
        source,
        checked_on,
        confidence: confidence.flatten().unwrap_or(Confidence::U),
        note,
    })
}
