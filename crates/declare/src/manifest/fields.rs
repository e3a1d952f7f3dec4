//! Reads what an asset can set, the same in `[defaults]`, covers, carousels and slides. Knows the
//! keys and their types; does not know what they mean together.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::reader::{Element, Table};
use crate::manifest::{Also, At, Bundling, Edit, Fields, RawWords, Reference};
use base::diagnostic::Diagnostic;
use render::MAX_SIDE;

/// Reads every field that `table` sets.
pub fn fields(table: &Table<'_>, roles: &[String]) -> Fields {
    Fields {
        model: table.string("model"),
        quality: table.string("quality"),
        preset: table.string("preset"),
        size: size(table),
        template: table.string("template"),
        overlay: table.string("overlay"),
        emoji: table.string("emoji"),
        style: table.string("style"),
        background: table.string("background"),
        format: table.string("format"),
        max_bytes: table.integer("max_bytes", 1..=u64::from(u32::MAX)),
        candidates: table.small("candidates", 1..=10),
        variant: table.small("variant", 1..=u32::MAX),
        pin: table.boolean("pin"),
        group: table.string("group"),
        when: table.string("when"),
        output: table.string("output"),
        references: references(table),
        mask: table.string("mask"),
        series: table.string("series"),
        split: table.small("split", 1..=10_000),
        pdf: bundling(table, "pdf"),
        sheet: bundling(table, "sheet"),
        also: also(table),
        params: table.table("params").map(|t| vars(&t)),
        text: table
            .table("text")
            .map(|t| text(&t, roles))
            .unwrap_or_default(),
        vars: table.table("vars").map(|t| vars(&t)).unwrap_or_default(),
        edits: edits(table, roles),
    }
}

/// The fields that a preset shares with assets: size, format and byte limit.
pub fn preset_fields(table: &Table<'_>) -> Fields {
    Fields {
        size: size(table),
        format: table.string("format"),
        max_bytes: table.integer("max_bytes", 1..=u64::from(u32::MAX)),
        ..Fields::default()
    }
}

/// Free values, any key.
pub fn vars(table: &Table<'_>) -> BTreeMap<String, At<Value>> {
    let mut found = BTreeMap::new();
    for (key, element) in table.entries() {
        if let Some(value) = element.as_json() {
            let place = element.place();
            found.insert(key.value, At { value, place });
        }
    }
    found
}

/// Words by role: a role that nobody knows is refused.
pub fn text(table: &Table<'_>, roles: &[String]) -> BTreeMap<String, At<RawWords>> {
    let mut found = BTreeMap::new();
    for (key, element) in table.entries() {
        if roles.contains(&key.value) {
            if let Some(words) = words(&element) {
                found.insert(key.value, words);
            }
            continue;
        }
        let role = key.value.as_str();
        let mut diagnostic = Diagnostic::error(format!("unknown text role `{role}`"))
            .at(key.place)
            .did_you_mean(role, roles.iter().map(String::as_str));
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(format!(
                "a role of your own is declared in gpbuild.toml: `[project] roles = [\"{role}\"]`"
            ));
        }
        table.report(diagnostic);
    }
    found
}

/// A string or a list of strings.
pub fn words(element: &Element<'_>) -> Option<At<RawWords>> {
    let value = if let Some(text) = element.as_str() {
        RawWords::One(text.to_owned())
    } else if let Some(texts) = element.as_strings() {
        RawWords::Many(texts)
    } else {
        element.report_must_be("a string or a list of strings");
        return None;
    };
    let place = element.place();
    Some(At { value, place })
}

fn size(table: &Table<'_>) -> Option<At<(u32, u32)>> {
    let element = table.element("size")?;
    let pair = match (element.as_str(), element.as_numbers()) {
        (Some(text), _) => text
            .split_once(['x', '×'])
            .and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?))),
        (_, Some(numbers)) => match numbers.as_slice() {
            [w, h] => Some((side(*w)?, side(*h)?)),
            _ => None,
        },
        _ => None,
    };
    match pair {
        Some((w, h)) if (1..=MAX_SIDE).contains(&w) && (1..=MAX_SIDE).contains(&h) => Some(At {
            value: (w, h),
            place: element.place(),
        }),
        _ => {
            element.report_must_be(&format!(
                "a size in pixels such as `\"1080x1440\"` or `[1080, 1440]`, each side at most {MAX_SIDE}"
            ));
            None
        }
    }
}

fn side(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (1.0..=f64::from(MAX_SIDE)).contains(&number))
        .then_some(number as u32)
}

fn bundling(table: &Table<'_>, key: &'static str) -> Option<At<Bundling>> {
    let element = table.element(key)?;
    let value = match (element.as_bool(), element.as_str()) {
        (Some(true), _) => Bundling::Default,
        (Some(false), _) => Bundling::None,
        (None, Some(path)) => Bundling::To(path.to_owned()),
        (None, None) => {
            element.report_must_be("`true`, `false` or the path that it goes to");
            return None;
        }
    };
    let place = element.place();
    Some(At { value, place })
}

fn references(table: &Table<'_>) -> Option<Vec<Reference>> {
    let mut found = Vec::new();
    for element in table.array("references")? {
        let place = element.place();
        if let Some(text) = element.as_str() {
            let value = text.to_owned();
            found.push(Reference::Files(At { value, place }));
        } else if let Some(inner) = element.as_table() {
            match inner.string("asset") {
                Some(asset) => found.push(Reference::Asset(asset)),
                None => element.report_must_be("`{ asset = \"id\" }`"),
            }
            inner.finish();
        } else {
            element.report_must_be("a path, a glob, or `{ asset = \"id\" }`");
        }
    }
    Some(found)
}

fn also(table: &Table<'_>) -> Option<Vec<Also>> {
    let mut found = Vec::new();
    for element in table.array("also")? {
        let place = element.place();
        if let Some(text) = element.as_str() {
            let value = text.to_owned();
            let preset = At { value, place };
            found.push(Also { preset, crop: None });
        } else if let Some(inner) = element.as_table() {
            let crop = crop(&inner);
            match inner.string("preset") {
                Some(preset) => found.push(Also { preset, crop }),
                None => element.report_must_be("`{ preset = \"name\", crop = [..] }`"),
            }
            inner.finish();
        } else {
            element.report_must_be("a preset's name or `{ preset = \"name\", crop = [..] }`");
        }
    }
    Some(found)
}

fn crop(table: &Table<'_>) -> Option<At<[f64; 4]>> {
    let element = table.element("crop")?;
    let unit = |n: &f64| (0.0..=1.0).contains(n);
    match element.as_numbers().as_deref() {
        Some([l, t, r, b]) if [l, t, r, b].into_iter().all(unit) && l < r && t < b => Some(At {
            value: [*l, *t, *r, *b],
            place: element.place(),
        }),
        _ => {
            element.report_must_be(
                "`[left, top, right, bottom]`, each from 0 to 1, left < right and top < bottom",
            );
            None
        }
    }
}

fn edits(table: &Table<'_>, roles: &[String]) -> Vec<Edit> {
    let mut found = Vec::new();
    for step in table.table_list("edit") {
        let change = step.string("change");
        let keep = step.string("keep");
        let mask = step.string("mask");
        let words = step
            .table("text")
            .map(|t| text(&t, roles))
            .unwrap_or_default();
        match change {
            Some(change) => found.push(Edit {
                change,
                keep,
                text: words,
                mask,
            }),
            None if !step.has("change") => step.report(
                Diagnostic::error("an edit step needs `change`: what is to be different")
                    .at(step.place().clone()),
            ),
            None => {}
        }
        step.finish();
    }
    found
}
