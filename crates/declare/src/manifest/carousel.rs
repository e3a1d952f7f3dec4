//! Reads `[carousel.NAME]` and its slides.

use crate::manifest::fields::{fields, words};
use crate::manifest::items::items;
use crate::manifest::names::{is_id, not_a_name, twice};
use crate::manifest::reader::Table;
use crate::manifest::{At, Carousel, Fields, Manifest, SlideTable, Slides};
use base::diagnostic::{Diagnostic, Place};

/// Reads the carousels of a file in `folder`.
pub(super) fn read_carousels(table: &Table<'_>, folder: &str, manifest: &mut Manifest) {
    for (name, carousel) in table.tables("carousel") {
        if !is_id(&name.value) {
            table.report(not_a_name("carousel", &name));
            continue;
        }
        let Some(read) = read_carousel(name, carousel, folder, &manifest.project.roles) else {
            continue;
        };
        let mut known = manifest.carousels.iter();
        if let Some(first) = known.find(|c| c.name.value == read.name.value) {
            table.report(twice("carousel", &read.name, &first.name.place));
        } else {
            manifest.carousels.push(read);
        }
    }
}

/// A carousel; none if it cannot be said what its slides are.
fn read_carousel(
    name: At<String>,
    carousel: Table<'_>,
    folder: &str,
    roles: &[String],
) -> Option<Carousel> {
    let own = fields(&carousel, roles);
    let slides = slides(&carousel, &name, roles);
    carousel.finish_with(&[], |key| match key {
        "for_each" => Some("a carousel takes its slides from `slides = { csv = … }`".to_owned()),
        _ => None,
    });
    Some(Carousel {
        slides: slides?,
        folder: folder.to_owned(),
        fields: own,
        name,
    })
}

/// The settings that are of a carousel and of none of its slides, where they stand.
pub(super) fn of_whole_carousel(fields: &Fields) -> Vec<(&'static str, Place)> {
    let settings = [
        ("split", fields.split.as_ref().map(|at| &at.place)),
        ("pdf", fields.pdf.as_ref().map(|at| &at.place)),
        ("sheet", fields.sheet.as_ref().map(|at| &at.place)),
    ];
    let set = settings.into_iter();
    set.filter_map(|(key, place)| Some((key, place?.clone())))
        .collect()
}

fn slides(carousel: &Table<'_>, name: &At<String>, roles: &[String]) -> Option<Slides> {
    let from_items = items(carousel, "slides");
    let tables = carousel.table_list("slide");
    match (from_items, tables.is_empty()) {
        (Some(items), true) => Some(Slides::Items(items)),
        (Some(_), false) => {
            carousel.report(
                Diagnostic::error(format!(
                    "carousel `{}` has both `slides` and `[[carousel.{}.slide]]`",
                    name.value, name.value
                ))
                .at(name.place.clone())
                .hint("take its slides from one of them"),
            );
            None
        }
        (None, false) => {
            let read = tables
                .into_iter()
                .map(|table| slide(table, roles))
                .collect();
            Some(Slides::Tables(read))
        }
        (None, true) => {
            if !carousel.has("slides") {
                carousel.report(
                    Diagnostic::error(format!("carousel `{}` has no slides", name.value))
                        .at(name.place.clone())
                        .hint(format!(
                            "add `slides = {{ csv = \"slides.csv\" }}` or `[[carousel.{}.slide]]` tables",
                            name.value
                        )),
                );
            }
            None
        }
    }
}

/// A slide table: keys named like a role are its text.
fn slide(table: Table<'_>, roles: &[String]) -> SlideTable {
    let mut own = fields(&table, roles);
    for (key, element) in table.entries() {
        if roles.contains(&key.value)
            && let Some(words) = words(&element)
        {
            own.text.entry(key.value).or_insert(words);
        }
    }
    let place = table.place().clone();
    let names: Vec<&str> = roles.iter().map(String::as_str).collect();
    for (key, place) in of_whole_carousel(&own) {
        table.report(Diagnostic::error(format!("`{key}` is for the whole carousel")).at(place));
    }
    table.finish_with(&names, |_| None);
    SlideTable { fields: own, place }
}
